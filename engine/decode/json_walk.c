#include "decode/json_walk.h"

#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "decode/json_escape.h"
#include "decode/json_number.h"

/*
 * Every function here that moves takes the next token and returns the one behind what it has moved
 * over, or NULL, with drop set, where the grammar is broken: so the position stays in a register,
 * and one token's check does not wait for the last one's store.
 *
 * Invariant: the record's last token is a bracket that closes. So whatever is not such a bracket
 * has a token behind it, and the walk can only run off the end behind one: leave() looks.
 */
struct walk {
    const char *json;
    const uint32_t *end;    /* behind the last token */
    const uint32_t *escape; /* the first that is not behind us */
    uint32_t depth, depth_max;
    uint32_t seen; /* bit i: shapes[i] has been filled in once */
    hydrant_drop drop;
    struct hy_shapes *shapes;
    hydrant_url *list;
    struct hy_draft *draft;
};

typedef const uint32_t *token;

static token fail(struct walk *w, hydrant_drop drop)
{
    w->drop = drop;
    return NULL;
}

static inline token enter(struct walk *w, token t)
{
    if (HY_UNLIKELY(w->depth == w->depth_max))
        return fail(w, HYDRANT_DROP_TOO_DEEP);
    w->depth++;
    return t + 1;
}

/* t is behind a closing bracket. */
static inline token leave(struct walk *w, token t)
{
    w->depth--;
    if (HY_UNLIKELY(w->depth && t == w->end))
        return fail(w, HYDRANT_DROP_NOT_JSON);
    return t;
}

/* ---- strings ---- */

static bool check_escapes(struct walk *w, uint32_t start, uint32_t end)
{
    w->drop = hy_json_unescape(w->json, start, end, &w->escape, NULL, NULL);
    return !w->drop;
}

/* The string unescaped; w->drop says whether it could be. */
static hydrant_str unescape(struct walk *w, uint32_t start, uint32_t end)
{
    struct hy_arena *arena = w->draft->arena;
    char *out = hy_arena_alloc(arena, end - start + HY_RECORD_PADDING, 1);
    uint32_t len = 0;
    HY_ASSERT(out);
    w->drop = hy_json_unescape(w->json, start, end, &w->escape, out, &len);
    hy_arena_trim(arena, out, w->drop ? 0 : len);
    return hy_str(out, len);
}

/* Moves over a string that is a value. A colon right behind it is no token: see json_index.h. */
static inline token skip_string(struct walk *w, token t)
{
    uint32_t close = t[1];
    if (HY_UNLIKELY(w->json[close + 1] == ':'))
        return fail(w, HYDRANT_DROP_NOT_JSON);
    if (HY_UNLIKELY(*w->escape < close) && !check_escapes(w, t[0] + 1, close))
        return NULL;
    return t + 2;
}

static inline token take_string(struct walk *w, token t, hydrant_str *s)
{
    const char *json = w->json;
    uint32_t start = t[0] + 1;
    uint32_t close = t[1];
    if (HY_UNLIKELY(json[close + 1] == ':'))
        return fail(w, HYDRANT_DROP_NOT_JSON);
    if (HY_LIKELY(*w->escape >= close)) {
        *s = hy_str(json + start, close - start);
        return t + 2;
    }
    *s = unescape(w, start, close);
    return w->drop ? NULL : t + 2;
}

/* ---- numbers and names ---- */

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The scalar at t: it ends at the next token or at a blank before it. */
static inline hydrant_str scalar_at(const struct walk *w, token t)
{
    uint32_t end = t[1];
    while (HY_UNLIKELY(is_blank(w->json[end - 1])))
        end--;
    return hy_str(w->json + t[0], end - t[0]);
}

static inline token skip_number(struct walk *w, token t)
{
    uint64_t value;
    hydrant_str written = scalar_at(w, t);
    return HY_LIKELY(hy_number_short(written, &value)) || hy_number_valid(written)
               ? t + 1
               : fail(w, HYDRANT_DROP_NOT_JSON);
}

static inline token take_literal(struct walk *w, token t, const char *name, uint32_t len)
{
    hydrant_str written = scalar_at(w, t);
    if (HY_LIKELY(written.len == len && memcmp(written.data, name, len) == 0))
        return t + 1;
    return fail(w, HYDRANT_DROP_NOT_JSON);
}

