/*
 * label: medium
 * Hostile input in time: each input of a table is judged at a length and at four times that, and
 * must take about four times the time, not sixteen times. All of the engine sees it, as rules match
 * that ask for words, regexes, distances, emotion and personal data, strict and fast, with dead
 * letters; as plain text, as HTML, with entities, in the other fields, as a record that is broken,
 * as CSV and as a feed.
 *
 * What is measured is this process's CPU time, the least of a few tries, and the longer input may
 * take eight times as long and FLOOR_MS more. That leaves a factor of two on either side: a machine
 * whose cores are lent to others, too, may go at half its speed for as long as all tries take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/temporary.h"

enum {
    LONGER = 4,    /* times as long as the shorter one */
    TIMES_MAX = 8, /* as long as the shorter one's time */
    TRIES = 4,
#ifdef HY_SANITIZE /* what sanitizers look for needs no length */
    TEXT_BYTES = 4000,
    RECORD_BYTES = 30000,
    FLOOR_MS = 60,
    ALL_MS = 20000, /* of one input, whatever it is */
#else
    TEXT_BYTES = 15000, /* of a text that is repeated to that; LONGER has text_bytes_max nearly */
    RECORD_BYTES = 125000, /* of a record that is one */
    FLOOR_MS = 15,
    ALL_MS = 4000,
#endif
};

static const char rules_text[] =
    "version: 1\n"
    "networks: {html: {text: html}, entities: {text: entities}}\n"
    "brands: {Acme: {own: {from: ['@acme'], to: ['@acme', '@acmecares']}}}\n"
    "rules:\n"
    "  - {id: word, brand: Acme, match: 'outage'}\n"
    "  - {id: data, brand: Acme, match: 'outage has:pii'}\n"
    "  - {id: felt, brand: Acme, match: 'outage (emotion:anger>0.1 OR act:complaint OR "
    "sentiment:negative)'}\n"
    "  - {id: own, brand: Acme, match: 'own:to outage'}\n"
    "  - {id: near, match: 'a NEAR/3 (outage OR b OR 1)'}\n"
    "  - {id: far, match: '\"a a a b\" OR (http NEAR/20 \"not there\")'}\n"
    "  - {id: both, match: 'a NEAR/50 b AND b NEAR/50 c'}\n"
    "  - {id: regex, match: '/[a-z]+[0-9]/ OR /(a|b)+c\\d{3}/ OR /\\d{4}[ -]\\d{4}/'}\n"
    "  - {id: lists, match: '#outage OR @outage OR site:a.example OR bio:outage'}\n";

/* ---- inputs ---- */

struct bytes {
    char *data;
    size_t len, cap;
};

static void put(struct bytes *to, const char *data, size_t len)
{
    if (to->len + len > to->cap) {
        to->cap = 2 * (to->len + len);
        to->data = realloc(to->data, to->cap);
        assert_non_null(to->data);
    }
    if (len)
        memcpy(to->data + to->len, data, len);
    to->len += len;
}

static void put_text(struct bytes *to, const char *text)
{
    put(to, text, strlen(text));
}

/* unit after unit, n bytes or a few more */
static void put_units(struct bytes *to, const char *unit, size_t n)
{
    for (size_t end = to->len + n; to->len < end;)
        put_text(to, unit);
}

/* What `special` has goes in as instead[] says. */
static void put_escaped(struct bytes *to, const struct bytes *from, const char *special,
                        const char *const *instead)
{
    for (size_t i = 0; i < from->len; i++) {
        const char *at = from->data[i] ? strchr(special, from->data[i]) : NULL;
        if (at)
            put_text(to, instead[at - special]);
        else
            put(to, from->data + i, 1);
    }
}

static void put_json(struct bytes *to, const struct bytes *text)
{
    static const char *const instead[] = {"\\\"", "\\\\", "\\n", "\\r", "\\t"};
    put_text(to, "\"");
    put_escaped(to, text, "\"\\\n\r\t", instead);
    put_text(to, "\"");
}

/* A text is head, then unit as often as it takes, then tail. */
struct text {
    const char *name, *head, *unit, *tail;
};

