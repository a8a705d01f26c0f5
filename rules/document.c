#include "rules/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/str.h"
#include "rules/literal.h"

/* Collections that are open: where their children begin on the stack. */
struct frame {
    enum hy_yaml_kind kind;
    uint32_t start, base;
};

struct builder {
    struct hy_document *document;
    struct hy_arena *nodes, *values;
    struct hy_diagnostics *diagnostics;
    yaml_parser_t parser;
    struct frame frames[HY_YAML_DEPTH_MAX];
    uint32_t depth, depth_max, nodes_count, nodes_max;
    struct hy_yaml_node *stack;
    uint32_t stack_count, stack_capacity;
    uint32_t documents;
    const char *begin;
    uint32_t swallowed; /* the last line that refuse_swallowed() told of; 0: none */
    struct {
        size_t index;    /* in characters, as libyaml counts */
        uint32_t offset; /* in bytes */
    } cursor;
    bool failed;
    bool refused; /* anchors, aliases or tags: their file is not used */
};

/* ---- places ---------------------------------------------------------------------------------- */

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Marks come nearly in order: walk from the last one. */
static uint32_t offset_of(struct builder *b, const yaml_mark_t *mark)
{
    hydrant_str bytes = b->document->source->bytes;
    while (b->cursor.index < mark->index && b->cursor.offset < bytes.len) {
        do
            b->cursor.offset++;
        while (b->cursor.offset < bytes.len && continues(bytes.data[b->cursor.offset]));
        b->cursor.index++;
    }
    while (b->cursor.index > mark->index && b->cursor.offset > 0) {
        do
            b->cursor.offset--;
        while (b->cursor.offset > 0 && continues(bytes.data[b->cursor.offset]));
        b->cursor.index--;
    }
    return b->cursor.offset;
}

static struct hy_place place_of(struct builder *b, const yaml_event_t *event)
{
    uint32_t start = offset_of(b, &event->start_mark), end = offset_of(b, &event->end_mark);
    return (struct hy_place){b->document->source, start, end - start};
}

static void fail(struct builder *b)
{
    b->failed = true;
}

/* ---- what libyaml says, for people ----------------------------------------------------------- */

static char char_at(const struct builder *b, uint32_t offset)
{
    hydrant_str bytes = b->document->source->bytes;
    return offset < bytes.len ? bytes.data[offset] : '\0';
}

/* The first " #x" between two places, where YAML began a comment that was not meant as one. */
static bool find_cut(const struct builder *b, uint32_t from, uint32_t to, uint32_t *at)
{
    bool outside = true;
    for (uint32_t i = from; i < to && i < b->document->source->bytes.len; i++) {
        char c = char_at(b, i);
        if (c == '"' || c == '\'')
            outside = !outside;
        if (c == '\n')
            outside = true;
        if (outside && c == '#' && i > 0 &&
            (char_at(b, i - 1) == ' ' || char_at(b, i - 1) == '\t') &&
            !strchr(" \t\r\n#", char_at(b, i + 1))) {
            *at = i;
            return true;
        }
    }
    return false;
}

static void report_start(struct builder *b, struct hy_place place)
{
    char c = char_at(b, place.offset), fix[64];
    place.length = 1;
    snprintf(fix, sizeof fix, "put the whole value in single quotes: '%c...'", c);
    if (c == '\t')
        hy_rules_error(b->diagnostics, place, "indent with spaces",
                       "YAML does not indent with tabs");
    else
        hy_rules_error(b->diagnostics, place, fix, "a YAML value cannot start with %c", c);
}

/* Is there nothing but space before this place on its line? */
static bool begins_line(const struct builder *b, uint32_t offset)
{
    while (offset > 0 && char_at(b, offset - 1) == ' ')
        offset--;
    return offset == 0 || char_at(b, offset - 1) == '\n';
}

