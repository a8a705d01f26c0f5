/* hydrant-train: reading. TSV, lexicons and cues to tokens and raw features. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "train.h"

/* ---- small things ---- */

_Noreturn void train_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("hydrant-train: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

void *train_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        train_die("out of memory");
    return p;
}

void *train_grow(void *old, size_t *capacity, size_t wanted, size_t size)
{
    if (wanted <= *capacity)
        return old;
    size_t now = *capacity ? *capacity * 2 : 1024;
    while (now < wanted)
        now *= 2;
    char *p = realloc(old, now * size);
    if (!p)
        train_die("out of memory");
    memset(p + *capacity * size, 0, (now - *capacity) * size);
    *capacity = now;
    return p;
}

char *train_read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        train_die("%s: %s", path, strerror(errno));
    size_t capacity = 0;
    char *bytes = NULL;
    *len = 0;
    do {
        bytes = train_grow(bytes, &capacity, *len + (1 << 16) + 1, 1);
        *len += fread(bytes + *len, 1, 1 << 16, file);
    } while (!feof(file) && !ferror(file));
    if (ferror(file))
        train_die("%s: cannot be read", path);
    fclose(file);
    bytes[*len] = 0;
    return bytes;
}

uint32_t train_group_of(uint32_t head)
{
    return head < HY_MODEL_EKMAN ? 0 : head < HY_MODEL_SENTIMENT ? 1 : 2;
}

uint64_t train_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static size_t map_slot(const struct train_map *map, uint64_t key)
{
    size_t at = (size_t)((key * 0x9E3779B97F4A7C15ull) >> 20) & (map->capacity - 1);
    while (map->values[at] && map->keys[at] != key)
        at = (at + 1) & (map->capacity - 1);
    return at;
}

static void map_double(struct train_map *map)
{
    struct train_map old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : 1 << 12;
    map->keys = train_alloc(map->capacity, sizeof *map->keys);
    map->values = train_alloc(map->capacity, sizeof *map->values);
    for (size_t i = 0; i < old.capacity; i++) {
        if (!old.values[i])
            continue;
        size_t at = map_slot(map, old.keys[i]);
        map->keys[at] = old.keys[i];
        map->values[at] = old.values[i];
    }
    free(old.keys);
    free(old.values);
}

uint32_t train_map_add(struct train_map *map, uint64_t key)
{
    if (map->count * 2 >= map->capacity)
        map_double(map);
    size_t at = map_slot(map, key);
    if (!map->values[at]) {
        map->keys[at] = key;
        map->values[at] = (uint32_t)++map->count;
    }
    return map->values[at] - 1;
}

uint32_t train_map_find(const struct train_map *map, uint64_t key)
{
    return map->capacity ? map->values[map_slot(map, key)] - 1 : UINT32_MAX;
}

/* Notes what was read, for the model's provenance. */
static void note_file(struct train_data *data, const char *role, const char *bytes, size_t len)
{
    size_t used = strlen(data->files);
    snprintf(data->files + used, sizeof data->files - used,
             "%s\"%s\":{\"bytes\":%zu,\"xxh3\":\"%016" PRIx64 "\"}", used ? "," : "", role, len,
             (uint64_t)XXH3_64bits(bytes, len));
}

/* Cuts the next line out of *at; NULL at the end. */
static char *next_line(char **at)
{
    char *line = *at;
    if (!*line)
        return NULL;
    char *end = strchr(line, '\n');
    *at = end ? end + 1 : line + strlen(line);
    if (end)
        *end = 0;
    return line;
}

/* The token that all of text is, if it is one word or emoji; NULL otherwise: the d of ":d" is none.
 */
static const struct hy_token *single_token(struct train_data *data, const char *text, size_t len)
{
    hydrant_str str = {text, (uint32_t)len};
    hy_tokenize(&data->tokens, str);
    const struct hy_token *token = &data->tokens.list[0];
    bool one = data->tokens.count == 1 && token->len == len &&
               (data->tokens.kind[0] == HY_TOKEN_WORD || data->tokens.kind[0] == HY_TOKEN_EMOJI);
    return one ? token : NULL;
}

/* ---- cues ---- */

