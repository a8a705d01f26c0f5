/* What is inside a hy_eval_scratch. For the files of engine/pack only. */
#ifndef HY_PACK_SCRATCH_H
#define HY_PACK_SCRATCH_H

#include "pack/matcher.h"
#include "pack/node.h"
#include "pack/sort.h"

enum {
    HY_PLACES_MAX = HY_EVAL_HITS_MAX, /* one operand's, each once: there are no more hits */
    /* Of all operands that are open at once: per NEAR one being filled, one done. */
    HY_PLACES_TOTAL = (HY_PROGRAM_NEAR_DEPTH_MAX + 2) * 3 * HY_PLACES_MAX,
    HY_WORDS_MAX = 1 << 16, /* words of a text: it has at most 65,535 bytes */
};

/* A place in the original text, [start, end), as one number that sorts by start, then end. */
typedef uint64_t hy_place;

static inline hy_place hy_place_make(uint32_t start, uint32_t end)
{
    return (uint64_t)start << 32 | end;
}
static inline uint32_t hy_place_start(hy_place place)
{
    return (uint32_t)(place >> 32);
}
static inline uint32_t hy_place_end(hy_place place)
{
    return (uint32_t)place;
}

/* Sorted, each once. */
struct hy_places {
    hy_place *at;
    uint32_t count;
};

/* A field's folding; name, handle and bio are folded at most once per mention. */
struct hy_eval_field {
    char *folded;
    uint16_t *map;
    struct hy_view view;
    uint32_t seq; /* of the mention that it is of */
};

/* Whether a mention is addressed to a brand. */
struct hy_eval_own {
    uint32_t seq; /* of the mention that it is of */
    uint32_t brand;
    bool truth;
};

struct hy_eval_scratch {
    uint32_t seq;     /* counts hy_eval_begin; stamps of another one mean nothing */
    uint32_t visit;   /* counts collections of places */
    uint32_t *memos;  /* per set, then per call: seq << 2 | truth */
    uint32_t *visits; /* per call: visit */
    uint32_t memos_count, calls_count, sets_count;
    hy_place *places; /* a stack */
    uint32_t places_used;
    int16_t *near_marks;             /* 2 * (HY_PLACES_MAX + 1) */
    uint16_t *word_start, *word_end; /* the words of the text, in original offsets */
    uint32_t words_count, words_seq;
    struct hy_eval_field name, handle, bio, link;
    struct hy_eval_own own_to;
};

/*
 * Leaves in a and b the places that are at most distance words away from one of the other side and
 * do not overlap it; ordered: a's before b's. Returns whether there are any.
 */
bool hy_near_pairs(struct hy_eval *eval, struct hy_places *a, struct hy_places *b,
                   uint32_t distance, bool ordered);

/* The least number of words between a place of left and one of right that starts behind it;
 * UINT32_MAX when none does. */
uint32_t hy_near_gap(struct hy_eval *eval, struct hy_places left, struct hy_places right);

/* The mention's text as a view. */
struct hy_view hy_eval_text(const struct hy_eval *eval);

#endif
