/*
 * What each stage costs, in the whole engine, on one thread: posts from a file through all stages,
 * published items rendered as NDJSON and thrown away, or put into a ring in shared memory for a
 * group that nobody reads, so that the oldest make room. The figures are the engine's own, read
 * with hydrant_stats_read: CPU time between the borders of stages, taken once a batch. The first
 * posts of an engine touch memory that nobody touched before, the dedup window's above all, which
 * costs once and much: so the first tenth of the posts is not in the figures, if there are ten.
 *
 * Checked first: which posts match, against the truth of the generator (when it is known), that
 * parse fast and strict say the same about every post, and that all items come into the ring.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "corpus.h"
#include "made_file.h"

enum {
    POSTS = 100000,
    POSTS_QUICK = 10000,
    WARM_UP = 10, /* one post in so many */
    ALL = HYDRANT_STAGES,
    FIGURES
};

struct run {
    struct bench_corpus corpus;
    const char *path; /* of the posts */
    bool *matches;    /* what the pass that is checked said */
    uint64_t seen;
};

/* What a pass is timed as. */
static const struct mode {
    const char *name;
    hydrant_parse parse;
    bool ring;
} modes[] = {{"strict", HYDRANT_PARSE_STRICT, false},
             {"fast", HYDRANT_PARSE_FAST, false},
             {"strict-ring", HYDRANT_PARSE_STRICT, true},
             {"fast-ring", HYDRANT_PARSE_FAST, true}};

enum { MODES = sizeof modes / sizeof *modes };

static void die(const hydrant_error *err)
{
    fprintf(stderr, "bench-stages: %s\n", err->text);
    exit(1);
}

static bool note_item(void *ctx, const hydrant_item *item)
{
    struct run *run = ctx;
    if (item->event != HYDRANT_ITEM_MENTION)
        return true; /* said later of an earlier post */
    if (run->seen < run->corpus.count)
        run->matches[run->seen] = item->matches_count > 0;
    run->seen++;
    return true;
}

static bool throw_away(void *ctx, const char *data, size_t len)
{
    (void)ctx;
    bench_use(len ? (uint64_t)data[len - 1] : 0);
    return true;
}

static hydrant *create(struct run *run, const hydrant_options *options)
{
    hydrant *engine = NULL;
    hydrant_error err = {0};
    run->seen = 0;
    if (hydrant_create(options, run->corpus.pack, &engine, &err) != HYDRANT_OK)
        die(&err);
    return engine;
}

static hydrant_options options_for(struct run *run, hydrant_parse parse)
{
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.parse = parse;
    options.event_time = true;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    options.ctx = run;
    return options;
}

/* An engine that throws its items away, or puts them into a ring in the folder. */
static hydrant *create_timed(struct run *run, const struct mode *mode, const char *folder)
{
    const hydrant_ring_group group = {.name = "bench", .when_slow = HYDRANT_SLOW_DROP_OLDEST};
    const hydrant_ring_target ring = {.dir = folder, .groups = &group, .groups_count = 1};
    hydrant_options options = options_for(run, mode->parse);
    if (mode->ring)
        options.ring = &ring;
    else
        options.on_ndjson = throw_away;
    return create(run, &options);
}

/* An engine that says of every post whether it matched. */
static hydrant *create_checked(struct run *run, hydrant_parse parse)
{
    hydrant_options options = options_for(run, parse);
    options.emit = HYDRANT_EMIT_ALL;
    options.on_item = note_item;
    return create(run, &options);
}

/* One pass over all posts with an engine of its own, so that the dedup window begins empty. */
static void pass(struct run *run, hydrant *engine, hydrant_stats *stats)
{
    hydrant_error err = {0};
    if (hydrant_add_file(engine, run->path, &err) != HYDRANT_OK ||
        hydrant_run(engine, &err) != HYDRANT_OK)
        die(&err);
    hydrant_stats_read(engine, stats);
    hydrant_destroy(&engine);
}

/* Feeds the engine posts [from, to) from a file in memory, which lives on until the time was taken:
 * to free it is no work of the engine's. Returns the CPU time that it took. */
