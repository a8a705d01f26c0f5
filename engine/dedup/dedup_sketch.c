/* Sketches and keys of texts; see dedup_sketch.h. */
#include "dedup/dedup_sketch.h"

#include "base/assert.h"
#include "dedup/dedup_lexicon.h"
#include "text/utf8.h"

#include <string.h>
#include <xxhash.h>

enum { SQUEEZED_MAX = 64 };

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

/* A bit for each frequent letter, the others share: a misspelling changes at most two bits. */
static const uint16_t letter_bits['z' - 'a' + 1] = {
#define LETTER(letter, bit) [letter - 'a'] = 1u << bit
    LETTER('e', 0),  LETTER('t', 1),  LETTER('a', 2),  LETTER('o', 3),  LETTER('i', 4),
    LETTER('n', 5),  LETTER('s', 6),  LETTER('r', 7),  LETTER('h', 8),  LETTER('l', 9),
    LETTER('d', 10), LETTER('c', 11), LETTER('k', 11), LETTER('q', 11), LETTER('u', 12),
    LETTER('v', 12), LETTER('w', 12), LETTER('y', 12), LETTER('m', 13), LETTER('b', 13),
    LETTER('x', 13), LETTER('f', 14), LETTER('p', 14), LETTER('j', 14), LETTER('g', 15),
    LETTER('z', 15),
#undef LETTER
};

static uint32_t letters_of(const char *word, uint32_t len)
{
    uint32_t letters = 0;
    for (uint32_t at = 0, step; at < len; at += step) {
        unsigned char c = (unsigned char)word[at];
        step = 1;
        if (c >= '0' && c <= '9')
            return 0xFC00 | (uint32_t)(XXH3_64bits(word, len) & 0x3FF); /* far from every word */
        if (c >= 0x80)
            letters |= 1u << (mix(hy_utf8_decode(word + at, &step)) & 15);
        else if (c >= 'a' && c <= 'z')
            letters |= letter_bits[c - 'a'];
    }
    return letters;
}

/*
 * What a word means. Letters said three times or more (sooo) are read as one, or as two when the
 * word is not known with one. word and len become what was read; buffer has SQUEEZED_MAX bytes.
 */
static struct hy_dedup_meaning look_up(const char **word, uint32_t *len, char *buffer)
{
    struct hy_dedup_meaning meaning = hy_dedup_lexicon_find(XXH3_64bits(*word, *len));
    if (meaning.class != HY_DEDUP_CLASS_UNKNOWN || *len > SQUEEZED_MAX)
        return meaning;
    for (uint32_t keep = 1; keep <= 2; keep++) {
        uint32_t to = 0, run = 0;
        bool squeezed = false;
        for (uint32_t at = 0; at < *len; at++) {
            run = at > 0 && (*word)[at] == (*word)[at - 1] ? run + 1 : 1;
            bool more = run == 1 && at + 2 < *len && (*word)[at + 1] == (*word)[at] &&
                        (*word)[at + 2] == (*word)[at];
            squeezed |= more;
            buffer[to++] = (*word)[at];
            if (more) {
                while (at + 1 < *len && (*word)[at + 1] == (*word)[at])
                    at++;
                if (keep == 2)
                    buffer[to++] = (*word)[at];
            }
        }
        if (!squeezed)
            return meaning;
        meaning = hy_dedup_lexicon_find(XXH3_64bits(buffer, to));
        if (meaning.class != HY_DEDUP_CLASS_UNKNOWN || keep == 2) {
            *word = buffer;
            *len = to;
            return meaning;
        }
    }
    return meaning;
}

/* The word's 32 bits; *hash is its full name, for keys. */
static uint32_t sketch_word(const struct hy_dedup_text *text, const struct hy_dedup_word *w,
                            uint64_t seed, uint64_t *hash)
{
    char buffer[SQUEEZED_MAX];
    const char *word = text->buffer + w->start;
    uint32_t len = w->len;
    struct hy_dedup_meaning meaning;
    if (w->kind == HY_DEDUP_PLAIN) {
        meaning = look_up(&word, &len, buffer);
    } else {
        /* An ideograph counts as known: another one is never a misspelling of it. */
        meaning = (struct hy_dedup_meaning){.hash = XXH3_64bits(word, len)};
        meaning.class = w->kind == HY_DEDUP_NUMBER ? HY_DEDUP_CLASS_NAME : HY_DEDUP_CLASS_KNOWN;
        if (w->kind == HY_DEDUP_NUMBER && len == 1 && (*word == '2' || *word == '4')) {
            meaning.class = HY_DEDUP_CLASS_STOP;
            meaning.stop = *word == '2' ? HY_DEDUP_STOP_2 : HY_DEDUP_STOP_4;
        } else if (w->kind == HY_DEDUP_NUMBER) {
            struct hy_dedup_meaning spelled = hy_dedup_lexicon_find(meaning.hash);
            if (spelled.class != HY_DEDUP_CLASS_UNKNOWN)
                meaning = spelled;
        }
    }
    if (meaning.class == HY_DEDUP_CLASS_STOP) {
        *hash = mix(meaning.stop ^ seed);
        return meaning.stop;
    }
    *hash = mix(meaning.hash ^ seed);
    return HY_DEDUP_WORD_CONTENT | (uint32_t)meaning.class << 29 | (uint32_t)(*hash >> 51) << 16 |
           letters_of(word, len);
}

