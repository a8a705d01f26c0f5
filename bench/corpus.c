/* See corpus.h. */
#include "corpus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/rules_load.h"
#include "base/str.h"
#include "decode/decode.h"
#include "ingest/feeder.h"
#include "tools/gen/gen.h"

enum { RECORD_BYTES_MAX = 1 << 20 };

static void *need(void *memory)
{
    if (!memory) {
        fputs("bench: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

static void fail(const hydrant_error *err)
{
    fprintf(stderr, "bench: %s%s%s\n", err->file, err->file[0] ? ": " : "", err->text);
    exit(1);
}

void bench_corpus_options(struct bench *bench, int *argc, char **argv)
{
    while (bench_take(bench, argc, argv, "--corpus", &bench->corpus) ||
           bench_take(bench, argc, argv, "--rules", &bench->rules) ||
           bench_take(bench, argc, argv, "--truth", &bench->truth))
        continue;
    if (bench->truth && !bench->corpus) {
        fprintf(stderr, "bench-%s: --truth is of a --corpus\n", bench->name);
        exit(2);
    }
}

/* ---- making ---- */

static void write_rules(struct bench_corpus *corpus, const struct hy_gen_buffer *rules)
{
    FILE *file = fdopen(bench_make_file(corpus->rules_path, ".yaml"), "w");
    if (!file || fwrite(rules->data, 1, rules->len, file) != rules->len || fclose(file) != 0) {
        perror(corpus->rules_path);
        exit(1);
    }
}

static void make(const struct bench *bench, uint32_t posts, struct bench_corpus *corpus,
                 struct hy_gen_buffer *truth)
{
    struct hy_gen_options options;
    struct hy_gen *gen = NULL;
    struct hy_gen_worker *worker = NULL;
    struct hy_gen_buffer made = {0}, rules = {0};
    hydrant_error err = {0};
    hy_gen_options_init(&options);
    options.seed = bench->seed;
    if (hy_gen_create(&options, &gen, &err) != HYDRANT_OK ||
        hy_gen_worker_create(gen, &worker, &err) != HYDRANT_OK ||
        hy_gen_posts(worker, 0, posts, &made, truth) != HYDRANT_OK ||
        hy_gen_reserve(&made, 64) != HYDRANT_OK || hy_gen_rules(gen, &rules) != HYDRANT_OK)
        fail(&err);
    memset(made.data + made.len, 0, 64);
    corpus->data = made.data; /* from malloc, as that of a file */
    corpus->len = made.len;
    if (!bench->rules)
        write_rules(corpus, &rules);
    hy_gen_buffer_fini(&rules);
    hy_gen_worker_destroy(&worker);
    hy_gen_destroy(&gen);
}

/* ---- opening ---- */

/* A line of nothing, as ingest skips it. */
static bool is_blank(const char *line, const char *stop)
{
    while (line < stop && *line == '\r')
        line++;
    return line == stop;
}

static void cut_records(struct bench_corpus *corpus, uint32_t posts_max)
{
    const char *at = corpus->data, *end = at + corpus->len;
    corpus->records = need(calloc(posts_max, sizeof *corpus->records));
    while (at < end && corpus->count < posts_max) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        if (!is_blank(at, stop))
            corpus->records[corpus->count++] = (struct hy_record){
                .data = at, .offset = (uint64_t)(at - corpus->data), .len = (uint32_t)(stop - at)};
        at = newline ? newline + 1 : end;
    }
    corpus->len = (size_t)(at - corpus->data);
    if (corpus->count == 0) {
        fputs("bench: the corpus is empty\n", stderr);
        exit(1);
    }
}

/* One line of truth a post; "rules":[] means that none matches. */
static void read_truth(struct bench_corpus *corpus, const char *truth, size_t len)
{
    const char *at = truth, *end = truth + len;
    corpus->matches = need(calloc(corpus->count, sizeof *corpus->matches));
    for (uint32_t i = 0; i < corpus->count; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        if (at >= end || !memmem(at, (size_t)(stop - at), "\"rules\":[", 9)) {
            fprintf(stderr, "bench: the truth has no line %u\n", i + 1);
            exit(1);
        }
        corpus->matches[i] = !memmem(at, (size_t)(stop - at), "\"rules\":[]", 10);
        corpus->matches_count += corpus->matches[i];
        at = newline ? newline + 1 : end;
    }
}

static void compile(const struct bench *bench, struct bench_corpus *corpus)
{
    const char *path = bench_corpus_rules(bench, corpus);
    hydrant_rules rules = {.paths = &path, .paths_count = path ? 1 : 0};
    hydrant_error err = {0};
    if (hydrant_pack_compile(&rules, &corpus->pack, &err) != HYDRANT_OK) {
        fprintf(stderr, "bench: the rules do not compile (hydrant check says why): %s\n", err.text);
        exit(1);
    }
}

void bench_corpus_open(const struct bench *bench, uint32_t posts_max, struct bench_corpus *out)
{
    struct hy_gen_buffer truth = {0};
    *out = (struct bench_corpus){0};
    if (bench->corpus)
        out->data = bench_read_file(bench->corpus, &out->len);
    else
        make(bench, posts_max, out, bench->rules ? NULL : &truth); /* which is of its own rules */
    if (bench->truth)
        truth.data = bench_read_file(bench->truth, &truth.len);
    cut_records(out, posts_max);
    if (truth.data)
        read_truth(out, truth.data, truth.len);
    free(truth.data);
    compile(bench, out);
}

void bench_corpus_close(struct bench_corpus *corpus)
{
    hydrant_pack_destroy(&corpus->pack);
    if (corpus->rules_path[0])
        bench_remove(corpus->rules_path);
    free(corpus->records);
    free(corpus->matches);
    free(corpus->data);
    *corpus = (struct bench_corpus){0};
}

const char *bench_corpus_rules(const struct bench *bench, const struct bench_corpus *corpus)
{
    return corpus->rules_path[0] ? corpus->rules_path : bench->rules;
}

uint64_t bench_unread(const hydrant_stats *stats)
{
    uint64_t judged = stats->dropped[HYDRANT_DROP_NO_MATCH] + stats->dropped[HYDRANT_DROP_IGNORED] +
                      stats->dropped[HYDRANT_DROP_DUPLICATE] +
                      stats->dropped[HYDRANT_DROP_REDELIVERED] +
                      stats->dropped[HYDRANT_DROP_SAMPLED_OUT],
             all = 0;
    for (int drop = 1; drop < HYDRANT_DROPS; drop++)
        all += stats->dropped[drop];
    return all - judged;
}

const char *bench_corpus_file(const struct bench_corpus *corpus, char *path, size_t size)
{
    char name[BENCH_PATH];
    int fd = bench_make_file(name, "");
    bool good = true;
    bench_remove(name); /* it lives as long as it is open */
    for (size_t done = 0; good && done < corpus->len;) {
        ssize_t written = write(fd, corpus->data + done, corpus->len - done);
        good = written > 0;
        done += good ? (size_t)written : 0;
    }
    if (!good) {
        perror(name);
        exit(1);
    }
    snprintf(path, size, "/proc/self/fd/%d", fd);
    return path;
}

void bench_corpus_parcel(const struct bench_corpus *corpus, uint32_t first,
                         struct hy_parcel *parcel)
{
    static const struct hy_source source = {.name = {"bench", 5}, .format = HY_FORMAT_NATIVE};
    parcel->number = first;
    parcel->source = &source;
    parcel->owner = NULL;
    parcel->decoded = NULL;
    parcel->count = 0;
    parcel->bytes = 0;
    for (uint32_t i = first; i < corpus->count && parcel->count < HY_BATCH_MENTIONS; i++) {
        uint64_t bytes = parcel->bytes + corpus->records[i].len + 1;
        if (parcel->count > 0 && bytes > HY_FEEDER_BLOCK_BYTES)
            break;
        parcel->records[parcel->count++] = corpus->records[i];
        parcel->bytes = bytes;
    }
}

/* ---- texts ---- */

static char *append_text(char *at, hydrant_str text, hydrant_str *line)
{
    memcpy(at, text.data, text.len);
    for (size_t i = 0; i < text.len; i++)
        if (at[i] == '\n' || at[i] == '\r')
            at[i] = ' ';
    at[text.len] = '\n';
    *line = hy_str(at, text.len);
    return at + text.len + 1;
}

hydrant_str *bench_corpus_texts(const struct bench_corpus *corpus)
{
    struct hy_decoder *decoder = NULL;
    struct hy_parcel *parcel = need(malloc(sizeof *parcel));
    struct hy_batch *batch = need(calloc(1, sizeof *batch));
    hydrant_str *lines = need(calloc(corpus->count, sizeof *lines));
    char *block = need(malloc(corpus->len + corpus->count + 64)), *at = block;
    size_t bytes = HY_FEEDER_BLOCK_BYTES + RECORD_BYTES_MAX;
    hydrant_error err = {0};
    if (hy_decoder_create(NULL, RECORD_BYTES_MAX, &decoder, &err) != HYDRANT_OK ||
        hy_arena_init(&batch->arena, hy_decode_arena_bytes(bytes), &err) != HYDRANT_OK)
        fail(&err);
    for (uint32_t first = 0; first < corpus->count; first += parcel->count) {
        bench_corpus_parcel(corpus, first, parcel);
        hy_arena_reset(&batch->arena);
        batch->parcel = parcel;
        hy_decode_batch(decoder, batch);
        for (uint32_t i = 0; i < batch->count; i++) {
            const struct hy_mention *mention = &batch->mentions[i];
            hydrant_str text = mention->drop ? HY_STR("") : mention->m.text;
            at = append_text(at, text, &lines[first + i]);
        }
    }
    memset(at, 0, 64);
    hy_arena_fini(&batch->arena);
    hy_decoder_destroy(&decoder);
    free(batch);
    free(parcel);
    return lines;
}

/* ---- phrases ---- */

struct phrases {
    hydrant_str *items;
    size_t count;
};

static void add_phrase(struct phrases *phrases, hydrant_str text)
{
    if ((phrases->count & (phrases->count + 1)) == 0)
        phrases->items =
            need(realloc(phrases->items, sizeof *phrases->items * 2 * (phrases->count + 1)));
    phrases->items[phrases->count++] = text;
}

static void walk(struct phrases *phrases, const struct hy_query *query)
{
    if (query->kind == HY_QUERY_NOT)
        return; /* what a rule excludes is not looked for */
    if (query->kind == HY_QUERY_TERM && query->text.len > 0 &&
        (query->term == HY_TERM_WORDS || query->term == HY_TERM_EXACT) &&
        !memchr(query->text.data, '\n', query->text.len))
        add_phrase(phrases, query->text);
    for (uint32_t i = 0; i < query->children_count; i++)
        walk(phrases, query->children[i]);
}

static int by_text(const void *a, const void *b)
{
    const hydrant_str *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    return order ? order : (x->len > y->len) - (x->len < y->len);
}

size_t bench_rule_phrases(const char *rules_path, hydrant_str **out)
{
    struct phrases phrases = {0};
    struct hy_ruleset *set = NULL;
    hydrant_rules rules = {.paths = &rules_path, .paths_count = rules_path ? 1 : 0};
    hydrant_error err = {0};
    size_t kept = 0, bytes = 64;
    if (hy_rules_load(&rules, &set, &err) != HYDRANT_OK)
        fail(&err);
    for (uint32_t i = 0; i < set->rules_count; i++)
        walk(&phrases, set->rules[i].match);
    qsort(phrases.items, phrases.count, sizeof *phrases.items, by_text);
    for (size_t i = 0; i < phrases.count; i++) {
        if (kept == 0 || by_text(&phrases.items[kept - 1], &phrases.items[i]) != 0)
            phrases.items[kept++] = phrases.items[i];
    }
    for (size_t i = 0; i < kept; i++)
        bytes += phrases.items[i].len + 1;
    char *at = need(malloc(bytes));
    for (size_t i = 0; i < kept; i++)
        at = append_text(at, phrases.items[i], &phrases.items[i]);
    hy_ruleset_destroy(&set);
    *out = phrases.items;
    return kept;
}
