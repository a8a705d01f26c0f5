/* What a pattern names, without what has not changed since it was settled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ingest/file_look.h"
#include "support/temporary.h"

static char folder[TEMPORARY_PATH], pattern[TEMPORARY_INSIDE];

static void append(const char *name)
{
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
}

static void drop(const char *name)
{
    char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(unlink(path), 0);
}

/* Looks again; the names that it has are these, and are settled unless that is false. */
static void expect(struct hy_file_look *look, const char *names, bool settle)
{
    char got[64] = "";
    const char *path;
    hy_file_look_again(look, pattern, HY_FILE_BY_NAME);
    while ((path = hy_file_look_path(look))) {
        struct stat st;
        assert_ptr_equal(hy_file_look_path(look), path); /* the same until it is passed */
        strncat(got, strrchr(path, '/') + 1, sizeof got - strlen(got) - 1);
        assert_int_equal(stat(path, &st), 0);
        hy_file_look_pass(look, settle ? &st : NULL);
    }
    assert_string_equal(got, names);
}

static void only_what_is_new_or_has_changed_is_named(void **state)
{
    struct hy_file_look look = {0};
    temporary_folder(folder);
    snprintf(pattern, sizeof pattern, "%s/*", folder);
    assert_null(hy_file_look_path(&look)); /* it has not looked yet */
    expect(&look, "", true);
    append("c");
    append("a");
    expect(&look, "ac", false);
    expect(&look, "ac", true);
    expect(&look, "", true);
    append("b");
    append("c");
    expect(&look, "bc", true);
    drop("b");
    expect(&look, "", true);
    append("b"); /* it was forgotten */
    expect(&look, "b", true);
    hy_file_look_again(&look, pattern, HY_FILE_BY_NAME);
    append("a"); /* also what changes after the look */
    assert_non_null(strstr(hy_file_look_path(&look), "/a"));
    drop("a");
    drop("b");
    drop("c");
    expect(&look, "", true);
    hy_file_look_fini(&look);
    temporary_remove(folder);
}

/* In the order in which they were last written to; at the same time, by name. */
static void by_time_the_oldest_is_first(void **state)
{
    static const char *const names[] = {"d", "a", "c", "b"};
    struct hy_file_look look = {0};
    char got[64] = "", path[TEMPORARY_PATH + 16];
    temporary_folder(folder);
    snprintf(pattern, sizeof pattern, "%s/*", folder);
    for (int i = 0; i < 4; i++) {
        const struct timespec times[2] = {{i / 2, i == 3}, {i / 2, i == 3}}; /* d a, c b */
        append(names[i]);
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    hy_file_look_again(&look, pattern, HY_FILE_BY_TIME);
    for (int round = 0; round < 2; round++, hy_file_look_rewind(&look))
        for (const char *at; (at = hy_file_look_path(&look)); hy_file_look_pass(&look, NULL))
            strncat(got, strrchr(at, '/') + 1, sizeof got - strlen(got) - 1);
    assert_string_equal(got, "adcbadcb");
    for (int i = 0; i < 4; i++)
        drop(names[i]);
    hy_file_look_fini(&look);
    temporary_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(only_what_is_new_or_has_changed_is_named),
                                       cmocka_unit_test(by_time_the_oldest_is_first)};
    return cmocka_run_group_tests_name("file look", tests, NULL, NULL);
}
