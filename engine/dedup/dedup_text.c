/*
 * The line of words under a text's decoration; see dedup_text.h for what is taken off.
 *
 * One pass over the folded bytes. Runs of plain words are read by masks of 64 bytes, for each kind
 * of machine with the same result; what is not plain byte by byte, with characters decoded. Words
 * are appended to the line as they come; hashtags at both ends are cut off afterwards by moving the
 * line's ends. Any thread; bounded by the length of the text.
 */
#include "dedup/dedup_text.h"

#include "base/assert.h"
#include "base/cpu.h"
#include "text/utf8.h"

#include <endian.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))
#define AVX2 __attribute__((target("avx2,bmi,bmi2")))
#define AVX512 __attribute__((target("avx2,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq")))

enum {
    RUN_BYTES = 16,       /* copied at once, read and written beyond what counts */
    BLOCK_BYTES = 64,     /* classified at once */
    LATIN_WORDS_MIN = 2,  /* before a word is taken for Latin by its looks alone */
    CUT_SCHEME_BYTES = 5, /* behind http are no rest of a scheme that was cut off any more */
};

struct reader;
typedef void read_plain_fn(struct reader *r);

struct reader {
    const char *text;
    uint32_t len;
    uint32_t at;
    bool in_tag; /* inside a hashtag: every word until a separator is one */
    struct hy_dedup_text *out;
    uint32_t used;  /* bytes in the buffer */
    uint32_t words; /* in the buffer, all of them */
    /* Of the words that out->words has no room for: where the last that is not a hashtag ends in
     * the buffer, and the weight of all up to that one. */
    uint32_t late_at, late_weight, late_weight_all;
    uint32_t last_end;         /* where the last word that is not a hashtag ends in text */
    uint32_t host_end;         /* of what was read last as a host name with a dot in it */
    bool host_links;           /* and whether it is one with a path behind it */
    uint32_t ideographs;       /* of the words, those that are one */
    uint32_t foreign;          /* of the words, those that are not Latin letters alone */
    read_plain_fn *read_plain; /* this machine's */
};

/* What a byte is. */
enum {
    MARK = 1,  /* a word ends before it, unless it joins two or makes a link */
    PLAIN = 2, /* is dull, or begins a plain word */
    WORD = 4,  /* a character of a word, if it is ASCII */
};

static const uint8_t byte_kinds[256] = {
    [0 ... '"'] = PLAIN,
    ['$' ... '&'] = PLAIN,
    ['\''] = MARK | PLAIN,
    ['(' ... '+'] = PLAIN,
    [','] = MARK | PLAIN,
    ['-'] = PLAIN,
    ['.'] = MARK | PLAIN,
    ['/'] = PLAIN,
    ['0' ... '9'] = WORD | PLAIN,
    [':'] = MARK,
    ['>' ... '?'] = PLAIN,
    ['A' ... 'Z'] = WORD,
    ['[' ... '^'] = PLAIN,
    ['_'] = WORD,
    ['`'] = PLAIN,
    ['a' ... 'z'] = WORD | PLAIN,
    ['{' ... 127] = PLAIN,
};

INLINE uint32_t byte_kind(char c)
{
    return byte_kinds[(unsigned char)c];
}

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

static bool is_word_byte(char c)
{
    return byte_kind(c) & WORD;
}

