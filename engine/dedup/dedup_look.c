/* Words at first sight; see dedup_look.h. */
#include "dedup/dedup_look.h"

#include "base/pick.h"
#include "base/prefetch.h"

#include <stddef.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

_Static_assert(HY_DEDUP_SKETCH_WORDS % HY_DEDUP_LOOK_AT_ONCE == 0, "there is room behind the last");
_Static_assert((int)HY_DEDUP_LOOK_BYTES <= (int)HY_DEDUP_WORD_SLACK, "any word can be read");

/* A bit for each letter: its own for a frequent one, the others share. */
#define LETTERS(LETTER) \
    LETTER('e', 0)      \
    LETTER('t', 1)      \
    LETTER('a', 2)      \
    LETTER('o', 3)      \
    LETTER('i', 4)      \
    LETTER('n', 5)      \
    LETTER('s', 6)      \
    LETTER('r', 7)      \
    LETTER('h', 8)      \
    LETTER('l', 9)      \
    LETTER('d', 10)     \
    LETTER('c', 11)     \
    LETTER('k', 11)     \
    LETTER('q', 11)     \
    LETTER('u', 12)     \
    LETTER('v', 12)     \
    LETTER('w', 12)     \
    LETTER('y', 12)     \
    LETTER('m', 13)     \
    LETTER('b', 13)     \
    LETTER('x', 13)     \
    LETTER('f', 14)     \
    LETTER('p', 14)     \
    LETTER('j', 14)     \
    LETTER('g', 15)     \
    LETTER('z', 15)

#define IN_ASCII(letter, bit) [letter] = 1u << (bit),
const uint16_t hy_dedup_letter_bits[128] = {LETTERS(IN_ASCII)};

/* The letters of a word, or HY_DEDUP_LOOK_ODD: it has a digit, what is not ASCII, the same byte
 * three times in a row or more bytes than are looked at. */
INLINE uint32_t letters_scalar(const char *word, uint32_t len)
{
    uint32_t letters = 0;
    bool odd = len > HY_DEDUP_LOOK_BYTES;
    len = len < HY_DEDUP_LOOK_BYTES ? len : HY_DEDUP_LOOK_BYTES;
    for (uint32_t at = 0; at < len; at++) {
        unsigned char c = (unsigned char)word[at];
        letters |= hy_dedup_letter_bits[c & 0x7F];
        odd |= (c >= 0x80) | ((unsigned)c - '0' < 10);
        if (at >= 2)
            odd |= (word[at] == word[at - 1]) & (word[at] == word[at - 2]);
    }
    return odd ? (uint32_t)HY_DEDUP_LOOK_ODD : letters;
}

/* ---- one by one ---- */

/* Name and word of one token, whose hash names[i] is. Every other word is a stop word: both forms
 * are made, and one is picked. True: it has to be looked at closer. */
INLINE bool look_at(const struct hy_dedup_tokens *tokens, uint32_t i, uint32_t letters,
                    uint64_t seed, uint64_t *names, uint32_t *words)
{
    uint32_t value = hy_dedup_lexicon_value(names[i]);
    bool odd = (tokens->words[i].kind != HY_DEDUP_PLAIN) | (letters == HY_DEDUP_LOOK_ODD) |
               (value == HY_DEDUP_VALUE_ALIAS);
    bool stop = value - 1 < HY_DEDUP_VALUE_STOP_MAX;
    uint64_t name = hy_dedup_word_name(hy_pick(stop, value, names[i]), seed);
    uint32_t content = hy_dedup_word_of(hy_dedup_lexicon_class(value), name, letters);
    names[i] = hy_pick(odd, names[i], name);
    words[i] = (uint32_t)hy_pick(odd, letters, hy_pick(stop, value, content));
    return odd;
}

/* Their places in the lexicon are asked for first. */
INLINE void hash_all(const struct hy_dedup_tokens *tokens, uint64_t *names)
{
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct hy_dedup_word *word = &tokens->words[i];
        names[i] = hy_dedup_word_hash(tokens->buffer + word->start, word->len);
        hy_prefetch(&hy_dedup_lexicon_slots[hy_dedup_lexicon_slot(names[i])]);
    }
}

