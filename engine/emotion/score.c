/*
 * Stage 6: one text to its scores. On the path after match; a worker's own thread.
 *
 * text -> bit masks -> tokens -> keys -> rows -> sums -> logits -> scores, labels
 *                        |                         |
 *                        +-> cues, valences -------+-> valence, intensity, speech act
 *
 * A token's keys are looked up one after the other and their rows noted (and asked for), then all
 * are added up, so that a miss in the cache is waited for together with the others.
 */
#include "emotion/score.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/prefetch.h"
#include "base/str.h"
#include "emotion/token_bits.h"

enum {
    CHUNK = 64, /* tokens that are looked up together */
    KEYS_MAX = 2 * CHUNK + HY_FEATURES_LAST + CHUNK * HY_FEATURES_GRAMS, /* EXTRAs and 4-grams */
};

/* How far apart positive and negative are where one of them is meant. */
static const float SIDE_LEAN = 0.2f;

/* What one text adds up to, while it does. */
struct sum {
    const struct hy_emotion_model *model;
    struct hy_tokens *tokens;
    int32_t acc[HY_MODEL_ROW];
    uint64_t keys[KEYS_MAX];                         /* of a chunk, but for its words' */
    uint16_t rows[CHUNK + KEYS_MAX + HY_LAYER_ROWS]; /* of its words, in their order; of the keys */
};

static inline void set_row(struct sum *s, uint32_t at, uint32_t row)
{
    hy_prefetch(&s->model->rows[row]);
    hy_prefetch(&s->model->rows[row].extra); /* half of the rows lie in two lines */
    s->rows[at] = (uint16_t)row;
}

static void ask_for_keys(const struct sum *s, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        hy_model_prefetch(s->model, s->keys[i]);
}

/* These list keys that the bitmap lets through, behind count of them, and ask for what they will be
 * looked up in; return how many there are. */

/* A word that the model has no row for, or only that of its lexicon classes. */
static uint32_t list_grams(struct sum *s, uint32_t count, uint32_t token)
{
    char word[HY_TOKEN_SPELL];
    if (s->tokens->kind[token] != HY_TOKEN_WORD)
        return count;
    uint32_t len = hy_token_spell(s->tokens, token, word);
    uint32_t first = count, end = count + hy_feature_grams(word, len, s->keys + count);
    for (uint32_t i = first; i < end; i++) {
        s->keys[count] = s->keys[i];
        count += hy_model_may_have(s->model, s->keys[i]);
    }
    ask_for_keys(s, first, count);
    return count;
}

/* A word, at its place among the rows, that has no row under its key, or only that of its lexicon
 * classes. A negated one is taken for the plain one; rows of classes are pairs: plain, negated. */
static uint32_t take_odd_word(struct sum *s, uint32_t count, uint32_t token, uint32_t at)
{
    bool negated = s->tokens->flags[token] & HY_TOKEN_NEGATED;
    uint32_t row = s->rows[at];
    if (!row && negated)
        row = hy_model_find(s->model, hy_feature_word(s->tokens->list[token].hash));
    bool shared = row >= s->model->shared_first;
    set_row(s, at, row + (shared && negated));
    return !row || shared ? list_grams(s, count, token) : count;
}

/* The rows of a chunk's words, in their order. */
static void find_words(struct sum *s, uint32_t first, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++) {
        uint64_t hash = s->tokens->list[first + i].hash;
        bool negated = s->tokens->flags[first + i] & HY_TOKEN_NEGATED;
        uint64_t key = negated ? hy_feature_negated(hash) : hy_feature_word(hash);
        set_row(s, i, hy_model_find(s->model, key));
    }
}

/* The EXTRAs of a chunk: most are not in the model. */
static uint32_t list_extras(struct sum *s, uint32_t first, uint32_t words)
{
    const struct hy_tokens *tokens = s->tokens;
    uint64_t before = first ? tokens->list[first - 1].hash : HY_FEATURES_BEGIN;
    uint32_t count = 0;
    for (uint32_t i = first; i < first + words; i++) {
        uint64_t hash = tokens->list[i].hash;
        s->keys[count] = hy_feature_pair(before, hash);
        count += hy_model_may_have(s->model, s->keys[count]);
        before = hash;
        hy_model_prefetch(s->model, hy_feature_word(hash));
        if (HY_UNLIKELY(tokens->flags[i] & (HY_TOKEN_CAPS | HY_TOKEN_LONG)))
            s->keys[count++] = hy_feature_style(tokens, i);
    }
    if (first + words == tokens->count) {
        hy_feature_last(tokens, s->keys + count);
        count += HY_FEATURES_LAST;
    }
    ask_for_keys(s, 0, count);
    return count;
}

