/*
 * How long a post is on its way, at a given rate: from the moment at which it was to be sent to the
 * moment at which a reader of the ring has its item, with every stage on.
 *
 *     sender --pipe--> feeding thread --> worker --ring--> reader: now - intended(post)
 *
 * Post n is to be sent at start + n / rate, whatever happened before. Its latency is counted from
 * that moment, not from when the sender got round to it: when the engine (or the sender) stalls,
 * every post that waits meanwhile counts its wait. How late the sender itself was is reported
 * beside it (lag, taken before the write): it is part of the latency, and no fault of the engine.
 * For how long the pipe was full is the engine's: it is no part of lag, but told by itself
 * (blocked). So is how many posts a second were sent, which are fewer than the rate when somebody
 * fell behind. The reader is a member of a durable group, acknowledges each item, and sleeps when
 * there is none; all four are threads of this process, the ring is in /dev/shm (or TMPDIR).
 *
 * A sender that spins until the next post is due takes a whole core at high rates. Where the other
 * threads would miss it (CORES_TO_SPIN), the sender sleeps between two writes, and what came due
 * meanwhile goes out together, late: sender/pause says which was done.
 *
 * Latencies are of posts that are published; the others leave no item. Checked: at every rate the
 * items that come are exactly those that come without pacing.
 *
 * With --reload the rules are replaced every 100 ms meanwhile by a second compilation of the same
 * ones, and each item must name a generation that was in force.
 */
#include <ck_pr.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <hydrant/ring.h>

#include "corpus.h"
#include "made_file.h"

enum {
    RATES_MAX = 8,
    SECONDS = 4,
    SECONDS_QUICK = 1,
    POSTS_MAX = 1000000,
    ID_BYTES = 24, /* what an id adds to a record */
    PIPE_BYTES = 1 << 20,
    RELOAD_EVERY_US = 100000,
    SPIN_NS = 20000,   /* the sender sleeps no closer to a post's moment than this */
    CORES_TO_SPIN = 4, /* a core for each thread */
    PAUSE_US = 50,     /* between two writes, where cores are fewer */
};

#define GROUP "bench"

struct latency {
    struct bench_corpus corpus;
    hydrant_pack *other; /* the rules compiled a second time: --reload */
    double rate;
    uint32_t posts;    /* of this run */
    int in, out;       /* the pipe's ends */
    uint64_t pause_ns; /* between two writes of the sender; 0: as posts come due */
    uint64_t start_ns;
    uint64_t blocked_ns, room_ns; /* for how long the pipe was full; when it was so last */
    uint64_t sent_ns;             /* when the last post was in it */
    uint8_t *expected, *got;      /* items of each post */
    struct bench_histogram latency, lag;
    hydrant *engine;
    char ring_dir[BENCH_PATH]; /* of this run */
    hydrant_ring *ring;
    atomic_bool ended;
    uint64_t reloads, generation_min, generation_max;
    bool strange; /* an item that cannot be */
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench-latency: %s: %s\n", what, why);
    exit(1);
}

/* ---- ids: post number n gets the id n, so that its item can be told ---- */

/* Of two equal keys the last one counts: the new id is put behind everything else. */
static void number_posts(struct bench_corpus *corpus)
{
    char *data = malloc(corpus->len + (size_t)corpus->count * ID_BYTES + 64), *at = data;
    if (!data)
        die("start", "no memory");
    for (uint32_t i = 0; i < corpus->count; i++) {
        struct hy_record *record = &corpus->records[i];
        const char *brace = memrchr(record->data, '}', record->len);
        if (!brace)
            die("--corpus", "a record is not a JSON object");
        size_t len = (size_t)(brace - record->data);
        char *start = memcpy(at, record->data, len);
        at += len;
        at += snprintf(at, ID_BYTES, ",\"id\":\"%010u\"}\n", i);
        record->data = start;
        record->len = (uint32_t)(at - 1 - start);
    }
    memset(at, 0, 64);
    free(corpus->data);
    corpus->data = data;
    corpus->len = (size_t)(at - data);
}

static uint32_t post_of(hydrant_str id)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < id.len; i++)
        number = number * 10 + (uint64_t)(id.data[i] - '0');
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static uint64_t intended_ns(const struct latency *l, uint32_t post)
{
    return l->start_ns + (uint64_t)((double)post * 1e9 / l->rate);
}

/* ---- reading ---- */

/* Updates of an item that waited, and news of a group, are about later posts than theirs. */
static void note(struct latency *l, const hydrant_ring_item *item, uint64_t now)
{
    if (item->item_event != HYDRANT_ITEM_MENTION)
        return;
    uint32_t post = post_of(item->id);
    if (post >= l->posts) {
        l->strange = true;
        return;
    }
    if (l->got[post] < UINT8_MAX)
        l->got[post]++;
    if (item->generation < l->generation_min)
        l->generation_min = item->generation;
    if (item->generation > l->generation_max)
        l->generation_max = item->generation;
    if (l->rate > 0) {
        uint64_t intended = intended_ns(l, post);
        bench_histogram_add(&l->latency, now > intended ? now - intended : 0);
    }
}