static uint64_t look_scalar(const struct hy_dedup_tokens *tokens, uint64_t seed, uint64_t *names,
                            uint32_t *words)
{
    uint64_t odd = 0;
    hash_all(tokens, names);
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct hy_dedup_word *word = &tokens->words[i];
        uint32_t letters = letters_scalar(tokens->buffer + word->start, word->len);
        odd |= (uint64_t)look_at(tokens, i, letters, seed, names, words) << i;
    }
    return odd;
}

#ifdef __x86_64__

#define AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq")))

/* The bits of 0x60..0x7F, low and high byte. */
#define LOW_BYTE(letter, bit) [(letter)&31] = (uint8_t)(1u << (bit)),
#define HIGH_BYTE(letter, bit) [(letter)&31] = (uint8_t)(1u << (bit) >> 8),
static _Alignas(16) const uint8_t low_bytes[32] = {LETTERS(LOW_BYTE)};
static _Alignas(16) const uint8_t high_bytes[32] = {LETTERS(HIGH_BYTE)};

/* Bytes of ones, then of zeros: 16 from place 16 - n on are n of ones. */
static const uint8_t ones[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                 255, 255, 255, 255, 255, 255, 255, 255};

/* One byte of the table for each letter of the word, by the lower five bits. */
AVX2 INLINE __m128i look_up(__m128i word, const uint8_t table[32])
{
    __m128i first = _mm_shuffle_epi8(_mm_load_si128((const __m128i *)table), word);
    __m128i second = _mm_shuffle_epi8(_mm_load_si128((const __m128i *)(table + 16)), word);
    return _mm_blendv_epi8(first, second, _mm_slli_epi16(word, 3));
}

AVX2 INLINE uint32_t letters_avx2(const char *data, uint32_t len)
{
    bool is_long = len > HY_DEDUP_LOOK_BYTES;
    len = len < HY_DEDUP_LOOK_BYTES ? len : HY_DEDUP_LOOK_BYTES;
    __m128i keep = _mm_loadu_si128((const __m128i *)(ones + 16 - len));
    __m128i word = _mm_and_si128(_mm_loadu_si128((const __m128i *)data), keep);
    __m128i lower =
        _mm_cmpeq_epi8(_mm_and_si128(word, _mm_set1_epi8((char)0xE0)), _mm_set1_epi8(0x60));
    __m128i low = _mm_and_si128(look_up(word, low_bytes), lower);
    __m128i high = _mm_and_si128(look_up(word, high_bytes), lower);
    __m128i bits = _mm_or_si128(_mm_unpacklo_epi8(low, high), _mm_unpackhi_epi8(low, high));
    bits = _mm_or_si128(bits, _mm_srli_si128(bits, 8));
    bits = _mm_or_si128(bits, _mm_srli_si128(bits, 4));
    bits = _mm_or_si128(bits, _mm_srli_si128(bits, 2));
    __m128i digit = _mm_cmplt_epi8(_mm_sub_epi8(word, _mm_set1_epi8((char)('0' + 128))),
                                   _mm_set1_epi8(10 - 128));
    __m128i run = _mm_and_si128(_mm_cmpeq_epi8(word, _mm_slli_si128(word, 1)),
                                _mm_cmpeq_epi8(word, _mm_slli_si128(word, 2)));
    /* The first two bytes were compared with what is in front of the word. */
    run = _mm_slli_si128(_mm_srli_si128(_mm_and_si128(run, keep), 2), 2);
    int odd = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(digit, word), run));
    uint32_t letters = (uint32_t)_mm_cvtsi128_si32(bits) & 0xFFFF;
    return (uint32_t)hy_pick((odd != 0) | is_long, HY_DEDUP_LOOK_ODD, letters);
}

AVX2 static uint64_t look_avx2(const struct hy_dedup_tokens *tokens, uint64_t seed, uint64_t *names,
                               uint32_t *words)
{
    uint64_t odd = 0;
    hash_all(tokens, names);
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct hy_dedup_word *word = &tokens->words[i];
        uint32_t letters = letters_avx2(tokens->buffer + word->start, word->len);
        odd |= (uint64_t)look_at(tokens, i, letters, seed, names, words) << i;
    }
    return odd;
}

