/*
 * What scoring costs a post: 28 emotions, Ekman groups, sentiment, valence, intensity and speech
 * act, on the best path that this machine has (HYDRANT_CPU=scalar|avx2|avx512 chooses), and what
 * looking for personal data costs. Posts of about 100 bytes as customers write them, each a word
 * and the halves of two of them, in 1,152 ways: of few texts the processor knows the branches by
 * heart.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "bench.h"
#include "emotion/emotion.h"
#include "emotion/score.h"
#include "pack/model.h"
#include "pii/pii.h"

enum { POSTS = 4096, POST_BYTES = 160 };

#define PHONE "512-555-0142"
#define ADDRESS "tara.smith@example.com"

static const char *const patterns[] = {
    "@acme no internet since 6 this morning, third time this month and nobody picks up the phone!!",
    "just want to say thank you to Maria at the downtown store, she was patient and really kind 😊",
    "does anyone know whether the new plan works abroad? the page says one thing, the agent "
    "another",
    "charged twice for the same order, the refund is still processing after three weeks, so "
    "annoying",
    "the flight was delayed for 5 hours and all we got was a voucher that the shop did not accept",
    "love the new app, it is fast and simple, well done! only the dark mode is a bit too dark for "
    "me",
    "my order ships tomorrow, number 7731, and i will be at work, can you leave it with a "
    "neighbour?",
    "I am so tired of dropped calls. Every day, same corner, same time. What am I paying for "
    "here??",
    "picked up the router today, blue box, two cables, the manual says to wait ten minutes, "
    "waiting",
    "if you need me call " PHONE " or write to " ADDRESS ", I am home all of the week",
    "honestly not the worst coffee in town but the queue was long and the milk had gone sour, "
    "again",
    "you people are unbelievable, cancel my contract right now, I have asked four times since "
    "march",
};

static char posts[POSTS][POST_BYTES];
static hydrant_str texts[POSTS];
static const struct hy_emotion_model *model;

enum { PATTERNS = sizeof patterns / sizeof *patterns };

/* How long the words are that end in the first half. */
static size_t first_half(const char *text)
{
    size_t len = strlen(text) / 2;
    while (text[len] != ' ')
        len--;
    return len;
}

static void make_posts(void)
{
    static const char *const words[] = {"so", "ok", "well", "hey", "look", "again", "hm", "and"};
    for (uint32_t i = 0; i < POSTS; i++) {
        const char *begin = patterns[i % PATTERNS], *end = patterns[i / PATTERNS % PATTERNS];
        const char *word = words[i / (PATTERNS * PATTERNS) % 8];
        int len = snprintf(posts[i], POST_BYTES, "%s %.*s%s", word, (int)first_half(begin), begin,
                           end + first_half(end));
        texts[i] = hy_str(posts[i], (size_t)len);
    }
}

static uint64_t run_score(void *ctx)
{
    for (uint32_t i = 0; i < POSTS; i++) {
        hydrant_emotion emotion;
        hy_emotion_score(model, texts[i], HY_STR("en"), &emotion);
        bench_use(emotion.label);
    }
    return POSTS;
}

static uint64_t run_pii(void *ctx)
{
    for (uint32_t i = 0; i < POSTS; i++) {
        hydrant_pii found[HY_PII_MAX];
        bench_use(hy_pii_scan(texts[i], NULL, found, HY_PII_MAX));
    }
    return POSTS;
}

/* What a few posts say, as people would. */
static void check_labels(struct bench *bench)
{
    static const struct {
        uint32_t pattern;
        const char *emotion;
        hydrant_sentiment sentiment;
    } known[] = {{1, "gratitude", HYDRANT_POSITIVE},
                 {3, "annoyance", HYDRANT_NEGATIVE},
                 {5, "love", HYDRANT_POSITIVE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        hydrant_emotion emotion;
        const char *text = patterns[known[i].pattern];
        hy_emotion_score(model, hy_str(text, strlen(text)), HY_STR("en"), &emotion);
        bench_check(bench,
                    strcmp(hydrant_emotion_name(emotion.label), known[i].emotion) == 0 &&
                        emotion.sentiment == known[i].sentiment,
                    "%s, %s: %s", hydrant_emotion_name(emotion.label),
                    hydrant_sentiment_name(emotion.sentiment), text);
    }
}

static bool same_scores(const hydrant_emotion *a, const hydrant_emotion *b)
{
    return memcmp(a->scores, b->scores, sizeof a->scores) == 0 &&
           memcmp(a->ekman, b->ekman, sizeof a->ekman) == 0 &&
           memcmp(a->sentiment_scores, b->sentiment_scores, sizeof a->sentiment_scores) == 0 &&
           memcmp(a->acts, b->acts, sizeof a->acts) == 0 && a->labels == b->labels &&
           a->label == b->label && a->sentiment == b->sentiment && a->speech_act == b->speech_act &&
           a->valence == b->valence && a->intensity == b->intensity;
}

/* The path that is timed gives the bits of the plain one; personal data is where it was put. */
static void check_answers(struct bench *bench)
{
    static struct hy_tokens scratch;
    uint64_t bytes = 0;
    uint32_t differ = 0, pii = 0, places = 0;
    for (uint32_t i = 0; i < POSTS; i++) {
        hydrant_emotion emotion, plain;
        hydrant_pii found[HY_PII_MAX];
        hy_emotion_score(model, texts[i], HY_STR("en"), &emotion);
        hy_score_path_here.text(model, texts[i], HY_STR("en"), &scratch, &plain);
        bench_check(bench, emotion.scored, "post %u is not scored", i);
        differ += !same_scores(&emotion, &plain);
        pii += hy_pii_scan(texts[i], NULL, found, HY_PII_MAX);
        places += (strstr(posts[i], PHONE) != NULL) + (strstr(posts[i], ADDRESS) != NULL);
        bytes += texts[i].len;
    }
    check_labels(bench);
    bench_check(bench, differ == 0, "%u posts have other scores on the plain path", differ);
    bench_check(bench, pii == places, "%u places of personal data, not %u", pii, places);
    bench_value(bench, "emotion/post", "bytes", (double)bytes / POSTS);
}

int main(int argc, char **argv)
{
    struct bench bench;
    bench_begin(&bench, &argc, argv, "emotion", "scores and personal data of a post", NULL);
    bench_no_more_options(&bench, argc, argv);
    hydrant_error err = {0};
    if (!bench_check(&bench, hy_emotion_model_builtin(&model, &err) == HYDRANT_OK, "%s", err.text))
        return bench_end(&bench);
    make_posts();
    check_answers(&bench);
    const struct bench_case cases[] = {
        {.name = "emotion/score", .unit = "ns/post", .run = run_score},
        {.name = "pii/scan", .unit = "ns/post", .run = run_pii},
    };
    bench_time(&bench, cases, sizeof cases / sizeof *cases);
    return bench_end(&bench);
}
