/*
 * The grammar of JSON over an index, and the mention that comes out: one pass over the tokens,
 * every one of which is checked, only the fields of a mention are taken out.
 *
 * Where on the path: decode, worker threads, after json_index.h. Pure but for the arena.
 */
#ifndef HY_DECODE_JSON_WALK_H
#define HY_DECODE_JSON_WALK_H

#include "decode/decode.h"
#include "decode/json_index.h"
#include "decode/mention_fields.h"

enum {
    HY_SHAPES = 4,
    HY_SHAPE_SLOTS = 128,
    HY_SHAPE_SHIFT = 64 - 7,
    HY_NAME_BYTES_MAX = 16,
};
#define HY_SHAPE_FREE UINT32_MAX /* len of a slot without a name; no key is that long */

/* A name that an object of this shape may have: a field, or an object with a shape of its own. */
struct hy_shape_slot {
    uint64_t head, tail;           /* the name's bytes in memory order, zeroes behind it */
    uint64_t head_mask, tail_mask; /* ones over these bytes */
    uint32_t len;
    uint32_t shape;                       /* index of the object's shape */
    const struct hy_mention_field *field; /* NULL for an object */
    struct hy_shape_slot *next;           /* whose name came next last time: looked at first */
};

/* A hash table of names without collisions: the multiplier is chosen for them. */
struct hy_shape {
    uint64_t multiplier;
    struct hy_shape_slot first; /* stands before the first key; has no name */
    struct hy_shape_slot slots[HY_SHAPE_SLOTS];
};

/* The objects in hy_mention_fields: shapes[0] is the mention itself. Of one decoder: next is
 * written. */
struct hy_shapes {
    struct hy_shape shapes[HY_SHAPES];
};

void hy_shapes_init(struct hy_shapes *shapes);

struct hy_walk_input {
    const char *json;
    uint32_t len;
    uint32_t depth_max;
    struct hy_shapes *shapes;
    const struct hy_json_index *index; /* its tokens must have room for one more */
    hydrant_url *list;                 /* room for HY_DECODE_LIST_MAX */
};

/* Fills in the draft. HYDRANT_DROP_NONE, or why the record is dropped: NOT_JSON, TOO_DEEP,
 * INVALID_UTF8 (half a surrogate pair), BAD_TYPE (valid JSON, but no object). */
hydrant_drop hy_json_walk(const struct hy_walk_input *input, struct hy_draft *draft);

#endif
