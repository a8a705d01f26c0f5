/*
 * Bringing mentions in and getting items out, as hydrant.h promises: pushed bytes and mentions,
 * steps, drains, stops. The rest of the handle is in test_engine.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "support/collect.h"

static hydrant_pack *outage;
static struct collect got;

static hydrant *create(const hydrant_options *options)
{
    hydrant *engine = NULL;
    hydrant_error err = {0};
    memset(&got, 0, sizeof got);
    if (hydrant_create(options, outage, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return engine;
}

static hydrant *create_with(uint32_t workers)
{
    hydrant_options options = collect_options(&got, workers);
    return create(&options);
}

static void push(hydrant *engine, const char *source, const char *bytes)
{
    assert_int_equal(hydrant_push_bytes(engine, source, bytes, strlen(bytes), NULL), HYDRANT_OK);
}

static hydrant_mention mention(const char *id, const char *text)
{
    return (hydrant_mention){.id = {id, (uint32_t)strlen(id)},
                             .text = {text, (uint32_t)strlen(text)},
                             .created_at_us = HYDRANT_TIME_NONE};
}

/* ---- bytes ---- */

static void bytes_may_be_cut_anywhere(void **state)
{
    static const char lines[] =
        "{\"id\":\"1\",\"text\":\"outage\"}\n{\"id\":\"2\",\"text\":\"beach\"}\r\n"
        "\n{\"id\":\"3\",\"text\":\"outage\"}";
    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++)
        for (size_t piece = 1; piece < sizeof lines; piece += 7) {
            hydrant *engine = create_with(workers);
            for (size_t at = 0; at < sizeof lines - 1; at += piece) {
                size_t left = sizeof lines - 1 - at;
                assert_int_equal(
                    hydrant_push_bytes(engine, "s", lines + at, piece < left ? piece : left, NULL),
                    HYDRANT_OK);
            }
            assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
            assert_int_equal(got.items_count, 3);
            assert_string_equal(got.items[0].id, "1");
            assert_int_equal(got.items[1].drop, HYDRANT_DROP_NO_MATCH);
            assert_string_equal(got.items[2].id, "3"); /* a last line without its newline */
            hydrant_destroy(&engine);
        }
}

static void without_workers_whole_records_are_judged_at_once(void **state)
{
    hydrant *engine = create_with(0);
    (void)state;
    push(engine, "s", "{\"id\":\"1\",\"text\":\"outage\"}\n{\"id\":\"2\",");
    assert_int_equal(got.items_count, 1);
    push(engine, "s", "");
    push(engine, "s", "\"text\":\"outage\"}");
    assert_int_equal(got.items_count, 1);
    push(engine, "s", "\n");
    assert_int_equal(got.items_count, 2);
    hydrant_destroy(&engine);
}

static void each_stream_has_its_own_cut(void **state)
{
    hydrant *engine = create_with(0);
    (void)state;
    push(engine, "a", "{\"id\":\"a1\",\"te");
    push(engine, "b", "{\"id\":\"b1\",\"text\":");
    push(engine, "a", "xt\":\"outage\"}\n");
    push(engine, "b", "\"outage\"}\n{\"text\":\"outage\"}\n");
    assert_int_equal(got.items_count, 3);
    assert_string_equal(got.items[0].source, "a");
    assert_string_equal(got.items[0].id, "a1");
    assert_string_equal(got.items[1].source, "b");
    assert_string_equal(got.items[2].id, "b:28");
    hydrant_destroy(&engine);
}

static void an_engine_can_be_pushed_to_after_a_drain(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        hydrant *engine = create_with(workers);
        for (unsigned round = 1; round <= 3; round++) {
            push(engine, "s", "{\"text\":\"outage\"}");
            assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
            assert_int_equal(got.items_count, round);
        }
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK); /* nothing there: fine */
        hydrant_destroy(&engine);
    }
}

