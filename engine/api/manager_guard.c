/*
 * The guard: rules that match far more than they did are put in shadow until somebody confirms. A
 * rule that is held is so in every generation, until it is confirmed, changed or gone.
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

static bool is_held(const hydrant_manager *m, hydrant_str rule)
{
    for (uint32_t i = 0; i < m->guarded_count; i++)
        if (hy_str_is(rule, m->guarded[i]))
            return true;
    return false;
}

static void let_go(hydrant_manager *m, uint32_t number)
{
    free(m->guarded[number]);
    m->guarded[number] = m->guarded[--m->guarded_count];
}

bool hy_guard_hold(hydrant_manager *m, hydrant_str rule)
{
    char **grown = realloc(m->guarded, (m->guarded_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    m->guarded = grown;
    m->guarded[m->guarded_count] = strndup(rule.data, rule.len);
    m->guarded_count += m->guarded[m->guarded_count] != NULL;
    return true;
}

bool hy_guard_suspect(hydrant_manager *m, uint32_t rule, uint32_t rules)
{
    if (!m->suspects) {
        m->suspects = calloc((size_t)rules + 1, sizeof *m->suspects);
        for (uint32_t i = 0; m->suspects && i < rules; i++)
            m->suspects[i] = -1;
    }
    if (!m->suspects)
        return false;
    m->suspects_count += m->suspects[rule] < 0;
    m->suspects[rule] = 0;
    return true;
}

void hy_guard_forget(hydrant_manager *m, const hydrant_pack *pack, const bool *changed)
{
    for (uint32_t k = m->guarded_count; k-- > 0;) {
        uint32_t i = 0, count = pack->pack->rules_count;
        while (i < count && !hy_str_is(pack->pack->rules[i].id, m->guarded[k]))
            i++;
        if (i == count || changed[i])
            let_go(m, k);
    }
}

hydrant_status hy_guard_confirm(hydrant_manager *m, const char *rule, hydrant_error *err)
{
    uint32_t before = m->guarded_count;
    for (uint32_t k = m->guarded_count; k-- > 0;)
        if (!rule || strcmp(rule, m->guarded[k]) == 0)
            let_go(m, k);
    if (m->guarded_count < before)
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
    if (m->guarded_count == 0) {
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
    char **grown = realloc(m->told_rules, (m->told_count + 1) * sizeof *grown);
    if (!grown)
        return;
    m->told_rules = grown;
    m->told_rules[m->told_count] = strndup(rule.data, rule.len);
    m->told_count += m->told_rules[m->told_count] != NULL;
    size_t old = m->told ? strlen(m->told) : 0, len = strlen(line);
    char *told = realloc(m->told, old + len + 3);
    if (!told)
        return;
    m->told = told;
    snprintf(told + old, len + 3, "%s%s", old ? "; " : "", line);
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
    if (m->told_count == 0)
        return;
    hydrant_str *rules = calloc(m->told_count, sizeof *rules);
    for (uint32_t i = 0; rules && i < m->told_count; i++)
        rules[i] = hy_str_cstr(m->told_rules[i]);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_SHADOWED,
                                 .cause = HY_STR("guard"),
                                 .text = hy_str_cstr(m->told ? m->told : ""),
                                 .rules = rules,
                                 .rules_count = rules ? m->told_count : 0};
    hy_manager_tell(m, &event);
    free(rules);
    for (uint32_t i = 0; i < m->told_count; i++)
        free(m->told_rules[i]);
    m->told_count = 0;
    free(m->told);
    m->told = NULL;
}

void hy_guard_forget_suspects(hydrant_manager *m)
{
    free(m->suspects);
    m->suspects = NULL;
    m->suspects_count = 0;
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
        if (!comparison->changed[i] || pack->pack->rules[i].state != HY_RULE_LIVE)
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

static void note_suspects(hydrant_manager *m, const hydrant_pack *pack,
                          const struct hy_comparison *comparison)
{
    struct measured measured;
    uint32_t rules = pack->pack->rules_count;
    m->suspects = calloc((size_t)rules + 1, sizeof *m->suspects);
    if (!m->suspects || !measure_engine(m->engine, m->live->pack->rules_count, &measured)) {
        hy_guard_forget_suspects(m);
        return;
    }
    for (uint32_t i = 0; i < rules; i++) {
        bool live =
            pack->pack->rules[i].state == HY_RULE_LIVE && !is_held(m, pack->pack->rules[i].id);
        m->suspects[i] = comparison->changed[i] && live
                             ? share_before(m, &measured, comparison->before_rule[i])
                             : -1;
        m->suspects_count += m->suspects[i] >= 0;
    }
    free(measured.rules);
    pthread_cond_signal(&m->incomplete);
}

void hy_guard_begin(hydrant_manager *m, const hydrant_pack *pack,
                    const struct hy_comparison *comparison)
{
    hy_guard_forget_suspects(m);
    if (m->options.flood_factor <= 0 || !hy_manager_current(m)->pack)
        return;
    hydrant_pack *measured = hy_pack_handle_acquire((hydrant_pack *)(uintptr_t)pack);
    if (!check_recording(m, measured, comparison))
        note_suspects(m, pack, comparison);
    hy_pack_handle_release(measured);
}

void hy_guard_check(hydrant_manager *m)
{
    struct measured now;
    uint32_t rules = m->live->pack->rules_count, held = 0;
    if (m->suspects_count == 0 || !measure_engine(m->engine, rules, &now))
        return;
    bool enough = now.posts_now >= m->options.flood_posts && now.posts_now > 0;
    for (uint32_t i = 0; enough && i < rules; i++) {
        double share = (double)now.rules[i].hits_now / (double)now.posts_now;
        if (m->suspects[i] < 0 || !floods(m, share, m->suspects[i]))
            continue;
        hold(m, m->live->pack->rules[i].id, share, m->suspects[i]);
        m->suspects[i] = -1;
        m->suspects_count--;
        held++;
    }
    bool known = now.posts_now >= (uint64_t)m->options.flood_posts * RECORDED_FACTOR;
    free(now.rules);
    if (known)
        hy_guard_forget_suspects(m);
    if (held && hy_manager_repeat(m, hy_manager_current(m), "guard", 0, NULL) == HYDRANT_OK)
        hy_guard_tell(m);
}

void hy_guard_free(hydrant_manager *m)
{
    for (uint32_t i = 0; i < m->guarded_count; i++)
        free(m->guarded[i]);
    for (uint32_t i = 0; i < m->told_count; i++)
        free(m->told_rules[i]);
    free(m->guarded);
    free(m->told_rules);
    free(m->told);
    free(m->suspects);
    free(m->kept);
}
