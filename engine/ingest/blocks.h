/*
 * Read blocks, and the window over one of them through which a stream is framed.
 *
 *   block:   | headroom                    | body: 256 KiB                       | padding |
 *   window:            begin ........ end ----- room ----------------------------^
 *                      | carry, then bytes read |
 *
 * What is unframed when a block is used up is copied to the headroom of the next one, right before
 * the place where its bytes were (or will be) read to: so a record is always contiguous.
 *
 * Invariants: a block is free when refs is 0; behind the last record that was cut from a block,
 * HY_RECORD_PADDING bytes are never written while the block is shared, because a worker's SIMD
 * loads may touch them (they are readable behind the body too). Memory is reserved once, untouched
 * pages cost nothing, the block freed last is used first because it is in cache.
 * Limits: what is carried is at most headroom bytes (asserted; framers guarantee it).
 * Threads: the ingest thread only; refs are plain.
 */
#ifndef HY_INGEST_BLOCKS_H
#define HY_INGEST_BLOCKS_H

#include <hydrant/types.h>

struct hy_block {
    char *body;
    uint32_t refs;
    struct hy_block *next_free;
};

struct hy_blocks {
    struct hy_block *all, *free;
    uint32_t count, free_count;
    size_t headroom, stride;
    char *memory;
};

hydrant_status hy_blocks_init(struct hy_blocks *, uint32_t count, size_t headroom,
                              hydrant_error *err);
void hy_blocks_fini(struct hy_blocks *);

/* With one reference; NULL when all are out. */
struct hy_block *hy_blocks_take(struct hy_blocks *);
static inline void hy_block_ref(struct hy_block *block)
{
    block->refs++;
}
void hy_blocks_unref(struct hy_blocks *, struct hy_block *block); /* NULL is fine */

struct hy_window {
    struct hy_block *block; /* holds one reference; NULL: there is no room and nothing unframed */
    char *begin, *end;      /* unframed bytes */
    char *cut;              /* end of the last record cut from the block; NULL: none yet */
};

static inline size_t hy_window_pending(const struct hy_window *w)
{
    return (size_t)(w->end - w->begin);
}

size_t hy_window_room(const struct hy_window *);

/*
 * Makes room for at least wanted bytes (<= a block's body) behind end, keeping the padding behind
 * records clear. Stays in the block if it can; may_leave says whether it may go to another one.
 * False: it would have to leave and may not, or all blocks are out (*stalled is set then).
 */
bool hy_window_make_room(struct hy_window *, struct hy_blocks *, size_t wanted, bool may_leave,
                         bool *stalled);

/* Goes on in block, whose body holds len bytes of the stream; takes over the caller's reference. */
void hy_window_adopt(struct hy_window *, struct hy_blocks *, struct hy_block *block, size_t len);

/* Puts len <= headroom bytes behind the window's end, where nothing may be unframed, as what is
 * unframed now. False as for make_room with leave to go. */
bool hy_window_put(struct hy_window *, struct hy_blocks *, const char *data, size_t len);

#endif
