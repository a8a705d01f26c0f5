/*
 * Inside stage 6: the steps of scoring one text, for the trainer, tests and the explanation of a
 * score. See emotion.h for what a user of the stage calls.
 */
#ifndef HY_EMOTION_SCORE_H
#define HY_EMOTION_SCORE_H

#include "emotion/complaint.h"
#include "emotion/emotion.h"
#include "emotion/features.h"
#include "emotion/glance.h"
#include "emotion/layers.h"
#include "emotion/tokenize.h"
#include "pack/model_format.h"

/*
 * The path from a text to its scores, as one machine runs it. All give the same bits.
 */
struct hy_score_path {
    const char *name;
    /* Splits text, sets cues and negation: all that comes before the model's rows. */
    void (*prepare)(const struct hy_emotion_model *model, hydrant_str text,
                    struct hy_tokens *tokens);
    /* The first logits of prepared tokens. Sets the valence of each. */
    void (*first)(const struct hy_emotion_model *model, struct hy_tokens *tokens,
                  float logits[HY_MODEL_ROW]);
    /* First logits of a text of that many tokens to the last ones, in place. */
    void (*second)(const struct hy_emotion_model *model, uint32_t tokens,
                   float logits[HY_MODEL_ROW]);
    /* Everything, with scratch of the caller's. */
    void (*text)(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                 struct hy_tokens *scratch, hydrant_emotion *out);
};

/* Of the machine that this is compiled for; the plain one outside of the path. */
extern const struct hy_score_path hy_score_path_here;

/* The best that this machine (or HYDRANT_CPU) allows. */
const struct hy_score_path *hy_score_path(void);

/* Is the text one that the model covers? See hy_emotion_score. */
bool hy_score_covers(const struct hy_tokens *tokens, hydrant_str lang);

/* ---- the rules above the model; glances of a text are added one after the other ---- */

/* valence.c */
struct hy_valence_sum {
    float before, now;           /* points before the last "but", and since */
    float before_caps, now_caps; /* the same if capitals count */
    bool but;
    bool unreal; /* there was praise that is none */
};
void hy_valence_add(struct hy_valence_sum *sum, const struct hy_tokens *tokens,
                    const struct hy_glance *glance);
/* What the model leans to: -1 negative .. 1 positive. */
static inline float hy_sentiment_lean(const hydrant_emotion *emotion)
{
    return emotion->sentiment_scores[HYDRANT_POSITIVE] -
           emotion->sentiment_scores[HYDRANT_NEGATIVE];
}
/* In points of the lexicons: of all words; of the lean. */
float hy_valence_words(const struct hy_valence_sum *sum, const struct hy_tokens *tokens,
                       const struct hy_glance_totals *totals);
float hy_valence_lean(const struct hy_valence_sum *sum, const hydrant_emotion *emotion);
/* -1 .. 1 */
float hy_valence(float points);

/* valence.c: 0 .. 1, from the scores, the valence of the words and how it is written. */
float hy_intensity(const hydrant_emotion *emotion, float valence, const struct hy_tokens *tokens,
                   const struct hy_glance_totals *totals);

/* speech.c: signs of the speech acts. Counts and flags. */
struct hy_speech_signs {
    bool asks_first; /* what, how ... at the beginning of a clause */
    bool asks_verb;  /* ... followed by a verb: how do, what is */
    bool inverted;   /* is it, can you ... at the beginning of a clause */
    bool wonders;    /* anyone know, any news */
    bool please;
    bool you_could;   /* can you, would you, with help, send, check ... nearby */
    bool help;        /* help, send, check ... anywhere */
    bool help_first;  /* ... at the beginning of a clause */
    bool help_wanted; /* ... with need, want, waiting nearby */
    bool service, user;
    bool obscene_you;
    bool obscene_first; /* begins a clause */
    bool hostile;
    bool mocking; /* thanks for nothing */
    bool thanks;
    bool but;
    bool lacks; /* negated service: no signal, no refund */
    bool fails; /* negated works: doesn't work, never arrived */
    bool still, times, waits, promises, nothings, negators, resolved; /* cues.h */
    uint32_t problems, mishaps;
    uint32_t insults; /* with you, or people, nearby */
    uint32_t slurs;   /* insults at nobody in particular */
    uint32_t obscene;
    float valence;               /* of the words alone, -1..1 */
    const hydrant_emotion *body; /* what was found without the closing courtesy; NULL: no such */
};
/* Where the courtesy begins that a post closes with ("Thanks, Tom", "Have a nice day!"); at the
 * end if there is none. */
uint32_t hy_speech_closing(const struct hy_tokens *tokens);
void hy_speech_add(struct hy_speech_signs *signs, const struct hy_glance *glance);
/* Sets acts and speech_act; the scores and signs->valence must be there. */
void hy_speech_end(const struct hy_speech_signs *signs, const struct hy_glance_totals *totals,
                   hydrant_emotion *emotion);

/* Of each sign of complaint.h how much of it there is, 0..1. */
void hy_speech_complaint_signs(const struct hy_speech_signs *signs,
                               const struct hy_glance_totals *totals,
                               const hydrant_emotion *emotion, float out[HY_COMPLAINT_SIGNS]);

#endif
