/*
 * The texts that are built into the library, byte for byte the YAML files they are made from.
 * Immutable; any thread; NUL-terminated, the length does not count that.
 */
#ifndef HY_RULES_STARTER_H
#define HY_RULES_STARTER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* rules/starter/default.yaml: what `hydrant scan` uses when no rules are given. */
extern const char hy_starter_default[];
extern const size_t hy_starter_default_len;

/* rules/policy/default.yaml: triage policy and how each network writes its text. */
extern const char hy_policy_default[];
extern const size_t hy_policy_default_len;

#ifdef __cplusplus
}
#endif

#endif
