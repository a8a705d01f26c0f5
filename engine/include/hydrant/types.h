/*
 * hydrant/types.h - the plain types that every hydrant header shares.
 *
 * Nothing here allocates, blocks or needs the library: strings, status codes, errors and the
 * enumerations that items are made of. C11 and C++17.
 */
#ifndef HYDRANT_TYPES_H
#define HYDRANT_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HYDRANT_API __attribute__((visibility("default")))
#else
#define HYDRANT_API
#endif

/* A run of bytes that somebody else owns. Not NUL-terminated. data may be NULL when len is 0. */
typedef struct hydrant_str {
    const char *data;
    uint32_t len;
} hydrant_str;

/* A half-open range [start, end) of byte offsets. */
typedef struct hydrant_span {
    uint32_t start;
    uint32_t end;
} hydrant_span;

/* What a call that can fail returns: HYDRANT_OK or one of the negative values. */
typedef enum hydrant_status {
    HYDRANT_OK = 0,
    HYDRANT_ERR_NOMEM = -1,       /* memory could not be had */
    HYDRANT_ERR_SYSTEM = -2,      /* a system call failed: see hydrant_error.sys_errno */
    HYDRANT_ERR_ARGUMENT = -3,    /* the caller passed something out of range */
    HYDRANT_ERR_RULES = -4,       /* rules, policy or word lists do not compile */
    HYDRANT_ERR_MODEL = -5,       /* the emotion model is missing, damaged or of another version */
    HYDRANT_ERR_LIMIT = -6,       /* a documented limit was reached */
    HYDRANT_ERR_STATE = -7,       /* not allowed in the state the object is in */
    HYDRANT_ERR_UNSUPPORTED = -8, /* this build or this kernel cannot do it */
    HYDRANT_ERR_DATA = -9,        /* an input as a whole is damaged (a corrupt .zst, say) */
    HYDRANT_ERR_AGAIN = -10,      /* would block; nothing was taken */
    HYDRANT_ERR_CANCELLED = -11   /* stopped by the caller */
} hydrant_status;

/*
 * Optional detail of a failure, owned by the caller. A function that fails fills in what it knows;
 * one that succeeds leaves it alone. line and column count from 1; 0 means "not known".
 */
typedef struct hydrant_error {
    hydrant_status status;
    int sys_errno; /* errno of the failing system call, or 0 */
    uint32_t line;
    uint32_t column;
    uint64_t offset; /* byte offset in file, where line and column make no sense */
    char file[256];  /* path, "" when there is none */
    char text[512];  /* one sentence for a person, no newline at its end */
} hydrant_error;

typedef enum hydrant_event {
    HYDRANT_EVENT_POST,
    HYDRANT_EVENT_EDIT,
    HYDRANT_EVENT_DELETE
} hydrant_event;

/* What an item says. */
typedef enum hydrant_item_event {
    HYDRANT_ITEM_MENTION, /* what to do about a mention that is new */
    HYDRANT_ITEM_UPDATE,  /* an earlier item's verdict is another now: a hold ended, the post was
                             edited */
    HYDRANT_ITEM_DELETE,  /* the post is gone: drop what is open about it */
    HYDRANT_ITEM_SPREAD,  /* a group of repeats grew past a threshold */
    HYDRANT_ITEM_EVENTS   /* how many */
} hydrant_item_event;

typedef enum hydrant_action {
    HYDRANT_ACTION_NONE, /* not judged: nothing matched */
    HYDRANT_ACTION_THANK,
    HYDRANT_ACTION_RESPOND,
    HYDRANT_ACTION_RECOVER,
    HYDRANT_ACTION_CORRECT,
    HYDRANT_ACTION_SHARE,
    HYDRANT_ACTION_MONITOR,
    HYDRANT_ACTION_IGNORE
} hydrant_action;

typedef enum hydrant_obligation {
    HYDRANT_OBLIGATION_NONE,
    HYDRANT_OBLIGATION_MAY,
    HYDRANT_OBLIGATION_MUST
} hydrant_obligation;

typedef enum hydrant_dup_kind {
    HYDRANT_DUP_NONE,
    HYDRANT_DUP_EXACT,
    HYDRANT_DUP_NEAR,
    HYDRANT_DUP_REDELIVERED
} hydrant_dup_kind;

/* GoEmotions' label order; the index of a bit in hydrant_emotion.labels. */
enum { HYDRANT_EMOTIONS = 28, HYDRANT_EKMAN = 7, HYDRANT_SENTIMENTS = 4, HYDRANT_SPEECH_ACTS = 6 };

typedef enum hydrant_sentiment {
    HYDRANT_POSITIVE,
    HYDRANT_NEGATIVE,
    HYDRANT_AMBIGUOUS,
    HYDRANT_NEUTRAL
} hydrant_sentiment;

typedef enum hydrant_speech_act {
    HYDRANT_ACT_STATEMENT,
    HYDRANT_ACT_QUESTION,
    HYDRANT_ACT_COMPLAINT,
    HYDRANT_ACT_GRATITUDE,
    HYDRANT_ACT_REQUEST,
    HYDRANT_ACT_ABUSE
} hydrant_speech_act;

/*
 * Why a record did not become an item. One table: the enumeration, the names in output and
 * statistics, and docs/drops.md are all made from it.
 *
 *   X(NAME, "name in output", "what it means")
 */
#define HYDRANT_DROP_TABLE(X)                                                               \
    X(NO_MATCH, "no_match", "no rule matched")                                              \
    X(IGNORED, "ignored", "the policy's action is ignore")                                  \
    X(DUPLICATE, "duplicate", "a repeat that the policy does not publish")                  \
    X(REDELIVERED, "redelivered", "the same network and id again, already published")       \
    X(NOT_JSON, "not_json", "the record is not one valid JSON object")                      \
    X(INVALID_UTF8, "invalid_utf8", "bytes that are not UTF-8, or a lone surrogate escape") \
    X(TOO_LONG, "too_long",                                                                 \
      "the record is larger than the record limit, or more than a source mapping can look " \
      "through")                                                                            \
    X(TOO_DEEP, "too_deep", "JSON nested deeper than the depth limit")                      \
    X(NO_TEXT, "no_text", "no text (or, for edit and delete, no id)")                       \
    X(BAD_TYPE, "bad_type", "text, id or event has a type or value it cannot have")         \
    X(BAD_ROW, "bad_row", "a CSV row that does not fit its header or breaks its quoting")   \
    X(DECOMPRESS, "decompress", "the compressed input is damaged, cut short or a bomb")     \
    X(SAMPLED_OUT, "sampled_out", "left out by a sample: term or an audit rate")            \
    X(NOT_POST, "not_post", "no post, but a record of its network: a like, a follow")       \
    X(KEEP_ALIVE, "keep_alive", "a source saying that it is still there")                   \
    X(STREAM_ERROR, "stream_error", "an error that a source sent in place of a post")

typedef enum hydrant_drop {
    HYDRANT_DROP_NONE,
#define HYDRANT_DROP_ENUM(NAME, text, meaning) HYDRANT_DROP_##NAME,
    HYDRANT_DROP_TABLE(HYDRANT_DROP_ENUM)
#undef HYDRANT_DROP_ENUM
        HYDRANT_DROPS /* how many, HYDRANT_DROP_NONE included */
} hydrant_drop;

#ifdef __cplusplus
}
#endif

#endif /* HYDRANT_TYPES_H */