/* Does a line that begins with "-" stand in brackets? Then what is before it says so. */
static bool lists_in_brackets(const struct builder *b, uint32_t offset)
{
    if (char_at(b, offset) != '-')
        return false;
    while (offset > 0 && strchr(" \t\r\n", char_at(b, offset - 1)))
        offset--;
    return offset > 0 && strchr("[{,", char_at(b, offset - 1));
}

/* libyaml expected something else: behind a value, or at the beginning of a line. */
static void report_expected(struct builder *b, struct hy_place place, struct hy_place context)
{
    uint32_t cut;
    char opening = char_at(b, context.offset);
    if (find_cut(b, context.offset, place.offset, &cut))
        hy_rules_error(b->diagnostics, ((struct hy_place){place.source, cut, 1}),
                       "put the value in quotes: '#tag'",
                       "YAML takes what follows this # for a comment");
    else if (opening == '[' || opening == '{')
        hy_rules_error(b->diagnostics, context,
                       "close it, and put values that hold brackets, braces, commas or # in quotes",
                       "this %c is not closed before something else begins", opening);
    else if (lists_in_brackets(b, place.offset))
        hy_rules_error(b->diagnostics, place, "close the bracket first, or leave out the -",
                       "a bracket is open here, and in brackets no line begins with -");
    else if (begins_line(b, place.offset))
        hy_rules_error(b->diagnostics, place, "indent it like the lines that it belongs to",
                       "this line is indented neither like those before it nor like their parents");
    else
        hy_rules_error(b->diagnostics, place,
                       "put the whole value in single quotes: '\"a b\" OR c'",
                       "the value ended before this");
}

static uint32_t line_of(const struct builder *b, uint32_t offset)
{
    return hy_source_line_number(b->document->source, offset);
}

/* A quote that was not closed is closed by the next one, however far below: what is behind that one
 * is the problem to YAML, where the value began is one to its author. */
static bool report_open_quote(struct builder *b, struct hy_place place)
{
    const struct hy_yaml_node *last = b->stack_count ? &b->stack[b->stack_count - 1] : NULL;
    if (!last || last->kind != HY_YAML_SCALAR ||
        (last->style != HY_YAML_SINGLE_QUOTED && last->style != HY_YAML_DOUBLE_QUOTED) ||
        line_of(b, last->start) == line_of(b, last->end) ||
        line_of(b, last->end) != line_of(b, place.offset))
        return false;
    place.offset = last->start;
    hy_rules_error(b->diagnostics, place,
                   "close the quote where the value ends, or put the whole value in single quotes",
                   "the next quote like this one is in line %u, where the value cannot end",
                   line_of(b, last->end));
    return true;
}

/* "match:yak" where a key is due, or a line without any. */
static void report_no_key(struct builder *b, struct hy_place context)
{
    hydrant_str line = hy_source_line(b->document->source, context.offset);
    const char *from = b->document->source->bytes.data + context.offset;
    size_t len = (size_t)(line.data + line.len - from);
    const char *colon = memchr(from, ':', len);
    context.length = (uint32_t)(colon ? colon + 1 - from : 1);
    if (colon)
        hy_rules_error(b->diagnostics, context, "put a space behind the colon",
                       "a key ends with a colon and a space");
    else
        hy_rules_error(b->diagnostics, context,
                       "write \"key: value\", or indent what goes on with the value above",
                       "this line has no key");
}

/* The plain value that goes on at offset, if it holds a ':' and stands where a key would: "id:a".
 */
static const struct hy_yaml_node *key_without_space(const struct builder *b, uint32_t offset)
{
    const struct hy_yaml_node *last = b->stack_count ? &b->stack[b->stack_count - 1] : NULL;
    if (!last || last->kind != HY_YAML_SCALAR || last->style != HY_YAML_PLAIN ||
        last->start >= offset || last->end <= offset)
        return NULL;
    hydrant_str line = hy_source_line(b->document->source, last->start);
    size_t before = last->start - (size_t)(line.data - b->document->source->bytes.data);
    bool behind_key = memmem(line.data, before, ": ", 2) != NULL;
    return !behind_key && memchr(line.data + before, ':', line.len - before) ? last : NULL;
}

