/*
 * The source mappings, each over records like those of its network: tests/golden/networks/NAME.in
 * goes in as it is, told apart by itself, and the mentions that come out are NAME.out. After a
 * change that is meant: HYDRANT_ACCEPT=1 writes what came out; read the difference.
 *
 * Each is also cut into pieces and taken by several workers, which must change nothing.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/decode_one.h"
#include "support/run_engine.h"
#include "support/temporary.h"

enum { ROOM = 1 << 20 };
#define FOLDER HYDRANT_SOURCE_DIR "/tests/golden/networks"

static hydrant_pack *pack;

static char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *data = malloc(ROOM);
    if (!file || !data) {
        free(data);
        *len = 0;
        return NULL;
    }
    *len = fread(data, 1, ROOM - 1, file);
    data[*len] = 0;
    fclose(file);
    return data;
}

static bool on_item(void *ctx, const hydrant_item *item)
{
    char text[16384];
    if (item->event == HYDRANT_ITEM_UPDATE && item->mention->event == HYDRANT_EVENT_POST)
        return true; /* what the policy says later of an earlier one is no record */
    bool judged = item->drop == HYDRANT_DROP_NO_MATCH || item->drop == HYDRANT_DROP_IGNORED;
    size_t len =
        describe_mention(item->mention, judged ? HYDRANT_DROP_NONE : item->drop, text, sizeof text);
    if (item->drop && !judged && item->mention->network.len)
        len += (size_t)snprintf(text + len, sizeof text - len, "network=%.*s\n",
                                (int)item->mention->network.len, item->mention->network.data);
    engine_output_append(ctx, text, len);
    return engine_output_append(ctx, "--\n", 3);
}

static struct engine_output run(const char *mapping, uint32_t workers, size_t piece,
                                const char *data, size_t len)
{
    struct engine_output output = {0};
    hydrant_options options;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    hydrant_options_init(&options);
    options.workers = workers;
    options.emit = HYDRANT_EMIT_ALL;
    options.event_time = true;
    options.dedup_window_us = 0;
    options.on_item = on_item;
    options.ctx = &output;
    options.mapping = mapping;
    if (hydrant_create(&options, pack, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    for (size_t at = 0; at < len; at += piece)
        assert_int_equal(
            hydrant_push_bytes(engine, "in", data + at, len - at < piece ? len - at : piece, &err),
            HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, &err), HYDRANT_OK);
    hydrant_destroy(&engine);
    return output;
}

static void assert_same(const char *what, const struct engine_output *got, const char *wanted,
                        size_t wanted_len)
{
    if (got->len == wanted_len && memcmp(got->data, wanted, wanted_len) == 0)
        return;
    fail_msg("%s: wanted\n%.*s\ngot\n%.*s", what, (int)wanted_len, wanted, (int)got->len,
             got->data);
}

static void check(const char *name)
{
    char path[512], what[600];
    size_t in_len, out_len;
    snprintf(path, sizeof path, FOLDER "/%s.in", name);
    char *in = read_file(path, &in_len);
    assert_non_null(in);
    struct engine_output whole = run(NULL, 0, in_len, in, in_len);
    snprintf(path, sizeof path, FOLDER "/%s.out", name);
    if (getenv("HYDRANT_ACCEPT")) {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fwrite(whole.data, 1, whole.len, file);
        fclose(file);
    }
    char *out = read_file(path, &out_len);
    assert_non_null(out);
    assert_same(name, &whole, out, out_len);
    static const struct {
        uint32_t workers;
        size_t piece;
    } ways[] = {{0, 1}, {0, 7}, {0, 100}, {3, 61}, {2, 4096}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct engine_output again = run(NULL, ways[i].workers, ways[i].piece, in, in_len);
        snprintf(what, sizeof what, "%s, pieces of %zu, %u workers", name, ways[i].piece,
                 ways[i].workers);
        assert_same(what, &again, out, out_len);
        free(again.data);
    }
    free(whole.data);
    free(in);
    free(out);
}

static void each_network_as_recorded(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    unsigned checked = 0;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[256];
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 3, ".in") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len - 3, entry->d_name);
        check(name);
        checked++;
    }
    closedir(folder);
    assert_true(checked >= 14);
}

static void insisting_on_a_mapping_is_the_same(void **state)
{
    static const char *const names[] = {"x",       "x-v1",   "gnip",       "mastodon",
                                        "bluesky", "reddit", "youtube",    "meta",
                                        "nostr",   "feed",   "cloudevents"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        size_t in_len;
        snprintf(path, sizeof path, FOLDER "/%s.in", names[i]);
        char *in = read_file(path, &in_len);
        assert_non_null(in);
        struct engine_output told = run(NULL, 0, 1000, in, in_len);
        struct engine_output named = run(names[i], 0, 1000, in, in_len);
        assert_same(names[i], &named, told.data, told.len);
        free(told.data);
        free(named.data);
        free(in);
    }
}

