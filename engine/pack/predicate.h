/*
 * Predicates: the leaves of a program that look at a mention's fields and scores instead of its
 * words. HY_PREDICATE_TABLE is all there are; the compiler refuses any other name, so that a fact
 * that nobody can tell is an error in the rules and never silently false.
 *
 * What an absent field means: false. What is not known yet: pending, by HY_PROGRAM_FIELDS (the
 * mention is not complete) and HY_PROGRAM_SCORES (it is not scored). A mention that was looked at
 * but whose language the model does not cover has no scores: every score term is false.
 *
 * Threads and allocation: as program.h.
 */
#ifndef HY_PACK_PREDICATE_H
#define HY_PACK_PREDICATE_H

#include "pack/phrase.h"
#include "pack/program.h"

/*
 * X(NAME, needs): how each is written is in rules/compile_field.c.
 */
#define HY_PREDICATE_TABLE(X)                                                                     \
    X(FROM, HY_PROGRAM_FIELDS)         /* author.handle is text */                                \
    X(TO, HY_PROGRAM_FIELDS)           /* mentions has text, or @text stands in the text */       \
    X(AUTHOR, HY_PROGRAM_FIELDS)       /* phrase in author.name */                                \
    X(BIO, HY_PROGRAM_FIELDS)          /* phrase in author.bio */                                 \
    X(NETWORK, HY_PROGRAM_FIELDS)      /* network is text */                                      \
    X(SOURCE, 0)                       /* the source's name is text */                            \
    X(SITE, HY_PROGRAM_FIELDS)         /* site is text or below it */                             \
    X(SITE_KIND, HY_PROGRAM_FIELDS)    /* the brand lists the site as of that kind */             \
    X(OWN_FROM, HY_PROGRAM_FIELDS)     /* author.handle is one of the brand's own.from */         \
    X(OWN_TO, HY_PROGRAM_FIELDS)       /* TO for one of the brand's own.to */                     \
    X(LANG, HY_PROGRAM_FIELDS)         /* lang is text, or text and a region */                   \
    X(URL, HY_PROGRAM_FIELDS)          /* phrase in a link, of the text or of urls */             \
    X(DOMAIN, HY_PROGRAM_FIELDS)       /* a link's host is text or below it */                    \
    X(CONVERSATION, HY_PROGRAM_FIELDS) /* conversation_id is text */                              \
    X(REPLY_TO, HY_PROGRAM_FIELDS)     /* in_reply_to is text */                                  \
    X(FOLLOWERS, HY_PROGRAM_FIELDS)    /* low <= author.followers <= high */                      \
    X(POSTS, HY_PROGRAM_FIELDS)                                                                   \
    X(LIKES, HY_PROGRAM_FIELDS)                                                                   \
    X(REPLIES, HY_PROGRAM_FIELDS)                                                                 \
    X(REPOSTS, HY_PROGRAM_FIELDS)                                                                 \
    X(IS_REPLY, HY_PROGRAM_FIELDS) /* in_reply_to is given */                                     \
    X(IS_REPOST, HY_PROGRAM_FIELDS)                                                               \
    X(IS_QUOTE, HY_PROGRAM_FIELDS)                                                                \
    X(IS_VERIFIED, HY_PROGRAM_FIELDS)                                                             \
    X(IS_QUESTION, 0)                  /* a question mark at the end of a word or of the text */  \
    X(HAS_LINKS, HY_PROGRAM_FIELDS)    /* urls, or http:// or https:// in the text */             \
    X(HAS_HASHTAGS, HY_PROGRAM_FIELDS) /* hashtags, or a # before a word in the text */           \
    X(HAS_MENTIONS, HY_PROGRAM_FIELDS)                                                            \
    X(HAS_MEDIA, HY_PROGRAM_FIELDS)                                                               \
    X(HAS_PII, 0)                 /* personal data in the text */                                 \
    X(SAMPLE, HY_PROGRAM_FIELDS)  /* by the hash of network and id: threshold of 100 */           \
    X(EMOTION, HY_PROGRAM_SCORES) /* label, or score of a label compared with threshold */        \
    X(SENTIMENT, HY_PROGRAM_SCORES)                                                               \
    X(ACT, HY_PROGRAM_SCORES)                                                                     \
    X(INTENSITY, HY_PROGRAM_SCORES)                                                               \
    X(VALENCE, HY_PROGRAM_SCORES)                                                                 \
    X(DUP_KIND, HY_PROGRAM_POLICY)        /* dup.kind is index */                                 \
    X(DUP_COUNT, HY_PROGRAM_POLICY)       /* low <= dup.count <= high */                          \
    X(DUP_RECENT, HY_PROGRAM_POLICY)      /* low <= dup.last_60m <= high */                       \
    X(DUP_SAME_AUTHOR, HY_PROGRAM_POLICY) /* a repeat, the group's first is by the same author */ \
    X(FACT, HY_PROGRAM_POLICY)            /* bit index of mention.facts */                        \
    X(BRAND_OFF, HY_PROGRAM_POLICY)       /* its bit of mention.facts */                          \
    X(UNHAPPY, HY_PROGRAM_POLICY)         /* low <= mention.unhappy <= high */                    \
    X(TALK, HY_PROGRAM_POLICY)            /* bit index of mention.talk */                         \
    X(LAST, HY_PROGRAM_POLICY)            /* mention.last is index */                             \
    X(MATCHED, HY_PROGRAM_POLICY)         /* rule number index is among the matches */            \
    X(ACTION, HY_PROGRAM_POLICY)          /* verdict.action, as far as decided, is index */

enum hy_predicate_kind {
#define HY_PREDICATE_ENUM(NAME, needs) HY_PREDICATE_##NAME,
    HY_PREDICATE_TABLE(HY_PREDICATE_ENUM)
#undef HY_PREDICATE_ENUM
        HY_PREDICATE_KINDS
};

/* HY_PROGRAM_* of a kind. */
uint32_t hy_predicate_needs(enum hy_predicate_kind kind);

/* Comparison of a score; NONE: the label itself. */
enum hy_predicate_compare {
    HY_PREDICATE_LABEL,
    HY_PREDICATE_GT,
    HY_PREDICATE_GE,
    HY_PREDICATE_LT,
    HY_PREDICATE_LE
};

enum {
    HY_BRAND_NONE = UINT32_MAX - 1,    /* a brand that the rules say nothing about: own: is false */
    HY_BRAND_EVAL = UINT32_MAX - 2,    /* the brand in struct hy_eval */
    HY_BRAND_MATCHED = UINT32_MAX - 3, /* there: all that rules that matched are about */
    HY_PREDICATE_FIELD_BYTES = 4096    /* of a name, a handle or a biography that are looked at */
};

struct hy_predicate {
    uint8_t kind;    /* enum hy_predicate_kind */
    uint8_t compare; /* enum hy_predicate_compare */
    uint32_t index;  /* label, act, kind, rule */
    uint32_t brand;  /* OWN_*, SITE_KIND: index in pack->brands, HY_BRAND_ANY, _NONE or _EVAL */
    float threshold;
    int64_t low, high;       /* inclusive */
    hydrant_str text;        /* folded; ids as written */
    struct hy_phrase phrase; /* AUTHOR, BIO, URL */
};

enum hy_truth hy_predicate_eval(const struct hy_predicate *predicate, struct hy_eval *eval);

#endif
