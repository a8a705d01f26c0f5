/*
 * What a post says. English from the grammar, class by class; the other languages with fewer
 * sentences. Pure in (options, origin).
 *
 *   hit post      a rule is drawn; its phrase and whatever else it needs are put in
 *   other posts   a third talk about brands; a fifth are near misses: the phrase torn apart, turned
 *                 round, inside longer words, or whole but without what else the rule asks for
 *
 * When the words are there, gen_judge says what matches. In a post that is not to hit, whatever
 * matched by chance is pulled apart, so the share of hits is exactly the one asked for.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gen_post.h"

enum { STREAM_COMPOSE = 61 };
enum { DEPTH_MAX = 8, SAID_MAX = 16 };

enum mode { MODE_CHAT, MODE_BRAND, MODE_HIT, MODE_NEAR };

/* How a near miss misses. */
enum miss {
    MISS_OTHER_END, /* the beginning of a phrase, then something else */
    MISS_APART,     /* words in between */
    MISS_REVERSED,
    MISS_INSIDE, /* the last word is part of a longer one */
    MISS_PART,   /* one word only */
    MISS_UNMET,  /* the whole phrase, but the rule asks for more */
    MISSES
};

struct composer {
    const struct hy_gen *gen;
    struct gen_draft *draft;
    struct gen_rng rng;
    enum mode mode;
    enum miss miss;
    uint32_t rule;
    uint32_t target_bytes;
    uint32_t said[SAID_MAX], said_count; /* alternatives of sentences, so that none comes twice */
    bool silent;                         /* the brand must not be named */
    bool named;                          /* it was */
};

const char gen_language_codes[GEN_LANGUAGES][3] = {"en", "es", "fr", "de", "ru",
                                                   "ar", "ja", "zh", "ko"};
const uint32_t gen_language_weights[GEN_LANGUAGES] = {80, 4, 2, 2, 2, 3, 4, 2, 1};

/* ---- tokens ---- */

void gen_draft_push(struct gen_draft *draft, struct gen_token token)
{
    if (draft->count == GEN_TOKENS_MAX)
        return;
    draft->tokens[draft->count++] = token;
    draft->bytes += token.len + (token.glue != GEN_JOIN);
}

void gen_draft_insert(struct gen_draft *draft, uint32_t at, struct gen_token token)
{
    if (draft->count == GEN_TOKENS_MAX)
        return;
    memmove(draft->tokens + at + 1, draft->tokens + at,
            (draft->count - at) * sizeof *draft->tokens);
    draft->tokens[at] = token;
    draft->count++;
    draft->bytes += token.len + 1u;
}

char *gen_draft_keep(struct gen_draft *draft, const char *text, uint32_t len)
{
    if (draft->scratch_used + len + GEN_TOKEN_READ > GEN_SCRATCH_BYTES)
        return NULL;
    char *copy = draft->scratch + draft->scratch_used;
    memcpy(copy, text, len);
    draft->scratch_used += len;
    return copy;
}

/* A word that no rule knows. */
static struct gen_token unknown(struct gen_draft *draft, const char *text, uint32_t len,
                                enum gen_kind kind)
{
    static const char full[GEN_TOKEN_READ] = "...";
    char *copy = gen_draft_keep(draft, text, len);
    struct gen_token token = {.text = copy ? copy : full,
                              .len = copy ? (uint16_t)len : 3,
                              .kind = copy ? (uint8_t)kind : GEN_PUNCT,
                              .glue = GEN_SPACE};
    gen_token_look(&token);
    return token;
}

static uint32_t decimal(char *out, uint32_t value)
{
    char digits[10];
    uint32_t n = 0, len = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
    } while (value /= 10);
    while (n)
        out[len++] = digits[--n];
    return len;
}

struct gen_token gen_draft_url(struct gen_draft *draft, struct gen_rng *rng)
{
    static const char *const hosts[] = {"https://t.co/",
                                        "https://t.co/",
                                        "https://t.co/",
                                        "https://pic.example.net/",
                                        "https://news.example/a/",
                                        "https://youtu.example/v/",
                                        "https://blog.example.org/2026/"};
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    char text[64];
    const char *host = hosts[gen_below(rng, sizeof hosts / sizeof *hosts)];
    uint32_t len = (uint32_t)strlen(host);
    memcpy(text, host, len);
    uint64_t random = gen_next(rng);
    for (uint32_t i = 0; i < 10; i++, random = random * 0x9E3779B97F4A7C15u + 1)
        text[len++] =
            i == 4 ? (char)('0' + gen_scale(random, 10)) : alphabet[gen_scale(random, 62)];
    return unknown(draft, text, len, GEN_URL);
}

struct gen_token gen_draft_user(const struct hy_gen *gen, struct gen_draft *draft,
                                struct gen_rng *rng)
{
    char handle[32];
    uint32_t len =
        gen_person_handle(gen->world.options.seed, gen_below_skewed(rng, GEN_PEOPLE), handle);
    return unknown(draft, handle, len, GEN_MENTION);
}

static uint32_t slot_of(const struct hy_gen *gen, const char *prefix, enum gen_class class)
{
    char name[48];
    int len = snprintf(name, sizeof name, "%s_%s", prefix, gen_class_names[class]);
    return gen_grammar_slot(&gen->world.grammar, name, (size_t)len);
}

