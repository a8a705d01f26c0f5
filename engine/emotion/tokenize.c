/*
 * Stage 6, second pass: bit masks to tokens. See tokenize.h.
 *
 * The runs of the text (charmask.h) are listed, and then taken one after the other. What comes
 * next, a word, a full stop or a bracket, cannot be foreseen, so the short way takes all of them
 * alike and without a branch: two masked loads hash the run, and its token counts if it has one.
 * The few that may be more than a run (an odd word, a sign that begins something) take the long
 * way. Runs with a bit in mask.odd (a third repeat, or bytes beyond ASCII) go through struct
 * spelling, one character at a time. Each byte is looked at a bounded number of times.
 */
#include "emotion/tokenize.h"

#include <string.h>

#include "base/assert.h"

#if defined(__AVX512VBMI2__)
#include <immintrin.h>
#endif

/* ---- hashing ---- */

static uint64_t multiply_fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const char *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/* The bytes of the first and second 8 that belong to a word of 0..16 bytes. */
#define BYTES(n) ((n) >= 8 ? ~0ull : (1ull << 8 * ((n)&7)) - 1)
#define MASKS(n)                             \
    {                                        \
        BYTES(n), BYTES((n) > 8 ? (n)-8 : 0) \
    }
static const uint64_t masks[17][2] = {
    MASKS(0), MASKS(1),  MASKS(2),  MASKS(3),  MASKS(4),  MASKS(5),  MASKS(6),  MASKS(7), MASKS(8),
    MASKS(9), MASKS(10), MASKS(11), MASKS(12), MASKS(13), MASKS(14), MASKS(15), MASKS(16)};

enum { HASH_STEP = 16 }; /* bytes */

/* One step of a hash: the next len bytes, at most HASH_STEP, which are readable. */
static inline uint64_t hash_step(uint64_t hash, const char *bytes, uint32_t len)
{
    uint64_t low = load64(bytes) & masks[len][0], high = load64(bytes + 8) & masks[len][1];
    return multiply_fold(low ^ hash, high ^ 0xD6E8FEB86659FD93ull);
}

static inline uint64_t hash_begin(uint32_t len)
{
    return 0x9E3779B97F4A7C15ull ^ len;
}

/* bytes must be readable for 16 past the end; len <= HY_TOKEN_SPELL. */
static inline uint64_t hash_padded(const char *bytes, uint32_t len)
{
    uint64_t hash = hash_begin(len);
    for (;;) {
        hash = hash_step(hash, bytes, len < HASH_STEP ? len : HASH_STEP);
        if (HY_LIKELY(len <= HASH_STEP))
            return hash;
        bytes += HASH_STEP;
        len -= HASH_STEP;
    }
}

uint64_t hy_token_hash(const char *bytes, uint32_t len)
{
    char padded[HY_TOKEN_SPELL + 16] = {0};
    if (len > HY_TOKEN_SPELL)
        len = HY_TOKEN_SPELL;
    memcpy(padded, bytes, len);
    return hash_padded(padded, len);
}

/* ---- bit scans ---- */

static bool bit_at(const uint64_t *bits, uint32_t at)
{
    return bits[at / 64] >> (at % 64) & 1;
}

/* The bits from at on, 57 at least; those above are zero. */
static inline uint64_t bits_from(const uint64_t *bits, uint32_t at)
{
    return load64((const char *)bits + at / 8) >> (at % 8);
}

/* First clear bit at or after from; bits past the text are clear. */
static inline uint32_t next_clear(const uint64_t *a, uint32_t from)
{
    uint32_t k = from / 64;
    uint64_t bits = ~a[k] >> (from % 64) << (from % 64);
    while (!bits)
        bits = ~a[++k];
    return k * 64 + (uint32_t)__builtin_ctzll(bits);
}

/* Any set bit in [start, end)? start < end. */
static inline bool any_set(const uint64_t *a, uint32_t start, uint32_t end)
{
    uint32_t k = start / 64, last = (end - 1) / 64;
    uint64_t first = ~0ull << (start % 64), tail = ~0ull >> (63 - (end - 1) % 64);
    if (k == last)
        return a[k] & first & tail;
    uint64_t found = (a[k] & first) | (a[last] & tail);
    while (++k < last)
        found |= a[k];
    return found != 0;
}

