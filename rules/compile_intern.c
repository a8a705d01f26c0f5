/* Growing arrays, numbering by content, and the first error of a compilation. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "rules/compile_state.h"

uint32_t hy_compile_nomem(struct hy_compiler *c)
{
    if (c->status == HYDRANT_OK)
        c->status = hy_error_set(c->err, HYDRANT_ERR_NOMEM, "no memory for compiling the rules");
    return NONE;
}

bool hy_compile_goes_on(struct hy_compiler *c)
{
    if (c->status == HYDRANT_OK)
        c->status = hy_cancel_check(c->build.cancel, c->err);
    return c->status == HYDRANT_OK;
}

uint32_t hy_compile_fail(struct hy_compiler *c, const struct hy_query *at, const char *format, ...)
{
    if (c->status != HYDRANT_OK)
        return NONE;
    char text[sizeof c->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->status = hy_error_set(c->err, HYDRANT_ERR_RULES, "%s", text);
    if (at && at->line > 0) {
        char file[sizeof c->err->file];
        snprintf(file, sizeof file, "%.*s", (int)at->file.len, at->file.data ? at->file.data : "");
        hy_error_at(c->err, file, at->line, at->column);
    }
    return NONE;
}

bool hy_vec_room(struct hy_compiler *c, void **at, uint32_t *cap, uint64_t count, size_t size)
{
    if (count <= *cap)
        return true;
    uint64_t want = *cap ? (uint64_t)*cap * 2 : 64;
    while (want < count)
        want *= 2;
    void *grown = want < UINT32_MAX ? realloc(*at, want * size) : NULL;
    if (!grown) {
        hy_compile_nomem(c);
        return false;
    }
    *at = grown;
    *cap = (uint32_t)want;
    return true;
}

uint32_t hy_index_find(struct hy_compiler *c, const struct index *index, uint64_t hash,
                       index_same *same, const void *wanted)
{
    if (!index->slots)
        return NONE;
    for (uint32_t at = (uint32_t)hash & index->mask; index->slots[at]; at = (at + 1) & index->mask)
        if (same(c, index->slots[at] - 1, wanted))
            return index->slots[at] - 1;
    return NONE;
}

static void put(struct index *index, uint64_t hash, uint32_t number)
{
    uint32_t at = (uint32_t)hash & index->mask;
    while (index->slots[at])
        at = (at + 1) & index->mask;
    index->slots[at] = number + 1;
    index->used++;
}

static bool grow(struct hy_compiler *c, struct index *index, index_hash *hash_of)
{
    struct index larger = {0};
    uint32_t size = index->slots ? (index->mask + 1) * 2 : 256;
    larger.slots = calloc(size, sizeof *larger.slots);
    larger.mask = size - 1;
    if (!larger.slots) {
        hy_compile_nomem(c);
        return false;
    }
    for (uint32_t i = 0; index->slots && i <= index->mask; i++)
        if (index->slots[i])
            put(&larger, hash_of(c, index->slots[i] - 1), index->slots[i] - 1);
    free(index->slots);
    *index = larger;
    return true;
}

void hy_index_add(struct hy_compiler *c, struct index *index, uint64_t hash, uint32_t number,
                  index_hash *hash_of)
{
    if (c->status != HYDRANT_OK)
        return;
    if (!index->slots || index->used >= index->mask / 2)
        if (!grow(c, index, hash_of))
            return;
    put(index, hash, number);
}