static inline token skip_scalar(struct walk *w, token t)
{
    switch (w->json[*t]) {
    case '"':
        return skip_string(w, t);
    case 't':
        return take_literal(w, t, "true", 4);
    case 'f':
        return take_literal(w, t, "false", 5);
    case 'n':
        return take_literal(w, t, "null", 4);
    default:
        return skip_number(w, t);
    }
}

/* ---- keys ---- */

/* A key with escapes, unescaped into buffer, or a name that no field has; w->drop says whether
 * the escapes are right. */
static hydrant_str unescape_name(struct walk *w, uint32_t start, uint32_t close, char *buffer)
{
    uint32_t len = 0;
    memset(buffer, 0, HY_NAME_BYTES_MAX);
    if (close - start <= 6 * HY_NAME_BYTES_MAX)
        w->drop = hy_json_unescape(w->json, start, close, &w->escape, buffer, &len);
    else
        check_escapes(w, start, close);
    return hy_str(buffer, len);
}

enum { NAME_ROOM = 6 * HY_NAME_BYTES_MAX + HY_JSON_ESCAPE_SLACK };

/* A key, unescaped, with HY_NAME_BYTES_MAX readable bytes. */
static inline token take_name(struct walk *w, token t, hydrant_str *name, char *buffer)
{
    const char *json = w->json;
    uint32_t quote = t[0];
    uint32_t close = t[1];
    if (HY_UNLIKELY(json[quote] != '"'))
        return fail(w, HYDRANT_DROP_NOT_JSON);
    t += 2;
    if (HY_UNLIKELY(json[close + 1] != ':') && json[*t++] != ':')
        return fail(w, HYDRANT_DROP_NOT_JSON);
    if (HY_LIKELY(*w->escape >= close)) {
        *name = hy_str(json + quote + 1, close - quote - 1);
        return t;
    }
    *name = unescape_name(w, quote + 1, close, buffer);
    return w->drop ? NULL : t;
}

/* ---- values that nobody wants ---- */

static inline token skip_key(struct walk *w, token t)
{
    char buffer[NAME_ROOM];
    hydrant_str name;
    return take_name(w, t, &name, buffer);
}

/* Moves over an object or a list without recursion: bit d of objects says that the bracket at
 * depth d is a { . */
static token skip_container(struct walk *w, token t)
{
    uint64_t objects[HY_DECODE_DEPTH_MAX / 64 + 1];
    uint32_t floor = w->depth;
    bool in_object;
    for (;;) {
        char c = w->json[*t];
        if (c == '{' || c == '[') {
            in_object = c == '{';
            if (!(t = enter(w, t)))
                return NULL;
            uint64_t bit = UINT64_C(1) << w->depth % 64;
            uint64_t *word = &objects[w->depth / 64];
            *word = in_object ? *word | bit : *word & ~bit;
            if (w->json[*t] != (in_object ? '}' : ']')) {
                if (in_object && !(t = skip_key(w, t)))
                    return NULL;
                continue;
            }
        } else if (!(t = skip_scalar(w, t))) {
            return NULL;
        }
        for (;;) {
            in_object = objects[w->depth / 64] >> w->depth % 64 & 1;
            c = w->json[*t++];
            if (c == ',')
                break;
            if (c != (in_object ? '}' : ']'))
                return fail(w, HYDRANT_DROP_NOT_JSON);
            if (!(t = leave(w, t)) || w->depth == floor)
                return t;
        }
        if (in_object && !(t = skip_key(w, t)))
            return NULL;
    }
}

static inline token skip_value(struct walk *w, token t)
{
    char c = w->json[*t];
    return c == '{' || c == '[' ? skip_container(w, t) : skip_scalar(w, t);
}

/* Behind a member or element: moves over a comma, or over the closing bracket and sets *done. */
static inline token next_member(struct walk *w, token t, char closing, bool *done)
{
    char c = w->json[*t];
    if (HY_LIKELY(c == ','))
        return t + 1;
    if (c != closing)
        return fail(w, HYDRANT_DROP_NOT_JSON);
    *done = true;
    return leave(w, t + 1);
}

/* Opens the object or list at t; *done when it is empty and closed again. */
static inline token open_container(struct walk *w, token t, char closing, bool *done)
{
    *done = false;
    if (!(t = enter(w, t)) || w->json[*t] != closing)
        return t;
    *done = true;
    return leave(w, t + 1);
}