/* ---- eight at once: those with even places in one vector, those with odd ones in another ---- */

_Static_assert(sizeof(struct hy_dedup_word) == 8 && offsetof(struct hy_dedup_word, start) == 0 &&
                   offsetof(struct hy_dedup_word, len) == 4 &&
                   offsetof(struct hy_dedup_word, kind) == 6,
               "a word is a number of 64 bits");

/* Eight words from place i on, zeros behind the last. */
AVX512 INLINE __m512i take_eight(const struct hy_dedup_tokens *tokens, uint32_t i)
{
    __mmask8 there = (__mmask8)_bzhi_u32(0xFF, tokens->count - i);
    return _mm512_maskz_loadu_epi64(there, tokens->words + i);
}

/* The letters of every other of eight words, each in 16 bytes, with zeros behind it; which bytes
 * are theirs. len_at: the byte of each 16 of the words that holds a low byte of its length. */
AVX512 INLINE __m512i load_four(const char *buffer, const uint32_t *starts, __m512i words,
                                char len_at, __mmask64 *theirs)
{
    __m512i four = _mm512_setzero_si512();
#define ADD(k) \
    four =     \
        _mm512_inserti32x4(four, _mm_loadu_si128((const __m128i *)(buffer + starts[2 * (k)])), k);
    ADD(0)
    ADD(1)
    ADD(2)
    ADD(3)
#undef ADD
    __m512i place =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    *theirs = _mm512_cmplt_epu8_mask(place, _mm512_shuffle_epi8(words, _mm512_set1_epi8(len_at)));
    return _mm512_maskz_mov_epi8(*theirs, four);
}

/* Low bytes and high bytes of the letters' bits are looked up apart, by the lower five bits of a
 * letter. The bits of each word are in the low 16 of its 16 bytes then. */
AVX512 INLINE __m512i letters_of_four(__m512i words)
{
    __mmask64 lower = _mm512_cmpeq_epi8_mask(_mm512_and_si512(words, _mm512_set1_epi8((char)0xE0)),
                                             _mm512_set1_epi8(0x60));
    __mmask64 second = lower & _mm512_test_epi8_mask(words, _mm512_set1_epi8(0x10));
    __mmask64 first = lower & ~second;
    __m512i half[2];
    for (int k = 0; k < 2; k++) {
        const __m128i *table = (const __m128i *)(k ? high_bytes : low_bytes);
        half[k] = _mm512_or_si512(
            _mm512_maskz_shuffle_epi8(first, _mm512_broadcast_i32x4(_mm_load_si128(table)), words),
            _mm512_maskz_shuffle_epi8(second, _mm512_broadcast_i32x4(_mm_load_si128(table + 1)),
                                      words));
    }
    __m512i bits = _mm512_or_si512(_mm512_unpacklo_epi8(half[0], half[1]),
                                   _mm512_unpackhi_epi8(half[0], half[1]));
    bits = _mm512_or_si512(bits, _mm512_bsrli_epi128(bits, 8));
    bits = _mm512_or_si512(bits, _mm512_bsrli_epi128(bits, 4));
    return _mm512_or_si512(bits, _mm512_bsrli_epi128(bits, 2));
}

/* Which of four words have a digit, what is not ASCII or the same byte three times in a row: bits
 * 0, 2, 4 and 6. */
AVX512 INLINE uint32_t odd_of_four(__m512i words, __mmask64 theirs)
{
    __mmask64 digit =
        _mm512_cmplt_epu8_mask(_mm512_sub_epi8(words, _mm512_set1_epi8('0')), _mm512_set1_epi8(10));
    __mmask64 run = _mm512_cmpeq_epi8_mask(words, _mm512_bslli_epi128(words, 1)) &
                    _mm512_cmpeq_epi8_mask(words, _mm512_bslli_epi128(words, 2));
    run &= theirs & 0xFFFCFFFCFFFCFFFC; /* the first two have nothing in front of them */
    __m512i odd = _mm512_movm_epi8(digit | run | _mm512_movepi8_mask(words));
    uint32_t halves = _mm512_test_epi64_mask(odd, odd);
    return (halves | halves >> 1) & 0x55;
}

