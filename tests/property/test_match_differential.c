/*
 * Random rules over random posts: the engine gives the same rules and the same spans as the naive
 * evaluator, for mentions decoded whole and mentions completed later, for any batch, and for packs
 * that were compiled whole, on top of an earlier one, or completed behind that.
 *
 * HYDRANT_SEED replays a run; HYDRANT_ROUNDS sets the number of rule sets (each is judged over
 * POSTS posts).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "match_fixture.h"
#include "naive_match.h"
#include "rules/derive.h"

enum { RULES = 24, POSTS = 96, LISTS = 3, MACROS = 3, ROUNDS = 12 };

/* Where a pack is derived from another one: the other one, which must outlive it. */
static struct hy_pack *edited;

/* ---- random numbers ---- */

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % below);
}

static const char *pick(const char *const *from, size_t count)
{
    return from[draw((uint32_t)count)];
}
#define PICK(table) pick((table), sizeof(table) / sizeof *(table))

/* ---- a growing text ---- */

struct buffer {
    char data[1 << 18];
    size_t len;
};

static void put(struct buffer *b, const char *text)
{
    size_t len = strlen(text);
    assert_true(b->len + len + 100 < sizeof b->data);
    memcpy(b->data + b->len, text, len + 1);
    b->len += len;
}

static void put_number(struct buffer *b, uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    put(b, text);
}

/* ---- what is written ---- */

/* Few words, so that rules hit; they share beginnings, endings and letters. */
static const char *const words[] = {
    "no",
    "signal",
    "signals",
    "in",
    "austin",
    "the",
    "network",
    "net",
    "down",
    "a",
    "ab",
    "abc",
    "b",
    "it",
    "is",
    "can't",
    "att",
    "at&t",
    "bt",
    "cafe",
    "c\xC3\xA9t\xC3\xA9",
    "fail",
    "5g",
    "3.14",
    "x",
    "outage",
    "out",
    "age",
    "colour",
    "color",
    "naive",
    "na\xC3\xAFve",
    "stra\xC3\x9F"
    "e",
    "strasse",
    "\xE6\x9D\xB1\xE4\xBA\xAC",
    "\xE6\x9D\xB1",
    "\xE9\x9B\xBB\xE5\x8A\x9B",
    "\xE3\x81\x8C",
    "\xE3\x81\x8B",
    "\xF0\x9F\x98\xA1",
    "\xF0\x9F\x91\x8D",
    "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD", /* with a skin tone */
    "1\xEF\xB8\x8F\xE2\x83\xA3",        /* a keycap */
    "\xE0\xB8\x97\xE0\xB8\xB5\xE0\xB9\x88",
    "\xD0\xBD\xD0\xB5\xD1\x82",
    "\xEA\xB0\x80\xEB\x82\x98",
    "\xD9\x84\xD8\xA7",
    "1",
    "tm",
    "ŉ",
    "株",
    "か",
    "かが",
    "かか\u3099",
    "한국",
    "\u1112\u1161\u11AB",
};

static const char *const separators[] = {
    " ",
    " ",
    " ",
    " ",
    ", ",
    ". ",
    " - ",
    "  ",
    "",
    "'",
    "'s ",
    ".",
    "-",
    "_",
    "/",
    " #",
    " @",
    "#",
    "@",
    "$",
    "!",
    "? ",
    "\n",
    "\xC2\xA0",
    "\xE2\x80\x8B",
    "\xE2\x80\x94",
    "\xE2\x80\x99",
    "\xCC\x81",
    "\xEF\xB8\x8F",
    "&",
    "(",
    ") ",
    " \xE2\x84\xA2 ",
    "\xE2\x84\xA2",
    " ⑴ ",
    "⒈",
    "㈱",
    "㏂",
    "゛",
    " ŉ ",
};

static void put_cased(struct buffer *b, const char *word)
{
    uint32_t mode = draw(4);
    size_t at = b->len;
    put(b, word);
    for (size_t i = at; i < b->len; i++)
        if (b->data[i] >= 'a' && b->data[i] <= 'z' &&
            (mode == 0 || (mode == 1 && i == at) || (mode == 2 && draw(4) == 0)))
            b->data[i] -= 'a' - 'A';
}

