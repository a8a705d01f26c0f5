/*
 * gen-fold OUT.c: writes the tables of engine/text/fold_table.h. Runs at build time, on the build
 * machine, and asks ICU for every code point. The same ICU gives the same bytes.
 *
 * What it decides, and nobody else: which code points are typographic apostrophes, quotes and
 * dashes, which combining marks go, and the class of each code point. engine/text/fold.h says so
 * in words; tests/unit/test_fold.c says it again from ICU, on its own.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "text/fold.h"
#include "text/fold_table.h"

enum {
    UNITS_MAX = 64, /* UTF-16 units of one folding; U+FDFA needs 18 */
    BLOCKS = HY_FOLD_CODE_POINTS >> HY_FOLD_BLOCK_BITS,
    STRINGS_MAX = 1 << 20,
};

static const UNormalizer2 *nfkc_cf, *nfd;
static uint16_t blocks[BLOCKS];
static uint32_t entries[HY_FOLD_CODE_POINTS];
static uint32_t blocks_count;
static char strings[STRINGS_MAX];
static uint32_t strings_len;

static void die(const char *what)
{
    fprintf(stderr, "gen-fold: %s\n", what);
    exit(1);
}

/* The apostrophes, quotes and dashes that keyboards and word processors put for ' " and -. */
static UChar32 typographic(UChar32 cp)
{
    switch (cp) {
    case '`':
    case 0x00B4: /* acute accent, and its canonical twin */
    case 0x1FFD:
    case 0x02BC: /* modifier letter apostrophe */
    case 0x2018:
    case 0x2019:
    case 0x201B:
    case 0x2032: /* prime */
    case 0xFF07:
        return '\'';
    case 0x201C:
    case 0x201D:
    case 0x201E:
    case 0x201F:
        return '"';
    case 0x2212: /* minus */
    case 0xFE58:
    case 0xFE63:
    case 0xFF0D:
        return '-';
    default:
        return cp >= 0x2010 && cp <= 0x2015 ? '-' : cp;
    }
}

static bool mark_is_dropped(UChar32 cp)
{
    unsigned ccc = u_getCombiningClass(cp);
    return ccc == 1 || (ccc >= 10 && ccc <= 36) || ccc >= 200;
}

/* Folds cp to UTF-8; returns the length. */
static uint32_t fold(UChar32 cp, char *out)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar units[2], cased[UNITS_MAX], decomposed[UNITS_MAX];
    int32_t count = 0, length = 0;
    U16_APPEND_UNSAFE(units, count, typographic(cp));
    int32_t cased_count = unorm2_normalize(nfkc_cf, units, count, cased, UNITS_MAX, &status);
    count = unorm2_normalize(nfd, cased, cased_count, decomposed, UNITS_MAX, &status);
    if (U_FAILURE(status))
        die(u_errorName(status));
    for (int32_t i = 0; i < count;) {
        UChar32 part;
        U16_NEXT_UNSAFE(decomposed, i, part);
        if (mark_is_dropped(part))
            continue;
        part = typographic(part);
        U8_APPEND_UNSAFE(out, length, part);
    }
    return (uint32_t)length;
}

/* Scripts that are written without spaces, and Hangul, which glues particles to its nouns. */
static bool is_ideograph(UChar32 cp)
{
    static const UScriptCode scripts[] = {USCRIPT_HAN, USCRIPT_HIRAGANA, USCRIPT_KATAKANA,
                                          USCRIPT_BOPOMOFO, USCRIPT_HANGUL};
    if (u_hasBinaryProperty(cp, UCHAR_IDEOGRAPHIC))
        return true;
    if (!u_hasBinaryProperty(cp, UCHAR_ALPHABETIC) && u_charType(cp) != U_MODIFIER_LETTER)
        return false;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++)
        if (uscript_hasScript(cp, scripts[i]))
            return true;
    return u_getIntPropertyValue(cp, UCHAR_LINE_BREAK) == U_LB_COMPLEX_CONTEXT;
}

