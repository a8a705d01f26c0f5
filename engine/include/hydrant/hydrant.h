/*
 * hydrant/hydrant.h - the engine as a library.
 *
 * Compile rules into a pack, create an engine with it, bring mentions in (bytes, decoded mentions,
 * or files and descriptors that the engine reads itself), take items out through a callback.
 *
 *     hydrant_pack *pack;                hydrant *engine;
 *     hydrant_pack_compile(...)   --->   hydrant_create(&options, pack, ...)
 *                                          |  hydrant_add_file / _add_fd, then hydrant_run
 *                                          |  hydrant_push_bytes / _push_mentions, then
 * hydrant_drain
 *                                          v
 *                                        options.on_item / options.on_ndjson / options.ring
 *
 * Threads. One thread at a time brings mentions in ("the feeding thread": whoever calls add, push,
 * step, run or drain). With options.workers > 0 the engine starts that many threads, which judge
 * and call back; with 0 it starts none and does everything inside step, run, push and drain. An
 * engine either reads inputs of its own (add) or is pushed to, not both. Callbacks are never
 * concurrent and come in input order, from a worker thread (workers > 0) or from the feeding
 * thread. hydrant_stop, hydrant_stats_read and hydrant_progress_read may be called by any thread.
 * Threads that the library starts block signals, but for those of their own faults and SIGPROF: the
 * program's handlers run on the program's threads.
 *
 * Forks. A child has no workers and must not touch an engine, not even destroy it: it may exec or
 * _exit (descriptors are close-on-exec). As long as it does neither the engine's ring is taken,
 * also when the program that had it is gone, and no other engine gets it.
 *
 * The library prints nothing and never exits. Globals change, and a signal handler is installed,
 * only while there is a ring: a handler of SIGBUS guards the mappings of its groups' control files,
 * which readers may write and so cut off (its data only the owner can), and hands on what is not
 * about them. Every function that takes hydrant_error accepts NULL for it; any other pointer may be
 * NULL only where it is said to be. C11 and C++17.
 */
#ifndef HYDRANT_HYDRANT_H
#define HYDRANT_HYDRANT_H

#include <hydrant/item.h>
#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* "0.1.0": of the library that is running, not of this header. */
HYDRANT_API const char *hydrant_version(void);

/* ---- Rules ---------------------------------------------------------------------------------- */

typedef struct hydrant_pack hydrant_pack; /* compiled rules, immutable, any number of threads */

typedef enum hydrant_severity { HYDRANT_SEVERITY_ERROR, HYDRANT_SEVERITY_WARNING } hydrant_severity;

/* One problem in the rules. Strings live until the callback returns. */
typedef struct hydrant_diagnostic {
    hydrant_severity severity;
    hydrant_str file;
    uint32_t line, column; /* 1-based; 0: about the file as a whole */
    hydrant_str rule;      /* id, or empty */
    hydrant_str message;
    hydrant_str rendered; /* several lines for a person: place, message, excerpt, caret, fix */
} hydrant_diagnostic;

typedef struct hydrant_rules {
    const char *const *paths; /* YAML files or folders */
    size_t paths_count;
    const char *const *queries; /* one query each, named query-1, query-2 ... */
    size_t queries_count;
    bool colour; /* of hydrant_diagnostic.rendered */
    bool lint;   /* warn as well of what works but is hardly meant (docs/rules/reference.md) */
    void (*on_diagnostic)(void *ctx, const hydrant_diagnostic *diagnostic); /* may be NULL */
    void *ctx;
    /*
     * A folder that keeps what was compiled, so that the same patterns are there at once next time;
     * NULL: none. It is made when it is missing, and not used unless it is ours alone (owner, mode
     * 0700): what lies in it is run.
     */
    const char *cache_dir;
    /*
     * A program that compiles large sets of words, and regular expressions, in a process of its
     * own, within the limits below; NULL, or one that cannot be started: this process compiles,
     * without limits. It is called with the one argument "compile-patterns" and then calls
     * hydrant_compile_serve; `hydrant` is one.
     */
    const char *compiler;
    uint32_t compile_seconds_max; /* of CPU time, for each database; default 60; as much again may
                                     go into finding the costly rule */
    uint32_t compile_mib_max;     /* of address space; default 2048 */
} hydrant_rules;

