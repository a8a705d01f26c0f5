/*
 * Any bytes as a segment of the recording. First the input is the file; then it is edits of a good
 * one, which the recording wrote.
 *
 * What a crash left is cut off at the end, at once. Deletes are done whatever the bytes are, once
 * and for all. hydrant backtest reads what is left to its end, and within bounds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "frame/framer.h"
#include "fuzz/edits.h"
#include "ingest/feeder.h"
#include "recording/recording.h"
#include "recording/recording_segment.h"
#include "support/temporary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 1 << 16, GOOD_MAX = 1 << 12, RECORD_MAX = 1 << 16, UNPACKED_MAX = 1 << 20 };

static const char name[] = "20260101T120000-0000.ndjson.zst";
static char folder[TEMPORARY_PATH], path[TEMPORARY_INSIDE];
static int folder_fd = -1;

/* ---- the file ---- */

struct bytes {
    uint8_t *at;
    size_t len;
};

static void write_file(const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    HY_ASSERT(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

/* at is NULL when there is no file. */
static struct bytes read_file(const char *from)
{
    struct stat st;
    int fd = openat(folder_fd, from, O_RDONLY);
    if (fd < 0)
        return (struct bytes){0};
    HY_ASSERT(fstat(fd, &st) == 0);
    struct bytes b = {malloc((size_t)st.st_size + 1), (size_t)st.st_size};
    HY_ASSERT(b.at && read(fd, b.at, b.len) == st.st_size && close(fd) == 0);
    return b;
}

/* ---- a good one ---- */

static void put(struct hy_recording *recording, uint64_t key)
{
    size_t room;
    hy_recording_begin(recording, 0);
    char *line = hy_recording_room(recording, 0, &room);
    int len = snprintf(line, room, "{\"id\":\"%u\",\"text\":\"post %u\"}\n", (unsigned)key,
                       (unsigned)key);
    hy_recording_add(recording, 0, key, (size_t)len);
    hy_recording_end(recording, 0);
}

/* What one run of the recording leaves: a frame, and behind it a delete. */
static void record(uint64_t first, uint64_t last, uint64_t deleted)
{
    const struct hy_recording_options options = {
        .folder = folder, .bytes_max = 1 << 30, .keep_us = UINT64_C(3600000000), .lanes = 1};
    struct hy_recording *recording;
    HY_ASSERT(hy_recording_open(&options, &recording, NULL) == HYDRANT_OK);
    for (uint64_t key = first; key <= last; key++)
        put(recording, key);
    hy_recording_begin(recording, 0);
    hy_recording_forget(recording, 0, deleted);
    hy_recording_end(recording, 0);
    hy_recording_close(&recording);
}

/* Of all segments that were recorded, one behind the other, which then go. */
static struct bytes make_good(void)
{
    struct hy_recording_segment *segments;
    struct bytes good = {malloc(GOOD_MAX), 0};
    uint32_t count;
    record(1, 5, 1000);
    record(6, 8, 1001);
    record(3, 4, 1002);
    HY_ASSERT(good.at && hy_recording_segments(folder_fd, &segments, &count, NULL) == HYDRANT_OK);
    HY_ASSERT(count == 3);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes one = read_file(segments[i].name);
        HY_ASSERT(one.at && good.len + one.len <= GOOD_MAX);
        memcpy(good.at + good.len, one.at, one.len);
        good.len += one.len;
        free(one.at);
        unlinkat(folder_fd, segments[i].name, 0);
    }
    free(segments);
    return good;
}

/* ---- what hydrant backtest reads ---- */

struct lines {
    uint64_t count;
    bool whole;
};

static struct lines read_lines(enum hy_format format)
{
    const struct hy_feeder_options options = {.framing = &hy_frame_framing,
                                              .io = HY_IO_READ,
                                              .format = format,
                                              .record_bytes_max = RECORD_MAX,
                                              .blocks = HY_FEEDER_BLOCKS_MIN,
                                              .decompressed_bytes_max = UNPACKED_MAX};
    struct hy_feeder *feeder;
    struct hy_parcel *parcel = calloc(1, sizeof *parcel);
    struct lines lines = {.whole = true};
    enum hy_feed feed;
    HY_ASSERT(parcel && hy_feeder_create(&options, &feeder, NULL) == HYDRANT_OK);
    HY_ASSERT(hy_feeder_add_file(feeder, path, NULL) == HYDRANT_OK);
    while ((feed = hy_feeder_next(feeder, parcel, -1, NULL)) != HY_FEED_END) {
        HY_ASSERT(feed == HY_FEED_PARCEL || feed == HY_FEED_ERROR);
        lines.whole &= feed == HY_FEED_PARCEL;
        if (feed != HY_FEED_PARCEL)
            continue;
        lines.count += parcel->count;
        hy_feeder_release(feeder, parcel);
    }
    HY_ASSERT(lines.count <= UNPACKED_MAX);
    hy_feeder_destroy(&feeder);
    free(parcel);
    return lines;
}

/* ---- what must hold ---- */

/* Cuts, looks at what is left, and adds the keys of the file's deletes. */
static struct bytes mend(const struct bytes *before, struct hy_recording_keys *deletes)
{
    size_t known = deletes->count;
    HY_ASSERT(hy_recording_mend(folder_fd, name, deletes, NULL) == HYDRANT_OK);
    struct bytes after = read_file(name);
    HY_ASSERT(after.at && after.len <= before->len && memcmp(after.at, before->at, after.len) == 0);
    HY_ASSERT((deletes->count - known) * sizeof *deletes->at <= before->len);
    return after;
}

static uint64_t purge(const struct hy_recording_keys *keys)
{
    uint64_t gone;
    HY_ASSERT(hy_recording_purge(folder_fd, name, keys, &gone, NULL) == HYDRANT_OK);
    return gone;
}

/* What was purged is sound, and has nothing more to be purged. */
static void check_purged(const struct hy_recording_keys *keys)
{
    struct hy_recording_keys deletes = {0};
    struct bytes purged = read_file(name);
    if (!purged.at)
        return; /* no line was left */
    struct bytes mended = mend(&purged, &deletes);
    HY_ASSERT(mended.len == purged.len);
    HY_ASSERT(purge(keys) == 0);
    struct bytes again = read_file(name);
    HY_ASSERT(again.at && again.len == purged.len && memcmp(again.at, purged.at, purged.len) == 0);
    free(again.at);
    free(mended.at);
    free(purged.at);
    free(deletes.at);
}

/* How many lines went. */
static uint64_t check(const uint8_t *bytes, size_t len)
{
    struct hy_recording_keys keys = {0};
    const struct bytes input = {(uint8_t *)(uintptr_t)bytes, len};
    write_file(bytes, len);
    struct bytes mended = mend(&input, &keys);
    struct bytes again = mend(&mended, &keys);
    HY_ASSERT(again.len == mended.len);
    HY_ASSERT(hy_recording_keys_add(&keys, 2) && hy_recording_keys_add(&keys, 3));
    hy_recording_keys_sort(&keys);
    read_lines(HY_FORMAT_AUTO);
    struct lines before = read_lines(HY_FORMAT_TEXT), after = {.whole = true};
    uint64_t gone = purge(&keys);
    if (access(path, F_OK) == 0)
        after = read_lines(HY_FORMAT_TEXT);
    if (before.whole)
        HY_ASSERT(after.whole && after.count <= before.count);
    check_purged(&keys);
    free(again.at);
    free(mended.at);
    free(keys.at);
    return gone;
}

static void remove_folder(void)
{
    temporary_remove(folder);
}

static struct bytes begin(void)
{
    temporary_memory_folder(folder);
    atexit(remove_folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    struct bytes good = make_good();
    HY_ASSERT(check(good.at, good.len) == 3);
    HY_ASSERT(read_lines(HY_FORMAT_TEXT).count == 7);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bytes good;
    if (!good.at)
        good = begin();
    if (size > FILE_MAX)
        return 0;
    check(data, size);
    uint8_t *edited = malloc(good.len);
    HY_ASSERT(edited);
    memcpy(edited, good.at, good.len);
    fuzz_edit(edited, good.len, data, size);
    check(edited, good.len);
    free(edited);
    return 0;
}
