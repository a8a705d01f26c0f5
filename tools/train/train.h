/*
 * hydrant-train: labelled texts and lexicons to a model file. Deterministic: the same inputs and
 * settings give the same bytes (one thread, own random numbers, own exp, no fused multiply-add).
 *
 *   texts --train_text--> raw features --train_fit--> weights --train_fold--> rows, int8 image
 *                                         ^    |
 *                                   train_tune: thresholds, F1
 *
 * Everything lives until the process ends; failures to get memory end it. Limits: TRAIN_TEXTS_MAX
 * texts of what the tokeniser takes.
 */
#ifndef HY_TRAIN_TRAIN_H
#define HY_TRAIN_TRAIN_H

#include <stdio.h>

#include "emotion/features.h"
#include "emotion/score.h"
#include "pack/model_format.h"

enum {
    TRAIN_HEADS = HY_MODEL_HEADS,
    TRAIN_COLUMNS = 40, /* heads, padded for the compiler's vectors */
    TRAIN_GROUPS = 3,   /* of heads: emotions, Ekman groups, sentiments */
    TRAIN_NAME_MAX = 64,
};

/* What can be set on the command line; see train_main.c for what each does. */
struct train_settings {
    uint32_t epochs, folds, seed;
    uint32_t df_word, df_pair, df_gram;
    uint32_t rows_max;
    float rate, input_scale;
    float l2[TRAIN_GROUPS], start[TRAIN_GROUPS];
    uint32_t second_epochs;
    float second_rate, second_decay;
};

/* ---- small things ---- */

void *train_alloc(size_t count, size_t size); /* zeroed; ends the process when there is none */
void *train_grow(void *old, size_t *capacity, size_t wanted, size_t size);
_Noreturn void train_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *train_read_file(const char *path, size_t *len);
uint32_t train_group_of(uint32_t head); /* 0 emotions, 1 Ekman, 2 sentiments */
uint64_t train_random(uint64_t *state);

/* 64-bit keys to 0, 1, 2 ... in order of first appearance. */
struct train_map {
    uint64_t *keys;
    uint32_t *values; /* index + 1; 0 is empty */
    size_t capacity, count;
};
uint32_t train_map_add(struct train_map *map, uint64_t key);
uint32_t train_map_find(const struct train_map *map, uint64_t key); /* UINT32_MAX: not there */

/* ---- words, lexicons, cues (train_text.c) ---- */

enum { TRAIN_LEXICONS = 4 };

struct train_lexeme {
    uint64_t hash; /* of the token */
    char spelling[HY_TOKEN_SPELL];
    uint32_t len;
    int8_t classes[TRAIN_LEXICONS]; /* TRAIN_NO_CLASS: not in that lexicon */
    float valence;                  /* -4..4; 0: none */
};
enum { TRAIN_NO_CLASS = 127 };

/* A distinct token of the texts. */
struct train_word {
    uint64_t hash;
    uint32_t lexeme; /* index, or UINT32_MAX */
    uint32_t grams_count;
    uint64_t grams[HY_FEATURES_GRAMS];
};

/* A feature as the text has it, before the vocabulary says what becomes of it. */
enum train_kind { TRAIN_WORD, TRAIN_NEGATED, TRAIN_EXTRA };
struct train_raw {
    uint64_t key;
    uint32_t word; /* index of its word, for WORD and NEGATED */
    uint32_t kind; /* enum train_kind */
};

struct train_cue {
    uint64_t hash;
    uint32_t cues;
};

struct train_text {
    struct train_raw *raw;
    uint32_t raw_count;
    uint32_t tokens;
    uint64_t heads; /* bit set: which heads are true */
    const char *bytes;
    uint32_t len;
};

struct train_data {
    struct train_text *texts;
    size_t count, capacity;
    struct train_word *words;
    size_t words_count, words_capacity;
    struct train_map word_index;
    struct train_lexeme *lexemes;
    size_t lexemes_count, lexemes_capacity;
    struct train_map lexeme_index;
    struct train_cue *cues;
    size_t cues_capacity;
    struct train_map cue_index;
    struct hy_model_cues *cue_buckets;
    struct hy_emotion_model cue_model; /* has cues and nothing else */
    struct hy_model_header cue_header;
    struct hy_tokens tokens; /* scratch */
    char files[1024];        /* name and hash of each file that was read, as JSON members */
};

void train_load_cues(struct train_data *data, const char *path);
/* Those of dir, then what the file emoji says instead of them. */
void train_load_lexicons(struct train_data *data, const char *dir, const char *emoji);
/* Appends the texts of a TSV file; returns the index of the first one. */
size_t train_load_texts(struct train_data *data, const char *path, const char *role);

