/*
 * The manager's public functions, and what an attempt is: files -> rule set -> pack -> tests ->
 * engine -> history. Everything happens under one lock; the engine's workers never see it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "api/engine_inner.h"
#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "api/rules_test.h"
#include "base/assert.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
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

/* ---- versions -------------------------------------------------------------------------------- */

struct hy_version *hy_manager_current(hydrant_manager *m)
{
    return &m->versions[(m->versions_count - 1) % HY_MANAGER_VERSIONS];
}

/* back 0: the present one; NULL: forgotten, or never was. */
static struct hy_version *version_at(hydrant_manager *m, uint64_t back)
{
    if (back >= m->versions_count || back >= HY_MANAGER_VERSIONS)
        return NULL;
    return &m->versions[(m->versions_count - 1 - back) % HY_MANAGER_VERSIONS];
}

static void forget_pack(struct hy_version *version)
{
    hydrant_pack_destroy(&version->pack);
    hy_parts_free(&version->parts);
    version->shown.kept = false;
}

/* The newest packs stay; a pack that was restored counts once for each time. */
static void forget_old_packs(hydrant_manager *m)
{
    uint32_t kept = 0;
    struct hy_version *version;
    for (uint64_t back = 1; (version = version_at(m, back)); back++)
        if (version->pack && kept++ >= m->options.history)
            forget_pack(version);
}

static int64_t now_us(void)
{
    return hy_clock_wall_us();
}

/* Takes pack and parts over. */
static struct hy_version *add_version(hydrant_manager *m, uint64_t number, const char *cause,
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
    shown->live_us = now_us();
    shown->rules = info.rules;
    shown->patterns = info.patterns;
    shown->kept = true;
    snprintf(shown->pack, sizeof shown->pack, "%.*s", (int)info.hash.len, info.hash.data);
    snprintf(shown->cause, sizeof shown->cause, "%s", cause);
    forget_old_packs(m);
    return version;
}

/* ---- events ---------------------------------------------------------------------------------- */

void hy_manager_tell(hydrant_manager *m, hydrant_rules_event *event)
{
    const struct hy_version *current = hy_manager_current(m);
    event->generation = current->shown.generation;
    event->pack = hy_str_cstr(current->shown.pack);
    if (m->options.on_event)
        m->options.on_event(m->options.ctx, event);
}

/* "340 ms", "3.2 s" */
static void write_seconds(double seconds, char *out, size_t cap)
{
    if (seconds < 1)
        snprintf(out, cap, "%.0f ms", seconds * 1000);
    else
        snprintf(out, cap, "%.1f s", seconds);
}

static void tell_live(hydrant_manager *m, const struct hy_version *version,
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

static const char *cause_name(enum hy_cause cause)
{
    static const char *const names[] = {"start", "watch", "reload"};
    return names[cause];
}

static void add_details(hydrant_manager *m, hydrant_str text)
{
    size_t need = m->details_len + text.len + 1;
    if (need > m->details_room) {
        char *grown = realloc(m->details, 2 * need);
        if (!grown)
            return;
        m->details = grown;
        m->details_room = 2 * need;
    }
    memcpy(m->details + m->details_len, text.data, text.len);
    m->details_len += text.len;
    m->details[m->details_len] = '\0';
}

/* Says why, keeps it for the status, and returns status. */
static hydrant_status refuse(hydrant_manager *m, enum hy_cause cause, double seconds,
                             hydrant_status status, const hydrant_error *why, hydrant_error *err)
{
    char text[768];
    m->refusals++;
    snprintf(m->refused, sizeof m->refused, "%s", why->text);
    if (err)
        *err = *why;
    if (m->versions_count == 0)
        return status;
    int len = snprintf(text, sizeof text, "refused: %s; generation %llu goes on", why->text,
                       (unsigned long long)hy_manager_current(m)->shown.generation);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_REFUSED,
                                 .cause = hy_str_cstr(cause_name(cause)),
                                 .seconds = seconds,
                                 .text = hy_str(text, (size_t)len),
                                 .details = hy_str(m->details, m->details_len)};
    hy_manager_tell(m, &event);
    return status;
}

/* ---- an attempt ------------------------------------------------------------------------------ */

