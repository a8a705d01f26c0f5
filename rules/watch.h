/*
 * Watches what a rule set is read from, by inotify on folders: those that its files lie in, those
 * that hold a symbolic link on the way to one, and those of the folders that were given. So a write
 * in place, a rename over a file, and a link that is pointed elsewhere (a ConfigMap's ..data) are
 * all seen, and so is a file that was not there before.
 *
 * Events say "look again", not what changed: the reader compares content. A file that somebody has
 * written to and not closed yet is held: it may be half written. The hold ends when it is closed,
 * or HY_WATCH_HOLD_US after the last write.
 *
 * What it does not see: changes on file systems that are written to from another machine.
 *
 * One thread. Allocates.
 */
#ifndef HY_RULES_WATCH_H
#define HY_RULES_WATCH_H

#include <hydrant/types.h>

enum { HY_WATCH_HOLD_US = 10000000 };

struct hy_watch;

/* HYDRANT_ERR_SYSTEM when there is no inotify, _NOMEM. */
hydrant_status hy_watch_create(struct hy_watch **out, hydrant_error *err);
void hy_watch_destroy(struct hy_watch **watch);

/*
 * Watches these from now on: given are files and folders as a person named them (folders with all
 * that is in them), read what was or should have been read because of them. A folder that was
 * watched before goes on to be, without a gap. HYDRANT_ERR_SYSTEM (too many watches), _NOMEM: the
 * watches before may be gone in part.
 */
hydrant_status hy_watch_set(struct hy_watch *watch, const char *const *given, size_t given_count,
                            const char *const *read, size_t read_count, hydrant_error *err);

/* Readable when there are events. */
int hy_watch_fd(const struct hy_watch *watch);

/* Takes the events at hand. True when one of them is about what is watched. now_us: any clock. */
bool hy_watch_take(struct hy_watch *watch, int64_t now_us);

/* Is a file held? */
bool hy_watch_held(struct hy_watch *watch, int64_t now_us);

#endif
