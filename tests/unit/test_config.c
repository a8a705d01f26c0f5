/* hydrant.yaml: defaults, values, every kind of error with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/daemon.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "batch/batch.h"
#include "control/config.h"
#include "support/temporary.h"

static struct hy_config *read_text(const char *text)
{
    struct hy_config *config = NULL;
    hydrant_error err = {0};
    hy_config_read("hydrant.yaml", "/etc/hydrant", text, strlen(text), &config, &err);
    assert_non_null(config);
    return config;
}

static struct hy_config *read_good(const char *text)
{
    struct hy_config *config = read_text(text);
    if (config->errors_count)
        fail_msg("%u:%u %.*s", config->diagnostics[0].line, config->diagnostics[0].column,
                 (int)config->diagnostics[0].message.len, config->diagnostics[0].message.data);
    return config;
}

/* The i-th problem: where it stands and what its message and fix hold. */
static void expect_problem(const struct hy_config *config, uint32_t i, uint32_t line,
                           uint32_t column, const char *message, const char *fix)
{
    assert_true(i < config->diagnostics_count);
    const struct hy_diagnostic *d = &config->diagnostics[i];
    char text[1100];
    snprintf(text, sizeof text, "%.*s", (int)d->message.len, d->message.data);
    assert_int_equal(d->line, line);
    assert_int_equal(d->column, column);
    if (!strstr(text, message))
        fail_msg("\"%s\" does not say \"%s\"", text, message);
    snprintf(text, sizeof text, "%.*s", (int)d->fix.len, d->fix.data);
    if (!strstr(text, fix))
        fail_msg("\"%s\" does not advise \"%s\"", text, fix);
}

static void nothing_gives_the_defaults(void **state)
{
    static const char *const texts[] = {"", "# only a comment\n\n", "workers: auto\n",
                                        "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct hy_config *config = read_good(texts[i]);
        assert_string_equal(config->state_dir, "/var/lib/hydrant");
        assert_string_equal(config->control, "/run/hydrant/control.sock");
        assert_string_equal(config->ring.path, "/dev/shm/hydrant/main");
        assert_int_equal(config->ring.bytes, 32 << 20);
        assert_int_equal(config->ring.chunk_bytes, 256 << 10);
        assert_int_equal(config->dedup.window_us, UINT64_C(86400000000));
        assert_int_equal(config->dedup.entries, 1000000);
        assert_int_equal(config->workers, 0);
        assert_string_equal(config->metrics.listen.address, "127.0.0.1");
        assert_int_equal(config->metrics.listen.port, 8411);
        assert_int_equal(config->drain_us, 30000000);
        assert_true(config->reload.watch);
        assert_int_equal(config->sources_count + config->groups_count + config->rules_count, 0);
        hy_config_destroy(&config);
        assert_null(config);
    }
}

static void the_documented_example_is_read(void **state)
{
    struct hy_config *config =
        read_good("state_dir: /var/lib/hydrant\n"
                  "rules: [rules/]\n"
                  "sources:\n"
                  "  - {name: archive, type: file, path: /data/*.ndjson.zst}\n"
                  "ring: {path: /dev/shm/hydrant/main, bytes: 32MiB}\n"
                  "groups:\n"
                  "  care: {start: oldest, when_slow: {block: 200ms, then: spill}, spill: 1GiB}\n"
                  "  dashboard: {start: newest, when_slow: drop-oldest}\n"
                  "dedup: {window: 24h, entries: 1000000}\n"
                  "workers: auto\n"
                  "metrics: {listen: 127.0.0.1:8411}\n"
                  "control: /run/hydrant/control.sock\n"
                  "recording: {keep: 24h, bytes: 1GiB}\n");
    assert_int_equal(config->rules_count, 1);
    assert_string_equal(config->rules[0], "/etc/hydrant/rules/");
    assert_int_equal(config->sources_count, 1);
    assert_string_equal(config->sources[0].name, "archive");
    assert_string_equal(config->sources[0].path, "/data/*.ndjson.zst");
    assert_true(config->sources[0].follow);
    assert_int_equal(config->groups_count, 2);
    const struct hy_config_group *care = &config->groups[0], *dashboard = &config->groups[1];
    assert_string_equal(care->name, "care");
    assert_int_equal(care->start, HY_START_OLDEST);
    assert_true(care->slow.bounded);
    assert_int_equal(care->slow.block_us, 200000);
    assert_int_equal(care->slow.then, HY_SLOW_SPILL);
    assert_int_equal(care->spill_bytes, 1 << 30);
    assert_int_equal(dashboard->slow.then, HY_SLOW_DROP_OLDEST);
    assert_int_equal(dashboard->slow.block_us, 0);
    assert_true(config->recording.given);
    hy_config_destroy(&config);
}

