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

/* One block, of which the bytes in valid count. Returns its tokens. */
static inline uint64_t index_block(struct index_carry *carry, const char *p, uint64_t valid,
                                   uint32_t base, uint32_t **escapes)
{
    struct block_masks m = block_classify(block_load(p));
    uint64_t escaped = 0;
    uint64_t backslash = m.backslash & valid;
    if (__builtin_expect((backslash | carry->escaped) != 0, 0))
        escaped = block_take_escapes(&carry->escaped, backslash, base, escapes);
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

_Static_assert((int)HY_JSON_INDEX_SLACK >= (int)HY_BIT_PLACES_SLACK, "tokens have room");

void INDEX_NAME(const char *json, uint32_t len, struct hy_json_index *index)
{
    struct index_carry carry = {0};
    uint32_t *tokens = index->tokens;
    uint32_t *escapes = index->escapes;
    uint32_t base = 0;
    for (; len - base >= 64; base += 64) {
        block_ask(json + base);
        uint64_t bits = index_block(&carry, json + base, UINT64_MAX, base, &escapes);
        tokens += hy_bit_places_here(bits, base, tokens);
    }
    if (base < len) {
        uint64_t valid = block_first(len - base);
        uint64_t bits = index_block(&carry, json + base, valid, base, &escapes);
        tokens += hy_bit_places_here(bits, base, tokens);
    }
    index->tokens_count = (uint32_t)(tokens - index->tokens);
    index->escapes_count = (uint32_t)(escapes - index->escapes);
    *escapes = UINT32_MAX;
    index->broken = (carry.broken | carry.in_string) != 0;
    index->high_from = carry.high_from;
    index->high_to = carry.high_to < len ? carry.high_to : len;
}