/* As hy_dedup_word_hash, of words of at most 16 bytes. */
AVX512 INLINE __m512i hash_eight(__m512i low, __m512i high, __m256i lens)
{
    __m512i by = _mm512_set1_epi64((long long)0xD6E8FEB86659FD93u);
    __m512i h = _mm512_xor_si512(low, _mm512_cvtepu32_epi64(lens));
    h = _mm512_mullo_epi64(h, _mm512_set1_epi64((long long)0x9E3779B97F4A7C15u));
    high = _mm512_add_epi64(high, _mm512_set1_epi64(0x632BE59BD9B4E019));
    h = _mm512_xor_si512(h, high);
    h = _mm512_mullo_epi64(_mm512_xor_si512(h, _mm512_srli_epi64(h, 29)), by);
    h = _mm512_mullo_epi64(_mm512_xor_si512(h, _mm512_srli_epi64(h, 32)), by);
    return _mm512_xor_si512(h, _mm512_srli_epi64(h, 32));
}

/* As hy_dedup_lexicon_value, in the first two slots; a bit of unsure where that is not enough. */
AVX512 INLINE __m256i value_eight(__m512i hashes, __mmask8 *unsure)
{
    const int *slots = (const int *)hy_dedup_lexicon_slots;
    __m256i print = _mm512_cvtepi64_epi32(_mm512_and_si512(hashes, _mm512_set1_epi64(0xFFFFFF)));
    __m256i at = _mm512_cvtepi64_epi32(_mm512_srli_epi64(hashes, 64 - HY_DEDUP_LEXICON_BITS));
    __m256i next = _mm256_and_si256(_mm256_add_epi32(at, _mm256_set1_epi32(1)),
                                    _mm256_set1_epi32((1 << HY_DEDUP_LEXICON_BITS) - 1));
    __m256i slot = _mm256_i32gather_epi32(slots, at, 4);
    __m256i second = _mm256_i32gather_epi32(slots, next, 4);
    __mmask8 other = _mm256_test_epi32_mask(slot, slot) &
                     _mm256_cmpneq_epi32_mask(_mm256_srli_epi32(slot, 8), print);
    slot = _mm256_mask_mov_epi32(slot, other, second);
    *unsure = _mm256_test_epi32_mask(slot, slot) &
              _mm256_cmpneq_epi32_mask(_mm256_srli_epi32(slot, 8), print);
    return _mm256_and_si256(slot, _mm256_set1_epi32(0xFF));
}

_Static_assert(HY_DEDUP_VALUE_KNOWN - HY_DEDUP_CLASS_KNOWN == HY_DEDUP_VALUE_STOP_MAX &&
                   HY_DEDUP_VALUE_COMMON - HY_DEDUP_CLASS_COMMON == HY_DEDUP_VALUE_STOP_MAX &&
                   HY_DEDUP_VALUE_NAME - HY_DEDUP_CLASS_NAME == HY_DEDUP_VALUE_STOP_MAX &&
                   HY_DEDUP_CLASS_UNKNOWN == 0,
               "a class is had from a value by subtraction");