/* What the attempts say about problems goes to details, and to the options' own callback. */
static void on_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    hydrant_manager *m = ctx;
    add_details(m, diagnostic->rendered);
    if (m->options.rules.on_diagnostic)
        m->options.rules.on_diagnostic(m->options.rules.ctx, diagnostic);
}

static hydrant_rules rules_of(hydrant_manager *m)
{
    hydrant_rules rules = m->options.rules;
    rules.on_diagnostic = on_diagnostic;
    rules.ctx = m;
    return rules;
}

static void forget_read(hydrant_manager *m)
{
    for (size_t i = 0; i < m->read_count; i++)
        free(m->read[i]);
    free(m->read);
    m->read = NULL;
    m->read_count = 0;
}

static bool same_read(const hydrant_manager *m, const struct hy_ruleset *set)
{
    if (m->read_count != set->read_count)
        return false;
    for (uint32_t i = 0; i < set->read_count; i++)
        if (strcmp(m->read[i], set->read[i]) != 0)
            return false;
    return true;
}

static void note_read(hydrant_manager *m, const struct hy_ruleset *set)
{
    if (same_read(m, set))
        return;
    m->read_changed = true;
    forget_read(m);
    m->read = calloc((size_t)set->read_count + 1, sizeof *m->read);
    for (uint32_t i = 0; m->read && i < set->read_count; i++) {
        m->read[m->read_count] = strdup(set->read[i]);
        m->read_count += m->read[m->read_count] != NULL;
    }
}

struct failed_tests {
    hydrant_manager *manager;
    uint32_t count;
    char first[256];
};

static void on_test(void *ctx, const hydrant_test *test)
{
    struct failed_tests *failed = ctx;
    if (test->passed)
        return;
    char text[1536];
    int len =
        snprintf(text, sizeof text, "%.*s:%u:%u: test of rule %.*s: %.*s\n  %.*s\n",
                 (int)test->file.len, test->file.data, test->line, test->column,
                 (int)test->rule.len, test->rule.data, (int)test->problem.len, test->problem.data,
                 (int)(test->input.len < 256 ? test->input.len : 256), test->input.data);
    add_details(failed->manager,
                hy_str(text, len < (int)sizeof text ? (size_t)len : sizeof text - 1));
    if (failed->count++ == 0)
        snprintf(failed->first, sizeof failed->first, "rule %.*s at %.*s:%u", (int)test->rule.len,
                 test->rule.data, (int)test->file.len, test->file.data, test->line);
}

static hydrant_status run_tests(hydrant_manager *m, const struct hy_ruleset *set,
                                const hydrant_pack *pack, hydrant_error *err)
{
    struct failed_tests failed = {.manager = m};
    if (!m->options.test)
        return HYDRANT_OK;
    hydrant_status status = hy_rules_test_pack(set, pack->pack, on_test, &failed, err);
    if (status == HYDRANT_OK && failed.count)
        status = hy_error_set(err, HYDRANT_ERR_RULES, "%u test%s failed: %s%s", failed.count,
                              failed.count == 1 ? "" : "s", failed.first,
                              failed.count == 1 ? "" : " and others");
    return status;
}

/* Waits for workers that are still at what came before the last reload. */
static hydrant_status reload_engine(hydrant_manager *m, hydrant_pack *pack, bool same,
                                    uint64_t *number, hydrant_error *err)
{
    *number = m->versions_count + 1;
    if (!m->engine)
        return HYDRANT_OK;
    hydrant_status status = HYDRANT_ERR_AGAIN;
    for (int ms = 0; ms < HY_MANAGER_AGAIN_MS && status == HYDRANT_ERR_AGAIN; ms++) {
        if (ms)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
        status = hy_engine_reload(m->engine, pack, same, number, err);
    }
    return status;
}

/* Puts pack in force, with what the guard holds in shadow. */
static hydrant_status go_live(hydrant_manager *m, hydrant_pack *pack, bool same, uint64_t *number,
                              hydrant_error *err)
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

static void note_base(hydrant_manager *m, hydrant_pack *pack)
{
    if (hy_pack_is_incremental(pack->pack)) {
        pthread_cond_signal(&m->incomplete);
        return;
    }
    if (m->base)
        hy_pack_handle_release(m->base);
    m->base = hy_pack_handle_acquire(pack);
}