#define NONE ""
static const struct text texts[] = {
    {"one long word", NONE, "a", NONE},
    {"letters and digits", NONE, "1a", NONE},
    {"letters and digits, a slash at the end", NONE, "1a", "/x"},
    {"digits and commas, a slash at the end", NONE, "1,", "/x"},
    {"digits and dots, a link before", "www.a.example ", "1.", NONE},
    {"digits", NONE, "1", NONE},
    {"digits in groups", NONE, "12 ", NONE},
    {"digits and dashes", NONE, "1-", NONE},
    {"numbers of orders", NONE, "order no 123456, ", NONE},
    {"an order, and dots", "order number ", ".", "1-1-1-1-1-1"},
    {"addresses in one word", "ww ", "a@b.co,", NONE},
    {"addresses in one word, a slash at the end", NONE, "a@b.co,", "/x"},
    {"a host without an end", "a@", "a.", NONE},
    {"a host of digits", "a@", "1.", NONE},
    {"signs of addresses", NONE, "@", NONE},
    {"(at)", NONE, "a(at)", NONE},
    {"brackets and pluses", NONE, "+(1", NONE},
    {"streets", NONE, "1 A St ", NONE},
    {"house numbers", NONE, "1 ", NONE},
    {"a street of letters", "12 A", "a", " St"},
    {"streets in one word", NONE, "1,rue-", NONE},
    {"accounts", "DE89", "370400440532013000", NONE},
    {"phrases", NONE, "a b ", NONE},
    {"a's", NONE, "a ", NONE},
    {"a's, one b", NONE, "a ", "b c"},
    {"dots", NONE, ".", NONE},
    {"letters and dots", NONE, "a.", NONE},
    {"letters and slashes", NONE, "a/", NONE},
    {"letters and dashes", NONE, "a-", NONE},
    {"letters and underscores", NONE, "a_", NONE},
    {"letters and apostrophes", NONE, "a'", NONE},
    {"letters and colons", NONE, "a:", NONE},
    {"links", NONE, "http://a.example/b?c=1 ", NONE},
    {"links in one word", NONE, "http://a.example/", NONE},
    {"hosts", NONE, "a.example ", NONE},
    {"beginnings of links", NONE, "http:", NONE},
    {"beginnings of links and slashes", NONE, "https://", NONE},
    {"www", NONE, "www.", NONE},
    {"hashtags", NONE, "#a1 ", NONE},
    {"hashtags in one word", NONE, "#a", NONE},
    {"hashes", NONE, "#", NONE},
    {"handles", NONE, "@acme ", NONE},
    {"handles in one word", NONE, "@a", NONE},
    {"reposts", NONE, "RT @a: ", NONE},
    {"capitals", NONE, "OUTAGE ", NONE},
    {"exclamation marks", NONE, "!", NONE},
    {"questions", NONE, "?!", NONE},
    {"stretched words", NONE, "sooooooo ", NONE},
    {"not", NONE, "not ", NONE},
    {"not so bad", NONE, "not so bad, but ", NONE},
    {"smileys", NONE, ":-)", NONE},
    {"parentheses", NONE, "(", NONE},
    {"quotes", NONE, "\"", NONE},
    {"quotes and words", NONE, "\"a\" ", NONE},
    {"backslashes", NONE, "\\", NONE},
    {"backslashes and quotes", NONE, "\\\"", NONE},
    {"newlines", NONE, "\n", NONE},
    {"spaces", NONE, " ", NONE},
    {"lines quoted", NONE, "> a\n", NONE},
    {"ampersands", NONE, "&", NONE},
    {"entities", NONE, "&amp;", NONE},
    {"entities of entities", NONE, "&amp;amp;", NONE},
    {"numbers of entities", NONE, "&#", NONE},
    {"a long entity", "&#", "0", NONE},
    {"a long name", "&", "a", NONE},
    {"angle brackets", NONE, "<", NONE},
    {"tags", NONE, "<b>", NONE},
    {"tags and ends", NONE, "<p>a</p>", NONE},
    {"tags without an end", NONE, "<a href=\"", NONE},
    {"a tag without an end", "<a ", "b='c' ", NONE},
    {"comments", NONE, "<!--", NONE},
    {"comments half closed", NONE, "<!-- --", NONE},
    {"sections", NONE, "<![CDATA[", NONE},
    {"scripts", NONE, "<script>", NONE},
    {"styles and ends", NONE, "<style></", NONE},
    {"emoji", NONE, "\360\237\230\241", NONE},
    {"emoji, joined", NONE, "\360\237\221\251\342\200\215", NONE},
    {"flags", NONE, "\360\237\207\251\360\237\207\252", NONE},
    {"skins", NONE, "\360\237\221\215\360\237\217\275", NONE},
    {"combining marks", "e", "\314\201", NONE},
    {"letters and combining marks", NONE, "e\314\201", NONE},
    {"spaces of no width", NONE, "\342\200\213", NONE},
    {"spaces of no width in a word", NONE, "a\342\200\213", NONE},
    {"soft hyphens", NONE, "a\302\255", NONE},
    {"letters of full width", NONE, "\357\274\241", NONE},
    {"ligatures", NONE, "\357\254\203", NONE},
    {"sharp s", NONE, "\303\237", NONE},
    {"a script without spaces", NONE, "\345\234\217\345\244\226", NONE},
    {"kana and numbers", NONE, "\343\201\2021", NONE},
    {"from right to left", NONE, "\331\205 ", NONE},
    {"bytes that are not UTF-8", NONE, "\377", NONE},
    {"characters cut", NONE, "a\342\200", NONE},
};

