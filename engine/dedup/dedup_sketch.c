/* Sketches and keys of texts; see dedup_sketch.h. */
#include "dedup/dedup_sketch.h"

#include "base/assert.h"
#include "base/prefetch.h"
#include "dedup/dedup_lexicon.h"
#include "dedup/dedup_lexicon_table.h"
#include "text/utf8.h"

#include <string.h>

enum { SQUEEZED_MAX = 64 };

/* What a sketch has a word for. */
struct token {
    const char *data;
    uint32_t len;
    uint32_t kind; /* enum hy_dedup_word_kind */
};

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

/* A bit for each frequent letter, the others share: a misspelling changes at most two bits. Above
 * them, whether the byte is a digit or part of a character that is not ASCII. */
enum { DIGIT = 1 << 16, WIDE = 1 << 17 };
static const uint32_t letter_bits[256] = {
#define LETTER(letter, bit) [letter] = 1u << bit
    LETTER('e', 0),  LETTER('t', 1),  LETTER('a', 2),        LETTER('o', 3),
    LETTER('i', 4),  LETTER('n', 5),  LETTER('s', 6),        LETTER('r', 7),
    LETTER('h', 8),  LETTER('l', 9),  LETTER('d', 10),       LETTER('c', 11),
    LETTER('k', 11), LETTER('q', 11), LETTER('u', 12),       LETTER('v', 12),
    LETTER('w', 12), LETTER('y', 12), LETTER('m', 13),       LETTER('b', 13),
    LETTER('x', 13), LETTER('f', 14), LETTER('p', 14),       LETTER('j', 14),
    LETTER('g', 15), LETTER('z', 15), ['0' ... '9'] = DIGIT, [0x80 ... 0xFF] = WIDE,
#undef LETTER
};

static uint32_t wide_letters_of(const char *word, uint32_t len)
{
    uint32_t letters = 0, step;
    for (uint32_t at = 0; at < len; at += step) {
        uint32_t cp = hy_utf8_decode(word + at, &step);
        letters |= cp < 0x80 ? letter_bits[cp] : 1u << (mix(cp) & 15);
    }
    return letters & 0xFFFF;
}

/* The length of words is hard to predict, so the first eight bytes are looked at whatever it is. */
static uint32_t letters_of(const char *word, uint32_t len)
{
    const unsigned char *c = (const unsigned char *)word;
    uint32_t letters = 0;
    uint64_t first;
    memcpy(&first, word, sizeof first);
    first &= ~0ull >> (len < 8 ? 64 - 8 * len : 0);
    for (uint32_t at = 0; at < 8; at++, first >>= 8)
        letters |= letter_bits[first & 0xFF];
    for (uint32_t at = 8; at < len; at++)
        letters |= letter_bits[c[at]];
    if (letters & DIGIT) /* far from every word */
        return 0xFC00 | (uint32_t)(hy_dedup_word_hash(word, len) & 0x3FF);
    return letters & WIDE ? wide_letters_of(word, len) : letters;
}

static bool has_long_run(const char *word, uint32_t len)
{
    for (uint32_t at = 2; at < len; at++) {
        if (word[at] == word[at - 1] && word[at] == word[at - 2])
            return true;
    }
    return false;
}

/* Copies word with runs of three letters or more cut down to keep. Returns the new length. */
static uint32_t squeeze(const char *word, uint32_t len, uint32_t keep, char *out)
{
    uint32_t to = 0;
    for (uint32_t at = 0; at < len;) {
        uint32_t run = 1;
        while (at + run < len && word[at + run] == word[at])
            run++;
        for (uint32_t i = 0; i < (run < 3 ? run : keep); i++)
            out[to++] = word[at];
        at += run;
    }
    return to;
}

/*
 * What a word that is in no list means. Letters said three times or more (sooo) are read as one, or
 * as two when the word is not known with one. word and len become what was read; buffer has
 * SQUEEZED_MAX bytes and slack.
 */
static struct hy_dedup_meaning look_closer(const char **word, uint32_t *len, uint64_t hash,
                                           char *buffer)
{
    struct hy_dedup_meaning meaning = {.hash = hash, .class = HY_DEDUP_CLASS_UNKNOWN};
    if (*len > SQUEEZED_MAX || !has_long_run(*word, *len))
        return meaning;
    const char *said = *word;
    uint32_t said_len = *len;
    *word = buffer;
    for (uint32_t keep = 1; keep <= 2 && meaning.class == HY_DEDUP_CLASS_UNKNOWN; keep++) {
        *len = squeeze(said, said_len, keep, buffer);
        meaning = hy_dedup_lexicon_find(hy_dedup_word_hash(buffer, *len));
    }
    return meaning;
}

