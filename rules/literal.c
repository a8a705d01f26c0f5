#include "rules/literal.h"

#include <string.h>

#include "base/str.h"
#include "text/fold.h"
#include "text/utf8.h"

#define FINE ((struct hy_literal_problem){0})
#define WRONG(message, fix) ((struct hy_literal_problem){(message), (fix)})

uint32_t hy_literal_space(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    if (c < 0xC0) /* inside a character: callers step byte by byte */
        return 0;
    uint32_t len, cp = hy_utf8_decode(p, &len);
    bool space = cp == 0x85 || cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 ||
                 cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
    return space ? len : 0;
}

uint32_t hy_literal_squeeze(hydrant_str text, char *out)
{
    const char *p = text.data, *end = p + text.len;
    uint32_t n = 0;
    bool space = false;
    while (p < end) {
        uint32_t len = hy_literal_space(p, end);
        if (len) {
            space = n > 0;
            p += len;
            continue;
        }
        if (space)
            out[n++] = ' ';
        space = false;
        out[n++] = *p++;
    }
    return n;
}

/* ---- chunks ---- */

static void cut_at_spaces(hydrant_str text, struct hy_literal_chunks *chunks)
{
    const char *p = text.data, *end = p + text.len;
    while (p < end && chunks->count < HY_LITERAL_CHUNKS_MAX) {
        const char *start = p;
        while (p < end && !hy_literal_space(p, end))
            p++;
        if (p > start)
            chunks->at[chunks->count++] = hy_str(start, (size_t)(p - start));
        if (p < end)
            p += hy_literal_space(p, end);
    }
}

static uint32_t leading_punctuation(hydrant_str s)
{
    uint32_t n = 0, len;
    while (n < s.len && hy_char_class(hy_utf8_decode(s.data + n, &len)) == HY_CHAR_OTHER)
        n += len;
    return n;
}

static hydrant_str trim_end(hydrant_str s)
{
    while (s.len > 0) {
        uint32_t len, at = (uint32_t)hy_utf8_floor(s.data, s.len - 1);
        if (hy_char_class(hy_utf8_decode(s.data + at, &len)) != HY_CHAR_OTHER)
            break;
        s.len = at;
    }
    return s;
}

/* Drops what any text may have between the words of a phrase. */
static void drop_punctuation(struct hy_literal_chunks *chunks)
{
    uint32_t kept = 0, count = chunks->count;
    for (uint32_t i = 0; i < count; i++) {
        hydrant_str s = chunks->at[i];
        uint32_t leading = leading_punctuation(s);
        bool words = leading < s.len;
        if (!words && i > 0 && i + 1 < count)
            continue;
        if (words && i > 0)
            s = hy_str(s.data + leading, s.len - leading);
        if (words && i + 1 < count)
            s = trim_end(s);
        chunks->at[kept++] = s;
    }
    chunks->count = kept;
}

void hy_literal_cut(enum hy_term_kind kind, hydrant_str text, struct hy_literal_chunks *chunks)
{
    chunks->count = 0;
    if (kind == HY_TERM_SUBSTRING) {
        chunks->at[chunks->count++] = text;
        return;
    }
    cut_at_spaces(text, chunks);
    drop_punctuation(chunks);
}

static bool blank(hydrant_str text)
{
    for (const char *p = text.data, *end = p + text.len; p < end;) {
        uint32_t len = hy_literal_space(p, end);
        if (len == 0)
            return false;
        p += len;
    }
    return true;
}

struct folded {
    char data[HY_LITERAL_BYTES_MAX * HY_FOLD_EXPANSION + 64];
    uint32_t len;
};

static void fold(hydrant_str text, struct folded *folded)
{
    bool identity;
    folded->len = hy_fold(text.data, text.len, folded->data, NULL, &identity);
}

static bool holds_word(hydrant_str text)
{
    uint32_t at = 0, start, end;
    return hy_word_next(text.data, text.len, &at, &start, &end);
}

/* Is there a word in what is looked for of the text, as written (the vowels of ㅠㅠ fold to what
 * completes a syllable) or folded (™ is tm)? */
static bool has_word(enum hy_term_kind kind, hydrant_str text)
{
    struct hy_literal_chunks chunks;
    struct folded folded;
    if (holds_word(text)) /* nothing of a word is dropped */
        return true;
    hy_literal_cut(kind, text, &chunks);
    for (uint32_t i = 0; i < chunks.count; i++) {
        fold(chunks.at[i], &folded);
        if (holds_word(hy_str(folded.data, folded.len)))
            return true;
    }
    return false;
}