static inline bool all_set(const uint64_t *a, uint32_t start, uint32_t end)
{
    return next_clear(a, start) >= end;
}

/* ---- tokens ---- */

/* cues and valence are set by whoever goes on with it. Returns the token's number. */
static inline uint32_t add_word_token(struct hy_tokens *t, uint32_t start, uint32_t len,
                                      uint64_t hash, uint8_t flags)
{
    uint32_t number = t->count++;
    struct hy_token *token = &t->list[number];
    token->hash = hash;
    token->start = (uint16_t)start;
    token->len = (uint16_t)len;
    t->kind[number] = HY_TOKEN_WORD;
    t->symbol[number] = t->run[number] = 0;
    t->flags[number] = flags;
    return number;
}

/* Returns the token's number. */
static uint32_t add(struct hy_tokens *t, uint32_t start, uint32_t end, uint64_t hash,
                    enum hy_token_kind kind)
{
    uint32_t number = add_word_token(t, start, end - start, hash, 0);
    t->kind[number] = (uint8_t)kind;
    t->others++;
    return number;
}

static bool full(const struct hy_tokens *t)
{
    return t->count == HY_EMOTION_TOKENS;
}

static void add_fixed(struct hy_tokens *t, uint32_t start, uint32_t end, enum hy_token_kind kind)
{
    static const char *const spelled[] = {
        [HY_TOKEN_URL] = "<url>", [HY_TOKEN_USER] = "<user>", [HY_TOKEN_NAME] = "<name>"};
    add(t, start, end, hy_token_hash(spelled[kind], (uint32_t)strlen(spelled[kind])), kind);
}

static void add_punct(struct hy_tokens *t, uint32_t start, uint32_t end, char symbol,
                      uint32_t count)
{
    const char run[16 + 3] = {symbol, symbol, symbol};
    if (count > 3)
        count = 3;
    uint32_t number = add(t, start, end, hash_padded(run, count), HY_TOKEN_PUNCT);
    t->symbol[number] = (uint8_t)symbol;
    t->run[number] = (uint8_t)count;
}

static const char *const emoticon_texts[HY_EMOTICONS] = {"",
#define TEXT(NAME, text, valence) text,
                                                         HY_EMOTICON_TABLE(TEXT)
#undef TEXT
};

static void add_emoticon(struct hy_tokens *t, uint32_t start, uint32_t end, enum hy_emoticon kind)
{
    const char *text = emoticon_texts[kind];
    uint64_t hash = hy_token_hash(text, (uint32_t)strlen(text));
    t->symbol[add(t, start, end, hash, HY_TOKEN_EMOTICON)] = (uint8_t)kind;
    t->pictures++;
}

static uint8_t word_flags(struct hy_tokens *t, uint32_t start, uint32_t end)
{
    bool caps =
        end - start >= 2 && bit_at(t->mask.upper, start) && all_set(t->mask.upper, start, end);
    t->capitals += caps;
    return caps ? HY_TOKEN_CAPS : 0;
}

/* ---- the slow way: characters ---- */

enum char_kind {
    CHAR_SEPARATOR,
    CHAR_LATIN,
    CHAR_LETTER,
    CHAR_APOSTROPHE,
    CHAR_EMOJI,
    CHAR_JOINED
};

/*
 * Cut down to what the features need, and part of them: it must not change when the folding of
 * rules does. JOINED: variation selectors, skin tones, joiners; they change nothing.
 */
