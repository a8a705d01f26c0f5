/*
 * bench-dedup: how good and how fast deduplication is.
 *
 * Pairs: each through a window of its own: precision, recall, F1, how many templates with another
 * city, name or number were merged. Stream: background posts, put together from pieces of the
 * stream's own, are spread evenly between its posts until the window is full; recall counts the
 * variants of a group that are linked to it. Speed: posts through the window that is full by then,
 * a fifth of them repeats, in CPU time, preparing included.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "bench.h"
#include "bench_dedup_posts.h"
#include "dedup/dedup.h"
#include "text/fold.h"

enum {
    KINDS_MAX = 64,
    WINDOWS_MAX = 8,
    ARENA_BYTES = 256 << 20,
    PAIRS_MADE = 4000,
    STREAM_MADE = 12000,
    ID_BYTES = 24,
    SAMPLE_POSTS = 40 * HY_BATCH_MENTIONS, /* of a sample of the speed */
    REPEAT_ONE_IN = 5,
    SMALL_WINDOW = 100000,
    LARGE_WINDOW = 10000000,
    WINDOW_MIN = 1000,
    WINDOW_MAX = HY_DEDUP_ENTRIES_MAX,
};

/* Answers on made posts that are worse than this are wrong; they are 1, 1, 0, .93 and 0. */
#define PRECISION_LEAST 0.99
#define PAIRS_RECALL_LEAST 0.97
#define TEMPLATES_MERGED_MOST 0.01
#define STREAM_RECALL_LEAST 0.88
#define ELSEWHERE_MOST 0.01

struct arguments {
    const char *data, *show;
    uint32_t windows[WINDOWS_MAX], windows_count, links;
};

struct lane {
    struct hy_dedup *dedup;
    struct hy_dedup_worker *worker;
    struct hy_batch *batch;
};

static void fail(const hydrant_error *err)
{
    fprintf(stderr, "bench-dedup: %s\n", err->text);
    exit(1);
}

static void open_window(struct lane *lane, uint32_t entries, uint64_t seed)
{
    hydrant_error err = {0};
    struct hy_dedup_options options = {.entries = entries, .seed = seed};
    options.window_us = (uint64_t)1 << 50;
    if (hy_dedup_create(&options, &lane->dedup, &err) != HYDRANT_OK ||
        hy_dedup_worker_create(lane->dedup, &lane->worker, &err) != HYDRANT_OK)
        fail(&err);
}

static void close_window(struct lane *lane)
{
    hy_dedup_worker_destroy(&lane->worker);
    hy_dedup_destroy(&lane->dedup);
}

static void clear(struct lane *lane)
{
    hy_arena_reset(&lane->batch->arena);
    lane->batch->count = 0;
}

static void add(struct lane *lane, uint64_t id, uint32_t author, int64_t time_ms, const char *text)
{
    struct hy_batch *batch = lane->batch;
    struct hy_mention *m = &batch->mentions[batch->count++];
    uint32_t len = (uint32_t)strlen(text);
    char *ids = hy_arena_alloc(&batch->arena, 2 * ID_BYTES, 1);
    char *folded = hy_arena_alloc(&batch->arena, (size_t)len * HY_FOLD_EXPANSION + 64, 1);
    bool identity;
    *m = (struct hy_mention){.matches_count = 1};
    m->m.id = hy_str(ids, (size_t)snprintf(ids, ID_BYTES, "19%017llu", (unsigned long long)id));
    m->m.author.id =
        hy_str(ids + ID_BYTES, (size_t)snprintf(ids + ID_BYTES, ID_BYTES, "%u", author));
    m->m.network = HY_STR("x");
    m->m.created_at_us = time_ms * 1000;
    m->folded.len = hy_fold(text, len, folded, NULL, &identity);
    m->folded.data = folded;
    hy_arena_trim(&batch->arena, folded, m->folded.len + 1);
}

static void run(struct lane *lane)
{
    hy_batch_list_wanted(lane->batch);
    hy_dedup_prepare(lane->worker, lane->batch);
    hy_dedup_batch(lane->dedup, lane->worker, lane->batch);
}

/* ---- pairs ---- */

struct tally {
    char kind[32];
    bool same;
    uint32_t all, grouped, exact;
};

static struct tally *tally_of(struct tally *tallies, uint32_t *count, const struct bench_pair *pair)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp(tallies[i].kind, pair->kind) == 0 && tallies[i].same == pair->same)
            return &tallies[i];
    }
    if (*count == KINDS_MAX) {
        fputs("bench-dedup: too many kinds of pairs\n", stderr);
        exit(1);
    }
    struct tally *tally = &tallies[(*count)++];
    *tally = (struct tally){.same = pair->same};
    memcpy(tally->kind, pair->kind, sizeof tally->kind);
    return tally;
}

