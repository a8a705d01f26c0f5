/*
 * The guard: rules that match far more than they did are put in shadow until somebody confirms. A
 * rule that is held is so in every generation, until it is confirmed, asks something else of
 * mentions, or is gone; and again when a generation is restored in which it was.
 *
 * What a rule matched before and matches now comes from a recording, on which the present pack and
 * the new one are tried before the latter goes live, or else from the engine's own counters: those
 * of the generation before, and those of the new one once it has judged enough.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "api/engine_inner.h"
#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "base/c_locale.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "rules/derive.h"

enum { RECORDED_FACTOR = 50 }; /* times flood_posts: so many mentions are looked at at most */

/* ---- ids ---- */

static bool have_id(const struct hy_ids *ids, hydrant_str id)
{
    for (uint32_t i = 0; i < ids->count; i++)
        if (hy_str_is(id, ids->at[i]))
            return true;
    return false;
}

static bool add_id(struct hy_ids *ids, hydrant_str id)
{
    char **grown = realloc(ids->at, (ids->count + 1) * sizeof *grown);
    if (!grown)
        return false;
    ids->at = grown;
    ids->at[ids->count] = strndup(id.data, id.len);
    if (!ids->at[ids->count])
        return false;
    ids->count++;
    return true;
}

static void drop_id(struct hy_ids *ids, uint32_t number)
{
    free(ids->at[number]);
    ids->at[number] = ids->at[--ids->count];
}

bool hy_ids_copy(struct hy_ids *to, const struct hy_ids *from)
{
    bool good = true;
    *to = (struct hy_ids){.at = NULL};
    for (uint32_t i = 0; good && i < from->count; i++)
        good = add_id(to, hy_str_cstr(from->at[i]));
    return good;
}

void hy_ids_free(struct hy_ids *ids)
{
    for (uint32_t i = 0; i < ids->count; i++)
        free(ids->at[i]);
    free(ids->at);
    *ids = (struct hy_ids){.at = NULL};
}

static bool is_held(const hydrant_manager *m, hydrant_str rule)
{
    return have_id(&m->guard.held, rule);
}

bool hy_guard_hold(hydrant_manager *m, hydrant_str rule)
{
    return is_held(m, rule) || add_id(&m->guard.held, rule);
}

/* ---- what a pack that does not go live leaves as it was ---- */

static void free_guard(struct hy_guard *guard)
{
    hy_ids_free(&guard->held);
    for (uint32_t i = 0; i < guard->told_count; i++)
        free(guard->told_rules[i]);
    free(guard->suspects);
    free(guard->told_rules);
    free(guard->told);
}

/* All of it but what is to be told, which is the pack's that goes live. */
static bool copy_guard(const hydrant_manager *m, struct hy_guard *to)
{
    const struct hy_guard *from = &m->guard;
    *to = (struct hy_guard){.suspects = NULL};
    bool good = hy_ids_copy(&to->held, &from->held);
    if (!good || !from->suspects)
        return good;
    size_t bytes = ((size_t)m->live->pack->rules_count + 1) * sizeof *to->suspects;
    to->suspects = malloc(bytes);
    if (to->suspects)
        memcpy(to->suspects, from->suspects, bytes);
    to->suspects_count = from->suspects_count;
    to->looked = from->looked;
    return to->suspects != NULL;
}

hydrant_status hy_guard_save(hydrant_manager *m, struct hy_guard *before, hydrant_error *err)
{
    struct hy_guard copy;
    if (!copy_guard(m, &copy)) {
        free_guard(&copy);
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the guard");
    }
    *before = m->guard;
    m->guard = copy;
    return HYDRANT_OK;
}

void hy_guard_settle(hydrant_manager *m, struct hy_guard *before, bool live)
{
    struct hy_guard after = m->guard;
    if (live)
        m->guard.looked = 0; /* a generation counts from there */
    else
        m->guard = *before;
    free_guard(live ? before : &after);
}

/* ---- rules that are held, and suspects ---- */

bool hy_guard_suspect(hydrant_manager *m, uint32_t rule, uint32_t rules)
{
    if (!m->guard.suspects) {
        m->guard.suspects = calloc((size_t)rules + 1, sizeof *m->guard.suspects);
        for (uint32_t i = 0; m->guard.suspects && i < rules; i++)
            m->guard.suspects[i] = -1;
    }
    if (!m->guard.suspects)
        return false;
    m->guard.suspects_count += m->guard.suspects[rule] < 0;
    m->guard.suspects[rule] = 0;
    return true;
}

