/* Runs of folded texts by every kernel against a loop over bytes, and the table of words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match/runs.h"
#include "match_fixture.h"
#include "pack/matcher.h"
#include "pack/word_table.h"
#include "support/random.h"

enum { TEXT_BYTES = 1000 };

static uint32_t naive_runs(const char *text, uint32_t len, uint32_t *edges)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i <= len; i++) {
        bool here = i < len && hy_is_run_byte((unsigned char)text[i]);
        bool before = i > 0 && hy_is_run_byte((unsigned char)text[i - 1]);
        if (here != before)
            edges[count++] = i;
    }
    return count / 2;
}

static void same_runs(const char *text, uint32_t len)
{
    static uint32_t wanted[TEXT_BYTES + 1 + HY_RUNS_SLACK], got[TEXT_BYTES + 1 + HY_RUNS_SLACK];
    uint32_t count = naive_runs(text, len, wanted);
    for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
        assert_int_equal(hy_runs_of((enum hy_cpu_level)level)(text, len, got), count);
        assert_memory_equal(got, wanted, 2 * count * sizeof *got);
    }
}

/* What stands behind the end is a word, so that a kernel which counts it is found out. */
static void every_kernel_finds_the_same_runs(void **state)
{
    char text[TEXT_BYTES + HY_RUNS_SLACK];
    struct random_state random = {random_seed("word_scan")};
    for (int round = 0; round < 2000; round++) {
        uint32_t len = random_below(&random, TEXT_BYTES + 1);
        uint32_t words = 1 + random_below(&random, 12); /* of 13 bytes, about */
        for (uint32_t i = 0; i < sizeof text; i++)
            text[i] = random_below(&random, 13) < words ? "az09_m"[random_below(&random, 6)]
                                                        : (char)random_below(&random, 256);
        memset(text + len, 'a', sizeof text - len);
        same_runs(text, len);
    }
}

static void runs_end_where_blocks_do(void **state)
{
    char text[TEXT_BYTES + HY_RUNS_SLACK];
    for (uint32_t len = 0; len <= 3 * 64 + 1; len++) {
        memset(text, 'x', sizeof text);
        same_runs(text, len);
        for (uint32_t i = 0; i < sizeof text; i += 2)
            text[i] = ' '; /* as many runs as there can be */
        same_runs(text, len);
        memset(text, 0xFF, sizeof text);
        same_runs(text, len);
    }
}

/* Every byte alone, with those beside the ranges. */
static void only_letters_digits_and_underscores_are_of_runs(void **state)
{
    char text[256 + HY_RUNS_SLACK] = {0};
    for (int i = 0; i < 256; i++)
        text[i] = (char)i;
    same_runs(text, 256);
}

/* A word of the table is one whose bytes are the same, not one whose hash is. */
static void a_hash_is_not_enough(void **state)
{
    char word[48] = "signal", other[48] = "signet";
    uint64_t hash = hy_word_hash(word, 6);
    const unsigned char texts[32] = "\006signet";
    struct hy_word_slot slots[2] = {{hash, 7, 0}, {hash, 7, 0}};
    slots[~hash & 1].anchor = HY_WORD_NONE;
    struct hy_word_table table = {.count = 1, .mask = 1, .slots = slots, .texts = texts};
    assert_null(hy_word_find(&table, word, 6, hash));
    assert_ptr_equal(hy_word_find(&table, other, 6, hash), &slots[hash & 1]);
    assert_null(hy_word_find(&table, other, 5, hash));
}

/* What is behind a word does not count, and all of a word does. */
static void a_hash_is_of_the_word_alone(void **state)
{
    char word[HY_WORD_BYTES_MAX + HY_WORD_SLACK], other[sizeof word];
    for (uint32_t len = 1; len <= HY_WORD_BYTES_MAX; len++) {
        memset(word, 'a', sizeof word);
        memset(other, 'z', sizeof other);
        memcpy(other, word, len);
        assert_true(hy_word_hash(word, len) == hy_word_hash(other, len));
        for (uint32_t i = 0; i < len; i++) {
            other[i] = 'b';
            assert_true(hy_word_hash(word, len) != hy_word_hash(other, len));
            other[i] = 'a';
        }
    }
}

/* query is true of the text, and nothing else is said. */
static void matches(const char *query, const char *text, bool wanted)
{
    struct match_fixture f;
    fixture_queries(&f, &query, 1);
    bool got = fixture_text(&f, text)->matches_count > 0;
    if (got != wanted)
        fprintf(stderr, "query %s on \"%s\"\n", query, text);
    assert_int_equal(got, wanted);
    fixture_end(&f);
}