struct gen_token gen_draft_emoji(const struct hy_gen *gen, enum gen_class class,
                                 struct gen_rng *rng)
{
    const struct gen_grammar *grammar = &gen->world.grammar;
    const struct gen_slot *slot = &grammar->slots[gen->english[class].emoji];
    const struct gen_alternative *pick =
        &grammar->alternatives[slot->first + gen_below(rng, slot->count)];
    return grammar->tokens[pick->first];
}

static void push_text(struct composer *c, const struct gen_text *text, uint8_t glue)
{
    const struct gen_token *tokens = c->gen->world.tokens + text->tokens;
    for (uint32_t i = 0; i < text->tokens_count; i++) {
        struct gen_token token = tokens[i];
        if (i == 0)
            token.glue = glue;
        gen_draft_push(c->draft, token);
    }
}

static void push_unknown(struct composer *c, const char *text, uint32_t len, uint8_t glue)
{
    struct gen_token token = unknown(c->draft, text, len, GEN_WORD);
    token.glue = glue;
    gen_draft_push(c->draft, token);
}

/* Handles, acronyms and punctuation: nothing in them needs to be escaped. */
static void push_word(struct composer *c, const char *text, uint32_t word, uint32_t len,
                      enum gen_kind kind, uint8_t glue)
{
    gen_draft_push(c->draft, (struct gen_token){.text = text,
                                                .word = word,
                                                .len = (uint16_t)len,
                                                .kind = (uint8_t)kind,
                                                .glue = glue,
                                                .safe = true,
                                                .plain = (unsigned char)text[0] < 0x80});
}

static void push_punct(struct composer *c, const char text[GEN_TOKEN_READ], uint8_t glue)
{
    push_word(c, text, GEN_WORD_NONE, (uint32_t)strlen(text), GEN_PUNCT, glue);
}

/* ---- slots and holes ---- */

static void fill_hole(struct composer *c, enum gen_hole hole, uint8_t glue);

static const struct gen_alternative *choose(struct composer *c, uint32_t number)
{
    const struct gen_grammar *grammar = &c->gen->world.grammar;
    const struct gen_slot *slot = &grammar->slots[number];
    uint32_t pick =
        slot->skewed ? gen_below_skewed(&c->rng, slot->count) : gen_below(&c->rng, slot->count);
    return &grammar->alternatives[slot->first + pick];
}

static void expand(struct composer *c, uint32_t slot, uint8_t glue, uint32_t depth);

static void expand_alternative(struct composer *c, const struct gen_alternative *pick, uint8_t glue,
                               uint32_t depth)
{
    assert(depth < DEPTH_MAX);
    const struct gen_token *tokens = c->gen->world.grammar.tokens + pick->first;
    for (uint32_t i = 0; i < pick->count; i++) {
        uint8_t before = i == 0 ? glue : tokens[i].glue;
        if (tokens[i].kind == GEN_SLOT) {
            expand(c, tokens[i].word, before, depth + 1);
        } else if (tokens[i].kind == GEN_HOLE) {
            fill_hole(c, (enum gen_hole)tokens[i].word, before);
        } else {
            struct gen_token token = tokens[i];
            token.glue = before;
            gen_draft_push(c->draft, token);
        }
    }
}

static void expand(struct composer *c, uint32_t slot, uint8_t glue, uint32_t depth)
{
    expand_alternative(c, choose(c, slot), glue, depth);
}

static const struct gen_brand *brand_of(const struct composer *c)
{
    return &c->gen->world.brands[c->draft->brand];
}

static const struct gen_rule *rule_of(const struct composer *c)
{
    return &c->gen->world.rules[c->rule];
}

static void push_acronym(struct composer *c, bool exact, uint8_t glue)
{
    const struct gen_brand *brand = brand_of(c);
    const struct gen_word *lower = &c->gen->world.words.words[brand->acronym_word];
    push_word(c, exact ? brand->acronym : lower->text, brand->acronym_word, brand->acronym_len,
              GEN_WORD, glue);
    if (c->draft->count)
        c->draft->tokens[c->draft->count - 1].keep = true;
}

/* Written without spaces: what follows a hashtag would be part of it. */
static bool joins_hashtags(enum gen_language language)
{
    return language == GEN_JA || language == GEN_ZH;
}

static void push_brand(struct composer *c, uint8_t glue)
{
    const struct gen_brand *brand = brand_of(c);
    c->named = true;
    uint32_t form = gen_below(&c->rng, 100);
    if (form < 58 || glue == GEN_JOIN)
        push_text(c, &brand->name, glue);
    else if (form < 82)
        push_word(c, brand->handle, brand->handle_word, brand->handle_len, GEN_MENTION, glue);
    else if (form < 90 && !joins_hashtags(c->draft->language))
        push_word(c, brand->handle, brand->handle_word, brand->handle_len, GEN_HASHTAG, glue);
    else
        push_word(c, brand->care_handle, brand->care_word, brand->care_len, GEN_MENTION, glue);
}

