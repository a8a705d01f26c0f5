/*
 * What the files of the manager share; nobody else includes this.
 *
 *   manager.c          options, creation, what people ask of it
 *   manager_attempt.c  an attempt: files, rule set, pack, tests
 *   manager_changes.c  what differs between two rule sets
 *   manager_guard.c    rules that the guard holds in shadow
 *   manager_kept.c     what the guard holds, over a restart
 *   manager_history.c  generations that were in force, and going back to one
 *   manager_live.c     putting a pack in force; the full compile behind an incremental one
 *   manager_thread.c   the threads: watching, and the full compile behind an incremental one
 */
#ifndef HY_API_MANAGER_INNER_H
#define HY_API_MANAGER_INNER_H

#include <hydrant/manager.h>
#include <pthread.h>

#include "base/cancel.h"
#include "rules/build.h"
#include "rules/ruleset.h"
#include "rules/watch.h"

enum {
    HY_MANAGER_VERSIONS = 256,  /* generations that are remembered */
    HY_MANAGER_KEPT_MAX = 64,   /* packs that are kept */
    HY_MANAGER_CHANGES = 96,    /* bytes of a summary of changes */
    HY_MANAGER_AGAIN_MS = 5000, /* how long an attempt waits for a worker that is held up */
};

/* A rule set's parts, by hashes; rules come first, in pack order. */
struct hy_part_hash {
    uint64_t name, written, meant, matches; /* as in struct hy_part */
    uint8_t kind;
};

struct hy_parts {
    struct hy_part_hash *at;
    uint32_t count;
    uint64_t policy;
};

/* Ids of rules, owned. */
struct hy_ids {
    char **at;
    uint32_t count;
};

struct hy_version {
    hydrant_generation shown;
    uint64_t origin;    /* the generation whose pack it is: its own, or that which was restored */
    hydrant_pack *pack; /* as compiled; NULL: not kept any more */
    struct hy_parts parts;
    struct hy_ids held; /* what the guard held with it */
};

/* What is told without waiting for an attempt: what was true when the manager's lock was last given
 * up, or an event was told. */
struct hy_manager_shown {
    pthread_mutex_t lock; /* taken inside of the manager's, for a moment */
    hydrant_manager_status status;
    hydrant_generation generations[HY_MANAGER_VERSIONS]; /* the newest first */
    size_t generations_count;
    const char **guarded; /* owned copies */
    size_t guarded_count;
};

/* What the guard knows of the pack in force. */
struct hy_guard {
    struct hy_ids held; /* the rules that it holds in shadow */
    /* Rules that are new or changed, until their share of mentions is known: share before of each,
     * or negative: not one of them. NULL: there are none. */
    double *suspects;
    uint32_t suspects_count; /* how many there are */
    uint64_t looked;         /* mentions that their generation had judged at the last look */
    char *told;              /* why rules were held, to be told */
    char **told_rules;
    uint32_t told_count;
};

struct hydrant_manager {
    hydrant_manager_options options;
    const char **paths, **queries; /* owned copies */
    char *recording, *state_dir, *cache_dir, *compiler;
    struct hy_manager_shown shown;

    pthread_mutex_t lock; /* around everything below; held while rules are compiled and tested */
    hydrant *engine;      /* NULL: not attached yet */

    struct hy_version versions[HY_MANAGER_VERSIONS]; /* a ring by number of publication */
    uint64_t versions_count;                         /* ever */
    uint64_t last_hash;                              /* of the files at the last attempt */
    struct hy_ruleset *unkept; /* summary of the present set, until its whole pack is kept */
    hydrant_pack *live;        /* in force: the version's, or derived from it */
    hydrant_pack *base;        /* what the next one is compiled on top of: its literals are in one
                                  database; may be older than the rules in force */
    /* The completer's: whole_of, compiled in full, which is not in force yet. NULL: there is none.
     */
    hydrant_pack *whole, *whole_of;
    struct hy_guard guard;
    char *kept;                /* of what it holds, what state_dir has; NULL: nothing */
    pthread_cond_t incomplete; /* the completer has something to do, or is to end */
    pthread_t completer;
    bool completing;

    uint64_t attempts, refusals;
    char refused[512];
    char *details; /* problems of the attempt that is under way, rendered */
    size_t details_len, details_room;

    char **read; /* what the rules were read from */
    size_t read_count;
    bool read_changed; /* since the watcher looked at it */