static const char *const hosts[] = {
    "example.com",
    "www.EXAMPLE.com",
    "a.example.com",
    "xexample.com",
    "b.example",
    "att.example",
    "m\xC3\xBCller.de",
    "M\xC3\x9CLLER.de",
    "muller.de",
    "joe@example.com",
    "example.com@b.exam",
    "\xEF\xBD\x82.example",
    "example\xEF\xBC\x8E"
    "com",
    "example..com",
    "x-b.example",
};

static const char *const link_ends[] = {
    "",
    ".",
    ",",
    ")",
    "!",
    "...",
    "/no-signal",
    ":80",
    "-",
    "'s",
    "?a=1",
    "#a",
    "@b.exam",
    "\xE2\x80\xA6",
    "\xE2\x80\x99",
    "\xEF\xBC\x8E",
    "\xE3\x80\x82",
    "\xE2\x84\xA2",
    "\xE2\x80\x94",
    "\xF0\x9F\x98\xA1",
    "?u=https://b.example",
    "/\xC3\xA9t\xC3\xA9/signal",
};

static void put_link(struct buffer *b)
{
    put(b, draw(4) ? "https://" : "(HTTP://");
    put(b, PICK(hosts));
    put(b, PICK(link_ends));
    put(b, draw(2) ? " " : PICK(separators));
}

static void put_post(struct buffer *b)
{
    uint32_t count = draw(4) == 0 ? draw(40) : draw(12);
    for (uint32_t i = 0; i < count; i++) {
        if (draw(24) == 0)
            put_link(b);
        if (draw(200) == 0)
            put(b, " 512-555-0142 ");
        if (draw(8) == 0)
            put(b, PICK(separators));
        put_cased(b, PICK(words));
        put(b, PICK(separators));
    }
}

/* A word or phrase in quotes; single quotes are doubled, as YAML wants it. */
static void put_quoted(struct buffer *b, uint32_t most)
{
    uint32_t count = 1 + draw(most);
    put(b, "\"");
    for (uint32_t i = 0; i < count; i++) {
        const char *word = PICK(words);
        if (i > 0)
            put(b, draw(8) == 0 ? ", " : " ");
        put(b, strcmp(word, "can't") == 0 ? "can''t" : word);
    }
    put(b, "\"");
}

static const char *const plain_words[] = {"no", "signal", "a",   "ab",    "att",   "fail",
                                          "x",  "out",    "net", "color", "naive", "cafe"};

static void put_term(struct buffer *b)
{
    static const char *const exact[] = {"{BT}", "{No}", "{Signal}", "{no Signal}", "{AT&T}", "{A}"};
    static const char *const wild[] = {"n?t",     "colo?r",   "a?",  "?b",   "na?ve",  "c?f?",
                                       "s????l",  "a?b?c",    "か?", "가?",  "stra?e", "?か",
                                       "東?電力", "n?signal", "x?",  "?down"};
    static const char *const parts[] = {"か", "가", "하", "나", "ŉ", "a", "👍"};
    static const char *const tags[] = {"#", "@", "$"};
    switch (draw(12)) {
    case 0:
        put(b, PICK(exact));
        return;
    case 1:
        put(b, PICK(wild));
        return;
    case 2:
    case 3:
        put(b, PICK(tags));
        put(b, PICK(plain_words));
        return;
    case 4:
        put(b, draw(4) ? PICK(plain_words) : PICK(parts));
        put(b, "*");
        return;
    case 5:
        put(b, "~");
        if (draw(2)) {
            put_quoted(b, 1);
        } else {
            put(b, "\"");
            put(b, PICK(parts));
            put(b, "\"");
        }
        return;
    case 6:
        put(b, PICK(plain_words));
        return;
    case 7:
    case 8:
        put_quoted(b, 1);
        return;
    default:
        put_quoted(b, 4);
    }
}

static void put_near_operand(struct buffer *b)
{
    if (draw(2)) {
        put_term(b);
        return;
    }
    put(b, "(");
    put_term(b);
    for (uint32_t i = draw(5); i > 0; i--) {
        put(b, " OR ");
        put_term(b);
    }
    put(b, ")");
}

