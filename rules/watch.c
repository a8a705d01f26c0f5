#include "rules/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "rules/files.h"

enum {
    EVENTS = IN_MODIFY | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE |
             IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
    GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_Q_OVERFLOW,
    LINKS_MAX = 40, /* as the kernel */
    HELD_MAX = 64,
};

/* A name in a watched folder that matters; "" stands for its *.yaml, *.yml and folders. */
struct name {
    int wd;
    char *name;
};

struct held {
    int wd;
    char name[NAME_MAX + 1];
    int64_t since_us;
};

struct hy_watch {
    int fd;
    struct name *names;
    size_t names_count, names_room;
    struct held held[HELD_MAX];
    size_t held_count;
    hydrant_status status; /* of the hy_watch_set that is under way */
    int error;
};

hydrant_status hy_watch_create(struct hy_watch **out, hydrant_error *err)
{
    struct hy_watch *watch = calloc(1, sizeof *watch);
    *out = watch;
    if (!watch)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to watch files");
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->fd >= 0)
        return HYDRANT_OK;
    hydrant_status status = hy_error_system(err, errno, "cannot watch files");
    hy_watch_destroy(out);
    return status;
}

static void forget_names(struct hy_watch *watch)
{
    for (size_t i = 0; i < watch->names_count; i++)
        free(watch->names[i].name);
    watch->names_count = 0;
}

void hy_watch_destroy(struct hy_watch **out)
{
    struct hy_watch *watch = *out;
    *out = NULL;
    if (!watch)
        return;
    if (watch->fd >= 0)
        close(watch->fd);
    forget_names(watch);
    free(watch->names);
    free(watch);
}

int hy_watch_fd(const struct hy_watch *watch)
{
    return watch->fd;
}

/* ---- what to watch --------------------------------------------------------------------------- */

static void nomem(struct hy_watch *watch)
{
    watch->status = HYDRANT_ERR_NOMEM;
}

/* Watches a folder for a name. A folder that cannot be looked into is left out: who reads it will
 * say so. */
static void add_name(struct hy_watch *watch, const char *folder, const char *name)
{
    int wd = inotify_add_watch(watch->fd, folder, EVENTS);
    if (wd < 0) {
        if (errno == ENOSPC || errno == ENOMEM) {
            watch->status = HYDRANT_ERR_SYSTEM;
            watch->error = errno;
        }
        return;
    }
    for (size_t i = 0; i < watch->names_count; i++)
        if (watch->names[i].wd == wd && strcmp(watch->names[i].name, name) == 0)
            return;
    if (watch->names_count == watch->names_room) {
        size_t room = watch->names_room ? 2 * watch->names_room : 16;
        struct name *grown = realloc(watch->names, room * sizeof *grown);
        if (!grown) {
            nomem(watch);
            return;
        }
        watch->names = grown;
        watch->names_room = room;
    }
    char *copy = strdup(name);
    if (!copy)
        nomem(watch);
    else
        watch->names[watch->names_count++] = (struct name){wd, copy};
}

/* Puts target, as a link in folder says it, before rest: the path that is meant by
 * folder/link/rest. False when that is too long. */
static bool follow(const char *folder, const char *target, const char *rest, char *path)
{
    char whole[PATH_MAX];
    int len = snprintf(whole, sizeof whole, "%s%s%s%s", target[0] == '/' ? "" : folder,
                       target[0] == '/' ? "" : "/", target, rest);
    if (len >= (int)sizeof whole)
        return false;
    strcpy(path, whole);
    return true;
}

/*
 * Watches each link on the way to path, and the last name of it: the folders above are walked one
 * component at a time, and begin anew where a link leads elsewhere.
 */
static void add_path(struct hy_watch *watch, const char *given)
{
    char path[PATH_MAX], target[PATH_MAX];
    if (snprintf(path, sizeof path, "%s%s", given[0] == '/' ? "" : "./", given) >= (int)sizeof path)
        return;
    size_t done = 0; /* path[0, done) is a folder without a link in it that is not seen yet */
    for (int links = 0; links < LINKS_MAX;) {
        while (path[done] == '/')
            done++;
        size_t end = done + strcspn(path + done, "/");
        const char *after = path + end + strspn(path + end, "/");
        char folder[PATH_MAX], name[NAME_MAX + 1];
        if (end == done || end - done >= sizeof name)
            return;
        snprintf(folder, sizeof folder, "%.*s", (int)(done ? done : 1), done ? path : ".");
        snprintf(name, sizeof name, "%.*s", (int)(end - done), path + done);
        char kept = path[end];
        path[end] = '\0';
        ssize_t len = readlink(path, target, sizeof target - 1);
        path[end] = kept;
        if (len >= 0 || !*after)
            add_name(watch, folder, name);
        if (len >= 0) {
            char rest[PATH_MAX];
            target[len] = '\0';
            snprintf(rest, sizeof rest, "%s", path + end);
            if (!follow(folder, target, rest, path))
                return;
            done = 0;
            links++;
        } else if (!*after) {
            return;
        } else {
            done = end;
        }
    }
}

