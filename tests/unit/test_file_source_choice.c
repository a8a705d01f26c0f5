/*
 * Files as a source: which of several is read, and when it is left; what was rotated, renamed,
 * replaced, removed, or could not be opened for a while; how many are remembered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "file_source_fixture.h"
#include "ingest/file_list.h"

/* ---- which one is read, and which is left -----------------------------------------------------
 */

/* Last written to so many seconds ago. */
static void age(const char *name, int seconds)
{
    char path[TEMPORARY_INSIDE];
    struct timespec now, times[2];
    path_of(path, name);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    now.tv_sec -= seconds;
    times[0] = times[1] = now;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void numbered_files_are_read_oldest_first_and_the_one_that_grows_last(void **state)
{
    append_text("log", "4\n");
    append_text("log.1", "3\n");
    append_text("log.2", "2\n");
    append_text("log.10", "1\n");
    age("log.1", 10);
    age("log.2", 20);
    age("log.10", 100);
    start(true);
    take_later();
    append_text("log", "5\n");
    take_later();
    assert_string_equal(test.got, "1\n|2\n|3\n|4\n5\n");
    assert_string_equal(test.said, "");
}

static void without_follow_files_are_read_by_name_whatever_their_age(void **state)
{
    append_text("a", "a\n");
    append_text("b", "b\n");
    age("b", 100);
    start(false);
    take();
    assert_string_equal(test.got, "a\n|b\n|");
}

static void the_open_file_is_not_left_for_one_that_is_refused(void **state)
{
    static const char gzip[] = {0x1F, (char)0x8B, 8, 0, 0, 0, 0, 0};
    append_text("log", "1\n");
    age("log", 10);
    start(true);
    take_later();
    append("z", gzip, sizeof gzip);
    take_later();
    take_later();
    assert_string_equal(test.said, "this is gzip, and only zstd is read: unpack it first\n");
    append_text("log", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    append_text("zz", "3\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n|3\n");
}

static void the_open_file_is_not_left_for_a_copy_or_an_empty_one(void **state)
{
    append_text("log", "1\n");
    age("log", 10);
    start(true);
    take_later();
    append_text("log.1", "1\n"); /* copied, to be truncated */
    append_text("z", "");
    take_later();
    append_text("log", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    assert_non_null(strstr(test.said, "/log.1 is not read before"));
    assert_null(strstr(test.said, "/z is"));
}

static void an_older_file_is_read_when_the_open_one_is_left(void **state)
{
    append_text("m", "1\n");
    start(true);
    take_later();
    append_text("a", "old\n");
    append_text("z", "old, too\n");
    age("a", 100);
    age("z", 50);
    take_later();
    append_text("m", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    age("m", 10);
    append_text("b", "new\n"); /* an earlier name */
    take_later();
    assert_string_equal(test.got, "1\n2\n|old\n|old, too\n|new\n");
}

static void a_file_that_is_removed_is_left_for_whatever_is_there(void **state)
{
    char path[TEMPORARY_INSIDE];
    append_text("m", "1\n");
    start(true);
    take_later();
    append_text("a", "old\n");
    age("a", 100);
    path_of(path, "m");
    assert_int_equal(unlink(path), 0);
    take_later();
    assert_string_equal(test.got, "1\n|old\n");
}

static void unlink_name(const char *name)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, name);
    assert_int_equal(unlink(path), 0);
}

/* A look by which a file that was rotated away has been quiet for long enough. */
static void take_rotated(const char *rotated)
{
    age(rotated, 10);
    take_later();
    take_later();
}

static void a_file_that_begins_as_the_one_it_replaced_is_new(void **state)
{
    char line[2048];
    memset(line, 'h', sizeof line - 1); /* a header that is longer than what tells files */
    line[sizeof line - 1] = '\0';
    path_of(test.pattern, "log");
    append_text("log", line);
    start(true);
    take_later();
    rename_to("log", "log.1");
    append_text("log", line);
    append_text("log", "1\n");
    take_rotated("log.1");
    assert_int_equal(test.bytes, 2 * strlen(line) + 2);
    assert_string_equal(test.said, "");
}

static void a_file_that_was_replaced_while_nobody_looked_is_found_by_its_inode(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "head\n");
    start(true);
    take_later();
    test.resume = test.position;
    stop();
    append_text("log", "1\n");
    rename_to("log", "log.1");
    append_text("log", "head\n2\n");
    start(true);
    take_rotated("log.1");
    assert_string_equal(test.got, "head\n1\n|head\n2\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_is_replaced_before_the_first_take_is_read(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    rename_to("log", "log.1");
    append_text("log", "2\n");
    take_rotated("log.1");
    assert_string_equal(test.got, "1\n|2\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_was_empty_is_found_by_its_inode(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "");
    start(true);
    take();
    stop();
    append_text("log", "1\n");
    rename_to("log", "log.1");
    append_text("log", "2\n");
    start(true);
    take_rotated("log.1");
    assert_string_equal(test.got, "1\n|2\n");
    assert_string_equal(test.said, "");
}

static void what_start_finds_wrong_the_first_take_says(void **state)
{
    append_text("a\nb", "1\n");
    append_text("b", "2\n");
    start(true);
    assert_string_equal(test.said, "");
    take_later();
    assert_string_equal(test.said, "a file with a newline in its name is not read\n");
    assert_string_equal(test.got, "2\n");
}

static void a_finished_file_that_is_renamed_leaves_its_path_to_a_new_one(void **state)
{
    append_text("a", "head\n");
    append_text("b", "b\n");
    age("a", 20);
    age("b", 10);
    start(true);
    take_later();
    rename_to("a", "old");
    append_text("a", "head\n1\n");
    take_later();
    assert_string_equal(test.got, "head\n|b\n|head\n1\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_is_restored_is_known(void **state)
{
    char path[TEMPORARY_INSIDE];
    append_text("a", "head\n");
    append_text("b", "b\n");
    start(true);
    take_later();
    append_text("new", "head\n");
    path_of(path, "a");
    assert_int_equal(unlink(path), 0);
    rename_to("new", "a");
    take_later();
    assert_string_equal(test.got, "head\n|b\n");
    assert_string_equal(test.said, "");
}

static void files_that_were_rotated_away_in_between_are_read(void **state)
{
    static const char gzip[] = {0x1F, (char)0x8B, 8, 0, 0, 0, 0, 0};
    path_of(test.pattern, "log");
    append_text("log.9", "before\n");
    age("log.9", 200);
    append_text("log", "1\n");
    start(true);
    take_later();
    test.resume = test.position;
    stop();
    rename_to("log", "log.3");
    age("log.3", 100);
    append_text("log.2", "2\n");
    age("log.2", 50);
    append_text("log.1", "3\n");
    age("log.1", 20);
    append("log.0.gz", gzip, sizeof gzip);
    append_text("log.tmp", "no part of it\n");
    append_text("log", "4\n");
    start(true);
    take_later();
    take_later();
    append_text("log", "5\n");
    take_later();
    assert_string_equal(test.got, "1\n|2\n|3\n|4\n5\n");
    assert_string_equal(test.said, "");
}

static void a_path_that_names_nothing_is_told_once(void **state)
{
    path_of(test.pattern, "log");
    start(false);
    take();
    take();
    assert_string_equal(test.said, "there is nothing to read: No such file or directory\n");
    stop();
    start(true);
    take_later();
    take_later();
    assert_non_null(strstr(test.said, "/log: there is no such file yet\n"));
    assert_ptr_equal(strchr(test.said, '\n'), strrchr(test.said, '\n'));
    append_text("log", "1\n");
    take_later();
    assert_string_equal(test.got, "1\n");
}

static void a_file_that_cannot_be_opened_at_a_start_is_read_when_it_can(void **state)
{
    static const int errors[] = {EACCES, EMFILE, EIO};
    append_text("a", "1\n");
    append_text("b", "2\n");
    start(true);
    take_later();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        stop_to_go_on();
        world.shut = "b";
        world.shut_error = errors[i];
        start(true);
        take_later();
        append_text("c", "later\n");
        append_text("b", "more\n");
        take_later();
        take_later();
        assert_string_equal(test.got, "");
        assert_non_null(strstr(test.said, strerror(errors[i])));
        assert_ptr_equal(strchr(test.said, '\n'), strrchr(test.said, '\n'));
        unlink_name("c");
        world.shut = NULL;
        take_later();
    }
    assert_string_equal(test.got, "2\nmore\nmore\nmore\n");
}

static void a_renamed_file_that_cannot_be_opened_is_read_when_it_can(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("log", "2\n");
    rename_to("log", "log.1");
    append_text("log", "3\n");
    world.shut = "log.1";
    world.shut_error = EACCES;
    start(true);
    take_later();
    assert_string_equal(test.got, "");
    assert_string_equal(test.said, "cannot open: Permission denied\n");
    world.shut = NULL;
    take_rotated("log.1");
    assert_string_equal(test.got, "1\n2\n|3\n");
}

static void a_file_that_is_missing_at_a_start_is_read_on_when_it_is_back(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("log", "gone");
    start(true);
    take_later();
    take_later();
    assert_non_null(strstr(test.said, "/log, as it was read, is gone; "));
    assert_ptr_equal(strchr(test.said, '\n'), strrchr(test.said, '\n'));
    stop();
    start(true);
    take_later();
    append_text("gone", "2\n");
    rename_to("gone", "log");
    take_later();
    append_text("log", "3\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n3\n");
}

static void a_file_that_is_missing_is_finished_when_another_is_begun(void **state)
{
    path_of(test.pattern, "[ab]");
    append_text("a", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("a", "gone");
    start(true);
    take_later();
    append_text("b", "2\n");
    take_later();
    assert_string_equal(test.got, "2\n");
    assert_int_equal(test.position, 4);
    rename_to("gone", "a");
    take_later();
    assert_null(strstr(test.said, grew));
    append_text("a", "lost\n");
    take_later();
    assert_non_null(strstr(test.said, grew));
    stop_to_go_on();
    start(true);
    take_later();
    assert_string_equal(test.got, "2\n");
}

static void a_file_that_is_cut_while_nobody_reads_it_is_new(void **state)
{
    char line[2048];
    memset(line, 'h', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    append_text("log", line);
    append_text("log", "1\n2\n3\n");
    start(true);
    take_later();
    uint64_t before = test.position;
    stop_to_go_on();
    unlink_name("log");
    append_text("log", line);
    append_text("log", "4\n");
    start(true);
    take_later();
    append_text("log", "5\n6\n7\n8\n");
    take_later();
    assert_int_equal(test.bytes, strlen(line) + 10);
    assert_int_equal(test.position, before + strlen(line) + 10);
    assert_string_equal(test.said, "");
}

static void a_packed_file_that_is_smaller_than_what_it_holds_is_not_cut(void **state)
{
    char line[2048] = "";
    append_zstd("a.zst", line, sizeof line);
    start(true);
    take_later();
    assert_int_equal(test.position, sizeof line);
    stop_to_go_on();
    start(true);
    take_later();
    assert_int_equal(test.position, sizeof line);
}

static void a_file_that_the_source_names_no_more_is_left_at_its_end(void **state)
{
    path_of(test.pattern, "old");
    append_text("old", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("new", "n\n");
    append_text("old", "2\n");
    path_of(test.pattern, "new");
    start(true);
    take_later();
    append_text("old", "3\n");
    append_text("new", "n\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n|n\nn\n");
    assert_string_equal(test.said, "");
}

static void a_file_that_the_source_names_no_more_need_not_be_opened(void **state)
{
    path_of(test.pattern, "old");
    append_text("old", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("new", "n\n");
    path_of(test.pattern, "new");
    world.shut = "old";
    world.shut_error = EACCES;
    start(true);
    take_later();
    assert_string_equal(test.got, "n\n");
    assert_string_equal(test.said, "cannot open: Permission denied\n");
}

static void a_file_that_the_source_names_as_it_was_renamed_is_read_on(void **state)
{
    path_of(test.pattern, "old");
    append_text("old", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("old", "new");
    path_of(test.pattern, "new");
    start(true);
    take_later();
    append_text("new", "2\n");
    take_later();
    assert_string_equal(test.got, "1\n2\n");
    assert_string_equal(test.said, "");
}

static void a_rotated_part_that_was_open_is_read_on(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    rename_to("log", "log.2");
    age("log.2", 100);
    append_text("log.1", "2\n");
    age("log.1", 50);
    append_text("log", "");
    start(true);
    take_later();
    take_later();
    assert_string_equal(test.got, "1\n|2\n");
    stop_to_go_on();
    start(true);
    take_later();
    append_text("log.1", "3\n");
    take_later();
    age("log.1", 50);
    append_text("log", "4\n");
    take_later();
    assert_string_equal(test.got, "2\n3\n|4\n");
    assert_string_equal(test.said, "");
}

static void a_name_with_brackets_is_found_when_it_was_renamed(void **state)
{
    path_of(test.pattern, "log*");
    append_text("log[1]?", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("log[1]?", "2\n");
    path_of(test.pattern, "log[[]1[]][?]");
    rename_to("log[1]?", "log[1]?.1");
    append_text("log[1]?", "3\n");
    start(true);
    take_rotated("log[1]?.1");
    assert_string_equal(test.got, "1\n2\n|3\n");
    assert_string_equal(test.said, "");
}

/* ---- how many are remembered ------------------------------------------------------------------
 */

/* The state of a source that has read a file of this path so many times: the one that lies there,
 * or others that did before. */
static void remember(unsigned times, const char *path, bool lies_there)
{
    size_t len = 0;
    struct stat st = {0};
    assert_true(!lies_there || stat(path, &st) == 0);
    for (unsigned i = 0; i < times; i++)
        len += (size_t)snprintf(test.state + len, sizeof test.state - len,
                                "0 0/0 %llu 0000000000000000 0 %s\n",
                                lies_there ? (unsigned long long)st.st_ino : i, path);
    assert_true(len < sizeof test.state);
}

static const char full[] = "no more files can be remembered: move away some that were read\n";

static void as_many_files_are_remembered_as_the_header_says(void **state)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, "a");
    path_of(test.pattern, "[bc]");
    append_text("a", "a\n");
    append_text("b", "b\n");
    remember(HY_INTAKE_FILES_MAX - 1, path, true);
    start(true);
    take();
    assert_string_equal(test.said, "");
    append_text("c", "c\n");
    take();
    assert_string_equal(test.got, "b\n|");
    assert_string_equal(test.said, full);
    assert_int_equal(unlink(path), 0); /* what is gone is forgotten */
    take();
    assert_string_equal(test.got, "b\n|c\n");
}

static void those_that_were_rotated_away_are_forgotten_when_they_are_gone(void **state)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    rename_to("log", "log.1");
    append_text("log", "2\n");
    take_rotated("log.1");
    test.resume = test.position;
    stop();
    char *after = strdup(test.state);
    remember(HY_INTAKE_FILES_MAX - 2, path, false);
    strcat(test.state, after);
    free(after);
    start(true);
    take_later();
    append_text("z", "3\n");
    take_later();
    assert_string_equal(test.said, "");
    assert_string_equal(test.got, "2\n|3\n");
    test.resume = test.position;
    stop();
    start(true); /* log.1 is known still */
    take_later();
    assert_string_equal(test.got, "3\n");
    assert_int_equal(connects(), 3);
}

static void a_file_that_cannot_be_looked_at_is_not_gone(void **state)
{
    char path[TEMPORARY_INSIDE];
    path_of(path, "loop");
    path_of(test.pattern, "b");
    assert_int_equal(symlink("loop", path), 0);
    append_text("b", "b\n");
    remember(HY_INTAKE_FILES_MAX, path, false);
    start(true);
    take();
    assert_string_equal(test.said, full);
    assert_int_equal(unlink(path), 0);
    take();
    assert_string_equal(test.got, "b\n");
}

/* A path of so many bytes to the file a. */
static void long_path(char *path, size_t len)
{
    size_t at = (size_t)snprintf(path, len + 1, "%s/", test.folder);
    for (; at + 3 <= len; at += 2)
        memcpy(path + at, "./", 2);
    snprintf(path + at, len + 1 - at, len - at == 2 ? "/a" : "a");
    assert_int_equal(strlen(path), len);
}

static void a_state_has_room_for_what_is_remembered(void **state)
{
    enum { LONG = HY_FILE_PATH_BYTES - 1 };
    char path[HY_FILE_PATH_BYTES];
    path_of(test.pattern, "b");
    size_t room = HY_INTAKE_STATE_BYTES_MAX - HY_FILE_LINE_BYTES - strlen(test.pattern);
    unsigned times = (unsigned)(room / (HY_FILE_LINE_BYTES + LONG));
    append_text("a", "a\n");
    append_text("b", "b\n");
    long_path(path, LONG);
    remember(times, path, true);
    start(true);
    take();
    assert_string_equal(test.got, "b\n");
    stop();
    remember(times + 1, path, true);
    start(true);
    take();
    assert_string_equal(test.got, "");
    assert_string_equal(test.said, full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(numbered_files_are_read_oldest_first_and_the_one_that_grows_last),
        CASE(without_follow_files_are_read_by_name_whatever_their_age),
        CASE(the_open_file_is_not_left_for_one_that_is_refused),
        CASE(the_open_file_is_not_left_for_a_copy_or_an_empty_one),
        CASE(an_older_file_is_read_when_the_open_one_is_left),
        CASE(a_file_that_is_removed_is_left_for_whatever_is_there),
        CASE(a_file_that_begins_as_the_one_it_replaced_is_new),
        CASE(a_file_that_was_replaced_while_nobody_looked_is_found_by_its_inode),
        CASE(a_file_that_is_replaced_before_the_first_take_is_read),
        CASE(a_file_that_was_empty_is_found_by_its_inode),
        CASE(what_start_finds_wrong_the_first_take_says),
        CASE(a_finished_file_that_is_renamed_leaves_its_path_to_a_new_one),
        CASE(a_file_that_is_restored_is_known),
        CASE(files_that_were_rotated_away_in_between_are_read),
        CASE(a_path_that_names_nothing_is_told_once),
        CASE(a_file_that_cannot_be_opened_at_a_start_is_read_when_it_can),
        CASE(a_renamed_file_that_cannot_be_opened_is_read_when_it_can),
        CASE(a_file_that_is_missing_at_a_start_is_read_on_when_it_is_back),
        CASE(a_file_that_is_missing_is_finished_when_another_is_begun),
        CASE(a_file_that_is_cut_while_nobody_reads_it_is_new),
        CASE(a_packed_file_that_is_smaller_than_what_it_holds_is_not_cut),
        CASE(a_file_that_the_source_names_no_more_is_left_at_its_end),
        CASE(a_file_that_the_source_names_no_more_need_not_be_opened),
        CASE(a_file_that_the_source_names_as_it_was_renamed_is_read_on),
        CASE(a_rotated_part_that_was_open_is_read_on),
        CASE(a_name_with_brackets_is_found_when_it_was_renamed),
        CASE(as_many_files_are_remembered_as_the_header_says),
        CASE(those_that_were_rotated_away_are_forgotten_when_they_are_gone),
        CASE(a_file_that_cannot_be_looked_at_is_not_gone),
        CASE(a_state_has_room_for_what_is_remembered),
    };
    return cmocka_run_group_tests_name("choice of files", tests, NULL, NULL);
}