static const char *const facts[] = {
    "from:joe",
    "from:ann",
    "network:x",
    "network:reddit",
    "lang:en",
    "is:reply",
    "is:verified",
    "followers:100..",
    "followers:..50",
    "act:complaint",
    "act:question",
    "intensity>0.5",
    "valence<-0.2",
    "lang:pt",
    "has:links",
    "has:hashtags",
    "has:mentions",
    "has:media",
    "has:pii",
    "own:from",
    "own:to",
    "sitekind:fan",
    "sitekind:rant",
    "to:att",
    "to:net",
    "url:signal",
    "author:signal",
    "domain:b.example",
    "domain:example.com",
    "domain:a.example.com",
    "domain:m\xC3\xBCller.de",
    "site:example.com",
    "site:m\xC3\xBCller.de",
    "to:caf\xC3\xA9",
    "from:jos\xC3\xA9",
    "network:\xC3\xA9t\xC3\xA9",
    "network:ete",
    "source:\"\xC3\xBC"
    "ber.ndjson\"",
    "url:\"no signal\"",
    "bio:\"no signal\"",
};

static void put_query(struct buffer *b, uint32_t depth, bool macros);

static void put_group(struct buffer *b, uint32_t depth, const char *operator, bool macros)
{
    put(b, "(");
    put_query(b, depth - 1, macros);
    for (uint32_t i = 1 + draw(4); i > 0; i--) {
        put(b, operator);
        put_query(b, depth - 1, macros);
    }
    put(b, ")");
}

static void put_query(struct buffer *b, uint32_t depth, bool macros)
{
    uint32_t kind = depth == 0 ? draw(6) : draw(16);
    if (kind < 4) {
        put_term(b);
    } else if (kind == 4) {
        put(b, draw(3) ? "%list" : "%lost");
        put_number(b, draw(LISTS));
    } else if (kind == 5) {
        if (macros && draw(2)) {
            put(b, "${macro");
            put_number(b, draw(MACROS));
            put(b, "}");
        } else {
            put(b, PICK(facts));
        }
    } else if (kind < 9) {
        put_group(b, depth, " ", macros);
    } else if (kind < 12) {
        put_group(b, depth, " OR ", macros);
    } else if (kind == 12) {
        put(b, "NOT ");
        put_group(b, depth, draw(2) ? " " : " OR ", macros);
    } else if (kind == 13) {
        put_near_operand(b);
        put(b, draw(3) ? " NEAR/" : " ONEAR/");
        put_number(b, draw(4));
        put(b, " ");
        put_near_operand(b);
    } else {
        put(b, "2 OF (");
        put_query(b, depth - 1, macros);
        put(b, ", ");
        put_query(b, depth - 1, macros);
        put(b, ", ");
        put_query(b, depth - 1, macros);
        put(b, ")");
    }
}

static void put_rules(struct buffer *b)
{
    put(b, "version: 1\nlists:\n");
    for (uint32_t i = 0; i < 2 * LISTS; i++) {
        put(b, i < LISTS ? "  list" : "  lost");
        put_number(b, i % LISTS);
        put(b, ":\n");
        for (uint32_t j = 0; j <= (i < LISTS ? 4 + draw(12) : draw(3)); j++) {
            put(b, "    - ");
            put_quoted(b, 3);
            put(b, "\n");
        }
    }
    put(b, "macros:\n");
    for (uint32_t i = 0; i < MACROS; i++) {
        put(b, "  macro");
        put_number(b, i);
        put(b, ": '");
        put_query(b, 3, false);
        put(b, "'\n");
    }
    put(b, "brands:\n"
           "  One: {own: {from: ['@joe'], to: ['@att', '@Caf\xC3\xA9']},\n"
           "        sites: {fan: [example.com], rant: M\xC3\xBCller.DE}}\n"
           "  Two: {own: {from: ['@ann', '@Jos\xC3\xA9'], to: ['@net', '@a.b', '@att']},\n"
           "        sites: {fan: b.example}}\n");
    put(b, "rules:\n");
    for (uint32_t i = 0; i < RULES; i++) {
        static const char *const brands[] = {"", "", "\n    brand: One", "\n    brand: Two",
                                             "\n    brand: Nobody"};
        put(b, "  - id: rule");
        put_number(b, i);
        put(b, PICK(brands));
        put(b, "\n    priority: ");
        put_number(b, draw(3) * 10);
        put(b, "\n    match: '");
        put_query(b, 1 + draw(3), true);
        put(b, "'\n");
    }
}

