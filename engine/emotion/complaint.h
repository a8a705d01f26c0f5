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

#define HY_COMPLAINT_START -2.47f

/* X(NAME, points, "what it is") */
#define HY_COMPLAINT_TABLE(X)                                                     \
    X(PROBLEM, 1.79f, "a problem word: broken, outage, rude")                     \
    X(PROBLEMS, 1.01f, "a second one")                                            \
    X(FAILURE, 1.92f, "what ought to work, negated: doesn't load, never arrived") \
    X(LACK, 0.30f, "a negated service word: no signal, no invoice")               \
    X(MISHAP, 1.23f, "what went wrong perhaps: late, charged, cold")              \
    X(MISHAPS, 0.81f, "a second one")                                             \
    X(STILL, 1.62f, "still, again, third time")                                   \
    X(TIME, 0.66f, "hours, weeks, since monday")                                  \
    X(WAIT, 0.55f, "waiting, queue, called them")                                 \
    X(PROMISE, 1.48f, "promised, was told, supposed")                             \
    X(NOTHING, 0.53f, "nobody, nothing, without")                                 \
    X(NEGATOR, 0.46f, "not, never, no")                                           \
    X(BUT, 0.47f, "but, though")                                                  \
    X(MOCKING, 0.44f, "love how, for nothing, oh great")                          \
    X(MOCKED_TROUBLE, 1.20f, "such words where there is any of the above")        \
    X(MOCKED_NOTHING, 0.36f, "such words and nothing: thanks for nothing")        \
    X(RESOLVED, -2.01f, "fixed, sorted, on time, no issues")                      \
    X(THANKS, -0.02f, "thanks")                                                   \
    X(QUESTION, -1.14f, "a question: its words or its mark")                      \
    X(SERVICE, 0.75f, "what a customer is served with")                           \
    X(UNHAPPY, 0.83f, "how unhappy the words and the model are, 0..1")            \
    X(NEUTRAL, 0.75f, "neutral sentiment by the model, 0..1")

enum {
#define HY_COMPLAINT_ENUM(NAME, points, meaning) HY_COMPLAINT_##NAME,
    HY_COMPLAINT_TABLE(HY_COMPLAINT_ENUM)
#undef HY_COMPLAINT_ENUM
        HY_COMPLAINT_SIGNS
};

#endif
