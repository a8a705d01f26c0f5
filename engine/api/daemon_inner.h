/*
 * What the files of the daemon share.
 *
 *   daemon.c         life: opens everything in order, runs, drains, closes
 *   daemon_check.c   what can be told of a configuration without a start
 *   daemon_feed.c    the feeding thread: sources -> feeder, ticks
 *   daemon_sources.c sources: made, started, destroyed
 *   daemon_streams.c positions of their streams, checkpoint
 *   daemon_memory.c  repeats and conversations over restarts; time for what waits
 *   daemon_status.c  metrics, health, status, control commands
 *
 * Threads: the feeding thread (whoever calls run) owns sources, streams, pipeline and checkpoint.
 * Two small threads beside it: the minder keeps the time for a drain while the feeding thread
 * waits, and never blocks; the reloader does the reloads asked for by signal, which take as long as
 * compiling. HTTP and control threads read `view` under its lock, atomics, and what is safe for any
 * thread (engine's statistics, ring, manager).
 */
#ifndef HY_API_DAEMON_INNER_H
#define HY_API_DAEMON_INNER_H

#include <hydrant/daemon.h>
#include <hydrant/manager.h>
#include <pthread.h>
#include <stdatomic.h>

#include "api/engine_inner.h"
#include "control/checkpoint.h"
#include "control/config.h"
#include "control/control_socket.h"
#include "control/http.h"
#include "control/log.h"
#include "ingest/intake.h"
#include "net/kafka_sink.h"
#include "pipeline/progress.h"
#include "ring/ring_engine.h"

enum {
    HY_DAEMON_STREAMS_MAX = 256, /* the ring's table of sources has as many */
    HY_DAEMON_MARKS = 4096,      /* chunks of a stream that are not committed yet */
    HY_DAEMON_TICK_MS = 100,
    HY_DAEMON_SAVE_MS = 1000,
    HY_DAEMON_REST_MS = 1000,      /* of a source that says the same error again at once */
    HY_DAEMON_RESTS_TOLD = 10,     /* so many of them are one line in the log */
    HY_DAEMON_HOLD_MS = 1000,      /* that a group holds everything up, or does not, to be told */
    HY_DAEMON_SPILL_GROUPS = 64,   /* not declared, with spilled items, that are warned of */
    HY_DAEMON_REMEMBER_MS = 10000, /* between saves of conversations while nothing is on its way */
};

#define HY_DAEMON_DRAIN_OVER UINT64_MAX

/* What is true when so many bytes of a stream are cut (HY_STREAM_MARKS). */
struct hy_daemon_mark {
    uint64_t bytes, position;
};

struct hy_daemon_source;

struct hy_daemon_stream {
    char name[HY_CHECKPOINT_NAME_BYTES]; /* in the ring, the checkpoint and the feeder */
    struct hy_daemon_source *source;
    enum hy_stream_kind kind;
    enum hy_stream_records records;
    uint32_t ring_source;
    uint64_t resume;
    struct hy_progress progress;
    uint64_t acknowledged;
    uint64_t again;     /* of it was in the ring at the start, and is published again */
    uint64_t witnessed; /* committed when the ring was last looked at for acknowledgements */
    bool open;          /* an input of it is in the feeder */
    uint64_t pushed;    /* MARKS: bytes so far */
    struct hy_daemon_mark *marks; /* MARKS: a ring of HY_DAEMON_MARKS */
    uint32_t marks_head, marks_count;
};

struct hy_daemon_source {
    struct hydrant_daemon *daemon;
    const struct hy_config_source *config;
    struct hy_intake *intake;
    struct hy_intake_host host;
    bool ended;
    uint64_t errors;
    hydrant_error problem;  /* what take said last; status 0: something else than an error */
    uint32_t problem_times; /* that it has said so again, without anything in between */
    uint64_t rests_until_ns;
    uint64_t records, bytes, bad; /* delivered; of them, bad ones that are through */
    int64_t newest_us;            /* of the mentions that came through last */
    const char *paused;           /* as it was last logged */
};

/* How long a group holds everything up: writers waited for it for half of the time at least. */
struct hy_daemon_hold {
    uint64_t held_us;           /* as it was at the last look */
    uint64_t since_ns, last_ns; /* since_ns 0: it does not */
    int64_t since_us;           /* since_ns by the clock on the wall */
    bool told;                  /* it has for HY_DAEMON_HOLD_MS */
};

