/*
 * Made-up items of every kind, with lists, strings that are none, empty or want escapes, and parts
 * that are not there. For tests of the forms of an item.
 */
#ifndef HY_TESTS_SAMPLE_ITEM_H
#define HY_TESTS_SAMPLE_ITEM_H

#include <hydrant/item.h>

#include "support/random.h"

enum { SAMPLE_ITEM_LIST_MAX = 4 };

/* What an item points to; random is the caller's to begin. */
struct sample_item {
    struct random_state random;
    hydrant_mention mention;
    hydrant_verdict verdict;
    hydrant_emotion emotion;
    hydrant_dup dup;
    hydrant_match matches[SAMPLE_ITEM_LIST_MAX];
    hydrant_tag tags[SAMPLE_ITEM_LIST_MAX][SAMPLE_ITEM_LIST_MAX];
    hydrant_span spans[SAMPLE_ITEM_LIST_MAX][SAMPLE_ITEM_LIST_MAX];
    hydrant_str skills[SAMPLE_ITEM_LIST_MAX], spread[SAMPLE_ITEM_LIST_MAX];
    hydrant_reason reasons[SAMPLE_ITEM_LIST_MAX];
    hydrant_pii pii[SAMPLE_ITEM_LIST_MAX];
};

/* The next item; valid until the one after it. */
hydrant_item sample_item_make(struct sample_item *m);

#endif
