/*
 * Telephone and card numbers. A number is read as groups of digits; what it is follows from its
 * groups, its first digits, its separators and what stands beside it, so that dates, prices, counts
 * and scores are none.
 */
#include "pii/pii_scan.h"

/* Words that make a plain run of digits a telephone number, before it and right behind it. */
#define PHONE_WORDS                                                                                \
    "call|calls|called|calling|text|txt|texted|phone|phones|telephone|tel|mobile|cell|whatsapp|"   \
    "ring|fax|dial|contact|reach|handy|rufen|sms|my number|my num|my # is|local number|number is|" \
    "number's|phone number|telefon|telefonnummer|handynummer|rufnummer|mobilnummer|meine nummer|"  \
    "anrufen|ruft|t\303\251l\303\251phone|mon num\303\251ro|appelez|tel\303\251fono|celular|"      \
    "mi n\303\272mero|mi numero|telefono|il mio numero"
#define PHONE_WORDS_BEHIND "call|text|ring|whatsapp|is my|ist meine"

/* Dialling prefixes of a company's service: nobody's own number. Those of Britain are mobile
 * telephones or towns elsewhere. */
#define NOT_OWN_US "|800|822|833|844|855|866|877|888|900|"
#define NOT_OWN_ZERO "|0800|0808|0900|0180|"
#define NOT_OWN_BRITISH "|0845|0844|0843|0870|0871|0872|0300|0330|0333|0345|"

enum { DIGITS_MIN = 7 }; /* of a telephone or card number */

/* ---- reading ---- */

static uint32_t separator(const struct hy_pii_text *t, uint32_t at, char *kind)
{
    static const char *const wide[] = {"\xc2\xa0", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x93"};
    char c = hy_pii_at(t, at);
    if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')') {
        *kind = c;
        return 1;
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        uint32_t len = (uint32_t)strlen(wide[i]);
        if (t->len - at >= len && memcmp(t->s + at, wide[i], len) == 0) {
            *kind = i == 0 ? ' ' : '-';
            return len;
        }
    }
    return 0;
}

/* Separators between two groups: at most three of them, a space never twice. Returns where the next
 * group begins, or 0. */
static uint32_t gap(const struct hy_pii_text *t, uint32_t at, char *after)
{
    char kind;
    uint32_t spaces = 0, seen = 0;
    *after = ' ';
    for (uint32_t len; seen < 3 && (len = separator(t, at, &kind)) > 0; at += len, seen++) {
        spaces += kind == ' ';
        if (kind == '-' || kind == '.' || kind == '/')
            *after = kind;
    }
    return seen && spaces < 3 && hy_pii_digit(hy_pii_at(t, at)) ? at : 0;
}

void hy_pii_number_read(const struct hy_pii_text *t, uint32_t at, struct hy_pii_number *n)
{
    n->digits_count = n->groups_count = 0;
    n->plus = t->s[at] == '+' || (at > 0 && t->s[at - 1] == '+');
    n->paren = t->s[at] == '(' || (at > 0 && t->s[at - 1] == '(');
    while (!hy_pii_digit(hy_pii_at(t, at)))
        at++; /* begins_number has seen one */
    for (;;) {
        uint32_t g = n->groups_count, start = at;
        while (hy_pii_digit(hy_pii_at(t, at)) && n->digits_count < HY_PII_DIGITS)
            n->digits[n->digits_count++] = t->s[at++];
        n->cut = hy_pii_digit(hy_pii_at(t, at));
        while (hy_pii_digit(hy_pii_at(t, at)))
            at++;
        n->group[g].start = start;
        n->group[g].end = n->end = at;
        n->group[g].len = at - start;
        n->group[g].after = 0;
        n->group[g].first = n->digits_count - (n->cut ? 0 : n->group[g].len);
        n->groups_count++;
        uint32_t next = n->cut ? 0 : gap(t, at, &n->group[g].after);
        if (!next || n->groups_count == HY_PII_GROUPS || n->digits_count == HY_PII_DIGITS)
            return;
        at = next;
    }
}

/* ---- a part of a number: groups [from, to) ---- */

struct part {
    const struct hy_pii_text *t;
    const struct hy_pii_number *n;
    uint32_t from, to, start, end;
    const char *digits;
    uint32_t count;
    bool plus, paren;
};

static uint32_t len_of(const struct part *p, uint32_t group)
{
    return p->n->group[p->from + group].len;
}

static uint32_t groups_of(const struct part *p)
{
    return p->to - p->from;
}

/* Are the groups of these lengths, a digit of the text each? */
static bool grouped(const struct part *p, const char *lengths)
{
    if (groups_of(p) != strlen(lengths))
        return false;
    for (uint32_t i = 0; lengths[i]; i++)
        if (len_of(p, i) != (uint32_t)(lengths[i] - '0'))
            return false;
    return true;
}

static char only_separator(const struct part *p)
{
    char first = p->n->group[p->from].after;
    for (uint32_t i = p->from; i + 1 < p->to; i++)
        if (p->n->group[i].after != first)
            return 0;
    return first;
}