/* ---- fields ---- */

static token skip_wrong(struct walk *w, token t, const struct hy_mention_field *field)
{
    hy_draft_wrong(w->draft, field);
    return skip_value(w, t);
}

static token take_url_member(struct walk *w, token t, hydrant_url *url)
{
    char buffer[NAME_ROOM];
    hydrant_str name, value;
    if (!(t = take_name(w, t, &name, buffer)))
        return NULL;
    bool is_url = hy_str_is(name, "url");
    if (!is_url && !hy_str_is(name, "expanded"))
        return skip_value(w, t);
    hydrant_str *to = is_url ? &url->url : &url->expanded;
    *to = hy_str(NULL, 0);
    if (w->json[*t] != '"') {
        w->draft->ignored += w->json[*t] != 'n';
        return skip_value(w, t);
    }
    if ((t = take_string(w, t, &value)))
        *to = value;
    return t;
}

static token take_url_object(struct walk *w, token t, hydrant_url *url)
{
    bool done;
    t = open_container(w, t, '}', &done);
    while (t && !done)
        if ((t = take_url_member(w, t, url)))
            t = next_member(w, t, '}', &done);
    if (!url->url.len) {
        url->url = url->expanded;
        url->expanded = hy_str(NULL, 0);
    }
    return t;
}

/* One element of a list into *element, which stays empty when it is of no use. */
static token take_element(struct walk *w, token t, const struct hy_mention_field *field,
                          hydrant_url *element)
{
    char c = w->json[*t];
    memset(element, 0, sizeof *element);
    if (c == '"') {
        if ((t = take_string(w, t, &element->url)))
            element->url = hy_mention_unmarked(field, element->url);
        return t;
    }
    if (c == '{' && field->kind == HY_MENTION_URLS)
        return take_url_object(w, t, element);
    w->draft->ignored += c != 'n';
    return skip_value(w, t);
}

static token take_list(struct walk *w, token t, const struct hy_mention_field *field)
{
    hydrant_str *strings = (hydrant_str *)w->list;
    uint32_t count = 0;
    bool done;
    t = open_container(w, t, ']', &done);
    while (t && !done) {
        hydrant_url element;
        if (!(t = take_element(w, t, field, &element)) || !(t = next_member(w, t, ']', &done)))
            return NULL;
        if (element.url.len == 0)
            continue;
        if (count == HY_DECODE_LIST_MAX)
            w->draft->ignored++;
        else if (field->kind == HY_MENTION_URLS)
            w->list[count++] = element;
        else
            strings[count++] = element.url;
    }
    hy_draft_list(w->draft, field, w->list, count);
    return t;
}

static inline token take_number(struct walk *w, token t, const struct hy_mention_field *field)
{
    uint64_t count;
    hydrant_str written = scalar_at(w, t);
    if (HY_LIKELY(hy_number_short(written, &count)) && field->kind == HY_MENTION_COUNT)
        hy_draft_count(w->draft, field, count);
    else if (HY_LIKELY(hy_number_valid(written)))
        hy_draft_number(w->draft, field, written);
    else
        return fail(w, HYDRANT_DROP_NOT_JSON);
    return t + 1;
}

static inline token take_field(struct walk *w, token t, const struct hy_mention_field *field)
{
    hydrant_str value;
    char c = w->json[*t];
    switch (c) {
    case '"':
        if (HY_UNLIKELY(!(t = take_string(w, t, &value))))
            return NULL;
        hy_draft_plain_string(w->draft, field, value);
        return t;
    case 'n':
        hy_draft_null(w->draft, field);
        return take_literal(w, t, "null", 4);
    case 't':
    case 'f':
        hy_draft_bool(w->draft, field, c == 't');
        return skip_scalar(w, t);
    case '[':
        return field->kind < HY_MENTION_URLS ? skip_wrong(w, t, field) : take_list(w, t, field);
    case '{':
        return skip_wrong(w, t, field);
    default:
        return take_number(w, t, field);
    }
}

/* ---- objects of a known shape ---- */

static inline uint64_t load_bytes(const void *p)
{
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return bytes;
}