/* Every round had the ids of the first one: all of it looked redelivered, and was dropped. */
static void what_is_pushed_after_a_drain_is_no_redelivery(void **state)
{
    static const struct {
        hydrant_format format;
        const char *rounds[3], *ids[3];
    } cases[] = {
        {HYDRANT_FORMAT_TEXT,
         {"an outage in Austin", "an outage in Boston", "an outage in Chicago"},
         {"s:0", "s:19", "s:38"}},
        {HYDRANT_FORMAT_NATIVE,
         {"{\"text\":\"an outage in Austin\"}\n", "\n{\"text\":\"an outage in Boston\"}",
          "{\"text\":\"an outage in Chicago\"}"},
         {"s:0", "s:32", "s:62"}},
        {HYDRANT_FORMAT_CSV, /* a new stream has a header of its own */
         {"text\nan outage in Austin\n", "text\nan outage in Boston", "text\nan outage in Chicago"},
         {"s:5", "s:30", "s:54"}},
    };
    (void)state;
    for (unsigned i = 0; i < 3 * sizeof cases / sizeof *cases; i++) {
        hydrant_options options = collect_options(&got, i % 3);
        options.format = cases[i / 3].format;
        hydrant *engine = create(&options);
        for (unsigned round = 0; round < 3; round++) {
            push(engine, "s", cases[i / 3].rounds[round]);
            assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
            assert_int_equal(got.items_count, round + 1);
            assert_int_equal(got.items[round].drop, HYDRANT_DROP_NONE);
            assert_string_equal(got.items[round].id, cases[i / 3].ids[round]);
        }
        hydrant_destroy(&engine);
    }
}

