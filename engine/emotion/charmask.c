/*
 * Stage 6, first pass: bytes to bit masks. See charmask.h.
 */
#include "emotion/charmask.h"

#include <string.h>

#include "base/assert.h"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

/* What a look at 64 bytes tells. */
struct look {
    uint64_t word, visible, upper;
    uint64_t odd; /* >= 0x80, or a letter like the two bytes before it */
    uint64_t apostrophe;
    uint64_t stop;    /* ! ? . */
    uint64_t sign;    /* # ( ) - : ; < = > @ [ ^ */
    uint64_t twin;    /* like the byte before it */
    uint64_t picture; /* 0xE2 and 0xF0: emoji are from U+2190 to U+2BFF or beyond U+1F000 */
};

/*
 * look_at lower-cases the 64 bytes at p and says what they are; the 64 bytes before p are there,
 * and lower case. They are read again as they were written, never across two writes, which would
 * have to wait for both.
 */

#if defined(__AVX512BW__)

static inline __mmask64 in_range(__m512i bytes, char low, char high)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, _mm512_set1_epi8(low)),
                                  _mm512_set1_epi8((char)(high - low)));
}

static inline __mmask64 is(__m512i bytes, char c)
{
    return _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(c));
}

static inline struct look look_at(char *p)
{
    __m512i bytes = _mm512_loadu_si512(p), before = _mm512_loadu_si512(p - 64);
    __mmask64 upper = in_range(bytes, 'A', 'Z');
    __m512i low = _mm512_mask_add_epi8(bytes, upper, bytes, _mm512_set1_epi8(0x20));
    _mm512_storeu_si512(p, low);
    before = _mm512_alignr_epi64(low, before, 6); /* 16 bytes before each 16 */
    __mmask64 once = _mm512_cmpeq_epi8_mask(low, _mm512_alignr_epi8(low, before, 15));
    __mmask64 twice = _mm512_cmpeq_epi8_mask(low, _mm512_alignr_epi8(low, before, 14));
    __mmask64 letter = in_range(low, 'a', 'z'), high = _mm512_movepi8_mask(low);
    struct look look = {.upper = upper, .twin = once, .apostrophe = is(low, '\'')};
    look.odd = high | (letter & once & twice);
    look.word = letter | in_range(low, '0', '9') | look.apostrophe | high;
    look.visible = in_range(low, '!', '~');
    look.stop = is(low, '!') | is(low, '?') | is(low, '.');
    look.sign = in_range(low, ':', '>') | in_range(low, '(', ')') | is(low, '#') | is(low, '-') |
                is(low, '@') | is(low, '[') | is(low, '^');
    look.picture = is(low, (char)0xE2) | is(low, (char)0xF0);
    return look;
}

#elif defined(__AVX2__)

static inline __m256i is(__m256i bytes, char c)
{
    return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(c));
}

static inline __m256i either(__m256i a, __m256i b)
{
    return _mm256_or_si256(a, b);
}

/* 0xFF where low <= byte <= high; both are below 0x80, so that a signed compare does. */
static inline __m256i in_range(__m256i bytes, char low, char high)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(bytes, _mm256_set1_epi8((char)(low - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(high + 1)), bytes));
}

/* A byte's highest bit is its bit of the mask. */
static inline uint64_t bits_of(__m256i bytes)
{
    return (uint32_t)_mm256_movemask_epi8(bytes);
}

static inline struct look look_at_half(char *p)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)p);
    __m256i before = _mm256_loadu_si256((const __m256i *)(p - 32));
    __m256i upper = in_range(bytes, 'A', 'Z');
    __m256i low = either(bytes, _mm256_and_si256(upper, _mm256_set1_epi8(0x20)));
    _mm256_storeu_si256((__m256i *)p, low);
    before = _mm256_permute2x128_si256(before, low, 0x21); /* 16 bytes before each 16 */
    __m256i once = _mm256_cmpeq_epi8(low, _mm256_alignr_epi8(low, before, 15));
    __m256i twice = _mm256_cmpeq_epi8(low, _mm256_alignr_epi8(low, before, 14));
    __m256i letter = in_range(low, 'a', 'z'), apostrophe = is(low, '\'');
    __m256i word = either(either(low, letter), either(in_range(low, '0', '9'), apostrophe));
    __m256i third = _mm256_and_si256(letter, _mm256_and_si256(once, twice));
    __m256i stop = either(either(is(low, '!'), is(low, '?')), is(low, '.'));
    __m256i sign = either(in_range(low, ':', '>'), in_range(low, '(', ')'));
    sign = either(either(sign, is(low, '#')), either(is(low, '-'), is(low, '@')));
    sign = either(sign, either(is(low, '['), is(low, '^')));
    return (struct look){.word = bits_of(word),
                         .visible = bits_of(in_range(low, '!', '~')),
                         .upper = bits_of(upper),
                         .odd = bits_of(either(low, third)),
                         .apostrophe = bits_of(apostrophe),
                         .stop = bits_of(stop),
                         .sign = bits_of(sign),
                         .twin = bits_of(once),
                         .picture = bits_of(either(is(low, (char)0xE2), is(low, (char)0xF0)))};
}

