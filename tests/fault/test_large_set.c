/*
 * label: medium
 * A list of 100,000 words and phrases: what compiling it takes, an edit of it while mentions flow,
 * and a start from the cache; once of words, which the table of words finds, and once of what
 * Hyperscan finds (words in another script). Memory is held to its limit; times are printed, and
 * compared with each other, since a loaded machine says little about seconds. This program is the
 * compiler, too.
 *
 * Not under sanitizers, whose memory and time are others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/manager.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "support/random.h"
#include "support/temporary.h"

enum { ENTRIES = 100000, PEAK_MIB_MAX = 300, PATIENCE_S = 240 };

#define SWAP_NS_MAX 1000000u /* of a worker's CPU time */

static char folder[TEMPORARY_PATH], list_path[TEMPORARY_INSIDE], rules_path[TEMPORARY_INSIDE],
    cache[TEMPORARY_INSIDE];
static char texts[ENTRIES][48];

/* The number of an entry, in digits of its own script. */
static void append_number(char *text, unsigned number, const char *const digits[16])
{
    char reversed[8];
    unsigned count = 0;
    for (; number || count == 0; number /= 16)
        reversed[count++] = (char)(number % 16);
    while (count > 0)
        strcat(text, digits[(unsigned)reversed[--count]]);
}

static void make_entries(const char *const parts[16], const char *const digits[16])
{
    struct random_state random = {7};
    memset(texts, 0, sizeof texts);
    for (unsigned i = 0; i < ENTRIES; i++) {
        for (unsigned k = 0; k < 4; k++)
            strcat(texts[i], parts[random_below(&random, 16)]);
        if (i % 3 == 0)
            strcat(texts[i], " ");
        append_number(texts[i], i, digits);
    }
}

/* Entries from first on, and then more, one a line. */
static void write_list(unsigned first, const char *more)
{
    char beside[128];
    snprintf(beside, sizeof beside, "%s/words.tmp", folder);
    FILE *out = fopen(beside, "w");
    assert_non_null(out);
    for (unsigned i = first; i < ENTRIES; i++)
        fprintf(out, "%s\n", texts[i]);
    fputs(more, out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rename(beside, list_path), 0);
}

