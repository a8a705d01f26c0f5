/* What the daemon shows: metrics, health, status; and what the control socket can ask of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "base/c_locale.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "control/metrics_page.h"
#include "publish/json_writer.h"

enum { HELD_UP_BYTES = 512 };

static const char *phase_name(const struct hydrant_daemon *daemon)
{
    static const char *const names[] = {"starting", "ready", "draining", "ended"};
    return names[atomic_load_explicit(&daemon->phase, memory_order_acquire)];
}

static void read_view(struct hydrant_daemon *daemon, struct hy_daemon_view *out)
{
    pthread_mutex_lock(&daemon->view_lock);
    *out = daemon->view;
    pthread_mutex_unlock(&daemon->view_lock);
}

/* "group care holds everything up since 4 s, group desk since 2 s"; empty: none does. */
static void write_held_up(const struct hydrant_daemon *daemon, const struct hy_daemon_view *view,
                          char *out, size_t cap)
{
    size_t len = 0;
    int64_t now = hy_clock_wall_us();
    out[0] = '\0';
    for (uint32_t i = 0; i < daemon->config->groups_count && len < cap; i++) {
        int64_t since = view->held_since_us[i];
        if (since)
            len +=
                (size_t)snprintf(out + len, cap - len, "%sgroup %s%s since %lld s", len ? ", " : "",
                                 daemon->config->groups[i].name, len ? "" : " holds everything up",
                                 (long long)(now > since ? (now - since) / 1000000 : 0));
    }
}

/* Does it read? Otherwise text says what it does. */
static bool is_ready(struct hydrant_daemon *daemon, const struct hy_daemon_view *view, char *text,
                     size_t cap)
{
    snprintf(text, cap, "%s", phase_name(daemon));
    if (strcmp(text, "ready") != 0)
        return false;
    write_held_up(daemon, view, text, cap);
    return !text[0];
}

/* ---- metrics ----------------------------------------------------------------------------------
 */

/* X(member of hydrant_stats, metric, help) */
#define STATS_METRICS(X)                                                                        \
    X(posts, "hydrant_posts_total", "Records read, bad ones included.")                         \
    X(bytes, "hydrant_bytes_total", "Bytes of records and separators, decompressed.")           \
    X(matched, "hydrant_matched_total", "Mentions that at least one rule wants.")               \
    X(actionable, "hydrant_actionable_total", "Items that a person should act on.")             \
    X(published, "hydrant_published_total", "Items published, those only to monitor included.") \
    X(ring_items, "hydrant_ring_items_total", "Items written to the ring.")                     \
    X(ring_shortened, "hydrant_ring_shortened_total",                                           \
      "Items whose text was cut, as they were longer than the ring admits.")                    \
    X(ring_too_long, "hydrant_ring_too_long_total",                                             \
      "Items left out, as they were longer than the ring admits even so.")                      \
    X(ignored_fields, "hydrant_ignored_fields_total", "Optional fields of a wrong type.")

static void put_stats(struct hy_metrics_page *page, const hydrant_stats *stats)
{
#define PUT(member, name, help)                     \
    hy_metrics_family(page, name, "counter", help); \
    hy_metrics_count(page, NULL, NULL, stats->member);
    STATS_METRICS(PUT)
#undef PUT
    hy_metrics_family(page, "hydrant_duplicates_total", "counter", "Repeats, by kind.");
    hy_metrics_count(page, "kind", "exact", stats->dup_exact);
    hy_metrics_count(page, "kind", "near", stats->dup_near);
    hy_metrics_count(page, "kind", "redelivered", stats->dup_redelivered);
    hy_metrics_family(page, "hydrant_dropped_total", "counter",
                      "Records that did not become an item, by reason.");
    for (int i = HYDRANT_DROP_NONE + 1; i < HYDRANT_DROPS; i++)
        hy_metrics_count(page, "reason", hydrant_drop_name((hydrant_drop)i), stats->dropped[i]);
    hy_metrics_family(page, "hydrant_stage_cpu_seconds_total", "counter",
                      "CPU time spent in each stage, all threads.");
    for (int i = 0; i < HYDRANT_STAGES; i++)
        hy_metrics_value(page, "stage", hydrant_stage_name((hydrant_stage)i),
                         (double)stats->stage_cpu_ns[i] / 1e9);
    hy_metrics_family(page, "hydrant_workers", "gauge", "Threads that judge.");
    hy_metrics_count(page, NULL, NULL, stats->workers);
}

