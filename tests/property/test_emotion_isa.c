/*
 * Every path that is compiled (plain, AVX2, AVX-512) gives the same tokens and the same bits of
 * every score, for random texts, wherever in memory they begin, and reads nothing behind their end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/str.h"
#include "emotion/emotion.h"
#include "emotion/score.h"

enum { TEXTS = 3000 };

#if defined(__x86_64__)
extern const struct hy_score_path hy_score_path_here_avx2, hy_score_path_here_avx512;
#endif

static uint64_t seed;

static uint32_t pick(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % below;
}

static const char *const pieces[] = {"I",
                                     "love",
                                     "hate",
                                     "you",
                                     "not",
                                     "don't",
                                     "never",
                                     "very",
                                     "sooo",
                                     "but",
                                     "thanks",
                                     "please",
                                     "broken",
                                     "service",
                                     "IDIOTS",
                                     "WTF",
                                     "how",
                                     "do",
                                     "is",
                                     "it",
                                     "!",
                                     "?",
                                     "!!!!",
                                     "...",
                                     ",",
                                     ":)",
                                     ":-(",
                                     "<3",
                                     "@att",
                                     "#Fail",
                                     "http://a",
                                     "[NAME]",
                                     "unheardofword",
                                     "wooork",
                                     "can't",
                                     "\xe2\x80\x99",
                                     "\xf0\x9f\x98\xa1",
                                     "\xe2\x9d\xa4\xef\xb8\x8f",
                                     "caf\xc3\xa9",
                                     "\xe6\x97\xa5",
                                     "\xd0\xbf\xd1\x80",
                                     "@att\xe2\x80\xa6",
                                     "http://a/\xc2\xa0",
                                     "\xff",
                                     "'",
                                     "''",
                                     "a",
                                     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

/* Some words, joined in some way, now and then with bytes of any kind. */
static uint32_t make_text(char *out, uint32_t room)
{
    uint32_t len = 0, words = pick(8) == 0 ? pick(3000) : pick(40);
    for (uint32_t i = 0; i < words; i++) {
        const char *piece = pieces[pick(sizeof pieces / sizeof *pieces)];
        if (len + strlen(piece) + 2 > room)
            break;
        memcpy(out + len, piece, strlen(piece));
        len += (uint32_t)strlen(piece);
        if (pick(5))
            out[len++] = ' ';
        if (pick(60) == 0)
            out[len++] = (char)pick(256);
    }
    return len;
}

static const struct hy_score_path *others[2];
static unsigned others_count;

static void find_others(void)
{
#if defined(__x86_64__)
    if (hy_cpu_level() >= HY_CPU_AVX2)
        others[others_count++] = &hy_score_path_here_avx2;
    if (hy_cpu_level() >= HY_CPU_AVX512)
        others[others_count++] = &hy_score_path_here_avx512;
#endif
}

static void same_tokens(const struct hy_tokens *a, const struct hy_tokens *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->others, b->others);
    assert_int_equal(a->capitals, b->capitals);
    assert_int_equal(a->pictures, b->pictures);
    assert_int_equal(a->latin, b->latin);
    assert_int_equal(a->other_script, b->other_script);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_int_equal(a->list[i].hash, b->list[i].hash);
        assert_int_equal(a->list[i].start, b->list[i].start);
        assert_int_equal(a->list[i].len, b->list[i].len);
        assert_int_equal(a->symbol[i], b->symbol[i]);
        assert_int_equal(a->run[i], b->run[i]);
    }
    assert_memory_equal(a->kind, b->kind, a->count);
    assert_memory_equal(a->flags, b->flags, a->count);
    assert_memory_equal(a->cues, b->cues, a->count * sizeof *a->cues);
}

static void all_paths_agree(void **state)
{
    const struct hy_emotion_model *model;
    assert_int_equal(hy_emotion_model_builtin(&model, NULL), HYDRANT_OK);
    struct hy_tokens *a = test_malloc(sizeof *a), *b = test_malloc(sizeof *b);
    static char text[HY_EMOTION_TEXT + 4096];
    for (unsigned n = 0; n < TEXTS; n++) {
        uint32_t len = make_text(text, sizeof text), shift = pick(64);
        char *copy = test_malloc(shift + len + 1); /* its end is watched by AddressSanitizer */
        memcpy(copy + shift, text, len);
        hydrant_str str = hy_str(copy + shift, len), lang = HY_STR("");
        hydrant_emotion plain, other;
        hy_score_path_here.prepare(model, str, a);
        for (unsigned p = 0; p < others_count; p++) {
            others[p]->prepare(model, str, b);
            same_tokens(a, b);
            hy_score_path_here.text(model, str, lang, b, &plain);
            others[p]->text(model, str, lang, b, &other);
            assert_memory_equal(&plain, &other, sizeof plain);
        }
        test_free(copy);
    }
    test_free(a);
    test_free(b);
}

int main(void)
{
    const char *given = getenv("HYDRANT_SEED");
    seed = given ? strtoull(given, NULL, 10) : 20260101;
    find_others();
    printf("seed %llu, %u other paths\n", (unsigned long long)seed, others_count);
    if (!others_count)
        return 77;
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_paths_agree)};
    return cmocka_run_group_tests_name("emotion_isa", tests, NULL, NULL);
}
