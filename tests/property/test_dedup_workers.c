/*
 * Groups do not depend on how many workers make them: a stream of repeats of every kind (exact,
 * near, reposts and quotes by id, redelivered, edited, deleted; late ones and clocks that jump)
 * gives the same items, spread items among them, to the byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "support/random.h"
#include "support/run_engine.h"

#ifdef __SANITIZE_THREAD__ /* what that looks for is there in a few */
enum { RECORDS = 1500 };
#else
enum { RECORDS = 6000 };
#endif
enum { RECORD_BYTES = 512, STORIES = 150, WORDS = 12 };

static hydrant_pack *pack;
static char *input;
static size_t input_len;
static uint64_t seed;

static void write_story(unsigned story, struct random_state *edit, char *out)
{
    struct random_state random = {story * 7919 + 1};
    unsigned spoilt = edit && random_below(edit, 3) == 0 ? random_below(edit, WORDS) : WORDS;
    size_t len = (size_t)sprintf(out, "outage");
    for (unsigned word = 0; word < WORDS; word++) {
        char letters[8];
        for (int i = 0; i < 6; i++)
            letters[i] = (char)('a' + random_below(&random, 26));
        letters[6] = '\0';
        if (word == spoilt) {
            char c = letters[2];
            letters[2] = letters[3];
            letters[3] = c;
        }
        len += (size_t)sprintf(out + len, " %s", letters);
    }
}

/* Story s is told again and again by fewer and fewer: small numbers are told most. */
static unsigned choose_story(struct random_state *random)
{
    return random_below(random, 1 + random_below(random, STORIES));
}

static size_t write_record(struct random_state *random, unsigned number, char *out)
{
    static const char *const events[] = {"post", "post", "post", "post", "post",
                                         "post", "post", "post", "edit", "delete"};
    const char *event = events[random_below(random, 10)];
    unsigned id = strcmp(event, "post") == 0 && random_below(random, 15)
                      ? number
                      : random_below(random, number + 1);
    unsigned late = random_below(random, 20) ? 0 : random_below(random, 3000);
    unsigned second = number + (random_below(random, 50) ? 0 : 500000) + 10000 - late;
    char text[256], origin[64] = "";
    write_story(choose_story(random), random, text);
    if (number > 0 && random_below(random, 5) == 0)
        sprintf(origin, ",\"%s\":\"%u\"", random_below(random, 2) ? "repost_of" : "quote_of",
                random_below(random, number));
    return (size_t)sprintf(out,
                           "{\"id\":\"%u\",\"event\":\"%s\",\"created_at\":%u,\"network\":\"x\","
                           "\"author\":{\"id\":\"a%u\"}%s,\"text\":\"%s\"}\n",
                           id, event, 1767225600 + second, random_below(random, 3000), origin,
                           strcmp(event, "delete") == 0 ? "" : text);
}

static void run(uint32_t workers, uint32_t entries, size_t longest, struct engine_output *output)
{
    hydrant_options options;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    struct random_state random = {seed + workers};
    hydrant_options_init(&options);
    options.workers = workers;
    options.dedup_entries = entries ? entries : options.dedup_entries;
    options.event_time = true;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_ndjson = engine_output_append;
    options.ctx = output;
    if (hydrant_create(&options, pack, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    for (size_t at = 0; at < input_len;) {
        size_t piece = 1 + random_below(&random, (unsigned)longest);
        piece = piece < input_len - at ? piece : input_len - at;
        assert_int_equal(hydrant_push_bytes(engine, "in", input + at, piece, NULL), HYDRANT_OK);
        at += piece;
    }
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
}

static void check_workers(uint32_t entries)
{
    struct engine_output reference = {0};
    run(1, entries, 100000, &reference);
    static const uint32_t workers[] = {0, 2, 3, 4};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        struct engine_output output = {0};
        run(workers[i], entries, i % 2 ? 3000 : 200000, &output);
        assert_int_equal(output.len, reference.len);
        assert_memory_equal(output.data, reference.data, reference.len);
        free(output.data);
    }
    free(reference.data);
}

static void any_number_of_workers_gives_the_same_groups(void **state)
{
    check_workers(0);
}

/* Where names of entries come round again while a batch is looked ahead of. */
static void so_it_does_in_a_small_window(void **state)
{
    static const uint32_t entries[] = {2, 13, 64, 100, 500};
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        check_workers(entries[i]);
}

static unsigned count(const struct engine_output *output, const char *what)
{
    unsigned found = 0;
    for (const char *at = output->data; (at = strstr(at, what)); at += strlen(what))
        found++;
    return found;
}

/* Else the test above would say little. */
static void the_stream_holds_every_kind(void **state)
{
    struct engine_output output = {0};
    run(0, 0, 100000, &output);
    engine_output_append(&output, "", 1);
    assert_in_range(count(&output, "\"kind\":\"near\""), RECORDS / 60, RECORDS);
    assert_in_range(count(&output, "\"kind\":\"exact\""), RECORDS / 60, RECORDS);
    assert_in_range(count(&output, "\"dropped\":\"redelivered\""), RECORDS / 60, RECORDS);
    assert_in_range(count(&output, "\"event\":\"spread\""), RECORDS / 600, RECORDS);
    assert_in_range(count(&output, "\"event\":\"update\""), RECORDS / 60, RECORDS);
    assert_in_range(count(&output, "\"event\":\"delete\""), RECORDS / 60, RECORDS);
    free(output.data);
}

static int make_input(void **state)
{
    const char *given = getenv("HYDRANT_SEED");
    struct timespec now;
    static const char *const queries[] = {"outage"};
    hydrant_rules rules = {.queries = queries, .queries_count = 1};
    timespec_get(&now, TIME_UTC);
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec * 2654435761u + 1;
    printf("HYDRANT_SEED=%llu\n", (unsigned long long)seed);
    if (hydrant_pack_compile(&rules, &pack, NULL) != HYDRANT_OK)
        return -1;
    struct random_state random = {seed};
    input = malloc((size_t)RECORDS * RECORD_BYTES);
    for (unsigned i = 0; i < RECORDS; i++)
        input_len += write_record(&random, i, input + input_len);
    return 0;
}

static int free_input(void **state)
{
    free(input);
    hydrant_pack_destroy(&pack);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stream_holds_every_kind),
        cmocka_unit_test(any_number_of_workers_gives_the_same_groups),
        cmocka_unit_test(so_it_does_in_a_small_window),
    };
    return cmocka_run_group_tests_name("dedup_workers", tests, make_input, free_input);
}