static void put_rules(struct hy_metrics_page *page, struct hydrant_daemon *daemon)
{
    hydrant_manager_status rules;
    hydrant_manager_status_read(daemon->manager, &rules);
    hy_metrics_family(page, "hydrant_rules_generation", "gauge", "Generation that judges.");
    hy_metrics_count(page, NULL, NULL, rules.generation);
    hy_metrics_family(page, "hydrant_rules", "gauge", "Rules in force.");
    hy_metrics_count(page, NULL, NULL, rules.rules);
    hy_metrics_family(page, "hydrant_rules_behind", "gauge",
                      "1: the files hold rules that are not those in force.");
    hy_metrics_count(page, NULL, NULL, rules.behind);
    hy_metrics_family(page, "hydrant_rules_shadowed", "gauge", "Rules that the guard holds.");
    hy_metrics_count(page, NULL, NULL, rules.shadowed);
    hy_metrics_family(page, "hydrant_reload_attempts_total", "counter",
                      "Attempts to reload rules.");
    hy_metrics_count(page, NULL, NULL, rules.attempts);
    hy_metrics_family(page, "hydrant_reload_refusals_total", "counter",
                      "Reloads that were refused.");
    hy_metrics_count(page, NULL, NULL, rules.refusals);
}

/* X(metric, type, member of struct hy_daemon_view_source, help) */
#define SOURCE_METRICS(X)                                                                       \
    X("hydrant_source_records_total", "counter", records, "Records delivered.")                 \
    X("hydrant_source_bytes_total", "counter", bytes, "Bytes delivered, unpacked.")             \
    X("hydrant_source_bad_records_total", "counter", bad,                                       \
      "Bad records; hydrant_dropped_total "                                                     \
      "has the reasons.")                                                                       \
    X("hydrant_source_errors_total", "counter", errors, "Things that could not be read.")       \
    X("hydrant_source_connections", "gauge", figures.connections, "Connections that are open.") \
    X("hydrant_source_connects_total", "counter", figures.connects,                             \
      "Connections, requests or files that were opened.")                                       \
    X("hydrant_source_reconnects_total", "counter", figures.reconnects,                         \
      "Of these, in place of one that was lost.")                                               \
    X("hydrant_source_refused_total", "counter", figures.refused,                               \
      "Senders and requests that were turned away.")                                            \
    X("hydrant_source_waiting", "gauge", figures.waiting,                                       \
      "What is known to wait outside: bytes of files, messages of a broker.")                   \
    X("hydrant_source_paused", "gauge", figures.paused != NULL, "1: it takes nothing for now.") \
    X("hydrant_source_ended", "gauge", ended, "1: nothing more comes from it.")

static void put_sources(struct hy_metrics_page *page, const struct hydrant_daemon *daemon,
                        const struct hy_daemon_view *view)
{
    hy_metrics_family(page, "hydrant_source_committed_position", "gauge",
                      "Position before which everything is in the ring.");
    for (uint32_t i = 0; i < view->streams_count; i++)
        hy_metrics_count(page, "stream", view->streams[i].name, view->streams[i].committed);
    hy_metrics_family(page, "hydrant_source_acknowledged_position", "gauge",
                      "Position before which every declared group has acknowledged.");
    for (uint32_t i = 0; i < view->streams_count; i++)
        hy_metrics_count(page, "stream", view->streams[i].name, view->streams[i].acknowledged);
    hy_metrics_family(page, "hydrant_source_repeated_positions", "gauge",
                      "How much of it was in the ring at the start and was published again.");
    for (uint32_t i = 0; i < view->streams_count; i++)
        hy_metrics_count(page, "stream", view->streams[i].name, view->streams[i].again);
#define PUT(metric, type, member, help)                  \
    hy_metrics_family(page, metric, type, help);         \
    for (uint32_t i = 0; i < daemon->sources_count; i++) \
        hy_metrics_count(page, "source", daemon->sources[i].config->name, view->sources[i].member);
    SOURCE_METRICS(PUT)
#undef PUT
    hy_metrics_family(page, "hydrant_source_newest_timestamp_seconds", "gauge",
                      "When the newest of the mentions that came through last was made.");
    for (uint32_t i = 0; i < daemon->sources_count; i++)
        if (view->sources[i].newest_us != HYDRANT_TIME_NONE)
            hy_metrics_value(page, "source", daemon->sources[i].config->name,
                             (double)view->sources[i].newest_us / 1e6);
    hy_metrics_family(page, "hydrant_parcels_in_flight", "gauge",
                      "Parcels of records that workers have or wait for room with.");
    hy_metrics_count(page, NULL, NULL, view->parcels_out);
    hy_metrics_family(page, "hydrant_checkpoint_saves_total", "counter", "Checkpoints saved.");
    hy_metrics_count(page, NULL, NULL, view->saves);
    hy_metrics_family(page, "hydrant_checkpoint_failures_total", "counter",
                      "Checkpoints that could not be saved.");
    hy_metrics_count(page, NULL, NULL, view->save_failures);
    hy_metrics_family(page, "hydrant_checkpoint_saved_timestamp_seconds", "gauge",
                      "When the last one was saved.");
    hy_metrics_value(page, NULL, NULL, (double)view->saved_us / 1e6);
}

