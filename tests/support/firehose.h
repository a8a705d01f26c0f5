/*
 * A small firehose for tests: records good and bad, in every shape that the path has to cope with,
 * so that a test over it goes through every stage. Deterministic for a seed.
 */
#ifndef HY_TESTS_FIREHOSE_H
#define HY_TESTS_FIREHOSE_H

#include <string.h>

#include "support/random.h"

/* Appends one NDJSON record (with its newline) to out and returns its length, < 1 KiB. */
static size_t firehose_record(struct random_state *random, unsigned number, char *out)
{
    static const char *const texts[] = {
        "No signal in Austin again, @att",
        "this is the WORST service ever \\ud83d\\ude21 @att #fail",
        "thank you so much for the quick help, love it",
        "how do I reset my router? please help",
        "caf\\u00e9 outage \\\"down\\\" since 9\\nam",
        "ネットワーク障害 outage",
        "RT @bob: No signal in Austin again, @att",
        "nothing to see here",
        "my bill is wrong, charged twice!! call me on 555-0100",
        "great day at the beach",
        "zero\\u200bwidth out\\u00adage",
        "&lt;b&gt;AT&amp;T&lt;/b&gt; outage",
    };
    static const char *const bad[] = {
        "{\"text\":\"unfinished",
        "not json at all",
        "{\"text\":17}",
        "{\"no\":\"text\"}",
        "{\"text\":\"\\ud800\"}",
        "{\"text\":\"bad \xff\xfe bytes\"}",
        "[1,2,3]",
        "{\"text\":\"x\"}}",
        "null",
        "{\"text\":\"a\\qb\"}",
        "{\"text\":\"\"}",
        "{\"text\":\"t\",\"event\":\"boil\"}",
    };
    enum { TEXTS = sizeof texts / sizeof *texts, BAD = sizeof bad / sizeof *bad };
    if (random_below(random, 10) == 0)
        return (size_t)sprintf(out, "%s\n", bad[random_below(random, BAD)]);
    if (random_below(random, 40) == 0)
        return (size_t)sprintf(out, "{\"event\":\"delete\",\"network\":\"x\",\"id\":\"%u\"}\n",
                               random_below(random, number + 1));
    unsigned id = random_below(random, 12) ? number : random_below(random, number + 1);
    return (size_t)sprintf(
        out,
        "{\"id\":\"%u\",\"created_at\":\"2026-01-01T00:%02u:%02u.5Z\",\"network\":\"%s\","
        "\"author\":{\"id\":\"a%u\",\"handle\":\"h%u\",\"followers\":%u},\"text\":\"%s%s\"}\n",
        id, number / 60 % 60, number % 60, random_below(random, 2) ? "x" : "forum",
        random_below(random, 9), random_below(random, 9), random_below(random, 200000),
        texts[random_below(random, TEXTS)], random_below(random, 3) ? "" : " really");
}

/* count records; the caller frees. */
static inline char *firehose_make(uint64_t seed, unsigned count, size_t *len)
{
    struct random_state random = {seed};
    char *all = malloc((size_t)count * 1024 + 1);
    if (!all)
        abort();
    *len = 0;
    for (unsigned i = 0; i < count; i++)
        *len += firehose_record(&random, i, all + *len);
    return all;
}

#endif