/* Somebody who is not the brand, where it must not be named. */
static void push_nobody(struct composer *c, uint8_t glue)
{
    static const char *const others[] = {"they", "this company", "my provider", "these people"};
    if (c->draft->language != GEN_EN) {
        struct gen_token user = gen_draft_user(c->gen, c->draft, &c->rng);
        user.glue = glue;
        gen_draft_push(c->draft, user);
        return;
    }
    const char *text = others[gen_below(&c->rng, 4)];
    const char *space = strchr(text, ' ');
    push_unknown(c, text, space ? (uint32_t)(space - text) : (uint32_t)strlen(text), glue);
    if (space)
        push_unknown(c, space + 1, (uint32_t)strlen(space + 1), GEN_SPACE);
}

static const struct gen_text *phrase_of(struct composer *c)
{
    const struct gen_world *world = &c->gen->world;
    const struct gen_rule *rule = rule_of(c);
    if (rule->theme == GEN_THEME_CARE)
        return &world->groups[GEN_GROUP_CARE]
                             [gen_below(&c->rng, world->groups_count[GEN_GROUP_CARE])];
    return &world->phrases[rule->phrases + gen_below_skewed(&c->rng, rule->phrases_count)];
}

static void push_tokens(struct composer *c, const struct gen_token *tokens, uint32_t count,
                        uint8_t glue)
{
    for (uint32_t i = 0; i < count; i++) {
        struct gen_token token = tokens[i];
        token.glue = i == 0 ? glue : GEN_SPACE;
        gen_draft_push(c->draft, token);
    }
}

/* A word with an ending that makes it another one. */
static void push_inside(struct composer *c, const struct gen_token *token)
{
    static const char *const ends[] = {"town", "ish", "ness", "load", "ing", "er", "ful", "wards"};
    char text[GEN_WORD_BYTES_MAX + 8];
    memcpy(text, token->text, token->len);
    for (uint32_t i = 0; i < 8; i++) {
        const char *end = ends[gen_below(&c->rng, 8)];
        uint32_t len = token->len + (uint32_t)strlen(end);
        memcpy(text + token->len, end, strlen(end));
        if (gen_words_find(&c->gen->world.words, text, len) != GEN_WORD_NONE)
            continue;
        push_unknown(c, text, len, GEN_SPACE);
        return;
    }
}

static bool is_pleased(enum gen_class class)
{
    return class == GEN_CLASS_PRAISE || class == GEN_CLASS_JOY || class == GEN_CLASS_THANKS;
}

static void push_near_miss(struct composer *c, uint8_t glue)
{
    const struct gen_text *phrase = phrase_of(c);
    const struct gen_token *tokens = c->gen->world.tokens + phrase->tokens;
    uint32_t n = phrase->tokens_count;
    const struct hy_gen *gen = c->gen;
    if (n < 2 && c->miss != MISS_UNMET)
        return push_nobody(c, glue);
    switch (c->miss) {
    case MISS_OTHER_END:
        push_tokens(c, tokens, n - 1, glue);
        expand(c, gen->slot_apart, GEN_SPACE, 0);
        expand(c, is_pleased(c->draft->class) ? gen->slot_good : gen->slot_bad, GEN_SPACE, 0);
        return;
    case MISS_APART:
        push_tokens(c, tokens, n - 1, glue);
        expand(c, gen->slot_apart, GEN_SPACE, 0);
        push_tokens(c, tokens + n - 1, 1, GEN_SPACE);
        return;
    case MISS_REVERSED:
        push_tokens(c, tokens + n - 1, 1, glue);
        push_tokens(c, tokens, n - 1, GEN_SPACE);
        return;
    case MISS_INSIDE:
        push_tokens(c, tokens, n - 1, glue);
        push_inside(c, &tokens[n - 1]);
        return;
    case MISS_PART:
        push_tokens(c, tokens + gen_below(&c->rng, n), 1, glue);
        return;
    default:
        push_text(c, phrase, glue);
    }
}

static void push_product(struct composer *c, uint8_t glue)
{
    push_text(c, &brand_of(c)->products[gen_below_skewed(&c->rng, GEN_PRODUCTS)], glue);
}

static void push_number(struct composer *c, uint8_t glue)
{
    char text[12];
    uint32_t value =
        gen_percent(&c->rng, 95) ? 2 + gen_below_skewed(&c->rng, 40) : gen_below(&c->rng, 2000);
    push_unknown(c, text, decimal(text, value), glue);
}

static void push_price(struct composer *c, uint8_t glue)
{
    static const char *const signs[] = {"$", "$", "£", "€"};
    static const char *const cents[] = {"", "", ".99", ".50"};
    char text[24];
    int len = snprintf(text, sizeof text, "%s%u%s", signs[gen_below(&c->rng, 4)],
                       3 + gen_below_skewed(&c->rng, 300), cents[gen_below(&c->rng, 4)]);
    push_unknown(c, text, (uint32_t)len, glue);
}

static void push_clock(struct composer *c, uint8_t glue)
{
    char text[8];
    uint32_t len = decimal(text, 1 + gen_below(&c->rng, 23));
    uint32_t minute = gen_below(&c->rng, 60);
    text[len++] = ':';
    text[len++] = (char)('0' + minute / 10);
    text[len++] = (char)('0' + minute % 10);
    push_unknown(c, text, len, glue);
}

static void push_order(struct composer *c, uint8_t glue)
{
    char text[16];
    text[0] = (char)('A' + gen_below(&c->rng, 26));
    text[1] = (char)('A' + gen_below(&c->rng, 26));
    uint32_t len = 2 + decimal(text + 2, 1000000 + gen_below(&c->rng, 9000000));
    push_unknown(c, text, len, glue);
}

