/*
 * Any bytes as state_dir/window. First the input is the file; then a good window is edited in
 * memory and saved, which puts its checksums right. An odd first byte puts the check words of
 * records right, too.
 *
 * What is refused leaves the window empty and usable. What is accepted is saved and loaded as the
 * same, and answers mentions: soon, and with what makes sense.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dedup/dedup_group.h"
#include "dedup/dedup_snapshot.h"
#include "dedup/dedup_state.h"
#include "dedup_fixture.h"
#include "fuzz/edits.h"
#include "support/temporary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ENTRIES = 12,
    PARCELS = 2,
    RUN = 7,
    FILE_MAX = 1 << 17,
    HEADER_BYTES = 128, /* what says when it was saved, and is no table */
    AUTHORS_MAX = 8 << 20
};

static char folder[TEMPORARY_PATH], input[TEMPORARY_INSIDE], saved[TEMPORARY_INSIDE],
    again[TEMPORARY_INSIDE];

static void remove_folder(void)
{
    temporary_remove(folder);
}

static void make_folder(void)
{
    temporary_memory_folder(folder);
    atexit(remove_folder);
    snprintf(input, sizeof input, "%s/input", folder);
    snprintf(saved, sizeof saved, "%s/saved", folder);
    snprintf(again, sizeof again, "%s/again", folder);
}

static struct hy_dedup *create(void)
{
    const struct hy_dedup_options options = {.entries = ENTRIES, .seed = 1};
    struct hy_dedup *dedup;
    HY_ASSERT(hy_dedup_create(&options, &dedup, NULL) == HYDRANT_OK);
    return dedup;
}

/* ---- mentions ---- */

#define COMPLAINT "no signal in austin again today"
#define STORY "an entirely different story for once told at length"

