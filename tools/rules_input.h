/* Rules as commands take them: --rules and -e, compiled with every problem shown on stderr. */
#ifndef HY_TOOLS_RULES_INPUT_H
#define HY_TOOLS_RULES_INPUT_H

#include <hydrant/hydrant.h>

/* What hydrant is called with to compile in a process of its own (hydrant_rules.compiler). */
#define RULES_INPUT_COMPILER_COMMAND "compile-patterns"

struct rules_input {
    const char **paths, **queries; /* the strings are argv's */
    size_t paths_count, queries_count;
    const char *cache_dir; /* NULL: the user's, see rules_input_cache */
    bool no_cache;
    unsigned errors; /* that rules_input_rules' callback has told */
    char cache_room[4096];
};

/* Where compiled databases are kept: cache_dir, or $XDG_CACHE_HOME/hydrant, or ~/.cache/hydrant;
 * NULL: nowhere. */
const char *rules_input_cache(struct rules_input *input);
/* This program, as a compiler. */
const char *rules_input_compiler(void);

/* Each returns false (having said so) when there is no memory. */
bool rules_input_add_path(struct rules_input *input, const char *path);
bool rules_input_add_query(struct rules_input *input, const char *query);
void rules_input_free(struct rules_input *input);

/* Takes dir for the cache. Warns, in the name of the command, of one that the library will not use.
 */
void rules_input_set_cache(struct rules_input *input, const char *command, const char *dir);

/* For the library: the problems go to stderr, rendered. Lives as long as input. */
hydrant_rules rules_input_rules(struct rules_input *input);

/* Why a command has failed: how many errors there are in the rules when they were told before, else
 * what err says. */
void rules_input_failed(const char *command, unsigned errors, const hydrant_error *err);

/* NULL when there are errors; they and the warnings were printed. */
hydrant_pack *rules_input_compile(struct rules_input *input, const char *command);

#endif
