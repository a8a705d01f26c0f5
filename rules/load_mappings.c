/*
 * Source mappings: the section "mappings" of rule files, and the built-in ones in rules/networks/.
 * docs/sources/mappings.md has the language. What is made here (pack/mapping.h) lies in an arena of
 * its own that rule set and pack share.
 *
 * A mapping in a rule file takes the place of a built-in one of the same name.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "decode/mention_fields.h"
#include "pack/mapping.h"
#include "rules/loader.h"

enum { MAPPINGS_MAX = 256, FIELD_VALUES_MAX = 16 };

/* One mapping being read. */
struct reading {
    struct hy_loader *loader;
    struct hy_mapping *mapping;
};

static void *new_in_set(struct hy_loader *loader, size_t size, size_t count)
{
    return hy_load_new(loader, &loader->mappings->arena, size, count);
}

static hydrant_str copy(struct hy_loader *loader, hydrant_str s)
{
    char *to = new_in_set(loader, 1, s.len + 1);
    if (to && s.len)
        memcpy(to, s.data, s.len);
    return hy_str(to, to ? s.len : 0);
}

static bool load_copied(struct hy_loader *loader, const struct hy_yaml_node *node, const char *what,
                        hydrant_str *out)
{
    hydrant_str text;
    if (!hy_load_text(loader, node, what, &text))
        return false;
    *out = copy(loader, text);
    return true;
}

static bool is_index(hydrant_str s, uint32_t *index)
{
    *index = 0;
    if (s.len == 0 || s.len > 6)
        return false;
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        *index = *index * 10 + (uint32_t)(s.data[i] - '0');
    }
    return true;
}

/* ---- paths ---- */

static bool path_error(struct hy_loader *loader, const struct hy_yaml_node *node, hydrant_str text,
                       const char *what)
{
    hy_load_error(loader, node, "a.b, a[0], a[].b, a[kind=photo].b, $.a, @join.a",
                  "the path \"%.*s\" %s", (int)text.len, text.data, what);
    return false;
}

/* What stands in brackets. */
static void read_brackets(struct hy_loader *loader, hydrant_str inside, struct hy_map_step *step)
{
    const char *equals = memchr(inside.data, '=', inside.len);
    if (inside.len == 0) {
        step->kind = HY_MAP_STEP_EACH;
    } else if (equals) {
        hydrant_str key = hy_str(inside.data, (size_t)(equals - inside.data));
        step->kind = HY_MAP_STEP_WHERE;
        if (!is_index(key, &step->index))
            step->name = copy(loader, key);
        step->value = copy(loader, hy_str(equals + 1, inside.len - key.len - 1));
    } else {
        step->kind = HY_MAP_STEP_INDEX;
    }
}

static bool read_step(struct hy_loader *loader, const struct hy_yaml_node *node, hydrant_str text,
                      uint32_t *at, struct hy_map_step *step)
{
    bool dot = *at > 0 && text.data[*at] == '.';
    *at += dot && *at + 1 < text.len;
    if (text.data[*at] == '[') {
        const char *close = memchr(text.data + *at, ']', text.len - *at);
        if (!close)
            return path_error(loader, node, text, "has a [ that is not closed");
        uint32_t end = (uint32_t)(close - text.data);
        hydrant_str inside = hy_str(text.data + *at + 1, end - *at - 1);
        *at = end + 1;
        read_brackets(loader, inside, step);
        if (step->kind == HY_MAP_STEP_INDEX && !is_index(inside, &step->index))
            return path_error(loader, node, text, "has brackets without a number or key=value");
        return true;
    }
    uint32_t from = *at;
    while (*at < text.len && text.data[*at] != '.' && text.data[*at] != '[')
        ++*at;
    if (*at == from)
        return path_error(loader, node, text, "has an empty name");
    step->kind = HY_MAP_STEP_NAME;
    step->name = copy(loader, hy_str(text.data + from, *at - from));
    return true;
}

