/*
 * hydrant_rules_backtest: two engines over the same archives, and a merge of what they say.
 *
 *   old rules: engine --on_item--> queue ---+
 *                                           v   by (archive, offset, part)
 *   new rules: engine --on_item-----------> merge: gained, lost, samples
 *
 * A record can hold several mentions (a page of a listing): part says which of them it is.
 *
 * Both engines give items in input order, so the merge looks at the head of the queue only. The old
 * side waits while the queue is full, the new one while it is empty; the queue is emptied by the
 * new side and, after its end, by the calling thread: no wait is for ever.
 *
 * Threads: one for each engine, which runs its callbacks' waits; the calling one starts, shows
 * progress and ends.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/engine_inner.h"
#include "api/pack_handle.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/timed_wait.h"
#include "ingest/feeder.h"
#include "pack/policy.h"
#include "pii/pii.h"
#include "rules/name_table.h"

enum { QUEUE = 4096, TEXT_BYTES = 512, ID_BYTES = 128, RULES_MAX = 512, PROGRESS_MS = 200 };

/* Of a text so much is kept that personal data which begins in what is shown is seen whole. */
enum { KEPT_BYTES = TEXT_BYTES + 256 };

/* A matched mention: what the merge needs of it. */
struct found {
    uint64_t offset;
    uint32_t archive, part;
    bool published, actionable;
    uint32_t rules_count, text_len, id_len;
    uint32_t rules[RULES_MAX]; /* numbers in backtest.rules, ascending */
    char text[KEPT_BYTES], id[ID_BYTES];
};

struct side {
    struct backtest *all;
    hydrant_pack *pack;
    hydrant *engine;
    struct hy_name_table numbers; /* id -> number in backtest.rules, + 1 */
    pthread_t thread;
    bool started, ended; /* ended: under the lock */
    const char **names;  /* of each archive, as its items have it: no two at one place */
    uint32_t archive;    /* of the last item */
    hydrant_status status;
    hydrant_error err;
    uint64_t matched, published, actionable;
};

struct backtest {
    const hydrant_backtest_options *options;
    struct side before, after; /* before.pack NULL: nothing to compare with */
    hydrant_backtest_rule *rules;
    uint32_t rules_count;
    uint32_t *gained_samples, *lost_samples; /* per rule: how many there are */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct found *queue;
    uint32_t head, count;
    bool stopped;       /* the new side failed: the old one is not waited for */
    struct found *mine; /* the new side's present one */

    hydrant_backtest result;
    hydrant_backtest_sample *samples;
    uint32_t samples_room;
    bool nomem;
};

/* ---- rules of both sides ---- */

static bool add_rules(struct backtest *b, struct side *side, bool after)
{
    const struct hy_pack *pack = side->pack ? side->pack->pack : NULL;
    for (uint32_t i = 0; pack && i < pack->rules_count; i++) {
        hydrant_str id = pack->rules[i].id;
        void *known = after ? NULL : hy_name_table_find(&b->after.numbers, id);
        uint32_t number = known ? (uint32_t)((uintptr_t)known - 1) : b->rules_count++;
        hydrant_backtest_rule *rule = &b->rules[number];
        rule->rule = id;
        rule->is_after |= after;
        rule->is_before |= !after;
        if (!hy_name_table_add(&side->numbers, id, (void *)((uintptr_t)number + 1)))
            return false;
    }
    return true;
}

static uint32_t number_of(const struct side *side, hydrant_str id)
{
    void *known = hy_name_table_find(&side->numbers, id);
    return known ? (uint32_t)((uintptr_t)known - 1) : UINT32_MAX;
}

/* ---- what a side says ---- */