/* Keeps the smallest keys, sorted; a key that is there already is not added again. */
static void add_key(struct hy_dedup_keys *keys, uint64_t key, uint32_t from)
{
    uint32_t at = keys->count;
    for (uint32_t i = 0; i < keys->count; i++) {
        if (keys->keys[i] == key)
            return;
    }
    while (at > from && keys->keys[at - 1] > key)
        at--;
    if (at == HY_DEDUP_KEYS)
        return;
    uint32_t end = keys->count < HY_DEDUP_KEYS ? keys->count : HY_DEDUP_KEYS - 1;
    memmove(&keys->keys[at + 1], &keys->keys[at], (end - at) * sizeof *keys->keys);
    keys->keys[at] = key;
    keys->count = end + 1;
}

static uint64_t key_of(const uint64_t *hashes, const uint32_t *words, uint32_t a, uint32_t b,
                       uint32_t c)
{
    uint64_t key = mix(hashes[a] + 3 * hashes[b] + 5 * hashes[c]);
    bool only_stops = !((words[a] | words[b] | words[c]) & HY_DEDUP_WORD_CONTENT);
    return only_stops ? key | 1ull << 63 : key & ~(1ull << 63); /* sorts behind all others */
}

static void make_keys(const uint64_t *hashes, const struct hy_dedup_sketch *sketch,
                      struct hy_dedup_keys *keys)
{
    const uint32_t *w = sketch->words;
    keys->count = 0;
    if (sketch->count < HY_DEDUP_SKETCH_WORDS_MIN)
        return;
    for (uint32_t i = 0; i + 2 < sketch->count; i++)
        add_key(keys, key_of(hashes, w, i, i + 1, i + 2), 0);
    uint32_t whole = keys->count;
    if (whole == HY_DEDUP_KEYS)
        return;
    for (uint32_t i = 0; i + 3 < sketch->count; i++) {
        add_key(keys, key_of(hashes, w, i, i + 1, i + 3), whole);
        add_key(keys, key_of(hashes, w, i, i + 2, i + 3), whole);
    }
}

void hy_dedup_sketch_make(const struct hy_dedup_text *text, uint64_t seed,
                          struct hy_dedup_sketch *sketch, struct hy_dedup_keys *keys)
{
    uint64_t hashes[HY_DEDUP_SKETCH_WORDS];
    uint32_t count = text->words_count;
    /* The last word before trailing dots may be half a word. */
    if (text->cut && count > HY_DEDUP_SKETCH_WORDS_MIN && count < HY_DEDUP_WORDS)
        count--;
    sketch->cut = text->cut && count <= HY_DEDUP_SKETCH_WORDS;
    sketch->count = count < HY_DEDUP_SKETCH_WORDS ? count : HY_DEDUP_SKETCH_WORDS;
    for (uint32_t i = 0; i < sketch->count; i++)
        sketch->words[i] = sketch_word(text, &text->words[i], seed, &hashes[i]);
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
            bytes[len] = (unsigned char)(word >> 24);
            bytes[len + 1] = (unsigned char)(word >> 16);
            bytes[len + 2] = (unsigned char)(word >> 8);
            bytes[len + 3] = (unsigned char)word;
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
    uint32_t len = count * 4;
    sketch->count = 0;
    sketch->cut = false;
    for (uint32_t at = 0; at < len && sketch->count < HY_DEDUP_SKETCH_WORDS;) {
        sketch->cut = bytes[at] == HY_DEDUP_STOP_CUT;
        if (bytes[at] == 0 || sketch->cut)
            return;
        if (bytes[at] < 0x80) {
            sketch->words[sketch->count++] = bytes[at++];
        } else {
            if (len - at < 4)
                return;
            sketch->words[sketch->count++] = (uint32_t)bytes[at] << 24 |
                                             (uint32_t)bytes[at + 1] << 16 |
                                             (uint32_t)bytes[at + 2] << 8 | bytes[at + 3];
            at += 4;
        }
    }
}
