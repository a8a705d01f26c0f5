/* hydrant-train: which features get weights, and AdaGrad on the logistic loss of every head. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

/* ---- vocabulary ---- */

uint32_t train_class_keys(const struct train_lexeme *lexeme, bool negated,
                          uint64_t keys[TRAIN_LEXICONS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < TRAIN_LEXICONS; i++) {
        if (lexeme->classes[i] == TRAIN_NO_CLASS)
            continue;
        uint64_t name = 1u + i * 64u + (uint32_t)(lexeme->classes[i] + 32);
        keys[count++] = name << 1 | negated; /* far below the hashed keys */
    }
    return count;
}

/* Document frequency while it is being counted. */
struct counter {
    struct train_map index;
    uint32_t *df, *last;
    size_t capacity, capacity_last;
    uint32_t text;
};

static void count_key(struct counter *c, uint64_t key)
{
    uint32_t number = train_map_add(&c->index, key);
    c->df = train_grow(c->df, &c->capacity, number + 1u, sizeof *c->df);
    c->last = train_grow(c->last, &c->capacity_last, number + 1u, sizeof *c->last);
    if (c->last[number] != c->text)
        c->df[number]++;
    c->last[number] = c->text;
}

static uint32_t df_of(const struct counter *c, uint64_t key)
{
    uint32_t number = train_map_find(&c->index, key);
    return number == UINT32_MAX ? 0 : c->df[number];
}

static const struct train_lexeme *lexeme_of(const struct train_data *data, uint32_t word)
{
    uint32_t lexeme = data->words[word].lexeme;
    return lexeme == UINT32_MAX ? NULL : &data->lexemes[lexeme];
}

static void count_text(struct counter *c, const struct train_data *data,
                       const struct train_text *text)
{
    uint64_t keys[TRAIN_LEXICONS];
    for (uint32_t i = 0; i < text->raw_count; i++) {
        const struct train_raw *raw = &text->raw[i];
        count_key(c, raw->key);
        if (raw->kind == TRAIN_EXTRA)
            continue;
        const struct train_word *word = &data->words[raw->word];
        for (uint32_t g = 0; g < word->grams_count; g++)
            count_key(c, word->grams[g]);
        const struct train_lexeme *lexeme = lexeme_of(data, raw->word);
        uint32_t n = lexeme ? train_class_keys(lexeme, raw->kind == TRAIN_NEGATED, keys) : 0;
        for (uint32_t k = 0; k < n; k++)
            count_key(c, keys[k]);
    }
}

/* Appends the feature to the text's list if it is frequent enough. */
static void list_key(struct train_vocabulary *v, const struct counter *c, uint64_t key,
                     uint32_t df_min, uint32_t **end)
{
    if (df_of(c, key) >= df_min)
        *(*end)++ = train_map_add(&v->index, key);
}

static void list_word(struct train_vocabulary *v, const struct counter *c,
                      const struct train_data *data, const struct train_raw *raw,
                      const struct train_settings *settings, uint32_t **end)
{
    uint64_t keys[TRAIN_LEXICONS];
    const struct train_word *word = &data->words[raw->word];
    const struct train_lexeme *lexeme = lexeme_of(data, raw->word);
    bool negated = raw->kind == TRAIN_NEGATED;
    uint64_t key = raw->key;
    /* The scorer takes the plain word when it has no negated twin. */
    if (negated && !lexeme && df_of(c, key) < settings->df_word)
        key = hy_feature_word(word->hash);
    list_key(v, c, key, settings->df_word, end);
    for (uint32_t g = 0; g < word->grams_count; g++)
        list_key(v, c, word->grams[g], settings->df_gram, end);
    uint32_t n = lexeme ? train_class_keys(lexeme, negated, keys) : 0;
    for (uint32_t k = 0; k < n; k++)
        list_key(v, c, keys[k], 1, end);
}

static void list_text(struct train_vocabulary *v, const struct counter *c,
                      const struct train_data *data, size_t number,
                      const struct train_settings *settings)
{
    const struct train_text *text = &data->texts[number];
    size_t most = (size_t)text->raw_count * (1 + HY_FEATURES_GRAMS + TRAIN_LEXICONS);
    uint32_t *list = train_alloc(most, sizeof *list), *end = list;
    for (uint32_t i = 0; i < text->raw_count; i++) {
        const struct train_raw *raw = &text->raw[i];
        if (raw->kind == TRAIN_EXTRA)
            list_key(v, c, raw->key, settings->df_pair, &end);
        else
            list_word(v, c, data, raw, settings, &end);
    }
    v->texts_count[number] = (uint32_t)(end - list);
    v->texts[number] = realloc(list, (size_t)(end - list + 1) * sizeof *list);
}

void train_vocabulary_make(struct train_vocabulary *v, const struct train_data *data,
                           const bool *use, const struct train_settings *settings)
{
    struct counter c = {.text = 0};
    memset(v, 0, sizeof *v);
    v->texts = train_alloc(data->count, sizeof *v->texts);
    v->texts_count = train_alloc(data->count, sizeof *v->texts_count);
    for (size_t i = 0; i < data->count; i++) {
        c.text = (uint32_t)i + 1;
        if (use[i])
            count_text(&c, data, &data->texts[i]);
    }
    for (size_t i = 0; i < data->count; i++)
        list_text(v, &c, data, i, settings);
    v->count = (uint32_t)v->index.count;
    v->df = train_alloc(v->count, sizeof *v->df);
    for (size_t i = 0; i < v->index.capacity; i++)
        if (v->index.values[i])
            v->df[v->index.values[i] - 1] = df_of(&c, v->index.keys[i]);
    free(c.df);
    free(c.last);
    free(c.index.keys);
    free(c.index.values);
}

