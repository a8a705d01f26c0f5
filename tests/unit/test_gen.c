/* The synthetic firehose: the same bytes whatever way they are made, valid, and as ordered. */
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gen/gen.h"
#include "support/json_check.h"

static struct hy_gen_buffer make(const struct hy_gen_options *options, uint64_t first,
                                 uint64_t count, struct hy_gen_buffer *truth)
{
    struct hy_gen *gen = NULL;
    struct hy_gen_worker *worker = NULL;
    struct hy_gen_buffer posts = {0};
    assert_int_equal(hy_gen_create(options, &gen, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_worker_create(gen, &worker, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_posts(worker, first, count, &posts, truth), HYDRANT_OK);
    hy_gen_worker_destroy(&worker);
    hy_gen_destroy(&gen);
    assert_null(gen);
    return posts;
}

static uint64_t hash(const struct hy_gen_buffer *buffer)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < buffer->len; i++)
        h = (h ^ (unsigned char)buffer->data[i]) * 0x100000001B3u;
    return h;
}

static struct hy_gen_options defaults(void)
{
    struct hy_gen_options options;
    hy_gen_options_init(&options);
    options.phrases = 2000;
    return options;
}

static void a_shorter_run_is_the_beginning_of_a_longer_one(void **state)
{
    struct hy_gen_options options = defaults();
    struct hy_gen_buffer longer = make(&options, 0, 10000, NULL);
    struct hy_gen_buffer shorter = make(&options, 0, 7001, NULL);
    assert_true(shorter.len < longer.len);
    assert_memory_equal(shorter.data, longer.data, shorter.len);
    hy_gen_buffer_fini(&shorter);
    hy_gen_buffer_fini(&longer);
}

static void any_part_can_be_made_alone(void **state)
{
    struct hy_gen_options options = defaults();
    options.duplicates_ppm = 300000;
    options.redelivered_ppm = 20000;
    struct hy_gen *gen = NULL;
    struct hy_gen_worker *worker = NULL;
    struct hy_gen_buffer whole = make(&options, 0, 9000, NULL), parts = {0};
    assert_int_equal(hy_gen_create(&options, &gen, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_worker_create(gen, &worker, NULL), HYDRANT_OK);
    static const uint16_t cuts[] = {8000, 9000, 0, 1, 1, 1024, 1024, 3333, 3333, 8000};
    size_t end = 0;
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i += 2) {
        parts.len = 0;
        uint64_t count = cuts[i + 1] - cuts[i];
        assert_int_equal(hy_gen_posts(worker, cuts[i], count, &parts, NULL), HYDRANT_OK);
        if (i == 0) {
            assert_memory_equal(parts.data, whole.data + whole.len - parts.len, parts.len);
            continue;
        }
        assert_memory_equal(parts.data, whole.data + end, parts.len);
        end += parts.len;
    }
    hy_gen_buffer_fini(&whole);
    hy_gen_buffer_fini(&parts);
    hy_gen_worker_destroy(&worker);
    hy_gen_destroy(&gen);
}

/* Guards "on any machine": the value was made on x86-64 and changes only with the generator. */
static void bytes_are_the_same_on_every_machine(void **state)
{
    struct hy_gen_options options = defaults();
    uint64_t all = 0;
    for (int size = HY_GEN_SHORT; size <= HY_GEN_X; size++) {
        options.size = (enum hy_gen_size)size;
        struct hy_gen_buffer truth = {0};
        struct hy_gen_buffer posts = make(&options, 0, 1000, &truth);
        all = all * 31 + hash(&posts) + hash(&truth) * 7;
        hy_gen_buffer_fini(&posts);
        hy_gen_buffer_fini(&truth);
    }
    struct hy_gen *gen = NULL;
    struct hy_gen_buffer rules = {0};
    assert_int_equal(hy_gen_create(&options, &gen, NULL), HYDRANT_OK);
    assert_int_equal(hy_gen_rules(gen, &rules), HYDRANT_OK);
    all = all * 31 + hash(&rules);
    hy_gen_buffer_fini(&rules);
    hy_gen_destroy(&gen);
    static const uint64_t expected = 0xd56b6e53219413b8u;
    if (all != expected)
        print_message("hash is 0x%016llx\n", (unsigned long long)all);
    assert_true(all == expected);
}

static void seeds_differ(void **state)
{
    struct hy_gen_options options = defaults();
    struct hy_gen_buffer one = make(&options, 0, 10, NULL);
    options.seed = 2;
    struct hy_gen_buffer two = make(&options, 0, 10, NULL);
    assert_true(hash(&one) != hash(&two));
    hy_gen_buffer_fini(&one);
    hy_gen_buffer_fini(&two);
}