static hydrant_dup_kind judge_pair(struct lane *lane, const struct bench_pair *pair, uint64_t seed)
{
    open_window(lane, 4, seed);
    clear(lane);
    add(lane, 1, 1, 0, pair->a);
    add(lane, 2, 2, 1000, pair->b);
    run(lane);
    hydrant_dup_kind kind = lane->batch->mentions[1].dup->kind;
    close_window(lane);
    return kind;
}

static void print_kinds(const struct tally *tallies, uint32_t count)
{
    puts("label kind             pairs grouped   exact");
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        printf("%5d %-16s %5u %6.1f%% %6.1f%%\n", t->same, t->kind, t->all,
               100.0 * t->grouped / t->all, 100.0 * t->exact / t->all);
    }
}

static double share(uint32_t part, uint32_t whole)
{
    return whole ? (double)part / whole : 1;
}

/* given: by --data, whose labels are somebody else's. */
static void print_pairs(struct bench *bench, const struct tally *tallies, uint32_t count,
                        bool given)
{
    uint32_t right = 0, wrong = 0, missed = 0, templates = 0, merged = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct tally *t = &tallies[i];
        right += t->same ? t->grouped : 0;
        missed += t->same ? t->all - t->grouped : 0;
        wrong += t->same ? 0 : t->grouped;
        if (strstr(t->kind, "tmpl")) {
            templates += t->all;
            merged += t->grouped;
        }
    }
    double precision = share(right, right + wrong), recall = share(right, right + missed);
    double f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
    bench_check(bench, right > 0, "dedup: no pair was grouped");
    if (!given) {
        bench_check(bench, precision >= PRECISION_LEAST && recall >= PAIRS_RECALL_LEAST,
                    "dedup: precision %.3f, recall %.3f of made pairs", precision, recall);
        bench_check(bench, merged <= templates * TEMPLATES_MERGED_MOST,
                    "dedup: %u of %u made templates were merged", merged, templates);
    }
    bench_value(bench, "dedup/pairs-precision", "ratio", precision);
    bench_value(bench, "dedup/pairs-recall", "ratio", recall);
    bench_value(bench, "dedup/pairs-f1", "ratio", f1);
    if (templates)
        bench_value(bench, "dedup/templates-merged", "%", 100.0 * merged / templates);
}

static void bench_pairs(struct bench *bench, struct lane *lane, const struct bench_pairs *pairs,
                        const char *show, bool given)
{
    struct tally tallies[KINDS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct bench_pair *pair = &pairs->pairs[i];
        struct tally *tally = tally_of(tallies, &count, pair);
        hydrant_dup_kind kind = judge_pair(lane, pair, bench->seed);
        bool grouped = kind != HYDRANT_DUP_NONE;
        tally->all++;
        tally->grouped += grouped;
        tally->exact += kind == HYDRANT_DUP_EXACT;
        if (show && grouped != pair->same &&
            (strcmp(show, "all") == 0 || strcmp(show, pair->kind) == 0))
            printf("%s %s\n  %s\n  %s\n", pair->same ? "missed" : "merged", pair->kind, pair->a,
                   pair->b);
    }
    if (!bench->json)
        print_kinds(tallies, count);
    print_pairs(bench, tallies, count, given);
}

/* ---- stream ---- */

struct stream_run {
    const struct bench_stream *stream;
    uint32_t *kinds;            /* by post of the stream: its dup kind */
    int64_t *firsts;            /* and the number of its first: a post of the stream, or -1 */
    uint64_t linked_background; /* background posts that were linked to anything */
    uint64_t background;
    bool given; /* by --data */
};

/* Ids: posts of the stream have their number; background posts have BACKGROUND added. */
#define BACKGROUND 1000000000ull

static void collect(struct lane *lane, struct stream_run *r)
{
    for (uint32_t i = 0; i < lane->batch->count; i++) {
        const struct hy_mention *m = &lane->batch->mentions[i];
        uint64_t id = strtoull(m->m.id.data + 2, NULL, 10);
        char first[ID_BYTES] = {0};
        memcpy(first, m->dup->first_id.data, m->dup->first_id.len);
        uint64_t first_id = strtoull(first + 2, NULL, 10);
        if (id >= BACKGROUND) {
            r->linked_background += m->dup->kind != HYDRANT_DUP_NONE;
        } else {
            r->kinds[id] = m->dup->kind;
            r->firsts[id] = first_id >= BACKGROUND ? -1 : (int64_t)first_id;
        }
    }
}

