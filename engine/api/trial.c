#include "api/trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/str.h"
#include "dedup/dedup.h"
#include "pack/matcher.h"
#include "pipeline/stages.h"
#include "triage/memory.h"
#include "triage/triage.h"

enum { RECORD_BYTES = 1 << 20, REMEMBERED = 64 };

struct hy_trial {
    struct hy_counters counters;
    const struct hy_pack *pack;
    struct hy_pack *own; /* the pack when it has the watcher; else NULL */
    struct hy_stages stages;
    struct hy_triage *triage;
    struct hy_dedup *dedup;   /* NULL: nothing is remembered */
    struct hy_memory *memory; /* the same */
    struct hy_eval_scratch *scratch;
    struct hy_source source;
    struct hy_parcel parcel;
    hydrant_mention decoded;
    char record[RECORD_BYTES + HY_RECORD_PADDING];
};

static struct hy_query always = {.kind = HY_QUERY_ALL};

/* The id is one that no rule file can use. */
static struct hy_rule_source watcher(void)
{
    return (struct hy_rule_source){
        .rule = {.id = HY_STR("*"), .state = HY_RULE_LIVE, .until_us = HYDRANT_TIME_NONE},
        .match = &always};
}

static hydrant_status compile(const struct hy_ruleset *ruleset, const struct hy_build *build,
                              struct hy_pack **out, hydrant_error *err)
{
    struct hy_rule_source *rules = malloc((ruleset->rules_count + 1) * sizeof *rules);
    if (!rules)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to try %u rules",
                            ruleset->rules_count);
    if (ruleset->rules_count)
        memcpy(rules, ruleset->rules, ruleset->rules_count * sizeof *rules);
    rules[ruleset->rules_count] = watcher();
    struct hy_ruleset watched = *ruleset;
    watched.rules = rules;
    watched.rules_count++;
    struct hy_compile_options options = {.generation = 1, .build = build};
    hydrant_status status = hy_pack_compile(&watched, &options, out, err);
    free(rules);
    if (status == HYDRANT_OK)
        (*out)->matcher->regexes_always = true; /* of every rule, woken or not */
    return status;
}

static hydrant_status new_trial(struct hy_trial **out, hydrant_error *err)
{
    struct hy_trial *trial = aligned_alloc(64, (sizeof *trial + 63) & ~(size_t)63);
    *out = trial;
    if (!trial)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a trial");
    memset(trial, 0, sizeof *trial);
    trial->source = (struct hy_source){.name = HY_STR("test"), .format = HY_FORMAT_NATIVE};
    return HYDRANT_OK;
}

static hydrant_status begin(struct hy_trial *trial, const struct hy_pack *pack, hydrant_error *err)
{
    struct hy_stages_options options = {.record_bytes_max = RECORD_BYTES,
                                        .parcel_bytes_max = RECORD_BYTES};
    trial->pack = pack;
    hydrant_status status =
        hy_stages_init(&trial->stages, &options, pack, trial->dedup, &trial->counters, err);
    if (status == HYDRANT_OK && trial->memory)
        hy_stages_listen(&trial->stages, trial->memory);
    if (status == HYDRANT_OK)
        status = hy_triage_create(pack, &trial->triage, err);
    if (status == HYDRANT_OK)
        status = hy_eval_scratch_create(pack, &trial->scratch, err);
    if (status == HYDRANT_OK)
        hy_stages_take_up(&trial->stages, pack, trial->triage);
    return status;
}

hydrant_status hy_trial_create_on(const struct hy_pack *pack, struct hy_trial **out,
                                  hydrant_error *err)
{
    hydrant_status status = new_trial(out, err);
    if (status == HYDRANT_OK)
        status = begin(*out, pack, err);
    if (status != HYDRANT_OK)
        hy_trial_destroy(out);
    return status;
}

static hydrant_status remember(struct hy_trial *trial, hydrant_error *err)
{
    struct hy_dedup_options window = {.entries = REMEMBERED};
    struct hy_memory_options memory = {
        .conversations = REMEMBERED, .authors = REMEMBERED, .holds = REMEMBERED};
    hydrant_status status = hy_dedup_create(&window, &trial->dedup, err);
    return status == HYDRANT_OK ? hy_memory_create(&memory, &trial->memory, err) : status;
}

static hydrant_status create(const struct hy_ruleset *ruleset, const struct hy_build *build,
                             bool remembers, struct hy_trial **out, hydrant_error *err)
{
    hydrant_status status = new_trial(out, err);
    if (status == HYDRANT_OK && remembers)
        status = remember(*out, err);
    if (status == HYDRANT_OK)
        status = compile(ruleset, build, &(*out)->own, err);
    if (status == HYDRANT_OK)
        status = begin(*out, (*out)->own, err);
    if (status != HYDRANT_OK)
        hy_trial_destroy(out);
    return status;
}