static void a_group_of_nothing_blocks_then_spills(void **state)
{
    struct hy_config *config = read_good("groups: {care: , desk: {actions: [respond, recover], "
                                         "routes: [a, b], when_slow: block}}\n");
    assert_true(config->groups[0].slow.bounded);
    assert_int_equal(config->groups[0].slow.block_us, 200000);
    assert_int_equal(config->groups[0].slow.then, HY_SLOW_SPILL);
    assert_false(config->groups[1].slow.bounded);
    assert_int_equal(config->groups[1].actions,
                     1 << HYDRANT_ACTION_RESPOND | 1 << HYDRANT_ACTION_RECOVER);
    assert_int_equal(config->groups[1].routes_count, 2);
    assert_string_equal(config->groups[1].routes[1], "b");
    hy_config_destroy(&config);
}

static void every_problem_is_reported_with_its_place(void **state)
{
    struct hy_config *config = read_text("workerz: 3\n"
                                         "workers: many\n"
                                         "ring: {bytes: 32MB2, chunk: 1KiB}\n"
                                         "sources:\n"
                                         "  - {name: a, type: fil, path: x}\n"
                                         "  - {type: file, path: x}\n"
                                         "  - {name: b/c, type: file}\n"
                                         "groups:\n"
                                         "  care: {when_slow: {block: 5}, start: oldst}\n"
                                         "dedup: 4\n"
                                         "metrics: {listen: 8411}\n"
                                         "dedup: {window: 40d}\n");
    expect_problem(config, 0, 1, 1, "no key \"workerz\"", "did you mean workers?");
    expect_problem(config, 1, 2, 10, "\"many\" is not a value of workers", "write a number");
    expect_problem(config, 2, 3, 15, "\"32MB2\" is not a value of bytes", "32MiB");
    expect_problem(config, 3, 3, 29, "chunk must be 4KiB to 16MiB", "");
    expect_problem(config, 4, 5, 21, "no type of source is called \"fil\"", "did you mean file?");
    expect_problem(config, 5, 6, 5, "a source needs a name", "add \"name: ...\"");
    expect_problem(config, 6, 7, 5, "needs a path", "");
    expect_problem(config, 7, 7, 12, "\"b/c\" is not a value of name", "letters, digits");
    expect_problem(config, 8, 9, 21, "when_slow takes block and then", "{block: 200ms");
    expect_problem(config, 9, 9, 40, "\"oldst\" is not a value of start", "did you mean oldest?");
    expect_problem(config, 10, 10, 8, "dedup takes keys and values", "");
    expect_problem(config, 11, 11, 19, "\"8411\" is not a value of listen", "127.0.0.1:8411");
    expect_problem(config, 12, 12, 1, "duplicate key \"dedup\"", "");
    assert_int_equal(config->diagnostics_count, 13);
    assert_int_equal(config->errors_count, 13);
    hy_config_destroy(&config);
}

static void two_sources_cannot_share_a_name(void **state)
{
    struct hy_config *config = read_text("sources:\n"
                                         "  - {name: a, type: file, path: x}\n"
                                         "  - {name: a, type: file, path: y}\n");
    expect_problem(config, 0, 3, 12, "another source is called a", "");
    hy_config_destroy(&config);
}

/* They do not share one: each is told by itself. */
static void sources_without_a_name_are_told(void **state)
{
    struct hy_config *config = read_text("sources:\n"
                                         "  - {type: file, path: x}\n"
                                         "  - {type: file, path: y}\n");
    expect_problem(config, 0, 2, 5, "a source needs a name", "add \"name: ...\"");
    expect_problem(config, 1, 3, 5, "a source needs a name", "add \"name: ...\"");
    assert_int_equal(config->diagnostics_count, 2);
    hy_config_destroy(&config);
}

