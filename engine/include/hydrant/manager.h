/*
 * hydrant/manager.h - rules that are kept up to date while an engine runs.
 *
 * A manager reads and compiles rules, watches the files that they came from, and puts every change
 * into the engine: whole, tested, and only when nothing is wrong with it.
 *
 *     hydrant_manager_create ---> hydrant_manager_pack ---> hydrant_create
 *                                                             |
 *     hydrant_manager_attach(manager, engine)  <--------------+   from here on changes go live
 *       files change | _reload | _rollback | _confirm  --->  options.on_event says what came of it
 *     hydrant_manager_destroy, then hydrant_destroy
 *
 * A change is taken when the files have been quiet for settle_ms and nobody has one of them open
 * after writing to it, and when their content is another one than last time: written in place,
 * replaced by rename, or swapped by a symbolic link (as Kubernetes does with a ConfigMap). It goes
 * live when the whole set is valid, compiles within its limits and passes the tests beside its
 * rules; otherwise the rules in force go on and the event says why.
 *
 * Generations count what went live, from 1; each item carries the one that judged it.
 *
 * Threads: every function may be called by any thread, except from a callback. From attach on a
 * manager has two threads of its own: one watches (options.watch), the other compiles in full what
 * an edit of a large set was first compiled beside, and minds the guard. Either calls back; reload,
 * rollback and confirm call back from their caller's. Callbacks are never concurrent. The engine
 * must have workers (options.workers >= 1).
 */
#ifndef HYDRANT_MANAGER_H
#define HYDRANT_MANAGER_H

#include <hydrant/hydrant.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hydrant_manager hydrant_manager;

/* X(NAME, name): what came of an attempt. */
#define HYDRANT_RULES_EVENT_TABLE(X)                                                            \
    X(LIVE, "live")           /* other rules judge now: after an edit, a rollback, a confirm */ \
    X(UNCHANGED, "unchanged") /* asked to reload, but the rules are those that judge already */ \
    X(REFUSED, "refused")     /* the rules in force go on; text says why */                     \
    X(SHADOWED, "shadowed")   /* the guard put rules in shadow (flood_factor) */                \
    X(FAILED, "failed")       /* to watch, or to keep what is held, did not work; text says why */

typedef enum hydrant_rules_event_kind {
#define HYDRANT_RULES_EVENT_ENUM(NAME, name) HYDRANT_RULES_EVENT_##NAME,
    HYDRANT_RULES_EVENT_TABLE(HYDRANT_RULES_EVENT_ENUM)
#undef HYDRANT_RULES_EVENT_ENUM
        HYDRANT_RULES_EVENTS
} hydrant_rules_event_kind;
HYDRANT_API const char *hydrant_rules_event_name(hydrant_rules_event_kind kind);

/* How many parts of a rule set differ from those before. */
typedef struct hydrant_rules_changes {
    uint32_t rules_added, rules_removed, rules_changed; /* changed: by a list that it uses, too */
    uint32_t lists_added, lists_removed, lists_changed;
    uint32_t macros_added, macros_removed, macros_changed;
    uint32_t brands_added, brands_removed, brands_changed;
    bool policy_changed;
} hydrant_rules_changes;

/* Everything in it lives until the callback returns. */
typedef struct hydrant_rules_event {
    hydrant_rules_event_kind kind;
    hydrant_str cause;             /* "watch", "reload", "rollback", "confirm" or "guard" */
    uint64_t generation;           /* that judges now */
    hydrant_str pack;              /* its content hash */
    double seconds;                /* from the beginning of the attempt to its end */
    hydrant_rules_changes changes; /* LIVE: against the rules before */
    hydrant_str text;         /* one line: "generation 8 live after 340 ms, +2 rules, ~1 list" */
    hydrant_str details;      /* REFUSED: the problems, rendered, several lines; may be empty */
    const hydrant_str *rules; /* SHADOWED: which */
    uint32_t rules_count;
} hydrant_rules_event;

/* Fill with hydrant_manager_options_init, then change what you need. */
typedef struct hydrant_manager_options {
    size_t size;         /* of this struct; set by _init */
    hydrant_rules rules; /* what to load; paths and queries are copied. on_diagnostic is called for
                            the problems of every attempt */
    bool watch;          /* look at the files for changes; default true */
    uint32_t settle_ms;  /* how long they must be quiet; default 100, at most 60,000 */
    bool test;           /* run the tests beside the rules before they go live; default true */
    uint32_t history;    /* packs that can be rolled back to; default 4, at most 64 */
    /*
     * The guard. A rule that is new or was changed, and that then matches at least flood_share of
     * all mentions and more than flood_factor times its share before, is put in shadow (judged and
     * counted, not published) until it is confirmed or changed again. Its share is known from
     * recording, where that is given, before it goes live; otherwise from the mentions that the
     * engine judges, when flood_posts of them have passed. A new rule's share before is 0.
     */
    double flood_factor;  /* default 10; 0: no guard */
    double flood_share;   /* default 0.05 */
    uint32_t flood_posts; /* default 1000 */
    /* Files of recorded mentions (.zst too), or a folder of them, the newest name last. May be
     * NULL. At most flood_posts * 50 mentions of it are looked at, at each reload. */
    const char *recording;
    /* A folder. What the guard holds is kept in its file `shadowed`, and held again after a
     * restart: rules that are still the same; one that was edited meanwhile is judged anew. NULL: a
     * new manager holds nothing. */
    const char *state_dir;
    void (*on_event)(void *ctx, const hydrant_rules_event *event); /* may be NULL */
    /*
     * Asked about rules that are valid and passed their tests before they go live, by a reload or a
     * rollback: can whoever uses them do so? Not asked about the first ones, which are had from
     * hydrant_manager_pack. A status other than HYDRANT_OK refuses them: the reload or rollback
     * ends with it and with what is in err (never NULL, zeroed), and the rules in force go on. The
     * pack is the manager's, and for the time of the call. Threads as on_event; it must call no
     * function of the manager. May be NULL: all are taken.
     */
    hydrant_status (*on_pack)(void *ctx, const hydrant_pack *pack, hydrant_error *err);
    void *ctx;
} hydrant_manager_options;