static void put(struct lane *lane, struct stream_run *r, uint64_t id, uint32_t author, int64_t time,
                const char *text)
{
    add(lane, id, author, time, text);
    if (lane->batch->count == HY_BATCH_MENTIONS) {
        run(lane);
        collect(lane, r);
        clear(lane);
    }
}

/* The name of a result of this window. */
static const char *name_of(char out[64], const char *what, uint32_t window)
{
    bool millions = window % 1000000 == 0;
    snprintf(out, 64, "dedup/%s-%u%s", what, window / (millions ? 1000000 : 1000),
             millions ? "M" : "k");
    return out;
}

static void print_stream(struct bench *bench, const struct stream_run *r, uint32_t window,
                         uint32_t links)
{
    char name[64];
    const struct bench_stream *s = r->stream;
    uint32_t variants = 0, found = 0, elsewhere = 0, exact = 0, near = 0;
    /* The head that a group's first post has: itself, or a post of the background that says the
     * same, from which the group was made. -1: not seen yet. */
    int64_t *heads = malloc((s->count + 1) * sizeof *heads);
    memset(heads, 0xFF, (s->count + 1) * sizeof *heads);
    for (uint32_t i = 0; i < s->count; i++) {
        int32_t group = s->posts[i].group;
        bool linked = r->kinds[i] == HYDRANT_DUP_EXACT || r->kinds[i] == HYDRANT_DUP_NEAR;
        if (group < 0) {
            exact += r->kinds[i] == HYDRANT_DUP_EXACT;
            near += r->kinds[i] == HYDRANT_DUP_NEAR;
            if (r->kinds[i] == HYDRANT_DUP_NEAR && near <= links)
                printf("link\n  %s\n  %s\n", r->firsts[i] >= 0 ? s->posts[r->firsts[i]].text : "?",
                       s->posts[i].text);
            continue;
        }
        if (heads[group] < 0) {
            heads[group] = linked ? r->firsts[i] : i;
            continue;
        }
        bool right = linked && r->firsts[i] >= 0 &&
                     (s->posts[r->firsts[i]].group == group || r->firsts[i] == heads[group]);
        variants++;
        found += right;
        elsewhere += linked && !right;
    }
    bench_check(bench, found > 0, "dedup: no variant was found");
    if (!r->given)
        bench_check(bench,
                    share(found, variants) >= STREAM_RECALL_LEAST &&
                        elsewhere <= variants * ELSEWHERE_MOST,
                    "dedup: of %u made variants %u were found, %u linked elsewhere", variants,
                    found, elsewhere);
    bench_value(bench, name_of(name, "recall", window), "ratio", share(found, variants));
    bench_value(bench, name_of(name, "linked-elsewhere", window), "posts", elsewhere);
    if (!bench->json)
        printf("its own background: %u exact, %u near; made background linked: %llu of %llu\n",
               exact, near, (unsigned long long)r->linked_background,
               (unsigned long long)r->background);
    free(heads);
}

/* Lays the stream into the window, and background between its posts until the window is full. */
static void fill(struct lane *lane, struct stream_run *r, uint32_t window, uint64_t *random)
{
    const struct bench_stream *s = r->stream;
    uint64_t background = window > s->count ? window - s->count : 0;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct bench_post *post = &s->posts[i];
        for (; r->background < background * (i + 1) / s->count; r->background++) {
            char text[BENCH_POST_BYTES];
            bench_make_background(s, random, text);
            put(lane, r, BACKGROUND + r->background, (uint32_t)r->background, post->time_ms, text);
        }
        put(lane, r, i, post->author, post->time_ms, post->text);
    }
    run(lane);
    collect(lane, r);
}

/* Nanoseconds a post of SAMPLE_POSTS that come into the full window. */
static double time_posts(struct lane *lane, struct stream_run *r, uint64_t *random)
{
    const struct bench_stream *s = r->stream;
    int64_t time_ms = s->posts[s->count - 1].time_ms;
    uint64_t ns = 0;
    for (uint32_t done = 0; done < SAMPLE_POSTS; done += HY_BATCH_MENTIONS) {
        clear(lane);
        while (lane->batch->count < HY_BATCH_MENTIONS) {
            char made[BENCH_POST_BYTES];
            const char *text = made;
            if (bench_random(random) % REPEAT_ONE_IN == 0)
                text = s->posts[bench_random(random) % s->count].text;
            else
                bench_make_background(s, random, made);
            add(lane, BACKGROUND + r->background, (uint32_t)r->background, time_ms, text);
            r->background++;
        }
        uint64_t start = bench_now_ns(BENCH_CPU);
        run(lane);
        ns += bench_now_ns(BENCH_CPU) - start;
    }
    return (double)ns / SAMPLE_POSTS;
}

