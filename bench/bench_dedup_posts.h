/*
 * Posts for the deduplication bench: lists read from files, posts put together from pieces of
 * others, and generated pairs whose label is known because of how they were made.
 */
#ifndef HY_BENCH_DEDUP_POSTS_H
#define HY_BENCH_DEDUP_POSTS_H

#include <stdbool.h>
#include <stdint.h>

enum { BENCH_POST_BYTES = 1024 };

/* One line of a stream: group -1 is background. */
struct bench_post {
    int64_t time_ms;
    uint32_t author;
    int32_t group;
    bool is_source; /* in the background, but a group was made from it */
    char *text;
};

struct bench_stream {
    struct bench_post *posts;
    uint32_t count;
};

/* Two posts and whether they say the same. */
struct bench_pair {
    bool same;
    char kind[32];
    char *a, *b;
};

struct bench_pairs {
    struct bench_pair *pairs;
    uint32_t count;
};

uint64_t bench_random(uint64_t *state);

/* FOLDER/pairs.tsv and FOLDER/stream.tsv. False, with a message on stderr, when they cannot be
 * read. */
bool bench_read_pairs(const char *folder, struct bench_pairs *out);
bool bench_read_stream(const char *folder, struct bench_stream *out);

/* The same, made up: templates filled in and edited. */
void bench_make_pairs(uint64_t seed, uint32_t count, struct bench_pairs *out);
void bench_make_stream(uint64_t seed, uint32_t count, struct bench_stream *out);

/* A background post of 8 to 20 words, in pieces of 2 to 5 words from posts of the stream. */
void bench_make_background(const struct bench_stream *stream, uint64_t *random,
                           char text[BENCH_POST_BYTES]);

void bench_free_pairs(struct bench_pairs *pairs);
void bench_free_stream(struct bench_stream *stream);

#endif
