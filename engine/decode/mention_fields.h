/*
 * The fields of a mention as data: their names in the native format (dotted where they are inside
 * an object), what they hold and where that goes. JSON, CSV and the tests all read this table.
 *
 * Where on the path: decode, worker threads.
 */
#ifndef HY_DECODE_MENTION_FIELDS_H
#define HY_DECODE_MENTION_FIELDS_H

#include <hydrant/item.h>

#include "base/arena.h"
#include "base/assert.h"

enum hy_mention_kind {
    HY_MENTION_STRING,
    HY_MENTION_ID,     /* a string, or a number kept exactly as written */
    HY_MENTION_HANDLE, /* a string; one leading @ is taken off */
    HY_MENTION_TEXT,   /* cut at the text limit */
    HY_MENTION_EVENT,  /* "post", "edit" or "delete" */
    HY_MENTION_TIME,   /* see mention_time.h */
    HY_MENTION_COUNT,  /* a number without a fraction, >= 0; 2^64 and more is 2^64 - 1 */
    HY_MENTION_BOOL,
    HY_MENTION_URLS,    /* a list of strings or of objects with url and expanded */
    HY_MENTION_TAGS,    /* a list of strings; one leading # is taken off each */
    HY_MENTION_HANDLES, /* a list of strings; one leading @ is taken off each */
    HY_MENTION_STRINGS, /* a list of strings */
};

/*   X(name, kind, member of hydrant_mention, its bool "was given" or count of elements) */
#define HY_MENTION_TABLE(X)                                              \
    X("id", ID, id, id)                                                  \
    X("event", EVENT, event, event)                                      \
    X("created_at", TIME, created_at_us, created_at_us)                  \
    X("network", STRING, network, network)                               \
    X("site", STRING, site, site)                                        \
    X("url", STRING, url, url)                                           \
    X("lang", STRING, lang, lang)                                        \
    X("author.id", ID, author.id, author.id)                             \
    X("author.handle", HANDLE, author.handle, author.handle)             \
    X("author.name", STRING, author.name, author.name)                   \
    X("author.bio", STRING, author.bio, author.bio)                      \
    X("author.followers", COUNT, author.followers, author.has_followers) \
    X("author.posts", COUNT, author.posts, author.has_posts)             \
    X("author.verified", BOOL, author.verified, author.verified)         \
    X("text", TEXT, text, text)                                          \
    X("in_reply_to", ID, in_reply_to, in_reply_to)                       \
    X("conversation_id", ID, conversation_id, conversation_id)           \
    X("repost_of", ID, repost_of, repost_of)                             \
    X("quote_of", ID, quote_of, quote_of)                                \
    X("urls", URLS, urls, urls_count)                                    \
    X("hashtags", TAGS, hashtags, hashtags_count)                        \
    X("mentions", HANDLES, mentions, mentions_count)                     \
    X("media", STRINGS, media, media_count)                              \
    X("visibility", STRING, visibility, visibility)                      \
    X("metrics.likes", COUNT, metrics.likes, metrics.likes)              \
    X("metrics.reposts", COUNT, metrics.reposts, metrics.reposts)        \
    X("metrics.replies", COUNT, metrics.replies, metrics.replies)

struct hy_mention_field {
    const char *name;
    enum hy_mention_kind kind;
    uint16_t offset;      /* in hydrant_mention */
    uint16_t side_offset; /* of the bool or count; offset itself when there is none */
};

#define HY_MENTION_COUNT_ONE(name, kind, member, side) +1
enum { HY_MENTION_FIELDS = 0 HY_MENTION_TABLE(HY_MENTION_COUNT_ONE) };

extern const struct hy_mention_field hy_mention_fields[HY_MENTION_FIELDS];

/* A mention being filled in, and what is wrong with it so far. */
struct hy_draft {
    hydrant_mention *m;
    struct hy_arena *arena;
    uint32_t text_bytes_max;
    uint32_t ignored; /* optional fields of the wrong type */
    bool text_bad, id_bad, event_bad;
};

/* The member of the draft's mention at an offset of struct hy_mention_field. */
static inline void *hy_draft_member(const struct hy_draft *draft, uint16_t offset)
{
    return (char *)draft->m + offset;
}

/* Sets or clears the bool beside a field; there is none when the field itself stands for it, and
 * then its value must be written after this. A char, which may alias either. */
static inline void hy_draft_given(struct hy_draft *draft, const struct hy_mention_field *field,
                                  bool given)
{
    *(char *)hy_draft_member(draft, field->side_offset) = given;
}

static inline void hy_draft_count(struct hy_draft *draft, const struct hy_mention_field *field,
                                  uint64_t count)
{
    hy_draft_given(draft, field, true);
    *(uint64_t *)hy_draft_member(draft, field->offset) = count;
}

/*
 * Each sets a field from a value of one JSON type, or ignores and counts it where the field cannot
 * have that type. The strings must be valid UTF-8 and stay where they are. What an earlier value of
 * the same field had set is gone either way.
 */
void hy_draft_string(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str value);
void hy_draft_number(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str written);
void hy_draft_bool(struct hy_draft *draft, const struct hy_mention_field *field, bool value);
void hy_draft_null(struct hy_draft *draft, const struct hy_mention_field *field);
void hy_draft_wrong(struct hy_draft *draft, const struct hy_mention_field *field);

/* hy_draft_string, with what most fields are at hand. */
static inline void hy_draft_plain_string(struct hy_draft *draft,
                                         const struct hy_mention_field *field, hydrant_str value)
{
    if (HY_LIKELY(field->kind <= HY_MENTION_ID))
        *(hydrant_str *)hy_draft_member(draft, field->offset) = value;
    else
        hy_draft_string(draft, field, value);
}

/* Sets the text, cut at the limit. */
void hy_draft_text(struct hy_draft *draft, hydrant_str value);

/* Sets a list from elements (hydrant_url or hydrant_str, by the field's kind), copying them into
 * the arena. Marks (# or @) are off already. */
void hy_draft_list(struct hy_draft *draft, const struct hy_mention_field *field,
                   const void *elements, uint32_t count);

/* A list's element without the mark that its field's kind takes off. */
hydrant_str hy_mention_unmarked(const struct hy_mention_field *field, hydrant_str element);

/* Is the text empty or made of nothing but spaces, controls and zero-width characters? */
bool hy_text_blank(hydrant_str text);

/* What keeps the finished draft from being a mention: HYDRANT_DROP_NONE, BAD_TYPE or NO_TEXT. */
hydrant_drop hy_draft_verdict(const struct hy_draft *draft);

#endif