/* Length in bytes of the word character at at: letter, digit, mark, underscore; else 0. */
static uint32_t word_char(const struct reader *r, uint32_t at)
{
    if (at >= r->len)
        return 0;
    char c = r->text[at];
    if ((unsigned char)c < 0x80)
        return is_word_byte(c);
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

/* Is there a word character at the reader's place that is no mark? A mark belongs to what is before
 * it, as a skin tone to an emoji. */
static bool begins_word(const struct reader *r)
{
    uint32_t len;
    enum hy_char_class class = hy_char_class(hy_utf8_decode(r->text + r->at, &len));
    return class == HY_CHAR_LETTER || class == HY_CHAR_DIGIT || class == HY_CHAR_CONNECTOR;
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

/* Is the word in buffer[start, used) nothing but look-alikes of Latin letters, behind words most of
 * which are Latin? Links and handles are no words here: a copy may have others. */
static bool is_disguised(const struct reader *r, uint32_t start)
{
    const char *word = r->out->buffer;
    if (r->words < LATIN_WORDS_MIN || 2 * r->foreign >= r->words)
        return false;
    for (uint32_t at = start, len; at < r->used; at += len) {
        if (!latin_twin(hy_utf8_decode(word + at, &len)))
            return false;
    }
    return true;
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

_Static_assert(HY_DEDUP_PLAIN == false && HY_DEDUP_NUMBER == true,
               "whether a word has digits is its kind");

static uint32_t weight_of(uint32_t kind)
{
    return kind == HY_DEDUP_IDEOGRAPH ? HY_DEDUP_IDEOGRAPH_WEIGHT : HY_DEDUP_WORD_WEIGHT;
}

/* Enters buffer[start, used) as a word. */
static void add_word(struct reader *r, uint32_t start, enum hy_dedup_word_kind kind)
{
    struct hy_dedup_text *out = r->out;
    uint32_t len = r->used - start;
    if (HY_LIKELY(r->words < HY_DEDUP_WORDS)) {
        out->words[r->words] = (struct hy_dedup_word){.start = start,
                                                      .len = (uint16_t)(len < 65535 ? len : 65535),
                                                      .kind = (uint8_t)kind,
                                                      .tag = r->in_tag};
    } else {
        r->late_weight_all += weight_of(kind);
        if (!r->in_tag) {
            r->late_at = r->used;
            r->late_weight = r->late_weight_all;
        }
    }
    r->words++;
    if (!r->in_tag)
        r->last_end = r->at;
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

/* The end of the link that reaches to at, looked for up to limit. */
static uint32_t skip_link(const struct reader *r, uint32_t at, uint32_t limit)
{
    for (; at < limit; at++) {
        char c = r->text[at];
        if ((unsigned char)c <= ' ' || (unsigned char)c >= 0x80 || c == '"' || c == '<' || c == '>')
            break;
    }
    return at;
}

/* Word and length are hard to foretell, so these two ask without branches. Four bytes are read. */
static uint32_t first_bytes(const char *word)
{
    uint32_t first;
    memcpy(&first, word, sizeof first);
    return le32toh(first);
}

/* May it be http or https? */
static bool is_scheme(const char *word, uint32_t len)
{
    return (len - 4 < 2) & (first_bytes(word) == first_bytes("http"));
}

/* rt, mt, ht or via */
static bool is_repost_word(const char *word, uint32_t len)
{
    uint32_t first = first_bytes(word), two = first & 0xFFFF, three = first & 0xFFFFFF;
    return ((len == 2) &
            ((two == ('r' | 't' << 8)) | (two == ('m' | 't' << 8)) | (two == ('h' | 't' << 8)))) |
           ((len == 3) & (three == ('v' | 'i' << 8 | 'a' << 16)));
}

/*
 * Reads the rest of what may be a host name, from a dot in it. Every word of it that a dot follows
 * asks, and they all get the answer that the first one got.
 */
static void read_host(struct reader *r, uint32_t dot)
{
    uint32_t at = dot, label = dot;
    if (dot < r->host_end)
        return;
    for (; at < r->len; at++) {
        char c = r->text[at];
        if (c == '.')
            label = at + 1;
        else if (!is_lower(c) && !is_digit(c) && c != '-')
            break;
    }
    r->host_end = at;
    r->host_links = peek(r, at) == '/' && at - label >= 2 && !is_digit(r->text[at - 1]);
}

/*
 * Is the word at [start, end) the beginning of a link? A scheme with ://, a scheme cut off at the
 * end of the text, www., or a host name with a path behind it. *after is then the link's end. All
 * that is read beyond the word is read once, or is few bytes: no text takes long.
 */
static bool is_link(struct reader *r, uint32_t start, uint32_t end, uint32_t *after)
{
    uint32_t len = end - start;
    const char *word = r->text + start;
    char next = peek(r, end);
    if (HY_LIKELY(next != ':' && next != '.' && word[0] != 'h'))
        return false;
    bool http = is_scheme(word, len) && (len == 4 || word[4] == 's');
    if (next == ':' && peek(r, end + 1) == '/' && peek(r, end + 2) == '/') {
        *after = skip_link(r, end, r->len);
        return true;
    }
    if (http) {
        uint32_t left = r->len - end;
        *after = skip_link(r, end, end + (left < CUT_SCHEME_BYTES ? left : CUT_SCHEME_BYTES));
        return *after - end < CUT_SCHEME_BYTES;
    }
    if (next != '.' || !is_lower(peek(r, end + 1)))
        return false;
    read_host(r, end);
    bool www = len == 3 && memcmp(word, "www", 3) == 0;
    if (!www && !r->host_links)
        return false;
    *after = skip_link(r, r->host_end, r->len);
    return true;
}

static bool has_handle_behind(const struct reader *r, uint32_t at)
{
    while (at < r->len && (is_space(r->text[at]) || r->text[at] == ':'))
        at++;
    return peek(r, at) == '@' && word_char(r, at + 1);
}

/* Is [start, end) a word that only says who is repeated, with a handle behind it? */
INLINE bool is_repost_mark(const struct reader *r, uint32_t start, uint32_t end)
{
    return HY_UNLIKELY(is_repost_word(r->text + start, end - start)) && has_handle_behind(r, end);
}

/* Length of the run of ASCII word characters at text, up to limit and RUN_BYTES. *digits is set
 * when one of the run is a digit. */
static uint32_t ascii_run(const char *text, uint32_t limit, bool *digits)
{
    limit = limit < RUN_BYTES ? limit : RUN_BYTES;
#ifdef __SSE2__
    __m128i c = _mm_loadu_si128((const __m128i *)text), low = _mm_or_si128(c, _mm_set1_epi8(0x20));
    __m128i alpha = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)),
                                  _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
    __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8('0' - 1)),
                                  _mm_cmplt_epi8(c, _mm_set1_epi8('9' + 1)));
    __m128i word = _mm_or_si128(_mm_or_si128(alpha, digit), _mm_cmpeq_epi8(c, _mm_set1_epi8('_')));
    uint32_t run = (uint32_t)__builtin_ctz(~(uint32_t)_mm_movemask_epi8(word));
    run = run < limit ? run : limit;
    *digits |= ((uint32_t)_mm_movemask_epi8(digit) & ((1u << run) - 1)) != 0;
    return run;
#else
    uint32_t run = 0;
    for (; run < limit && is_word_byte(text[run]); run++)
        *digits |= is_digit(text[run]);
    return run;
#endif
}

