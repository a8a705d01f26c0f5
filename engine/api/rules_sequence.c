/*
 * One engine a sequence, without threads: a mention that is pushed is judged before the call
 * returns, and the clock is ours. The pack is shared; what is remembered is small.
 */
#include "api/rules_sequence.h"

#include <stdlib.h>

#include "api/pack_handle.h"
#include "base/error.h"
#include "base/str.h"
#include "rules/derive.h"

enum { DEDUP_ENTRIES = 4096 };

struct sequence {
    hydrant *engine;
    hydrant_str rule; /* id */
    int64_t now_us;
    uint64_t *counts;
    const struct hy_rule_test *step; /* under way; NULL: time passes */
    uint32_t number;
    void (*on_step)(void *ctx, const struct hy_sequence_step *step);
    void *ctx;
};

static int64_t clock_us(void *ctx)
{
    return ((struct sequence *)ctx)->now_us;
}

static bool matches(const hydrant_item *item, hydrant_str rule)
{
    for (uint32_t i = 0; i < item->matches_count; i++)
        if (hy_str_equal(item->matches[i].rule, rule))
            return true;
    return false;
}

static void count_published(struct sequence *s, const hydrant_item *item)
{
    static const enum hy_test_count of_event[HYDRANT_ITEM_EVENTS] = {
        [HYDRANT_ITEM_MENTION] = HY_TEST_COUNT_ITEMS,
        [HYDRANT_ITEM_UPDATE] = HY_TEST_COUNT_UPDATES,
        [HYDRANT_ITEM_DELETE] = HY_TEST_COUNT_DELETES,
        [HYDRANT_ITEM_SPREAD] = HY_TEST_COUNT_SPREADS};
    s->counts[of_event[item->event]]++;
    if (item->event != HYDRANT_ITEM_MENTION || !item->verdict)
        return;
    s->counts[HY_TEST_COUNT_ACTIONABLE] += item->verdict->actionable;
    s->counts[HY_TEST_COUNT_ESCALATED] += item->verdict->escalate_to.len > 0;
}

/* The first item about the step's own mention is its answer; others came of it. */
static bool on_item(void *ctx, const hydrant_item *item)
{
    struct sequence *s = ctx;
    if (item->drop == HYDRANT_DROP_NONE)
        count_published(s, item);
    if (!s->step || item->event == HYDRANT_ITEM_SPREAD)
        return true;
    struct hy_sequence_step step = {s->step, s->number, item, matches(item, s->rule)};
    bool own = item->event == HYDRANT_ITEM_MENTION || item->event == HYDRANT_ITEM_DELETE ||
               (item->mention && item->mention->event == HYDRANT_EVENT_EDIT);
    if (!own)
        return true;
    s->counts[HY_TEST_COUNT_MATCHED] += step.matched;
    s->on_step(s->ctx, &step);
    s->step = NULL;
    return true;
}

static hydrant_status create_engine(struct sequence *s, const struct hy_pack *pack,
                                    hydrant_error *err)
{
    bool *in_shadow = calloc((size_t)pack->rules_count + 1, sizeof *in_shadow);
    struct hy_pack *derived = NULL;
    hydrant_pack *handle = NULL;
    if (!in_shadow)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to try %u rules", pack->rules_count);
    for (uint32_t i = 0; i < pack->rules_count; i++)
        in_shadow[i] = pack->rules[i].state == HY_RULE_SHADOW;
    hydrant_status status = hy_pack_derive_shadow(pack, in_shadow, &derived, err);
    free(in_shadow);
    if (status == HYDRANT_OK)
        status = hy_pack_handle_create(derived, NULL, &handle, err);
    if (status != HYDRANT_OK)
        return status;
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_item = on_item;
    options.clock_us = clock_us;
    options.ctx = s;
    options.format = HYDRANT_FORMAT_NATIVE;
    options.dedup_entries = DEDUP_ENTRIES;
    status = hydrant_create(&options, handle, &s->engine, err);
    hydrant_pack_destroy(&handle);
    return status;
}

static hydrant_status take_step(struct sequence *s, const struct hy_rule_test *step,
                                hydrant_error *err)
{
    s->now_us += step->after_us;
    s->step = NULL;
    s->number++;
    hydrant_status status = hydrant_tick(s->engine, err);
    if (status != HYDRANT_OK || !step->mention.len)
        return status;
    s->step = step;
    status = hydrant_push_bytes(s->engine, "test", step->mention.data, step->mention.len, err);
    if (status == HYDRANT_OK)
        status = hydrant_push_bytes(s->engine, "test", "\n", 1, err);
    if (status == HYDRANT_OK && s->step) /* nothing was said of it */
        s->on_step(s->ctx, &(struct hy_sequence_step){step, s->number, NULL, false});
    return status;
}

hydrant_status hy_sequence_run(const struct hy_pack *pack, uint32_t rule,
                               const struct hy_rule_test *test,
                               void (*on_step)(void *ctx, const struct hy_sequence_step *step),
                               void *ctx, uint64_t counts[HY_TEST_COUNTS], hydrant_error *err)
{
    struct sequence s = {.rule = pack->rules[rule].id,
                         .now_us = test->start_us,
                         .counts = counts,
                         .on_step = on_step,
                         .ctx = ctx};
    for (int i = 0; i < HY_TEST_COUNTS; i++)
        counts[i] = 0;
    hydrant_status status = create_engine(&s, pack, err);
    for (uint32_t i = 0; i < test->steps_count && status == HYDRANT_OK; i++)
        status = take_step(&s, &test->steps[i], err);
    hydrant_destroy(&s.engine);
    return status;
}
