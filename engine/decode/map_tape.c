#include "decode/map_tape.h"

#include <stdio.h>

#include "base/str.h"

static hydrant_str write_unsigned(uint64_t value, bool negative, char *scratch)
{
    char *end = scratch + HY_MAP_NUMBER_BYTES, *at = end;
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    if (negative)
        *--at = '-';
    return hy_str(at, (size_t)(end - at));
}

bool hy_map_scalar(const struct hy_map_document *doc, uint32_t node,
                   char scratch[HY_MAP_NUMBER_BYTES], hydrant_str *out)
{
    uint64_t word;
    double number;
    switch (hy_map_type(doc, node)) {
    case '"':
        *out = hy_map_string(doc, node);
        return true;
    case 'l':
    case 'u':
        word = doc->tape[node + 1];
        bool negative = hy_map_type(doc, node) == 'l' && (int64_t)word < 0;
        *out = write_unsigned(negative ? 0 - word : word, negative, scratch);
        return true;
    case 'd':
        memcpy(&number, &doc->tape[node + 1], sizeof number);
        *out = hy_str(scratch, (size_t)snprintf(scratch, HY_MAP_NUMBER_BYTES, "%.17g", number));
        return true;
    default:
        return false;
    }
}

bool hy_map_given(const struct hy_map_document *doc, uint32_t node)
{
    char type = hy_map_type(doc, node);
    if (type == '"')
        return hy_map_string(doc, node).len > 0;
    return type != 0 && type != 'n';
}

static bool step_left(struct hy_map_document *doc)
{
    if (doc->steps_left == 0)
        return false;
    doc->steps_left--;
    return true;
}

uint32_t hy_map_member(struct hy_map_document *doc, uint32_t object, hydrant_str name)
{
    if (hy_map_type(doc, object) != '{')
        return 0;
    uint32_t end = (uint32_t)doc->tape[object] - 1;
    for (uint32_t key = object + 1; key < end && step_left(doc); key = hy_map_next(doc, key + 1))
        if (hy_str_equal(hy_map_string(doc, key), name))
            return key + 1;
    return 0;
}

static uint32_t element(struct hy_map_document *doc, uint32_t array, uint32_t index)
{
    if (hy_map_type(doc, array) != '[')
        return 0;
    uint32_t end = (uint32_t)doc->tape[array] - 1;
    for (uint32_t node = array + 1; node < end && step_left(doc); node = hy_map_next(doc, node))
        if (index-- == 0)
            return node;
    return 0;
}

static bool is_where(struct hy_map_document *doc, uint32_t node, const struct hy_map_step *step)
{
    char scratch[HY_MAP_NUMBER_BYTES];
    hydrant_str found;
    uint32_t value =
        step->name.len ? hy_map_member(doc, node, step->name) : element(doc, node, step->index);
    return hy_map_scalar(doc, value, scratch, &found) && hy_str_equal(found, step->value);
}

/* Members of that name: a feed's elements repeat, and each is one. */
static bool walk_members(struct hy_map_document *doc, uint32_t object,
                         const struct hy_map_step *steps, uint32_t steps_count, hy_map_visit *visit,
                         void *ctx)
{
    if (hy_map_type(doc, object) != '{')
        return false;
    uint32_t end = (uint32_t)doc->tape[object] - 1;
    for (uint32_t key = object + 1; key < end && step_left(doc); key = hy_map_next(doc, key + 1))
        if (hy_str_equal(hy_map_string(doc, key), steps->name) &&
            hy_map_walk(doc, key + 1, steps + 1, steps_count - 1, visit, ctx))
            return true;
    return false;
}

static bool walk_one(struct hy_map_document *doc, uint32_t node, const struct hy_map_step *steps,
                     uint32_t steps_count, hy_map_visit *visit, void *ctx)
{
    if (steps->kind == HY_MAP_STEP_WHERE && !is_where(doc, node, steps))
        return false;
    return hy_map_walk(doc, node, steps + 1, steps_count - 1, visit, ctx);
}

static bool walk_elements(struct hy_map_document *doc, uint32_t from,
                          const struct hy_map_step *steps, uint32_t steps_count,
                          hy_map_visit *visit, void *ctx)
{
    if (hy_map_type(doc, from) != '[')
        return walk_one(doc, from, steps, steps_count, visit, ctx);
    uint32_t end = (uint32_t)doc->tape[from] - 1;
    for (uint32_t node = from + 1; node < end && step_left(doc); node = hy_map_next(doc, node))
        if (walk_one(doc, node, steps, steps_count, visit, ctx))
            return true;
    return false;
}

bool hy_map_walk(struct hy_map_document *doc, uint32_t from, const struct hy_map_step *steps,
                 uint32_t steps_count, hy_map_visit *visit, void *ctx)
{
    if (!from)
        return false;
    if (steps_count == 0)
        return visit(ctx, from);
    switch (steps->kind) {
    case HY_MAP_STEP_NAME:
        return walk_members(doc, from, steps, steps_count, visit, ctx);
    case HY_MAP_STEP_INDEX:
        return hy_map_walk(doc, element(doc, from, steps->index), steps + 1, steps_count - 1, visit,
                           ctx);
    default:
        return walk_elements(doc, from, steps, steps_count, visit, ctx);
    }
}
