/* Fields of the query language: name:value, name:low..high, name>5, name:value>0.6. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "rules/fields.h"
#include "rules/lexer.h"
#include "rules/literal.h"
#include "rules/suggest.h"

/* A field being read: text[start, at) so far. */
struct reading {
    struct hy_lexer *lexer;
    const struct hy_field *field; /* the row without count, else the one with */
    const struct hy_field *count; /* the COUNT row of that name, or NULL */
    uint32_t start;
    uint32_t value_start;
    hydrant_str name, value; /* value without comparison */
    bool quoted;
    enum hy_compare compare;
    hydrant_str operand; /* behind the comparison */
};

static char at_char(const struct hy_lexer *lexer)
{
    return lexer->at < lexer->text.len ? lexer->text.data[lexer->at] : '\0';
}

static struct hy_query *node_of(const struct reading *r, enum hy_query_kind kind)
{
    struct hy_query *node = hy_lexer_node(r->lexer, kind, r->start, r->lexer->at);
    if (node) {
        node->field = r->name;
        node->text = r->value;
    }
    return node;
}

#define value_error(r, fix, ...) \
    hy_lexer_error((r)->lexer, (r)->value_start, (r)->lexer->at, (fix), __VA_ARGS__)

/* ---- numbers --------------------------------------------------------------------------------- */

enum { DIGITS_MAX = 18, DECIMALS_MAX = 9 };

static bool integer_of(hydrant_str digits, int64_t *out)
{
    *out = 0;
    if (digits.len > DIGITS_MAX)
        return false;
    for (uint32_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        *out = *out * 10 + (digits.data[i] - '0');
    }
    return digits.len > 0;
}

