/*
 * What a regular expression says that its author hardly means: \b, \w and [[:alpha:]] know the
 * letters of ASCII only (compile_hs.c says why), so that \bécole\b is in no text.
 *
 * A glance at neighbours, not a parser: Hyperscan judges the expression (hy_regex_parse).
 */
#include <string.h>

#include "base/str.h"
#include "rules/lexer.h"
#include "text/fold.h"
#include "text/utf8.h"

/* What stands at a place of an expression. */
enum part {
    OTHER,   /* a character or class of which nothing follows */
    NOTHING, /* parentheses and repetitions: what is beside them stands side by side */
    ASCII,   /* \b, \w, [[:alpha:]] */
    LETTER,  /* one that is not ASCII */
};

/* The length of a class with its brackets, and whether it has words of ASCII in it. */
static uint32_t class_length(hydrant_str s, bool *ascii)
{
    static const char *const names[] = {"[:alpha:]", "[:alnum:]", "[:word:]", "[:upper:]",
                                        "[:lower:]"};
    uint32_t i = 1;
    *ascii = false;
    for (i += i < s.len && s.data[i] == '^'; i < s.len; i++) {
        hydrant_str rest = hy_str(s.data + i, s.len - i);
        if (*rest.data == ']' && i > 1)
            return i + 1;
        if (*rest.data == '\\' && rest.len > 1) {
            *ascii |= (rest.data[1] | 0x20) == 'w';
            i++;
        }
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            uint32_t len = (uint32_t)strlen(names[n]);
            if (rest.len < len || memcmp(rest.data, names[n], len) != 0)
                continue;
            *ascii = true;
            i += len - 1;
        }
    }
    return s.len;
}

/* The length of ( with what belongs to it, as (?: and (?i) do. */
static uint32_t group_length(hydrant_str s)
{
    uint32_t i = 1;
    if (s.len > 1 && s.data[1] == '?')
        while (i < s.len && s.data[i] != ':' && s.data[i] != ')')
            i++;
    return i > 1 && i < s.len ? i + 1 : 1;
}

/* What stands at the beginning of s, which is not empty, and its length. */
static enum part part_at(hydrant_str s, uint32_t *len)
{
    bool ascii;
    *len = 1;
    switch (*s.data) {
    case '\\':
        if (s.len < 2 || (unsigned char)s.data[1] >= 0x80)
            return NOTHING;
        *len = 2;
        return s.data[1] && strchr("bBwW", s.data[1]) ? ASCII : OTHER;
    case '[':
        *len = class_length(s, &ascii);
        return ascii ? ASCII : OTHER;
    case '(':
        *len = group_length(s);
        return NOTHING;
    case '{':
        while (*len < s.len && s.data[*len - 1] != '}')
            ++*len;
        return NOTHING;
    case ')':
    case '?':
    case '*':
    case '+':
        return NOTHING;
    default:
        break;
    }
    uint32_t cp = hy_utf8_decode(s.data, len);
    enum hy_char_class class = hy_char_class(cp);
    return cp >= 0x80 && class != HY_CHAR_OTHER && class != HY_CHAR_EMOJI ? LETTER : OTHER;
}

void hy_lexer_warn_ascii(struct hy_lexer *lexer, uint32_t start, uint32_t end)
{
    enum part last = OTHER;
    uint32_t last_at = start;
    for (uint32_t at = start, len; at < end; at += len) {
        enum part part = part_at(hy_lexer_slice(lexer, at, end), &len);
        if (part == NOTHING)
            continue;
        if ((part == ASCII && last == LETTER) || (part == LETTER && last == ASCII)) {
            hy_rules_warning(lexer->diagnostics, hy_lexer_place(lexer, last_at, at + len),
                             "look for the word as a term, or write \\p{L} for any letter",
                             "\\b, \\w and [[:alpha:]] know the letters of ASCII only");
            return;
        }
        last = part;
        last_at = at;
    }
}