/* A key and its ": " are more of the value above, if they are indented further than its key; else
 * there are two of ": " on the line. */
static void report_colon(struct builder *b, struct hy_place place)
{
    hydrant_str bytes = b->document->source->bytes;
    hydrant_str line = hy_source_line(b->document->source, place.offset);
    uint32_t first = (uint32_t)(line.data - bytes.data);
    const char *before = memmem(line.data, place.offset - first, ": ", 2);
    while (char_at(b, first) == ' ')
        first++;
    if (before || first == place.offset) {
        hy_rules_error(b->diagnostics, place, "put a value that holds \": \" in single quotes",
                       "a second \": \" on this line");
        return;
    }
    if (first == b->swallowed)
        return; /* "- id: b" */
    const struct hy_yaml_node *key = key_without_space(b, first);
    if (key) {
        report_no_key(b, (struct hy_place){place.source, key->start, 1});
        return;
    }
    place.offset = first;
    hy_rules_error(b->diagnostics, place, "indent it like the lines that it belongs to",
                   "this line is indented too far: YAML takes it for more of the value above");
}

static void report_problem(struct builder *b, struct hy_place place)
{
    const char *problem = b->parser.problem ? b->parser.problem : "not YAML";
    const char *while_ = b->parser.context ? b->parser.context : "";
    struct hy_place context = {place.source, place.offset, 1};
    if (b->parser.context)
        context.offset = offset_of(b, &b->parser.context_mark);
    if (strstr(while_, "scanning an a")) /* an anchor, an alias */
        report_start(b, context);
    else if (report_open_quote(b, place))
        return;
    else if (strstr(problem, "cannot start any token") || strstr(problem, "tab character"))
        report_start(b, place);
    else if (strstr(problem, "mapping values are not allowed"))
        report_colon(b, place);
    else if (strstr(problem, "could not find expected ':'"))
        report_no_key(b, context);
    else if (strstr(while_, "quoted scalar") && strstr(problem, "end of stream"))
        hy_rules_error(b->diagnostics, context, "add the closing quote",
                       "this quote is never closed");
    else if (strstr(problem, "did not find expected"))
        report_expected(b, place, context);
    else
        hy_rules_error(b->diagnostics, place, NULL, "not valid YAML: %s%s%s%s", problem,
                       *while_ ? " (" : "", while_, *while_ ? ")" : "");
}