/* X(metric, type, member of hy_ring_group_stats, help) */
#define GROUP_METRICS(X)                                                                         \
    X("hydrant_ring_group_lag_items", "gauge", lag, "Items not acknowledged, spilled too.")      \
    X("hydrant_ring_group_members", "gauge", members, "Members that live.")                      \
    X("hydrant_ring_group_dropped_total", "counter", dropped,                                    \
      "Items dropped by the policy, or spilled and lost.")                                       \
    X("hydrant_ring_group_spilled_total", "counter", spilled, "Items spilled to disk.")          \
    X("hydrant_ring_group_spill_bytes", "gauge", spill_bytes, "Bytes spilled and not read yet.") \
    X("hydrant_ring_group_spoiled_total", "counter", spoiled,                                    \
      "Times that the group's members broke the protocol.")

/* X(metric, type, member of hy_recording_stats, help) */
#define RECORDING_METRICS(X)                                                                   \
    X("hydrant_recording_mentions_total", "counter", recorded, "Mentions that were recorded.") \
    X("hydrant_recording_missed_total", "counter", missed, "Mentions that were not recorded.") \
    X("hydrant_recording_deletes_total", "counter", deleted,                                   \
      "Deletes that the recording was told of.")                                               \
    X("hydrant_recording_bytes", "gauge", bytes, "Bytes of the recording on disk.")            \
    X("hydrant_recording_failures_total", "counter", failures, "Writings that the disk refused.")

static void put_recording(struct hy_metrics_page *page, struct hydrant_daemon *daemon)
{
    struct hy_recording_stats stats;
    if (!daemon->recording)
        return;
    hy_recording_stats_read(daemon->recording, &stats);
#define PUT(metric, type, member, help)          \
    hy_metrics_family(page, metric, type, help); \
    hy_metrics_count(page, NULL, NULL, stats.member);
    RECORDING_METRICS(PUT)
#undef PUT
}

static void put_groups(struct hy_metrics_page *page, struct hydrant_daemon *daemon)
{
    struct hy_ring_group_stats groups[HY_RING_GROUPS];
    uint32_t count = 0;
    while (count < HY_RING_GROUPS && hy_ring_group_stats(daemon->ring, count, &groups[count]))
        count++;
#define PUT(metric, type, member, help)          \
    hy_metrics_family(page, metric, type, help); \
    for (uint32_t i = 0; i < count; i++)         \
        hy_metrics_count(page, "group", groups[i].name, groups[i].member);
    GROUP_METRICS(PUT)
#undef PUT
    hy_metrics_family(page, "hydrant_ring_group_held_seconds_total", "counter",
                      "Time that writers waited for the group, all together.");
    for (uint32_t i = 0; i < count; i++)
        hy_metrics_value(page, "group", groups[i].name, (double)groups[i].held_us / 1e6);
}

