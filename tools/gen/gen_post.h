/*
 * One post on its way: what it is (gen_plan.c), what it says (gen_compose.c, gen_repeat.c), which
 * rules match (gen_judge.c), who says it (gen_people.c) and how it is written (gen_record.c).
 * Everything in a worker belongs to one thread.
 */
#ifndef HY_TOOLS_GEN_POST_H
#define HY_TOOLS_GEN_POST_H

#include "gen_world.h"

enum { GEN_TOKENS_MAX = 1024, GEN_SCRATCH_BYTES = 16 << 10, GEN_MATCHES_MAX = 64 };
enum { GEN_BLOCK_POSTS = 1024, GEN_BLOCKS_KEPT = 128 };

/* What a post was made from. X(NAME, "name in the truth") */
#define GEN_REPEAT_TABLE(X)                                                            \
    X(NONE, "none")           /* an original */                                        \
    X(REPOST, "repost")       /* the network's own repost: same text, repost_of set */ \
    X(RT, "rt")               /* RT @somebody: text */                                 \
    X(COPY, "copy")           /* same text, another author */                          \
    X(AGAIN, "again")         /* same text, same author */                             \
    X(TYPO, "typo")           /* one word misspelt */                                  \
    X(URL, "url")             /* another link, or one more */                          \
    X(EMOJI, "emoji")         /* emoji at an end */                                    \
    X(MENTION, "mention")     /* another account in front, or a hashtag at the end */  \
    X(TRUNCATED, "truncated") /* cut short with … */
enum gen_repeat {
#define GEN_REPEAT_ENUM(NAME, name) GEN_REPEAT_##NAME,
    GEN_REPEAT_TABLE(GEN_REPEAT_ENUM)
#undef GEN_REPEAT_ENUM
        GEN_REPEATS
};
extern const char *const gen_repeat_names[GEN_REPEATS];

enum gen_network {
    GEN_NETWORK_X,
    GEN_NETWORK_BLUESKY,
    GEN_NETWORK_REDDIT,
    GEN_NETWORK_MASTODON,
    GEN_NETWORK_FACEBOOK,
    GEN_NETWORK_FORUM,
    GEN_NETWORKS
};

enum gen_language {
    GEN_EN,
    GEN_ES,
    GEN_FR,
    GEN_DE,
    GEN_RU,
    GEN_AR,
    GEN_JA,
    GEN_ZH,
    GEN_KO,
    GEN_LANGUAGES
};
extern const char gen_language_codes[GEN_LANGUAGES][3];
extern const uint32_t gen_language_weights[GEN_LANGUAGES];

/* What a post is, before what it says. Pure in (options, index). */
struct gen_plan {
    uint64_t index;        /* the post; of a redelivery, the one that comes again */
    uint64_t origin;       /* the post whose content it has; index when it is an original */
    uint64_t conversation; /* the post that began the conversation; index when it does */
    uint64_t quoted;       /* the post that it quotes; index when none */
    enum gen_repeat repeat;
    enum gen_network network;
    bool reply; /* to conversation */
    bool redelivered;
};

struct gen_burst {
    bool on;
    uint32_t brand;
};

enum gen_style { GEN_STYLE_NORMAL, GEN_STYLE_LOWER, GEN_STYLE_CAPS };

/* What a post says. */
struct gen_draft {
    struct gen_token tokens[GEN_TOKENS_MAX];
    uint32_t count;
    uint32_t bytes; /* about, for the length that is aimed at */
    char scratch[GEN_SCRATCH_BYTES];
    uint32_t scratch_used;
    enum gen_language language;
    enum gen_class class;
    enum gen_style style;
    uint32_t brand; /* whom it is about */
    bool own;       /* the brand speaks */
};

/* Which rules match a draft; at most the first GEN_MATCHES_MAX. */
struct gen_verdict {
    uint32_t rules[GEN_MATCHES_MAX]; /* sorted */
    uint32_t count;
    /* The first word of a term that only an emoji keeps from being one, and the emoji; or count of
     * tokens. Such a place is not decided here: the composer puts a word in between. */
    uint32_t doubtful;
};

struct gen_person {
    uint64_t id, followers, posts;
    char handle[32], name[64];
    const char *bio;
    uint32_t handle_len, name_len, bio_len;
    bool verified;
};

/* A bio: text of the people's own, safe inside a JSON string. */
struct gen_bio {
    const char *text;
    uint32_t len;
};

struct gen_people {
    struct gen_bio *bios;
    uint32_t *exp2; /* 2^(16 + i/256), i = 0..255 */
};