/* The text in every field that takes one, as it is, and in a record that does not end. */
static void put_records(struct bytes *to, const struct bytes *text)
{
    static const char *const fields[] = {"\"author\":{\"handle\":\"u\",\"bio\":",
                                         "\"url\":",
                                         "\"id\":",
                                         "\"urls\":[",
                                         "\"hashtags\":[",
                                         "\"mentions\":["};
    static const char *const ends[] = {"}", "", "", "]", "]", "]"};
    static const char *const networks[] = {"plain", "html", "entities"};
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
        put_text(to, "{\"network\":\"");
        put_text(to, networks[i]);
        put_text(to, "\",\"text\":");
        put_json(to, text);
        put_text(to, "}\n");
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        put_text(to, "{\"text\":\"an outage\",");
        put_text(to, fields[i]);
        put_json(to, text);
        put_text(to, ends[i]);
        put_text(to, "}\n");
    }
    static const char *const space[] = {" "};
    put_text(to, "{\"text\":");
    put_escaped(to, text, "\n", space);
    put_text(to, "\n");
}

static void put_row(struct bytes *to, const struct bytes *text)
{
    static const char *const instead[] = {"\"\""};
    put_text(to, "id,text\n1,\"");
    put_escaped(to, text, "\"", instead);
    put_text(to, "\"\n2,");
    put(to, text->data, text->len);
    put_text(to, "\n");
}

static void put_feed(struct bytes *to, const struct bytes *text)
{
    static const char *const instead[] = {"&amp;", "&lt;", " "};
    static const char *const space[] = {" "};
    put_text(to, "<rss><channel><item><description>");
    put_escaped(to, text, "&<\n", instead);
    put_text(to, "</description></item></channel></rss>\n");
    put_text(to, "<rss><channel><item><description>");
    put_escaped(to, text, "\n", space);
    put_text(to, "</description></item></channel></rss>\n");
}

/* Input as it is: head, units and tail, nothing escaped. as: "csv", "text", a mapping's name,
 * or NULL: native. */
struct record {
    const char *name, *as, *head, *unit, *tail;
};

