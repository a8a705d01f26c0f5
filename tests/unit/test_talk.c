/*
 * Conversations, through the public library: items that wait and what becomes of them, what lines
 * of a policy may ask about a conversation, samples for audits.
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

enum { ITEMS_MAX = 64, JSON_BYTES = 4096 };

static char items[ITEMS_MAX][JSON_BYTES];
static unsigned items_count;
static int64_t clock_s;
static bool forgetful; /* no deduplication */
static bool fast;      /* posts come as JSON, of which only what tells a reply is parsed at once */

static bool on_item(void *ctx, const hydrant_item *item)
{
    assert_true(items_count < ITEMS_MAX);
    hydrant_item_json(item, items[items_count++], JSON_BYTES);
    return true;
}

static int64_t clock_us(void *ctx)
{
    return clock_s * 1000000;
}

static hydrant_pack *pack;
static hydrant *engine;

static void start(const char *policy, bool event_time)
{
    char path[TEMPORARY_PATH], yaml[4096];
    int len = snprintf(yaml, sizeof yaml,
                       "version: 1\n"
                       "brands: {Acme: {own: {from: ['@acme'], to: ['@acme']}, off: 'coyote'}}\n"
                       "lists: {offers: ['free followers'], rude: [damn]}\n"
                       "rules: [{id: acme, brand: Acme, match: 'acme', route: care, "
                       "skills: [apps, billing]}]\n"
                       "%s",
                       policy);
    temporary_text(path, ".yaml", yaml, (size_t)len);
    const char *paths[] = {path};
    hydrant_rules rules = {.paths = paths, .paths_count = 1};
    hydrant_error err = {0};
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    unlink(path);
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    options.parse = fast ? HYDRANT_PARSE_FAST : HYDRANT_PARSE_STRICT;
    options.event_time = event_time;
    if (forgetful)
        options.dedup_window_us = 0;
    options.clock_us = event_time ? NULL : clock_us;
    options.on_item = on_item;
    items_count = 0;
    assert_int_equal(hydrant_create(&options, pack, &engine, &err), HYDRANT_OK);
}

static void stop(void)
{
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
}

static hydrant_str str(const char *text)
{
    return (hydrant_str){text, text ? (uint32_t)strlen(text) : 0};
}

static void push_json(const hydrant_mention *m)
{
    char json[1024];
    int len = snprintf(json, sizeof json,
                       "{\"id\":\"%s\",\"network\":\"%s\",\"created_at\":%lld,"
                       "\"author\":{\"id\":\"%s\",\"handle\":\"%s\"},\"in_reply_to\":%s%s%s,"
                       "\"lang\":\"en\",\"text\":\"%s\"}\n",
                       m->id.data, m->network.data, (long long)m->created_at_us, m->author.id.data,
                       m->author.handle.data, m->in_reply_to.data ? "\"" : "",
                       m->in_reply_to.data ? m->in_reply_to.data : "null",
                       m->in_reply_to.data ? "\"" : "", m->text.data);
    assert_int_equal(hydrant_push_bytes(engine, "test", json, (size_t)len, NULL), HYDRANT_OK);
}

/* Minute m of a day in 2026. */
static void post(int m, const char *id, const char *author, const char *answers, const char *text)
{
    hydrant_mention mention = {.id = str(id),
                               .network = str("x"),
                               .created_at_us = INT64_C(1772000000000000) + m * INT64_C(60000000),
                               .author = {.id = str(author), .handle = str(author)},
                               .in_reply_to = str(answers),
                               .lang = str("en"),
                               .text = str(text)};
    if (fast)
        push_json(&mention);
    else
        assert_int_equal(hydrant_push_mentions(engine, "test", &mention, 1, NULL), HYDRANT_OK);
}

static void assert_item(unsigned number, const char *part)
{
    if (number >= items_count)
        fail_msg("there are %u items, none of number %u with %s", items_count, number, part);
    if (!strstr(items[number], part))
        fail_msg("no %s in %s", part, items[number]);
}

static void assert_last(const char *part)
{
    assert_true(items_count > 0);
    assert_item(items_count - 1, part);
}

#define COMPLAINT "the acme app is broken and it lost my order"

