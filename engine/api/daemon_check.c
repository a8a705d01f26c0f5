/*
 * `hydrant run --check`: what a start would refuse, as far as it can be told without taking or
 * writing anything. The rules are compiled and tested as at a start; no lock, port, folder or
 * connection is touched, so a daemon with the same configuration may run beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <hydrant/ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/daemon_inner.h"
#include "base/error.h"
#include "base/str.h"
#include "ingest/listener.h"
#include "net/fill.h"

struct check {
    struct hydrant_daemon *daemon;
    uint32_t problems;
};

static void say(const struct check *c, hydrant_severity severity, const char *what,
                const char *message)
{
    const hydrant_daemon_options *o = &c->daemon->options;
    char text[1400], rendered[2048];
    snprintf(text, sizeof text, "%s%s", what, message);
    snprintf(rendered, sizeof rendered, "%s: %s: %s\n", o->config,
             severity == HYDRANT_SEVERITY_ERROR ? "error" : "warning", text);
    hydrant_diagnostic shown = {.severity = severity,
                                .file = hy_str_cstr(o->config),
                                .message = hy_str_cstr(text),
                                .rendered = hy_str_cstr(rendered)};
    if (o->on_diagnostic)
        o->on_diagnostic(o->ctx, &shown);
}

/* A problem of a part of the configuration: kind "source ", name "hook". */
static void note(struct check *c, const char *kind, const char *name, hydrant_status status,
                 const hydrant_error *problem)
{
    char what[128];
    if (status == HYDRANT_OK)
        return;
    c->problems++;
    snprintf(what, sizeof what, "%s%s: ", kind, name);
    say(c, HYDRANT_SEVERITY_ERROR, what, problem->text);
}

/* Is every secret there that the text names? needed: nothing is no secret. */
static void check_text(struct check *c, const char *kind, const char *name, const char *text,
                       bool needed)
{
    struct hy_fill fill = {.folder = c->daemon->config->folder};
    hydrant_error problem = {0};
    char *filled;
    if (!hy_fill_has_secret(text))
        return;
    hydrant_status status = hy_fill_text(&fill, text, &filled, &problem);
    if (status == HYDRANT_OK && needed && !*filled)
        status = hy_error_set(&problem, HYDRANT_ERR_ARGUMENT, "its secret is empty");
    note(c, kind, name, status, &problem);
    hy_fill_free(filled);
}

static void check_texts(struct check *c, const char *kind, const char *name,
                        const struct hy_net_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++)
        check_text(c, kind, name, texts->all[i], false);
}

static void check_source(struct check *c, const struct hy_config_source *source)
{
    static const char kind[] = "source ";
    const struct hy_web_options *web = &source->web;
    const char *texts[] = {web->url,    web->body, web->proxy,
                           web->resume, web->page, source->kafka.brokers};
    hydrant_error problem = {0};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(c, kind, source->name, texts[i], false);
    check_text(c, kind, source->name, source->secret, true);
    check_text(c, kind, source->name, source->verify_token, true);
    check_texts(c, kind, source->name, &web->headers);
    check_texts(c, kind, source->name, &source->kafka.settings);
    if (c->daemon->manager)
        note(c, kind, source->name,
             hy_daemon_check_format(hydrant_manager_pack(c->daemon->manager), source, &problem),
             &problem);
}

/* ---- what listens: no two may at the same place ---- */

struct place {
    const char *kind, *name;
    const char *path;                      /* of a socket; NULL: */
    const struct hy_config_listen *listen; /* an address */
};

static bool is_any(const char *address)
{
    return strcmp(address, "0.0.0.0") == 0 || strcmp(address, "::") == 0;
}

static bool is_same_file(const char *a, const char *b)
{
    char parents[2][4096];
    struct stat of_a, of_b;
    hy_daemon_parent(a, parents[0]);
    hy_daemon_parent(b, parents[1]);
    const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
    return strcmp(name_a ? name_a + 1 : a, name_b ? name_b + 1 : b) == 0 &&
           stat(parents[0], &of_a) == 0 && stat(parents[1], &of_b) == 0 &&
           of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}

static bool is_same_place(const struct place *a, const struct place *b)
{
    if (a->path || b->path)
        return a->path && b->path && is_same_file(a->path, b->path);
    return a->listen->port && a->listen->port == b->listen->port &&
           (strcmp(a->listen->address, b->listen->address) == 0 || is_any(a->listen->address) ||
            is_any(b->listen->address));
}

/* What lies there is replaced if it is a socket that nobody listens at. */
static void check_path(struct check *c, const struct place *place)
{
    hydrant_error problem = {0};
    struct stat st;
    hydrant_status status = hy_listener_check_path(place->path, &problem);
    if (status == HYDRANT_OK && lstat(place->path, &st) == 0 && !S_ISSOCK(st.st_mode))
        status = hy_error_set(&problem, HYDRANT_ERR_ARGUMENT, "%s is there and is no socket",
                              place->path);
    note(c, place->kind, place->name, status, &problem);
}