static enum char_kind classify(uint32_t cp)
{
    if (cp == 0x2018 || cp == 0x2019 || cp == 0x02BC || cp == 0xFF07)
        return CHAR_APOSTROPHE;
    if (cp == 0x200D || cp == 0x20E3 || (cp >= 0xFE00 && cp <= 0xFE0F) ||
        (cp >= 0x1F3FB && cp <= 0x1F3FF) || (cp >= 0x300 && cp <= 0x36F) ||
        (cp >= 0xE0000 && cp <= 0xE0FFF))
        return CHAR_JOINED;
    if (cp < 0xC0 || cp == 0xD7 || cp == 0xF7 || (cp >= 0x2000 && cp <= 0x206F) ||
        (cp >= 0x20A0 && cp <= 0x20CF) || (cp >= 0x3000 && cp <= 0x303F) ||
        (cp >= 0xFF00 && cp <= 0xFF0F) || (cp >= 0xE000 && cp <= 0xF8FF) || cp == 0xFFFD)
        return CHAR_SEPARATOR;
    if (cp < 0x250 || (cp >= 0x1E00 && cp <= 0x1EFF))
        return CHAR_LATIN;
    if ((cp >= 0x2190 && cp <= 0x2BFF) || (cp >= 0x1F000 && cp <= 0x1FAFF))
        return CHAR_EMOJI;
    return CHAR_LETTER;
}

/* Reads one character at *at, which moves past it; 0xFFFD for a byte that is not UTF-8. The text is
 * followed by zero bytes, which end any sequence that was cut. */
static uint32_t next_char(const char *text, uint32_t *at)
{
    const unsigned char *p = (const unsigned char *)text + *at;
    uint32_t len = p[0] < 0x80   ? 1
                   : p[0] < 0xC2 ? 0
                   : p[0] < 0xE0 ? 2
                   : p[0] < 0xF0 ? 3
                   : p[0] < 0xF5 ? 4
                                 : 0;
    uint32_t cp = len <= 1 ? p[0] : p[0] & (0x7Fu >> len);
    for (uint32_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            len = 0;
            break;
        }
        cp = cp << 6 | (p[i] & 0x3F);
    }
    *at += len ? len : 1;
    return len ? cp : 0xFFFD;
}

/* A word in the making. */
struct spelling {
    char bytes[HY_TOKEN_SPELL + 16];
    uint32_t len;
    uint32_t start, end; /* in the text */
    bool squeezed;
};

static void spell_byte(struct spelling *s, char c, uint32_t at)
{
    if (s->len == 0) {
        s->start = at;
        s->squeezed = false;
    }
    bool letter = c >= 'a' && c <= 'z';
    if (letter && s->len >= 2 && s->bytes[s->len - 1] == c && s->bytes[s->len - 2] == c)
        s->squeezed = true;
    else if (s->len < HY_TOKEN_SPELL)
        s->bytes[s->len++] = c;
    s->end = at + 1;
}

/* Ends the word that is being spelled. */
static void spell_flush(struct hy_tokens *t, struct spelling *s)
{
    while (s->len && s->bytes[s->len - 1] == '\'')
        s->len--;
    if (s->len && !full(t)) {
        memset(s->bytes + s->len, 0, 16);
        uint64_t hash = hash_padded(s->bytes, s->len);
        uint8_t flags = (s->squeezed ? HY_TOKEN_LONG : 0) | word_flags(t, s->start, s->end);
        add_word_token(t, s->start, s->end - s->start, hash, HY_TOKEN_RARE | flags);
    }
    s->len = 0;
}

static void add_emoji(struct hy_tokens *t, uint32_t start, uint32_t end)
{
    t->pictures++;
    uint64_t hash = hy_token_hash(t->mask.lower + start, end - start);
    uint32_t n = t->count;
    if (n >= 2 && t->list[n - 1].hash == hash && t->list[n - 2].hash == hash)
        return;
    add(t, start, end, hash, HY_TOKEN_EMOJI);
}

static void spell_char(struct hy_tokens *t, struct spelling *s, uint32_t cp, uint32_t start,
                       uint32_t end)
{
    switch (classify(cp)) {
    case CHAR_APOSTROPHE:
        if (s->len)
            spell_byte(s, '\'', start);
        return;
    case CHAR_JOINED:
        return;
    case CHAR_EMOJI:
        spell_flush(t, s);
        if (!full(t))
            add_emoji(t, start, end);
        return;
    case CHAR_SEPARATOR:
        spell_flush(t, s);
        if (cp == 0x2026 && !full(t))
            add_punct(t, start, end, '.', 3);
        return;
    case CHAR_LATIN:
        t->latin++;
        break;
    case CHAR_LETTER:
        t->other_script++;
        break;
    }
    for (uint32_t at = start; at < end; at++)
        spell_byte(s, t->mask.lower[at], at);
}

