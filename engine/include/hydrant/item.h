/*
 * hydrant/item.h - a mention (what came in) and an item (what hydrant says about it).
 *
 * All strings are UTF-8 and borrowed: a mention's belong to whoever filled it in, an item's live
 * until the callback that received it returns. C11 and C++17.
 */
#ifndef HYDRANT_ITEM_H
#define HYDRANT_ITEM_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HYDRANT_TIME_NONE INT64_MIN /* "no time given" */

typedef struct hydrant_author {
    hydrant_str id;
    hydrant_str handle; /* without the leading @ */
    hydrant_str name;
    hydrant_str bio;
    uint64_t followers; /* valid when has_followers */
    uint64_t posts;     /* valid when has_posts */
    bool has_followers;
    bool has_posts;
    bool verified;
} hydrant_author;

typedef struct hydrant_url {
    hydrant_str url;
    hydrant_str expanded; /* empty when the source gave none */
} hydrant_url;

typedef struct hydrant_metrics {
    uint64_t likes, reposts, replies; /* 0 when not given */
} hydrant_metrics;

/*
 * One post, comment or message. Only text is required (id for edits and deletes). An empty string
 * means "not given". Zero-initialise, then set what you have.
 */
typedef struct hydrant_mention {
    hydrant_str id;
    hydrant_event event;
    int64_t created_at_us; /* microseconds since 1970-01-01 UTC, or HYDRANT_TIME_NONE; in a mention
                              that is pushed, 0 means none too */
    hydrant_str network, site, url, lang;
    hydrant_author author;
    hydrant_str text; /* plain text, after HTML and entities were taken out */
    hydrant_str in_reply_to, conversation_id, repost_of, quote_of;
    const hydrant_url *urls;
    const hydrant_str *hashtags; /* without # */
    const hydrant_str *mentions; /* without @ */
    const hydrant_str *media;    /* kinds: image, video ... */
    uint32_t urls_count, hashtags_count, mentions_count, media_count;
    hydrant_str visibility;
    hydrant_metrics metrics;
    bool truncated; /* text was cut at the text limit */
} hydrant_mention;

typedef struct hydrant_tag {
    hydrant_str key, value;
} hydrant_tag;

/* One rule that matched. spans: offsets into the mention's text, sorted, leftmost-longest. */
typedef struct hydrant_match {
    hydrant_str rule, brand, route;
    const hydrant_tag *tags;
    const hydrant_span *spans;
    uint32_t tags_count, spans_count;
} hydrant_match;

/*
 * Scores are probabilities 0..1. labels, ekman_labels and sentiment_labels are bit sets over the
 * arrays' indices; label, sentiment and speech_act are the single best of each: label the one
 * furthest above its threshold, sentiment too, but not neutral where positive and negative are .2
 * apart. scored is false when the language is not covered: then everything else is zero.
 */
typedef struct hydrant_emotion {
    float scores[HYDRANT_EMOTIONS];
    float ekman[HYDRANT_EKMAN];
    float sentiment_scores[HYDRANT_SENTIMENTS];
    float acts[HYDRANT_SPEECH_ACTS];
    uint32_t labels, ekman_labels, sentiment_labels;
    uint8_t label;      /* index into scores */
    uint8_t sentiment;  /* hydrant_sentiment */
    uint8_t speech_act; /* hydrant_speech_act */
    bool scored;
    float valence;   /* -1 (bad) .. 1 (good), by the words and the sentiment scores */
    float intensity; /* 0 .. 1 */
} hydrant_emotion;

#define HYDRANT_DOUBLING_NONE UINT32_MAX /* a group of one has not doubled yet */

/*
 * The group that a mention is in. One that repeats nothing is the first of its own: its figures are
 * those of itself alone. first_author is the id of the first's author, or the handle where the
 * source gives no id; empty when neither is known or it is longer than 64 bytes. authors is an
 * estimate (exact for few, 7 % off on average for many), 0 when no author is known. last_* count
 * the copies of the last 1, 5 and 60 minutes before this mention's own time. docs/dedup.md says how
 * each is made.
 */
