/*
 * Tests of several mentions in order, on a clock of their own: what only an engine that remembers
 * can show. Repeats, conversations, items that wait, edits and deletes, spread.
 */
#ifndef HY_API_RULES_SEQUENCE_H
#define HY_API_RULES_SEQUENCE_H

#include <hydrant/hydrant.h>

#include "pack/pack.h"
#include "rules/ruleset.h"

enum { HY_SEQUENCE_SAID_BYTES = 192 };

/* What came of a step. */
struct hy_sequence_step {
    const struct hy_rule_test *step;
    uint32_t number;          /* from 1 */
    const hydrant_item *item; /* about its mention; valid until the callback returns */
    bool matched;             /* by the rule whose test it is */
};

/*
 * Takes the mentions of a test through an engine of its own with the rules of pack, in which that
 * rule (its number) must be live. Calls on_step for each step with a mention. counts are filled in
 * as the test names them. Blocks, allocates.
 */
hydrant_status hy_sequence_run(const struct hy_pack *pack, uint32_t rule,
                               const struct hy_rule_test *test,
                               void (*on_step)(void *ctx, const struct hy_sequence_step *step),
                               void *ctx, uint64_t counts[HY_TEST_COUNTS], hydrant_error *err);

#endif