/* Items come in the order of the archives: it is the one of the item before, or a later one. */
static uint32_t archive_of(struct side *side, hydrant_str source)
{
    while (side->archive + 1 < side->all->options->archives_count &&
           source.data != side->names[side->archive])
        side->archive++;
    return side->archive;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static uint32_t copy_cut(char *to, uint32_t cap, hydrant_str from)
{
    uint32_t len = hy_str_cut(from, cap).len;
    if (len)
        memcpy(to, from.data, len);
    return len;
}

static void take_item(struct side *side, const hydrant_item *item, struct found *found)
{
    found->archive = archive_of(side, item->source);
    found->offset = item->offset;
    found->part = item->part;
    found->published = item->drop == HYDRANT_DROP_NONE && item->verdict;
    found->actionable = found->published && item->verdict->actionable;
    found->rules_count = 0;
    for (uint32_t i = 0; i < item->matches_count && i < RULES_MAX; i++)
        found->rules[found->rules_count++] = number_of(side, item->matches[i].rule);
    qsort(found->rules, found->rules_count, sizeof *found->rules, compare_u32);
    found->text_len = copy_cut(found->text, KEPT_BYTES, item->mention->text);
    found->id_len = copy_cut(found->id, ID_BYTES, item->mention->id);
    side->matched++;
    side->published += found->published;
    side->actionable += found->actionable;
}

/* ---- comparison ---- */

static hydrant_str *copy_rules(struct backtest *b, const uint32_t *rules, uint32_t count)
{
    hydrant_str *copy = malloc(((size_t)count + 1) * sizeof *copy);
    for (uint32_t i = 0; copy && i < count; i++)
        copy[i] = b->rules[rules[i]].rule;
    return copy;
}

static hydrant_str copy_text(const char *text, uint32_t len)
{
    char *copy = malloc((size_t)len + 1);
    if (copy)
        memcpy(copy, text, len);
    return (hydrant_str){copy, copy ? len : 0};
}

/* As it is shown: personal data masked, cut. */
static hydrant_str copy_shown(const struct backtest *b, const struct found *found)
{
    char masked[KEPT_BYTES], shown[TEXT_BYTES];
    memcpy(masked, found->text, found->text_len);
    hy_pii_mask(masked, found->text_len, &b->after.pack->pack->policy->pii);
    return copy_text(shown, copy_cut(shown, TEXT_BYTES, hy_str(masked, found->text_len)));
}

static void add_sample(struct backtest *b, const struct found *found, const uint32_t *gained,
                       uint32_t gained_count, const uint32_t *lost, uint32_t lost_count)
{
    if (b->result.samples_count == b->samples_room) {
        uint32_t room = b->samples_room ? 2 * b->samples_room : 64;
        hydrant_backtest_sample *grown = realloc(b->samples, room * sizeof *grown);
        if (!grown) {
            b->nomem = true;
            return;
        }
        b->samples = grown;
        b->samples_room = room;
    }
    hydrant_backtest_sample *sample = &b->samples[b->result.samples_count++];
    *sample =
        (hydrant_backtest_sample){.archive = hy_str_cstr(b->options->archives[found->archive]),
                                  .offset = found->offset,
                                  .id = copy_text(found->id, found->id_len),
                                  .text = copy_shown(b, found),
                                  .gained = copy_rules(b, gained, gained_count),
                                  .gained_count = gained_count,
                                  .lost = copy_rules(b, lost, lost_count),
                                  .lost_count = lost_count};
    if (!sample->id.data || !sample->text.data || !sample->gained || !sample->lost)
        b->nomem = true;
}

/* Counts rules that only one side has, and keeps the mention while one of them wants samples. */
static bool wants_sample(struct backtest *b, const uint32_t *rules, uint32_t count, uint32_t *kept)
{
    bool wants = false;
    for (uint32_t i = 0; i < count; i++)
        wants |= kept[rules[i]] < b->options->samples_per_rule;
    for (uint32_t i = 0; i < count && wants; i++)
        kept[rules[i]]++;
    return wants;
}

/* One mention; before or after is NULL where that side does not match it. */
static void compare(struct backtest *b, const struct found *before, const struct found *after)
{
    uint32_t gained[RULES_MAX] = {0}, lost[RULES_MAX] = {0}, gained_count = 0, lost_count = 0;
    uint32_t i = 0, k = 0, m = before ? before->rules_count : 0, n = after ? after->rules_count : 0;
    while (i < m || k < n) {
        uint32_t old = i < m ? before->rules[i] : UINT32_MAX;
        uint32_t new = k < n ? after->rules[k] : UINT32_MAX;
        if (old <= new)
            b->rules[old].before++;
        if (new <= old)
            b->rules[new].after++;
        if (old < new) {
            b->rules[old].lost++;
            lost[lost_count++] = old;
        } else if (new < old) {
            b->rules[new].gained++;
            gained[gained_count++] = new;
        }
        i += old <= new;
        k += new <= old;
    }
    b->result.gained += !before;
    b->result.lost += !after;
    bool keep = wants_sample(b, gained, gained_count, b->gained_samples);
    keep |= wants_sample(b, lost, lost_count, b->lost_samples);
    if (keep)
        add_sample(b, after ? after : before, gained, gained_count, lost, lost_count);
}

static int compare_places(const struct found *a, const struct found *b)
{
    if (a->archive != b->archive)
        return a->archive < b->archive ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return a->part < b->part ? -1 : a->part > b->part;
}

/* ---- the queue ---- */

/* News of an earlier mention (a hold that ended) comes as an update, as edits do; it matches
 * nothing itself. */
static bool is_news(const hydrant_item *item)
{
    return item->event == HYDRANT_ITEM_UPDATE && item->mention->event != HYDRANT_EVENT_EDIT;
}

static bool on_before(void *ctx, const hydrant_item *item)
{
    struct side *side = ctx;
    struct backtest *b = side->all;
    if (is_news(item))
        return true;
    pthread_mutex_lock(&b->lock);
    while (b->count == QUEUE && !b->stopped)
        pthread_cond_wait(&b->changed, &b->lock);
    bool go_on = !b->stopped;
    struct found *slot = &b->queue[(b->head + b->count) % QUEUE];
    pthread_mutex_unlock(&b->lock);
    if (!go_on)
        return false;
    take_item(side, item, slot); /* nobody else looks at it before count says so */
    pthread_mutex_lock(&b->lock);
    if (b->count++ == 0)
        pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return true;
}

/* The head of the queue; NULL when the old side has ended and there is nothing more. */
static struct found *peek(struct backtest *b)
{
    pthread_mutex_lock(&b->lock);
    while (b->count == 0 && !b->before.ended)
        pthread_cond_wait(&b->changed, &b->lock);
    struct found *found = b->count ? &b->queue[b->head] : NULL;
    pthread_mutex_unlock(&b->lock);
    return found;
}

static void pop(struct backtest *b)
{
    pthread_mutex_lock(&b->lock);
    b->head = (b->head + 1) % QUEUE;
    if (b->count-- == QUEUE)
        pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static bool on_after(void *ctx, const hydrant_item *item)
{
    struct side *side = ctx;
    struct backtest *b = side->all;
    struct found *before;
    if (is_news(item))
        return true;
    take_item(side, item, b->mine);
    while ((before = peek(b)) && compare_places(before, b->mine) < 0) {
        compare(b, before, NULL);
        pop(b);
    }
    if (before && compare_places(before, b->mine) == 0) {
        compare(b, before, b->mine);
        pop(b);
    } else {
        compare(b, NULL, b->mine);
    }
    return true;
}

/* ---- running ---- */

static void *run_side(void *arg)
{
    struct side *side = arg;
    struct backtest *b = side->all;
    side->status = hydrant_run(side->engine, &side->err);
    pthread_mutex_lock(&b->lock);
    side->ended = true;
    b->stopped |= side == &b->after && side->status == HYDRANT_ERR_CANCELLED;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return NULL;
}

static hydrant_status begin_side(struct backtest *b, struct side *side, uint32_t workers,
                                 bool (*on_item)(void *ctx, const hydrant_item *item),
                                 hydrant_error *err)
{
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = workers;
    options.format = b->options->format;
    options.emit = HYDRANT_EMIT_MATCHED;
    options.on_item = on_item;
    options.ctx = side;
    options.event_time = true;
    options.dedup_window_us = 0;
    size_t count = b->options->archives_count;
    side->names = calloc(count, sizeof *side->names);
    if (!side->names)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %zu archives", count);
    hydrant_status status = hydrant_create(&options, side->pack, &side->engine, err);
    for (size_t i = 0; status == HYDRANT_OK && i < count; i++) {
        status = hydrant_add_file(side->engine, b->options->archives[i], err);
        if (status == HYDRANT_OK)
            side->names[i] =
                hy_feeder_added_name(hy_pipeline_feeder(hy_engine_pipeline(side->engine)));
    }
    return status;
}

static hydrant_status start_side(struct side *side, hydrant_error *err)
{
    int error = hy_thread_start(&side->thread, run_side, side);
    if (error)
        return hy_error_system(err, error, "cannot start a thread");
    side->started = true;
    return HYDRANT_OK;
}

static void wait_for_end(struct backtest *b)
{
    pthread_mutex_lock(&b->lock);
    while (!b->after.ended) {
        hy_timed_wait(&b->changed, &b->lock, PROGRESS_MS);
        if (!b->options->on_progress || b->after.ended)
            continue;
        hydrant_progress progress;
        pthread_mutex_unlock(&b->lock);
        hydrant_progress_read(b->after.engine, &progress);
        b->options->on_progress(b->options->ctx, &progress);
        pthread_mutex_lock(&b->lock);
    }
    pthread_mutex_unlock(&b->lock);
}

/* What the old side matches behind the last one of the new side. */
static void take_rest(struct backtest *b)
{
    struct found *before;
    while (b->before.started && !b->stopped && (before = peek(b))) {
        compare(b, before, NULL);
        pop(b);
    }
}

static void stop_all(struct backtest *b)
{
    pthread_mutex_lock(&b->lock);
    b->stopped = true;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
    if (b->before.started)
        pthread_join(b->before.thread, NULL);
    if (b->after.started)
        pthread_join(b->after.thread, NULL);
}

static hydrant_status side_status(const struct side *side, hydrant_error *err)
{
    if (side->status != HYDRANT_OK && err)
        *err = side->err;
    return side->status;
}

static hydrant_status run_both(struct backtest *b, hydrant_error *err)
{
    bool two = b->before.pack != NULL;
    uint32_t workers = b->options->workers > 1 ? b->options->workers / (two ? 2 : 1) : 1;
    hydrant_status status = begin_side(b, &b->after, workers, on_after, err);
    if (status == HYDRANT_OK && two)
        status = begin_side(b, &b->before, workers, on_before, err);
    b->before.ended = !two;
    if (status == HYDRANT_OK && two)
        status = start_side(&b->before, err);
    if (status == HYDRANT_OK)
        status = start_side(&b->after, err);
    if (status == HYDRANT_OK) {
        wait_for_end(b);
        take_rest(b);
    }
    stop_all(b);
    if (status == HYDRANT_OK)
        status = side_status(&b->after, err);
    if (status == HYDRANT_OK && two)
        status = side_status(&b->before, err);
    if (status == HYDRANT_OK && b->nomem)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for samples");
    return status;
}

/* ---- the whole ---- */

static hydrant_status compile_both(struct backtest *b, hydrant_error *err)
{
    const hydrant_backtest_options *o = b->options;
    hydrant_status status = hydrant_pack_compile(&o->rules, &b->after.pack, err);
    if (status == HYDRANT_OK && o->against)
        status = hydrant_pack_compile(o->against, &b->before.pack, err);
    if (status != HYDRANT_OK)
        return status;
    size_t rules = b->after.pack->pack->rules_count;
    rules += b->before.pack ? b->before.pack->pack->rules_count : 0;
    b->rules = calloc(rules + 1, sizeof *b->rules);
    b->gained_samples = calloc(rules + 1, sizeof *b->gained_samples);
    b->lost_samples = calloc(rules + 1, sizeof *b->lost_samples);
    b->queue = malloc(QUEUE * sizeof *b->queue);
    b->mine = malloc(sizeof *b->mine);
    if (!b->rules || !b->gained_samples || !b->lost_samples || !b->queue || !b->mine ||
        !add_rules(b, &b->after, true) || !add_rules(b, &b->before, false))
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a backtest");
    return HYDRANT_OK;
}

static void fill_result(struct backtest *b, uint64_t start_ns)
{
    hydrant_stats stats;
    hydrant_stats_read(b->after.engine, &stats);
    b->result.posts = stats.posts;
    b->result.bytes = stats.bytes;
    memcpy(b->result.dropped, stats.dropped, sizeof b->result.dropped);
    b->result.seconds = (double)(hy_clock_mono_ns() - start_ns) / 1e9;
    b->result.matched_before = b->before.matched;
    b->result.matched_after = b->after.matched;
    b->result.published_before = b->before.published;
    b->result.published_after = b->after.published;
    b->result.actionable_before = b->before.actionable;
    b->result.actionable_after = b->after.actionable;
    b->result.rules = b->rules;
    b->result.rules_count = b->rules_count;
    b->result.samples = b->samples;
}

static void end_side(struct side *side)
{
    hydrant_destroy(&side->engine);
    hydrant_pack_destroy(&side->pack);
    free(side->names);
    hy_name_table_fini(&side->numbers);
}

static void end(struct backtest *b)
{
    end_side(&b->before);
    end_side(&b->after);
    for (uint32_t i = 0; i < b->result.samples_count; i++) {
        free((void *)(uintptr_t)b->samples[i].id.data);
        free((void *)(uintptr_t)b->samples[i].text.data);
        free((void *)(uintptr_t)b->samples[i].gained);
        free((void *)(uintptr_t)b->samples[i].lost);
    }
    free(b->samples);
    free(b->rules);
    free(b->gained_samples);
    free(b->lost_samples);
    free(b->queue);
    free(b->mine);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
}

static hydrant_status check_options(const hydrant_backtest_options *o, hydrant_error *err)
{
    if (o->archives_count == 0 || o->archives_count >= UINT32_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "no archive of mentions is named");
    for (size_t i = 0; i < o->archives_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(o->archives[i], o->archives[k]) == 0)
                return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "%s is named twice", o->archives[i]);
    if (o->workers > HYDRANT_WORKERS_MAX)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "workers is %u, must be 1..%d", o->workers,
                            HYDRANT_WORKERS_MAX);
    return HYDRANT_OK;
}

hydrant_status hydrant_rules_backtest(const hydrant_backtest_options *options,
                                      void (*on_result)(void *ctx, const hydrant_backtest *result),
                                      void *ctx, hydrant_error *err)
{
    struct backtest b = {.options = options};
    hydrant_status status = check_options(options, err);
    if (status != HYDRANT_OK)
        return status;
    b.before.all = b.after.all = &b;
    pthread_mutex_init(&b.lock, NULL);
    hy_timed_wait_init(&b.changed);
    status = compile_both(&b, err);
    uint64_t start_ns = hy_clock_mono_ns();
    if (status == HYDRANT_OK)
        status = run_both(&b, err);
    if (status == HYDRANT_OK) {
        fill_result(&b, start_ns);
        on_result(ctx, &b.result);
    }
    end(&b);
    return status;
}
