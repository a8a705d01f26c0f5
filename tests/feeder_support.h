/* What the feeder's tests share: everything that a feeder gives out, copied; temporary files. */
#ifndef HY_TESTS_FEEDER_SUPPORT_H
#define HY_TESTS_FEEDER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "frame/framer.h"
#include "ingest/feeder.h"
#include "support/temporary.h"

struct got_record {
    char source[64];
    char *data; /* NULL for records that have none */
    uint64_t offset;
    uint32_t len, drop;
};

struct got {
    struct got_record *records;
    size_t count, capacity;
    uint64_t parcels, bytes;
    uint32_t errors;
    hydrant_error error; /* the last one */
    enum hy_format format;
    char csv_header[256];
    struct {
        char source[64];
        uint64_t end;
    } before; /* the parcel that came last */
};

static inline void got_free(struct got *got)
{
    for (size_t i = 0; i < got->count; i++)
        free(got->records[i].data);
    free(got->records);
    *got = (struct got){0};
}

static inline void got_add(struct got *got, const char *source, const struct hy_record *record)
{
    if (got->count == got->capacity) {
        got->capacity = got->capacity ? got->capacity * 2 : 64;
        got->records = realloc(got->records, got->capacity * sizeof *got->records);
        assert_non_null(got->records);
    }
    struct got_record *to = &got->records[got->count++];
    *to = (struct got_record){.offset = record->offset, .len = record->len, .drop = record->drop};
    snprintf(to->source, sizeof to->source, "%s", source);
    if (record->drop) {
        assert_null(record->data);
        return;
    }
    to->data = malloc((size_t)record->len + 1);
    assert_non_null(to->data);
    memcpy(to->data, record->data, record->len);
    to->data[record->len] = 0;
    volatile char sum = 0; /* the padding must be readable */
    for (int i = 0; i < HY_RECORD_PADDING; i++)
        sum = (char)(sum ^ record->data[record->len + (uint32_t)i]);
}

static inline void got_parcel(struct got *got, const struct hy_parcel *parcel)
{
    char name[64];
    assert_true(parcel->count > 0 && parcel->count <= HY_BATCH_MENTIONS);
    assert_int_equal(parcel->number, got->parcels);
    assert_int_not_equal(parcel->source->format, HY_FORMAT_AUTO);
    snprintf(name, sizeof name, "%.*s", (int)parcel->source->name.len, parcel->source->name.data);
    if (!parcel->decoded && strcmp(name, got->before.source) == 0)
        assert_true(parcel->records[0].offset >= got->before.end); /* from there it can go on */
    for (uint32_t i = 0; i < parcel->count; i++)
        got_add(got, name, &parcel->records[i]);
    memcpy(got->before.source, name, sizeof name);
    got->before.end = parcel->end;
    got->parcels++;
    got->bytes += parcel->bytes;
    got->format = parcel->source->format;
    snprintf(got->csv_header, sizeof got->csv_header, "%.*s", (int)parcel->source->csv_header.len,
             parcel->source->csv_header.data ? parcel->source->csv_header.data : "");
}

/* Over the bytes of all records and the padding behind them. */
static inline uint64_t parcel_sum(const struct hy_parcel *parcel)
{
    uint64_t sum = 14695981039346656037u;
    for (uint32_t i = 0; i < parcel->count; i++) {
        const struct hy_record *record = &parcel->records[i];
        size_t len = record->data ? (size_t)record->len + HY_RECORD_PADDING : 0;
        for (size_t k = 0; k < len; k += 1 + (k + 256 < record->len) * 8)
            sum = (sum ^ (unsigned char)record->data[k]) * 1099511628211u;
    }
    return sum;
}

/* Takes parcels until something else comes; returns that. held parcels are kept out at a time, and
 * must not have changed when they go back. */
enum { HELD_MAX = 3 };
static inline enum hy_feed got_run(struct got *got, struct hy_feeder *feeder, int timeout_ms,
                                   unsigned held)
{
    static struct hy_parcel parcels[HELD_MAX + 1];
    static uint64_t sums[HELD_MAX + 1];
    unsigned oldest = 0, out = 0;
    enum hy_feed feed;
    for (;;) {
        unsigned newest = (oldest + out) % (HELD_MAX + 1);
        feed = hy_feeder_next(feeder, &parcels[newest], timeout_ms, &got->error);
        if (feed == HY_FEED_PARCEL) {
            got_parcel(got, &parcels[newest]);
            sums[newest] = parcel_sum(&parcels[newest]);
            out++;
        }
        if (feed == HY_FEED_ERROR)
            got->errors++;
        if (out > held || (feed != HY_FEED_PARCEL && out > 0)) {
            assert_true(parcel_sum(&parcels[oldest]) == sums[oldest]);
            hy_feeder_release(feeder, &parcels[oldest]);
            oldest = (oldest + 1) % (HELD_MAX + 1);
            out--;
        } else if (feed != HY_FEED_PARCEL && feed != HY_FEED_ERROR) {
            return feed;
        }
    }
}

static inline struct hy_feeder *feeder_with(struct hy_feeder_options options)
{
    struct hy_feeder *feeder;
    hydrant_error err = {0};
    options.framing = &hy_frame_framing;
    hydrant_status status = hy_feeder_create(&options, &feeder, &err);
    if (status == HYDRANT_ERR_UNSUPPORTED) { /* no io_uring on this machine */
        printf("%s\n", err.text);
        skip();
    }
    assert_int_equal(status, HYDRANT_OK);
    return feeder;
}

static inline void assert_record(const struct got *got, size_t index, const char *text)
{
    assert_true(index < got->count);
    assert_int_equal(got->records[index].drop, 0);
    assert_string_equal(got->records[index].data, text);
}

#endif