/* A word run with something out of the ordinary in it. */
static void split_slowly(struct hy_tokens *t, uint32_t start, uint32_t end)
{
    struct spelling s = {.len = 0};
    for (uint32_t at = start; at < end && !full(t);) {
        uint32_t from = at, cp = next_char(t->mask.lower, &at);
        if (cp == '\'' && s.len == 0)
            continue;
        if (cp < 0x80)
            spell_byte(&s, (char)cp, from);
        else
            spell_char(t, &s, cp, from, at);
    }
    spell_flush(t, &s);
}

static const char *fixed_text(const struct hy_tokens *tokens, uint32_t number)
{
    switch (tokens->kind[number]) {
    case HY_TOKEN_URL:
        return "<url>";
    case HY_TOKEN_USER:
        return "<user>";
    case HY_TOKEN_NAME:
        return "<name>";
    case HY_TOKEN_EMOTICON:
        return emoticon_texts[tokens->symbol[number]];
    default:
        return NULL;
    }
}

uint32_t hy_token_spell(const struct hy_tokens *tokens, uint32_t number, char out[HY_TOKEN_SPELL])
{
    const struct hy_token *token = &tokens->list[number];
    const char *text = tokens->mask.lower + token->start, *fixed = fixed_text(tokens, number);
    uint8_t kind_here = tokens->kind[number];
    if (kind_here == HY_TOKEN_WORD && !(tokens->flags[number] & HY_TOKEN_RARE)) {
        uint32_t len = token->len < HY_TOKEN_SPELL ? token->len : HY_TOKEN_SPELL;
        memcpy(out, text, len);
        return len;
    }
    if (kind_here == HY_TOKEN_PUNCT) {
        memset(out, tokens->symbol[number], tokens->run[number]);
        return tokens->run[number];
    }
    if (fixed) {
        memcpy(out, fixed, strlen(fixed));
        return (uint32_t)strlen(fixed);
    }
    struct spelling s = {.len = 0};
    for (uint32_t at = 0; at < token->len;) {
        uint32_t from = at, cp = next_char(text, &at);
        enum char_kind kind = cp < 0x80 ? CHAR_LATIN : classify(cp);
        if (kind == CHAR_APOSTROPHE)
            spell_byte(&s, '\'', from);
        for (; kind != CHAR_APOSTROPHE && kind != CHAR_JOINED && from < at; from++)
            spell_byte(&s, text[from], from);
    }
    while (s.len && s.bytes[s.len - 1] == '\'')
        s.len--;
    memcpy(out, s.bytes, s.len);
    return s.len;
}

/* ---- runs of word characters ---- */

static bool bytes_are(const struct hy_tokens *t, uint32_t at, const char *bytes)
{
    return memcmp(t->mask.lower + at, bytes, strlen(bytes)) == 0;
}

/* Up to the next blank. */
static uint32_t visible_end(const struct hy_tokens *t, uint32_t from)
{
    uint32_t at = from;
    do {
        uint32_t word = next_clear(t->mask.word, at);
        at = next_clear(t->mask.mark, word);
    } while (at < t->mask.len && bit_at(t->mask.word, at));
    return at;
}

static void add_word(struct hy_tokens *t, uint32_t start, uint32_t end, uint8_t flags)
{
    uint32_t len = end - start < HY_TOKEN_SPELL ? end - start : HY_TOKEN_SPELL;
    uint64_t hash = hash_padded(t->mask.lower + start, len);
    add_word_token(t, start, end - start, hash, flags | word_flags(t, start, end));
}