static void put_sinks(struct hy_metrics_page *page, const struct hydrant_daemon *daemon)
{
    hy_metrics_family(page, "hydrant_sink_dead_letters_total", "counter",
                      "Items that could never be sent: dead letters of the sink's group.");
    for (uint32_t i = 0; i < daemon->config->sinks_count; i++)
        hy_metrics_count(
            page, "sink", daemon->config->sinks[i].name,
            atomic_load_explicit(&daemon->sinks_dead_letters[i], memory_order_relaxed));
}

static bool metrics(struct hydrant_daemon *daemon, struct hy_http_answer *out)
{
    struct hy_metrics_page page = {0};
    struct hy_daemon_view view;
    char why[HELD_UP_BYTES];
    hydrant_stats stats;
    hydrant_stats_read(daemon->engine, &stats);
    read_view(daemon, &view);
    hy_metrics_family(&page, "hydrant_build_info", "gauge", "Always 1; the version is a label.");
    hy_metrics_count(&page, "version", HYDRANT_VERSION, 1);
    hy_metrics_family(&page, "hydrant_start_time_seconds", "gauge", "When the daemon began.");
    hy_metrics_value(&page, NULL, NULL, (double)daemon->started_us / 1e6);
    hy_metrics_family(&page, "hydrant_ready", "gauge",
                      "1: it reads; 0: it starts, drains, or a group holds everything up.");
    hy_metrics_count(&page, NULL, NULL, is_ready(daemon, &view, why, sizeof why));
    put_stats(&page, &stats);
    put_rules(&page, daemon);
    put_sources(&page, daemon, &view);
    put_groups(&page, daemon);
    put_sinks(&page, daemon);
    put_recording(&page, daemon);
    if (page.failed) {
        hy_metrics_page_fini(&page);
        out->code = 503;
        return true;
    }
    out->code = 200;
    out->type = "text/plain; version=0.0.4; charset=utf-8";
    out->body = page.data;
    out->body_len = page.len;
    return true;
}

static bool health(struct hy_http_answer *out, bool good, const char *text)
{
    out->code = good ? 200 : 503;
    out->body = strdup(text);
    out->body_len = out->body ? strlen(text) : 0;
    return true;
}

static bool readiness(struct hydrant_daemon *daemon, struct hy_http_answer *out)
{
    struct hy_daemon_view view;
    char why[HELD_UP_BYTES], text[HELD_UP_BYTES + 2];
    read_view(daemon, &view);
    bool ready = is_ready(daemon, &view, why, sizeof why);
    snprintf(text, sizeof text, "%s\n", ready ? "ready" : why);
    return health(out, ready, text);
}

bool hy_daemon_answer(void *ctx, const char *path, struct hy_http_answer *out)
{
    struct hydrant_daemon *daemon = ctx;
    if (strcmp(path, "/metrics") == 0)
        return metrics(daemon, out);
    if (strcmp(path, "/healthz") == 0)
        return health(out, !hy_pipeline_stopped(daemon->pipeline), "ok\n");
    return strcmp(path, "/readyz") == 0 && readiness(daemon, out);
}

/* ---- JSON -------------------------------------------------------------------------------------
 */

static void put_key(struct hy_json_writer *w, const char *key)
{
    if (w->used && w->out[w->used - 1] != '{')
        HY_JSON_LITERAL(w, ",");
    hy_json_string(w, hy_str_cstr(key));
    HY_JSON_LITERAL(w, ":");
}

static void put_text(struct hy_json_writer *w, const char *key, const char *text)
{
    put_key(w, key);
    hy_json_string(w, hy_str_cstr(text));
}

static void put_number(struct hy_json_writer *w, const char *key, uint64_t value)
{
    put_key(w, key);
    hy_json_uint(w, value);
}

static void put_bool(struct hy_json_writer *w, const char *key, bool value)
{
    put_key(w, key);
    if (value)
        HY_JSON_LITERAL(w, "true");
    else
        HY_JSON_LITERAL(w, "false");
}

static void put_seconds(struct hy_json_writer *w, const char *key, double seconds)
{
    char text[32];
    int len = hy_c_snprintf(text, sizeof text, "%.3f", seconds);
    put_key(w, key);
    hy_json_raw(w, text, (size_t)len);
}