static uint32_t number_of(const hydrant_pack *pack, const char *rule)
{
    uint32_t i = 0;
    while (i < pack->pack->rules_count && !hy_str_is(pack->pack->rules[i].id, rule))
        i++;
    return i;
}

void hy_guard_forget(hydrant_manager *m, const hydrant_pack *pack, struct hy_comparison *comparison)
{
    for (uint32_t k = m->guard.held.count; k-- > 0;) {
        uint32_t i = number_of(pack, m->guard.held.at[k]);
        bool gone = i == pack->pack->rules_count;
        if (!gone && !comparison->asks_else[i])
            continue;
        if (!gone)
            comparison->before_rule[i] = UINT32_MAX;
        drop_id(&m->guard.held, k);
    }
}

bool hy_guard_hold_again(hydrant_manager *m, const hydrant_pack *pack, const struct hy_ids *rules)
{
    for (uint32_t k = 0; k < rules->count; k++) {
        hydrant_str rule = hy_str_cstr(rules->at[k]);
        if (number_of(pack, rules->at[k]) == pack->pack->rules_count || is_held(m, rule))
            continue;
        if (!hy_guard_hold(m, rule))
            return false;
        hy_guard_note_again(m, rule);
    }
    return true;
}

hydrant_status hy_guard_confirm(hydrant_manager *m, const char *rule, hydrant_error *err)
{
    uint32_t before = m->guard.held.count;
    for (uint32_t k = before; k-- > 0;)
        if (!rule || strcmp(rule, m->guard.held.at[k]) == 0)
            drop_id(&m->guard.held, k);
    if (m->guard.held.count < before)
        return HYDRANT_OK;
    return rule ? hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the guard holds no rule %s", rule)
                : hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the guard holds no rule");
}

hydrant_status hy_guard_apply(hydrant_manager *m, hydrant_pack *pack, hydrant_pack **out,
                              hydrant_error *err)
{
    const struct hy_pack *from = pack->pack;
    struct hy_pack *derived = NULL;
    *out = NULL;
    if (m->guard.held.count == 0) {
        *out = hy_pack_handle_acquire(pack);
        return HYDRANT_OK;
    }
    bool *in_shadow = calloc((size_t)from->rules_count + 1, sizeof *in_shadow);
    if (!in_shadow)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
    for (uint32_t i = 0; i < from->rules_count; i++)
        in_shadow[i] = from->rules[i].state == HY_RULE_SHADOW || is_held(m, from->rules[i].id);
    hydrant_status status = hy_pack_derive_shadow(from, in_shadow, &derived, err);
    free(in_shadow);
    return status == HYDRANT_OK ? hy_pack_handle_create(derived, pack, out, err) : status;
}

/* ---- shares ---- */

/* What rules did, and over how many mentions. */
struct measured {
    hydrant_rule_stats *rules;
    uint64_t posts, posts_now; /* ever, and by the present generation */
};

static bool measure_engine(hydrant *engine, uint32_t rules, struct measured *out)
{
    hydrant_stats stats;
    out->rules = calloc((size_t)rules + 1, sizeof *out->rules);
    if (!out->rules || hy_engine_rule_stats(engine, out->rules, rules, &out->posts_now) != rules) {
        free(out->rules);
        out->rules = NULL;
        return false;
    }
    hydrant_stats_read(engine, &stats);
    out->posts = stats.posts;
    return true;
}

/* The greater one of its share ever and by the present generation; negative: too few mentions. */
static double share_of(const struct measured *m, uint32_t rule, uint64_t least)
{
    double ever = -1, now = -1;
    if (m->posts >= least && m->posts > 0)
        ever = (double)m->rules[rule].hits / (double)m->posts;
    if (m->posts_now >= least && m->posts_now > 0)
        now = (double)m->rules[rule].hits_now / (double)m->posts_now;
    return ever > now ? ever : now;
}

static bool floods(const hydrant_manager *m, double share, double before)
{
    return share >= m->options.flood_share && share > m->options.flood_factor * before;
}

void hy_guard_note(hydrant_manager *m, hydrant_str rule, const char *line)
{
    char **grown = realloc(m->guard.told_rules, (m->guard.told_count + 1) * sizeof *grown);
    if (!grown)
        return;
    m->guard.told_rules = grown;
    m->guard.told_rules[m->guard.told_count] = strndup(rule.data, rule.len);
    m->guard.told_count += m->guard.told_rules[m->guard.told_count] != NULL;
    size_t old = m->guard.told ? strlen(m->guard.told) : 0, len = strlen(line);
    char *told = realloc(m->guard.told, old + len + 3);
    if (!told)
        return;
    m->guard.told = told;
    snprintf(told + old, len + 3, "%s%s", old ? "; " : "", line);
}

