/*
 * What each post is: original, repeat, reply or quote; where and when it was posted. Every answer
 * is a pure function of (options, index), found by looking back at most GEN_LOOKBACK posts.
 *
 * Repeats point at originals only: the search goes back from a drawn place to the next post that is
 * no repeat. Part of them gather on a few "hot" posts, so that groups have long-tailed sizes.
 *
 * Time goes in blocks of GEN_BLOCK_POSTS. A block lasts as long as its posts take at the average
 * rate, more or less; in a burst, when one brand is talked about, a quarter of that.
 */
#include "gen_post.h"

enum {
    STREAM_REPEAT = 21,
    STREAM_BACK,
    STREAM_REPLY,
    STREAM_NETWORK,
    STREAM_BLOCK,
    STREAM_BURST,
    STREAM_TIME
};
enum { BACK_BITS = 15, REPLY_BITS = 12, SEARCH_MAX = 64, HOT_BLOCK = 4096, HOT_POSTS = 3 };
enum { BURST_BLOCKS = 4, BURST_PERCENT = 6, BURST_SPEED = 4 };
enum { REPLY_PERCENT = 22, QUOTE_PERCENT = 3, LATE_PERCENT = 4, LATE_US_MAX = 2000000 };

static const int64_t first_us = 1767225600000000; /* 2026-01-01T00:00:00Z */

const char *const gen_repeat_names[GEN_REPEATS] = {
#define REPEAT_NAME(NAME, name) name,
    GEN_REPEAT_TABLE(REPEAT_NAME)
#undef REPEAT_NAME
};

static uint32_t ppm(uint64_t seed, uint32_t purpose, uint64_t index)
{
    return gen_scale(gen_hash(gen_stream(seed, purpose), index), HY_GEN_PPM);
}

static bool is_redelivery(const struct hy_gen_options *options, uint64_t index)
{
    uint32_t draw = ppm(options->seed, STREAM_REPEAT, index);
    return index > 0 && draw >= HY_GEN_PPM - options->redelivered_ppm;
}

static bool is_repeat(const struct hy_gen_options *options, uint64_t index)
{
    return index > 0 && ppm(options->seed, STREAM_REPEAT, index) < options->duplicates_ppm;
}

static bool is_reply(const struct hy_gen_options *options, uint64_t index)
{
    return index > 0 && ppm(options->seed, STREAM_REPLY, index) < REPLY_PERCENT * 10000;
}

/* The next post at or before index that is an original; `none` when there is none near. */
static uint64_t original_near(const struct hy_gen_options *options, uint64_t index, uint64_t none)
{
    for (uint32_t i = 0; i < SEARCH_MAX; i++) {
        if (!is_repeat(options, index) && !is_redelivery(options, index))
            return index;
        if (index-- == 0)
            break;
    }
    return none;
}

/* A post that many people repeat while the block of `index` lasts. */
static uint64_t hot_post(const struct hy_gen_options *options, uint64_t index, struct gen_rng *rng)
{
    uint64_t block = index / HOT_BLOCK;
    uint32_t which = gen_below_skewed(rng, HOT_POSTS);
    uint64_t hash = gen_hash(gen_stream(options->seed, STREAM_BACK), ~(block * HOT_POSTS + which));
    uint64_t back = 1 + gen_scale(hash, HOT_BLOCK / 2);
    uint64_t start = block * HOT_BLOCK;
    return start > back ? start - back : 0;
}

static uint64_t back_by(uint64_t index, uint32_t bits, struct gen_rng *rng)
{
    uint64_t back = gen_log_uniform(rng, bits);
    return back < index ? index - back : 0;
}

static enum gen_repeat draw_repeat(struct gen_rng *rng)
{
    static const struct {
        uint8_t percent;
        uint8_t repeat;
    } table[] = {
        {30, GEN_REPEAT_REPOST}, {16, GEN_REPEAT_RT},     {14, GEN_REPEAT_COPY},
        {4, GEN_REPEAT_AGAIN},   {8, GEN_REPEAT_TYPO},    {8, GEN_REPEAT_URL},
        {7, GEN_REPEAT_EMOJI},   {6, GEN_REPEAT_MENTION}, {7, GEN_REPEAT_TRUNCATED},
    };
    uint32_t draw = gen_below(rng, 100), i = 0;
    while (draw >= table[i].percent)
        draw -= table[i++].percent;
    return (enum gen_repeat)table[i].repeat;
}

static enum gen_network network_of(const struct hy_gen_options *options, uint64_t index)
{
    static const uint8_t percent[GEN_NETWORKS] = {60, 12, 10, 8, 5, 5};
    uint32_t draw = gen_scale(gen_hash(gen_stream(options->seed, STREAM_NETWORK), index), 100);
    uint32_t network = 0;
    while (draw >= percent[network])
        draw -= percent[network++];
    return (enum gen_network)network;
}