static bool is_mark(UChar32 cp, uint32_t folded_len)
{
    int32_t jamo = u_getIntPropertyValue(cp, UCHAR_HANGUL_SYLLABLE_TYPE);
    return folded_len == 0 || (U_GET_GC_MASK(cp) & U_GC_M_MASK) ||
           u_hasBinaryProperty(cp, UCHAR_GRAPHEME_EXTEND) ||
           u_hasBinaryProperty(cp, UCHAR_EMOJI_MODIFIER) || jamo == U_HST_VOWEL_JAMO ||
           jamo == U_HST_TRAILING_JAMO;
}

static bool is_emoji(UChar32 cp, bool same)
{
    if (u_hasBinaryProperty(cp, UCHAR_REGIONAL_INDICATOR))
        return true;
    if (!same || cp == 0xA9 || cp == 0xAE)
        return false;
    int8_t type = u_charType(cp);
    return u_hasBinaryProperty(cp, UCHAR_EXTENDED_PICTOGRAPHIC) &&
           (type == U_OTHER_SYMBOL || type == U_MATH_SYMBOL || type == U_UNASSIGNED);
}

static enum hy_char_class classify(UChar32 cp, uint32_t folded_len, bool same)
{
    if (typographic(cp) != cp)
        return HY_CHAR_OTHER;
    if (is_mark(cp, folded_len))
        return HY_CHAR_MARK;
    if (is_emoji(cp, same))
        return HY_CHAR_EMOJI;
    if (is_ideograph(cp))
        return HY_CHAR_IDEOGRAPH;
    switch (u_charType(cp)) {
    case U_DECIMAL_DIGIT_NUMBER:
        return HY_CHAR_DIGIT;
    case U_CONNECTOR_PUNCTUATION:
        return HY_CHAR_CONNECTOR;
    default:
        return u_hasBinaryProperty(cp, UCHAR_ALPHABETIC) || (U_GET_GC_MASK(cp) & U_GC_L_MASK)
                   ? HY_CHAR_LETTER
                   : HY_CHAR_OTHER;
    }
}

/* Where the string stands in the pool; strings that are there already are shared. */
static uint32_t pool(const char *string, uint32_t len)
{
    const char *found = memmem(strings, strings_len, string, len);
    if (found)
        return (uint32_t)(found - strings);
    if (strings_len + len + HY_FOLD_STRINGS_PADDING > STRINGS_MAX)
        die("the string pool is full");
    memcpy(strings + strings_len, string, len);
    strings_len += len;
    return strings_len - len;
}

/* See struct hy_fold_traits in text/fold.h. */
static bool is_odd(enum hy_char_class class, const char *folded, uint32_t len)
{
    if (len == 0)
        return true;
    if (class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_CONNECTOR)
        return false;
    for (uint32_t i = 0; i < len; i++)
        if ((folded[i] >= 'a' && folded[i] <= 'z') || (folded[i] >= '0' && folded[i] <= '9') ||
            folded[i] == '_')
            return true;
    return false;
}

/* See hy_char_completes_letter in text/fold.h; of a mark, by what it folds to. */
static bool completes_letter(enum hy_char_class class, const char *folded, uint32_t len)
{
    enum { NUKTA = 7, KANA_VOICING = 8 };
    int32_t at = 0;
    UChar32 cp;
    if (class != HY_CHAR_MARK || len == 0)
        return false;
    U8_NEXT_UNSAFE(folded, at, cp);
    unsigned ccc = u_getCombiningClass(cp);
    int32_t jamo = u_getIntPropertyValue(cp, UCHAR_HANGUL_SYLLABLE_TYPE);
    return ccc == NUKTA || ccc == KANA_VOICING || jamo == U_HST_VOWEL_JAMO ||
           jamo == U_HST_TRAILING_JAMO;
}

