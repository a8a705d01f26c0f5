/* Progress of a stream, its checkpoint on disk, and the files that a source remembers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "control/checkpoint.h"
#include "ingest/file_list.h"
#include "pipeline/progress.h"
#include "ring/ring_file.h"
#include "support/temporary.h"

static void committed_is_the_contiguous_prefix(void **state)
{
    struct hy_progress progress;
    assert_int_equal(hy_progress_init(&progress, 4, 100, 50, NULL), HYDRANT_OK);
    for (uint64_t i = 0; i < 4; i++) {
        assert_true(hy_progress_has_room(&progress));
        assert_int_equal(hy_progress_leave(&progress, 60 + 10 * i), 100 + i);
    }
    assert_false(hy_progress_done(&progress, 101));
    assert_false(hy_progress_done(&progress, 103));
    assert_int_equal(progress.committed, 50);
    assert_false(hy_progress_has_room(&progress)); /* two are out, and four numbers are taken */
    assert_true(hy_progress_done(&progress, 100));
    assert_true(hy_progress_has_room(&progress));
    assert_int_equal(progress.committed, 70);
    assert_int_equal(progress.first, 102);
    assert_int_equal(hy_progress_leave(&progress, 90), 104); /* a batch that moves nothing */
    assert_true(hy_progress_done(&progress, 102));
    assert_int_equal(progress.committed, 90);
    assert_true(hy_progress_done(&progress, 104));
    assert_int_equal(progress.first, progress.next);
    hy_progress_fini(&progress);

    assert_int_equal(hy_progress_init(&progress, 3, 1, 0, NULL), HYDRANT_OK); /* no power of two */
    for (uint64_t i = 0; i < 3; i++)
        hy_progress_leave(&progress, i);
    assert_false(hy_progress_has_room(&progress));
    hy_progress_fini(&progress);
}

static void fill(struct hy_checkpoint *checkpoint)
{
    strcpy(checkpoint->ring, "01234567-89ab-cdef-0123-456789abcdef");
    checkpoint->saved_us = 1767225600000000;
    struct hy_checkpoint_stream *stream = hy_checkpoint_add_stream(checkpoint, "broker/3");
    stream->committed = UINT64_MAX;
    stream->acknowledged = 7;
    assert_ptr_equal(hy_checkpoint_add_stream(checkpoint, "broker/3"), stream);
    assert_true(hy_checkpoint_set_state(checkpoint, "archive", "any\nbytes\0at all\n", 17));
    assert_true(hy_checkpoint_set_state(checkpoint, "empty", "", 0));
}

static void expect_filled(const struct hy_checkpoint *read)
{
    assert_string_equal(read->ring, "01234567-89ab-cdef-0123-456789abcdef");
    assert_int_equal(read->saved_us, 1767225600000000);
    assert_int_equal(read->streams_count, 1);
    assert_true(read->streams[0].committed == UINT64_MAX && read->streams[0].acknowledged == 7);
    assert_int_equal(read->sources_count, 2);
    assert_int_equal(read->sources[0].state_len, 17);
    assert_memory_equal(read->sources[0].state, "any\nbytes\0at all\n", 17);
    assert_int_equal(hy_checkpoint_source(read, "empty")->state_len, 0);
    assert_null(hy_checkpoint_source(read, "none"));
}

static void a_checkpoint_is_whole_or_refused(void **state)
{
    struct hy_checkpoint checkpoint = {0}, read;
    size_t len;
    fill(&checkpoint);
    char *text = hy_checkpoint_print(&checkpoint, &len);
    assert_non_null(text);
    assert_true(hy_checkpoint_parse(text, len, &read));
    expect_filled(&read);
    hy_checkpoint_fini(&read);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(hy_checkpoint_parse(text, cut, &read));
    for (size_t i = 0; i < len; i++) {
        text[i] ^= 0x20;
        assert_false(hy_checkpoint_parse(text, len, &read));
        text[i] ^= 0x20;
    }
    free(text);
    hy_checkpoint_fini(&checkpoint);
}