/*
 * Reads, checks and compiles. With no paths and no queries: the starter rules that are built in.
 * Every problem goes to on_diagnostic, in the order of the files. Blocks while compiling
 * (milliseconds to seconds), allocates. Errors: HYDRANT_ERR_RULES (the diagnostics say what,
 * a file that cannot be read among it; err has the first: its place, its message and how many there
 * are), _NOMEM. *out is NULL after an error.
 */
HYDRANT_API hydrant_status hydrant_pack_compile(const hydrant_rules *rules, hydrant_pack **out,
                                                hydrant_error *err);
/* An engine keeps its own reference: destroy yours whenever you like. Accepts *pack == NULL. */
HYDRANT_API void hydrant_pack_destroy(hydrant_pack **pack);

/* What the program named as hydrant_rules.compiler does with descriptor 0: takes one request,
 * answers it, and returns the exit code. Sets limits on the process that it is called in. */
HYDRANT_API int hydrant_compile_serve(int fd);

typedef struct hydrant_pack_info {
    hydrant_str hash; /* of everything that went in; 16 hex digits */
    uint64_t generation;
    uint32_t rules;
    uint32_t patterns; /* distinct words, phrases, handles ... */
    double compile_seconds;
} hydrant_pack_info;
HYDRANT_API void hydrant_pack_describe(const hydrant_pack *pack, hydrant_pack_info *out);

/* What a rule costs, as the compiler guesses it from how common its words are. */
typedef struct hydrant_rule_cost {
    hydrant_str rule, file;
    uint32_t line;
    double share; /* of mentions that it is looked at for; 1: all, as no word is needed for it */
} hydrant_rule_cost;

/* Calls on_cost for each rule, in the order of the files. What it gets lives as long as the pack.
 */
HYDRANT_API void hydrant_pack_costs(const hydrant_pack *pack,
                                    void (*on_cost)(void *ctx, const hydrant_rule_cost *cost),
                                    void *ctx);

/* ---- For rule authors ----------------------------------------------------------------------- */

/* A test beside a rule, run. Everything in it lives until the callback returns. */
typedef struct hydrant_test {
    hydrant_str file;
    uint32_t line, column; /* where the test is written; 1-based */
    hydrant_str rule;      /* the rule that it stands beside */
    hydrant_str input;     /* the text, or the mention as JSON, or "a sequence of 3 steps" */
    bool passed;
    bool matched;        /* did that rule match? */
    bool unreached;      /* expects no match, and no positive term of the rule is there anyway */
    hydrant_str problem; /* what was expected and what happened; empty when all is well */
    const hydrant_item *item; /* all that the engine says about the mention; NULL: the counts of a
                                 sequence, which are no mention */
} hydrant_test;

/*
 * Runs every test that is written beside the rules, in the order of the files, each mention by
 * itself through all stages of the engine, without duplicates; those of a sequence in order through
 * one engine that remembers, on a clock of their own: each step that expects something is a test,
 * and so are the counts. Rules that are in shadow or off are tested as if they were live. Blocks,
 * allocates. HYDRANT_OK when all were run, whether they passed or not; else the errors of
 * hydrant_pack_compile, on_test was then called for some or none.
 */
HYDRANT_API hydrant_status hydrant_rules_test(const hydrant_rules *rules,
                                              void (*on_test)(void *ctx, const hydrant_test *test),
                                              void *ctx, hydrant_error *err);

/* Which terms of a rule, as it is written, its tests exercise: make true at least once. A list
 * counts as one term, those of a macro wherever it is used. */
typedef struct hydrant_rule_coverage {
    hydrant_str rule, file;
    uint32_t line;
    uint32_t tests, terms, exercised;
    const hydrant_str
        *missing; /* the terms that no test exercises, as they are written; at most 64 */
    uint32_t missing_count;
} hydrant_rule_coverage;