static uint32_t entry_of(UChar32 cp)
{
    char folded[UNITS_MAX * 4], self[4];
    uint32_t len, offset = 0;
    if (U_IS_SURROGATE(cp))
        return (uint32_t)HY_FOLD_SAME << HY_FOLD_CLASS_BITS | HY_CHAR_OTHER;
    int32_t self_len = 0;
    U8_APPEND_UNSAFE(self, self_len, cp);
    len = fold(cp, folded);
    bool same = len == (uint32_t)self_len && memcmp(folded, self, len) == 0;
    enum hy_char_class class = classify(cp, len, same);
    uint32_t traits = is_odd(class, folded, len) ? HY_FOLD_ODD : 0;
    traits |= completes_letter(class, folded, len) ? HY_FOLD_COMPLETES : 0;
    if (u_getIntPropertyValue(cp, UCHAR_HANGUL_SYLLABLE_TYPE) >= U_HST_LV_SYLLABLE)
        len = HY_FOLD_HANGUL;
    else if (same)
        len = HY_FOLD_SAME;
    else if (len >= HY_FOLD_HANGUL)
        die("a folding is too long for its length field");
    else
        offset = pool(folded, len);
    return traits | offset << (HY_FOLD_CLASS_BITS + HY_FOLD_LENGTH_BITS) |
           len << HY_FOLD_CLASS_BITS | (uint32_t) class;
}

static void build_block(uint32_t number)
{
    uint32_t *block = entries + ((size_t)blocks_count << HY_FOLD_BLOCK_BITS);
    for (uint32_t i = 0; i < HY_FOLD_BLOCK_SIZE; i++)
        block[i] = entry_of((UChar32)(number << HY_FOLD_BLOCK_BITS | i));
    for (uint32_t i = 0; i < blocks_count; i++) {
        const uint32_t *other = entries + ((size_t)i << HY_FOLD_BLOCK_BITS);
        if (memcmp(other, block, HY_FOLD_BLOCK_SIZE * sizeof *block) == 0) {
            blocks[number] = (uint16_t)i;
            return;
        }
    }
    blocks[number] = (uint16_t)blocks_count++;
}

static void write_tables(FILE *out)
{
    fprintf(out, "/* Written by gen-fold; Unicode %s. */\n#include \"text/fold_table.h\"\n",
            U_UNICODE_VERSION);
    fprintf(out, "\nconst uint16_t hy_fold_blocks[%d] = {", BLOCKS);
    for (uint32_t i = 0; i < BLOCKS; i++)
        fprintf(out, "%s%u,", i % 16 ? "" : "\n", blocks[i]);
    fprintf(out, "\n};\n\nconst uint32_t hy_fold_entries[] = {");
    for (uint32_t i = 0; i < blocks_count << HY_FOLD_BLOCK_BITS; i++)
        fprintf(out, "%s%u,", i % 8 ? "" : "\n", entries[i]);
    fprintf(out, "\n};\n\nconst char hy_fold_strings[%u] = {",
            strings_len + HY_FOLD_STRINGS_PADDING);
    for (uint32_t i = 0; i < strings_len; i++)
        fprintf(out, "%s'\\x%02x',", i % 12 ? "" : "\n", (unsigned char)strings[i]);
    fprintf(out, "\n};\n");
}

int main(int argc, char **argv)
{
    UErrorCode status = U_ZERO_ERROR;
    if (argc != 2)
        die("usage: gen-fold OUT.c");
    nfkc_cf = unorm2_getNFKCCasefoldInstance(&status);
    nfd = unorm2_getNFDInstance(&status);
    if (U_FAILURE(status))
        die(u_errorName(status));
    for (uint32_t i = 0; i < BLOCKS; i++)
        build_block(i);
    FILE *out = fopen(argv[1], "w");
    if (!out)
        die("cannot write the output file");
    write_tables(out);
    if (fclose(out) != 0)
        die("cannot write the output file");
    return 0;
}