/* What a word with a digit, or an ideograph, means. */
static struct hy_dedup_meaning meaning_of_mark(const char *word, uint32_t len, uint32_t kind,
                                               uint64_t hash)
{
    struct hy_dedup_meaning meaning = {.hash = hash, .class = HY_DEDUP_CLASS_KNOWN};
    if (kind == HY_DEDUP_IDEOGRAPH)
        return meaning; /* known, so another one is never a misspelling of it */
    if (len == 1 && (*word == '2' || *word == '4')) {
        meaning.class = HY_DEDUP_CLASS_STOP;
        meaning.stop = *word == '2' ? HY_DEDUP_STOP_2 : HY_DEDUP_STOP_4;
        return meaning;
    }
    struct hy_dedup_meaning spelling = hy_dedup_lexicon_find(hash); /* 2day, b4 */
    if (spelling.class != HY_DEDUP_CLASS_UNKNOWN)
        return spelling;
    meaning.class = HY_DEDUP_CLASS_NAME;
    return meaning;
}

/* A token's 32 bits. *hash is its hash in the lexicon and becomes its full name, for keys. */
static uint32_t sketch_word(const struct token *token, uint64_t seed, uint64_t *hash)
{
    char buffer[SQUEEZED_MAX + HY_DEDUP_WORD_SLACK];
    const char *word = token->data;
    uint32_t len = token->len;
    struct hy_dedup_meaning meaning;
    if (HY_LIKELY(token->kind == HY_DEDUP_PLAIN)) {
        meaning = hy_dedup_lexicon_find(*hash);
        if (meaning.class == HY_DEDUP_CLASS_UNKNOWN)
            meaning = look_closer(&word, &len, *hash, buffer);
    } else {
        meaning = meaning_of_mark(word, len, token->kind, *hash);
    }
    /* Every other word is a stop word: both forms are made, and one is chosen without a branch. */
    bool stop = meaning.class == HY_DEDUP_CLASS_STOP;
    uint64_t h = ((stop ? meaning.stop : meaning.hash) ^ seed) * 0x9E3779B97F4A7C15u;
    *hash = h ^= h >> 32;
    uint32_t content = HY_DEDUP_WORD_CONTENT | (uint32_t)meaning.class << 29 |
                       (uint32_t)(h >> 51) << 16 | letters_of(word, len);
    return stop ? meaning.stop : content;
}

/* A key's rank is in its two highest bits: sequences with two or three content words come first,
 * those of stop words only last. */
static inline uint64_t key_of(const uint64_t *hashes, const uint32_t *words, uint32_t a, uint32_t b,
                              uint32_t c)
{
    uint64_t key = (hashes[a] + 3 * hashes[b] + 5 * hashes[c]) * 0xD6E8FEB86659FD93u;
    key ^= key >> 32;
    uint32_t content = (words[a] >> 31) + (words[b] >> 31) + (words[c] >> 31);
    uint64_t rank = content >= 2 ? 0 : 2 - content;
    return key >> 2 | rank << 62;
}

/* Puts a key among the smallest, which stand sorted from place from on; free places hold
 * UINT64_MAX. Every place is visited, whatever the key. */
static inline void add_key(uint64_t *keys, uint64_t key, uint32_t from)
{
    for (uint32_t at = from; at < HY_DEDUP_KEYS; at++) {
        uint64_t old = keys[at];
        bool less = key < old;
        keys[at] = less ? key : old;
        key = less ? old : key;
    }
}

/* Counts the keys, without those that stand next to their equal, as those of repeated words do. */
static uint32_t drop_twins(uint64_t *keys)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < HY_DEDUP_KEYS && keys[i] != UINT64_MAX; i++) {
        if (kept == 0 || keys[i] != keys[kept - 1])
            keys[kept++] = keys[i];
    }
    for (uint32_t i = kept; i < HY_DEDUP_KEYS; i++)
        keys[i] = UINT64_MAX;
    return kept;
}

/*
 * The first key is that of the text's first words, which a text that was cut off still has. Then
 * come the smallest of all sequences of three; a short text, whose few sequences an edit may all
 * change, adds sequences with one word left out.
 */