static void a_page_larger_than_a_batch(void **state)
{
    enum { POSTS = 1700 };
    (void)state;
    char *in = malloc(ROOM);
    assert_non_null(in);
    size_t len = (size_t)sprintf(in, "{\"kind\":\"Listing\",\"data\":{\"children\":[");
    for (int i = 0; i < POSTS; i++)
        len += (size_t)sprintf(
            in + len, "%s{\"kind\":\"t1\",\"data\":{\"name\":\"t1_%d\",\"body\":\"b %d\"}}",
            i ? "," : "", i, i);
    len += (size_t)sprintf(in + len, "]}}\n");
    for (uint32_t workers = 0; workers < 4; workers += 3) {
        struct engine_output got = run(NULL, workers, 5000, in, len);
        unsigned posts = 0;
        char line[64];
        const char *at = got.data;
        for (int i = 0; i < POSTS; i++, posts++) {
            snprintf(line, sizeof line, "id=t1_%d\n", i);
            at = memmem(at, got.len - (size_t)(at - got.data), line, strlen(line));
            assert_non_null(at); /* every one, in order */
        }
        assert_int_equal(posts, POSTS);
        free(got.data);
    }
    free(in);
}

static void unknown_names_are_refused(void **state)
{
    hydrant_options options;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    (void)state;
    hydrant_options_init(&options);
    options.mapping = "friendster";
    assert_int_equal(hydrant_create(&options, pack, &engine, &err), HYDRANT_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "friendster"));
    assert_non_null(strstr(err.text, "mastodon"));
}

/* What is read by it would be dropped from then on. */
static void rules_without_the_mapping_that_is_insisted_on_are_refused(void **state)
{
    static const char text[] = "version: 1\nrules: [{id: a, match: outage, owner: me}]\n"
                               "mappings:\n  mynet:\n    network: mynet\n"
                               "    tell: {k: '*', t: '*'}\n    take:\n"
                               "      - when: {t: '*'}\n        fields: {id: k, text: t}\n";
    char path[TEMPORARY_PATH];
    temporary_text(path, ".yaml", text, sizeof text - 1);
    const char *paths[] = {path};
    hydrant_rules rules = {.paths = paths, .paths_count = 1};
    hydrant_options options;
    hydrant_pack *own = NULL;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    (void)state;
    assert_int_equal(hydrant_pack_compile(&rules, &own, &err), HYDRANT_OK);
    hydrant_options_init(&options);
    options.mapping = "mynet";
    options.workers = 0;
    assert_int_equal(hydrant_create(&options, own, &engine, &err), HYDRANT_OK);
    assert_int_equal(hydrant_reload(engine, pack, &err), HYDRANT_ERR_ARGUMENT);
    assert_non_null(strstr(err.text, "no source mapping is called \"mynet\""));
    assert_int_equal(hydrant_reload(engine, own, &err), HYDRANT_OK);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&own);
    unlink(path);
}

/* What a record can do to a mapping: each is dropped or read, none costs its neighbours. */
static void hostile_records(void **state)
{
    static const char *const records[] = {
        "{\"data\":{\"id\":1,\"text\":\"t\",\"author_id\":1e400}}",
        "{\"data\":{\"id\":[],\"text\":\"t\",\"author_id\":{}}}",
        "{\"data\":[[[[]]],{\"id\":\"1\",\"text\":null,\"author_id\":\"x\"}]}",
        "{\"kind\":\"Listing\",\"data\":{\"children\":{\"kind\":\"t1\",\"data\":{\"name\":\"a\","
        "\"body\":\"\"}}}}",
        "{\"event\":\"update\",\"payload\":\"{\\\"id\\\":\"}",
        "{\"event\":\"update\",\"payload\":\"1}{\"}",
        "{\"did\":\"d\",\"kind\":\"commit\",\"commit\":[1,2,3]}",
        "[\"EVENT\"]",
        "[\"EVENT\",\"s\",{\"pubkey\":\"\\ud800\"}]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        char in[1024];
        int len = snprintf(in, sizeof in,
                           "{\"did\":\"d\",\"time_us\":1,\"kind\":\"identity\"}\n%s\n"
                           "{\"id\":\"after\",\"text\":\"after it\"}\n",
                           records[i]);
        struct engine_output got = run(NULL, 0, 64, in, (size_t)len);
        assert_non_null(memmem(got.data, got.len, "id=after\n", 9));
        free(got.data);
    }
}

static void xml_that_wants_too_much(void **state)
{
    static const char bomb[] =
        "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>"
        "<rss><channel><item><title>&b;</title></item></channel></rss>";
    static const char external[] =
        "<?xml version=\"1.0\"?><!DOCTYPE r SYSTEM \"file:///etc/passwd\">"
        "<rss><channel><item><title>fine</title></item></channel></rss>";
    (void)state;
    struct engine_output got = run(NULL, 0, 50, bomb, sizeof bomb - 1);
    assert_non_null(strstr(got.data, "dropped: not_json"));
    free(got.data);
    got = run(NULL, 0, 50, external, sizeof external - 1);
    assert_non_null(memmem(got.data, got.len, "text=fine", 9));
    free(got.data);
    char *deep = malloc(ROOM);
    size_t len = (size_t)sprintf(deep, "<rss>");
    for (int i = 0; i < 500; i++)
        len += (size_t)sprintf(deep + len, "<a>");
    got = run(NULL, 0, 1000, deep, len);
    assert_non_null(strstr(got.data, "dropped: too_deep"));
    free(got.data);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_network_as_recorded),
        cmocka_unit_test(insisting_on_a_mapping_is_the_same),
        cmocka_unit_test(a_page_larger_than_a_batch),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(rules_without_the_mapping_that_is_insisted_on_are_refused),
        cmocka_unit_test(hostile_records),
        cmocka_unit_test(xml_that_wants_too_much),
    };
    pack = engine_starter_pack();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hydrant_pack_destroy(&pack);
    return failed;
}
