#include "ingest/stream_cut.h"

#include <stdlib.h>
#include <string.h>

#include "ingest/intake.h"

enum {
    RECORDS = 64,      /* at a time */
    KEPT_BYTES = 1024, /* of a carry that is empty */
    GATHER_BYTES = 64 << 10,
};

/* ---- gathering ---- */

void hy_gather_fini(struct hy_gather *gather)
{
    free(gather->data);
    *gather = (struct hy_gather){0};
}

static char *make_room(struct hy_gather *gather, uint32_t len)
{
    size_t wanted = gather->len + HY_INTAKE_PREFIX_BYTES + len;
    if (wanted > gather->capacity) {
        size_t capacity = gather->capacity ? gather->capacity : GATHER_BYTES;
        while (capacity < wanted)
            capacity *= 2;
        char *grown = realloc(gather->data, capacity);
        if (!grown)
            return NULL;
        gather->data = grown;
        gather->capacity = capacity;
    }
    char *at = gather->data + gather->len;
    hy_intake_prefix(at, len);
    gather->len = wanted;
    return at + HY_INTAKE_PREFIX_BYTES;
}

bool hy_gather_record(struct hy_gather *gather, const char *data, uint32_t len)
{
    char *at = make_room(gather, len);
    if (at)
        memcpy(at, data, len);
    return at != NULL;
}

bool hy_gather_too_long(struct hy_gather *gather, uint32_t record_bytes_max)
{
    char *at = make_room(gather, record_bytes_max + 1);
    if (at)
        memset(at, ' ', record_bytes_max + 1);
    return at != NULL;
}

/* ---- cutting ---- */

void hy_stream_cut_init(struct hy_stream_cut *cut, const struct hy_framing *framing,
                        enum hy_frame_kind kind, uint32_t record_bytes_max)
{
    *cut = (struct hy_stream_cut){.framing = framing, .record_bytes_max = record_bytes_max};
    framing->begin(&cut->framer, kind, record_bytes_max, 0);
}

void hy_stream_cut_fini(struct hy_stream_cut *cut)
{
    free(cut->carry);
    cut->carry = NULL;
    cut->carry_len = cut->carry_capacity = 0;
}

static bool reserve_carry(struct hy_stream_cut *cut, size_t wanted)
{
    wanted += HY_RECORD_PADDING;
    if (wanted <= cut->carry_capacity)
        return true;
    size_t capacity = cut->carry_capacity ? cut->carry_capacity : KEPT_BYTES;
    while (capacity < wanted)
        capacity *= 2;
    char *grown = realloc(cut->carry, capacity);
    if (!grown)
        return false;
    memset(grown + cut->carry_capacity, 0, capacity - cut->carry_capacity);
    cut->carry = grown;
    cut->carry_capacity = capacity;
    return true;
}

static bool gather_all(const struct hy_stream_cut *cut, const struct hy_frame_out *out,
                       struct hy_gather *gather, uint32_t *records)
{
    for (uint32_t i = 0; i < out->count; i++) {
        const struct hy_record *record = &out->records[i];
        if (!record->drop && record->len == 0)
            continue;
        bool put = record->drop ? hy_gather_too_long(gather, cut->record_bytes_max)
                                : hy_gather_record(gather, record->data, record->len);
        if (!put)
            return false;
        ++*records;
    }
    return true;
}

/* Cuts data; *used gets how much of it is done with. */
static bool cut_all(struct hy_stream_cut *cut, char *data, size_t len, bool final,
                    struct hy_gather *gather, uint32_t *records, size_t *used)
{
    struct hy_record found[RECORDS];
    struct hy_frame_out out = {.records = found, .capacity = RECORDS};
    *used = 0;
    do {
        out.count = 0;
        *used += cut->framing->run(&cut->framer, data + *used, len - *used, final, &out);
        if (!gather_all(cut, &out, gather, records))
            return false;
    } while (out.count == RECORDS);
    return true;
}

/* Keeps what is left of the carry; a large one is not kept for nothing. */
static void shrink_carry(struct hy_stream_cut *cut, size_t used)
{
    cut->carry_len -= used;
    if (cut->carry_len && used)
        memmove(cut->carry, cut->carry + used, cut->carry_len);
    if (cut->carry_len == 0 && cut->carry_capacity > KEPT_BYTES)
        hy_stream_cut_fini(cut);
}

bool hy_stream_cut_run(struct hy_stream_cut *cut, char *data, size_t len, bool final,
                       struct hy_gather *gather, uint32_t *records)
{
    size_t used;
    *records = 0;
    if (cut->carry_len) {
        if (!reserve_carry(cut, cut->carry_len + len))
            return false;
        if (len)
            memcpy(cut->carry + cut->carry_len, data, len);
        cut->carry_len += len;
        if (!cut_all(cut, cut->carry, cut->carry_len, final, gather, records, &used))
            return false;
        shrink_carry(cut, used);
        return true;
    }
    if (!cut_all(cut, data, len, final, gather, records, &used))
        return false;
    if (used == len)
        return true;
    if (!reserve_carry(cut, len - used))
        return false;
    memcpy(cut->carry, data + used, len - used);
    cut->carry_len = len - used;
    return true;
}

bool hy_stream_cut_is_inside(const struct hy_stream_cut *cut)
{
    return cut->carry_len > 0 || cut->framer.skipped > 0 ||
           (cut->framer.kind == HY_FRAME_PREFIXED && cut->framer.state != 0);
}