/* Replies and quotes; originals only. */
static void plan_context(const struct hy_gen_options *options, struct gen_plan *plan,
                         struct gen_rng *rng)
{
    uint64_t near = original_near(options, back_by(plan->origin, REPLY_BITS, rng), plan->origin);
    if (near == plan->origin)
        return;
    if (!is_reply(options, plan->origin)) {
        if (gen_percent(rng, QUOTE_PERCENT))
            plan->quoted = near;
        return;
    }
    for (uint32_t i = 0; i < SEARCH_MAX && is_reply(options, near); i++)
        near = original_near(options, near - 1, near);
    if (is_reply(options, near))
        return;
    plan->reply = true;
    plan->conversation = near;
}

static void plan_repeat(const struct hy_gen_options *options, struct gen_plan *plan,
                        struct gen_rng *rng)
{
    bool hot = gen_percent(rng, 40);
    uint64_t from =
        hot ? hot_post(options, plan->index, rng) : back_by(plan->index, BACK_BITS, rng);
    plan->origin = original_near(options, from, plan->index);
    if (plan->origin != plan->index)
        plan->repeat = draw_repeat(rng);
}

struct gen_plan gen_plan_post(const struct hy_gen_options *options, uint64_t index)
{
    struct gen_plan plan = {
        .index = index, .origin = index, .conversation = index, .quoted = index};
    struct gen_rng rng = gen_rng_seed(gen_stream(options->seed, STREAM_BACK), index);
    if (is_redelivery(options, index)) {
        uint64_t again = back_by(index, REPLY_BITS, &rng);
        while (is_redelivery(options, again))
            again--;
        plan = gen_plan_post(options, again);
        plan.redelivered = true;
        return plan;
    }
    if (is_repeat(options, index))
        plan_repeat(options, &plan, &rng);
    else
        plan_context(options, &plan, &rng);
    plan.network = plan.origin != index ? gen_plan_post(options, plan.origin).network
                                        : network_of(options, plan.conversation);
    return plan;
}

/* ---- time ---- */

struct gen_burst gen_plan_burst(const struct gen_world *world, uint64_t index)
{
    uint64_t group = index / (GEN_BLOCK_POSTS * BURST_BLOCKS);
    uint64_t hash = gen_hash(gen_stream(world->options.seed, STREAM_BURST), group);
    struct gen_burst burst = {gen_scale(hash, 100) < BURST_PERCENT, 0};
    if (burst.on)
        burst.brand = gen_zipf_draw(&world->brand_zipf, gen_mix(hash));
    return burst;
}

static int64_t block_length(const struct gen_world *world, uint64_t block)
{
    const struct hy_gen_options *options = &world->options;
    uint64_t hash = gen_hash(gen_stream(options->seed, STREAM_BLOCK), block);
    int64_t length = (int64_t)GEN_BLOCK_POSTS * 1000000 / options->posts_per_second;
    length = length * (75 + gen_scale(hash, 51)) / 100;
    if (gen_plan_burst(world, block * GEN_BLOCK_POSTS).on)
        length /= BURST_SPEED;
    return length;
}

static void time_blocks(struct hy_gen_worker *worker, uint64_t block)
{
    const struct gen_world *world = &worker->gen->world;
    for (; worker->blocks_known <= block; worker->blocks_known++) {
        uint64_t next = worker->blocks_known;
        uint32_t last = (uint32_t)((next - 1) % GEN_BLOCKS_KEPT), at = next % GEN_BLOCKS_KEPT;
        worker->block_us[at] =
            next == 0 ? first_us : worker->block_us[last] + worker->block_length_us[last];
        worker->block_length_us[at] = block_length(world, next);
    }
}

int64_t gen_plan_time(struct hy_gen_worker *worker, uint64_t index)
{
    uint64_t block = index / GEN_BLOCK_POSTS;
    time_blocks(worker, block);
    int64_t length = worker->block_length_us[block % GEN_BLOCKS_KEPT];
    int64_t at = worker->block_us[block % GEN_BLOCKS_KEPT] +
                 length * (int64_t)(index % GEN_BLOCK_POSTS) / GEN_BLOCK_POSTS;
    uint64_t hash = gen_hash(gen_stream(worker->gen->world.options.seed, STREAM_TIME), index);
    at += gen_scale(hash, (uint32_t)(length / GEN_BLOCK_POSTS) + 1);
    if ((hash & 0xFFFF) % 100 < LATE_PERCENT)
        at -= gen_scale(gen_mix(hash), LATE_US_MAX);
    return at > first_us ? at : first_us;
}
