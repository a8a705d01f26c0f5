/*
 * The limits: what no engine on this machine goes below. Copying the posts, finding their line
 * ends, simdjson alone, Hyperscan alone with the same phrases; all in memory, one thread, and per
 * post, so that they stand beside hydrant's own figures.
 *
 * Hyperscan gets the phrases of the rules as literals, without word boundaries and without folding:
 * less work than hydrant's matching does, and a set of candidates instead of an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_limits_json.h"
#include "corpus.h"
#include "literals.h"

enum { POSTS = 50000, POSTS_QUICK = 5000, BLOCK_BYTES = 64 << 10, NAIVE_TEXTS = 60 };

struct limits {
    struct bench_corpus corpus;
    char *copy;
    hydrant_str *texts, *phrases;
    size_t phrases_count;
    struct bench_literals literals;
    uint64_t lines, reports, last_end;
};

static void die(const char *what)
{
    fprintf(stderr, "bench-limits: %s\n", what);
    exit(1);
}

static uint64_t copy_all(void *ctx)
{
    struct limits *l = ctx;
    memcpy(l->copy, l->corpus.data, l->corpus.len);
    bench_use((uint64_t)l->copy[l->corpus.len / 2]);
    return l->corpus.count;
}

static uint64_t find_lines(void *ctx)
{
    struct limits *l = ctx;
    const char *at = l->corpus.data, *end = at + l->corpus.len;
    uint64_t lines = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        lines++;
        at++;
    }
    l->lines = lines;
    return l->corpus.count;
}

static uint64_t texts_with(const struct limits *l, uint32_t (*text_of)(const char *, size_t),
                           uint64_t *bytes)
{
    uint64_t sum = 0, found = 0;
    for (uint32_t i = 0; i < l->corpus.count; i++) {
        uint32_t len = text_of(l->corpus.records[i].data, l->corpus.records[i].len);
        sum += len;
        found += len > 0;
    }
    bench_use(sum);
    if (bytes)
        *bytes = sum;
    return found;
}

static uint64_t parse_ondemand(void *ctx)
{
    return texts_with(ctx, bench_json_text_ondemand, NULL);
}

static uint64_t parse_dom(void *ctx)
{
    return texts_with(ctx, bench_json_text_dom, NULL);
}

/* ---- Hyperscan ---- */

static int on_report(unsigned int id, unsigned long long from, unsigned long long to,
                     unsigned int flags, void *context)
{
    (void)id;
    (void)from;
    (void)flags;
    struct limits *l = context;
    l->reports++;
    l->last_end = to;
    return 0;
}

static void scan(struct limits *l, const char *data, size_t len)
{
    if (hs_scan(l->literals.db, data, (unsigned)len, 0, l->literals.scratch, on_report, l) !=
        HS_SUCCESS)
        die("hs_scan failed");
}

static uint64_t scan_texts(void *ctx)
{
    struct limits *l = ctx;
    l->reports = 0;
    for (uint32_t i = 0; i < l->corpus.count; i++)
        scan(l, l->texts[i].data, l->texts[i].len);
    return l->corpus.count;
}

/* The texts lie one after the other with a newline between: scanned about 64 KiB at a time. */
static uint64_t scan_blocks(void *ctx)
{
    struct limits *l = ctx;
    l->reports = 0;
    for (uint32_t i = 0; i < l->corpus.count;) {
        const char *from = l->texts[i].data, *to = from;
        while (i < l->corpus.count && l->texts[i].data - from < BLOCK_BYTES) {
            to = l->texts[i].data + l->texts[i].len;
            i++;
        }
        scan(l, from, (size_t)(to - from));
    }
    return l->corpus.count;
}

/* ---- checks ---- */

static bool same_letter(char a, char b)
{
    return a == b || ((a | 0x20) == (b | 0x20) && (a | 0x20) >= 'a' && (a | 0x20) <= 'z');
}