static void shapes_that_are_wrong_are_errors(void **state)
{
    static const char *const texts[] = {"[a, b]\n",
                                        "just text\n",
                                        "sources: {a: b}\n",
                                        "sources: [a]\n",
                                        "groups: [a]\n",
                                        "rules: {a: b}\n",
                                        "ring: x\n",
                                        "groups: {a: [1]}\n",
                                        "groups: {a: {actions: {b: c}}}\n",
                                        "groups: {a: {actions: [ignore]}}\n",
                                        "groups: {a: {when_slow: {block: [1], then: x}}}\n",
                                        "workers: [1]\n",
                                        "a: [\n",
                                        "workers: 0\n",
                                        "workers: 257\n",
                                        "parse: quick\n",
                                        "metrics: {listen: \"::1:80\"}\n",
                                        "metrics: {listen: 127.0.0.1:65536}\n",
                                        "metrics: {listen: 300.0.0.1:80}\n",
                                        "metrics: {listen: '[::g]:80'}\n",
                                        "metrics: {listen: ':80'}\n",
                                        "drain: 99999999999999999999s\n",
                                        "drain: 18446744073709551615d\n",
                                        "control: ''\n",
                                        "reload: {watch: yes}\n",
                                        "a: &x 1\n",
                                        "rules: [[a]]\n",
                                        "? [a]\n: b\n",
                                        "log: {level: loud}\n",
                                        "workers: -1\n",
                                        "groups: {'': {}}\n",
                                        "groups: {.a: {}}\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct hy_config *config = read_text(texts[i]);
        if (config->errors_count == 0)
            fail_msg("no error in: %s", texts[i]);
        hy_config_destroy(&config);
    }
}

static void sizes_and_durations(void **state)
{
    uint64_t value;
    assert_null(hy_config_bytes(HY_STR("0"), &value));
    assert_int_equal(value, 0);
    assert_null(hy_config_bytes(HY_STR("64KiB"), &value));
    assert_int_equal(value, 65536);
    assert_null(hy_config_bytes(HY_STR("2MB"), &value));
    assert_int_equal(value, 2000000);
    assert_non_null(hy_config_bytes(HY_STR("64 KiB"), &value));
    assert_non_null(hy_config_bytes(HY_STR("KiB"), &value));
    assert_non_null(hy_config_bytes(HY_STR("16777216TiB"), &value));
    assert_null(hy_config_duration(HY_STR("90s"), &value));
    assert_int_equal(value, 90000000);
    assert_null(hy_config_duration(HY_STR("7d"), &value));
    assert_int_equal(value, UINT64_C(604800000000));
    assert_non_null(hy_config_duration(HY_STR("90"), &value));
    assert_non_null(hy_config_duration(HY_STR("1.5h"), &value));
}

static void the_limits_of_a_file_hold(void **state)
{
    struct hy_config *config = NULL;
    hydrant_error err = {0};
    size_t len = HY_CONFIG_BYTES_MAX + 1;
    char *text = malloc(len);
    memset(text, '#', len);
    assert_int_equal(hy_config_read("a", "", text, len, &config, &err), HYDRANT_ERR_LIMIT);
    assert_null(config);
    memset(text, '[', 4096);
    assert_int_equal(hy_config_read("a", "", text, 4096, &config, &err), HYDRANT_ERR_ARGUMENT);
    hy_config_destroy(&config);
    assert_int_equal(hy_config_read("a", "", "a: \xFF", 4, &config, &err), HYDRANT_ERR_ARGUMENT);
    assert_null(config);
    free(text);
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    struct hy_config *config = NULL;
    hydrant_error err = {0};
    assert_int_equal(hy_config_load("/nowhere/hydrant.yaml", &config, &err), HYDRANT_ERR_SYSTEM);
    assert_string_equal(err.file, "/nowhere/hydrant.yaml");
    assert_int_equal(hy_config_load("/", &config, &err), HYDRANT_ERR_SYSTEM);
    assert_null(config);
}

