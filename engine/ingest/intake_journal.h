/*
 * The journal before a source that cannot be asked again: what senders push is safe, for them, when
 * it is on disk, and is delivered from there.
 *
 *   senders -> inner source --take--> append, one fsync for many --> durable --+--> committed:
 * senders |    are acknowledged feeder <--take-- records read back, from where the -----+
 *                                      checkpoint says: a crash replays
 *
 * The inner source delivers one stream of records with prefixes, and its positions count them. The
 * outer stream's positions are numbers of the journal: everything before is through. Segments are
 * kept until every durable group has acknowledged what they hold, and then as long as the options
 * say.
 *
 * A disk that is full, or fails: nothing more is taken from senders, who are told nothing; figures
 * say so; it is tried again every HY_INTAKE_JOURNAL_RETRY_MS. What is durable is delivered on.
 */
#ifndef HY_INGEST_INTAKE_JOURNAL_H
#define HY_INGEST_INTAKE_JOURNAL_H

#include "ingest/intake.h"

enum { HY_INTAKE_JOURNAL_RETRY_MS = 500 };

struct hy_intake_journal_options {
    const char *folder; /* of this source's journal; copied */
    uint64_t keep_bytes;
    int64_t keep_us;
    uint64_t segment_bytes; /* 0: the journal's default */
    bool no_uring;
};

/* Takes inner over, also when it fails: HYDRANT_OK or _NOMEM. Its name and type stand for both. */
hydrant_status hy_intake_journal_create(const struct hy_intake_journal_options *options,
                                        struct hy_intake *inner, struct hy_intake **out,
                                        hydrant_error *err);

#endif
