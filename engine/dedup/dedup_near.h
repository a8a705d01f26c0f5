/*
 * Do two sketches say the same thing? See docs/dedup.md for the rules and what they were measured
 * on. Symmetric enough: the order of the two may only matter for texts with repeated words.
 *
 * Pure; any thread; time bounded by HY_DEDUP_SKETCH_WORDS squared.
 */
#ifndef HY_DEDUP_DEDUP_NEAR_H
#define HY_DEDUP_DEDUP_NEAR_H

#include "dedup/dedup_sketch.h"

bool hy_dedup_near(const struct hy_dedup_sketch *a, const struct hy_dedup_sketch *b);

#endif
