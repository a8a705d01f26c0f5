/* See bench.h. */
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP_DIVISOR = 4 };

/* ---- options ---- */

static void usage(const struct bench *bench, const char *about, const char *own_help)
{
    printf("%s\n\nusage: bench-%s [options]\n\n"
           "  --json         one JSON object a result, instead of a table\n"
           "  --quick        fewer and shorter samples, smaller data\n"
           "  --seed S       of everything that is made up (default 1)\n"
           "  --repeats N    samples a case (default 15; quick 5)\n"
           "  --only TEXT    only results whose name contains TEXT\n"
           "%s",
           about, bench->name, own_help ? own_help : "");
    exit(0);
}

uint64_t bench_number(const struct bench *bench, const char *option, const char *text,
                      uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno || *text < '0' || *text > '9' || *end || value < least || value > most) {
        fprintf(stderr, "bench-%s: %s: '%s' is not a number from %llu to %llu\n", bench->name,
                option, text, (unsigned long long)least, (unsigned long long)most);
        exit(2);
    }
    return value;
}

bool bench_flag(int *argc, char **argv, const char *option)
{
    int left = 1, count = *argc;
    for (int i = 1; i < count; i++)
        if (strcmp(argv[i], option) != 0)
            argv[left++] = argv[i];
    argv[left] = NULL;
    *argc = left;
    return left < count;
}

bool bench_take(const struct bench *bench, int *argc, char **argv, const char *option,
                const char **value)
{
    int at = 1;
    while (at < *argc && strcmp(argv[at], option) != 0)
        at++;
    if (at == *argc)
        return false;
    if (at + 1 == *argc) {
        fprintf(stderr, "bench-%s: %s needs a value\n", bench->name, option);
        exit(2);
    }
    *value = argv[at + 1];
    *argc -= 2;
    memmove(&argv[at], &argv[at + 2], (size_t)(*argc - at + 1) * sizeof *argv);
    return true;
}

void bench_begin(struct bench *bench, int *argc, char **argv, const char *name, const char *about,
                 const char *own_help)
{
    *bench = (struct bench){.name = name, .seed = 1};
    const char *text;
    if (bench_flag(argc, argv, "--help") || bench_flag(argc, argv, "-h"))
        usage(bench, about, own_help);
    bench->json = bench_flag(argc, argv, "--json");
    bench->quick = bench_flag(argc, argv, "--quick");
    while (bench_take(bench, argc, argv, "--only", &bench->only))
        continue;
    while (bench_take(bench, argc, argv, "--seed", &text))
        bench->seed = bench_number(bench, "--seed", text, 0, UINT64_MAX);
    while (bench_take(bench, argc, argv, "--repeats", &text))
        bench->repeats = (uint32_t)bench_number(bench, "--repeats", text, 1, BENCH_SAMPLES_MAX);
    if (bench->repeats == 0)
        bench->repeats = bench->quick ? 5 : 15;
    bench->sample_ns = bench->quick ? 5000000 : 50000000;
}

void bench_no_more_options(const struct bench *bench, int argc, char **argv)
{
    if (argc > 1) {
        fprintf(stderr, "bench-%s: no option %s; --help lists them\n", bench->name, argv[1]);
        exit(2);
    }
}

/* ---- checks ---- */

bool bench_check(struct bench *bench, bool good, const char *format, ...)
{
    bench->checks++;
    if (good)
        return true;
    bench->failures++;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "bench-%s: wrong answer: ", bench->name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return false;
}

bool bench_wants(const struct bench *bench, const char *name)
{
    return !bench->only || strstr(name, bench->only);
}

int bench_end(struct bench *bench)
{
    if (bench->checks == 0)
        fprintf(stderr, "bench-%s: nothing was checked\n", bench->name);
    if (bench->failures)
        fprintf(stderr, "bench-%s: %llu of %llu checks failed\n", bench->name,
                (unsigned long long)bench->failures, (unsigned long long)bench->checks);
    return bench->checks > 0 && bench->failures == 0 ? 0 : 1;
}

/* ---- results ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Median absolute deviation; values is sorted and used up. */
static double deviation(double *values, size_t count, double middle)
{
    for (size_t i = 0; i < count; i++)
        values[i] = values[i] > middle ? values[i] - middle : middle - values[i];
    return median(values, count);
}

static void print_samples(const double *samples, size_t count)
{
    fputs(",\"samples\":[", stdout);
    for (size_t i = 0; i < count; i++)
        printf("%s%.6g", i ? "," : "", samples[i]);
    fputs("]", stdout);
}

