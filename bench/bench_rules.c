/*
 * How the cost of a post grows with the number of rules: the same posts through 100, 1,000, 10,000
 * and 100,000 rules of 2 to 10 terms, AND, OR, NOT and NEAR mixed.
 *
 * The first 100 rules are about words that some of the posts have; all others are about invented
 * names, beside the same common words. So every size matches the same, which is checked, and what
 * grows is only what has to be ruled out.
 */
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "made_file.h"
#include "tools/gen/gen.h"

enum {
    COMPILES = 9,
    SIZES = 4,
    WANTED = 100,
    WORDS = 400,
    NAME = 24,
    POSTS = 20000,
    POSTS_QUICK = 4000
};

static const uint32_t sizes[SIZES] = {100, 1000, 10000, 100000};

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

/* ---- posts and their words ---- */

struct word {
    char text[NAME];
    uint32_t count;
};

struct corpus {
    char *bytes;
    size_t len;
    uint64_t posts;
    struct word *words; /* the commonest first */
    uint32_t words_count, words_room;
};

static void make_posts(struct corpus *corpus, const struct bench *bench)
{
    struct hy_gen_options options;
    struct hy_gen *gen;
    struct hy_gen_worker *worker;
    struct hy_gen_buffer posts = {NULL, 0, 0};
    hy_gen_options_init(&options);
    options.seed = bench->seed;
    options.languages = "en";
    uint64_t count = bench->quick ? POSTS_QUICK : POSTS;
    if (hy_gen_create(&options, &gen, NULL) != HYDRANT_OK ||
        hy_gen_worker_create(gen, &worker, NULL) != HYDRANT_OK ||
        hy_gen_posts(worker, 0, count, &posts, NULL) != HYDRANT_OK)
        exit(1);
    hy_gen_worker_destroy(&worker);
    hy_gen_destroy(&gen);
    corpus->bytes = posts.data;
    corpus->len = posts.len;
}

static void count_word(struct corpus *corpus, const char *text, size_t len)
{
    for (uint32_t i = 0; i < corpus->words_count; i++)
        if (strlen(corpus->words[i].text) == len && memcmp(corpus->words[i].text, text, len) == 0) {
            corpus->words[i].count++;
            return;
        }
    if (corpus->words_count == corpus->words_room) {
        corpus->words_room = corpus->words_room ? 2 * corpus->words_room : 1024;
        corpus->words = realloc(corpus->words, corpus->words_room * sizeof *corpus->words);
        if (!corpus->words)
            exit(1);
    }
    struct word *word = &corpus->words[corpus->words_count++];
    memcpy(word->text, text, len);
    word->text[len] = '\0';
    word->count = 1;
}

static int commonest_first(const void *a, const void *b)
{
    const struct word *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* Lower-case words of 4 letters and more of the first posts' texts. */
static void find_words(struct corpus *corpus)
{
    enum { LOOKED_AT = 2000 };
    const char *at = corpus->bytes, *end = corpus->bytes + corpus->len;
    for (int posts = 0; posts < LOOKED_AT && at < end; posts++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *text = memmem(at, (size_t)(line_end - at), "\"text\":\"", 8);
        for (text = text ? text + 8 : line_end; text < line_end && *text != '"';) {
            size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz");
            if (len >= 4 && len < NAME && text[-1] == ' ' && text[len] == ' ')
                count_word(corpus, text, len);
            text += len ? len : 1;
        }
        at = line_end + 1;
    }
    qsort(corpus->words, corpus->words_count, sizeof *corpus->words, commonest_first);
    for (size_t i = 0; i < corpus->len; i++)
        corpus->posts += corpus->bytes[i] == '\n';
}

/* ---- rules ---- */

static void invent_name(char out[NAME])
{
    static const char *const parts[] = {"zor", "vex", "qua", "bly", "dra", "fno", "gub", "hix",
                                        "jot", "kry", "lum", "mox", "nyz", "pyx", "rax", "wub"};
    out[0] = '\0';
    for (uint32_t n = 4; n > 0; n--)
        strcat(out, parts[draw(16)]);
}

static const char *common(const struct corpus *corpus)
{
    uint32_t words = corpus->words_count < WORDS ? corpus->words_count : WORDS;
    return corpus->words[draw(words)].text;
}

static void write_any(FILE *out, const struct corpus *corpus, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i ? " OR " : "(", common(corpus));
    fputs(")", out);
}