/* ---- mentions ---- */

struct posts {
    struct buffer text;
    hydrant_mention m[POSTS];
    hydrant_emotion emotion[POSTS];
};

#define TEXT(text)                              \
    {                                           \
        .data = (text), .len = sizeof(text) - 1 \
    }
static const hydrant_url urls[] = {
    {TEXT("https://t.example/x"), TEXT("https://EXAMPLE.com:8080/No-Signal?id=1")},
    {TEXT("b.example/?u=https://example.com"), TEXT("")},
    {TEXT("https://m\xC3\xBCller.de/signal, "), TEXT("")},
    {TEXT(""), TEXT("https://www.a.example.com.")},
    {TEXT("https://"), TEXT("//example.com")},
};
static const hydrant_str mentions[] = {
    TEXT("att"), TEXT("@Caf\xC3\xA9"), TEXT("cafe"), TEXT("\xEF\xBC\xA1TT"),
    TEXT("joe"), TEXT("a.b"),          TEXT(""),     TEXT("\xEF\xBC\xA0net"),
};
static const hydrant_str tags[] = {TEXT("fail")};

/* Where in the table the list of a mention begins, and how long it is. */
#define SOME(table, m, field)                                                         \
    do {                                                                              \
        uint32_t all_ = sizeof(table) / sizeof *(table), at_ = draw(all_);            \
        (m)->field = (table) + at_;                                                   \
        (m)->field##_count = draw(2) ? 0 : 1 + draw(all_ - at_ < 3 ? all_ - at_ : 3); \
    } while (0)

static void fill_fields(hydrant_mention *m)
{
    static const char *const handles[] = {"joe", "Ann", "bob", "", "@Joe", "JOS\xC3\x89"};
    static const char *const names[] = {"Joe", "no signal", "Na\xC3\xAFve Signal", ""};
    static const char *const networks[] = {"x", "Reddit", "mastodon", "\xC3\xA9t\xC3\xA9", "ETE"};
    static const char *const langs[] = {"en", "de", "en-US", "pt_BR", "p", ""};
    static const char *const sites[] = {
        "example.com", "shop.EXAMPLE.com", "xexample.com",        "m\xC3\xBCller.de",
        "a.muller.de", "b.example",        "\xC3\xA9.b.example.", ""};
    static const char *const pages[] = {"https://example.com/1", "https://M\xC3\x9CLLER.de",
                                        "http://b.example?a", ""};
    m->author.handle = hy_str_cstr(PICK(handles));
    m->author.name = hy_str_cstr(PICK(names));
    m->author.bio = hy_str_cstr(PICK(names));
    m->network = hy_str_cstr(PICK(networks));
    m->lang = hy_str_cstr(PICK(langs));
    m->site = hy_str_cstr(PICK(sites));
    m->url = hy_str_cstr(PICK(pages));
    SOME(urls, m, urls);
    SOME(mentions, m, mentions);
    SOME(tags, m, hashtags);
    SOME(tags, m, media);
    m->in_reply_to = hy_str_cstr(draw(2) ? "1" : "");
    m->author.verified = draw(2);
    m->author.has_followers = draw(4) > 0;
    m->author.followers = draw(200);
    m->created_at_us = HYDRANT_TIME_NONE;
}

static void make_posts(struct posts *posts)
{
    posts->text.len = 0;
    for (uint32_t i = 0; i < POSTS; i++) {
        hydrant_mention *m = &posts->m[i];
        size_t at = posts->text.len;
        put_post(&posts->text);
        *m = (hydrant_mention){.text = hy_str(posts->text.data + at, posts->text.len - at)};
        fill_fields(m);
        posts->emotion[i] = (hydrant_emotion){.scored = draw(4) > 0,
                                              .speech_act = (uint8_t)draw(6),
                                              .valence = (float)draw(200) / 100.0f - 1,
                                              .intensity = (float)draw(100) / 100.0f};
    }
}