/* ---- weights ---- */

/* e^x for -87 <= x <= 87, the same bits on every machine; within 2 ulp or so. */
float train_exp(float x)
{
    float n = floorf(x * 1.44269504f + 0.5f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.0f + r * (1.0f + r * (0.5f + r * (0.166666667f +
                                                  r * (0.0416666667f + r * (0.00833333333f +
                                                                            r * 0.00138888889f)))));
    union {
        uint32_t bits;
        float value;
    } scale = {.bits = (uint32_t)((int32_t)n + 127) << 23};
    return p * scale.value;
}

/* ln x for 1e-6 <= x <= 1e6, by Newton's method on train_exp. */
float train_log(float x)
{
    float y = 0;
    for (int i = 0; i < 40; i++)
        y += 2 * (x - train_exp(y)) / (x + train_exp(y));
    return y;
}

float train_logistic(float x)
{
    x = x < -60 ? -60 : x > 60 ? 60 : x;
    return 1.0f / (1.0f + train_exp(-x));
}

static float text_scale(const struct train_text *text, const struct train_settings *settings)
{
    return settings->input_scale / sqrtf((float)text->tokens);
}

TRAIN_WIDE void train_predict(const struct train_weights *weights, const struct train_vocabulary *v,
                              const struct train_data *data, size_t number,
                              const struct train_settings *settings, float logits[TRAIN_COLUMNS])
{
    float scale = text_scale(&data->texts[number], settings);
    const uint32_t *list = v->texts[number];
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
        logits[c] = 0;
    for (uint32_t i = 0; i < v->texts_count[number]; i++) {
        const float *w = weights->w[list[i]];
        for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
            logits[c] += w[c];
    }
    const float *bias = weights->w[weights->count];
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
        logits[c] = logits[c] * scale + bias[c];
}

TRAIN_WIDE static void update(float *restrict w, float *restrict sum,
                              const float *restrict gradient, const float *restrict l2, float rate)
{
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++) {
        float g = gradient[c] + l2[c] * w[c];
        sum[c] += g * g;
        w[c] -= rate * g / sqrtf(sum[c]);
    }
}

static void learn(struct train_weights *weights, const struct train_vocabulary *v,
                  const struct train_data *data, size_t number,
                  const struct train_settings *settings, const float *l2)
{
    static const float none[TRAIN_COLUMNS];
    float gradient[TRAIN_COLUMNS], logits[TRAIN_COLUMNS];
    const struct train_text *text = &data->texts[number];
    train_predict(weights, v, data, number, settings, logits);
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
        gradient[c] = train_logistic(logits[c]) - (float)(text->heads >> c & 1);
    update(weights->w[weights->count], weights->sum[weights->count], gradient, none,
           settings->rate);
    float scale = text_scale(text, settings);
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
        gradient[c] *= scale;
    const uint32_t *list = v->texts[number];
    for (uint32_t i = 0; i < v->texts_count[number]; i++)
        update(weights->w[list[i]], weights->sum[list[i]], gradient, l2, settings->rate);
}

static void begin(struct train_weights *weights, const struct train_vocabulary *v,
                  const struct train_data *data, const size_t *order, size_t count,
                  const struct train_settings *settings)
{
    size_t bytes = (size_t)(v->count + 1) * sizeof *weights->w;
    if (!weights->w) {
        weights->w = train_alloc(1, bytes);
        weights->sum = train_alloc(1, bytes);
    }
    memset(weights->w, 0, bytes);
    weights->count = v->count;
    for (uint32_t i = 0; i <= v->count; i++)
        for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
            weights->sum[i][c] = settings->start[c < TRAIN_HEADS ? train_group_of(c) : 2];
    /* The bias begins at the log odds of the label. */
    for (uint32_t c = 0; c < TRAIN_HEADS; c++) {
        size_t positives = 1;
        for (size_t i = 0; i < count; i++)
            positives += data->texts[order[i]].heads >> c & 1;
        weights->w[v->count][c] = train_log((float)positives / (float)(count + 2 - positives));
    }
}

void train_fit(struct train_weights *weights, const struct train_vocabulary *v,
               const struct train_data *data, const bool *use,
               const struct train_settings *settings)
{
    float l2[TRAIN_COLUMNS] = {0};
    for (uint32_t c = 0; c < TRAIN_HEADS; c++)
        l2[c] = settings->l2[train_group_of(c)];
    size_t *order = train_alloc(data->count, sizeof *order), count = 0;
    for (size_t i = 0; i < data->count; i++)
        if (use[i])
            order[count++] = i;
    begin(weights, v, data, order, count, settings);
    uint64_t random = 0x9E3779B97F4A7C15ull * (settings->seed + 1u);
    for (uint32_t epoch = 0; epoch < settings->epochs; epoch++) {
        for (size_t i = count; i-- > 1;) {
            size_t j = train_random(&random) % (i + 1), kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        for (size_t i = 0; i < count; i++)
            learn(weights, v, data, order[i], settings, l2);
    }
    free(order);
}