#define ITEM "{\"kind\":\"t1\",\"data\":{\"name\":\"t1_1\",\"body\":\"outage\"}},"
#define LISTING "{\"kind\":\"Listing\",\"data\":{\"children\":["
static const struct record records[] = {
    {"arrays in arrays", NULL, "{\"text\":\"outage\",\"x\":", "[", "\n"},
    {"objects in objects", NULL, "{\"text\":\"outage\",\"x\":", "{\"x\":", "\n"},
    {"many keys", NULL, "{\"text\":\"outage\"", ",\"x\":1", "}\n"},
    {"many texts", NULL, "{\"id\":\"1\"", ",\"text\":\"outage\"", "}\n"},
    {"many hashtags", NULL, "{\"text\":\"outage\",\"hashtags\":[\"a\"", ",\"outage\"", "]}\n"},
    {"many links", NULL, "{\"text\":\"outage\",\"urls\":[{}", ",{\"url\":\"http://a.example\"}",
     "]}\n"},
    {"many handles", NULL, "{\"text\":\"outage\",\"mentions\":[\"a\"", ",\"@acme\"", "]}\n"},
    {"a long number", NULL, "{\"text\":\"outage\",\"x\":", "1", "}\n"},
    {"a long number in use", NULL, "{\"text\":\"outage\",\"author\":{\"followers\":1", "1", "}}\n"},
    {"a long time", NULL, "{\"text\":\"outage\",\"created_at\":\"", "1", "\"}\n"},
    {"escapes", NULL, "{\"text\":\"outage ", "\\u0061", "\"}\n"},
    {"escapes of halves", NULL, "{\"text\":\"outage ", "\\ud83d\\ude21", "\"}\n"},
    {"a key of escapes", NULL, "{\"text\":\"outage\",\"", "\\u0061", "\":1}\n"},
    {"escapes of quotes without an end", NULL, "{\"text\":\"outage ", "\\\"", "\n"},
    {"quotes", NULL, "", "\"", "\n"},
    {"colons and commas", NULL, "{", ":,", "\n"},
    {"records of a byte", NULL, "", "1\n", ""},
    {"records of nothing", NULL, "", "\n", ""},
    {"broken records", NULL, "", "{\"text\":\"1a1a1a1a1a\n", ""},
    {"short records", NULL, "", "{\"text\":\"outage a1\"}\n", ""},
    {"an array of records", NULL, "[", "{\"text\":\"outage\"},", "{}]\n"},
    {"items", "reddit", LISTING, ITEM, "{}]}}\n"},
    {"items of nothing", "reddit", LISTING, "{},", "{}]}}\n"},
    {"items that are none", "reddit", LISTING, "1,", "1]}}\n"},
    {"lists in items", "reddit", LISTING, "[[", "\n"},
    {"items of a feed", "feed", "<rss><channel>", "<item><title>outage</title></item>",
     "</channel></rss>\n"},
    {"items in items", "feed", "<rss><channel>", "<item>", "\n"},
    {"elements in elements", "feed", "<rss><channel><item><title>", "<a>", "\n"},
    {"attributes", "feed", "<rss><channel><item ", "a='b' ", "/></channel></rss>\n"},
    {"sections", "feed", "<rss><channel><item><title>", "<![CDATA[a]]>",
     "</title></item></channel></rss>\n"},
    {"comments", "feed", "<rss><channel>", "<!-- - -->", "</channel></rss>\n"},
    {"a comment without an end", "feed", "<rss><channel><!--", "-", "\n"},
    {"entities of a feed", "feed", "<rss><channel><item><title>", "&amp;",
     "</title></item></channel></rss>\n"},
    {"columns", "csv", "id,text", ",x", "\n1,outage\n"},
    {"cells", "csv", "id,text\n1,outage", ",x", "\n"},
    {"rows", "csv", "id,text\n", "1,outage a1\n", ""},
    {"quotes in a cell", "csv", "id,text\n1,\"outage", "\"\"", "\"\n"},
    {"a cell without an end", "csv", "id,text\n1,\"outage", "\n\"\"", ""},
    {"lines of text", "text", "", "outage a1\n", ""},
    {"a line of text", "text", "outage ", "a1 ", "\n"},
};

/* ---- measuring ---- */

static hydrant_pack *pack;
static unsigned items_count, letters_count;

static bool on_ndjson(void *ctx, const char *data, size_t len)
{
    for (const char *end = data + len; (data = memchr(data, '\n', (size_t)(end - data))); data++)
        items_count++;
    return true;
}

static void on_dead_letter(void *ctx, hydrant_drop reason, hydrant_str source, uint64_t offset,
                           const char *data, size_t len)
{
    letters_count++;
}

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct way {
    hydrant_format format;
    const char *mapping;
    hydrant_parse parse;
};

