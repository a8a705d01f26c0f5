/*
 * An attempt: files -> rule set -> pack -> tests, and, when all of that is good, in force
 * (manager_live.c). What is not good changes nothing and is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "api/rules_load.h"
#include "api/rules_test.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "rules/derive.h"

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

/* Says why, keeps it for the status, and returns status. An attempt that was cut off is none. */
static hydrant_status refuse(hydrant_manager *m, enum hy_cause cause, double seconds,
                             hydrant_status status, const hydrant_error *why, hydrant_error *err)
{
    char text[1024];
    if (err)
        *err = *why;
    if (status == HYDRANT_ERR_CANCELLED)
        return status;
    m->refusals++;
    hy_error_render(why, m->refused, sizeof m->refused);
    if (m->versions_count == 0)
        return status;
    int len = snprintf(text, sizeof text, "refused: %s; generation %llu goes on", m->refused,
                       (unsigned long long)hy_manager_current(m)->shown.generation);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_REFUSED,
                                 .cause = hy_str_cstr(cause_name(cause)),
                                 .seconds = seconds,
                                 .text = hy_str(text, (size_t)len),
                                 .details = hy_str(m->details, m->details_len)};
    hy_manager_tell(m, &event);
    return status;
}

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

void hy_manager_forget_read(hydrant_manager *m)
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
    hy_manager_forget_read(m);
    m->read = calloc((size_t)set->read_count + 1, sizeof *m->read);
    for (uint32_t i = 0; m->read && i < set->read_count; i++) {
        m->read[m->read_count] = strdup(set->read[i]);
        m->read_count += m->read[m->read_count] != NULL;
    }
}

struct failed_tests {
    hydrant_manager *manager;
    uint32_t count;
    char first[384];
};

/* A test that failed is told as any other problem of the rules is. */
static void on_test(void *ctx, const hydrant_test *test)
{
    struct failed_tests *failed = ctx;
    if (test->passed)
        return;
    char message[1024], text[1536];
    hydrant_str input = hy_str_cut(test->input, 256);
    snprintf(message, sizeof message, "test of rule %.*s: %.*s", (int)test->rule.len,
             test->rule.data, (int)test->problem.len, test->problem.data);
    snprintf(text, sizeof text, "%.*s:%u:%u: %s\n  %.*s\n", (int)test->file.len, test->file.data,
             test->line, test->column, message, (int)input.len, input.data);
    const hydrant_diagnostic problem = {.severity = HYDRANT_SEVERITY_ERROR,
                                        .file = test->file,
                                        .line = test->line,
                                        .column = test->column,
                                        .rule = test->rule,
                                        .message = hy_str_cstr(message),
                                        .rendered = hy_str_cstr(text)};
    on_diagnostic(failed->manager, &problem);
    if (failed->count++ == 0)
        snprintf(failed->first, sizeof failed->first, "rule %.*s at %.*s:%u:%u: %.*s",
                 (int)test->rule.len, test->rule.data, (int)test->file.len, test->file.data,
                 test->line, test->column, (int)test->problem.len, test->problem.data);
}

static hydrant_status run_tests(hydrant_manager *m, const struct hy_ruleset *set,
                                const hydrant_pack *pack, hydrant_error *err)
{
    struct failed_tests failed = {.manager = m};
    if (!m->options.test)
        return HYDRANT_OK;
    hydrant_status status = hy_rules_test_pack(set, pack->pack, on_test, &failed, &m->end, err);
    if (status == HYDRANT_OK && failed.count)
        status = hy_error_set(err, HYDRANT_ERR_RULES, "%u test%s failed: %s%s", failed.count,
                              failed.count == 1 ? "" : "s", failed.first,
                              failed.count == 1 ? "" : ", and others");
    return status;
}

/* Compiles and tests, unless found, which is taken over, has been. */
static hydrant_status make_pack(hydrant_manager *m, const struct hy_ruleset *set,
                                struct hy_pack *found, hydrant_pack **out, hydrant_error *err)
{
    hydrant_rules rules = rules_of(m);
    if (found)
        return hy_pack_handle_create(found, NULL, out, err);
    struct hy_build build = hy_manager_build(m, m->base);
    hydrant_status status = hy_pack_handle_compile(&rules, set, &build, out, err);
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

/* Puts a pack that is good in force, with the guard's word on it. */
static hydrant_status put_in_force(hydrant_manager *m, enum hy_cause cause, hydrant_pack *pack,
                                   const struct hy_parts *parts, struct hy_comparison *comparison,
                                   uint64_t *number, hydrant_error *err)
{
    struct hy_guard before;
    hydrant_status status = cause == HY_CAUSE_START ? HYDRANT_OK : hy_manager_ask(m, pack, err);
    if (status == HYDRANT_OK)
        status = hy_guard_save(m, &before, err);
    if (status != HYDRANT_OK)
        return status;
    status = hy_manager_compare(m, parts, pack, comparison, err);
    if (status == HYDRANT_OK && m->engine)
        hy_guard_begin(m, pack, comparison);
    if (status == HYDRANT_OK) /* the guard may have been cut off */
        status = hy_cancel_check(&m->end, err);
    if (status == HYDRANT_OK && cause == HY_CAUSE_START)
        status = hy_guard_recall(m, pack, parts, err);
    if (status == HYDRANT_OK)
        status = hy_manager_go_live(m, pack, false, number, err);
    hy_guard_settle(m, &before, status == HYDRANT_OK);
    return status;
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
        status = put_in_force(m, cause, pack, &parts, &comparison, &number, err);
    hy_comparison_free(&comparison);
    if (status != HYDRANT_OK) {
        hydrant_pack_destroy(&pack);
        hy_parts_free(&parts);
        return status;
    }
    struct hy_version *version = hy_manager_add_version(m, number, cause_name(cause), pack, parts);
    version->shown.seconds = (double)(hy_clock_mono_ns() - start_ns) / 1e9;
    hy_changes_write(&comparison.changes, version->shown.changes, sizeof version->shown.changes);
    hy_manager_note_base(m, pack);
    hy_guard_keep(m);
    if (cause != HY_CAUSE_START)
        hy_manager_tell_live(m, version, &comparison.changes);
    hy_guard_tell(m);
    if (compiled)
        keep_pack(m, set, pack, start_ns);
    return HYDRANT_OK;
}

static bool in_force(hydrant_manager *m, const struct hy_ruleset *set)
{
    return m->versions_count &&
           hy_manager_is_of(set->hash, hy_str_cstr(hy_manager_current(m)->shown.pack));
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

/*
 * Did somebody write while it was read, or is it what was read last time, whatever came of that? A
 * change is seen a moment before its event: what is new without one may be half of it, and is
 * looked at again when there was time for the event.
 */
static bool is_nothing_new(hydrant_manager *m, const struct hy_ruleset *set)
{
    bool new = set->hash != m->last_hash;
    if (hy_watch_take(m->watch, (int64_t)(hy_clock_mono_ns() / 1000)) || (new && !m->announced))
        m->disturbed = true;
    return m->disturbed || !new;
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
    hydrant_status status = hy_cancel_check(&m->end, &why);
    if (status == HYDRANT_OK)
        status = read_set(m, &set, &found, &why);
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