/* From the longest word of the table to the first that is Hyperscan's. */
static void words_of_any_length(void **state)
{
    for (int len = 1; len <= 40; len++) {
        char query[64], text[128];
        snprintf(query, sizeof query, "%.*s", len, "abcdefghijklmnopqrstuvwxyz0123456789abcdefgh");
        snprintf(text, sizeof text, "so %s, yes", query);
        matches(query, text, true);
        text[3 + len / 2] = '_';
        matches(query, text, false);
        snprintf(text, sizeof text, "so %sx yes", query);
        matches(query, text, false);
        char phrase[128];
        snprintf(phrase, sizeof phrase, "\"%s yes\"", query);
        snprintf(text, sizeof text, "%s -- yes", query);
        matches(phrase, text, true);
        snprintf(text, sizeof text, "%s yest", query);
        matches(phrase, text, false);
    }
}

/* zero-width joiners between two letters: a word boundary when there are so many that the letter
 * before is out of sight. */
static void letters_far_apart(void **state)
{
    for (int joiners = 29; joiners <= 33; joiners++) {
        char text[256] = "xa";
        for (int i = 0; i < joiners; i++)
            strcat(text, "\u200D");
        strcat(text, "b");
        matches("b", text, joiners > 30);
        matches("xa", text, joiners > 30);
        matches("xab", text, true);
    }
}

static void signs_that_fold_to_letters(void **state)
{
    matches("acme", "Acme\u2122 rocks", true);   /* the trade mark sign folds to tm */
    matches("acmetm", "Acme\u2122 rocks", true); /* as whoever reads it folded would say */
    matches("\"acme rocks\"", "Acme\u2122 rocks", true);
    matches("\"acme rocks\"", "Acme \u2122 rocks", true);
    matches("\"acme tm\"", "Acme \u2122 rocks", true);
    matches("tel", "home\u2121", true); /* three bytes for three */
    matches("home", "home\u2121", true);
    matches("kg", "5\u338F", true);
    matches("strasse", "Stra\u00DFe", true); /* a letter, so no word ends inside */
    matches("stra", "Stra\u00DFe", false);
    matches("ffi", "\uFB03", true);
    matches("office", "o\uFB03ce", true);
    matches("o", "o\uFB03ce", false);
}

/* One run of many words: each begins and ends where the original has a sign. */
static void a_run_of_nothing_but_signs(void **state)
{
    enum { SIGNS = 21000 };
    char *text = malloc(SIGNS * strlen("\u2122") + sizeof "acme");
    char *end = text;
    for (int i = 0; i < SIGNS; i++)
        end = stpcpy(end, "\u2122");
    matches("tm", text, true);
    matches("tmt", text, false);
    matches("mt", text, false);
    matches("acme", text, false);
    strcpy(end, "acme");
    matches("acme", text, true);
    matches("tmacme", text, true);
    matches("macme", text, false);
    free(text);
}

/* Names that share a word are told by the other one, so that a text with the shared word does not
 * wake them all. */
static void names_do_not_hang_on_what_they_share(void **state)
{
    enum { NAMES = 60 };
    static char texts[NAMES][16];
    const char *queries[NAMES];
    struct match_fixture f;
    for (int i = 0; i < NAMES; i++) {
        snprintf(texts[i], sizeof texts[i], "\"%c%c.zzz\"", 'a' + i / 26, 'a' + i % 26);
        queries[i] = texts[i];
    }
    fixture_queries(&f, queries, NAMES);
    const struct hy_matcher *matcher = f.pack->matcher;
    for (uint32_t i = 0; i < matcher->anchors_count; i++)
        assert_true(matcher->anchors[i].singles_count < NAMES / 2);
    fixture_end(&f);
    matches("\"qx.zzz\"", "see qx.zzz", true);
    matches("\"qx.zzz\"", "see qx.zzy", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_finds_the_same_runs),
        cmocka_unit_test(runs_end_where_blocks_do),
        cmocka_unit_test(only_letters_digits_and_underscores_are_of_runs),
        cmocka_unit_test(a_hash_is_not_enough),
        cmocka_unit_test(a_hash_is_of_the_word_alone),
        cmocka_unit_test(words_of_any_length),
        cmocka_unit_test(letters_far_apart),
        cmocka_unit_test(signs_that_fold_to_letters),
        cmocka_unit_test(a_run_of_nothing_but_signs),
        cmocka_unit_test(names_do_not_hang_on_what_they_share),
    };
    return cmocka_run_group_tests_name("word scan", tests, NULL, NULL);
}
