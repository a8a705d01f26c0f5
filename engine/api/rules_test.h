/* The tests beside rules, on a pack that is about to judge. */
#ifndef HY_API_RULES_TEST_H
#define HY_API_RULES_TEST_H

#include <hydrant/hydrant.h>

#include "base/cancel.h"
#include "rules/ruleset.h"

/*
 * As hydrant_rules_test, with the pack that was compiled from ruleset: nothing is compiled again.
 * Tests beside rules that are off are left out, and hydrant_test.unreached is never set. _CANCELLED
 * as well.
 */
hydrant_status hy_rules_test_pack(const struct hy_ruleset *ruleset, const struct hy_pack *pack,
                                  void (*on_test)(void *ctx, const hydrant_test *test), void *ctx,
                                  const hy_cancel *cancel, hydrant_error *err);

#endif
