/*
 * Compiling the sentence tables: see gen_grammar.h. Runs once while the generator is made; the
 * result is only read. A slot that is named but not defined, or text that cannot be split, is a
 * mistake in our own tables and an assertion.
 *
 * Splitting, the same for literals and for terms: ASCII letters, digits and inner apostrophes make
 * a word, and so do other letters, but a run of three-byte characters (CJK, kana, Hangul) next to
 * ASCII letters is a word of its own. Everything else is punctuation or emoji.
 */
#include "gen_grammar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ALTERNATIVE_TOKENS_MAX = 64 };

enum char_kind { CHAR_SPACE, CHAR_PUNCT, CHAR_EMOJI, CHAR_ASCII, CHAR_LETTER, CHAR_CJK };

static uint32_t decode(const char *p, size_t len, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)p;
    uint32_t n = u[0] < 0x80 ? 1 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : 4;
    assert(n <= len);
    static const unsigned char lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    *cp = u[0] & lead_bits[n];
    for (uint32_t i = 1; i < n; i++)
        *cp = *cp << 6 | (u[i] & 0x3F);
    return n;
}

static enum char_kind ascii_kind(uint32_t cp)
{
    if (cp == ' ' || cp == '\n')
        return CHAR_SPACE;
    uint32_t low = cp | 0x20;
    if ((cp >= '0' && cp <= '9') || (low >= 'a' && low <= 'z'))
        return CHAR_ASCII;
    return CHAR_PUNCT;
}

static enum char_kind kind_of(uint32_t cp)
{
    if (cp < 0x80)
        return ascii_kind(cp);
    if ((cp >= 0x1F000 && cp <= 0x1FAFF) || (cp >= 0x2600 && cp <= 0x27BF) || cp == 0xFE0F ||
        cp == 0x200D)
        return CHAR_EMOJI;
    if ((cp >= 0x2010 && cp <= 0x205E) || (cp >= 0x3001 && cp <= 0x3003) ||
        (cp >= 0x3008 && cp <= 0x301B) || (cp >= 0xFF01 && cp <= 0xFF0F) || cp == 0xFF1A ||
        cp == 0xFF1B || cp == 0xFF1F || cp == 0x060C || cp == 0x061F || cp == 0x00A1 ||
        cp == 0x00AB || cp == 0x00BB || cp == 0x00BF)
        return CHAR_PUNCT;
    return cp >= 0x2E80 && cp <= 0xFFEF ? CHAR_CJK : CHAR_LETTER;
}

static bool is_apostrophe(const char *p, size_t len, uint32_t *n)
{
    *n = *p == '\'' ? 1 : len >= 3 && memcmp(p, "\u2019", 3) == 0 ? 3 : 0;
    return *n > 0;
}

/* How many bytes of text belong to the token that begins there; *kind says of what sort it is. */
static size_t token_length(const char *text, size_t len, enum char_kind *kind)
{
    uint32_t cp, n = decode(text, len, &cp);
    *kind = kind_of(cp);
    size_t at = n;
    while (at < len) {
        uint32_t apostrophe;
        if (*kind == CHAR_ASCII && is_apostrophe(text + at, len - at, &apostrophe) &&
            at + apostrophe < len) {
            decode(text + at + apostrophe, len - at - apostrophe, &cp);
            if (kind_of(cp) != CHAR_ASCII)
                return at;
            at += apostrophe;
        }
        n = decode(text + at, len - at, &cp);
        enum char_kind next = kind_of(cp);
        if (*kind == CHAR_ASCII && next == CHAR_LETTER)
            *kind = CHAR_LETTER;
        bool same = next == *kind || (*kind == CHAR_LETTER && next == CHAR_ASCII);
        if (!same)
            return at;
        at += n;
    }
    return at;
}

static enum gen_kind token_kind(enum char_kind kind)
{
    return kind == CHAR_EMOJI ? GEN_EMOJI : kind == CHAR_PUNCT ? GEN_PUNCT : GEN_WORD;
}

/* '#' or '@' directly before a word makes it a hashtag or a mention. */
static bool is_sigil(const char *text, size_t len)
{
    if (len < 2 || (*text != '#' && *text != '@'))
        return false;
    return ascii_kind((unsigned char)text[1]) == CHAR_ASCII || (unsigned char)text[1] >= 0x80;
}

void gen_token_look(struct gen_token *token)
{
    bool ascii = true;
    token->safe = true;
    token->cased = false;
    for (uint32_t i = 0; i < token->len; i++) {
        unsigned char c = (unsigned char)token->text[i];
        if (c < 0x20 || c == '"' || c == '\\' || c == '/' || c == '&' || c == '<' || c == '>')
            token->safe = false;
        ascii &= c < 0x80;
        if (c >= 'A' && c <= 'Z')
            token->cased = true;
    }
    token->plain = token->safe && ascii;
}

uint32_t gen_tokenize(struct gen_words *words, const char *text, size_t len,
                      struct gen_token *tokens, uint32_t cap)
{
    uint32_t count = 0;
    uint8_t glue = GEN_JOIN;
    for (size_t at = 0; at < len;) {
        if (text[at] == ' ' || text[at] == '\n') {
            glue = text[at++] == '\n' ? GEN_NEWLINE : GEN_SPACE;
            continue;
        }
        assert(count < cap);
        struct gen_token *token = &tokens[count++];
        memset(token, 0, sizeof *token);
        token->glue = glue;
        glue = GEN_JOIN;
        char sigil = is_sigil(text + at, len - at) ? text[at++] : 0;
        enum char_kind kind;
        size_t n = token_length(text + at, len - at, &kind);
        token->kind = sigil == '#' ? GEN_HASHTAG : sigil == '@' ? GEN_MENTION : token_kind(kind);
        token->text = gen_words_keep(words, text + at, n);
        token->len = (uint16_t)n;
        if (token->kind != GEN_PUNCT && token->kind != GEN_EMOJI)
            token->word = gen_words_add(words, text + at, n);
        if (token->text)
            gen_token_look(token);
        at += n;
    }
    return count;
}

