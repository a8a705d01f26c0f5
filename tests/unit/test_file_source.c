/*
 * Files as a source, by what its host gets: the caps on what a file expands to, what is said of
 * files that grow, a run once, how a file is told, what a look costs. Which of several is read is
 * in test_file_source_choice.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "file_source_fixture.h"

/* ---- what a file expands to -------------------------------------------------------------------
 */

static void append_zeros(const char *name, size_t len)
{
    char *zeros = calloc(1, len);
    append_zstd(name, zeros, len);
    free(zeros);
}

static void a_file_that_expands_too_many_times_is_given_up(void **state)
{
    enum { FRAME = 1 << 20 };
    for (int i = 0; i < HY_FEEDER_RATIO_STEP / FRAME + 4; i++)
        append_zeros("a.zst", FRAME);
    append_text("b", "b\n");
    start(false);
    take();
    assert_int_equal(test.bytes, HY_FEEDER_RATIO_STEP + 2);
    assert_non_null(strstr(test.said, "expands too many times"));
}

static void a_file_ends_at_the_cap_on_its_bytes(void **state)
{
    enum { CAP = 300000 };
    test.options.decompressed_bytes_max = CAP;
    append_zeros("a.zst", CAP);
    append_zeros("b.zst", CAP + 1);
    append_zeros("c.zst", 3 * CAP);
    start(false);
    take();
    assert_int_equal(test.bytes, 3 * CAP);
    assert_string_equal(test.said, "damaged zstd data: it expands to too much\n"
                                   "damaged zstd data: it expands to too much\n");
}

static void a_frame_to_skip_may_be_longer_than_a_read(void **state)
{
    static char frame[1 << 20] = {0x50, 0x2A, 0x4D, 0x18};
    uint32_t len = sizeof frame - 8;
    memcpy(frame + 4, &len, sizeof len); /* little endian, as we are */
    append("a.zst", frame, sizeof frame);
    append_zstd("a.zst", "a\n", 2);
    start(false);
    take();
    assert_string_equal(test.said, "");
    assert_string_equal(test.got, "a\n|");
}

/* ---- files that grow --------------------------------------------------------------------------
 */

static void rotate_by_date(void)
{
    append_text("a", "last words\n");
    append_text("b", "b\n");
}

static void what_was_written_before_the_next_file_came_is_read(void **state)
{
    append_text("a", "a\n");
    start(true);
    take();
    world.before_glob = rotate_by_date;
    take_later();
    assert_null(world.before_glob);
    assert_string_equal(test.got, "a\nlast words\n|b\n");
    assert_string_equal(test.said, "");
}

static void an_empty_file_that_was_passed_over_and_grows_is_told(void **state)
{
    append_text("a", "");
    append_text("b", "b\n");
    start(true);
    take_later();
    assert_string_equal(test.said, "");
    append_text("a", "lost\n");
    take_later();
    assert_string_equal(test.got, "b\n");
    assert_non_null(strstr(test.said, "/a grew after"));
    test.said[0] = '\0';
    append_text("a", "lost\n");
    take_later();
    assert_string_equal(test.said, ""); /* once a file */
}

static void a_file_that_grows_while_nobody_looks_is_told_after_a_restart(void **state)
{
    append_text("a", "a\n");
    append_text("b", "");
    append_text("c", "c\n");
    start(true);
    take_later();
    test.resume = test.position;
    stop();
    start(true);
    take_later();
    assert_string_equal(test.said, "");
    stop();
    append_text("a", "lost\n");
    append_text("b", "lost\n");
    append_text("c", "found\n");
    start(true);
    take_later();
    assert_non_null(strstr(test.said, "/a grew after"));
    assert_non_null(strstr(test.said, "/b grew after"));
    assert_null(strstr(test.said, "/c grew after"));
    assert_string_equal(test.got, "c\nfound\n");
}

static void a_file_that_was_given_up_has_not_grown(void **state)
{
    static char gzip[1000000] = {0x1F, (char)0x8B, 8};
    append("a", gzip, sizeof gzip);
    append_text("b", "b\n");
    start(true);
    take_later();
    assert_string_equal(test.got, "b\n");
    assert_non_null(strstr(test.said, "gzip"));
    assert_null(strstr(test.said, grew));
    append("a", gzip, 1);
    take_later();
    assert_non_null(strstr(test.said, grew));
}

/* ---- once -------------------------------------------------------------------------------------
 */

static void start_once(void)
{
    test.options.once = true;
    start(true);
    test.options.once = false;
}

static void once_reads_what_is_there_and_leaves_the_rest_to_a_later_run(void **state)
{
    append_text("a", "1\n");
    append_text("b", "2\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "1\n|2\n");
    stop_to_go_on();
    append_text("b", "3\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "2\n3\n");
    stop_to_go_on();
    append_text("b", "4\n");
    start(true);
    take_later();
    append_text("b", "5\n");
    take_later();
    assert_false(test.ended);
    assert_string_equal(test.got, "2\n3\n4\n5\n");
    assert_string_equal(test.said, "");
}

static void once_tells_of_a_last_line_without_an_end_which_waits(void **state)
{
    append_text("a", "[1,\n2]"); /* no line */
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.said, "");
    stop_to_go_on();
    append_text("b", "1\nhalf of");
    start_once();
    take();
    assert_true(test.ended);
    assert_null(strstr(test.got, "half of|"));
    assert_non_null(strstr(test.said, "/b: its last line has no end"));
    stop_to_go_on();
    append_text("b", " a line\n");
    start_once();
    take();
    assert_string_equal(test.got, "1\nhalf of a line\n");
    assert_string_equal(test.said, "");
}

static void once_reads_a_last_line_that_closes_an_object(void **state)
{
    append_text("a", "{}\n{\"text\":1}");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "{}\n{\"text\":1}|");
    stop_to_go_on();
    append_text("a", "\n{}\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "{}\n{\"text\":1}\n{}\n");
    assert_string_equal(test.said, "");
}

static void once_tells_of_a_packed_file_that_is_cut_short(void **state)
{
    char path[TEMPORARY_INSIDE];
    struct stat st;
    append_zeros("a.zst", 100000);
    path_of(path, "a.zst");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 1), 0);
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.said, "this zstd data is cut short, as it is now\n");
}

