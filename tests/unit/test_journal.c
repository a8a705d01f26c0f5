/* The journal: what is durable stays, whatever happens to the file behind it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/journal_folder.h"
#include "journal/journal_store.h"
#include "support/temporary.h"

enum { ROOM = 1 << 20 };

static char folder[TEMPORARY_PATH];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder(folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_remove(folder);
    return 0;
}

static hydrant_str record_of(uint64_t number, char room[64])
{
    int len = snprintf(room, 64, "record %llu%.*s", (unsigned long long)number, (int)(number % 9),
                       "xxxxxxxxx");
    return (hydrant_str){room, (uint32_t)len};
}

static struct hy_journal *open_journal(const struct hy_journal_options *given, uint64_t *cut)
{
    struct hy_journal_options options = given ? *given : (struct hy_journal_options){0};
    struct hy_journal *journal;
    hydrant_error err;
    options.folder = folder;
    if (hy_journal_open(&options, &journal, cut, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return journal;
}

static void append(struct hy_journal *journal, uint64_t number)
{
    char room[64];
    uint64_t got;
    hydrant_error err;
    assert_int_equal(hy_journal_append(journal, record_of(number, room), &got, &err), HYDRANT_OK);
    assert_int_equal(got, number);
}

static void commit(struct hy_journal *journal)
{
    hydrant_error err;
    assert_int_equal(hy_journal_flush(journal, 1000, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_poll(journal, true, &err), HYDRANT_OK);
}

/* Writes records [1, count], a commit after each per_group. */
static void write_records(const struct hy_journal_options *options, uint64_t count,
                          uint64_t per_group)
{
    struct hy_journal *journal = open_journal(options, NULL);
    for (uint64_t i = 1; i <= count; i++) {
        append(journal, i);
        if (i % per_group == 0 || i == count)
            commit(journal);
    }
    assert_int_equal(hy_journal_durable(journal), count + 1);
    hy_journal_close(&journal);
}

/* Reads from a number on; checks that what comes is right and without a gap. Returns the number
 * behind the last, and how often something was damaged. */
static uint64_t read_records(uint64_t from, unsigned *damaged)
{
    struct hy_journal_reader *reader;
    struct hy_journal_record record;
    hydrant_error err;
    uint64_t next = from;
    hydrant_status status;
    char room[64];
    *damaged = 0;
    assert_int_equal(hy_journal_reader_open(folder, from, &reader, &err), HYDRANT_OK);
    while ((status = hy_journal_reader_next(reader, &record, &err)) != HYDRANT_ERR_AGAIN) {
        if (status == HYDRANT_ERR_DATA) {
            ++*damaged;
            continue;
        }
        assert_int_equal(status, HYDRANT_OK);
        if (!*damaged)
            assert_int_equal(record.number, next);
        hydrant_str wanted = record_of(record.number, room);
        assert_int_equal(record.data.len, wanted.len);
        assert_memory_equal(record.data.data, wanted.data, wanted.len);
        next = record.number + 1;
    }
    hy_journal_reader_close(&reader);
    return next;
}

static void what_is_written_is_read(void **state)
{
    unsigned damaged;
    (void)state;
    for (int no_uring = 0; no_uring < 2; no_uring++) {
        struct hy_journal_options options = {.no_uring = no_uring, .segment_bytes = 500};
        if (no_uring) {
            remove_folder(NULL);
            assert_int_equal(mkdir(folder, 0700), 0);
        }
        write_records(&options, 200, 7);
        assert_int_equal(read_records(1, &damaged), 201);
        assert_int_equal(read_records(150, &damaged), 201);
        assert_int_equal(read_records(201, &damaged), 201);
        assert_int_equal(damaged, 0);
    }
}

static void it_goes_on_where_it_was(void **state)
{
    unsigned damaged;
    (void)state;
    struct hy_journal_options options = {.segment_bytes = 300};
    for (uint64_t part = 0; part < 10; part++) {
        struct hy_journal *journal = open_journal(&options, NULL);
        assert_int_equal(hy_journal_durable(journal), part * 5 + 1);
        for (uint64_t i = 1; i <= 5; i++)
            append(journal, part * 5 + i);
        commit(journal);
        append(journal, part * 5 + 6); /* and this one is lost: it was never durable */
        hy_journal_close(&journal);
    }
    assert_int_equal(read_records(1, &damaged), 51);
}

