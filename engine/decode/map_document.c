#include "decode/map_document.h"

#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "decode/json_number.h"
#include "decode/map_escape.h"
#include "decode/map_xml.h"

enum { STEPS_PER_BYTE = 16, STEPS_AT_LEAST = 1 << 16, WRAPPING_BYTES = 1024 };

hydrant_status hy_map_reader_init(struct hy_map_reader *reader, uint32_t record_bytes_max,
                                  uint32_t depth_max, hydrant_error *err)
{
    /* Taken apart and put together again, a record may become longer: escapes, quotes. */
    size_t bytes = 2 * (size_t)record_bytes_max + WRAPPING_BYTES;
    *reader = (struct hy_map_reader){.depth_max = depth_max, .room_bytes = bytes};
    hydrant_status status = hy_arena_init(&reader->memory, 2 * (bytes + HY_RECORD_PADDING), err);
    if (status != HYDRANT_OK)
        return status;
    reader->room = hy_arena_alloc(&reader->memory, bytes + HY_RECORD_PADDING, 1);
    reader->quoted = hy_arena_alloc(&reader->memory, bytes + HY_RECORD_PADDING, 1);
    HY_ASSERT(reader->room && reader->quoted);
    reader->parser = hy_simdjson_create(bytes, depth_max + 1); /* the envelope is one more */
    if (reader->parser)
        return HYDRANT_OK;
    hy_map_reader_fini(reader);
    return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to read documents");
}

void hy_map_reader_fini(struct hy_map_reader *reader)
{
    hy_simdjson_destroy(reader->parser);
    hy_arena_fini(&reader->memory);
    *reader = (struct hy_map_reader){0};
}

/* ---- putting documents together ---- */

struct writing {
    char *at, *end;
    bool full;
};

static void put(struct writing *w, const char *data, size_t len)
{
    if ((size_t)(w->end - w->at) < len) {
        w->full = true;
        return;
    }
    memcpy(w->at, data, len);
    w->at += len;
}

#define PUT(w, literal) put((w), (literal), sizeof(literal) - 1)

static void put_string(struct writing *w, hydrant_str s)
{
    char escaped[HY_MAP_ESCAPE_BYTES];
    PUT(w, "\"");
    for (uint32_t i = 0; i < s.len; i++)
        put(w, escaped, hy_map_escape(s.data[i], escaped));
    PUT(w, "\"");
}

static struct writing begin_writing(struct hy_map_reader *reader)
{
    return (struct writing){.at = reader->room, .end = reader->room + reader->room_bytes};
}

/* ---- parsing ---- */

static hydrant_drop drop_of(enum hy_simdjson_answer answer)
{
    switch (answer) {
    case HY_SIMDJSON_OK:
        return HYDRANT_DROP_NONE;
    case HY_SIMDJSON_UTF8:
        return HYDRANT_DROP_INVALID_UTF8;
    case HY_SIMDJSON_DEEP:
        return HYDRANT_DROP_TOO_DEEP;
    case HY_SIMDJSON_LARGE:
        return HYDRANT_DROP_TOO_LONG;
    default:
        return HYDRANT_DROP_NOT_JSON;
    }
}

/* A document in which paths find nothing. One that was left half written has words of the record
 * before. */
static void empty_document(struct hy_map_reader *reader)
{
    reader->doc = (struct hy_map_document){.tape = reader->nothing};
}

static enum hy_simdjson_answer parse(struct hy_map_reader *reader, hydrant_str json)
{
    struct hy_simdjson_document parsed;
    enum hy_simdjson_answer answer =
        hy_simdjson_parse(reader->parser, json.data, json.len, &parsed);
    empty_document(reader);
    if (answer == HY_SIMDJSON_OK)
        reader->doc = (struct hy_map_document){
            .tape = parsed.tape,
            .strings = parsed.strings,
            .json = json,
            .tokens = parsed.tokens,
            .tokens_count = parsed.tokens_count,
            .steps_left = (uint64_t)json.len * STEPS_PER_BYTE + STEPS_AT_LEAST,
        };
    return answer;
}