static void once_waits_for_no_writer_of_a_rotated_file(void **state)
{
    path_of(test.pattern, "log");
    append_text("log", "1\n");
    start(true);
    take_later();
    stop_to_go_on();
    append_text("log", "2\n");
    rename_to("log", "log.1");
    append_text("log", "3\n");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.got, "1\n2\n|3\n");
}

static void once_a_path_that_names_nothing_is_an_error(void **state)
{
    path_of(test.pattern, "log");
    start_once();
    take();
    assert_true(test.ended);
    assert_string_equal(test.said, "there is nothing to read: No such file or directory\n");
}

/* ---- what it costs ----------------------------------------------------------------------------
 */

enum { FILES = 300, WRITES = 100, SOME = 10 };

static void expect_calls_at_most(unsigned globs, unsigned opens, unsigned stats)
{
    if (world.globs > globs || world.opens > opens || world.stats > stats)
        fail_msg("%u globs, %u opens, %u stats", world.globs, world.opens, world.stats);
    world.globs = world.opens = world.stats = 0;
}

static void a_look_costs_no_look_at_every_file_for_every_file(void **state)
{
    for (int i = 0; i < FILES; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%03d", i);
        append_text(name, "a\n");
    }
    world.globs = world.opens = world.stats = 0;
    start(true);
    take();
    assert_int_equal(test.bytes, 2 * FILES);
    expect_calls_at_most(SOME, 2 * FILES + SOME, 3 * FILES + SOME); /* the start */
    world.ms += 2000;
    take();
    expect_calls_at_most(1, SOME, FILES + SOME); /* each is known to have been read */
    for (int i = 0; i < WRITES; i++) {
        append_text("f299", "a\n");
        world.opens = 0;
        take();
    }
    assert_int_equal(test.bytes, 2 * FILES + 2 * WRITES);
    expect_calls_at_most(0, 0, WRITES * SOME);
    world.ms += 2000;
    take();
    expect_calls_at_most(1, SOME, FILES + SOME); /* a look at what has not changed opens nothing */
    append_text("g", "g\n");
    world.opens = 0;
    take();
    expect_calls_at_most(SOME, SOME, SOME * FILES); /* nor does one at what is new */
    append_text("f000", "a\n");
    take_later();
    assert_non_null(strstr(test.said, "f000 grew after"));
    test.resume = test.position;
    stop();
    world.globs = world.opens = world.stats = 0;
    start(true);
    take_later();
    expect_calls_at_most(SOME, FILES + SOME, 2 * FILES + SOME); /* the next start */
}

/* ---- how a file is told -----------------------------------------------------------------------
 */

static void a_compressed_file_is_told_however_little_of_it_is_there(void **state)
{
    static const char text[] = "a line\nanother\n", gzip[] = {0x1F, (char)0x8B, 8, 0};
    char packed[128];
    size_t len = ZSTD_compress(packed, sizeof packed, text, sizeof text - 1, 1);
    assert_false(ZSTD_isError(len));
    start(true);
    for (size_t i = 0; i < len; i++) {
        append("a.zst", packed + i, 1);
        take_later();
    }
    assert_string_equal(test.got, text);
    for (size_t i = 0; i < sizeof gzip; i++) {
        append("b", gzip + i, 1);
        take_later();
    }
    assert_int_equal(test.bytes, sizeof text - 1);
    assert_non_null(strstr(test.said, "this is gzip"));
}

static void what_only_begins_like_a_compressed_file_is_text(void **state)
{
    append_text("a", "BZ");
    start(true);
    take_later();
    assert_string_equal(test.got, ""); /* it may become bzip2 */
    append_text("a", "\n");
    take();
    assert_string_equal(test.got, "BZ\n");
    append_text("b", "\xFD");
    append_text("c", "\x28\xB5\x2F");
    append_text("d", "d\n");
    take_later();
    assert_string_equal(test.got, "BZ\n|\xFD|\x28\xB5\x2F|d\n");
    assert_string_equal(test.said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_file_that_expands_too_many_times_is_given_up),
        CASE(a_file_ends_at_the_cap_on_its_bytes),
        CASE(a_frame_to_skip_may_be_longer_than_a_read),
        CASE(what_was_written_before_the_next_file_came_is_read),
        CASE(an_empty_file_that_was_passed_over_and_grows_is_told),
        CASE(a_file_that_grows_while_nobody_looks_is_told_after_a_restart),
        CASE(a_file_that_was_given_up_has_not_grown),
        CASE(once_reads_what_is_there_and_leaves_the_rest_to_a_later_run),
        CASE(once_tells_of_a_last_line_without_an_end_which_waits),
        CASE(once_reads_a_last_line_that_closes_an_object),
        CASE(once_tells_of_a_packed_file_that_is_cut_short),
        CASE(once_waits_for_no_writer_of_a_rotated_file),
        CASE(once_a_path_that_names_nothing_is_an_error),
        CASE(a_look_costs_no_look_at_every_file_for_every_file),
        CASE(a_compressed_file_is_told_however_little_of_it_is_there),
        CASE(what_only_begins_like_a_compressed_file_is_text),
    };
    return cmocka_run_group_tests_name("file source", tests, NULL, NULL);
}
