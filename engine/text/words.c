/*
 * Word boundaries in folded and in original text, by the rules in fold.h.
 *
 * A boundary depends on at most: the base before it (marks skipped), one character before that
 * base, and three bases after it (apostrophe, s, what follows). A run of marks longer than
 * MARKS_MAX hides its base, so that no call looks at more than a few hundred bytes whatever the
 * text is.
 *
 * Pure; any thread.
 */
#include "base/assert.h"
#include "text/fold.h"
#include "text/fold_table.h"
#include "text/utf8.h"

/* Unicode's stream-safe format allows 30 marks in a row; more is somebody playing. */
enum { MARKS_MAX = 30 };

/* A character as the rules see it. start == end: there is none (an end of the text, or a base
 * hidden behind too many marks). */
struct base {
    uint32_t start, end;
    enum hy_char_class class;
    char folded; /* its folding if that is one ASCII character, else 0 */
};

static struct base character(const char *text, uint32_t at)
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

/* The nearest base that ends at or before `at`. */
static struct base base_before(const char *text, uint32_t at)
{
    for (int marks = 0; at > 0 && marks <= MARKS_MAX; marks++) {
        uint32_t start = (uint32_t)hy_utf8_floor(text, at - 1);
        struct base c = character(text, start);
        if (c.class != HY_CHAR_MARK)
            return c;
        at = start;
    }
    return none(at);
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

static bool in_word(struct base c)
{
    return c.class == HY_CHAR_LETTER || c.class == HY_CHAR_DIGIT || c.class == HY_CHAR_CONNECTOR;
}

static bool joins_digits(struct base c)
{
    return c.folded == '.' || c.folded == ',';
}

/* The letter s that starts at or after an apostrophe and has no more of the word behind it. */
static bool is_possessive(const char *text, uint32_t len, struct base letter)
{
    return letter.folded == 's' && !in_word(base_after(text, len, letter.end));
}

/* Boundary between a letter or digit and the punctuation after it? */
static bool boundary_before_joiner(const char *text, uint32_t len, struct base left,
                                   struct base joiner)
{
    struct base right = base_after(text, len, joiner.end);
    if (joiner.folded == '\'' && left.class == HY_CHAR_LETTER && right.class == HY_CHAR_LETTER)
        return is_possessive(text, len, right);
    return !(joins_digits(joiner) && left.class == HY_CHAR_DIGIT && right.class == HY_CHAR_DIGIT);
}

/* Boundary between punctuation and the letter or digit after it? */
static bool boundary_after_joiner(const char *text, struct base joiner, struct base right)
{
    struct base left = base_before(text, joiner.start);
    if (joiner.folded == '\'')
        return left.class != HY_CHAR_LETTER || right.class != HY_CHAR_LETTER;
    return !(joins_digits(joiner) && left.class == HY_CHAR_DIGIT && right.class == HY_CHAR_DIGIT);
}

bool hy_word_boundary(const char *text, uint32_t len, uint32_t at)
{
    HY_ASSERT_HOT(at <= len);
    if (at == 0 || at >= len)
        return true;
    struct base right = character(text, at);
    if (right.class == HY_CHAR_MARK)
        return false;
    struct base left = base_before(text, at);
    if (in_word(left) && in_word(right))
        return false;
    if (in_word(left) && right.class == HY_CHAR_OTHER)
        return boundary_before_joiner(text, len, left, right);
    if (left.class == HY_CHAR_OTHER && in_word(right))
        return boundary_after_joiner(text, left, right);
    return true;
}

static bool is_wordy(enum hy_char_class class)
{
    return class != HY_CHAR_OTHER && class != HY_CHAR_MARK;
}

bool hy_word_next(const char *text, uint32_t len, uint32_t *pos, uint32_t *start, uint32_t *end)
{
    uint32_t at = *pos;
    while (at < len) {
        uint32_t first = at;
        bool word = false;
        do {
            struct base c = character(text, at);
            word |= is_wordy(c.class);
            at = c.end;
        } while (!hy_word_boundary(text, len, at));
        if (word) {
            *start = first;
            *pos = *end = at;
            return true;
        }
    }
    *pos = len;
    return false;
}
