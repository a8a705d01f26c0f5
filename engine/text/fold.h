/*
 * Folding: the one definition of "the same text" for rules, stream, dedup and tests.
 *
 *   fold(cp) = typographic(cp), then ICU nfkc_cf, then NFD without combining marks, then
 *              typographic again
 *
 *   typographic: ` U+00B4 U+1FFD U+02BC U+2018 U+2019 U+201B U+2032 U+FF07      to '
 *                U+201C..201F                                                    to "
 *                U+2010..2015 U+2212 U+FE58 U+FE63 U+FF0D                        to -
 *
 * nfkc_cf drops what has no width (U+200B..200F, U+FEFF, soft hyphen, variation selectors, tags)
 * and turns full-width, super- and subscript, circled and ligature forms into plain ones.
 *
 * It is done code point by code point, so folding a concatenation is concatenating the foldings.
 * That is what makes a table possible: tools/dev/gen-fold asks ICU for every code point at build
 * time, and a test asks ICU again for all of them. Which combining marks go: those of canonical
 * combining class 1, 10..36 and >= 200 (Latin, Greek, Cyrillic, Hebrew points, Arabic vowels). Kana
 * voicing marks, nuktas, viramas and Thai tones stay: without them it is another word. Voiced kana
 * and Hangul syllables come out decomposed, so that composed and decomposed input are the same.
 *
 * Pure; any thread; never allocates.
 */
#ifndef HY_TEXT_FOLD_H
#define HY_TEXT_FOLD_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The most bytes that one byte of valid UTF-8 can fold to (asserted by a test over all of Unicode:
 * U+FDFA, 3 bytes, folds to 33). */
enum { HY_FOLD_EXPANSION = 11 };

/*
 * Folds text (valid UTF-8, len <= 65535) into out, which has room for len * HY_FOLD_EXPANSION
 * bytes plus 64 of slack. Returns the folded length.
 *
 * When text is not pure ASCII and map is not NULL, map[i] is the offset in text of the character
 * that folded byte i came from (room for as many entries as out has bytes). *identity is set to
 * true when folded offsets equal original ones (pure ASCII); map is then not written. map never
 * decreases, holds only starts of characters, and has one entry more than the folded text: len.
 */
uint32_t hy_fold(const char *text, uint32_t len, char *out, uint16_t *map, bool *identity);

/*
 * odd: some character of the text is no part of words, but folds to ASCII letters, digits or an
 * underscore (a trade mark sign folds to tm), or folds to nothing. In a text that is not odd, a row
 * of these bytes in the folded text is one word of the original, with nothing left out inside.
 */
struct hy_fold_traits {
    bool identity; /* as in hy_fold */
    bool odd;
};

/* hy_fold, and what the text is like. */
uint32_t hy_fold_traits(const char *text, uint32_t len, char *out, uint16_t *map,
                        struct hy_fold_traits *traits);

/*
 * The bytes of the original text under [start, end) of the folded text, widened to whole characters
 * and with the dropped characters that follow (an accent belongs to its letter). start < end <=
 * folded_len. map == NULL: the same offsets.
 */
static inline hydrant_span hy_fold_span(const uint16_t *map, uint32_t folded_len, uint32_t start,
                                        uint32_t end)
{
    hydrant_span span = {start, end};
    if (map) {
        while (end < folded_len && map[end] == map[end - 1])
            end++;
        span.start = map[start];
        span.end = map[end];
    }
    return span;
}

/* Folds ASCII (lower case, ` to ') from text to out and returns the length of the leading ASCII
 * run, <= len. out may be written up to 64 bytes past the run. The kernel under hy_fold. */
uint32_t hy_fold_ascii_run(const char *text, uint32_t len, char *out);

/*
 * Classes of code points, for word boundaries (UAX #29 cut down to what social text needs):
 * LETTER, DIGIT and CONNECTOR make words; IDEOGRAPH (Han, kana, Thai and other scripts written
 * without spaces; Hangul too, whose particles are glued to the noun) is a word each and has a
 * boundary on both sides; the rest separates. A code point that folds to nothing is a MARK.
 */
enum hy_char_class {
    HY_CHAR_OTHER, /* spaces, punctuation, symbols, controls */
    HY_CHAR_LETTER,
    HY_CHAR_DIGIT,     /* decimal digits */
    HY_CHAR_MARK,      /* combining, zero-width, skin tone: continues whatever it follows */
    HY_CHAR_CONNECTOR, /* underscore and its kin: part of a word */
    HY_CHAR_IDEOGRAPH,
    HY_CHAR_EMOJI, /* a word of its own for proximity and dedup; never needs a boundary */
};

enum hy_char_class hy_char_class(uint32_t cp);

/*
 * Is cp a MARK without which the letter before it is another one, or a part of one: the vowel or
 * final consonant of a Hangul syllable, a voicing mark of kana, a nukta? Vowel signs and tones are
 * none: who writes them has written what is before.
 */
bool hy_char_completes_letter(uint32_t cp);

/*
 * Is there a word boundary in text (folded or original, valid UTF-8) at offset at (0..len, on a
 * character)? Always at both ends. Between two characters: no, if both belong to one word. An
 * apostrophe joins letters on both sides (can't is one word) unless what follows is a possessive
 * s that ends the word (signal's is signal + 's); a full stop or comma joins digits on both sides
 * (3.14), never letters (a missing space, a domain name). Nothing joins a name directly behind # or
 * @ to what follows it, as no network takes that for a part of it: #Turkcell'in is turkcell + 'in,
 * and @o2,5 is o2 + 5. Three deviations from UAX #29, on purpose. Apostrophe, full stop and comma
 * mean every character that folds to one. Marks are looked through; a base under more than 30 of
 * them joins nothing. A digit in a keycap is an emoji to what follows it.
 */
bool hy_word_boundary(const char *text, uint32_t len, uint32_t at);

/*
 * The class of the base that ends at or before offset at of text, its marks looked through: the
 * emoji under a skin tone, the kana under a voicing mark; EMOJI for what stands in a keycap. OTHER
 * where there is none, or more than 30 marks are on it.
 */
enum hy_char_class hy_class_before(const char *text, uint32_t at);

/*
 * hy_word_boundary at offset at of the folded text, as the author wrote it: in the original text
 * where at is the start of a character there ("T" ends a word before the trade mark sign, although
 * that folds to tm), in the folded text where it is inside one (no boundary between a kana and its
 * voicing mark). map == NULL: text and folded have the same offsets.
 */
bool hy_fold_boundary(const char *text, uint32_t len, const char *folded, uint32_t folded_len,
                      const uint16_t *map, uint32_t at);

/*
 * Finds the next word at or after *pos (0, or where the last call left it): sets *start and *end
 * and moves *pos to the end. A word is a maximal run without an inner boundary that holds a letter,
 * digit or connector, or one ideograph or one emoji, each with its marks. False when there is none
 * left; *pos is then len.
 */
bool hy_word_next(const char *text, uint32_t len, uint32_t *pos, uint32_t *start, uint32_t *end);

#ifdef __cplusplus
}
#endif

#endif