static uint32_t cue_class(const char *name, size_t len)
{
    static const char *const names[] = {
#define NAME(N, text, meaning) text,
        HY_CUE_TABLE(NAME)
#undef NAME
    };
    for (uint32_t i = 0; i < HY_CUES; i++)
        if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
            return 1u << i;
    train_die("cues: there is no class [%.*s]", (int)len, name);
}

static void add_cue(struct train_data *data, uint64_t hash, uint32_t cues)
{
    uint32_t number = train_map_add(&data->cue_index, hash);
    data->cues = train_grow(data->cues, &data->cues_capacity, number + 1u, sizeof *data->cues);
    data->cues[number].hash = hash;
    data->cues[number].cues |= cues;
}

/* Puts the cues into buckets; false if some do not fit. */
static bool fill_buckets(struct train_data *data, uint32_t bits, uint32_t seed)
{
    memset(data->cue_buckets, 0, sizeof *data->cue_buckets << bits);
    for (size_t i = 0; i < data->cue_index.count; i++) {
        uint64_t hash = data->cues[i].hash;
        struct hy_model_cues *bucket =
            &data->cue_buckets[(hash * hy_model_cue_factor(seed)) >> (64 - bits)];
        uint32_t k = 0;
        while (k < HY_MODEL_CUE_BUCKET && bucket->cues[k]) {
            if (bucket->key[k] == (uint32_t)hash)
                train_die("cues: two words of one hash: change one of them");
            k++;
        }
        if (k == HY_MODEL_CUE_BUCKET)
            return false;
        bucket->key[k] = (uint32_t)hash;
        bucket->cues[k] = data->cues[i].cues;
    }
    return true;
}

/* The smallest table for which a seed is found soon. */
static void make_cue_table(struct train_data *data)
{
    data->cue_buckets = train_alloc(1u << HY_MODEL_CUE_BITS_MAX, sizeof *data->cue_buckets);
    for (uint32_t bits = 1; bits <= HY_MODEL_CUE_BITS_MAX; bits++) {
        for (uint32_t seed = 0; seed < 20000 && data->cue_index.count <= 3u << bits; seed++) {
            if (!fill_buckets(data, bits, seed))
                continue;
            data->cue_header.cue_bits = bits;
            data->cue_header.cue_seed = seed;
            data->cue_model.header = &data->cue_header;
            data->cue_model.cues = data->cue_buckets;
            data->cue_model.cue_shift = 64 - bits;
            data->cue_model.cue_factor = hy_model_cue_factor(seed);
            return;
        }
    }
    train_die("cues: more than a model can hold");
}

static uint64_t cue_hash(struct train_data *data, const char *word, size_t len)
{
    const struct hy_token *token = single_token(data, word, len);
    if (!token)
        train_die("cues: '%.*s' is not one word", (int)len, word);
    return token->hash;
}

static void add_cue_word(struct train_data *data, const char *word, uint32_t cues)
{
    const char *joint = strchr(word, '_');
    if (!joint) {
        add_cue(data, cue_hash(data, word, strlen(word)), cues);
        return;
    }
    uint64_t first = cue_hash(data, word, (size_t)(joint - word));
    uint64_t second = cue_hash(data, joint + 1, strlen(joint + 1));
    add_cue(data, first, HY_CUE_PHRASE);
    add_cue(data, hy_cue_phrase_hash(first, second), cues);
}

void train_load_cues(struct train_data *data, const char *path)
{
    size_t len;
    char *bytes = train_read_file(path, &len), *at = bytes;
    note_file(data, "cues", bytes, len);
    uint32_t cues = 0;
    for (char *line; (line = next_line(&at));) {
        if (line[0] == '#')
            continue;
        if (line[0] == '[') {
            cues = cue_class(line + 1, strcspn(line + 1, "]"));
            continue;
        }
        for (char *word = strtok(line, " \t\r"); word; word = strtok(NULL, " \t\r"))
            add_cue_word(data, word, cues);
    }
    free(bytes);
    make_cue_table(data);
}

/* ---- lexicons ---- */

/* One entry "text<TAB>value"; the classes are what the model learns weights for. */
typedef void entry_reader(struct train_lexeme *lexeme, const char *value);

enum { VADER, AFINN, OPINION, EMOJI };

static void read_vader(struct train_lexeme *lexeme, const char *value)
{
    lexeme->valence = strtof(value, NULL);
    lexeme->classes[VADER] = (int8_t)lrintf(lexeme->valence);
}

