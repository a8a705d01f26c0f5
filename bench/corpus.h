/*
 * The posts that a bench program runs on, with rules and the true answers: from --corpus, --rules
 * and --truth, or made on the spot by the generator of `hydrant gen` (10,000 phrases, 20 % hits).
 */
#ifndef HY_BENCH_CORPUS_H
#define HY_BENCH_CORPUS_H

#include <hydrant/hydrant.h>

#include "batch/batch.h"
#include "bench.h"
#include "made_file.h"

struct bench_corpus {
    char *data; /* NDJSON, 64 readable bytes behind it */
    size_t len;
    struct hy_record *records; /* one a line */
    uint32_t count;
    bool *matches; /* of each record: does a rule match? NULL: not known */
    uint64_t matches_count;
    char rules_path[BENCH_PATH]; /* of made rules: a file that close removes; else empty */
    hydrant_pack *pack;
};

/* For bench_begin. */
#define BENCH_CORPUS_HELP                           \
    "  --corpus FILE, --rules PATH, --truth FILE\n" \
    "                 run on these (see hydrant gen) instead of data made on the spot\n"

/* Takes these options out of argv, after bench_begin; exits 2 for what says nothing. */
void bench_corpus_options(struct bench *bench, int *argc, char **argv);

/* Opens at most posts_max posts. Exits with a message when it cannot. */
void bench_corpus_open(const struct bench *bench, uint32_t posts_max, struct bench_corpus *out);
void bench_corpus_close(struct bench_corpus *corpus);

/* The texts as decoded from JSON, one a line (line ends in them are spaces). The caller frees
 * *lines[i].data as one block: lines[0].data. */
hydrant_str *bench_corpus_texts(const struct bench_corpus *corpus);

/* The files of the rules; path of --rules or of the made file. */
const char *bench_corpus_rules(const struct bench *bench, const struct bench_corpus *corpus);

/* Words and phrases of the rules as written, without those in other forms (handles, wildcards,
 * fields); each once, in no order of meaning. The caller frees *out and its one block, out[0].data.
 */
size_t bench_rule_phrases(const char *rules_path, hydrant_str **out);

/* How many records held no post that can be read: they cost little, and count as posts. */
uint64_t bench_unread(const hydrant_stats *stats);

/* The posts as a file that goes with the process: writes its path to path (64 bytes are enough) and
 * returns it. */
const char *bench_corpus_file(const struct bench_corpus *corpus, char *path, size_t size);

/* Fills parcel with records [first, ...), as many as the feeder would put into one: at most
 * HY_BATCH_MENTIONS, and those of one block of bytes. Next is first + parcel->count. */
void bench_corpus_parcel(const struct bench_corpus *corpus, uint32_t first,
                         struct hy_parcel *parcel);

#endif