/* What is about to go live, against what is there. *out is freed by the caller, whatever came of
 * it. */
static hydrant_status compare_with_current(hydrant_manager *m, const struct hy_parts *parts,
                                           const hydrant_pack *pack, struct hy_comparison *out,
                                           hydrant_error *err)
{
    size_t rules = (size_t)pack->pack->rules_count + 1;
    out->changed = calloc(rules, sizeof *out->changed);
    out->before_rule = calloc(rules, sizeof *out->before_rule);
    bool good =
        out->changed && out->before_rule &&
        (!m->versions_count || hy_parts_compare(&hy_manager_current(m)->parts, parts, &out->changes,
                                                out->changed, out->before_rule));
    if (good)
        hy_guard_forget(m, pack, out->changed);
    return good ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
}

static void free_comparison(struct hy_comparison *comparison)
{
    free(comparison->changed);
    free(comparison->before_rule);
}

/* Compiles and tests, unless found, which is taken over, has been. */
static hydrant_status make_pack(hydrant_manager *m, const struct hy_ruleset *set,
                                struct hy_pack *found, hydrant_pack **out, hydrant_error *err)
{
    hydrant_rules rules = rules_of(m);
    if (found)
        return hy_pack_handle_create(found, NULL, out, err);
    hydrant_status status = hy_pack_handle_compile(&rules, set, m->base, out, err);
    return status == HYDRANT_OK ? run_tests(m, set, *out, err) : status;
}

/* Keeps what took long to make for the next start; what is not whole yet, when it is. */
static void keep_pack(hydrant_manager *m, const struct hy_ruleset *set, const hydrant_pack *pack,
                      uint64_t start_ns)
{
    hydrant_rules rules = rules_of(m);
    hy_ruleset_destroy(&m->unkept);
    if (hy_clock_mono_ns() - start_ns < HY_BUILD_CACHE_NS)
        return;
    if (hy_pack_is_incremental(pack->pack))
        m->unkept = hy_image_summary(set);
    else
        hy_rules_keep(&rules, set, pack->pack, pack->pack, m->options.test);
}

/* Puts in force what the files say. found: its pack, when it was compiled before; taken over. */
static hydrant_status take_set(hydrant_manager *m, enum hy_cause cause,
                               const struct hy_ruleset *set, struct hy_pack *found,
                               uint64_t start_ns, hydrant_error *err)
{
    struct hy_comparison comparison = {.changed = NULL};
    struct hy_parts parts;
    hydrant_pack *pack = NULL;
    uint64_t number = 1;
    bool compiled = !found;
    hydrant_status status = make_pack(m, set, found, &pack, err);
    if (!hy_parts_take(&parts, set))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
    if (status == HYDRANT_OK)
        status = compare_with_current(m, &parts, pack, &comparison, err);
    if (status == HYDRANT_OK && m->engine)
        hy_guard_begin(m, pack, &comparison);
    if (status == HYDRANT_OK)
        status = go_live(m, pack, false, &number, err);
    free_comparison(&comparison);
    if (status != HYDRANT_OK) {
        hy_guard_forget_suspects(m); /* they were of this pack */
        hydrant_pack_destroy(&pack);
        hy_parts_free(&parts);
        return status;
    }
    struct hy_version *version = add_version(m, number, cause_name(cause), pack, parts);
    version->shown.seconds = (double)(hy_clock_mono_ns() - start_ns) / 1e9;
    hy_changes_write(&comparison.changes, version->shown.changes, sizeof version->shown.changes);
    note_base(m, pack);
    if (cause != HY_CAUSE_START)
        tell_live(m, version, &comparison.changes);
    hy_guard_tell(m);
    if (compiled)
        keep_pack(m, set, pack, start_ns);
    return HYDRANT_OK;
}

/* Is that hash what a pack says of itself? */
static bool is_of(uint64_t hash, hydrant_str pack)
{
    char text[17];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    return hy_str_is(pack, text);
}

static bool in_force(hydrant_manager *m, const struct hy_ruleset *set)
{
    return m->versions_count &&
           is_of(set->hash, hy_str_cstr(hy_manager_current(m)->shown.pack));
}