/* Numbers of grammar slots. */
struct gen_class_slots {
    uint32_t chat, brand, hit, more, open, emoji;
};
struct gen_other_slots {
    uint32_t chat, brand, hit, more, detail, trouble;
};

struct hy_gen {
    struct gen_world world;
    struct gen_people people;
    struct gen_class_slots english[GEN_CLASSES];
    struct gen_other_slots other[GEN_LANGUAGES];
    uint32_t slot_detail, slot_own, slot_tags, slot_tags_bad, slot_tags_good, slot_breaker,
        slot_apart, slot_bad, slot_good;
    uint32_t language_cut[GEN_LANGUAGES]; /* cumulative shares of 2^32 */
    uint32_t language_last;               /* the last one in use */
};

struct hy_gen_worker {
    const struct hy_gen *gen;
    struct gen_draft draft;
    /* Start and length of block b, at b % GEN_BLOCKS_KEPT. */
    int64_t block_us[GEN_BLOCKS_KEPT], block_length_us[GEN_BLOCKS_KEPT];
    uint64_t blocks_known; /* blocks 0..blocks_known-1 have been timed */
};

/* gen_plan.c */
struct gen_plan gen_plan_post(const struct hy_gen_options *options, uint64_t index);
struct gen_burst gen_plan_burst(const struct gen_world *world, uint64_t index);
/* Microseconds since 1970; index at most GEN_LOOKBACK before the newest one asked for. */
int64_t gen_plan_time(struct hy_gen_worker *worker, uint64_t index);
enum { GEN_LOOKBACK = 60000 };

/* gen_compose.c: writes the draft of post `origin`. Pure in (options, origin). */
void gen_compose(const struct hy_gen *gen, uint64_t origin, struct gen_draft *draft);
/* False when options.languages names none that is known. */
bool gen_compose_init(struct hy_gen *gen);

/* gen_draft.c */
/* Adds a token; drops it when the draft is full. */
void gen_draft_push(struct gen_draft *draft, struct gen_token token);
/* Puts a token before position at. */
void gen_draft_insert(struct gen_draft *draft, uint32_t at, struct gen_token token);
/* Text of the draft's own; NULL when it is full. */
char *gen_draft_keep(struct gen_draft *draft, const char *text, uint32_t len);
/* A token of text that the world does not know; "..." when the draft is full. */
struct gen_token gen_draft_unknown(struct gen_draft *draft, const char *text, uint32_t len,
                                   enum gen_kind kind);
struct gen_token gen_draft_url(struct gen_draft *draft, struct gen_rng *rng);
struct gen_token gen_draft_user(const struct hy_gen *gen, struct gen_draft *draft,
                                struct gen_rng *rng);
struct gen_token gen_draft_emoji(const struct hy_gen *gen, enum gen_class class,
                                 struct gen_rng *rng);

/* gen_repeat.c: turns the draft into a repeat of itself. The rules that match stay the same.
 * Returns what was done: where the planned change finds nothing to change, it is another one. */
enum gen_repeat gen_repeat_apply(const struct hy_gen *gen, const struct gen_plan *plan,
                                 const struct gen_person *first_author, struct gen_draft *draft);

/* gen_judge.c: also sets each token's mark. */
void gen_judge(const struct gen_world *world, struct gen_draft *draft, struct gen_verdict *verdict);

/* gen_people.c */
bool gen_people_init(struct hy_gen *gen);
void gen_people_fini(struct gen_people *people);
enum { GEN_PEOPLE = 1 << 20 };
void gen_person_make(const struct hy_gen *gen, uint32_t number, enum gen_language language,
                     struct gen_person *person);
uint32_t gen_person_handle(uint64_t seed, uint32_t number, char out[32]);
uint32_t gen_person_of(const struct hy_gen_options *options, const struct gen_plan *plan);

/* gen_record.c: append to buffers that have GEN_RECORD_BYTES_MAX of room. */
enum { GEN_RECORD_BYTES_MAX = 2 << 20 };
struct gen_record {
    const struct gen_plan *plan;
    const struct gen_draft *draft;
    const struct gen_person *person;
    enum gen_repeat repeat; /* what was done */
};
void gen_record_write(struct hy_gen_worker *worker, const struct gen_record *record,
                      struct hy_gen_buffer *out);
void gen_record_truth(struct hy_gen_worker *worker, const struct gen_record *record,
                      const struct gen_verdict *verdict, struct hy_gen_buffer *out);

#endif