uint32_t gen_grammar_slot(const struct gen_grammar *grammar, const char *name, size_t len)
{
    for (uint32_t i = 0; i < grammar->slots_count; i++) {
        const char *known = grammar->slots[i].name;
        if (strlen(known) == len && memcmp(known, name, len) == 0)
            return i;
    }
    assert(!"a slot that the tables do not define");
    return 0;
}

static bool hole_of(const char *name, size_t len, uint32_t *hole)
{
    static const char *const names[] = {
#define GEN_HOLE_NAME(name) #name,
        GEN_HOLE_TABLE(GEN_HOLE_NAME)
#undef GEN_HOLE_NAME
    };
    for (*hole = 0; *hole < GEN_HOLES; ++*hole)
        if (strlen(names[*hole]) == len && memcmp(names[*hole], name, len) == 0)
            return true;
    return false;
}

static struct gen_token reference(const struct gen_grammar *grammar, const char *name, size_t len)
{
    struct gen_token token = {.kind = GEN_HOLE};
    if (!hole_of(name, len, &token.word)) {
        token.kind = GEN_SLOT;
        token.word = gen_grammar_slot(grammar, name, len);
    }
    return token;
}

/* One alternative: literals and references. Returns the number of tokens. */
static uint32_t compile_alternative(const struct gen_grammar *grammar, struct gen_words *words,
                                    const char *text, size_t len, struct gen_token *out)
{
    uint32_t count = 0;
    uint8_t glue = GEN_JOIN;
    for (size_t at = 0; at < len;) {
        const char *brace = memchr(text + at, '{', len - at);
        size_t literal = brace ? (size_t)(brace - text) - at : len - at;
        uint32_t n = gen_tokenize(words, text + at, literal, out + count,
                                  ALTERNATIVE_TOKENS_MAX - 1 - count);
        if (n > 0 && out[count].glue == GEN_JOIN)
            out[count].glue = glue;
        bool space = literal > 0 && text[at + literal - 1] == ' ';
        glue = space || (literal == 0 && glue) ? GEN_SPACE : GEN_JOIN;
        count += n;
        at += literal;
        if (brace) {
            const char *end = memchr(brace, '}', len - at);
            assert(end);
            out[count] = reference(grammar, brace + 1, (size_t)(end - brace) - 1);
            out[count++].glue = glue;
            at = (size_t)(end - text) + 1;
            glue = GEN_JOIN;
        }
    }
    return count;
}

static void compile_slot(struct gen_grammar *grammar, struct gen_words *words,
                         const char *alternatives, struct gen_slot *slot)
{
    slot->first = grammar->alternatives_count;
    for (const char *p = alternatives;;) {
        const char *bar = strchr(p, '|');
        size_t len = bar ? (size_t)(bar - p) : strlen(p);
        uint32_t n =
            compile_alternative(grammar, words, p, len, grammar->tokens + grammar->tokens_count);
        grammar->alternatives[grammar->alternatives_count++] =
            (struct gen_alternative){grammar->tokens_count, n};
        grammar->tokens_count += n;
        slot->count++;
        if (!bar)
            return;
        p = bar + 1;
    }
}

/* Upper bounds, so that nothing moves while it is filled in. */
static void measure(const struct gen_slot_source *sources, size_t count, size_t *bytes,
                    size_t *alternatives)
{
    for (size_t i = 0; i < count; i++) {
        *bytes += strlen(sources[i].alternatives) + ALTERNATIVE_TOKENS_MAX;
        ++*alternatives;
        for (const char *p = sources[i].alternatives; (p = strchr(p, '|')); p++)
            ++*alternatives;
    }
}

static void name_slots(struct gen_grammar *grammar, const struct gen_slot_source *sources,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool skewed = sources[i].name[0] == '~';
        grammar->slots[grammar->slots_count++] =
            (struct gen_slot){.name = sources[i].name + skewed, .skewed = skewed};
    }
}

bool gen_grammar_init(struct gen_grammar *grammar, struct gen_words *words)
{
    memset(grammar, 0, sizeof *grammar);
    size_t bytes = 0, alternatives = 0;
    measure(gen_english, gen_english_count, &bytes, &alternatives);
    measure(gen_languages, gen_languages_count, &bytes, &alternatives);
    grammar->tokens = calloc(bytes, sizeof *grammar->tokens);
    grammar->alternatives = calloc(alternatives, sizeof *grammar->alternatives);
    grammar->slots = calloc(gen_english_count + gen_languages_count, sizeof *grammar->slots);
    if (!grammar->tokens || !grammar->alternatives || !grammar->slots)
        return false;
    name_slots(grammar, gen_english, gen_english_count);
    name_slots(grammar, gen_languages, gen_languages_count);
    for (size_t i = 0; i < gen_english_count; i++)
        compile_slot(grammar, words, gen_english[i].alternatives, &grammar->slots[i]);
    for (size_t i = 0; i < gen_languages_count; i++)
        compile_slot(grammar, words, gen_languages[i].alternatives,
                     &grammar->slots[gen_english_count + i]);
    return true;
}

void gen_grammar_fini(struct gen_grammar *grammar)
{
    free(grammar->tokens);
    free(grammar->alternatives);
    free(grammar->slots);
    memset(grammar, 0, sizeof *grammar);
}