/* A text as the fast path of decoding leaves it: nothing but the text is known. */
static hydrant_mention only_text(const hydrant_mention *m)
{
    return (hydrant_mention){.text = m->text, .created_at_us = HYDRANT_TIME_NONE};
}

/* ---- the comparison ---- */

static const struct hy_source source = {.name = TEXT("\xC3\x9C"
                                                     "BER.ndjson")};
static uint64_t pairs, true_pairs; /* how many were compared, and how many of them matched */

/* Marks where several readings of one place exist (a symbol that folds to letters may be skipped or
 * read): the answer is the same, the spans may be those of either. */
static bool ambiguous(hydrant_str text)
{
    static const char *const symbols[] = {"™", "⑴", "⒈", "㈱", "㏂", "゛"};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (memmem(text.data, text.len, symbols[i], 3))
            return true;
    return false;
}

static void explain(const struct match_fixture *f, uint32_t rule, const struct hy_mention *mention,
                    bool expected, const char *what)
{
    static char query[1 << 17];
    hy_query_print(f->rules->rules[rule].match, query, sizeof query);
    fprintf(stderr, "%s differ: rule %u: %s\ntext: \"%.*s\"\nexpected %d\n", what, rule, query,
            (int)mention->m.text.len, mention->m.text.data, expected);
}

static void compare_spans(const struct match_fixture *f, uint32_t rule,
                          const struct hy_mention *mention, struct naive_places *places)
{
    const hydrant_match *match = mention->matches;
    while (!hy_str_equal(match->rule, f->pack->rules[rule].id))
        match++;
    uint32_t count = naive_leftmost_longest(places);
    bool same = count == match->spans_count;
    for (uint32_t i = 0; same && i < count; i++)
        same = match->spans[i].start == places->at[i].start &&
               match->spans[i].end == places->at[i].end;
    if (!same) {
        explain(f, rule, mention, true, "spans");
        for (uint32_t i = 0; i < count; i++)
            fprintf(stderr, " wanted %u-%u", places->at[i].start, places->at[i].end);
        for (uint32_t i = 0; i < match->spans_count; i++)
            fprintf(stderr, " got %u-%u", match->spans[i].start, match->spans[i].end);
    }
    assert_true(same);
}

static void compare(const struct match_fixture *f, const struct hy_mention *mention)
{
    struct naive_text *text = malloc(sizeof *text);
    struct naive_places *places = malloc(sizeof *places);
    naive_text_init(text, mention);
    text->source = source.name;
    text->brands = f->rules->brands;
    text->brands_count = f->rules->brands_count;
    for (uint32_t rule = 0; rule < f->pack->rules_count; rule++) {
        text->brand = f->rules->rules[rule].rule.brand;
        places->count = 0;
        bool expected = naive_eval(f->rules->rules[rule].match, text, places);
        pairs++;
        true_pairs += expected;
        if (expected != fixture_matched(mention, rule))
            explain(f, rule, mention, expected, "answers");
        assert_int_equal(expected, fixture_matched(mention, rule));
        if (expected && !ambiguous(mention->m.text))
            compare_spans(f, rule, mention, places);
    }
    for (uint32_t i = 1; i < mention->matches_count; i++) {
        const struct hy_rule *a = &f->pack->rules[mention->matched_rules[i - 1]];
        const struct hy_rule *b = &f->pack->rules[mention->matched_rules[i]];
        assert_true(a->priority > b->priority || (a->priority == b->priority && a < b));
    }
    free(text);
    free(places);
}

static struct hy_parcel parcel = {.source = &source};