struct counts {
    uint32_t lines, hits, repeats, wide, html, escaped, late;
    uint64_t text_bytes;
};

static const char *next_line(const char **p, const char *end, const char **line_end)
{
    if (*p == end)
        return NULL;
    const char *line = *p, *newline = memchr(line, '\n', (size_t)(end - line));
    assert_non_null(newline);
    *line_end = newline;
    *p = newline + 1;
    return line;
}

static void count_posts(const struct hy_gen_buffer *posts, struct counts *counts)
{
    char *text = malloc(1 << 20), before[64] = "", at[64];
    const char *p = posts->data, *end = posts->data + posts->len, *line, *line_end;
    while ((line = next_line(&p, end, &line_end))) {
        assert_ptr_equal(json_value(line, line_end, 0), line_end);
        size_t len = json_member_text(line, line_end, "text", text);
        assert_true(len > 0);
        assert_true(hy_utf8_valid(text, len));
        counts->lines++;
        counts->text_bytes += len;
        bool wide = false;
        for (size_t i = 0; i < len; i++)
            wide |= (unsigned char)text[i] >= 0xD0 && (unsigned char)text[i] < 0xF0 &&
                    (unsigned char)text[i] != 0xE2;
        counts->wide += wide;
        counts->html += strstr(text, "<p>") != NULL;
        counts->escaped += memmem(line, (size_t)(line_end - line), "\\ud83", 5) != NULL;
        json_member_text(line, line_end, "created_at", at);
        counts->late += strcmp(at, before) < 0;
        strcpy(before, at);
    }
    free(text);
}

static void count_truth(const struct hy_gen_buffer *truth, struct counts *counts)
{
    const char *p = truth->data, *end = truth->data + truth->len, *line, *line_end;
    while ((line = next_line(&p, end, &line_end))) {
        assert_ptr_equal(json_value(line, line_end, 0), line_end);
        counts->hits += json_member(line, line_end, "rules")[1] == '"';
        const char *dup = json_member(line, line_end, "dup");
        counts->repeats += memcmp(json_member(dup, line_end, "kind"), "\"none\"", 6) != 0;
    }
}

static void assert_near(double value, double aim, double tolerance)
{
    if (value < aim - tolerance || value > aim + tolerance)
        print_message("%f is not within %f of %f\n", value, tolerance, aim);
    assert_true(value >= aim - tolerance && value <= aim + tolerance);
}

static void posts_are_valid_and_as_ordered(void **state)
{
    static const struct {
        enum hy_gen_size size;
        uint32_t hit_ppm, duplicates_ppm;
        double record_bytes, text_bytes;
    } cases[] = {
        {HY_GEN_NORMAL, 200000, 100000, 780, 155},
        {HY_GEN_SHORT, 10000, 0, 205, 85},
        {HY_GEN_X, 1000000, 20000, 5000, 170},
        {HY_GEN_NORMAL, 0, 300000, 780, 155},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum { POSTS = 10000 };
        struct hy_gen_options options = defaults();
        options.size = cases[i].size;
        options.hit_ppm = cases[i].hit_ppm;
        options.duplicates_ppm = cases[i].duplicates_ppm;
        struct hy_gen_buffer truth = {0};
        struct hy_gen_buffer posts = make(&options, 0, POSTS, &truth);
        struct counts counts = {0};
        count_posts(&posts, &counts);
        count_truth(&truth, &counts);
        assert_int_equal(counts.lines, POSTS);
        double hits = cases[i].hit_ppm / 1e6, repeats = cases[i].duplicates_ppm / 1e6;
        assert_near((double)counts.hits / POSTS, hits, hits == 0 || hits == 1 ? 0 : 0.02);
        assert_near((double)counts.repeats / POSTS, repeats, repeats == 0 ? 0 : 0.01);
        assert_near((double)posts.len / POSTS, cases[i].record_bytes, cases[i].record_bytes / 10);
        assert_near((double)counts.text_bytes / POSTS, cases[i].text_bytes, 20 + 80 * repeats);
        assert_near((double)counts.wide / POSTS, 0.12, 0.05 + 0.2 * repeats);
        assert_near((double)counts.html / POSTS, 0.08, 0.04 + 0.2 * repeats);
        assert_near((double)counts.late / POSTS, 0.04, 0.02);
        assert_true(counts.escaped > 0);
        hy_gen_buffer_fini(&posts);
        hy_gen_buffer_fini(&truth);
    }
}

struct id {
    char text[80];
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct id *)a)->text, ((const struct id *)b)->text);
}