static bool read_join(const struct reading *r, const struct hy_yaml_node *node, hydrant_str text,
                      uint32_t *at, struct hy_map_path *path)
{
    uint32_t end = 1;
    while (end < text.len && text.data[end] != '.')
        end++;
    hydrant_str name = hy_str(text.data + 1, end - 1);
    for (path->join = 0; path->join < r->mapping->joins_count; path->join++)
        if (hy_str_equal(r->mapping->joins[path->join].name, name))
            break;
    if (path->join == r->mapping->joins_count)
        return path_error(r->loader, node, text, "names a join that is not there");
    path->root = HY_MAP_ROOT_JOIN;
    *at = end;
    return true;
}

static bool read_path(const struct reading *r, const struct hy_yaml_node *node, hydrant_str text,
                      struct hy_map_path *path)
{
    struct hy_loader *loader = r->loader;
    struct hy_map_step steps[HY_MAPPING_STEPS_MAX] = {0};
    uint32_t at = 0, count = 0;
    *path = (struct hy_map_path){0};
    if (text.len >= 2 && text.data[0] == '$' && (text.data[1] == '.' || text.data[1] == '[')) {
        path->root = HY_MAP_ROOT_RECORD;
        at = 1;
    } else if (text.len && text.data[0] == '@' && !read_join(r, node, text, &at, path)) {
        return false;
    } else if (hy_str_is(text, ".")) {
        at = 1;
    } else if (text.len && text.data[0] == '.') {
        return path_error(loader, node, text, "has an empty name");
    }
    while (at < text.len) {
        if (count == HY_MAPPING_STEPS_MAX)
            return path_error(loader, node, text, "has more than 16 steps");
        if (!read_step(loader, node, text, &at, &steps[count++]))
            return false;
    }
    struct hy_map_step *kept = new_in_set(loader, sizeof *kept, count + 1);
    if (!kept)
        return false;
    memcpy(kept, steps, count * sizeof *kept);
    path->steps = kept;
    path->steps_count = count;
    return true;
}

static bool load_path(const struct reading *r, const struct hy_yaml_node *node, const char *what,
                      struct hy_map_path *path)
{
    hydrant_str text;
    return hy_load_text(r->loader, node, what, &text) && read_path(r, node, text, path);
}

static const struct hy_map_path *load_new_path(const struct reading *r,
                                               const struct hy_yaml_node *node, const char *what)
{
    struct hy_map_path *path = new_in_set(r->loader, sizeof *path, 1);
    return path && load_path(r, node, what, path) ? path : NULL;
}

/* ---- values ---- */

static bool read_piece(const struct reading *r, const struct hy_yaml_node *node, hydrant_str text,
                       uint32_t *at, struct hy_map_piece *piece)
{
    const char *open = memchr(text.data + *at, '{', text.len - *at);
    uint32_t end = open ? (uint32_t)(open - text.data) : text.len;
    piece->literal = copy(r->loader, hy_str(text.data + *at, end - *at));
    *at = end;
    if (!open)
        return true;
    const char *close = memchr(open, '}', text.len - end);
    if (!close)
        return path_error(r->loader, node, text, "has a { that is not closed");
    struct hy_map_path *path = new_in_set(r->loader, sizeof *path, 1);
    *at = (uint32_t)(close - text.data) + 1;
    if (!path || !read_path(r, node, hy_str(open + 1, (size_t)(close - open - 1)), path))
        return false;
    piece->path = path;
    return true;
}

static bool keep_pieces(const struct reading *r, const struct hy_map_piece *pieces, uint32_t count,
                        struct hy_map_value *value)
{
    struct hy_map_piece *kept = new_in_set(r->loader, sizeof *kept, count + 1);
    if (!kept)
        return false;
    memcpy(kept, pieces, count * sizeof *kept);
    value->pieces = kept;
    value->pieces_count = count;
    return true;
}