static void a_checkpoint_survives_a_failing_write(void **state)
{
    char path[TEMPORARY_PATH], file[TEMPORARY_INSIDE];
    struct hy_checkpoint checkpoint = {0}, read;
    hydrant_error err = {0};
    struct stat st;
    temporary_folder(path);
    int dir = open(path, O_RDONLY | O_DIRECTORY);
    assert_int_equal(hy_checkpoint_load(dir, &read, &err), HYDRANT_OK); /* none is an empty one */
    assert_int_equal(read.streams_count, 0);
    fill(&checkpoint);
    assert_int_equal(hy_checkpoint_save(dir, &checkpoint, &err), HYDRANT_OK);
    assert_int_equal(fstatat(dir, "checkpoint", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* what is written next cannot be made: a folder lies in its place */
    snprintf(file, sizeof file, "%s/checkpoint.new", path);
    assert_int_equal(mkdir(file, 0700), 0);
    checkpoint.saved_us++;
    assert_int_equal(hy_checkpoint_save(dir, &checkpoint, &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(hy_checkpoint_load(dir, &read, &err), HYDRANT_OK);
    expect_filled(&read);
    hy_checkpoint_fini(&read);
    rmdir(file);
    /* nor is a link followed to somebody else's file */
    assert_int_equal(symlinkat("/dev/null", dir, "checkpoint.new"), 0);
    assert_int_equal(hy_checkpoint_save(dir, &checkpoint, &err), HYDRANT_ERR_SYSTEM);
    unlinkat(dir, "checkpoint.new", 0);
    unlinkat(dir, "checkpoint", 0);
    close(dir);
    rmdir(path);
    hy_checkpoint_fini(&checkpoint);
}

static const char *numbered(char out[static 16], unsigned number)
{
    snprintf(out, 16, "s%u", number);
    return out;
}

/* As many names as there may be, as the next start reads them. */
static void fill_up(struct hy_checkpoint *read)
{
    struct hy_checkpoint checkpoint = {0};
    char name[16];
    size_t len;
    for (unsigned i = 0; i < HY_CHECKPOINT_STREAMS_MAX; i++)
        assert_non_null(hy_checkpoint_add_stream(&checkpoint, numbered(name, i)));
    for (unsigned i = 0; i < HY_CHECKPOINT_SOURCES_MAX; i++)
        assert_true(hy_checkpoint_set_state(&checkpoint, numbered(name, i), "x", 1));
    assert_null(hy_checkpoint_add_stream(&checkpoint, "one more"));
    assert_false(hy_checkpoint_set_state(&checkpoint, "one more", "x", 1));
    char *text = hy_checkpoint_print(&checkpoint, &len);
    assert_true(hy_checkpoint_parse(text, len, read));
    free(text);
    hy_checkpoint_fini(&checkpoint);
}

static void names_of_no_source_make_room(void **state)
{
    struct hy_checkpoint checkpoint;
    fill_up(&checkpoint);
    hy_checkpoint_claim(&checkpoint, "s0");
    hy_checkpoint_claim(&checkpoint, "of nobody");
    assert_non_null(hy_checkpoint_add_stream(&checkpoint, "s2"));
    assert_true(hy_checkpoint_set_state(&checkpoint, "s2", "y", 1));
    assert_non_null(hy_checkpoint_stream(&checkpoint, "s1"));
    assert_non_null(hy_checkpoint_add_stream(&checkpoint, "new"));
    assert_true(hy_checkpoint_set_state(&checkpoint, "new", "z", 1));
    assert_non_null(hy_checkpoint_stream(&checkpoint, "s0"));
    assert_null(hy_checkpoint_stream(&checkpoint, "s1"));
    assert_null(hy_checkpoint_source(&checkpoint, "s1"));
    assert_string_equal(hy_checkpoint_source(&checkpoint, "s0")->state, "x");
    assert_string_equal(hy_checkpoint_source(&checkpoint, "s2")->state, "y");
    assert_string_equal(hy_checkpoint_source(&checkpoint, "new")->state, "z");
    assert_int_equal(checkpoint.streams_count, HY_CHECKPOINT_STREAMS_MAX);
    assert_int_equal(checkpoint.sources_count, HY_CHECKPOINT_SOURCES_MAX);
    hy_checkpoint_fini(&checkpoint);
}

static void parts_of_a_source_are_its_own(void **state)
{
    struct hy_checkpoint checkpoint;
    fill_up(&checkpoint);
    strcpy(checkpoint.streams[0].name, "in/0");
    strcpy(checkpoint.streams[1].name, "inner");
    strcpy(checkpoint.streams[2].name, "in");
    hy_checkpoint_claim(&checkpoint, "in");
    assert_non_null(hy_checkpoint_add_stream(&checkpoint, "new"));
    assert_non_null(hy_checkpoint_stream(&checkpoint, "in/0"));
    assert_non_null(hy_checkpoint_stream(&checkpoint, "in"));
    assert_null(hy_checkpoint_stream(&checkpoint, "inner"));
    hy_checkpoint_fini(&checkpoint);
}

static void one_name_too_many_is_refused(void **state)
{
    struct hy_checkpoint checkpoint, read;
    char line[32];
    size_t len;
    fill_up(&checkpoint);
    char *whole = hy_checkpoint_print(&checkpoint, &len);
    char *text = malloc(len + sizeof line);
    static const char *const more[] = {"stream 0 0 more\n", "state 1 more\nx\n"};
    for (int i = 0; i < 2; i++) {
        size_t longer = len - 13; /* where the line of the CRC begins */
        memcpy(text, whole, longer);
        longer += (size_t)sprintf(text + longer, "%s", more[i]);
        longer += (size_t)sprintf(text + longer, "crc %08x\n", hy_ring_crc(text, longer));
        assert_false(hy_checkpoint_parse(text, longer, &read));
    }
    free(text);
    free(whole);
    hy_checkpoint_fini(&checkpoint);
}

static void what_is_saved_can_be_loaded(void **state)
{
    enum { SOURCES = 17 };
    char path[TEMPORARY_PATH], name[16];
    struct hy_checkpoint checkpoint = {0}, read;
    hydrant_error err;
    char *large = malloc(HY_CHECKPOINT_STATE_BYTES_MAX + 1);
    memset(large, 'x', HY_CHECKPOINT_STATE_BYTES_MAX + 1);
    temporary_folder(path);
    int dir = open(path, O_RDONLY | O_DIRECTORY);
    for (unsigned i = 0; i < SOURCES; i++)
        assert_true(hy_checkpoint_set_state(&checkpoint, numbered(name, i), large,
                                            HY_CHECKPOINT_STATE_BYTES_MAX));
    assert_false(
        hy_checkpoint_set_state(&checkpoint, "more", large, HY_CHECKPOINT_STATE_BYTES_MAX + 1));
    assert_int_equal(hy_checkpoint_save(dir, &checkpoint, &err), HYDRANT_OK);
    assert_int_equal(hy_checkpoint_load(dir, &read, &err), HYDRANT_OK);
    assert_int_equal(hy_checkpoint_source(&read, "s16")->state_len, HY_CHECKPOINT_STATE_BYTES_MAX);
    hy_checkpoint_fini(&read);
    hy_checkpoint_fini(&checkpoint);
    free(large);
    close(dir);
    temporary_remove(path);
}

static void files_are_remembered_as_text(void **state)
{
    static const char text[] = "0 700/650 12 00000000000000ff 1024 /data/a b.ndjson\n"
                               "700 710 14 00000000000000ff 10 /data/of an older version\n"
                               "710 710/0 15 0000000000000000 0 /data/empty\n"
                               "710 - 13 0000000000000000 0 /data/c.ndjson\n";
    struct hy_file_list list;
    char out[256];
    assert_true(hy_file_list_parse(&list, HY_STR(text)));
    assert_int_equal(list.count, 4);
    assert_int_equal(list.entries[0].end, 700);
    assert_int_equal(list.entries[0].disk_end, 650);
    assert_string_equal(list.entries[0].path, "/data/a b.ndjson");
    assert_int_equal(list.entries[1].end, 710);
    assert_true(list.entries[1].disk_end == HY_FILE_SIZE_UNKNOWN);
    assert_int_equal(list.entries[2].disk_end, 0);
    assert_true(list.entries[3].end == UINT64_MAX);
    assert_int_equal(hy_file_list_print(&list, out, sizeof out), sizeof text - 1);
    assert_memory_equal(out, text, sizeof text - 1);
    assert_int_equal(hy_file_list_print(&list, out, 10), sizeof text - 1);
    hy_file_list_fini(&list);
    static const char *const bad[] = {"x",
                                      "0 1 2 3 4",
                                      "0 1 2 3 4 p",
                                      "5 4 1 0 0 p\n",
                                      "0 - 1 0 0 p\n9 - 2 0 0 q\n",
                                      "0 9 1 0 0 p\n8 - 1 0 0 q\n",
                                      "0 9 1 0 1025 p\n",
                                      "0 9 1 0 0 \n",
                                      "-1 9 1 0 0 p\n",
                                      "0 9/ 1 0 0 p\n",
                                      "0 9/x 1 0 0 p\n",
                                      "0 -/9 1 0 0 p\n",
                                      "0 9/99999999999999999999 1 0 0 p\n",
                                      "99999999999999999999 - 1 0 0 p\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(hy_file_list_parse(&list, hy_str_cstr(bad[i])));
    assert_true(hy_file_list_parse(&list, HY_STR("")));
    hy_file_list_fini(&list);
}

static void no_line_is_longer_than_it_is_counted(void **state)
{
    static const char text[] = "0 9/9 1 0000000000000000 0 p\n"
                               "18446744073709551614 18446744073709551614/18446744073709551614 "
                               "18446744073709551615 ffffffffffffffff 1024 q\n";
    struct hy_file_list list;
    char out[256];
    assert_true(hy_file_list_parse(&list, HY_STR(text)));
    assert_int_equal(list.bytes, 2 * (HY_FILE_LINE_BYTES + 1));
    assert_int_equal(strlen(strchr(text, '\n') + 1), HY_FILE_LINE_BYTES + 1);
    hy_file_list_drop(&list);
    assert_int_equal(list.bytes, HY_FILE_LINE_BYTES + 1);
    assert_int_equal(hy_file_list_print(&list, out, sizeof out), strchr(text, '\n') + 1 - text);
    hy_file_list_fini(&list);
}

static void names_that_no_line_can_say(void **state)
{
    char path[HY_FILE_PATH_BYTES + 1];
    assert_true(hy_file_list_can_name("a b\t\xff.ndjson"));
    assert_false(hy_file_list_can_name("a\nb.ndjson"));
    assert_false(hy_file_list_can_name(""));
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_false(hy_file_list_can_name(path));
    assert_true(hy_file_list_can_name(path + 1));
}

static void a_file_is_known_by_its_first_bytes(void **state)
{
    char path[TEMPORARY_PATH];
    struct hy_file_list list = {0};
    struct stat st;
    int fd = temporary_file(path, "");
    assert_int_equal(write(fd, "beginning", 9), 9);
    fstat(fd, &st);
    struct hy_file_entry *entry = hy_file_list_add(&list, path);
    assert_true(hy_file_identify(entry, fd, &st));
    assert_int_equal(write(fd, " and more", 9), 9);
    fstat(fd, &st);
    assert_ptr_equal(hy_file_list_find(&list, path, fd, &st), entry); /* it grew */
    assert_ptr_equal(hy_file_list_find(&list, "renamed", fd, &st),
                     entry); /* the inode is its own */
    assert_int_equal(pwrite(fd, "B", 1, 0), 1);
    assert_null(hy_file_list_find(&list, path, fd, &st)); /* other bytes: another file */
    assert_int_equal(ftruncate(fd, 3), 0);
    fstat(fd, &st);
    assert_null(hy_file_list_find(&list, path, fd, &st));
    close(fd);
    unlink(path);
    hy_file_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_is_the_contiguous_prefix),
        cmocka_unit_test(a_checkpoint_is_whole_or_refused),
        cmocka_unit_test(a_checkpoint_survives_a_failing_write),
        cmocka_unit_test(names_of_no_source_make_room),
        cmocka_unit_test(parts_of_a_source_are_its_own),
        cmocka_unit_test(one_name_too_many_is_refused),
        cmocka_unit_test(what_is_saved_can_be_loaded),
        cmocka_unit_test(files_are_remembered_as_text),
        cmocka_unit_test(no_line_is_longer_than_it_is_counted),
        cmocka_unit_test(names_that_no_line_can_say),
        cmocka_unit_test(a_file_is_known_by_its_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
