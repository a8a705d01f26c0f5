/*
 * The memory in a file.
 *
 *   header | conversations | authors | holds (in the order in which they end)
 *
 * header: magic, version, sizes of the three records, their counts, XXH3-64 of all that follows it.
 * Only what is in use is written. Sizes of records that differ are another version.
 */
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* for a state on the stack */
#include <xxhash.h>

#include "base/error.h"
#include "triage/memory_table.h"

enum { VERSION = 2 };

struct header {
    char magic[8];
    uint32_t version;
    uint32_t conversation_bytes, author_bytes, hold_bytes;
    uint32_t conversations, authors, holds;
    uint32_t reserved;
    uint64_t checksum;
};

static const char magic[8] = "HYMEMORY";

/* Writes what fits and counts all. */
struct writer {
    char *out;
    size_t cap, total;
    XXH3_state_t hash;
};

static void put(struct writer *w, const void *data, size_t len)
{
    if (w->total + len <= w->cap)
        memcpy(w->out + w->total, data, len);
    w->total += len;
    XXH3_64bits_update(&w->hash, data, len);
}

size_t hy_memory_save(const struct hy_memory *memory, void *out, size_t cap)
{
    struct header header = {.version = VERSION,
                            .conversation_bytes = sizeof(struct hy_conversation),
                            .author_bytes = sizeof(struct hy_author),
                            .hold_bytes = sizeof(struct hy_hold)};
    struct writer w = {.out = out, .cap = cap, .total = sizeof header};
    memcpy(header.magic, magic, sizeof magic);
    XXH3_64bits_reset(&w.hash);
    for (uint32_t i = 0; i < memory->conversations_count; i++)
        if (memory->conversations[i].key) {
            put(&w, &memory->conversations[i], sizeof memory->conversations[i]);
            header.conversations++;
        }
    for (uint32_t i = 0; i < memory->authors_count; i++)
        if (memory->authors[i].key) {
            put(&w, &memory->authors[i], sizeof memory->authors[i]);
            header.authors++;
        }
    for (uint32_t i = memory->first; i != HY_HOLD_NONE; i = memory->holds[i].next, header.holds++)
        put(&w, &memory->holds[i], sizeof memory->holds[i]);
    header.checksum = XXH3_64bits_digest(&w.hash);
    if (cap >= sizeof header)
        memcpy(out, &header, sizeof header);
    return w.total;
}

static bool is_sound(const struct header *h, const char *body, size_t len)
{
    uint64_t bytes = (uint64_t)h->conversations * h->conversation_bytes +
                     (uint64_t)h->authors * h->author_bytes + (uint64_t)h->holds * h->hold_bytes;
    return memcmp(h->magic, magic, sizeof magic) == 0 && h->version == VERSION &&
           h->conversation_bytes == sizeof(struct hy_conversation) &&
           h->author_bytes == sizeof(struct hy_author) && h->hold_bytes == sizeof(struct hy_hold) &&
           h->reserved == 0 && bytes == len && XXH3_64bits(body, len) == h->checksum;
}

static void restore_author(struct hy_memory *memory, const struct hy_author *author)
{
    int64_t seen_us = (int64_t)author->seen_s * 1000000;
    if (!author->key || !author->unhappy)
        return;
    hy_memory_unhappy(memory, author->key, true, seen_us);
    uint32_t start = (uint32_t)(author->key >> 20) & (memory->authors_count - 1);
    struct hy_author *bucket = &memory->authors[start & ~(uint32_t)(HY_MEMORY_BUCKET - 1)];
    for (uint32_t i = 0; i < HY_MEMORY_BUCKET; i++)
        if (bucket[i].key == author->key)
            bucket[i].unhappy = author->unhappy;
}

/* The checksum says that we wrote it; lengths are still not believed. */
static bool is_hold(const struct hy_hold *hold)
{
    uint32_t strings = (uint32_t)HY_HOLD_SKILLS + hold->skills_count, end = 0;
    if (!hold->conversation || strings > HY_HOLD_STRINGS_MAX)
        return false;
    for (uint32_t i = 0; i < strings; end = hold->ends[i++])
        if (hold->ends[i] < end || hold->ends[i] > HY_HOLD_BYTES)
            return false;
    return hold->action <= HYDRANT_ACTION_IGNORE && hold->obligation <= HYDRANT_OBLIGATION_MUST &&
           hold->priority <= 100;
}

hydrant_status hy_memory_restore(struct hy_memory *memory, const void *bytes, size_t len,
                                 hydrant_error *err)
{
    struct header header;
    const char *at = (const char *)bytes + sizeof header;
    hy_memory_clear(memory);
    if (len >= sizeof header)
        memcpy(&header, bytes, sizeof header);
    if (len < sizeof header || !is_sound(&header, at, len - sizeof header))
        return hy_error_set(err, HYDRANT_ERR_DATA,
                            "not a snapshot of conversations of this version, or damaged");
    for (uint32_t i = 0; i < header.conversations; i++, at += sizeof(struct hy_conversation)) {
        struct hy_conversation c;
        memcpy(&c, at, sizeof c);
        if (c.key)
            *hy_memory_conversation(memory, c.key, (int64_t)c.seen_s * 1000000) = c;
    }
    for (uint32_t i = 0; i < header.authors; i++, at += sizeof(struct hy_author)) {
        struct hy_author author;
        memcpy(&author, at, sizeof author);
        restore_author(memory, &author);
    }
    for (uint32_t i = 0; i < header.holds && i < memory->holds_capacity;
         i++, at += sizeof(struct hy_hold)) {
        struct hy_hold *hold = &memory->holds[memory->holds_top];
        memcpy(hold, at, sizeof *hold);
        if (!is_hold(hold))
            continue;
        memory->holds_top++;
        hy_memory_enlist(memory, hold);
    }
    return HYDRANT_OK;
}