/* "a.b" is a path, "https://{a.b}/" a template. */
static bool read_scalar_value(const struct reading *r, const struct hy_yaml_node *node,
                              hydrant_str text, struct hy_map_value *value)
{
    struct hy_map_piece pieces[HY_MAPPING_PIECES_MAX] = {0};
    uint32_t count = 0, at = 0;
    if (!memchr(text.data, '{', text.len)) {
        struct hy_map_path *path = new_in_set(r->loader, sizeof *path, 1);
        if (!path || !read_path(r, node, text, path))
            return false;
        pieces[0].path = path;
        value->kind = HY_MAP_VALUE_PATH;
        return keep_pieces(r, pieces, 1, value);
    }
    value->kind = HY_MAP_VALUE_TEMPLATE;
    while (at < text.len) {
        if (count == HY_MAPPING_PIECES_MAX)
            return path_error(r->loader, node, text, "has more than 16 pieces");
        if (!read_piece(r, node, text, &at, &pieces[count++]))
            return false;
    }
    return keep_pieces(r, pieces, count, value);
}

static bool load_fixed(const struct reading *r, const struct hy_yaml_node *node,
                       struct hy_map_value *value)
{
    struct hy_map_piece piece = {0};
    value->kind = HY_MAP_VALUE_TEMPLATE;
    return load_copied(r->loader, node, "a value", &piece.literal) &&
           keep_pieces(r, &piece, 1, value);
}

/* One line: a path, or several of which the first that there is counts. */
static bool load_line(const struct reading *r, const struct hy_yaml_node *node,
                      struct hy_map_piece *pieces, uint32_t *count)
{
    bool several = node->kind == HY_YAML_SEQUENCE;
    uint32_t paths = several ? node->count : 1;
    for (uint32_t i = 0; i < paths; i++) {
        const struct hy_yaml_node *at = several ? &node->items[i] : node;
        if (*count == HY_MAPPING_PIECES_MAX) {
            hy_load_error(r->loader, at, NULL, "lines has more than 16 paths");
            return false;
        }
        struct hy_map_piece *piece = &pieces[(*count)++];
        piece->path = load_new_path(r, at, "a path");
        piece->otherwise = i > 0;
        if (!piece->path)
            return false;
    }
    return true;
}

static bool load_lines(const struct reading *r, const struct hy_yaml_node *node,
                       struct hy_map_value *value)
{
    struct hy_map_piece pieces[HY_MAPPING_PIECES_MAX] = {0};
    uint32_t count = 0;
    value->kind = HY_MAP_VALUE_LINES;
    if (!hy_load_is_sequence(r->loader, node, "lines"))
        return false;
    for (uint32_t i = 0; i < node->count; i++)
        if (!load_line(r, &node->items[i], pieces, &count))
            return false;
    return keep_pieces(r, pieces, count, value);
}

static bool load_urls(const struct reading *r, const struct hy_yaml_node *node,
                      struct hy_map_value *value)
{
    static const char *const keys[] = {"each", "url", "expanded"};
    struct hy_map_piece pieces[3] = {0};
    value->kind = HY_MAP_VALUE_URL;
    for (int i = 0; i < 3; i++) {
        const struct hy_yaml_node *path = hy_yaml_get(node, keys[i]);
        if (!path)
            hy_load_error(r->loader, node, "{each: links[], url: short, expanded: long}",
                          "%s: is missing", keys[i]);
        pieces[i].path = path ? load_new_path(r, path, "a path") : NULL;
        if (!pieces[i].path)
            return false;
    }
    return keep_pieces(r, pieces, 3, value);
}

static bool load_after(const struct reading *r, const struct hy_yaml_node *node,
                       struct hy_map_value *value)
{
    hydrant_str text;
    if (!hy_load_text(r->loader, node, "after", &text))
        return false;
    if (text.len != 1) {
        hy_load_error(r->loader, node, "after: ':'", "after is one character");
        return false;
    }
    value->after = text.data[0];
    return true;
}

