/*
 * The kernel behind json_locate.h, for the instruction set of the file that includes it.
 * LOCATE_NAME is the name it gets.
 */
#include <string.h>

#include "decode/json_block.h"
#include "decode/json_locate.h"

/* What one block leaves for the next. */
struct locate_carry {
    uint64_t escaped;     /* bit 0: the first byte is escaped */
    uint64_t in_string;   /* all ones: the block begins inside a string */
    uint64_t escape_open; /* not 0: inside a string that has an escape */
    uint64_t quotes;      /* of the block before */
    uint64_t t_or_n, e;   /* letters of the block before */
    int64_t depth;
};

struct locate {
    const char *json;
    uint32_t len;
    uint32_t *escapes; /* where the next one goes */
    bool unsure;       /* the full parser has to look */
    struct hy_json_located *located;
};

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline uint32_t skip_blanks(const struct locate *l, uint32_t at)
{
    while (at < l->len && is_blank(l->json[at]))
        at++;
    return at;
}

/* Is the string that ends at closing_quote a key? *value is where its value begins. */
static inline bool is_key(const struct locate *l, uint32_t closing_quote, uint32_t *value)
{
    uint32_t at = skip_blanks(l, closing_quote + 1);
    *value = skip_blanks(l, at + 1);
    return at < l->len && l->json[at] == ':';
}

/* Notes the value of a key, if the string that ends at closing_quote is one. */
static void note_value(struct locate *l, enum hy_located_key key, uint32_t closing_quote)
{
    uint32_t value;
    if (!is_key(l, closing_quote, &value))
        return;
    if (value >= l->len || l->json[value] != '"')
        l->unsure = true;
    l->located->values[key].start = value + 1;
}

static inline bool begins(const char *p, const char *name, uint32_t len)
{
    return memcmp(p, name, len) == 0;
}

/* The string whose inside begins at start, on the top level: is it one of the keys? */
static inline void look_closer(struct locate *l, uint32_t start)
{
    const char *name = l->json + start;
    if (begins(name, "text\"", 5))
        note_value(l, HY_LOCATED_TEXT, start + 4);
    else if (begins(name, "event\"", 6))
        note_value(l, HY_LOCATED_EVENT, start + 5);
    else if (begins(name, "network\"", 8))
        note_value(l, HY_LOCATED_NETWORK, start + 7);
}

/* Notes the escapes that start in a block and returns which bytes are escaped. */
static uint64_t take_escapes(struct locate *l, struct locate_carry *carry, uint64_t backslash,
                             uint32_t base)
{
    uint64_t escaped = carry->escaped;
    uint64_t starts = backslash & ~escaped;
    carry->escaped = 0;
    while (starts) {
        uint64_t start = starts & -starts;
        *l->escapes++ = base + (uint32_t)__builtin_ctzll(starts);
        escaped |= start << 1;
        carry->escaped = start >> 63;
        starts &= ~(start | start << 1);
    }
    return escaped;
}

/* Looks at what follows each string that has an escape: such a key might be one of ours. */
static void check_escaped_keys(struct locate *l, struct locate_carry *carry, uint64_t backslash,
                               uint64_t quotes, uint32_t base)
{
    if (carry->escape_open)
        backslash |= 1;
    while (backslash) {
        uint32_t value;
        uint64_t behind = quotes & -(backslash & -backslash);
        if (!behind)
            break;
        uint64_t closing = behind & -behind;
        if (is_key(l, base + (uint32_t)__builtin_ctzll(closing), &value))
            l->unsure = true;
        backslash &= ~(closing | (closing - 1));
    }
    carry->escape_open = backslash;
}

