/* A backtest against the same rules run one after the other, over random mentions in two archives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/random.h"
#include "support/temporary.h"

enum { ARCHIVES = 2, MENTIONS = 4000, PAGE = 5, WORDS = 12, RULES = 6, SAMPLES = 2 };

static const char *const words[WORDS] = {"storm", "rain", "snow", "hail",  "sun",  "wind",
                                         "cloud", "fog",  "ice",  "frost", "heat", "dew"};

/* hits[archive][mention] of a rule set: bit r for rule r, and bit 31 when published. */
struct hits {
    uint32_t of[ARCHIVES][MENTIONS];
};

struct world {
    char paths[ARCHIVES][TEMPORARY_PATH];
    uint64_t offsets[ARCHIVES][MENTIONS];
    struct hits *filling;
};

static void write_text(FILE *out, struct random_state *seed)
{
    for (uint32_t n = 1 + random_below(seed, 4); n > 0; n--)
        fprintf(out, "%s ", words[random_below(seed, WORDS)]);
}

/* A record of one mention, or a page of a listing, which holds several. */
static void write_record(FILE *out, struct random_state *seed, int archive, int first, int count)
{
    if (count == 1) {
        fprintf(out, "{\"id\":\"%d-%d\",\"text\":\"", archive, first);
        write_text(out, seed);
        fputs("\"}\n", out);
        return;
    }
    fputs("{\"kind\":\"Listing\",\"data\":{\"children\":[", out);
    for (int i = first; i < first + count; i++) {
        fprintf(out, "%s{\"kind\":\"t1\",\"data\":{\"name\":\"%d-%d\",\"body\":\"",
                i == first ? "" : ",", archive, i);
        write_text(out, seed);
        fputs("\"}}", out);
    }
    fputs("]}}\n", out);
}

static void make_archives(struct world *world, struct random_state *seed)
{
    for (int a = 0; a < ARCHIVES; a++) {
        int fd = temporary_file(world->paths[a], "");
        FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
        assert_non_null(out);
        for (int i = 0, count; i < MENTIONS; i += count) {
            count = random_below(seed, 2) ? 1 : 1 + (int)random_below(seed, PAGE);
            count = i ? count : PAGE; /* the first record tells how the file is written */
            count = count < MENTIONS - i ? count : MENTIONS - i;
            for (int k = 0; k < count; k++)
                world->offsets[a][i + k] = (uint64_t)ftell(out);
            write_record(out, seed, a, i, count);
        }
        fclose(out);
    }
}

/* Rules r0 .. of two words each; a set leaves some out. */
static void make_rules(struct random_state *seed, const char *id, char *out, size_t cap)
{
    size_t len = (size_t)snprintf(out, cap, "version: 1\nrules:\n");
    for (int r = 0; r < RULES; r++)
        if (random_below(seed, 4))
            len += (size_t)snprintf(
                out + len, cap - len, "  - {id: r%d, match: '%s OR %s AND %s'}\n", r,
                words[random_below(seed, WORDS)], words[random_below(seed, WORDS)],
                words[random_below(seed, WORDS)]);
    snprintf(out + len, cap - len, "  - {id: %s, match: 'heat'}\n", id);
}

static uint32_t bit_of(hydrant_str rule)
{
    return rule.data[0] == 'r'   ? 1u << (rule.data[1] - '0')
           : rule.data[0] == 'o' ? 1u << 10
                                 : 1u << 11;
}

static bool on_item(void *ctx, const hydrant_item *item)
{
    struct world *world = ctx;
    int a, i;
    char id[32];
    snprintf(id, sizeof id, "%.*s", (int)item->mention->id.len, item->mention->id.data);
    assert_int_equal(sscanf(id, "%d-%d", &a, &i), 2);
    assert_int_equal(item->offset, world->offsets[a][i]);
    for (uint32_t k = 0; k < item->matches_count; k++)
        world->filling->of[a][i] |= bit_of(item->matches[k].rule);
    if (item->drop == HYDRANT_DROP_NONE)
        world->filling->of[a][i] |= 1u << 31;
    return true;
}