static bool load_written(const struct reading *r, const struct hy_yaml_node *node,
                         enum hy_map_written *written)
{
    uint32_t format;
    if (!hy_load_choice(r->loader, node, "text", "plain|entities|html", &format))
        return false;
    *written = (enum hy_map_written)(HY_MAP_WRITTEN_PLAIN + format);
    return true;
}

static bool load_value_mapping(const struct reading *r, const struct hy_yaml_node *node,
                               struct hy_map_value *value)
{
    struct hy_loader *loader = r->loader;
    const struct hy_yaml_node *path = hy_yaml_get(node, "path");
    const struct hy_yaml_node *fixed = hy_yaml_get(node, "value");
    const struct hy_yaml_node *lines = hy_yaml_get(node, "lines");
    const struct hy_yaml_node *each = hy_yaml_get(node, "each");
    const struct hy_yaml_node *after = hy_yaml_get(node, "after");
    const struct hy_yaml_node *text = hy_yaml_get(node, "text");
    hydrant_str path_text;
    hy_load_check_keys(loader, node, "a value", "path|value|lines|each|url|expanded|after|text");
    if (!path + !fixed + !lines + !each != 3) {
        hy_load_error(loader, node, "{path: a.b, after: ':'}",
                      "a value has one of path, value, lines and each");
        return false;
    }
    if (path && (!hy_load_text(loader, path, "a path", &path_text) ||
                 !read_scalar_value(r, path, path_text, value)))
        return false;
    if ((fixed && !load_fixed(r, fixed, value)) || (lines && !load_lines(r, lines, value)) ||
        (each && !load_urls(r, node, value)))
        return false;
    return (!after || load_after(r, after, value)) &&
           (!text || load_written(r, text, &value->written));
}

static bool load_value(const struct reading *r, const struct hy_yaml_node *node,
                       struct hy_map_value *value)
{
    hydrant_str text;
    if (node->kind == HY_YAML_MAPPING)
        return load_value_mapping(r, node, value);
    return hy_load_text(r->loader, node, "the value of a field", &text) &&
           read_scalar_value(r, node, text, value);
}

/* ---- fields ---- */

static bool find_field(const struct reading *r, const struct hy_yaml_node *key, uint32_t *field)
{
    for (*field = 0; *field < HY_MENTION_FIELDS; ++*field)
        if (hy_str_is(key->value, hy_mention_fields[*field].name) &&
            hy_mention_fields[*field].kind != HY_MENTION_EVENT)
            return true;
    hy_load_error(r->loader, key, "author.handle, created_at, text ... as in the native format",
                  "a mention has no field \"%.*s\"", (int)key->value.len, key->value.data);
    return false;
}

static bool load_field(const struct reading *r, const struct hy_yaml_node *node,
                       struct hy_map_field *field)
{
    bool several = node->kind == HY_YAML_SEQUENCE;
    uint32_t count = several ? node->count : 1;
    enum hy_mention_kind kind = hy_mention_fields[field->field].kind;
    if (count == 0 || count > FIELD_VALUES_MAX) {
        hy_load_error(r->loader, node, NULL, "a field has 1 to %d values", FIELD_VALUES_MAX);
        return false;
    }
    struct hy_map_value *values = new_in_set(r->loader, sizeof *values, count);
    for (uint32_t i = 0; values && i < count; i++) {
        const struct hy_yaml_node *at = several ? &node->items[i] : node;
        if (!load_value(r, at, &values[i]))
            return false;
        bool list = kind >= HY_MENTION_URLS;
        if (list ? values[i].kind != HY_MAP_VALUE_PATH && values[i].kind != HY_MAP_VALUE_URL
                 : values[i].kind == HY_MAP_VALUE_URL) {
            hy_load_error(r->loader, at, NULL,
                          list ? "a list comes from paths" : "each is for urls");
            return false;
        }
        if (values[i].kind == HY_MAP_VALUE_LINES && kind != HY_MENTION_TEXT) {
            hy_load_error(r->loader, at, NULL, "lines is for text");
            return false;
        }
    }
    field->values = values;
    field->values_count = count;
    return values != NULL;
}