static void bench_stream(struct bench *bench, struct lane *lane, const struct bench_stream *s,
                         uint32_t window, const struct arguments *a)
{
    struct stream_run r = {.stream = s, .given = a->data != NULL};
    uint64_t random = bench->seed;
    double samples[BENCH_SAMPLES_MAX];
    char name[64];
    r.kinds = calloc(s->count, sizeof *r.kinds);
    r.firsts = calloc(s->count, sizeof *r.firsts);
    if (!r.kinds || !r.firsts)
        exit(1);
    open_window(lane, window, bench->seed);
    clear(lane);
    fill(lane, &r, window, &random);
    print_stream(bench, &r, window, a->links);
    bench_value(bench, name_of(name, "bytes", window), "bytes/post",
                (double)hy_dedup_bytes(lane->dedup) / window);
    for (uint32_t i = 0; i < bench->repeats; i++)
        samples[i] = time_posts(lane, &r, &random);
    bench_samples(bench, name_of(name, "window", window), "ns/post", samples, bench->repeats);
    close_window(lane);
    free(r.kinds);
    free(r.firsts);
}

static const char own_help[] =
    "  --data FOLDER  labelled pairs.tsv (label kind a b) and stream.tsv (ms author group text);\n"
    "                 default $HYDRANT_DEDUP_DATA; without one both are made up, which says less\n"
    "  --window N     mentions in the window; may be repeated (default 100000 and, if not\n"
    "                 --quick, 10000000)\n"
    "  --show KIND    print the pairs of this kind that are judged wrongly (all: of every kind)\n"
    "  --links N      print the first N near links that the stream's own background got\n";

static void take_arguments(const struct bench *bench, int *argc, char **argv, struct arguments *a)
{
    const char *text;
    *a = (struct arguments){.data = getenv("HYDRANT_DEDUP_DATA")};
    while (bench_take(bench, argc, argv, "--data", &a->data) ||
           bench_take(bench, argc, argv, "--show", &a->show))
        continue;
    while (bench_take(bench, argc, argv, "--links", &text))
        a->links = (uint32_t)bench_number(bench, "--links", text, 0, UINT32_MAX);
    while (a->windows_count < WINDOWS_MAX && bench_take(bench, argc, argv, "--window", &text))
        a->windows[a->windows_count++] =
            (uint32_t)bench_number(bench, "--window", text, WINDOW_MIN, WINDOW_MAX);
    if (a->windows_count == 0) {
        a->windows[a->windows_count++] = SMALL_WINDOW;
        if (!bench->quick)
            a->windows[a->windows_count++] = LARGE_WINDOW;
    }
}

int main(int argc, char **argv)
{
    struct bench bench;
    struct arguments a;
    struct bench_pairs pairs;
    struct bench_stream stream;
    struct lane lane = {0};
    hydrant_error err = {0};
    bench_begin(&bench, &argc, argv, "dedup", "How good and how fast deduplication is.", own_help);
    take_arguments(&bench, &argc, argv, &a);
    bench_no_more_options(&bench, argc, argv);
    if (a.data) {
        if (!bench_read_pairs(a.data, &pairs) || !bench_read_stream(a.data, &stream))
            return 1;
    } else {
        bench_make_pairs(bench.seed, PAIRS_MADE, &pairs);
        bench_make_stream(bench.seed, STREAM_MADE, &stream);
    }
    lane.batch = calloc(1, sizeof *lane.batch);
    if (!lane.batch || hy_arena_init(&lane.batch->arena, ARENA_BYTES, &err) != HYDRANT_OK)
        fail(&err);
    if (!bench.json)
        printf("%s\n", a.data ? a.data : "generated posts");
    bench_pairs(&bench, &lane, &pairs, a.show, a.data != NULL);
    for (uint32_t i = 0; i < a.windows_count; i++)
        bench_stream(&bench, &lane, &stream, a.windows[i], &a);
    hy_arena_fini(&lane.batch->arena);
    free(lane.batch);
    bench_free_pairs(&pairs);
    bench_free_stream(&stream);
    return bench_end(&bench);
}
