/*
 * The default policy on posts as customers write them: in tests/data/care, the action that a person
 * of a contact center would want, a tab, the post. They were written without looking at what the
 * engine makes of them, and are not changed when it errs: posts.tsv before there were speech acts,
 * later.tsv when those of tools/train/acts.tsv had been learned from, irony.tsv (complaints in
 * words of praise, and praise) before anything was done about irony, sincere.tsv (praise in words
 * that also mock) when all such posts that had been learned from were complaints, relief.tsv
 * (praise that denies trouble, complaints in such words) before anything was done about that,
 * manners.tsv (thanks behind a question, insults in a complaint, thanks in a word) when the policy
 * told these apart.
 * Prints the confusion table and what is wrong; the share that is right may not fall below the
 * floors.
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

#include "support/temporary.h"

enum { ACTIONS = HYDRANT_ACTION_IGNORE + 1 };

/* Floors are shares that are right, in percent: of all, and of the unhappy ones, who must not be
 * missed. */
struct post_set {
    const char *name;
    unsigned posts_min, floor_all, floor_recover;
};

static const char rules[] = "version: 1\n"
                            "brands:\n"
                            "  Acme: {own: {from: ['@acme'], to: ['@acme', '@acmecares']}}\n"
                            "rules:\n"
                            "  - {id: acme, brand: Acme, match: 'acme OR acmecares'}\n";

static hydrant_action judged;

static bool on_item(void *ctx, const hydrant_item *item)
{
    judged = item->verdict ? item->verdict->action : HYDRANT_ACTION_NONE;
    return true;
}

static hydrant_pack *compile(void)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, ".yaml", rules, strlen(rules));
    const char *paths[] = {path};
    hydrant_rules source = {.paths = paths, .paths_count = 1};
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    if (hydrant_pack_compile(&source, &pack, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    unlink(path);
    return pack;
}

static hydrant_action action_named(const char *name, size_t len)
{
    for (int action = 0; action < ACTIONS; action++) {
        const char *known = hydrant_action_name((hydrant_action)action);
        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return (hydrant_action)action;
    }
    fail_msg("no action %.*s", (int)len, name);
    return HYDRANT_ACTION_NONE;
}

static hydrant_action judge(hydrant *engine, const char *text, size_t len, unsigned number)
{
    char id[16];
    snprintf(id, sizeof id, "%u", number);
    hydrant_mention m = {.id = {id, (uint32_t)strlen(id)},
                         .text = {text, (uint32_t)len},
                         .lang = {"en", 2},
                         .network = {"x", 1}};
    judged = HYDRANT_ACTION_NONE;
    assert_int_equal(hydrant_push_mentions(engine, "care", &m, 1, NULL), HYDRANT_OK);
    return judged;
}

static void print_table(unsigned table[ACTIONS][ACTIONS])
{
    print_message("%10s", "wanted");
    for (int a = HYDRANT_ACTION_THANK; a < ACTIONS; a++)
        print_message(" %8s", hydrant_action_name((hydrant_action)a));
    print_message("\n");
    for (int w = HYDRANT_ACTION_THANK; w < ACTIONS; w++) {
        print_message("%10s", hydrant_action_name((hydrant_action)w));
        for (int a = HYDRANT_ACTION_THANK; a < ACTIONS; a++)
            print_message(" %8u", table[w][a]);
        print_message("\n");
    }
}

static void check_posts(const struct post_set *set)
{
    unsigned table[ACTIONS][ACTIONS] = {{0}}, wanted_count[ACTIONS] = {0};
    char line[1024], path[256];
    unsigned posts = 0, right = 0;
    hydrant_pack *pack = compile();
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_ALL;
    options.event_time = true;
    options.on_item = on_item;
    hydrant *engine = NULL;
    assert_int_equal(hydrant_create(&options, pack, &engine, NULL), HYDRANT_OK);
    snprintf(path, sizeof path, HYDRANT_SOURCE_DIR "/tests/data/care/%s", set->name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (; fgets(line, sizeof line, file); posts++) {
        size_t tab = strcspn(line, "\t"), len = strcspn(line + tab + 1, "\n");
        hydrant_action wanted = action_named(line, tab);
        hydrant_action got = judge(engine, line + tab + 1, len, posts);
        table[wanted][got]++;
        wanted_count[wanted]++;
        right += wanted == got;
        if (wanted != got)
            print_message("%s, wanted %s", hydrant_action_name(got), line);
    }
    fclose(file);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
    print_table(table);
    unsigned recover = table[HYDRANT_ACTION_RECOVER][HYDRANT_ACTION_RECOVER];
    print_message("right: %u of %u (%u %%); of those to recover %u of %u\n", right, posts,
                  100 * right / posts, recover, wanted_count[HYDRANT_ACTION_RECOVER]);
    assert_true(posts >= set->posts_min);
    assert_true(100 * right >= set->floor_all * posts);
    assert_true(100 * recover >= set->floor_recover * wanted_count[HYDRANT_ACTION_RECOVER]);
}

static void posts_get_the_action_that_people_want(void **state)
{
    check_posts(&(struct post_set){"posts.tsv", 200, 86, 80});
}

static void so_do_posts_that_were_written_later(void **state)
{
    check_posts(&(struct post_set){"later.tsv", 90, 65, 42});
}

static void plain_posts_are_no_complaints(void **state)
{
    check_posts(&(struct post_set){"plain.tsv", 40, 90, 0});
}

static void irony_is_told_from_praise_so_far(void **state)
{
    check_posts(&(struct post_set){"irony.tsv", 60, 45, 25});
}

static void sincere_praise_is_no_complaint(void **state)
{
    check_posts(&(struct post_set){"sincere.tsv", 30, 73, 0});
}

static void denied_trouble_is_told_from_trouble_so_far(void **state)
{
    check_posts(&(struct post_set){"relief.tsv", 40, 28, 20});
}

static void manners_are_told_from_what_is_wanted(void **state)
{
    check_posts(&(struct post_set){"manners.tsv", 36, 88, 80});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(posts_get_the_action_that_people_want),
                                       cmocka_unit_test(so_do_posts_that_were_written_later),
                                       cmocka_unit_test(plain_posts_are_no_complaints),
                                       cmocka_unit_test(irony_is_told_from_praise_so_far),
                                       cmocka_unit_test(sincere_praise_is_no_complaint),
                                       cmocka_unit_test(denied_trouble_is_told_from_trouble_so_far),
                                       cmocka_unit_test(manners_are_told_from_what_is_wanted)};
    return cmocka_run_group_tests_name("care", tests, NULL, NULL);
}