static void report_syntax(struct builder *b)
{
    struct hy_place place = {.source = b->document->source};
    fail(b);
    switch (b->parser.error) {
    case YAML_MEMORY_ERROR:
        b->diagnostics->out_of_memory = true;
        break;
    case YAML_READER_ERROR:
        place.offset = (uint32_t)b->parser.problem_offset;
        hy_rules_error(b->diagnostics, place, "take it out", "not valid YAML: %s",
                       b->parser.problem);
        break;
    default:
        place.offset = offset_of(b, &b->parser.problem_mark);
        report_problem(b, place);
        break;
    }
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static bool push(struct builder *b, const struct hy_yaml_node *node)
{
    if (b->stack_count == b->stack_capacity) {
        uint32_t capacity = b->stack_capacity ? 2 * b->stack_capacity : 256;
        void *stack = realloc(b->stack, capacity * sizeof *b->stack);
        if (!stack) {
            b->diagnostics->out_of_memory = true;
            fail(b);
            return false;
        }
        b->stack = stack;
        b->stack_capacity = capacity;
    }
    b->stack[b->stack_count++] = *node;
    return true;
}

static bool count_node(struct builder *b, const yaml_event_t *event)
{
    if (b->nodes_count < b->nodes_max) {
        b->nodes_count++;
        return true;
    }
    hy_rules_error(b->diagnostics, place_of(b, event), "split the file",
                   "more than %u YAML nodes in one file", b->nodes_max);
    fail(b);
    return false;
}

static void refuse_properties(struct builder *b, const yaml_event_t *event, const void *anchor,
                              const void *tag)
{
    struct hy_place place = place_of(b, event);
    b->refused |= anchor || tag;
    if (anchor)
        hy_rules_error(b->diagnostics, place, "use a list or a macro",
                       "YAML anchors are not accepted in rules");
    else if (tag)
        hy_rules_error(b->diagnostics, place, "put a value that begins with ! in quotes",
                       "YAML tags are not accepted in rules");
}

/* "- b" deeper than the "- a" before it: to YAML both are one value, "a - b". */
static void refuse_swallowed(struct builder *b, const struct hy_yaml_node *scalar)
{
    const char *bytes = b->document->source->bytes.data, *end = bytes + scalar->end;
    const char *at = bytes + scalar->start;
    while (scalar->style == HY_YAML_PLAIN && (at = memchr(at, '\n', (size_t)(end - at)))) {
        while (at < end && strchr(" \t\r\n", *at))
            at++;
        bool dash = at < end && *at == '-';
        if (!dash || (at + 1 < end && !strchr(" \t\r\n", at[1])))
            continue;
        b->swallowed = (uint32_t)(at - bytes);
        struct hy_place place = {b->document->source, b->swallowed, 1};
        hy_rules_error(b->diagnostics, place,
                       "indent it like the other entries, or put the value in quotes",
                       "YAML takes this line for more of the value in line %u",
                       hy_source_line_number(b->document->source, scalar->start));
        return;
    }
}

static void add_scalar(struct builder *b, const yaml_event_t *event)
{
    static const enum hy_yaml_style styles[] = {
        [YAML_PLAIN_SCALAR_STYLE] = HY_YAML_PLAIN,
        [YAML_SINGLE_QUOTED_SCALAR_STYLE] = HY_YAML_SINGLE_QUOTED,
        [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = HY_YAML_DOUBLE_QUOTED,
        [YAML_LITERAL_SCALAR_STYLE] = HY_YAML_LITERAL,
        [YAML_FOLDED_SCALAR_STYLE] = HY_YAML_FOLDED,
    };
    size_t len = event->data.scalar.length;
    char *copy = hy_arena_alloc(b->values, len + 1, 1);
    if (!copy) {
        b->diagnostics->out_of_memory = true;
        fail(b);
        return;
    }
    memcpy(copy, event->data.scalar.value, len);
    copy[len] = '\0';
    refuse_properties(b, event, event->data.scalar.anchor, event->data.scalar.tag);
    struct hy_place place = place_of(b, event);
    struct hy_yaml_node node = {.kind = HY_YAML_SCALAR,
                                .style = styles[event->data.scalar.style],
                                .start = place.offset,
                                .end = place.offset + place.length,
                                .value = hy_str(copy, len)};
    refuse_swallowed(b, &node);
    push(b, &node);
}

static void open_collection(struct builder *b, const yaml_event_t *event, enum hy_yaml_kind kind)
{
    if (b->depth == b->depth_max) {
        hy_rules_error(b->diagnostics, place_of(b, event), NULL,
                       "YAML nested more than %u levels deep", b->depth_max);
        fail(b);
        return;
    }
    b->frames[b->depth++] = (struct frame){kind, offset_of(b, &event->start_mark), b->stack_count};
}

static int compare_keys(const void *left, const void *right)
{
    const struct hy_yaml_node *a = *(const struct hy_yaml_node *const *)left;
    const struct hy_yaml_node *b = *(const struct hy_yaml_node *const *)right;
    uint32_t len = a->value.len < b->value.len ? a->value.len : b->value.len;
    int order = len ? memcmp(a->value.data, b->value.data, len) : 0;
    if (order == 0 && a->value.len != b->value.len)
        order = a->value.len < b->value.len ? -1 : 1;
    if (order == 0 && a->start != b->start)
        order = a->start < b->start ? -1 : 1;
    return order;
}

static void report_duplicate(struct builder *b, const struct hy_yaml_node *first,
                             const struct hy_yaml_node *again)
{
    uint32_t line = hy_source_line_number(b->document->source, first->start);
    hy_rules_error(b->diagnostics, hy_yaml_place(b->document, again), "keep one of them",
                   "duplicate key \"%.*s\": first written in line %u", (int)again->value.len,
                   again->value.data, line);
}

/* Takes out the pairs whose key is marked: a key of no characters that stands nowhere. */
static void drop_marked(struct hy_yaml_node *mapping)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < mapping->count; i++) {
        if (mapping->items[2 * i].start == UINT32_MAX)
            continue;
        mapping->items[2 * kept] = mapping->items[2 * i];
        mapping->items[2 * kept + 1] = mapping->items[2 * i + 1];
        kept++;
    }
    mapping->count = kept;
}

