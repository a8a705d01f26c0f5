/*
 * The kernel behind json_locate.h, for the instruction set of the file that includes it.
 * LOCATE_NAME is the name it gets.
 *
 * First the whole record, 64 bytes at a time and without a branch that hangs on what it says: where
 * strings begin and end, where braces are, and where keys end that may be one of the names, which
 * is where a colon outside of a string stands right behind a quote, and that behind a last letter
 * of one. Then these keys, about as many as there are names: each is compared, its depth is looked
 * up in the braces, and the end of its value in the quotes.
 */
#include <string.h>

#include "decode/json_block.h"
#include "decode/json_locate.h"

/* What one block leaves for the next. */
struct locate_carry {
    uint64_t escaped;   /* bit 0: the first byte is escaped */
    uint64_t in_string; /* all ones: the block begins inside a string */
    uint64_t quotes;    /* of the block before */
    uint64_t letters;   /* the same: with which a name ends */
    uint64_t depth;
    uint64_t odd_colons; /* outside of strings, and not right behind one */
};

struct locate {
    const char *json;
    uint32_t len;
    struct hy_json_located *located;
};

/* ---- the whole record ---- */

/* Returns the colons of keys that may be names. Always inline, so that what is carried from block
 * to block stays in registers. */
static inline __attribute__((always_inline)) uint64_t
locate_block(struct locate_carry *carry, block b, uint32_t base, uint64_t valid, uint32_t **escapes,
             struct hy_located_block *out)
{
    uint64_t quotes = block_eq(b, '"') & valid;
    uint64_t backslash = block_eq(b, '\\') & valid;
    if (__builtin_expect((backslash | carry->escaped) != 0, 0))
        quotes &= ~block_take_escapes(&carry->escaped, backslash, base, escapes);
    uint64_t in_string = block_prefix_xor(quotes) ^ carry->in_string;
    uint64_t outside = valid & ~in_string;
    uint64_t colons = block_eq(b, ':') & outside;
    uint64_t behind_quotes = quotes << 1 | carry->quotes >> 63;
    uint64_t letters = block_last_letters(b);
    uint64_t like_names = letters << 2 | carry->letters >> 62;
    *out = (struct hy_located_block){.quotes = quotes,
                                     .opening = block_eq(b, '{') & outside,
                                     .closing = block_eq(b, '}') & outside,
                                     .depth = carry->depth,
                                     .high = block_high(b) & valid};
    carry->depth +=
        (uint64_t)__builtin_popcountll(out->opening) - (uint64_t)__builtin_popcountll(out->closing);
    carry->in_string = (uint64_t)((int64_t)in_string >> 63);
    carry->quotes = quotes;
    carry->letters = letters;
    carry->odd_colons |= colons & ~behind_quotes;
    return colons & behind_quotes & like_names;
}

/* Fills in the room of located. Returns how many keys may be names; 0 where the record is not for
 * us. */
static uint32_t find_keys(const char *json, uint32_t len, struct hy_json_located *located)
{
    struct locate_carry carry = {0};
    struct hy_located_block *out = located->blocks;
    uint32_t *escapes = located->escapes, *colons = located->colons;
    uint32_t base = 0;
    for (; len - base >= 64; base += 64) {
        block_ask(json + base);
        block b = block_load(json + base);
        uint64_t keys = locate_block(&carry, b, base, UINT64_MAX, &escapes, out++);
        colons += block_put_few(keys, base, colons);
    }
    if (base < len) {
        block b = block_load(json + base);
        uint64_t valid = block_first(len - base);
        uint64_t keys = locate_block(&carry, b, base, valid, &escapes, out++);
        colons += block_put_few(keys, base, colons);
    }
    *escapes = UINT32_MAX;
    *out = (struct hy_located_block){.quotes = UINT64_MAX}; /* where every search for one ends */
    bool usual = !carry.odd_colons && !carry.in_string && carry.depth == 0;
    return usual ? (uint32_t)(colons - located->colons) : 0;
}

/* The first quote at `at` or behind it that is not escaped; len or more when there is none. Most
 * are in the next 64 bytes, where no branch hangs on whether they are in one block or the next.
 * *high gets the high bytes of all blocks that were looked at. */
static inline uint32_t next_quote(const struct locate *l, uint32_t at, uint64_t *high)
{
    const struct hy_located_block *in = &l->located->blocks[at / 64];
    uint64_t near = in[0].quotes >> at % 64 | in[1].quotes << 1 << (63 - at % 64);
    *high = in[0].high | in[1].high;
    if (near)
        return at + (uint32_t)__builtin_ctzll(near);
    while (!(++in)->quotes)
        *high |= in->high;
    *high |= in->high;
    return (uint32_t)(in - l->located->blocks) * 64 + (uint32_t)__builtin_ctzll(in->quotes);
}

