/*
 * label: medium
 * Where databases come from: the cache and whom it trusts; a compiler of its own process, and what
 * it refuses. This program is the compiler, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <hs.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/rules_test.h"
#include "base/str.h"
#include "rules/build.h"
#include "support/temporary.h"

static char folder[TEMPORARY_PATH];

static int make_folder(void **state)
{
    temporary_folder(folder);
    return 0;
}

static int remove_folder(void **state)
{
    temporary_remove(folder);
    return 0;
}

static hs_database_t *some_database(void)
{
    static const char *const text[] = {"storm", "rain"};
    static const size_t lens[] = {5, 4};
    struct hy_patterns patterns = {text, lens, 2, 0, true};
    struct hy_build_problem problem;
    hs_database_t *hs;
    assert_int_equal(hy_build_here(&patterns, &hs, &problem), HYDRANT_OK);
    return hs;
}

static bool is_found(const char *path, struct hy_database_key key)
{
    hs_database_t *hs = hy_build_cache_find(path, key);
    hs_free_database(hs);
    return hs != NULL;
}

static const struct hy_database_key key = {1, 2}, other = {1, 3};

/* The one file of the cache. */
static void file_of(const char *path, char *out, size_t cap)
{
    snprintf(out, cap, "%s/%016x%016x.hsdb", path, 2, 1);
}

