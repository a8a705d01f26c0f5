#include "decode/map_take.h"

#include "base/str.h"
#include "decode/decode.h"
#include "decode/json_number.h"
#include "decode/map_time.h"
#include "decode/mapper.h"

/* ---- where paths lead ---- */

static bool stop_at_first(void *ctx, uint32_t node)
{
    *(uint32_t *)ctx = node;
    return true;
}

struct finding {
    const struct hy_map_document *doc;
    uint32_t node;
};

static bool stop_at_given(void *ctx, uint32_t node)
{
    struct finding *f = ctx;
    if (!hy_map_given(f->doc, node))
        return false;
    f->node = node;
    return true;
}

static uint32_t root_of(struct hy_map_take_input *in, const struct hy_map_path *path);

/* The first value that is neither null nor an empty string. */
static uint32_t find(struct hy_map_take_input *in, const struct hy_map_path *path)
{
    struct finding f = {.doc = in->doc};
    hy_map_walk(in->doc, root_of(in, path), path->steps, path->steps_count, stop_at_given, &f);
    return f.node;
}

struct joining {
    struct hy_map_document *doc;
    hydrant_str key, wanted;
    uint32_t found;
};

static bool is_joined(void *ctx, uint32_t node)
{
    struct joining *j = ctx;
    hydrant_str value;
    uint32_t key = hy_map_member(j->doc, node, j->key);
    if (!hy_map_scalar(j->doc, key, &value) || !hy_str_equal(value, j->wanted))
        return false;
    j->found = node;
    return true;
}

static uint32_t join(struct hy_map_take_input *in, uint32_t index)
{
    static const struct hy_map_step each = {.kind = HY_MAP_STEP_EACH};
    const struct hy_map_join *def = &in->mapping->joins[index];
    struct joining j = {.doc = in->doc, .key = def->key};
    if (in->joins_known >> index & 1)
        return in->joined[index];
    in->joins_known |= 1u << index;
    in->joined[index] = 0;
    uint32_t from = 0;
    if (hy_map_scalar(in->doc, find(in, &def->is), &j.wanted))
        hy_map_walk(in->doc, root_of(in, &def->in), def->in.steps, def->in.steps_count,
                    stop_at_first, &from);
    hy_map_walk(in->doc, from, &each, 1, is_joined, &j);
    in->joined[index] = j.found;
    return j.found;
}

static uint32_t root_of(struct hy_map_take_input *in, const struct hy_map_path *path)
{
    switch (path->root) {
    case HY_MAP_ROOT_RECORD:
        return in->root;
    case HY_MAP_ROOT_JOIN:
        return join(in, path->join);
    default:
        return in->item;
    }
}

/* ---- conditions ---- */

struct comparing {
    struct hy_map_document *doc;
    const struct hy_map_test *test;
};

static bool is_one_of(void *ctx, uint32_t node)
{
    const struct comparing *c = ctx;
    hydrant_str value;
    char type = hy_map_type(c->doc, node);
    if (type == 't' || type == 'f')
        value = type == 't' ? HY_STR("true") : HY_STR("false");
    else if (!hy_map_scalar(c->doc, node, &value))
        return false;
    for (uint32_t i = 0; i < c->test->values_count; i++)
        if (hy_str_equal(value, c->test->values[i]))
            return true;
    return false;
}

static bool test_holds(struct hy_map_take_input *in, const struct hy_map_test *test)
{
    if (test->kind != HY_MAP_TEST_ONE_OF)
        return (find(in, &test->path) != 0) == (test->kind == HY_MAP_TEST_THERE);
    struct comparing c = {in->doc, test};
    return hy_map_walk(in->doc, root_of(in, &test->path), test->path.steps, test->path.steps_count,
                       is_one_of, &c);
}

bool hy_map_when_holds(struct hy_map_take_input *in, const struct hy_map_when *when)
{
    for (uint32_t i = 0; i < when->tests_count; i++)
        if (!test_holds(in, &when->tests[i]))
            return false;
    return true;
}

const struct hy_map_take *hy_map_choose(struct hy_map_take_input *in)
{
    for (uint32_t i = 0; i < in->mapping->takes_count; i++)
        if (hy_map_when_holds(in, &in->mapping->takes[i].when))
            return &in->mapping->takes[i];
    return NULL;
}

/* ---- strings that stay ---- */

struct filling {
    struct hy_map_take_input *in;
    struct hy_draft *draft;
    bool full;
};

/* Behind what is copied come HY_RECORD_PADDING readable bytes: the arena ends that much later. */
static hydrant_str keep(struct filling *f, hydrant_str s)
{
    char *copy = hy_arena_alloc(f->draft->arena, s.len, 1);
    if (!copy) {
        f->full = true;
        return (hydrant_str){0};
    }
    if (s.len)
        memcpy(copy, s.data, s.len);
    return hy_str(copy, s.len);
}