/* The fields of node over those that are there already. */
static bool load_fields(const struct reading *r, const struct hy_yaml_node *node,
                        struct hy_map_field *fields, uint32_t *count)
{
    if (!hy_load_is_mapping(r->loader, node, "fields"))
        return false;
    for (uint32_t i = 0; i < node->count; i++) {
        struct hy_map_field field = {0};
        if (!find_field(r, &node->items[2 * i], &field.field) ||
            !load_field(r, &node->items[2 * i + 1], &field))
            return false;
        uint32_t k = 0;
        while (k < *count && fields[k].field != field.field)
            k++;
        fields[k] = field;
        *count += k == *count;
    }
    return true;
}

/* ---- conditions ---- */

static bool load_test(const struct reading *r, const struct hy_yaml_node *key,
                      const struct hy_yaml_node *value, struct hy_map_test *test)
{
    struct hy_loader *loader = r->loader;
    if (!read_path(r, key, key->value, &test->path))
        return false;
    if (hy_yaml_is_null(value)) {
        test->kind = HY_MAP_TEST_MISSING;
        return true;
    }
    if (value->kind == HY_YAML_SCALAR && hy_str_is(value->value, "*")) {
        test->kind = HY_MAP_TEST_THERE;
        return true;
    }
    uint32_t count;
    const hydrant_str *texts = hy_load_texts(loader, value, "what a path must be", &count);
    hydrant_str *kept = new_in_set(loader, sizeof *kept, count + 1);
    if (!texts || !kept)
        return false;
    for (uint32_t i = 0; i < count; i++)
        kept[i] = copy(loader, texts[i]);
    test->kind = HY_MAP_TEST_ONE_OF;
    test->values = kept;
    test->values_count = count;
    return true;
}

static bool load_when(const struct reading *r, const struct hy_yaml_node *node,
                      struct hy_map_when *when)
{
    if (!hy_load_is_mapping(r->loader, node, "when"))
        return false;
    struct hy_map_test *tests = new_in_set(r->loader, sizeof *tests, node->count + 1);
    for (uint32_t i = 0; tests && i < node->count; i++)
        if (!load_test(r, &node->items[2 * i], &node->items[2 * i + 1], &tests[i]))
            return false;
    when->tests = tests;
    when->tests_count = node->count;
    return tests != NULL;
}

static bool load_tells(const struct reading *r, const struct hy_yaml_node *node)
{
    bool several = node->kind == HY_YAML_SEQUENCE;
    uint32_t count = several ? node->count : 1;
    struct hy_map_when *tells = new_in_set(r->loader, sizeof *tells, count + 1);
    for (uint32_t i = 0; tells && i < count; i++)
        if (!load_when(r, several ? &node->items[i] : node, &tells[i]))
            return false;
    r->mapping->tells = tells;
    r->mapping->tells_count = count;
    return tells != NULL;
}

/* ---- the parts of a mapping ---- */

static bool load_joins(const struct reading *r, const struct hy_yaml_node *node)
{
    struct hy_loader *loader = r->loader;
    if (!hy_load_is_mapping(loader, node, "joins"))
        return false;
    if (node->count > HY_MAPPING_JOINS_MAX) {
        hy_load_error(loader, node, NULL, "a mapping has at most %d joins", HY_MAPPING_JOINS_MAX);
        return false;
    }
    struct hy_map_join *joins = new_in_set(loader, sizeof *joins, node->count + 1);
    r->mapping->joins = joins;
    for (uint32_t i = 0; joins && i < node->count; i++) {
        const struct hy_yaml_node *key = &node->items[2 * i], *def = &node->items[2 * i + 1];
        if (!hy_load_is_mapping(loader, def, "a join"))
            return false;
        hy_load_check_keys(loader, def, "a join", "in|key|is");
        const struct hy_yaml_node *in = hy_yaml_get(def, "in");
        const struct hy_yaml_node *by = hy_yaml_get(def, "key");
        const struct hy_yaml_node *is = hy_yaml_get(def, "is");
        joins[i].name = copy(loader, key->value);
        if (!in || !by || !is) {
            hy_load_error(loader, def, "{in: $.includes.users, key: id, is: author_id}",
                          "a join says in, key and is");
            return false;
        }
        if (!load_path(r, in, "a path", &joins[i].in) ||
            !load_path(r, is, "a path", &joins[i].is) ||
            !load_copied(loader, by, "key", &joins[i].key))
            return false;
        r->mapping->joins_count = i + 1; /* a later one may use this one */
    }
    return joins != NULL;
}