/* 2 to 10 terms. */
static void write_query(FILE *out, const struct corpus *corpus, const char *name)
{
    switch (draw(5)) {
    case 0:
        fprintf(out, "%s AND ", name);
        write_any(out, corpus, 1 + draw(6));
        break;
    case 1:
        fprintf(out, "%s NOT %s", name, common(corpus));
        break;
    case 2:
        fprintf(out, "%s NEAR/%u ", name, 2 + draw(8));
        write_any(out, corpus, 1 + draw(5));
        break;
    case 3:
        fprintf(out, "(\"%s %s\" OR @%s) AND ", name, common(corpus), name);
        write_any(out, corpus, 1 + draw(4));
        fprintf(out, " NOT %s", common(corpus));
        break;
    default:
        fprintf(out, "(%s OR #%s) AND (%s ONEAR/4 %s OR %s) NOT ", name, name, common(corpus),
                common(corpus), common(corpus));
        write_any(out, corpus, 1 + draw(4));
    }
}

/* The first WANTED rules are the same for every size. */
static void write_rules(char path[static BENCH_PATH], const struct corpus *corpus, uint64_t seed,
                        uint32_t count)
{
    FILE *out = fdopen(bench_make_file(path, ".yaml"), "w");
    if (!out)
        exit(1);
    random_state = seed;
    fputs("version: 1\nrules:\n", out);
    for (uint32_t i = 0; i < count; i++) {
        char name[NAME];
        invent_name(name);
        uint32_t rank = WORDS + 5 * i; /* rare words, of the wanted ones */
        if (i < WANTED && corpus->words_count)
            strcpy(name, corpus->words[rank % corpus->words_count].text);
        fprintf(out, "  - {id: r%u, match: '", i);
        write_query(out, corpus, name);
        fputs("'}\n", out);
    }
    if (fclose(out) != 0)
        exit(1);
}

/* ---- a size ---- */

struct size {
    const struct corpus *corpus;
    char path[BENCH_PATH]; /* its rules */
    hydrant_pack *pack;
    hydrant *engine;
    double compile_s[COMPILES];
    double post_ns, match_ns; /* of a post, in the last run */
};

static void fail(const hydrant_error *err)
{
    fprintf(stderr, "bench-rules: %s\n", err->text);
    exit(1);
}

static void compile_size(struct size *size, uint32_t round)
{
    const char *path = size->path;
    hydrant_rules rules = {.paths = &path, .paths_count = 1};
    hydrant_pack_info info;
    hydrant_error err = {0};
    hydrant_pack_destroy(&size->pack);
    if (hydrant_pack_compile(&rules, &size->pack, &err) != HYDRANT_OK)
        fail(&err);
    hydrant_pack_describe(size->pack, &info);
    size->compile_s[round] = info.compile_seconds;
}

static void compile_all(struct size *all, uint32_t count)
{
    for (uint32_t r = 0; r < COMPILES; r++)
        for (uint32_t k = 0; k < count; k++)
            compile_size(&all[r % 2 ? count - 1 - k : k], r);
}

static void begin_size(struct size *size, const struct corpus *corpus)
{
    hydrant_options options;
    hydrant_error err = {0};
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_NONE;
    options.event_time = true;
    options.dedup_window_us = 0;
    size->corpus = corpus;
    if (hydrant_create(&options, size->pack, &size->engine, &err) != HYDRANT_OK)
        fail(&err);
    hydrant_pack_destroy(&size->pack);
}