/* Runs the tests as hydrant_rules_test does, and calls on_rule for every rule that is not off. What
 * it gets lives until it returns. Errors: those of hydrant_rules_test. */
HYDRANT_API hydrant_status hydrant_rules_coverage(
    const hydrant_rules *rules, void (*on_rule)(void *ctx, const hydrant_rule_coverage *coverage),
    void *ctx, hydrant_error *err);

typedef enum hydrant_truth {
    HYDRANT_TRUTH_FALSE,
    HYDRANT_TRUTH_TRUE,
    HYDRANT_TRUTH_UNKNOWN /* hangs on something that is not known of this mention */
} hydrant_truth;

/* One part of a query. A query is an array of them in pre-order. */
typedef struct hydrant_explained_node {
    uint32_t depth;   /* 0: the whole query; children are one deeper than their parent */
    hydrant_str text; /* AND, OR, NOT, NEAR/5, 2 OF ..., or a term as it is written */
    hydrant_truth truth;
    const hydrant_span *spans; /* where the mention's text makes it true */
    uint32_t spans_count;
    hydrant_str note; /* "7 words apart", "0.31", or empty */
} hydrant_explained_node;

/* A rule, or a line of the policy. */
typedef struct hydrant_explained {
    hydrant_str part; /* "rules", or of the policy "actions", "escalate", "private", "moderate",
                         "hold" */
    hydrant_str name; /* id of a rule, name of a line; escalate and private: to whom, where */
    hydrant_str file;
    uint32_t line;
    hydrant_truth truth;
    bool decides; /* of escalate every true line; of all else the first */
    bool asked;   /* false: a line below the one that decides, which the engine does not look at */
    const hydrant_explained_node *nodes;
    uint32_t nodes_count;
    hydrant_str answers; /* of a rule: what an agent would open, or empty */
    hydrant_str state;   /* of a rule: "live"; or "shadow", "off" or, by the time of the mention,
                            "ended": it has no say, whatever is true. Of a line empty */
} hydrant_explained;

/* A word (or emoji, run of punctuation ...) and what the text would score without it. */
typedef struct hydrant_emotion_word {
    hydrant_span span; /* in the mention's text */
    hydrant_emotion without;
} hydrant_emotion_word;

enum { HYDRANT_EXPLAINED_WORDS = 256 }; /* the first words of a text; more are not taken out */

/* Personal data in the item's text is masked ('*' for letters and digits) unless "unmasked" is set.
 */
typedef struct hydrant_explanation {
    const hydrant_item *item; /* all that the engine says about the mention; seq is 0 */
    const hydrant_explained *rules;
    const hydrant_explained *lines; /* in the order of the policy; none when no rule matched */
    uint32_t rules_count, lines_count;
    uint32_t rules_total;           /* that were looked at, explained or not */
    const hydrant_emotion *emotion; /* NULL unless it was asked for; also where no rule matches */
    const hydrant_emotion_word *words; /* in the order of the text; none when it is not scored */
    uint32_t words_count;
} hydrant_explanation;

typedef struct hydrant_explain_options {
    hydrant_str text;    /* a text, or */
    hydrant_str mention; /* a whole mention, native JSON */
    const char *rule;    /* explain this one; NULL: those that match or that find something */
    bool all;            /* explain every rule */
    bool emotion;        /* say which words moved the emotion, too */
    bool unmasked;       /* leave personal data in the item's text */
} hydrant_explain_options;

/*
 * Takes one mention through the engine and says why each rule and each line of the policy is true
 * or not. Every answer is the engine's own: each part of a query is compiled and evaluated like a
 * query. on_explained is called once; what it gets lives until it returns. Blocks, allocates.
 * Errors: those of hydrant_pack_compile; _ARGUMENT (no such rule, or not one of text and mention
 * is given); _DATA (not a mention: the text names the drop); _LIMIT (too many parts at once).
 */
HYDRANT_API hydrant_status
hydrant_rules_explain(const hydrant_rules *rules, const hydrant_explain_options *options,
                      void (*on_explained)(void *ctx, const hydrant_explanation *explanation),
                      void *ctx, hydrant_error *err);

