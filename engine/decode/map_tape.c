#include "decode/map_tape.h"

#include "base/assert.h"
#include "base/str.h"
#include "decode/json_number.h"

static bool is_number(char type)
{
    return type == 'l' || type == 'u' || type == 'd';
}

/* Tokens and tape are in the same order; commas and colons are not on the tape. */
static void place_numbers(struct hy_map_document *doc)
{
    uint32_t node = HY_MAP_ROOT_NODE;
    for (uint32_t i = 0; i < doc->tokens_count; i++) {
        uint32_t at = doc->tokens[i];
        char first = doc->json.data[at];
        if (first == ',' || first == ':')
            continue;
        if (first == '-' || (first >= '0' && first <= '9')) {
            HY_ASSERT(is_number(hy_map_type(doc, node)));
            uint64_t len = hy_number_span(hy_str(doc->json.data + at, doc->json.len - at));
            doc->tape[++node] = len << 32 | at;
        }
        node++;
    }
    doc->numbers_placed = true;
}

bool hy_map_scalar(struct hy_map_document *doc, uint32_t node, hydrant_str *out)
{
    char type = hy_map_type(doc, node);
    if (type == '"') {
        *out = hy_map_string(doc, node);
        return true;
    }
    if (!is_number(type))
        return false;
    if (!doc->numbers_placed)
        place_numbers(doc);
    uint64_t place = doc->tape[node + 1];
    *out = hy_str(doc->json.data + (uint32_t)place, place >> 32);
    return true;
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
    hydrant_str found;
    uint32_t value =
        step->name.len ? hy_map_member(doc, node, step->name) : element(doc, node, step->index);
    return hy_map_scalar(doc, value, &found) && hy_str_equal(found, step->value);
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
