/*
 * The generations that were in force: a ring of the last ones, each with what was told of it; the
 * newest have their packs, too, and can be put in force again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

struct hy_version *hy_manager_current(hydrant_manager *m)
{
    return &m->versions[(m->versions_count - 1) % HY_MANAGER_VERSIONS];
}

struct hy_version *hy_manager_version(hydrant_manager *m, uint64_t back)
{
    if (back >= m->versions_count || back >= HY_MANAGER_VERSIONS)
        return NULL;
    return &m->versions[(m->versions_count - 1 - back) % HY_MANAGER_VERSIONS];
}

static void forget_pack(struct hy_version *version)
{
    hydrant_pack_destroy(&version->pack);
    hy_parts_free(&version->parts);
    hy_ids_free(&version->held);
    version->shown.kept = false;
}

/* The newest packs stay; a pack that was restored counts once for each time. */
static void forget_old_packs(hydrant_manager *m)
{
    uint32_t kept = 0;
    struct hy_version *version;
    for (uint64_t back = 1; (version = hy_manager_version(m, back)); back++)
        if (version->pack && kept++ >= m->options.history)
            forget_pack(version);
}

struct hy_version *hy_manager_add_version(hydrant_manager *m, uint64_t number, const char *cause,
                                          hydrant_pack *pack, struct hy_parts parts)
{
    struct hy_version *version = &m->versions[m->versions_count++ % HY_MANAGER_VERSIONS];
    hydrant_pack_info info;
    if (version->pack)
        forget_pack(version);
    hydrant_pack_describe(pack, &info);
    *version = (struct hy_version){.pack = pack, .parts = parts, .origin = number};
    hydrant_generation *shown = &version->shown;
    shown->generation = number;
    shown->live_us = hy_clock_wall_us();
    shown->rules = info.rules;
    shown->patterns = info.patterns;
    shown->kept = hy_ids_copy(&version->held, &m->guard.held);
    snprintf(shown->pack, sizeof shown->pack, "%.*s", (int)info.hash.len, info.hash.data);
    snprintf(shown->cause, sizeof shown->cause, "%s", cause);
    forget_old_packs(m);
    return version;
}

void hy_manager_forget_versions(hydrant_manager *m)
{
    for (uint32_t i = 0; i < HY_MANAGER_VERSIONS; i++)
        forget_pack(&m->versions[i]);
}

/* The version that a rollback goes to, or NULL with the error set. */
static struct hy_version *find_target(hydrant_manager *m, uint64_t to, hydrant_error *err)
{
    const struct hy_version *current = hy_manager_current(m);
    struct hy_version *version;
    for (uint64_t back = 1; (version = hy_manager_version(m, back)); back++) {
        bool wanted = to ? version->shown.generation == to
                         : version->origin < current->origin &&
                               strcmp(version->shown.pack, current->shown.pack) != 0;
        if (!wanted)
            continue;
        if (!version->shown.kept)
            hy_error_set(err, HYDRANT_ERR_STATE, "the pack of generation %llu is not kept any more",
                         (unsigned long long)version->shown.generation);
        return version->shown.kept ? version : NULL;
    }
    if (to)
        hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                     "there is no generation %llu before the present one", (unsigned long long)to);
    else
        hy_error_set(err, HYDRANT_ERR_STATE, "there is no generation to go back to");
    return NULL;
}

static bool copy_parts(struct hy_parts *to, const struct hy_parts *from)
{
    *to = *from;
    to->at = malloc(((size_t)from->count + 1) * sizeof *to->at);
    if (to->at && from->count)
        memcpy(to->at, from->at, from->count * sizeof *to->at);
    return to->at != NULL;
}

hydrant_status hy_manager_repeat(hydrant_manager *m, const struct hy_version *from,
                                 const char *cause, uint64_t restored, hydrant_error *err)
{
    uint64_t start_ns = hy_clock_mono_ns(), number, origin = from->origin;
    hydrant_pack *pack = hy_pack_handle_acquire(from->pack);
    struct hy_parts parts = {NULL, 0, 0};
    struct hy_comparison comparison = {.changed = NULL};
    hydrant_status status = HYDRANT_ERR_NOMEM;
    if (copy_parts(&parts, &from->parts))
        status = hy_manager_compare(m, &parts, pack, &comparison, err);
    else
        hy_error_set(err, status, "no memory for the rules");
    hy_comparison_free(&comparison);
    if (status == HYDRANT_OK && restored && !hy_guard_hold_again(m, pack, &from->held))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the guard");
    if (status == HYDRANT_OK)
        status = hy_manager_go_live(m, pack, false, &number, err);
    if (status != HYDRANT_OK) {
        hy_pack_handle_release(pack);
        hy_parts_free(&parts);
        return status;
    }
    struct hy_version *version = hy_manager_add_version(m, number, cause, pack, parts);
    version->origin = origin;
    version->shown.restored = restored;
    version->shown.seconds = (double)(hy_clock_mono_ns() - start_ns) / 1e9;
    hy_changes_write(&comparison.changes, version->shown.changes, sizeof version->shown.changes);
    hy_manager_note_base(m, pack);
    hy_guard_keep(m);
    if (restored)
        hy_guard_forget_suspects(m); /* somebody wanted these rules */
    hy_manager_tell_live(m, version, &comparison.changes);
    return HYDRANT_OK;
}

hydrant_status hydrant_manager_rollback(hydrant_manager *m, uint64_t to, hydrant_error *err)
{
    hydrant_error own = {0};
    struct hy_guard before;
    pthread_mutex_lock(&m->lock);
    hydrant_status status = hy_manager_check_ready(m, &own);
    const struct hy_version *target = status == HYDRANT_OK ? find_target(m, to, &own) : NULL;
    if (status == HYDRANT_OK)
        status = target ? hy_manager_ask(m, target->pack, &own) : own.status;
    if (status == HYDRANT_OK)
        status = hy_guard_save(m, &before, &own);
    if (status == HYDRANT_OK) {
        status = hy_manager_repeat(m, target, "rollback", target->origin, &own);
        hy_guard_settle(m, &before, status == HYDRANT_OK);
        hy_guard_tell(m);
    }
    hy_manager_unlock(m);
    if (status != HYDRANT_OK && err)
        *err = own;
    return status;
}
