#include "journal/journal_frame.h"

#include <string.h>
#include <xxhash.h>
#include <zstd.h>

enum { HASHED_BYTES = 40 };

static void put32(char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (char)(value >> 8 * i);
}

static void put64(char *out, uint64_t value)
{
    put32(out, (uint32_t)value);
    put32(out + 4, (uint32_t)(value >> 32));
}

static uint32_t get32(const char *in)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++)
        value |= (uint32_t)(unsigned char)in[i] << 8 * i;
    return value;
}

static uint64_t get64(const char *in)
{
    return get32(in) | (uint64_t)get32(in + 4) << 32;
}

uint64_t hy_journal_hash(const char *payload, size_t len)
{
    return XXH3_64bits(payload, len);
}

void hy_journal_frame_write(char out[HY_JOURNAL_HEADER_BYTES], const struct hy_journal_frame *f)
{
    put32(out, HY_JOURNAL_MAGIC);
    put32(out + 4, f->stored_bytes);
    put32(out + 8, f->raw_bytes);
    put32(out + 12, f->records);
    put64(out + 16, f->first);
    put64(out + 24, (uint64_t)f->time_us);
    put64(out + 32, f->payload_hash);
    put64(out + 40, hy_journal_hash(out, HASHED_BYTES));
}

bool hy_journal_frame_read(const char in[HY_JOURNAL_HEADER_BYTES], struct hy_journal_frame *out)
{
    if (get32(in) != HY_JOURNAL_MAGIC || get64(in + 40) != hy_journal_hash(in, HASHED_BYTES))
        return false;
    *out = (struct hy_journal_frame){
        .stored_bytes = get32(in + 4),
        .raw_bytes = get32(in + 8),
        .records = get32(in + 12),
        .first = get64(in + 16),
        .time_us = (int64_t)get64(in + 24),
        .payload_hash = get64(in + 32),
    };
    return out->raw_bytes <= HY_JOURNAL_GROUP_BYTES_MAX && out->records > 0 &&
           out->stored_bytes <= ZSTD_COMPRESSBOUND(HY_JOURNAL_GROUP_BYTES_MAX) &&
           out->first <= UINT64_MAX - out->records;
}

bool hy_journal_payload_read(const struct hy_journal_frame *frame, const char *payload, char *raw)
{
    size_t len = ZSTD_decompress(raw, frame->raw_bytes, payload, frame->stored_bytes);
    if (ZSTD_isError(len) || len != frame->raw_bytes)
        return false;
    uint32_t records = 0;
    size_t at = 0;
    for (hydrant_str record; hy_journal_record_next(raw, len, &at, &record);)
        records++;
    return at == len && records == frame->records;
}

bool hy_journal_record_next(const char *raw, size_t len, size_t *at, hydrant_str *record)
{
    if (len - *at < 4)
        return false;
    uint32_t bytes = get32(raw + *at);
    if (bytes > len - *at - 4)
        return false;
    *record = (hydrant_str){raw + *at + 4, bytes};
    *at += 4 + (size_t)bytes;
    return true;
}

void hy_journal_record_put(char *raw, size_t *at, hydrant_str record)
{
    put32(raw + *at, record.len);
    if (record.len)
        memcpy(raw + *at + 4, record.data, record.len);
    *at += 4 + (size_t)record.len;
}