/* Ones over the bytes of a name, in memory order: its first eight, or the next eight. */
static inline uint64_t name_mask(uint32_t len, uint32_t half)
{
    static const uint8_t ones[2 * HY_NAME_BYTES_MAX] = {
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    };
    return load_bytes(ones + HY_NAME_BYTES_MAX - len + 8 * half);
}

/* name has HY_NAME_BYTES_MAX readable bytes. */
static inline bool is_named(const struct hy_shape_slot *slot, hydrant_str name)
{
    uint64_t head = load_bytes(name.data) & slot->head_mask;
    uint64_t tail = load_bytes(name.data + 8) & slot->tail_mask;
    return name.len == slot->len && ((head ^ slot->head) | (tail ^ slot->tail)) == 0;
}

static uint32_t hash_name(const struct hy_shape *shape, uint64_t head, uint64_t tail)
{
    return (uint32_t)(((head ^ tail) * shape->multiplier) >> HY_SHAPE_SHIFT);
}

/* NULL when the shape has no such name. */
static struct hy_shape_slot *look_up(struct hy_shape *shape, hydrant_str name)
{
    if (name.len > HY_NAME_BYTES_MAX)
        return NULL;
    uint64_t head = load_bytes(name.data) & name_mask(name.len, 0);
    uint64_t tail = load_bytes(name.data + 8) & name_mask(name.len, 1);
    struct hy_shape_slot *slot = &shape->slots[hash_name(shape, head, tail)];
    return is_named(slot, name) ? slot : NULL;
}

static token take_object(struct walk *w, token t, uint32_t shape_index);

static void clear_shape(struct walk *w, const struct hy_shape *shape)
{
    for (uint32_t i = 0; i < HY_SHAPE_SLOTS; i++)
        if (shape->slots[i].field)
            hy_draft_null(w->draft, shape->slots[i].field);
}

/* The value of a name whose values are objects. */
static token take_inner(struct walk *w, token t, uint32_t shape_index)
{
    if (w->seen >> shape_index & 1)
        clear_shape(w, &w->shapes->shapes[shape_index]);
    w->seen |= 1u << shape_index;
    char c = w->json[*t];
    if (c == '{')
        return take_object(w, t, shape_index);
    w->draft->ignored += c != 'n';
    return skip_value(w, t);
}

static inline token take_member(struct walk *w, token t, struct hy_shape *shape,
                                struct hy_shape_slot **before)
{
    char buffer[NAME_ROOM];
    hydrant_str name;
    if (HY_UNLIKELY(!(t = take_name(w, t, &name, buffer))))
        return NULL;
    struct hy_shape_slot *slot = (*before)->next;
    if (!is_named(slot, name)) {
        if (!(slot = look_up(shape, name)))
            return skip_value(w, t);
        (*before)->next = slot;
    }
    *before = slot;
    return HY_LIKELY(slot->field) ? take_field(w, t, slot->field) : take_inner(w, t, slot->shape);
}

static token take_object(struct walk *w, token t, uint32_t shape_index)
{
    struct hy_shape *shape = &w->shapes->shapes[shape_index];
    struct hy_shape_slot *before = &shape->first;
    bool done;
    t = open_container(w, t, '}', &done);
    while (t && !done)
        if ((t = take_member(w, t, shape, &before)))
            t = next_member(w, t, '}', &done);
    return t;
}

/* ---- the record ---- */

/* A record that does not end in a closing bracket is no JSON; say so of its depth if it was a
 * bomb. */
static hydrant_drop broken_off(const struct walk *w, token t)
{
    uint32_t depth = 0;
    for (; t < w->end; t++) {
        char c = w->json[*t];
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && depth)
            depth--;
        if (depth > w->depth_max)
            return HYDRANT_DROP_TOO_DEEP;
    }
    return HYDRANT_DROP_NOT_JSON;
}

/* A record that is a single string, number or name. Of a string, a colon behind it is no token. */
static hydrant_drop lone_scalar(struct walk *w, token t, uint32_t len)
{
    bool valid;
    if (w->json[*t] == '"')
        valid = w->end == t + 2 && (t[1] + 1 == len || w->json[t[1] + 1] != ':') &&
                (*w->escape >= t[1] || check_escapes(w, t[0] + 1, t[1]));
    else
        valid = w->end == t + 1 && skip_scalar(w, t);
    return valid ? HYDRANT_DROP_BAD_TYPE : w->drop ? w->drop : HYDRANT_DROP_NOT_JSON;
}

