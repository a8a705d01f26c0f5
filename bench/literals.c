#include "literals.h"

#include <stdio.h>
#include <stdlib.h>

static void die(const char *what)
{
    fprintf(stderr, "bench: the phrases as literals: %s\n", what);
    exit(1);
}

void bench_literals_compile(const hydrant_str *phrases, size_t count, struct bench_literals *out)
{
    const char **patterns = calloc(count, sizeof *patterns);
    size_t *lengths = calloc(count, sizeof *lengths);
    unsigned *flags = calloc(count, sizeof *flags), *ids = calloc(count, sizeof *ids);
    hs_compile_error_t *error = NULL;
    *out = (struct bench_literals){0};
    if (!patterns || !lengths || !flags || !ids)
        die("no memory");
    for (size_t i = 0; i < count; i++) {
        patterns[i] = phrases[i].data;
        lengths[i] = phrases[i].len;
        flags[i] = HS_FLAG_CASELESS;
        ids[i] = (unsigned)i; /* the same id for all makes compiling slow */
    }
    if (hs_compile_lit_multi(patterns, flags, ids, lengths, (unsigned)count, HS_MODE_BLOCK, NULL,
                             &out->db, &error) != HS_SUCCESS)
        die(error->message);
    if (hs_alloc_scratch(out->db, &out->scratch) != HS_SUCCESS)
        die("no scratch");
    free(patterns);
    free(lengths);
    free(flags);
    free(ids);
}

void bench_literals_free(struct bench_literals *literals)
{
    hs_free_scratch(literals->scratch);
    hs_free_database(literals->db);
    *literals = (struct bench_literals){0};
}