static void judge_batch(struct match_fixture *f, struct posts *posts, uint32_t from, uint32_t to)
{
    fixture_clear(f);
    for (uint32_t i = from; i < to; i++) {
        struct hy_mention *mention = fixture_add(f, posts->m[i].text);
        mention->complete = draw(2);
        mention->m = mention->complete ? posts->m[i] : only_text(&posts->m[i]);
        mention->scored = draw(2);
        mention->emotion = &posts->emotion[i];
    }
    fixture_judge(f);
    for (uint32_t i = from; i < to; i++) {
        struct hy_mention *mention = &f->batch->mentions[i - from];
        hydrant_str text = mention->m.text;
        mention->m = posts->m[i];
        mention->m.text = text;
        mention->complete = mention->scored = true;
    }
    hy_match_resolve(f->worker, f->batch);
    for (uint32_t i = from; i < to; i++)
        compare(f, &f->batch->mentions[i - from]);
}

/* The forms that a pack takes after an edit, by round. */
enum form { FORM_WHOLE, FORM_INCREMENTAL, FORM_COMPLETED, FORMS };

/* Rules as an edit of base would leave them: with base's literals, those that it has not beside
 * them, and those that are not wanted any more masked; or with that compiled in full behind. */
static void compile_form(struct match_fixture *f, enum form form, const struct match_fixture *base,
                         const char *yaml)
{
    struct hy_build build = {.previous = base->pack, .incremental = true, .increment_min = 1};
    fixture_build = form == FORM_WHOLE ? NULL : &build;
    fixture_compile_yaml(f, yaml);
    fixture_build = NULL;
    if (form == FORM_WHOLE)
        return;
    if (!hy_pack_is_incremental(f->pack)) { /* the edit asks for the very same literals */
        assert_true(hy_database_key_equal(f->pack->matcher->literals[0].db->key,
                                          base->pack->matcher->literals[0].db->key));
        return;
    }
    if (form == FORM_COMPLETED) {
        struct hy_build none = {.cache_dir = NULL};
        edited = f->pack;
        assert_int_equal(hy_pack_derive_whole(edited, &none, &f->pack, &f->err), HYDRANT_OK);
        assert_false(hy_pack_is_incremental(f->pack));
    }
}

static void one_round(struct posts *posts, enum form form, const struct match_fixture *base)
{
    static struct buffer yaml;
    struct match_fixture f;
    yaml.len = 0;
    put_rules(&yaml);
    compile_form(&f, form, base, yaml.data);
    fixture_start(&f);
    f.batch->parcel = &parcel;
    make_posts(posts);
    for (uint32_t from = 0, to; from < POSTS; from = to) {
        to = from + 1 + draw(POSTS);
        to = to < POSTS ? to : POSTS;
        judge_batch(&f, posts, from, to);
    }
    fixture_end(&f);
    if (edited)
        hy_pack_destroy(&edited);
}

/* Rules that edits can be of: some rule asks for a literal. */
static void compile_base(struct match_fixture *base, struct buffer *yaml)
{
    for (;;) {
        yaml->len = 0;
        put_rules(yaml);
        fixture_compile_yaml(base, yaml->data);
        if (base->pack->matcher->literals[0].db)
            return;
        hy_pack_destroy(&base->pack);
        hy_ruleset_destroy(&base->rules);
    }
}

static void engine_equals_the_naive_evaluator(void **state)
{
    const char *seed = getenv("HYDRANT_SEED"), *rounds = getenv("HYDRANT_ROUNDS");
    uint64_t first = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) << 20;
    uint32_t count = rounds ? (uint32_t)strtoul(rounds, NULL, 0) : ROUNDS;
    struct posts *posts = calloc(1, sizeof *posts);
    struct match_fixture base;
    static struct buffer yaml;
    random_state = first;
    compile_base(&base, &yaml);
    for (uint32_t i = 0; i < count; i++) {
        random_state = first + i;
        if (i == 0 || count == 1)
            fprintf(stderr, "HYDRANT_SEED=%llu, %u rounds\n", (unsigned long long)first, count);
        draw(2);
        one_round(posts, (enum form)((first + i) % FORMS), &base);
    }
    fixture_end(&base);
    free(posts);
    fprintf(stderr, "%llu pairs, %llu of them true\n", (unsigned long long)pairs,
            (unsigned long long)true_pairs);
    assert_in_range(true_pairs, pairs / 20, pairs - pairs / 20); /* or the test says little */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(engine_equals_the_naive_evaluator),
    };
    return cmocka_run_group_tests_name("match_differential", tests, NULL, NULL);
}