/* CPU time of judging the input, by an engine that has seen nothing. */
static double judge(const struct way *way, const struct bytes *input)
{
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 0;
    options.format = way->mapping ? HYDRANT_FORMAT_AUTO : way->format;
    options.mapping = way->mapping;
    options.parse = way->parse;
    options.emit = HYDRANT_EMIT_ALL;
    options.event_time = true;
    options.text_bytes_max = 65535;
    options.dedup_entries = 1024;
    options.on_ndjson = on_ndjson;
    options.on_dead_letter = on_dead_letter;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    if (hydrant_create(&options, pack, &engine, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    items_count = letters_count = 0;
    double start = cpu_ms();
    assert_int_equal(hydrant_push_bytes(engine, "s", input->data, input->len, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    double took = cpu_ms() - start;
    hydrant_destroy(&engine);
    assert_true(items_count + letters_count > 0 || input->data[0] == '\n');
    return took;
}

static unsigned wrong;

/* LONGER times the input in at most TIMES_MAX times the time? */
static void compare(const char *what, const char *as, const struct way *way,
                    const struct bytes *once, const struct bytes *longer)
{
    double one = 1e9, more = 1e9;
    for (int i = 0; i < TRIES && (i == 0 || more > TIMES_MAX * one + FLOOR_MS); i++) {
        double took = judge(way, once);
        one = took < one ? took : one;
        took = judge(way, longer);
        more = took < more ? took : more;
        if (more > ALL_MS)
            break;
    }
    bool good = more <= TIMES_MAX * one + FLOOR_MS && more <= ALL_MS;
    if (!good || getenv("HYDRANT_VERBOSE"))
        print_message("  %s, %s, %s: %.1f ms, %d times as long %.1f ms\n", what, as,
                      way->parse == HYDRANT_PARSE_FAST ? "fast" : "strict", one, LONGER, more);
    wrong += !good;
}

typedef void wrap_fn(struct bytes *to, const struct bytes *text);

static void make_text(const struct text *text, size_t n, wrap_fn *wrap, struct bytes *to)
{
    struct bytes made = {0};
    put_text(&made, "outage ");
    put_text(&made, text->head);
    put_units(&made, text->unit, n);
    put_text(&made, text->tail);
    to->len = 0;
    wrap(to, &made);
    free(made.data);
}

static void judge_texts(wrap_fn *wrap, const char *as, struct way way)
{
    struct bytes once = {0}, longer = {0};
    wrong = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        make_text(&texts[i], TEXT_BYTES, wrap, &once);
        make_text(&texts[i], LONGER * TEXT_BYTES, wrap, &longer);
        for (int parse = HYDRANT_PARSE_STRICT; parse <= HYDRANT_PARSE_FAST; parse++) {
            way.parse = (hydrant_parse)parse;
            compare(texts[i].name, as, &way, &once, &longer);
        }
    }
    free(once.data);
    free(longer.data);
    assert_int_equal(wrong, 0);
}

static void texts_of_posts(void **state)
{
    judge_texts(put_records, "in records", (struct way){.format = HYDRANT_FORMAT_NATIVE});
}

static void texts_of_rows(void **state)
{
    judge_texts(put_row, "in rows", (struct way){.format = HYDRANT_FORMAT_CSV});
}

static void texts_of_feeds(void **state)
{
    judge_texts(put_feed, "in a feed", (struct way){.mapping = "feed"});
}

static void make_record(const struct record *record, size_t n, struct bytes *to)
{
    to->len = 0;
    put_text(to, record->head);
    put_units(to, record->unit, n);
    put_text(to, record->tail);
}

static struct way way_of(const char *as)
{
    if (!as)
        return (struct way){.format = HYDRANT_FORMAT_NATIVE};
    if (strcmp(as, "csv") == 0)
        return (struct way){.format = HYDRANT_FORMAT_CSV};
    if (strcmp(as, "text") == 0)
        return (struct way){.format = HYDRANT_FORMAT_TEXT};
    return (struct way){.mapping = as};
}

static void records_as_they_are(void **state)
{
    struct bytes once = {0}, longer = {0};
    wrong = 0;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        const struct record *record = &records[i];
        make_record(record, RECORD_BYTES, &once);
        make_record(record, LONGER * RECORD_BYTES, &longer);
        for (int parse = HYDRANT_PARSE_STRICT; parse <= HYDRANT_PARSE_FAST; parse++) {
            struct way way = way_of(record->as);
            way.parse = (hydrant_parse)parse;
            compare(record->name, "a record", &way, &once, &longer);
        }
    }
    free(once.data);
    free(longer.data);
    assert_int_equal(wrong, 0);
}

/* Broken records go to the dead letters as a whole, and are as long as a record may be. */
static void broken_records(void **state)
{
    static const char *const space[] = {" "};
    struct way way = {.format = HYDRANT_FORMAT_NATIVE};
    wrong = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct bytes made[2] = {0}, input[2] = {0};
        for (int k = 0; k < 2; k++) {
            put_text(&made[k], texts[i].head);
            put_units(&made[k], texts[i].unit, k ? LONGER * RECORD_BYTES : RECORD_BYTES);
            put_text(&made[k], texts[i].tail);
            put_text(&input[k], "{\"text\" \"outage ");
            put_escaped(&input[k], &made[k], "\n", space);
            put_text(&input[k], "\n");
        }
        compare(texts[i].name, "broken", &way, &input[0], &input[1]);
        for (int k = 0; k < 2; k++) {
            free(made[k].data);
            free(input[k].data);
        }
    }
    assert_int_equal(wrong, 0);
}

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    print_message("%.*s\n", (int)problem->rendered.len, problem->rendered.data);
}

