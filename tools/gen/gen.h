/*
 * The synthetic firehose: posts about invented brands, with the rules that look for them and the
 * true answers. Beside the path: `hydrant gen`, the benches and the tests use it.
 *
 * Post i is a pure function of (options, i): the first N posts of a longer run are the posts of a
 * shorter one, any part can be made alone, and several workers make parts at the same time. Nothing
 * depends on the machine, the time, the locale or floating point.
 *
 * What the truth means: "rules" is exact, worked out on the words of the post as it was composed.
 * "dup" is by intention: it names what a post was made from. Two short posts can also come out
 * alike by chance, as people do; the truth does not know about those.
 *
 * Not here: formats other than the native one, broken records, edits and deletes.
 */
#ifndef HY_TOOLS_GEN_H
#define HY_TOOLS_GEN_H

#include <hydrant/types.h>

enum hy_gen_size {
    HY_GEN_SHORT,  /* about 200 bytes: id, time, network, handle, text of about 70 bytes */
    HY_GEN_NORMAL, /* about 780 bytes with about 155 bytes of text */
    HY_GEN_X,      /* about 5 KB: the normal record among nested fields that hydrant ignores */
};

enum {
    HY_GEN_BRANDS_MAX = 10000,
    HY_GEN_PHRASES_MAX = 200000,
    HY_GEN_RATE_MAX = 1000000,
    HY_GEN_PPM = 1000000, /* rates are in millionths of the posts */
};

struct hy_gen_options {
    uint64_t seed;
    uint32_t brands;           /* 1..HY_GEN_BRANDS_MAX */
    uint32_t phrases;          /* 1..HY_GEN_PHRASES_MAX, over all rules */
    uint32_t hit_ppm;          /* share of posts that at least one rule matches */
    uint32_t duplicates_ppm;   /* share of posts that repeat an earlier one, edited or not */
    uint32_t redelivered_ppm;  /* share of records that are an earlier one again, same id */
    uint32_t posts_per_second; /* of the posts' own time, on average; 1..HY_GEN_RATE_MAX */
    enum hy_gen_size size;
    const char *languages; /* "mix", or codes from "en,es,fr,de,ru,ar,ja,zh,ko" */
};

/* Bytes that grow; data belongs to the buffer. Start with a zeroed one. */
struct hy_gen_buffer {
    char *data;
    size_t len, cap;
};

struct hy_gen;        /* brands, rules, words: immutable after create, shared by workers */
struct hy_gen_worker; /* one thread's scratch memory */

/* The defaults: seed 1, 40 brands, 10,000 phrases, 20 % hits, 10 % duplicates, 500 posts a second,
 * normal size, mixed languages. */
void hy_gen_options_init(struct hy_gen_options *options);

/* HYDRANT_ERR_ARGUMENT when an option is out of range, HYDRANT_ERR_NOMEM. */
hydrant_status hy_gen_create(const struct hy_gen_options *options, struct hy_gen **out,
                             hydrant_error *err);
void hy_gen_destroy(struct hy_gen **gen);

/* A worker may outlive nothing of its gen; destroy it first. */
hydrant_status hy_gen_worker_create(const struct hy_gen *gen, struct hy_gen_worker **out,
                                    hydrant_error *err);
void hy_gen_worker_destroy(struct hy_gen_worker **worker);

/*
 * Appends posts first .. first + count - 1 as NDJSON, and one line of truth each when truth is not
 * NULL. Fast when first is at or after the last post made by this worker. HYDRANT_OK or
 * HYDRANT_ERR_NOMEM.
 */
hydrant_status hy_gen_posts(struct hy_gen_worker *worker, uint64_t first, uint64_t count,
                            struct hy_gen_buffer *posts, struct hy_gen_buffer *truth);

/* Appends the rule file that the truth is about. HYDRANT_OK or HYDRANT_ERR_NOMEM. */
hydrant_status hy_gen_rules(const struct hy_gen *gen, struct hy_gen_buffer *out);

/* Makes room for extra bytes after len. HYDRANT_OK or HYDRANT_ERR_NOMEM, buffer unchanged. */
hydrant_status hy_gen_reserve(struct hy_gen_buffer *buffer, size_t extra);
void hy_gen_buffer_fini(struct hy_gen_buffer *buffer);

#endif
