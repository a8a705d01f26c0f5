#include "net/record_path.h"

#include "base/str.h"
#include "decode/map_tape.h"

enum { DEPTH_MAX = 64 };

/* [] or [n] at *at. */
static bool parse_index(const char **at, struct hy_map_step *step)
{
    const char *p = *at + 1;
    *step = (struct hy_map_step){.kind = *p == ']' ? HY_MAP_STEP_EACH : HY_MAP_STEP_INDEX};
    for (; *p >= '0' && *p <= '9' && step->index < 1000000; p++)
        step->index = 10 * step->index + (uint32_t)(*p - '0');
    *at = p + 1;
    return *p == ']';
}

bool hy_record_path_parse(struct hy_record_path *path, const char *text)
{
    bool name_next = *text != '[';
    path->count = 0;
    while (*text) {
        if (path->count == HY_MAPPING_STEPS_MAX)
            return false;
        struct hy_map_step *step = &path->steps[path->count++];
        if (!name_next) {
            if (!parse_index(&text, step))
                return false;
        } else {
            size_t len = strcspn(text, ".[");
            *step = (struct hy_map_step){.kind = HY_MAP_STEP_NAME, .name = hy_str(text, len)};
            text += len;
            if (len == 0)
                return false;
        }
        name_next = *text == '.';
        text += name_next;
        if (*text && !name_next && *text != '[')
            return false;
    }
    return path->count > 0 && !name_next;
}

hydrant_status hy_record_reader_init(struct hy_record_reader *reader, uint32_t record_bytes_max,
                                     hydrant_error *err)
{
    hydrant_status status = hy_map_reader_init(&reader->map, record_bytes_max, DEPTH_MAX, err);
    reader->made = status == HYDRANT_OK;
    return status;
}

void hy_record_reader_fini(struct hy_record_reader *reader)
{
    if (reader->made)
        hy_map_reader_fini(&reader->map);
    reader->made = false;
}

bool hy_record_read(struct hy_record_reader *reader, hydrant_str record)
{
    return reader->made && record.len && hy_map_read(&reader->map, record) == HYDRANT_DROP_NONE;
}

struct search {
    struct hy_map_document *doc;
    hydrant_str wanted; /* data NULL: any */
    char *out;
    size_t cap;
    bool found, too_long;
};

static bool visit(void *ctx, uint32_t node)
{
    struct search *search = ctx;
    hydrant_str value;
    if (!hy_map_given(search->doc, node) || !hy_map_scalar(search->doc, node, &value))
        return false;
    if (search->wanted.data) {
        search->found = hy_str_equal(value, search->wanted);
        return search->found;
    }
    search->too_long = value.len >= search->cap;
    search->found = !search->too_long && !memchr(value.data, '\0', value.len);
    if (search->found) {
        memcpy(search->out, value.data, value.len);
        search->out[value.len] = '\0';
    }
    return true;
}

static bool walk(struct hy_record_reader *reader, const struct hy_record_path *path,
                 struct search *search)
{
    search->doc = &reader->map.doc;
    hy_map_walk(search->doc, HY_MAP_ROOT_NODE, path->steps, path->count, visit, search);
    return search->found;
}

bool hy_record_value(struct hy_record_reader *reader, const struct hy_record_path *path, char *out,
                     size_t cap)
{
    struct search search = {.out = out, .cap = cap};
    bool found = walk(reader, path, &search);
    reader->too_long = search.too_long;
    return found;
}

static bool visit_any(void *ctx, uint32_t node)
{
    struct search *search = ctx;
    search->found = hy_map_given(search->doc, node) && hy_map_type(search->doc, node) != 'f';
    return search->found;
}

bool hy_record_given(struct hy_record_reader *reader, const struct hy_record_path *path)
{
    struct search search = {.doc = &reader->map.doc};
    if (path->count)
        hy_map_walk(search.doc, HY_MAP_ROOT_NODE, path->steps, path->count, visit_any, &search);
    return search.found;
}

bool hy_record_has(struct hy_record_reader *reader, const struct hy_record_path *path,
                   hydrant_str value)
{
    struct search search = {.wanted = value};
    return walk(reader, path, &search);
}