static void print_result(struct bench *bench, const char *name, const char *unit,
                         const double *samples, size_t count)
{
    if (bench->checks == 0 || bench->failures > 0) {
        fprintf(stderr, "bench-%s: %s is not shown: its answers are %s\n", bench->name, name,
                bench->checks ? "wrong" : "not checked");
        bench->failures += bench->failures == 0;
        return;
    }
    double sorted[BENCH_SAMPLES_MAX];
    memcpy(sorted, samples, count * sizeof *samples);
    double value = median(sorted, count), min = sorted[0], max = sorted[count - 1];
    double mad = deviation(sorted, count, value);
    if (bench->json) {
        printf("{\"bench\":\"%s\",\"name\":\"%s\",\"unit\":\"%s\",\"value\":%.10g,\"min\":%.6g,"
               "\"max\":%.6g,\"mad\":%.3g,\"n\":%zu,\"checked\":true,\"seed\":%llu",
               bench->name, name, unit, value, min, max, mad, count,
               (unsigned long long)bench->seed);
        print_samples(samples, count);
        puts("}");
    } else if (count > 1) {
        printf("%-36s %12.5g %-10s  %.5g .. %.5g  (%zu)\n", name, value, unit, min, max, count);
    } else {
        printf("%-36s %12.10g %s\n", name, value, unit);
    }
    fflush(stdout);
    bench->results++;
}

void bench_samples(struct bench *bench, const char *name, const char *unit, const double *samples,
                   size_t count)
{
    if (bench_wants(bench, name) && count > 0)
        print_result(bench, name, unit, samples,
                     count < BENCH_SAMPLES_MAX ? count : BENCH_SAMPLES_MAX);
}

void bench_value(struct bench *bench, const char *name, const char *unit, double value)
{
    bench_samples(bench, name, unit, &value, 1);
}

/* ---- timing ---- */

uint64_t bench_now_ns(enum bench_clock clock)
{
    struct timespec t;
    clock_gettime(clock == BENCH_CPU ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Runs the case that many times; nanoseconds a unit. */
static double sample(const struct bench_case *c, uint64_t runs, uint64_t *ns)
{
    uint64_t units = 0, start = bench_now_ns(c->clock);
    for (uint64_t i = 0; i < runs; i++)
        units += c->run(c->ctx);
    *ns = bench_now_ns(c->clock) - start;
    if (units == 0) {
        fprintf(stderr, "bench: %s did nothing\n", c->name);
        exit(1);
    }
    return (double)*ns / (double)units;
}

static uint64_t runs_for(const struct bench_case *c, uint64_t sample_ns)
{
    uint64_t runs = 1, ns = 0;
    for (;;) {
        sample(c, runs, &ns);
        if (ns >= sample_ns / WARM_UP_DIVISOR)
            break;
        runs *= 2;
    }
    uint64_t wanted = sample_ns * runs / ns + 1;
    return wanted > 0 ? wanted : 1;
}

void bench_time(struct bench *bench, const struct bench_case *cases, size_t count)
{
    static double samples[BENCH_CASES_MAX][BENCH_SAMPLES_MAX];
    uint64_t runs[BENCH_CASES_MAX] = {0}, ns;
    if (count > BENCH_CASES_MAX) {
        fprintf(stderr, "bench-%s: more than %d cases\n", bench->name, BENCH_CASES_MAX);
        exit(1);
    }
    if (bench->failures)
        return;
    for (size_t c = 0; c < count; c++)
        runs[c] = bench_wants(bench, cases[c].name) ? runs_for(&cases[c], bench->sample_ns) : 0;
    for (uint32_t r = 0; r < bench->repeats; r++) {
        for (size_t i = 0; i < count; i++) {
            size_t c = r % 2 ? count - 1 - i : i;
            if (runs[c])
                samples[c][r] = sample(&cases[c], runs[c], &ns);
        }
    }
    for (size_t c = 0; c < count; c++)
        if (runs[c])
            print_result(bench, cases[c].name, cases[c].unit, samples[c], bench->repeats);
}

/* ---- small things ---- */

char *bench_read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *data = NULL;
    size_t size = 0, got = 0;
    while (file && !ferror(file) && !feof(file)) {
        size = size ? size * 2 : 1 << 20;
        char *more = realloc(data, size + 64);
        if (!more)
            break;
        data = more;
        got += fread(data + got, 1, size - got, file);
    }
    if (!file || !data || ferror(file) || !feof(file)) {
        fprintf(stderr, "bench: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    fclose(file);
    memset(data + got, 0, 64);
    *len = got;
    return data;
}

/* 64 buckets for each power of two from 64 up; below, a bucket a nanosecond. */
static size_t bucket_of(uint64_t ns)
{
    if (ns < 64)
        return (size_t)ns;
    unsigned shift = 63 - 6 - (unsigned)__builtin_clzll(ns);
    return ((size_t)shift + 1) * 64 + (size_t)(ns >> shift) - 64;
}

void bench_histogram_add(struct bench_histogram *histogram, uint64_t ns)
{
    histogram->counts[bucket_of(ns)]++;
    histogram->total++;
    if (ns > histogram->max)
        histogram->max = ns;
}

uint64_t bench_histogram_at(const struct bench_histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)(share * (double)histogram->total + 0.5), seen = 0;
    for (size_t i = 0; i < sizeof histogram->counts / sizeof *histogram->counts; i++) {
        seen += histogram->counts[i];
        if (seen < wanted || seen == 0)
            continue;
        uint64_t upper = i < 64 ? i : ((i % 64 + 65) << (i / 64 - 1)) - 1;
        return upper < histogram->max ? upper : histogram->max;
    }
    return histogram->max;
}