/* Every repeat names an earlier post; ids are unique unless redelivered. */
static void ids_and_groups_hold_together(void **state)
{
    enum { POSTS = 5000 };
    struct hy_gen_options options = defaults();
    options.duplicates_ppm = 400000;
    options.redelivered_ppm = 50000;
    struct hy_gen_buffer truth = {0};
    struct hy_gen_buffer posts = make(&options, 0, POSTS, &truth);
    struct id *ids = calloc(POSTS, sizeof *ids);
    uint32_t count = 0, again = 0, redelivered = 0;
    const char *p = posts.data, *t = truth.data, *line, *line_end, *truth_line, *truth_end = NULL;
    while ((line = next_line(&p, posts.data + posts.len, &line_end))) {
        struct id id, first, same;
        char kind[80];
        truth_line = next_line(&t, truth.data + truth.len, &truth_end);
        assert_non_null(truth_line);
        json_member_text(line, line_end, "id", id.text);
        json_member_text(truth_line, truth_end, "id", same.text);
        assert_string_equal(id.text, same.text);
        const char *dup = json_member(truth_line, truth_end, "dup");
        json_member_text(dup, truth_end, "kind", kind);
        json_member_text(dup, truth_end, "first_id", first.text);
        if (strcmp(kind, "none") == 0)
            assert_string_equal(first.text, id.text);
        else
            assert_non_null(lfind(&first, ids, &(size_t){count}, sizeof *ids, by_id));
        redelivered += strcmp(kind, "redelivered") == 0;
        ids[count++] = id;
    }
    qsort(ids, count, sizeof *ids, by_id);
    for (uint32_t i = 1; i < count; i++)
        again += by_id(&ids[i - 1], &ids[i]) == 0;
    assert_int_equal(again, redelivered);
    assert_near((double)redelivered / POSTS, 0.05, 0.02);
    free(ids);
    hy_gen_buffer_fini(&posts);
    hy_gen_buffer_fini(&truth);
}

static void one_language_on_request(void **state)
{
    struct hy_gen_options options = defaults();
    options.languages = "ja,ar";
    struct hy_gen_buffer posts = make(&options, 0, 2000, NULL);
    const char *p = posts.data, *line, *line_end;
    char lang[16];
    while ((line = next_line(&p, posts.data + posts.len, &line_end)))
        if (json_member_text(line, line_end, "lang", lang))
            assert_true(strcmp(lang, "ja") == 0 || strcmp(lang, "ar") == 0);
    hy_gen_buffer_fini(&posts);
}

static void extremes_work(void **state)
{
    static const struct {
        uint32_t brands, phrases;
    } cases[] = {{1, 1}, {1, 3000}, {200, 1}, {200, 7}, {3, 20000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hy_gen_options options = defaults();
        options.brands = cases[i].brands;
        options.phrases = cases[i].phrases;
        options.duplicates_ppm = HY_GEN_PPM;
        options.hit_ppm = HY_GEN_PPM / 2;
        struct hy_gen_buffer truth = {0}, posts = make(&options, 0, 300, &truth);
        struct counts counts = {0};
        count_posts(&posts, &counts);
        count_truth(&truth, &counts);
        assert_int_equal(counts.lines, 300);
        hy_gen_buffer_fini(&posts);
        hy_gen_buffer_fini(&truth);
    }
}

static void bad_options_are_refused(void **state)
{
    struct hy_gen_options bad[8];
    for (size_t i = 0; i < 8; i++)
        bad[i] = defaults();
    bad[0].brands = 0;
    bad[1].brands = HY_GEN_BRANDS_MAX + 1;
    bad[2].phrases = 0;
    bad[3].hit_ppm = HY_GEN_PPM + 1;
    bad[4].redelivered_ppm = HY_GEN_PPM / 2 + 1;
    bad[5].posts_per_second = 0;
    bad[6].languages = "tlh";
    bad[7].duplicates_ppm = HY_GEN_PPM;
    bad[7].redelivered_ppm = 1;
    for (size_t i = 0; i < 8; i++) {
        struct hy_gen *gen = NULL;
        hydrant_error err = {0};
        assert_int_equal(hy_gen_create(&bad[i], &gen, &err), HYDRANT_ERR_ARGUMENT);
        assert_null(gen);
        assert_true(err.text[0] != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shorter_run_is_the_beginning_of_a_longer_one),
        cmocka_unit_test(any_part_can_be_made_alone),
        cmocka_unit_test(bytes_are_the_same_on_every_machine),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(posts_are_valid_and_as_ordered),
        cmocka_unit_test(ids_and_groups_hold_together),
        cmocka_unit_test(one_language_on_request),
        cmocka_unit_test(extremes_work),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests_name("gen", tests, NULL, NULL);
}