static void add_folder(struct hy_watch *watch, const char *path, unsigned depth)
{
    struct stat st;
    if (depth > HY_RULES_FOLDERS_DEPTH_MAX || stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return;
    add_name(watch, path, "");
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char inner[PATH_MAX];
        if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) ||
            snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner)
            continue;
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
            add_folder(watch, inner, depth + 1);
    }
    closedir(folder);
}

static bool is_watched(const struct hy_watch *watch, int wd)
{
    for (size_t i = 0; i < watch->names_count; i++)
        if (watch->names[i].wd == wd)
            return true;
    return false;
}

hydrant_status hy_watch_set(struct hy_watch *watch, const char *const *given, size_t given_count,
                            const char *const *read, size_t read_count, hydrant_error *err)
{
    struct name *old = watch->names;
    size_t old_count = watch->names_count;
    watch->names = NULL;
    watch->names_count = watch->names_room = 0;
    watch->status = HYDRANT_OK;
    for (size_t i = 0; i < given_count; i++) {
        add_path(watch, given[i]);
        add_folder(watch, given[i], 1);
    }
    for (size_t i = 0; i < read_count; i++)
        add_path(watch, read[i]);
    for (size_t i = 0; i < old_count; i++) {
        if (!is_watched(watch, old[i].wd))
            inotify_rm_watch(watch->fd, old[i].wd); /* fails when it is gone already */
        free(old[i].name);
    }
    free(old);
    if (watch->status == HYDRANT_ERR_SYSTEM)
        return hy_error_system(err, watch->error, "cannot watch all files");
    if (watch->status == HYDRANT_ERR_NOMEM)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to watch files");
    return HYDRANT_OK;
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool is_yaml(const char *name)
{
    const char *dot = name[0] == '.' ? NULL : strrchr(name, '.');
    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static bool matters(const struct hy_watch *watch, const struct inotify_event *event)
{
    if (event->mask & GONE)
        return true;
    for (size_t i = 0; event->len && i < watch->names_count; i++) {
        const struct name *name = &watch->names[i];
        if (name->wd != event->wd)
            continue;
        if (name->name[0] ? strcmp(name->name, event->name) == 0
                          : is_yaml(event->name) || (event->mask & IN_ISDIR))
            return true;
    }
    return false;
}

static void release(struct hy_watch *watch, const struct inotify_event *event)
{
    for (size_t i = 0; i < watch->held_count; i++)
        if (watch->held[i].wd == event->wd && strcmp(watch->held[i].name, event->name) == 0) {
            watch->held[i] = watch->held[--watch->held_count];
            return;
        }
}

/* With more files being written than there is room for, the quiet after the last write must do. */
static void hold(struct hy_watch *watch, const struct inotify_event *event, int64_t now_us)
{
    release(watch, event);
    if (watch->held_count == HELD_MAX)
        return;
    struct held *held = &watch->held[watch->held_count++];
    held->wd = event->wd;
    held->since_us = now_us;
    snprintf(held->name, sizeof held->name, "%s", event->name);
}

static void note(struct hy_watch *watch, const struct inotify_event *event, int64_t now_us)
{
    if (!event->len || (event->mask & IN_ISDIR))
        return;
    if (event->mask & IN_MODIFY)
        hold(watch, event, now_us);
    if (event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))
        release(watch, event);
}

bool hy_watch_take(struct hy_watch *watch, int64_t now_us)
{
    _Alignas(struct inotify_event) char buffer[16384];
    bool mattered = false;
    for (ssize_t len; (len = read(watch->fd, buffer, sizeof buffer)) > 0;) {
        for (char *at = buffer; at < buffer + len;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            if (matters(watch, event)) {
                mattered = true;
                note(watch, event, now_us);
            }
            at += sizeof *event + event->len;
        }
    }
    return mattered;
}

bool hy_watch_held(struct hy_watch *watch, int64_t now_us)
{
    for (size_t i = 0; i < watch->held_count;) {
        if (now_us - watch->held[i].since_us > HY_WATCH_HOLD_US)
            watch->held[i] = watch->held[--watch->held_count];
        else
            i++;
    }
    return watch->held_count > 0;
}
