/*
 * What is told of words at first sight is the same on every machine, and what looking at them one
 * by one tells.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "dedup/dedup_look.h"
#include "tests/support/random.h"

enum { ROUNDS = 20000, WORD_MAX = 40, SLACK = HY_DEDUP_WORD_SLACK };

static uint32_t letters_of(const char *word, uint32_t len)
{
    uint32_t letters = 0;
    if (len > HY_DEDUP_LOOK_BYTES)
        return HY_DEDUP_LOOK_ODD;
    for (uint32_t at = 0; at < len; at++) {
        unsigned char c = (unsigned char)word[at];
        bool run = at >= 2 && word[at - 2] == word[at] && word[at - 1] == word[at];
        if (c >= 0x80 || (c >= '0' && c <= '9') || run)
            return HY_DEDUP_LOOK_ODD;
        letters |= hy_dedup_letter_bits[c];
    }
    return letters;
}

/* A word of a list (stop words, known ones, names, some that are read as others), of few bytes or
 * of any. Returns its length. */
static uint32_t make_word(struct random_state *random, char word[WORD_MAX + SLACK])
{
    static const char *const listed[] = {"the",      "not",       "to",     "u",
                                         "gorgeous", "beautiful", "london", "2",
                                         "phone",    "broken",    "monday", "2day"};
    static const char few[] = "aab01zP_.- \xC3\xA9";
    for (uint32_t at = 0; at < WORD_MAX + SLACK; at++)
        word[at] = few[random_below(random, sizeof few - 1)];
    uint32_t len = 1 + random_below(random, random_below(random, 4) ? 16 : WORD_MAX);
    switch (random_below(random, 3)) {
    case 0:
        for (uint32_t at = 0; at < len; at++)
            word[at] = (char)random_below(random, 256);
        return len;
    case 1: {
        const char *from = listed[random_below(random, sizeof listed / sizeof *listed)];
        memcpy(word, from, strlen(from));
        return (uint32_t)strlen(from);
    }
    default:
        return len;
    }
}

/* The words behind the last are out of bounds, as they may be. */
static void make_tokens(struct random_state *random, struct hy_dedup_tokens *tokens,
                        struct hy_dedup_word words[HY_DEDUP_SKETCH_WORDS],
                        char bytes[HY_DEDUP_SKETCH_WORDS][WORD_MAX + SLACK])
{
    memset(words, 0xFF, HY_DEDUP_SKETCH_WORDS * sizeof *words);
    *tokens = (struct hy_dedup_tokens){.buffer = bytes[0], .words = words};
    tokens->count = random_below(random, HY_DEDUP_SKETCH_WORDS + 1);
    for (uint32_t i = 0; i < tokens->count; i++) {
        words[i].start = (uint32_t)(bytes[i] - bytes[0]);
        words[i].len = (uint16_t)make_word(random, bytes[i]);
        bool plain = random_below(random, 8);
        words[i].kind = (uint8_t)(plain ? HY_DEDUP_PLAIN : 1 + random_below(random, 2));
        words[i].tag = random_below(random, 2);
    }
}

static void check(const struct hy_dedup_tokens *tokens, uint32_t i, uint64_t seed, bool odd,
                  uint64_t name, uint32_t word)
{
    const char *said = tokens->buffer + tokens->words[i].start;
    uint32_t len = tokens->words[i].len, letters = letters_of(said, len);
    uint64_t hash = hy_dedup_word_hash(said, len);
    struct hy_dedup_meaning meaning = hy_dedup_lexicon_find(hash);
    if (odd) {
        assert_true(name == hash);
        assert_int_equal(word, letters);
        return;
    }
    assert_int_equal(tokens->words[i].kind, HY_DEDUP_PLAIN);
    assert_int_not_equal(letters, HY_DEDUP_LOOK_ODD);
    bool stop = meaning.class == HY_DEDUP_CLASS_STOP;
    uint64_t expected = hy_dedup_word_name(stop ? meaning.stop : meaning.hash, seed);
    assert_true(name == expected);
    assert_int_equal(word,
                     stop ? meaning.stop : hy_dedup_word_of(meaning.class, expected, letters));
}

static void first_sight_tells_what_a_closer_look_would(void **state)
{
    struct random_state random = {random_seed("dedup_look")};
    char bytes[HY_DEDUP_SKETCH_WORDS][WORD_MAX + SLACK];
    struct hy_dedup_word of_bytes[HY_DEDUP_SKETCH_WORDS];
    struct hy_dedup_tokens tokens;
    uint64_t names[HY_DEDUP_SKETCH_WORDS], told = 0, closer = 0;
    uint32_t words[HY_DEDUP_SKETCH_WORDS];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t seed = random_next(&random);
        memset(bytes, 0, sizeof bytes);
        make_tokens(&random, &tokens, of_bytes, bytes);
        for (int level = HY_CPU_SCALAR; level <= (int)hy_cpu_level(); level++) {
            uint64_t odd = hy_dedup_look_of((enum hy_cpu_level)level)(&tokens, seed, names, words);
            assert_true(odd >> tokens.count == 0);
            for (uint32_t i = 0; i < tokens.count; i++) {
                check(&tokens, i, seed, odd >> i & 1, names[i], words[i]);
                closer += odd >> i & 1;
                told += !(odd >> i & 1);
            }
        }
    }
    assert_true(told > ROUNDS && closer > ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_sight_tells_what_a_closer_look_would),
    };
    return cmocka_run_group_tests_name("dedup look", tests, NULL, NULL);
}