static void run_size(struct size *size)
{
    hydrant_stats before, after;
    hydrant_error err = {0};
    hydrant_stats_read(size->engine, &before);
    uint64_t start = bench_now_ns(BENCH_CPU);
    if (hydrant_push_bytes(size->engine, "bench", size->corpus->bytes, size->corpus->len, &err) !=
            HYDRANT_OK ||
        hydrant_drain(size->engine, &err) != HYDRANT_OK)
        fail(&err);
    uint64_t took = bench_now_ns(BENCH_CPU) - start;
    hydrant_stats_read(size->engine, &after);
    double posts = (double)(after.posts - before.posts);
    size->post_ns = (double)took / posts;
    size->match_ns = (double)(after.stage_cpu_ns[HYDRANT_STAGE_MATCH] -
                              before.stage_cpu_ns[HYDRANT_STAGE_MATCH]) /
                     posts;
}

/* Every size must say the same of the rules that all have, and nothing of the others. */
static void check_size(struct bench *bench, struct size *size, uint32_t rules,
                       uint64_t hits[WANTED])
{
    hydrant_rule_stats *stats = calloc(rules, sizeof *stats);
    uint64_t others = 0, total = 0;
    bool same = stats && hydrant_rule_stats_read(size->engine, stats, rules) == rules;
    for (uint32_t i = 0; same && i < rules; i++) {
        if (i >= WANTED)
            others += stats[i].hits;
        else if (rules == WANTED)
            total += hits[i] = stats[i].hits;
        else
            same = stats[i].hits == hits[i];
    }
    bench_check(bench, same, "%u rules: the first %d match the same", rules, WANTED);
    bench_check(bench, others == 0, "%u rules: the others match nothing", rules);
    if (rules == WANTED)
        bench_check(bench, total > size->corpus->posts / 100, "%d rules match something", WANTED);
    free(stats);
}

static void measure(struct bench *bench, struct size *all, uint32_t count)
{
    static double samples[SIZES][2][BENCH_SAMPLES_MAX];
    char name[32];
    for (uint32_t r = 0; r < bench->repeats; r++) {
        for (uint32_t k = 0; k < count; k++) {
            uint32_t i = r % 2 ? count - 1 - k : k;
            run_size(&all[i]);
            samples[i][0][r] = all[i].post_ns;
            samples[i][1][r] = all[i].match_ns;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "post/%u", sizes[i]);
        bench_samples(bench, name, "ns/post", samples[i][0], bench->repeats);
        snprintf(name, sizeof name, "match/%u", sizes[i]);
        bench_samples(bench, name, "ns/post", samples[i][1], bench->repeats);
        snprintf(name, sizeof name, "compile/%u", sizes[i]);
        bench_samples(bench, name, "s", all[i].compile_s, COMPILES);
    }
}

int main(int argc, char **argv)
{
    struct bench bench;
    struct corpus corpus = {NULL, 0, 0, NULL, 0, 0};
    struct size all[SIZES] = {0};
    uint64_t hits[WANTED] = {0};
    bench_begin(&bench, &argc, argv, "rules", "How the cost of a post grows with the rules.", NULL);
    bench_no_more_options(&bench, argc, argv);
    uint32_t count = bench.quick ? SIZES - 1 : SIZES;
    make_posts(&corpus, &bench);
    find_words(&corpus);
    for (uint32_t i = 0; i < count; i++)
        write_rules(all[i].path, &corpus, bench.seed, sizes[i]);
    compile_all(all, count);
    for (uint32_t i = 0; i < count; i++) {
        begin_size(&all[i], &corpus);
        bench_remove(all[i].path);
        run_size(&all[i]);
        check_size(&bench, &all[i], sizes[i], hits);
    }
    if (bench.failures == 0)
        measure(&bench, all, count);
    for (uint32_t i = 0; i < count; i++)
        hydrant_destroy(&all[i].engine);
    free(corpus.words);
    free(corpus.bytes);
    return bench_end(&bench);
}