static bool load_envelope(const struct reading *r, const struct hy_yaml_node *node)
{
    struct hy_mapping *m = r->mapping;
    if (!hy_load_is_mapping(r->loader, node, "envelope"))
        return false;
    hy_load_check_keys(r->loader, node, "an envelope", "event|body|default");
    const struct hy_yaml_node *event = hy_yaml_get(node, "event");
    const struct hy_yaml_node *body = hy_yaml_get(node, "body");
    const struct hy_yaml_node *name = hy_yaml_get(node, "default");
    if (!event || !body || !name) {
        hy_load_error(r->loader, node, "{event: event, body: payload, default: update}",
                      "an envelope says event, body and default");
        return false;
    }
    return load_copied(r->loader, event, "event", &m->envelope_event) &&
           load_copied(r->loader, body, "body", &m->envelope_body) &&
           load_copied(r->loader, name, "default", &m->envelope_default);
}

static bool load_items(const struct reading *r, const struct hy_yaml_node *node)
{
    bool several = node->kind == HY_YAML_SEQUENCE;
    uint32_t count = several ? node->count : 1;
    struct hy_map_path *items = new_in_set(r->loader, sizeof *items, count + 1);
    for (uint32_t i = 0; items && i < count; i++)
        if (!load_path(r, several ? &node->items[i] : node, "a path", &items[i]))
            return false;
    r->mapping->items = items;
    r->mapping->items_count = count;
    return items != NULL;
}

static bool load_take(const struct reading *r, const struct hy_yaml_node *node,
                      const struct hy_map_field *shared, uint32_t shared_count,
                      struct hy_map_take *take)
{
    struct hy_loader *loader = r->loader;
    uint32_t event = HY_MAP_POST;
    if (!hy_load_is_mapping(loader, node, "an entry of take"))
        return false;
    hy_load_check_keys(loader, node, "an entry of take", "when|event|fields");
    const struct hy_yaml_node *when = hy_yaml_get(node, "when");
    const struct hy_yaml_node *kind = hy_yaml_get(node, "event");
    const struct hy_yaml_node *own = hy_yaml_get(node, "fields");
    struct hy_map_field *fields = new_in_set(loader, sizeof *fields, HY_MENTION_FIELDS);
    if (!fields || (when && !load_when(r, when, &take->when)) ||
        (kind && !hy_load_choice(loader, kind, "event",
                                 "post|edit|delete|not_post|keep_alive|error", &event)))
        return false;
    memcpy(fields, shared, shared_count * sizeof *fields);
    take->event = (enum hy_map_event)event;
    take->fields = fields;
    take->fields_count = shared_count;
    return !own || load_fields(r, own, fields, &take->fields_count);
}

static bool load_takes(const struct reading *r, const struct hy_yaml_node *node,
                       const struct hy_yaml_node *shared)
{
    struct hy_map_field fields[HY_MENTION_FIELDS];
    uint32_t count = 0;
    if (!hy_load_is_sequence(r->loader, node, "take") ||
        (shared && !load_fields(r, shared, fields, &count)))
        return false;
    struct hy_map_take *takes = new_in_set(r->loader, sizeof *takes, node->count + 1);
    for (uint32_t i = 0; takes && i < node->count; i++)
        if (!load_take(r, &node->items[i], fields, count, &takes[i]))
            return false;
    r->mapping->takes = takes;
    r->mapping->takes_count = node->count;
    return takes != NULL;
}

