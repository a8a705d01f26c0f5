/*
 * Stage 6, first pass: bytes to bit masks. See charmask.h.
 */
#include "emotion/charmask.h"

#include <string.h>

#include "base/assert.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* Each of these looks at the 64 bytes at p, lower-cases them and sets the masks of block k. The two
 * bytes before p are there, and lower case. */

#if defined(__AVX512BW__)

static inline __mmask64 in_range(__m512i bytes, char low, char high)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(low)),
                                  _mm512_set1_epi8((char)(high - low)));
}

static inline void look_at_block(struct hy_charmask *mask, uint32_t k, char *p)
{
    __m512i bytes = _mm512_loadu_si512(p);
    __mmask64 upper = in_range(bytes, 'A', 'Z');
    __m512i low = _mm512_mask_add_epi8(bytes, upper, bytes, _mm512_set1_epi8(0x20));
    _mm512_storeu_si512(p, low);
    __mmask64 letter = in_range(low, 'a', 'z'), high = _mm512_movepi8_mask(low);
    __mmask64 apostrophe = _mm512_cmpeq_epi8_mask(low, _mm512_set1_epi8('\''));
    __mmask64 word = letter | in_range(low, '0', '9') | apostrophe | high;
    __mmask64 once = _mm512_cmpeq_epi8_mask(low, _mm512_loadu_si512(p - 1));
    __mmask64 twice = _mm512_cmpeq_epi8_mask(low, _mm512_loadu_si512(p - 2));
    mask->word[k] = word;
    mask->mark[k] = in_range(low, '!', '~') & ~word;
    mask->upper[k] = upper;
    mask->odd[k] = high | apostrophe | (letter & once & twice);
}

#elif defined(__AVX2__)

/* 0xFF where low <= byte <= high; both are below 0x80, so that a signed compare does. */
static inline __m256i in_range(__m256i bytes, char low, char high)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8((char)(low - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(high + 1)), bytes));
}

struct half {
    uint32_t word, mark, upper, odd;
};

static inline struct half look_at_half(char *p)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)p);
    __m256i upper = in_range(bytes, 'A', 'Z');
    __m256i low = _mm256_or_si256(bytes, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
    _mm256_storeu_si256((__m256i *)p, low);
    __m256i letter = in_range(low, 'a', 'z');
    __m256i apostrophe = _mm256_cmpeq_epi8(low, _mm256_set1_epi8('\''));
    __m256i once = _mm256_cmpeq_epi8(low, _mm256_loadu_si256((const __m256i *)(p - 1)));
    __m256i twice = _mm256_cmpeq_epi8(low, _mm256_loadu_si256((const __m256i *)(p - 2)));
    __m256i odd = _mm256_or_si256(low, _mm256_and_si256(letter, _mm256_and_si256(once, twice)));
    __m256i word = _mm256_or_si256(_mm256_or_si256(low, letter), in_range(low, '0', '9'));
    struct half half; /* a byte's highest bit is its bit of the mask */
    half.word = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(word, apostrophe));
    half.mark = (uint32_t)_mm256_movemask_epi8(in_range(low, '!', '~')) & ~half.word;
    half.upper = (uint32_t)_mm256_movemask_epi8(upper);
    half.odd = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(odd, apostrophe));
    return half;
}

static inline void look_at_block(struct hy_charmask *mask, uint32_t k, char *p)
{
    struct half a = look_at_half(p), b = look_at_half(p + 32);
    mask->word[k] = a.word | (uint64_t)b.word << 32;
    mask->mark[k] = a.mark | (uint64_t)b.mark << 32;
    mask->upper[k] = a.upper | (uint64_t)b.upper << 32;
    mask->odd[k] = a.odd | (uint64_t)b.odd << 32;
}

#else

static inline bool is_letter(unsigned char c)
{
    return (unsigned char)(c - 'a') < 26;
}

static inline void look_at_block(struct hy_charmask *mask, uint32_t k, char *p)
{
    uint64_t word = 0, mark = 0, upper = 0, odd = 0;
    for (uint32_t b = 0; b < 64; b++) {
        unsigned char c = (unsigned char)p[b];
        bool capital = (unsigned char)(c - 'A') < 26;
        c += capital ? 0x20 : 0;
        p[b] = (char)c;
        bool letter = is_letter(c), third = p[(int)b - 1] == p[b] && p[(int)b - 2] == p[b];
        bool in_word = letter || (unsigned char)(c - '0') < 10 || c == '\'' || c >= 0x80;
        word |= (uint64_t)in_word << b;
        mark |= (uint64_t)(c > ' ' && c < 0x7F && !in_word) << b;
        upper |= (uint64_t)capital << b;
        odd |= (uint64_t)(c >= 0x80 || c == '\'' || (letter && third)) << b;
    }
    mask->word[k] = word;
    mask->mark[k] = mark;
    mask->upper[k] = upper;
    mask->odd[k] = odd;
}

#endif

/* An apostrophe between two word characters is nothing out of the ordinary. At a block's first and
 * last byte it counts as if it were. */
static inline void forgive_inner_apostrophes(struct hy_charmask *mask, uint32_t k)
{
    uint64_t word = mask->word[k], odd = mask->odd[k];
    for (uint64_t left = odd & word << 1 & word >> 1; HY_UNLIKELY(left); left &= left - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(left);
        if (mask->lower[64 * k + at] == '\'')
            odd &= ~(1ull << at);
    }
    mask->odd[k] = odd;
}

void hy_charmask_make(struct hy_charmask *mask, hydrant_str text)
{
    uint32_t len = text.len < HY_EMOTION_TEXT ? text.len : HY_EMOTION_TEXT;
    mask->len = len;
    mask->blocks = (len + 63) / 64;
    memset(mask->front, 0, sizeof mask->front);
    memset(mask->lower + len / 64 * 64, 0, 128);
    if (len)
        memcpy(mask->lower, text.data, len);
    for (uint32_t k = 0; k < mask->blocks; k++) {
        look_at_block(mask, k, mask->lower + 64 * k);
        if (HY_UNLIKELY(mask->odd[k]))
            forgive_inner_apostrophes(mask, k);
    }
    mask->word[mask->blocks] = mask->mark[mask->blocks] = 0;
    mask->upper[mask->blocks] = mask->odd[mask->blocks] = 0;
}