/* Ends when the engine has ended and everything was read. */
static void *read_ring(void *ctx)
{
    struct latency *l = ctx;
    hydrant_status status;
    hydrant_ring_item item;
    do {
        status = hydrant_ring_next(l->ring, &item);
        if (status == HYDRANT_OK) {
            note(l, &item, bench_now_ns(BENCH_WALL));
            status = hydrant_ring_ack(l->ring, item.seq);
        } else if (status == HYDRANT_ERR_AGAIN) {
            hydrant_ring_wait(l->ring, 1000);
            status = HYDRANT_OK;
        }
    } while (status == HYDRANT_OK);
    l->strange = l->strange || status != HYDRANT_ERR_CANCELLED;
    return NULL;
}

static void open_ring(struct latency *l)
{
    hydrant_ring_options options;
    hydrant_error err = {0};
    hydrant_ring_options_init(&options);
    options.group = GROUP;
    if (hydrant_ring_attach(l->ring_dir, &options, &l->ring, &err) != HYDRANT_OK)
        die("ring", err.text);
}

/* ---- sending ---- */

/* The engine is behind. */
static void wait_for_room(struct latency *l)
{
    struct pollfd pipe = {.fd = l->in, .events = POLLOUT};
    uint64_t began = bench_now_ns(BENCH_WALL);
    poll(&pipe, 1, -1);
    l->room_ns = bench_now_ns(BENCH_WALL);
    l->blocked_ns += l->room_ns - began;
}

static void write_all(struct latency *l, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(l->in, data, len);
        if (written < 0 && errno == EAGAIN)
            wait_for_room(l);
        else if (written < 0 && errno != EINTR)
            die("pipe", strerror(errno));
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        }
    }
}