/* Adds up the rows of a chunk, and sets the valence of its words when all have come from memory. */
static void take_chunk(struct sum *s, uint32_t first, uint32_t words)
{
    uint32_t count = list_extras(s, first, words);
    find_words(s, first, words);
    uint64_t odd = hy_halves_beyond(s->rows, (uint16_t)(s->model->shared_first - 1));
    for (odd &= hy_first_bits(words); odd; odd &= odd - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(odd);
        count = take_odd_word(s, count, first + at, at);
    }
    for (uint32_t i = 0; i < count; i++)
        set_row(s, words + i, hy_model_find(s->model, s->keys[i])); /* perhaps 0 */
    count += words;
    memset(s->rows + count, 0, HY_LAYER_ROWS * sizeof *s->rows);
    hy_layer_sum(s->model->rows, s->rows, count, s->acc);
    for (uint32_t i = 0; i < words; i++)
        s->tokens->valence[first + i] = s->model->rows[s->rows[i]].extra >> 2;
}

static void score_first(const struct hy_emotion_model *model, struct hy_tokens *tokens,
                        float logits[HY_MODEL_ROW])
{
    struct sum sum;
    sum.model = model;
    sum.tokens = tokens;
    memset(sum.acc, 0, sizeof sum.acc);
    for (uint32_t first = 0; first < tokens->count; first += CHUNK)
        take_chunk(&sum, first, tokens->count - first < CHUNK ? tokens->count - first : CHUNK);
    const struct hy_model_heads *heads = model->heads;
    float scale = 1.0f / sqrtf((float)(tokens->count ? tokens->count : 1));
    for (uint32_t h = 0; h < HY_MODEL_ROW; h++)
        logits[h] = heads->bias[h] + (float)sum.acc[h] * (heads->step[h] * scale);
}

static void prepare(const struct hy_emotion_model *model, hydrant_str text,
                    struct hy_tokens *tokens)
{
    hy_tokenize(tokens, text);
    hy_cues_mark(model, tokens);
}

/* ---- language ---- */

/* en, eng, and these with more behind them. */
static bool is_english(hydrant_str lang)
{
    if (lang.len < 2 || (lang.data[0] | 0x20) != 'e' || (lang.data[1] | 0x20) != 'n')
        return false;
    uint32_t len = lang.len > 2 && (lang.data[2] | 0x20) == 'g' ? 3 : 2;
    return lang.len == len || lang.data[len] == '-' || lang.data[len] == '_';
}

/* Codes that name no language: undetermined, several, not coded, no words, and qaa to qtz, which
 * are anybody's: X says qme, qht, qst of posts that are short or have no words. */
static bool is_unknown(hydrant_str lang)
{
    static const char *const codes[] = {"und", "mul", "mis", "zxx"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (hy_str_equal_nocase(lang, hy_str(codes[i], 3)))
            return true;
    if (lang.len == 3 && (lang.data[0] | 0x20) == 'q')
        return (lang.data[1] | 0x20) >= 'a' && (lang.data[1] | 0x20) <= 't';
    return lang.len == 0;
}

static bool covers_language(hydrant_str lang)
{
    return is_english(lang) || is_unknown(lang);
}

bool hy_score_covers(const struct hy_tokens *tokens, hydrant_str lang)
{
    return tokens->other_script <= tokens->latin && covers_language(lang);
}

/* Leaves emoji, emoticons and punctuation: what can be read in any language. */
static void keep_pictures(struct hy_tokens *tokens)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        uint8_t kind = tokens->kind[i];
        if (kind != HY_TOKEN_PUNCT && kind != HY_TOKEN_EMOJI && kind != HY_TOKEN_EMOTICON)
            continue;
        tokens->list[kept] = tokens->list[i];
        tokens->kind[kept] = kind;
        tokens->flags[kept] = tokens->flags[i];
        tokens->symbol[kept] = tokens->symbol[i];
        tokens->run[kept] = tokens->run[i];
        tokens->cues[kept++] = tokens->cues[i];
    }
    tokens->count = tokens->others = kept;
    tokens->capitals = 0;
}

/* ---- scores ---- */

/*
 * The sentiment furthest above its threshold; but where that is neutral while the scores of the two
 * that take a side are far enough apart, the higher of these. The thresholds are those of comments,
 * which annotators called neutral more often than people call posts.
 */
static uint8_t best_sentiment(const hydrant_emotion *emotion, const float *margins)
{
    uint32_t best = hy_layer_best(margins, HYDRANT_SENTIMENTS);
    float lean = hy_sentiment_lean(emotion);
    if (best != HYDRANT_NEUTRAL || fabsf(lean) < SIDE_LEAN)
        return (uint8_t)best;
    return lean > 0 ? HYDRANT_POSITIVE : HYDRANT_NEGATIVE;
}