static void push_handle(struct composer *c, uint8_t glue)
{
    const struct gen_brand *brand = brand_of(c);
    bool care = gen_percent(&c->rng, 45);
    c->named = true;
    push_word(c, care ? brand->care_handle : brand->handle,
              care ? brand->care_word : brand->handle_word,
              care ? brand->care_len : brand->handle_len, GEN_MENTION, glue);
}

static void fill_hole(struct composer *c, enum gen_hole hole, uint8_t glue)
{
    switch (hole) {
    case GEN_HOLE_BRAND:
        return c->silent ? push_nobody(c, glue) : push_brand(c, glue);
    case GEN_HOLE_HANDLE:
        return c->silent ? push_nobody(c, glue) : push_handle(c, glue);
    case GEN_HOLE_PHRASE:
        if (c->mode == MODE_HIT)
            return push_text(c, phrase_of(c), glue);
        return push_near_miss(c, glue);
    case GEN_HOLE_PRODUCT:
        return push_product(c, glue);
    case GEN_HOLE_TROUBLE:
        return expand(c, c->gen->other[c->draft->language].trouble, glue, 1);
    case GEN_HOLE_NUM:
        return push_number(c, glue);
    case GEN_HOLE_PRICE:
        return push_price(c, glue);
    case GEN_HOLE_CLOCK:
        return push_clock(c, glue);
    case GEN_HOLE_ORDER:
        return push_order(c, glue);
    case GEN_HOLE_USER:
        return gen_draft_push(c->draft, gen_draft_user(c->gen, c->draft, &c->rng));
    case GEN_HOLES:
        break;
    }
}

/* ---- sentences ---- */

/* How a sentence of a class ends; nothing after a question mark that is there already. */
static void end_sentence(struct composer *c, bool last)
{
    struct gen_draft *draft = c->draft;
    static const char calm[][GEN_TOKEN_READ] = {".", ".", ".", "...", "", "!"};
    static const char loud[][GEN_TOKEN_READ] = {"!", "!!", ".", "!!!", "!", ""};
    static const char stop[GEN_TOKEN_READ] = "。", comma[GEN_TOKEN_READ] = ",",
                      dash[GEN_TOKEN_READ] = "-";
    if (draft->count == 0)
        return;
    const struct gen_token *end = &draft->tokens[draft->count - 1];
    if (end->kind == GEN_PUNCT || end->kind == GEN_EMOJI)
        return;
    if (draft->language == GEN_JA || draft->language == GEN_ZH) {
        if (!last || gen_percent(&c->rng, 50))
            push_punct(c, stop, GEN_JOIN);
        return;
    }
    bool excited = draft->class == GEN_CLASS_RANT || draft->class == GEN_CLASS_JOY ||
                   draft->class == GEN_CLASS_PRAISE || draft->class == GEN_CLASS_WORRY;
    const char *mark = (excited ? loud : calm)[gen_below(&c->rng, 6)];
    if (*mark && !(last && gen_percent(&c->rng, 35)))
        push_punct(c, mark, GEN_JOIN);
    else if (!last && gen_percent(&c->rng, 70))
        push_punct(c, comma, GEN_JOIN);
    else if (!last)
        push_punct(c, dash, GEN_SPACE);
}

static uint8_t next_glue(struct composer *c)
{
    if (c->draft->count == 0)
        return GEN_JOIN;
    bool cjk = c->draft->language == GEN_JA || c->draft->language == GEN_ZH;
    if (c->draft->tokens[c->draft->count - 1].kind != GEN_PUNCT)
        cjk = false;
    if (gen_percent(&c->rng, c->draft->bytes > 200 ? 15 : 4))
        return GEN_NEWLINE;
    return cjk ? GEN_JOIN : GEN_SPACE;
}

/* An alternative that this post has not used yet, or whichever comes after a few tries. */
static const struct gen_alternative *choose_fresh(struct composer *c, uint32_t slot)
{
    enum { TRIES = 4 };
    const struct gen_alternative *pick = choose(c, slot);
    for (uint32_t i = 0, tries = 0; i < c->said_count && tries < TRIES; i++) {
        if (c->said[i] != pick->first)
            continue;
        pick = choose(c, slot);
        tries++;
        i = UINT32_MAX; /* from the beginning */
    }
    if (c->said_count < SAID_MAX)
        c->said[c->said_count++] = pick->first;
    return pick;
}

/* A sentence begins with a capital unless a comma or dash came before. */
static void sentence(struct composer *c, uint32_t slot)
{
    struct gen_draft *draft = c->draft;
    uint32_t first = draft->count;
    bool begins =
        first == 0 || draft->tokens[first - 1].kind != GEN_PUNCT ||
        (draft->tokens[first - 1].text[0] != ',' && draft->tokens[first - 1].text[0] != '-');
    expand_alternative(c, choose_fresh(c, slot), next_glue(c), 0);
    for (uint32_t i = first; begins && i < draft->count; i++) {
        if (draft->tokens[i].kind == GEN_PUNCT)
            continue;
        draft->tokens[i].capital = draft->tokens[i].kind == GEN_WORD;
        return;
    }
}