/* Of this process and the compilers that it had. */
static double cpu_seconds(void)
{
    double seconds = 0;
    for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
        struct rusage use;
        getrusage(who, &use);
        seconds += (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                   (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
    }
    return seconds;
}

/* ---- memory: what this process and its compiler have at one time, shared pages counted once ----
 */

static _Atomic bool sampled;
static long peak_kib;

static long pss_kib(const char *process)
{
    char path[64], line[128];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%.16s/smaps_rollup", process);
    FILE *in = fopen(path, "r");
    while (in && kib == 0 && fgets(line, sizeof line, in))
        sscanf(line, "Pss: %ld kB", &kib);
    if (in)
        fclose(in);
    return kib;
}

static void *sample(void *arg)
{
    const char *children = arg;
    while (!atomic_load(&sampled)) {
        char child[16];
        long kib = pss_kib("self");
        FILE *in = fopen(children, "r");
        while (in && fscanf(in, "%15s", child) == 1)
            kib += pss_kib(child);
        if (in)
            fclose(in);
        peak_kib = kib > peak_kib ? kib : peak_kib;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    return NULL;
}

/* ---- the set ---- */

static hydrant_manager *start(double *seconds)
{
    const char *paths[] = {rules_path};
    hydrant_manager *manager;
    hydrant_manager_options options;
    hydrant_error err = {0};
    hydrant_manager_options_init(&options);
    options.rules.paths = paths;
    options.rules.paths_count = 1;
    options.rules.cache_dir = cache;
    options.rules.compiler = "/proc/self/exe";
    options.watch = false;
    double before = cpu_seconds();
    if (hydrant_manager_create(&options, &manager, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    *seconds = cpu_seconds() - before;
    return manager;
}

static bool on_item(void *ctx, const hydrant_item *item)
{
    *(unsigned *)ctx += item->matches_count;
    return true;
}

static bool matches(hydrant *engine, unsigned *count, const char *text)
{
    hydrant_mention mention = {.text = {text, (uint32_t)strlen(text)}};
    *count = 0;
    assert_int_equal(hydrant_push_mentions(engine, "in", &mention, 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    return *count > 0;
}

static hydrant *engine_of(hydrant_manager *manager, unsigned *count)
{
    hydrant *engine;
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 1;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    options.dedup_window_us = 0;
    options.on_item = on_item;
    options.ctx = count;
    assert_int_equal(hydrant_create(&options, hydrant_manager_pack(manager), &engine, NULL),
                     HYDRANT_OK);
    assert_int_equal(hydrant_manager_attach(manager, engine, NULL), HYDRANT_OK);
    return engine;
}

static bool is_incremental(hydrant_manager *manager)
{
    hydrant_manager_status status;
    hydrant_manager_status_read(manager, &status);
    return status.incremental;
}

static double edit(hydrant_manager *manager, hydrant *engine, unsigned *count)
{
    assert_true(matches(engine, count, texts[0]));
    assert_true(matches(engine, count, texts[ENTRIES - 1]));
    assert_false(matches(engine, count, "entirely new words"));
    write_list(2, "entirely new words\nanother\n");
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    assert_int_equal(hydrant_manager_reload(manager, NULL), HYDRANT_OK);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    assert_false(matches(engine, count, texts[0]));
    assert_true(matches(engine, count, texts[2]));
    assert_true(matches(engine, count, texts[ENTRIES - 1]));
    assert_true(matches(engine, count, "entirely new words"));
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void wait_until_whole(hydrant_manager *manager)
{
    for (int ms = 0; is_incremental(manager); ms += 20) {
        assert_true(ms < PATIENCE_S * 1000);
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
}

/* What a list of the entries takes. */
struct figures {
    double cold, edited, warm; /* seconds of CPU */
    bool incremental;          /* the edit was compiled beside what was there */
};

static struct figures compile_edit_and_start_again(const char *what)
{
    double cold, warm, edited;
    unsigned count;
    hydrant_stats stats;
    pthread_t sampler;
    char children[64];
    snprintf(children, sizeof children, "/proc/self/task/%d/children", (int)getpid());
    assert_int_equal(pthread_create(&sampler, NULL, sample, children), 0);
    hydrant_manager *manager = start(&cold);
    atomic_store(&sampled, true);
    pthread_join(sampler, NULL);
    hydrant *engine = engine_of(manager, &count);
    edited = edit(manager, engine, &count);
    bool incremental = is_incremental(manager);
    wait_until_whole(manager);
    assert_true(matches(engine, &count, "another"));
    assert_false(matches(engine, &count, texts[1]));
    hydrant_stats_read(engine, &stats);
    hydrant_manager_destroy(&manager);
    hydrant_destroy(&engine);
    manager = start(&warm); /* what the last edit came to */
    engine = engine_of(manager, &count);
    assert_true(matches(engine, &count, "another"));
    assert_false(matches(engine, &count, texts[1]));
    hydrant_manager_destroy(&manager);
    hydrant_destroy(&engine);
    printf("%s: cold %.2f s of CPU, edit live after %.2f, from the cache %.2f; swap %.3f ms; "
           "peak %ld MiB\n",
           what, cold, edited, warm, (double)stats.swap_cpu_ns_max / 1e6, peak_kib / 1024);
    assert_in_range(stats.swap_cpu_ns_max, 1, SWAP_NS_MAX);
    assert_in_range(peak_kib, 50 << 10, PEAK_MIB_MAX << 10);
    assert_true(warm < cold / 4);
    return (struct figures){cold, edited, warm, incremental};
}

static struct figures literals;

/* In Cyrillic letters, which are no words to the table. */
static void literals_are_compiled_edited_and_started_again(void **state)
{
    static const char *const parts[] = {"зор", "век", "ква", "бли", "дра", "фно", "губ", "хик",
                                        "жот", "кры", "лум", "мох", "низ", "пых", "рак", "вуб"};
    static const char *const digits[] = {"а", "б", "в", "г", "д", "е", "ж", "з",
                                         "и", "к", "л", "м", "н", "о", "п", "р"};
    make_entries(parts, digits);
    write_list(0, "");
    literals = compile_edit_and_start_again("literals");
    assert_true(literals.incremental);
    assert_true(literals.edited < literals.cold / 2);
}

/* There is nothing to put beside a table that is made in less time than an increment pays for. */
static void words_are_compiled_edited_and_started_again(void **state)
{
    static const char *const parts[] = {"zor", "vex", "qua", "bly", "dra", "fno", "gub", "hix",
                                        "jot", "kry", "lum", "mox", "nyz", "pyx", "rax", "wub"};
    static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7",
                                         "8", "9", "a", "b", "c", "d", "e", "f"};
    make_entries(parts, digits);
    write_list(0, "");
    struct figures words = compile_edit_and_start_again("words");
    assert_false(words.incremental);
    assert_true(words.cold < literals.cold / 3);
    assert_true(words.edited < literals.cold / 3);
}

static int begin(void **state)
{
    atomic_store(&sampled, false);
    peak_kib = 0;
    temporary_folder(folder);
    snprintf(list_path, sizeof list_path, "%s/words.txt", folder);
    snprintf(rules_path, sizeof rules_path, "%s/rules.yaml", folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    FILE *out = fopen(rules_path, "w");
    fputs("version: 1\nlists: {words: {file: words.txt}}\nrules: [{id: one, match: '%words'}]\n",
          out);
    fclose(out);
    return 0;
}

static int end(void **state)
{
    temporary_remove(folder);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "compile-patterns") == 0)
        return hydrant_compile_serve(STDIN_FILENO);
#ifdef HY_SANITIZE
    puts("skipped: with sanitizers, memory and time are theirs");
    return 77;
#endif
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(literals_are_compiled_edited_and_started_again, begin, end),
        cmocka_unit_test_setup_teardown(words_are_compiled_edited_and_started_again, begin, end),
    };
    return cmocka_run_group_tests_name("large_set", tests, NULL, NULL);
}