/* The words of a hashtag: a capital after a small letter or digit begins the next one. */
static void split_hashtag(struct hy_tokens *t, uint32_t start, uint32_t end)
{
    uint32_t first = t->count;
    for (uint32_t at = start; at < end && !full(t);) {
        uint32_t stop = at + 1;
        while (stop < end && !(bit_at(t->mask.upper, stop) && !bit_at(t->mask.upper, stop - 1)))
            stop++;
        if (any_set(t->mask.odd, at, stop))
            split_slowly(t, at, stop);
        else
            add_word(t, at, stop, 0);
        at = stop;
    }
    for (; first < t->count; first++)
        t->flags[first] |= HY_TOKEN_HASHTAG;
}

/* A word run that is long, or has something out of the ordinary in it; returns where to go on. */
static uint32_t take_odd_word(struct hy_tokens *t, uint32_t start)
{
    const char *lower = t->mask.lower;
    uint32_t end = next_clear(t->mask.word, start), stop = end;
    while (start < stop && lower[start] == '\'')
        start++;
    while (start < stop && lower[stop - 1] == '\'')
        stop--;
    if (start == stop)
        return end;
    if (any_set(t->mask.odd, start, stop))
        split_slowly(t, start, stop);
    else
        add_word(t, start, stop, 0);
    return end;
}

/* ---- marks ---- */

static uint32_t run_end(const struct hy_tokens *t, uint32_t at)
{
    char c = t->mask.lower[at];
    do
        at++;
    while (at < t->mask.len && t->mask.lower[at] == c);
    return at;
}

static bool is_handle_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* @name, and the dots inside one (@name@host.example is two). */
static uint32_t take_handle(struct hy_tokens *t, uint32_t at)
{
    const char *lower = t->mask.lower;
    uint32_t end = at + 1;
    while (is_handle_char(lower[end]) ||
           ((lower[end] == '.' || lower[end] == '-') && is_handle_char(lower[end + 1])))
        end++;
    if (end > at + 1)
        add_fixed(t, at, end, HY_TOKEN_USER);
    return end;
}

/* [NAME], [RELIGION]: capitals in brackets stand for something that was taken out. */
static uint32_t take_bracket(struct hy_tokens *t, uint32_t at)
{
    uint32_t end = at + 1;
    while (end < t->mask.len && bit_at(t->mask.upper, end))
        end++;
    if (end < at + 3 || t->mask.lower[end] != ']')
        return at + 1;
    add_fixed(t, at, end + 1, HY_TOKEN_NAME);
    return end + 1;
}

static enum hy_emoticon mouth(char c)
{
    switch (c) {
    case ')':
    case ']':
    case '}':
        return HY_EMOTICON_SMILE;
    case 'd':
        return HY_EMOTICON_LAUGH;
    case 'p':
        return HY_EMOTICON_TONGUE;
    case '(':
    case '[':
    case '{':
    case 'c':
        return HY_EMOTICON_FROWN;
    case '/':
    case '\\':
    case '|':
    case 's':
        return HY_EMOTICON_SLANT;
    case 'o':
        return HY_EMOTICON_SURPRISE;
    case '*':
        return HY_EMOTICON_KISS;
    default:
        return HY_EMOTICON_NONE;
    }
}

/* :) ;-( ='D : eyes, perhaps a tear, perhaps a nose, a mouth. Sets *end when it is one. */
static enum hy_emoticon read_face(const struct hy_tokens *t, uint32_t at, uint32_t *end)
{
    const char *lower = t->mask.lower;
    char eyes = lower[at++];
    bool tear = lower[at] == '\'';
    at += tear;
    at += lower[at] == '-' || lower[at] == '^';
    enum hy_emoticon kind = mouth(lower[at]);
    /* A letter is a mouth only when it stands alone: ":p" but not ":post". */
    if (kind == HY_EMOTICON_NONE || (is_handle_char(lower[at]) && bit_at(t->mask.word, at + 1)))
        return HY_EMOTICON_NONE;
    *end = at + 1;
    while (lower[*end] == lower[at] && (lower[at] == ')' || lower[at] == '('))
        (*end)++;
    if (kind == HY_EMOTICON_FROWN && tear)
        return HY_EMOTICON_CRY;
    return kind == HY_EMOTICON_SMILE && eyes == ';' ? HY_EMOTICON_WINK : kind;
}

