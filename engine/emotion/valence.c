/*
 * Stage 6: valence and intensity, as rules over the words so that a person can be told why.
 *
 * Valence is what VADER's authors found to hold for short informal texts (Hutto and Gilbert 2014):
 * each word has a valence of -4..4 from lexicons; words of degree before it strengthen or weaken
 * it, less so with distance; negation turns it round, but not fully; capitals among small letters
 * and exclamation marks strengthen it; after "but" it counts more, before it less.
 *
 * Words of no list have no valence, and many posts say what they say without any other ("my alarm
 * didn't go off and i missed the bus"). There the model hears what the lists do not, so what it
 * leans to counts as points, too.
 */
#include <math.h>

#include "emotion/score.h"

/* In points of the lexicons' scale. */
static const float DEGREE = 0.293f;   /* a word like "very" right before */
static const float CAPITALS = 0.733f; /* a word in capitals where not all are */
static const float EXCLAMATION = 0.292f;
static const float QUESTIONS = 0.18f; /* each of several question marks */
/* Factors. */
static const float NEGATED = -0.74f;
static const float BEFORE_BUT = 0.5f;
static const float AFTER_BUT = 1.5f;
static const float ELONGATED = 1.15f;
static const float SPREAD = 15.0f; /* sum of points at which valence is about .7 is its root */
/* The model's lean: so much of it counts nothing, the rest so many points for each 1. */
static const float LEAN_IDLE = 0.15f;
static const float LEAN = 6.0f;

static uint32_t lowest(uint64_t bits)
{
    return (uint32_t)__builtin_ctzll(bits);
}

/* Words of degree up to three tokens before, within the clause. */
static float degree_before(const struct hy_glance *g, uint32_t at)
{
    static const float weights[] = {1.0f, 0.95f, 0.9f};
    float degree = 0;
    if (!(g->cue[HY_CUE_BIT_STRONGER] | g->cue[HY_CUE_BIT_WEAKER]))
        return 0;
    for (uint32_t back = 1; back <= 3 && back <= at; back++) {
        uint64_t bit = 1ull << (at - back);
        if (g->punct & bit)
            break;
        if (g->cue[HY_CUE_BIT_STRONGER] & bit)
            degree += DEGREE * weights[back - 1];
        else if (g->cue[HY_CUE_BIT_WEAKER] & bit)
            degree -= DEGREE * weights[back - 1];
    }
    return degree;
}

/* Words of degree before what they strengthen or weaken: "pretty rude" praises nothing. Those that
 * strengthen may mean what they say elsewhere, those that weaken at the end or behind another. */
static uint64_t only_of_degree(const struct hy_glance *g)
{
    uint64_t weaker = g->cue[HY_CUE_BIT_WEAKER] & ~(g->cue[HY_CUE_BIT_STRONGER] << 1);
    return (weaker & ~g->other >> 1) | (g->cue[HY_CUE_BIT_STRONGER] & g->valence >> 1);
}

/* Adds a token's points to both sums, with and without what its capitals are worth. */
static void add_points(struct hy_valence_sum *sum, const struct hy_tokens *tokens,
                       const struct hy_glance *g, uint32_t at)
{
    uint64_t bit = 1ull << at;
    /* "no good": the negator works through the word that it negates, not by itself. */
    if ((g->cue[HY_CUE_BIT_NEGATOR] & bit) && (g->valence & bit << 1))
        return;
    float points = (float)tokens->valence[g->base + at] / HY_MODEL_VALENCE_PER_POINT;
    float sign = points < 0 ? -1.0f : 1.0f;
    bool unreal = points > 0 && g->unreal & ~g->other & bit;
    bool turned = unreal || g->negated & ~g->other & bit;
    float factor = (g->elongated & bit ? ELONGATED : 1) * (turned ? NEGATED : 1) * sign;
    sum->unreal |= unreal;
    float size = fabsf(points) + degree_before(g, at);
    sum->now += size * factor;
    sum->now_caps += (g->capitals & bit ? size + CAPITALS : size) * factor;
}