/* A copy for other threads. */
struct hy_daemon_view {
    uint32_t streams_count;
    struct hy_daemon_view_stream {
        char name[HY_CHECKPOINT_NAME_BYTES];
        uint64_t committed, acknowledged, again;
    } streams[HY_DAEMON_STREAMS_MAX];
    struct hy_daemon_view_source {
        uint64_t errors, records, bytes, bad;
        int64_t newest_us;
        bool ended;
        struct hy_intake_figures figures;
    } sources[HY_CONFIG_SOURCES_MAX];
    int64_t held_since_us[HY_CONFIG_GROUPS_MAX]; /* 0: the group holds nothing up */
    uint32_t parcels_out, parcels;
    int64_t saved_us;
    uint64_t saves, save_failures;
};

enum hy_daemon_phase { HY_DAEMON_STARTING, HY_DAEMON_READY, HY_DAEMON_DRAINING, HY_DAEMON_ENDED };

struct hydrant_daemon {
    hydrant_daemon_options options;
    struct hy_config *config;
    struct hy_log log;
    int64_t started_us;
    int state_fd, lock_fd;
    struct hy_checkpoint checkpoint; /* as it was loaded; then as it is saved */
    struct hy_ring *ring;
    char ring_uuid[37];
    bool ring_is_new; /* not the one that the checkpoint is about */
    bool discards;    /* the start failed: a ring that it made is to go */
    struct hy_kafka_sink *sinks[HY_CONFIG_SINKS_MAX];
    _Atomic uint64_t sinks_dead_letters[HY_CONFIG_SINKS_MAX];
    struct hy_recording *recording; /* NULL: none */
    hydrant_manager *manager;
    hydrant *engine;
    struct hy_pipeline *pipeline;
    struct hy_http *http;
    struct hy_control *control;

    struct hy_daemon_source sources[HY_CONFIG_SOURCES_MAX];
    uint32_t sources_count;
    struct hy_daemon_stream *streams[HY_DAEMON_STREAMS_MAX];
    uint32_t streams_count;
    uint64_t *witness; /* what was in the ring when `witnessed` was true */
    uint32_t witness_count, witness_cap;
    bool witnessing;
    char *state_buffer;
    bool positions_moved;
    /* Of each group, as far as they were logged. */
    uint64_t spoiled[HY_CONFIG_GROUPS_MAX], lost_items[HY_CONFIG_GROUPS_MAX];
    int spill_errno[HY_CONFIG_GROUPS_MAX];
    struct hy_daemon_hold holds[HY_CONFIG_GROUPS_MAX];
    uint64_t remembered_ns, remembered_posts;
    uint64_t ticked_ns, saved_ns, saves, save_failures;
    int64_t saved_us; /* by the clock on the wall: when it last was, not when that was tried */

    int wake_fd;          /* eventfd: stop, or a tick is wanted */
    _Atomic bool waiting; /* the feeding thread sleeps, or is about to */
    _Atomic int phase;    /* enum hy_daemon_phase */
    _Atomic bool stop, ends;
    _Atomic uint64_t drain_until_ns; /* 0: no drain yet; or HY_DAEMON_DRAIN_OVER */
    bool drained;                    /* all that was taken is in the ring; run's */
    int minder_fd, reload_fd;        /* eventfds: look; reload */
    pthread_t minder, reloader;
    bool minded, reloads; /* they run */
    pthread_mutex_t view_lock;
    struct hy_daemon_view view;
};

/* ---- daemon.c ---- */

#define HY_DAEMON_RING_ON_DISK \
    "ring.path is not in a tmpfs: every item goes to that disk, and a reboot leaves a ring behind"

#define HY_DAEMON_RING_OTHER_SIZE                                                                 \
    "the ring keeps the size that it was made with, which is not what ring.bytes and ring.chunk " \
    "say; it is made anew when it was removed"

#define HY_DAEMON_SPILL_LEFT "spilled items of a group that is not declared"
/* The files of such a group, as a pattern for a shell: folder, group. */
#define HY_DAEMON_SPILL_FILES "%s/%s-????????????????.spill*"

/* A daemon that has taken nothing yet, for hydrant_daemon_destroy. */
hydrant_status hy_daemon_make(const hydrant_daemon_options *options, struct hydrant_daemon **out,
                              hydrant_error *err);
hydrant_status hy_daemon_load_config(struct hydrant_daemon *daemon, hydrant_error *err);
/* The folder that path lies in. */
void hy_daemon_parent(const char *path, char parent[static 4096]);
/* Opens state_dir, which must be there; refuses one that others may write to. */
hydrant_status hy_daemon_open_state(struct hydrant_daemon *daemon, hydrant_error *err);
hydrant_status hy_daemon_load_checkpoint(struct hydrant_daemon *daemon, hydrant_error *err);
/* Compiles and tests them. keeps: state_dir is ours, compiled patterns and what the guard holds are
 * kept there. */