void hy_guard_note_again(hydrant_manager *m, hydrant_str rule)
{
    char line[384];
    snprintf(line, sizeof line, "rule %.*s is in shadow, as before, until it is confirmed",
             (int)rule.len, rule.data);
    hy_guard_note(m, rule, line);
}

/* Adds what is to be told about a rule, and holds it. */
static void hold(hydrant_manager *m, hydrant_str rule, double share, double before)
{
    char line[384];
    hy_c_snprintf(
        line, sizeof line,
        "rule %.*s matches %.3g %% of all mentions, %.3g %% before: it is in shadow until it "
        "is confirmed",
        (int)rule.len, rule.data, share * 100, before * 100);
    if (hy_guard_hold(m, rule))
        hy_guard_note(m, rule, line);
}

void hy_guard_tell(hydrant_manager *m)
{
    if (m->guard.told_count == 0)
        return;
    hydrant_str *rules = calloc(m->guard.told_count, sizeof *rules);
    for (uint32_t i = 0; rules && i < m->guard.told_count; i++)
        rules[i] = hy_str_cstr(m->guard.told_rules[i]);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_SHADOWED,
                                 .cause = HY_STR("guard"),
                                 .text = hy_str_cstr(m->guard.told ? m->guard.told : ""),
                                 .rules = rules,
                                 .rules_count = rules ? m->guard.told_count : 0};
    hy_manager_tell(m, &event);
    free(rules);
    for (uint32_t i = 0; i < m->guard.told_count; i++)
        free(m->guard.told_rules[i]);
    m->guard.told_count = 0;
    free(m->guard.told);
    m->guard.told = NULL;
}

void hy_guard_forget_suspects(hydrant_manager *m)
{
    free(m->guard.suspects);
    m->guard.suspects = NULL;
    m->guard.suspects_count = 0;
}

/* ---- against a recording ---- */

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Queues the recording: a file, or the files of a folder, the newest first. */
static bool add_recording(hydrant *engine, const char *path)
{
    struct dirent **entries;
    struct stat st;
    bool any = false;
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
        return hydrant_add_file(engine, path, NULL) == HYDRANT_OK;
    int count = scandir(path, &entries, not_hidden, hy_file_by_name);
    for (int i = count - 1; i >= 0; i--) {
        char name[4096];
        if (snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name) < (int)sizeof name)
            any |= hydrant_add_file(engine, name, NULL) == HYDRANT_OK;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return any;
}

/* What the rules of a pack do with the newest mentions of the recording. The end of what is being
 * written may be damaged: that is no matter. */
static bool measure_recording(hydrant_manager *m, hydrant_pack *pack, struct measured *out)
{
    hydrant_options options;
    hydrant *engine = NULL;
    hydrant_progress progress = {.inputs_left = 1};
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_NONE;
    options.event_time = true;
    options.dedup_window_us = 0;
    bool good = hydrant_create(&options, pack, &engine, NULL) == HYDRANT_OK &&
                add_recording(engine, m->options.recording);
    uint64_t most = (uint64_t)m->options.flood_posts * RECORDED_FACTOR;
    while (good && progress.inputs_left > 0 && progress.posts < most && !hy_cancelled(&m->end)) {
        if (hydrant_step(engine, NULL) == HYDRANT_ERR_AGAIN)
            break;
        hydrant_progress_read(engine, &progress);
    }
    good = good && progress.posts >= m->options.flood_posts &&
           measure_engine(engine, pack->pack->rules_count, out);
    hydrant_destroy(&engine);
    return good;
}

/* Holds what floods on the recording. False: there is none, or it is too short. */
static bool check_recording(hydrant_manager *m, hydrant_pack *pack,
                            const struct hy_comparison *comparison)
{
    struct measured before, after;
    if (!m->options.recording || !measure_recording(m, pack, &after))
        return false;
    if (!measure_recording(m, hy_manager_current(m)->pack, &before)) {
        free(after.rules);
        return false;
    }
    for (uint32_t i = 0; i < pack->pack->rules_count; i++) {
        if (!comparison->changed[i] || pack->pack->rules[i].state != HY_RULE_LIVE ||
            is_held(m, pack->pack->rules[i].id))
            continue;
        uint32_t old = comparison->before_rule[i];
        double was = old == UINT32_MAX ? 0 : share_of(&before, old, 1);
        double is = share_of(&after, i, 1);
        if (floods(m, is, was))
            hold(m, pack->pack->rules[i].id, is, was);
    }
    free(before.rules);
    free(after.rules);
    return true;
}