static void opener(struct composer *c)
{
    const struct gen_class_slots *slots = &c->gen->english[c->draft->class];
    uint32_t percent = c->draft->class == GEN_CLASS_THANKS ? 100 : 30;
    if (!gen_percent(&c->rng, percent))
        return;
    sentence(c, slots->open);
    const struct gen_token *end = &c->draft->tokens[c->draft->count - 1];
    static const char comma[GEN_TOKEN_READ] = ",", dots[GEN_TOKEN_READ] = "...";
    if (end->kind != GEN_PUNCT)
        push_punct(c, gen_percent(&c->rng, 70) ? comma : dots, GEN_JOIN);
}

static uint32_t core_slot(const struct composer *c)
{
    const struct gen_class_slots *slots = &c->gen->english[c->draft->class];
    switch (c->mode) {
    case MODE_CHAT:
        return slots->chat;
    case MODE_BRAND:
        return slots->brand;
    default:
        return slots->hit;
    }
}

static void compose_english(struct composer *c)
{
    struct gen_draft *draft = c->draft;
    const struct gen_class_slots *slots = &c->gen->english[draft->class];
    opener(c);
    sentence(c, draft->own ? c->gen->slot_own : core_slot(c));
    while (draft->bytes + 25 < c->target_bytes && draft->count + 64 < GEN_TOKENS_MAX) {
        end_sentence(c, false);
        uint32_t draw = gen_below(&c->rng, 100);
        if (draw < 74)
            sentence(c, slots->more);
        else if (draw < 86)
            sentence(c, slots->chat);
        else if (draw < 93 || c->silent)
            sentence(c, c->gen->english[GEN_CLASS_NEUTRAL].chat);
        else if (c->mode == MODE_HIT || c->mode == MODE_CHAT)
            sentence(c, c->gen->english[GEN_CLASS_NEUTRAL].more);
        else
            sentence(c, slots->brand);
    }
    end_sentence(c, true);
    if (c->said_count < 2 && gen_percent(&c->rng, 75))
        expand(c, c->gen->slot_detail, GEN_SPACE, 0);
}

static void compose_other(struct composer *c)
{
    struct gen_draft *draft = c->draft;
    const struct gen_other_slots *slots = &c->gen->other[draft->language];
    sentence(c, c->mode == MODE_CHAT    ? slots->chat
                : c->mode == MODE_BRAND ? slots->brand
                                        : slots->hit);
    while (draft->bytes + 30 < c->target_bytes && draft->count + 64 < GEN_TOKENS_MAX) {
        end_sentence(c, false);
        sentence(c, gen_percent(&c->rng, 55) ? slots->more : slots->chat);
    }
    end_sentence(c, true);
    expand(c, slots->detail, GEN_SPACE, 0);
}

/* ---- what the rule still needs, and decorations ---- */

static void need_brand(struct composer *c)
{
    const struct gen_brand *brand = brand_of(c);
    struct gen_token mention = {.text = brand->handle,
                                .word = brand->handle_word,
                                .len = brand->handle_len,
                                .kind = GEN_MENTION,
                                .glue = GEN_SPACE};
    if (gen_percent(&c->rng, 50)) {
        gen_draft_push(c->draft, mention);
        return;
    }
    if (c->draft->count)
        c->draft->tokens[0].glue = GEN_SPACE;
    mention.glue = GEN_JOIN;
    gen_draft_insert(c->draft, 0, mention);
}

static void need_more(struct composer *c)
{
    const struct gen_brand *brand = brand_of(c);
    uint8_t need = rule_of(c)->need;
    if ((need & GEN_NEED_BRAND) && !c->named)
        need_brand(c);
    if (need & GEN_NEED_CASE)
        push_acronym(c, true, GEN_SPACE);
    if (need & GEN_NEED_TAG)
        push_word(c, brand->handle, brand->handle_word, brand->handle_len, GEN_HASHTAG, GEN_SPACE);
}

/* Of a near miss that has the whole phrase: what makes the rule false. */
static void spoil(struct composer *c)
{
    const struct gen_world *world = &c->gen->world;
    const struct gen_rule *rule = rule_of(c);
    if (c->silent) {
        if ((rule->need & GEN_NEED_CASE) && gen_percent(&c->rng, 70))
            push_acronym(c, false, GEN_SPACE);
        return;
    }
    for (uint32_t g = GEN_GROUP_AVOID; g < GEN_GROUPS; g++) {
        if (!(rule->avoid_groups & 1u << g))
            continue;
        need_more(c);
        push_text(c, &world->groups[g][gen_below(&c->rng, world->groups_count[g])], GEN_SPACE);
    }
}

static void push_hashtag(struct composer *c)
{
    bool bad = c->draft->class == GEN_CLASS_COMPLAINT || c->draft->class == GEN_CLASS_RANT;
    bool good = c->draft->class == GEN_CLASS_PRAISE || c->draft->class == GEN_CLASS_JOY;
    uint32_t slot = bad ? c->gen->slot_tags_bad : good ? c->gen->slot_tags_good : c->gen->slot_tags;
    if (gen_percent(&c->rng, 40))
        slot = c->gen->slot_tags;
    struct gen_token token = c->gen->world.grammar.tokens[choose(c, slot)->first];
    token.kind = GEN_HASHTAG;
    token.glue = GEN_SPACE;
    gen_draft_push(c->draft, token);
}

