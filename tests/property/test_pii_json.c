/*
 * Masking a record of JSON against the plain way: write down what its escapes stand for, scan that,
 * and mask each byte and each escape that stands for a letter or digit of a find. Records are of
 * personal data and other words, with any character written as an escape, and broken in all ways.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pii/pii.h"
#include "support/random.h"

enum { ROUNDS = 20000, BYTES = 16384 };

/* ---- the plain way ---- */

/* What a place of the record is, and what it stands for. */
struct character {
    uint32_t start, len;
    char bytes[8];
    uint32_t bytes_len;
};

static int hex_value(const char *p)
{
    unsigned value;
    int read;
    if (strspn(p, "0123456789abcdefABCDEF") < 4 || sscanf(p, "%4x%n", &value, &read) != 1)
        return -1;
    return (int)value;
}

static void put_utf8(struct character *c, long cp)
{
    if (cp < 0x80)
        c->bytes[c->bytes_len++] = (char)cp;
    else if (cp < 0x800)
        c->bytes[c->bytes_len++] = (char)(0xC0 + cp / 64);
    else if (cp < 0x10000)
        c->bytes[c->bytes_len++] = (char)(0xE0 + cp / 4096);
    else
        c->bytes[c->bytes_len++] = (char)(0xF0 + cp / 262144);
    if (cp >= 0x10000)
        c->bytes[c->bytes_len++] = (char)(0x80 + cp / 4096 % 64);
    if (cp >= 0x800)
        c->bytes[c->bytes_len++] = (char)(0x80 + cp / 64 % 64);
    if (cp >= 0x80)
        c->bytes[c->bytes_len++] = (char)(0x80 + cp % 64);
}

/* The character at `at` of a record with a NUL behind it. */
static struct character character_at(const char *record, uint32_t at)
{
    static const char *const short_ones[] = {"\"\"", "\\\\", "//",  "b\b",
                                             "f\f",  "n\n",  "r\r", "t\t"};
    struct character c = {.start = at, .len = 1};
    const char *p = record + at;
    for (size_t i = 0; p[0] == '\\' && i < sizeof short_ones / sizeof *short_ones; i++)
        if (p[1] == short_ones[i][0]) {
            c.len = 2;
            c.bytes[c.bytes_len++] = short_ones[i][1];
            return c;
        }
    int high = p[0] == '\\' && p[1] == 'u' ? hex_value(p + 2) : -1;
    if (high < 0) {
        c.bytes[c.bytes_len++] = *p;
        return c;
    }
    int low = p[6] == '\\' && p[7] == 'u' ? hex_value(p + 8) : -1;
    c.len = 6;
    if (high >= 0xD800 && high < 0xDC00 && low >= 0xDC00 && low < 0xE000) {
        c.len = 12;
        put_utf8(&c, 0x10000L + (high - 0xD800) * 1024 + (low - 0xDC00));
    } else {
        put_utf8(&c, high >= 0xD800 && high < 0xE000 ? 0xFFFD : high);
    }
    return c;
}

static bool is_masked(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}

/* Masks the record that is in expected, by the plain way. */
static uint32_t plain_way(char *expected, const struct hy_pii_patterns *patterns)
{
    static struct character all[BYTES];
    static char text[BYTES];
    static hydrant_pii finds[BYTES];
    uint32_t count = 0, len = 0, at = 0;
    for (uint32_t i = 0; expected[i]; i += all[count++].len)
        all[count] = character_at(expected, i);
    for (uint32_t i = 0; i < count; len += all[i++].bytes_len)
        memcpy(text + len, all[i].bytes, all[i].bytes_len);
    uint32_t found = hy_pii_scan(hy_str(text, len), patterns, finds, BYTES);
    for (uint32_t i = 0; i < count; at += all[i++].bytes_len) {
        bool inside = false;
        for (uint32_t f = 0; f < found; f++)
            inside |= at < finds[f].span.end && at + all[i].bytes_len > finds[f].span.start;
        if (!inside || !is_masked(all[i].bytes[0]))
            continue;
        if (all[i].len == 1)
            expected[all[i].start] = '*';
        for (uint32_t k = 0; k < all[i].len / 6; k++)
            memcpy(expected + all[i].start + 6 * k, "\\u002a", 6);
    }
    return found;
}