static void an_item_waits_and_is_released(void **state)
{
    start("", true);
    post(0, "1", "ann", NULL, COMPLAINT);
    assert_item(0, "\"event\":\"mention\"");
    assert_item(0, "\"hold_until\":\"2026-02-25T06:23:20Z\"");
    assert_item(0, "{\"code\":\"hold\",\"text\":\"another customer may answer\"}");
    post(9, "2", "bob", NULL, "nothing to do with it");
    assert_int_equal(items_count, 1);
    post(10, "3", "bob", NULL, "nothing to do with it either");
    assert_int_equal(items_count, 2);
    assert_item(1, "\"seq\":2,\"event\":\"update\"");
    assert_item(1, "\"id\":\"1\"");
    assert_item(1, "\"action\":\"recover\",\"actionable\":true");
    assert_item(1, "\"hold_until\":null");
    assert_item(1, "\"code\":\"hold_over\"");
    assert_item(1, "\"route\":\"care\"");
    stop();
}

/* What is only monitored stays so when its wait is over. */
static void a_release_is_as_actionable_as_its_item(void **state)
{
    static const struct {
        const char *action, *said;
    } cases[] = {
        {"monitor", "\"action\":\"monitor\",\"actionable\":false"},
        {"thank", "\"action\":\"thank\",\"actionable\":true"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char policy[256];
        snprintf(policy, sizeof policy,
                 "policy:\n"
                 "  actions: [{line: all, when: '*', action: %s}]\n"
                 "  hold: [{when: '*', for: 10m, why: another customer may answer}]\n",
                 cases[i].action);
        start(policy, true);
        post(0, "1", "ann", NULL, COMPLAINT);
        post(10, "2", "bob", NULL, "nothing to do with it");
        assert_item(0, cases[i].said);
        assert_item(1, "\"code\":\"hold_over\"");
        assert_item(1, cases[i].said);
        stop();
    }
}

/* Both items say the same from one key of the verdict to the next. */
static void assert_same(const char *from, const char *to)
{
    const char *first = strstr(items[0], from), *second = strstr(items[1], from);
    assert_true(first && second && strstr(first, to));
    size_t len = (size_t)(strstr(first, to) - first);
    if (strncmp(first, second, len) != 0)
        fail_msg("not %.*s in %s", (int)len, first, items[1]);
}

static void a_release_says_all_that_the_verdict_said(void **state)
{
    static const char personal[] = COMPLAINT ", call me at +1 512 555 0175";
    static const char policy[] =
        "policy:\n"
        "  actions: [{line: own, when: 'own:from', action: ignore},\n"
        "            {line: rest, when: '*', action: recover}]\n"
        "  escalate: [{when: '*', to: legal, why: asked for}]\n"
        "  private: [{when: 'has:pii', channel: dm, why: personal data}]\n"
        "  moderate: [{when: '*', why: asked for}]\n"
        "  hold: [{when: '*', for: 10m, why: another customer may answer}]\n";
    start(policy, true);
    post(0, "1", "ann", NULL, personal);
    post(10, "2", "bob", NULL, "nothing to do with it");
    assert_item(0, "\"take_private\":{\"why\":");
    assert_item(0, "\"escalate\":{\"to\":\"legal\"");
    assert_item(1, "\"code\":\"hold_over\"");
    assert_item(1, "\"skills\":[\"apps\",\"billing\"]");
    assert_same("\"action\":", "\"hold_until\":");
    assert_same("\"escalate\":", "\"reasons\":");
    stop();

    start(policy, true);
    post(0, "1", "ann", NULL, personal);
    post(3, "2", "acme", "1", "sorry to hear that, we will look into it");
    assert_item(1, "\"code\":\"own_answer\"");
    assert_item(1, "\"escalate\":null,\"take_private\":null");
    stop();
}

static void what_cancels_and_what_does_not(void **state)
{
    static const struct {
        const char *author, *text, *code;
    } replies[] = {
        {"bob", "try turning it off and on, that helped me", "peer_answered"},
        {"acme", "sorry to hear that, we will look into it", "own_answer"},
        {"ann", "oh it works again, thanks a lot!", "tone_turned"},
        {"ann", "this is terrible, I am so angry, it is still broken", "author_back"},
        {"bob", "same here, awful, I hate it", NULL},
        {"ann", "I am in Austin by the way", NULL},
    };
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        start("", true);
        post(0, "1", "ann", NULL, COMPLAINT);
        post(3, "2", replies[i].author, "1", replies[i].text);
        if (!replies[i].code) {
            assert_int_equal(items_count, 1);
        } else {
            bool released = strcmp(replies[i].code, "author_back") == 0;
            assert_int_equal(items_count, 2);
            assert_item(1, "\"event\":\"update\"");
            assert_item(1, replies[i].code);
            assert_item(1, released ? "\"action\":\"recover\"" : "\"action\":\"monitor\"");
        }
        stop();
    }
}