/* The string that begins at json[at], a quote: the offset behind it. */
static size_t skip_string(hydrant_str json, size_t at)
{
    for (at++; at < json.len && json.data[at] != '"'; at++)
        at += json.data[at] == '\\';
    return at < json.len ? at + 1 : json.len;
}

/* Copies json with every valid number in quotes, so that those beyond 64 bits can be read. */
static hydrant_str quote_numbers(struct hy_map_reader *reader, hydrant_str json)
{
    struct writing w = {.at = reader->quoted, .end = reader->quoted + reader->room_bytes};
    for (size_t at = 0; at < json.len;) {
        size_t from = at;
        if (json.data[at] == '"') {
            at = skip_string(json, at);
            put(&w, json.data + from, at - from);
            continue;
        }
        hydrant_str number = hy_str(json.data + at, json.len - at);
        number.len = (uint32_t)hy_number_span(number);
        at += number.len;
        if (at == from)
            put(&w, json.data + at++, 1);
        else if (hy_number_valid(number))
            put_string(&w, number);
        else
            put(&w, number.data, number.len);
    }
    memset(w.at, 0, HY_RECORD_PADDING);
    return w.full ? (hydrant_str){0} : hy_str(reader->quoted, (size_t)(w.at - reader->quoted));
}

static hydrant_drop read_json(struct hy_map_reader *reader, hydrant_str json)
{
    enum hy_simdjson_answer answer = parse(reader, json);
    if (answer != HY_SIMDJSON_NUMBER)
        return drop_of(answer);
    hydrant_str quoted = quote_numbers(reader, json);
    return quoted.len ? drop_of(parse(reader, quoted)) : HYDRANT_DROP_TOO_LONG;
}

static hydrant_drop read_written(struct hy_map_reader *reader, const struct writing *w)
{
    if (w->full) {
        empty_document(reader);
        return HYDRANT_DROP_TOO_LONG;
    }
    memset(w->at, 0, HY_RECORD_PADDING);
    return read_json(reader, hy_str(reader->room, (size_t)(w->at - reader->room)));
}

/* ---- events of a stream ---- */

struct event {
    hydrant_str name, id;
    size_t data_bytes;
    bool has_data;
};

/* Cuts the next line off rest. */
static hydrant_str take_line(hydrant_str *rest)
{
    const char *newline = memchr(rest->data, '\n', rest->len);
    size_t len = newline ? (size_t)(newline - rest->data) : rest->len;
    hydrant_str line = hy_str(rest->data, len);
    size_t used = newline ? len + 1 : len;
    *rest = hy_str(rest->data + used, rest->len - used);
    if (line.len && line.data[line.len - 1] == '\r')
        line.len--;
    return line;
}

static bool is_field(hydrant_str line, const char *name, hydrant_str *value)
{
    size_t len = strlen(name);
    if (line.len < len || memcmp(line.data, name, len) != 0)
        return false;
    if (line.len == len) {
        *value = hy_str("", 0);
        return true;
    }
    if (line.data[len++] != ':')
        return false;
    len += line.len > len && line.data[len] == ' ';
    *value = hy_str(line.data + len, line.len - len);
    return true;
}

/* Goes over the lines of an event; with w, writes the lines of its data there. */
static struct event scan_event(hydrant_str block, struct writing *w)
{
    struct event event = {0};
    hydrant_str value;
    while (block.len) {
        hydrant_str line = take_line(&block);
        if (is_field(line, "event", &value)) {
            event.name = value;
        } else if (is_field(line, "id", &value)) {
            event.id = value;
        } else if (is_field(line, "data", &value)) {
            if (w && event.has_data)
                PUT(w, "\n");
            if (w)
                put(w, value.data, value.len);
            event.has_data = true;
        }
    }
    return event;
}