/* What stands right before or behind it makes it something else: a price, a hashtag, part of a word
 * or of a longer number. */
static bool stands_alone(const struct part *p)
{
    char before = p->start ? p->t->s[p->start - 1] : ' ';
    char behind = hy_pii_at(p->t, p->end), after = hy_pii_at(p->t, p->end + 1);
    if (hy_pii_alnum(before) || (before && strchr("_#@$%&/.,-+*\\", before)))
        return false;
    if (hy_pii_alnum(behind) || (behind && strchr("_@%$*", behind)))
        return false;
    return !(behind && strchr(",.:-/", behind) && hy_pii_digit(after));
}

static bool is_between(uint32_t value, uint32_t low, uint32_t high)
{
    return value >= low && value <= high;
}

static uint32_t value_of(const char *digits, uint32_t count)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < count; i++)
        value = value * 10 + (uint32_t)(digits[i] - '0');
    return value;
}

/* Begins with day, month and year in any order, with one of - . / between. */
static bool is_date(const struct part *p)
{
    if (groups_of(p) < 3 || p->n->group[p->from].after == ' ' ||
        p->n->group[p->from].after != p->n->group[p->from + 1].after)
        return false;
    uint32_t a = len_of(p, 0), b = len_of(p, 1), c = len_of(p, 2);
    if (a == 4)
        return b <= 2 && c <= 2;
    uint32_t first = value_of(p->digits, a), second = value_of(p->digits + a, b);
    bool day_month = a <= 2 && b <= 2 && is_between(first, 1, 31) && is_between(second, 1, 31);
    return day_month && (c == 4 || (c == 2 && groups_of(p) != 5));
}

/* ---- cards ---- */