static void make_keys(const uint64_t *hashes, const struct hy_dedup_sketch *sketch,
                      struct hy_dedup_keys *keys)
{
    const uint32_t *w = sketch->words;
    uint64_t *k = keys->keys;
    keys->count = 0;
    if (sketch->count < HY_DEDUP_SKETCH_WORDS_MIN)
        return;
    for (uint32_t i = 0; i < HY_DEDUP_KEYS; i++)
        k[i] = UINT64_MAX;
    k[0] = (key_of(hashes, w, 0, 1, 2) + 7 * hashes[3]) >> 2;
    for (uint32_t i = 0; i + 2 < sketch->count; i++)
        add_key(k, key_of(hashes, w, i, i + 1, i + 2), 1);
    uint32_t whole = keys->count = drop_twins(k);
    if (whole == HY_DEDUP_KEYS)
        return;
    for (uint32_t i = 0; i + 3 < sketch->count; i++) {
        add_key(k, key_of(hashes, w, i, i + 1, i + 3), whole);
        add_key(k, key_of(hashes, w, i, i + 2, i + 3), whole);
    }
    keys->count = drop_twins(k);
}

/*
 * Words are tokens as they are. Ideographs, which are not words, are read in pairs, each with the
 * one behind it (and the space between them); the last of a run is in the pair before. Returns how
 * many tokens there are.
 */
static uint32_t make_tokens(const struct hy_dedup_text *text, const struct hy_dedup_word *words,
                            uint32_t count, struct token tokens[HY_DEDUP_SKETCH_WORDS])
{
    uint32_t made = 0;
    for (uint32_t i = 0; i < count && made < HY_DEDUP_SKETCH_WORDS; i++) {
        const struct hy_dedup_word *w = &words[i];
        struct token token = {text->buffer + w->start, w->len, w->kind};
        if (HY_UNLIKELY(w->kind == HY_DEDUP_IDEOGRAPH)) {
            if (i + 1 < count && w[1].kind == HY_DEDUP_IDEOGRAPH)
                token.len = w[1].start + w[1].len - w->start;
            else if (i > 0 && w[-1].kind == HY_DEDUP_IDEOGRAPH)
                continue;
        }
        tokens[made++] = token;
    }
    return made;
}

void hy_dedup_sketch_make(const struct hy_dedup_text *text, uint64_t seed,
                          struct hy_dedup_sketch *sketch, struct hy_dedup_keys *keys)
{
    uint64_t hashes[HY_DEDUP_SKETCH_WORDS];
    const struct hy_dedup_word *words = text->words + text->words_first;
    uint32_t count = text->words_count;
    /* The last word before trailing dots may be half a word. */
    if (text->cut && count > HY_DEDUP_SKETCH_WORDS_MIN &&
        text->words_first + count < HY_DEDUP_WORDS)
        count--;
    struct token tokens[HY_DEDUP_SKETCH_WORDS];
    sketch->count = make_tokens(text, words, count, tokens);
    sketch->cut = text->cut && sketch->count < HY_DEDUP_SKETCH_WORDS;
    for (uint32_t i = 0; i < sketch->count; i++) {
        hashes[i] = hy_dedup_word_hash(tokens[i].data, tokens[i].len);
        hy_prefetch(&hy_dedup_lexicon_slots[hy_dedup_lexicon_slot(hashes[i])]);
    }
    for (uint32_t i = 0; i < sketch->count; i++)
        sketch->words[i] = sketch_word(&tokens[i], seed, &hashes[i]);
    if (keys)
        make_keys(hashes, sketch, keys);
}

uint32_t hy_dedup_sketch_store(const struct hy_dedup_sketch *sketch, uint32_t *units)
{
    unsigned char *bytes = (unsigned char *)units;
    uint32_t len = 0;
    for (uint32_t i = 0; i < sketch->count; i++) {
        uint32_t word = sketch->words[i];
        if (word & HY_DEDUP_WORD_CONTENT) {
            word = __builtin_bswap32(word);
            memcpy(bytes + len, &word, sizeof word);
            len += 4;
        } else {
            bytes[len++] = (unsigned char)word;
        }
    }
    if (sketch->cut)
        bytes[len++] = HY_DEDUP_STOP_CUT;
    while (len % 4)
        bytes[len++] = 0;
    HY_ASSERT_HOT(len <= HY_DEDUP_SKETCH_UNITS * 4);
    return len / 4;
}

void hy_dedup_sketch_load(const uint32_t *units, uint32_t count, struct hy_dedup_sketch *sketch)
{
    const unsigned char *bytes = (const unsigned char *)units;
    uint32_t len = count * 4, words = 0;
    sketch->cut = false;
    for (uint32_t at = 0; at < len && words < HY_DEDUP_SKETCH_WORDS; words++) {
        uint32_t word = bytes[at];
        if (word >= 0x80 && len - at >= 4) {
            memcpy(&word, bytes + at, sizeof word);
            word = __builtin_bswap32(word);
            at += 4;
        } else if (word != 0 && word != HY_DEDUP_STOP_CUT && word < 0x80) {
            at++;
        } else {
            sketch->cut = word == HY_DEDUP_STOP_CUT;
            break;
        }
        sketch->words[words] = word;
    }
    sketch->count = words;
}
