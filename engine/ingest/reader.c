#include "ingest/reader.h"

#include "base/assert.h"

enum { BLOCKS_LEFT_FREE = 2 }; /* read-ahead leaves these to what is decompressed */

void hy_reader_start(struct hy_reader *r, int fd, uint64_t offset, uint64_t size, bool poll_first)
{
    r->fd = fd;
    r->poll_first = poll_first;
    r->ended = false;
    r->offset = offset;
    r->size = size;
    r->depth = 1;
    r->head = r->count = 0;
    r->stream.state = HY_IO_IDLE;
}

static struct hy_chunk_read *chunk_at(struct hy_reader *r, uint32_t index)
{
    return &r->chunks[(r->head + index) % HY_READER_DEPTH_MAX];
}

static void ask(struct hy_reader *r, struct hy_chunk_read *chunk, uint64_t offset)
{
    chunk->request = (struct hy_io_request){
        .fd = r->fd,
        .positional = true,
        .data = chunk->block->body + chunk->filled,
        .len = HY_FEEDER_BLOCK_BYTES - chunk->filled,
        .offset = offset,
    };
    hy_io_submit(r->io, &chunk->request);
}

/* Asks for chunks up to the depth. At least one if a block is free; more only within the file. */
static void read_ahead(struct hy_reader *r)
{
    while (r->count < r->depth) {
        if (r->count > 0 && (r->offset >= r->size || r->blocks->free_count <= BLOCKS_LEFT_FREE))
            return;
        struct hy_chunk_read *chunk = chunk_at(r, r->count);
        chunk->block = hy_blocks_take(r->blocks);
        if (!chunk->block)
            return;
        chunk->filled = 0;
        ask(r, chunk, r->offset);
        r->offset += HY_FEEDER_BLOCK_BYTES;
        r->count++;
    }
}

static enum hy_io_end wait_for(struct hy_reader *r, struct hy_io_request *request, int timeout_ms)
{
    enum hy_io_end end = hy_io_wait(r->io, request, 0);
    if (end == HY_IO_END_DONE || timeout_ms == 0)
        return end;
    if (r->depth < HY_READER_DEPTH_MAX)
        r->depth *= 2;
    read_ahead(r);
    return hy_io_wait(r->io, request, timeout_ms);
}

static enum hy_read not_done(enum hy_io_end end)
{
    return end == HY_IO_END_WOKEN ? HY_READ_WOKEN : HY_READ_TIMEOUT;
}

static struct hy_block *pop(struct hy_reader *r)
{
    struct hy_block *block = r->chunks[r->head].block;
    r->head = (r->head + 1) % HY_READER_DEPTH_MAX;
    r->count--;
    return block;
}

/* The chunk at the head has been read as far as the file goes. */
static enum hy_read last_chunk(struct hy_reader *r, struct hy_block **block, size_t *len)
{
    *len = r->chunks[r->head].filled;
    *block = pop(r);
    hy_reader_stop(r);
    r->ended = true;
    if (*len > 0)
        return HY_READ_BYTES; /* the next call says END */
    hy_blocks_unref(r->blocks, *block);
    return HY_READ_END;
}

enum hy_read hy_reader_chunk(struct hy_reader *r, int timeout_ms, struct hy_block **block,
                             size_t *len, int *error)
{
    if (r->ended)
        return HY_READ_END;
    read_ahead(r);
    if (r->count == 0)
        return HY_READ_STALLED;
    struct hy_chunk_read *chunk = &r->chunks[r->head];
    for (;;) {
        enum hy_io_end end = wait_for(r, &chunk->request, timeout_ms);
        if (end != HY_IO_END_DONE)
            return not_done(end);
        if (chunk->request.result < 0) {
            *error = -chunk->request.result;
            hy_reader_stop(r);
            return HY_READ_FAILED;
        }
        chunk->filled += (uint32_t)chunk->request.result;
        if (chunk->filled == HY_FEEDER_BLOCK_BYTES)
            break;
        if (chunk->request.result == 0)
            return last_chunk(r, block, len);
        ask(r, chunk, chunk->request.offset + (uint64_t)chunk->request.result);
    }
    *len = chunk->filled;
    *block = pop(r);
    if (r->depth > 1) {
        read_ahead(r);
        if (r->count)
            hy_io_wait(r->io, &r->chunks[r->head].request, 0); /* hands them to the kernel */
    }
    return HY_READ_BYTES;
}

void hy_reader_begin(struct hy_reader *r, char *data, size_t len)
{
    HY_ASSERT(!hy_reader_busy(r));
    r->stream = (struct hy_io_request){
        .fd = r->fd, .poll_first = r->poll_first, .data = data, .len = (uint32_t)len};
    r->poll_first = false;
    hy_io_submit(r->io, &r->stream);
}

enum hy_read hy_reader_finish(struct hy_reader *r, int timeout_ms, size_t *len, int *error)
{
    enum hy_io_end end = hy_io_wait(r->io, &r->stream, timeout_ms);
    if (end != HY_IO_END_DONE)
        return not_done(end);
    r->stream.state = HY_IO_IDLE;
    if (r->stream.result < 0) {
        *error = -r->stream.result;
        return HY_READ_FAILED;
    }
    *len = (size_t)r->stream.result;
    return *len ? HY_READ_BYTES : HY_READ_END;
}

void hy_reader_stop(struct hy_reader *r)
{
    while (r->count) {
        hy_io_cancel(r->io, &r->chunks[r->head].request);
        hy_blocks_unref(r->blocks, pop(r));
    }
    if (hy_reader_busy(r))
        hy_io_cancel(r->io, &r->stream);
    r->stream.state = HY_IO_IDLE;
}