typedef struct hydrant_dup {
    hydrant_dup_kind kind;
    hydrant_str first_id; /* id of the group's first mention; this one's own when kind is none */
    uint32_t count;       /* distinct copies so far, this one included */
    bool same_author;     /* a repeat whose first copy has the same author; false if unknown */
    hydrant_str first_author;
    int64_t first_at_us;           /* whole seconds in a repeat; HYDRANT_TIME_NONE: not known */
    uint32_t exact, near, reposts; /* the copies behind the first, by how they were recognised */
    uint32_t quotes; /* mentions that quote one of the group in words of their own: no copies */
    uint32_t authors;
    uint32_t last_1m, last_5m, last_60m;
    uint32_t doubling_s; /* seconds in which the copies doubled last, or HYDRANT_DOUBLING_NONE */
    const hydrant_str *spread; /* thresholds of the policy that this mention made its group cross */
    uint32_t spread_count;
} hydrant_dup;

typedef struct hydrant_reason {
    hydrant_str code; /* stable, for programs */
    hydrant_str text; /* a sentence, for people */
} hydrant_reason;

/* Empty strings and HYDRANT_TIME_NONE are written as null. */
typedef struct hydrant_verdict {
    hydrant_action action;
    hydrant_obligation obligation;
    bool actionable;
    bool moderate;
    uint8_t priority; /* 0..100 */
    hydrant_str route;
    const hydrant_str *skills;
    uint32_t skills_count;
    int64_t respond_by_us;
    int64_t hold_until_us;
    hydrant_str escalate_to, escalate_why;
    hydrant_str private_why, private_channel; /* take_private is null when private_why is empty */
    hydrant_str line;                         /* the policy line that won */
    const hydrant_reason *reasons;
    uint32_t reasons_count;
} hydrant_verdict;

typedef struct hydrant_pii {
    hydrant_str kind;
    hydrant_span span;
} hydrant_pii;

/*
 * What hydrant publishes about one mention. Pointers that do not apply are NULL: test verdict and
 * matches_count before you use what they stand for.
 *
 *   MENTION  the verdict about a new mention
 *
 *   UPDATE   a verdict about a mention that came before, by network and id; of a mention that is
 *            not at hand any more (a hold that ended) only those, conversation_id, author.id and
 *            created_at_us are filled in, and there are no matches
 *
 *   DELETE   no verdict and no text: network and id of a post that was known and is gone
 *
 *   SPREAD   mention and dup of the repeat that crossed the threshold; its verdict, if it has one
 */
typedef struct hydrant_item {
    uint64_t seq;        /* counts items from 1, 0 when not published; of a ring: hydrant/ring.h */
    uint64_t generation; /* of the pack that judged it */
    hydrant_str pack;    /* content hash of that pack */
    hydrant_str source;  /* name of the input that delivered it; bytes that are no UTF-8: U+FFFD */
    uint64_t offset;     /* where its record begins there, unpacked; of one pushed as a mention: its
                            number there. Counts on after a drain, and with the next descriptor of
                            the same name */
    const hydrant_mention *mention; /* NULL when the record could not be decoded */
    hydrant_drop drop;              /* HYDRANT_DROP_NONE when published */
    uint32_t part;                  /* which mention of its record, from 0: a page holds several */
    const hydrant_verdict *verdict;
    const hydrant_match *matches;
    uint32_t matches_count;
    const hydrant_emotion *emotion;
    const hydrant_dup *dup;
    const hydrant_pii *pii;
    uint32_t pii_count;
    hydrant_item_event event;
} hydrant_item;

/* Names as they stand in NDJSON. NULL for a value out of range. */
HYDRANT_API const char *hydrant_event_name(hydrant_event event);
HYDRANT_API const char *hydrant_item_event_name(hydrant_item_event event);
HYDRANT_API const char *hydrant_action_name(hydrant_action action);
HYDRANT_API const char *hydrant_obligation_name(hydrant_obligation obligation);
HYDRANT_API const char *hydrant_dup_kind_name(hydrant_dup_kind kind);
HYDRANT_API const char *hydrant_drop_name(hydrant_drop drop);
HYDRANT_API const char *hydrant_drop_meaning(hydrant_drop drop);
HYDRANT_API const char *hydrant_emotion_name(unsigned index);
HYDRANT_API const char *hydrant_ekman_name(unsigned index);
HYDRANT_API const char *hydrant_sentiment_name(unsigned index);
HYDRANT_API const char *hydrant_speech_act_name(unsigned index);

#ifdef __cplusplus
}
#endif

#endif /* HYDRANT_ITEM_H */