static void bad_records_become_dead_letters(void **state)
{
    hydrant *engine = create_with(1);
    (void)state;
    push(engine, "s", "{\"text\":\"outage\"}\nnot json\n{\"text\":\"beach\"}\n{\"text\":7}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.letters_count, 2);
    assert_int_equal(got.letters[0].reason, HYDRANT_DROP_NOT_JSON);
    assert_int_equal(got.letters[0].offset, 18);
    assert_string_equal(got.letters[0].source, "s");
    assert_string_equal(got.letters[0].data, "not json");
    assert_int_equal(got.letters[1].reason, HYDRANT_DROP_BAD_TYPE);
    assert_string_equal(got.letters[1].data, "{\"text\":7}");
    assert_string_equal(got.items[1].id, "s:18");
    hydrant_destroy(&engine);
}

/* A number that is one of a payment card: its last digit is Luhn's. */
static unsigned long long card(unsigned i)
{
    unsigned long long number = 411111111111000 + i, left = number;
    unsigned sum = 0;
    for (unsigned k = 0; left; left /= 10, k++) {
        unsigned digit = (unsigned)(left % 10) << (k % 2 == 0);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return number * 10 + (10 - sum % 10) % 10;
}

/* The n-th post of a page has a number from one on, and a word before. */
static void write_id(char out[32], unsigned n, unsigned from)
{
    if (n < from)
        snprintf(out, 32, "n%u", n);
    else
        snprintf(out, 32, "%llu", card(n));
}

/* A page of more than a batch's posts, of which the first has no text. */
static char *cards_page(unsigned posts, unsigned from)
{
    char *page = malloc(128 + 128 * posts);
    char *at = page + sprintf(page, "{\"kind\":\"Listing\",\"data\":{\"children\":[");
    for (unsigned i = 0; i < posts; i++) {
        char id[32];
        const char *quote = i < from ? "\"" : "";
        write_id(id, i, from);
        at += sprintf(at, "%s{\"kind\":\"t1\",\"data\":{\"name\":%s%s%s,\"body\":\"%s\"}}",
                      i ? "," : "", quote, id, quote, i ? "an outage" : "");
    }
    sprintf(at, "]}}\n");
    return page;
}

/* They were masked in the page itself, of which the next batch read its numbers. */
static void masked_letters_of_a_page_leave_its_posts_alone(void **state)
{
    enum { POSTS = 1100, NUMBERED_LATE = 700 };
    (void)state;
    for (unsigned from = 0; from <= NUMBERED_LATE; from += NUMBERED_LATE) {
        hydrant_options options = collect_options(&got, 1);
        options.mapping = "reddit";
        options.dedup_window_us = 0;
        hydrant *engine = create(&options);
        char *page = cards_page(POSTS, from);
        push(engine, "s", page);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        assert_int_equal(got.letters_count, 1);
        assert_int_equal(got.letters[0].len, strlen(page) - 1);
        assert_int_equal(strstr(got.letters[0].data, "********") != NULL, from == 0);
        assert_int_equal(got.items_count, POSTS);
        for (unsigned i = 1; i < POSTS; i++) {
            char id[32];
            write_id(id, i, from);
            assert_string_equal(got.items[i].id, id);
            assert_int_equal(got.items[i].drop, HYDRANT_DROP_NONE);
        }
        free(page);
        hydrant_destroy(&engine);
    }
}

/* ---- decoded mentions ---- */

static void pushed_mentions_are_copied(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++) {
        hydrant *engine = create_with(workers);
        char text[32] = "a total outage", id[8] = "17";
        hydrant_str tag = {"fail", 4};
        hydrant_mention m = mention(id, text);
        m.hashtags = &tag;
        m.hashtags_count = 1;
        assert_int_equal(hydrant_push_mentions(engine, "crm", &m, 1, NULL), HYDRANT_OK);
        memset(text, '#', sizeof text);
        memset(id, '#', sizeof id);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        assert_int_equal(got.items_count, 1);
        assert_int_equal(got.items[0].drop, HYDRANT_DROP_NONE);
        assert_string_equal(got.items[0].id, "17");
        assert_string_equal(got.items[0].text, "a total outage");
        assert_string_equal(got.items[0].source, "crm");
        hydrant_destroy(&engine);
    }
}

/* They had the offsets of whatever records their parcel had held before: all the same id, so that
 * every one but the first looked redelivered. */
static void mentions_without_an_id_are_not_redeliveries_of_each_other(void **state)
{
    hydrant *engine = create_with(1);
    hydrant_mention both[2] = {mention("", "a total outage in Austin"),
                               mention("", "there is no outage in Boston at all")};
    (void)state;
    assert_int_equal(hydrant_push_mentions(engine, "crm", both, 2, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_push_mentions(engine, "web", both, 1, NULL), HYDRANT_OK);
    both[0].text = (hydrant_str){"one more outage", 15};
    assert_int_equal(hydrant_push_mentions(engine, "crm", both, 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 4);
    assert_string_equal(got.items[0].id, "crm:0");
    assert_string_equal(got.items[1].id, "crm:1");
    assert_string_equal(got.items[2].id, "web:0");
    assert_string_equal(got.items[3].id, "crm:2");
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(got.items[i].drop, HYDRANT_DROP_NONE);
    hydrant_destroy(&engine);
}

static void mentions_after_a_drain_are_no_redeliveries(void **state)
{
    static const char *const texts[] = {"an outage in Austin", "an outage in Boston",
                                        "an outage in Chicago"};
    static const char *const ids[] = {"s:0", "s:1", "s:2"};
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        hydrant *engine = create_with(workers);
        for (unsigned i = 0; i < 3; i++) {
            hydrant_mention m = mention("", texts[i]);
            assert_int_equal(hydrant_push_mentions(engine, "s", &m, 1, NULL), HYDRANT_OK);
            assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        }
        assert_int_equal(got.items_count, 3);
        for (unsigned i = 0; i < 3; i++) {
            assert_string_equal(got.items[i].id, ids[i]);
            assert_int_equal(got.items[i].drop, HYDRANT_DROP_NONE);
        }
        hydrant_destroy(&engine);
    }
}

/* Names of sources are bytes; what is called back is UTF-8. */
static void the_name_of_a_source_that_is_no_utf8_is_mended(void **state)
{
    (void)state;
    hydrant_mention m = mention("", "a total outage in Austin");
    hydrant *engine = create_with(1);
    push(engine, "a/\xFF.ndjson", "{\"text\":\"an outage\"}\nnot json\n");
    assert_int_equal(hydrant_push_mentions(engine, "\xE4\xB8m", &m, 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        bool decoded = got.items[i].source[0] != 'a';
        unsigned at = got.items[i].drop ? 21 : 0;
        const char *source = decoded ? "\uFFFD\uFFFDm" : "a/\uFFFD.ndjson";
        char id[64];
        snprintf(id, sizeof id, "%s:%u", source, at);
        assert_string_equal(got.items[i].source, source);
        assert_string_equal(got.items[i].id, id);
    }
    assert_int_equal(got.letters_count, 1);
    assert_string_equal(got.letters[0].source, "a/\uFFFD.ndjson");
    hydrant_destroy(&engine);
}

/* They are two streams, though items call them the same. */
static void names_that_look_alike_are_different_sources(void **state)
{
    (void)state;
    hydrant_mention m = mention("", "a total outage in Austin");
    hydrant *engine = create_with(1);
    push(engine, "caf\xE8", "{\"text\":\"outage in Paris");
    push(engine, "caf\xE9", "{\"text\":\"one more outage, and nobody answers\"}\n");
    push(engine, "caf\xE8", " and in Lyon\"}\n");
    assert_int_equal(hydrant_push_mentions(engine, "shop\xE8", &m, 1, NULL), HYDRANT_OK);
    m.text = (hydrant_str){"not a word about why there is an outage", 39};
    assert_int_equal(hydrant_push_mentions(engine, "shop\xE9", &m, 1, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(got.items[i].drop, HYDRANT_DROP_NONE);
    hydrant_destroy(&engine);
}

/* The end of a long one counts, and begins with a whole character. */
static void the_name_of_a_source_in_an_id_is_cut_between_characters(void **state)
{
    (void)state;
    char name[6002];
    for (unsigned i = 0; i < 3000; i++)
        memcpy(name + 2 * i, "\u00E9", 2);
    memcpy(name + 6000, "x", 2);
    hydrant *engine = create_with(1);
    push(engine, name, "{\"text\":\"an outage\"}\n");
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 1);
    assert_memory_equal(got.items[0].id, "\u00E9\u00E9", 4);
    hydrant_destroy(&engine);
}

static void many_mentions_come_out_in_order(void **state)
{
    enum { COUNT = 3000 };
    static hydrant_mention mentions[COUNT];
    static char ids[COUNT][8];
    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", i);
        mentions[i] = mention(ids[i], i % 3 ? "beach" : "outage");
    }
    for (uint32_t workers = 0; workers < 5; workers += 2) {
        hydrant *engine = create_with(workers);
        assert_int_equal(hydrant_push_mentions(engine, "crm", mentions, COUNT, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_push_mentions(engine, "crm", NULL, 0, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        assert_int_equal(got.items_count, COUNT);
        for (unsigned i = 0; i < COUNT; i++)
            assert_string_equal(got.items[i].id, ids[i]);
        hydrant_destroy(&engine);
    }
}

static void mentions_are_limited_like_records(void **state)
{
    static char text[3000];
    hydrant_options options = collect_options(&got, 0);
    options.record_bytes_max = 2048;
    hydrant *engine = create(&options);
    hydrant_error err = {0};
    memset(text, 'a', sizeof text);
    memcpy(text, "outage ", 7);
    hydrant_mention both[2] = {mention("1", "outage"), mention("2", "")};
    (void)state;
    both[1].text = (hydrant_str){text, 2049};
    assert_int_equal(hydrant_push_mentions(engine, "crm", both, 2, &err), HYDRANT_ERR_LIMIT);
    assert_int_equal(err.status, HYDRANT_ERR_LIMIT);
    assert_int_equal(got.items_count, 0); /* none, though the first was fine */
    both[1].text.len = 1900;
    assert_int_equal(hydrant_push_mentions(engine, "crm", both, 2, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 2);
    hydrant_destroy(&engine);
}

static void mentions_that_cannot_be_are_dropped(void **state)
{
    hydrant *engine = create_with(0);
    hydrant_mention m[6] = {mention("1", "bad \xff outage"), mention("2", ""),
                            mention("3", "outage"),          mention("", "outage"),
                            mention("5", "outage"),          mention("6\xff", "outage")};
    (void)state;
    m[2].event = (hydrant_event)9;
    m[3].event = HYDRANT_EVENT_EDIT; /* of what? */
    m[5].event = (hydrant_event)9;
    assert_int_equal(hydrant_push_mentions(engine, "crm", m, 6, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 6);
    assert_int_equal(got.items[0].drop, HYDRANT_DROP_INVALID_UTF8);
    assert_int_equal(got.items[1].drop, HYDRANT_DROP_NO_TEXT);
    assert_int_equal(got.items[2].drop, HYDRANT_DROP_BAD_TYPE);
    assert_int_equal(got.items[3].drop, HYDRANT_DROP_NO_TEXT);
    assert_int_equal(got.items[4].drop, HYDRANT_DROP_NONE);
    assert_int_equal(got.items[5].drop, HYDRANT_DROP_INVALID_UTF8); /* no item has such bytes */
    assert_int_equal(got.letters_count, 0);                         /* there are no bytes to keep */
    hydrant_destroy(&engine);
}

/* ---- either, or ---- */

static int open_pipe(int *write_end)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    *write_end = ends[1];
    return ends[0];
}

static void add_pipe_with(hydrant *engine, const char *name, const char *text)
{
    int out, in = open_pipe(&out);
    assert_int_equal(write(out, text, strlen(text)), strlen(text));
    close(out);
    assert_int_equal(hydrant_add_fd(engine, in, name, true, NULL), HYDRANT_OK);
}

/* The first two are queued at the same time, the third when those have been read. */
static void descriptors_of_one_name_are_no_redeliveries(void **state)
{
    static const char *const ids[] = {"pipe:0", "pipe:20", "other:0", "pipe:39"};
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        hydrant *engine = create_with(workers);
        add_pipe_with(engine, "pipe", "an outage in Austin\n");
        add_pipe_with(engine, "pipe", "an outage in Boston");
        add_pipe_with(engine, "pipe", "");
        add_pipe_with(engine, "other", "an outage in Chicago");
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
        add_pipe_with(engine, "pipe", "an outage in Detroit");
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
        assert_int_equal(got.items_count, 4);
        for (unsigned i = 0; i < 4; i++) {
            assert_string_equal(got.items[i].id, ids[i]);
            assert_int_equal(got.items[i].drop, HYDRANT_DROP_NONE);
        }
        hydrant_destroy(&engine);
    }
}

static void an_engine_that_reads_cannot_be_pushed_to(void **state)
{
    int out, in = open_pipe(&out);
    hydrant *engine = create_with(1);
    hydrant_error err = {0};
    hydrant_mention m = mention("1", "outage");
    (void)state;
    assert_int_equal(hydrant_add_fd(engine, in, "pipe", true, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_push_bytes(engine, "s", "x\n", 2, &err), HYDRANT_ERR_STATE);
    assert_int_equal(err.status, HYDRANT_ERR_STATE);
    assert_int_equal(hydrant_push_mentions(engine, "s", &m, 1, NULL), HYDRANT_ERR_STATE);
    close(out);
    assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
    assert_int_equal(got.items_count, 0);
    hydrant_destroy(&engine);
}

static void an_engine_that_is_pushed_to_cannot_read(void **state)
{
    hydrant_mention m = mention("1", "outage");
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        int out, in = open_pipe(&out);
        hydrant *engine = create_with(1);
        if (kind == 0)
            push(engine, "s", "{\"text\":\"outage\"}\n");
        else
            assert_int_equal(hydrant_push_mentions(engine, "s", &m, 1, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_add_file(engine, "/dev/null", NULL), HYDRANT_ERR_STATE);
        assert_int_equal(hydrant_add_fd(engine, in, "kept", false, NULL), HYDRANT_ERR_STATE);
        assert_int_equal(hydrant_add_fd(engine, in, "closed", true, NULL), HYDRANT_ERR_STATE);
        assert_int_equal(close(in), -1);
        close(out);
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_ERR_STATE); /* it would never end */
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        assert_int_equal(got.items_count, 1);
        hydrant_destroy(&engine);
    }
}

/* ---- steps ---- */

static void a_step_does_what_is_at_hand(void **state)
{
    static const hydrant_io ways[] = {HYDRANT_IO_AUTO, HYDRANT_IO_READ};
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        hydrant_options options = collect_options(&got, 0);
        options.io = ways[way];
        hydrant *engine = create(&options);
        int out, in = open_pipe(&out);
        hydrant_progress progress;
        assert_int_equal(hydrant_step(engine, NULL), HYDRANT_ERR_AGAIN);
        assert_int_equal(hydrant_add_fd(engine, in, "pipe", true, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_step(engine, NULL), HYDRANT_ERR_AGAIN);
        hydrant_progress_read(engine, &progress);
        assert_int_equal(progress.inputs_left, 1);
        assert_int_equal(progress.bytes_total, 0); /* a pipe has no size */
        for (unsigned round = 1; round <= 3; round++) {
            assert_int_equal(write(out, "{\"text\":\"outage\"}\n", 18), 18);
            while (hydrant_step(engine, NULL) == HYDRANT_ERR_AGAIN)
                ;
            assert_int_equal(got.items_count, round);
            assert_int_equal(hydrant_step(engine, NULL), HYDRANT_ERR_AGAIN);
        }
        close(out);
        while (progress.inputs_left > 0) {
            assert_int_equal(hydrant_step(engine, NULL), HYDRANT_ERR_AGAIN);
            hydrant_progress_read(engine, &progress);
        }
        assert_int_equal(progress.posts, 3);
        assert_int_equal(hydrant_step(engine, NULL), HYDRANT_ERR_AGAIN);
        hydrant_destroy(&engine);
    }
}

static void steps_go_through_files_and_past_damage(void **state)
{
    hydrant *engine = create_with(0);
    int out, in = open_pipe(&out);
    hydrant_error err = {0};
    unsigned errors = 0;
    hydrant_progress progress = {.inputs_left = 1};
    (void)state;
    assert_int_equal(write(out, "\x28\xb5\x2f\xfd nonsense", 13), 13);
    close(out);
    assert_int_equal(hydrant_add_fd(engine, in, "damaged", true, NULL), HYDRANT_OK);
    assert_int_equal(
        hydrant_add_file(engine, HYDRANT_SOURCE_DIR "/tests/e2e/data/posts.ndjson", NULL),
        HYDRANT_OK);
    while (progress.inputs_left > 0) {
        hydrant_status status = hydrant_step(engine, &err);
        if (status == HYDRANT_ERR_DATA)
            errors++;
        else
            assert_true(status == HYDRANT_OK || status == HYDRANT_ERR_AGAIN);
        hydrant_progress_read(engine, &progress);
    }
    assert_int_equal(errors, 1);
    assert_string_equal(err.file, "damaged");
    assert_int_equal(got.items_count, 11);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
}

/* ---- stops ---- */

static void after_a_stop_everything_is_cancelled(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++) {
        hydrant *engine = create_with(workers);
        hydrant_mention m = mention("1", "outage");
        hydrant_error err = {0};
        push(engine, "s", "{\"text\":\"outage\"}\n");
        hydrant_stop(engine);
        hydrant_stop(engine);
        assert_int_equal(hydrant_push_bytes(engine, "s", "x\n", 2, &err), HYDRANT_ERR_CANCELLED);
        assert_int_equal(err.status, HYDRANT_ERR_CANCELLED);
        assert_int_equal(hydrant_push_mentions(engine, "s", &m, 1, NULL), HYDRANT_ERR_CANCELLED);
        assert_int_equal(hydrant_step(engine, NULL), HYDRANT_ERR_CANCELLED);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_ERR_CANCELLED);
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_ERR_CANCELLED);
        hydrant_destroy(&engine);
    }
}

static void a_callback_that_refuses_cancels(void **state)
{
    static char lines[200000];
    size_t len = 0;
    (void)state;
    for (unsigned i = 0; i < 4000; i++)
        len += (size_t)snprintf(lines + len, sizeof lines - len,
                                "{\"id\":\"%u\",\"text\":\"outage\"}\n", i);
    for (uint32_t workers = 0; workers < 5; workers += 2) {
        hydrant *engine = create_with(workers);
        got.stop_after = 700;
        hydrant_status status = hydrant_push_bytes(engine, "s", lines, len, NULL);
        assert_true(status == HYDRANT_OK || status == HYDRANT_ERR_CANCELLED);
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_ERR_CANCELLED);
        assert_int_equal(got.items_count, 700); /* none after the one that was refused */
        assert_string_equal(got.items[699].id, "699");
        hydrant_destroy(&engine);
    }
}

static hydrant *stopped_by_signal;

static void on_alarm(int number)
{
    (void)number;
    hydrant_stop(stopped_by_signal);
}

static void a_signal_handler_may_stop_a_run_that_waits(void **state)
{
    static const hydrant_io ways[] = {HYDRANT_IO_AUTO, HYDRANT_IO_READ};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART}, before;
    (void)state;
    sigaction(SIGALRM, &action, &before);
    for (unsigned way = 0; way < 2; way++)
        for (uint32_t workers = 0; workers < 3; workers++) {
            hydrant_options options = collect_options(&got, workers);
            options.io = ways[way];
            int out, in = open_pipe(&out);
            stopped_by_signal = create(&options);
            assert_int_equal(hydrant_add_fd(stopped_by_signal, in, "quiet", true, NULL),
                             HYDRANT_OK);
            assert_int_equal(write(out, "{\"text\":\"outage\"}\n", 18), 18);
            struct itimerspec soon = {.it_value.tv_nsec = 20 * 1000 * 1000};
            timer_t timer;
            assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
            assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
            assert_int_equal(hydrant_run(stopped_by_signal, NULL), HYDRANT_ERR_CANCELLED);
            assert_in_range(got.items_count, 0, 1); /* 0 where judging took longer than the timer */
            timer_delete(timer);
            hydrant_destroy(&stopped_by_signal);
            close(out);
        }
    sigaction(SIGALRM, &before, NULL);
}

static bool slow_item(void *ctx, const hydrant_item *item)
{
    struct timespec pause = {0, 2000000};
    (void)item;
    nanosleep(&pause, NULL);
    ++*(unsigned *)ctx;
    return true;
}

static void destroying_does_not_wait_for_what_was_pushed(void **state)
{
    static char lines[200000];
    size_t len = 0;
    unsigned items = 0;
    hydrant_options options;
    (void)state;
    for (unsigned i = 0; i < 4000; i++)
        len += (size_t)snprintf(lines + len, sizeof lines - len,
                                "{\"id\":\"%u\",\"text\":\"outage\"}\n", i);
    hydrant_options_init(&options);
    options.workers = 2;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_item = slow_item;
    options.ctx = &items;
    hydrant *engine = create(&options);
    assert_int_equal(hydrant_push_bytes(engine, "s", lines, len, NULL), HYDRANT_OK);
    hydrant_destroy(&engine); /* a batch that is on its way may still end */
    assert_true(items < 4000);
}

static int create_pack(void **state)
{
    (void)state;
    outage = collect_pack("outage");
    return 0;
}

static int destroy_pack(void **state)
{
    (void)state;
    hydrant_pack_destroy(&outage);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_may_be_cut_anywhere),
        cmocka_unit_test(without_workers_whole_records_are_judged_at_once),
        cmocka_unit_test(each_stream_has_its_own_cut),
        cmocka_unit_test(an_engine_can_be_pushed_to_after_a_drain),
        cmocka_unit_test(what_is_pushed_after_a_drain_is_no_redelivery),
        cmocka_unit_test(bad_records_become_dead_letters),
        cmocka_unit_test(masked_letters_of_a_page_leave_its_posts_alone),
        cmocka_unit_test(pushed_mentions_are_copied),
        cmocka_unit_test(mentions_without_an_id_are_not_redeliveries_of_each_other),
        cmocka_unit_test(mentions_after_a_drain_are_no_redeliveries),
        cmocka_unit_test(the_name_of_a_source_that_is_no_utf8_is_mended),
        cmocka_unit_test(names_that_look_alike_are_different_sources),
        cmocka_unit_test(the_name_of_a_source_in_an_id_is_cut_between_characters),
        cmocka_unit_test(many_mentions_come_out_in_order),
        cmocka_unit_test(mentions_are_limited_like_records),
        cmocka_unit_test(mentions_that_cannot_be_are_dropped),
        cmocka_unit_test(descriptors_of_one_name_are_no_redeliveries),
        cmocka_unit_test(an_engine_that_reads_cannot_be_pushed_to),
        cmocka_unit_test(an_engine_that_is_pushed_to_cannot_read),
        cmocka_unit_test(a_step_does_what_is_at_hand),
        cmocka_unit_test(steps_go_through_files_and_past_damage),
        cmocka_unit_test(after_a_stop_everything_is_cancelled),
        cmocka_unit_test(a_callback_that_refuses_cancels),
        cmocka_unit_test(a_signal_handler_may_stop_a_run_that_waits),
        cmocka_unit_test(destroying_does_not_wait_for_what_was_pushed),
    };
    return cmocka_run_group_tests(tests, create_pack, destroy_pack);
}
