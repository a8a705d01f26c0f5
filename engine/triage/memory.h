/*
 * What triage remembers: conversations, authors, and items that wait. Beside the path; stage 8 asks
 * and tells it mention by mention.
 *
 *   conversation  who of us and of others answered, whether the tone turned, the last action
 *   author        how many of his mentions were unhappy
 *   hold          an item that was published with hold_until, until an update ends it
 *
 * Threads: it has no lock and needs none: it is used in the turn of stages 7 and 8 only
 * (pipeline/ticket.h), so that what one worker writes happens before what the next one reads, and
 * the answers are the same for any number of workers. Saving and restoring are for a moment without
 * a batch on its way.
 *
 * Bounds: all memory is taken at create. A conversation or an author is in one of eight places that
 * its hash allows; the one that was longest quiet makes room. When there is no room for another
 * hold, nothing is held. What was quiet for keep_s counts as new.
 *
 * Time is a mention's created_at (or now), in seconds; it may go backwards, which ages nothing.
 */
#ifndef HY_TRIAGE_MEMORY_H
#define HY_TRIAGE_MEMORY_H

#include "batch/batch.h"

struct hy_memory;

enum { HY_VERDICT_SKILLS_MAX = 32 }; /* further ones are left out */

/* What is kept of an item that waits: strings of its mention and of its verdict, skills last. */
enum hy_hold_string {
    HY_HOLD_ID,
    HY_HOLD_CONVERSATION,
    HY_HOLD_AUTHOR,
    HY_HOLD_NETWORK,
    HY_HOLD_ROUTE,
    HY_HOLD_LINE,
    HY_HOLD_ESCALATE_TO,
    HY_HOLD_ESCALATE_WHY,
    HY_HOLD_PRIVATE_WHY,
    HY_HOLD_PRIVATE_CHANNEL,
    HY_HOLD_SKILLS,
    HY_HOLD_STRINGS_MAX = HY_HOLD_SKILLS + HY_VERDICT_SKILLS_MAX
};

enum { HY_HOLD_BYTES = 1024 }; /* of its strings together; an item with more is not held */

/* 0 means the default. */
struct hy_memory_options {
    uint32_t conversations; /* remembered, 65,536; rounded up to a power of two */
    uint32_t authors;       /* 65,536 */
    uint32_t holds;         /* 4,096 */
    uint32_t keep_s;        /* 30 days */
};

struct hy_conversation {
    uint64_t key; /* 0: free */
    uint32_t seen_s;
    uint32_t author; /* low half of the key of who began it, as far as we saw */
    uint8_t talk;    /* HY_TALK_* */
    uint8_t last;    /* hydrant_action */
};

/* An item that waits. Strings are kept here: the pack that made them may be gone by then. */
struct hy_hold {
    uint64_t conversation; /* 0: free */
    uint64_t author;
    int64_t until_us, created_us, respond_by_us;
    uint64_t post;         /* key of network and id */
    uint32_t next, before; /* by until_us; in a free one: the next free one */
    uint32_t chain;        /* the next whose conversation has the same remainder */
    uint32_t post_chain;   /* the same of the post */
    uint8_t action, obligation, priority, moderate, skills_count;
    uint16_t ends[HY_HOLD_STRINGS_MAX]; /* in bytes, where they stand one behind the other */
    char bytes[HY_HOLD_BYTES];
};

hydrant_status hy_memory_create(const struct hy_memory_options *options, struct hy_memory **out,
                                hydrant_error *err);
void hy_memory_destroy(struct hy_memory **memory); /* accepts NULL inside */

/* What a mention's conversation is known by (of what it answers, or of itself where it begins one),
 * and its author; 0 when there is nothing to know it by. */
struct hy_memory_keys {
    uint64_t conversation, author;
};

struct hy_memory_keys hy_memory_keys(const hydrant_mention *m);

/* Asks for the memory that waits will touch and, if whole, find, conversation and unhappy too. */
void hy_memory_prefetch(const struct hy_memory *memory, const struct hy_memory_keys *keys,
                        bool whole);

/* Is there a hold in the conversation? Cheap: asked for every reply of the stream. */
bool hy_memory_waits(const struct hy_memory *memory, uint64_t conversation);

/* What is known of the conversation, or a new entry; never NULL. Valid until the next call. */
struct hy_conversation *hy_memory_conversation(struct hy_memory *memory, uint64_t key,
                                               int64_t now_us);
/* The same without making one: NULL when it is not known. */
struct hy_conversation *hy_memory_find(struct hy_memory *memory, uint64_t key, int64_t now_us);

/* How many unhappy mentions the author has, after adding one if this is one. */
uint32_t hy_memory_unhappy(struct hy_memory *memory, uint64_t author, bool unhappy, int64_t now_us);

/* Keeps an item that waits. False when there is no room, or its strings are too long. */
bool hy_memory_hold(struct hy_memory *memory, const struct hy_memory_keys *keys,
                    const hydrant_mention *m, const hydrant_verdict *verdict);

/* The hold that ends first, if it ends at or before now_us; NULL when none does. */
struct hy_hold *hy_memory_due(struct hy_memory *memory, int64_t now_us);
/* The first hold in that conversation, or the next behind `after`; NULL when there is none. */
struct hy_hold *hy_memory_hold_in(const struct hy_memory *memory, uint64_t conversation,
                                  const struct hy_hold *after);
/* The hold of the post with that network and id; NULL when there is none. */
struct hy_hold *hy_memory_hold_of(struct hy_memory *memory, const hydrant_mention *m);
void hy_memory_end_hold(struct hy_memory *memory, struct hy_hold *hold);
uint32_t hy_memory_holds(const struct hy_memory *memory);

/*
 * The memory as bytes: versioned, with a checksum, for this machine's byte order. Save writes at
 * most cap bytes and returns how many there are in all. Restore replaces everything; it takes a
 * snapshot of other sizes too (what does not fit is left out). HYDRANT_ERR_DATA: not a snapshot, of
 * another version, or damaged; then the memory is empty.
 */
size_t hy_memory_save(const struct hy_memory *memory, void *out, size_t cap);
hydrant_status hy_memory_restore(struct hy_memory *memory, const void *bytes, size_t len,
                                 hydrant_error *err);

#endif
