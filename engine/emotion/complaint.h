/*
 * What tells that a post is a complaint: signs, each with its points. The points add up with those
 * of the text that has no sign (HY_COMPLAINT_START); p points are believed .5 + .5 p / (1 + |p|),
 * so that more than none is more likely a complaint than not.
 *
 * The points are found by hydrant-fit-acts (tools/train/fit_acts.c), which prints this table, from
 * the posts of tools/train/acts.tsv; the signs were chosen by hand. docs/emotion.md says how.
 */
#ifndef HY_EMOTION_COMPLAINT_H
#define HY_EMOTION_COMPLAINT_H

#define HY_COMPLAINT_START -2.23f

/* X(NAME, points, "what it is") */
#define HY_COMPLAINT_TABLE(X)                                                     \
    X(PROBLEM, 1.72f, "a problem word: broken, outage, rude")                     \
    X(PROBLEMS, 0.87f, "a second one")                                            \
    X(FAILURE, 1.99f, "what ought to work, negated: doesn't load, never arrived") \
    X(LACK, 0.38f, "a negated service word: no signal, no invoice")               \
    X(MISHAP, 1.58f, "what went wrong perhaps: late, charged, cold")              \
    X(MISHAPS, 0.91f, "a second one")                                             \
    X(STILL, 1.30f, "still, again, third time")                                   \
    X(TIME, 0.38f, "hours, weeks, since monday")                                  \
    X(WAIT, 1.18f, "waiting, queue, called them")                                 \
    X(PROMISE, 2.00f, "promised, was told, supposed")                             \
    X(NOTHING, 0.97f, "nobody, nothing, without")                                 \
    X(NEGATOR, 0.54f, "not, never, no")                                           \
    X(BUT, 0.28f, "but, though")                                                  \
    X(MOCKING, 2.34f, "love how, for nothing, oh great")                          \
    X(MOCK_PRAISE, 0.53f, "both of these: praise with what mocks")                \
    X(RESOLVED, -2.35f, "fixed, sorted, on time, no issues")                      \
    X(THANKS, -1.12f, "thanks")                                                   \
    X(QUESTION, -1.33f, "a question: its words or its mark")                      \
    X(SERVICE, 0.37f, "what a customer is served with")                           \
    X(UNHAPPY, 0.57f, "how unhappy the words and the model are, 0..1")            \
    X(NEUTRAL, 1.24f, "neutral sentiment by the model, 0..1")

enum {
#define HY_COMPLAINT_ENUM(NAME, points, meaning) HY_COMPLAINT_##NAME,
    HY_COMPLAINT_TABLE(HY_COMPLAINT_ENUM)
#undef HY_COMPLAINT_ENUM
        HY_COMPLAINT_SIGNS
};

#endif