static bool compile(const char *text, size_t len)
{
    char path[TEMPORARY_PATH];
    const char *paths[] = {path};
    hydrant_rules rules = {.paths = paths, .paths_count = 1, .on_diagnostic = on_diagnostic};
    int fd = temporary_file(path, ".yaml");
    ssize_t written = write(fd, text, len);
    close(fd);
    if (written != (ssize_t)len)
        return false;
    hydrant_status status = hydrant_pack_compile(&rules, &pack, NULL);
    unlink(path);
    return status == HYDRANT_OK;
}

static void compile_brands(unsigned count)
{
    struct bytes rules = {0};
    char line[64];
    put_text(&rules, "version: 1\nrules: [{id: any, match: 'own:to'}]\nbrands:\n");
    for (unsigned i = 0; i < count; i++) {
        snprintf(line, sizeof line, "  b%u: {own: {to: '@b%ux'}}\n", i, i);
        put_text(&rules, line);
    }
    assert_true(compile(rules.data, rules.len));
    free(rules.data);
}

/* To whom a text full of handles is addressed is a question to all brands: of a hundred times as
 * many it is answered in about the same time. */
static void handles_and_brands(void **state)
{
    enum { FEW = 30, MANY = 3000 };
    struct way way = {.format = HYDRANT_FORMAT_NATIVE};
    struct bytes text = {0}, post = {0};
    hydrant_pack *usual = pack;
    double few = 1e9, many = 1e9;
    put_units(&text, "@b ", 2 * TEXT_BYTES);
    put_text(&post, "{\"text\":");
    put_json(&post, &text);
    put_text(&post, "}\n");
    for (int i = 0; i < TRIES && (i == 0 || many > 3 * few + FLOOR_MS); i++) {
        compile_brands(FEW);
        double took = judge(&way, &post);
        few = took < few ? took : few;
        hydrant_pack_destroy(&pack);
        compile_brands(MANY);
        took = judge(&way, &post);
        many = took < many ? took : many;
        hydrant_pack_destroy(&pack);
    }
    pack = usual;
    if (many > 3 * few + FLOOR_MS)
        fail_msg("%d brands: %.1f ms, %d: %.1f ms", FEW, few, MANY, many);
    free(text.data);
    free(post.data);
}

static int set_up(void **state)
{
    return compile(rules_text, sizeof rules_text - 1) ? 0 : -1;
}

static int tear_down(void **state)
{
    hydrant_pack_destroy(&pack);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_posts),      cmocka_unit_test(texts_of_rows),
        cmocka_unit_test(texts_of_feeds),      cmocka_unit_test(broken_records),
        cmocka_unit_test(records_as_they_are), cmocka_unit_test(handles_and_brands),
    };
    return cmocka_run_group_tests_name("hostile_time", tests, set_up, tear_down);
}