static bool load_names(const struct reading *r, const struct hy_yaml_node *node)
{
    struct hy_mapping *m = r->mapping;
    const struct hy_yaml_node *about = hy_yaml_get(node, "about");
    const struct hy_yaml_node *network = hy_yaml_get(node, "network");
    const struct hy_yaml_node *site = hy_yaml_get(node, "site");
    const struct hy_yaml_node *text = hy_yaml_get(node, "text");
    return (!about || load_copied(r->loader, about, "about", &m->about)) &&
           (!network || load_copied(r->loader, network, "network", &m->network)) &&
           (!site || load_copied(r->loader, site, "site", &m->site)) &&
           (!text || load_written(r, text, &m->written));
}

static bool load_body(const struct reading *r, const struct hy_yaml_node *node)
{
    const struct hy_yaml_node *joins = hy_yaml_get(node, "joins");
    const struct hy_yaml_node *envelope = hy_yaml_get(node, "envelope");
    const struct hy_yaml_node *items = hy_yaml_get(node, "items");
    const struct hy_yaml_node *nested = hy_yaml_get(node, "nested");
    const struct hy_yaml_node *tell = hy_yaml_get(node, "tell");
    const struct hy_yaml_node *take = hy_yaml_get(node, "take");
    hy_load_check_keys(r->loader, node, "a mapping",
                       "about|network|site|text|tell|envelope|joins|items|nested|fields|take");
    if (!take) {
        hy_load_error(r->loader, node, "take: [{fields: {text: body}}]",
                      "a mapping says what it takes");
        return false;
    }
    if (nested && !(r->mapping->nested = load_new_path(r, nested, "nested")))
        return false;
    return load_names(r, node) && (!joins || load_joins(r, joins)) &&
           (!envelope || load_envelope(r, envelope)) && (!items || load_items(r, items)) &&
           (!tell || load_tells(r, tell)) && load_takes(r, take, hy_yaml_get(node, "fields"));
}

/* ---- the section ---- */

static bool is_reserved(hydrant_str name)
{
    return hy_str_is(name, "auto") || hy_str_is(name, "native") || hy_str_is(name, "csv") ||
           hy_str_is(name, "text");
}

static void load_mapping(struct hy_loader *loader, const struct hy_yaml_node *key,
                         const struct hy_yaml_node *value)
{
    struct hy_mappings *set = loader->mappings;
    if (!hy_load_check_name(loader, key, "the name of a mapping", HY_MAPPING_NAME_BYTES_MAX, true))
        return;
    if (is_reserved(key->value)) {
        hy_load_error(loader, key, NULL, "\"%.*s\" is a format of its own", (int)key->value.len,
                      key->value.data);
        return;
    }
    if (hy_mappings_find(set, key->value)) {
        if (!loader->current->file->built_in)
            hy_load_error(loader, key, "keep one of them", "duplicate mapping \"%.*s\"",
                          (int)key->value.len, key->value.data);
        return;
    }
    if (set->count == MAPPINGS_MAX) {
        hy_load_error(loader, key, NULL, "more than %d mappings", MAPPINGS_MAX);
        return;
    }
    if (!hy_load_is_mapping(loader, value, "a mapping"))
        return;
    struct hy_mapping mapping = {.name = copy(loader, key->value)};
    struct reading r = {loader, &mapping};
    if (load_body(&r, value)) {
        struct hy_mapping *all = (struct hy_mapping *)(uintptr_t)set->all;
        all[set->count++] = mapping;
    }
}

void hy_load_mappings(struct hy_loader *loader, const struct hy_yaml_node *section)
{
    if (!hy_load_is_mapping(loader, section, "mappings"))
        return;
    if (!loader->mappings->all)
        loader->mappings->all = new_in_set(loader, sizeof(struct hy_mapping), MAPPINGS_MAX);
    for (uint32_t i = 0; loader->mappings->all && i < section->count; i++)
        load_mapping(loader, &section->items[2 * i], &section->items[2 * i + 1]);
}