static void push_emoji(struct composer *c)
{
    struct gen_token emoji = gen_draft_emoji(c->gen, c->draft->class, &c->rng);
    emoji.glue = gen_percent(&c->rng, 85) ? GEN_SPACE : GEN_JOIN;
    gen_draft_push(c->draft, emoji);
    if (gen_percent(&c->rng, 20)) {
        emoji.glue = GEN_JOIN;
        gen_draft_push(c->draft, emoji);
    }
}

static void decorate(struct composer *c)
{
    if (gen_percent(&c->rng, 28))
        push_emoji(c);
    if (gen_percent(&c->rng, 18)) {
        push_hashtag(c);
        while (gen_percent(&c->rng, 35))
            push_hashtag(c);
    }
    if (gen_percent(&c->rng, 24))
        gen_draft_push(c->draft, gen_draft_url(c->draft, &c->rng));
    if (gen_percent(&c->rng, 6))
        push_emoji(c);
}

/* Replies begin with whom they answer. */
static void address(struct composer *c)
{
    while (gen_percent(&c->rng, 25))
        gen_draft_push(c->draft, gen_draft_user(c->gen, c->draft, &c->rng));
    if (c->mode != MODE_CHAT && !c->silent && gen_percent(&c->rng, 25))
        push_handle(c, GEN_SPACE);
    if (c->draft->count)
        c->draft->tokens[0].glue = GEN_JOIN;
}

/* ---- the choice of what to say ---- */

static enum gen_class class_of_theme(struct gen_rng *rng, uint8_t theme)
{
    static const struct {
        uint8_t class, percent;
    } table[GEN_THEMES][4] = {
        [GEN_THEME_OUTAGE] = {{GEN_CLASS_COMPLAINT, 45},
                              {GEN_CLASS_RANT, 20},
                              {GEN_CLASS_QUESTION, 22},
                              {GEN_CLASS_REQUEST, 13}},
        [GEN_THEME_BILLING] = {{GEN_CLASS_COMPLAINT, 45},
                               {GEN_CLASS_RANT, 18},
                               {GEN_CLASS_QUESTION, 25},
                               {GEN_CLASS_REQUEST, 12}},
        [GEN_THEME_PRAISE] = {{GEN_CLASS_PRAISE, 60},
                              {GEN_CLASS_THANKS, 25},
                              {GEN_CLASS_JOY, 15},
                              {GEN_CLASS_JOY, 0}},
        [GEN_THEME_HOWTO] = {{GEN_CLASS_QUESTION, 60},
                             {GEN_CLASS_REQUEST, 25},
                             {GEN_CLASS_NEUTRAL, 15},
                             {GEN_CLASS_JOY, 0}},
        [GEN_THEME_DELIVERY] = {{GEN_CLASS_COMPLAINT, 45},
                                {GEN_CLASS_QUESTION, 30},
                                {GEN_CLASS_RANT, 13},
                                {GEN_CLASS_REQUEST, 12}},
        [GEN_THEME_CHURN] = {{GEN_CLASS_COMPLAINT, 40},
                             {GEN_CLASS_RANT, 35},
                             {GEN_CLASS_SAD, 15},
                             {GEN_CLASS_QUESTION, 10}},
        [GEN_THEME_SAFETY] = {{GEN_CLASS_WORRY, 60},
                              {GEN_CLASS_COMPLAINT, 25},
                              {GEN_CLASS_RANT, 15},
                              {GEN_CLASS_JOY, 0}},
        [GEN_THEME_LEGAL] = {{GEN_CLASS_RANT, 45},
                             {GEN_CLASS_COMPLAINT, 40},
                             {GEN_CLASS_NEUTRAL, 15},
                             {GEN_CLASS_JOY, 0}},
        [GEN_THEME_INTL] = {{GEN_CLASS_COMPLAINT, 100},
                            {GEN_CLASS_JOY, 0},
                            {GEN_CLASS_JOY, 0},
                            {GEN_CLASS_JOY, 0}},
        [GEN_THEME_CARE] = {{GEN_CLASS_REQUEST, 70},
                            {GEN_CLASS_COMPLAINT, 30},
                            {GEN_CLASS_JOY, 0},
                            {GEN_CLASS_JOY, 0}},
    };
    uint32_t draw = gen_below(rng, 100), i = 0;
    while (draw >= table[theme][i].percent)
        draw -= table[theme][i++].percent;
    return (enum gen_class)table[theme][i].class;
}

static enum gen_class class_of_chat(struct gen_rng *rng)
{
    static const uint8_t percent[GEN_CLASSES] = {44, 9, 3, 12, 3, 10, 5, 3, 4, 7};
    uint32_t draw = gen_below(rng, 100), class = 0;
    while (draw >= percent[class])
        draw -= percent[class ++];
    return (enum gen_class) class;
}

/* A rule with phrases (or the care rule) of the draft's brand. When the brand has none, any rule
 * with phrases; the brand then is that rule's. */
