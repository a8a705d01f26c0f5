/*
 * The manager: its options, its life, what people ask of it. Everything happens under one lock,
 * which an attempt holds from its beginning to its end; the engine's workers never see it, and what
 * is shown is a copy that has a lock of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/engine_inner.h"
#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "base/error.h"
#include "base/str.h"
#include "base/timed_wait.h"
#include "rules/derive.h"

const char *hydrant_rules_event_name(hydrant_rules_event_kind kind)
{
    static const char *const names[] = {
#define TEXT(NAME, name) name,
        HYDRANT_RULES_EVENT_TABLE(TEXT)
#undef TEXT
    };
    return (unsigned)kind < HYDRANT_RULES_EVENTS ? names[kind] : NULL;
}

void hydrant_manager_options_init(hydrant_manager_options *options)
{
    *options = (hydrant_manager_options){.size = sizeof *options,
                                         .watch = true,
                                         .settle_ms = 100,
                                         .test = true,
                                         .history = 4,
                                         .flood_factor = 10,
                                         .flood_share = 0.05,
                                         .flood_posts = 1000};
}

/* ---- creation -------------------------------------------------------------------------------- */

static bool copy_strings(const char *const *from, size_t count, const char ***out)
{
    *out = calloc(count + 1, sizeof **out);
    for (size_t i = 0; *out && i < count; i++)
        if (!((*out)[i] = strdup(from[i])))
            return false;
    return *out != NULL;
}

static bool copy_string(const char *from, char **out)
{
    *out = from ? strdup(from) : NULL;
    return !from || *out;
}

static bool copy_options(hydrant_manager *m, const hydrant_manager_options *from)
{
    hydrant_rules *rules = &m->options.rules;
    m->options = *from;
    if (!copy_strings(rules->paths, rules->paths_count, &m->paths) ||
        !copy_strings(rules->queries, rules->queries_count, &m->queries) ||
        !copy_string(from->recording, &m->recording) ||
        !copy_string(from->state_dir, &m->state_dir) ||
        !copy_string(rules->cache_dir, &m->cache_dir) ||
        !copy_string(rules->compiler, &m->compiler))
        return false;
    rules->paths = m->paths;
    rules->queries = m->queries;
    rules->cache_dir = m->cache_dir;
    rules->compiler = m->compiler;
    m->options.recording = m->recording;
    m->options.state_dir = m->state_dir;
    return true;
}

static hydrant_status check_options(const hydrant_manager_options *o, hydrant_error *err)
{
    if (o->size != sizeof *o)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "options were not made by hydrant_manager_options_init of this "
                            "version");
    if (o->settle_ms > 60000)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "settle_ms is %u, must be 0..60000",
                            o->settle_ms);
    if (o->history > HY_MANAGER_KEPT_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "history is %u, must be 0..%d", o->history,
                            HY_MANAGER_KEPT_MAX);
    if (!(o->flood_factor >= 0) || !(o->flood_share >= 0) || o->flood_share > 1)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT,
                            "flood_factor must be 0 or more, flood_share 0..1");
    return HYDRANT_OK;
}

hydrant_status hydrant_manager_create(const hydrant_manager_options *options, hydrant_manager **out,
                                      hydrant_error *err)
{
    *out = NULL;
    hydrant_status status = check_options(options, err);
    if (status != HYDRANT_OK)
        return status;
    hydrant_manager *m = calloc(1, sizeof *m);
    if (!m)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a rules manager");
    pthread_mutex_init(&m->shown.lock, NULL);
    pthread_mutex_init(&m->lock, NULL);
    hy_timed_wait_init(&m->incomplete);
    m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->wake_fd < 0)
        status = hy_error_system(err, errno, "cannot make a rules manager");
    else if (!copy_options(m, options))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a rules manager");
    else
        status = hy_manager_attempt(m, HY_CAUSE_START, err);
    if (status == HYDRANT_OK)
        hy_manager_show(m);
    else
        hydrant_manager_destroy(&m);
    *out = m;
    return status;
}

