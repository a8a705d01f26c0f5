/*
 * Personal data in a text: telephone numbers, e-mail addresses, payment cards, IBANs, numbers of
 * accounts and orders, street addresses. What is found is said with its place, so that a router can
 * take the talk into private and so that it can be masked wherever a text leaves hydrant otherwise
 * than as an item: dead letters, logs, explanations.
 *
 * Beside the path: rules ask through has:pii (pack/predicate.c), triage puts the places into items,
 * output masks dead letters (JSON through its escapes). Pure; any thread; nothing is allocated.
 *
 * What it is made for: few false alarms. Prices, dates, times, years, counts, hashtags, handles,
 * links, versions and scores are none. It does not know names, nor addresses without a sign that
 * somebody lives there, nor numbers in words. docs/pii.md says of each kind what counts and what
 * does not.
 *
 * Limits: digits are ASCII; a number has at most 24 of them; linear in the text.
 */
#ifndef HY_PII_PII_H
#define HY_PII_PII_H

#include <hydrant/item.h>

enum { HY_PII_MAX = 32 }; /* places that are told of one text; further ones are not */

/*
 * A shape that a house gives its numbers: 9 is a digit, A a letter, any other byte itself (letters
 * in either case). "ACC-999999" is ACC- and six digits. Nothing alphanumeric may stand beside it.
 */
struct hy_pii_pattern {
    hydrant_str kind;
    hydrant_str shape;
};

struct hy_pii_patterns {
    const struct hy_pii_pattern *list;
    uint32_t count;
};

/* X(NAME, "kind in items", "what it is") */
#define HY_PII_TABLE(X)                                                                   \
    X(PHONE, "phone", "a telephone number, not a toll-free one")                          \
    X(EMAIL, "email", "an e-mail address, not one of a role such as support@")            \
    X(CARD, "card", "a payment card: a known range, its length, Luhn's sum")              \
    X(IBAN, "iban", "a bank account: country, its length, the check sum")                 \
    X(ACCOUNT, "account", "a number said to be that of an account, a customer, a policy") \
    X(ORDER, "order", "a number said to be that of an order, a booking, an invoice")      \
    X(ADDRESS, "address", "a street and a house where somebody lives")

enum hy_pii_kind {
#define HY_PII_ENUM(NAME, text, meaning) HY_PII_##NAME,
    HY_PII_TABLE(HY_PII_ENUM)
#undef HY_PII_ENUM
        HY_PII_KINDS
};

/*
 * Fills in out[0, returned) with at most max places in text (UTF-8), sorted, none over another.
 * kind of a pattern's find is the pattern's. patterns NULL: none.
 */
uint32_t hy_pii_scan(hydrant_str text, const struct hy_pii_patterns *patterns, hydrant_pii *out,
                     uint32_t max);

/* Replaces letters and digits of everything that hy_pii_scan finds by '*', in place: lengths,
 * quotes and separators stay. Returns how many places there were; all are masked, however many. */
uint32_t hy_pii_mask(char *text, size_t len, const struct hy_pii_patterns *patterns);

/* The same in a record of JSON, a broken one too: what its escapes stand for is looked through, and
 * an escape stays one (\u002a in place of a letter or digit). room has len bytes. */
uint32_t hy_pii_mask_json(char *json, uint32_t len, char *room,
                          const struct hy_pii_patterns *patterns);

/* NULL when out of range. */
const char *hy_pii_name(unsigned kind);

#endif