static void the_schema_that_is_shipped_is_this_one(void **state)
{
    char *schema = hy_config_schema();
    assert_non_null(schema);
    FILE *file = fopen(HYDRANT_SOURCE_DIR "/docs/hydrant.schema.json", "r");
    assert_non_null(file);
    size_t len = strlen(schema);
    char *shipped = calloc(1, len + 2);
    assert_int_equal(fread(shipped, 1, len + 1, file), len);
    assert_string_equal(shipped, schema);
    fclose(file);
    free(shipped);
    free(schema);
}

/* What `hydrant run` would refuse from the file alone. */
static void what_listens_has_an_ip_address(void **state)
{
    static const char names[] = "metrics: {listen: localhost:8411}\n"
                                "sources:\n"
                                "  - {name: in, type: tcp, listen: example:9}\n";
    (void)state;
    struct hy_config *config = read_text(names);
    assert_int_equal(config->errors_count, 2);
    expect_problem(config, 0, 1, 19, "\"localhost:8411\" is not a value of listen",
                   "is an IP address");
    expect_problem(config, 1, 3, 35, "\"example:9\" is not a value of listen", "is an IP address");
    hy_config_destroy(&config);
    config = read_good("metrics: {listen: '[::1]:0'}\n");
    assert_string_equal(config->metrics.listen.address, "::1");
    hy_config_destroy(&config);
}

static void routes_of_a_group_are_limited_to_the_byte(void **state)
{
    char text[512], route[HY_CONFIG_ROUTES_BYTES_MAX + 1];
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        memset(route, 'x', sizeof route); /* it takes 255 bytes with "care", then 256 */
        route[HY_CONFIG_ROUTES_BYTES_MAX - 5 - 1 + extra] = '\0';
        snprintf(text, sizeof text, "groups:\n  desk: {}\n  a: {routes: [care, %s]}\n", route);
        struct hy_config *config = read_text(text);
        assert_int_equal(config->errors_count, extra);
        if (extra)
            expect_problem(config, 0, 3, 15, "at most 254 bytes", "");
        hy_config_destroy(&config);
    }
}

/* It was cut without a word, and named another file. */
static void a_path_that_is_too_long_to_be_told_is_an_error(void **state)
{
    char path[TEMPORARY_PATH], text[1024], ring[257];
    (void)state;
    for (unsigned len = 255; len <= 256; len++) {
        hydrant_config_paths paths;
        hydrant_error err = {0};
        hydrant_status expected = len == 255 ? HYDRANT_OK : HYDRANT_ERR_LIMIT;
        memset(ring, 'r', len);
        ring[0] = '/';
        ring[len] = 0;
        snprintf(text, sizeof text, "control: /run/h.sock\nring: {path: %s}\n", ring);
        temporary_text(path, ".yaml", text, strlen(text));
        assert_int_equal(hydrant_config_check(path, false, NULL, NULL, NULL, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_config_check(path, false, NULL, NULL, &paths, NULL), expected);
        assert_int_equal(hydrant_config_check(path, false, NULL, NULL, &paths, &err), expected);
        assert_string_equal(paths.control, "/run/h.sock");
        assert_string_equal(paths.state_dir, "/var/lib/hydrant");
        assert_string_equal(paths.metrics, "127.0.0.1:8411");
        assert_string_equal(paths.ring, len == 255 ? ring : "");
        if (len > 255) {
            assert_string_equal(err.file, path);
            assert_non_null(strstr(err.text, "ring.path"));
        }
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_the_defaults),
        cmocka_unit_test(the_documented_example_is_read),
        cmocka_unit_test(a_group_of_nothing_blocks_then_spills),
        cmocka_unit_test(every_problem_is_reported_with_its_place),
        cmocka_unit_test(two_sources_cannot_share_a_name),
        cmocka_unit_test(sources_without_a_name_are_told),
        cmocka_unit_test(shapes_that_are_wrong_are_errors),
        cmocka_unit_test(sizes_and_durations),
        cmocka_unit_test(the_limits_of_a_file_hold),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(the_schema_that_is_shipped_is_this_one),
        cmocka_unit_test(what_listens_has_an_ip_address),
        cmocka_unit_test(routes_of_a_group_are_limited_to_the_byte),
        cmocka_unit_test(a_path_that_is_too_long_to_be_told_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
