/*
 * Inside engine/pii: a text being looked through, and the small tests that its finders share. A
 * finder looks at one place and says where its find begins and ends; scan (pii.c) goes from place
 * to place.
 */
#ifndef HY_PII_PII_SCAN_H
#define HY_PII_PII_SCAN_H

#include <string.h>

#include "pii/pii.h"

struct hy_pii_text {
    const char *s;
    uint32_t len;
    uint32_t done; /* nothing before it is looked at again */
    /* All signs that a link has lie in [signs_from, signs_to); if signs_known. */
    bool signs_known;
    uint32_t signs_from, signs_to;
    /* The word around the last place, and its first '/' or '?' that may tell a link (word_end when
     * it has none) with the '.' of a host before it (or 0). A long word is read once, not at each
     * of its places. */
    uint32_t word_start, word_end;
    uint32_t link_sign, host_dot;
};

struct hy_pii_find {
    uint32_t start, end;
    enum hy_pii_kind kind;
};

enum { HY_PII_DIGITS = 24, HY_PII_GROUPS = 10 };

/* Digits in groups: "(512) 555-0142" has groups of 3, 3 and 4. */
struct hy_pii_number {
    uint32_t digits_count, groups_count;
    char digits[HY_PII_DIGITS];
    struct {
        uint32_t start, end; /* in the text */
        uint32_t first, len; /* in digits */
        char after;          /* what separates it from the next: space - . / or 0 */
    } group[HY_PII_GROUPS];
    bool plus;    /* a + before the first group */
    bool paren;   /* ( before the first group */
    bool cut;     /* more digits or groups than there is room for */
    uint32_t end; /* behind the last digit */
};

static inline bool hy_pii_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}
static inline bool hy_pii_letter(char c)
{
    return (unsigned char)((c | 32) - 'a') < 26;
}
static inline bool hy_pii_upper(char c)
{
    return (unsigned char)(c - 'A') < 26;
}
static inline bool hy_pii_alnum(char c)
{
    return hy_pii_digit(c) || hy_pii_letter(c);
}
/* Of a find: is this byte replaced where it is masked? */
static inline bool hy_pii_masked(char c)
{
    return hy_pii_alnum(c) || (unsigned char)c >= 0x80;
}
/* Is c in a set of characters below 64, made of HY_PII_BIT? */
#define HY_PII_BIT(c) ((uint64_t)1 << (c))
static inline bool hy_pii_in(char c, uint64_t set)
{
    return (unsigned char)c < 64 && (set >> (unsigned char)c & 1);
}
/* The byte at a place; 0 outside of the text. Places before the text wrap around and are outside.
 */
static inline char hy_pii_at(const struct hy_pii_text *t, uint32_t at)
{
    return at < t->len ? t->s[at] : 0;
}
/* Does text[start, end), letters in any case, equal the lower-case word? */
static inline bool hy_pii_is(const struct hy_pii_text *t, uint32_t start, uint32_t end,
                             const char *word)
{
    for (; start < end && *word; start++, word++)
        if ((hy_pii_letter(t->s[start]) ? t->s[start] | 32 : t->s[start]) != *word)
            return false;
    return start == end && !*word;
}

/* The next finds at or behind *at, at most max of them; moves *at behind the last. */
uint32_t hy_pii_more(struct hy_pii_text *t, const struct hy_pii_patterns *patterns, uint32_t *at,
                     hydrant_pii *out, uint32_t max);

/* Does one of the words "a|b c|d" (lower case, spaces as they are) begin as a word within reach
 * bytes before `at`, and end before it? */
bool hy_pii_said_before(const struct hy_pii_text *t, uint32_t at, uint32_t reach,
                        const char *words);
/* Where the word (letters only) that ends at `end` begins; `end` when there is none. */
uint32_t hy_pii_word_before(const struct hy_pii_text *t, uint32_t end);

/* Reads the number whose first digit, or the + or ( before it, is at `at`. */
void hy_pii_number_read(const struct hy_pii_text *t, uint32_t at, struct hy_pii_number *n);

/* ---- finders: the digit (or the sign before it) is at `at` ---- */

bool hy_pii_find_number(const struct hy_pii_text *t, const struct hy_pii_number *n,
                        struct hy_pii_find *find); /* card or phone */
bool hy_pii_find_account(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find);
bool hy_pii_find_iban(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find);
bool hy_pii_find_address(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find);
/* May there be an e-mail address around `at`? Most signs are of a handle: this tells, cheaply. */
bool hy_pii_may_be_email(const struct hy_pii_text *t, uint32_t at);
bool hy_pii_find_email(const struct hy_pii_text *t, uint32_t at, struct hy_pii_find *find);

#endif