/* ---- Engine --------------------------------------------------------------------------------- */

typedef struct hydrant hydrant;

typedef enum hydrant_parse {
    HYDRANT_PARSE_STRICT, /* refuses every record that is not valid JSON */
    HYDRANT_PARSE_FAST    /* same verdicts on valid records; may accept some invalid ones */
} hydrant_parse;

typedef enum hydrant_format {
    HYDRANT_FORMAT_AUTO,   /* told from the first bytes of each input */
    HYDRANT_FORMAT_NATIVE, /* NDJSON or a JSON array of mentions */
    HYDRANT_FORMAT_CSV,    /* first row names the fields */
    HYDRANT_FORMAT_TEXT    /* a line is a post */
} hydrant_format;

typedef enum hydrant_io {
    HYDRANT_IO_AUTO,  /* io_uring, or plain reads where the kernel refuses it */
    HYDRANT_IO_URING, /* hydrant_create fails where the kernel refuses it */
    HYDRANT_IO_READ
} hydrant_io;

typedef enum hydrant_emit {
    HYDRANT_EMIT_ITEMS,     /* published and actionable */
    HYDRANT_EMIT_PUBLISHED, /* and those only to monitor */
    HYDRANT_EMIT_MATCHED,   /* every mention that a rule matches, ignored ones with their reason */
    HYDRANT_EMIT_ALL,       /* every record, dropped ones with their reason */
    HYDRANT_EMIT_NONE
} hydrant_emit;

typedef enum hydrant_log_level { HYDRANT_LOG_INFO, HYDRANT_LOG_WARNING } hydrant_log_level;

/* What becomes of items that a group of the ring does not read in time. */
typedef enum hydrant_when_slow {
    HYDRANT_SLOW_BLOCK,       /* the engine waits */
    HYDRANT_SLOW_DROP_OLDEST, /* the oldest are dropped for this group, and counted */
    HYDRANT_SLOW_SPILL        /* they go to files, up to spill_bytes_max; then the engine waits */
} hydrant_when_slow;

/* A group of readers whose place is kept while nobody of it is there. */
typedef struct hydrant_ring_group {
    const char *name; /* letters, digits, . _ -, at most 47; each but once */
    bool from_oldest; /* new to the ring: it gets what is there already */
    hydrant_when_slow when_slow;
    uint64_t block_us; /* how long the engine waits first */
    uint64_t spill_bytes_max;
    uint32_t actions;          /* 1 << hydrant_action for each that it wants; 0: all. A mask without
                                  any of these is refused (_ARGUMENT) */
    const char *const *routes; /* NULL: all. Whatever a group wants, it gets each delete, and each
                                  update to HYDRANT_ACTION_IGNORE */
    size_t routes_count;
} hydrant_ring_group;

/*
 * Items to a ring in shared memory, for readers in other processes (hydrant/ring.h). A ring that is
 * there is taken over: what is in it stays, and keeps its size. Items are those that are published,
 * actionable or to monitor. Those of one batch stay together and in order, the batches of several
 * workers do not.
 */
typedef struct hydrant_ring_target {
    const char *dir;         /* a folder in a tmpfs; its parent must be there */
    uint64_t bytes;          /* 0: 32 MiB */
    uint32_t chunk_bytes;    /* 0: 256 KiB */
    uint32_t deliveries_max; /* of an item to a group, then it is a dead letter; 0: 5, at most 63 */
    const char *spill_dir;   /* for groups that spill; NULL: none may. Not that of another ring with
                                a group of the same name */
    const hydrant_ring_group *groups;
    size_t groups_count; /* at most 32 */
} hydrant_ring_target;

