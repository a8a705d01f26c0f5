/*
 * hydrant/daemon.h - the engine run by a configuration file: its own sources, a ring for items,
 * rules that are kept up to date, a checkpoint, a control socket, metrics. This is `hydrant run`;
 * docs/daemon.md describes the file, the socket and the metrics.
 *
 *     hydrant_daemon_create(&options, &daemon, &err)   reads the file, opens everything
 *     hydrant_daemon_run(daemon, &err)                 until _stop, or the sources end
 *     hydrant_daemon_destroy(&daemon)
 *
 * Nothing is lost: a position of a source is saved only when everything before it is in the ring;
 * after a crash of the process the sources are read on from there, after the loss of the ring (a
 * reboot) from what every declared group had acknowledged. Some items may come twice, none is
 * missing, as far as the source can be read again.
 *
 * Threads: create, run and destroy by one thread; stop and reload by any, and from signal handlers.
 * The library installs no handlers and prints nothing but the log, to log_fd. C11 and C++17.
 */
#ifndef HYDRANT_DAEMON_H
#define HYDRANT_DAEMON_H

#include <hydrant/hydrant.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hydrant_daemon hydrant_daemon;

/* Fill with hydrant_daemon_options_init, then change what you need. */
typedef struct hydrant_daemon_options {
    size_t size;          /* of this struct; set by _init */
    const char *config;   /* the file; outlives the daemon */
    const char *compiler; /* see hydrant_rules.compiler; may be NULL; outlives the daemon */
    int log_fd;           /* default 2; -1: no log */
    bool once;            /* do not follow files; end when every source has ended */
    /* Called by create for each problem of the file and of the rules. May be NULL. */
    void (*on_diagnostic)(void *ctx, const hydrant_diagnostic *diagnostic);
    bool colour; /* of what is rendered there */
    void *ctx;
} hydrant_daemon_options;

HYDRANT_API void hydrant_daemon_options_init(hydrant_daemon_options *options);

/*
 * All that hydrant_daemon_create would refuse, as far as it can be told without taking or writing
 * anything: the file, its rules (compiled and tested), state_dir (for the user who asks), formats,
 * secrets, the size of the ring.
 * Every problem goes to on_diagnostic. HYDRANT_OK; _ARGUMENT: it cannot run; _SYSTEM: the file
 * cannot be read; _LIMIT; _NOMEM. A daemon with the same configuration may be running.
 */
HYDRANT_API hydrant_status hydrant_daemon_check(const hydrant_daemon_options *options,
                                                hydrant_error *err);

/*
 * Reads the configuration and the rules and opens everything: state folder, ring, sources, control
 * socket, metrics. Errors: _ARGUMENT (the file has errors: on_diagnostic was told), _RULES, _STATE
 * (another daemon has the state folder, the ring or the socket), _DATA (a damaged checkpoint, a
 * ring that is none), _SYSTEM (also: no room for the ring), _LIMIT (the file is too large; its
 * sources have more streams than there is room for), _UNSUPPORTED, _NOMEM. *out is NULL then, and a
 * ring that it made is removed.
 */
HYDRANT_API hydrant_status hydrant_daemon_create(const hydrant_daemon_options *options,
                                                 hydrant_daemon **out, hydrant_error *err);

/*
 * Runs until it is stopped, or with once until the sources have ended; then drains: takes nothing
 * more, waits until what was taken is in the ring (at most `drain` of the configuration), saves the
 * checkpoint. HYDRANT_OK; HYDRANT_ERR_CANCELLED: the time was up, what was not done will be read
 * again; _SYSTEM, _LIMIT, _NOMEM: the checkpoint could not be saved; _DATA, with once: all is done,
 * but a source gave bad records only, or nothing but errors.
 */
HYDRANT_API hydrant_status hydrant_daemon_run(hydrant_daemon *daemon, hydrant_error *err);

HYDRANT_API void hydrant_daemon_stop(hydrant_daemon *daemon);   /* drain, then return from run */
HYDRANT_API void hydrant_daemon_reload(hydrant_daemon *daemon); /* read the rules again */

/* Gives everything up. Accepts *daemon == NULL. */
HYDRANT_API void hydrant_daemon_destroy(hydrant_daemon **daemon);

/* ---- Its configuration ------------------------------------------------------------------------
 */

/* What a program needs to know of a file. */
typedef struct hydrant_config_paths {
    char control[256], ring[256], state_dir[256];
    char metrics[80]; /* "127.0.0.1:8411", or empty */
} hydrant_config_paths;

/*
 * Reads and checks the file alone; nothing is opened. Every problem goes to on_diagnostic. out may
 * be NULL. HYDRANT_OK; _ARGUMENT: there are errors; _SYSTEM: it cannot be read; _LIMIT: the file is
 * too large, or a path is longer than out has room for (255 bytes), which a daemon may run with: it
 * is empty in out then, and err names it; _NOMEM.
 */
HYDRANT_API hydrant_status
hydrant_config_check(const char *path, bool colour,
                     void (*on_diagnostic)(void *ctx, const hydrant_diagnostic *diagnostic),
                     void *ctx, hydrant_config_paths *out, hydrant_error *err);

/* The JSON Schema of the file, for editors; cap and return as hydrant_item_json. 0: no memory. */
HYDRANT_API size_t hydrant_config_schema(char *out, size_t cap);

#ifdef __cplusplus
}
#endif

#endif /* HYDRANT_DAEMON_H */