/* Most posts are no item of their own, and are not parsed as a whole: replies are heard all the
 * same, and their time counts. */
static void the_same_where_parsing_is_fast(void **state)
{
    fast = true;
    an_item_waits_and_is_released(state);
    what_cancels_and_what_does_not(state);
    fast = false;
}

static void change(const char *id, hydrant_event event, const char *text)
{
    hydrant_mention m = {.id = str(id),
                         .network = str("x"),
                         .event = event,
                         .lang = str("en"),
                         .text = str(text),
                         .created_at_us = HYDRANT_TIME_NONE};
    assert_int_equal(hydrant_push_mentions(engine, "test", &m, 1, NULL), HYDRANT_OK);
}

static void a_change_ends_the_wait(hydrant_event event, const char *text, const char *said)
{
    start("", true);
    post(0, "1", "ann", NULL, COMPLAINT);
    assert_item(0, "\"hold_until\":\"2026");
    change("1", event, text);
    assert_item(1, said);
    change("1", event, text);
    post(60, "2", "bob", NULL, "an hour later");
    for (unsigned i = 1; i < items_count; i++)
        if (strstr(items[i], "hold_over"))
            fail_msg("released: %s", items[i]);
    stop();
}

static void edits_and_deletes_end_the_wait(void **state)
{
    a_change_ends_the_wait(HYDRANT_EVENT_DELETE, NULL, "\"event\":\"delete\"");
    a_change_ends_the_wait(HYDRANT_EVENT_EDIT, "never mind", "\"action\":\"ignore\"");
}

/* Also where deduplication does not know the post, or nobody does. */
static void they_do_without_deduplication(void **state)
{
    forgetful = true;
    edits_and_deletes_end_the_wait(state);
    start("", true);
    post(0, "1", "ann", NULL, COMPLAINT);
    change("7", HYDRANT_EVENT_DELETE, NULL);
    change("8", HYDRANT_EVENT_EDIT, "never mind");
    assert_int_equal(items_count, 1);
    post(10, "2", "bob", NULL, "ten minutes later");
    assert_item(1, "\"code\":\"hold_over\"");
    stop();
    forgetful = false;
}

static void repeats_that_are_only_counted_are_heard(void **state)
{
    static const char answer[] = "sorry to hear that, acme will look into it right now";
    start("policy:\n"
          "  repeats: {exact: count, near: count, same_author: count}\n"
          "  actions: [{line: own, when: 'own:from', action: ignore},\n"
          "            {line: rest, when: '*', action: recover}]\n"
          "  hold: [{when: 'NOT own:from', for: 10m, why: another customer may answer}]\n",
          true);
    post(0, "1", "ann", NULL, COMPLAINT);
    post(1, "2", "bob", NULL, "acme has lost my parcel and nobody there says a word about it");
    post(2, "3", "acme", "1", answer);
    assert_item(2, "\"id\":\"1\"");
    assert_item(2, "\"code\":\"own_answer\"");
    post(3, "4", "acme", "2", answer);
    hydrant_stats stats;
    hydrant_stats_read(engine, &stats);
    assert_int_equal(stats.dropped[HYDRANT_DROP_DUPLICATE], 1);
    assert_item(3, "\"id\":\"2\"");
    assert_item(3, "\"code\":\"own_answer\"");
    stop();
}

static void time_alone_releases(void **state)
{
    clock_s = 1772000000;
    start("", false);
    post(0, "1", "ann", NULL, COMPLAINT);
    assert_int_equal(hydrant_tick(engine, NULL), HYDRANT_OK);
    assert_int_equal(items_count, 1);
    clock_s += 601;
    assert_int_equal(hydrant_tick(engine, NULL), HYDRANT_OK);
    assert_int_equal(items_count, 2);
    assert_item(1, "\"code\":\"hold_over\"");
    hydrant_stats stats;
    hydrant_stats_read(engine, &stats);
    assert_int_equal(stats.published, 2);
    stop();
}

static void a_mention_ends_only_so_many(void **state)
{
    start("", true);
    char id[8];
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "h%d", i);
        post(0, id, id, NULL, COMPLAINT);
    }
    unsigned held = items_count;
    for (int i = 0; i < 5; i++)
        post(30 + i, "later", "bob", NULL, "later");
    assert_int_equal(held, 21); /* and one that says that they spread */
    assert_int_equal(items_count, held + 20);
    stop();
}