static enum hy_emoticon read_fixed(const struct hy_tokens *t, uint32_t at, uint32_t *end)
{
    static const struct {
        const char *text;
        enum hy_emoticon kind;
    } faces[] = {
        {"<3", HY_EMOTICON_HEART},  {"</3", HY_EMOTICON_BROKEN}, {"-_-", HY_EMOTICON_BLANK},
        {"-.-", HY_EMOTICON_BLANK}, {">.<", HY_EMOTICON_BLANK},  {">_<", HY_EMOTICON_BLANK},
        {"^_^", HY_EMOTICON_HAPPY}, {"^^", HY_EMOTICON_HAPPY},   {"(:", HY_EMOTICON_SMILE},
        {"(;", HY_EMOTICON_WINK},   {"):", HY_EMOTICON_FROWN}};
    for (uint32_t i = 0; i < sizeof faces / sizeof *faces; i++) {
        if (bytes_are(t, at, faces[i].text)) {
            *end = at + (uint32_t)strlen(faces[i].text);
            return faces[i].kind;
        }
    }
    return HY_EMOTICON_NONE;
}

/* Takes an emoticon at a mark that can begin one; returns where to go on. */
static uint32_t take_face(struct hy_tokens *t, uint32_t at)
{
    const char *lower = t->mask.lower;
    char c = lower[at];
    uint32_t end = at + 1;
    bool angry = c == '>' && (lower[at + 1] == ':' || lower[at + 1] == '=');
    bool eyes = angry || c == ':' || c == ';' || c == '=';
    /* 10:3) and a:b are not faces; "thanks:)" is. */
    bool after_digit = at > 0 && lower[at - 1] >= '0' && lower[at - 1] <= '9';
    enum hy_emoticon kind = HY_EMOTICON_NONE;
    if (eyes && !after_digit)
        kind = read_face(t, at + angry, &end);
    else if (!eyes)
        kind = read_fixed(t, at, &end);
    if (kind == HY_EMOTICON_NONE)
        return at + 1;
    add_emoticon(t, at, end, angry && kind == HY_EMOTICON_FROWN ? HY_EMOTICON_ANGRY : kind);
    return end;
}

/* Is the mark at the place where a URL shows itself: http: or www. , as the newest token? */
static bool shows_url(const struct hy_tokens *t, uint32_t at)
{
    if (t->count == 0)
        return false;
    const struct hy_token *before = &t->list[t->count - 1];
    if (t->kind[t->count - 1] != HY_TOKEN_WORD || before->start + before->len != at)
        return false;
    if (t->mask.lower[at] == '.')
        return before->len == 3 && bytes_are(t, before->start, "www") &&
               bit_at(t->mask.word, at + 1);
    return bytes_are(t, at, "://") &&
           (bytes_are(t, before->start, "http:") || bytes_are(t, before->start, "https:"));
}

/* Makes the newest token a URL, up to the next blank; returns where to go on. */
static uint32_t take_url(struct hy_tokens *t, uint32_t at)
{
    uint32_t start = t->list[--t->count].start, stop = visible_end(t, at);
    add_fixed(t, start, stop, HY_TOKEN_URL);
    return stop;
}

/* Takes what stands at a visible character that is no word; returns where to go on. */
static uint32_t take_mark(struct hy_tokens *t, uint32_t at)
{
    uint32_t end;
    char c = t->mask.lower[at];
    if ((c == ':' || c == '.') && shows_url(t, at))
        return take_url(t, at);
    switch (c) {
    case '!':
    case '?':
    case '.':
        end = run_end(t, at);
        add_punct(t, at, end, c, end - at);
        return end;
    case '@':
        return take_handle(t, at);
    case '#':
        end = next_clear(t->mask.word, at + 1);
        if (end > at + 1)
            split_hashtag(t, at + 1, end);
        return end > at + 1 ? end : at + 1;
    case '[':
        return take_bracket(t, at);
    case ':':
    case ';':
    case '=':
    case '<':
    case '>':
    case '-':
    case '^':
    case '(':
    case ')':
        return take_face(t, at);
    default:
        return at + 1;
    }
}