/* Always inline, so that what is carried from block to block stays in registers. */
static inline __attribute__((always_inline)) void locate_block(struct locate *l,
                                                               struct locate_carry *carry,
                                                               const char *json, uint32_t base,
                                                               uint64_t valid)
{
    block b = block_load(json + base);
    uint64_t quotes = block_eq(b, '"') & valid;
    uint64_t backslash = block_eq(b, '\\') & valid;
    if (__builtin_expect((backslash | carry->escaped | carry->escape_open) != 0, 0)) {
        struct locate_carry now = *carry;
        quotes &= ~take_escapes(l, &now, backslash, base);
        check_escaped_keys(l, &now, backslash, quotes, base);
        *carry = now;
    }
    uint64_t in_string = block_prefix_xor(quotes) ^ carry->in_string;
    uint64_t opening = block_eq_bracket(b, '{') & valid & ~in_string;
    uint64_t closing = block_eq_bracket(b, '}') & valid & ~in_string;

    /* Where the second letter of a string that begins with te, ne or ev stands. */
    uint64_t t_or_n = block_eq(b, 't') | block_eq(b, 'n');
    uint64_t e = block_eq(b, 'e');
    uint64_t candidates =
        ((t_or_n << 1 | carry->t_or_n >> 63) & e) | ((e << 1 | carry->e >> 63) & block_eq(b, 'v'));
    candidates &= in_string & (quotes << 2 | carry->quotes >> 62);
    for (; candidates; candidates &= candidates - 1) {
        uint64_t below = (candidates & -candidates) - 1;
        int64_t depth = carry->depth + __builtin_popcountll(opening & below) -
                        __builtin_popcountll(closing & below);
        if (depth == 1)
            look_closer(l, base + (uint32_t)__builtin_ctzll(candidates) - 1);
    }
    carry->t_or_n = t_or_n;
    carry->e = e;
    carry->quotes = quotes;
    carry->depth += __builtin_popcountll(opening) - __builtin_popcountll(closing);
    carry->in_string = (uint64_t)((int64_t)in_string >> 63);
}

/* Finds the closing quote of a string whose inside begins at value->start; *high is set when there
 * are bytes over 0x7F on the way. */
static void find_end(const struct locate *l, hydrant_span *value, bool *high)
{
    const uint32_t *escape = l->located->escapes;
    uint64_t seen = 0;
    for (uint32_t base = value->start; base < l->len; base += 64) {
        block b = block_load(l->json + base);
        uint64_t quotes = block_eq(b, '"') & block_first(l->len - base);
        for (; quotes; quotes &= quotes - 1) {
            uint32_t quote = base + (uint32_t)__builtin_ctzll(quotes);
            while (*escape < quote - 1)
                escape++;
            if (*escape != quote - 1) {
                value->end = quote;
                *high = (seen | (block_high(b) & block_first(quote - base))) != 0;
                return;
            }
        }
        seen |= block_high(b);
    }
}

/* Does the record begin and end with the braces of one object? */
static bool looks_whole(const struct locate *l)
{
    uint32_t first = skip_blanks(l, 0);
    uint32_t last = l->len;
    while (last > first && is_blank(l->json[last - 1]))
        last--;
    return last > first && l->json[first] == '{' && l->json[last - 1] == '}';
}

bool LOCATE_NAME(const char *json, uint32_t len, struct hy_json_located *located)
{
    struct locate l = {.json = json, .len = len, .escapes = located->escapes, .located = located};
    struct locate_carry carry = {0};
    memset(located->values, 0, sizeof located->values);
    if (!looks_whole(&l))
        return false;
    uint32_t base = 0;
    for (; len - base >= 64; base += 64)
        locate_block(&l, &carry, json, base, UINT64_MAX);
    if (base < len)
        locate_block(&l, &carry, json, base, block_first(len - base));
    *l.escapes = UINT32_MAX;
    if (l.unsure || carry.in_string || carry.depth != 0)
        return false;
    for (unsigned i = 0; i < HY_LOCATED_KEYS; i++) {
        if (located->values[i].start)
            find_end(&l, &located->values[i], &located->high[i]);
    }
    return located->values[HY_LOCATED_TEXT].start != 0;
}