hydrant_status hy_trial_create(const struct hy_ruleset *ruleset, const struct hy_build *build,
                               struct hy_trial **out, hydrant_error *err)
{
    return create(ruleset, build, false, out, err);
}

hydrant_status hy_trial_create_remembering(const struct hy_ruleset *ruleset,
                                           const struct hy_build *build, struct hy_trial **out,
                                           hydrant_error *err)
{
    return create(ruleset, build, true, out, err);
}

void hy_trial_destroy(struct hy_trial **out)
{
    struct hy_trial *trial = *out;
    *out = NULL;
    if (!trial)
        return;
    hy_eval_scratch_destroy(&trial->scratch);
    hy_stages_fini(&trial->stages);
    hy_triage_destroy(&trial->triage);
    hy_dedup_destroy(&trial->dedup);
    hy_memory_destroy(&trial->memory);
    if (trial->own)
        hy_pack_destroy(&trial->own);
    free(trial);
}

const struct hy_pack *hy_trial_pack(const struct hy_trial *trial)
{
    return trial->pack;
}

static hydrant_status copy_input(struct hy_trial *trial, hydrant_str input, hydrant_error *err)
{
    if (input.len > RECORD_BYTES)
        return hy_error_set(err, HYDRANT_ERR_LIMIT, "a mention has at most %u bytes",
                            (unsigned)RECORD_BYTES);
    if (input.len)
        memcpy(trial->record, input.data, input.len);
    memset(trial->record + input.len, 0, HY_RECORD_PADDING);
    trial->parcel.source = &trial->source;
    trial->parcel.count = 1;
    trial->parcel.bytes = input.len;
    trial->parcel.records[0] = (struct hy_record){.data = trial->record, .len = input.len};
    return HYDRANT_OK;
}

/* Time is that of the mention, as in scan. */
static void take(struct hy_trial *trial)
{
    hy_stages_judge(&trial->stages, &trial->parcel, HYDRANT_TIME_NONE);
    hy_stages_settle(&trial->stages);
}

hydrant_status hy_trial_run_text(struct hy_trial *trial, hydrant_str text, hydrant_error *err)
{
    hydrant_status status = copy_input(trial, text, err);
    if (status != HYDRANT_OK)
        return status;
    trial->decoded = (hydrant_mention){.text = hy_str(trial->record, text.len)};
    trial->parcel.decoded = &trial->decoded;
    take(trial);
    return HYDRANT_OK;
}

hydrant_status hy_trial_run_record(struct hy_trial *trial, hydrant_str record, hydrant_error *err)
{
    hydrant_status status = copy_input(trial, record, err);
    if (status != HYDRANT_OK)
        return status;
    trial->parcel.decoded = NULL;
    take(trial);
    return HYDRANT_OK;
}

const struct hy_mention *hy_trial_mention(const struct hy_trial *trial)
{
    return &trial->stages.batch->mentions[0];
}

hydrant_item hy_trial_item(const struct hy_trial *trial)
{
    const struct hy_mention *mention = hy_trial_mention(trial);
    uint32_t count = mention->matches_count;
    if (trial->own && count && mention->matched_rules[count - 1] == trial->pack->rules_count - 1)
        count--;
    bool judged = count > 0;
    hydrant_drop drop = mention->drop;
    if (!judged && (drop == HYDRANT_DROP_NONE || drop == HYDRANT_DROP_IGNORED))
        drop = HYDRANT_DROP_NO_MATCH;
    return (hydrant_item){
        .generation = trial->pack->generation,
        .pack = trial->pack->hash,
        .source = trial->source.name,
        .mention = &mention->m,
        .drop = drop,
        .verdict = judged ? mention->verdict : NULL,
        .matches = mention->matches,
        .matches_count = count,
        .emotion = judged ? mention->emotion : NULL,
        .dup = judged ? mention->dup : NULL,
        .pii = mention->pii,
        .pii_count = judged ? mention->pii_count : 0,
    };
}

bool hy_trial_matched(const struct hy_trial *trial, uint32_t rule)
{
    const struct hy_mention *mention = hy_trial_mention(trial);
    for (uint32_t i = 0; i < mention->matches_count; i++)
        if (mention->matched_rules[i] == rule)
            return true;
    return false;
}

struct hy_eval hy_trial_eval(struct hy_trial *trial)
{
    const struct hy_mention *mention = hy_trial_mention(trial);
    struct hy_eval eval = {.pack = trial->pack,
                           .mention = mention,
                           .source = trial->source.name,
                           .brand = hy_eval_brand(trial->pack, mention),
                           .verdict = mention->verdict,
                           .scratch = trial->scratch};
    hy_eval_begin(&eval);
    return eval;
}