    pthread_t thread;
    bool started;
    int wake_fd;            /* an eventfd */
    hy_cancel end;          /* hydrant_manager_stop */
    struct hy_watch *watch; /* the watcher's, as are the next two */
    bool announced;         /* an event since it looked last */
    bool disturbed; /* files changed while they were read, or before there was an event of it */
    bool watching;
};

/* ---- manager_changes.c ----------------------------------------------------------------------- */

/* Takes the hashes of a rule set's parts. False when there is no memory. */
bool hy_parts_take(struct hy_parts *parts, const struct hy_ruleset *set);
void hy_parts_free(struct hy_parts *parts);

/* What a pack that is about to go live has of its own, against the present one. */
struct hy_comparison {
    hydrant_rules_changes changes;
    bool *changed;         /* per rule: new, or another one */
    bool *asks_else;       /* per rule: new, or it asks something else of a mention */
    uint32_t *before_rule; /* per rule: the same id in the present pack; UINT32_MAX: there is none,
                              or one that was held, whose share says nothing */
};

/* What differs, into out, whose arrays have room for the rules of after. False when there is no
 * memory. */
bool hy_parts_compare(const struct hy_parts *before, const struct hy_parts *after,
                      struct hy_comparison *out);

/* "+2 rules, ~1 list"; "" when nothing differs. */
void hy_changes_write(const hydrant_rules_changes *changes, char *out, size_t cap);

/* ---- manager.c ------------------------------------------------------------------------------- */

/* Shows what is true now. The lock is held, or nobody else knows the manager. */
void hy_manager_show(hydrant_manager *manager);
/* Shows it and gives the lock up: the way to do so, but for waiting. */
void hy_manager_unlock(hydrant_manager *manager);

/* How databases are had, until the manager is stopped. previous may be NULL. */
struct hy_build hy_manager_build(const hydrant_manager *manager, const hydrant_pack *previous);

/* Asks the user (options.on_pack) about a pack that is to go live. */
hydrant_status hy_manager_ask(const hydrant_manager *manager, const hydrant_pack *pack,
                              hydrant_error *err);

/* Generations are the engine's: without one there is nothing to put in force (_STATE), nor is there
 * after a stop (_CANCELLED). */
hydrant_status hy_manager_check_ready(const hydrant_manager *manager, hydrant_error *err);

/* ---- manager_attempt.c ----------------------------------------------------------------------- */

/* Why an attempt is made. */
enum hy_cause { HY_CAUSE_START, HY_CAUSE_WATCH, HY_CAUSE_RELOAD };

/* One attempt to put what the files hold in force. The lock is held. */
hydrant_status hy_manager_attempt(hydrant_manager *manager, enum hy_cause cause,
                                  hydrant_error *err);

/* Forgets the names of what the rules were read from. */
void hy_manager_forget_read(hydrant_manager *manager);

/* ---- manager_live.c -------------------------------------------------------------------------- */

/* *out is freed by the caller, whatever came of it. The guard lets go of what asks something else:
 * hy_guard_save comes first. */
hydrant_status hy_manager_compare(hydrant_manager *manager, const struct hy_parts *parts,
                                  const hydrant_pack *pack, struct hy_comparison *out,
                                  hydrant_error *err);
void hy_comparison_free(struct hy_comparison *comparison);

/* Puts pack in force, with what the guard holds in shadow. same: no new generation, since it
 * answers as the present one does; then nobody waits for a worker that is held up. *number: the
 * generation. */
hydrant_status hy_manager_go_live(hydrant_manager *manager, hydrant_pack *pack, bool same,
                                  uint64_t *number, hydrant_error *err);

/* A pack that is live is what the next one is compiled on top of; or, when it is incremental, what
 * the completer has to do. */
void hy_manager_note_base(hydrant_manager *manager, hydrant_pack *pack);

/* Compiles the present pack in full, if it is incremental, and then puts it in its place. The lock
 * is held, but not while compiling. True when something was done, and there may be more to do; with
 * false and a whole pack that is left, it is tried again later: a worker is held up. */
bool hy_manager_complete(hydrant_manager *manager);
void hy_manager_forget_whole(hydrant_manager *manager);

/* Is that hash of rule files what a pack says of itself? */
bool hy_manager_is_of(uint64_t hash, hydrant_str pack);

void hy_manager_tell(hydrant_manager *manager, hydrant_rules_event *event);
void hy_manager_tell_live(hydrant_manager *manager, const struct hy_version *version,
                          const hydrant_rules_changes *changes);

/* ---- manager_history.c ----------------------------------------------------------------------- */