/* 0.6, .6, 1: no sign, no exponent. The same double as strtod, in every locale. */
static bool fraction_of(hydrant_str text, double *out)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    char digits[DIGITS_MAX];
    uint32_t n = 0, decimals = 0;
    bool point = false;
    for (uint32_t i = 0; i < text.len; i++) {
        if (text.data[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (n == 10 || decimals == DECIMALS_MAX)
            return false;
        digits[n++] = text.data[i];
        decimals += point;
    }
    int64_t value;
    if (!integer_of(hy_str(digits, n), &value) || (point && decimals == 0))
        return false;
    *out = (double)value / powers[decimals];
    return true;
}

/* "10k" and "1,5M" are what people write; says what to write instead. */
static void bad_number(const struct reading *r, hydrant_str digits)
{
    char fix[64];
    int64_t value;
    char last = digits.len ? digits.data[digits.len - 1] : '\0';
    bool thousands = (last | 0x20) == 'k', millions = (last | 0x20) == 'm';
    if ((thousands || millions) && digits.len < 10 &&
        integer_of(hy_str(digits.data, digits.len - 1), &value)) {
        snprintf(fix, sizeof fix, "write %lld", (long long)(value * (thousands ? 1000 : 1000000)));
        value_error(r, fix, "expected a whole number, found \"%.*s\"", (int)digits.len,
                    digits.data);
        return;
    }
    snprintf(fix, sizeof fix, "%.*s:1000.. or %.*s:..500 or %.*s:10..99", (int)r->name.len,
             r->name.data, (int)r->name.len, r->name.data, (int)r->name.len, r->name.data);
    if (digits.len)
        value_error(r, fix, "expected a whole number, found \"%.*s\"", (int)digits.len,
                    digits.data);
    else
        value_error(r, fix, "expected a whole number behind \"%.*s\"", (int)r->name.len,
                    r->name.data);
}

static void parse_range(const struct reading *r, hydrant_str range, struct hy_query *node)
{
    const char *dots = memmem(range.data, range.len, "..", 2);
    hydrant_str low = range, high = {0};
    if (dots) {
        low = hy_str(range.data, (size_t)(dots - range.data));
        high = hy_str(dots + 2, (size_t)(range.data + range.len - dots - 2));
    }
    node->low = INT64_MIN;
    node->high = INT64_MAX;
    if ((low.len || !dots) && !integer_of(low, &node->low))
        bad_number(r, low);
    else if (high.len && !integer_of(high, &node->high))
        bad_number(r, high);
    else if (dots && !low.len && !high.len)
        bad_number(r, low);
    else if (!dots)
        node->high = node->low;
    if (node->low > node->high)
        value_error(r, "put the smaller number first", "this range holds no number");
}

static void parse_bound(const struct reading *r, struct hy_query *node)
{
    int64_t number;
    node->low = INT64_MIN;
    node->high = INT64_MAX;
    if (!integer_of(r->operand, &number)) {
        bad_number(r, r->operand);
        return;
    }
    switch (r->compare) {
    case HY_COMPARE_GT:
        node->low = number + 1;
        break;
    case HY_COMPARE_GE:
        node->low = number;
        break;
    case HY_COMPARE_LT:
        node->high = number - 1;
        break;
    default:
        node->high = number;
        break;
    }
    if (node->high < 0)
        value_error(r, NULL, "no number is below 0 here");
}

static struct hy_query *number_field(struct reading *r)
{
    hydrant_str range = r->value;
    r->value = (hydrant_str){0};
    struct hy_query *node = node_of(r, HY_QUERY_NUMBER);
    if (!node)
        return NULL;
    if (r->compare != HY_COMPARE_NONE && range.len == 0)
        parse_bound(r, node);
    else if (r->compare == HY_COMPARE_NONE && !r->quoted)
        parse_range(r, range, node);
    else
        bad_number(r, range);
    return node;
}

static struct hy_query *percent_field(struct reading *r)
{
    int64_t percent = 0;
    if (r->compare != HY_COMPARE_NONE || !integer_of(r->value, &percent) || percent < 1 ||
        percent > 100)
        value_error(r, "sample:10", "%.*s: needs a percentage, a whole number from 1 to 100",
                    (int)r->name.len, r->name.data);
    r->value = (hydrant_str){0};
    struct hy_query *node = node_of(r, HY_QUERY_NUMBER);
    if (node)
        node->low = node->high = percent;
    return node;
}

/* name:value>5 or name:value:5..9 where name has a COUNT row; value is already split off. */
static struct hy_query *count_field(struct reading *r)
{
    const char *colon = memchr(r->value.data, ':', r->value.len);
    hydrant_str range = {0};
    if (colon) {
        range = hy_str(colon + 1, (size_t)(r->value.data + r->value.len - colon - 1));
        r->value.len = (uint32_t)(colon - r->value.data);
    }
    struct hy_query *node = node_of(r, HY_QUERY_NUMBER);
    if (!node)
        return NULL;
    if (colon)
        parse_range(r, range, node);
    else
        parse_bound(r, node);
    return node;
}

/* ---- scores ---------------------------------------------------------------------------------- */

static void parse_threshold(const struct reading *r, struct hy_query *node)
{
    char fix[128];
    bool has_sign = r->field->kind == HY_FIELD_SIGNED;
    bool below_0 = has_sign && r->operand.len > 0 && r->operand.data[0] == '-';
    hydrant_str number = hy_str(r->operand.data + below_0, r->operand.len - below_0);
    snprintf(fix, sizeof fix, "%.*s%s%.*s>0.6", (int)r->name.len, r->name.data,
             r->value.len ? ":" : "", (int)r->value.len, r->value.data);
    node->compare = r->compare;
    if (!fraction_of(number, &node->threshold) || node->threshold > 1)
        value_error(r, fix, "%s is compared with a number from %d to 1 of at most %d decimals",
                    has_sign ? r->field->name : "a score", has_sign ? -1 : 0, DECIMALS_MAX);
    else if (below_0)
        node->threshold = 0 - node->threshold; /* no -0 */
}

static struct hy_query *level_field(struct reading *r)
{
    struct hy_query *node = node_of(r, HY_QUERY_SCORE);
    if (!node)
        return NULL;
    if (r->compare == HY_COMPARE_NONE || r->value.len) {
        char fix[64];
        const char *low = r->field->kind == HY_FIELD_SIGNED ? "-0.3" : "0.3";
        snprintf(fix, sizeof fix, "%.*s>0.7 or %.*s<%s", (int)r->name.len, r->name.data,
                 (int)r->name.len, r->name.data, low);
        value_error(r, fix, "%.*s is a level: compare it with >, >=, < or <=", (int)r->name.len,
                    r->name.data);
        return node;
    }
    parse_threshold(r, node);
    return node;
}

/* ---- values ---------------------------------------------------------------------------------- */

static void values_text(const char *values, char *out, size_t cap)
{
    size_t n = 0;
    for (; *values && n + 3 < cap; values++) {
        out[n++] = *values == '|' ? ',' : *values;
        if (*values == '|')
            out[n++] = ' ';
    }
    out[n] = '\0';
}

static void check_choice(const struct reading *r)
{
    char values[512], fix[160];
    if (hy_field_has_value(r->field->values, r->value, NULL))
        return;
    if (r->count && hy_field_has_value(r->count->values, r->value, NULL)) {
        snprintf(fix, sizeof fix, "%s:%.*s>3", r->field->name, (int)r->value.len, r->value.data);
        value_error(r, fix, "%s:%.*s is a number: compare it with >, >=, < or <=", r->field->name,
                    (int)r->value.len, r->value.data);
        return;
    }
    struct hy_suggestion near;
    hy_suggest_init(&near, r->value);
    hy_suggest_offer_values(&near, r->field->values);
    if (r->count)
        hy_suggest_offer_values(&near, r->count->values);
    values_text(r->field->values, values, sizeof values);
    snprintf(fix, sizeof fix, "did you mean %s:%.*s?", r->field->name, (int)near.best.len,
             near.best.data);
    value_error(r, near.best.len ? fix : NULL, "unknown value \"%.*s\" for %s: expected one of %s",
                (int)r->value.len, r->value.data, r->field->name, values);
}

static void check_handle(struct reading *r)
{
    char mention[HY_LITERAL_BYTES_MAX + 2] = "@";
    if (r->value.data[0] == '@') {
        r->value.data++;
        r->value.len--;
    }
    if (r->value.len <= HY_LITERAL_BYTES_MAX) {
        memcpy(mention + 1, r->value.data, r->value.len);
        if (!hy_literal_check(HY_TERM_MENTION, hy_str(mention, r->value.len + 1)).message)
            return;
    }
    value_error(r, "from:handle, with or without its @",
                "%s: needs a handle: letters, digits, _ . and - (not at its ends)", r->field->name);
}

static bool plain_value(hydrant_str value)
{
    for (uint32_t i = 0; i < value.len; i++)
        if (hy_literal_space(value.data + i, value.data + value.len))
            return false;
    return value.len <= HY_LITERAL_BYTES_MAX;
}

/* from:%list, or from:( : one field asks for one value. */
static void one_value_error(struct reading *r, const char *found)
{
    char fix[64];
    snprintf(fix, sizeof fix, "write %s:a OR %s:b", r->field->name, r->field->name);
    value_error(r, fix, "expected one value behind %s:, found %s", r->field->name, found);
}

static void check_value(struct reading *r)
{
    struct hy_literal_problem problem = {0};
    char domain[64];
    if (r->value.data[0] == '%' && !r->quoted) {
        one_value_error(r, "a list");
        return;
    }
    switch (r->field->kind) {
    case HY_FIELD_TEXT:
        problem = hy_literal_check(HY_TERM_WORDS, r->value);
        break;
    case HY_FIELD_HANDLE:
        check_handle(r);
        break;
    case HY_FIELD_CHOICE:
    case HY_FIELD_SCORE:
        check_choice(r);
        break;
    case HY_FIELD_DOMAIN:
        snprintf(domain, sizeof domain, "%s:example.com", r->field->name);
        if (memmem(r->value.data, r->value.len, "://", 3))
            problem = (struct hy_literal_problem){"a domain stands without its https://", domain};
        else if (memchr(r->value.data, '*', r->value.len))
            problem = (struct hy_literal_problem){"a domain stands without *",
                                                  "example.com is for its subdomains, too"};
        else if (!plain_value(r->value))
            problem.message = "a domain has no spaces and at most 512 bytes";
        break;
    default:
        if (!plain_value(r->value))
            problem.message = "this value has no spaces and at most 512 bytes";
        break;
    }
    if (problem.message)
        value_error(r, problem.fix, "%s", problem.message);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum hy_compare comparison(hydrant_str text, uint32_t *len)
{
    bool equal = text.len > 1 && text.data[1] == '=';
    *len = equal ? 2 : 1;
    if (text.data[0] == '>')
        return equal ? HY_COMPARE_GE : HY_COMPARE_GT;
    if (text.data[0] == '<')
        return equal ? HY_COMPARE_LE : HY_COMPARE_LT;
    return HY_COMPARE_NONE;
}

/* Splits "anger>0.6" into value, compare and operand. False, with an error, for "anger=0.6". */
static bool split_comparison(struct reading *r)
{
    uint32_t at = 0, len;
    while (at < r->value.len && !strchr("<>=", r->value.data[at]))
        at++;
    if (at == r->value.len)
        return true;
    hydrant_str rest = hy_str(r->value.data + at, r->value.len - at);
    r->compare = comparison(rest, &len);
    if (r->compare == HY_COMPARE_NONE) {
        value_error(r, "compare with >, >=, < or <=; an exact number is name:5",
                    "= does not compare");
        return false;
    }
    r->value.len = at;
    r->operand = hy_str(rest.data + len, rest.len - len);
    return true;
}

/* The field that has this name as a value: "emotion" of anger. NULL: none. */
static const char *field_with_value(hydrant_str value)
{
    for (size_t i = 0; i < HY_FIELD_IDS; i++)
        if (hy_query_fields[i].kind == HY_FIELD_SCORE &&
            hy_field_has_value(hy_query_fields[i].values, value, NULL))
            return hy_query_fields[i].name;
    return NULL;
}

static void unknown_field(const struct reading *r)
{
    char fix[192];
    const char *field = field_with_value(r->name);
    struct hy_suggestion near;
    hy_suggest_init(&near, r->name);
    for (size_t i = 0; i < HY_FIELD_IDS; i++)
        hy_suggest_offer(&near, hy_str_cstr(hy_query_fields[i].name));
    uint32_t name_end = r->start + r->name.len;
    if (hy_str_is(r->name, "http") || hy_str_is(r->name, "https"))
        snprintf(fix, sizeof fix, "write url:\"...\" or domain:example.com to look for a link");
    else if (field)
        snprintf(fix, sizeof fix, "write %s:%.*s, or with a score %s:%.*s>0.5", field,
                 (int)r->name.len, r->name.data, field, (int)r->name.len, r->name.data);
    else if (near.best.len)
        snprintf(fix, sizeof fix, "did you mean %.*s%c? To look for the text, put it in quotes",
                 (int)near.best.len, near.best.data, r->lexer->text.data[name_end]);
    else
        snprintf(fix, sizeof fix, "put it in quotes to look for the text");
    hy_lexer_error(r->lexer, r->start, name_end, fix, "unknown field \"%.*s\"", (int)r->name.len,
                   r->name.data);
}

/* Reads what stands behind the name: sets value and quoted, moves to its end. */
static bool read_value(struct reading *r)
{
    struct hy_lexer *lexer = r->lexer;
    bool colon = at_char(lexer) == ':';
    lexer->at += colon;
    r->value_start = lexer->at;
    if (colon && at_char(lexer) == '"') {
        r->quoted = true;
        if (!hy_lexer_quoted(lexer, '"', &r->value))
            return false;
        r->value.len = hy_literal_squeeze(r->value, (char *)r->value.data);
        return true;
    }
    while (!hy_lexer_ends_word(lexer, lexer->at))
        lexer->at++;
    r->value = hy_lexer_slice(lexer, r->value_start, lexer->at);
    return hy_lexer_check_forms(lexer, r->value_start, lexer->at);
}

static bool takes_comparison(const struct reading *r)
{
    return r->count || r->field->kind == HY_FIELD_NUMBER || r->field->kind == HY_FIELD_SCORE ||
           r->field->kind == HY_FIELD_LEVEL || r->field->kind == HY_FIELD_SIGNED ||
           r->field->kind == HY_FIELD_PERCENT;
}

static bool is_count(const struct reading *r)
{
    if (!r->count)
        return false;
    const char *colon = memchr(r->value.data, ':', r->value.len);
    hydrant_str head = colon ? hy_str(r->value.data, (size_t)(colon - r->value.data)) : r->value;
    return (colon || r->compare) && hy_field_has_value(r->count->values, head, NULL);
}

static struct hy_query *finish(struct reading *r)
{
    if (is_count(r))
        return count_field(r);
    switch (r->field->kind) {
    case HY_FIELD_NUMBER:
        return number_field(r);
    case HY_FIELD_PERCENT:
        return percent_field(r);
    case HY_FIELD_LEVEL:
    case HY_FIELD_SIGNED:
        return level_field(r);
    case HY_FIELD_BARE:
        value_error(r, r->field->name, "%s stands alone", r->field->name);
        return node_of(r, HY_QUERY_FIELD);
    default:
        break;
    }
    if (r->value.len == 0) {
        char found = at_char(r->lexer), fix[64];
        if (found == '(') {
            one_value_error(r, "a group");
            return node_of(r, HY_QUERY_FIELD);
        }
        snprintf(fix, sizeof fix, "write %s:value without a space", r->field->name);
        value_error(r, fix, "expected a value right behind %s:, found %s", r->field->name,
                    r->quoted       ? "an empty text"
                    : r->compare    ? "a comparison"
                    : found == '\0' ? "the end of the query"
                    : found == ' '  ? "a space"
                                    : "nothing");
        return node_of(r, HY_QUERY_FIELD);
    }
    bool score = r->compare != HY_COMPARE_NONE && r->field->kind == HY_FIELD_SCORE;
    bool known =
        r->field->kind != HY_FIELD_CHOICE || hy_field_has_value(r->field->values, r->value, NULL);
    if (r->compare != HY_COMPARE_NONE && !score && known)
        value_error(r, NULL, "%s:%.*s is not a number and cannot be compared", r->field->name,
                    (int)r->value.len, r->value.data);
    check_value(r);
    struct hy_query *node = node_of(r, score ? HY_QUERY_SCORE : HY_QUERY_FIELD);
    if (node && score)
        parse_threshold(r, node);
    return node;
}

struct hy_query *hy_lexer_field(struct hy_lexer *lexer, uint32_t start)
{
    struct reading r = {.lexer = lexer, .start = start};
    while (!strchr(":<>=", at_char(lexer)))
        lexer->at++;
    r.name = hy_lexer_slice(lexer, start, lexer->at);
    r.field = hy_field_find(r.name, false);
    r.count = hy_field_find(r.name, true);
    if (!read_value(&r))
        return NULL;
    if (!r.field) {
        unknown_field(&r);
        return node_of(&r, HY_QUERY_ALL);
    }
    bool colon = r.value_start > start + r.name.len;
    if (!colon && !takes_comparison(&r)) {
        char fix[64];
        snprintf(fix, sizeof fix, "write %s:value", r.field->name);
        value_error(&r, fix, "%s is not a number and cannot be compared", r.field->name);
        return node_of(&r, HY_QUERY_ALL);
    }
    if (!r.quoted && takes_comparison(&r) && !split_comparison(&r))
        return node_of(&r, HY_QUERY_ALL);
    return finish(&r);
}