/* Fill with hydrant_options_init, then change what you need. */
typedef struct hydrant_options {
    size_t size;      /* of this struct; set by hydrant_options_init */
    uint32_t workers; /* 0: no threads, at most HYDRANT_WORKERS_MAX */
    hydrant_parse parse;
    hydrant_format format;
    hydrant_io io;
    hydrant_emit emit;
    /* At most one of the two. on_item gets one item at a time. on_ndjson gets rendered lines in
     * large pieces; a piece ends inside a line only if that line is longer than 1 MiB. Returning
     * false stops the engine; hydrant_run then returns HYDRANT_ERR_CANCELLED. */
    bool (*on_item)(void *ctx, const hydrant_item *item);
    bool (*on_ndjson)(void *ctx, const char *data, size_t len);
    /* Records that were dropped as bad (see hydrant_drop), raw: for a dead-letter file. May be
     * NULL. Same thread and order as the items. data is NULL when the bytes are gone. */
    void (*on_dead_letter)(void *ctx, hydrant_drop reason, hydrant_str source, uint64_t offset,
                           const char *data, size_t len);
    bool
        raw_dead_letters; /* false: letters and digits of personal data in them are replaced by * */
    void (*on_log)(void *ctx, hydrant_log_level level, const char *text); /* may be NULL */
    void *ctx;
    /* The other way out; on_item, on_ndjson and on_dead_letter must be NULL then. Not kept. When a
     * group blocks, run, push and drain block. The ring is given up by hydrant_destroy; readers are
     * told that nothing more comes when run or drain has ended well before and no input is left. */
    const hydrant_ring_target *ring;
    /* true: "now" is each mention's own created_at and hashes are not seeded at random, so the same
     * input gives the same output at any time (what scan does). false: now is the clock's. */
    bool event_time;
    /* Wall clock in microseconds since 1970; NULL: the system's. For tests and replays. */
    int64_t (*clock_us)(void *ctx);
    uint32_t record_bytes_max; /* 1 KiB .. 16 MiB, default 1 MiB */
    uint32_t text_bytes_max;   /* 16 .. 65535, default 16 KiB; longer texts are cut */
    uint32_t depth_max;        /* JSON nesting, 2 .. 1024, default 64 */
    uint64_t dedup_window_us;  /* default 24 h; 0: no deduplication */
    uint32_t dedup_entries;    /* 2 .. 2^28, default 1,000,000 */
    /* NULL: as format says (which, when it is AUTO, knows the records of every source mapping of
     * the rules). Else the name of the source mapping that all inputs are read by; format is then
     * AUTO. Copied. hydrant_create refuses a name that the pack does not have. */
    const char *mapping;
} hydrant_options;

#define HYDRANT_WORKERS_MAX 256

HYDRANT_API void hydrant_options_init(hydrant_options *options);

/*
 * Allocates everything that the path needs and starts the workers. Errors: _ARGUMENT (a value out
 * of range: the text names it), _NOMEM, _UNSUPPORTED (HYDRANT_IO_URING refused, or a ring of
 * another version is there), _SYSTEM, and of a ring _STATE (another engine has it), _DATA.
 */
HYDRANT_API hydrant_status hydrant_create(const hydrant_options *options, hydrant_pack *pack,
                                          hydrant **out, hydrant_error *err);

/* Stops the workers without draining and frees everything. Accepts *engine == NULL. */
HYDRANT_API void hydrant_destroy(hydrant **engine);

/* Queue an input to be read by hydrant_run or hydrant_step, after those queued before it. .zst is
 * recognised by content. The path is what items call the source; a name of a source, here and in
 * what follows, may be any bytes, of which items have U+FFFD for those that are no UTF-8. Errors:
 * _SYSTEM (cannot be opened), _STATE (something was pushed), _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_add_file(hydrant *engine, const char *path, hydrant_error *err);
/* The descriptor stays yours unless close_fd. name is what items call the source; offsets, and so
 * the ids made of them (SOURCE:OFFSET), go on behind the descriptors of that name added before. */
HYDRANT_API hydrant_status hydrant_add_fd(hydrant *engine, int fd, const char *name, bool close_fd,
                                          hydrant_error *err);

