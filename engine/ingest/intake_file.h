/*
 * Files as a source of the daemon: those that a pattern names, one after the other in the order of
 * their names, .zst unpacked. With follow they are read in the order in which they were last
 * written to, the last one is read on as it grows, and new ones are taken as they appear; a file
 * that was replaced (rotated away) is read until nobody has written to it for a few seconds; one
 * that was cut, also if it has grown again since, is read from its beginning. With once, too, the
 * last one is not finished, so that a later run reads on.
 *
 * The open file is left for a new one only where that will grow rather than this: it has bytes, was
 * written to later, is not compressed as we cannot read it, and its name is not that of the open
 * file with something behind it. Others wait until the open file is left. Where a path that is no
 * pattern was rotated more than once meanwhile, the files that lay there in between are read, too:
 * those next to it with a number or a date behind its name, newer than the one that was left. What
 * lies at the path when the source starts is begun then, so that no rotation comes in front of it.
 *
 * All files of the source are one stream: file after file, by the bytes that they hold unpacked.
 *
 *   position  0 ........... a.ndjson ......... 700 ..... b.ndjson ..... 900 ... c.ndjson
 *   state     0 700/700 ino hash len a.ndjson  700 900/900 ... b.ndjson     900 - ... c.ndjson
 *
 * The state says where each file begins and ends, and how large it was on disk at its end. It is
 * saved before a file's first byte is delivered, so that a position means the same after a restart.
 * A file is known by its path or inode together with a hash of its first bytes; by its inode alone
 * where another one has taken its path while it was open, or it lies under another name. It is read
 * again from its beginning, since a format may need that; what lies before the position is left out
 * by the feeder. One that cannot be opened then is tried again, and nothing is read before it; the
 * last one, if it is missing, is waited for until a new file is begun. One that the pattern does
 * not name any more is left at its end.
 *
 * Limits: HY_INTAKE_FILES_MAX files are remembered, or fewer when their paths are longer than 149
 * bytes each: the state has room for no more. Those that are gone are forgotten first; when that is
 * not enough, nothing new is read, and an error says so. What is appended to a file after a later
 * one was begun is not read (a warning says so), nor is a file with a newline in its name, which no
 * line of the state can name.
 */
#ifndef HY_INGEST_INTAKE_FILE_H
#define HY_INGEST_INTAKE_FILE_H

#include "ingest/intake.h"

enum { HY_INTAKE_FILES_MAX = 16384 };

struct hy_intake_file_options {
    const char *name;    /* of the source; outlives it */
    const char *pattern; /* of glob(7), or a path */
    bool follow;
    bool once; /* end where there is no more; with follow the last file is not finished */
    uint64_t decompressed_bytes_max, decompressed_ratio_max; /* 0: as struct hy_feeder_options */
};

/* HYDRANT_OK or _NOMEM. Nothing is opened before start. */
hydrant_status hy_intake_file_create(const struct hy_intake_file_options *options,
                                     struct hy_intake **out, hydrant_error *err);

#endif