static void draw_rule(struct composer *c, bool burst)
{
    static const uint8_t percent[] = {30, 20, 14, 12, 10, 6, 3, 2};
    const struct gen_world *world = &c->gen->world;
    uint32_t theme = 0, draw = burst && gen_percent(&c->rng, 80) ? 0 : gen_below(&c->rng, 100);
    while (theme < GEN_PHRASE_THEMES && draw >= percent[theme])
        draw -= percent[theme++];
    if (theme == GEN_PHRASE_THEMES)
        theme = GEN_THEME_CARE;
    c->rule = world->brands[c->draft->brand].rules[theme];
    if (c->rule == GEN_NO_RULE)
        c->rule = gen_below(&c->rng, world->phrase_rules_count);
    c->draft->brand = world->rules[c->rule].brand;
}

static void draw_miss(struct composer *c)
{
    static const uint8_t percent[MISSES] = {30, 22, 10, 14, 12, 12};
    uint32_t draw = gen_below(&c->rng, 100), miss = 0;
    while (draw >= percent[miss])
        draw -= percent[miss++];
    c->miss = (enum miss)miss;
    if (c->miss != MISS_UNMET)
        return;
    const struct gen_rule *rule = rule_of(c);
    bool can_be_silent = rule->need & (GEN_NEED_BRAND | GEN_NEED_CASE | GEN_NEED_TAG);
    c->silent = can_be_silent && (!rule->avoid_groups || gen_percent(&c->rng, 60));
    if (!c->silent && !rule->avoid_groups)
        c->miss = MISS_APART;
}

static void draw_mode(struct composer *c, bool hit, bool burst)
{
    struct gen_draft *draft = c->draft;
    uint32_t draw = gen_below(&c->rng, 100);
    c->mode = hit ? MODE_HIT : draw < 20 ? MODE_NEAR : draw < 40 ? MODE_BRAND : MODE_CHAT;
    if (draft->language != GEN_EN) {
        c->rule = c->gen->world.brands[draft->brand].rules[GEN_THEME_INTL];
        draft->class = c->mode == MODE_HIT ? GEN_CLASS_COMPLAINT : GEN_CLASS_NEUTRAL;
        c->silent = c->mode == MODE_NEAR;
        return;
    }
    if (c->mode == MODE_HIT || c->mode == MODE_NEAR) {
        draw_rule(c, burst);
        draft->class = class_of_theme(&c->rng, rule_of(c)->theme);
        if (c->mode == MODE_NEAR)
            draw_miss(c);
        return;
    }
    draft->class = class_of_chat(&c->rng);
    draft->own = c->mode == MODE_BRAND && gen_percent(&c->rng, 2);
    if (draft->own)
        draft->class = GEN_CLASS_NEUTRAL;
}

/* Most posts are short, few are long: bytes of text aimed at. */
static uint32_t draw_length(struct gen_rng *rng, enum hy_gen_size size)
{
    static const struct {
        uint16_t low, high;
        uint8_t percent;
    } table[] = {{25, 60, 16},   {60, 120, 38}, {120, 200, 28},
                 {200, 270, 12}, {270, 450, 5}, {450, 1000, 1}};
    uint32_t draw = gen_below(rng, 100), i = 0;
    while (draw >= table[i].percent)
        draw -= table[i++].percent;
    uint32_t length = table[i].low + gen_below(rng, table[i].high - table[i].low);
    return size == HY_GEN_SHORT ? length / 3 : length;
}

static enum gen_style draw_style(struct gen_rng *rng, enum gen_class class)
{
    uint32_t draw = gen_below(rng, 100);
    if (draw < (class == GEN_CLASS_RANT ? 25 : 3))
        return GEN_STYLE_CAPS;
    return draw < 40 ? GEN_STYLE_LOWER : GEN_STYLE_NORMAL;
}

static enum gen_language draw_language(const struct hy_gen *gen, struct gen_rng *rng)
{
    uint32_t draw = (uint32_t)(gen_next(rng) >> 32), language = 0;
    while (language < gen->language_last && draw >= gen->language_cut[language])
        language++;
    return (enum gen_language)language;
}

/* ---- the truth is as planned ---- */

static struct gen_token breaker(struct composer *c)
{
    struct gen_token token = c->gen->world.grammar.tokens[choose(c, c->gen->slot_breaker)->first];
    token.glue = GEN_SPACE;
    return token;
}

static void clear_doubts(struct composer *c, struct gen_verdict *verdict)
{
    gen_judge(&c->gen->world, c->draft, verdict);
    while (verdict->doubtful < c->draft->count) {
        gen_draft_insert(c->draft, verdict->doubtful, breaker(c));
        gen_judge(&c->gen->world, c->draft, verdict);
    }
}

/* Takes one term out of a post that must not hit: a word between two words of a phrase, or another
 * account instead of the brand's. */
static void take_out(struct composer *c)
{
    struct gen_draft *draft = c->draft;
    const struct gen_world *world = &c->gen->world;
    for (uint32_t i = 0; i < draft->count; i++) {
        struct gen_token *token = &draft->tokens[i];
        if (!token->marked || !(world->flags[token->word] & GEN_FLAG_HEAD))
            continue;
        uint32_t next = i + 1;
        while (next < draft->count && draft->tokens[next].word == GEN_WORD_NONE)
            next++;
        if (next < draft->count && draft->tokens[next].marked &&
            gen_trie_child(&world->trie, token->word, draft->tokens[next].word) != GEN_NO_NODE) {
            gen_draft_insert(draft, next, breaker(c));
            return;
        }
    }
    for (uint32_t i = 0; i < draft->count; i++) {
        struct gen_token *token = &draft->tokens[i];
        if (!token->marked)
            continue;
        struct gen_token other = gen_draft_user(c->gen, draft, &c->rng);
        other.glue = token->glue;
        *token = other;
        return;
    }
}