static size_t finish(struct hy_json_writer *w)
{
    HY_JSON_LITERAL(w, "}");
    return hy_json_total(w) <= w->cap ? w->used : 0;
}

static struct hy_json_writer begin_reply(char *out, size_t cap, bool ok)
{
    struct hy_json_writer w = {.out = out, .cap = cap};
    HY_JSON_LITERAL(&w, "{");
    put_bool(&w, "ok", ok);
    return w;
}

static size_t say_error(char *out, size_t cap, const char *text)
{
    struct hy_json_writer w = begin_reply(out, cap, false);
    put_text(&w, "error", text);
    return finish(&w);
}

static size_t say_why(char *out, size_t cap, const hydrant_error *err)
{
    char text[1024];
    hy_error_render(err, text, sizeof text);
    return say_error(out, cap, text);
}

static size_t say(char *out, size_t cap, hydrant_status status, const hydrant_error *err)
{
    if (status != HYDRANT_OK)
        return say_why(out, cap, err);
    struct hy_json_writer w = begin_reply(out, cap, true);
    return finish(&w);
}

/* ---- status -----------------------------------------------------------------------------------
 */

static void put_counters(struct hy_json_writer *w, const hydrant_stats *stats)
{
    put_number(w, "posts", stats->posts);
    put_number(w, "bytes", stats->bytes);
    put_number(w, "matched", stats->matched);
    put_number(w, "actionable", stats->actionable);
    put_number(w, "published", stats->published);
    put_key(w, "duplicates");
    HY_JSON_LITERAL(w, "{");
    put_number(w, "exact", stats->dup_exact);
    put_number(w, "near", stats->dup_near);
    put_number(w, "redelivered", stats->dup_redelivered);
    HY_JSON_LITERAL(w, "}");
    put_key(w, "dropped");
    HY_JSON_LITERAL(w, "{");
    for (int i = HYDRANT_DROP_NONE + 1; i < HYDRANT_DROPS; i++)
        if (stats->dropped[i])
            put_number(w, hydrant_drop_name((hydrant_drop)i), stats->dropped[i]);
    HY_JSON_LITERAL(w, "}");
    put_number(w, "workers", stats->workers);
}

static void put_ring(struct hy_json_writer *w, struct hydrant_daemon *daemon,
                     const hydrant_stats *stats)
{
    struct hy_ring_group_stats group;
    put_key(w, "ring");
    HY_JSON_LITERAL(w, "{");
    put_text(w, "path", daemon->config->ring.path);
    put_text(w, "uuid", daemon->ring_uuid);
    put_number(w, "epoch", hy_ring_header(daemon->ring)->epoch);
    put_number(w, "items", stats->ring_items);
    put_key(w, "groups");
    HY_JSON_LITERAL(w, "[");
    for (uint32_t i = 0; hy_ring_group_stats(daemon->ring, i, &group); i++) {
        if (i)
            HY_JSON_LITERAL(w, ",");
        HY_JSON_LITERAL(w, "{");
        put_text(w, "name", group.name);
        put_number(w, "lag", group.lag);
        put_number(w, "members", group.members);
        put_number(w, "dropped", group.dropped);
        put_number(w, "spilled", group.spilled);
        put_number(w, "spill_bytes", group.spill_bytes);
        put_number(w, "held_us", group.held_us);
        put_number(w, "spoiled", group.spoiled);
        HY_JSON_LITERAL(w, "}");
    }
    HY_JSON_LITERAL(w, "]}");
}

static void put_source_figures(struct hy_json_writer *w, const struct hy_daemon_view_source *source)
{
    put_bool(w, "ended", source->ended);
    put_number(w, "errors", source->errors);
    put_number(w, "records", source->records);
    put_number(w, "bytes", source->bytes);
    put_number(w, "bad", source->bad);
    put_number(w, "connections", source->figures.connections);
    put_number(w, "connects", source->figures.connects);
    put_number(w, "reconnects", source->figures.reconnects);
    put_number(w, "refused", source->figures.refused);
    put_number(w, "waiting", source->figures.waiting);
    put_text(w, "paused", source->figures.paused ? source->figures.paused : "");
    put_key(w, "newest_at");
    hy_json_time(w, source->newest_us);
}

