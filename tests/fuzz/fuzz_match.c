/*
 * Stage 5 over hostile texts: the input is cut at newlines into texts (those that are not UTF-8 are
 * left out, as decode would), judged as one batch by a fixed set of rules of every kind, and
 * compared with the naive evaluator.
 */
#include <stdint.h>

#include "match_fixture.h"
#include "property/naive_match.h"
#include "text/utf8.h"

enum { TEXT_MAX = HY_MATCH_TERM_HITS_MAX - 1, TEXTS_MAX = 24 }; /* so that no limit is met */

static const char *const queries[] = {
    "signal",
    "\"no signal\"",
    "\"no signal in\"",
    "{BT}",
    "{No Signal}",
    "outag*",
    "colo?r",
    "~\"att\"",
    "#fail",
    "@att",
    "$T",
    "a NEAR/2 b",
    "a ONEAR/1 (b OR \"c d\")",
    "\"at&t\"",
    "2 OF (a, b, c, no)",
    "-signal",
    "\xF0\x9F\x98\xA1",
    "\xE6\x9D\xB1\xE4\xBA\xAC",
    "\"\xE6\x9D\xB1 \xE4\xBA\xAC\"",
    "\"can't\"",
    "\"3.14\"",
    "a?",
    "\"love it :(\"",
    "fi",
    "ss",
    "\"x tm\"",
    "~\"i\"",
    "か?",
    "~\"か\"",
    "하*",
    "\"the zebra\"",
    "\"zebra tm the\"",
};
enum { QUERIES = sizeof queries / sizeof *queries };

static bool ambiguous(hydrant_str text)
{
    /* A symbol that folds to letters may be read or skipped: the answers agree, spans need not. */
    for (uint32_t i = 0, len; i < text.len; i += len) {
        uint32_t cp = hy_utf8_decode(text.data + i, &len);
        if (cp >= 0x80 && hy_char_class(cp) == HY_CHAR_OTHER)
            return true;
    }
    return false;
}

static void check_spans(const struct hy_mention *mention, const hydrant_match *match,
                        struct naive_places *places)
{
    uint32_t count = naive_leftmost_longest(places);
    if (count != match->spans_count) {
        fprintf(stderr, "%.*s on \"%.*s\": %u spans, wanted %u\n", (int)match->rule.len,
                match->rule.data, (int)mention->m.text.len, mention->m.text.data,
                match->spans_count, count);
        abort();
    }
    for (uint32_t i = 0; i < count; i++)
        if (match->spans[i].start != places->at[i].start ||
            match->spans[i].end != places->at[i].end || places->at[i].end > mention->m.text.len)
            abort();
}

static void check(const struct match_fixture *f, const struct hy_mention *mention)
{
    static struct naive_text text;
    static struct naive_places places;
    naive_text_init(&text, mention);
    for (uint32_t rule = 0, match = 0; rule < QUERIES; rule++) {
        places.count = 0;
        bool expected = naive_eval(f->rules->rules[rule].match, &text, &places);
        if (expected != fixture_matched(mention, rule)) {
            fprintf(stderr, "%s on \"%.*s\": wanted %d\n", queries[rule], (int)mention->m.text.len,
                    mention->m.text.data, expected);
            abort();
        }
        /* "love it :(" begins or ends anywhere in a run of punctuation. */
        if (expected && rule != 22 && !ambiguous(mention->m.text))
            check_spans(mention, &mention->matches[match], &places);
        match += expected;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct match_fixture f;
    static char texts[TEXTS_MAX][TEXT_MAX + 64];
    if (!f.pack)
        fixture_queries(&f, queries, QUERIES);
    fixture_clear(&f);
    for (size_t at = 0; at < size && f.batch->count < TEXTS_MAX;) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end ? (size_t)(end - data) - at : size - at;
        char *text = texts[f.batch->count];
        if (len <= TEXT_MAX && hy_utf8_valid((const char *)data + at, len)) {
            memcpy(text, data + at, len);
            fixture_add(&f, hy_str(text, len));
        }
        at += len + 1;
    }
    fixture_judge(&f);
    for (uint32_t i = 0; i < f.batch->count; i++)
        check(&f, &f.batch->mentions[i]);
    return 0;
}
