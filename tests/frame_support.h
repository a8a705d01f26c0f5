/* What the framers' tests share: running a framer over bytes that come in any pieces. */
#ifndef HY_TESTS_FRAME_SUPPORT_H
#define HY_TESTS_FRAME_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/framer.h"

struct cut_record {
    char *data; /* NULL for a record that is too long */
    char *event, *id;
    uint64_t offset;
    uint32_t len, drop;
};

struct cut_list {
    struct cut_record *records;
    size_t count, capacity;
};

static inline char *copy_bytes(const char *data, size_t len)
{
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    if (len)
        memcpy(copy, data, len);
    copy[len] = 0;
    return copy;
}

static inline void cut_free(struct cut_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->records[i].data);
        free(list->records[i].event);
        free(list->records[i].id);
    }
    free(list->records);
    *list = (struct cut_list){0};
}

static inline void cut_add(struct cut_list *list, const struct hy_record *record,
                           const struct hy_frame_note *note)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 64;
        list->records = realloc(list->records, list->capacity * sizeof *list->records);
        assert_non_null(list->records);
    }
    list->records[list->count++] = (struct cut_record){
        .data = record->data ? copy_bytes(record->data, record->len) : NULL,
        .event = note ? copy_bytes(note->event.data, note->event.len) : NULL,
        .id = note ? copy_bytes(note->id.data, note->id.len) : NULL,
        .offset = record->offset,
        .len = record->len,
        .drop = record->drop,
    };
}

/* xorshift64*: the same numbers for the same seed everywhere. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static inline size_t below(uint64_t *state, size_t n)
{
    return (size_t)(next_random(state) % n);
}

static inline uint64_t test_seed(void)
{
    const char *given = getenv("HYDRANT_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 0x9E3779B97F4A7C15u ^ (uint64_t)getpid();
    printf("HYDRANT_SEED=%llu\n", (unsigned long long)seed);
    return seed ? seed : 1;
}

/* A stream's bytes as a feeder would hold them: what is unconsumed, then HY_RECORD_PADDING bytes
 * that mean mischief. */
struct cut_stream {
    struct hy_framer framer;
    char *window;
    size_t len;
    struct cut_list *list;
    uint64_t *random; /* NULL: many records a call; else a few */
};

static inline void stream_run(struct cut_stream *s, bool final)
{
    struct hy_record records[8];
    struct hy_frame_note notes[8];
    for (;;) {
        struct hy_frame_out out = {.records = records, .notes = notes};
        out.capacity = s->random ? 1 + (uint32_t)below(s->random, 8) : 8;
        char *copy = malloc(s->len + HY_RECORD_PADDING); /* elsewhere each time */
        assert_non_null(copy);
        memcpy(copy, s->window, s->len);
        for (int i = 0; i < HY_RECORD_PADDING; i++)
            copy[s->len + (size_t)i] = "\n\"{},:\r\\]"[i % 9];
        size_t used = hy_frame_framing.run(&s->framer, copy, s->len, final, &out);
        assert_true(used <= s->len);
        for (uint32_t i = 0; i < out.count; i++) {
            assert_true(!records[i].data == (records[i].drop == HYDRANT_DROP_TOO_LONG));
            cut_add(s->list, &records[i], &notes[i]);
        }
        memmove(s->window, s->window + used, s->len - used);
        s->len -= used;
        free(copy);
        if (out.count < out.capacity)
            break;
    }
    if (final)
        assert_int_equal(s->len, 0);
    assert_true(s->len <= (size_t)s->framer.record_bytes_max + HY_FRAME_SLACK);
}

/* Frames data in one piece (random NULL) or in random pieces. */
static inline void frame_all(enum hy_frame_kind kind, uint32_t record_bytes_max, const char *data,
                             size_t len, uint64_t *random, struct cut_list *list)
{
    struct cut_stream s = {.window = malloc(len + 1), .list = list, .random = random};
    assert_non_null(s.window);
    hy_frame_framing.begin(&s.framer, kind, record_bytes_max, 0);
    size_t most = random ? (below(random, 3) ? 1 + below(random, 40) : 1) : len;
    for (size_t at = 0; at < len;) {
        size_t piece = random ? 1 + below(random, most) : len;
        if (piece > len - at)
            piece = len - at;
        memcpy(s.window + s.len, data + at, piece);
        s.len += piece;
        at += piece;
        stream_run(&s, false);
    }
    stream_run(&s, true);
    free(s.window);
}

/* Frames data, which lies offset bytes into its stream, in one call or few. */
static inline void frame_from(enum hy_frame_kind kind, uint32_t record_bytes_max, const char *data,
                              size_t len, uint64_t offset, struct cut_list *list)
{
    struct hy_framer framer;
    hy_frame_framing.begin(&framer, kind, record_bytes_max, offset);
    char *copy = calloc(len + HY_RECORD_PADDING, 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    struct hy_record records[64];
    for (size_t at = 0;;) {
        struct hy_frame_out out = {.records = records, .capacity = 64};
        at += hy_frame_framing.run(&framer, copy + at, len - at, true, &out);
        for (uint32_t i = 0; i < out.count; i++)
            cut_add(list, &records[i], NULL);
        if (out.count < out.capacity)
            break;
    }
    free(copy);
}

#endif