static void set_scores(const struct hy_emotion_model *model, const float *logits,
                       hydrant_emotion *out)
{
    float scores[HY_MODEL_ROW], margins[HY_MODEL_ROW];
    uint64_t labels = hy_layer_scores(model, logits, scores, margins);
    memcpy(out->scores, scores, sizeof out->scores);
    memcpy(out->ekman, scores + HY_MODEL_EKMAN, sizeof out->ekman);
    memcpy(out->sentiment_scores, scores + HY_MODEL_SENTIMENT, sizeof out->sentiment_scores);
    out->labels = (uint32_t)labels & ((1u << HYDRANT_EMOTIONS) - 1);
    out->ekman_labels = (uint32_t)(labels >> HY_MODEL_EKMAN) & ((1u << HYDRANT_EKMAN) - 1);
    out->sentiment_labels = (uint32_t)(labels >> HY_MODEL_SENTIMENT);
    /* The single best is the one furthest above its threshold. */
    out->label = (uint8_t)hy_layer_best(margins, HYDRANT_EMOTIONS);
    out->sentiment = best_sentiment(out, margins + HY_MODEL_SENTIMENT);
}

static void apply_rules(const struct hy_tokens *tokens, const hydrant_emotion *body,
                        hydrant_emotion *out)
{
    struct hy_glance glance;
    struct hy_glance_totals totals = {0};
    struct hy_valence_sum valence = {0};
    struct hy_speech_signs signs = {.body = body};
    for (bool more = hy_glance_first(tokens, &glance); more;
         more = hy_glance_next(tokens, &glance)) {
        hy_glance_count(&glance, &totals);
        hy_valence_add(&valence, tokens, &glance);
        hy_speech_add(&signs, &glance);
    }
    float words = hy_valence_words(&valence, tokens, &totals);
    out->valence = hy_valence(words + hy_valence_lean(&valence, out));
    /* These have the scores besides. */
    signs.valence = hy_valence(words);
    out->intensity = hy_intensity(out, signs.valence, tokens, &totals);
    hy_speech_end(&signs, &totals, out);
}

static void score_tokens(const struct hy_emotion_model *model, struct hy_tokens *tokens,
                         const hydrant_emotion *body, hydrant_emotion *out)
{
    float logits[HY_MODEL_ROW];
    score_first(model, tokens, logits);
    hy_layer_second(model, tokens->count, logits);
    set_scores(model, logits, out);
    apply_rules(tokens, body, out);
}

/*
 * A post that asks or complains may close with thanks, and its scores are then those of a grateful
 * one. So what it is about is scored apart, where there is a closing: no words of trouble, no
 * complaint, and for a question the closing itself is enough. Returns body, or NULL.
 */
static const hydrant_emotion *score_body(const struct hy_emotion_model *model,
                                         struct hy_tokens *tokens, hydrant_emotion *body)
{
    uint32_t count = tokens->count, others = tokens->others, capitals = tokens->capitals;
    uint32_t closing = hy_speech_closing(tokens), found = 0;
    if (closing == count || closing == 0)
        return NULL;
    memset(body, 0, sizeof *body);
    for (uint32_t i = 0; i < closing; i++)
        found |= tokens->cues[i];
    if (!(found & HY_CUES_TROUBLE))
        return body;
    for (uint32_t i = closing; i < count; i++) {
        tokens->others -= tokens->kind[i] != HY_TOKEN_WORD;
        tokens->capitals -= (tokens->flags[i] & HY_TOKEN_CAPS) != 0;
    }
    tokens->count = closing;
    score_tokens(model, tokens, NULL, body);
    tokens->count = count;
    tokens->others = others;
    tokens->capitals = capitals;
    return body;
}

static void score_text(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                       struct hy_tokens *scratch, hydrant_emotion *out)
{
    hydrant_emotion body;
    memset(out, 0, sizeof *out);
    hy_charmask_make(&scratch->mask, text);
    if (!covers_language(lang) && !hy_tokenize_may_find_pictures(&scratch->mask))
        return;
    hy_tokenize_mask(scratch);
    hy_cues_mark(model, scratch);
    if (!hy_score_covers(scratch, lang)) {
        if (!scratch->pictures)
            return;
        keep_pictures(scratch);
    }
    out->scored = true;
    score_tokens(model, scratch, score_body(model, scratch, &body), out);
}

#define NAME_TEXT(name) #name
#define NAME(name) NAME_TEXT(name)

const struct hy_score_path hy_score_path_here = {NAME(HY_ISA(path)), prepare, score_first,
                                                 hy_layer_second, score_text};
