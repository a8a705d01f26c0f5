/*
 * label: medium
 * A regular expression that would compile for minutes, or into gigabytes, is refused within its
 * budget and the rule is named, while the old rules go on. This program is the compiler, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/manager.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/temporary.h"

static char message[512];
static unsigned problems, line;

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    problems++;
    line = problem->line;
    snprintf(message, sizeof message, "%.*s", (int)problem->message.len, problem->message.data);
}

#define COSTLY "([^a]{1,1000}x|y[^b]{1,1000}){2,3}z"

static void write_rules(const char *path, const char *middle)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out,
            "version: 1\nrules:\n  - {id: good, match: '/st[o0]rm/'}\n%s"
            "  - {id: fine, match: '/ra[i1]n/'}\n",
            middle);
    assert_int_equal(fclose(out), 0);
}

#define BAD "  - {id: bad, match: 'storm OR /" COSTLY "/'}\n"

static hydrant_rules rules_of(const char *const *paths, uint32_t seconds, uint32_t mib)
{
    problems = line = 0;
    return (hydrant_rules){.paths = paths,
                           .paths_count = 1,
                           .on_diagnostic = on_diagnostic,
                           .compiler = "/proc/self/exe",
                           .compile_seconds_max = seconds,
                           .compile_mib_max = mib};
}

static void assert_refused(const char *why)
{
    assert_int_equal(problems, 1);
    assert_int_equal(line, 4);
    if (!strstr(message, "rule bad is too costly") || !strstr(message, why))
        fail_msg("%s", message);
}

/* A file whose rule is costly, compiled within limits: refused, with no pack. */
static void refuse_costly(char path[TEMPORARY_PATH], const hydrant_rules *rules, const char *why)
{
    hydrant_pack *pack = NULL;
    write_rules(path, BAD);
    assert_int_equal(hydrant_pack_compile(rules, &pack, NULL), HYDRANT_ERR_RULES);
    assert_null(pack);
    assert_refused(why);
}

static void costly_in_time_is_named(void **state)
{
    char path[TEMPORARY_PATH];
    const char *paths[] = {path};
    hydrant_rules rules = rules_of(paths, 1, 0);
    close(temporary_file(path, ""));
    refuse_costly(path, &rules, "more than 1 seconds");
    unlink(path);
}

static double compilers_cpu_s(void)
{
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* One alone is the costly one: it is not compiled again to find that out. */
static void costly_alone_takes_no_more_than_the_limit(void **state)
{
    char path[TEMPORARY_PATH];
    const char *paths[] = {path};
    hydrant_rules rules = rules_of(paths, 1, 0);
    hydrant_pack *pack = NULL;
    int file = temporary_file(path, "");
    assert_true(dprintf(file, "version: 1\nrules:\n\n%s", BAD) > 0);
    close(file);
    double before = compilers_cpu_s();
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL), HYDRANT_ERR_RULES);
    assert_refused("more than 1 seconds");
    assert_true(compilers_cpu_s() - before < 1.7);
    unlink(path);
}

/* (What sanitizers reserve is beyond any limit.) */
static void costly_in_memory_is_named(void **state)
{
#ifdef HY_SANITIZE
    skip();
#endif
    char path[TEMPORARY_PATH];
    const char *paths[] = {path};
    hydrant_rules rules = rules_of(paths, 0, 96);
    hydrant_pack *pack = NULL;
    close(temporary_file(path, ""));
    refuse_costly(path, &rules, "96 MiB of memory");
    write_rules(path, "");
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL),
                     HYDRANT_OK); /* is enough for these */
    unlink(path);
    hydrant_pack_destroy(&pack);
}

static bool on_item(void *ctx, const hydrant_item *item)
{
    *(uint64_t *)ctx = item->generation;
    return true;
}

static uint64_t generation_of(hydrant *engine, uint64_t *seen)
{
    *seen = 0;
    assert_int_equal(hydrant_push_bytes(engine, "in", "{\"text\":\"a storm\"}\n", 19, NULL),
                     HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    return *seen;
}

static void the_old_rules_go_on(void **state)
{
    char path[TEMPORARY_PATH];
    const char *paths[] = {path};
    uint64_t seen = 0;
    hydrant_manager *manager;
    hydrant *engine;
    hydrant_error err = {0};
    hydrant_manager_options options;
    hydrant_manager_options_init(&options);
    options.rules = rules_of(paths, 1, 0);
    options.watch = false;
    close(temporary_file(path, ""));
    write_rules(path, "");
    assert_int_equal(hydrant_manager_create(&options, &manager, NULL), HYDRANT_OK);
    hydrant_options with;
    hydrant_options_init(&with);
    with.emit = HYDRANT_EMIT_PUBLISHED;
    with.dedup_window_us = 0;
    with.on_item = on_item;
    with.ctx = &seen;
    assert_int_equal(hydrant_create(&with, hydrant_manager_pack(manager), &engine, NULL),
                     HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(manager, engine, NULL), HYDRANT_OK);
    assert_int_equal(generation_of(engine, &seen), 1);
    write_rules(path, BAD);
    assert_int_equal(hydrant_manager_reload(manager, &err), HYDRANT_ERR_RULES);
    assert_refused("more than 1 seconds");
    assert_int_equal(generation_of(engine, &seen), 1);
    write_rules(path, "  - {id: better, match: 'storm'}\n");
    assert_int_equal(hydrant_manager_reload(manager, NULL), HYDRANT_OK);
    assert_int_equal(generation_of(engine, &seen), 2);
    unlink(path);
    hydrant_manager_destroy(&manager);
    hydrant_destroy(&engine);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "compile-patterns") == 0)
        return hydrant_compile_serve(STDIN_FILENO);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costly_in_time_is_named),
        cmocka_unit_test(costly_alone_takes_no_more_than_the_limit),
        cmocka_unit_test(costly_in_memory_is_named),
        cmocka_unit_test(the_old_rules_go_on),
    };
    return cmocka_run_group_tests_name("costly_rules", tests, NULL, NULL);
}
