/*
 * What every bench program shares: options, checks before timing, interleaved repeats, and one line
 * of JSON a result. bench/README.md shows a whole program.
 *
 *     struct bench bench;
 *     bench_begin(&bench, &argc, argv, "thing", "what it measures", NULL);
 *     bench_check(&bench, answer == expected, "thing: %d, expected %d", answer, expected);
 *     bench_time(&bench, cases, count);        // or bench_samples, bench_value
 *     return bench_end(&bench);
 *
 * A result is never printed before a bench_check has succeeded, and never after one has failed.
 * Threads: one. Limits: below.
 */
#ifndef HY_BENCH_H
#define HY_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_SAMPLES_MAX = 1001,
    BENCH_CASES_MAX = 64, /* of one bench_time */
};

/* Options that every program has; the program's own are left in argv. */
struct bench {
    const char *name;
    bool json;          /* --json: one JSON object a result on stdout; else a table */
    bool quick;         /* --quick: fewer and shorter samples, smaller data */
    uint64_t seed;      /* --seed S, default 1 */
    uint32_t repeats;   /* --repeats N: samples a case; default 15, quick 5 */
    uint64_t sample_ns; /* at least this long a sample: 50 ms, quick 5 ms */
    const char *only;   /* --only TEXT: results whose name contains TEXT */
    /* of programs that take posts (bench_corpus_options) */
    const char *corpus; /* --corpus FILE: NDJSON; NULL: the program makes its own */
    const char *rules;  /* --rules PATH */
    const char *truth;  /* --truth FILE, as hydrant gen writes it; NULL: none is known */
    /* state */
    uint64_t checks, failures, results;
};

/* What a sample counts. CPU time is of the whole process, user and system. */
enum bench_clock { BENCH_CPU, BENCH_WALL };

/* One thing to time. run does it once and returns how many units of work that was (posts, bytes):
 * the result is nanoseconds a unit. A run that returns 0 ends the program as failed. */
struct bench_case {
    const char *name; /* "decode/fast": kept until bench_end */
    const char *unit; /* "ns/post" */
    uint64_t (*run)(void *ctx);
    void *ctx;
    enum bench_clock clock;
};

/* Takes the options above out of argv. Prints help and exits for --help; exits 2 for a bad value.
 * own_help: lines about the program's own options, or NULL. */
void bench_begin(struct bench *bench, int *argc, char **argv, const char *name, const char *about,
                 const char *own_help);

/* Takes the flag out of argv; was it there? */
bool bench_flag(int *argc, char **argv, const char *option);

/* Takes the first "option VALUE" out of argv; false when there is none, and no more of a repeated
 * one. Exits 2 where the value is missing. */
bool bench_take(const struct bench *bench, int *argc, char **argv, const char *option,
                const char **value);

/* The number that text is; exits 2 when it is none from least to most. */
uint64_t bench_number(const struct bench *bench, const char *option, const char *text,
                      uint64_t least, uint64_t most);

/* Call it when the program's own options are taken: exits 2 when argv holds anything else. */
void bench_no_more_options(const struct bench *bench, int argc, char **argv);

/* Counts a check of an answer. A bad one is told on stderr and makes the program fail; returns
 * good.
 */
bool bench_check(struct bench *bench, bool good, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* True when results of that name are wanted (--only). */
bool bench_wants(const struct bench *bench, const char *name);

/*
 * Times the cases, interleaved: a warm-up that finds how often each must run to fill sample_ns,
 * then repeats rounds of one sample each, the order turned around every other round. Sample i of
 * two cases is of the same round, so that ratios can be taken pair by pair. Prints a result for
 * each.
 */
void bench_time(struct bench *bench, const struct bench_case *cases, size_t count);

/* Prints a result from samples that the program took itself, in the order of the rounds. */
void bench_samples(struct bench *bench, const char *name, const char *unit, const double *samples,
                   size_t count);

/* Prints a result that is one number (bytes, a count): no spread. */
void bench_value(struct bench *bench, const char *name, const char *unit, double value);

/* The exit code: 0, or 1 after a failed check or when there was none. */
int bench_end(struct bench *bench);

/* ---- small things that benches need -------------------------------------------------------- */

uint64_t bench_now_ns(enum bench_clock clock); /* from some beginning, monotonic */

/* Reads a whole file, with 64 bytes of zeros behind it; exits with a message when it cannot. */
char *bench_read_file(const char *path, size_t *len);

/* Keeps the compiler from leaving out what made value. */
static inline void bench_use(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Counts of durations, nanoseconds, in buckets 1/64 wide or finer; zero-fill to begin. */
struct bench_histogram {
    uint64_t counts[64 * 64];
    uint64_t total, max;
};
void bench_histogram_add(struct bench_histogram *histogram, uint64_t ns);
/* The upper edge of the bucket in which that share (0..1) of all durations lies or is below;
 * at most max. */
uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share);

#endif