struct word_parts {
    bool digits, ascii, other; /* holds digits, ASCII characters, others */
};

/* Copies the word at the reader's place into the buffer, as far as it goes. */
static void copy_word(struct reader *r, struct word_parts *parts)
{
    char *buffer = r->out->buffer;
    uint32_t start = r->at;
    while (r->at < r->len) {
        uint32_t run = ascii_run(r->text + r->at, r->len - r->at, &parts->digits), len;
        memcpy(buffer + r->used, r->text + r->at, RUN_BYTES);
        parts->ascii |= run > 0;
        r->used += run;
        r->at += run;
        if (run == RUN_BYTES || r->at == r->len)
            continue;
        char c = r->text[r->at], keep;
        if (c == ' ')
            return;
        if ((unsigned char)c >= 0x80 && (len = word_char(r, r->at)) > 0) {
            memcpy(buffer + r->used, r->text + r->at, len);
            r->used += len;
            r->at += len;
            parts->other = true;
        } else if (r->at > start && joins(r, r->at, &keep)) {
            r->at++;
            if (keep)
                buffer[r->used++] = keep;
        } else {
            return;
        }
    }
}

/* Is it nothing but underscores? */
static bool is_rule(const char *word, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        if (word[i] != '_')
            return false;
    }
    return true;
}

static void read_word(struct reader *r)
{
    uint32_t start = r->at, to = r->used, after;
    struct word_parts parts = {0};
    copy_word(r, &parts);
    const char *word = r->out->buffer + to;
    if (!r->in_tag && is_link(r, start, r->at, &after)) {
        r->used = to;
        r->at = after;
    } else if ((word[0] == '_' && is_rule(word, r->used - to)) || is_repost_mark(r, start, r->at)) {
        r->used = to;
    } else {
        if (parts.other && (parts.ascii || is_disguised(r, to)))
            fold_twins(r, to);
        else
            r->foreign += parts.other;
        add_word(r, to, parts.digits ? HY_DEDUP_NUMBER : HY_DEDUP_PLAIN);
    }
}