static void read_afinn(struct train_lexeme *lexeme, const char *value)
{
    lexeme->classes[AFINN] = (int8_t)atoi(value);
    if (lexeme->valence == 0)
        lexeme->valence = 0.7f * (float)lexeme->classes[AFINN];
}

static void read_opinion(struct train_lexeme *lexeme, const char *value)
{
    lexeme->classes[OPINION] = value[0] == 'p' ? 1 : -1;
    if (lexeme->valence == 0)
        lexeme->valence = 1.5f * (float)lexeme->classes[OPINION];
}

static void read_emoji(struct train_lexeme *lexeme, const char *value)
{
    double negative = 0, neutral = 0, positive = 0;
    if (sscanf(value, "%lf,%lf,%lf", &negative, &neutral, &positive) != 3)
        train_die("emoji ranking: '%s' is not three counts", value);
    double balance = (positive - negative) / (negative + neutral + positive + 1);
    lexeme->classes[EMOJI] = (int8_t)lrint(4 * balance);
    lexeme->valence = (float)(3 * balance);
}

/* Points, not counts. What no lexicon knows gets the class that such a count would have: not the
 * outermost ones, of which there are too few texts to learn from. */
static void read_emoji_points(struct train_lexeme *lexeme, const char *value)
{
    lexeme->valence = strtof(value, NULL);
    float class = lexeme->valence * 4 / 3;
    if (lexeme->classes[EMOJI] == TRAIN_NO_CLASS)
        lexeme->classes[EMOJI] = (int8_t)lrintf(class > 3 ? 3 : class < -3 ? -3 : class);
}

static struct train_lexeme *add_lexeme(struct train_data *data, const struct hy_token *token)
{
    uint32_t number = train_map_add(&data->lexeme_index, token->hash);
    data->lexemes =
        train_grow(data->lexemes, &data->lexemes_capacity, number + 1u, sizeof *data->lexemes);
    struct train_lexeme *lexeme = &data->lexemes[number];
    if (number == data->lexemes_count) {
        data->lexemes_count++;
        lexeme->hash = token->hash;
        lexeme->len = hy_token_spell(&data->tokens, 0, lexeme->spelling);
        memset(lexeme->classes, TRAIN_NO_CLASS, sizeof lexeme->classes);
    }
    return lexeme;
}

static void load_lexicon(struct train_data *data, const char *path, const char *role,
                         entry_reader *reader)
{
    size_t len;
    char *bytes = train_read_file(path, &len), *at = bytes;
    note_file(data, role, bytes, len);
    for (char *line; (line = next_line(&at));) {
        char *tab = strchr(line, '\t');
        const struct hy_token *token = tab ? single_token(data, line, (size_t)(tab - line)) : NULL;
        if (token)
            reader(add_lexeme(data, token), tab + 1);
    }
    free(bytes);
}

void train_load_lexicons(struct train_data *data, const char *dir, const char *emoji)
{
    static const struct {
        const char *name;
        entry_reader *reader;
    } lexicons[TRAIN_LEXICONS] = {{"vader_lexicon", read_vader},
                                  {"afinn165", read_afinn},
                                  {"opinion_lexicon", read_opinion},
                                  {"emoji_sentiment_ranking", read_emoji}};
    char path[4096];
    for (size_t i = 0; i < TRAIN_LEXICONS; i++) {
        snprintf(path, sizeof path, "%s/%s.tsv", dir, lexicons[i].name);
        load_lexicon(data, path, lexicons[i].name, lexicons[i].reader);
    }
    load_lexicon(data, emoji, "emoji", read_emoji_points);
}

/* ---- texts ---- */

/* The groups that the authors of the data publish. */
static const uint8_t ekman_of[HYDRANT_EMOTIONS] = {3, 3, 0, 0, 3, 3, 5, 5, 3, 4, 0, 1, 4, 3,
                                                   2, 3, 4, 3, 3, 2, 3, 3, 5, 3, 4, 4, 5, 6};
static const uint8_t sentiment_of[HYDRANT_EMOTIONS] = {0, 0, 1, 1, 0, 0, 2, 2, 0, 1, 1, 1, 1, 0,
                                                       1, 0, 1, 0, 0, 1, 0, 0, 2, 0, 1, 1, 2, 3};

