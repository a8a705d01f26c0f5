/* Runs the public engine over bytes and collects what it prints. */
#ifndef HY_TESTS_RUN_ENGINE_H
#define HY_TESTS_RUN_ENGINE_H

#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct engine_output {
    char *data;
    size_t len, cap;
};

static inline bool engine_output_append(void *ctx, const char *data, size_t len)
{
    struct engine_output *output = ctx;
    if (output->len + len > output->cap) {
        output->cap = 2 * (output->len + len);
        output->data = realloc(output->data, output->cap);
        if (!output->data)
            abort();
    }
    memcpy(output->data + output->len, data, len);
    output->len += len;
    return true;
}

/* Waits until every worker has taken up this generation: one that has nothing to do does so when it
 * gets a processor. Aborts when that does not come. */
static inline void engine_wait_taken_up(const hydrant *engine, uint64_t generation)
{
    enum { PATIENCE = 60000 };
    hydrant_stats stats;
    for (int ms = 0; ms < PATIENCE; ms++) {
        hydrant_stats_read(engine, &stats);
        if (stats.generation == generation)
            return;
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    fprintf(stderr, "generation %llu, expected %llu\n", (unsigned long long)stats.generation,
            (unsigned long long)generation);
    abort();
}

/* The starter rules; aborts when they do not compile. */
static inline hydrant_pack *engine_starter_pack(void)
{
    hydrant_rules rules = {0};
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK) {
        fprintf(stderr, "starter rules: %s\n", err.text);
        abort();
    }
    return pack;
}

#endif