static void put_streams(struct hy_json_writer *w, const struct hydrant_daemon *daemon,
                        const struct hy_daemon_view *view)
{
    put_key(w, "streams");
    HY_JSON_LITERAL(w, "[");
    for (uint32_t i = 0; i < view->streams_count; i++) {
        if (i)
            HY_JSON_LITERAL(w, ",");
        HY_JSON_LITERAL(w, "{");
        put_text(w, "name", view->streams[i].name);
        put_number(w, "committed", view->streams[i].committed);
        put_number(w, "acknowledged", view->streams[i].acknowledged);
        put_number(w, "again", view->streams[i].again);
        HY_JSON_LITERAL(w, "}");
    }
    HY_JSON_LITERAL(w, "]");
    put_key(w, "sources");
    HY_JSON_LITERAL(w, "[");
    for (uint32_t i = 0; i < daemon->sources_count; i++) {
        if (i)
            HY_JSON_LITERAL(w, ",");
        HY_JSON_LITERAL(w, "{");
        put_text(w, "name", daemon->sources[i].config->name);
        put_text(w, "type", daemon->sources[i].intake->type->name);
        put_source_figures(w, &view->sources[i]);
        HY_JSON_LITERAL(w, "}");
    }
    HY_JSON_LITERAL(w, "]");
}

static size_t status(struct hydrant_daemon *daemon, char *out, size_t cap)
{
    struct hy_json_writer w = begin_reply(out, cap, true);
    struct hy_daemon_view view;
    char held_up[HELD_UP_BYTES];
    hydrant_manager_status rules;
    hydrant_stats stats;
    hydrant_stats_read(daemon->engine, &stats);
    hydrant_manager_status_read(daemon->manager, &rules);
    read_view(daemon, &view);
    put_text(&w, "state", phase_name(daemon));
    write_held_up(daemon, &view, held_up, sizeof held_up);
    put_text(&w, "held_up", held_up);
    put_text(&w, "version", HYDRANT_VERSION);
    put_number(&w, "pid", (uint64_t)getpid());
    put_seconds(&w, "uptime_seconds", (double)(hy_clock_wall_us() - daemon->started_us) / 1e6);
    put_number(&w, "generation", rules.generation);
    put_text(&w, "pack", rules.pack);
    put_number(&w, "rules", rules.rules);
    put_bool(&w, "behind", rules.behind);
    put_text(&w, "refused", rules.refused);
    put_number(&w, "shadowed", rules.shadowed);
    put_counters(&w, &stats);
    put_number(&w, "parcels_in_flight", view.parcels_out);
    put_key(&w, "checkpoint_at");
    hy_json_time(&w, view.saved_us ? view.saved_us : HYDRANT_TIME_NONE);
    put_number(&w, "checkpoint_failures", view.save_failures);
    put_ring(&w, daemon, &stats);
    put_streams(&w, daemon, &view);
    return finish(&w);
}

/* ---- commands ---------------------------------------------------------------------------------
 */

static size_t history(struct hydrant_daemon *daemon, char *out, size_t cap)
{
    struct hy_json_writer w = begin_reply(out, cap, true);
    hydrant_generation generations[64];
    size_t count = hydrant_manager_history(daemon->manager, generations, 64);
    put_key(&w, "generations");
    HY_JSON_LITERAL(&w, "[");
    for (size_t i = 0; i < count && i < 64; i++) {
        const hydrant_generation *g = &generations[i];
        if (i)
            HY_JSON_LITERAL(&w, ",");
        HY_JSON_LITERAL(&w, "{");
        put_number(&w, "generation", g->generation);
        put_key(&w, "live_at");
        hy_json_time(&w, g->live_us);
        put_text(&w, "cause", g->cause);
        put_text(&w, "pack", g->pack);
        put_text(&w, "changes", g->changes);
        put_number(&w, "rules", g->rules);
        put_number(&w, "restored", g->restored);
        put_seconds(&w, "seconds", g->seconds);
        put_bool(&w, "current", g->current);
        put_bool(&w, "kept", g->kept);
        HY_JSON_LITERAL(&w, "}");
    }
    HY_JSON_LITERAL(&w, "]");
    return finish(&w);
}