/* ---- vocabulary and weights (train_fit.c) ---- */

/* Features that have a weight vector, and each text as a list of them. */
struct train_vocabulary {
    struct train_map index; /* key of the feature -> its number */
    uint32_t count;
    uint32_t *df;     /* by number */
    uint32_t **texts; /* lists of numbers */
    uint32_t *texts_count;
};

/* Counts over the texts that use[] is true for; lists are made for all texts. */
void train_vocabulary_make(struct train_vocabulary *v, const struct train_data *data,
                           const bool *use, const struct train_settings *settings);

/* Keys of a word's lexicon classes, negated or not; at most TRAIN_LEXICONS. */
uint32_t train_class_keys(const struct train_lexeme *lexeme, bool negated,
                          uint64_t keys[TRAIN_LEXICONS]);

struct train_weights {
    uint32_t count; /* of vectors; the bias is one more, at [count] */
    float (*w)[TRAIN_COLUMNS];
    float (*sum)[TRAIN_COLUMNS]; /* AdaGrad's squares */
};

/* Fits to the texts that use[] is true for. */
void train_fit(struct train_weights *weights, const struct train_vocabulary *v,
               const struct train_data *data, const bool *use,
               const struct train_settings *settings);

/* Logits of one text. */
void train_predict(const struct train_weights *weights, const struct train_vocabulary *v,
                   const struct train_data *data, size_t text,
                   const struct train_settings *settings, float logits[TRAIN_COLUMNS]);

/* e^x and ln x by our own means, the same bits on every machine. */
float train_exp(float x); /* -87 <= x <= 87 */
float train_log(float x); /* 1e-6 <= x <= 1e6 */
float train_logistic(float x);

/* Of functions that are loops over columns: the same arithmetic, eight at a time where that goes.
 * Clang 14 gives the one that is called another name than its callers use. */
#if defined(__x86_64__) && !defined(__clang__)
#define TRAIN_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define TRAIN_WIDE
#endif

/* ---- the second layer (train_second.c) ---- */

struct train_second_weights {
    float in[TRAIN_COLUMNS][HY_MODEL_HIDDEN], in_bias[HY_MODEL_HIDDEN];
    float out[HY_MODEL_HIDDEN][TRAIN_COLUMNS], out_bias[TRAIN_COLUMNS];
};

/* Inputs are the first logits and the text's length, less mean, by spread. */
struct train_second {
    struct train_second_weights w;
    float mean[TRAIN_COLUMNS], spread[TRAIN_COLUMNS];
};

/* What a text's length is as an input. */
float train_length_input(uint32_t tokens);

/* Fits to the first logits of the texts that use[] is true for: logits from weights that have not
 * seen the text. */
void train_second_fit(struct train_second *second, const struct train_data *data, const bool *use,
                      float (*first)[TRAIN_COLUMNS], const struct train_settings *settings);

/* First logits to last ones. */
void train_second_apply(const struct train_second *second, uint32_t tokens,
                        const float first[TRAIN_COLUMNS], float last[TRAIN_COLUMNS]);

/* ---- thresholds and measures (train_tune.c) ---- */

/* The threshold with the best F1 of one head over the texts that use[] is true for. */
float train_threshold(const struct train_data *data, const bool *use,
                      float (*logits)[TRAIN_COLUMNS], uint32_t head);

enum { TRAIN_CONFUSED = HYDRANT_EKMAN };

struct train_scores {
    double precision[TRAIN_HEADS], recall[TRAIN_HEADS], f1[TRAIN_HEADS];
    uint32_t positives[TRAIN_HEADS];
    double macro_f1[TRAIN_GROUPS];
    double single_right[TRAIN_GROUPS]; /* share of texts whose single best label is a true one */
    /* [group][true][said]: texts with one true label in a group of at most TRAIN_CONFUSED heads */
    uint32_t confusion[TRAIN_GROUPS][TRAIN_CONFUSED][TRAIN_CONFUSED];
};

/* Measures logits against thresholds over the texts that use[] is true for. */
void train_measure(struct train_scores *scores, const struct train_data *data, const bool *use,
                   float (*logits)[TRAIN_COLUMNS], const float *thresholds);
void train_print_scores(FILE *out, const char *title, const struct train_scores *scores);

/* ---- the image (train_fold.c) ---- */

/* Folds, prunes and quantises into a model file's bytes. *len is set; the caller frees. */
char *train_image_make(const struct train_data *data, const struct train_vocabulary *v,
                       const struct train_weights *weights, const struct train_second *second,
                       const float *thresholds, const struct train_settings *settings,
                       const char *provenance, size_t *len, FILE *report);

#endif
