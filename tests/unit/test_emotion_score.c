#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "emotion/emotion.h"

/* The built-in model on sentences written for this test: a model that learned nothing fails. */

static const struct hy_emotion_model *model;

static int open_model(void **state)
{
    return hy_emotion_model_builtin(&model, NULL) == HYDRANT_OK ? 0 : -1;
}

static hydrant_emotion score(const char *text, const char *lang)
{
    hydrant_emotion emotion;
    hy_emotion_score(model, hy_str_cstr(text), hy_str_cstr(lang), &emotion);
    return emotion;
}

struct sentence {
    const char *text;
    const char *label;     /* among the labels */
    const char *sentiment; /* the single best */
    const char *act;       /* the single best */
};

static const struct sentence sentences[] = {
    {"Thank you so much for the quick help!", "gratitude", "positive", "gratitude"},
    {"I love this phone, best purchase in years", "love", "positive", "statement"},
    {"Congratulations, you did a wonderful job", "admiration", "positive", "statement"},
    {"haha that is the funniest thing I have seen all week", "amusement", "positive", "statement"},
    {"I'm so sorry, I apologize for my mistake", "remorse", "negative", "statement"},
    {"This is disgusting, I feel sick", "disgust", "negative", NULL},
    {"I am scared and terrified of what comes next", "fear", "negative", "statement"},
    {"I hope it gets better soon", "optimism", "positive", "statement"},
    {"Wow, I did not expect that at all", "surprise", "ambiguous", "statement"},
    {"I'm so sad, I cried all night", "sadness", "negative", "statement"},
    {"Why would anyone do this? I wonder how it works", "curiosity", "ambiguous", "question"},
    {"The train leaves at nine from platform two", "neutral", "neutral", "statement"},
    {"@att no signal again, third day, this is unacceptable", NULL, NULL, "complaint"},
    {"my order never arrived and nobody answers the phone, terrible service", NULL, "negative",
     "complaint"},
    {"how do I reset my router?", NULL, NULL, "question"},
    {"Can you please send me a replacement card", NULL, NULL, "request"},
    {"fuck you @att, you idiots", "anger", "negative", "abuse"},
};

static bool has_label(const hydrant_emotion *emotion, const char *label)
{
    for (unsigned i = 0; i < HYDRANT_EMOTIONS; i++)
        if (strcmp(hydrant_emotion_name(i), label) == 0)
            return emotion->labels >> i & 1;
    return false;
}

static void reads_plain_sentences(void **state)
{
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        const struct sentence *s = &sentences[i];
        hydrant_emotion e = score(s->text, "en");
        const char *sentiment = hydrant_sentiment_name(e.sentiment);
        const char *act = hydrant_speech_act_name(e.speech_act);
        if ((s->label && !has_label(&e, s->label)) ||
            (s->sentiment && strcmp(sentiment, s->sentiment) != 0) ||
            (s->act && strcmp(act, s->act) != 0)) {
            print_message("%s: %s, %s, %s (labels %08x, valence %.2f)\n", s->text,
                          hydrant_emotion_name(e.label), sentiment, act, e.labels, e.valence);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_plain_sentences, open_model),
    };
    return cmocka_run_group_tests_name("emotion_score", tests, NULL, NULL);
}