hydrant_drop hy_json_walk(const struct hy_walk_input *input, struct hy_draft *draft)
{
    const struct hy_json_index *index = input->index;
    token t = index->tokens;
    struct walk w = {
        .json = input->json,
        .end = t + index->tokens_count,
        .escape = index->escapes,
        .depth_max = input->depth_max,
        .shapes = input->shapes,
        .list = input->list,
        .draft = draft,
    };
    index->tokens[index->tokens_count] = input->len;
    if (index->broken || t == w.end)
        return broken_off(&w, t);
    char first = w.json[*t];
    char last = w.json[w.end[-1]];
    if (first != '{' && first != '[')
        return lone_scalar(&w, t, input->len);
    if (last != '}' && last != ']')
        return broken_off(&w, t);
    t = first == '{' ? take_object(&w, t, 0) : skip_container(&w, t);
    if (!t)
        return w.drop;
    if (t != w.end)
        return HYDRANT_DROP_NOT_JSON;
    return first == '{' ? HYDRANT_DROP_NONE : HYDRANT_DROP_BAD_TYPE;
}

/* ---- shapes ---- */

struct name {
    uint32_t inside; /* index of the shape that has it */
    struct hy_shape_slot slot;
};

/* The name's slot among those found so far, or a new one at the end. */
static struct hy_shape_slot *add_name(struct name *names, uint32_t *count, uint32_t inside,
                                      const char *text, size_t len)
{
    char padded[HY_NAME_BYTES_MAX] = {0};
    HY_ASSERT(len > 0 && len <= HY_NAME_BYTES_MAX);
    memcpy(padded, text, len);
    for (uint32_t i = 0; i < *count; i++)
        if (names[i].inside == inside && is_named(&names[i].slot, hy_str(padded, len)))
            return &names[i].slot;
    struct name *name = &names[(*count)++];
    name->inside = inside;
    name->slot = (struct hy_shape_slot){
        .head = load_bytes(padded),
        .tail = load_bytes(padded + 8),
        .head_mask = name_mask((uint32_t)len, 0),
        .tail_mask = name_mask((uint32_t)len, 1),
        .len = (uint32_t)len,
    };
    return &name->slot;
}

/* Fills in the shape's table for one multiplier; false when two names meet in a slot. */
static bool try_multiplier(struct hy_shape *shape, uint32_t index, const struct name *names,
                           uint32_t count, uint64_t multiplier)
{
    memset(shape, 0, sizeof *shape);
    shape->multiplier = multiplier;
    shape->first.len = HY_SHAPE_FREE;
    shape->first.next = &shape->first;
    for (uint32_t i = 0; i < HY_SHAPE_SLOTS; i++)
        shape->slots[i] = shape->first;
    for (uint32_t i = 0; i < count; i++) {
        if (names[i].inside != index)
            continue;
        uint32_t at = hash_name(shape, names[i].slot.head, names[i].slot.tail);
        if (shape->slots[at].len != HY_SHAPE_FREE)
            return false;
        shape->slots[at] = names[i].slot;
        shape->slots[at].next = &shape->first;
    }
    return true;
}

void hy_shapes_init(struct hy_shapes *shapes)
{
    struct name names[HY_MENTION_FIELDS + HY_SHAPES];
    uint32_t names_count = 0, shapes_count = 1;
    for (uint32_t i = 0; i < HY_MENTION_FIELDS; i++) {
        const char *text = hy_mention_fields[i].name;
        const char *dot = strchr(text, '.');
        uint32_t inside = 0;
        if (dot) {
            struct hy_shape_slot *object =
                add_name(names, &names_count, 0, text, (size_t)(dot - text));
            if (!object->shape)
                object->shape = (uint8_t)shapes_count++;
            inside = object->shape;
            text = dot + 1;
        }
        add_name(names, &names_count, inside, text, strlen(text))->field = &hy_mention_fields[i];
    }
    HY_ASSERT(shapes_count <= HY_SHAPES);
    for (uint32_t i = 0; i < shapes_count; i++) {
        uint64_t multiplier = UINT64_C(0x9E3779B97F4A7C15);
        while (!try_multiplier(&shapes->shapes[i], i, names, names_count, multiplier))
            multiplier = multiplier * UINT64_C(6364136223846793005) + 2;
    }
}