static hydrant_str behind(hydrant_str s, char mark)
{
    const char *last = mark && s.len ? memrchr(s.data, mark, s.len) : NULL;
    if (!last)
        return s;
    return hy_str(last + 1, s.len - (size_t)(last + 1 - s.data));
}

/* ---- one value of one field ---- */

static void put_text(struct filling *f, hydrant_str value)
{
    hy_draft_text(f->draft, value);
    f->draft->m->text = keep(f, f->draft->m->text);
}

static void put_string(struct filling *f, const struct hy_mention_field *field, hydrant_str value)
{
    char room[HY_MAP_TIME_BYTES];
    if (field->kind == HY_MENTION_TEXT) {
        put_text(f, value);
    } else if (value.len > HY_MAPPER_STRING_BYTES) {
        hy_draft_wrong(f->draft, field);
    } else if (field->kind == HY_MENTION_TIME) {
        hy_draft_string(f->draft, field, hy_map_time(value, room));
    } else {
        value = keep(f, value);
        if (field->kind == HY_MENTION_COUNT && hy_number_valid(value))
            hy_draft_number(f->draft, field, value);
        else
            hy_draft_string(f->draft, field, value);
    }
}

static bool put_node(struct filling *f, const struct hy_mention_field *field,
                     const struct hy_map_value *value, uint32_t node)
{
    hydrant_str text;
    char type = hy_map_type(f->in->doc, node);
    if (type == 't' || type == 'f') {
        if (field->kind != HY_MENTION_BOOL)
            return false;
        hy_draft_bool(f->draft, field, type == 't');
        return true;
    }
    if (!hy_map_scalar(f->in->doc, node, &text))
        return false;
    if (type == '"' || field->kind == HY_MENTION_STRING || field->kind == HY_MENTION_TIME)
        put_string(f, field, behind(text, value->after));
    else if (text.len > HY_MAPPER_STRING_BYTES)
        hy_draft_wrong(f->draft, field);
    else
        hy_draft_number(f->draft, field, keep(f, text));
    return true;
}

/* Room for a value that is put together, given back down to what it takes. */
struct composing {
    char *at, *end;
};

static void compose(struct composing *c, hydrant_str s)
{
    size_t len = (size_t)(c->end - c->at) < s.len ? (size_t)(c->end - c->at) : s.len;
    if (len)
        memcpy(c->at, s.data, len);
    c->at += len;
}

/* Room for a text, one byte more than it may have, so that a cut is noticed. False: the arena is
 * full. */
static bool begin_text(struct filling *f, struct composing *c)
{
    size_t most = (size_t)f->draft->text_bytes_max + 1;
    c->at = hy_arena_alloc(f->draft->arena, most, 1);
    if (!c->at) {
        f->full = true;
        return false;
    }
    c->end = c->at + most;
    return true;
}

static bool compose_template(struct filling *f, const struct hy_map_value *value,
                             struct composing *c)
{
    for (uint32_t i = 0; i < value->pieces_count; i++) {
        hydrant_str part;
        compose(c, value->pieces[i].literal);
        if (!value->pieces[i].path)
            continue;
        if (!hy_map_scalar(f->in->doc, find(f->in, value->pieces[i].path), &part))
            return false;
        compose(c, part);
    }
    return true;
}

static bool put_text_template(struct filling *f, const struct hy_map_value *value)
{
    struct composing c;
    if (!begin_text(f, &c))
        return true;
    const char *room = c.at;
    bool whole = compose_template(f, value, &c);
    size_t len = whole ? (size_t)(c.at - room) : 0;
    hy_arena_trim(f->draft->arena, room, len);
    if (whole)
        hy_draft_text(f->draft, behind(hy_str(room, len), value->after));
    return whole;
}

static bool put_template(struct filling *f, const struct hy_mention_field *field,
                         const struct hy_map_value *value)
{
    char room[HY_MAPPER_STRING_BYTES + 1];
    struct composing c = {room, room + sizeof room};
    if (field->kind == HY_MENTION_TEXT)
        return put_text_template(f, value);
    if (!compose_template(f, value, &c))
        return false;
    put_string(f, field, behind(hy_str(room, (size_t)(c.at - room)), value->after));
    return true;
}

