/*
 * Word boundaries in folded and in original text, by the rules in fold.h.
 *
 * A boundary depends on at most: the base before it (marks skipped), one character before that
 * base, and three bases after it (apostrophe, s, what follows); before an apostrophe, full stop or
 * comma that would join also on whether the word before is a name behind # or @. A run of marks
 * longer than MARKS_MAX hides its base, and a name has an end, so that no call looks at more than a
 * few hundred characters whatever the text is.
 *
 * Pure; any thread.
 */
#include <string.h>

#include "base/assert.h"
#include "text/fold.h"
#include "text/fold_table.h"
#include "text/utf8.h"

/* Unicode's stream-safe format allows 30 marks in a row; more is somebody playing. */
enum { MARKS_MAX = 30 };

/* Characters of a name behind # or @; no term has more (rules/literal.h). */
enum { NAME_MAX = 512 };

/* A character as the rules see it. start == end: there is none (an end of the text, or a base
 * hidden behind too many marks). */
struct base {
    uint32_t start, end;
    enum hy_char_class class;
    char folded; /* its folding if that is one ASCII character, else 0 */
};

static inline struct base character(const char *text, uint32_t at)
{
    uint32_t char_len;
    uint32_t cp = hy_utf8_decode(text + at, &char_len);
    uint32_t entry = hy_fold_entry(cp);
    uint32_t len = hy_fold_entry_length(entry);
    struct base c = {at, at + char_len, (enum hy_char_class)hy_fold_entry_class(entry), 0};
    if (len == 1)
        c.folded = *hy_fold_entry_string(entry);
    else if (cp < 0x80)
        c.folded = (char)cp;
    return c;
}

static struct base none(uint32_t at)
{
    return (struct base){at, at, HY_CHAR_OTHER, 0};
}

/* U+20E3, with which a digit or sign is drawn as a key: an emoji. */
static bool is_keycap(const char *text, struct base mark)
{
    return mark.end - mark.start == 3 && memcmp(text + mark.start, "\xE2\x83\xA3", 3) == 0;
}

/* The nearest base that ends at or before `at`. */
static struct base base_before(const char *text, uint32_t at)
{
    for (int marks = 0; at > 0 && marks <= MARKS_MAX; marks++) {
        uint32_t start = (uint32_t)hy_utf8_floor(text, at - 1);
        struct base c = character(text, start);
        if (c.class == HY_CHAR_MARK && is_keycap(text, c))
            c.class = HY_CHAR_EMOJI;
        if (c.class != HY_CHAR_MARK)
            return c;
        at = start;
    }
    return none(at);
}

enum hy_char_class hy_class_before(const char *text, uint32_t at)
{
    return base_before(text, at).class;
}

/* The nearest base that starts at or after `at`. */
static struct base base_after(const char *text, uint32_t len, uint32_t at)
{
    for (int marks = 0; at < len && marks <= MARKS_MAX; marks++) {
        struct base c = character(text, at);
        if (c.class != HY_CHAR_MARK)
            return c;
        at = c.end;
    }
    return none(at);
}

static inline bool in_word(struct base c)
{
    return (1u << c.class) & (1u << HY_CHAR_LETTER | 1u << HY_CHAR_DIGIT | 1u << HY_CHAR_CONNECTOR);
}

/* Apostrophe (joins letters), full stop or comma (join digits)? */
static bool is_joiner(struct base c)
{
    return c.folded == '\'' || c.folded == '.' || c.folded == ',';
}

/* The letter s that starts at or after an apostrophe and has no more of the word behind it. */
static bool is_possessive(const char *text, uint32_t len, struct base letter)
{
    return letter.folded == 's' && !in_word(base_after(text, len, letter.end));
}

/* Are the letters and digits that end at `at` a name: directly behind # or @? */
static bool is_name(const char *text, uint32_t at)
{
    for (int length = 0; at > 0 && length <= NAME_MAX; length++) {
        uint32_t start = (uint32_t)hy_utf8_floor(text, at - 1);
        struct base c = character(text, start);
        if (c.class != HY_CHAR_MARK && !in_word(c))
            return c.folded == '#' || c.folded == '@';
        at = start;
    }
    return false;
}

/* Boundary between a letter or digit and the punctuation after it? */
static bool boundary_before_joiner(const char *text, uint32_t len, struct base left,
                                   struct base joiner)
{
    if (!is_joiner(joiner))
        return true;
    struct base right = base_after(text, len, joiner.end);
    enum hy_char_class joined = joiner.folded == '\'' ? HY_CHAR_LETTER : HY_CHAR_DIGIT;
    if (left.class != joined || right.class != joined)
        return true;
    return (joiner.folded == '\'' && is_possessive(text, len, right)) ||
           is_name(text, joiner.start);
}

/* Boundary between punctuation and the letter or digit after it? */
static bool boundary_after_joiner(const char *text, struct base joiner, struct base right)
{
    if (!is_joiner(joiner))
        return true;
    struct base left = base_before(text, joiner.start);
    enum hy_char_class joined = joiner.folded == '\'' ? HY_CHAR_LETTER : HY_CHAR_DIGIT;
    if (left.class != joined || right.class != joined)
        return true;
    return joiner.folded != '\'' && is_name(text, joiner.start); /* 'in stays one, as 's does */
}

