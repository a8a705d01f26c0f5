/*
 * The line of words under a text's decoration; see dedup_text.h for what is taken off.
 *
 * One pass over the folded bytes with a byte class for ASCII; other characters are decoded. Words
 * are appended to the line as they come; hashtags at both ends are cut off afterwards by moving the
 * line's ends. Any thread; bounded by the length of the text.
 */
#include "dedup/dedup_text.h"

#include "base/assert.h"
#include "text/utf8.h"

#include <string.h>

struct reader {
    const char *text;
    uint32_t len;
    uint32_t at;
    bool in_tag; /* inside a hashtag: every word until a separator is one */
    struct hy_dedup_text *out;
    uint32_t used;                            /* bytes in the buffer */
    uint32_t words;                           /* in the buffer, all of them */
    uint32_t weight;                          /* of the words in the buffer */
    uint32_t first_word;                      /* the first that is not a hashtag */
    uint32_t first_at, first_weight;          /* the buffer's used and weight before it */
    uint32_t last_word, last_at, last_weight; /* words, used and weight after the last such */
    uint32_t last_end;                        /* where it ends in text */
};

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static char peek(const struct reader *r, uint32_t at)
{
    return at < r->len ? r->text[at] : ' ';
}

/* Length in bytes of the word character at at: letter, digit, mark, underscore; else 0. */
static uint32_t word_char(const struct reader *r, uint32_t at)
{
    if (at >= r->len)
        return 0;
    char c = r->text[at];
    if ((unsigned char)c < 0x80)
        return is_lower(c) || is_digit(c) || c == '_' || (c >= 'A' && c <= 'Z');
    uint32_t len;
    switch (hy_char_class(hy_utf8_decode(r->text + at, &len))) {
    case HY_CHAR_LETTER:
    case HY_CHAR_DIGIT:
    case HY_CHAR_MARK:
    case HY_CHAR_CONNECTOR:
        return len;
    default:
        return 0;
    }
}