#define ACTIONS(lines) \
    "policy:\n  actions:\n" lines "    - {line: rest, when: '*', action: respond}\n"

static void lines_may_ask_about_the_conversation(void **state)
{
    start(ACTIONS("    - {line: third, when: 'author:unhappy>=3', action: recover}\n"
                  "    - {line: answered, when: 'talk:answered', action: monitor}\n"
                  "    - {line: again, when: 'last:respond', action: thank}\n"),
          true);
    post(0, "1", "ann", NULL, COMPLAINT);
    post(1, "2", "ann", "1", "acme, the website is terrible too, I hate this");
    post(2, "3", "ann", "1", "acme my card was charged twice, this is awful");
    post(3, "4", "acme", "1", "we at acme are on it");
    post(4, "5", "bob", "1", "acme is quick today");
    assert_item(0, "\"line\":\"rest\"");
    assert_item(1, "\"line\":\"again\"");
    assert_item(2, "\"line\":\"third\"");
    assert_item(2, "3 unhappy mentions of this author");
    assert_item(4, "\"line\":\"answered\"");
    stop();
}

#define PRAISE "I love acme, thank you so much, it is great!"
#define QUESTION "when does acme close today?"

/* Our answers need not name us: they count also where no rule matches them and nothing waits. */
static void our_answer_is_heard_though_no_rule_matches_it(void **state)
{
    for (int quick = 0; quick < 2; quick++) {
        fast = quick;
        start(ACTIONS("    - {line: answered, when: 'talk:answered', action: monitor}\n"), true);
        post(0, "1", "joe", NULL, QUESTION);
        post(1, "2", "bob", "1", "they close at six, as everybody does");
        post(2, "3", "cat", "1", "is that so, acme?");
        assert_item(1, "\"line\":\"rest\"");
        post(3, "4", "acme", "1", "@joe at eight today");
        post(4, "5", "joe", "1", "thanks acme");
        assert_item(2, "\"line\":\"answered\"");
        post(5, "6", "acme", "7", "@ann in a conversation of which nothing is known");
        post(6, "8", "ann", "7", "acme?");
        assert_item(3, "\"line\":\"rest\"");
        stop();
    }
    fast = false;
}

/* By the default policy a repeat within the hour is ignored, unless it answers somebody; later it
 * is a post like any other, and counts as one. */
static void an_author_who_repeats_himself_is_heard_when_it_may_be_meant(void **state)
{
    const char *text = "acme my line is still dead, this is awful";
    start("", true);
    post(0, "1", "ann", NULL, text);
    post(20, "2", "ann", NULL, text);
    assert_item(0, "\"line\":\"unhappy\"");
    assert_int_equal(items_count, 1);
    post(30, "3", "ann", "1", text);
    assert_int_equal(items_count, 2);
    assert_last("\"line\":\"unhappy\"");
    post(400, "4", "ann", NULL, text);
    assert_last("\"line\":\"unhappy\"");
    assert_last("\"escalate\":null");
    post(800, "5", "ann", NULL, text);
    assert_last("\"id\":\"5\"");
    assert_last("\"why\":\"third unhappy contact\"");
    stop();
}