/*
 * Reads the queued inputs to their end, hands everything out and returns when the last item has
 * been called back. Blocks. HYDRANT_OK; HYDRANT_ERR_CANCELLED after hydrant_stop or a callback that
 * returned false; _STATE (something was pushed: hydrant_drain is what you want); otherwise the
 * first input's error (the other inputs were read all the same).
 */
HYDRANT_API hydrant_status hydrant_run(hydrant *engine, hydrant_error *err);

/*
 * Brings bytes of a named stream in, cut anywhere. Whole records are handed on at once. One without
 * an id gets SOURCE:OFFSET, which counts all bytes pushed under the name, over drains as well.
 * Blocks while the workers are behind. Names are meant to be few: each is looked up among all of
 * them, and kept as long as the engine, those of mentions as well. Errors: _STATE, _CANCELLED,
 * _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_push_bytes(hydrant *engine, const char *source, const void *data,
                                              size_t len, hydrant_error *err);

/* Brings decoded mentions in; what they point to is copied. One without an id gets SOURCE:NUMBER,
 * counted from 0 and over drains: not the name of a stream whose offsets make ids. Errors as above,
 * and _LIMIT (none was taken) when one's strings are larger than record_bytes_max together; after
 * _CANCELLED and _NOMEM the first ones may have been taken. */
HYDRANT_API hydrant_status hydrant_push_mentions(hydrant *engine, const char *source,
                                                 const hydrant_mention *mentions, size_t count,
                                                 hydrant_error *err);

/*
 * Reads what is at hand in the queued inputs without blocking: at most one batch. HYDRANT_OK when
 * there was some, HYDRANT_ERR_AGAIN when there is none now (hydrant_progress_read tells whether
 * inputs are left), HYDRANT_ERR_CANCELLED after a stop, otherwise the error of an input that ends
 * with it (step on for the others). For workers == 0; with workers the batch is only handed on.
 */
HYDRANT_API hydrant_status hydrant_step(hydrant *engine, hydrant_error *err);

/*
 * Lets time pass: items that wait (hold_until) are released when their time is over, which
 * otherwise happens with the next mention. To be called now and then from the feeding thread while
 * nothing is pushed; with event_time it releases none. Of what was spilled for groups of a ring it
 * removes what they have read, as hydrant_drain does. HYDRANT_ERR_CANCELLED after a stop.
 */
HYDRANT_API hydrant_status hydrant_tick(hydrant *engine, hydrant_error *err);

/* Ends the pushed streams (a last line without a newline counts) and returns when the last item has
 * been called back. The engine can be pushed to again afterwards: new streams, of which the offsets
 * and numbers go on. */
HYDRANT_API hydrant_status hydrant_drain(hydrant *engine, hydrant_error *err);

/*
 * The window of mentions seen (options.dedup_entries), kept over a restart: saved to a file of mode
 * 0600 after the last drain (or while the engine runs: what comes meanwhile may be in it or not),
 * and loaded after create, before the first mention is brought in. A file that is damaged, of
 * another version or of another number of entries is refused as a whole with HYDRANT_ERR_DATA, and
 * the window is empty then: what was seen before will not be recognised, and nothing is lost.
 * HYDRANT_ERR_SYSTEM: the file cannot be read or written (one that was there before stays).
 * HYDRANT_ERR_STATE: the engine does not deduplicate, or mentions were brought in (or hydrant_tick
 * was called) before the load; nothing has changed.
 * Both block for the disk. The feeding thread's.
 */
HYDRANT_API hydrant_status hydrant_window_save(hydrant *engine, const char *path,
                                               hydrant_error *err);
HYDRANT_API hydrant_status hydrant_window_load(hydrant *engine, const char *path,
                                               hydrant_error *err);

/*
 * Puts other rules in the place of the present ones while mentions flow, from any thread (not from
 * a callback; with workers == 0 from the feeding thread). Returns at once: that is success; each
 * batch is judged by one generation as a whole, and items say which. The engine keeps its own
 * reference to pack and gives the old one back when the last worker has left it. HYDRANT_ERR_AGAIN:
 * a worker is still at a batch that is older than the last reload (a callback blocks, say); the
 * rules in force go on, try again. _ARGUMENT: the pack has no source mapping of the name that the
 * options insist on. _NOMEM.
 */
