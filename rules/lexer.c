#include "rules/lexer.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "rules/fields.h"
#include "rules/literal.h"
#include "text/utf8.h"

void hy_lexer_init(struct hy_lexer *lexer, struct hy_arena *arena, hydrant_str text,
                   const struct hy_source_map *map, struct hy_diagnostics *diagnostics)
{
    *lexer =
        (struct hy_lexer){.text = text, .arena = arena, .diagnostics = diagnostics, .map = *map};
}

hydrant_str hy_lexer_slice(const struct hy_lexer *lexer, uint32_t start, uint32_t end)
{
    return hy_str(lexer->text.data + start, end - start);
}

struct hy_place hy_lexer_place(const struct hy_lexer *lexer, uint32_t start, uint32_t end)
{
    uint32_t from = hy_source_offset(&lexer->map, start), to = hy_source_offset(&lexer->map, end);
    return (struct hy_place){lexer->map.source, from, to > from ? to - from : 0};
}

struct hy_query *hy_lexer_node(struct hy_lexer *lexer, enum hy_query_kind kind, uint32_t start,
                               uint32_t end)
{
    struct hy_query *node = HY_ARENA_NEW(lexer->arena, struct hy_query, 1);
    if (!node) {
        lexer->failed = lexer->out_of_memory = true;
        return NULL;
    }
    *node = (struct hy_query){.kind = kind,
                              .offset = hy_source_offset(&lexer->map, start),
                              .file = lexer->map.source->name};
    hy_source_place(lexer->map.source, node->offset, &node->line, &node->column);
    for (uint32_t i = start; i < end; i++)
        node->length += ((unsigned char)lexer->text.data[i] & 0xC0) != 0x80;
    return node;
}

static uint32_t space_at(const struct hy_lexer *lexer, uint32_t at)
{
    const char *text = lexer->text.data;
    return at < lexer->text.len ? hy_literal_space(text + at, text + lexer->text.len) : 0;
}

bool hy_lexer_ends_word(const struct hy_lexer *lexer, uint32_t at)
{
    if (at >= lexer->text.len)
        return true;
    char c = lexer->text.data[at];
    return (c && strchr("()\",{}", c)) || space_at(lexer, at) > 0;
}

static uint32_t word_end(const struct hy_lexer *lexer, uint32_t at)
{
    while (!hy_lexer_ends_word(lexer, at))
        at++;
    return at;
}

static char peek(const struct hy_lexer *lexer, uint32_t ahead)
{
    return lexer->at + ahead < lexer->text.len ? lexer->text.data[lexer->at + ahead] : '\0';
}

/* ---- quoted things --------------------------------------------------------------------------- */

bool hy_lexer_quoted(struct hy_lexer *lexer, char quote, hydrant_str *out)
{
    uint32_t open = lexer->at++, n = 0;
    const char *what = quote == '"' ? "quoted text" : "exact text";
    char *copy = hy_arena_alloc(lexer->arena, lexer->text.len - open, 1);
    if (!copy) {
        lexer->failed = lexer->out_of_memory = true;
        return false;
    }
    for (; lexer->at < lexer->text.len; lexer->at++) {
        char c = lexer->text.data[lexer->at];
        if (c == quote) {
            lexer->at++;
            hy_arena_trim(lexer->arena, copy, n);
            *out = hy_str(copy, n);
            return true;
        }
        if (c == '\\') {
            char next = peek(lexer, 1);
            if (next != quote && next != '\\') {
                char fix[64];
                snprintf(fix, sizeof fix, "write \\\\ for a backslash, \\%c for %c", quote, quote);
                hy_lexer_fail(lexer, lexer->at, lexer->at + 1, fix,
                              "a backslash stands before %c or another backslash only", quote);
                return false;
            }
            c = next;
            lexer->at++;
        }
        copy[n++] = c;
    }
    char fix[32];
    snprintf(fix, sizeof fix, "add the closing %c", quote);
    hy_lexer_fail(lexer, open, open + 1, fix,
                  "this %s is never closed: expected %c, found the "
                  "end of the query",
                  what, quote);
    return false;
}