static void settle(struct composer *c)
{
    struct gen_verdict verdict;
    clear_doubts(c, &verdict);
    if (c->mode == MODE_HIT) {
        assert(verdict.count > 0);
        return;
    }
    while (verdict.count > 0) {
        take_out(c);
        clear_doubts(c, &verdict);
    }
}

void gen_compose(const struct hy_gen *gen, uint64_t origin, struct gen_draft *draft)
{
    const struct gen_world *world = &gen->world;
    struct composer c;
    c.gen = gen;
    c.draft = draft;
    c.miss = MISS_PART;
    c.said_count = 0;
    c.silent = c.named = false;
    c.rng = gen_rng_seed(gen_stream(world->options.seed, STREAM_COMPOSE), origin);
    draft->count = draft->bytes = draft->scratch_used = 0;
    draft->own = false;
    bool hit = gen_below(&c.rng, HY_GEN_PPM) < world->options.hit_ppm;
    struct gen_burst burst = gen_plan_burst(world, origin);
    bool in_burst = burst.on && gen_percent(&c.rng, 40);
    draft->brand = in_burst ? burst.brand : gen_zipf_draw(&world->brand_zipf, gen_next(&c.rng));
    draft->language = draw_language(gen, &c.rng);
    draw_mode(&c, hit, in_burst);
    draft->style = draw_style(&c.rng, draft->class);
    c.target_bytes = draw_length(&c.rng, world->options.size);
    if (gen_percent(&c.rng, 20))
        address(&c);
    if (draft->language == GEN_EN)
        compose_english(&c);
    else
        compose_other(&c);
    decorate(&c);
    if (c.mode == MODE_HIT)
        need_more(&c);
    else if (c.mode == MODE_NEAR && c.miss == MISS_UNMET && draft->language == GEN_EN)
        spoil(&c);
    settle(&c);
}

/* ---- the slots, looked up once ---- */

static void find_slots(struct hy_gen *gen)
{
    const struct gen_grammar *grammar = &gen->world.grammar;
    for (uint32_t i = 0; i < GEN_CLASSES; i++) {
        enum gen_class class = (enum gen_class)i;
        gen->english[i] =
            (struct gen_class_slots){slot_of(gen, "chat", class), slot_of(gen, "brand", class),
                                     slot_of(gen, "hit", class),  slot_of(gen, "more", class),
                                     slot_of(gen, "open", class), slot_of(gen, "emoji", class)};
    }
    for (uint32_t i = GEN_EN + 1; i < GEN_LANGUAGES; i++) {
        static const char *const kinds[] = {"chat", "brand", "hit", "more", "detail", "trouble"};
        uint32_t found[6];
        for (uint32_t k = 0; k < 6; k++) {
            char name[24];
            int len = snprintf(name, sizeof name, "%s_%s", gen_language_codes[i], kinds[k]);
            found[k] = gen_grammar_slot(grammar, name, (size_t)len);
        }
        gen->other[i] =
            (struct gen_other_slots){found[0], found[1], found[2], found[3], found[4], found[5]};
    }
    gen->slot_detail = gen_grammar_slot(grammar, "detail", 6);
    gen->slot_own = gen_grammar_slot(grammar, "own", 3);
    gen->slot_tags = gen_grammar_slot(grammar, "tags", 4);
    gen->slot_tags_bad = gen_grammar_slot(grammar, "tags_complaint", 14);
    gen->slot_tags_good = gen_grammar_slot(grammar, "tags_praise", 11);
    gen->slot_breaker = gen_grammar_slot(grammar, "breaker", 7);
    gen->slot_apart = gen_grammar_slot(grammar, "apart", 5);
    gen->slot_bad = gen_grammar_slot(grammar, "bad", 3);
    gen->slot_good = gen_grammar_slot(grammar, "good", 4);
}

static bool wanted(const char *languages, const char *code)
{
    if (strcmp(languages, "mix") == 0)
        return true;
    for (const char *p = languages; (p = strstr(p, code)); p++)
        if ((p == languages || p[-1] == ',') && (p[2] == 0 || p[2] == ','))
            return true;
    return false;
}

bool gen_compose_init(struct hy_gen *gen)
{
    find_slots(gen);
    const char *languages = gen->world.options.languages;
    uint64_t sum = 0, so_far = 0;
    for (uint32_t i = 0; i < GEN_LANGUAGES; i++)
        if (wanted(languages, gen_language_codes[i]))
            sum += gen_language_weights[i];
    if (sum == 0)
        return false;
    uint32_t last = 0;
    for (uint32_t i = 0; i < GEN_LANGUAGES; i++) {
        if (wanted(languages, gen_language_codes[i])) {
            so_far += gen_language_weights[i];
            last = i;
        }
        uint64_t cut = (so_far << 32) / sum;
        gen->language_cut[i] = cut > UINT32_MAX ? UINT32_MAX : (uint32_t)cut;
    }
    gen->language_last = last;
    return true;
}
