/*
 * Puts packs in force, and tells of it. What an edit added to a large set is first a pack on top of
 * another; the full compile behind it takes its place without a new generation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/engine_inner.h"
#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "base/c_locale.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "rules/derive.h"

void hy_manager_tell(hydrant_manager *m, hydrant_rules_event *event)
{
    const struct hy_version *current = hy_manager_current(m);
    event->generation = current->shown.generation;
    event->pack = hy_str_cstr(current->shown.pack);
    hy_manager_show(m); /* who hears of it may look */
    if (m->options.on_event)
        m->options.on_event(m->options.ctx, event);
}

/* "340 ms", "3.2 s" */
static void write_seconds(double seconds, char *out, size_t cap)
{
    if (seconds < 1)
        snprintf(out, cap, "%.0f ms", seconds * 1000);
    else
        hy_c_snprintf(out, cap, "%.1f s", seconds);
}

void hy_manager_tell_live(hydrant_manager *m, const struct hy_version *version,
                          const hydrant_rules_changes *changes)
{
    const hydrant_generation *g = &version->shown;
    char text[256], took[32], again[64] = "";
    write_seconds(g->seconds, took, sizeof took);
    if (g->restored)
        snprintf(again, sizeof again, " (the rules of generation %llu)",
                 (unsigned long long)g->restored);
    int len = snprintf(text, sizeof text, "generation %llu live after %s%s%s%s",
                       (unsigned long long)g->generation, took, again, g->changes[0] ? ", " : "",
                       g->changes);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_LIVE,
                                 .cause = hy_str_cstr(g->cause),
                                 .seconds = g->seconds,
                                 .changes = *changes,
                                 .text = hy_str(text, (size_t)len)};
    hy_manager_tell(m, &event);
}

/* Waits for workers that are still at what came before the last reload; not where nothing is lost
 * by being late. */
static hydrant_status reload_engine(hydrant_manager *m, hydrant_pack *pack, bool same,
                                    uint64_t *number, hydrant_error *err)
{
    *number = m->versions_count + 1;
    if (!m->engine)
        return HYDRANT_OK;
    hydrant_status status = hy_engine_reload(m->engine, pack, same, number, err);
    int most_ms = same ? 0 : HY_MANAGER_AGAIN_MS;
    for (int ms = 0; status == HYDRANT_ERR_AGAIN && ms < most_ms && !hy_cancelled(&m->end); ms++) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        status = hy_engine_reload(m->engine, pack, same, number, err);
    }
    bool cut_off = status == HYDRANT_ERR_AGAIN && hy_cancelled(&m->end);
    return cut_off ? hy_cancel_check(&m->end, err) : status;
}

hydrant_status hy_manager_go_live(hydrant_manager *m, hydrant_pack *pack, bool same,
                                  uint64_t *number, hydrant_error *err)
{
    hydrant_pack *live;
    hydrant_status status = hy_guard_apply(m, pack, &live, err);
    if (status != HYDRANT_OK)
        return status;
    status = reload_engine(m, live, same, number, err);
    if (status != HYDRANT_OK) {
        hy_pack_handle_release(live);
        return status;
    }
    hydrant_pack_destroy(&m->live);
    m->live = live;
    return HYDRANT_OK;
}

void hy_manager_note_base(hydrant_manager *m, hydrant_pack *pack)
{
    if (hy_pack_is_incremental(pack->pack)) {
        pthread_cond_signal(&m->incomplete);
        return;
    }
    if (m->base)
        hy_pack_handle_release(m->base);
    m->base = hy_pack_handle_acquire(pack);
}

hydrant_status hy_manager_compare(hydrant_manager *m, const struct hy_parts *parts,
                                  const hydrant_pack *pack, struct hy_comparison *out,
                                  hydrant_error *err)
{
    size_t rules = (size_t)pack->pack->rules_count + 1;
    out->changed = calloc(rules, sizeof *out->changed);
    out->asks_else = calloc(rules, sizeof *out->asks_else);
    out->before_rule = calloc(rules, sizeof *out->before_rule);
    bool good = out->changed && out->asks_else && out->before_rule &&
                (!m->versions_count || hy_parts_compare(&hy_manager_current(m)->parts, parts, out));
    if (good)
        hy_guard_forget(m, pack, out);
    return good ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
}

void hy_comparison_free(struct hy_comparison *comparison)
{
    free(comparison->changed);
    free(comparison->asks_else);
    free(comparison->before_rule);
}

bool hy_manager_is_of(uint64_t hash, hydrant_str pack)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    return hy_str_is(pack, text);
}

/* ---- the full compile behind an incremental one ------------------------------------------------
 */

static hydrant_status derive_whole(hydrant_manager *m, hydrant_pack *from, hydrant_pack **out)
{
    hydrant_rules rules = m->options.rules;
    struct hy_build build = hy_manager_build(m, NULL);
    struct hy_pack *whole = NULL;
    struct hy_ruleset *set = m->unkept;
    *out = NULL;
    m->unkept = NULL;
    if (set && !hy_manager_is_of(set->hash, from->pack->hash))
        hy_ruleset_destroy(&set); /* an older pack is in force again */
    hy_manager_unlock(m);
    hydrant_status status = hy_pack_derive_whole(from->pack, &build, &whole, NULL);
    if (status == HYDRANT_OK && set)
        hy_rules_keep(&rules, set, whole, from->pack, m->options.test);
    hy_ruleset_destroy(&set);
    if (status == HYDRANT_OK)
        status = hy_pack_handle_create(whole, from, out, NULL);
    pthread_mutex_lock(&m->lock);
    return status;
}

void hy_manager_forget_whole(hydrant_manager *m)
{
    hydrant_pack_destroy(&m->whole);
    hydrant_pack_destroy(&m->whole_of);
}

/* False: it cannot be made. */
static bool make_whole(hydrant_manager *m, hydrant_pack *from)
{
    hydrant_pack *whole;
    hy_pack_handle_acquire(from);
    if (derive_whole(m, from, &whole) != HYDRANT_OK) {
        hy_pack_handle_release(from);
        return false;
    }
    hy_manager_note_base(m, whole);
    m->whole = whole;
    m->whole_of = from;
    return true;
}

bool hy_manager_complete(hydrant_manager *m)
{
    struct hy_version *current = hy_manager_current(m);
    uint64_t number;
    if (m->whole_of != current->pack)
        hy_manager_forget_whole(m);
    if (!current->pack || !hy_pack_is_incremental(current->pack->pack))
        return false;
    if (!m->whole) /* meanwhile another pack may have gone live: look again */
        return make_whole(m, current->pack);
    if (hy_manager_go_live(m, m->whole, true, &number, NULL) != HYDRANT_OK)
        return false;
    hy_pack_handle_release(current->pack);
    current->pack = hy_pack_handle_acquire(m->whole);
    hy_manager_forget_whole(m);
    return true;
}
