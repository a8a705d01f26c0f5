/* Sketches and keys of texts; see dedup_sketch.h. */
#include "dedup/dedup_sketch.h"

#include "base/assert.h"
#include "base/pick.h"
#include "dedup/dedup_kernel.h"
#include "dedup/dedup_lexicon.h"
#include "dedup/dedup_lexicon_table.h"
#include "dedup/dedup_look.h"
#include "text/utf8.h"

#include <string.h>

enum { SQUEEZED_MAX = 64 };

static uint64_t mix(uint64_t h)
{
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    h = (h ^ h >> 32) * 0xD6E8FEB86659FD93u;
    return h ^ h >> 32;
}

/* The letters of any word; most words' are told at first sight. hash is the word's. */
static uint32_t letters_of(const char *word, uint32_t len, uint32_t kind, uint64_t hash)
{
    uint32_t letters = 0, step;
    if (kind == HY_DEDUP_NUMBER) /* far from every word */
        return 0xFC00 | (uint32_t)(hash & 0x3FF);
    for (uint32_t at = 0; at < len; at += step) {
        uint32_t cp = hy_utf8_decode(word + at, &step);
        letters |= cp < 0x80 ? hy_dedup_letter_bits[cp] : 1u << (mix(cp) & 15);
    }
    return letters;
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
static struct hy_dedup_meaning meaning_of_unknown(const char **word, uint32_t *len, uint64_t hash,
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

/* The meaning and the letters of any token. */
static struct hy_dedup_meaning look_closer(const struct hy_dedup_tokens *tokens, uint32_t i,
                                           uint64_t hash, uint32_t *letters)
{
    char buffer[SQUEEZED_MAX + HY_DEDUP_WORD_SLACK];
    const char *word = tokens->buffer + tokens->words[i].start;
    uint32_t len = tokens->words[i].len, kind = tokens->words[i].kind;
    struct hy_dedup_meaning meaning;
    if (kind == HY_DEDUP_PLAIN) {
        meaning = hy_dedup_lexicon_find(hash);
        if (meaning.class == HY_DEDUP_CLASS_UNKNOWN)
            meaning = meaning_of_unknown(&word, &len, hash, buffer);
    } else {
        meaning = meaning_of_mark(word, len, kind, hash);
    }
    if (*letters == HY_DEDUP_LOOK_ODD || kind != HY_DEDUP_PLAIN)
        *letters = letters_of(word, len, kind, hash);
    return meaning;
}

/* Name and word of a token that first sight did not tell all of; *name is its hash in the lexicon,
 * *word its letters if those were told. */
static void sketch_word(const struct hy_dedup_tokens *tokens, uint32_t i, uint64_t seed,
                        uint64_t *name, uint32_t *word)
{
    struct hy_dedup_meaning meaning = look_closer(tokens, i, *name, word);
    bool stop = meaning.class == HY_DEDUP_CLASS_STOP;
    *name = hy_dedup_word_name(stop ? meaning.stop : meaning.hash, seed);
    *word = stop ? meaning.stop : hy_dedup_word_of(meaning.class, *name, *word);
}

/* Counts the keys, without those that stand next to their equal, as those of repeated words do. */
static uint32_t drop_twins(uint64_t *keys)
{
    uint32_t kept = 0;
    uint64_t last = UINT64_MAX;
    bool all = keys[HY_DEDUP_KEYS - 1] != UINT64_MAX;
    for (uint32_t i = 1; i < HY_DEDUP_KEYS; i++)
        all &= keys[i] != keys[i - 1];
    if (all) /* as in most texts */
        return HY_DEDUP_KEYS;
    for (uint32_t i = 0; i < HY_DEDUP_KEYS && keys[i] != UINT64_MAX; i++) {
        bool other = keys[i] != last;
        last = keys[kept] = keys[i];
        kept += other;
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
                      const struct hy_dedup_kernel *kernel, struct hy_dedup_keys *keys)
{
    uint32_t count = sketch->count;
    uint64_t *k = keys->keys, content = 0;
    keys->count = 0;
    if (count < HY_DEDUP_SKETCH_WORDS_MIN)
        return;
    for (uint32_t i = 0; i < count; i++)
        content |= (uint64_t)(sketch->words[i] >> 31) << i;
    for (uint32_t i = 0; i < HY_DEDUP_KEYS; i++)
        k[i] = UINT64_MAX;
    k[0] = (hy_dedup_key(hashes, content, 0, 1, 2) + 7 * hashes[3]) >> 2;
    kernel->add_keys(hashes, content, count, 1, 2, 1, k);
    uint32_t whole = keys->count = drop_twins(k);
    if (whole == HY_DEDUP_KEYS)
        return;
    kernel->add_keys(hashes, content, count, 1, 3, whole, k);
    kernel->add_keys(hashes, content, count, 2, 3, whole, k);
    keys->count = drop_twins(k);
}

/* Words are tokens as they are. Ideographs, which are not words, are read in pairs, each with the
 * one behind it (and the space between them); the last of a run is in the pair before. Returns how
 * many tokens that makes. */
static uint32_t pair_ideographs(const struct hy_dedup_word *words, uint32_t count,
                                struct hy_dedup_word pairs[HY_DEDUP_SKETCH_WORDS])
{
    uint32_t made = 0;
    for (uint32_t i = 0; i < count && made < HY_DEDUP_SKETCH_WORDS; i++) {
        const struct hy_dedup_word *w = &words[i];
        pairs[made] = *w;
        if (w->kind == HY_DEDUP_IDEOGRAPH) {
            if (i + 1 < count && w[1].kind == HY_DEDUP_IDEOGRAPH)
                pairs[made].len = (uint16_t)(w[1].start + w[1].len - w->start);
            else if (i > 0 && w[-1].kind == HY_DEDUP_IDEOGRAPH)
                continue;
        }
        made++;
    }
    return made;
}

void hy_dedup_sketch_make(const struct hy_dedup_text *text, uint64_t seed,
                          struct hy_dedup_sketch *sketch, struct hy_dedup_keys *keys)
{
    uint64_t names[HY_DEDUP_SKETCH_WORDS + HY_DEDUP_SEQUENCE_SLACK];
    const struct hy_dedup_word *words = text->words + text->words_first;
    uint32_t count = text->words_count;
    /* The last word before trailing dots may be half a word. */
    if (text->cut && count > HY_DEDUP_SKETCH_WORDS_MIN &&
        text->words_first + count < HY_DEDUP_WORDS)
        count--;
    struct hy_dedup_word pairs[HY_DEDUP_SKETCH_WORDS];
    struct hy_dedup_tokens tokens = {text->buffer, words, count};
    if (HY_UNLIKELY(text->ideographs)) {
        tokens.words = pairs;
        tokens.count = pair_ideographs(words, count, pairs);
    }
    if (tokens.count > HY_DEDUP_SKETCH_WORDS)
        tokens.count = HY_DEDUP_SKETCH_WORDS;
    sketch->count = tokens.count;
    sketch->cut = text->cut && sketch->count < HY_DEDUP_SKETCH_WORDS;
    for (uint64_t odd = hy_dedup_look(&tokens, seed, names, sketch->words); odd; odd &= odd - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(odd);
        sketch_word(&tokens, i, seed, &names[i], &sketch->words[i]);
    }
    if (keys)
        make_keys(names, sketch, hy_dedup_kernel(), keys);
}

/* Stored: which words are content, with one bit more behind the last, in one unit if they are few
 * and else in two, of which the first has its highest bit set; the content words; the stop words as
 * bytes, HY_DEDUP_STOP_CUT behind them if the text was cut off; zeros to the end of the unit. */
#define IS_LONG 0x80000000u

enum { SHORT_BITS = 31 };

uint32_t hy_dedup_sketch_store(const struct hy_dedup_sketch *sketch, uint32_t *units)
{
    uint32_t stops[HY_DEDUP_SKETCH_WORDS / 4 + 2], content_count = 0, stops_count = 0;
    uint64_t content = 0;
    bool is_long = sketch->count >= SHORT_BITS;
    uint32_t *words = units + 1 + is_long;
    for (uint32_t i = 0; i < sketch->count; i++) { /* each is written to both, and counts once */
        uint32_t word = sketch->words[i], is_content = word >> 31;
        words[content_count] = word;
        ((unsigned char *)stops)[stops_count] = (unsigned char)word;
        content |= (uint64_t)is_content << i;
        content_count += is_content;
        stops_count += !is_content;
    }
    content |= 1ull << sketch->count;
    units[0] = (uint32_t)content & ~IS_LONG;
    if (is_long) {
        units[0] |= IS_LONG;
        units[1] = (uint32_t)(content >> SHORT_BITS);
    }
    unsigned char *end = (unsigned char *)stops + stops_count;
    memset(end, 0, sizeof stops[0] + 1);
    *end = sketch->cut ? HY_DEDUP_STOP_CUT : 0;
    uint32_t stops_units = (stops_count + sketch->cut + 3) / 4;
    memcpy(words + content_count, stops, stops_units * sizeof stops[0]);
    return (uint32_t)(words - units) + content_count + stops_units;
}

void hy_dedup_sketch_load(const uint32_t *units, uint32_t count, struct hy_dedup_sketch *sketch)
{
    uint64_t content = units[0] & ~IS_LONG;
    uint32_t begin = 1 + (units[0] >> 31);
    content |= units[0] & IS_LONG ? (uint64_t)units[1] << SHORT_BITS : 0;
    sketch->count = 0;
    sketch->cut = false;
    if (begin > count || content == 0 || content >> HY_DEDUP_SKETCH_WORDS > 1)
        return;
    uint32_t words_count = 63 - (uint32_t)__builtin_clzll(content);
    content ^= 1ull << words_count;
    uint32_t content_count = (uint32_t)__builtin_popcountll(content);
    uint32_t stops_count = words_count - content_count;
    const uint32_t *words = units + begin;
    const unsigned char *stops = (const unsigned char *)(words + content_count);
    if (begin + content_count + (stops_count + 3) / 4 > count)
        return;
    hy_dedup_kernel()->unpack(words, stops, content, words_count, sketch->words);
    sketch->count = words_count;
    sketch->cut = stops + stops_count < (const unsigned char *)(units + count) &&
                  stops[stops_count] == HY_DEDUP_STOP_CUT;
}