/* ---- against what the engine judges ---- */

static double share_before(const hydrant_manager *m, const struct measured *measured, uint32_t old)
{
    return old == UINT32_MAX ? 0 : share_of(measured, old, m->options.flood_posts);
}

/* What was suspected before is so still, with the share from before that; and what changed, unless
 * measured is NULL: the recording has said enough of it, or nothing is known. */
static void note_suspects(hydrant_manager *m, const hydrant_pack *pack,
                          const struct hy_comparison *comparison, const struct measured *measured)
{
    const double *suspected = m->guard.suspects;
    uint32_t rules = pack->pack->rules_count, count = 0;
    double *suspects = calloc((size_t)rules + 1, sizeof *suspects);
    for (uint32_t i = 0; suspects && i < rules; i++) {
        uint32_t old = comparison->before_rule[i];
        suspects[i] = -1;
        if (pack->pack->rules[i].state != HY_RULE_LIVE || is_held(m, pack->pack->rules[i].id))
            continue;
        if (comparison->changed[i] && !measured)
            continue;
        if (suspected && old != UINT32_MAX && suspected[old] >= 0)
            suspects[i] = suspected[old];
        else if (comparison->changed[i])
            suspects[i] = share_before(m, measured, old);
        count += suspects[i] >= 0;
    }
    hy_guard_forget_suspects(m);
    m->guard.suspects = suspects;
    m->guard.suspects_count = count;
    pthread_cond_signal(&m->incomplete);
}

void hy_guard_begin(hydrant_manager *m, const hydrant_pack *pack,
                    const struct hy_comparison *comparison)
{
    struct measured measured = {.rules = NULL};
    if (m->options.flood_factor <= 0 || !hy_manager_current(m)->pack) {
        hy_guard_forget_suspects(m);
        return;
    }
    hydrant_pack *tried = hy_pack_handle_acquire((hydrant_pack *)(uintptr_t)pack);
    bool known = check_recording(m, tried, comparison);
    hy_pack_handle_release(tried);
    if (!known)
        known = !measure_engine(m->engine, m->live->pack->rules_count, &measured);
    note_suspects(m, pack, comparison, known ? NULL : &measured);
    free(measured.rules);
}

static bool suspect_floods(const hydrant_manager *m, uint32_t rule, double *share)
{
    double before = m->guard.suspects[rule];
    if (before < 0)
        return false;
    *share =
        (double)hy_pipeline_hits_now(hy_engine_pipeline(m->engine), rule) / (double)m->guard.looked;
    return floods(m, *share, before);
}

/* Holds suspects that flood, from `first` on. What cannot go live now is tried at the next look. */
static void hold_floods(hydrant_manager *m, uint32_t first)
{
    double share;
    struct hy_guard before;
    const struct hy_pack *pack = m->live->pack;
    if (hy_guard_save(m, &before, NULL) != HYDRANT_OK)
        return;
    for (uint32_t i = first; i < pack->rules_count; i++) {
        if (!suspect_floods(m, i, &share))
            continue;
        hold(m, pack->rules[i].id, share, m->guard.suspects[i]);
        m->guard.suspects[i] = -1;
        m->guard.suspects_count--;
    }
    hydrant_status status = hy_manager_repeat(m, hy_manager_current(m), "guard", 0, NULL);
    hy_guard_settle(m, &before, status == HYDRANT_OK);
    hy_guard_tell(m);
}

void hy_guard_check(hydrant_manager *m)
{
    uint32_t rules = m->live->pack->rules_count, i = 0;
    if (m->guard.suspects_count == 0)
        return;
    uint64_t posts = hy_pipeline_posts_now(hy_engine_pipeline(m->engine));
    if (posts == m->guard.looked)
        return;
    m->guard.looked = posts;
    if (posts < m->options.flood_posts)
        return;
    double share;
    while (i < rules && !suspect_floods(m, i, &share))
        i++;
    if (i < rules)
        hold_floods(m, i);
    else if (posts >= (uint64_t)m->options.flood_posts * RECORDED_FACTOR)
        hy_guard_forget_suspects(m);
}

void hy_guard_free(hydrant_manager *m)
{
    free_guard(&m->guard);
    free(m->kept);
}