HYDRANT_API hydrant_status hydrant_reload(hydrant *engine, hydrant_pack *pack, hydrant_error *err);

/* Makes run, push and drain return HYDRANT_ERR_CANCELLED soon. Safe in a signal handler. */
HYDRANT_API void hydrant_stop(hydrant *engine);

/* ---- Looking at it -------------------------------------------------------------------------- */

/* The stages of the path, in order, as --stats names them. */
#define HYDRANT_STAGE_TABLE(X) \
    X(INGEST, "ingest")        \
    X(DECODE, "decode")        \
    X(NORMALIZE, "normalize")  \
    X(MATCH, "match")          \
    X(EMOTION, "emotion") X(DEDUP, "dedup") X(TRIAGE, "triage") X(PUBLISH, "publish")

typedef enum hydrant_stage {
#define HYDRANT_STAGE_ENUM(NAME, text) HYDRANT_STAGE_##NAME,
    HYDRANT_STAGE_TABLE(HYDRANT_STAGE_ENUM)
#undef HYDRANT_STAGE_ENUM
        HYDRANT_STAGES
} hydrant_stage;
HYDRANT_API const char *hydrant_stage_name(hydrant_stage stage);

typedef struct hydrant_stats {
    uint64_t posts;   /* records seen, bad ones included */
    uint64_t bytes;   /* of records and separators, decompressed */
    uint64_t matched; /* mentions with at least one rule */
    uint64_t actionable;
    uint64_t published;      /* items: actionable or to monitor, updates, deletes, spreads */
    uint64_t ignored_fields; /* optional fields of a wrong type */
    uint64_t dup_exact, dup_near, dup_redelivered;
    uint64_t ring_items;             /* written to the ring, if there is one */
    uint64_t ring_shortened;         /* of these: cut, as they were longer than the ring admits */
    uint64_t ring_too_long;          /* longer even then: left out */
    uint64_t dropped[HYDRANT_DROPS]; /* by hydrant_drop */
    uint64_t stage_cpu_ns[HYDRANT_STAGES]; /* CPU time spent in each stage, all threads */
    uint64_t generation; /* of the rules that every worker has taken up that has begun; 0: none */
    uint64_t swap_cpu_ns_max; /* the most that a reload cost a worker: CPU time of moving on */
    uint32_t workers;
    const char *parse; /* "strict" or "fast" */
    const char *io;    /* "io_uring" or "read" */
} hydrant_stats;
/* Each counter is exact; together they are a moment apart while workers run. */
HYDRANT_API void hydrant_stats_read(const hydrant *engine, hydrant_stats *out);

typedef enum hydrant_rule_state {
    HYDRANT_RULE_LIVE,
    HYDRANT_RULE_SHADOW, /* judged and counted, not published: as written, or by the guard */
    HYDRANT_RULE_OFF
} hydrant_rule_state;

/* What a rule of the present generation did. Counters go on when rules are reloaded, by its id. */
typedef struct hydrant_rule_stats {
    char rule[132]; /* its id */
    hydrant_rule_state state;
    uint64_t hits;     /* mentions that it matched, published or not */
    uint64_t hits_now; /* of them by the present generation */
    uint64_t ns;       /* time spent on evaluating it, estimated from one mention in 64 */
    int64_t last_us;   /* when it matched last (live: the clock; event_time: that mention's
                          created_at); HYDRANT_TIME_NONE: never */
} hydrant_rule_stats;

/*
 * Writes at most cap rules, in the order of the files, and returns how many there are; 0 when there
 * is no memory. Allocates; blocks for a moment when rules are being reloaded. Any thread, not from
 * a callback.
 */
HYDRANT_API size_t hydrant_rule_stats_read(hydrant *engine, hydrant_rule_stats *out, size_t cap);

