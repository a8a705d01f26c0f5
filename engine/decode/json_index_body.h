/*
 * The kernel behind json_index.h, for the instruction set of the file that includes it.
 * INDEX_NAME is the name it gets.
 */
#include "decode/json_block.h"
#include "decode/json_index.h"

/* What one block leaves for the next: a bit each, in bit 0 or all over. */
struct index_carry {
    uint64_t escaped;   /* bit 0: the first byte is escaped */
    uint64_t in_string; /* all ones: the block begins inside a string */
    uint64_t scalar;    /* bit 0: the byte before belongs to a scalar */
    uint64_t quote;     /* bit 0: the byte before is a quote */
    uint64_t broken;
    uint32_t high_from, high_to; /* where the blocks with high bytes begin and end */
};

/* Notes where escapes start and returns which bytes are escaped. */
static inline uint64_t take_escapes(struct index_carry *carry, uint64_t backslash, uint32_t base,
                                    uint32_t **escapes)
{
    uint64_t escaped = carry->escaped;
    uint64_t starts = backslash & ~escaped;
    carry->escaped = 0;
    while (starts) {
        uint64_t start = starts & -starts;
        *(*escapes)++ = base + (uint32_t)__builtin_ctzll(starts);
        escaped |= start << 1;
        carry->escaped = start >> 63;
        starts &= ~(start | start << 1);
    }
    return escaped;
}

#if defined(__AVX512VBMI2__)

static inline void put_tokens(uint32_t *out, uint64_t bits, unsigned count, uint32_t base)
{
    const __m512i iota = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i at = _mm512_maskz_compress_epi8(bits, iota);
    __m512i add = _mm512_set1_epi32((int)base);
    __m512i *to = (__m512i *)out;
    _mm512_storeu_si512(to,
                        _mm512_add_epi32(add, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(at))));
    _mm512_storeu_si512(
        to + 1, _mm512_add_epi32(add, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(at, 1))));
    if (count <= 32)
        return;
    _mm512_storeu_si512(
        to + 2, _mm512_add_epi32(add, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(at, 2))));
    _mm512_storeu_si512(
        to + 3, _mm512_add_epi32(add, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(at, 3))));
}

#else

/* Any number for no bits. */
static inline uint32_t first_bit(uint64_t bits)
{
#if defined(__BMI__)
    return (uint32_t)_tzcnt_u64(bits);
#else
    return (uint32_t)__builtin_ctzll(bits | UINT64_C(1) << 63);
#endif
}

/* Writes eight at a time, the excess is overwritten: the number of tokens decides no branch but
 * one in eight. */
static inline void put_tokens(uint32_t *out, uint64_t bits, unsigned count, uint32_t base)
{
    for (unsigned done = 0; done < count; done += 8) {
        for (unsigned i = 0; i < 8; i++) {
            out[done + i] = base + first_bit(bits);
            bits &= bits - 1;
        }
    }
}

#endif

/* One block, of which the bytes in valid count. Returns its tokens. */
static inline uint64_t index_block(struct index_carry *carry, const char *p, uint64_t valid,
                                   uint32_t base, uint32_t **escapes)
{
    struct block_masks m = block_classify(block_load(p));
    uint64_t escaped = 0;
    uint64_t backslash = m.backslash & valid;
    if (__builtin_expect((backslash | carry->escaped) != 0, 0))
        escaped = take_escapes(carry, backslash, base, escapes);
    uint64_t quotes = m.quote & valid & ~escaped;
    uint64_t in_string = block_prefix_xor(quotes) ^ carry->in_string;
    uint64_t scalar = ~(m.op | m.blank | quotes) & valid;
    uint64_t starts = scalar & ~(scalar << 1 | carry->scalar);
    uint64_t usual_colons = m.colon & (quotes << 1 | carry->quote);
    uint64_t ops = m.op & valid & ~usual_colons;

    carry->in_string = (uint64_t)((int64_t)in_string >> 63);
    carry->scalar = scalar >> 63;
    carry->quote = quotes >> 63;
    carry->broken |= m.control & in_string & valid;
    bool high = (m.high & valid) != 0;
    carry->high_from = high && !carry->high_to ? base : carry->high_from;
    carry->high_to = high ? base + 64 : carry->high_to;
    return ((ops | starts) & ~in_string) | quotes;
}

void INDEX_NAME(const char *json, uint32_t len, struct hy_json_index *index)
{
    struct index_carry carry = {0};
    uint32_t *tokens = index->tokens;
    uint32_t *escapes = index->escapes;
    uint32_t base = 0;
    for (; len - base >= 64; base += 64) {
        uint64_t bits = index_block(&carry, json + base, UINT64_MAX, base, &escapes);
        unsigned count = (unsigned)__builtin_popcountll(bits);
        put_tokens(tokens, bits, count, base);
        tokens += count;
    }
    if (base < len) {
        uint64_t valid = block_first(len - base);
        uint64_t bits = index_block(&carry, json + base, valid, base, &escapes);
        unsigned count = (unsigned)__builtin_popcountll(bits);
        put_tokens(tokens, bits, count, base);
        tokens += count;
    }
    index->tokens_count = (uint32_t)(tokens - index->tokens);
    index->escapes_count = (uint32_t)(escapes - index->escapes);
    *escapes = UINT32_MAX;
    index->broken = (carry.broken | carry.in_string) != 0;
    index->high_from = carry.high_from;
    index->high_to = carry.high_to < len ? carry.high_to : len;
}
