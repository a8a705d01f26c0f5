/*
 * One item of a document -> one mention: conditions, joins, fields. See mapper.h for the whole.
 * Threads: the worker's own.
 */
#ifndef HY_DECODE_MAP_TAKE_H
#define HY_DECODE_MAP_TAKE_H

#include "decode/map_document.h"
#include "decode/mention_fields.h"

struct hy_map_take_input {
    struct hy_map_document *doc;
    const struct hy_mapping *mapping;
    uint32_t root, item;
    uint32_t joined[HY_MAPPING_JOINS_MAX]; /* what the joins found for this item */
    uint32_t joins_known;                  /* bit i: joined[i] has been looked for */
    hydrant_url *list;                     /* room for HY_DECODE_LIST_MAX */
};

/* Do all of its tests hold? */
bool hy_map_when_holds(struct hy_map_take_input *in, const struct hy_map_when *when);

/* The first take whose when holds for the item; NULL when there is none. */
const struct hy_map_take *hy_map_choose(struct hy_map_take_input *in);

/* Fills in the draft's mention (and *written, how its text is written) from the item. What it
 * points to is copied into the draft's arena. False: the arena is full. */
bool hy_map_fill(struct hy_map_take_input *in, const struct hy_map_take *take,
                 struct hy_draft *draft, enum hy_map_written *written);

#endif
