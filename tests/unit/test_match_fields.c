#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "match_fixture.h"
#include "pack/predicate.h"

#define S(text) HY_STR(text)

/* Brands for own: and sitekind:, and one rule whose query is put in. */
static const char yaml_head[] =
    "version: 1\n"
    "brands:\n"
    "  AT&T:\n"
    "    own: {from: ['@att', '@attcares'], to: ['@att', '@attcares']}\n"
    "    sites: {fan: [attfans.example], rant: [rants.example]}\n"
    "  Other:\n"
    "    own: {from: ['@other'], to: ['@other']}\n";

static const hydrant_url links[] = {
    {{.data = "https://t.co/x", .len = 14},
     {.data = "https://News.Example.com:8080/Some-Story?id=1", .len = 45}},
};
static const hydrant_str hashtags[] = {{.data = "fail", .len = 4}};
static const hydrant_str mentions[] = {{.data = "ATT", .len = 3}, {.data = "joe", .len = 3}};
static const hydrant_str media[] = {{.data = "image", .len = 5}};

/* A mention with everything in it; its text proves nothing. */
static hydrant_mention full_mention(void)
{
    static char text[80] = "plain words";
    hydrant_mention m = {.text = {text, 11},
                         .id = S("id-1"),
                         .network = S("x"),
                         .site = S("shop.Rants.example"),
                         .lang = S("pt-BR"),
                         .url = S("https://www.attfans.example/1"),
                         .created_at_us = 5000000,
                         .in_reply_to = S("parent-9"),
                         .conversation_id = S("Conv-7"),
                         .repost_of = S("r"),
                         .quote_of = S("q"),
                         .urls = links,
                         .urls_count = 1,
                         .hashtags = hashtags,
                         .hashtags_count = 1,
                         .mentions = mentions,
                         .mentions_count = 2,
                         .media = media,
                         .media_count = 1};
    m.author = (hydrant_author){.id = S("64"),
                                .handle = S("AttCares"),
                                .name = S("Tara I. Caf\xC3\xA9"),
                                .bio = S("Mum of two. No-signal zone."),
                                .followers = 1500,
                                .posts = 20,
                                .has_followers = true,
                                .has_posts = true,
                                .verified = true};
    m.metrics = (hydrant_metrics){.likes = 3, .reposts = 1, .replies = 63};
    return m;
}

/* Judges m by one rule of brand AT&T: before its fields are known, and when they are. */
static bool judge(const char *query, const hydrant_mention *m, bool *pending)
{
    struct match_fixture f;
    char yaml[2048];
    snprintf(yaml, sizeof yaml, "%srules:\n  - id: one\n    brand: AT&T\n    match: '%s'\n",
             yaml_head, query);
    fixture_yaml(&f, yaml);
    struct hy_mention *mention = fixture_add(&f, m->text);
    mention->complete = false;
    fixture_judge(&f);
    *pending = mention->pending_count > 0;
    bool early = mention->matches_count > 0;
    hydrant_str text = mention->m.text;
    mention->m = *m;
    mention->m.text = text;
    mention->complete = mention->scored = true;
    hy_match_resolve(f.worker, f.batch);
    bool matched = mention->matches_count > 0;
    assert_int_equal(mention->pending_count, 0);
    assert_true(matched || !early); /* true stays true */
    fixture_end(&f);
    return matched;
}

struct field_case {
    const char *query;
    bool match;
};

