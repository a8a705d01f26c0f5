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

#define HY_COMPLAINT_START -2.33f

/* X(NAME, points, "what it is") */
#define HY_COMPLAINT_TABLE(X)                                                     \
    X(PROBLEM, 1.70f, "a problem word: broken, outage, rude")                     \
    X(PROBLEMS, 0.95f, "a second one")                                            \
    X(FAILURE, 2.16f, "what ought to work, negated: doesn't load, never arrived") \
    X(LACK, 0.36f, "a negated service word: no signal, no invoice")               \
    X(MISHAP, 1.16f, "what went wrong perhaps: late, charged, cold")              \
    X(MISHAPS, 0.82f, "a second one")                                             \
    X(STILL, 1.33f, "still, again, third time")                                   \
    X(TIME, 0.62f, "hours, weeks, since monday")                                  \
    X(WAIT, 0.57f, "waiting, queue, called them")                                 \
    X(PROMISE, 1.38f, "promised, was told, supposed")                             \
    X(NOTHING, 0.39f, "nobody, nothing, without")                                 \
    X(NEGATOR, 0.39f, "not, never, no")                                           \
    X(BUT, 0.49f, "but, though")                                                  \
    X(MOCKING, 2.39f, "love how, for nothing, oh great")                          \
    X(MOCK_PRAISE, 0.74f, "both of these: praise with what mocks")                \
    X(RESOLVED, -1.83f, "fixed, sorted, on time, no issues")                      \
    X(THANKS, -0.88f, "thanks")                                                   \
    X(QUESTION, -1.10f, "a question: its words or its mark")                      \
    X(SERVICE, 0.72f, "what a customer is served with")                           \
    X(UNHAPPY, 0.84f, "how unhappy the words and the model are, 0..1")            \
    X(NEUTRAL, 0.60f, "neutral sentiment by the model, 0..1")

enum {
#define HY_COMPLAINT_ENUM(NAME, points, meaning) HY_COMPLAINT_##NAME,
    HY_COMPLAINT_TABLE(HY_COMPLAINT_ENUM)
#undef HY_COMPLAINT_ENUM
        HY_COMPLAINT_SIGNS
};

#endif