static hydrant_status tell_unchanged(hydrant_manager *m, enum hy_cause cause)
{
    char text[96];
    int len = snprintf(text, sizeof text, "nothing changed: generation %llu goes on",
                       (unsigned long long)hy_manager_current(m)->shown.generation);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_UNCHANGED,
                                 .cause = hy_str_cstr(cause_name(cause)),
                                 .text = hy_str(text, (size_t)len)};
    hy_manager_tell(m, &event);
    return HYDRANT_OK;
}

/* Did somebody write while it was read, or is it what was read last time, whatever came of that? */
static bool is_nothing_new(hydrant_manager *m, const struct hy_ruleset *set)
{
    if (hy_watch_take(m->watch, (int64_t)(hy_clock_mono_ns() / 1000)))
        m->disturbed = true;
    return m->disturbed || set->hash == m->last_hash;
}

/* The rule set of the files; with *found, its pack, where that was compiled (and tested) before. */
static hydrant_status read_set(hydrant_manager *m, struct hy_ruleset **set, struct hy_pack **found,
                               hydrant_error *err)
{
    hydrant_rules rules = rules_of(m);
    struct hy_image image;
    if (hy_rules_find(&rules, &image) && (image.tested || !m->options.test)) {
        *set = image.set;
        *found = image.pack;
        return HYDRANT_OK;
    }
    hy_pack_destroy(&image.pack);
    hy_ruleset_destroy(&image.set);
    return hy_rules_load_any(&rules, set, err);
}

hydrant_status hy_manager_attempt(hydrant_manager *m, enum hy_cause cause, hydrant_error *err)
{
    hydrant_rules rules = rules_of(m);
    struct hy_ruleset *set = NULL;
    struct hy_pack *found = NULL;
    hydrant_error why = {0};
    uint64_t start_ns = hy_clock_mono_ns();
    m->details_len = 0;
    hydrant_status status = read_set(m, &set, &found, &why);
    if (set) {
        note_read(m, set);
        if (cause == HY_CAUSE_WATCH && is_nothing_new(m, set)) {
            hy_pack_destroy(&found);
            hy_ruleset_destroy(&set);
            return HYDRANT_OK;
        }
        m->last_hash = set->hash;
    }
    m->attempts++;
    m->refused[0] = '\0';
    if (status == HYDRANT_OK && in_force(m, set)) {
        hy_pack_destroy(&found);
        hy_ruleset_destroy(&set);
        return tell_unchanged(m, cause);
    }
    if (set)
        hy_rules_report(&rules, set);
    if (status == HYDRANT_OK)
        status = take_set(m, cause, set, found, start_ns, &why);
    if (status == HYDRANT_ERR_AGAIN)
        m->last_hash = 0; /* the next event, or a second later, may do */
    hy_ruleset_destroy(&set);
    if (status == HYDRANT_OK)
        return HYDRANT_OK;
    return refuse(m, cause, (double)(hy_clock_mono_ns() - start_ns) / 1e9, status, &why, err);
}

/* ---- the full compile behind an incremental one -----------------------------------------------
 */

static hydrant_status derive_whole(hydrant_manager *m, hydrant_pack *from, hydrant_pack **out)
{
    hydrant_rules rules = m->options.rules;
    struct hy_build build = hy_pack_handle_build(&rules, NULL);
    struct hy_pack *whole = NULL;
    struct hy_ruleset *set = m->unkept;
    *out = NULL;
    m->unkept = NULL;
    if (set && !is_of(set->hash, from->pack->hash))
        hy_ruleset_destroy(&set); /* an older pack is in force again */
    pthread_mutex_unlock(&m->lock);
    hydrant_status status = hy_pack_derive_whole(from->pack, &build, &whole, NULL);
    if (status == HYDRANT_OK && set)
        hy_rules_keep(&rules, set, whole, from->pack, m->options.test);
    hy_ruleset_destroy(&set);
    if (status == HYDRANT_OK)
        status = hy_pack_handle_create(whole, from, out, NULL);
    pthread_mutex_lock(&m->lock);
    return status;
}