/* Reports keys that are no names and keys that repeat one before them, and takes them out. */
static void check_keys(struct builder *b, struct hy_yaml_node *mapping)
{
    struct hy_yaml_node **keys = malloc(mapping->count * sizeof *keys + 1);
    if (!keys) {
        b->diagnostics->out_of_memory = true;
        fail(b);
        return;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < mapping->count; i++) {
        struct hy_yaml_node *key = &mapping->items[2 * i];
        if (key->kind == HY_YAML_SCALAR) {
            keys[count++] = key;
            continue;
        }
        hy_rules_error(b->diagnostics, hy_yaml_place(b->document, key),
                       "quote a name that begins with a bracket or brace",
                       "a key must be a plain name");
        key->start = UINT32_MAX;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (uint32_t i = 1, first = 0; i < count; i++) {
        if (!hy_str_equal(keys[first]->value, keys[i]->value)) {
            first = i;
            continue;
        }
        report_duplicate(b, keys[first], keys[i]);
        keys[i]->start = UINT32_MAX;
    }
    free(keys);
    drop_marked(mapping);
}

static void close_collection(struct builder *b, const yaml_event_t *event)
{
    struct frame frame = b->frames[--b->depth];
    uint32_t count = b->stack_count - frame.base;
    struct hy_yaml_node node = {.kind = frame.kind,
                                .start = frame.start,
                                .end = offset_of(b, &event->end_mark),
                                .count = frame.kind == HY_YAML_MAPPING ? count / 2 : count};
    node.items = HY_ARENA_NEW(b->nodes, struct hy_yaml_node, count);
    if (!node.items) {
        b->diagnostics->out_of_memory = true;
        fail(b);
        return;
    }
    if (count)
        memcpy(node.items, b->stack + frame.base, count * sizeof node);
    b->stack_count = frame.base;
    if (frame.kind == HY_YAML_MAPPING)
        check_keys(b, &node);
    push(b, &node);
}

static void add_alias(struct builder *b, const yaml_event_t *event)
{
    struct hy_yaml_node node = {.kind = HY_YAML_SCALAR, .value = HY_STR("*")};
    struct hy_place place = place_of(b, event);
    b->refused = true;
    hy_rules_error(b->diagnostics, place,
                   "put a query that begins with * in quotes; use lists and macros to share",
                   "YAML aliases are not accepted in rules");
    node.start = place.offset;
    node.end = place.offset + place.length;
    push(b, &node);
}

static void take_event(struct builder *b, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ == 1) {
            hy_rules_error(b->diagnostics, place_of(b, event), "put it into a file of its own",
                           "a second YAML document in one file");
            fail(b);
        }
        break;
    case YAML_ALIAS_EVENT:
        if (count_node(b, event))
            add_alias(b, event);
        break;
    case YAML_SCALAR_EVENT:
        if (count_node(b, event))
            add_scalar(b, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        refuse_properties(b, event, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
        if (count_node(b, event))
            open_collection(b, event, HY_YAML_SEQUENCE);
        break;
    case YAML_MAPPING_START_EVENT:
        refuse_properties(b, event, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
        if (count_node(b, event))
            open_collection(b, event, HY_YAML_MAPPING);
        break;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_collection(b, event);
        break;
    default:
        break;
    }
}

static void run(struct builder *b)
{
    for (bool more = true; more && !b->failed;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&b->parser, &event)) {
            report_syntax(b);
            return;
        }
        more = event.type != YAML_STREAM_END_EVENT;
        take_event(b, &event);
        yaml_event_delete(&event);
    }
}