static size_t say_generation(struct hydrant_daemon *daemon, char *out, size_t cap,
                             hydrant_status done, const hydrant_error *err)
{
    if (done != HYDRANT_OK)
        return say_why(out, cap, err);
    struct hy_json_writer w = begin_reply(out, cap, true);
    hydrant_manager_status rules;
    hydrant_manager_status_read(daemon->manager, &rules);
    put_number(&w, "generation", rules.generation);
    put_text(&w, "pack", rules.pack);
    put_number(&w, "rules", rules.rules);
    return finish(&w);
}

struct list {
    struct hy_json_writer *writer;
    bool any;
};

static void put_rule(void *ctx, hydrant_str rule)
{
    struct list *list = ctx;
    if (list->any)
        HY_JSON_LITERAL(list->writer, ",");
    hy_json_string(list->writer, rule);
    list->any = true;
}

static size_t shadowed(struct hydrant_daemon *daemon, char *out, size_t cap)
{
    struct hy_json_writer w = begin_reply(out, cap, true);
    struct list list = {.writer = &w};
    put_key(&w, "rules");
    HY_JSON_LITERAL(&w, "[");
    hydrant_manager_shadowed(daemon->manager, put_rule, &list);
    HY_JSON_LITERAL(&w, "]");
    return finish(&w);
}

size_t hy_daemon_request(void *ctx, const struct hy_control_request *request, char *out, size_t cap)
{
    struct hydrant_daemon *daemon = ctx;
    const char *command = request->command;
    hydrant_error err = {0};
    if (strcmp(command, "status") == 0)
        return status(daemon, out, cap);
    if (strcmp(command, "history") == 0)
        return history(daemon, out, cap);
    if (strcmp(command, "shadowed") == 0)
        return shadowed(daemon, out, cap);
    if (strcmp(command, "reload") == 0)
        return say_generation(daemon, out, cap, hydrant_manager_reload(daemon->manager, &err),
                              &err);
    if (strcmp(command, "rollback") == 0)
        return say_generation(daemon, out, cap,
                              hydrant_manager_rollback(daemon->manager, request->generation, &err),
                              &err);
    if (strcmp(command, "confirm") == 0) {
        const char *rule = request->rule[0] ? request->rule : NULL;
        return say_generation(daemon, out, cap,
                              hydrant_manager_confirm(daemon->manager, rule, &err), &err);
    }
    if (strcmp(command, "drain") == 0) {
        hydrant_daemon_stop(daemon);
        return say(out, cap, HYDRANT_OK, &err);
    }
    return say_error(out, cap,
                     "no such command; there are status, reload, rollback, history, confirm, "
                     "shadowed, drain, watch");
}

void hy_daemon_rules_event(void *ctx, const hydrant_rules_event *event)
{
    struct hydrant_daemon *daemon = ctx;
    char line[2048], text[600], cause[16];
    struct hy_json_writer w = {.out = line, .cap = sizeof line - 1};
    snprintf(text, sizeof text, "%.*s", (int)event->text.len, event->text.data);
    snprintf(cause, sizeof cause, "%.*s", (int)event->cause.len, event->cause.data);
    bool bad = event->kind == HYDRANT_RULES_EVENT_REFUSED ||
               event->kind == HYDRANT_RULES_EVENT_SHADOWED ||
               event->kind == HYDRANT_RULES_EVENT_FAILED;
    hy_log(&daemon->log, bad ? HY_LOG_WARNING : HY_LOG_INFO, "rules",
           HY_LOG_TEXT("event", hydrant_rules_event_name(event->kind)), HY_LOG_TEXT("cause", cause),
           HY_LOG_NUMBER("generation", event->generation), HY_LOG_TEXT("text", text));
    HY_JSON_LITERAL(&w, "{");
    put_text(&w, "event", hydrant_rules_event_name(event->kind));
    put_text(&w, "cause", cause);
    put_number(&w, "generation", event->generation);
    put_seconds(&w, "seconds", event->seconds);
    put_key(&w, "text");
    hy_json_string(&w, hy_str_cstr(text));
    size_t len = finish(&w);
    line[len] = '\0';
    pthread_mutex_lock(&daemon->view_lock);
    if (len)
        hy_control_tell(daemon->control, line);
    pthread_mutex_unlock(&daemon->view_lock);
}