/* Squeezes text in place: it is a copy of ours. */
static hydrant_str squeezed(hydrant_str text)
{
    return hy_str(text.data, hy_literal_squeeze(text, (char *)text.data));
}

static void check_literal(struct hy_lexer *lexer, const struct hy_query *node, uint32_t start)
{
    struct hy_literal_problem problem = hy_literal_check(node->term, node->text);
    if (problem.message)
        hy_lexer_error(lexer, start, lexer->at, problem.fix, "%s", problem.message);
}

static struct hy_query *term(struct hy_lexer *lexer, enum hy_term_kind kind, hydrant_str text,
                             uint32_t start)
{
    struct hy_query *node = hy_lexer_node(lexer, HY_QUERY_TERM, start, lexer->at);
    if (!node)
        return NULL;
    node->term = kind;
    node->text = text;
    check_literal(lexer, node, start);
    return node;
}

static void needs_space(struct hy_lexer *lexer)
{
    char c = peek(lexer, 0);
    if (c == '"' || c == '{' || !hy_lexer_ends_word(lexer, lexer->at))
        hy_lexer_error(lexer, lexer->at, lexer->at + 1, "put a space between them",
                       "two terms run into each other here");
}

static struct hy_query *quoted_term(struct hy_lexer *lexer, enum hy_term_kind kind, uint32_t start)
{
    hydrant_str text;
    if (!hy_lexer_quoted(lexer, kind == HY_TERM_EXACT ? '}' : '"', &text))
        return NULL;
    if (kind != HY_TERM_SUBSTRING)
        text = squeezed(text);
    struct hy_query *node = term(lexer, kind, text, start);
    needs_space(lexer);
    return node;
}

static struct hy_query *substring(struct hy_lexer *lexer)
{
    uint32_t start = lexer->at++;
    if (peek(lexer, 0) == '"')
        return quoted_term(lexer, HY_TERM_SUBSTRING, start);
    lexer->at = word_end(lexer, lexer->at);
    hy_lexer_fail(lexer, start, lexer->at, "write ~\"...\" with the text in quotes",
                  "~ stands before text in quotes only");
    return NULL;
}