void hy_valence_add(struct hy_valence_sum *sum, const struct hy_tokens *tokens,
                    const struct hy_glance *g)
{
    uint64_t but = g->cue[HY_CUE_BIT_BUT] & ~g->cue[HY_CUE_BIT_UNREAL] & g->fresh;
    if (g->base == 0)
        but &= ~1ull; /* nothing comes before it */
    uint64_t words = g->valence & ~only_of_degree(g) & g->fresh;
    for (uint64_t bits = words | but; bits; bits &= bits - 1) {
        uint32_t at = lowest(bits);
        if (but >> at & 1) {
            sum->before += sum->now;
            sum->before_caps += sum->now_caps;
            sum->now = sum->now_caps = 0;
            sum->but = true;
        }
        if (words >> at & 1)
            add_points(sum, tokens, g, at);
    }
}

static float emphasis(const struct hy_glance_totals *totals)
{
    float exclamations = totals->exclamations < 4 ? (float)totals->exclamations : 4;
    float questions = totals->questions < 5 ? (float)totals->questions : 5;
    return EXCLAMATION * exclamations + (questions > 1 ? QUESTIONS * questions : 0);
}

float hy_valence_words(const struct hy_valence_sum *sum, const struct hy_tokens *tokens,
                       const struct hy_glance_totals *totals)
{
    bool mixed_case = tokens->capitals > 0 && tokens->capitals < tokens->count - tokens->others;
    float before = mixed_case ? sum->before_caps : sum->before;
    float now = mixed_case ? sum->now_caps : sum->now;
    float points = sum->but ? before * BEFORE_BUT + now * AFTER_BUT : now;
    if (points != 0)
        points += points > 0 ? emphasis(totals) : -emphasis(totals);
    return points;
}

/* The model does not know praise that is none. */
float hy_valence_lean(const struct hy_valence_sum *sum, const hydrant_emotion *emotion)
{
    float lean = hy_sentiment_lean(emotion), size = fabsf(lean) - LEAN_IDLE;
    bool idle = size <= 0 || (sum->unreal && lean > 0);
    return idle ? 0 : copysignf(LEAN * size, lean);
}

float hy_valence(float points)
{
    return points / sqrtf(points * points + SPREAD);
}

/* How much each emotion stirs, 0..1, for intensity. In the order of the labels. */
static const float arousal[HYDRANT_EMOTIONS] = {
    0.6f, 0.7f, 1.0f, 0.8f, 0.4f, 0.5f, 0.5f, 0.4f, 0.6f, 0.7f, 0.6f, 0.9f, 0.7f, 1.0f,
    0.9f, 0.6f, 1.0f, 0.8f, 0.8f, 0.7f, 0.5f, 0.7f, 0.3f, 0.6f, 0.7f, 0.7f, 0.8f, 0.0f};

static float at_most(uint32_t count, uint32_t most)
{
    return (float)(count < most ? count : most);
}

float hy_intensity(const hydrant_emotion *emotion, float valence, const struct hy_tokens *tokens,
                   const struct hy_glance_totals *totals)
{
    float stirred[HYDRANT_EMOTIONS];
    for (uint32_t i = 0; i < HYDRANT_EMOTIONS; i++)
        stirred[i] = emotion->scores[i] * arousal[i];
    float strongest = stirred[hy_layer_best(stirred, HYDRANT_EMOTIONS)];
    uint32_t words = tokens->count - tokens->others;
    float capitals = words ? 2 * (float)tokens->capitals / (float)words : 0;
    /* Each sign takes its share of what is still missing to 1. */
    float calm =
        (1 - strongest) * (1 - 0.3f * fabsf(valence)) * (1 - 0.3f * (capitals < 1 ? capitals : 1)) *
        (1 - 0.1f * at_most(totals->elongated, 1)) *
        (1 - 0.08f * at_most(totals->exclamations, 3)) * (1 - 0.06f * at_most(totals->stronger, 2));
    return 1 - calm;
}
