/*
 * hydrant-train: weights to a model file. What depends on one word alone (its 4-grams, its lexicon
 * classes) is added to the word's row; the rows that change least are left out until the rest fits;
 * what is left becomes int8.
 *
 * A word of a lexicon that has no row of its own shares one with all words of the same classes and
 * valence; the scorer adds its 4-grams when it meets it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train.h"

struct candidate {
    uint64_t key;
    float row[TRAIN_COLUMNS];
    double gain; /* what leaving it out would cost: squared change times how often */
    int8_t valence;
};

struct fold {
    const struct train_data *data;
    const struct train_vocabulary *v;
    const struct train_weights *weights;
    const struct train_settings *settings;
    float spread[TRAIN_COLUMNS]; /* root mean square of each head's weights */
    struct candidate *list;
    size_t count, capacity;
    struct candidate *shared; /* pairs: plain, negated */
    size_t shared_count, shared_capacity;
    struct train_map shared_index; /* classes and valence -> pair */
    uint64_t *lone;                /* keys of words that share, with their pair */
    uint32_t *lone_pair;
    size_t lone_count, lone_capacity, lone_capacity_pair;
    uint32_t *unseen; /* by feature: how many rare words have this 4-gram */
};

static void empty_map(struct train_map *map)
{
    free(map->keys);
    free(map->values);
    *map = (struct train_map){0};
}

static void add_weights(const struct fold *f, uint64_t key, float row[TRAIN_COLUMNS])
{
    uint32_t number = train_map_find(&f->v->index, key);
    if (number == UINT32_MAX)
        return;
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
        row[c] += f->weights->w[number][c];
}

static void add_grams(const struct fold *f, const struct train_word *word, float row[TRAIN_COLUMNS])
{
    for (uint32_t g = 0; g < word->grams_count; g++)
        add_weights(f, word->grams[g], row);
}

static void add_classes(const struct fold *f, const struct train_lexeme *lexeme, bool negated,
                        float row[TRAIN_COLUMNS])
{
    uint64_t keys[TRAIN_LEXICONS];
    uint32_t count = train_class_keys(lexeme, negated, keys);
    for (uint32_t i = 0; i < count; i++)
        add_weights(f, keys[i], row);
}

static double change(const struct fold *f, const float *a, const float *b)
{
    double sum = 0;
    for (uint32_t c = 0; c < TRAIN_HEADS; c++) {
        double d = (a[c] - (b ? b[c] : 0)) / f->spread[c];
        sum += d * d;
    }
    return sum;
}

static uint32_t df_of(const struct fold *f, uint64_t key)
{
    uint32_t number = train_map_find(&f->v->index, key);
    return number == UINT32_MAX ? 0 : f->v->df[number];
}

static struct candidate *new_candidate(struct candidate **list, size_t *count, size_t *capacity,
                                       uint64_t key)
{
    *list = train_grow(*list, capacity, *count + 1, sizeof **list);
    struct candidate *candidate = &(*list)[(*count)++];
    memset(candidate, 0, sizeof *candidate);
    candidate->key = key;
    return candidate;
}

static int8_t valence_units(float valence)
{
    long units = lrintf(valence * HY_MODEL_VALENCE_PER_POINT);
    return (int8_t)(units > 31 ? 31 : units < -31 ? -31 : units);
}