/* Reports that Hyperscan must make: every place where the phrase stands, ASCII case aside. */
static uint64_t naive_places(hydrant_str text, hydrant_str phrase)
{
    uint64_t places = 0;
    for (uint32_t at = 0; at + phrase.len <= text.len; at++) {
        uint32_t i = 0;
        while (i < phrase.len && same_letter(text.data[at + i], phrase.data[i]))
            i++;
        places += i == phrase.len;
    }
    return places;
}

static void check_hyperscan(struct bench *bench, struct limits *l)
{
    uint64_t naive = 0;
    l->reports = 0;
    for (uint32_t i = 0; i < l->corpus.count && i < NAIVE_TEXTS; i++) {
        scan(l, l->texts[i].data, l->texts[i].len);
        for (size_t p = 0; p < l->phrases_count; p++)
            naive += naive_places(l->texts[i], l->phrases[p]);
    }
    bench_check(bench, l->reports == naive, "Hyperscan: %llu places, naive search: %llu",
                (unsigned long long)l->reports, (unsigned long long)naive);
    scan_texts(l);
    uint64_t alone = l->reports;
    scan_blocks(l);
    bench_check(bench, l->reports == alone, "Hyperscan: %llu places in blocks, %llu text by text",
                (unsigned long long)l->reports, (unsigned long long)alone);
}

static void check_lines(struct bench *bench, struct limits *l)
{
    uint64_t naive = 0;
    for (size_t i = 0; i < l->corpus.len; i++)
        naive += l->corpus.data[i] == '\n';
    find_lines(l);
    bench_check(bench, l->lines == naive, "%llu line ends, naive search: %llu",
                (unsigned long long)l->lines, (unsigned long long)naive);
}

static void check_json(struct bench *bench, const struct limits *l)
{
    uint64_t a, b, with = texts_with(l, bench_json_text_ondemand, &a);
    uint64_t with_dom = texts_with(l, bench_json_text_dom, &b);
    bench_check(bench, with == with_dom && a == b, "simdjson: On-Demand and DOM differ");
}

int main(int argc, char **argv)
{
    static struct limits l;
    struct bench bench;
    bench_begin(&bench, &argc, argv, "limits",
                "What bounds any engine: copying, line ends, simdjson alone, Hyperscan alone.",
                BENCH_CORPUS_HELP);
    bench_corpus_options(&bench, &argc, argv);
    bench_no_more_options(&bench, argc, argv);
    bench_corpus_open(&bench, bench.quick ? POSTS_QUICK : POSTS, &l.corpus);
    l.copy = malloc(l.corpus.len);
    l.texts = bench_corpus_texts(&l.corpus);
    l.phrases_count = bench_rule_phrases(bench_corpus_rules(&bench, &l.corpus), &l.phrases);
    if (!l.copy || l.phrases_count == 0)
        die("the rules have no phrases");
    bench_literals_compile(l.phrases, l.phrases_count, &l.literals);
    check_lines(&bench, &l);
    check_json(&bench, &l);
    check_hyperscan(&bench, &l);
    const struct bench_case cases[] = {
        {"limits/memcpy", "ns/post", copy_all, &l, BENCH_CPU},
        {"limits/newlines", "ns/post", find_lines, &l, BENCH_CPU},
        {"limits/simdjson-ondemand", "ns/post", parse_ondemand, &l, BENCH_CPU},
        {"limits/simdjson-dom", "ns/post", parse_dom, &l, BENCH_CPU},
        {"limits/hyperscan-per-text", "ns/post", scan_texts, &l, BENCH_CPU},
        {"limits/hyperscan-64k", "ns/post", scan_blocks, &l, BENCH_CPU},
    };
    bench_time(&bench, cases, sizeof cases / sizeof *cases);
    bench_literals_free(&l.literals);
    free(l.texts[0].data ? (void *)(uintptr_t)l.texts[0].data : NULL);
    free(l.texts);
    free((void *)(uintptr_t)l.phrases[0].data);
    free(l.phrases);
    free(l.copy);
    bench_corpus_close(&l.corpus);
    return bench_end(&bench);
}