bool hy_manager_complete(hydrant_manager *m)
{
    hydrant_pack *from = hy_manager_current(m)->pack, *whole;
    if (!from || !hy_pack_is_incremental(from->pack))
        return false;
    hy_pack_handle_acquire(from);
    hydrant_status status = derive_whole(m, from, &whole);
    if (status == HYDRANT_OK) {
        struct hy_version *current = hy_manager_current(m);
        uint64_t number;
        if (current->pack == from && go_live(m, whole, true, &number, NULL) == HYDRANT_OK) {
            hy_pack_handle_release(current->pack);
            current->pack = hy_pack_handle_acquire(whole);
        }
        note_base(m, whole);
        hy_pack_handle_release(whole);
    }
    hy_pack_handle_release(from);
    return status == HYDRANT_OK;
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
        !copy_string(rules->cache_dir, &m->cache_dir) ||
        !copy_string(rules->compiler, &m->compiler))
        return false;
    rules->paths = m->paths;
    rules->queries = m->queries;
    rules->cache_dir = m->cache_dir;
    rules->compiler = m->compiler;
    m->options.recording = m->recording;
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
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->incomplete, NULL);
    m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->wake_fd < 0)
        status = hy_error_system(err, errno, "cannot make a rules manager");
    else if (!copy_options(m, options))
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a rules manager");
    else
        status = hy_manager_attempt(m, HY_CAUSE_START, err);
    if (status != HYDRANT_OK)
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