static void count_latin(struct hy_tokens *t)
{
    uint32_t latin = 0;
    for (uint32_t k = 0; k < t->mask.blocks; k++)
        latin += (uint32_t)__builtin_popcountll(t->mask.word[k] & ~t->mask.odd[k]);
    t->latin = latin;
}

/* ---- runs ---- */

/* Kinds of signs by what may follow them to make something of both; STOP is a run by itself. */
enum {
    EYES = 1,  /* a mouth, a nose, a tear: faces, and :// */
    ANGLE = 2, /* <3 </3 >.< >: */
    DASH = 4,  /* -_- -.- ^_^ ^^ */
    PAREN = 8, /* (: ); */
    HANDLE = 16,
    HASHTAG = 32,
    BRACKET = 64,
    STOP = 128
};

static const uint8_t sign_of[256] = {
    ['!'] = STOP,  ['?'] = STOP,  ['.'] = STOP,   [':'] = EYES,    [';'] = EYES,
    ['='] = EYES,  ['<'] = ANGLE, ['>'] = ANGLE,  ['-'] = DASH,    ['^'] = DASH,
    ['('] = PAREN, [')'] = PAREN, ['@'] = HANDLE, ['#'] = HASHTAG, ['['] = BRACKET};

/* Of which signs a character may make something; more than it does, but seldom. */
static const uint8_t follows[256] = {[')'] = EYES,
                                     ['('] = EYES,
                                     ['['] = EYES,
                                     [']'] = EYES,
                                     ['{'] = EYES,
                                     ['}'] = EYES,
                                     ['|'] = EYES,
                                     ['\\'] = EYES,
                                     ['*'] = EYES,
                                     ['/'] = EYES | ANGLE,
                                     ['-'] = EYES | HANDLE,
                                     ['^'] = EYES | DASH,
                                     ['\''] = EYES | HASHTAG,
                                     [':'] = ANGLE | PAREN,
                                     [';'] = PAREN,
                                     ['='] = ANGLE,
                                     ['.'] = ANGLE | DASH | HANDLE,
                                     ['_'] = ANGLE | DASH | HANDLE,
                                     ['0' ... '9'] = ANGLE | HANDLE | HASHTAG,
                                     ['a' ... 'z'] = EYES | HANDLE | HASHTAG | BRACKET,
                                     [0x80 ... 0xFF] = HASHTAG};

/* Does the sign at the place begin something? */
static inline bool may_begin(const char *at, uint8_t sign)
{
    bool after_digit = (unsigned char)(at[-1] - '0') < 10;
    return sign & follows[(unsigned char)at[1]] & ~(after_digit ? EYES : 0);
}

/* Takes a run that may be more than one token, or none; returns where to go on. */
static __attribute__((noinline)) uint32_t take_odd_run(struct hy_tokens *t, uint32_t start)
{
    bool word = bit_at(t->mask.word, start);
    uint32_t end = word ? take_odd_word(t, start) : take_mark(t, start);
    /* www is odd by its third w. */
    return t->mask.lower[end] == '.' && !full(t) && shows_url(t, end) ? take_url(t, end) : end;
}

