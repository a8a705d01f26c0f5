/* Phrases as literals of Hyperscan, letters of ASCII in any case: a limit of matching
 * (bench-limits), and what other tools' counts are held against (bench-extract). */
#ifndef HY_BENCH_LITERALS_H
#define HY_BENCH_LITERALS_H

#include <hs.h>
#include <hydrant/hydrant.h>

struct bench_literals {
    hs_database_t *db; /* in block mode; the id of a phrase is its number */
    hs_scratch_t *scratch;
};

/* Exits with a message when they do not compile. */
void bench_literals_compile(const hydrant_str *phrases, size_t count, struct bench_literals *out);
void bench_literals_free(struct bench_literals *literals);

#endif
