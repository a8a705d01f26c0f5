/*
 * Writes a query as text that parses back to the same tree. Parentheses stand where the grammar
 * needs them and nowhere else; words are quoted unless they are plainly words.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "rules/fields.h"
#include "rules/ruleset.h"
#include "text/fold.h"
#include "text/utf8.h"

/* Counts everything, writes what fits. */
struct printer {
    char *out;
    size_t cap, len;
};

/* How tightly what stands around a node binds: it goes into parentheses when it binds less. */
enum binding { BINDS_OR, BINDS_AND, BINDS_NOT, BINDS_NEAR, BINDS_LEAF };

static void print_query(struct printer *p, const struct hy_query *query, enum binding around);

static void print_char(struct printer *p, char c)
{
    if (p->len + 1 < p->cap)
        p->out[p->len] = c;
    p->len++;
}

static void print_str(struct printer *p, hydrant_str text)
{
    for (uint32_t i = 0; i < text.len; i++)
        print_char(p, text.data[i]);
}

static void print_cstr(struct printer *p, const char *text)
{
    print_str(p, hy_str_cstr(text));
}

static void print_number(struct printer *p, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)number);
    print_cstr(p, digits);
}

static void print_quoted(struct printer *p, hydrant_str text, char open, char close)
{
    print_char(p, open);
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] == close || text.data[i] == '\\')
            print_char(p, '\\');
        print_char(p, text.data[i]);
    }
    print_char(p, close);
}

