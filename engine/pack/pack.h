/*
 * The rule pack: everything that judges, compiled, immutable, with a generation and a content hash.
 * rules/ makes it; the engine knows only this. Any number of threads read it without a lock; it is
 * freed when the last worker has left it.
 */
#ifndef HY_PACK_PACK_H
#define HY_PACK_PACK_H

#include <hydrant/item.h>

#include "base/arena.h"
#include "batch/batch.h"

struct hy_matcher;       /* pack/matcher.h: databases, terms, programs */
struct hy_policy;        /* pack/policy.h: triage lines, compiled */
struct hy_emotion_model; /* pack/model.h: the emotion model, mapped or embedded */
struct hy_mappings;      /* pack/mapping.h: how records of networks become mentions */

enum hy_rule_state { HY_RULE_LIVE, HY_RULE_SHADOW, HY_RULE_OFF };

struct hy_rule {
    hydrant_str id, brand, route, answers, owner;
    const hydrant_str *skills;
    const hydrant_tag *tags;
    uint32_t skills_count, tags_count;
    uint8_t priority; /* 0..100: low 25, normal 50, high 75, urgent 95 */
    uint8_t state;    /* enum hy_rule_state */
    int64_t until_us; /* HYDRANT_TIME_NONE: for ever */
    hydrant_str file; /* where it is written */
    uint32_t line;
};

/* Handles and sites of a brand, for own: and sitekind: terms. Handles are folded, without @. */
struct hy_brand {
    hydrant_str name;
    const hydrant_str *own_from, *own_to;
    uint32_t own_from_count, own_to_count;
    const struct hy_site *sites;
    uint32_t sites_count;
};

struct hy_site {
    hydrant_str domain; /* folded; subdomains count */
    hydrant_str kind;   /* fan, rant, industry, competitor ... */
};

/* How a network writes its text: networks: {mastodon: {text: html}} in the rules. */
struct hy_network {
    hydrant_str name;
    enum hy_text_format text;
};

struct hy_pack {
    struct hy_arena arena; /* owns all of the below that has no owner of its own */
    uint64_t generation;
    hydrant_str hash;            /* 16 hex digits over the content of every file that went in */
    const struct hy_rule *rules; /* in file order: the index is the rule's number everywhere */
    uint32_t rules_count;
    uint32_t patterns_count; /* distinct terms, for statistics */
    double compile_seconds;
    const struct hy_brand *brands;
    uint32_t brands_count;
    const hydrant_str *own_to; /* of all brands, by hy_str_compare: a name may stand there twice */
    uint32_t own_to_count, own_to_bytes_max;
    const struct hy_network *networks;
    uint32_t networks_count;
    struct hy_matcher *matcher;
    const struct hy_policy *policy;
    const struct hy_emotion_model *model;
    struct hy_mappings *mappings; /* never NULL in a finished pack; shared, by reference */
    const struct hy_program *const *probes; /* see rules/ruleset.h; of trials only, else NULL */
};

#endif
