/* The figures of a run, for a program (one line of JSON) and for a person. */
#ifndef HY_TOOLS_RUN_STATS_H
#define HY_TOOLS_RUN_STATS_H

#include <hydrant/hydrant.h>
#include <stdio.h>

struct run_stats {
    hydrant_stats engine;
    hydrant_pack_info pack;
    double seconds;             /* wall clock of the run, compiling not included */
    double cpu_seconds;         /* user and system, the whole process from its start */
    double compile_cpu_seconds; /* the part of it before the run began */
};

void run_stats_json(FILE *out, const struct run_stats *stats); /* ends with a newline */
void run_stats_text(FILE *out, const struct run_stats *stats, bool colour);

double run_stats_wall_seconds(void); /* monotonic */
double run_stats_cpu_seconds(void);

/* Records that could not be read. */
uint64_t run_stats_bad(const hydrant_stats *stats);

/* Says on stderr when no record, or when only few of them, could be read, and why most could not.
 * True: none could, which is a failed run. */
bool run_stats_tell_bad(const char *command, const hydrant_stats *stats);

/* What each rule did, the busiest first: hits, share of all mentions, time, last match; and how
 * many matched nothing. */
void run_stats_rules(FILE *out, hydrant *engine, uint64_t posts);

#endif