hydrant_status hy_daemon_load_rules(struct hydrant_daemon *daemon, bool keeps, hydrant_error *err);
/* Is the folder, or the one that it would be made in, in memory? True when that cannot be told. */
bool hy_daemon_ring_is_in_memory(const char *path);
/* Is a ring with such chunks what the configuration asks for? */
bool hy_daemon_ring_has_size(const struct hy_config *config, uint64_t chunk_bytes, uint64_t chunks);
/* What was spilled for groups that the configuration does not declare, and the folder that it lies
 * in. Returns how many groups there are, at most cap. */
size_t hy_daemon_spill_left(const struct hy_config *config, char dir[static 4096],
                            struct hy_ring_left *out, size_t cap);

/* ---- daemon_feed.c ---- */

void hy_daemon_done(void *ctx);  /* struct hy_pipeline_watch; on a worker */
void hy_daemon_waits(void *ctx); /* struct hy_pipeline_watch */
/* Takes what sources have and waits when they have nothing, until a stop or their end. */
void hy_daemon_feed(struct hydrant_daemon *daemon);
bool hy_daemon_all_ended(const struct hydrant_daemon *daemon);
/* Of sources that have ended, when what they gave is through: _DATA where one gave bad records
 * only, or nothing but errors. */
hydrant_status hy_daemon_judge_sources(const struct hydrant_daemon *daemon, hydrant_error *err);
/* Waits until what was taken is in the ring, or the time is up. */
hydrant_status hy_daemon_drain(struct hydrant_daemon *daemon, hydrant_error *err);

/* ---- daemon_sources.c ---- */

/* Makes and starts every source; the ring is open, its writers are not made. */
hydrant_status hy_daemon_open_sources(struct hydrant_daemon *daemon, hydrant_error *err);
void hy_daemon_close_sources(struct hydrant_daemon *daemon); /* and their streams */

/* ---- daemon_streams.c ---- */

/* struct hy_intake_host: ctx is the source. */
int hy_daemon_open_stream(void *ctx, const struct hy_stream_options *options, uint64_t *resume,
                          hydrant_error *err);
void hy_daemon_close_streams(struct hydrant_daemon *daemon);
/* A chunk of a stream of HY_STREAM_MARKS goes to the feeder. */
void hy_daemon_add_mark(struct hy_daemon_stream *stream, const struct hy_intake_chunk *chunk);
void hy_daemon_leave(void *ctx, struct hy_parcel *parcel); /* struct hy_pipeline_watch */
void hy_daemon_back(void *ctx, const struct hy_parcel *parcel);
/* Looks what of the ring is acknowledged by now. */
void hy_daemon_witness(struct hydrant_daemon *daemon);
hydrant_status hy_daemon_save(struct hydrant_daemon *daemon, hydrant_error *err);

/* Have these rules the format of the source? _RULES. */
hydrant_status hy_daemon_check_format(const hydrant_pack *pack,
                                      const struct hy_config_source *source, hydrant_error *err);
/* Have they the formats of all sources? ctx is the daemon. hydrant_manager_options.on_pack. */
hydrant_status hy_daemon_check_formats(void *ctx, const hydrant_pack *pack, hydrant_error *err);

/* ---- daemon_memory.c ---- */

void hy_daemon_remember(struct hydrant_daemon *daemon);    /* before the first mention */
void hy_daemon_keep_memory(struct hydrant_daemon *daemon); /* after a complete drain */
/* With a tick: releases what has waited long enough, saves conversations now and then. */
void hy_daemon_mind_conversations(struct hydrant_daemon *daemon, uint64_t now_ns);

/* ---- daemon_sinks.c ---- */

hydrant_status hy_daemon_start_sinks(struct hydrant_daemon *daemon, hydrant_error *err);
/* Sends what their groups have, for at most timeout_us each. */
void hy_daemon_stop_sinks(struct hydrant_daemon *daemon, uint64_t timeout_us);

/* ---- daemon_status.c ---- */

bool hy_daemon_answer(void *ctx, const char *path, struct hy_http_answer *out);
size_t hy_daemon_request(void *ctx, const struct hy_control_request *request, char *out,
                         size_t cap);
void hy_daemon_rules_event(void *ctx, const hydrant_rules_event *event);

#endif