static void kept_and_found(void **state)
{
    char cache[TEMPORARY_INSIDE], file[256];
    struct stat st;
    hs_database_t *hs = some_database();
    snprintf(cache, sizeof cache, "%s/a/b/cache", folder);
    assert_false(is_found(cache, key));
    hy_build_cache_keep(cache, key, hs);
    hs_free_database(hs);
    assert_true(is_found(cache, key));
    assert_false(is_found(cache, other));
    assert_int_equal(stat(cache, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    file_of(cache, file, sizeof file);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void only_ours_is_trusted(void **state)
{
    char cache[TEMPORARY_INSIDE], link[TEMPORARY_INSIDE];
    hs_database_t *hs = some_database();
    snprintf(cache, sizeof cache, "%s/cache", folder);
    snprintf(link, sizeof link, "%s/link", folder);
    hy_build_cache_keep(cache, key, hs);
    assert_int_equal(symlink(cache, link), 0);
    assert_false(is_found(link, key));
    assert_int_equal(chmod(cache, 0750), 0); /* somebody else could have put it there */
    assert_false(is_found(cache, key));
    hy_build_cache_keep(cache, other, hs);
    assert_int_equal(chmod(cache, 0700), 0);
    assert_true(is_found(cache, key));
    assert_false(is_found(cache, other));
    if (geteuid() == 0) {
        assert_int_equal(chown(cache, 12345, 12345), 0);
        assert_false(is_found(cache, key));
    }
    hs_free_database(hs);
}

static void damage_is_seen(void **state)
{
    char cache[TEMPORARY_INSIDE], file[256];
    hs_database_t *hs = some_database();
    snprintf(cache, sizeof cache, "%s/cache", folder);
    hy_build_cache_keep(cache, key, hs);
    file_of(cache, file, sizeof file);
    for (int at = 0; at < 200; at += 7) {
        int fd = open(file, O_RDWR);
        char byte = 0;
        assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
        byte = (char)~byte;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_false(is_found(cache, key));
        byte = (char)~byte;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        close(fd);
    }
    assert_true(is_found(cache, key));
    assert_int_equal(truncate(file, 30), 0);
    assert_false(is_found(cache, key));
    hs_free_database(hs);
}

static void old_ones_go(void **state)
{
    char cache[TEMPORARY_INSIDE];
    int count = 0;
    hs_database_t *hs = some_database();
    snprintf(cache, sizeof cache, "%s/cache", folder);
    for (uint64_t i = 0; i < 100; i++)
        hy_build_cache_keep(cache, (struct hy_database_key){i, 0}, hs);
    DIR *dir = opendir(cache);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(count, 64);
    assert_true(is_found(cache, (struct hy_database_key){99, 0}));
    hs_free_database(hs);
}

/* ---- compiling in a process of its own ---- */

struct problems {
    unsigned count, line;
    char message[512], rule[64];
};

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    struct problems *problems = ctx;
    problems->count++;
    problems->line = problem->line;
    snprintf(problems->message, sizeof problems->message, "%.*s", (int)problem->message.len,
             problem->message.data);
}

static hydrant_status compile(const char *text, const hydrant_rules *like,
                              struct problems *problems, hydrant_pack **pack, hydrant_error *err)
{
    char path[TEMPORARY_INSIDE];
    const char *paths[] = {path};
    snprintf(path, sizeof path, "%s/rules.yaml", folder);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    hydrant_rules rules = *like;
    rules.paths = paths;
    rules.paths_count = 1;
    rules.on_diagnostic = on_diagnostic;
    rules.ctx = problems;
    return hydrant_pack_compile(&rules, pack, err);
}

static const char small[] = "version: 1\nrules:\n  - {id: one, match: '/st[o0]rm/i AND rain'}\n";

static void child_compiles(void **state)
{
    struct problems problems = {0};
    hydrant_pack *pack = NULL;
    hydrant_rules rules = {.compiler = "/proc/self/exe"};
    assert_int_equal(compile(small, &rules, &problems, &pack, NULL), HYDRANT_OK);
    hydrant_pack_destroy(&pack);
    assert_int_equal(problems.count, 0);
    rules.compiler = "/nowhere/compiler"; /* then this process does it */
    assert_int_equal(compile(small, &rules, &problems, &pack, NULL), HYDRANT_OK);
    hydrant_pack_destroy(&pack);
}

static void wrong_program_is_an_error(void **state)
{
    struct problems problems = {0};
    hydrant_error err = {0};
    hydrant_pack *pack = NULL;
    hydrant_rules rules = {.compiler = "/bin/true"};
    assert_int_equal(compile(small, &rules, &problems, &pack, &err), HYDRANT_ERR_SYSTEM);
    assert_null(pack);
    assert_non_null(strstr(err.text, "/bin/true"));
}

static void what_only_compiling_finds(void **state)
{
    struct problems problems = {0};
    hydrant_error err = {0};
    hydrant_pack *pack = NULL;
    hydrant_rules rules = {.compiler = "/proc/self/exe"};
    const char *text = "version: 1\nrules:\n  - {id: good, match: '/st[o0]rm/'}\n"
                       "  - {id: bad, match: '/(abc.{0,250}){8}/'}\n";
    assert_int_equal(compile(text, &rules, &problems, &pack, &err), HYDRANT_ERR_RULES);
    assert_int_equal(problems.line, 4);
    assert_non_null(strstr(problems.message, "too large"));
}

/* ---- cut off ---- */

static void no_test_is_run(void *ctx, const hydrant_test *test)
{
    (void)ctx;
    (void)test;
    fail();
}

static void what_is_cut_off_says_so(void **state)
{
    static const char rules[] = "version: 1\nrules:\n"
                                "  - {id: one, match: storm, tests: [{text: rain, match: true}]}\n";
    const struct hy_rule_input input = {.name = "rules.yaml", .text = HY_STR(rules)};
    hy_cancel cancel = true;
    struct hy_build build = {.cancel = &cancel};
    struct hy_compile_options options = {.build = &build};
    struct hy_ruleset *set = NULL;
    struct hy_pack *pack = NULL;
    hydrant_error err = {0};
    assert_int_equal(hy_ruleset_load(&input, 1, &set, &err), HYDRANT_OK);
    assert_int_equal(hy_pack_compile(set, &options, &pack, &err), HYDRANT_ERR_CANCELLED);
    assert_string_equal(err.text, "cut off by a stop");
    assert_null(pack);
    assert_int_equal(hy_pack_compile(set, NULL, &pack, &err), HYDRANT_OK);
    assert_int_equal(hy_rules_test_pack(set, pack, no_test_is_run, NULL, &cancel, &err),
                     HYDRANT_ERR_CANCELLED);
    hy_pack_destroy(&pack);
    hy_ruleset_destroy(&set);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "compile-patterns") == 0)
        return hydrant_compile_serve(STDIN_FILENO);
    const struct CMUnitTest tests[] = {
        CASE(kept_and_found),
        CASE(only_ours_is_trusted),
        CASE(damage_is_seen),
        CASE(old_ones_go),
        CASE(child_compiles),
        CASE(wrong_program_is_an_error),
        CASE(what_only_compiling_finds),
        CASE(what_is_cut_off_says_so),
    };
    return cmocka_run_group_tests_name("rules_build", tests, NULL, NULL);
}