static struct hy_query *regex(struct hy_lexer *lexer)
{
    uint32_t start = lexer->at++, end = start + 1;
    const char *text = lexer->text.data;
    while (end < lexer->text.len && text[end] != '/')
        end += text[end] == '\\' && end + 1 < lexer->text.len ? 2 : 1;
    if (end >= lexer->text.len) {
        hy_lexer_fail(lexer, start, start + 1, "add the closing /, or put the text in quotes",
                      "this regular expression is never closed: expected /, found the end of the "
                      "query");
        return NULL;
    }
    uint32_t flags = 0;
    for (lexer->at = end + 1; !hy_lexer_ends_word(lexer, lexer->at); lexer->at++) {
        char c = text[lexer->at];
        if (c != 'i' && c != 's') {
            uint32_t flag = lexer->at;
            lexer->at = word_end(lexer, flag);
            hy_lexer_fail(lexer, flag, lexer->at,
                          "the flags are i (ignore case) and s (. matches a line's end); write "
                          "\\/ for a slash inside",
                          "unknown flag behind a regular expression");
            return NULL;
        }
        flags |= c == 'i' ? HY_REGEX_CASELESS : HY_REGEX_DOTALL;
    }
    struct hy_query *node = hy_lexer_node(lexer, HY_QUERY_REGEX, start, lexer->at);
    if (!node)
        return NULL;
    node->text = hy_lexer_slice(lexer, start + 1, end);
    node->regex_flags = flags;
    if (node->text.len == 0)
        hy_lexer_error(lexer, start, lexer->at, NULL, "an empty regular expression");
    hy_lexer_warn_ascii(lexer, start + 1, end);
    needs_space(lexer);
    return node;
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static struct hy_query *name_node(struct hy_lexer *lexer, const char *sigil, hydrant_str name,
                                  uint32_t start)
{
    if (name.len == 0 || name.len > HY_QUERY_NAME_BYTES_MAX) {
        hy_lexer_error(lexer, start, lexer->at, *sigil == '%' ? "%name" : "${name}",
                       "the name of a %s has 1 to %d letters, digits, _ and -",
                       *sigil == '%' ? "list" : "macro", HY_QUERY_NAME_BYTES_MAX);
    }
    struct hy_query *node = hy_lexer_node(lexer, HY_QUERY_FIELD, start, lexer->at);
    if (!node)
        return NULL;
    node->field = hy_str_cstr(sigil);
    node->text = name;
    return node;
}

static struct hy_query *list_name(struct hy_lexer *lexer)
{
    uint32_t start = lexer->at++;
    while (name_character(peek(lexer, 0)))
        lexer->at++;
    struct hy_query *node =
        name_node(lexer, "%", hy_lexer_slice(lexer, start + 1, lexer->at), start);
    needs_space(lexer);
    return node;
}

static struct hy_query *macro_name(struct hy_lexer *lexer)
{
    uint32_t start = lexer->at;
    lexer->at += 2;
    while (name_character(peek(lexer, 0)))
        lexer->at++;
    if (peek(lexer, 0) != '}') {
        hy_lexer_fail(lexer, start, lexer->at, "write ${name}: letters, digits, _ and -",
                      "expected } behind the name of a macro");
        return NULL;
    }
    hydrant_str name = hy_lexer_slice(lexer, start + 2, lexer->at);
    lexer->at++;
    struct hy_query *node = name_node(lexer, "$", name, start);
    needs_space(lexer);
    return node;
}

/* ---- words ----------------------------------------------------------------------------------- */

static bool bare_character(unsigned char c)
{
    return c >= 0x80 || name_character((char)c) || (c && strchr("'&.+/%#@$!*?", c));
}

/* What word processors and input methods make of " : typographic, Japanese and full-width ones. */
static bool typographic_quote(uint32_t cp)
{
    return (cp >= 0x201C && cp <= 0x201F) || cp == 0x201A || cp == 0xAB || cp == 0xBB ||
           cp == 0x2039 || cp == 0x203A || (cp >= 0x300C && cp <= 0x300F) ||
           (cp >= 0x301D && cp <= 0x301F) || cp == 0xFF02 || cp == 0xFF62 || cp == 0xFF63;
}

static bool typographic_dash(uint32_t cp)
{
    return (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 || cp == 0xFE58 || cp == 0xFE63 ||
           cp == 0xFF0D;
}

/* The ASCII character that cp is the full-width form of, as Chinese and Japanese input methods
 * write it, their comma and wave dash included; 0: of none. */
static char half_width(uint32_t cp)
{
    if (cp == 0x3001)
        return ',';
    if (cp == 0x301C)
        return '~';
    return cp >= 0xFF01 && cp <= 0xFF5E ? (char)(cp - 0xFF01 + '!') : '\0';
}

/* Does the character mean something in a query, at the beginning of a word or inside one, that its
 * full-width form does not? */
static bool means_something(char c, bool first)
{
    return c && (!bare_character((unsigned char)c) || c == '*' || c == '?' ||
                 (first && strchr("%#@$/", c)));
}

bool hy_lexer_check_forms(struct hy_lexer *lexer, uint32_t start, uint32_t end)
{
    const char *text = lexer->text.data;
    for (uint32_t i = start, len; i < end; i += len) {
        uint32_t cp = hy_utf8_decode(text + i, &len);
        char c = half_width(cp), fix[64];
        if (typographic_quote(cp)) {
            hy_lexer_fail(lexer, i, i + len, "write a straight quotation mark: \"",
                          "a typographic quotation mark does not quote");
            return false;
        }
        if (means_something(c, i == start)) {
            snprintf(fix, sizeof fix, "write %c, or put the text in quotes", c);
            hy_lexer_fail(lexer, i, i + len, fix, "%.*s, as input methods write it, is not %c",
                          (int)len, text + i, c);
            return false;
        }
    }
    return true;
}

/* False, with an error, when a bare word holds what only quotes may hold. */
static bool check_bare(struct hy_lexer *lexer, uint32_t start, uint32_t end)
{
    if (!hy_lexer_check_forms(lexer, start, end))
        return false;
    for (uint32_t i = start, len; i < end; i += len) {
        uint32_t cp = hy_utf8_decode(lexer->text.data + i, &len);
        if (!bare_character((unsigned char)lexer->text.data[i])) {
            if (cp < 0x20 || cp == 0x7F)
                hy_lexer_error(lexer, i, i + 1, NULL, "control character U+%04X", cp);
            else
                hy_lexer_error(lexer, i, i + len,
                               cp == '<' || cp == '>'
                                   ? "write a comparison without blanks, as followers>1000; put "
                                     "other text in quotes"
                                   : "put the text in quotes",
                               "a %c cannot stand in a word without quotes", (int)cp);
            return false;
        }
    }
    return true;
}

static const char *foreign_operator(hydrant_str word)
{
    static const struct {
        const char *word, *fix;
    } operators[] = {
        {"||", "write OR"}, {"|", "write OR"},  {"&&", "write AND"},
        {"&", "write AND"}, {"!", "write NOT"}, {"+", "leave it out: every term is required"},
    };
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (hy_str_is(word, operators[i].word))
            return operators[i].fix;
    return NULL;
}

/* The word with its full-width characters as ASCII, if there is room for it, else as it is. */
static hydrant_str in_ascii(hydrant_str word, char *out, size_t room)
{
    uint32_t n = 0;
    for (uint32_t i = 0, len; i < word.len; i += len) {
        uint32_t cp = hy_utf8_decode(word.data + i, &len);
        char c = cp < 0x80 ? (char)cp : half_width(cp);
        if (!c || n == room)
            return word;
        out[n++] = c;
    }
    return hy_str(out, n);
}

/* Operators in small letters or full-width ones. */
static void warn_other_letters(struct hy_lexer *lexer, hydrant_str word, uint32_t start)
{
    static const char *const names[] = {"AND", "OR", "NOT", "NEAR", "ONEAR"};
    char room[16];
    hydrant_str plain = in_ascii(word, room, sizeof room);
    const char *slash = memchr(plain.data, '/', plain.len);
    hydrant_str head = slash ? hy_str(plain.data, (size_t)(slash - plain.data)) : plain;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((i >= 3) != (slash != NULL) || !hy_str_equal_nocase(head, hy_str_cstr(names[i])))
            continue;
        char fix[96];
        hydrant_str distance = hy_str(plain.data + head.len, plain.len - head.len);
        snprintf(fix, sizeof fix, "write %s%.*s for the operator, or \"%.*s\" to look for the word",
                 names[i], (int)(distance.len < 8 ? distance.len : 8), distance.data,
                 (int)(word.len < 32 ? word.len : 32), word.data);
        hy_rules_warning(lexer->diagnostics, hy_lexer_place(lexer, start, lexer->at), fix,
                         "\"%.*s\" is a word here: operators are written in %s", (int)word.len,
                         word.data, plain.len == word.len ? "capitals" : "plain capitals");
    }
}

/* AND-b, OR—b: words that begin with an operator. With a typographic dash it is nobody's word. */
static bool check_joined_operator(struct hy_lexer *lexer, hydrant_str word, uint32_t start)
{
    static const char *const names[] = {"AND", "OR", "NOT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        uint32_t n = (uint32_t)strlen(names[i]), len;
        if (word.len <= n || memcmp(word.data, names[i], n) != 0)
            continue;
        char fix[96];
        uint32_t cp = hy_utf8_decode(word.data + n, &len);
        snprintf(fix, sizeof fix, "put a space behind %s and write - to exclude; or use quotes",
                 names[i]);
        if (typographic_dash(cp)) {
            hy_lexer_fail(lexer, start + n, start + n + len, fix,
                          "a typographic dash does not exclude");
            return false;
        }
        if (cp == '-')
            hy_rules_warning(lexer->diagnostics, hy_lexer_place(lexer, start, lexer->at), fix,
                             "\"%.*s\" is a word here: an operator has a space behind it",
                             (int)word.len, word.data);
    }
    return true;
}

/* NEAR5, ONEAR-5, NEAR_5: the operator without its slash. */
static void warn_near_without_slash(struct hy_lexer *lexer, hydrant_str word, uint32_t start)
{
    uint32_t name = word.len && word.data[0] == 'O' ? 5 : 4, digits = name;
    if (word.len <= name || memcmp(word.data + name - 4, "NEAR", 4) != 0)
        return;
    digits += word.data[name] == '-' || word.data[name] == '_';
    uint32_t end = digits;
    while (end < word.len && word.data[end] >= '0' && word.data[end] <= '9')
        end++;
    if (end == digits || end < word.len)
        return;
    char fix[96];
    uint32_t shown = word.len - digits < 8 ? word.len - digits : 8;
    snprintf(fix, sizeof fix, "write %.*s/%.*s for the operator, or \"%.*s\" to look for the word",
             (int)name, word.data, (int)shown, word.data + digits, (int)(digits + shown),
             word.data);
    hy_rules_warning(lexer->diagnostics, hy_lexer_place(lexer, start, lexer->at), fix,
                     "\"%.*s\" is a word here: the operator has a slash before its number",
                     (int)word.len, word.data);
}

/* The first single quote from there on that may close one; the text's length: there is none. It is
 * the same for all quotes before it, so that each part of the text is looked at once. */
static uint32_t closing_quote(struct hy_lexer *lexer, uint32_t from)
{
    const char *text = lexer->text.data;
    if (from >= lexer->closing.from && from <= lexer->closing.at)
        return lexer->closing.at;
    uint32_t at = from, len;
    for (; at < lexer->text.len; at += len) {
        uint32_t cp = hy_utf8_decode(text + at, &len);
        bool closes = (cp == '\'' || cp == 0x2019) && hy_lexer_ends_word(lexer, at + len);
        if (closes && text[at - 1] != ' ')
            break;
    }
    lexer->closing.from = from;
    lexer->closing.at = at;
    return at;
}

/* Where text in single quotes that begins at start ends, quotes included; 0: there is none. */
static uint32_t single_quoted_end(struct hy_lexer *lexer, uint32_t start)
{
    enum { SHORTEST = 2 }; /* rock 'n' roll */
    uint32_t len, cp = hy_utf8_decode(lexer->text.data + start, &len);
    if (cp != '\'' && cp != 0x2018)
        return 0;
    uint32_t first = start + len, at = closing_quote(lexer, first);
    if (at == lexer->text.len || at < first + SHORTEST)
        return 0;
    hy_utf8_decode(lexer->text.data + at, &len);
    return at + len;
}

static void warn_single_quotes(struct hy_lexer *lexer, uint32_t start)
{
    uint32_t end = single_quoted_end(lexer, start);
    if (end)
        hy_rules_warning(lexer->diagnostics, hy_lexer_place(lexer, start, end),
                         "write \"...\" for a phrase",
                         "single quotes do not quote: they belong to the words");
}

static struct hy_query *pattern_word(struct hy_lexer *lexer, hydrant_str word, uint32_t start)
{
    const char *star = memchr(word.data, '*', word.len);
    bool question = memchr(word.data, '?', word.len) != NULL;
    bool last = star == word.data + word.len - 1;
    if (star && (!last || question)) {
        hy_lexer_error(lexer, start, lexer->at,
                       "use ~\"...\" for a part of a word, or a regular expression: /.../",
                       last ? "a word has a final * or some ?, not both"
                            : "* stands only at the end of a word, or alone for everything");
    }
    if (star)
        return term(lexer, HY_TERM_PREFIX, hy_str(word.data, (size_t)(star - word.data)), start);
    return term(lexer, HY_TERM_WILDCARD, word, start);
}

static struct hy_query *word_node(struct hy_lexer *lexer, uint32_t start)
{
    lexer->at = word_end(lexer, start);
    hydrant_str word = hy_lexer_slice(lexer, start, lexer->at);
    const char *fix = foreign_operator(word);
    if (fix) {
        hy_lexer_fail(lexer, start, lexer->at, fix, "%.*s is not an operator here", (int)word.len,
                      word.data);
        return NULL;
    }
    bool good = check_bare(lexer, start, lexer->at) && check_joined_operator(lexer, word, start);
    needs_space(lexer);
    if (!good)
        return hy_lexer_node(lexer, HY_QUERY_ALL, start, lexer->at);
    const struct hy_field *field = hy_field_find(word, false);
    if (field && field->kind == HY_FIELD_BARE) {
        struct hy_query *node = hy_lexer_node(lexer, HY_QUERY_FIELD, start, lexer->at);
        if (node)
            node->field = word;
        return node;
    }
    if (word.data[0] == '#' || word.data[0] == '@' || word.data[0] == '$') {
        enum hy_term_kind kind = word.data[0] == '#'   ? HY_TERM_HASHTAG
                                 : word.data[0] == '@' ? HY_TERM_MENTION
                                                       : HY_TERM_CASHTAG;
        return term(lexer, kind, word, start);
    }
    warn_other_letters(lexer, word, start);
    warn_near_without_slash(lexer, word, start);
    warn_single_quotes(lexer, start);
    if (memchr(word.data, '*', word.len) || memchr(word.data, '?', word.len))
        return pattern_word(lexer, word, start);
    return term(lexer, HY_TERM_WORDS, word, start);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static struct hy_token token(const struct hy_lexer *lexer, enum hy_token_kind kind, uint32_t start)
{
    return (struct hy_token){.kind = kind, .start = start, .end = lexer->at};
}

static struct hy_token operand(struct hy_lexer *lexer, struct hy_query *node, uint32_t start)
{
    if (!node || lexer->failed) {
        lexer->failed = true;
        return token(lexer, HY_TOKEN_END, start);
    }
    struct hy_token t = token(lexer, HY_TOKEN_OPERAND, start);
    t.node = node;
    return t;
}

static bool number_of(hydrant_str digits, uint32_t *number)
{
    *number = 0;
    for (uint32_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9' || i == 9)
            return false;
        *number = *number * 10 + (uint32_t)(digits.data[i] - '0');
    }
    return digits.len > 0;
}

/* NEAR/n and ONEAR/n; name is what stands before the slash. */
static struct hy_token near(struct hy_lexer *lexer, hydrant_str word, hydrant_str name,
                            uint32_t start)
{
    bool ordered = hy_str_is(name, "ONEAR");
    struct hy_token t = token(lexer, ordered ? HY_TOKEN_ONEAR : HY_TOKEN_NEAR, start);
    hydrant_str digits = {0};
    if (word.len > name.len)
        digits = hy_str(word.data + name.len + 1, word.len - name.len - 1);
    if (!number_of(digits, &t.number) || t.number > HY_QUERY_NEAR_MAX)
        hy_lexer_error(lexer, start, lexer->at, ordered ? "a ONEAR/5 b" : "a NEAR/5 b",
                       "%.*s needs the most words between, 0 to %d, behind a slash", (int)name.len,
                       name.data, HY_QUERY_NEAR_MAX);
    return t;
}

/* Operators are words in capitals. kind is END when word is none. */
static struct hy_token operator_word(struct hy_lexer *lexer, uint32_t start)
{
    static const struct {
        const char *word;
        enum hy_token_kind kind;
    } operators[] = {
        {"AND", HY_TOKEN_AND}, {"OR", HY_TOKEN_OR}, {"NOT", HY_TOKEN_NOT}, {"OF", HY_TOKEN_OF}};
    uint32_t end = word_end(lexer, start);
    hydrant_str word = hy_lexer_slice(lexer, start, end);
    uint32_t old = lexer->at;
    lexer->at = end;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (hy_str_is(word, operators[i].word))
            return token(lexer, operators[i].kind, start);
    const char *slash = memchr(word.data, '/', word.len);
    hydrant_str name = slash ? hy_str(word.data, (size_t)(slash - word.data)) : word;
    if (hy_str_is(name, "NEAR") || hy_str_is(name, "ONEAR"))
        return near(lexer, word, name, start);
    lexer->at = old;
    return (struct hy_token){.kind = HY_TOKEN_END};
}

/* Is there name: or name> at start? */
static bool field_starts(const struct hy_lexer *lexer, uint32_t start)
{
    uint32_t at = start;
    const char *text = lexer->text.data;
    while (at < lexer->text.len && ((text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'z'))
        at++;
    while (at > start && at < lexer->text.len && (text[at] == '_' || name_character(text[at])))
        at++;
    return at > start && at < lexer->text.len && strchr(":<>=", text[at]) && text[at];
}

static struct hy_token word_token(struct hy_lexer *lexer, uint32_t start)
{
    if (field_starts(lexer, start)) {
        struct hy_query *node = hy_lexer_field(lexer, start);
        if (node)
            needs_space(lexer);
        return operand(lexer, node, start);
    }
    struct hy_token t = operator_word(lexer, start);
    if (t.kind != HY_TOKEN_END)
        return t;
    t = operand(lexer, word_node(lexer, start), start);
    if (t.kind == HY_TOKEN_OPERAND)
        t.counts = number_of(hy_lexer_slice(lexer, start, lexer->at), &t.number);
    return t;
}

static struct hy_token dash(struct hy_lexer *lexer, uint32_t start)
{
    char next = peek(lexer, 1);
    lexer->at++;
    if (hy_lexer_ends_word(lexer, lexer->at) && next != '(' && next != '"' && next != '{')
        hy_lexer_fail(lexer, start, lexer->at, "write -word, -(...) or NOT",
                      "expected what to exclude right behind the -, found %s",
                      next ? "nothing" : "the end of the query");
    return token(lexer, lexer->failed ? HY_TOKEN_END : HY_TOKEN_NOT, start);
}

static bool check_foreign_start(struct hy_lexer *lexer, uint32_t start)
{
    uint32_t len, cp = hy_utf8_decode(lexer->text.data + start, &len);
    char next = start + len < lexer->text.len ? lexer->text.data[start + len] : '\0';
    if (typographic_dash(cp))
        hy_lexer_fail(lexer, start, start + len, "write - to exclude, or put the text in quotes",
                      "a typographic dash does not exclude");
    else if ((cp == '!' || cp == '+') && !hy_lexer_ends_word(lexer, start + 1) &&
             (uint32_t)(unsigned char)next != cp)
        hy_lexer_fail(lexer, start, start + 1,
                      cp == '!' ? "write - or NOT to exclude, or put the text in quotes"
                                : "leave it out: every term is required; or put the text in quotes",
                      "%c is not an operator here", (int)cp);
    else if (cp == '[' || cp == ']')
        hy_lexer_fail(lexer, start, start + 1, "write ( and ) for groups",
                      "%c is not a bracket here", (int)cp);
    else if (cp == '}')
        hy_lexer_fail(lexer, start, start + 1, "write {text} for case-sensitive text",
                      "this } closes nothing");
    else if (cp == '*' && !hy_lexer_ends_word(lexer, start + 1))
        hy_lexer_fail(lexer, start, start + 1, "use ~\"...\" for a part of a word",
                      "* stands only at the end of a word, or alone for everything");
    return !lexer->failed;
}

static struct hy_query *special_operand(struct hy_lexer *lexer, uint32_t start)
{
    switch (peek(lexer, 0)) {
    case '"':
        return quoted_term(lexer, HY_TERM_WORDS, start);
    case '{':
        return quoted_term(lexer, HY_TERM_EXACT, start);
    case '~':
        return substring(lexer);
    case '/':
        return regex(lexer);
    case '%':
        return list_name(lexer);
    case '*':
        lexer->at++;
        return hy_lexer_node(lexer, HY_QUERY_ALL, start, lexer->at);
    default:
        return macro_name(lexer);
    }
}

struct hy_token hy_lexer_next(struct hy_lexer *lexer)
{
    for (uint32_t len; (len = space_at(lexer, lexer->at)) > 0;)
        lexer->at += len;
    uint32_t start = lexer->at;
    char c = peek(lexer, 0);
    if (lexer->failed || start == lexer->text.len)
        return (struct hy_token){.kind = HY_TOKEN_END, .start = start, .end = start};
    if (c == '(' || c == ')' || c == ',') {
        lexer->at++;
        return token(lexer,
                     c == '('   ? HY_TOKEN_OPEN
                     : c == ')' ? HY_TOKEN_CLOSE
                                : HY_TOKEN_COMMA,
                     start);
    }
    if (c == '-')
        return dash(lexer, start);
    if (!check_foreign_start(lexer, start))
        return (struct hy_token){.kind = HY_TOKEN_END, .start = start, .end = start};
    if ((c && strchr("\"{~/%*", c)) || (c == '$' && peek(lexer, 1) == '{'))
        return operand(lexer, special_operand(lexer, start), start);
    return word_token(lexer, start);
}
