/*
 * The texts that are built in: starter rules and the default policy, byte for byte the YAML files
 * of rules/starter/ and rules/policy/. Immutable; any thread.
 *
 * hy_starter_default is what `hydrant scan` uses when no rules are given. The others are written
 * out by `hydrant init`; each is a valid rule file by itself, for a brand called Acme.
 */
#ifndef HY_RULES_STARTER_H
#define HY_RULES_STARTER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(name): hy_starter_NAME[] and hy_starter_NAME_len, made from rules/starter/NAME.yaml */
#define HY_STARTER_TABLE(X) X(default) X(general) X(telecom) X(airline) X(retail) X(saas)

#define HY_STARTER_DECLARE(name)                                \
    extern const char hy_starter_##name[]; /* NUL-terminated */ \
    extern const size_t hy_starter_##name##_len;
HY_STARTER_TABLE(HY_STARTER_DECLARE)
#undef HY_STARTER_DECLARE

/* rules/policy/default.yaml: triage policy and how each network writes its text. */
extern const char hy_policy_default[];
extern const size_t hy_policy_default_len;

#ifdef __cplusplus
}
#endif

#endif