static void check_places(struct check *c)
{
    struct place places[HY_CONFIG_SOURCES_MAX + 2];
    const struct hy_config *config = c->daemon->config;
    uint32_t count = 0;
    places[count++] = (struct place){"control", "", config->control, NULL};
    if (config->metrics.listen.address)
        places[count++] = (struct place){"metrics", "", NULL, &config->metrics.listen};
    for (uint32_t i = 0; i < config->sources_count; i++) {
        const struct hy_config_source *source = &config->sources[i];
        if (source->type == HY_SOURCE_UNIX)
            places[count++] = (struct place){"source ", source->name, source->path, NULL};
        else if (source->listen.address)
            places[count++] = (struct place){"source ", source->name, NULL, &source->listen};
    }
    for (uint32_t i = 0; i < count; i++) {
        hydrant_error problem = {0};
        uint32_t k = 0;
        if (places[i].path)
            check_path(c, &places[i]);
        while (k < i && !is_same_place(&places[k], &places[i]))
            k++;
        if (k < i)
            note(c, places[i].kind, places[i].name,
                 hy_error_set(&problem, HYDRANT_ERR_ARGUMENT, "it listens where %s%s does",
                              places[k].kind, places[k].name),
                 &problem);
    }
}

/* Rules tell of their own problems; why they cannot be had at all is said here. */
static void check_rules(struct check *c)
{
    hydrant_error problem = {0};
    hydrant_status status = hy_daemon_load_rules(c->daemon, false, &problem);
    if (status == HYDRANT_OK)
        return;
    c->problems++;
    char what[sizeof problem.file + 16];
    snprintf(what, sizeof what, "rules: %s%s", problem.file, problem.file[0] ? ": " : "");
    say(c, HYDRANT_SEVERITY_ERROR, what, problem.text);
}

static void check_ring(struct check *c)
{
    const struct hy_config *config = c->daemon->config;
    hydrant_error problem = {0};
    hydrant_status status =
        hy_ring_check_size(config->ring.bytes, (uint32_t)config->ring.chunk_bytes, &problem);
    note(c, "ring", "", status, &problem);
    hydrant_ring_stat there; /* one that is damaged, or no ring, is for a start to refuse */
    if (hydrant_ring_stat_read(config->ring.path, &there, &problem) == HYDRANT_OK &&
        !hy_daemon_ring_has_size(config, there.chunk_bytes, there.chunks))
        say(c, HYDRANT_SEVERITY_WARNING, "ring: ", HY_DAEMON_RING_OTHER_SIZE);
    if (!hy_daemon_ring_is_in_memory(config->ring.path))
        say(c, HYDRANT_SEVERITY_WARNING, "ring: ", HY_DAEMON_RING_ON_DISK);
}

/* A start makes a folder that is not there yet, but not the one that it lies in. */
static hydrant_status check_parent(const char *path, hydrant_error *err)
{
    char parent[4096];
    hy_daemon_parent(path, parent);
    return faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) == 0
               ? HYDRANT_OK
               : hy_error_system(err, errno, "cannot make %s in %s", path, parent);
}

static void check_state(struct check *c)
{
    const char *path = c->daemon->config->state_dir;
    hydrant_error problem = {0};
    hydrant_status status;
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT) {
        status = check_parent(path, &problem);
    } else {
        status = hy_daemon_open_state(c->daemon, &problem);
        if (status == HYDRANT_OK)
            status = hy_daemon_load_checkpoint(c->daemon, &problem);
    }
    note(c, "state_dir", "", status, &problem);
}

static void check_spill(struct check *c)
{
    struct hy_ring_left left[HY_DAEMON_SPILL_GROUPS];
    char dir[4096], what[128], files[1000], text[1200];
    size_t count = hy_daemon_spill_left(c->daemon->config, dir, left, HY_DAEMON_SPILL_GROUPS);
    for (size_t i = 0; i < count; i++) {
        snprintf(what, sizeof what, "group %s: ", left[i].group);
        snprintf(files, sizeof files, HY_DAEMON_SPILL_FILES, dir, left[i].group);
        snprintf(text, sizeof text,
                 HY_DAEMON_SPILL_LEFT ": %llu bytes in %s; declare it again, with the same ring, "
                                      "to have them delivered, or remove them",
                 (unsigned long long)left[i].bytes, files);
        say(c, HYDRANT_SEVERITY_WARNING, what, text);
    }
}

hydrant_status hydrant_daemon_check(const hydrant_daemon_options *options, hydrant_error *err)
{
    struct check c = {0};
    hydrant_status status = hy_daemon_make(options, &c.daemon, err);
    if (status == HYDRANT_OK)
        status = hy_daemon_load_config(c.daemon, err);
    if (status == HYDRANT_OK) {
        const struct hy_config *config = c.daemon->config;
        check_rules(&c);
        check_state(&c);
        check_ring(&c);
        check_spill(&c);
        check_places(&c);
        for (uint32_t i = 0; i < config->sources_count; i++)
            check_source(&c, &config->sources[i]);
        for (uint32_t i = 0; i < config->sinks_count; i++) {
            check_text(&c, "sink ", config->sinks[i].name, config->sinks[i].brokers, false);
            check_texts(&c, "sink ", config->sinks[i].name, &config->sinks[i].settings);
        }
    }
    if (status == HYDRANT_OK && c.problems) {
        status = hy_error_set(err, HYDRANT_ERR_ARGUMENT, "it cannot run: %u problem%s", c.problems,
                              c.problems == 1 ? "" : "s");
        hy_error_at(err, options->config, 0, 0);
    }
    hydrant_daemon_destroy(&c.daemon);
    return status;
}