/* The end of the run of word characters at at. */
static uint32_t skip_word(const struct reader *r, uint32_t at)
{
    bool digits = false;
    for (;;) {
        uint32_t run = ascii_run(r->text + at, r->len - at, &digits), len;
        at += run;
        if (run == RUN_BYTES)
            continue;
        if (at == r->len || (unsigned char)r->text[at] < 0x80 || (len = word_char(r, at)) == 0)
            return at;
        at += len;
    }
}

/* At @: a handle, with its server if it has one (@ann@example.social); a lone @ is punctuation. */
static void read_handle(struct reader *r)
{
    bool inside = r->at > 0 && word_char(r, r->at - 1);
    r->at++;
    if (inside)
        return;
    for (;;) {
        uint32_t end = skip_word(r, r->at);
        char c = peek(r, end);
        bool handle = end > r->at;
        r->at = end;
        if (!handle || (c != '@' && c != '.' && c != '-') || !word_char(r, end + 1))
            return;
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
        r->ideographs++;
    } else {
        r->in_tag = false;
        r->at += len;
    }
}

/* Of BLOCK_BYTES of a text, bit i for byte i. What lies behind the text is dull. */
struct block {
    uint64_t words; /* lower-case letters and digits */
    uint64_t digits;
    uint64_t signs; /* what is neither that nor dull, which means nothing between words */
    uint64_t ends;  /* a plain word in front of it ends there; not told of the last byte */
};

/* What block is made of, by vectors. */
struct classes {
    uint64_t words, digits, signs;
    uint64_t word;  /* any character of a word, and what is not ASCII */
    uint64_t marks; /* kind MARK */
    uint64_t slashes;
};

/* A word ends before what can be no part of one, and before a mark that has nothing behind it that
 * a word or a link could go on with. left: bytes of the text from here on, at least one. */
INLINE struct block block_of(struct classes c, uint32_t left)
{
    uint64_t all = UINT64_MAX >> (BLOCK_BYTES - (left < BLOCK_BYTES ? left : BLOCK_BYTES));
    uint64_t calm = ~((c.word | c.slashes) & all), ends = ~((c.word | c.marks) & all);
    return (struct block){c.words & all, c.digits & all, c.signs & all,
                          ends | (c.marks & calm >> 1)};
}

typedef struct block classify_fn(const char *text, uint32_t left);

INLINE struct block classify(const char *text, uint32_t left)
{
    struct classes all = {0};
#ifdef __SSE2__
#define BETWEEN(first, last)                                   \
    _mm_and_si128(_mm_cmpgt_epi8(c, _mm_set1_epi8((first)-1)), \
                  _mm_cmplt_epi8(c, _mm_set1_epi8((last) + 1)))
#define IS(sign) _mm_cmpeq_epi8(c, _mm_set1_epi8(sign))
#define BITS(bytes) ((uint64_t)(uint32_t)_mm_movemask_epi8(bytes) << at)
    for (uint32_t at = 0; at < BLOCK_BYTES; at += 16) {
        __m128i c = _mm_loadu_si128((const __m128i *)(text + at));
        __m128i digit = BETWEEN('0', '9'), word = _mm_or_si128(BETWEEN('a', 'z'), digit);
        __m128i other = _mm_or_si128(_mm_or_si128(BETWEEN('A', 'Z'), IS('_')), c);
        __m128i sign =
            _mm_or_si128(_mm_or_si128(BETWEEN(':', '='), other), _mm_or_si128(IS('#'), IS('@')));
        all.words |= BITS(word);
        all.digits |= BITS(digit);
        all.signs |= BITS(sign);
        all.word |= BITS(_mm_or_si128(word, other));
        all.marks |=
            BITS(_mm_or_si128(_mm_or_si128(IS('\''), IS(',')), _mm_or_si128(IS('.'), IS(':'))));
        all.slashes |= BITS(IS('/'));
    }
#undef BETWEEN
#undef IS
#undef BITS
#else
    for (uint32_t at = 0; at < BLOCK_BYTES; at++) {
        char c = text[at];
        bool word = is_lower(c) || is_digit(c), high = (unsigned char)c >= 0x80;
        all.words |= (uint64_t)word << at;
        all.digits |= (uint64_t)is_digit(c) << at;
        all.signs |= (uint64_t) !(byte_kind(c) & PLAIN) << at;
        all.word |= (uint64_t)(high || is_word_byte(c)) << at;
        all.marks |= (uint64_t)((byte_kind(c) & MARK) != 0) << at;
        all.slashes |= (uint64_t)(c == '/') << at;
    }
#endif
    return block_of(all, left);
}