static uint64_t feed(const struct run *run, hydrant *engine, uint32_t from, uint32_t to)
{
    hydrant_error err = {0};
    const struct hy_record *first = &run->corpus.records[from],
                           *last = &run->corpus.records[to - 1];
    int fd = memfd_create("posts", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(dup(fd), "w");
    size_t len = (size_t)(last->data + last->len + 1 - first->data);
    if (!file || fwrite(first->data, 1, len, file) != len || fflush(file) != 0 ||
        lseek(fd, 0, SEEK_SET) != 0) {
        perror("bench-stages: a file in memory");
        exit(1);
    }
    if (hydrant_add_fd(engine, fd, "posts", true, &err) != HYDRANT_OK)
        die(&err);
    uint64_t start = bench_now_ns(BENCH_CPU);
    if (hydrant_run(engine, &err) != HYDRANT_OK)
        die(&err);
    uint64_t took = bench_now_ns(BENCH_CPU) - start;
    fclose(file);
    return took;
}

/* Nanoseconds a post of each stage, and of all. */
static void time_pass(struct run *run, const struct mode *mode, double figures[FIGURES])
{
    hydrant_stats warm, stats;
    char folder[BENCH_PATH];
    if (mode->ring)
        bench_make_ring_folder(folder);
    hydrant *engine = create_timed(run, mode, folder);
    uint32_t first = run->corpus.count / WARM_UP; /* 0 of a few posts: those then touch it all */
    if (first > 0)
        feed(run, engine, 0, first);
    hydrant_stats_read(engine, &warm);
    uint64_t ns = feed(run, engine, first, run->corpus.count);
    hydrant_stats_read(engine, &stats);
    hydrant_destroy(&engine);
    if (mode->ring)
        bench_remove(folder);
    double posts = (double)(stats.posts - warm.posts);
    figures[ALL] = (double)ns / posts;
    for (uint32_t s = 0; s < HYDRANT_STAGES; s++)
        figures[s] = (double)(stats.stage_cpu_ns[s] - warm.stage_cpu_ns[s]) / posts;
}

/* Ends here where records would count as posts that cost little. */
static void refuse_unread(const hydrant_stats *stats)
{
    uint64_t unread = bench_unread(stats);
    if (unread == 0)
        return;
    fprintf(stderr,
            "bench-stages: error: %llu of %llu records hold no post that can be read "
            "(bench/run --corpus leaves such out)\n",
            (unsigned long long)unread, (unsigned long long)stats->posts);
    exit(1);
}

/* All that is published is in the ring, or was. */
static void check_ring(struct bench *bench, struct run *run, uint64_t published)
{
    for (uint32_t i = 0; i < MODES; i++) {
        hydrant_stats stats;
        char folder[BENCH_PATH];
        if (!modes[i].ring)
            continue;
        bench_make_ring_folder(folder);
        pass(run, create_timed(run, &modes[i], folder), &stats);
        bench_remove(folder);
        bench_check(bench, stats.ring_items == published, "%s: %llu items in the ring of %llu",
                    modes[i].name, (unsigned long long)stats.ring_items,
                    (unsigned long long)published);
    }
}

static void check(struct bench *bench, struct run *run)
{
    hydrant_stats stats[2];
    uint32_t count = run->corpus.count, wrong = 0, differ = 0;
    bool *strict = malloc(count);
    run->matches = calloc(count, 1);
    if (!run->matches || !strict)
        exit(1);
    pass(run, create_checked(run, HYDRANT_PARSE_STRICT), &stats[0]);
    refuse_unread(&stats[0]);
    memcpy(strict, run->matches, count);
    bench_check(bench, run->seen == count, "%llu items of %u posts", (unsigned long long)run->seen,
                count);
    pass(run, create_checked(run, HYDRANT_PARSE_FAST), &stats[1]);
    for (uint32_t i = 0; i < count; i++) {
        wrong += run->corpus.matches && strict[i] != run->corpus.matches[i];
        differ += strict[i] != run->matches[i];
    }
    bench_check(bench, wrong == 0, "%u of %u posts are not judged as the truth says", wrong, count);
    bench_check(bench, differ == 0 && stats[0].published == stats[1].published,
                "parse fast and strict differ on %u posts", differ);
    check_ring(bench, run, stats[0].published);
    free(strict);
    free(run->matches);
}

static void measure(struct bench *bench, struct run *run)
{
    static double samples[MODES][FIGURES][BENCH_SAMPLES_MAX];
    for (uint32_t r = 0; r < bench->repeats; r++) {
        for (uint32_t i = 0; i < MODES; i++) {
            uint32_t mode = r % 2 ? MODES - 1 - i : i;
            double figures[FIGURES];
            time_pass(run, &modes[mode], figures);
            for (uint32_t s = 0; s < FIGURES; s++)
                samples[mode][s][r] = figures[s];
        }
    }
    for (uint32_t mode = 0; mode < MODES; mode++) {
        for (uint32_t s = 0; s < FIGURES; s++) {
            char name[64];
            snprintf(name, sizeof name, "stage/%s/%s", modes[mode].name,
                     s == ALL ? "all" : hydrant_stage_name((hydrant_stage)s));
            bench_samples(bench, name, "ns/post", samples[mode][s], bench->repeats);
        }
    }
}

/* --pass MODE: one pass and nothing else, for tools that look at the program from outside. */
static void one_pass(struct bench *bench, struct run *run, const char *mode)
{
    hydrant_stats stats;
    pass(run, create_timed(run, &modes[strcmp(mode, "strict") == 0 ? 0 : 1], NULL), &stats);
    refuse_unread(&stats);
    bench_check(bench, !run->corpus.matches || stats.matched == run->corpus.matches_count,
                "%llu posts match, by the truth %llu", (unsigned long long)stats.matched,
                (unsigned long long)run->corpus.matches_count);
    printf("%llu posts\n", (unsigned long long)stats.posts);
}

int main(int argc, char **argv)
{
    static struct run run;
    struct bench bench;
    char path[64];
    bench_begin(&bench, &argc, argv, "stages",
                "What each stage costs in the whole engine, one thread.",
                BENCH_CORPUS_HELP
                "  --pass MODE    only go over the posts once, with parse strict or fast\n");
    const char *mode = NULL;
    bench_corpus_options(&bench, &argc, argv);
    if (bench_take(&bench, &argc, argv, "--pass", &mode) && strcmp(mode, "strict") != 0 &&
        strcmp(mode, "fast") != 0) {
        fprintf(stderr, "bench-stages: --pass: '%s' is neither strict nor fast\n", mode);
        return 2;
    }
    bench_no_more_options(&bench, argc, argv);
    bench_corpus_open(&bench, bench.quick ? POSTS_QUICK : POSTS, &run.corpus);
    run.path = bench_corpus_file(&run.corpus, path, sizeof path);
    if (mode) {
        one_pass(&bench, &run, mode);
    } else {
        check(&bench, &run);
        if (bench.failures == 0)
            measure(&bench, &run);
    }
    bench_corpus_close(&run.corpus);
    return bench_end(&bench);
}