static void run_alone(struct world *world, const char *rules_path, struct hits *hits)
{
    hydrant_rules rules = {.paths = &rules_path, .paths_count = 1};
    hydrant_options options;
    hydrant_pack *pack;
    hydrant *engine;
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_MATCHED;
    options.on_item = on_item;
    options.ctx = world;
    options.dedup_window_us = 0;
    options.event_time = true;
    memset(hits, 0, sizeof *hits);
    world->filling = hits;
    assert_int_equal(hydrant_pack_compile(&rules, &pack, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_create(&options, pack, &engine, NULL), HYDRANT_OK);
    for (int a = 0; a < ARCHIVES; a++)
        assert_int_equal(hydrant_add_file(engine, world->paths[a], NULL), HYDRANT_OK);
    assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
}

struct expected {
    const struct world *world;
    const struct hits *before, *after;
    bool called;
};

static void check_rule(const struct expected *e, const hydrant_backtest_rule *rule)
{
    uint64_t before = 0, after = 0, gained = 0, lost = 0;
    uint32_t bit = bit_of(rule->rule);
    for (int a = 0; a < ARCHIVES; a++)
        for (int i = 0; i < MENTIONS; i++) {
            bool old = e->before->of[a][i] & bit, new = e->after->of[a][i] & bit;
            before += old;
            after += new;
            gained += new && !old;
            lost += old && !new;
        }
    assert_int_equal(rule->before, before);
    assert_int_equal(rule->after, after);
    assert_int_equal(rule->gained, gained);
    assert_int_equal(rule->lost, lost);
}

static void check_sample(const struct expected *e, const hydrant_backtest_sample *sample)
{
    int a, i;
    char id[32];
    snprintf(id, sizeof id, "%.*s", (int)sample->id.len, sample->id.data);
    assert_int_equal(sscanf(id, "%d-%d", &a, &i), 2);
    assert_int_equal(sample->offset, e->world->offsets[a][i]);
    uint32_t gained = 0, lost = 0;
    for (uint32_t k = 0; k < sample->gained_count; k++)
        gained |= bit_of(sample->gained[k]);
    for (uint32_t k = 0; k < sample->lost_count; k++)
        lost |= bit_of(sample->lost[k]);
    uint32_t old = e->before->of[a][i] << 1, new = e->after->of[a][i] << 1; /* without published */
    assert_int_equal(gained << 1, new & ~old);
    assert_int_equal(lost << 1, old & ~new);
}

static void on_result(void *ctx, const hydrant_backtest *result)
{
    struct expected *e = ctx;
    uint64_t matched[2] = {0, 0}, published[2] = {0, 0}, gained = 0, lost = 0;
    e->called = true;
    for (int a = 0; a < ARCHIVES; a++)
        for (int i = 0; i < MENTIONS; i++) {
            uint32_t old = e->before->of[a][i], new = e->after->of[a][i];
            matched[0] += old != 0;
            matched[1] += new != 0;
            published[0] += old >> 31;
            published[1] += new >> 31;
            gained += new && !old;
            lost += old && !new;
        }
    assert_int_equal(result->posts, ARCHIVES * MENTIONS);
    assert_int_equal(result->matched_before, matched[0]);
    assert_int_equal(result->matched_after, matched[1]);
    assert_int_equal(result->published_before, published[0]);
    assert_int_equal(result->published_after, published[1]);
    assert_int_equal(result->gained, gained);
    assert_int_equal(result->lost, lost);
    for (uint32_t r = 0; r < result->rules_count; r++)
        check_rule(e, &result->rules[r]);
    for (uint32_t s = 0; s < result->samples_count; s++)
        check_sample(e, &result->samples[s]);
    assert_true(result->samples_count <= 2 * SAMPLES * result->rules_count);
}

static void same_as_one_after_the_other(void **state)
{
    struct random_state seed = {random_seed("backtest")};
    char text[2048];
    struct world *world = calloc(1, sizeof *world);
    struct hits *hits = calloc(2, sizeof *hits), *none = calloc(1, sizeof *none);
    char paths[2][TEMPORARY_PATH];
    make_archives(world, &seed);
    for (int round = 0; round < 8; round++) {
        for (int k = 0; k < 2; k++) {
            make_rules(&seed, k ? "new" : "old", text, sizeof text);
            temporary_text(paths[k], ".yaml", text, strlen(text));
            run_alone(world, paths[k], &hits[k]);
        }
        const char *archives[] = {world->paths[0], world->paths[1]};
        const char *old_path = paths[0], *new_path = paths[1];
        hydrant_rules against = {.paths = &old_path, .paths_count = 1};
        hydrant_backtest_options options = {.rules = {.paths = &new_path, .paths_count = 1},
                                            .against = round ? &against : NULL,
                                            .archives = archives,
                                            .archives_count = ARCHIVES,
                                            .workers = 1 + (uint32_t)round % 4,
                                            .samples_per_rule = SAMPLES};
        struct expected expected = {world, round ? &hits[0] : none, &hits[1], false};
        assert_int_equal(hydrant_rules_backtest(&options, on_result, &expected, NULL), HYDRANT_OK);
        assert_true(expected.called);
        for (int k = 0; k < 2; k++)
            unlink(paths[k]);
    }
    for (int k = 0; k < 2; k++)
        unlink(world->paths[k]);
    free(hits);
    free(none);
    free(world);
}

/* ---- names that look alike ---- */

/* Of the records of an archive those match that have a word; where they stand differs. */
static const struct {
    const char *name, *records;
} alike[] = {{"a\xff", "{\"text\":\"hail\"}\n{\"text\":\"hail\"}\n{\"text\":\"ice\"}\n"},
             {"a\xfe", "{\"text\":\"hail\"}\n"},
             {"a\xfd", "{\"text\":\"ice\"}\n{\"text\":\"snow\"}\n{\"text\":\"rain\"}\n"},
             {"b", "{\"text\":\"ice\"}\n"}};
enum { ALIKE = sizeof alike / sizeof *alike };

static void on_alike(void *ctx, const hydrant_backtest *result)
{
    char *const *paths = ctx;
    assert_int_equal(result->posts, 8);
    assert_int_equal(result->matched_before, 4);
    assert_int_equal(result->matched_after, 4);
    assert_int_equal(result->gained, 1);
    assert_int_equal(result->lost, 1);
    assert_int_equal(result->samples_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        hydrant_str archive = result->samples[i].archive;
        assert_int_equal(archive.len, strlen(paths[2]));
        assert_memory_equal(archive.data, paths[2], archive.len);
    }
}

/* What is no UTF-8 in the name of an archive is U+FFFD in its items': of three that are the same by
 * that the second has nothing to match. */
static void archives_whose_names_look_alike(void **state)
{
    const char *old_query = "ice OR snow", *new_query = "ice OR rain";
    char folder[TEMPORARY_PATH], paths[ALIKE][TEMPORARY_INSIDE], *archives[ALIKE];
    temporary_folder(folder);
    for (int i = 0; i < ALIKE; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, alike[i].name);
        archives[i] = paths[i];
        FILE *out = fopen(paths[i], "w");
        assert_true(out && fputs(alike[i].records, out) >= 0 && fclose(out) == 0);
    }
    hydrant_rules against = {.queries = &old_query, .queries_count = 1};
    hydrant_backtest_options options = {.rules = {.queries = &new_query, .queries_count = 1},
                                        .against = &against,
                                        .archives = (const char *const *)archives,
                                        .archives_count = ALIKE,
                                        .samples_per_rule = SAMPLES};
    assert_int_equal(hydrant_rules_backtest(&options, on_alike, archives, NULL), HYDRANT_OK);
    temporary_remove(folder);
}

static void never(void *ctx, const hydrant_backtest *result)
{
    fail();
}

static void errors(void **state)
{
    const char *query = "storm", *archives[] = {"/nowhere/x", "/nowhere/x"};
    hydrant_error err = {0};
    hydrant_backtest_options options = {.rules = {.queries = &query, .queries_count = 1}};
    assert_int_equal(hydrant_rules_backtest(&options, never, NULL, &err), HYDRANT_ERR_ARGUMENT);
    options.archives = archives;
    options.archives_count = 2;
    assert_int_equal(hydrant_rules_backtest(&options, never, NULL, &err), HYDRANT_ERR_ARGUMENT);
    options.archives_count = 1;
    assert_int_equal(hydrant_rules_backtest(&options, never, NULL, &err), HYDRANT_ERR_SYSTEM);
    assert_string_equal(err.file, "/nowhere/x");
    query = "storm AND (";
    assert_int_equal(hydrant_rules_backtest(&options, never, NULL, &err), HYDRANT_ERR_RULES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_one_after_the_other),
        cmocka_unit_test(archives_whose_names_look_alike),
        cmocka_unit_test(errors),
    };
    return cmocka_run_group_tests_name("backtest", tests, NULL, NULL);
}