static inline struct look look_at(char *p)
{
    struct look a = look_at_half(p), b = look_at_half(p + 32);
    return (struct look){.word = a.word | b.word << 32,
                         .visible = a.visible | b.visible << 32,
                         .upper = a.upper | b.upper << 32,
                         .odd = a.odd | b.odd << 32,
                         .apostrophe = a.apostrophe | b.apostrophe << 32,
                         .stop = a.stop | b.stop << 32,
                         .sign = a.sign | b.sign << 32,
                         .twin = a.twin | b.twin << 32,
                         .picture = a.picture | b.picture << 32};
}

#else

static inline bool in_range(unsigned char c, unsigned char low, unsigned char high)
{
    return (unsigned char)(c - low) <= high - low;
}

static inline struct look look_at(char *p)
{
    struct look look = {0};
    for (uint32_t b = 0; b < 64; b++) {
        unsigned char c = (unsigned char)p[b];
        bool capital = in_range(c, 'A', 'Z');
        c += capital ? 0x20 : 0;
        p[b] = (char)c;
        bool letter = in_range(c, 'a', 'z'), twin = p[(int)b - 1] == p[b];
        bool third = twin && p[(int)b - 2] == p[b];
        bool stop = c == '!' || c == '?' || c == '.';
        bool sign = in_range(c, ':', '>') || in_range(c, '(', ')') || c == '#' || c == '-' ||
                    c == '@' || c == '[' || c == '^';
        look.word |= (uint64_t)(letter || in_range(c, '0', '9') || c == '\'' || c >= 0x80) << b;
        look.visible |= (uint64_t)in_range(c, '!', '~') << b;
        look.upper |= (uint64_t)capital << b;
        look.odd |= (uint64_t)(c >= 0x80 || (letter && third)) << b;
        look.apostrophe |= (uint64_t)(c == '\'') << b;
        look.stop |= (uint64_t)stop << b;
        look.sign |= (uint64_t)sign << b;
        look.twin |= (uint64_t)twin << b;
        look.picture |= (uint64_t)(c == 0xE2 || c == 0xF0) << b;
    }
    return look;
}

#endif

/* 64 bytes of a text that has so many left; zeros behind its end. */
static inline void copy_block(char *to, const char *from, uint32_t left)
{
#if defined(__AVX512BW__)
    __mmask64 there = _bzhi_u64(~0ull, left < 64 ? left : 64);
    _mm512_storeu_si512(to, _mm512_maskz_loadu_epi8(there, from));
#else
    memset(to, 0, 64);
    memcpy(to, from, left < 64 ? left : 64);
#endif
}

/* An apostrophe between two word characters is nothing out of the ordinary. At a block's first and
 * last byte it counts as if it were. */
static inline uint64_t inner(uint64_t word)
{
    return word << 1 & word >> 1;
}

void hy_charmask_make(struct hy_charmask *mask, hydrant_str text)
{
    uint32_t len = text.len < HY_EMOTION_TEXT ? text.len : HY_EMOTION_TEXT;
    uint64_t word_before = 0; /* of the byte before the block */
    mask->picture = 0;
    mask->len = len;
    mask->blocks = (len + 63) / 64;
    memset(mask->front, 0, sizeof mask->front);
    for (uint32_t k = 0; k < mask->blocks; k++) {
        copy_block(mask->lower + 64 * k, text.data + 64 * k, len - 64 * k);
        struct look look = look_at(mask->lower + 64 * k);
        uint64_t inside = (look.word & (look.word << 1 | word_before)) | (look.stop & look.twin);
        mask->word[k] = look.word;
        mask->mark[k] = look.visible & ~look.word;
        mask->upper[k] = look.upper;
        mask->odd[k] = look.odd | (look.apostrophe & ~inner(look.word));
        mask->begin[k] = (look.word | look.stop | look.sign) & ~inside;
        mask->inside[k] = inside;
        mask->picture |= look.picture;
        word_before = look.word >> 63;
    }
    memset(mask->lower + 64 * mask->blocks, 0, 64);
    mask->word[mask->blocks] = mask->mark[mask->blocks] = 0;
    mask->upper[mask->blocks] = mask->odd[mask->blocks] = 0;
    mask->begin[mask->blocks] = mask->inside[mask->blocks] = 0;
}
