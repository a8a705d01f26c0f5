/*
 * hydrant.h: "Every function that takes hydrant_error accepts NULL for it." Each one is made to
 * fail, with an error and without, and says the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/daemon.h>
#include <hydrant/hydrant.h>
#include <hydrant/journal.h>
#include <hydrant/manager.h>
#include <hydrant/ring.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "journal/journal_folder.h"
#include "support/temporary.h"

#define NOWHERE "/no/such/place"

static hydrant_pack *outage;
static char folder[TEMPORARY_PATH];

static hydrant_rules rules_of(const char *const *query)
{
    return (hydrant_rules){.queries = query, .queries_count = 1};
}

static hydrant *engine_with(uint32_t workers)
{
    hydrant_options options;
    hydrant *engine = NULL;
    hydrant_options_init(&options);
    options.workers = workers;
    assert_int_equal(hydrant_create(&options, outage, &engine, NULL), HYDRANT_OK);
    return engine;
}

static void push_line(hydrant *engine)
{
    assert_int_equal(hydrant_push_bytes(engine, "s", "outage\n", 7, NULL), HYDRANT_OK);
}

static void path_in(const char *name, char path[TEMPORARY_INSIDE])
{
    snprintf(path, TEMPORARY_INSIDE, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[TEMPORARY_INSIDE];
    path_in(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* ---- rules ---- */

static const char *const unfinished = "outage AND (";

static hydrant_status pack_compile(hydrant_error *err)
{
    hydrant_rules rules = rules_of(&unfinished);
    hydrant_pack *pack;
    return hydrant_pack_compile(&rules, &pack, err);
}

static void on_test(void *ctx, const hydrant_test *test)
{
    (void)ctx, (void)test;
}

static hydrant_status rules_test(hydrant_error *err)
{
    hydrant_rules rules = rules_of(&unfinished);
    return hydrant_rules_test(&rules, on_test, NULL, err);
}

static void on_rule(void *ctx, const hydrant_rule_coverage *coverage)
{
    (void)ctx, (void)coverage;
}

static hydrant_status rules_coverage(hydrant_error *err)
{
    hydrant_rules rules = rules_of(&unfinished);
    return hydrant_rules_coverage(&rules, on_rule, NULL, err);
}

static void on_explained(void *ctx, const hydrant_explanation *explanation)
{
    (void)ctx, (void)explanation;
}

static hydrant_status rules_explain(hydrant_error *err)
{
    hydrant_rules rules = {0};
    hydrant_explain_options options = {.rule = "no-such-rule", .text = {"outage", 6}};
    return hydrant_rules_explain(&rules, &options, on_explained, NULL, err);
}

static void on_result(void *ctx, const hydrant_backtest *result)
{
    (void)ctx, (void)result;
}

static hydrant_status rules_backtest(hydrant_error *err)
{
    static const char *const query = "outage", *const archive = NOWHERE;
    hydrant_backtest_options options = {.archives = &archive, .archives_count = 1, .workers = 1};
    options.rules = rules_of(&query);
    return hydrant_rules_backtest(&options, on_result, NULL, err);
}

static hydrant_status score(hydrant_error *err)
{
    hydrant_emotion emotion;
    return hydrant_score((hydrant_str){"\xFF", 1}, (hydrant_str){"", 0}, &emotion, err);
}

/* ---- the engine ---- */

static hydrant_status create(hydrant_error *err)
{
    hydrant_options options;
    hydrant *engine;
    hydrant_options_init(&options);
    options.workers = HYDRANT_WORKERS_MAX + 1;
    return hydrant_create(&options, outage, &engine, err);
}

static hydrant_status create_with_a_ring(hydrant_error *err)
{
    hydrant_ring_target target = {.dir = NOWHERE};
    hydrant_options options;
    hydrant *engine;
    hydrant_options_init(&options);
    options.ring = &target;
    return hydrant_create(&options, outage, &engine, err);
}