/* Takes runs that begin at starts[0 .. count), those before next aside; returns where to go on. */
static uint32_t take_runs(struct hy_tokens *t, const uint16_t *starts, uint32_t count,
                          uint32_t next)
{
    static const uint32_t hashed_most[2] = {HASH_STEP, 3}; /* of a word, of a stop */
    const struct hy_charmask *mask = &t->mask;
    uint32_t number = t->count, stops = 0, capitals = 0;
    for (uint32_t i = 0; i < count && number < HY_EMOTION_TOKENS; i++) {
        uint32_t start = starts[i];
        const char *text = mask->lower + start;
        uint32_t len = 1 + (uint32_t)__builtin_ctzll(~(bits_from(mask->inside, start) >> 1));
        uint64_t run = (2ull << (len - 1)) - 1, upper = bits_from(mask->upper, start) & run;
        uint8_t sign = sign_of[(unsigned char)*text];
        bool odd = (bits_from(mask->odd, start) & run) != 0;
        if (HY_UNLIKELY(odd | (len > HASH_STEP) | may_begin(text, sign) | (start < next))) {
            t->count = number;
            next = start < next ? next : take_odd_run(t, start);
            number = t->count;
            continue;
        }
        uint32_t stop = sign / STOP, caps = (upper == run) & (len >= 2);
        uint32_t hashed = len < hashed_most[stop] ? len : hashed_most[stop];
        struct hy_token *token = &t->list[number];
        token->hash = hash_step(hash_begin(hashed), text, hashed);
        token->start = (uint16_t)start;
        token->len = (uint16_t)len;
        t->symbol[number] = (uint8_t)(stop * (unsigned char)*text);
        t->run[number] = (uint8_t)(stop * hashed);
        t->kind[number] = (uint8_t)(HY_TOKEN_WORD + stop * (HY_TOKEN_PUNCT - HY_TOKEN_WORD));
        t->flags[number] = (uint8_t)(caps * HY_TOKEN_CAPS);
        stops += stop;
        capitals += caps;
        number += stop | (sign == 0); /* a sign that begins nothing is no token */
    }
    t->count = number;
    t->others += stops;
    t->capitals += capitals;
    return next;
}

/* Where runs begin in block k. Room for 64 is needed, whatever their number, which is returned. */
static inline uint32_t list_starts(const struct hy_charmask *mask, uint32_t k, uint16_t *out)
{
    uint64_t begin = mask->begin[k];
#if defined(__AVX512VBMI2__)
    static const char numbers[64] = {
        0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
        44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
    __m512i base = _mm512_set1_epi16((short)(64 * k));
    __m512i at = _mm512_maskz_compress_epi8(begin, _mm512_loadu_si512(numbers));
    __m512i low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(at));
    __m512i high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(at, 1));
    _mm512_storeu_si512(out, _mm512_add_epi16(low, base));
    _mm512_storeu_si512(out + 32, _mm512_add_epi16(high, base));
#else
    for (uint64_t left = begin; left; left &= left - 1)
        *out++ = (uint16_t)(64 * k + (uint32_t)__builtin_ctzll(left));
#endif
    return (uint32_t)__builtin_popcountll(begin);
}

void hy_tokenize_mask(struct hy_tokens *t)
{
    enum { BLOCKS_AT_ONCE = 8 };
    uint16_t starts[64 * BLOCKS_AT_ONCE];
    uint32_t next = 0, count = 0;
    t->count = t->others = t->capitals = t->pictures = t->other_script = 0;
    count_latin(t);
    for (uint32_t k = 0; k < t->mask.blocks;) {
        count += list_starts(&t->mask, k++, starts + count);
        if (k % BLOCKS_AT_ONCE == 0 || k == t->mask.blocks) {
            next = take_runs(t, starts, count, next);
            count = 0;
        }
    }
}

void hy_tokenize(struct hy_tokens *t, hydrant_str text)
{
    hy_charmask_make(&t->mask, text);
    hy_tokenize_mask(t);
}

/* ---- pictures ---- */

/* Is the colon surely that of http:// or https:// ? Behind anything but a blank it may be none: in
 * @http:// the handle ends before it. There are zeros before the text. */
static bool is_link(const char *colon)
{
    uint32_t len = memcmp(colon - 4, "http://", 7) == 0 ? 4 : 5;
    if (len == 5 && memcmp(colon - 5, "https://", 8) != 0)
        return false;
    return (unsigned char)colon[-(int)len - 1] <= ' ';
}

bool hy_tokenize_may_find_pictures(const struct hy_charmask *mask)
{
    if (mask->picture)
        return true;
    for (uint32_t k = 0; k < mask->blocks; k++) {
        for (uint64_t left = mask->begin[k] & mask->mark[k]; left; left &= left - 1) {
            const char *text = mask->lower + 64 * k + (uint32_t)__builtin_ctzll(left);
            uint8_t sign = sign_of[(unsigned char)*text] & (EYES | ANGLE | DASH | PAREN);
            if (may_begin(text, sign) && !is_link(text))
                return true;
        }
    }
    return false;
}