/* Cyrillic and Greek lower-case letters that are drawn like a Latin one; 0 for all others. */
static char latin_twin(uint32_t cp)
{
    static const struct {
        uint16_t cp;
        char latin;
    } twins[] = {
        {0x03B1, 'a'}, {0x03B5, 'e'}, {0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'},
        {0x03C1, 'p'}, {0x03C4, 't'}, {0x03C5, 'u'}, {0x03C7, 'x'}, {0x0430, 'a'}, {0x0432, 'b'},
        {0x0435, 'e'}, {0x043A, 'k'}, {0x043C, 'm'}, {0x043D, 'h'}, {0x043E, 'o'}, {0x0440, 'p'},
        {0x0441, 'c'}, {0x0442, 't'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'}, {0x0456, 'i'},
        {0x0458, 'j'}, {0x04BB, 'h'}, {0x0501, 'd'}, {0x051B, 'q'}, {0x051D, 'w'}, {0x0261, 'g'},
    };
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        if (twins[i].cp == cp)
            return twins[i].latin;
    }
    return 0;
}

/* Rewrites look-alikes in place in buffer[start, used) and moves used back. */
static void fold_twins(struct reader *r, uint32_t start)
{
    char *word = r->out->buffer;
    uint32_t to = start;
    for (uint32_t at = start; at < r->used;) {
        uint32_t len;
        char twin = latin_twin(hy_utf8_decode(word + at, &len));
        if (twin)
            word[to++] = twin;
        else
            memmove(word + to, word + at, len), to += len;
        at += len;
    }
    r->used = to;
}

/* Enters buffer[start, used) as a word. */
static void add_word(struct reader *r, uint32_t start, enum hy_dedup_word_kind kind)
{
    struct hy_dedup_text *out = r->out;
    uint32_t len = r->used - start;
    if (r->words < HY_DEDUP_WORDS)
        out->words[r->words] = (struct hy_dedup_word){.start = start,
                                                      .len = (uint16_t)(len < 65535 ? len : 65535),
                                                      .kind = (uint8_t)kind,
                                                      .tag = r->in_tag};
    uint32_t weight_before = r->weight;
    r->weight += kind == HY_DEDUP_IDEOGRAPH ? HY_DEDUP_IDEOGRAPH_WEIGHT : HY_DEDUP_WORD_WEIGHT;
    r->words++;
    if (!r->in_tag) {
        if (r->last_word == 0) {
            r->first_word = r->words - 1;
            r->first_at = start;
            r->first_weight = weight_before;
        }
        r->last_word = r->words;
        r->last_at = r->used;
        r->last_weight = r->weight;
        r->last_end = r->at;
    }
    out->buffer[r->used++] = ' ';
}

/*
 * What of a character inside or between word characters goes into the word: an apostrophe between
 * letters and a thousands comma go nowhere, a decimal point stays. False: the word ends here.
 */
static bool joins(const struct reader *r, uint32_t at, char *keep)
{
    char c = r->text[at], before = r->text[at - 1], after = peek(r, at + 1);
    *keep = 0;
    if (c == '\'')
        return !is_digit(before) && word_char(r, at + 1) && !is_digit(after);
    if ((c != '.' && c != ',') || !is_digit(before) || !is_digit(after))
        return false;
    bool thousands = c == ',' && is_digit(peek(r, at + 2)) && is_digit(peek(r, at + 3)) &&
                     !is_digit(peek(r, at + 4));
    *keep = thousands ? 0 : '.';
    return true;
}

static uint32_t skip_link(const struct reader *r, uint32_t at)
{
    while (at < r->len && (unsigned char)r->text[at] < 0x80 && !is_space(r->text[at]) &&
           !strchr("\"<>", r->text[at]))
        at++;
    return at;
}

/*
 * Is the word at [start, end) the beginning of a link? A scheme with ://, a scheme cut off at the
 * end of the text, www., or a host name with a path behind it. *after is then the link's end.
 */
static bool is_link(const struct reader *r, uint32_t start, uint32_t end, uint32_t *after)
{
    uint32_t len = end - start;
    const char *word = r->text + start;
    bool http = (len == 4 || len == 5) && memcmp(word, "https", len) == 0;
    bool scheme = peek(r, end) == ':' && peek(r, end + 1) == '/' && peek(r, end + 2) == '/';
    if (http || scheme) {
        *after = skip_link(r, end);
        return scheme || *after - end <= 4;
    }
    if (peek(r, end) != '.' || !is_lower(peek(r, end + 1)))
        return false;
    uint32_t at = end, label = end;
    for (; at < r->len; at++) {
        char c = r->text[at];
        if (c == '.')
            label = at + 1;
        else if (!is_lower(c) && !is_digit(c) && c != '-')
            break;
    }
    bool www = len == 3 && memcmp(word, "www", 3) == 0;
    *after = skip_link(r, at);
    return www || (peek(r, at) == '/' && at - label >= 2 && !is_digit(r->text[at - 1]));
}

/* Is [start, end) a word that only says who is repeated, with a handle behind it? */
static bool is_repost_mark(const struct reader *r, uint32_t start, uint32_t end)
{
    static const char marks[4][4] = {"rt", "mt", "ht", "via"};
    uint32_t len = end - start;
    bool known = false;
    for (size_t i = 0; i < 4; i++)
        known |= len == strlen(marks[i]) && memcmp(r->text + start, marks[i], len) == 0;
    if (!known)
        return false;
    while (end < r->len && (is_space(r->text[end]) || r->text[end] == ':'))
        end++;
    return peek(r, end) == '@' && word_char(r, end + 1);
}

static void read_word(struct reader *r)
{
    struct hy_dedup_text *out = r->out;
    uint32_t start = r->at, to = r->used, after;
    bool letters = false, digits = false, latin = false, other = false;
    while (r->at < r->len) {
        uint32_t len = word_char(r, r->at);
        char c = r->text[r->at], keep = c;
        if (len == 0 && (r->at == start || !joins(r, r->at, &keep)))
            break;
        if (len > 1) {
            memcpy(out->buffer + r->used, r->text + r->at, len);
            r->used += len;
            letters = other = true;
        } else if (keep) {
            out->buffer[r->used++] = keep;
            digits |= is_digit(c);
            latin |= is_lower(c);
        }
        r->at += len ? len : 1;
    }
    letters |= latin;
    if (!r->in_tag && is_link(r, start, r->at, &after)) {
        r->used = to;
        r->at = after;
    } else if ((!letters && !digits) || is_repost_mark(r, start, r->at)) {
        r->used = to;
    } else {
        if (latin && other)
            fold_twins(r, to);
        add_word(r, to, digits ? HY_DEDUP_NUMBER : HY_DEDUP_PLAIN);
    }
}

/* At @: a handle, with its server if it has one (@ann@example.social); a lone @ is punctuation. */
static void read_handle(struct reader *r)
{
    bool starts = r->at == 0 || !word_char(r, r->at - 1);
    r->at++;
    uint32_t len;
    while (starts && (len = word_char(r, r->at)) > 0) {
        r->at += len;
        char c = peek(r, r->at);
        if ((c == '@' || c == '.' || c == '-') && word_char(r, r->at + 1))
            r->at++;
    }
}

/* At one of : ; = < : an emoticon's letter or digit (:d, :-p, <3) would else be read as a word. */
static void read_emoticon(struct reader *r)
{
    uint32_t at = r->at + 1;
    if (r->text[r->at] != '<' && (peek(r, at) == '-' || peek(r, at) == '\''))
        at++;
    bool face = r->text[r->at] == '<' ? peek(r, at) == '3' : memchr("dpox", peek(r, at), 4) != NULL;
    bool alone = r->at == 0 || !is_digit(r->text[r->at - 1]);
    r->at = face && alone && !word_char(r, at + 1) ? at + 1 : r->at + 1;
}

static void read_other(struct reader *r)
{
    uint32_t len;
    enum hy_char_class class = hy_char_class(hy_utf8_decode(r->text + r->at, &len));
    if (class == HY_CHAR_IDEOGRAPH) {
        uint32_t start = r->used;
        memcpy(r->out->buffer + r->used, r->text + r->at, len);
        r->used += len;
        r->at += len;
        add_word(r, start, HY_DEDUP_IDEOGRAPH);
    } else {
        r->in_tag = false;
        r->at += len;
    }
}

static void read_all(struct reader *r)
{
    while (r->at < r->len) {
        char c = r->text[r->at];
        if (word_char(r, r->at)) {
            read_word(r);
        } else if ((unsigned char)c >= 0x80) {
            read_other(r);
        } else {
            r->in_tag = c == '#';
            if (c == '@')
                read_handle(r);
            else if (c == ':' || c == ';' || c == '=' || c == '<')
                read_emoticon(r);
            else
                r->at++;
        }
    }
}

/* Cuts the hashtags off both ends, unless there is nothing else. */
static void set_line(struct reader *r)
{
    struct hy_dedup_text *out = r->out;
    if (r->last_word == 0) {
        r->first_word = r->first_at = r->first_weight = 0;
        r->last_word = r->words;
        r->last_at = r->used ? r->used - 1 : 0;
        r->last_weight = r->weight;
    }
    out->line = (hydrant_str){out->buffer + r->first_at, r->last_at - r->first_at};
    out->weight = r->last_weight - r->first_weight;
    uint32_t end = r->last_word < HY_DEDUP_WORDS ? r->last_word : HY_DEDUP_WORDS;
    out->words_count = end > r->first_word ? end - r->first_word : 0;
    memmove(out->words, out->words + (r->first_word < end ? r->first_word : 0),
            out->words_count * sizeof *out->words);
}

/* Dots behind the last word, whatever decoration follows them. */
static bool is_cut(const struct reader *r)
{
    uint32_t at = r->last_end;
    while (at < r->len && is_space(r->text[at]))
        at++;
    return peek(r, at) == '.' && peek(r, at + 1) == '.';
}

void hy_dedup_text_read(const char *folded, uint32_t len, struct hy_dedup_text *out)
{
    if (len > HY_DEDUP_FOLDED_BYTES)
        len = (uint32_t)hy_utf8_floor(folded, HY_DEDUP_FOLDED_BYTES);
    struct reader r = {.text = folded, .len = len, .out = out};
    read_all(&r);
    HY_ASSERT_HOT(r.used <= HY_DEDUP_LINE_BYTES);
    set_line(&r);
    out->cut = is_cut(&r);
}