static uint64_t read_labels(const char *path, char *labels)
{
    uint64_t heads = 0;
    for (char *name = strtok(labels, ",\r"); name; name = strtok(NULL, ",\r")) {
        unsigned emotion = 0;
        while (emotion < HYDRANT_EMOTIONS && strcmp(name, hydrant_emotion_name(emotion)) != 0)
            emotion++;
        if (emotion == HYDRANT_EMOTIONS)
            train_die("%s: there is no label '%s'", path, name);
        heads |= 1ull << emotion | 1ull << (HY_MODEL_EKMAN + ekman_of[emotion]) |
                 1ull << (HY_MODEL_SENTIMENT + sentiment_of[emotion]);
    }
    return heads;
}

static uint32_t word_number(struct train_data *data, uint32_t token)
{
    uint64_t hash = data->tokens.list[token].hash;
    uint32_t number = train_map_add(&data->word_index, hash);
    data->words = train_grow(data->words, &data->words_capacity, number + 1u, sizeof *data->words);
    struct train_word *word = &data->words[number];
    if (number < data->words_count)
        return number;
    data->words_count++;
    word->hash = hash;
    word->lexeme = train_map_find(&data->lexeme_index, hash);
    if (data->tokens.kind[token] == HY_TOKEN_WORD) {
        char spelling[HY_TOKEN_SPELL];
        uint32_t len = hy_token_spell(&data->tokens, token, spelling);
        word->grams_count = hy_feature_grams(spelling, len, word->grams);
    }
    return number;
}

static struct train_raw *add_raw(struct train_text *text, size_t *capacity, uint64_t key)
{
    text->raw = train_grow(text->raw, capacity, text->raw_count + 1u, sizeof *text->raw);
    struct train_raw *raw = &text->raw[text->raw_count++];
    raw->key = key;
    return raw;
}

static void make_raw(struct train_data *data, struct train_text *text)
{
    hydrant_str str = {text->bytes, text->len};
    uint64_t before = HY_FEATURES_BEGIN, last[HY_FEATURES_LAST];
    size_t capacity = 0;
    hy_score_path_here.prepare(&data->cue_model, str, &data->tokens);
    for (uint32_t i = 0; i < data->tokens.count; i++) {
        const struct hy_token *token = &data->tokens.list[i];
        bool negated = data->tokens.flags[i] & HY_TOKEN_NEGATED;
        uint64_t key = negated ? hy_feature_negated(token->hash) : hy_feature_word(token->hash);
        struct train_raw *raw = add_raw(text, &capacity, key);
        raw->word = word_number(data, i);
        raw->kind = negated ? TRAIN_NEGATED : TRAIN_WORD;
        add_raw(text, &capacity, hy_feature_pair(before, token->hash))->kind = TRAIN_EXTRA;
        before = token->hash;
        if (data->tokens.flags[i] & (HY_TOKEN_CAPS | HY_TOKEN_LONG))
            add_raw(text, &capacity, hy_feature_style(&data->tokens, i))->kind = TRAIN_EXTRA;
    }
    if (data->tokens.count)
        hy_feature_last(&data->tokens, last);
    for (uint32_t i = 0; i < HY_FEATURES_LAST && data->tokens.count; i++)
        add_raw(text, &capacity, last[i])->kind = TRAIN_EXTRA;
    text->tokens = data->tokens.count ? data->tokens.count : 1;
}

size_t train_load_texts(struct train_data *data, const char *path, const char *role)
{
    size_t len, first = data->count;
    char *bytes = train_read_file(path, &len), *at = bytes; /* the texts point into it */
    note_file(data, role, bytes, len);
    for (char *line; (line = next_line(&at));) {
        char *tab = strrchr(line, '\t');
        if (!tab)
            train_die("%s: text %zu has no labels", path, data->count - first + 1);
        data->texts =
            train_grow(data->texts, &data->capacity, data->count + 1, sizeof *data->texts);
        struct train_text *text = &data->texts[data->count++];
        *tab = 0;
        text->bytes = line;
        text->len = (uint32_t)(tab - line);
        text->heads = read_labels(path, tab + 1);
        make_raw(data, text);
    }
    if (data->count == first)
        train_die("%s: there are no texts in it", path);
    return first;
}