static bool take_root(struct builder *b)
{
    struct hy_source_text *source = b->document->source;
    if (b->failed || b->refused)
        return false;
    if (b->stack_count == 0 || hy_yaml_is_null(&b->stack[0])) {
        hy_rules_error(b->diagnostics, ((struct hy_place){source, 0, 0}),
                       "begin with \"version: 1\"", "an empty rules file");
        return false;
    }
    b->document->root = b->stack[0];
    if (b->stack[0].kind != HY_YAML_MAPPING && b->begin) {
        hy_rules_error(b->diagnostics, ((struct hy_place){source, b->stack[0].start, 0}), b->begin,
                       "expected keys and values");
        return false;
    }
    if (b->stack[0].kind != HY_YAML_MAPPING) {
        hy_rules_error(b->diagnostics, ((struct hy_place){source, b->stack[0].start, 0}),
                       "begin with \"version: 1\", then \"rules:\"",
                       "expected a mapping with version, rules and so on");
        return false;
    }
    return true;
}

bool hy_document_parse(struct hy_document *document, struct hy_source_text *source,
                       const struct hy_yaml_limits *limits, struct hy_arena *nodes,
                       struct hy_arena *values, struct hy_diagnostics *diagnostics)
{
    struct builder b = {.document = document,
                        .nodes = nodes,
                        .values = values,
                        .diagnostics = diagnostics,
                        .nodes_max = limits->nodes,
                        .begin = limits->begin};
    b.depth_max = limits->depth < HY_YAML_DEPTH_MAX ? limits->depth : HY_YAML_DEPTH_MAX;
    *document = (struct hy_document){.source = source};
    if (!yaml_parser_initialize(&b.parser)) {
        diagnostics->out_of_memory = true;
        return false;
    }
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)source->bytes.data,
                                 source->bytes.len);
    run(&b);
    bool usable = take_root(&b);
    yaml_parser_delete(&b.parser);
    free(b.stack);
    return usable;
}

const struct hy_yaml_node *hy_yaml_get(const struct hy_yaml_node *mapping, const char *key)
{
    for (uint32_t i = 0; i < mapping->count; i++)
        if (mapping->items[2 * i].kind == HY_YAML_SCALAR &&
            hy_str_is(mapping->items[2 * i].value, key))
            return &mapping->items[2 * i + 1];
    return NULL;
}

bool hy_yaml_is_null(const struct hy_yaml_node *node)
{
    return node->kind == HY_YAML_SCALAR && node->style == HY_YAML_PLAIN &&
           (node->value.len == 0 || hy_str_is(node->value, "~") || hy_str_is(node->value, "null"));
}

bool hy_yaml_cut(const struct hy_document *document, const struct hy_yaml_node *scalar,
                 uint32_t *at)
{
    hydrant_str bytes = document->source->bytes;
    uint32_t i = scalar->end;
    if (scalar->kind != HY_YAML_SCALAR || scalar->style != HY_YAML_PLAIN)
        return false;
    while (i < bytes.len && (bytes.data[i] == ' ' || bytes.data[i] == '\t'))
        i++;
    *at = i;
    return i + 1 < bytes.len && bytes.data[i] == '#' && !strchr(" \t\r\n#", bytes.data[i + 1]);
}