static hydrant_status add_file(hydrant_error *err)
{
    hydrant *engine = engine_with(0);
    hydrant_status status = hydrant_add_file(engine, NOWHERE, err);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status add_fd(hydrant_error *err)
{
    hydrant *engine = engine_with(0);
    hydrant_status status = hydrant_add_fd(engine, -1, "s", false, err);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status run_what_is_pushed_to(hydrant_error *err)
{
    hydrant *engine = engine_with(0);
    push_line(engine);
    hydrant_status status = hydrant_run(engine, err);
    hydrant_destroy(&engine);
    return status;
}

/* Of an input that was there when it was added. */
static hydrant_status read_what_is_gone(hydrant_error *err,
                                        hydrant_status read(hydrant *, hydrant_error *))
{
    char path[TEMPORARY_INSIDE];
    hydrant *engine = engine_with(0);
    put("gone.ndjson", "outage\n");
    path_in("gone.ndjson", path);
    assert_int_equal(hydrant_add_file(engine, path, NULL), HYDRANT_OK);
    assert_int_equal(unlink(path), 0);
    hydrant_status status = read(engine, err);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status run(hydrant_error *err)
{
    return read_what_is_gone(err, hydrant_run);
}

static hydrant_status step(hydrant_error *err)
{
    return read_what_is_gone(err, hydrant_step);
}

static hydrant_status drain(hydrant_error *err)
{
    return read_what_is_gone(err, hydrant_drain);
}

static hydrant_status stopped(hydrant_error *err, hydrant_status call(hydrant *, hydrant_error *))
{
    hydrant *engine = engine_with(0);
    hydrant_stop(engine);
    hydrant_status status = call(engine, err);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status run_stopped(hydrant_error *err)
{
    return stopped(err, hydrant_run);
}

static hydrant_status step_stopped(hydrant_error *err)
{
    return stopped(err, hydrant_step);
}

static hydrant_status drain_stopped(hydrant_error *err)
{
    return stopped(err, hydrant_drain);
}

static hydrant_status tick_stopped(hydrant_error *err)
{
    return stopped(err, hydrant_tick);
}

static hydrant_status push_bytes_one(hydrant *engine, hydrant_error *err)
{
    return hydrant_push_bytes(engine, "s", "outage\n", 7, err);
}

static hydrant_status push_bytes(hydrant_error *err)
{
    return stopped(err, push_bytes_one);
}

static hydrant_status push_mentions(hydrant_error *err)
{
    static char text[2 << 20];
    hydrant_mention mention = {.text = {text, sizeof text}};
    memset(text, 'a', sizeof text);
    hydrant *engine = engine_with(0);
    hydrant_status status = hydrant_push_mentions(engine, "s", &mention, 1, err);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status window_save(hydrant_error *err)
{
    hydrant *engine = engine_with(0);
    hydrant_status status = hydrant_window_save(engine, NOWHERE, err);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status window_load(hydrant_error *err)
{
    hydrant *engine = engine_with(0);
    hydrant_status status = hydrant_window_load(engine, NOWHERE, err);
    hydrant_destroy(&engine);
    return status;
}

static sem_t at_item, may_go_on;

static bool wait_at_item(void *ctx, const hydrant_item *item)
{
    (void)ctx, (void)item;
    sem_post(&at_item);
    sem_wait(&may_go_on);
    return true;
}

/* A worker is held up in the batch before the first of the two reloads. */
static hydrant_status reload(hydrant_error *err)
{
    hydrant_options options;
    hydrant *engine;
    hydrant_options_init(&options);
    options.emit = HYDRANT_EMIT_ALL;
    options.on_item = wait_at_item;
    sem_init(&at_item, 0, 0);
    sem_init(&may_go_on, 0, 0);
    assert_int_equal(hydrant_create(&options, outage, &engine, NULL), HYDRANT_OK);
    push_line(engine);
    sem_wait(&at_item);
    assert_int_equal(hydrant_reload(engine, outage, NULL), HYDRANT_OK);
    hydrant_status status = hydrant_reload(engine, outage, err);
    sem_post(&may_go_on);
    hydrant_destroy(&engine);
    return status;
}

/* ---- the manager ---- */

static hydrant_status manager_create(hydrant_error *err)
{
    static const char *const nowhere = NOWHERE;
    hydrant_manager_options options;
    hydrant_manager *manager;
    hydrant_manager_options_init(&options);
    options.rules = (hydrant_rules){.paths = &nowhere, .paths_count = 1};
    return hydrant_manager_create(&options, &manager, err);
}

static hydrant_manager *manager_of_one_rule(void)
{
    char path[TEMPORARY_INSIDE];
    const char *paths[] = {path};
    hydrant_manager_options options;
    hydrant_manager *manager;
    put("rules.yaml", "version: 1\nrules:\n  - {id: a, match: 'outage', owner: me}\n");
    path_in("rules.yaml", path);
    hydrant_manager_options_init(&options);
    options.rules = (hydrant_rules){.paths = paths, .paths_count = 1};
    assert_int_equal(hydrant_manager_create(&options, &manager, NULL), HYDRANT_OK);
    return manager;
}

static hydrant_status manager_attach(hydrant_error *err)
{
    hydrant_manager *manager = manager_of_one_rule();
    hydrant *engine = engine_with(0);
    hydrant_status status = hydrant_manager_attach(manager, engine, err);
    hydrant_manager_destroy(&manager);
    hydrant_destroy(&engine);
    return status;
}

static hydrant_status manager_reload(hydrant_error *err)
{
    hydrant_manager *manager = manager_of_one_rule();
    hydrant_status status = hydrant_manager_reload(manager, err);
    hydrant_manager_destroy(&manager);
    return status;
}

static hydrant_status manager_rollback(hydrant_error *err)
{
    hydrant_manager *manager = manager_of_one_rule();
    hydrant_status status = hydrant_manager_rollback(manager, 77, err);
    hydrant_manager_destroy(&manager);
    return status;
}

static hydrant_status manager_confirm(hydrant_error *err)
{
    hydrant_manager *manager = manager_of_one_rule();
    hydrant_status status = hydrant_manager_confirm(manager, "b", err);
    hydrant_manager_destroy(&manager);
    return status;
}

/* ---- the daemon ---- */

static hydrant_daemon_options daemon_options(const char *config)
{
    hydrant_daemon_options options;
    hydrant_daemon_options_init(&options);
    options.config = config;
    options.log_fd = -1;
    options.once = true;
    return options;
}

static hydrant_status check_config(const char *text, hydrant_error *err)
{
    char path[TEMPORARY_INSIDE];
    put("config.yaml", text);
    path_in("config.yaml", path);
    return hydrant_config_check(path, false, NULL, NULL, NULL, err);
}

static hydrant_status config_check(hydrant_error *err)
{
    return check_config("no_such_key: 1\n", err);
}

static hydrant_status config_check_no_text(hydrant_error *err)
{
    return check_config("\xFF\n", err);
}

static hydrant_status config_check_too_long(hydrant_error *err)
{
    static char text[(2 << 20) + 1];
    memset(text, '#', sizeof text - 1);
    return check_config(text, err);
}

static hydrant_status config_check_nowhere(hydrant_error *err)
{
    return hydrant_config_check(NOWHERE, false, NULL, NULL, NULL, err);
}

static hydrant_status daemon_check_of(const char *text, hydrant_error *err)
{
    char path[TEMPORARY_INSIDE];
    put("config.yaml", text);
    path_in("config.yaml", path);
    hydrant_daemon_options options = daemon_options(path);
    return hydrant_daemon_check(&options, err);
}

static hydrant_status daemon_check(hydrant_error *err)
{
    return daemon_check_of("no_such_key: 1\n", err);
}

static hydrant_status daemon_check_no_sources(hydrant_error *err)
{
    return daemon_check_of("control: off.sock\n", err);
}

/* A configuration that runs, but for a source that gives nothing but bad records. */
static void put_config(char path[TEMPORARY_INSIDE])
{
    char text[2048];
    put("bad.ndjson", "{\n{\n");
    put("rules.yaml", "version: 1\nrules:\n  - {id: a, match: 'outage', owner: me}\n");
    snprintf(text, sizeof text,
             "state_dir: %s/state\nrules: [%s/rules.yaml]\ncontrol: %s/control.sock\n"
             "ring: {path: %s/ring, bytes: 1MiB, chunk: 4KiB}\nmetrics: {listen: off}\n"
             "sources:\n  - {name: bad, type: file, path: %s/bad.ndjson, format: native}\n",
             folder, folder, folder, folder, folder);
    put("config.yaml", text);
    path_in("config.yaml", path);
}

static hydrant_status daemon_create(hydrant_error *err)
{
    hydrant_daemon_options options = daemon_options(NOWHERE);
    hydrant_daemon *daemon;
    return hydrant_daemon_create(&options, &daemon, err);
}

static hydrant_status daemon_run(hydrant_error *err)
{
    char path[TEMPORARY_INSIDE], state[TEMPORARY_INSIDE];
    hydrant_error why = {0};
    put_config(path);
    hydrant_daemon_options options = daemon_options(path);
    hydrant_daemon *daemon;
    if (hydrant_daemon_create(&options, &daemon, &why) != HYDRANT_OK)
        fail_msg("%s", why.text);
    hydrant_status status = hydrant_daemon_run(daemon, err);
    hydrant_daemon_destroy(&daemon);
    path_in("state", state);
    temporary_remove(state); /* with the place up to which the file was read */
    return status;
}

/* ---- the journal ---- */

static hydrant_status journal_open(hydrant_error *err)
{
    hydrant_journal_reader *reader;
    return hydrant_journal_reader_open(NOWHERE, 0, &reader, err);
}

static hydrant_status journal_next(hydrant_error *err)
{
    char name[HY_JOURNAL_NAME_BYTES];
    hydrant_journal_reader *reader;
    hydrant_journal_record record;
    for (uint64_t segment = 1; segment <= 2; segment++) {
        hy_journal_segment_name(segment, name);
        put(name, "this was a frame of records, before something was written over it");
    }
    assert_int_equal(hydrant_journal_reader_open(folder, 0, &reader, NULL), HYDRANT_OK);
    hydrant_status status = hydrant_journal_reader_next(reader, &record, err);
    hydrant_journal_reader_close(&reader);
    return status;
}

static void on_segment(void *ctx, const hydrant_journal_segment *segment)
{
    (void)ctx, (void)segment;
}

static hydrant_status journal_segments(hydrant_error *err)
{
    return hydrant_journal_segments(NOWHERE, on_segment, NULL, err);
}

/* ---- the ring ---- */

static hydrant_status ring_attach(hydrant_error *err)
{
    hydrant_ring *ring;
    return hydrant_ring_attach(NOWHERE, NULL, &ring, err);
}

static hydrant_status ring_attach_options(hydrant_error *err)
{
    hydrant_ring_options options = {0};
    hydrant_ring *ring;
    return hydrant_ring_attach(folder, &options, &ring, err);
}

static hydrant_status ring_stat_read(hydrant_error *err)
{
    hydrant_ring_stat stat;
    return hydrant_ring_stat_read(NOWHERE, &stat, err);
}

static hydrant_status ring_verify(hydrant_error *err)
{
    uint64_t items;
    return hydrant_ring_verify(NOWHERE, &items, err);
}

/* An engine's ring, and an observer of it. */
static hydrant *engine_with_a_ring(hydrant_ring **observer)
{
    char dir[TEMPORARY_INSIDE];
    hydrant_ring_target target = {.dir = dir, .bytes = 1 << 20, .chunk_bytes = 4096};
    hydrant_options options;
    hydrant *engine;
    path_in("ring", dir);
    hydrant_options_init(&options);
    options.ring = &target;
    assert_int_equal(hydrant_create(&options, outage, &engine, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_ring_attach(dir, NULL, observer, NULL), HYDRANT_OK);
    return engine;
}

static bool on_letter(void *ctx, const hydrant_ring_item *item)
{
    (void)ctx, (void)item;
    return true;
}

static hydrant_status ring_dead_letters(hydrant_error *err)
{
    hydrant_ring *observer;
    hydrant *engine = engine_with_a_ring(&observer);
    hydrant_status status = hydrant_ring_dead_letters(observer, "nobody", on_letter, NULL, err);
    hydrant_ring_detach(&observer);
    hydrant_destroy(&engine);
    return status;
}

/* No descriptor is left for it. */
static hydrant_status ring_eventfd(hydrant_error *err)
{
    hydrant_ring *observer;
    hydrant *engine = engine_with_a_ring(&observer);
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int fd = hydrant_ring_eventfd(observer, err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    hydrant_ring_detach(&observer);
    hydrant_destroy(&engine);
    return fd == -1 ? HYDRANT_ERR_SYSTEM : HYDRANT_OK;
}

/* ---- all of them ---- */

static const struct {
    const char *name;
    hydrant_status (*call)(hydrant_error *err);
} calls[] = {
#define CALL(name)  \
    {               \
#name, name \
    }
    CALL(pack_compile),
    CALL(rules_test),
    CALL(rules_coverage),
    CALL(rules_explain),
    CALL(rules_backtest),
    CALL(score),
    CALL(create),
    CALL(create_with_a_ring),
    CALL(add_file),
    CALL(add_fd),
    CALL(run_what_is_pushed_to),
    CALL(run),
    CALL(step),
    CALL(drain),
    CALL(run_stopped),
    CALL(step_stopped),
    CALL(drain_stopped),
    CALL(tick_stopped),
    CALL(push_bytes),
    CALL(push_mentions),
    CALL(window_save),
    CALL(window_load),
    CALL(reload),
    CALL(manager_create),
    CALL(manager_attach),
    CALL(manager_reload),
    CALL(manager_rollback),
    CALL(manager_confirm),
    CALL(config_check),
    CALL(config_check_no_text),
    CALL(config_check_too_long),
    CALL(config_check_nowhere),
    CALL(daemon_check),
    CALL(daemon_check_no_sources),
    CALL(daemon_create),
    CALL(daemon_run),
    CALL(journal_open),
    CALL(journal_next),
    CALL(journal_segments),
    CALL(ring_attach),
    CALL(ring_attach_options),
    CALL(ring_stat_read),
    CALL(ring_verify),
    CALL(ring_dead_letters),
    CALL(ring_eventfd),
#undef CALL
};

static void a_failure_is_the_same_without_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        hydrant_error err = {0};
        hydrant_status with = calls[i].call(&err), without = calls[i].call(NULL);
        if (with == HYDRANT_OK || err.status != with || without != with)
            fail_msg("%s: %d with an error, which says %d (%s), %d without", calls[i].name, with,
                     err.status, err.text, without);
    }
}

static int begin(void **state)
{
    static const char *const query = "outage";
    hydrant_rules rules = rules_of(&query);
    (void)state;
    temporary_memory_folder(folder);
    return hydrant_pack_compile(&rules, &outage, NULL);
}

static int end(void **state)
{
    (void)state;
    hydrant_pack_destroy(&outage);
    temporary_remove(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_the_same_without_an_error),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
