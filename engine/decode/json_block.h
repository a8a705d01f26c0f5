/*
 * 64 bytes of JSON as bit masks, bit i for byte i: the one thing that differs between the kernels.
 * Included by kernel files only, each compiled for one instruction set.
 */
#ifndef HY_DECODE_JSON_BLOCK_H
#define HY_DECODE_JSON_BLOCK_H

#include <hydrant/types.h>
#include <string.h>

#include "base/bit_places.h"
#include "base/prefetch.h"

/*
 * How far ahead of the block in hand the next ones are asked for, in bytes. Records lie one behind
 * the other, read by the feeder's core a moment ago: a processor follows such a row by itself, but
 * not over the end of a page, and not while the stages between two records look elsewhere.
 */
enum { BLOCK_AHEAD = 2048 };

/* What lies that far behind p will be needed. */
static inline void block_ask(const char *p)
{
    hy_prefetch(p + BLOCK_AHEAD);
}

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
 * one that is an op once bit 0x20 is set. Two controls pass for ops that way; they are taken out.
 */
#define BLOCK_BLANKS ' ', 0, 0, 0, 0, 0, 0, 0, 0, '\t', '\n', 0, 0, '\r', 0, 0
#define BLOCK_OPS 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0

/* The same of the last letters of the names in json_locate.h (d, k, o and t), once bit 0x10 is
 * cleared. Some bytes that are none of them pass. */
#define BLOCK_LAST_LETTERS 0, 0, 0, 0, 'd', 0, 0, 0, 0, 0, 0, 'k', 0, 0, 0, 'o'

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

/* Bytes over 0x7F. */
static inline uint64_t block_high(block b)
{
    return _mm512_movepi8_mask(b);
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
    m.control = _mm512_cmplt_epu8_mask(b, _mm512_set1_epi8(0x20));
    m.op = _mm512_cmpeq_epi8_mask(folded, _mm512_shuffle_epi8(ops, b)) & ~m.control;
    m.blank = _mm512_cmpeq_epi8_mask(b, _mm512_shuffle_epi8(blanks, b));
    m.high = block_high(b);
    return m;
}

/* Bytes that may be the last letter of a name in json_locate.h. */
static inline uint64_t block_last_letters(block b)
{
    const block letters = _mm512_broadcast_i32x4(_mm_setr_epi8(BLOCK_LAST_LETTERS));
    block cleared = _mm512_and_si512(b, _mm512_set1_epi8((char)0xEF));
    return _mm512_cmpeq_epi8_mask(cleared, _mm512_shuffle_epi8(letters, b));
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

static inline uint64_t block_high(block b)
{
    return block_bits(b.lo, b.hi);
}

static inline struct block_masks block_classify(block b)
{
    const __m256i top = _mm256_set1_epi8(0x1F);
    block low = {_mm256_min_epu8(b.lo, top), _mm256_min_epu8(b.hi, top)};
    struct block_masks m;
    m.quote = block_eq(b, '"');
    m.backslash = block_eq(b, '\\');
    m.colon = block_eq(b, ':');
    m.control = block_eq_each(b, low);
    m.op = block_eq_each(block_fold(b), block_look_up(_mm_setr_epi8(BLOCK_OPS), b)) & ~m.control;
    m.blank = block_eq_each(b, block_look_up(_mm_setr_epi8(BLOCK_BLANKS), b));
    m.high = block_high(b);
    return m;
}

static inline uint64_t block_last_letters(block b)
{
    __m256i bits = _mm256_set1_epi8((char)0xEF);
    block cleared = {_mm256_and_si256(b.lo, bits), _mm256_and_si256(b.hi, bits)};
    return block_eq_each(cleared, block_look_up(_mm_setr_epi8(BLOCK_LAST_LETTERS), b));
}

static inline uint64_t block_eq_bracket(block b, char c)
{
    return block_eq(block_fold(b), c);
}

#else

/* Eight bytes at a time in ordinary words. */
typedef struct {
    uint64_t words[8]; /* the first byte in the lowest bits */
} block;

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (uint8_t)(value))