typedef struct hydrant_progress {
    uint64_t bytes_read;  /* of the files as they lie on disk */
    uint64_t bytes_total; /* of all queued files; 0 when an input has no known size */
    uint64_t posts;
    uint32_t inputs_left; /* of those queued, not yet read to their end */
} hydrant_progress;
HYDRANT_API void hydrant_progress_read(const hydrant *engine, hydrant_progress *out);

/*
 * Writes the item as one line of NDJSON without the newline: at most cap bytes, NUL-terminated when
 * cap > 0 (out may be NULL when it is 0). Returns the length of the whole line. Any thread, while
 * the item lives.
 */
HYDRANT_API size_t hydrant_item_json(const hydrant_item *item, char *out, size_t cap);

/* ---- Backtest: what rules would have matched ------------------------------------------------ */

/* A rule of either set, and the mentions that it matches. Rules in shadow do not take part. */
typedef struct hydrant_backtest_rule {
    hydrant_str rule;
    bool is_before, is_after; /* is it in that set? */
    uint64_t before, after;   /* mentions that it matches */
    uint64_t gained, lost;    /* by the new set; by the old one only */
} hydrant_backtest_rule;

/* A mention that some rules match in one set only. Texts are cut at 512 bytes. */
typedef struct hydrant_backtest_sample {
    hydrant_str archive, id;
    hydrant_str text;                 /* its beginning; personal data is masked */
    uint64_t offset;                  /* of its record in the archive, decompressed */
    const hydrant_str *gained, *lost; /* ids of rules */
    uint32_t gained_count, lost_count;
} hydrant_backtest_sample;

typedef struct hydrant_backtest {
    uint64_t posts, bytes;
    double seconds;
    uint64_t matched_before, matched_after;     /* mentions with at least one rule */
    uint64_t published_before, published_after; /* of them not ignored by the policy */
    uint64_t actionable_before, actionable_after;
    uint64_t gained, lost; /* mentions that are matched by the new set only, by the old one only */
    const hydrant_backtest_rule *rules; /* those of the new set in its order, then those gone */
    uint32_t rules_count;
    const hydrant_backtest_sample *samples; /* in the order of the archives */
    uint32_t samples_count;
    uint64_t dropped[HYDRANT_DROPS]; /* by the new set, as in hydrant_stats: bad records, too */
} hydrant_backtest;

typedef struct hydrant_backtest_options {
    hydrant_rules rules;
    const hydrant_rules *against; /* NULL: nothing to compare with; everything is gained */
    const char *const *archives;  /* files of mentions, .zst too, each named once */
    size_t archives_count;
    hydrant_format format;
    uint32_t workers;          /* at least 1; shared between the two sets */
    uint32_t samples_per_rule; /* gained, and as many lost */
    /* Several times a second, from the calling thread; may be NULL. */
    void (*on_progress)(void *ctx, const hydrant_progress *progress);
    void *ctx; /* of on_progress */
} hydrant_backtest_options;

/*
 * Takes recorded mentions through both rule sets at the same time, each in an engine of its own,
 * without duplicates, and compares what matches. on_result is called once; what it gets lives until
 * it returns. Blocks; memory does not grow with the archives. Errors: those of
 * hydrant_pack_compile, hydrant_add_file and hydrant_run; _ARGUMENT.
 */
HYDRANT_API hydrant_status hydrant_rules_backtest(const hydrant_backtest_options *options,
                                                  void (*on_result)(void *ctx,
                                                                    const hydrant_backtest *result),
                                                  void *ctx, hydrant_error *err);

/* ---- Scoring alone -------------------------------------------------------------------------- */

/* Emotion of one text by the built-in model. lang may be empty. Pure; any thread. HYDRANT_ERR_DATA
 * when the text is not valid UTF-8. */
HYDRANT_API hydrant_status hydrant_score(hydrant_str text, hydrant_str lang, hydrant_emotion *out,
                                         hydrant_error *err);

/* The object that `hydrant score` prints; cap and return as hydrant_item_json. */
HYDRANT_API size_t hydrant_emotion_json(const hydrant_emotion *emotion, char *out, size_t cap);

#ifdef __cplusplus
}
#endif

#endif /* HYDRANT_HYDRANT_H */
