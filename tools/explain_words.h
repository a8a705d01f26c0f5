/* hydrant explain --emotion: which words moved the scores, for a person or as JSON. */
#ifndef HY_TOOLS_EXPLAIN_WORDS_H
#define HY_TOOLS_EXPLAIN_WORDS_H

#include <hydrant/hydrant.h>

/* The explanation must have an emotion. Nothing is printed before or behind it. */
void explain_words_json(const hydrant_explanation *explanation);

/* A paragraph and a table of the words that move something, the strongest first. */
void explain_words_print(const hydrant_explanation *explanation);

#endif