static void free_strings(const char **strings, size_t count)
{
    for (size_t i = 0; strings && i < count; i++)
        free((void *)(uintptr_t)strings[i]);
    free(strings);
}

void hydrant_manager_stop(hydrant_manager *m)
{
    /* Release pairs with the acquire of the threads; nothing else is ordered by it. */
    atomic_store_explicit(&m->end, true, memory_order_release);
}

void hydrant_manager_destroy(hydrant_manager **manager)
{
    hydrant_manager *m = *manager;
    *manager = NULL;
    if (!m)
        return;
    hy_manager_thread_stop(m);
    hy_manager_forget_versions(m);
    hydrant_pack_destroy(&m->live);
    hydrant_pack_destroy(&m->base);
    hy_manager_forget_whole(m);
    if (m->wake_fd >= 0)
        close(m->wake_fd);
    hy_manager_forget_read(m);
    hy_guard_free(m);
    free_strings(m->shown.guarded, m->shown.guarded_count);
    hy_ruleset_destroy(&m->unkept);
    free(m->details);
    free_strings(m->paths, m->options.rules.paths_count);
    free_strings(m->queries, m->options.rules.queries_count);
    free(m->recording);
    free(m->state_dir);
    free(m->cache_dir);
    free(m->compiler);
    pthread_cond_destroy(&m->incomplete);
    pthread_mutex_destroy(&m->lock);
    pthread_mutex_destroy(&m->shown.lock);
    free(m);
}

hydrant_pack *hydrant_manager_pack(hydrant_manager *m)
{
    pthread_mutex_lock(&m->lock);
    hydrant_pack *pack = m->live;
    hy_manager_unlock(m);
    return pack;
}

hydrant_status hydrant_manager_attach(hydrant_manager *m, hydrant *engine, hydrant_error *err)
{
    hydrant_status status;
    pthread_mutex_lock(&m->lock);
    if (m->engine)
        status = hy_error_set(err, HYDRANT_ERR_STATE, "the manager has an engine already");
    else if (hy_engine_workers(engine) == 0)
        status = hy_error_set(err, HYDRANT_ERR_STATE, "the engine has no workers");
    else {
        m->engine = engine;
        status = hy_manager_thread_start(m, err);
        if (status != HYDRANT_OK)
            m->engine = NULL;
    }
    hy_manager_unlock(m);
    return status;
}

/* ---- what is shown --------------------------------------------------------------------------- */

static hydrant_manager_status status_now(hydrant_manager *m)
{
    const struct hy_version *current = hy_manager_current(m);
    char hash[17];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)m->last_hash);
    hydrant_manager_status now = {.generation = current->shown.generation,
                                  .rules = current->shown.rules,
                                  .patterns = current->shown.patterns,
                                  .watching = m->watching,
                                  .behind = strcmp(hash, current->shown.pack) != 0,
                                  .incremental = hy_pack_is_incremental(m->live->pack),
                                  .attempts = m->attempts,
                                  .refusals = m->refusals,
                                  .shadowed = m->guard.held.count};
    memcpy(now.pack, current->shown.pack, sizeof now.pack);
    memcpy(now.refused, m->refused, sizeof now.refused);
    return now;
}

/* Without memory for them, those of before are shown. */
static void show_guarded(hydrant_manager *m)
{
    struct hy_manager_shown *shown = &m->shown;
    const char **guarded;
    if (!copy_strings((const char *const *)m->guard.held.at, m->guard.held.count, &guarded)) {
        free_strings(guarded, m->guard.held.count);
        return;
    }
    free_strings(shown->guarded, shown->guarded_count);
    shown->guarded = guarded;
    shown->guarded_count = m->guard.held.count;
}