static void fields_are_read(void **state)
{
    static const struct field_case cases[] = {
        {"from:attcares", true},
        {"from:@ATTcares", true},
        {"from:att", false},
        {"to:att", true},
        {"to:@joe", true},
        {"to:jo", false},
        {"author:tara", true},
        {"author:cafe", true},
        {"author:tar", false},
        {"author:\"tara i\"", true},
        {"bio:\"no signal\"", true},
        {"bio:mu", false},
        {"network:X", true},
        {"network:reddit", false},
        {"site:rants.example", true},
        {"site:ants.example", false},
        {"sitekind:rant", true},
        {"sitekind:fan", true},
        {"sitekind:industry", false},
        {"own:from", true},
        {"own:to", true},
        {"lang:pt", true},
        {"lang:pt-br", true},
        {"lang:p", false},
        {"lang:en", false},
        {"url:\"some story\"", true},
        {"url:stor", false},
        {"domain:example.com", true},
        {"domain:news.example.com", true},
        {"domain:ample.com", false},
        {"domain:t.co", true},
        {"conversation:Conv-7", true},
        {"conversation:conv-7", false},
        {"reply_to:parent-9", true},
        {"reply_to:parent", false},
        {"followers:1000..", true},
        {"followers:..1000", false},
        {"followers:1500", true},
        {"followers>1500", false},
        {"followers>=1500", true},
        {"posts:10..20", true},
        {"likes:4..", false},
        {"replies:63", true},
        {"reposts:1..1", true},
        {"is:reply", true},
        {"is:repost", true},
        {"is:quote", true},
        {"is:verified", true},
        {"is:question", false},
        {"has:links", true},
        {"has:hashtags", true},
        {"has:mentions", true},
        {"has:media", true},
        {"sample:100", true},
    };
    hydrant_mention m = full_mention();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool pending;
        bool matched = judge(cases[i].query, &m, &pending);
        if (matched != cases[i].match)
            fprintf(stderr, "%s\n", cases[i].query);
        assert_int_equal(matched, cases[i].match);
        assert_int_equal(pending, strcmp(cases[i].query, "is:question") != 0);
    }
}

static void absent_fields_are_false(void **state)
{
    static const char *const queries[] = {
        "from:att",       "to:att",        "author:a",
        "bio:a",          "network:x",     "site:x.com",
        "sitekind:rant",  "own:from",      "own:to",
        "lang:en",        "url:a",         "domain:x.com",
        "conversation:1", "reply_to:1",    "followers:0..",
        "posts:0..",      "is:reply",      "is:repost",
        "is:quote",       "is:verified",   "is:question",
        "has:links",      "has:hashtags",  "has:mentions",
        "has:media",      "emotion:anger", "sentiment:positive",
        "act:question",   "intensity>=0",
    };
    static char text[80] = "plain words";
    hydrant_mention m = {.text = {text, 11}, .created_at_us = HYDRANT_TIME_NONE};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        bool pending;
        if (judge(queries[i], &m, &pending))
            fail_msg("%s", queries[i]);
    }
}