/* Boundary between two bases with nothing but marks between them? */
static bool boundary_between(const char *text, uint32_t len, struct base left, struct base right)
{
    if (in_word(left) && in_word(right))
        return false;
    if (in_word(left) && right.class == HY_CHAR_OTHER)
        return boundary_before_joiner(text, len, left, right);
    if (left.class == HY_CHAR_OTHER && in_word(right))
        return boundary_after_joiner(text, left, right);
    return true;
}

bool hy_word_boundary(const char *text, uint32_t len, uint32_t at)
{
    HY_ASSERT_HOT(at <= len);
    if (at == 0 || at >= len)
        return true;
    struct base right = character(text, at);
    if (right.class == HY_CHAR_MARK)
        return false;
    return boundary_between(text, len, base_before(text, at), right);
}

static bool is_wordy(struct base c)
{
    return c.class != HY_CHAR_OTHER && c.class != HY_CHAR_MARK;
}

/* The first boundary after the character at `at`. *word becomes true if anything on the way makes a
 * word. */
static uint32_t segment_end(const char *text, uint32_t len, uint32_t at, bool *word)
{
    struct base last = character(text, at);
    *word |= is_wordy(last);
    while (last.end < len) {
        struct base next = character(text, last.end);
        if (next.class != HY_CHAR_MARK && !(in_word(last) && in_word(next))) {
            struct base left = last.class == HY_CHAR_MARK ? base_before(text, last.end) : last;
            if (boundary_between(text, len, left, next))
                break;
            *word |= is_wordy(next);
        }
        last = next;
    }
    return last.end;
}

/* What a byte is to hy_word_next. */
enum { SEPARATOR, WORD, STOP, APOSTROPHE, NOT_ASCII };

/* clang-format off */
#define ALL(kind) kind, kind, kind, kind, kind, kind, kind, kind

static const uint8_t byte_kind[256] = {
    ALL(SEPARATOR), ALL(SEPARATOR), ALL(SEPARATOR), ALL(SEPARATOR),
    0, 0, 0, 0, 0, 0, 0, APOSTROPHE,
    0, 0, 0, 0, STOP, 0, STOP, 0, /* , . */
    ALL(WORD), WORD, WORD, 0, 0, 0, 0, 0, 0, /* 0..9 */
    0, WORD, WORD, WORD, WORD, WORD, WORD, WORD, ALL(WORD), ALL(WORD),
    WORD, WORD, WORD, 0, 0, 0, 0, WORD, /* X..Z _ */
    APOSTROPHE, WORD, WORD, WORD, WORD, WORD, WORD, WORD, ALL(WORD), ALL(WORD),
    WORD, WORD, WORD, 0, 0, 0, 0, 0, /* x..z */
    ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII),
    ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII),
    ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII), ALL(NOT_ASCII),
};
/* clang-format on */

static inline uint8_t kind_at(const char *text, uint32_t at)
{
    return byte_kind[(unsigned char)text[at]];
}

/* Can what stands at `end`, after an ASCII letter, digit or underscore, be part of its word? False
 * only where one look at the next two bytes is enough to know. */
static bool may_continue(const char *text, uint32_t len, uint32_t end)
{
    uint8_t kind = end < len ? kind_at(text, end) : SEPARATOR;
    if (kind == SEPARATOR)
        return false;
    if (kind == NOT_ASCII)
        return true;
    uint8_t next = end + 1 < len ? kind_at(text, end + 1) : SEPARATOR;
    bool after_digit = text[end - 1] >= '0' && text[end - 1] <= '9';
    return next == NOT_ASCII || (next == WORD && after_digit == (kind == STOP));
}

/* The end of the word whose first character, at `at`, is an ASCII letter, digit or underscore. */
static uint32_t word_end(const char *text, uint32_t len, uint32_t at)
{
    bool word = true;
    uint32_t end = at + 1;
    while (end < len && kind_at(text, end) == WORD)
        end++;
    return may_continue(text, len, end) ? segment_end(text, len, end - 1, &word) : end;
}

/* Over ASCII that neither makes nor begins a word: a stop is part of one only between digits. */
static uint32_t skip_separators(const char *text, uint32_t len, uint32_t at)
{
    while (at < len && (kind_at(text, at) == SEPARATOR || kind_at(text, at) == STOP))
        at++;
    return at;
}

bool hy_word_next(const char *text, uint32_t len, uint32_t *pos, uint32_t *start, uint32_t *end)
{
    uint32_t at = *pos;
    while ((at = skip_separators(text, len, at)) < len) {
        uint32_t first = at;
        bool word = kind_at(text, at) == WORD;
        at = word ? word_end(text, len, at) : segment_end(text, len, at, &word);
        if (word) {
            *start = first;
            *pos = *end = at;
            return true;
        }
    }
    *pos = len;
    return false;
}