void hy_manager_show(hydrant_manager *m)
{
    struct hy_manager_shown *shown = &m->shown;
    const struct hy_version *version;
    if (!m->versions_count) /* it could not be made, and nobody looks */
        return;
    pthread_mutex_lock(&shown->lock);
    shown->status = status_now(m);
    show_guarded(m);
    for (shown->generations_count = 0; (version = hy_manager_version(m, shown->generations_count));)
        shown->generations[shown->generations_count++] = version->shown;
    shown->generations[0].current = true;
    pthread_mutex_unlock(&shown->lock);
}

void hy_manager_unlock(hydrant_manager *m)
{
    hy_manager_show(m);
    pthread_mutex_unlock(&m->lock);
}

/* ---- what people ask for --------------------------------------------------------------------- */

struct hy_build hy_manager_build(const hydrant_manager *m, const hydrant_pack *previous)
{
    struct hy_build build = hy_pack_handle_build(&m->options.rules, previous);
    build.cancel = &m->end;
    return build;
}

hydrant_status hy_manager_ask(const hydrant_manager *m, const hydrant_pack *pack,
                              hydrant_error *err)
{
    hydrant_error own = {0};
    if (!m->options.on_pack)
        return HYDRANT_OK;
    hydrant_status status = m->options.on_pack(m->options.ctx, pack, &own);
    if (status != HYDRANT_OK && err) {
        *err = own;
        err->status = status;
    }
    return status;
}

hydrant_status hy_manager_check_ready(const hydrant_manager *m, hydrant_error *err)
{
    hydrant_status status = hy_cancel_check(&m->end, err);
    if (status == HYDRANT_OK && !m->engine)
        status = hy_error_set(err, HYDRANT_ERR_STATE, "the manager has no engine yet");
    return status;
}

hydrant_status hydrant_manager_reload(hydrant_manager *m, hydrant_error *err)
{
    pthread_mutex_lock(&m->lock);
    hydrant_status status = hy_manager_check_ready(m, err);
    if (status == HYDRANT_OK)
        status = hy_manager_attempt(m, HY_CAUSE_RELOAD, err);
    hy_manager_unlock(m);
    hy_manager_wake(m); /* what is to be watched may be something else */
    return status;
}

hydrant_status hydrant_manager_confirm(hydrant_manager *m, const char *rule, hydrant_error *err)
{
    hydrant_error own = {0};
    struct hy_guard before;
    pthread_mutex_lock(&m->lock);
    hydrant_status status = hy_manager_check_ready(m, &own);
    if (status == HYDRANT_OK)
        status = hy_guard_save(m, &before, &own);
    if (status == HYDRANT_OK) {
        status = hy_guard_confirm(m, rule, &own);
        if (status == HYDRANT_OK)
            status = hy_manager_repeat(m, hy_manager_current(m), "confirm", 0, &own);
        hy_guard_settle(m, &before, status == HYDRANT_OK);
    }
    hy_manager_unlock(m);
    if (status != HYDRANT_OK && err)
        *err = own;
    return status;
}

/* ---- what waits for no attempt --------------------------------------------------------------- */

void hydrant_manager_status_read(hydrant_manager *m, hydrant_manager_status *out)
{
    pthread_mutex_lock(&m->shown.lock);
    *out = m->shown.status;
    pthread_mutex_unlock(&m->shown.lock);
}

size_t hydrant_manager_history(hydrant_manager *m, hydrant_generation *out, size_t cap)
{
    pthread_mutex_lock(&m->shown.lock);
    size_t count = m->shown.generations_count;
    for (size_t i = 0; i < count && i < cap; i++)
        out[i] = m->shown.generations[i];
    pthread_mutex_unlock(&m->shown.lock);
    return count;
}

void hydrant_manager_shadowed(hydrant_manager *m, void (*on_rule)(void *ctx, hydrant_str rule),
                              void *ctx)
{
    pthread_mutex_lock(&m->shown.lock);
    for (size_t i = 0; i < m->shown.guarded_count; i++)
        on_rule(ctx, hy_str_cstr(m->shown.guarded[i]));
    pthread_mutex_unlock(&m->shown.lock);
}
