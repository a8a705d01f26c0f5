/*
 * The matching part of a pack: literal and regex databases, how each term is verified, which rules
 * each term wakes up, and the programs of all rules and policy lines.
 *
 *   folded text --words, literals--> anchor
 *                               anchor --> singles: terms that are this chunk and little more
 *                                    --> right:   phrases, by the chunk that follows
 *                                    --> left:    phrases that end here, by the chunk before
 *   term --> rules, sets --> rules
 *
 * A term's anchor is the rarest of its words. Terms are numbered from 0, literal ones first, then
 * regexes, each in the order in which the rules name them.
 *
 * Made by rules/compile.c, immutable from then on, read by any number of threads. Everything but
 * the Hyperscan databases lives in arena.
 */
#ifndef HY_PACK_MATCHER_H
#define HY_PACK_MATCHER_H

#include "base/arena.h"
#include "pack/phrase.h"
#include "pack/predicate.h"
#include "pack/program.h"
#include "pack/word_table.h"

struct hy_database;

enum {
    HY_REGEX_CLASSES = 4, /* databases: one for each combination of flags */
};

/* What is looked for, and where the terms that hang on it are. */
struct hy_anchor {
    uint32_t len;
    uint32_t edges; /* HY_CHUNK_WORD_*: edges that every one of its terms asks for */
    uint32_t singles, singles_count;
    uint32_t right, right_count;
    uint32_t left, left_count;
};

/* A term that is its anchor and little more, or that needs the long way round. */
struct hy_single {
    uint32_t term;
    uint32_t before; /* bytes of the chunk before the anchor */
    uint16_t chunk;  /* which chunk of the phrase the anchor is in */
    bool whole;      /* the phrase is the anchor, behind lead if that is not 0: only edges and kind
                        are left to look at */
    char lead;       /* whole: the @ # $ (or the like) before the anchor, or 0 */
    uint8_t kind;    /* enum hy_phrase_kind */
    uint8_t edges;   /* HY_CHUNK_WORD_*, where not all terms of the anchor ask for them */
};

/*
 * A phrase, found by the chunk beside its anchor. Entries of one group are sorted by that chunk
 * (left: by its bytes from last to first). All entries whose chunk is a prefix of the text are on
 * one chain: that of the greatest entry that is not greater than the text.
 */
struct hy_neighbour {
    uint64_t key;    /* first 8 bytes of the chunk in reading direction, big-endian, 0-padded */
    uint64_t beyond; /* the same of the chunk behind it, where most phrases turn out not to be */
    uint32_t term;
    uint32_t chain;       /* next shorter (or equal) entry that is a prefix of this one, or NONE */
    uint16_t len;         /* of the chunk */
    uint16_t anchor;      /* the anchor's chunk number in the phrase */
    uint8_t edges;        /* of this chunk: HY_CHUNK_WORD_* */
    uint8_t anchor_edges; /* of the anchor, where not all terms of the anchor ask for them */
    uint8_t beyond_len; /* bytes in beyond; 0: no chunk there, or not one to tell by its letters */
    bool pair; /* the phrase is the anchor and this chunk, and nothing else is to be looked at */
};

#define HY_NEIGHBOUR_NONE UINT32_MAX

/* A hint: the chunk's length, 9 standing for all above 8, and whether the entry has a chain. */
enum { HY_NEIGHBOUR_LEN = 0xF, HY_NEIGHBOUR_CHAINED = 0x80 };

enum { HY_TERM_REGEX = 1 };

struct hy_term {
    struct hy_phrase phrase; /* literal terms */
    uint32_t flags;
};

struct hy_regex_db {
    struct hy_database *db; /* NULL: no pattern of this class */
    const uint32_t *terms;  /* Hyperscan id -> term */
    uint32_t count;
};

/*
 * A database of literals, and the anchor that each of its patterns is. After an edit a pack has
 * two: the one of an earlier pack, some of whose patterns are nobody's anchor any more, and a small
 * one of those that are new.
 */
struct hy_literal_db {
    struct hy_database *db;  /* NULL: none */
    const uint32_t *anchors; /* Hyperscan id -> anchor, or HY_ANCHOR_NONE; NULL: the same number */
};

#define HY_ANCHOR_NONE UINT32_MAX

enum { HY_LITERAL_DBS = 2 };

/* A set of terms, sorted: a list, or a large OR. Has at least one. Its bounds stand here too, for
 * they tell most of a mention's terms away and each lies in a line of its own. */
struct hy_term_set {
    const uint32_t *terms;
    uint32_t count;
    uint32_t first, last; /* terms[0], terms[count - 1] */
};

/* Ranges of a table: the entries of key k are items[first[k] .. first[k + 1]). */
struct hy_csr {
    const uint32_t *first;
    const uint32_t *items;
};

/* What the evaluation of a rule needs, beside its struct hy_rule. */
struct hy_rule_program {
    struct hy_program program;
    uint32_t rank;  /* place in pack order: priority descending, then file order */
    uint32_t brand; /* index in pack->brands, or HY_BRAND_NONE or _ANY */
    int64_t until_us;
    float share;  /* of mentions that it is looked at for, as guessed; 1: all */
    float common; /* of share, what rests on words that are known to be common */
    bool shadow;
};

struct hy_matcher {
    struct hy_arena arena;
    struct hy_literal_db literals[HY_LITERAL_DBS];
    struct hy_word_table words;
    const struct hy_anchor *anchors; /* those of the literal databases, then the words */
    uint32_t anchors_count, literals_count;
    const struct hy_single *singles;
    const struct hy_neighbour *neighbours; /* left entries and right entries */
    /* Their keys and HY_NEIGHBOUR_* side by side: a search that finds nothing touches no more. */
    const uint64_t *neighbour_keys;
    const uint8_t *neighbour_hints;
    const struct hy_term *terms;
    uint32_t terms_count, literal_terms_count;
    struct hy_regex_db regexes[HY_REGEX_CLASSES];
    bool regexes_always; /* a regex triggers rules: scan every mention */
    bool regexes_policy; /* a policy line has a regex: scan every mention that a rule wants */

    const struct hy_term_set *sets;
    uint32_t sets_count;
    const struct hy_predicate *predicates;
    uint32_t predicates_count;
    const struct hy_program *calls; /* parts that several programs share */
    uint32_t calls_count;

    const struct hy_rule_program *rules; /* like pack->rules; an empty program: state off */
    const uint32_t *by_rank;             /* rank -> rule */
    struct hy_csr term_rules;            /* term -> rules to look at when it hits */
    struct hy_csr term_sets;             /* term -> trigger sets that hold it */
    struct hy_csr set_rules;             /* set -> rules to look at when one of its terms hits */
    const uint32_t *always;              /* rules to look at for every mention */
    uint32_t always_count;
    bool needs_fields; /* see hy_pack_needs_fields */
};

static inline bool hy_term_set_has(const struct hy_term_set *set, uint32_t term)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (set->terms[mid] < term)
            low = mid + 1;
        else
            high = mid;
    }
    return low < set->count && set->terms[low] == term;
}

#endif