/* As look_at; the words from place i on. */
AVX512 INLINE uint32_t look_at_eight(const struct hy_dedup_tokens *tokens, uint32_t i,
                                     uint64_t seed, uint64_t *names, uint32_t *words)
{
    enum {
        LEN = offsetof(struct hy_dedup_word, len),
        NEXT_LEN = sizeof(struct hy_dedup_word) + LEN
    };
    __m512i eight = take_eight(tokens, i);
    uint32_t starts[HY_DEDUP_LOOK_AT_ONCE];
    _mm256_storeu_si256((__m256i *)starts, _mm512_cvtepi64_epi32(eight));
    __mmask64 even_bytes, odd_bytes;
    __m512i even = load_four(tokens->buffer, starts, eight, LEN, &even_bytes);
    __m512i odd = load_four(tokens->buffer, starts + 1, eight, NEXT_LEN, &odd_bytes);
    __m512i all_lens = _mm512_and_si512(_mm512_srli_epi64(eight, 32), _mm512_set1_epi64(0xFFFF));
    __m256i lens = _mm512_cvtepi64_epi32(all_lens);
    __m512i hashes =
        hash_eight(_mm512_unpacklo_epi64(even, odd), _mm512_unpackhi_epi64(even, odd), lens);
    __mmask8 closer;
    __m256i value = value_eight(hashes, &closer);
    __m512i pairs = _mm512_unpacklo_epi32(letters_of_four(even), letters_of_four(odd));
    __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 0, 2, 4, 6);
    __m256i letters = _mm512_castsi512_si256(_mm512_permutexvar_epi64(order, pairs));
    letters = _mm256_and_si256(letters, _mm256_set1_epi32(0xFFFF));

    __mmask8 no_letters =
        (__mmask8)(odd_of_four(even, even_bytes) | odd_of_four(odd, odd_bytes) << 1) |
        _mm256_cmpgt_epu32_mask(lens, _mm256_set1_epi32(HY_DEDUP_LOOK_BYTES));
    letters = _mm256_mask_mov_epi32(letters, no_letters, _mm256_set1_epi32(HY_DEDUP_LOOK_ODD));
    closer |= no_letters | _mm256_cmpeq_epi32_mask(value, _mm256_set1_epi32(HY_DEDUP_VALUE_ALIAS)) |
              _mm512_test_epi64_mask(eight, _mm512_set1_epi64(0xFFll << 48)); /* kinds */

    __m256i stop_max = _mm256_set1_epi32(HY_DEDUP_VALUE_STOP_MAX);
    __mmask8 known = _mm256_test_epi32_mask(value, value);
    __mmask8 stop = known & _mm256_cmple_epu32_mask(value, stop_max);
    __m256i class = _mm256_maskz_sub_epi32(known, value, stop_max);
    __m512i name = _mm512_mask_mov_epi64(hashes, stop, _mm512_cvtepu32_epi64(value));
    name = _mm512_mullo_epi64(_mm512_xor_si512(name, _mm512_set1_epi64((long long)seed)),
                              _mm512_set1_epi64((long long)0x9E3779B97F4A7C15u));
    name = _mm512_xor_si512(name, _mm512_srli_epi64(name, 32));
    __m256i word = _mm256_or_si256(_mm256_slli_epi32(class, 29),
                                   _mm256_set1_epi32((int)HY_DEDUP_WORD_CONTENT));
    __m256i part = _mm256_slli_epi32(_mm512_cvtepi64_epi32(_mm512_srli_epi64(name, 51)), 16);
    word = _mm256_or_si256(_mm256_or_si256(word, part), letters);
    word = _mm256_mask_mov_epi32(word, stop, value);
    _mm512_storeu_si512(names + i, _mm512_mask_mov_epi64(name, closer, hashes));
    _mm256_storeu_si256((__m256i *)(words + i), _mm256_mask_mov_epi32(word, closer, letters));
    return closer;
}

AVX512 static uint64_t look_avx512(const struct hy_dedup_tokens *tokens, uint64_t seed,
                                   uint64_t *names, uint32_t *words)
{
    uint64_t odd = 0;
    for (uint32_t i = 0; i < tokens->count; i += HY_DEDUP_LOOK_AT_ONCE)
        odd |= (uint64_t)look_at_eight(tokens, i, seed, names, words) << i;
    odd &= (1ull << tokens->count) - 1;
    for (uint64_t set = odd; set; set &= set - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(set);
        const struct hy_dedup_word *word = &tokens->words[i];
        if (word->len > HY_DEDUP_LOOK_BYTES)
            names[i] = hy_dedup_word_hash(tokens->buffer + word->start, word->len);
    }
    return odd;
}

hy_dedup_look_fn *hy_dedup_look_of(enum hy_cpu_level level)
{
    return level == HY_CPU_AVX512 ? look_avx512 : level == HY_CPU_AVX2 ? look_avx2 : look_scalar;
}

#else

hy_dedup_look_fn *hy_dedup_look_of(enum hy_cpu_level level)
{
    (void)level;
    return look_scalar;
}

#endif

uint64_t hy_dedup_look(const struct hy_dedup_tokens *tokens, uint64_t seed, uint64_t *names,
                       uint32_t *words)
{
    return hy_dedup_look_of(hy_cpu_level())(tokens, seed, names, words);
}
