/* Rules as commands take them: --rules and -e, compiled with every problem shown on stderr. */
#ifndef HY_TOOLS_RULES_INPUT_H
#define HY_TOOLS_RULES_INPUT_H

#include <hydrant/hydrant.h>

struct rules_input {
    const char **paths, **queries; /* the strings are argv's */
    size_t paths_count, queries_count;
};

/* Each returns false (having said so) when there is no memory. */
bool rules_input_add_path(struct rules_input *input, const char *path);
bool rules_input_add_query(struct rules_input *input, const char *query);
void rules_input_free(struct rules_input *input);

/* For the library: the problems go to stderr, rendered. Lives as long as input. */
hydrant_rules rules_input_rules(const struct rules_input *input);

/* NULL when there are errors; they and the warnings were printed. */
hydrant_pack *rules_input_compile(const struct rules_input *input, const char *command);

#endif
