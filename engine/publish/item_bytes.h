/*
 * Stage 9, the form in the ring: an item as bytes that a reader uses in place. docs/RING-FORMAT.md,
 * "Items", is the specification; the asserts keep the two together.
 *
 *   head (ring/ring_item.h) | directory of parts | parts, their arrays and strings in any order
 *
 * All offsets are from the record's first byte. A reader passes over parts that it does not know,
 * and over what a later version appended to one it knows. What NDJSON shows is there, and the
 * mention's site, author's name and figures; not its lists (urls, hashtags, mentions, media) and
 * the bio.
 *
 * Pure; any thread. The bytes may be anything: nothing outside of them is read.
 */
#ifndef HY_PUBLISH_ITEM_BYTES_H
#define HY_PUBLISH_ITEM_BYTES_H

#include <hydrant/item.h>

#include "ring/ring_item.h"

enum hy_item_part_kind {
    HY_PART_MENTION = 1,
    HY_PART_VERDICT,
    HY_PART_MATCHES,
    HY_PART_EMOTION,
    HY_PART_DUP,
    HY_PART_PII,
    HY_PARTS
};

/* A string: {0, 0} is none, which is not the same as an empty one. */
struct hy_item_ref {
    uint32_t at, len;
};

struct hy_item_directory {
    uint32_t count; /* of the hy_item_part that follow */
    uint32_t reserved;
};

struct hy_item_part {
    uint32_t kind; /* enum hy_item_part_kind */
    uint32_t at, bytes;
};

struct hy_item_list {
    uint32_t at, count;
};

enum hy_item_mention_flags {
    HY_ITEM_HAS_MENTION = 1 << 0,
    HY_ITEM_HAS_FOLLOWERS = 1 << 1,
    HY_ITEM_HAS_POSTS = 1 << 2,
    HY_ITEM_VERIFIED = 1 << 3,
    HY_ITEM_TRUNCATED = 1 << 4,
};

struct hy_item_mention {
    struct hy_item_ref pack, source; /* of the item */
    struct hy_item_ref id, network, site, url, lang, text;
    struct hy_item_ref in_reply_to, conversation_id, repost_of, quote_of, visibility;
    struct hy_item_ref author_id, author_handle, author_name;
    int64_t created_at_us;
    uint64_t followers, posts, likes, reposts, replies;
    uint32_t flags, drop;
};

struct hy_item_verdict {
    struct hy_item_ref route, escalate_to, escalate_why, private_why, private_channel, line;
    struct hy_item_list skills;  /* of hy_item_ref */
    struct hy_item_list reasons; /* of hy_item_pair: code, text */
    uint32_t moderate, reserved;
};

struct hy_item_pair {
    struct hy_item_ref first, second;
};

struct hy_item_match {
    struct hy_item_ref rule, brand, route;
    struct hy_item_list tags;  /* of hy_item_pair */
    struct hy_item_list spans; /* of hydrant_span */
};

struct hy_item_emotion {
    float scores[HYDRANT_EMOTIONS], ekman[HYDRANT_EKMAN], sentiments[HYDRANT_SENTIMENTS];
    float acts[HYDRANT_SPEECH_ACTS];
    uint32_t labels, ekman_labels, sentiment_labels;
    uint8_t label, sentiment, speech_act, scored;
    float valence, intensity;
};

struct hy_item_dup {
    struct hy_item_ref first_id, first_author;
    int64_t first_at_us;
    uint32_t kind, count, same_author;
    uint32_t exact, near, reposts, quotes, authors;
    uint32_t last_1m, last_5m, last_60m, doubling_s;
    struct hy_item_list spread; /* of hy_item_ref */
};

struct hy_item_pii {
    struct hy_item_ref kind;
    hydrant_span span;
};

_Static_assert(sizeof(struct hy_item_part) == 12, "RING-FORMAT: part");
_Static_assert(sizeof(struct hy_item_mention) == 184, "RING-FORMAT: mention");
_Static_assert(sizeof(struct hy_item_verdict) == 72, "RING-FORMAT: verdict");
_Static_assert(sizeof(struct hy_item_match) == 40, "RING-FORMAT: match");
_Static_assert(sizeof(struct hy_item_emotion) == 204, "RING-FORMAT: emotion");
_Static_assert(sizeof(struct hy_item_dup) == 80, "RING-FORMAT: dup");
_Static_assert(sizeof(struct hy_item_pii) == 16, "RING-FORMAT: pii");

/*
 * The item's record, for hy_ring_put, into out (aligned to 8). Returns its length; when that is
 * more than cap, out has nothing useful. item->seq is not in it: the ring gives items their seq.
 */
size_t hy_item_bytes(const hydrant_item *item, void *out, size_t cap);

/* Most scratch that hy_item_from_bytes needs for a record of so many bytes. */
size_t hy_item_scratch_bytes(uint32_t bytes);

/*
 * The item of a record; its strings and spans point into the record, the rest into scratch (aligned
 * to 8, hy_item_scratch_bytes). out->seq is 0. False when the bytes make no sense.
 */
bool hy_item_from_bytes(const void *record, uint32_t bytes, void *scratch, hydrant_item *out);

#endif