/* Letters and digits only, and nothing that the lexer takes for an operator or a fact. */
static bool plain_word(hydrant_str text, const char *also)
{
    static const char *const reserved[] = {"AND", "OR", "NOT", "OF", "NEAR", "ONEAR"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (hy_str_equal_nocase(text, hy_str_cstr(reserved[i])))
            return false;
    const struct hy_field *field = hy_field_find(text, false);
    if (field && field->kind == HY_FIELD_BARE)
        return false;
    for (uint32_t i = 0, len; i < text.len; i += len) {
        uint32_t cp = hy_utf8_decode(text.data + i, &len);
        bool plain = cp < 0x80
                         ? (cp >= '0' && cp <= '9') || ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z') ||
                               cp == '_' || (cp && strchr(also, (int)cp))
                         : hy_char_class(cp) != HY_CHAR_OTHER;
        if (!plain)
            return false;
    }
    return text.len > 0;
}

static void print_word(struct printer *p, hydrant_str text, const char *also)
{
    if (plain_word(text, also))
        print_str(p, text);
    else
        print_quoted(p, text, '"', '"');
}

static void print_term(struct printer *p, const struct hy_query *query)
{
    switch (query->term) {
    case HY_TERM_WORDS:
        print_word(p, query->text, "'");
        break;
    case HY_TERM_EXACT:
        print_quoted(p, query->text, '{', '}');
        break;
    case HY_TERM_SUBSTRING:
        print_char(p, '~');
        print_quoted(p, query->text, '"', '"');
        break;
    case HY_TERM_PREFIX:
        print_str(p, query->text);
        print_char(p, '*');
        break;
    case HY_TERM_WILDCARD:
    case HY_TERM_HASHTAG:
    case HY_TERM_MENTION:
    case HY_TERM_CASHTAG:
        print_str(p, query->text);
        break;
    }
}

static void print_regex(struct printer *p, const struct hy_query *query)
{
    print_char(p, '/');
    print_str(p, query->text);
    print_char(p, '/');
    if (query->regex_flags & HY_REGEX_CASELESS)
        print_char(p, 'i');
    if (query->regex_flags & HY_REGEX_DOTALL)
        print_char(p, 's');
}

static void print_field(struct printer *p, const struct hy_query *query)
{
    if (hy_str_is(query->field, "%")) {
        print_char(p, '%');
        print_str(p, query->text);
        return;
    }
    if (hy_str_is(query->field, "$")) {
        print_cstr(p, "${");
        print_str(p, query->text);
        print_char(p, '}');
        return;
    }
    print_str(p, query->field);
    if (query->text.len == 0)
        return;
    print_char(p, ':');
    print_word(p, query->text, "-./@'");
}

static void print_numbers(struct printer *p, const struct hy_query *query)
{
    const struct hy_field *field = hy_field_of(query);
    print_str(p, query->field);
    if (query->text.len) {
        print_char(p, ':');
        print_str(p, query->text);
    }
    print_char(p, ':');
    if (field && field->kind == HY_FIELD_PERCENT) {
        print_number(p, query->low);
        return;
    }
    if (query->low != INT64_MIN)
        print_number(p, query->low);
    if (query->low == query->high)
        return;
    print_cstr(p, "..");
    if (query->high != INT64_MAX)
        print_number(p, query->high);
}

/* The shortest decimal that reads back as the same double; no locale has a say in it. */
static void print_fraction(struct printer *p, double value)
{
    double power = 1;
    int decimals = 0;
    if (value < 0) {
        print_char(p, '-');
        value = -value;
    }
    while (decimals < 9 && (double)llround(value * power) / power != value) {
        power *= 10;
        decimals++;
    }
    int64_t scaled = llround(value * power), whole = scaled / (int64_t)power;
    print_number(p, whole);
    if (decimals == 0)
        return;
    char digits[24];
    snprintf(digits, sizeof digits, ".%0*lld", decimals,
             (long long)(scaled - whole * (int64_t)power));
    print_cstr(p, digits);
}

static void print_score(struct printer *p, const struct hy_query *query)
{
    static const char *const compares[] = {"", ">", ">=", "<", "<="};
    print_str(p, query->field);
    if (query->text.len) {
        print_char(p, ':');
        print_str(p, query->text);
    }
    print_cstr(p, compares[query->compare]);
    print_fraction(p, query->threshold);
}

static void print_children(struct printer *p, const struct hy_query *query, const char *between,
                           enum binding around)
{
    for (uint32_t i = 0; i < query->children_count; i++) {
        if (i)
            print_cstr(p, between);
        print_query(p, query->children[i], around);
    }
}

static void print_near(struct printer *p, const struct hy_query *query)
{
    print_query(p, query->children[0], BINDS_NEAR);
    print_cstr(p, query->kind == HY_QUERY_NEAR ? " NEAR/" : " ONEAR/");
    print_number(p, query->number);
    print_char(p, ' ');
    print_query(p, query->children[1], BINDS_LEAF);
}

static enum binding binding_of(const struct hy_query *query)
{
    if (query->list.len)
        return BINDS_LEAF;
    switch (query->kind) {
    case HY_QUERY_OR:
        return BINDS_OR;
    case HY_QUERY_AND:
        return BINDS_AND;
    case HY_QUERY_NOT:
        return BINDS_NOT;
    case HY_QUERY_NEAR:
    case HY_QUERY_ONEAR:
        return BINDS_NEAR;
    default:
        return BINDS_LEAF;
    }
}

static void print_node(struct printer *p, const struct hy_query *query)
{
    switch (query->kind) {
    case HY_QUERY_ALL:
        print_char(p, '*');
        break;
    case HY_QUERY_AND:
        print_children(p, query, " AND ", BINDS_NOT);
        break;
    case HY_QUERY_OR:
        print_children(p, query, " OR ", BINDS_AND);
        break;
    case HY_QUERY_NOT:
        print_cstr(p, "NOT ");
        print_query(p, query->children[0], BINDS_NOT);
        break;
    case HY_QUERY_NEAR:
    case HY_QUERY_ONEAR:
        print_near(p, query);
        break;
    case HY_QUERY_ATLEAST:
        print_number(p, query->number);
        print_cstr(p, " OF (");
        print_children(p, query, ", ", BINDS_OR);
        print_char(p, ')');
        break;
    case HY_QUERY_TERM:
        print_term(p, query);
        break;
    case HY_QUERY_REGEX:
        print_regex(p, query);
        break;
    case HY_QUERY_FIELD:
        print_field(p, query);
        break;
    case HY_QUERY_NUMBER:
        print_numbers(p, query);
        break;
    case HY_QUERY_SCORE:
        print_score(p, query);
        break;
    }
}

static void print_query(struct printer *p, const struct hy_query *query, enum binding around)
{
    if (query->list.len) {
        print_char(p, '%');
        print_str(p, query->list);
        return;
    }
    bool group = binding_of(query) < around;
    if (group)
        print_char(p, '(');
    print_node(p, query);
    if (group)
        print_char(p, ')');
}

size_t hy_query_print(const struct hy_query *query, char *out, size_t cap)
{
    struct printer p = {.out = out, .cap = cap};
    print_query(&p, query, BINDS_OR);
    if (cap > 0)
        out[p.len < cap ? p.len : cap - 1] = '\0';
    return p.len;
}