static void the_text_alone_can_prove(void **state)
{
    static const struct {
        const char *query, *text;
        bool match;
    } cases[] = {
        {"to:att", "hi @ATT!", true},
        {"to:att", "hi @attx me@att", false},
        {"own:to", "thanks @attcares", true},
        {"own:to", "thanks @other", false},
        {"to:att", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD@att", true}, /* a thumb with a skin tone */
        {"own:to", "\xE3\x81\x8C@att", true},
        {"has:mentions", "\xF0\x9F\x91\x8D\xF0\x9F\x8F\xBD@att", true},
        {"has:hashtags", "\xED\x95\x9C#fail", true},
        {"has:mentions", "caf\xC3\xA9@att", false},
        {"has:links", "see https://x.example", true},
        {"has:links", "see http:/x", false},
        {"domain:x.example", "see HTTPS://user@WWW.X.example:80/a", true},
        {"domain:x.example", "see https://y.example/x.example", false},
        {"domain:x.example", "see https://x.example.", true},
        {"domain:x.example", "see https://x.example, sure", true},
        {"domain:x.example", "(https://x.example) now", true},
        {"domain:x.example", "(https://www.x.example).", true},
        {"domain:x.example", "https://x.example!", true},
        {"domain:x.example", "https://x.example;https://y.example", true},
        {"domain:x.example", "https://x.example...", true},
        {"domain:x.example", "https://x.example\xE2\x80\xA6more", true},         /* ellipsis */
        {"domain:x.example", "https://x.example\xEF\xBC\x8E", true},             /* full-width . */
        {"domain:x.example", "https://x.example\xE3\x80\x82", true},             /* ideographic . */
        {"domain:x.example", "\xE2\x80\x98https://x.example\xE2\x80\x99", true}, /* quotes */
        {"domain:x.example", "https://x.example's", true},
        {"domain:x.example", "https://x.example\xE2\x80\x94sure", true}, /* dash */
        {"domain:x.example", "https://x.example\xE2\x84\xA2", true},     /* trade mark */
        {"domain:x.example", "https://x.example\xF0\x9F\x98\xA1", true},
        {"domain:x.example", "https://x.example-", true},
        {"domain:x.example", "https://x-example", false},
        {"domain:x.example", "https://y.x.example.evil", false},
        {"domain:x.example", "https://x.example@evil", false},
        {"domain:x.example", "https://x.example:80@evil/", false},
        {"domain:x.example", "https://a:b@x.example:80?c@d", true},
        {"domain:x.example", "https://evil?https://x.example", false},
        {"domain:x.example", "https://evil#@x.example", false},
        {"domain:x.example", "https://..x.example", false},
        {"domain:https", "https://", false},
        {"domain:m\xC3\xBC.de", "(https://M\xC3\x9C.DE)", true},
        {"domain:mu.de", "\xC3\xA9 https://m\xC3\xBC.de, \xC3\xA9", true},
        {"url:report", "at https://x.example/annual-report.pdf", true},
        {"has:hashtags", "so #bad", true},
        {"has:hashtags", "so # bad a#b", false},
        {"has:mentions", "so @bad", true},
        {"has:mentions", "mail@bad", false},
        {"is:question", "why?", true},
        {"is:question", "why?!", true},
        {"is:question", "why \xEF\xBC\x9F", true},
        {"is:question", "why \xD8\x9F", true},
        {"is:question", "\xCF\x84\xCE\xB9\xCD\xBE", true}, /* Greek */
        {"is:question", "\xCF\x84\xCE\xB9;", false},
        {"is:question", "\xD5\xB8\xD5\x9E", true},         /* Armenian */
        {"is:question", "\xE1\x8A\xA0\xE1\x8D\xA7", true}, /* Ethiopic */
        {"is:question", "see https://x.example/?a=b", false},
        {"is:question", "why", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[160] = {0};
        strcpy(text, cases[i].text);
        hydrant_mention m = {.text = {text, (uint32_t)strlen(text)}};
        bool pending;
        if (judge(cases[i].query, &m, &pending) != cases[i].match)
            fail_msg("%s on %s", cases[i].query, cases[i].text);
    }
}

static void own_and_sitekind_are_of_the_rules_brand(void **state)
{
    struct match_fixture f;
    char yaml[2048];
    static char text[80] = "words";
    snprintf(yaml, sizeof yaml, "%s%s", yaml_head,
             "rules:\n"
             "  - {id: theirs, brand: Other, match: 'own:from OR sitekind:rant'}\n"
             "  - {id: ours, brand: AT&T, match: 'own:from'}\n"
             "  - {id: any, match: 'own:from'}\n"
             "  - {id: unknown, brand: Nobody, match: 'own:from'}\n");
    fixture_yaml(&f, yaml);
    struct hy_mention *mention = fixture_add(&f, hy_str(text, 5));
    mention->m.author.handle = S("att");
    mention->m.site = S("rants.example");
    fixture_judge(&f);
    assert_false(fixture_matched(mention, 0));
    assert_true(fixture_matched(mention, 1));
    assert_true(fixture_matched(mention, 2));
    assert_false(fixture_matched(mention, 3));
    fixture_end(&f);
}

/* A rule without a brand asks for any brand's handles, wherever they stand in the alphabet. */
static void own_to_of_no_brand_is_of_any(void **state)
{
    static const struct {
        const char *text, *mention;
        bool own;
    } cases[] = {
        {"hi @b", "", true},
        {"hi @B.", "", true},
        {"hi @a.b.c, hi", "", true},
        {"hi @a.b.c.d", "", true},
        {"hi @a.b", "", false},
        {"hi @a.b.cd", "", false},
        {"hi @b-1", "", true},
        {"hi @bx @ab x@b @b_1", "", false},
        {"@@b", "", true},
        {"@x@z", "", false},
        {"x", "Z-1", true},
        {"x", "@z-1", true},
        {"x", "z", false},
        {"x",
         "\xC5\xBC"
         "abka",
         true},
        {"@\xC5\xBB"
         "ABKA\xE3\x80\x82",
         "", true},
        {"@", "", false},
        {"@", "@", false},
    };
    struct match_fixture f;
    fixture_yaml(&f, "version: 1\n"
                     "brands:\n"
                     "  One: {own: {to: ['@z-1', '@b']}}\n"
                     "  None: {own: {from: ['@x']}}\n"
                     "  Two: {own: {to: ['@a.b.c', '@\xC5\xBB"
                     "abka', '@b']}}\n"
                     "rules: [{id: any, match: 'own:to'}, {id: x, brand: One, match: 'own:to'},\n"
                     "        {id: y, brand: None, match: 'own:to'}]\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static char text[128];
        hydrant_str handle = hy_str_cstr(cases[i].mention);
        memset(text, 0, sizeof text);
        strcpy(text, cases[i].text);
        fixture_clear(&f);
        struct hy_mention *mention = fixture_add(&f, hy_str_cstr(text));
        mention->m.mentions = &handle;
        mention->m.mentions_count = 1;
        fixture_judge(&f);
        if (fixture_matched(mention, 0) != cases[i].own)
            fail_msg("%s, %s", cases[i].text, cases[i].mention);
        assert_false(fixture_matched(mention, 2));
    }
    fixture_end(&f);
}

/* Handles of the field mentions are folded as names are, and as those of authors. */
static void handles_that_are_mentioned_are_folded(void **state)
{
    static const struct {
        const char *handle;
        bool own;
    } table[] = {
        {"\xC5\xBB"
         "abka",
         true}, /* Z with a dot, as the rules write it */
        {"@\xC5\xBC"
         "abka",
         true}, /* the small one */
        {"Z\xCC\x87"
         "abka",
         true}, /* decomposed */
        {"zabka", true},
        {"ZABKA", true},
        {"\xC5\xBC"
         "abk",
         false},
        {"\xC5\xBC", false},
        {"", false},
    };
    struct match_fixture f;
    static char text[80] = "words";
    fixture_yaml(&f, "version: 1\n"
                     "brands: {Z: {own: {to: ['@\xC5\xBB"
                     "abka']}}}\n"
                     "rules: [{id: ours, brand: Z, match: 'own:to'}]\n");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        hydrant_str handle = hy_str_cstr(table[i].handle);
        fixture_clear(&f);
        struct hy_mention *mention = fixture_add(&f, hy_str(text, 5));
        mention->m.mentions = &handle;
        mention->m.mentions_count = 1;
        fixture_judge(&f);
        if (fixture_matched(mention, 0) != table[i].own)
            fail_msg("%s", table[i].handle);
    }
    fixture_end(&f);
}

/* Fields that are compared whole are folded as the rules are. */
static void names_and_domains_are_folded(void **state)
{
    static const struct {
        const char *query, *network, *site, *url, *source;
        bool match;
    } cases[] = {
        {"network:\xC3\xA9t\xC3\xA9", "\xC3\xA9t\xC3\xA9", "", "", "", true},
        {"network:\xC3\xA9t\xC3\xA9", "E\xCC\x81TE", "", "", "", true},
        {"network:ete", "\xC3\xA9t\xC3\xA9", "", "", "", true},
        {"network:\xC3\xA9t\xC3\xA9", "\xC3\xA9t", "", "", "", false},
        {"network:x", "\xEF\xBC\xB8", "", "", "", true}, /* full-width */
        {"network:\"a`b\"", "A`B", "", "", "", true},
        {"network:\"a`bcdefgh\"",
         "a\xE2\x80\x99"
         "bcdefgh",
         "", "", "", true},
        {"network:abcdefghi", "ABCDEFGHI", "", "", "", true},
        {"network:abcdefghi", "abcdefgh\xC3\xAD", "", "", "", true},
        {"site:m\xC3\xBCller.de", "", "m\xC3\xBCller.de", "", "", true},
        {"site:m\xC3\xBCller.de", "", "shop.M\xC3\x9CLLER.de", "", "", true},
        {"site:m\xC3\xBCller.de", "", "am\xC3\xBCller.de", "", "", false},
        {"source:\"\xC3\xBC"
         "ber.ndjson\"",
         "", "", "",
         "\xC3\x9C"
         "ber.ndjson",
         true},
        {"source:\"a.ndjson\"", "", "", "", "\xC3\xA1.ndjsonl", false},
        {"domain:m\xC3\xBCnchen.de", "", "", "https://www.m\xC3\xBCnchen.de/\xC3\xA4", "", true},
        {"domain:example.com", "", "", "example.com/?u=https://other.example", "", true},
        {"domain:other.example", "", "", "example.com/?u=https://other.example", "", false},
        {"domain:example.com", "", "", "https://EXAMPLE.com., \xC3\xA4", "", true},
        {"domain:example.com", "", "", "", "", false},
        {"domain:example.com", "", "", "https://example.com/m\xC3\xBCnchen", "", true},
        {"sitekind:fan", "", "", "https://m\xC3\xBCller.de/a", "", true},
        {"sitekind:fan", "", "forum.m\xC3\xBCller.de", "", "", true},
        {"sitekind:fan", "", "am\xC3\xBCller.de", "", "", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct match_fixture f;
        char yaml[512];
        static char text[80] = "words";
        struct hy_source source = {.name = hy_str_cstr(cases[i].source)};
        struct hy_parcel *parcel = calloc(1, sizeof *parcel);
        hydrant_url url = {.url = hy_str_cstr(cases[i].url)};
        snprintf(yaml, sizeof yaml,
                 "version: 1\nbrands: {M: {sites: {fan: M\xC3\xBCller.DE}}}\n"
                 "rules: [{id: one, match: '%s'}]\n",
                 cases[i].query);
        fixture_yaml(&f, yaml);
        parcel->source = &source;
        f.batch->parcel = parcel;
        struct hy_mention *mention = fixture_add(&f, hy_str(text, 5));
        mention->m.network = hy_str_cstr(cases[i].network);
        mention->m.site = hy_str_cstr(cases[i].site);
        mention->m.url = url.url;
        mention->m.urls = &url;
        mention->m.urls_count = 1;
        fixture_judge(&f);
        if (fixture_matched(mention, 0) != cases[i].match)
            fail_msg("%s, case %zu", cases[i].query, i);
        fixture_end(&f);
        free(parcel);
    }
}

static void samples_are_stable_and_nested(void **state)
{
    struct match_fixture f;
    const char *queries[] = {"sample:10", "sample:50", "sample:100"};
    static char text[80] = "words";
    uint32_t counts[3] = {0};
    fixture_queries(&f, queries, 3);
    for (uint32_t i = 0; i < 4000; i++) {
        char id[16];
        fixture_clear(&f);
        struct hy_mention *mention = fixture_add(&f, hy_str(text, 5));
        mention->m.id = hy_str(id, (size_t)snprintf(id, sizeof id, "%u", i));
        fixture_judge(&f);
        for (uint32_t rule = 0; rule < 3; rule++)
            counts[rule] += fixture_matched(mention, rule);
        if (fixture_matched(mention, 0))
            assert_true(fixture_matched(mention, 1));
    }
    assert_in_range(counts[0], 320, 480);
    assert_in_range(counts[1], 1880, 2120);
    assert_int_equal(counts[2], 4000);
    fixture_end(&f);
}

static bool scored(const char *query, const hydrant_emotion *emotion)
{
    struct match_fixture f;
    static char text[80] = "words";
    hydrant_emotion copy = *emotion;
    fixture_queries(&f, &query, 1);
    struct hy_mention *mention = fixture_add(&f, hy_str(text, 5));
    fixture_judge(&f);
    assert_int_equal(mention->pending_count, 1);
    assert_int_equal(mention->matches_count, 0);
    mention->emotion = &copy;
    mention->scored = true;
    hy_match_resolve(f.worker, f.batch);
    bool matched = mention->matches_count == 1;
    fixture_end(&f);
    return matched;
}

static void scores_decide_after_emotion(void **state)
{
    hydrant_emotion e = {.scored = true,
                         .intensity = 0.75f,
                         .valence = -0.38f,
                         .sentiment = HYDRANT_NEGATIVE,
                         .speech_act = HYDRANT_ACT_COMPLAINT};
    uint32_t anger = 0;
    while (strcmp(hydrant_emotion_name(anger), "anger") != 0)
        anger++;
    e.scores[anger] = 0.6f;
    e.labels = 1u << anger;
    e.sentiment_scores[HYDRANT_NEGATIVE] = 0.9f;
    e.acts[HYDRANT_ACT_COMPLAINT] = 0.5f;
    static const struct field_case cases[] = {
        {"emotion:anger", true},
        {"emotion:joy", false},
        {"emotion:anger>0.5", true},
        {"emotion:anger>0.7", false},
        {"NOT emotion:anger", false},
        {"sentiment:negative", true},
        {"sentiment:positive", false},
        {"sentiment:negative>=0.9", true},
        {"sentiment:negative<0.5", false},
        {"act:complaint", true},
        {"act:question", false},
        {"act:complaint<=0.5", true},
        {"intensity>0.7", true},
        {"intensity<0.7", false},
        {"valence<0", true},
        {"valence>=0", false},
        {"valence<-0.4", false},
        {"valence>-0.4", true},
        {"valence<=-.3", true},
        {"valence>-0", false},
        {"valence>=-1", true},
        {"NOT valence<0", false},
        {"words emotion:anger", true},
        {"emotion:joy OR act:complaint", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (scored(cases[i].query, &e) != cases[i].match)
            fail_msg("%s", cases[i].query);
    e.scored = false; /* the language is not covered */
    assert_false(scored("emotion:anger", &e));
    assert_true(scored("NOT emotion:anger", &e));
    assert_false(scored("valence<=1", &e));
}

/* Facts of the policy: no rule may use them, so the predicates are made by hand. */
static enum hy_truth policy_fact(struct hy_predicate p, const struct hy_mention *mention,
                                 const hydrant_verdict *verdict)
{
    struct hy_pack pack = {0};
    struct hy_eval eval = {.pack = &pack, .mention = mention, .verdict = verdict};
    return hy_predicate_eval(&p, &eval);
}

static void facts_of_the_policy(void **state)
{
    hydrant_dup dup = {.kind = HYDRANT_DUP_NEAR, .count = 7, .last_60m = 2};
    uint32_t rules[] = {4, 2};
    hydrant_verdict verdict = {.action = HYDRANT_ACTION_RECOVER};
    struct hy_mention mention = {.dup = &dup, .matched_rules = rules, .matches_count = 2};
    struct hy_mention unknown = {0};
    struct hy_predicate near = {.kind = HY_PREDICATE_DUP_KIND, .index = HYDRANT_DUP_NEAR};
    struct hy_predicate count = {.kind = HY_PREDICATE_DUP_COUNT, .low = 7, .high = INT64_MAX};
    struct hy_predicate recent = {.kind = HY_PREDICATE_DUP_RECENT, .low = 2, .high = INT64_MAX};
    struct hy_predicate matched = {.kind = HY_PREDICATE_MATCHED, .index = 2};
    struct hy_predicate action = {.kind = HY_PREDICATE_ACTION, .index = HYDRANT_ACTION_RECOVER};
    assert_int_equal(policy_fact(near, &mention, NULL), HY_TRUE);
    assert_int_equal(policy_fact(near, &unknown, NULL), HY_FALSE);
    assert_int_equal(policy_fact(count, &mention, NULL), HY_TRUE);
    count.low = 8;
    assert_int_equal(policy_fact(count, &mention, NULL), HY_FALSE);
    assert_int_equal(policy_fact(recent, &mention, NULL), HY_TRUE);
    recent.low = 3;
    assert_int_equal(policy_fact(recent, &mention, NULL), HY_FALSE);
    assert_int_equal(policy_fact(matched, &mention, NULL), HY_TRUE);
    matched.index = 3;
    assert_int_equal(policy_fact(matched, &mention, NULL), HY_FALSE);
    assert_int_equal(policy_fact(action, &mention, &verdict), HY_TRUE);
    assert_int_equal(policy_fact(action, &mention, NULL), HY_FALSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(absent_fields_are_false),
        cmocka_unit_test(the_text_alone_can_prove),
        cmocka_unit_test(own_and_sitekind_are_of_the_rules_brand),
        cmocka_unit_test(own_to_of_no_brand_is_of_any),
        cmocka_unit_test(handles_that_are_mentioned_are_folded),
        cmocka_unit_test(names_and_domains_are_folded),
        cmocka_unit_test(samples_are_stable_and_nested),
        cmocka_unit_test(scores_decide_after_emotion),
        cmocka_unit_test(facts_of_the_policy),
    };
    return cmocka_run_group_tests_name("match_fields", tests, NULL, NULL);
}