/* ---- records ---- */

static const char *const words[] = {
    "call me",
    "512-555-0142",
    "+44 7911 123456",
    "bob@example.com",
    "(at)",
    "card",
    "4111 1111 1111 1111",
    "DE89370400440532013000",
    "account number:",
    "12345678",
    "AC-1234",
    "I live at 12 Oak Street, Apt 5",
    "https://x.example/5125550142",
    "www.x.example",
    "\xC3\xA9t\xC3\xA9",
    "\xC2\xA0",
    "\xF0\x9F\x98\xA1",
    "{\"text\":\"",
    "\",\"x\":}",
    "n",
    "t",
    "u",
    "u004",
    "u0040",
    "\\",
    "\\\\",
    "\\n",
    "\\t",
    "\\u",
    "\\u00",
    "\\u00e9",
    "\\ud83d",
    "\\ud83d\\ude21",
    "\\ude21",
    "\\u0000",
    "\\u0030",
    "\\x41",
    "\x01",
};

/* A letter, digit or sign, as itself or as an escape. */
static size_t put_char(char *out, char c, struct random_state *random, uint32_t one_in)
{
    if ((unsigned char)c >= 0x80 || random_below(random, one_in)) {
        *out = c;
        return 1;
    }
    return (size_t)sprintf(out, random_below(random, 2) ? "\\u%04x" : "\\u%04X", (unsigned)c);
}

static void make_record(char *record, struct random_state *random)
{
    static const char *const separators[] = {"", " ", "\\n", "\\t", "\\u0020", "\\/", "\\\"", "\n"};
    size_t len = 0;
    uint32_t one_in = random_below(random, 2) ? 1000 : 2 + random_below(random, 20);
    for (uint32_t n = random_below(random, random_below(random, 20) ? 12 : 60); n > 0; n--) {
        const char *word = words[random_below(random, sizeof words / sizeof *words)];
        for (; *word; word++)
            len += put_char(record + len, *word, random, one_in);
        word = separators[random_below(random, sizeof separators / sizeof *separators)];
        len += (size_t)sprintf(record + len, "%s", word);
    }
    if (random_below(random, 4) == 0 && len > 0)
        len = random_below(random, (uint32_t)len); /* cut off anywhere */
    record[len] = 0;
}

static void the_same_as_the_plain_way(void **state)
{
    const struct hy_pii_pattern list[] = {{HY_STR("account"), HY_STR("AC-9999")}};
    const struct hy_pii_patterns patterns = {list, 1};
    struct random_state random = {random_seed("pii_json")};
    uint64_t found = 0, escaped = 0;
    for (int round = 0; round < ROUNDS; round++) {
        static char made[BYTES], expected[BYTES];
        make_record(made, &random);
        strcpy(expected, made);
        size_t len = strlen(made);
        char *record = malloc(len), *room = malloc(len); /* none of them is passed */
        memcpy(record, made, len);
        uint32_t finds = plain_way(expected, &patterns);
        assert_int_equal(hy_pii_mask_json(record, (uint32_t)len, room, &patterns), finds);
        if (memcmp(record, expected, len) != 0)
            fail_msg("\n%s\nmasked as\n%.*s\nnot as\n%s", made, (int)len, record, expected);
        found += finds;
        escaped += strstr(expected, "\\u002a") != NULL;
        free(record);
        free(room);
    }
    assert_true(found > ROUNDS / 4 && escaped > ROUNDS / 50); /* or it says little */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_as_the_plain_way),
    };
    return cmocka_run_group_tests_name("pii_json", tests, NULL, NULL);
}