struct hy_version *hy_manager_current(hydrant_manager *manager);
/* back 0: the present one; NULL: forgotten, or never was. */
struct hy_version *hy_manager_version(hydrant_manager *manager, uint64_t back);

/* Adds what is in force now; takes pack and parts over. */
struct hy_version *hy_manager_add_version(hydrant_manager *manager, uint64_t number,
                                          const char *cause, hydrant_pack *pack,
                                          struct hy_parts parts);
void hy_manager_forget_versions(hydrant_manager *manager);

/* Puts the pack of a version in force again, as a new generation. restored: its number, or 0; then
 * what was held with it is held again. The guard is the caller's to save. */
hydrant_status hy_manager_repeat(hydrant_manager *manager, const struct hy_version *from,
                                 const char *cause, uint64_t restored, hydrant_error *err);

/* ---- manager_guard.c ------------------------------------------------------------------------- */

/* False when there is no memory; what to has then, is to be freed, too. */
bool hy_ids_copy(struct hy_ids *to, const struct hy_ids *from);
void hy_ids_free(struct hy_ids *ids);

/* Before what the guard knows is made to fit a pack that is about to go live: what it knew is in
 * *before, until hy_guard_settle has said whether it did. _NOMEM: nothing is saved. */
hydrant_status hy_guard_save(hydrant_manager *manager, struct hy_guard *before, hydrant_error *err);
/* live: it did. Otherwise the guard is as it was, of the pack that stays in force. */
void hy_guard_settle(hydrant_manager *manager, struct hy_guard *before, bool live);

/* The pack with the rules that the guard holds in shadow: a reference to pack when there are none.
 */
hydrant_status hy_guard_apply(hydrant_manager *manager, hydrant_pack *pack, hydrant_pack **out,
                              hydrant_error *err);
/* Lets go of rules that pack has not, or that ask something else now; those are new. */
void hy_guard_forget(hydrant_manager *manager, const hydrant_pack *pack,
                     struct hy_comparison *comparison);
/* Holds those of the rules, too, that pack has, and notes that they are as before. False when there
 * is no memory. */
bool hy_guard_hold_again(hydrant_manager *manager, const hydrant_pack *pack,
                         const struct hy_ids *rules);
/* Holds a rule, too, if it is not held. False when there is no memory. */
bool hy_guard_hold(hydrant_manager *manager, hydrant_str rule);
/* Makes a rule, by its number in a pack with so many, a suspect that matched nothing before. False
 * when there is no memory. */
bool hy_guard_suspect(hydrant_manager *manager, uint32_t rule, uint32_t rules);
/* Lets go of a rule, or with NULL of all. _ARGUMENT: there is none such. */
hydrant_status hy_guard_confirm(hydrant_manager *manager, const char *rule, hydrant_error *err);

/* Before pack goes live: which of its rules are suspects, and what their shares were; suspects that
 * it has unchanged stay so. With a recording, those that flood are held at once. */
void hy_guard_begin(hydrant_manager *manager, const hydrant_pack *pack,
                    const struct hy_comparison *comparison);
/* Adds a line to what hy_guard_tell says of a rule that is held. */
void hy_guard_note(hydrant_manager *manager, hydrant_str rule, const char *line);
/* The same of one that was held before and is held again. */
void hy_guard_note_again(hydrant_manager *manager, hydrant_str rule);
/* Says which rules are held since it did so last, when the pack is live. */
void hy_guard_tell(hydrant_manager *manager);
/* Looks at the suspects' shares, if there were mentions since it did so last, and holds those that
 * flood. */
void hy_guard_check(hydrant_manager *manager);
void hy_guard_forget_suspects(hydrant_manager *manager);
void hy_guard_free(hydrant_manager *manager);

/* ---- manager_kept.c -------------------------------------------------------------------------- */

/* At the start: holds what was held when the file was written, as far as it is the same in pack.
 * _DATA: the file is damaged; _SYSTEM. */
hydrant_status hy_guard_recall(hydrant_manager *manager, const hydrant_pack *pack,
                               const struct hy_parts *parts, hydrant_error *err);
/* Once a version is in force: what is held with it is in the file, or an event says why not. */
void hy_guard_keep(hydrant_manager *manager);

/* ---- manager_thread.c ------------------------------------------------------------------------ */

hydrant_status hy_manager_thread_start(hydrant_manager *manager, hydrant_error *err);
void hy_manager_thread_stop(hydrant_manager *manager);
void hy_manager_wake(hydrant_manager *manager);

#endif
