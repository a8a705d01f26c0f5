#include "ingest/blocks.h"

#include "base/assert.h"
#include "base/error.h"
#include "ingest/feeder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, TAIL_BYTES = PAGE_BYTES };
_Static_assert((int)TAIL_BYTES >= (int)HY_RECORD_PADDING, "the tail is the padding");

hydrant_status hy_blocks_init(struct hy_blocks *blocks, uint32_t count, size_t headroom,
                              hydrant_error *err)
{
    *blocks = (struct hy_blocks){.count = count, .free_count = count};
    blocks->headroom = (headroom + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    blocks->stride = blocks->headroom + HY_FEEDER_BLOCK_BYTES + TAIL_BYTES;
    blocks->all = calloc(count, sizeof *blocks->all);
    if (!blocks->all)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u read blocks", count);
    void *memory = mmap(NULL, blocks->stride * count, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        free(blocks->all);
        *blocks = (struct hy_blocks){0};
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u read blocks", count);
    }
    blocks->memory = memory;
    for (uint32_t i = count; i-- > 0;) {
        blocks->all[i].body = blocks->memory + blocks->stride * i + blocks->headroom;
        blocks->all[i].next_free = blocks->free;
        blocks->free = &blocks->all[i];
    }
    return HYDRANT_OK;
}

void hy_blocks_fini(struct hy_blocks *blocks)
{
    if (blocks->memory)
        munmap(blocks->memory, blocks->stride * blocks->count);
    free(blocks->all);
    *blocks = (struct hy_blocks){0};
}

struct hy_block *hy_blocks_take(struct hy_blocks *blocks)
{
    struct hy_block *block = blocks->free;
    if (!block)
        return NULL;
    blocks->free = block->next_free;
    blocks->free_count--;
    block->refs = 1;
    return block;
}

void hy_blocks_unref(struct hy_blocks *blocks, struct hy_block *block)
{
    if (!block)
        return;
    HY_ASSERT(block->refs > 0);
    if (--block->refs > 0)
        return;
    block->next_free = blocks->free;
    blocks->free = block;
    blocks->free_count++;
}

static char *body_end(const struct hy_block *block)
{
    return block->body + HY_FEEDER_BLOCK_BYTES;
}

size_t hy_window_room(const struct hy_window *w)
{
    return w->block ? (size_t)(body_end(w->block) - w->end) : 0;
}

/* Moves what is unframed to a place in a block that nobody else reads. */
static void move_pending(struct hy_window *w, char *to)
{
    size_t pending = hy_window_pending(w);
    if (pending && to != w->begin)
        memmove(to, w->begin, pending);
    w->begin = to;
    w->end = to + pending;
}

/* Where what is unframed must begin so that no byte read behind it touches padding in use. */
static char *clear_of_padding(const struct hy_window *w)
{
    if (!w->cut || w->end >= w->cut + HY_RECORD_PADDING)
        return w->begin;
    return w->cut + HY_RECORD_PADDING;
}

static void enter(struct hy_window *w, struct hy_blocks *blocks, struct hy_block *block)
{
    size_t pending = hy_window_pending(w);
    HY_ASSERT(pending <= blocks->headroom);
    if (pending)
        move_pending(w, block->body - pending);
    else
        w->begin = w->end = block->body;
    if (w->block != block)
        hy_blocks_unref(blocks, w->block);
    w->block = block;
    w->cut = NULL;
}

/* Stays in the block, behind the padding of its last record. */
static bool stay(struct hy_window *w, size_t wanted)
{
    if (!w->block)
        return false;
    char *begin = clear_of_padding(w);
    if ((size_t)(body_end(w->block) - w->end) < wanted + (size_t)(begin - w->begin))
        return false;
    move_pending(w, begin);
    return true;
}

bool hy_window_make_room(struct hy_window *w, struct hy_blocks *blocks, size_t wanted,
                         bool may_leave, bool *stalled)
{
    *stalled = false;
    bool own = w->block && w->block->refs == 1 && may_leave;
    if (own && w->cut) { /* every record of it is back: start over, it is in cache */
        enter(w, blocks, w->block);
        return true;
    }
    if (stay(w, wanted))
        return true;
    if (!may_leave)
        return false;
    struct hy_block *block = own ? w->block : hy_blocks_take(blocks);
    *stalled = !block;
    if (block)
        enter(w, blocks, block);
    return block != NULL;
}

void hy_window_adopt(struct hy_window *w, struct hy_blocks *blocks, struct hy_block *block,
                     size_t len)
{
    enter(w, blocks, block);
    w->end = block->body + len;
}

bool hy_window_put(struct hy_window *w, struct hy_blocks *blocks, const char *data, size_t len)
{
    HY_ASSERT(w->begin == w->end && len <= blocks->headroom);
    bool stalled;
    if (!hy_window_make_room(w, blocks, len < HY_FEEDER_BLOCK_BYTES ? len : 0, true, &stalled))
        return false;
    if (len >= HY_FEEDER_BLOCK_BYTES) { /* goes in front of a body that nobody else reads */
        struct hy_block *block = w->block->refs == 1 ? w->block : hy_blocks_take(blocks);
        if (!block)
            return false;
        enter(w, blocks, block);
        w->begin -= len;
        memcpy(w->begin, data, len);
        return true;
    }
    memcpy(w->end, data, len);
    w->end += len;
    return true;
}
