/*
 * Cues: closed classes of words and two-word phrases that rules are written over: the negators that
 * make negated features, the words of the valence layer, and those of the speech acts. The words
 * themselves are in tools/train/cues.txt; the model carries their hashes, so that they are loaded
 * and versioned with it.
 */
#ifndef HY_EMOTION_CUES_H
#define HY_EMOTION_CUES_H

#include "emotion/tokenize.h"
#include "pack/model_format.h"

/* X(NAME, "class in cues.txt", "what its words do") */
#define HY_CUE_TABLE(X)                                                                   \
    X(NEGATOR, "negator", "turns round the words behind it")                              \
    X(STRONGER, "stronger", "strengthens the next word: very")                            \
    X(WEAKER, "weaker", "weakens the next word: slightly")                                \
    X(BUT, "but", "what follows counts more than what came before")                       \
    X(ASKS, "asks", "begins a question: what, how")                                       \
    X(VERB, "verb", "begins a question when somebody follows: is, can, did")              \
    X(SOMEBODY, "somebody", "who or what a question's verb is about: you, it, anyone")    \
    X(YOU, "you", "the one spoken to")                                                    \
    X(UNREAL, "unreal", "praise behind it is none: far from, used to, wish your")         \
    X(PLEASE, "please", "asks politely")                                                  \
    X(WANT, "want", "the author wants it: need, want, would like")                        \
    X(WONDERS, "wonders", "asks anybody, without a question mark too: anyone know")       \
    X(HELP, "help", "what is asked for: help, fix, refund, call me")                      \
    X(THANKS, "thanks", "thanks")                                                         \
    X(PROBLEM, "problem", "something is wrong: broken, outage, refund, rude")             \
    X(SERVICE, "service", "what a customer is served with: order, bill, signal, support") \
    X(WORKS, "works", "what a service ought to do: work, arrive, answer")                 \
    X(INSULT, "insult", "an insult when said to or of somebody")                          \
    X(OBSCENE, "obscene", "obscene whatever it is about")                                 \
    X(HOSTILE, "hostile", "hostile as a phrase: shut up, drop dead")                      \
    X(MOCKING, "mocking", "means the opposite of thanks: for nothing")                    \
    X(PHRASE, "phrase", "may begin a two-word phrase; set by the trainer")                \
    X(MISHAP, "mishap", "went wrong perhaps: late, charged, cold, holding")               \
    X(STILL, "still", "it lasts or comes back: still, again, third time")                 \
    X(TIME, "time", "how long, since when: weeks, since monday")                          \
    X(WAIT, "wait", "waited or asked in vain perhaps: waiting, queue, emailed")           \
    X(PROMISE, "promise", "what was said would be: promised, was told, supposed")         \
    X(NOTHING, "nothing", "there is none of it: nobody, nothing, zero, empty")            \
    X(RESOLVED, "resolved", "went well: fixed, sorted, on time, no issues")               \
    X(CLOSING, "closing", "ends a post, whatever it says: regards, nice day")             \
    X(TARGET, "target", "whom insults are about: people, staff, bunch of")

enum hy_cue {
#define HY_CUE_ENUM(NAME, text, meaning) HY_CUE_BIT_##NAME,
    HY_CUE_TABLE(HY_CUE_ENUM)
#undef HY_CUE_ENUM
        HY_CUES
};

enum hy_cue_mask {
#define HY_CUE_ENUM(NAME, text, meaning) HY_CUE_##NAME = 1 << HY_CUE_BIT_##NAME,
    HY_CUE_TABLE(HY_CUE_ENUM)
#undef HY_CUE_ENUM
};

/* Without one of these nobody complains. */
#define HY_CUES_TROUBLE                                                                           \
    (HY_CUE_PROBLEM | HY_CUE_MISHAP | HY_CUE_STILL | HY_CUE_TIME | HY_CUE_WAIT | HY_CUE_PROMISE | \
     HY_CUE_NOTHING | HY_CUE_NEGATOR | HY_CUE_BUT | HY_CUE_UNREAL)

enum {
    HY_CUES_REACH = 4,        /* tokens behind a negator that it turns round, within its clause */
    HY_CUES_UNREAL_REACH = 6, /* the same for what is unreal, from the phrase's first word on */
};

/* The hash under which a phrase of two tokens stands among the cues. */
uint64_t hy_cue_phrase_hash(uint64_t first, uint64_t second);

/* Sets the cues of every token (both words of a phrase get the phrase's) and HY_TOKEN_NEGATED. */
void hy_cues_mark(const struct hy_emotion_model *model, struct hy_tokens *tokens);

#endif