HYDRANT_API void hydrant_manager_options_init(hydrant_manager_options *options);

/*
 * Loads and compiles the rules for the first time. A test that fails is refused here, too.
 * Errors: those of hydrant_pack_compile; _RULES as well when a test fails; _ARGUMENT; _DATA: what
 * state_dir says of the guard is damaged; _SYSTEM: that cannot be read, or no descriptor is left.
 * *out is NULL after an error.
 */
HYDRANT_API hydrant_status hydrant_manager_create(const hydrant_manager_options *options,
                                                  hydrant_manager **out, hydrant_error *err);

/* The pack to create the engine with. It stays the manager's. */
HYDRANT_API hydrant_pack *hydrant_manager_pack(hydrant_manager *manager);

/*
 * Begins to keep the engine up to date; it was created with hydrant_manager_pack and must outlive
 * the manager. What changed in the files since create is taken now. Errors: _STATE (an engine was
 * attached already, or this one has no workers), _SYSTEM (no thread, no inotify), _NOMEM; after the
 * last two none is attached, and attaching again may do.
 */
HYDRANT_API hydrant_status hydrant_manager_attach(hydrant_manager *manager, hydrant *engine,
                                                  hydrant_error *err);

/*
 * Cuts off what is under way: the compiler is killed, tests end. From here on no attempt is made:
 * reload, rollback and confirm end with _CANCELLED, the rules in force go on. Does not block; any
 * thread, a callback or a signal handler too. For whoever is about to end, and has threads in these
 * functions still.
 */
HYDRANT_API void hydrant_manager_stop(hydrant_manager *manager);

/*
 * Stops it as hydrant_manager_stop does, and watching too; nobody is in any of its functions. The
 * engine goes on with the rules that it has. Waits for what cannot be cut off: rule files that are
 * read, and patterns that are compiled in this process (hydrant_rules.compiler). Accepts *manager
 * == NULL.
 */
HYDRANT_API void hydrant_manager_destroy(hydrant_manager **manager);

/*
 * Reads the rules again now, and puts them in force if they are others. Blocks until that is done
 * or refused. HYDRANT_OK when the rules on disk are those that judge; the errors of
 * hydrant_pack_compile, _RULES as well when a test fails; _STATE: no engine is attached; _AGAIN: a
 * worker is held up; nothing has changed, and the next attempt may do; _CANCELLED: the manager was
 * stopped, and there is no event; what on_pack says. Otherwise the event has the details.
 */
HYDRANT_API hydrant_status hydrant_manager_reload(hydrant_manager *manager, hydrant_error *err);

/*
 * Puts the rules of an earlier generation in force again, as a new generation. to 0: those before
 * the present ones; again: those before these. The files stay as they are, and are read again when
 * they change. Errors: _ARGUMENT (no such generation), _STATE (its pack is not kept any more, there
 * is none before, or no engine is attached), _AGAIN, _CANCELLED, _NOMEM, what on_pack says.
 */
HYDRANT_API hydrant_status hydrant_manager_rollback(hydrant_manager *manager, uint64_t to,
                                                    hydrant_error *err);

/*
 * Takes a rule, or with NULL every rule, out of the shadow that the guard put it in: a new
 * generation. Errors: _ARGUMENT (the guard holds no such rule), _STATE (no engine is attached),
 * _AGAIN, _CANCELLED, _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_manager_confirm(hydrant_manager *manager, const char *rule,
                                                   hydrant_error *err);

/* A generation that is or was live. */
typedef struct hydrant_generation {
    uint64_t generation;
    uint64_t restored; /* by a rollback: the generation that this one repeats; else 0 */
    int64_t live_us;   /* when it went live: microseconds since 1970 */
    double seconds;    /* how long that took */
    char pack[17];
    char cause[12];
    char changes[96]; /* "+2 rules, ~1 list"; of the first one empty */
    uint32_t rules, patterns;
    bool current;
    bool kept; /* can be rolled back to */
} hydrant_generation;

/*
 * The three below wait for no attempt: while rules are read, compiled and tested they say what was
 * true before.
 */

/* Writes at most cap of the newest generations, the newest first; returns how many there are (at
 * most 256 are remembered). out may be NULL where cap is 0. */
HYDRANT_API size_t hydrant_manager_history(hydrant_manager *manager, hydrant_generation *out,
                                           size_t cap);

typedef struct hydrant_manager_status {
    uint64_t generation;
    char pack[17];
    uint32_t rules, patterns;
    bool watching;
    bool behind;      /* the files hold rules that are not those in force: refused ones, or
                         newer ones after a rollback */
    bool incremental; /* patterns added since the last full compile are in a database of their
                         own; a full compile is under way */
    uint64_t attempts, refusals;
    char refused[512]; /* why the last attempt was refused; empty when it was not */
    uint32_t shadowed; /* rules that the guard holds */
} hydrant_manager_status;

HYDRANT_API void hydrant_manager_status_read(hydrant_manager *manager, hydrant_manager_status *out);

/* Calls on_rule for the id of each rule that the guard holds. */
HYDRANT_API void hydrant_manager_shadowed(hydrant_manager *manager,
                                          void (*on_rule)(void *ctx, hydrant_str rule), void *ctx);

#ifdef __cplusplus
}
#endif

#endif /* HYDRANT_MANAGER_H */