/* talk:turned is of a tone that was another one before, and of one author. */
static void a_tone_turns_when_it_was_not_good_before(void **state)
{
    static const struct {
        const char *authors[2], *texts[2];
        bool turned;
    } cases[] = {
        {{"ann", "ann"}, {COMPLAINT, PRAISE}, true},  {{"ann", "ann"}, {QUESTION, PRAISE}, true},
        {{"ann", "ann"}, {PRAISE, QUESTION}, false},  {{"ann", "ann"}, {PRAISE, PRAISE "!"}, false},
        {{"ann", "ann"}, {PRAISE, COMPLAINT}, false}, {{"ann", "bob"}, {COMPLAINT, PRAISE}, false},
        {{NULL, NULL}, {COMPLAINT, PRAISE}, false},   {{NULL, "ann"}, {COMPLAINT, PRAISE}, false},
        {{"ann", NULL}, {COMPLAINT, PRAISE}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        start(ACTIONS("    - {line: turned, when: 'talk:turned', action: thank}\n"), true);
        post(0, "1", cases[i].authors[0], NULL, cases[i].texts[0]);
        post(1, "2", cases[i].authors[1], "1", cases[i].texts[1]);
        post(2, "3", "cat", "1", "acme it is");
        assert_item(0, "\"line\":\"rest\"");
        assert_item(1, "\"line\":\"rest\""); /* it says what was before it */
        if (strstr(items[2], "\"line\":\"turned\"") ? !cases[i].turned : cases[i].turned)
            fail_msg("case %zu: %s", i, items[2]);
        stop();
    }
}

static void facts_are_what_the_policy_says(void **state)
{
    start("policy:\n"
          "  facts: {spam: '%offers has:links', obscene: '%rude'}\n"
          "  actions:\n"
          "    - {line: junk, when: 'fact:spam', action: monitor}\n"
          "    - {line: coyote, when: 'brand_off', action: monitor}\n"
          "    - {line: rude, when: 'fact:obscene', action: monitor}\n"
          "    - {line: private, when: 'has:pii', action: recover}\n"
          "    - {line: rest, when: '*', action: respond}\n"
          "  pii: [{kind: account, shape: 'AC-9999'}]\n",
          true);
    post(0, "1", "a", NULL, "free followers with acme http://x.example");
    post(0, "2", "b", NULL, "free followers with acme");
    post(0, "3", "c", NULL, "the coyote buys from acme");
    post(0, "4", "d", NULL, "damn acme");
    post(0, "5", "e", NULL, "acme call 512-555-0142");
    post(0, "6", "f", NULL, "acme it is ac-1234");
    static const char *const lines[] = {"junk", "rest", "coyote", "rude", "private", "private"};
    for (unsigned i = 0; i < 6; i++)
        assert_item(i, lines[i]);
    assert_item(4, "\"pii\":[{\"kind\":\"phone\",\"span\":[10,22]}]");
    assert_item(5, "\"pii\":[{\"kind\":\"account\",\"span\":[11,18]}]");
    stop();
}

static void audits_take_a_sample(void **state)
{
    start("policy:\n"
          "  actions:\n"
          "    - {line: ours, when: 'own:from', action: ignore}\n"
          "    - {line: rest, when: '*', action: monitor}\n"
          "  escalate:\n"
          "    - {when: 'acme', to: legal, why: words}\n"
          "  private:\n"
          "    - {when: 'acme', channel: dm, why: theirs}\n"
          "  audit: {sample: {monitor: 25%, own:from: 100%, ignore: 0%}, route: quality}\n",
          true);
    char id[8], text[32];
    unsigned sampled = 0;
    post(0, "own", "acme", NULL, "we are acme");
    assert_item(0, "\"action\":\"monitor\"");
    assert_item(0, "\"route\":\"quality\"");
    assert_item(0, "\"code\":\"audit\"");
    assert_null(strstr(items[0], "legal")); /* it is ignored all the same */
    assert_null(strstr(items[0], "\"dm\""));
    for (int i = 0; i < 60; i++) {
        snprintf(id, sizeof id, "%d", i);
        snprintf(text, sizeof text, "acme number %d", i);
        post(0, id, id, NULL, text);
    }
    for (unsigned i = 1; i < items_count; i++)
        sampled += strstr(items[i], "\"route\":\"quality\"") != NULL;
    assert_int_equal(items_count, 61);
    assert_item(1, "\"escalate\":{\"to\":\"legal\"");
    assert_in_range(sampled, 5, 27); /* of 60, 15 expected; always the same ones */
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_waits_and_is_released),
        cmocka_unit_test(a_release_is_as_actionable_as_its_item),
        cmocka_unit_test(a_release_says_all_that_the_verdict_said),
        cmocka_unit_test(what_cancels_and_what_does_not),
        cmocka_unit_test(the_same_where_parsing_is_fast),
        cmocka_unit_test(edits_and_deletes_end_the_wait),
        cmocka_unit_test(they_do_without_deduplication),
        cmocka_unit_test(repeats_that_are_only_counted_are_heard),
        cmocka_unit_test(time_alone_releases),
        cmocka_unit_test(a_mention_ends_only_so_many),
        cmocka_unit_test(lines_may_ask_about_the_conversation),
        cmocka_unit_test(our_answer_is_heard_though_no_rule_matches_it),
        cmocka_unit_test(an_author_who_repeats_himself_is_heard_when_it_may_be_meant),
        cmocka_unit_test(a_tone_turns_when_it_was_not_good_before),
        cmocka_unit_test(facts_are_what_the_policy_says),
        cmocka_unit_test(audits_take_a_sample),
    };
    return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
