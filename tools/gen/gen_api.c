/*
 * The generator's interface: see gen.h. A post is planned, composed as its origin, changed if it is
 * a repeat, judged when the truth is wanted, and written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gen_post.h"

void hy_gen_options_init(struct hy_gen_options *options)
{
    *options = (struct hy_gen_options){.seed = 1,
                                       .brands = 40,
                                       .phrases = 10000,
                                       .hit_ppm = 200000,
                                       .duplicates_ppm = 100000,
                                       .redelivered_ppm = 0,
                                       .posts_per_second = 500,
                                       .size = HY_GEN_NORMAL,
                                       .languages = "mix"};
}

static hydrant_status fail(hydrant_error *err, hydrant_status status, const char *text)
{
    if (err) {
        memset(err, 0, sizeof *err);
        err->status = status;
        snprintf(err->text, sizeof err->text, "%s", text);
    }
    return status;
}

static const char *problem_with(const struct hy_gen_options *options)
{
    if (options->brands < 1 || options->brands > HY_GEN_BRANDS_MAX)
        return "brands must be between 1 and 10000";
    if (options->phrases < 1 || options->phrases > HY_GEN_PHRASES_MAX)
        return "phrases must be between 1 and 200000";
    if (options->posts_per_second < 1 || options->posts_per_second > HY_GEN_RATE_MAX)
        return "the rate must be between 1 and 1000000 posts a second";
    if (options->hit_ppm > HY_GEN_PPM || options->duplicates_ppm > HY_GEN_PPM)
        return "a share must be between 0 and 1";
    if (options->redelivered_ppm > HY_GEN_PPM / 2)
        return "at most half of the records can be redelivered";
    if (options->redelivered_ppm + options->duplicates_ppm > HY_GEN_PPM)
        return "duplicates and redelivered records together are more than all";
    return NULL;
}

hydrant_status hy_gen_create(const struct hy_gen_options *options, struct hy_gen **out,
                             hydrant_error *err)
{
    const char *problem = problem_with(options);
    if (problem)
        return fail(err, HYDRANT_ERR_ARGUMENT, problem);
    struct hy_gen *gen = calloc(1, sizeof *gen);
    if (!gen)
        return fail(err, HYDRANT_ERR_NOMEM, "no memory for the generator");
    hydrant_status status = gen_world_init(&gen->world, options, err);
    if (status == HYDRANT_OK && !gen_people_init(gen))
        status = fail(err, HYDRANT_ERR_NOMEM, "no memory for people");
    if (status == HYDRANT_OK && !gen_compose_init(gen))
        status = fail(err, HYDRANT_ERR_ARGUMENT,
                      "languages are \"mix\" or codes from en,es,fr,de,ru,ar,ja,zh,ko");
    if (status != HYDRANT_OK)
        hy_gen_destroy(&gen);
    *out = gen;
    return status;
}

void hy_gen_destroy(struct hy_gen **gen)
{
    if (!*gen)
        return;
    gen_people_fini(&(*gen)->people);
    gen_world_fini(&(*gen)->world);
    free(*gen);
    *gen = NULL;
}

hydrant_status hy_gen_worker_create(const struct hy_gen *gen, struct hy_gen_worker **out,
                                    hydrant_error *err)
{
    struct hy_gen_worker *worker = calloc(1, sizeof *worker);
    *out = worker;
    if (!worker)
        return fail(err, HYDRANT_ERR_NOMEM, "no memory for a worker");
    worker->gen = gen;
    return HYDRANT_OK;
}

void hy_gen_worker_destroy(struct hy_gen_worker **worker)
{
    free(*worker);
    *worker = NULL;
}

hydrant_status hy_gen_reserve(struct hy_gen_buffer *buffer, size_t extra)
{
    if (buffer->cap - buffer->len >= extra)
        return HYDRANT_OK;
    size_t cap = buffer->cap ? buffer->cap : 64 << 10;
    while (cap - buffer->len < extra)
        cap *= 2;
    char *data = realloc(buffer->data, cap);
    if (!data)
        return HYDRANT_ERR_NOMEM;
    buffer->data = data;
    buffer->cap = cap;
    return HYDRANT_OK;
}

void hy_gen_buffer_fini(struct hy_gen_buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

/* The account of a brand, when it speaks itself. */
static void make_brand_account(const struct hy_gen *gen, uint32_t number, struct gen_person *person)
{
    const struct gen_brand *brand = &gen->world.brands[number];
    person->id = 1000 + number;
    person->followers = 50000 + person->followers * 10;
    person->verified = true;
    person->handle_len =
        brand->handle_len < sizeof person->handle ? brand->handle_len : sizeof person->handle;
    memcpy(person->handle, brand->handle, person->handle_len);
    person->name_len = person->handle_len;
    memcpy(person->name, brand->handle, person->handle_len);
}

static void make_author(const struct hy_gen *gen, const struct gen_plan *plan,
                        const struct gen_draft *draft, struct gen_person *person)
{
    gen_person_make(gen, gen_person_of(&gen->world.options, plan), draft->language, person);
    if (draft->own && (plan->origin == plan->index || plan->repeat == GEN_REPEAT_AGAIN))
        make_brand_account(gen, draft->brand, person);
}

static void make_post(struct hy_gen_worker *worker, uint64_t index, struct hy_gen_buffer *posts,
                      struct hy_gen_buffer *truth)
{
    const struct hy_gen *gen = worker->gen;
    struct gen_draft *draft = &worker->draft;
    struct gen_person person, first;
    struct gen_plan plan = gen_plan_post(&gen->world.options, index);
    struct gen_record record = {&plan, draft, &person, plan.repeat};
    gen_compose(gen, plan.origin, draft);
    make_author(gen, &plan, draft, &person);
    if (plan.origin != plan.index) {
        struct gen_plan origin = gen_plan_post(&gen->world.options, plan.origin);
        make_author(gen, &origin, draft, &first);
        record.repeat = gen_repeat_apply(gen, &plan, &first, draft);
    }
    gen_record_write(worker, &record, posts);
    if (truth) {
        struct gen_verdict verdict;
        gen_judge(&gen->world, draft, &verdict);
        gen_record_truth(worker, &record, &verdict, truth);
    }
}

hydrant_status hy_gen_posts(struct hy_gen_worker *worker, uint64_t first, uint64_t count,
                            struct hy_gen_buffer *posts, struct hy_gen_buffer *truth)
{
    if (worker->blocks_known > GEN_BLOCKS_KEPT / 2 &&
        first / GEN_BLOCK_POSTS + GEN_BLOCKS_KEPT / 2 < worker->blocks_known)
        worker->blocks_known = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (hy_gen_reserve(posts, GEN_RECORD_BYTES_MAX) != HYDRANT_OK ||
            (truth && hy_gen_reserve(truth, GEN_RECORD_BYTES_MAX) != HYDRANT_OK))
            return HYDRANT_ERR_NOMEM;
        make_post(worker, first + i, posts, truth);
    }
    return HYDRANT_OK;
}

hydrant_status hy_gen_rules(const struct hy_gen *gen, struct hy_gen_buffer *out)
{
    return gen_rulefile_write(&gen->world, out);
}