static bool ascii_alnum(uint32_t cp)
{
    return (cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z');
}

static bool joins_in_tag(uint32_t cp)
{
    return cp == 0xB7 || cp == 0x200C || cp == 0x200D || cp == 0x30FB || cp == 0xFE0F;
}

/* Are all characters behind the sigil part of a tag? extra lists the ASCII ones besides letters,
 * digits and the underscore. */
static bool tag_characters(hydrant_str text, const char *extra)
{
    for (uint32_t i = 1, len; i < text.len; i += len) {
        uint32_t cp = hy_utf8_decode(text.data + i, &len);
        bool fits = cp < 0x80 ? ascii_alnum(cp) || cp == '_' || strchr(extra, (int)cp)
                              : hy_char_class(cp) != HY_CHAR_OTHER || joins_in_tag(cp);
        if (!fits || cp == 0)
            return false;
    }
    return text.len > 1;
}

static struct hy_literal_problem check_cashtag(hydrant_str text)
{
    bool letter = false;
    for (uint32_t i = 1; i < text.len; i++)
        letter |= ascii_alnum((unsigned char)text.data[i]) && (unsigned char)text.data[i] > '9';
    for (uint32_t i = 1; i < text.len; i++)
        if ((unsigned char)text.data[i] >= 0x80)
            letter = false;
    if (!letter || !tag_characters(text, ".") || !ascii_alnum((unsigned char)text.data[1]))
        return WRONG("a cashtag is $ and a ticker: letters, digits, . and _, at least one letter",
                     "put a price or other text in quotes: \"$5\"");
    return FINE;
}

static struct hy_literal_problem check_tag(enum hy_term_kind kind, hydrant_str text)
{
    if (kind == HY_TERM_CASHTAG)
        return check_cashtag(text);
    if (kind == HY_TERM_HASHTAG) {
        if (!tag_characters(text, ""))
            return WRONG("a hashtag is # and letters, digits and _ only",
                         "end it at the first other character, or put the text in quotes");
        return FINE;
    }
    char last = text.data[text.len - 1];
    if (!tag_characters(text, ".-@") || strchr(".-@", text.data[1]) || strchr(".-@", last))
        return WRONG("a mention is @ and a handle: letters, digits, _ . and - (not at its ends)",
                     "end it at the first other character, or put the text in quotes");
    return FINE;
}

/* text with its ? taken out: what a wildcard is sure to contain. */
static hydrant_str without_wildcards(hydrant_str text, char *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < text.len; i++)
        if (text.data[i] != '?')
            out[n++] = text.data[i];
    return hy_str(out, n);
}

/* Is anything left after folding? */
static struct hy_literal_problem check_left(hydrant_str text)
{
    struct folded folded;
    fold(text, &folded);
    if (blank(hy_str(folded.data, folded.len)))
        return WRONG("nothing is left of this literal after folding (invisible characters only)",
                     "write what to look for");
    return FINE;
}

struct hy_literal_problem hy_literal_check(enum hy_term_kind kind, hydrant_str text)
{
    if (text.len > HY_LITERAL_BYTES_MAX)
        return WRONG("a literal is at most 512 bytes long",
                     "shorten it, or use a regular expression");
    if (kind == HY_TERM_HASHTAG || kind == HY_TERM_MENTION || kind == HY_TERM_CASHTAG) {
        struct hy_literal_problem problem = check_tag(kind, text);
        return problem.message ? problem : check_left(hy_str(text.data + 1, text.len - 1));
    }
    char certain[HY_LITERAL_BYTES_MAX];
    if (kind == HY_TERM_WILDCARD)
        text = without_wildcards(text, certain);
    if (blank(text))
        return kind == HY_TERM_WILDCARD
                   ? WRONG("a wildcard needs at least one letter or digit beside its ?", NULL)
                   : WRONG("an empty literal would match everything", "write what to look for");
    struct hy_literal_problem problem = check_left(text);
    if (problem.message)
        return problem;
    if (kind != HY_TERM_SUBSTRING && !has_word(kind, text))
        return WRONG("a literal without a letter, digit or emoji has no word to look for",
                     "to find punctuation anywhere, write it as a substring: ~\"...\"");
    return FINE;
}

static bool pattern_free(hydrant_str text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (text.data[i] == '*' || text.data[i] == '?' || text.data[i] == ' ')
            return false;
    return true;
}

static enum hy_term_kind entry_kind(hydrant_str *text)
{
    hydrant_str inner = *text;
    if (inner.len > 1 && inner.data[0] == '#')
        return HY_TERM_HASHTAG;
    if (inner.len > 1 && inner.data[0] == '@')
        return HY_TERM_MENTION;
    if (inner.len > 1 && inner.data[0] == '$' && !check_cashtag(inner).message)
        return HY_TERM_CASHTAG;
    if (inner.len > 2 && inner.data[0] == '{' && inner.data[inner.len - 1] == '}') {
        uint32_t before = inner.data[1] == ' ', after = inner.data[inner.len - 2] == ' ';
        if (inner.len == 3)
            after = 0;
        *text = hy_str(inner.data + 1 + before, inner.len - 2 - before - after);
        return HY_TERM_EXACT;
    }
    inner.len -= inner.len > 0;
    if (inner.len && text->data[inner.len] == '*' && pattern_free(inner)) {
        *text = inner;
        return HY_TERM_PREFIX;
    }
    return HY_TERM_WORDS;
}

struct hy_query *hy_literal_parse(struct hy_arena *arena, hydrant_str entry,
                                  struct hy_literal_problem *problem)
{
    *problem = FINE;
    char squeezed[HY_LITERAL_BYTES_MAX];
    if (entry.len > HY_LITERAL_BYTES_MAX) {
        *problem = hy_literal_check(HY_TERM_WORDS, entry);
        return NULL;
    }
    hydrant_str text = hy_str(squeezed, hy_literal_squeeze(entry, squeezed));
    enum hy_term_kind kind = entry_kind(&text);
    *problem = hy_literal_check(kind, text);
    if (problem->message) {
        problem->fix = kind == HY_TERM_HASHTAG || kind == HY_TERM_MENTION
                           ? "end it at the first other character, or take it out"
                           : "take it out; a query can look for a part of a word: ~\"...\"";
        return NULL;
    }
    /* The same bytes as in the entry, wherever they can be borrowed. */
    const char *same = memmem(entry.data, entry.len, text.data, text.len);
    struct hy_query *node = HY_ARENA_NEW(arena, struct hy_query, 1);
    char *copy = same || !node ? NULL : hy_arena_alloc(arena, text.len, 1);
    if (!node || (!same && !copy))
        return NULL;
    if (copy)
        memcpy(copy, text.data, text.len);
    *node = (struct hy_query){
        .kind = HY_QUERY_TERM, .term = kind, .text = {same ? same : copy, text.len}};
    return node;
}
