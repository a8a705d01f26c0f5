/*
 * 64 bytes of JSON as bit masks, bit i for byte i: the one thing that differs between the kernels.
 * Included by kernel files only, each compiled for one instruction set.
 *
 * op may also hold bytes 0x0C and 0x1A, which the fast look-up cannot tell from , and : . They are
 * no token of JSON either way, and who reads the byte sees that.
 */
#ifndef HY_DECODE_JSON_BLOCK_H
#define HY_DECODE_JSON_BLOCK_H

#include <hydrant/types.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

struct block_masks {
    uint64_t quote;
    uint64_t backslash;
    uint64_t op;      /* { } [ ] : , */
    uint64_t colon;   /* also in op */
    uint64_t blank;   /* space, tab, newline, carriage return */
    uint64_t control; /* below 0x20, three of the blanks included */
    uint64_t high;    /* over 0x7F */
};

/*
 * Look-up by the low four bits: the only byte with these low bits that is a blank, and the only
 * one that is an op once bit 0x20 is set. A slot without one holds a byte with other low bits.
 */
#define BLOCK_BLANKS ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0
#define BLOCK_OPS 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0

#if defined(__AVX512BW__)

typedef __m512i block;

static inline block block_load(const char *p)
{
    return _mm512_loadu_si512(p);
}

static inline uint64_t block_eq(block b, char c)
{
    return _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8(c));
}

static inline struct block_masks block_classify(block b)
{
    const block blanks = _mm512_broadcast_i32x4(_mm_setr_epi8(BLOCK_BLANKS));
    const block ops = _mm512_broadcast_i32x4(_mm_setr_epi8(BLOCK_OPS));
    block folded = _mm512_or_si512(b, _mm512_set1_epi8(0x20));
    struct block_masks m;
    m.quote = block_eq(b, '"');
    m.backslash = block_eq(b, '\\');
    m.colon = block_eq(b, ':');
    m.op = _mm512_cmpeq_epi8_mask(folded, _mm512_shuffle_epi8(ops, b));
    m.blank = _mm512_cmpeq_epi8_mask(b, _mm512_shuffle_epi8(blanks, b));
    m.control = _mm512_cmplt_epu8_mask(b, _mm512_set1_epi8(0x20));
    m.high = _mm512_movepi8_mask(b);
    return m;
}

/* { or [ (both become { with bit 0x20 set), or their closing twins. */
static inline uint64_t block_eq_bracket(block b, char c)
{
    return block_eq(_mm512_or_si512(b, _mm512_set1_epi8(0x20)), c);
}

#elif defined(__AVX2__)

typedef struct {
    __m256i lo, hi;
} block;

static inline block block_load(const char *p)
{
    block b = {_mm256_loadu_si256((const __m256i *)p), _mm256_loadu_si256((const __m256i *)p + 1)};
    return b;
}

static inline uint64_t block_bits(__m256i lo, __m256i hi)
{
    return (uint32_t)_mm256_movemask_epi8(lo) | (uint64_t)(uint32_t)_mm256_movemask_epi8(hi) << 32;
}

static inline uint64_t block_eq(block b, char c)
{
    __m256i want = _mm256_set1_epi8(c);
    return block_bits(_mm256_cmpeq_epi8(b.lo, want), _mm256_cmpeq_epi8(b.hi, want));
}

static inline block block_fold(block b)
{
    __m256i bit = _mm256_set1_epi8(0x20);
    block folded = {_mm256_or_si256(b.lo, bit), _mm256_or_si256(b.hi, bit)};
    return folded;
}

static inline uint64_t block_eq_each(block a, block b)
{
    return block_bits(_mm256_cmpeq_epi8(a.lo, b.lo), _mm256_cmpeq_epi8(a.hi, b.hi));
}

static inline block block_look_up(__m128i table, block b)
{
    __m256i both = _mm256_broadcastsi128_si256(table);
    block found = {_mm256_shuffle_epi8(both, b.lo), _mm256_shuffle_epi8(both, b.hi)};
    return found;
}

static inline struct block_masks block_classify(block b)
{
    const __m256i top = _mm256_set1_epi8(0x1F);
    block low = {_mm256_min_epu8(b.lo, top), _mm256_min_epu8(b.hi, top)};
    struct block_masks m;
    m.quote = block_eq(b, '"');
    m.backslash = block_eq(b, '\\');
    m.colon = block_eq(b, ':');
    m.op = block_eq_each(block_fold(b), block_look_up(_mm_setr_epi8(BLOCK_OPS), b));
    m.blank = block_eq_each(b, block_look_up(_mm_setr_epi8(BLOCK_BLANKS), b));
    m.control = block_eq_each(b, low);
    m.high = block_bits(b.lo, b.hi);
    return m;
}

static inline uint64_t block_eq_bracket(block b, char c)
{
    return block_eq(block_fold(b), c);
}

#else

typedef struct {
    const unsigned char *bytes;
} block;

enum { IS_QUOTE = 1, IS_BACKSLASH = 2, IS_OP = 4, IS_COLON = 8, IS_BLANK = 16 };

static const unsigned char block_classes[256] = {
    ['"'] = IS_QUOTE, ['\\'] = IS_BACKSLASH, ['{'] = IS_OP,     ['}'] = IS_OP,
    ['['] = IS_OP,    [']'] = IS_OP,         [','] = IS_OP,     [':'] = IS_OP | IS_COLON,
    [' '] = IS_BLANK, ['\t'] = IS_BLANK,     ['\n'] = IS_BLANK, ['\r'] = IS_BLANK,
};

static inline block block_load(const char *p)
{
    block b = {(const unsigned char *)p};
    return b;
}

static inline uint64_t block_eq(block b, char c)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i++)
        bits |= (uint64_t)(b.bytes[i] == (unsigned char)c) << i;
    return bits;
}

static inline struct block_masks block_classify(block b)
{
    struct block_masks m = {0};
    for (unsigned i = 0; i < 64; i++) {
        uint64_t class = block_classes[b.bytes[i]];
        m.quote |= (class & 1) << i;
        m.backslash |= (class >> 1 & 1) << i;
        m.op |= (class >> 2 & 1) << i;
        m.colon |= (class >> 3 & 1) << i;
        m.blank |= (class >> 4 & 1) << i;
        m.control |= (uint64_t)(b.bytes[i] < 0x20) << i;
        m.high |= (uint64_t)(b.bytes[i] >> 7) << i;
    }
    return m;
}

static inline uint64_t block_eq_bracket(block b, char c)
{
    return block_eq(b, c) | block_eq(b, (char)(c & ~0x20));
}

#endif

/* Bit i: how many of bits 0..i are set, modulo 2. Between two quotes it is 1. */
static inline uint64_t block_prefix_xor(uint64_t bits)
{
#if defined(__PCLMUL__)
    __m128i all = _mm_set1_epi8((char)0xFF);
    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), all, 0));
#else
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
#endif
}

/* The first len bits. */
static inline uint64_t block_first(uint32_t len)
{
    return len >= 64 ? UINT64_MAX : ((uint64_t)1 << len) - 1;
}

#endif
