/*
 * Writes what tools that know no JSON and no rules are given: the texts of a corpus, one a line,
 * and the phrases of the rules, one a line; and prints how many records have no text (or none that
 * is read without a mapping), and how many texts hold a phrase as grep -F -i sees it (letters of
 * ASCII in any case, no word boundaries): the reference for those tools.
 *
 * usage: bench-extract --corpus FILE --rules PATH TEXTS PHRASES
 */
#include <stdio.h>
#include <stdlib.h>

#include "corpus.h"
#include "literals.h"

static int on_report(unsigned int id, unsigned long long from, unsigned long long to,
                     unsigned int flags, void *context)
{
    (void)id, (void)from, (void)to, (void)flags;
    *(bool *)context = true;
    return 1; /* one is enough */
}

static void write_lines(const char *path, const hydrant_str *lines, size_t count)
{
    FILE *file = fopen(path, "w");
    for (size_t i = 0; file && i < count; i++) {
        fwrite(lines[i].data, 1, lines[i].len, file);
        fputc('\n', file);
    }
    if (!file || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static uint64_t texts_with_a_phrase(const hydrant_str *texts, uint32_t texts_count,
                                    const hydrant_str *phrases, size_t count)
{
    struct bench_literals literals;
    uint64_t with = 0;
    bench_literals_compile(phrases, count, &literals);
    for (uint32_t i = 0; i < texts_count; i++) {
        bool found = false;
        hs_error_t end = hs_scan(literals.db, texts[i].data, texts[i].len, 0, literals.scratch,
                                 on_report, &found);
        if (end != (found ? HS_SCAN_TERMINATED : HS_SUCCESS)) {
            fputs("bench-extract: hs_scan failed\n", stderr);
            exit(1);
        }
        with += found;
    }
    bench_literals_free(&literals);
    return with;
}

int main(int argc, char **argv)
{
    struct bench bench;
    struct bench_corpus corpus;
    hydrant_str *phrases;
    bench_begin(&bench, &argc, argv, "extract", "Writes texts and phrases for other tools.",
                BENCH_CORPUS_HELP);
    bench_corpus_options(&bench, &argc, argv);
    if (argc != 3 || !bench.corpus || !bench.rules) {
        fputs("usage: bench-extract --corpus FILE --rules PATH TEXTS PHRASES\n", stderr);
        return 2;
    }
    bench_corpus_open(&bench, 20000000, &corpus);
    hydrant_str *texts = bench_corpus_texts(&corpus);
    size_t count = bench_rule_phrases(bench.rules, &phrases);
    write_lines(argv[1], texts, corpus.count);
    write_lines(argv[2], phrases, count);
    uint32_t without = 0;
    for (uint32_t i = 0; i < corpus.count; i++)
        without += texts[i].len == 0;
    uint64_t with = texts_with_a_phrase(texts, corpus.count, phrases, count);
    printf("{\"posts\":%u,\"without_text\":%u,\"phrases\":%zu,\"texts_with_a_phrase\":%llu}\n",
           corpus.count, without, count, (unsigned long long)with);
    return 0;
}