/* Whoever remembers a position beyond the end never meets its number again. */
static void numbers_begin_where_they_are_told(void **state)
{
    unsigned damaged;
    (void)state;
    write_records(NULL, 5, 2);
    struct hy_journal_options options = {.number_min = 4}; /* it is further already */
    struct hy_journal *journal = open_journal(&options, NULL);
    append(journal, 6);
    commit(journal);
    hy_journal_close(&journal);
    options.number_min = 100;
    journal = open_journal(&options, NULL);
    assert_int_equal(hy_journal_durable(journal), 100);
    append(journal, 100);
    append(journal, 101);
    commit(journal);
    hy_journal_close(&journal);
    journal = open_journal(&options, NULL);
    append(journal, 102);
    commit(journal);
    hy_journal_close(&journal);
    assert_int_equal(read_records(100, &damaged), 103);
    assert_int_equal(damaged, 0);
}

static void nothing_is_durable_before_its_fsync(void **state)
{
    hydrant_error err;
    (void)state;
    struct hy_journal *journal = open_journal(NULL, NULL);
    append(journal, 1);
    assert_int_equal(hy_journal_durable(journal), 1);
    assert_int_equal(hy_journal_flush(journal, 1, &err), HYDRANT_OK);
    append(journal, 2); /* the next group fills meanwhile */
    assert_int_equal(hy_journal_poll(journal, true, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_durable(journal), 2);
    commit(journal);
    assert_int_equal(hy_journal_durable(journal), 3);
    hy_journal_close(&journal);
}

static void one_writer(void **state)
{
    struct hy_journal *journal = open_journal(NULL, NULL), *other;
    struct hy_journal_options options = {.folder = folder};
    hydrant_error err;
    (void)state;
    assert_int_equal(hy_journal_open(&options, &other, NULL, &err), HYDRANT_ERR_STATE);
    assert_null(other);
    hy_journal_close(&journal);
}

static size_t load(const char *name, char *out)
{
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(out, 1, ROOM, file);
    fclose(file);
    return len;
}

static void store(const char *name, const char *data, size_t len)
{
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

/* Wherever the end of the file is torn off, the whole commits before it stay, and it goes on. */
static void torn_at_every_byte(void **state)
{
    static char whole[ROOM];
    char name[HY_JOURNAL_NAME_BYTES];
    unsigned damaged;
    uint64_t last = 1;
    (void)state;
    write_records(NULL, 12, 3);
    hy_journal_segment_name(1, name);
    size_t len = load(name, whole);
    for (size_t keep = 0; keep <= len; keep++) {
        uint64_t cut;
        store(name, whole, keep);
        uint64_t readable = read_records(1, &damaged);
        assert_int_equal(damaged, 0); /* the newest segment's tail is no damage */
        struct hy_journal *journal = open_journal(NULL, &cut);
        uint64_t next = hy_journal_durable(journal);
        assert_int_equal(readable, next);
        assert_true(next >= last && (next - 1) % 3 == 0 && cut <= keep);
        last = next;
        append(journal, next);
        commit(journal);
        hy_journal_close(&journal);
        assert_int_equal(read_records(1, &damaged), next + 1);
        assert_int_equal(damaged, 0);
    }
    assert_int_equal(last, 13);
}

/* A byte that has changed is found, and costs no commit before it. */
static void damage_at_every_byte(void **state)
{
    static char whole[ROOM];
    char first[HY_JOURNAL_NAME_BYTES];
    unsigned damaged;
    (void)state;
    struct hy_journal_options options = {.segment_bytes = 200};
    write_records(&options, 24, 4);
    hy_journal_segment_name(1, first);
    size_t len = load(first, whole);
    for (size_t at = 0; at < len; at++) {
        whole[at] ^= 0x20;
        store(first, whole, len);
        whole[at] ^= 0x20;
        assert_int_equal(read_records(1, &damaged), 25); /* later segments are whole */
        assert_int_equal(damaged, 1);
    }
}

/* In the newest segment: what is behind it is no torn tail, stays and is read. */
static void damage_is_no_torn_tail(void **state)
{
    static char whole[ROOM];
    char name[HY_JOURNAL_NAME_BYTES];
    unsigned damaged;
    uint64_t cut;
    (void)state;
    write_records(NULL, 9, 3);
    hy_journal_segment_name(1, name);
    size_t len = load(name, whole);
    size_t third = 0; /* where the last of three frames begins */
    for (int i = 0; i < 2; i++) {
        struct hy_journal_frame frame;
        assert_true(hy_journal_frame_read(whole + third, &frame));
        third += HY_JOURNAL_HEADER_BYTES + frame.stored_bytes;
    }
    for (size_t at = 0; at < len; at += 3) {
        bool last = at >= third;
        whole[at] ^= 0x20;
        store(name, whole, len);
        whole[at] ^= 0x20;
        assert_int_equal(read_records(1, &damaged), last ? 7 : 10);
        assert_int_equal(damaged, !last);
        struct hy_journal *journal = open_journal(NULL, &cut);
        assert_int_equal(cut, last ? len - third : 0);
        assert_int_equal(hy_journal_durable(journal), last ? 7 : 10);
        append(journal, last ? 7 : 10);
        commit(journal);
        hy_journal_close(&journal);
        assert_int_equal(read_records(1, &damaged), last ? 8 : 11);
        assert_int_equal(read_records(last ? 7 : 10, &damaged), last ? 8 : 11);
    }
}

static void a_full_disk(void **state)
{
    struct rlimit old, small = {.rlim_cur = 4096};
    unsigned damaged;
    hydrant_error err;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_max = old.rlim_max;
    struct hy_journal *journal = open_journal(NULL, NULL);
    for (uint64_t i = 1; i <= 5; i++)
        append(journal, i);
    commit(journal);

    /* 64 KiB that do not compress do not fit under the limit. */
    static char noise[64 << 10];
    uint64_t x = 1, number;
    for (size_t i = 0; i < sizeof noise; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
        noise[i] = (char)(x >> 56);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(hy_journal_append(journal, (hydrant_str){noise, sizeof noise}, &number, &err),
                     HYDRANT_OK);
    for (int attempt = 0; attempt < 3; attempt++) {
        assert_int_equal(hy_journal_flush(journal, 1, &err), HYDRANT_ERR_SYSTEM);
        assert_int_equal(err.sys_errno, EFBIG);
        assert_int_equal(hy_journal_durable(journal), 6); /* nothing is acknowledged */
        assert_int_equal(read_records(1, &damaged), 6);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    commit(journal);
    assert_int_equal(hy_journal_durable(journal), 7);
    hy_journal_close(&journal);

    struct hy_journal_reader *reader;
    struct hy_journal_record record;
    assert_int_equal(hy_journal_reader_open(folder, 6, &reader, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_reader_next(reader, &record, &err), HYDRANT_OK);
    assert_int_equal(record.number, 6);
    assert_int_equal(record.data.len, sizeof noise);
    assert_memory_equal(record.data.data, noise, sizeof noise);
    hy_journal_reader_close(&reader);
}

static void limits_of_a_record(void **state)
{
    hydrant_error err;
    uint64_t number;
    (void)state;
    struct hy_journal *journal = open_journal(NULL, NULL);
    char *large = calloc(1, (size_t)HY_JOURNAL_RECORD_BYTES_MAX + 1);
    assert_non_null(large);
    hydrant_str record = {large, HY_JOURNAL_RECORD_BYTES_MAX + 1};
    assert_int_equal(hy_journal_append(journal, record, &number, &err), HYDRANT_ERR_LIMIT);
    record.len--;
    assert_int_equal(hy_journal_append(journal, record, &number, &err), HYDRANT_OK);
    record.len = 1;
    assert_int_equal(hy_journal_append(journal, record, &number, &err), HYDRANT_ERR_AGAIN);
    commit(journal);
    assert_int_equal(hy_journal_append(journal, (hydrant_str){0}, &number, &err), HYDRANT_OK);
    commit(journal);
    hy_journal_close(&journal);
    struct hy_journal_reader *reader;
    struct hy_journal_record got;
    assert_int_equal(hy_journal_reader_open(folder, 0, &reader, &err), HYDRANT_OK);
    assert_int_equal(hy_journal_reader_next(reader, &got, &err), HYDRANT_OK);
    assert_int_equal(got.data.len, HY_JOURNAL_RECORD_BYTES_MAX);
    assert_int_equal(hy_journal_reader_next(reader, &got, &err), HYDRANT_OK);
    assert_int_equal(got.data.len, 0);
    hy_journal_reader_close(&reader);
    free(large);
}

static void what_is_old_goes_and_what_is_needed_stays(void **state)
{
    struct hy_journal_options options = {.segment_bytes = 200, .keep_bytes = 600};
    struct hy_journal_segment *all;
    uint32_t count;
    unsigned damaged;
    hydrant_error err;
    (void)state;
    write_records(&options, 60, 4);
    struct hy_journal *journal = open_journal(&options, NULL);
    assert_int_equal(hy_journal_expire(journal, 1, 0), 0); /* all are needed */
    assert_true(hy_journal_expire(journal, 30, 0) > 0);
    assert_int_equal(read_records(30, &damaged), 61);
    assert_true(hy_journal_expire(journal, 0, 0) > 0);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(hy_journal_segments(fd, &all, &count, &err), HYDRANT_OK);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += all[i].bytes;
    assert_true(count >= 1 && bytes <= 600 + 200);
    int64_t later = all[count - 1].changed_us + 10000000;
    free(all);
    close(fd);
    hy_journal_close(&journal);
    options = (struct hy_journal_options){.segment_bytes = 200, .keep_us = 5000000};
    journal = open_journal(&options, NULL);
    hy_journal_expire(journal, 0, later);
    assert_int_equal(hy_journal_durable(journal), 61);
    hy_journal_close(&journal);
    journal = open_journal(&options, NULL); /* the newest is there, so the numbers go on */
    assert_int_equal(hy_journal_durable(journal), 61);
    hy_journal_close(&journal);
}

static uint32_t count_segments(uint64_t *bytes)
{
    struct hy_journal_segment *all;
    uint32_t count;
    hydrant_error err;
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    assert_int_equal(hy_journal_segments(fd, &all, &count, &err), HYDRANT_OK);
    *bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        *bytes += all[i].bytes;
    free(all);
    close(fd);
    return count;
}

/* On a quiet source a segment would never be full, and what was deleted would stay for ever. */
static void nothing_stays_longer_than_it_may(void **state)
{
    enum { HOUR = 3600 };
    const int64_t second = 1000000;
    struct hy_journal_options options = {.keep_us = 24 * HOUR * second};
    struct timespec now;
    unsigned damaged;
    uint64_t bytes;
    hydrant_error err;
    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t begun_us = now.tv_sec * second;
    struct hy_journal *journal = open_journal(&options, NULL);
    for (uint64_t i = 1; i <= 6; i++) { /* a record each half hour */
        append(journal, i);
        int64_t at_us = begun_us + (int64_t)i * HOUR / 2 * second;
        assert_int_equal(hy_journal_flush(journal, at_us, &err), HYDRANT_OK);
        assert_int_equal(hy_journal_poll(journal, true, &err), HYDRANT_OK);
        if (i % 2) { /* a start costs nothing of it */
            hy_journal_close(&journal);
            journal = open_journal(&options, NULL);
        }
    }
    assert_int_equal(count_segments(&bytes), 2); /* of three records each */
    int64_t later = begun_us + 24 * HOUR * second;
    assert_int_equal(hy_journal_expire(journal, 7, begun_us + 22 * HOUR * second), 0);
    assert_int_equal(hy_journal_expire(journal, 6, later), 1); /* the newest is needed */
    assert_int_equal(read_records(4, &damaged), 7);
    append(journal, 7);
    assert_int_equal(hy_journal_expire(journal, 7, later), 0); /* not while a group fills */
    commit(journal);
    assert_int_equal(hy_journal_expire(journal, 8, later), 1);
    assert_int_equal(count_segments(&bytes), 1);
    assert_int_equal(bytes, 0);
    assert_int_equal(hy_journal_expire(journal, 8, later), 0);
    hy_journal_close(&journal);
    journal = open_journal(&options, NULL);
    assert_int_equal(hy_journal_durable(journal), 8);
    append(journal, 8);
    commit(journal);
    hy_journal_close(&journal);
    assert_int_equal(read_records(8, &damaged), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(it_goes_on_where_it_was, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(numbers_begin_where_they_are_told, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(nothing_is_durable_before_its_fsync, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(one_writer, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(torn_at_every_byte, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damage_at_every_byte, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damage_is_no_torn_tail, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_full_disk, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(limits_of_a_record, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_old_goes_and_what_is_needed_stays, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(nothing_stays_longer_than_it_may, make_folder,
                                        remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
