/* A pack made from queries or YAML, and texts judged by it as stage 5 judges them. */
#ifndef HY_TESTS_MATCH_FIXTURE_H
#define HY_TESTS_MATCH_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "emotion/emotion.h"
#include "match/match.h"
#include "normalize/normalize.h"
#include "rules/build.h"
#include "rules/compile.h"
#include "rules/ruleset.h"

struct match_fixture {
    struct hy_ruleset *rules;
    struct hy_pack *pack;
    struct hy_match_worker *worker;
    struct hy_batch *batch;
    hydrant_error err;
};

/* How the next fixture's databases are had; NULL: compiled. */
static const struct hy_build *fixture_build;

static inline void fixture_fail(const struct match_fixture *f, const char *what)
{
    fprintf(stderr, "%s: %s:%u:%u: %s\n", what, f->err.file, f->err.line, f->err.column,
            f->err.text);
    for (uint32_t i = 0; f->rules && i < f->rules->diagnostics_count; i++) {
        char text[1024];
        hy_diagnostic_render(&f->rules->diagnostics[i], text, sizeof text, false);
        fprintf(stderr, "%s\n", text);
    }
    abort();
}

/* The status of compiling; the pack is there when it is HYDRANT_OK. */
static inline hydrant_status fixture_compile(struct match_fixture *f,
                                             const struct hy_rule_input *inputs, size_t count)
{
    memset(f, 0, sizeof *f);
    hydrant_status status = hy_ruleset_load(inputs, count, &f->rules, &f->err);
    if (status == HYDRANT_OK)
        status = hy_pack_compile(f->rules, &(struct hy_compile_options){.build = fixture_build},
                                 &f->pack, &f->err);
    return status;
}

static inline void fixture_start(struct match_fixture *f)
{
    if (hy_match_worker_create(f->pack, &f->worker, &f->err) != HYDRANT_OK)
        fixture_fail(f, "worker");
    f->batch = calloc(1, sizeof *f->batch);
    size_t bytes = hy_match_arena_bytes() + hy_normalize_arena_bytes(32u << 20, HY_BATCH_MENTIONS);
    if (!f->batch || hy_arena_init(&f->batch->arena, bytes, &f->err) != HYDRANT_OK)
        fixture_fail(f, "arena");
    f->batch->pack = f->pack;
    f->batch->now_us = 1000;
}

static inline void fixture_queries(struct match_fixture *f, const char *const *queries,
                                   size_t count)
{
    struct hy_rule_input *inputs = calloc(count, sizeof *inputs);
    for (size_t i = 0; i < count; i++)
        inputs[i].query = queries[i];
    if (fixture_compile(f, inputs, count) != HYDRANT_OK)
        fixture_fail(f, "compile");
    free(inputs);
    fixture_start(f);
}

static inline void fixture_compile_yaml(struct match_fixture *f, const char *yaml)
{
    struct hy_rule_input input = {.name = "test.yaml", .text = hy_str_cstr(yaml)};
    if (fixture_compile(f, &input, 1) != HYDRANT_OK)
        fixture_fail(f, "compile");
}

static inline void fixture_yaml(struct match_fixture *f, const char *yaml)
{
    fixture_compile_yaml(f, yaml);
    fixture_start(f);
}

static inline void fixture_end(struct match_fixture *f)
{
    hy_match_worker_destroy(&f->worker);
    hy_pack_destroy(&f->pack);
    hy_ruleset_destroy(&f->rules);
    if (f->batch)
        hy_arena_fini(&f->batch->arena);
    free(f->batch);
}

static inline void fixture_clear(struct match_fixture *f)
{
    hy_arena_reset(&f->batch->arena);
    memset(f->batch->mentions, 0, sizeof *f->batch->mentions * f->batch->count);
    f->batch->count = 0;
}

/* Adds a complete mention with that text, which must stay and have 64 readable bytes behind it. */
static inline struct hy_mention *fixture_add(struct match_fixture *f, hydrant_str text)
{
    struct hy_mention *mention = &f->batch->mentions[f->batch->count++];
    *mention = (struct hy_mention){.complete = true};
    mention->m.text = text;
    mention->m.created_at_us = HYDRANT_TIME_NONE;
    return mention;
}

static inline void fixture_judge(struct match_fixture *f)
{
    hy_normalize_batch(f->batch);
    hy_match_batch(f->worker, f->batch);
}

/* Judges one text; the answer stays until the next call. */
static inline struct hy_mention *fixture_text(struct match_fixture *f, const char *text)
{
    static char padded[70000];
    size_t len = strlen(text);
    memset(padded, 0, sizeof padded);
    memcpy(padded, text, len);
    fixture_clear(f);
    fixture_add(f, hy_str(padded, len));
    fixture_judge(f);
    return &f->batch->mentions[0];
}

/* The same, rules that wait for scores decided, too. */
static inline struct hy_mention *fixture_scored_text(struct match_fixture *f, const char *text)
{
    static hydrant_emotion emotion;
    struct hy_mention *mention = fixture_text(f, text);
    if (mention->pending_count > 0) {
        const struct hy_emotion_model *model;
        if (hy_emotion_model_builtin(&model, &f->err) != HYDRANT_OK)
            fixture_fail(f, "model");
        hy_emotion_score(model, mention->m.text, mention->m.lang, &emotion);
        mention->emotion = &emotion;
        mention->scored = true;
        hy_match_resolve(f->worker, f->batch);
    }
    return mention;
}

static inline bool fixture_matched(const struct hy_mention *mention, uint32_t rule)
{
    for (uint32_t i = 0; i < mention->matches_count; i++)
        if (mention->matched_rules[i] == rule)
            return true;
    return false;
}

#endif