#ifdef __x86_64__

AVX512 INLINE uint64_t between(__m512i c, char first, char last)
{
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(c, _mm512_set1_epi8(first)),
                                  _mm512_set1_epi8((char)(last - first)));
}

AVX512 INLINE uint64_t is(__m512i c, char sign)
{
    return _mm512_cmpeq_epi8_mask(c, _mm512_set1_epi8(sign));
}

AVX512 INLINE struct block classify_avx512(const char *text, uint32_t left)
{
    __m512i c = _mm512_loadu_si512(text);
    uint64_t digits = between(c, '0', '9'), words = digits | between(c, 'a', 'z');
    uint64_t other = between(c, 'A', 'Z') | is(c, '_') | _mm512_movepi8_mask(c);
    uint64_t signs = between(c, ':', '=') | is(c, '#') | is(c, '@') | other;
    uint64_t marks = is(c, '\'') | is(c, ',') | is(c, '.') | is(c, ':');
    return block_of((struct classes){words, digits, signs, words | other, marks, is(c, '/')}, left);
}

#endif

#define LAST_BIT (1ull << (BLOCK_BYTES - 1))

/* The reader's place and what it writes, in registers. */
struct plain {
    uint32_t start; /* of the block in the text */
    uint32_t used, count;
    uint32_t last_end, before; /* where the last word ends in the text, and the one before it */
    bool stops;
};

/*
 * Reads the words that begin and end in a block, up to the first that is not plain: what is not
 * dull stands between words, or something may belong to the word behind it. A word that may go on
 * behind the block is left to the next one. All that is asked of words is asked of the whole block
 * before, so that none waits for another.
 */
INLINE void read_block(struct reader *r, struct plain *p, struct block block)
{
    uint64_t starts = block.words & ~(block.words << 1);
    uint64_t ends = ~block.words & block.words << 1 & ~LAST_BIT, wrong = ends & ~block.ends;
    uint64_t stop = (block.signs & ~LAST_BIT) | wrong;
    p->stops = stop != 0;
    for (ends &= ~wrong & (stop ^ (stop - 1)); ends; ends &= ends - 1, starts &= starts - 1) {
        uint32_t at = (uint32_t)__builtin_ctzll(starts), end = (uint32_t)__builtin_ctzll(ends);
        const char *word = r->text + p->start + at;
        uint32_t len = end - at;
        if (HY_UNLIKELY((len > RUN_BYTES) | is_scheme(word, len) | (p->count >= HY_DEDUP_WORDS))) {
            p->stops = true;
            break;
        }
        bool number = block.digits >> at & ((1ull << len) - 1);
        r->out->words[p->count++] =
            (struct hy_dedup_word){.start = p->used, .len = (uint16_t)len, .kind = number};
        memcpy(r->out->buffer + p->used, word, RUN_BYTES);
        p->used += len;
        r->out->buffer[p->used++] = ' ';
        p->before = p->last_end;
        p->last_end = p->start + end;
    }
    uint32_t next = (uint32_t)__builtin_ctzll(starts | (stop & -stop) | LAST_BIT);
    p->stops |= next == 0; /* a word longer than a block */
    p->start += next;
}

/*
 * Reads words as most are, and what is dull between them: up to RUN_BYTES letters and digits, with
 * nothing behind that may belong to them. Stops at the first that is not. That a word says who is
 * repeated is seen when the reading stops, which it does at a handle.
 */
INLINE void read_plain_words(struct reader *r, classify_fn *classify_block)
{
    struct plain p = {.start = r->at, .used = r->used, .count = r->words, .last_end = r->last_end};
    p.before = p.last_end;
    do {
        read_block(r, &p, classify_block(r->text + p.start, r->len - p.start));
    } while (!p.stops && p.start < r->len);
    r->at = p.start < r->len ? p.start : r->len;
    if (p.count > r->words) {
        const struct hy_dedup_word *last = &r->out->words[p.count - 1];
        if (HY_UNLIKELY(is_repost_mark(r, p.last_end - last->len, p.last_end))) {
            p.used = last->start;
            p.count--;
            p.last_end = p.before;
        }
    }
    r->used = p.used;
    r->words = p.count;
    r->last_end = p.last_end;
}

