/*
 * Stage 6: mentions to scores. On the path after match; a worker's own thread.
 *
 * text -> bit masks -> tokens -> keys -> rows -> sums -> logits -> scores, labels
 *                        |                         |
 *                        +-> cues, valences -------+-> valence, intensity, speech act
 *
 * All arithmetic up to the logits is in integers and the sigmoid is a table, so that every kernel
 * and every worker gives the same bits. Keys are resolved in chunks, each step for all of a chunk:
 * bitmap and slot prefetch, row and row prefetch, sums; so that a miss in the cache is waited for
 * together with the others.
 */
#include "emotion/score.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/cpu.h"
#include "base/str.h"

void hy_score_rows_scalar(const struct hy_model_row *rows, const uint16_t *index, uint32_t count,
                          int32_t acc[HY_MODEL_ROW])
{
    for (uint32_t i = 0; i < count; i++) {
        const struct hy_model_row *row = &rows[index[i]];
        int32_t factor = 1 << (row->extra & 3);
        for (uint32_t h = 0; h < HY_MODEL_HEADS; h++)
            acc[h] += row->heads[h] * factor;
    }
}

/* What one text adds up to, while it does. */
struct sum {
    const struct hy_emotion_model *model;
    struct hy_tokens *tokens;
    int32_t acc[HY_MODEL_ROW];
    uint16_t rows[HY_FEATURES_CHUNK];
    uint32_t rows_count;
};

static void add_rows(struct sum *s)
{
    hy_score_rows_scalar(s->model->rows, s->rows, s->rows_count, s->acc);
    s->rows_count = 0;
}

static inline void take_row(struct sum *s, uint32_t row)
{
    if (s->rows_count == HY_FEATURES_CHUNK)
        add_rows(s);
    __builtin_prefetch(&s->model->rows[row]);
    s->rows[s->rows_count++] = (uint16_t)row;
}

/* A word that the model has no row for, or only that of its lexicon classes. */
static void take_grams(struct sum *s, const struct hy_token *token)
{
    char word[HY_TOKEN_SPELL];
    uint64_t keys[HY_FEATURES_GRAMS];
    if (token->kind != HY_TOKEN_WORD)
        return;
    uint32_t len = hy_token_spell(s->tokens, token, word);
    uint32_t count = hy_feature_grams(word, len, keys);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = hy_model_may_have(s->model, keys[i]) ? hy_model_find(s->model, keys[i]) : 0;
        if (row)
            take_row(s, row);
    }
}

static void take_word(struct sum *s, const struct hy_feature *feature)
{
    const struct hy_emotion_model *model = s->model;
    struct hy_token *token = &s->tokens->list[feature->token];
    bool negated = feature->kind == HY_FEATURE_NEGATED;
    uint32_t row = hy_model_may_have(model, feature->key) ? hy_model_find(model, feature->key) : 0;
    if (!row && negated)
        row = hy_model_find(model, hy_feature_word(token->hash));
    if (row) {
        bool shared = row >= model->shared_first;
        token->valence = model->rows[row].extra >> 2;
        take_row(s, shared && negated ? row + 1 : row);
        if (!shared)
            return;
    }
    take_grams(s, token);
}

static void take_chunk(struct sum *s, const struct hy_feature *features, uint32_t count)
{
    const struct hy_emotion_model *model = s->model;
    struct hy_feature found[HY_FEATURES_CHUNK];
    uint32_t found_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool may = hy_model_may_have(model, features[i].key);
        if (may)
            __builtin_prefetch(&model->slots[hy_model_slot(model->header, features[i].key)]);
        found[found_count] = features[i];
        found_count += may || features[i].kind != HY_FEATURE_EXTRA;
    }
    for (uint32_t i = 0; i < found_count; i++) {
        if (found[i].kind != HY_FEATURE_EXTRA) {
            take_word(s, &found[i]);
            continue;
        }
        uint32_t row = hy_model_find(model, found[i].key);
        if (row)
            take_row(s, row);
    }
    add_rows(s);
}

/* logit = bias + acc * multiplier / sqrt(tokens), in integers; see hy_model_head. */
static void make_logits(const struct sum *s, int32_t logits[HY_MODEL_HEADS])
{
    uint32_t tokens = s->tokens->count ? s->tokens->count : 1;
    int64_t root = (int64_t)(32768.0 / sqrt((double)tokens)); /* both are exactly rounded */
    const int64_t limit = 64 * HY_MODEL_ONE;
    for (int h = 0; h < HY_MODEL_HEADS; h++) {
        const struct hy_model_head *head = &s->model->heads[h];
        int64_t logit =
            ((int64_t)s->acc[h] * head->multiplier >> 8) * root >> (HY_MODEL_MULTIPLIER_SHIFT - 8);
        logit = logit > limit ? limit : logit < -limit ? -limit : logit;
        logits[h] = (int32_t)logit + head->bias;
    }
}

void hy_score_logits(const struct hy_emotion_model *model, struct hy_tokens *tokens,
                     int32_t logits[HY_MODEL_HEADS])
{
    struct sum sum = {.model = model, .tokens = tokens};
    struct hy_feature chunk[HY_FEATURES_CHUNK];
    struct hy_features features;
    hy_features_begin(&features, tokens);
    for (uint32_t n; (n = hy_features_next(&features, chunk)) > 0;)
        take_chunk(&sum, chunk, n);
    make_logits(&sum, logits);
}

