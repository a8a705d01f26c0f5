/*
 * The triage policy, compiled: lines in the order of the file, each with the program of its "when".
 * Part of the pack: immutable, read by any number of threads.
 */
#ifndef HY_PACK_POLICY_H
#define HY_PACK_POLICY_H

#include "pack/hours.h"
#include "pack/program.h"
#include "pii/pii.h"

/* What a fact of a line is about: how it is said as a reason. */
enum hy_fact_kind {
    HY_FACT_ACT,       /* index: hydrant_speech_act */
    HY_FACT_SENTIMENT, /* index: hydrant_sentiment */
    HY_FACT_EMOTION,   /* index: of the 28 */
    HY_FACT_VALENCE,
    HY_FACT_INTENSITY,
    HY_FACT_OWN_TO,
    HY_FACT_OWN_FROM,
    HY_FACT_FOLLOWERS,
    HY_FACT_DUP,
    HY_FACT_UNHAPPY,
    HY_FACT_TALK,    /* name: as written */
    HY_FACT_HAS,     /* has:pii */
    HY_FACT_MATCHED, /* name: the rule */
    HY_FACT_SITE,    /* name: the kind of site */
    HY_FACT_WORDS,   /* name: list or term as written */
    HY_FACT_OTHER    /* name: the term as written */
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
    hydrant_action action; /* audit: of what it takes a sample; NONE: of what "when" says */
    hydrant_obligation obligation;
    hydrant_str to, why, channel;
    int64_t for_us; /* hold */
    float percent;  /* audit */
};

struct hy_policy_lines {
    const struct hy_policy_rule *rules;
    uint32_t count;
};

/* docs/triage.md gives the formula. */
struct hy_policy_weights {
    float own_to, influence, intensity, spread, waiting_per_hour, waiting_max;
};

/* A group has crossed the line when it has at least all that is given here (0: not asked for). */
struct hy_policy_spread {
    hydrant_str line; /* its name */
    uint32_t bit;     /* by which a group remembers that it crossed it; the name's, over reloads */
    uint32_t copies, authors, reposts, quotes;
    uint32_t last_1m, last_5m, last_60m; /* copies in the last minutes */
    uint32_t doubling_s;                 /* at most so long to double */
};

enum {
    HY_POLICY_SPREAD_MAX = 16, /* lines */
    HY_POLICY_SPREAD_BITS = 31,
    HY_POLICY_REPEATS_EVERY = 10 /* unless the policy says otherwise */
};

/* What becomes of repeats. */
enum hy_policy_repeat { HY_REPEAT_PUBLISH, HY_REPEAT_COUNT, HY_REPEAT_SAMPLE };

struct hy_policy_repeats {
    enum hy_policy_repeat exact, near;
    enum hy_policy_repeat same_author; /* by the author of the first, if that is stricter */
    uint32_t every;                    /* SAMPLE: every so many copies one is published */
};

enum {
    HY_POLICY_FACTS_MAX = 16,  /* facts of one line that are said; further ones are not */
    HY_POLICY_FACTS_NAMED = 2, /* fact:spam, fact:obscene */
};

/* Bits of hy_mention.facts. */
enum { HY_FACT_BIT_SPAM = 1, HY_FACT_BIT_OBSCENE = 2, HY_FACT_BIT_BRAND_OFF = 4 };

struct hy_policy {
    struct hy_policy_lines actions; /* the first that is true decides; the last is always true */
    struct hy_policy_lines escalate, take_private, moderate, hold, audit;
    hydrant_str audit_route;
    const struct hy_program *facts[HY_POLICY_FACTS_NAMED]; /* what fact: means; NULL: never */
    const struct hy_program *const *brand_off;             /* by brand; NULL: never */
    struct hy_pii_patterns pii;
    const struct hy_hours *hours;      /* NULL: always open */
    const struct hy_program *own_to;   /* own:to, for the priority */
    const struct hy_program *own_from; /* own:from, for the conversation */
    bool asks_answered;                /* a line asks talk:answered */
    struct hy_policy_weights weights;
    int64_t respond_must_us, respond_may_us; /* HYDRANT_TIME_NONE: no deadline */
    const struct hy_policy_spread *spread;
    uint32_t spread_count;
    struct hy_policy_repeats repeats;
};

#endif
