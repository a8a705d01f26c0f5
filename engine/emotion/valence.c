/*
 * Stage 6: valence and intensity, as rules over the words so that a person can be told why.
 *
 * Valence is what VADER's authors found to hold for short informal texts (Hutto and Gilbert 2014):
 * each word has a valence of -4..4 from lexicons; words of degree before it strengthen or weaken
 * it, less so with distance; negation turns it round, but not fully; capitals among small letters
 * and exclamation marks strengthen it; after "but" it counts more, before it less.
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

static float degree_before(const struct hy_tokens *tokens, uint32_t at)
{
    float degree = 0, weight = 1;
    for (uint32_t back = 1; back <= 3 && back <= at; back++, weight -= 0.05f) {
        const struct hy_token *token = &tokens->list[at - back];
        if (token->kind == HY_TOKEN_PUNCT)
            break;
        if (token->cues & HY_CUE_STRONGER)
            degree += DEGREE * weight;
        else if (token->cues & HY_CUE_WEAKER)
            degree -= DEGREE * weight;
    }
    return degree;
}

static float points_of(const struct hy_tokens *tokens, uint32_t at, bool mixed_case)
{
    const struct hy_token *token = &tokens->list[at];
    float points = (float)token->valence / HY_MODEL_VALENCE_PER_POINT;
    if (points == 0)
        return 0;
    /* "no good": the negator works through the word that it negates, not by itself. */
    if ((token->cues & HY_CUE_NEGATOR) && at + 1 < tokens->count &&
        tokens->list[at + 1].valence != 0)
        return 0;
    float size = fabsf(points) + degree_before(tokens, at);
    if (mixed_case && (token->flags & HY_TOKEN_CAPS))
        size += CAPITALS;
    if (token->flags & HY_TOKEN_LONG)
        size *= ELONGATED;
    points = points < 0 ? -size : size;
    return token->flags & HY_TOKEN_NEGATED ? points * NEGATED : points;
}

static float emphasis(const struct hy_tokens *tokens)
{
    uint32_t exclamations = 0, questions = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct hy_token *token = &tokens->list[i];
        if (token->kind == HY_TOKEN_PUNCT && token->symbol == '!')
            exclamations += token->count;
        if (token->kind == HY_TOKEN_PUNCT && token->symbol == '?')
            questions += token->count;
    }
    if (exclamations > 4)
        exclamations = 4;
    if (questions > 5)
        questions = 5;
    return EXCLAMATION * (float)exclamations + (questions > 1 ? QUESTIONS * (float)questions : 0);
}

static uint32_t count_flag(const struct hy_tokens *tokens, uint8_t flag)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tokens->count; i++)
        count += (tokens->list[i].flags & flag) != 0;
    return count;
}

static uint32_t last_but(const struct hy_tokens *tokens)
{
    for (uint32_t i = tokens->count; i-- > 1;)
        if (tokens->list[i].cues & HY_CUE_BUT)
            return i;
    return 0;
}

float hy_valence(const struct hy_tokens *tokens)
{
    uint32_t capitals = count_flag(tokens, HY_TOKEN_CAPS), but = last_but(tokens);
    bool mixed_case = capitals > 0 && capitals < tokens->words;
    float sum = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        float points = points_of(tokens, i, mixed_case);
        if (but)
            points *= i < but ? BEFORE_BUT : AFTER_BUT;
        sum += points;
    }
    if (sum != 0)
        sum += sum > 0 ? emphasis(tokens) : -emphasis(tokens);
    return sum / sqrtf(sum * sum + SPREAD);
}

/* How much each emotion stirs, 0..1, for intensity. In the order of the labels. */
static const float arousal[HYDRANT_EMOTIONS] = {
    0.6f, 0.7f, 1.0f, 0.8f, 0.4f, 0.5f, 0.5f, 0.4f, 0.6f, 0.7f, 0.6f, 0.9f, 0.7f, 1.0f,
    0.9f, 0.6f, 1.0f, 0.8f, 0.8f, 0.7f, 0.5f, 0.7f, 0.3f, 0.6f, 0.7f, 0.7f, 0.8f, 0.0f};

float hy_intensity(const struct hy_tokens *tokens, const hydrant_emotion *emotion)
{
    float strongest = 0;
    for (uint32_t i = 0; i < HYDRANT_EMOTIONS; i++)
        strongest = fmaxf(strongest, emotion->scores[i] * arousal[i]);
    uint32_t exclamations = 0, degrees = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct hy_token *token = &tokens->list[i];
        if (token->kind == HY_TOKEN_PUNCT && token->symbol == '!')
            exclamations += token->count;
        degrees += (token->cues & HY_CUE_STRONGER) != 0;
    }
    float capitals = tokens->words ? (float)count_flag(tokens, HY_TOKEN_CAPS) / tokens->words : 0;
    float elongated = count_flag(tokens, HY_TOKEN_LONG) ? 0.1f : 0;
    /* Each sign takes its share of what is still missing to 1. */
    float calm = (1 - strongest) * (1 - 0.3f * fabsf(emotion->valence)) *
                 (1 - 0.3f * fminf(capitals * 2, 1)) * (1 - elongated) *
                 (1 - 0.08f * fminf((float)exclamations, 3)) *
                 (1 - 0.06f * fminf((float)degrees, 2));
    return 1 - calm;
}