static float emoticon_valence(uint64_t hash)
{
    static const struct {
        const char *text;
        float valence;
    } table[] = {
#define ROW(NAME, text, valence) {text, valence},
        HY_EMOTICON_TABLE(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (hy_token_hash(table[i].text, (uint32_t)strlen(table[i].text)) == hash)
            return table[i].valence;
    return 0;
}

/* A word's row and that of its negated twin. */
static void fold_word(struct fold *f, const struct train_word *word)
{
    uint64_t key = hy_feature_word(word->hash), twin = hy_feature_negated(word->hash);
    const struct train_lexeme *lexeme =
        word->lexeme == UINT32_MAX ? NULL : &f->data->lexemes[word->lexeme];
    uint32_t df = df_of(f, key), df_twin = df_of(f, twin);
    if (!df && !df_twin)
        return;
    float grams[TRAIN_COLUMNS] = {0};
    add_grams(f, word, grams);
    struct candidate *plain = new_candidate(&f->list, &f->count, &f->capacity, key);
    memcpy(plain->row, grams, sizeof grams);
    add_weights(f, key, plain->row);
    float valence = lexeme ? lexeme->valence : emoticon_valence(word->hash);
    plain->valence = valence_units(valence);
    if (lexeme)
        add_classes(f, lexeme, false, plain->row);
    /* Frequent words stay even if they say nothing: without a row their 4-grams are looked up. */
    bool stays = df >= 40 || emoticon_valence(word->hash) != 0;
    plain->gain = df * change(f, plain->row, grams) + (stays ? 1e9 : 0);
    struct candidate kept = *plain;
    if (!lexeme && !df_twin)
        return;
    struct candidate *negated = new_candidate(&f->list, &f->count, &f->capacity, twin);
    memcpy(negated->row, grams, sizeof grams);
    if (df_twin)
        add_weights(f, twin, negated->row);
    negated->valence = kept.valence;
    if (lexeme)
        add_classes(f, lexeme, true, negated->row);
    negated->gain = (df_twin + 0.3) * change(f, negated->row, kept.row);
}

/* The pair of rows that words with this one's classes and valence share. */
static uint32_t shared_pair(struct fold *f, const struct train_lexeme *lexeme)
{
    uint64_t name = (uint8_t)valence_units(lexeme->valence);
    for (uint32_t i = 0; i < TRAIN_LEXICONS; i++)
        name = name << 8 | (uint8_t)lexeme->classes[i];
    uint32_t pair = train_map_add(&f->shared_index, name);
    if (2 * pair < f->shared_count)
        return pair;
    for (int negated = 0; negated < 2; negated++) {
        struct candidate *row = new_candidate(&f->shared, &f->shared_count, &f->shared_capacity, 0);
        row->valence = valence_units(lexeme->valence);
        add_classes(f, lexeme, negated, row->row);
    }
    return pair;
}

static void share_lexemes(struct fold *f, const struct train_map *kept)
{
    for (size_t i = 0; i < f->data->lexemes_count; i++) {
        const struct train_lexeme *lexeme = &f->data->lexemes[i];
        uint64_t key = hy_feature_word(lexeme->hash);
        if (train_map_find(kept, key) != UINT32_MAX)
            continue;
        uint32_t pair = shared_pair(f, lexeme);
        f->lone = train_grow(f->lone, &f->lone_capacity, f->lone_count + 1, sizeof *f->lone);
        f->lone_pair = train_grow(f->lone_pair, &f->lone_capacity_pair, f->lone_count + 1,
                                  sizeof *f->lone_pair);
        f->lone[f->lone_count] = key;
        f->lone_pair[f->lone_count++] = pair;
    }
}

/* Emoticons are few and stay whatever they weigh: the texts may never have used some. */
static void fold_emoticons(struct fold *f)
{
    static const char *const texts[] = {
#define TEXT(NAME, text, valence) text,
        HY_EMOTICON_TABLE(TEXT)
#undef TEXT
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t hash = hy_token_hash(texts[i], (uint32_t)strlen(texts[i]));
        if (df_of(f, hy_feature_word(hash)))
            continue;
        struct candidate *row =
            new_candidate(&f->list, &f->count, &f->capacity, hy_feature_word(hash));
        row->valence = valence_units(emoticon_valence(hash));
        row->gain = 1e9;
    }
}

/* What is neither of a word nor of a lexicon: pairs, capitals, counts, 4-grams. */
static void fold_rest(struct fold *f)
{
    struct train_map words = {0};
    uint64_t keys[TRAIN_LEXICONS];
    for (size_t i = 0; i < f->data->words_count; i++) {
        train_map_add(&words, hy_feature_word(f->data->words[i].hash));
        train_map_add(&words, hy_feature_negated(f->data->words[i].hash));
    }
    for (size_t i = 0; i < f->data->lexemes_count; i++)
        for (int negated = 0; negated < 2; negated++)
            for (uint32_t k = train_class_keys(&f->data->lexemes[i], negated, keys); k-- > 0;)
                train_map_add(&words, keys[k]);
    for (size_t i = 0; i < f->v->index.capacity; i++) {
        if (!f->v->index.values[i])
            continue;
        uint64_t key = f->v->index.keys[i];
        if (train_map_find(&words, key) != UINT32_MAX)
            continue;
        uint32_t number = f->v->index.values[i] - 1;
        struct candidate *row = new_candidate(&f->list, &f->count, &f->capacity, key);
        add_weights(f, key, row->row);
        /* A 4-gram only matters in words without a row. */
        double often = f->unseen[number] ? f->unseen[number] : f->v->df[number];
        row->gain = often * change(f, row->row, NULL);
    }
    empty_map(&words);
}

/* How many words that the vocabulary lacks have each 4-gram: about how often it will be needed. */
static void count_unseen(struct fold *f)
{
    f->unseen = train_alloc(f->v->count, sizeof *f->unseen);
    for (size_t i = 0; i < f->data->words_count; i++) {
        const struct train_word *word = &f->data->words[i];
        bool rare = !df_of(f, hy_feature_word(word->hash));
        for (uint32_t g = 0; g < word->grams_count; g++) {
            uint32_t number = train_map_find(&f->v->index, word->grams[g]);
            if (number != UINT32_MAX && (rare || !f->unseen[number]))
                f->unseen[number] += 1;
        }
    }
}

static void measure_spread(struct fold *f)
{
    double sum[TRAIN_COLUMNS] = {0};
    for (uint32_t i = 0; i < f->v->count; i++)
        for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
            sum[c] += (double)f->weights->w[i][c] * f->weights->w[i][c];
    for (uint32_t c = 0; c < TRAIN_COLUMNS; c++)
        f->spread[c] = (float)sqrt(sum[c] / (f->v->count ? f->v->count : 1)) + 1e-6f;
}

/* Most gain first; the key decides among equals. */
static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->gain != y->gain)
        return x->gain < y->gain ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Keeps the best that fit with the shared rows, which depend on what is kept. */
static size_t prune(struct fold *f)
{
    qsort(f->list, f->count, sizeof *f->list, compare_candidates);
    size_t room = f->settings->rows_max - 1;
    size_t keep = f->count < room ? f->count : room;
    for (;;) {
        struct train_map kept = {0};
        for (size_t i = 0; i < keep; i++)
            train_map_add(&kept, f->list[i].key);
        f->shared_count = f->lone_count = 0;
        share_lexemes(f, &kept);
        empty_map(&f->shared_index);
        empty_map(&kept);
        if (keep + f->shared_count <= room)
            return keep;
        size_t over = keep + f->shared_count - room;
        if (over > keep)
            train_die("--rows %u has no room for the lexicons", f->settings->rows_max);
        keep -= over;
    }
}

/* ---- quantising ---- */

/* A row has 8 bits a head and a shift of 0..3 for the whole row. */
static void quantise_row(const struct candidate *candidate, const float *step,
                         struct hy_model_row *out)
{
    int shift = 0;
    for (uint32_t h = 0; h < TRAIN_HEADS; h++)
        while (shift < 3 && fabsf(candidate->row[h]) > 127.4f * step[h] * (float)(1 << shift))
            shift++;
    for (uint32_t h = 0; h < TRAIN_HEADS; h++) {
        long q = lrintf(candidate->row[h] / (step[h] * (float)(1 << shift)));
        out->heads[h] = (int8_t)(q > 127 ? 127 : q < -127 ? -127 : q);
    }
    out->extra = (int8_t)(candidate->valence * 4 + shift);
}

/* Raises step to what the largest weights of the list need: 127 << 3 steps. */
static void raise_steps(const struct candidate *list, size_t count, float *step)
{
    for (size_t i = 0; i < count; i++)
        for (uint32_t h = 0; h < TRAIN_HEADS; h++)
            step[h] = fmaxf(step[h], fabsf(list[i].row[h]) / (127 << 3));
}

/* ---- the image ---- */

struct image {
    char *bytes;
    struct hy_model_header *header;
    uint64_t offsets[HY_MODEL_SECTIONS + 1];
};

static void *section(const struct image *image, enum hy_model_section which)
{
    return image->bytes + image->offsets[which];
}

static void put_key(const struct image *image, uint64_t key, uint32_t row)
{
    uint64_t *bitmap = section(image, HY_MODEL_SECTION_BITMAP);
    uint32_t *slots = section(image, HY_MODEL_SECTION_SLOTS);
    uint32_t bit = hy_model_bit((1u << image->header->bitmap_bits) - 1, key);
    uint32_t tag = hy_model_tag(key), mask = (1u << image->header->slot_bits) - 1;
    uint32_t at = hy_model_bucket((1u << image->header->slot_bits) / HY_MODEL_BUCKET - 1, key) *
                  HY_MODEL_BUCKET;
    bitmap[bit / 64] |= 1ull << (bit % 64);
    while (slots[at]) {
        if (slots[at] >> 16 == tag)
            return; /* a collision of keys: the one that gains more was first */
        at = (at + 1) & mask;
    }
    slots[at] = tag << 16 | row;
}

static void put_heads(const struct fold *f, const struct image *image, const float *step,
                      const float *thresholds)
{
    struct hy_model_heads *heads = section(image, HY_MODEL_SECTION_HEADS);
    const float *bias = f->weights->w[f->weights->count];
    for (uint32_t h = 0; h < TRAIN_HEADS; h++) {
        heads->bias[h] = bias[h];
        heads->step[h] = step[h] * f->settings->input_scale;
        heads->threshold[h] = thresholds[h];
    }
    uint16_t *sigmoid = section(image, HY_MODEL_SECTION_SIGMOID);
    for (int i = 0; i < HY_MODEL_SIGMOID; i++) {
        double logit = (i + 0.5 - HY_MODEL_SIGMOID / 2) / 64;
        sigmoid[i] = (uint16_t)lrint(65535 / (1 + exp(-logit)));
    }
}

/* ---- the second layer, as 16-bit integers ---- */

static float largest(const float *values, size_t count)
{
    float most = 1e-6f;
    for (size_t i = 0; i < count; i++)
        most = fmaxf(most, fabsf(values[i]));
    return most;
}

static int32_t rounded(double value, double limit)
{
    return (int32_t)lrint(value > limit ? limit : value < -limit ? -limit : value);
}

/*
 * hidden = in_bias + sum of (x - mean) / spread * in becomes integers: x comes times
 * INPUT_PER_ONE, weights times in_scale; the shift makes hidden fit 13 bits.
 */
static double put_second_in(const struct train_second *s, struct hy_model_second *out)
{
    static float weights[TRAIN_COLUMNS][HY_MODEL_HIDDEN];
    double bias[HY_MODEL_HIDDEN], in_scale, hidden_most = 1;
    for (int j = 0; j < HY_MODEL_HIDDEN; j++) {
        double reach = 0;
        bias[j] = s->w.in_bias[j];
        for (int c = 0; c < TRAIN_COLUMNS; c++) {
            weights[c][j] = s->w.in[c][j] / s->spread[c];
            bias[j] -= (double)weights[c][j] * s->mean[c];
            /* Inputs further than 6 spreads out are rare: there hidden may be cut. */
            reach += 36.0 * s->w.in[c][j] * s->w.in[c][j];
        }
        hidden_most = fmax(hidden_most, fabs(s->w.in_bias[j]) + sqrt(reach));
    }
    in_scale = HY_MODEL_IN_MAX / (double)largest(weights[0], TRAIN_COLUMNS * HY_MODEL_HIDDEN);
    for (int j = 0; j < HY_MODEL_HIDDEN; j++) {
        out->in_bias[j] =
            rounded(bias[j] * in_scale * HY_MODEL_INPUT_PER_ONE, HY_MODEL_IN_BIAS_MAX);
        for (int c = 0; c < TRAIN_COLUMNS; c++)
            out->in[c / 2][j][c % 2] = (int16_t)rounded(weights[c][j] * in_scale, HY_MODEL_IN_MAX);
    }
    double scale = in_scale * HY_MODEL_INPUT_PER_ONE;
    for (out->in_shift = 0; hidden_most * scale > HY_MODEL_HIDDEN_MAX && out->in_shift < 20;
         out->in_shift++)
        scale /= 2;
    return scale; /* what a hidden 1.0 has become */
}

static void put_second(const struct image *image, const struct train_second *s)
{
    struct hy_model_second *out = section(image, HY_MODEL_SECTION_SECOND);
    struct hy_model_heads *heads = section(image, HY_MODEL_SECTION_HEADS);
    double hidden_scale = put_second_in(s, out);
    for (int h = 0; h < TRAIN_HEADS; h++) {
        float most = 1e-6f;
        for (int j = 0; j < HY_MODEL_HIDDEN; j++)
            most = fmaxf(most, fabsf(s->w.out[j][h]));
        double scale = HY_MODEL_OUT_MAX / (double)most;
        for (int j = 0; j < HY_MODEL_HIDDEN; j++)
            out->out[j / 2][h][j % 2] = (int16_t)rounded(s->w.out[j][h] * scale, HY_MODEL_OUT_MAX);
        heads->second_bias[h] = s->w.out_bias[h];
        heads->second_step[h] = (float)(1 / (scale * hidden_scale));
    }
    for (uint32_t n = 0; n < HY_MODEL_LENGTHS; n++)
        out->length[n] = (int16_t)rounded((double)train_length_input(n) * HY_MODEL_INPUT_PER_ONE,
                                          HY_MODEL_INPUT_MAX);
}

/* ---- all of it ---- */

static void put_rows(const struct fold *f, const struct image *image, size_t keep,
                     const float *step)
{
    struct hy_model_row *rows = section(image, HY_MODEL_SECTION_ROWS);
    for (size_t i = 0; i < keep; i++) {
        quantise_row(&f->list[i], step, &rows[1 + i]);
        put_key(image, f->list[i].key, (uint32_t)(1 + i));
    }
    for (size_t i = 0; i < f->shared_count; i++)
        quantise_row(&f->shared[i], step, &rows[1 + keep + i]);
    for (size_t i = 0; i < f->lone_count; i++)
        put_key(image, f->lone[i], (uint32_t)(1 + keep + 2 * f->lone_pair[i]));
}

/* At most 70 % of the slots used; 8 bits of the bitmap a key. */
static void choose_sizes(struct hy_model_header *header, size_t keys)
{
    header->slot_bits = HY_MODEL_SLOT_BITS_MIN;
    while ((1ull << header->slot_bits) * 7 / 10 < keys)
        header->slot_bits++;
    header->bitmap_bits = HY_MODEL_BITMAP_BITS_MIN;
    while ((1ull << header->bitmap_bits) < keys * 8 &&
           header->bitmap_bits < HY_MODEL_BITMAP_BITS_MAX)
        header->bitmap_bits++;
    if (header->slot_bits > HY_MODEL_SLOT_BITS_MAX)
        train_die("more features than a model can hold");
}

static struct image begin_image(const struct fold *f, size_t keep, const char *provenance)
{
    struct hy_model_header header = {.version = HY_MODEL_VERSION,
                                     .tokenizer_version = HY_TOKENIZE_VERSION,
                                     .cue_bits = f->data->cue_header.cue_bits,
                                     .cue_seed = f->data->cue_header.cue_seed};
    memcpy(header.magic, HY_MODEL_MAGIC, sizeof header.magic);
    header.rows = (uint32_t)(1 + keep + f->shared_count);
    header.shared_rows = (uint32_t)f->shared_count;
    header.provenance_bytes = (uint32_t)strlen(provenance);
    choose_sizes(&header, keep + f->lone_count);
    struct image image;
    hy_model_layout(&header, image.offsets);
    header.bytes = image.offsets[HY_MODEL_SECTIONS];
    image.bytes = aligned_alloc(64, header.bytes);
    if (!image.bytes)
        train_die("out of memory");
    memset(image.bytes, 0, header.bytes);
    memcpy(image.bytes, &header, sizeof header);
    image.header = (struct hy_model_header *)image.bytes;
    memcpy(section(&image, HY_MODEL_SECTION_PROVENANCE), provenance, strlen(provenance));
    memcpy(section(&image, HY_MODEL_SECTION_CUES), f->data->cue_buckets,
           sizeof *f->data->cue_buckets << header.cue_bits);
    return image;
}

char *train_image_make(const struct train_data *data, const struct train_vocabulary *v,
                       const struct train_weights *weights, const struct train_second *second,
                       const float *thresholds, const struct train_settings *settings,
                       const char *provenance, size_t *len, FILE *report)
{
    struct fold f = {.data = data, .v = v, .weights = weights, .settings = settings};
    measure_spread(&f);
    count_unseen(&f);
    for (size_t i = 0; i < data->words_count; i++)
        fold_word(&f, &data->words[i]);
    fold_emoticons(&f);
    fold_rest(&f);
    size_t keep = prune(&f);
    float step[TRAIN_COLUMNS];
    for (uint32_t h = 0; h < TRAIN_COLUMNS; h++)
        step[h] = 1e-9f;
    raise_steps(f.list, keep, step);
    raise_steps(f.shared, f.shared_count, step);
    struct image image = begin_image(&f, keep, provenance);
    put_heads(&f, &image, step, thresholds);
    put_second(&image, second);
    put_rows(&f, &image, keep, step);
    image.header->checksum = hy_model_checksum(image.bytes, image.header->bytes);
    fprintf(report,
            "\n%zu features folded into %zu rows, %zu kept; %zu words of lexicons share "
            "%zu rows\n%llu bytes, 2^%u slots, bitmap of 2^%u bits\n",
            (size_t)v->count, f.count, keep, f.lone_count, f.shared_count,
            (unsigned long long)image.header->bytes, image.header->slot_bits,
            image.header->bitmap_bits);
    *len = image.header->bytes;
    free(f.list);
    free(f.shared);
    free(f.lone);
    free(f.lone_pair);
    free(f.unseen);
    return image.bytes;
}
