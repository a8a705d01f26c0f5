#include "pipeline/mention_native.h"

#include <string.h>

#include "base/str.h"
#include "decode/mention_fields.h"
#include "publish/json_writer.h"

static const void *member(const hydrant_mention *m, uint16_t offset)
{
    return (const char *)m + offset;
}

static uint32_t count_of(const hydrant_mention *m, const struct hy_mention_field *field)
{
    return *(const uint32_t *)member(m, field->side_offset);
}

/* Is there anything to write? What is not written is read as this. */
static bool is_given(const hydrant_mention *m, const struct hy_mention_field *field)
{
    switch (field->kind) {
    case HY_MENTION_EVENT:
        return m->event != HYDRANT_EVENT_POST;
    case HY_MENTION_TIME:
        return m->created_at_us != HYDRANT_TIME_NONE;
    case HY_MENTION_COUNT:
        return field->side_offset != field->offset
                   ? *(const bool *)member(m, field->side_offset)
                   : *(const uint64_t *)member(m, field->offset) != 0;
    case HY_MENTION_BOOL:
        return *(const bool *)member(m, field->offset);
    case HY_MENTION_URLS:
    case HY_MENTION_TAGS:
    case HY_MENTION_HANDLES:
    case HY_MENTION_STRINGS:
        return count_of(m, field) > 0;
    default:
        return ((const hydrant_str *)member(m, field->offset))->len > 0;
    }
}

static void put_strings(struct hy_json_writer *w, const hydrant_str *strings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            HY_JSON_LITERAL(w, ",");
        hy_json_string(w, strings[i]);
    }
}

static void put_urls(struct hy_json_writer *w, const hydrant_url *urls, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i)
            HY_JSON_LITERAL(w, ",");
        HY_JSON_LITERAL(w, "{\"url\":");
        hy_json_string(w, urls[i].url);
        if (urls[i].expanded.len) {
            HY_JSON_LITERAL(w, ",\"expanded\":");
            hy_json_string(w, urls[i].expanded);
        }
        HY_JSON_LITERAL(w, "}");
    }
}

static void put_value(struct hy_json_writer *w, const hydrant_mention *m,
                      const struct hy_mention_field *field)
{
    const void *value = member(m, field->offset);
    switch (field->kind) {
    case HY_MENTION_EVENT:
        hy_json_string(w, m->event == HYDRANT_EVENT_EDIT ? HY_STR("edit") : HY_STR("delete"));
        return;
    case HY_MENTION_TIME:
        hy_json_time(w, m->created_at_us);
        return;
    case HY_MENTION_COUNT:
        hy_json_uint(w, *(const uint64_t *)value);
        return;
    case HY_MENTION_BOOL:
        HY_JSON_LITERAL(w, "true");
        return;
    case HY_MENTION_URLS:
    case HY_MENTION_TAGS:
    case HY_MENTION_HANDLES:
    case HY_MENTION_STRINGS:
        HY_JSON_LITERAL(w, "[");
        if (field->kind == HY_MENTION_URLS)
            put_urls(w, *(const hydrant_url *const *)value, count_of(m, field));
        else
            put_strings(w, *(const hydrant_str *const *)value, count_of(m, field));
        HY_JSON_LITERAL(w, "]");
        return;
    default:
        hy_json_string(w, *(const hydrant_str *)value);
    }
}

/* Fields of one object stand side by side in the table: "author.id", "author.name". */
static void put_name(struct hy_json_writer *w, const char *name, hydrant_str *inside, bool first)
{
    const char *dot = strchr(name, '.');
    hydrant_str object = dot ? hy_str(name, (uint32_t)(dot - name)) : HY_STR("");
    bool same = hy_str_equal(object, *inside);
    if (inside->len && !same)
        HY_JSON_LITERAL(w, "}");
    if (!first)
        HY_JSON_LITERAL(w, ",");
    if (object.len && !same) {
        hy_json_string(w, object);
        HY_JSON_LITERAL(w, ":{");
    }
    hy_json_string(w, hy_str_cstr(dot ? dot + 1 : name));
    HY_JSON_LITERAL(w, ":");
    *inside = object;
}

size_t hy_mention_native(const hydrant_mention *mention, char *out, size_t cap)
{
    struct hy_json_writer w = {.out = out, .cap = cap};
    hydrant_str inside = HY_STR("");
    bool first = true;
    if (cap < 64)
        return 0;
    HY_JSON_LITERAL(&w, "{");
    for (uint32_t i = 0; i < HY_MENTION_FIELDS; i++) {
        const struct hy_mention_field *field = &hy_mention_fields[i];
        if (!is_given(mention, field))
            continue;
        put_name(&w, field->name, &inside, first);
        put_value(&w, mention, field);
        first = false;
    }
    if (inside.len)
        HY_JSON_LITERAL(&w, "}");
    HY_JSON_LITERAL(&w, "}\n");
    return hy_json_total(&w) <= cap ? w.used : 0;
}
