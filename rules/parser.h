/*
 * The parser of the query language, as the loader uses it: with a map back to the file and all
 * problems reported, warnings included. docs/rules/grammar.md has the grammar.
 */
#ifndef HY_RULES_PARSER_H
#define HY_RULES_PARSER_H

#include "rules/diagnostic.h"
#include "rules/query.h"
#include "rules/source.h"

/*
 * NULL when an error was reported (or the arena is full: diagnostics->out_of_memory). text and the
 * name of the source outlive the tree.
 */
struct hy_query *hy_parser_parse(struct hy_arena *arena, hydrant_str text,
                                 const struct hy_source_map *map,
                                 struct hy_diagnostics *diagnostics);

/* Levels of a tree, 1 for a leaf. Trees that share subtrees are walked as trees. */
uint32_t hy_query_height(const struct hy_query *query);

#endif
