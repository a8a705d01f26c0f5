/*
 * Stage 6: the slow half of the tokeniser. See odd_runs.h.
 *
 * Here are the runs that are not what they seem: words with bytes beyond ASCII, with a letter three
 * times in a row, long ones, and signs that begin something: a face, a handle, a hashtag, a link.
 * Each byte is looked at a bounded number of times.
 */
#include "emotion/odd_runs.h"

/* ---- bit scans ---- */

static bool bit_at(const uint64_t *bits, uint32_t at)
{
    return bits[at / 64] >> (at % 64) & 1;
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
    uint32_t number = add(t, start, end, hy_token_hash_padded(run, count), HY_TOKEN_PUNCT);
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
        (cp >= 0xFF00 && cp <= 0xFF0F) || (cp >= 0xFF1A && cp <= 0xFF20) ||
        (cp >= 0xE000 && cp <= 0xF8FF) || cp == 0x60C || cp == 0x61B || cp == 0x61F || cp == 0xFFFD)
        return CHAR_SEPARATOR;
    if (cp < 0x250 || (cp >= 0x1E00 && cp <= 0x1EFF))
        return CHAR_LATIN;
    if ((cp >= 0x2190 && cp <= 0x2BFF) || (cp >= 0x1F000 && cp <= 0x1FAFF))
        return CHAR_EMOJI;
    return CHAR_LETTER;
}

/* Does such a character, which is not ASCII, end a URL or a handle? */
static bool ends_name(enum char_kind kind)
{
    return kind == CHAR_SEPARATOR || kind == CHAR_EMOJI || kind == CHAR_APOSTROPHE;
}

/* The mark of ASCII that such a separator is: an ellipsis, a wide ! or ? , the Arabic ? ; 0: none.
 */
static char mark_of(uint32_t cp)
{
    return cp == 0x2026 ? '.' : cp == 0xFF01 ? '!' : cp == 0xFF1F || cp == 0x61F ? '?' : 0;
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
        uint64_t hash = hy_token_hash_padded(s->bytes, s->len);
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
        if (mark_of(cp) && !full(t))
            add_punct(t, start, end, mark_of(cp), cp == 0x2026 ? 3 : 1);
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

/* Where a URL ends that has begun before from: at the next blank, or at a character beyond ASCII
 * that is no letter. */
static uint32_t url_end(const struct hy_tokens *t, uint32_t from)
{
    uint32_t stop = from;
    do {
        uint32_t word = next_clear(t->mask.word, stop);
        stop = next_clear(t->mask.mark, word);
    } while (stop < t->mask.len && bit_at(t->mask.word, stop));
    if (!any_set(t->mask.odd, from, stop))
        return stop;
    for (uint32_t at = from, next = from; next < stop; at = next) {
        uint32_t cp = next_char(t->mask.lower, &next);
        if (cp >= 0x80 && ends_name(classify(cp)))
            return at;
    }
    return stop;
}

static void add_word(struct hy_tokens *t, uint32_t start, uint32_t end, uint8_t flags)
{
    uint32_t len = end - start < HY_TOKEN_SPELL ? end - start : HY_TOKEN_SPELL;
    uint64_t hash = hy_token_hash_padded(t->mask.lower + start, len);
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

/* The run of word characters that a handle or a URL ends in may go on, with an emoji or a dash
 * beyond ASCII; what an apostrophe joins to a name (@acme's) says nothing. Returns where to go on.
 */
static uint32_t take_rest(struct hy_tokens *t, uint32_t at)
{
    const char *lower = t->mask.lower;
    if (!bit_at(t->mask.word, at))
        return at;
    uint32_t end = next_clear(t->mask.word, at), next = at, cp = next_char(lower, &next);
    if (cp == '\'' || (cp >= 0x80 && classify(cp) == CHAR_APOSTROPHE))
        for (at = next; lower[at] >= 'a' && lower[at] <= 'z';)
            at++;
    split_slowly(t, at, end);
    return end;
}

/* @name, and the dots inside one (@name@host.example is two); letters of names beyond ASCII. */
static uint32_t handle_end(const struct hy_tokens *t, uint32_t at)
{
    const char *lower = t->mask.lower;
    for (uint32_t next = at;;) {
        while (is_handle_char(lower[next]) ||
               ((lower[next] == '.' || lower[next] == '-') && is_handle_char(lower[next + 1])))
            next++;
        at = next;
        if ((unsigned char)lower[at] < 0x80)
            return at;
        enum char_kind kind = classify(next_char(lower, &next));
        if (kind != CHAR_LATIN && kind != CHAR_JOINED)
            return at;
    }
}

static uint32_t take_handle(struct hy_tokens *t, uint32_t at)
{
    char first = t->mask.lower[at + 1];
    if (!is_handle_char(first) && first != '.' && first != '-')
        return at + 1;
    uint32_t end = handle_end(t, at + 1);
    if (end == at + 1)
        return end;
    add_fixed(t, at, end, HY_TOKEN_USER);
    return take_rest(t, end);
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
    case '@':
        return HY_EMOTICON_ANGRY;
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
    /* A letter is a mouth only when it stands alone: ":p" but not ":post"; so does ":@". */
    if (kind == HY_EMOTICON_NONE || (is_handle_char(lower[at]) && bit_at(t->mask.word, at + 1)) ||
        (lower[at] == '@' && is_handle_char(lower[at + 1])))
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
    uint32_t start = t->list[--t->count].start, stop = url_end(t, at);
    add_fixed(t, start, stop, HY_TOKEN_URL);
    return take_rest(t, stop);
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

/* ---- runs ---- */

uint32_t hy_odd_run_take(struct hy_tokens *t, uint32_t start)
{
    bool word = bit_at(t->mask.word, start);
    uint32_t end = word ? take_odd_word(t, start) : take_mark(t, start);
    /* www is odd by its third w. */
    return t->mask.lower[end] == '.' && !full(t) && shows_url(t, end) ? take_url(t, end) : end;
}
