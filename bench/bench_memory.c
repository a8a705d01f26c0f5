/*
 * What the parts of a running engine take: the growth of the resident set of this process at each
 * step, and what is only taken while rules are compiled. Pages are counted as the kernel does, so
 * that memory which is reserved and never touched does not count.
 *
 *     start -> rules -> engine without dedup -> after the posts -> engine with dedup -> after the
 * posts
 *
 * Run on a corpus of one's own it shows that corpus. Checked: that the engine judged all of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "corpus.h"
#include "dedup/dedup.h"

enum { POSTS = 200000, POSTS_QUICK = 20000, ENTRIES = 1000000 };

struct step {
    struct bench *bench;
    const struct bench_corpus *corpus;
    const char *path;
};

/* jemalloc's, where it is linked: gives free pages back, so that they are not taken for used ones.
 */
int mallctl(const char *, void *, size_t *, void *, size_t) __attribute__((weak));

static double resident(void)
{
    unsigned long all = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu %lu", &all, &pages) != 2) {
        perror("/proc/self/statm");
        exit(1);
    }
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double peak(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss * 1024;
}

static bool throw_away(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return true;
}

/* Resident growth of an engine that has judged all posts. */
static double engine_bytes(const struct step *step, hydrant_pack *pack, uint32_t workers,
                           bool dedup)
{
    hydrant_options options;
    hydrant_stats stats;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    double before = resident();
    hydrant_options_init(&options);
    options.workers = workers;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    options.on_ndjson = throw_away;
    options.event_time = true;
    options.dedup_entries = ENTRIES;
    if (!dedup)
        options.dedup_window_us = 0;
    if (hydrant_create(&options, pack, &engine, &err) != HYDRANT_OK ||
        hydrant_add_file(engine, step->path, &err) != HYDRANT_OK ||
        hydrant_run(engine, &err) != HYDRANT_OK) {
        fprintf(stderr, "bench-memory: %s\n", err.text);
        exit(1);
    }
    double grown = resident() - before;
    hydrant_stats_read(engine, &stats);
    bench_check(step->bench, stats.posts == step->corpus->count, "%llu of %u posts were judged",
                (unsigned long long)stats.posts, step->corpus->count);
    if (step->corpus->matches)
        bench_check(step->bench, stats.matched == step->corpus->matches_count,
                    "%llu posts match, by the truth %llu", (unsigned long long)stats.matched,
                    (unsigned long long)step->corpus->matches_count);
    hydrant_destroy(&engine);
    return grown > 0 ? grown : 0;
}

/* Each figure is taken in a process of its own: what one leaves behind would be the next one's.
 * That process ends well when its checks were good, too. */
static double in_child(const struct step *step, double (*take)(const struct step *))
{
    int ends[2], how = -1;
    double value = -1;
    if (pipe(ends) != 0) {
        perror("bench-memory");
        exit(1);
    }
    fflush(NULL);
    if (mallctl)
        mallctl("arena.4096.purge", NULL, NULL, NULL, 0); /* 4096: all arenas */
    pid_t child = fork();
    if (child == 0) {
        value = take(step);
        _exit(write(ends[1], &value, sizeof value) == sizeof value && step->bench->failures == 0
                  ? 0
                  : 1);
    }
    close(ends[1]);
    bool good = child > 0 && read(ends[0], &value, sizeof value) == sizeof value;
    close(ends[0]);
    good = child > 0 && waitpid(child, &how, 0) == child && how == 0 && good;
    bench_check(step->bench, good && value >= 0, "a measurement ended badly");
    return value;
}

static hydrant_pack *compile(const struct step *step)
{
    const char *path = bench_corpus_rules(step->bench, step->corpus);
    hydrant_rules rules = {.paths = &path, .paths_count = path ? 1 : 0};
    hydrant_pack *pack = NULL;
    if (hydrant_pack_compile(&rules, &pack, NULL) != HYDRANT_OK)
        exit(1);
    return pack;
}

static double take_pack(const struct step *step)
{
    double before = resident();
    compile(step);
    return resident() - before;
}

/* Above what is resident before: the highest that compiling gets. */
static double take_compile_peak(const struct step *step)
{
    double before = resident();
    compile(step);
    return peak() > before ? peak() - before : 0;
}

static double take_engine(const struct step *step)
{
    return engine_bytes(step, step->corpus->pack, 1, false);
}

static double take_two_workers(const struct step *step)
{
    return engine_bytes(step, step->corpus->pack, 2, false);
}

static double take_with_dedup(const struct step *step)
{
    return engine_bytes(step, step->corpus->pack, 1, true);
}

static double dedup_reserved(struct bench *bench, uint32_t entries)
{
    struct hy_dedup *dedup = NULL;
    struct hy_dedup_options options = {.entries = entries, .seed = bench->seed};
    if (!bench_check(bench, hy_dedup_create(&options, &dedup, NULL) == HYDRANT_OK, "dedup"))
        return 0;
    double bytes = (double)hy_dedup_bytes(dedup);
    hy_dedup_destroy(&dedup);
    return bytes;
}

int main(int argc, char **argv)
{
    static struct bench_corpus corpus;
    struct bench bench;
    char path[64];
    bench_begin(&bench, &argc, argv, "memory", "What the parts of a running engine take.",
                BENCH_CORPUS_HELP);
    bench_corpus_options(&bench, &argc, argv);
    bench_no_more_options(&bench, argc, argv);
    bench_corpus_open(&bench, bench.quick ? POSTS_QUICK : POSTS, &corpus);
    const struct step step = {&bench, &corpus, bench_corpus_file(&corpus, path, sizeof path)};
    double start = in_child(&step, take_engine), two = in_child(&step, take_two_workers);
    double dedup = in_child(&step, take_with_dedup);
    double pack = in_child(&step, take_pack), compiling = in_child(&step, take_compile_peak);
    double reserved = dedup_reserved(&bench, ENTRIES);
    bench_value(&bench, "memory/rule-pack", "bytes", pack > 0 ? pack : 0);
    bench_value(&bench, "memory/compiling-peak", "bytes", compiling);
    bench_value(&bench, "memory/engine-1-worker", "bytes", start);
    bench_value(&bench, "memory/each-further-worker", "bytes", two > start ? two - start : 0);
    bench_value(&bench, "memory/dedup-touched", "bytes", dedup > start ? dedup - start : 0);
    bench_value(&bench, "memory/dedup-1M-reserved", "bytes", reserved);
    bench_corpus_close(&corpus);
    return bench_end(&bench);
}