void hydrant_manager_destroy(hydrant_manager **manager)
{
    hydrant_manager *m = *manager;
    *manager = NULL;
    if (!m)
        return;
    hy_manager_thread_stop(m);
    for (uint32_t i = 0; i < HY_MANAGER_VERSIONS; i++)
        forget_pack(&m->versions[i]);
    hydrant_pack_destroy(&m->live);
    hydrant_pack_destroy(&m->base);
    if (m->wake_fd >= 0)
        close(m->wake_fd);
    forget_read(m);
    hy_guard_free(m);
    hy_ruleset_destroy(&m->unkept);
    free(m->details);
    free_strings(m->paths, m->options.rules.paths_count);
    free_strings(m->queries, m->options.rules.queries_count);
    free(m->recording);
    free(m->cache_dir);
    free(m->compiler);
    pthread_cond_destroy(&m->incomplete);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

hydrant_pack *hydrant_manager_pack(hydrant_manager *m)
{
    pthread_mutex_lock(&m->lock);
    hydrant_pack *pack = m->live;
    pthread_mutex_unlock(&m->lock);
    return pack;
}

hydrant_status hydrant_manager_attach(hydrant_manager *m, hydrant *engine, hydrant_error *err)
{
    hydrant_status status = HYDRANT_OK;
    pthread_mutex_lock(&m->lock);
    if (m->engine)
        status = hy_error_set(err, HYDRANT_ERR_STATE, "the manager has an engine already");
    else if (hy_engine_workers(engine) == 0)
        status = hy_error_set(err, HYDRANT_ERR_STATE, "the engine has no workers");
    else
        m->engine = engine;
    if (status == HYDRANT_OK)
        status = hy_manager_thread_start(m, err);
    if (status != HYDRANT_OK && m->engine == engine)
        m->engine = NULL;
    pthread_mutex_unlock(&m->lock);
    return status;
}

/* ---- what people ask for --------------------------------------------------------------------- */

/* Generations are the engine's: without one there is nothing to put in force. */
static hydrant_status need_engine(const hydrant_manager *m, hydrant_error *err)
{
    return m->engine ? HYDRANT_OK
                     : hy_error_set(err, HYDRANT_ERR_STATE, "the manager has no engine yet");
}

hydrant_status hydrant_manager_reload(hydrant_manager *m, hydrant_error *err)
{
    pthread_mutex_lock(&m->lock);
    hydrant_status status = need_engine(m, err);
    if (status == HYDRANT_OK)
        status = hy_manager_attempt(m, HY_CAUSE_RELOAD, err);
    pthread_mutex_unlock(&m->lock);
    hy_manager_wake(m); /* what is to be watched may be something else */
    return status;
}

/* The version that a rollback goes to, or NULL with the error set. */
static struct hy_version *find_target(hydrant_manager *m, uint64_t to, hydrant_error *err)
{
    const struct hy_version *current = hy_manager_current(m);
    struct hy_version *version;
    for (uint64_t back = 1; (version = version_at(m, back)); back++) {
        bool wanted = to ? version->shown.generation == to
                         : version->origin < current->origin &&
                               strcmp(version->shown.pack, current->shown.pack) != 0;
        if (!wanted)
            continue;
        if (!version->pack)
            hy_error_set(err, HYDRANT_ERR_STATE, "the pack of generation %llu is not kept any more",
                         (unsigned long long)version->shown.generation);
        return version->pack ? version : NULL;
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
        status = compare_with_current(m, &parts, pack, &comparison, err);
    else
        hy_error_set(err, status, "no memory for the rules");
    free_comparison(&comparison);
    if (status == HYDRANT_OK)
        status = go_live(m, pack, false, &number, err);
    if (status != HYDRANT_OK) {
        hy_pack_handle_release(pack);
        hy_parts_free(&parts);
        return status;
    }
    struct hy_version *version = add_version(m, number, cause, pack, parts);
    version->origin = origin;
    version->shown.restored = restored;
    version->shown.seconds = (double)(hy_clock_mono_ns() - start_ns) / 1e9;
    hy_changes_write(&comparison.changes, version->shown.changes, sizeof version->shown.changes);
    note_base(m, pack);
    if (restored)
        hy_guard_forget_suspects(m); /* somebody wanted these rules */
    tell_live(m, version, &comparison.changes);
    return HYDRANT_OK;
}

hydrant_status hydrant_manager_rollback(hydrant_manager *m, uint64_t to, hydrant_error *err)
{
    hydrant_error own = {0};
    pthread_mutex_lock(&m->lock);
    hydrant_status status = need_engine(m, &own);
    const struct hy_version *target = status == HYDRANT_OK ? find_target(m, to, &own) : NULL;
    if (status == HYDRANT_OK)
        status =
            target ? hy_manager_repeat(m, target, "rollback", target->origin, &own) : own.status;
    pthread_mutex_unlock(&m->lock);
    if (status != HYDRANT_OK && err)
        *err = own;
    return status;
}

hydrant_status hydrant_manager_confirm(hydrant_manager *m, const char *rule, hydrant_error *err)
{
    hydrant_error own = {0};
    pthread_mutex_lock(&m->lock);
    hydrant_status status = need_engine(m, &own);
    if (status == HYDRANT_OK)
        status = hy_guard_confirm(m, rule, &own);
    if (status == HYDRANT_OK)
        status = hy_manager_repeat(m, hy_manager_current(m), "confirm", 0, &own);
    pthread_mutex_unlock(&m->lock);
    if (status != HYDRANT_OK && err)
        *err = own;
    return status;
}

void hydrant_manager_shadowed(hydrant_manager *m, void (*on_rule)(void *ctx, hydrant_str rule),
                              void *ctx)
{
    pthread_mutex_lock(&m->lock);
    for (uint32_t i = 0; i < m->guarded_count; i++)
        on_rule(ctx, hy_str_cstr(m->guarded[i]));
    pthread_mutex_unlock(&m->lock);
}

size_t hydrant_manager_history(hydrant_manager *m, hydrant_generation *out, size_t cap)
{
    size_t count = 0;
    struct hy_version *version;
    pthread_mutex_lock(&m->lock);
    for (; (version = version_at(m, count)); count++) {
        if (count >= cap)
            continue;
        out[count] = version->shown;
        out[count].current = count == 0;
    }
    pthread_mutex_unlock(&m->lock);
    return count;
}

void hydrant_manager_status_read(hydrant_manager *m, hydrant_manager_status *out)
{
    pthread_mutex_lock(&m->lock);
    const struct hy_version *current = hy_manager_current(m);
    char hash[17];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)m->last_hash);
    *out = (hydrant_manager_status){.generation = current->shown.generation,
                                    .rules = current->shown.rules,
                                    .patterns = current->shown.patterns,
                                    .watching = m->watching,
                                    .behind = strcmp(hash, current->shown.pack) != 0,
                                    .incremental = hy_pack_is_incremental(m->live->pack),
                                    .attempts = m->attempts,
                                    .refusals = m->refusals,
                                    .shadowed = m->guarded_count};
    memcpy(out->pack, current->shown.pack, sizeof out->pack);
    memcpy(out->refused, m->refused, sizeof out->refused);
    pthread_mutex_unlock(&m->lock);
}