static void sleep_until(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* Sleeps at least the pause, if there is one, and spins no longer than SPIN_NS. */
static void wait_until(uint64_t ns, uint64_t pause_ns)
{
    uint64_t now = bench_now_ns(BENCH_WALL), wake = now + pause_ns;
    if (ns > wake + SPIN_NS)
        wake = ns - SPIN_NS;
    if (wake > now)
        sleep_until(wake);
    while (bench_now_ns(BENCH_WALL) < ns)
        ck_pr_stall();
}

static uint64_t pause_by_cores(void)
{
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 0;
    return CPU_COUNT(&cores) < CORES_TO_SPIN ? PAUSE_US * 1000 : 0;
}

/* How late the sender is with a post that it could have written since there was room. */
static void note_lag(struct latency *l, uint32_t post, uint64_t now)
{
    uint64_t intended = intended_ns(l, post);
    bench_histogram_add(&l->lag, now - (intended > l->room_ns ? intended : l->room_ns));
}

/* Sends every post whose moment has come, in one write, then waits for the next one's. */
static void *send_paced(void *ctx)
{
    struct latency *l = ctx;
    prctl(PR_SET_TIMERSLACK, 1);
    for (uint32_t next = 0; next < l->posts;) {
        wait_until(intended_ns(l, next), l->pause_ns);
        uint64_t now = bench_now_ns(BENCH_WALL);
        uint32_t end = next + 1;
        while (end < l->posts && end - next < HY_BATCH_MENTIONS && intended_ns(l, end) <= now)
            end++;
        for (uint32_t post = next; post < end; post++)
            note_lag(l, post, now);
        const struct hy_record *last = &l->corpus.records[end - 1];
        const char *from = l->corpus.records[next].data;
        write_all(l, from, (size_t)(last->data + last->len + 1 - from));
        next = end;
    }
    l->sent_ns = bench_now_ns(BENCH_WALL);
    close(l->in);
    return NULL;
}

static void *send_at_once(void *ctx)
{
    struct latency *l = ctx;
    const struct hy_record *last = &l->corpus.records[l->posts - 1];
    write_all(l, l->corpus.data, (size_t)(last->data + last->len + 1 - l->corpus.data));
    close(l->in);
    return NULL;
}

static void *reload(void *ctx)
{
    struct latency *l = ctx;
    for (uint64_t n = 0; !atomic_load(&l->ended); n++) {
        struct timespec pause = {0, RELOAD_EVERY_US * 1000};
        nanosleep(&pause, NULL);
        hydrant_pack *pack = n % 2 ? l->corpus.pack : l->other;
        if (hydrant_reload(l->engine, pack, NULL) == HYDRANT_OK)
            l->reloads++;
    }
    return NULL;
}

/* ---- a run ---- */

static void open_engine(struct latency *l)
{
    int ends[2];
    const hydrant_ring_group group = {
        .name = GROUP, .from_oldest = true, .when_slow = HYDRANT_SLOW_BLOCK};
    const hydrant_ring_target ring = {.dir = l->ring_dir, .groups = &group, .groups_count = 1};
    hydrant_options options;
    hydrant_error err = {0};
    bench_make_ring_folder(l->ring_dir);
    hydrant_options_init(&options);
    options.workers = 1;
    options.parse = HYDRANT_PARSE_FAST;
    options.event_time = true;
    options.ring = &ring;
    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe", strerror(errno));
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
    /* So that waiting for room is seen. The reading end still blocks. */
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    l->out = ends[0];
    l->in = ends[1];
    if (hydrant_create(&options, l->corpus.pack, &l->engine, &err) != HYDRANT_OK ||
        hydrant_add_fd(l->engine, l->out, "pipe", true, &err) != HYDRANT_OK)
        die("engine", err.text);
}

static void run(struct latency *l, double rate, uint32_t posts, bool reloading)
{
    pthread_t sender, reader, reloader;
    hydrant_error err = {0};
    memset(&l->latency, 0, sizeof l->latency);
    memset(&l->lag, 0, sizeof l->lag);
    memset(l->got, 0, l->corpus.count);
    l->rate = rate;
    l->posts = posts;
    l->reloads = l->generation_max = l->blocked_ns = l->room_ns = 0;
    l->generation_min = UINT64_MAX;
    atomic_store(&l->ended, false);
    open_engine(l);
    open_ring(l);
    l->start_ns = bench_now_ns(BENCH_WALL) + 50000000; /* all threads are up by then */
    if (pthread_create(&sender, NULL, rate > 0 ? send_paced : send_at_once, l) != 0 ||
        pthread_create(&reader, NULL, read_ring, l) != 0 ||
        (reloading && pthread_create(&reloader, NULL, reload, l) != 0))
        die("thread", "none left");
    if (hydrant_run(l->engine, &err) != HYDRANT_OK)
        die("engine", err.text);
    atomic_store(&l->ended, true);
    pthread_join(sender, NULL);
    if (reloading)
        pthread_join(reloader, NULL);
    hydrant_destroy(&l->engine); /* tells the reader that nothing more comes */
    pthread_join(reader, NULL);
    hydrant_ring_detach(&l->ring);
    bench_remove(l->ring_dir);
}

static void check_run(struct bench *bench, const struct latency *l, const char *name)
{
    uint32_t lost = 0, more = 0;
    for (uint32_t i = 0; i < l->posts; i++) {
        lost += l->got[i] < l->expected[i];
        more += l->got[i] > l->expected[i];
    }
    bench_check(bench, lost + more == 0 && !l->strange,
                "%s: items of %u posts did not come, of %u came more than expected", name, lost,
                more);
    if (l->generation_max > 0)
        bench_check(bench, l->generation_max - l->generation_min <= l->reloads,
                    "%s: items name generations %llu to %llu after %llu reloads", name,
                    (unsigned long long)l->generation_min, (unsigned long long)l->generation_max,
                    (unsigned long long)l->reloads);
}

struct figure {
    const char *name;
    double share;
};

static const struct figure figures[] = {
    {"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1},
};

enum { FIGURES = sizeof figures / sizeof *figures };

/* Of a run, one number each. */
enum { SENT, BLOCKED, RELOADS, TOTALS };

static void measure(struct bench *bench, struct latency *l, const double *rates, uint32_t count,
                    bool reloading)
{
    static double samples[RATES_MAX][2][FIGURES][BENCH_SAMPLES_MAX];
    static double totals[TOTALS][RATES_MAX][BENCH_SAMPLES_MAX];
    char name[64];
    for (uint32_t r = 0; r < bench->repeats && bench->failures == 0; r++) {
        for (uint32_t k = 0; k < count; k++) {
            uint32_t c = r % 2 ? count - 1 - k : k;
            double seconds = bench->quick ? SECONDS_QUICK : SECONDS;
            uint64_t posts = (uint64_t)(rates[c] * seconds);
            run(l, rates[c], posts < l->corpus.count ? (uint32_t)posts : l->corpus.count,
                reloading);
            snprintf(name, sizeof name, "latency at %.0f posts/s", rates[c]);
            check_run(bench, l, name);
            bench_check(bench, !reloading || l->reloads > 0, "%s: nothing was reloaded", name);
            for (uint32_t f = 0; f < FIGURES; f++) {
                samples[c][0][f][r] =
                    (double)bench_histogram_at(&l->latency, figures[f].share) / 1e3;
                samples[c][1][f][r] = (double)bench_histogram_at(&l->lag, figures[f].share) / 1e3;
            }
            totals[SENT][c][r] = (double)l->posts * 1e9 / (double)(l->sent_ns - l->start_ns);
            totals[BLOCKED][c][r] = (double)l->blocked_ns / 1e6;
            totals[RELOADS][c][r] = (double)l->reloads;
        }
    }
    const char *kind = reloading ? "latency-reload" : "latency";
    snprintf(name, sizeof name, "%s-sender/pause", kind);
    bench_value(bench, name, "pause us", (double)l->pause_ns / 1e3);
    for (uint32_t c = 0; c < count; c++) {
        for (uint32_t f = 0; f < 2 * FIGURES; f++) {
            snprintf(name, sizeof name, "%s%s/%.0f/%s", kind, f < FIGURES ? "" : "-lag", rates[c],
                     figures[f % FIGURES].name);
            bench_samples(bench, name, "us", samples[c][f / FIGURES][f % FIGURES], bench->repeats);
        }
        snprintf(name, sizeof name, "%s-sent/%.0f", kind, rates[c]);
        bench_samples(bench, name, "posts/s", totals[SENT][c], bench->repeats);
        snprintf(name, sizeof name, "%s-blocked/%.0f", kind, rates[c]);
        bench_samples(bench, name, "blocked ms", totals[BLOCKED][c], bench->repeats);
        snprintf(name, sizeof name, "%s/%.0f/reloads", kind, rates[c]);
        if (reloading)
            bench_samples(bench, name, "reloads", totals[RELOADS][c], bench->repeats);
    }
}

/* What is published without pacing, over all posts and over the first ones of a shorter run alike:
 * whether a post is published hangs on earlier ones only. */
static void expect(struct bench *bench, struct latency *l)
{
    uint64_t published = 0, unlikely = 0;
    run(l, 0, l->corpus.count, false);
    for (uint32_t i = 0; i < l->corpus.count; i++) {
        l->expected[i] = l->got[i];
        published += l->got[i];
        unlikely += l->got[i] && l->corpus.matches && !l->corpus.matches[i];
    }
    if (published == 0 && (!l->corpus.matches || l->corpus.matches_count == 0))
        die("nothing to measure", "the rules publish none of the posts");
    bench_check(bench, published > 0, "nothing is published");
    bench_check(bench, unlikely == 0, "%llu published posts match no rule by the truth",
                (unsigned long long)unlikely);
}

/* Takes --rate N out of argv, up to RATES_MAX times; how many there were. */
static uint32_t take_rates(const struct bench *bench, int *argc, char **argv, double *rates)
{
    const char *text;
    uint32_t count = 0;
    while (count < RATES_MAX && bench_take(bench, argc, argv, "--rate", &text))
        rates[count++] = (double)bench_number(bench, "--rate", text, 1, 10000000);
    return count;
}

int main(int argc, char **argv)
{
    static struct latency l;
    static const double standard[] = {10000, 100000, 500000};
    struct bench bench;
    double rates[RATES_MAX] = {0}, most = 0;
    bench_begin(&bench, &argc, argv, "latency",
                "From the moment a post was to be sent to its item at a reader of the ring.",
                BENCH_CORPUS_HELP
                "  --rate N       posts a second; may be repeated (default 10000, 100000, 500000)\n"
                "  --reload       with other rules every 100 ms meanwhile\n");
    bench_corpus_options(&bench, &argc, argv);
    uint32_t count = take_rates(&bench, &argc, argv, rates);
    bool reloading = bench_flag(&argc, argv, "--reload");
    bench_no_more_options(&bench, argc, argv);
    if (count == 0)
        memcpy(rates, standard, sizeof standard), count = bench.quick ? 2 : 3;
    for (uint32_t i = 0; i < count; i++)
        most = rates[i] > most ? rates[i] : most;
    double posts = most * (bench.quick ? SECONDS_QUICK : SECONDS);
    bench_corpus_open(&bench, posts < POSTS_MAX ? (uint32_t)posts : POSTS_MAX, &l.corpus);
    number_posts(&l.corpus);
    l.pause_ns = pause_by_cores();
    l.expected = calloc(l.corpus.count, 1);
    l.got = calloc(l.corpus.count, 1);
    const char *path = bench_corpus_rules(&bench, &l.corpus);
    hydrant_rules rules = {.paths = &path, .paths_count = path ? 1 : 0};
    if (!l.expected || !l.got || hydrant_pack_compile(&rules, &l.other, NULL) != HYDRANT_OK)
        die("start", "no memory, or rules that do not compile");
    expect(&bench, &l);
    if (bench.failures == 0)
        measure(&bench, &l, rates, count, reloading);
    hydrant_pack_destroy(&l.other);
    free(l.expected);
    free(l.got);
    bench_corpus_close(&l.corpus);
    return bench_end(&bench);
}
