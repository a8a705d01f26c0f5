/* A folder with all that a daemon in this process needs: configuration, rules, posts, a small ring.
 */
#ifndef HY_TESTS_DAEMON_FIXTURE_H
#define HY_TESTS_DAEMON_FIXTURE_H

#include <hydrant/daemon.h>
#include <hydrant/ring.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "support/temporary.h"

enum {
    FIXTURE_FULL = 1024,     /* posts: for more the ring has room, */
    FIXTURE_OVERFULL = 4000, /* for so many it has not */
    FIXTURE_PATIENCE_S = 30,
};

static char fixture_folder[TEMPORARY_PATH];

/* Of a file in the folder; valid until the next call. */
static inline char *fixture_path(const char *name)
{
    static char path[TEMPORARY_INSIDE];
    snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
    return path;
}

static inline FILE *fixture_begin_file(const char *name)
{
    FILE *file = fopen(fixture_path(name), "w");
    assert_non_null(file);
    return file;
}

static inline void fixture_write_rules(const char *match)
{
    FILE *file = fixture_begin_file("rules.yaml");
    fprintf(file, "version: 1\nrules:\n  - {id: signal, match: '%s'}\n", match);
    fclose(file);
}

static inline void fixture_write(unsigned posts, unsigned drain_ms)
{
    const char *in = fixture_folder;
    FILE *file = fixture_begin_file("hydrant.yaml");
    fprintf(file,
            "state_dir: %s/state\nrules: [%s/rules.yaml]\n"
            "sources: [{name: posts, type: file, path: '%s/posts.ndjson'}]\n"
            "ring: {path: %s/ring, bytes: 1MiB, chunk: 64KiB}\n"
            "groups: {care: {start: oldest, when_slow: block}}\n"
            "control: %s/control.sock\nmetrics: {listen: 127.0.0.1:0}\n"
            "dedup: {window: 0}\nworkers: 1\ndrain: %ums\nreload: {watch: false}\n",
            in, in, in, in, in, drain_ms);
    fclose(file);
    file = fixture_begin_file("posts.ndjson");
    for (unsigned i = 0; i < posts; i++)
        fprintf(file, "{\"id\":\"p%u\",\"text\":\"post %u: no signal, I want a refund\"}\n", i, i);
    fclose(file);
    fixture_write_rules("signal");
}

/* compiler: of hydrant_daemon_options. */
static inline hydrant_daemon *fixture_daemon(bool once, const char *compiler)
{
    hydrant_daemon_options options;
    hydrant_daemon *daemon;
    hydrant_error err = {0};
    hydrant_daemon_options_init(&options);
    options.config = fixture_path("hydrant.yaml");
    options.compiler = compiler;
    options.log_fd = -1;
    options.once = once;
    if (hydrant_daemon_create(&options, &daemon, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return daemon;
}

/* A thread's: its result is hydrant_daemon_run's. */
static inline void *fixture_run(void *daemon)
{
    return (void *)(intptr_t)hydrant_daemon_run(daemon, NULL);
}

static inline hydrant_ring_stat fixture_ring(void)
{
    hydrant_ring_stat stat;
    assert_int_equal(hydrant_ring_stat_read(fixture_path("ring"), &stat, NULL), HYDRANT_OK);
    return stat;
}

static inline bool fixture_ring_is_full(const char *unused)
{
    (void)unused;
    return fixture_ring().items >= FIXTURE_FULL;
}

static inline void fixture_wait_until(bool (*condition)(const char *), const char *name)
{
    for (int i = 0; i < FIXTURE_PATIENCE_S * 100 && !condition(name); i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_true(condition(name));
}

static inline int fixture_end(void **state)
{
    (void)state;
    temporary_remove(fixture_folder);
    return 0;
}

#endif