/* ---- the keys ---- */

struct located_name {
    char text[16]; /* with its opening quote; zero behind its end */
    uint32_t len;  /* of that */
    uint32_t ending;
    enum hy_located_key key;
};

/* The last four bytes of a key, of which the last is its closing quote. */
#define ENDING(a, b, c) \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)'"' << 24)

static inline uint32_t ending_at(const char *p)
{
    const unsigned char *c = (const unsigned char *)p;
    return c[0] | (uint32_t)c[1] << 8 | (uint32_t)c[2] << 16 | (uint32_t)c[3] << 24;
}

/* A multiplier that gives each name's ending a slot of its own. */
#define SLOT(ending) ((uint32_t)((ending)*UINT32_C(0xCD613E31)) >> 28)

static const struct located_name located_names[16] = {
#define LOCATED_NAME(NAME, text, a, b, c) \
    [SLOT(ENDING(a, b, c))] = {"\"" text, sizeof text, ENDING(a, b, c), HY_LOCATED_##NAME},
    HY_LOCATED_TABLE(LOCATED_NAME)
#undef LOCATED_NAME
};

/* The name that a key ends like, or NULL. */
static inline const struct located_name *name_like(const char *json, uint32_t colon)
{
    enum { FIRST = sizeof "{\"id\"" - 1 }; /* no name ends before it */
    if (colon < FIRST)
        return NULL;
    uint32_t ending = ending_at(json + colon - 4);
    const struct located_name *name = &located_names[SLOT(ending)];
    return name->ending == ending ? name : NULL;
}

static inline bool is_name(const char *json, uint32_t colon, const struct located_name *name)
{
    static const unsigned char keep[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                           255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t here[2], there[2], mask[2];
    uint32_t before = name->len + 1; /* the closing quote is there, too */
    if (colon < before)
        return false;
    memcpy(here, json + colon - before, sizeof here);
    memcpy(there, name->text, sizeof there);
    memcpy(mask, keep + 16 - name->len, sizeof mask);
    return (((here[0] ^ there[0]) & mask[0]) | ((here[1] ^ there[1]) & mask[1])) == 0;
}

static inline bool on_top_level(const struct locate *l, uint32_t at)
{
    const struct hy_located_block *in = &l->located->blocks[at / 64];
    uint64_t below = (UINT64_C(1) << at % 64) - 1;
    return in->depth + (uint64_t)__builtin_popcountll(in->opening & below) -
               (uint64_t)__builtin_popcountll(in->closing & below) ==
           1;
}

/* A key with an escape may be one of the names all the same. */
static bool has_escaped_key(const struct locate *l)
{
    uint32_t behind = 0;
    uint64_t high;
    for (const uint32_t *escape = l->located->escapes; *escape < l->len; escape++) {
        if (*escape < behind)
            continue;
        behind = next_quote(l, *escape, &high) + 1;
        if (behind < l->len && l->json[behind] == ':')
            return true;
    }
    return false;
}

/* ---- their values ---- */

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

static inline bool ends_scalar(char c)
{
    return is_blank(c) || c == ',' || c == '}';
}

static inline bool is_quote(const struct locate *l, uint32_t at)
{
    return l->located->blocks[at / 64].quotes >> at % 64 & 1;
}

/* False: it is an object or a list, or nothing at all. The record ends in a brace. */
static inline bool find_end(const struct locate *l, enum hy_located_key key)
{
    hydrant_span *value = &l->located->values[key];
    uint32_t at = value->start;
    char c = l->json[at];
    if (c == '"') {
        uint64_t high;
        value->end = next_quote(l, at + 1, &high) + 1;
        l->located->high[key] = high != 0;
        return is_quote(l, at) && value->end < l->len;
    }
    while (!ends_scalar(l->json[at]))
        at++;
    value->end = at;
    return c != '{' && c != '[' && at > value->start;
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
    struct locate l = {json, len, located};
    memset(located->values, 0, sizeof located->values);
    if (!looks_whole(&l))
        return false;
    uint32_t count = find_keys(json, len, located);
    if (count == 0 || has_escaped_key(&l))
        return false;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t colon = located->colons[i];
        const struct located_name *name = name_like(json, colon);
        if (name && is_name(json, colon, name) && on_top_level(&l, colon))
            located->values[name->key].start = skip_blanks(&l, colon + 1);
    }
    for (unsigned i = 0; i < HY_LOCATED_KEYS; i++)
        if (located->values[i].start && !find_end(&l, i))
            return false;
    return located->values[HY_LOCATED_TEXT].start != 0;
}