void hy_score_prepare(const struct hy_emotion_model *model, hydrant_str text,
                      struct hy_tokens *tokens)
{
    hy_tokenize(tokens, text);
    hy_cues_mark(model, tokens);
    hy_features_negate(tokens);
}

/* ---- language ---- */

static bool is_english(hydrant_str lang)
{
    return lang.len >= 2 && (lang.data[0] | 0x20) == 'e' && (lang.data[1] | 0x20) == 'n' &&
           (lang.len == 2 || lang.data[2] == '-' || lang.data[2] == '_');
}

static bool is_unknown(hydrant_str lang)
{
    return lang.len == 0 || hy_str_equal_nocase(lang, HY_STR("und")) ||
           hy_str_equal_nocase(lang, HY_STR("mul"));
}

bool hy_score_covers(const struct hy_tokens *tokens, hydrant_str lang)
{
    if (tokens->other_script > tokens->latin)
        return false;
    return is_english(lang) || is_unknown(lang);
}

/* Leaves emoji, emoticons and punctuation: what can be read in any language. */
static void keep_pictures(struct hy_tokens *tokens)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        uint8_t kind = tokens->list[i].kind;
        if (kind == HY_TOKEN_PUNCT || kind == HY_TOKEN_EMOJI || kind == HY_TOKEN_EMOTICON)
            tokens->list[kept++] = tokens->list[i];
    }
    tokens->count = kept;
    tokens->words = 0;
}

/* ---- scores ---- */

static float sigmoid(const struct hy_emotion_model *model, int32_t logit)
{
    int32_t steps = (logit >> 10) + HY_MODEL_SIGMOID / 2; /* HY_MODEL_ONE / 64 is 1 << 10 */
    steps = steps < 0 ? 0 : steps >= HY_MODEL_SIGMOID ? HY_MODEL_SIGMOID - 1 : steps;
    return (float)model->sigmoid[steps] * (1.0f / 65535.0f);
}

/* Scores of one group of heads; returns the head that is furthest above its threshold. */
static uint8_t score_group(const struct hy_emotion_model *model, const int32_t *logits,
                           uint32_t first, uint32_t count, float *scores, uint32_t *labels)
{
    uint32_t best = 0;
    int32_t best_margin = INT32_MIN;
    for (uint32_t i = 0; i < count; i++) {
        int32_t margin = logits[first + i] - model->heads[first + i].threshold;
        scores[i] = sigmoid(model, logits[first + i]);
        *labels |= (uint32_t)(margin > 0) << i;
        if (margin > best_margin) {
            best_margin = margin;
            best = i;
        }
    }
    return (uint8_t)best;
}

static void score_heads(const struct hy_emotion_model *model, const int32_t *logits,
                        hydrant_emotion *out)
{
    out->label = score_group(model, logits, 0, HYDRANT_EMOTIONS, out->scores, &out->labels);
    score_group(model, logits, HY_MODEL_EKMAN, HYDRANT_EKMAN, out->ekman, &out->ekman_labels);
    out->sentiment = score_group(model, logits, HY_MODEL_SENTIMENT, HYDRANT_SENTIMENTS,
                                 out->sentiment_scores, &out->sentiment_labels);
}

void hy_score_text(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                   struct hy_tokens *scratch, hydrant_emotion *out)
{
    int32_t logits[HY_MODEL_HEADS];
    memset(out, 0, sizeof *out);
    hy_score_prepare(model, text, scratch);
    if (!hy_score_covers(scratch, lang)) {
        if (!scratch->pictures)
            return;
        keep_pictures(scratch);
    }
    out->scored = true;
    hy_score_logits(model, scratch, logits);
    score_heads(model, logits, out);
    out->valence = hy_valence(scratch);
    out->intensity = hy_intensity(scratch, out);
    hy_speech_acts(scratch, out);
}

void hy_emotion_score(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                      hydrant_emotion *out)
{
    struct hy_tokens scratch;
    hy_score_text(model, text, lang, &scratch, out);
}

/* ---- batches ---- */

size_t hy_emotion_arena_bytes(void)
{
    return HY_BATCH_MENTIONS * sizeof(hydrant_emotion) + sizeof(struct hy_tokens) + 64;
}

static bool wanted(const struct hy_mention *mention)
{
    return !mention->drop && !mention->scored && (mention->matches_count || mention->pending_count);
}

void hy_emotion_batch(const struct hy_emotion_model *model, struct hy_batch *batch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->count; i++)
        count += wanted(&batch->mentions[i]);
    if (!count)
        return;
    hydrant_emotion *emotions = HY_ARENA_NEW(&batch->arena, hydrant_emotion, count);
    struct hy_tokens *scratch = HY_ARENA_NEW(&batch->arena, struct hy_tokens, 1);
    HY_ASSERT(emotions && scratch);
    hydrant_emotion *next = emotions;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct hy_mention *mention = &batch->mentions[i];
        if (!wanted(mention))
            continue;
        hy_score_text(model, mention->m.text, mention->m.lang, scratch, next);
        mention->emotion = next++;
        mention->scored = true;
    }
    hy_arena_trim(&batch->arena, emotions, count * sizeof *emotions);
}