static bool luhn(const char *digits, uint32_t count)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t digit = (uint32_t)(digits[count - 1 - i] - '0') * (i % 2 + 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

/* Ranges that issuers use, with the lengths of their numbers. */
static bool is_issued(const char *digits, uint32_t count)
{
    uint32_t two = value_of(digits, 2), four = value_of(digits, 4);
    if (two == 34 || two == 37)
        return count == 15;
    if (digits[0] == '4')
        return count == 13 || count == 16 || count == 19;
    if (is_between(two, 51, 55) || is_between(four, 2221, 2720))
        return count == 16;
    if (four == 6011 || two == 65 || is_between(four, 6440, 6499) || two == 62)
        return is_between(count, 16, 19);
    if (is_between(four, 3528, 3589))
        return count == 16;
    if (two == 36 || two == 38 || is_between(four, 3000, 3059))
        return count == 14;
    return two == 50 || is_between(two, 56, 58) || two == 63 || two == 67 ? count == 16 : false;
}

static bool is_card(const struct part *p)
{
    if (!is_between(p->count, 13, 19) || p->plus)
        return false;
    char between = groups_of(p) > 1 ? only_separator(p) : ' ';
    bool in_groups = grouped(p, "4444") || grouped(p, "44443") || grouped(p, "465") ||
                     grouped(p, "464") || (groups_of(p) == 1);
    return in_groups && (between == ' ' || between == '-') && is_issued(p->digits, p->count) &&
           luhn(p->digits, p->count);
}

/* ---- telephones ---- */

/* Is "|abc|" among the prefixes? */
static bool has_prefix(const char *prefixes, const char *digits, uint32_t count)
{
    for (const char *at = prefixes; *at; at++)
        if (*at == '|' && strncmp(at + 1, digits, count) == 0 && at[1 + count] == '|')
            return true;
    return false;
}

/* Ten digits of the North American plan: area and exchange begin with 2..9. */
static bool is_american(const char *digits)
{
    return digits[0] >= '2' && digits[3] >= '2' && !(digits[1] == '9' && digits[2] == '9') &&
           !has_prefix(NOT_OWN_US, digits, 3);
}

/* +44 20 ...: the country's code and as many digits as its numbers may have. */
static bool is_international(const char *digits, uint32_t count)
{
    if (digits[0] == '1')
        return count == 11 && is_american(digits + 1);
    if (digits[0] == '7')
        return count == 11;
    uint32_t two = value_of(digits, 2);
    static const char two_digits[] =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 "
        "64 65 66 81 82 84 86 90 91 92 93 94 95 98 ";
    for (const char *at = two_digits; *at; at += 3)
        if (value_of(at, 2) == two)
            return is_between(count, 9, 15);
    bool assigned = digits[0] != '0' && two != 28 && two != 83 && two != 89 && two != 80;
    return assigned && is_between(count, 9, 15);
}

static bool said_phone(const struct part *p)
{
    uint32_t behind = p->end + 14 < p->t->len ? p->end + 14 : p->t->len;
    return hy_pii_said_before(p->t, p->start, 32, PHONE_WORDS) ||
           hy_pii_said_before(p->t, behind, behind - p->end, PHONE_WORDS_BEHIND);
}

static bool is_national_american(const struct part *p)
{
    const char *digits = p->digits;
    uint32_t count = p->count, lead = count == 11 && digits[0] == '1';
    if (count - lead != 10 || !is_american(digits + lead))
        return false;
    if (grouped(p, "334") || grouped(p, "1334") || (p->paren && grouped(p, "37")))
        return true;
    return groups_of(p) <= 2 && said_phone(p);
}

/* The number of a service: by its prefix, in Britain also by how its 11 digits are written. */
static bool is_service(const struct part *p)
{
    bool spaced = only_separator(p) == ' ' && (grouped(p, "47") || grouped(p, "56"));
    bool british = p->count == 11 && (groups_of(p) == 1 || grouped(p, "434") || spaced);
    return has_prefix(NOT_OWN_ZERO, p->digits, 4) ||
           (british && has_prefix(NOT_OWN_BRITISH, p->digits, 4));
}

/* In one piece, as mobile numbers are: 07 and nine digits, 04 to 07 and eight, 015 to 017 and eight
 * or nine. */
static bool is_mobile(const struct part *p)
{
    char second = p->digits[1], third = p->digits[2];
    if (p->count == 10)
        return second >= '4' && second <= '7';
    return (p->count == 11 && second == '7') ||
           (is_between(p->count, 11, 12) && second == '1' && third >= '5' && third <= '7');
}

/* 0 (532) 123 45 67, 8 (912) 345-67-89: the trunk's digit alone. */
static bool is_trunk_apart(const struct part *p)
{
    bool trunk =
        p->digits[0] == '0' ? p->digits[1] != '0' : p->digits[0] == '8' && p->digits[1] == '9';
    return trunk && (grouped(p, "13322") || grouped(p, "1334"));
}

/* A number with the trunk 0 of most other countries. */
static bool is_national_zero(const struct part *p)
{
    if (p->digits[0] != '0' || p->digits[1] == '0' || !is_between(p->count, 9, 12) ||
        len_of(p, 0) < 2 || groups_of(p) > 5 || is_service(p))
        return false;
    if (said_phone(p))
        return true;
    if (groups_of(p) == 1)
        return is_mobile(p);
    uint32_t pairs = 0;
    for (uint32_t i = 0; i < groups_of(p); i++) {
        if (len_of(p, i) < 2)
            return false;
        pairs += len_of(p, i) == 2;
    }
    /* 04 08 15 16 23 42: a row of pairs that goes on */
    bool goes_on = (p->to < p->n->groups_count && p->n->group[p->to].len == 2) ||
                   (p->from > 0 && p->n->group[p->from - 1].len == 2);
    return !(pairs == groups_of(p) && goes_on);
}

static bool is_phone(const struct part *p)
{
    if (is_date(p))
        return false;
    if (p->plus)
        return is_international(p->digits, p->count);
    if (p->count > 10 && p->digits[0] == '0' && p->digits[1] == '0' &&
        is_international(p->digits + 2, p->count - 2))
        return groups_of(p) > 1 || said_phone(p);
    if (is_national_american(p) || is_national_zero(p) || is_trunk_apart(p))
        return true;
    return grouped(p, "34") && p->digits[0] >= '2' && said_phone(p) &&
           p->n->group[p->from].after == '-';
}

/* ---- parts ---- */

/* Groups [from, to) as a part; false where a neighbour group is not apart by a space. */
static bool take_part(const struct hy_pii_text *t, const struct hy_pii_number *n, uint32_t from,
                      uint32_t to, struct part *p)
{
    *p = (struct part){t,    n, from,  to,   n->group[from].start, n->group[to - 1].end,
                       NULL, 0, false, false};
    if ((from > 0 && n->group[from - 1].after != ' ') ||
        (to < n->groups_count && n->group[to - 1].after != ' '))
        return false;
    p->digits = n->digits + n->group[from].first;
    for (uint32_t i = from; i < to; i++)
        p->count += n->group[i].len;
    p->paren = p->start > 0 && t->s[p->start - 1] == '(';
    p->start -= p->paren;
    p->plus = p->start > 0 && t->s[p->start - 1] == '+';
    p->start -= p->plus;
    return true;
}

bool hy_pii_find_number(const struct hy_pii_text *t, const struct hy_pii_number *n,
                        struct hy_pii_find *find)
{
    struct part p;
    if (n->digits_count < DIGITS_MIN ||
        (n->group[0].start > 0 && hy_pii_alnum(t->s[n->group[0].start - 1])))
        return false;
    for (uint32_t from = 0; !n->cut && from < n->groups_count; from++)
        for (uint32_t to = n->groups_count; to > from; to--) {
            if (!take_part(t, n, from, to, &p) || p.count < DIGITS_MIN || !stands_alone(&p))
                continue;
            bool card = is_card(&p);
            if (!card && !is_phone(&p))
                continue;
            *find = (struct hy_pii_find){card ? n->group[from].start : p.start, p.end,
                                         card ? HY_PII_CARD : HY_PII_PHONE};
            return true;
        }
    return false;
}
