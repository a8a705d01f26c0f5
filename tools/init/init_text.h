/*
 * The texts that `hydrant init` writes: a starter rule file made over for a brand, the default
 * policy for editing, a first hydrant.yaml. Pure functions of their arguments; the command
 * (cmd_init.c) asks for them and writes files.
 *
 * Names come from the command line and may hold anything. Whatever name and handle pass the checks
 * below, the result is valid YAML, and a query in it holds them as text and never as operators.
 */
#ifndef HY_TOOLS_INIT_TEXT_H
#define HY_TOOLS_INIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { INIT_NAME_BYTES_MAX = 120, INIT_HANDLE_BYTES_MAX = 60, INIT_HANDLES_MAX = 8 };

struct init_brand {
    const char *name;
    const char *handles[INIT_HANDLES_MAX]; /* without @; the first is the main one */
    size_t handles_count;                  /* at least 1 */
};

/* NULL when name can be used; otherwise what is wrong with it. */
const char *init_name_problem(const char *name);
/* The same for a handle without @. */
const char *init_handle_problem(const char *handle);

/* A handle made from a name: its digits and Latin letters, these in lower case and without accents.
 * False when there are none. out has room for INIT_HANDLE_BYTES_MAX + 1 bytes. */
bool init_handle_from_name(const char *name, char *out);

/* The starter file of an industry, or NULL: general, telecom, airline, retail, saas. */
const char *init_starter(const char *industry);

/* Each returns a text that the caller frees, or NULL when memory is short. */
char *init_rules_text(const char *starter, const struct init_brand *brand);
char *init_policy_text(void);
char *init_config_text(const struct init_brand *brand);

#endif