static bool put_lines(struct filling *f, const struct hy_mention_field *field,
                      const struct hy_map_value *value)
{
    struct composing c;
    if (!begin_text(f, &c))
        return true;
    const char *room = c.at;
    bool given = false;
    for (uint32_t i = 0; i < value->pieces_count; i++) {
        hydrant_str part;
        if (value->pieces[i].otherwise && given)
            continue;
        given = hy_map_scalar(f->in->doc, find(f->in, value->pieces[i].path), &part);
        if (!given)
            continue;
        if (c.at > room)
            compose(&c, HY_STR("\n"));
        compose(&c, part);
    }
    size_t len = (size_t)(c.at - room);
    hy_arena_trim(f->draft->arena, room, field->kind == HY_MENTION_TEXT ? len : 0);
    if (len && field->kind == HY_MENTION_TEXT)
        hy_draft_text(f->draft, hy_str(room, len));
    return len > 0;
}

/* ---- lists ---- */

struct listing {
    struct filling *f;
    const struct hy_mention_field *field;
    const struct hy_map_value *value;
    uint32_t count;
};

static bool add_element(void *ctx, uint32_t node)
{
    struct listing *l = ctx;
    hydrant_str s;
    if (!hy_map_scalar(l->f->in->doc, node, &s) || s.len == 0)
        return false;
    if (s.len > HY_MAPPER_STRING_BYTES || l->count == HY_DECODE_LIST_MAX) {
        l->f->draft->ignored++;
        return false;
    }
    s = keep(l->f, hy_mention_unmarked(l->field, behind(s, l->value->after)));
    if (l->field->kind == HY_MENTION_URLS)
        l->f->in->list[l->count++] = (hydrant_url){.url = s};
    else
        ((hydrant_str *)(void *)l->f->in->list)[l->count++] = s;
    return l->f->full;
}

static hydrant_str url_part(struct listing *l, uint32_t node, const struct hy_map_path *path)
{
    struct finding found = {.doc = l->f->in->doc};
    hydrant_str s;
    hy_map_walk(l->f->in->doc, node, path->steps, path->steps_count, stop_at_given, &found);
    if (!hy_map_scalar(l->f->in->doc, found.node, &s) || s.len > HY_MAPPER_STRING_BYTES)
        return (hydrant_str){0};
    return keep(l->f, s);
}

static bool add_url(void *ctx, uint32_t node)
{
    struct listing *l = ctx;
    hydrant_url url = {.url = url_part(l, node, l->value->pieces[1].path),
                       .expanded = url_part(l, node, l->value->pieces[2].path)};
    if (!url.url.len)
        url = (hydrant_url){.url = url.expanded};
    if (!url.url.len)
        return l->f->full;
    if (l->count == HY_DECODE_LIST_MAX) {
        l->f->draft->ignored++;
        return false;
    }
    l->f->in->list[l->count++] = url;
    return l->f->full;
}

static void put_list(struct filling *f, const struct hy_map_field *from,
                     const struct hy_mention_field *field)
{
    struct listing l = {.f = f, .field = field};
    for (uint32_t i = 0; i < from->values_count && !f->full; i++) {
        l.value = &from->values[i];
        const struct hy_map_path *path = l.value->pieces[0].path;
        hy_map_walk(f->in->doc, root_of(f->in, path), path->steps, path->steps_count,
                    l.value->kind == HY_MAP_VALUE_URL ? add_url : add_element, &l);
    }
    struct hy_arena *arena = f->draft->arena;
    if (arena->capacity - arena->used < (l.count + 1) * sizeof(hydrant_url))
        f->full = true;
    else if (l.count)
        hy_draft_list(f->draft, field, f->in->list, l.count);
}

/* ---- the whole ---- */

static bool is_list(const struct hy_mention_field *field)
{
    return field->kind == HY_MENTION_URLS || field->kind == HY_MENTION_TAGS ||
           field->kind == HY_MENTION_HANDLES || field->kind == HY_MENTION_STRINGS;
}

static bool put_value(struct filling *f, const struct hy_mention_field *field,
                      const struct hy_map_value *value)
{
    switch (value->kind) {
    case HY_MAP_VALUE_TEMPLATE:
        return put_template(f, field, value);
    case HY_MAP_VALUE_LINES:
        return put_lines(f, field, value);
    default:
        return put_node(f, field, value, find(f->in, value->pieces[0].path));
    }
}

bool hy_map_fill(struct hy_map_take_input *in, const struct hy_map_take *take,
                 struct hy_draft *draft, enum hy_map_written *written)
{
    struct filling f = {.in = in, .draft = draft};
    *written = in->mapping->written;
    for (uint32_t i = 0; i < take->fields_count && !f.full; i++) {
        const struct hy_map_field *from = &take->fields[i];
        const struct hy_mention_field *field = &hy_mention_fields[from->field];
        if (is_list(field)) {
            put_list(&f, from, field);
            continue;
        }
        uint32_t k = 0;
        while (k < from->values_count && !put_value(&f, field, &from->values[k]))
            k++;
        if (k < from->values_count && field->kind == HY_MENTION_TEXT && from->values[k].written)
            *written = from->values[k].written;
    }
    return !f.full;
}
