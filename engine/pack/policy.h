/*
 * The triage policy, compiled: lines in the order of the file, each with the program of its "when".
 * Part of the pack: immutable, read by any number of threads.
 */
#ifndef HY_PACK_POLICY_H
#define HY_PACK_POLICY_H

#include "pack/program.h"

/* What a fact of a line is about: how it is said as a reason. */
enum hy_fact_kind {
    HY_FACT_ACT,       /* index: hydrant_speech_act */
    HY_FACT_SENTIMENT, /* index: hydrant_sentiment */
    HY_FACT_EMOTION,   /* index: of the 28 */
    HY_FACT_INTENSITY,
    HY_FACT_OWN_TO,
    HY_FACT_OWN_FROM,
    HY_FACT_FOLLOWERS,
    HY_FACT_DUP,
    HY_FACT_MATCHED,   /* name: the rule */
    HY_FACT_SITE,      /* name: the kind of site */
    HY_FACT_WORDS,     /* name: list or term as written */
    HY_FACT_OTHER      /* name: the term as written */
};

/* One positive term of a line's "when", evaluated again to say why the line was true. */
struct hy_policy_fact {
    const struct hy_program *program;
    enum hy_fact_kind kind;
    uint32_t index;
    hydrant_str name;
};

struct hy_policy_rule {
    hydrant_str line; /* its name */
    const struct hy_program *when;
    const struct hy_policy_fact *facts;
    uint32_t facts_count;
    hydrant_action action;
    hydrant_obligation obligation;
    hydrant_str to, why, channel;
};

struct hy_policy_lines {
    const struct hy_policy_rule *rules;
    uint32_t count;
};

/* docs/triage.md gives the formula. */
struct hy_policy_weights {
    float own_to, influence, intensity, spread, waiting_per_hour, waiting_max;
};

enum { HY_POLICY_FACTS_MAX = 16 }; /* facts of one line that are said; further ones are not */

struct hy_policy {
    struct hy_policy_lines actions; /* the first that is true decides; the last is always true */
    struct hy_policy_lines escalate, take_private, moderate;
    const struct hy_program *own_to; /* own:to, for the priority */
    struct hy_policy_weights weights;
    int64_t respond_must_us, respond_may_us; /* HYDRANT_TIME_NONE: no deadline */
};

#endif