static inline block block_load(const char *p)
{
    block b;
    memcpy(&b, p, sizeof b);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    for (unsigned i = 0; i < 8; i++)
        b.words[i] = __builtin_bswap64(b.words[i]);
#endif
    return b;
}

/* The top bits of the bytes as the lowest eight bits: no two of the products' terms meet. */
static inline uint64_t top_bits(uint64_t word)
{
    return ((word >> 7 & EACH_BYTE(1)) * UINT64_C(0x0102040810204080)) >> 56;
}

/* The top bit of each byte that is 0; no byte carries into the next. */
static inline uint64_t zero_bytes(uint64_t word)
{
    return ~((word & EACH_BYTE(0x7F)) + EACH_BYTE(0x7F)) & ~word & EACH_BYTE(0x80);
}

/* The top bit of each byte below limit, which is at most 0x80. */
static inline uint64_t bytes_below(uint64_t word, uint8_t limit)
{
    return ~((word & EACH_BYTE(0x7F)) + EACH_BYTE(0x80 - limit)) & ~word & EACH_BYTE(0x80);
}

static inline uint64_t block_eq(block b, char c)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= top_bits(zero_bytes(b.words[i] ^ EACH_BYTE(c))) << 8 * i;
    return bits;
}

static inline uint64_t block_last_letters(block b)
{
    return block_eq(b, 'd') | block_eq(b, 'k') | block_eq(b, 'o') | block_eq(b, 't');
}

static inline uint64_t block_high(block b)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= top_bits(b.words[i]) << 8 * i;
    return bits;
}

static inline uint64_t block_eq_bracket(block b, char c)
{
    for (unsigned i = 0; i < 8; i++)
        b.words[i] |= EACH_BYTE(0x20);
    return block_eq(b, c);
}

static inline struct block_masks block_classify(block b)
{
    struct block_masks m = {0};
    for (unsigned i = 0; i < 8; i++)
        m.control |= top_bits(bytes_below(b.words[i], 0x20)) << 8 * i;
    m.quote = block_eq(b, '"');
    m.backslash = block_eq(b, '\\');
    m.colon = block_eq(b, ':');
    m.op = block_eq_bracket(b, '{') | block_eq_bracket(b, '}') | block_eq(b, ',') | m.colon;
    m.blank = block_eq(b, ' ') | block_eq(b, '\t') | block_eq(b, '\n') | block_eq(b, '\r');
    m.high = block_high(b);
    return m;
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

/* Notes where escapes start and returns which bytes are escaped. Bit 0 of *carry: the block's first
 * byte is; afterwards, the first of the next block. */
static inline uint64_t block_take_escapes(uint64_t *carry, uint64_t backslash, uint32_t base,
                                          uint32_t **escapes)
{
    uint64_t escaped = *carry;
    uint64_t starts = backslash & ~escaped;
    *carry = 0;
    while (starts) {
        uint64_t start = starts & -starts;
        *(*escapes)++ = base + (uint32_t)__builtin_ctzll(starts);
        escaped |= start << 1;
        *carry = start >> 63;
        starts &= ~(start | start << 1);
    }
    return escaped;
}

/* As hy_bit_places, where there are seldom more than four. */
static inline uint32_t block_put_few(uint64_t bits, uint32_t base, uint32_t *out)
{
#if defined(__AVX512VBMI2__)
    enum { FEW = 16 };
    hy_bit_places_put(_mm512_castsi512_si128(hy_bit_places_bytes(bits)), base, out);
#else
    enum { FEW = 4 };
    uint64_t left = bits;
    for (unsigned i = 0; i < FEW; i++, left &= left - 1)
        out[i] = base + hy_bit_first(left);
#endif
    uint32_t count = (uint32_t)__builtin_popcountll(bits);
    return __builtin_expect(count > FEW, 0) ? hy_bit_places_here(bits, base, out) : count;
}

#endif