static void read_plain_words_scalar(struct reader *r)
{
    read_plain_words(r, classify);
}

#ifdef __x86_64__

AVX2 static void read_plain_words_avx2(struct reader *r)
{
    read_plain_words(r, classify);
}

AVX512 static void read_plain_words_avx512(struct reader *r)
{
    read_plain_words(r, classify_avx512);
}

static read_plain_fn *read_plain_words_of(enum hy_cpu_level level)
{
    return level == HY_CPU_AVX512 ? read_plain_words_avx512
           : level == HY_CPU_AVX2 ? read_plain_words_avx2
                                  : read_plain_words_scalar;
}

#else

static read_plain_fn *read_plain_words_of(enum hy_cpu_level level)
{
    (void)level;
    return read_plain_words_scalar;
}

#endif

static void read_all(struct reader *r)
{
    while (r->at < r->len) {
        if (!r->in_tag && (byte_kind(r->text[r->at]) & PLAIN)) {
            r->read_plain(r);
            if (r->at >= r->len)
                return;
        }
        char c = r->text[r->at];
        if (is_word_byte(c) || ((unsigned char)c >= 0x80 && begins_word(r))) {
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
        bool space = (r->at < r->len) & (r->text[r->at] == ' '); /* as after most words */
        r->in_tag &= !space;
        r->at += space;
    }
}

/* Cuts the hashtags off both ends, unless there is nothing else. */
static void set_line(struct reader *r)
{
    struct hy_dedup_text *out = r->out;
    uint32_t kept = r->words < HY_DEDUP_WORDS ? r->words : HY_DEDUP_WORDS, first = 0, end = kept;
    while (first < end && out->words[first].tag)
        first++;
    while (end > first && out->words[end - 1].tag)
        end--;
    bool only_tags = first == end && r->late_at == 0;
    if (only_tags) {
        first = 0;
        end = kept;
    } else if (r->late_at > 0) {
        end = kept;
    }
    uint32_t from = first < kept ? out->words[first].start : 0, to = from;
    out->weight = (end - first) * HY_DEDUP_WORD_WEIGHT;
    for (uint32_t i = first; i < end && r->ideographs; i++)
        out->weight -= HY_DEDUP_WORD_WEIGHT - weight_of(out->words[i].kind);
    if (r->late_at > 0) {
        to = r->late_at;
        out->weight += r->late_weight;
    } else if (end > first) {
        to = out->words[end - 1].start + out->words[end - 1].len;
    }
    out->line = (hydrant_str){out->buffer + from, to - from};
    out->ideographs = r->ideographs > 0;
    out->words_first = first;
    out->words_count = end - first;
}

/* Dots behind the last word, whatever decoration follows them. */
static bool is_cut(const struct reader *r)
{
    uint32_t at = r->last_end;
    while (at < r->len && is_space(r->text[at]))
        at++;
    return peek(r, at) == '.' && peek(r, at + 1) == '.';
}

uint32_t hy_dedup_text_emoji(const char *folded, uint32_t len, char *out)
{
    uint32_t used = 0, last = 0, step;
    for (uint32_t at = 0; at < len && used + 4 <= HY_DEDUP_EMOJI_BYTES; at += step) {
        uint32_t cp = hy_utf8_decode(folded + at, &step);
        if (hy_char_class(cp) != HY_CHAR_EMOJI || cp == last)
            continue;
        memcpy(out + used, folded + at, step);
        used += step;
        last = cp;
    }
    return used;
}

void hy_dedup_text_read(const char *folded, uint32_t len, struct hy_dedup_text *out)
{
    if (len > HY_DEDUP_FOLDED_BYTES)
        len = (uint32_t)hy_utf8_floor(folded, HY_DEDUP_FOLDED_BYTES);
    struct reader r = {.text = folded, .len = len, .out = out};
    r.read_plain = read_plain_words_of(hy_cpu_level());
    read_all(&r);
    HY_ASSERT_HOT(r.used <= HY_DEDUP_LINE_BYTES);
    set_line(&r);
    out->cut = is_cut(&r);
}