static const struct test_post posts[] = {
    {"1", "ann", COMPLAINT, 1000, HYDRANT_EVENT_POST, NULL, NULL},
    {"1234567890123456789", "12345", STORY, 1010, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-3", "bob", COMPLAINT, 1020, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-4", "cid", "no sginal in austin again today", 1030, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-5", "dan", "look at this", 1040, HYDRANT_EVENT_POST, "1", NULL},
    {"id-6", "eve", "they never listen to anybody here", 1050, HYDRANT_EVENT_POST, NULL, "1"},
    {"id-7", "ann", "thank you", 1060, HYDRANT_EVENT_POST, NULL, NULL},
};

static const struct test_post later[] = {
    {"id-3", "bob", COMPLAINT, 1020, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-8", "fay", "no signla in austin again today", 1100, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-9", "gus", STORY, 1110, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-4", "cid", "something that nobody said yet at all", 1030, HYDRANT_EVENT_EDIT, NULL, NULL},
    {"id-10", "hal", "yes", 1120, HYDRANT_EVENT_POST, NULL, "1234567890123456789"},
    {"id-5", NULL, NULL, 1130, HYDRANT_EVENT_DELETE, NULL, NULL},
    {"id-11", "ann", COMPLAINT, 90000, HYDRANT_EVENT_POST, NULL, NULL},
    {"1", NULL, NULL, 1150, HYDRANT_EVENT_DELETE, NULL, NULL},
    {"id-12", "ann", "thank you", 1160, HYDRANT_EVENT_POST, NULL, NULL},
    {"id-13", "ida", "no signal in austin again today or so", 1170, HYDRANT_EVENT_POST, NULL, NULL},
};

static void check_answer(const hydrant_dup *dup)
{
    HY_ASSERT(dup->kind <= HYDRANT_DUP_REDELIVERED && dup->count <= HY_DEDUP_COUNT_MAX);
    HY_ASSERT(dup->first_id.len <= HY_DEDUP_RECORD_ID_BYTES);
    HY_ASSERT(dup->first_author.len <= HY_DEDUP_RECORD_AUTHOR_BYTES);
    HY_ASSERT(dup->authors <= AUTHORS_MAX);
}

static void ask(struct hy_dedup *dedup, const struct test_post *list, size_t count,
                uint64_t parcels)
{
    static struct test_lane lane; /* the batch is large, and kept */
    struct hy_parcel parcel = {0};
    if (!lane.batch)
        lane_open(&lane, dedup);
    else
        HY_ASSERT(hy_dedup_worker_create(dedup, &lane.worker, NULL) == HYDRANT_OK);
    for (size_t i = 0; i < count; i++) {
        parcel.number = i * parcels / count;
        lane.batch->parcel = parcels ? &parcel : NULL;
        const hydrant_dup *dup = lane_post(&lane, dedup, list[i]);
        HY_ASSERT(dup || list[i].event == HYDRANT_EVENT_DELETE);
        if (dup)
            check_answer(dup);
    }
    hy_dedup_worker_destroy(&lane.worker);
}

/* ---- files ---- */

static void write_file(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    HY_ASSERT(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0);
}

static uint8_t *read_file(const char *path, size_t *len)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    HY_ASSERT(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *bytes = malloc((size_t)st.st_size);
    *len = (size_t)st.st_size;
    HY_ASSERT(bytes && read(fd, bytes, *len) == st.st_size && close(fd) == 0);
    return bytes;
}

static bool same_tables(const char *a, const char *b)
{
    size_t a_len, b_len;
    uint8_t *x = read_file(a, &a_len), *y = read_file(b, &b_len);
    bool same =
        a_len == b_len && memcmp(x + HEADER_BYTES, y + HEADER_BYTES, a_len - HEADER_BYTES) == 0;
    free(x);
    free(y);
    return same;
}

/* What was left out is dead, but still in its place. */
static void check_again(uint64_t entries)
{
    struct hy_dedup *dedup = create();
    struct hy_dedup_snapshot info;
    HY_ASSERT(hy_dedup_load(dedup, saved, NULL, &info, NULL) == HYDRANT_OK);
    HY_ASSERT(info.entries == entries && info.left_out == 0 && info.run == RUN);
    HY_ASSERT(hy_dedup_save(dedup, again, RUN, HY_DEDUP_ALL, NULL) == HYDRANT_OK);
    HY_ASSERT(same_tables(saved, again));
    hy_dedup_destroy(&dedup);
}

/* The file of the input. Was it accepted? */
static bool check(const struct hy_dedup_cut *cut)
{
    struct hy_dedup *dedup = create();
    struct hy_dedup_snapshot info = {0};
    hydrant_error err = {0};
    hydrant_status status = hy_dedup_load(dedup, input, cut, &info, &err);
    HY_ASSERT(status == HYDRANT_OK || (status == HYDRANT_ERR_DATA && strstr(err.text, input)));
    if (status == HYDRANT_OK) {
        HY_ASSERT(info.entries + info.left_out <= ENTRIES);
        HY_ASSERT(hy_dedup_save(dedup, saved, RUN, HY_DEDUP_ALL, NULL) == HYDRANT_OK);
        check_again(info.entries + info.left_out);
        ask(dedup, later, sizeof later / sizeof *later, 0);
    } else {
        HY_ASSERT(dedup->window.seq == 0 && dedup->window.published == 0);
    }
    ask(dedup, posts, sizeof posts / sizeof *posts, PARCELS);
    hy_dedup_destroy(&dedup);
    return status == HYDRANT_OK;
}

/* ---- edits of a good window ---- */

/* As dedup_window.c makes it. */
static uint32_t check_word(const uint32_t *units, uint32_t count, uint32_t position)
{
    uint64_t h = position * UINT64_C(0x9E3779B97F4A7C15);
    for (uint32_t i = 0; i < count; i++)
        h = (h ^ units[i]) * UINT64_C(0xD6E8FEB86659FD93), h ^= h >> 32;
    return (uint32_t)h;
}

static void put_records_right(struct hy_dedup_window *w)
{
    uint32_t *log = (uint32_t *)w->log;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint32_t at = w->entries[i].log;
        if (at == 0 || at + 1 >= w->log_units)
            continue;
        uint32_t units = log[at + 1] & 0xFF;
        if (at + 1 + units <= w->log_units)
            log[at] = check_word(log + at + 1, units, at);
    }
}

/* What of a window is edited: of the log only what is used. */
static uint8_t *part_at(struct hy_dedup *dedup, size_t *at)
{
    struct hy_dedup_window *w = &dedup->window;
    const struct {
        void *start;
        size_t bytes;
    } parts[] = {
        {&w->seq, sizeof w->seq},
        {&w->log_head, sizeof w->log_head},
        {&w->published, sizeof w->published},
        {w->entries, ENTRIES * sizeof *w->entries},
        {w->by_id, ENTRIES * sizeof *w->by_id},
        {w->by_text, ENTRIES * sizeof *w->by_text},
        {w->slots, (size_t)w->lines_count * HY_DEDUP_LINE_SLOTS * sizeof *w->slots},
        {w->tallies.all, w->tallies.count * sizeof *w->tallies.all},
        {dedup->marks, (PARCELS + 1) * sizeof *dedup->marks},
        {(void *)w->log, w->log_head * sizeof *w->log},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (*at < parts[i].bytes)
            return (uint8_t *)parts[i].start + *at;
        *at -= parts[i].bytes;
    }
    return NULL;
}

static size_t parts_bytes(struct hy_dedup *dedup)
{
    size_t at = SIZE_MAX / 2;
    part_at(dedup, &at);
    return SIZE_MAX / 2 - at;
}

static struct hy_dedup *make_edited(const uint8_t *edits, size_t size)
{
    struct hy_dedup *dedup = create();
    ask(dedup, posts, sizeof posts / sizeof *posts, PARCELS);
    size_t len = parts_bytes(dedup), at[FUZZ_EDITS_MAX], count = 0;
    uint8_t *places[FUZZ_EDITS_MAX];
    for (; fuzz_edit_at(edits, size, count, len, &at[count]); count++)
        places[count] = part_at(dedup, &at[count]); /* all before log_head is edited */
    for (size_t i = 0; i < count; i++)
        *places[i] = edits[i * FUZZ_EDIT_BYTES + FUZZ_EDIT_BYTES - 1];
    return dedup;
}

static void check_edited(const uint8_t *data, size_t size)
{
    struct hy_dedup *dedup = make_edited(data + 1, size - 1);
    if (data[0] & 1)
        put_records_right(&dedup->window);
    HY_ASSERT(hy_dedup_save(dedup, input, RUN, data[0] & 2 ? 1 : HY_DEDUP_ALL, NULL) == HYDRANT_OK);
    hy_dedup_destroy(&dedup);
    const struct hy_dedup_cut cut = {RUN, data[0] >> 3 & 3};
    HY_ASSERT(check(data[0] & 4 ? &cut : NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!folder[0])
        make_folder();
    if (size == 0 || size > FILE_MAX)
        return 0;
    write_file(input, data, size);
    check(NULL);
    check_edited(data, size);
    return 0;
}