static hydrant_drop read_event(struct hy_map_reader *reader, hydrant_str block)
{
    struct event event = scan_event(block, NULL);
    if (!event.has_data)
        return HYDRANT_DROP_KEEP_ALIVE;
    struct writing w = begin_writing(reader);
    PUT(&w, "{\"event\":");
    put_string(&w, event.name);
    PUT(&w, ",\"id\":");
    put_string(&w, event.id);
    PUT(&w, ",\"data\":");
    char *data = w.at;
    scan_event(block, &w);
    reader->bytes = hy_str(data, (size_t)(w.at - data));
    hydrant_str text = reader->bytes;
    PUT(&w, "}");
    hydrant_drop drop = read_written(reader, &w);
    if (drop != HYDRANT_DROP_NOT_JSON || !text.len || text.data[0] == '{')
        return drop;
    /* Not JSON: a bare word. It is moved behind its quoted form's largest place first. */
    char word[256];
    if (text.len > sizeof word)
        return drop;
    memcpy(word, text.data, text.len);
    w.at = data;
    put_string(&w, hy_str(word, text.len));
    PUT(&w, "}");
    return read_written(reader, &w);
}

/* ---- the whole ---- */

static bool begins(hydrant_str s, const char *with)
{
    size_t len = strlen(with);
    return s.len >= len && memcmp(s.data, with, len) == 0;
}

static enum hy_map_shape shape_of(hydrant_str record)
{
    if (record.len == 0 || record.data[0] == '{' || record.data[0] == '[')
        return HY_MAP_SHAPE_JSON;
    if (record.data[0] == '<')
        return HY_MAP_SHAPE_XML;
    if (record.data[0] == ':' || begins(record, "event:") || begins(record, "data:") ||
        begins(record, "id:") || begins(record, "retry:"))
        return HY_MAP_SHAPE_EVENT;
    return HY_MAP_SHAPE_JSON;
}

static hydrant_str without_blanks(hydrant_str s)
{
    if (begins(s, "\xEF\xBB\xBF"))
        s = hy_str(s.data + 3, s.len - 3);
    while (s.len &&
           (s.data[0] == ' ' || s.data[0] == '\t' || s.data[0] == '\n' || s.data[0] == '\r'))
        s = hy_str(s.data + 1, s.len - 1);
    return s;
}

hydrant_drop hy_map_read(struct hy_map_reader *reader, hydrant_str record)
{
    record = without_blanks(record);
    reader->bytes = record;
    reader->wrapped = false;
    reader->shape = shape_of(record);
    empty_document(reader);
    if (reader->shape == HY_MAP_SHAPE_EVENT)
        return read_event(reader, record);
    if (reader->shape == HY_MAP_SHAPE_JSON)
        return read_json(reader, record);
    size_t len = 0;
    hydrant_drop drop =
        hy_map_xml(record, reader->depth_max, reader->room, reader->room_bytes, &len);
    struct writing w = {.at = reader->room + len};
    return drop ? drop : read_written(reader, &w);
}

/* The document inside the envelope's string, or the bare document, as an event of the mapping. */
static hydrant_drop wrap(struct hy_map_reader *reader, const struct hy_mapping *mapping)
{
    hydrant_str name = mapping->envelope_default, body = reader->bytes;
    uint32_t event = hy_map_member(&reader->doc, HY_MAP_ROOT_NODE, mapping->envelope_event);
    uint32_t inner = hy_map_member(&reader->doc, HY_MAP_ROOT_NODE, mapping->envelope_body);
    if (hy_map_scalar(&reader->doc, event, &name) && !hy_map_scalar(&reader->doc, inner, &body))
        body = HY_STR("null");
    struct writing w = begin_writing(reader);
    PUT(&w, "{\"event\":");
    put_string(&w, name);
    PUT(&w, ",\"data\":");
    put(&w, body.data, body.len);
    PUT(&w, "}");
    return read_written(reader, &w);
}

hydrant_drop hy_map_open(struct hy_map_reader *reader, const struct hy_mapping *mapping,
                         uint32_t *root)
{
    *root = HY_MAP_ROOT_NODE;
    bool enveloped = mapping->envelope_body.len > 0;
    if (reader->shape == HY_MAP_SHAPE_EVENT && !enveloped)
        *root = hy_map_member(&reader->doc, HY_MAP_ROOT_NODE, HY_STR("data"));
    if (reader->shape != HY_MAP_SHAPE_JSON)
        return HYDRANT_DROP_NONE;
    hydrant_drop drop = HYDRANT_DROP_NONE;
    if (reader->wrapped) /* for another mapping */
        drop = read_json(reader, reader->bytes);
    reader->wrapped = enveloped;
    return enveloped && !drop ? wrap(reader, mapping) : drop;
}
