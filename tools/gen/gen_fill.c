/*
 * Words into a post: the grammar's slots, each an alternative that is drawn, and the holes in them,
 * which are filled with what the post is about: its brand, phrase, product, an amount, a time.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "gen_composer.h"

enum { DEPTH_MAX = 8 };

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

void gen_push_text(struct gen_composer *c, const struct gen_text *text, uint8_t glue)
{
    const struct gen_token *tokens = c->gen->world.tokens + text->tokens;
    for (uint32_t i = 0; i < text->tokens_count; i++) {
        struct gen_token token = tokens[i];
        if (i == 0)
            token.glue = glue;
        gen_draft_push(c->draft, token);
    }
}

static void push_unknown(struct gen_composer *c, const char *text, uint32_t len, uint8_t glue)
{
    struct gen_token token = gen_draft_unknown(c->draft, text, len, GEN_WORD);
    token.glue = glue;
    gen_draft_push(c->draft, token);
}

/* Handles, acronyms and punctuation: nothing in them needs to be escaped. */
void gen_push_word(struct gen_composer *c, const char *text, uint32_t word, uint32_t len,
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

void gen_push_punct(struct gen_composer *c, const char text[GEN_TOKEN_READ], uint8_t glue)
{
    gen_push_word(c, text, GEN_WORD_NONE, (uint32_t)strlen(text), GEN_PUNCT, glue);
}

/* ---- slots and holes ---- */

static void fill_hole(struct gen_composer *c, enum gen_hole hole, uint8_t glue);

const struct gen_alternative *gen_choose(struct gen_composer *c, uint32_t number)
{
    const struct gen_grammar *grammar = &c->gen->world.grammar;
    const struct gen_slot *slot = &grammar->slots[number];
    uint32_t pick =
        slot->skewed ? gen_below_skewed(&c->rng, slot->count) : gen_below(&c->rng, slot->count);
    return &grammar->alternatives[slot->first + pick];
}

void gen_expand(struct gen_composer *c, uint32_t slot, uint8_t glue, uint32_t depth);

void gen_expand_alternative(struct gen_composer *c, const struct gen_alternative *pick,
                            uint8_t glue, uint32_t depth)
{
    assert(depth < DEPTH_MAX);
    const struct gen_token *tokens = c->gen->world.grammar.tokens + pick->first;
    for (uint32_t i = 0; i < pick->count; i++) {
        uint8_t before = i == 0 ? glue : tokens[i].glue;
        if (tokens[i].kind == GEN_SLOT) {
            gen_expand(c, tokens[i].word, before, depth + 1);
        } else if (tokens[i].kind == GEN_HOLE) {
            fill_hole(c, (enum gen_hole)tokens[i].word, before);
        } else {
            struct gen_token token = tokens[i];
            token.glue = before;
            gen_draft_push(c->draft, token);
        }
    }
}

void gen_expand(struct gen_composer *c, uint32_t slot, uint8_t glue, uint32_t depth)
{
    gen_expand_alternative(c, gen_choose(c, slot), glue, depth);
}

void gen_push_acronym(struct gen_composer *c, bool exact, uint8_t glue)
{
    const struct gen_brand *brand = gen_brand_of(c);
    const struct gen_word *lower = &c->gen->world.words.words[brand->acronym_word];
    gen_push_word(c, exact ? brand->acronym : lower->text, brand->acronym_word, brand->acronym_len,
                  GEN_WORD, glue);
    if (c->draft->count)
        c->draft->tokens[c->draft->count - 1].keep = true;
}

/* Written without spaces: what follows a hashtag would be part of it. */
static bool joins_hashtags(enum gen_language language)
{
    return language == GEN_JA || language == GEN_ZH;
}

static void push_brand(struct gen_composer *c, uint8_t glue)
{
    const struct gen_brand *brand = gen_brand_of(c);
    c->named = true;
    uint32_t form = gen_below(&c->rng, 100);
    if (form < 58 || glue == GEN_JOIN)
        gen_push_text(c, &brand->name, glue);
    else if (form < 82)
        gen_push_word(c, brand->handle, brand->handle_word, brand->handle_len, GEN_MENTION, glue);
    else if (form < 90 && !joins_hashtags(c->draft->language))
        gen_push_word(c, brand->handle, brand->handle_word, brand->handle_len, GEN_HASHTAG, glue);
    else
        gen_push_word(c, brand->care_handle, brand->care_word, brand->care_len, GEN_MENTION, glue);
}

/* Somebody who is not the brand, where it must not be named. */
static void push_nobody(struct gen_composer *c, uint8_t glue)
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

static const struct gen_text *phrase_of(struct gen_composer *c)
{
    const struct gen_world *world = &c->gen->world;
    const struct gen_rule *rule = gen_rule_of(c);
    if (rule->theme == GEN_THEME_CARE)
        return &world->groups[GEN_GROUP_CARE]
                             [gen_below(&c->rng, world->groups_count[GEN_GROUP_CARE])];
    return &world->phrases[rule->phrases + gen_below_skewed(&c->rng, rule->phrases_count)];
}

static void push_tokens(struct gen_composer *c, const struct gen_token *tokens, uint32_t count,
                        uint8_t glue)
{
    for (uint32_t i = 0; i < count; i++) {
        struct gen_token token = tokens[i];
        token.glue = i == 0 ? glue : GEN_SPACE;
        gen_draft_push(c->draft, token);
    }
}

/* A word with an ending that makes it another one. */
static void push_inside(struct gen_composer *c, const struct gen_token *token)
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

static void push_near_miss(struct gen_composer *c, uint8_t glue)
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
        gen_expand(c, gen->slot_apart, GEN_SPACE, 0);
        gen_expand(c, is_pleased(c->draft->class) ? gen->slot_good : gen->slot_bad, GEN_SPACE, 0);
        return;
    case MISS_APART:
        push_tokens(c, tokens, n - 1, glue);
        gen_expand(c, gen->slot_apart, GEN_SPACE, 0);
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
        gen_push_text(c, phrase, glue);
    }
}

static void push_product(struct gen_composer *c, uint8_t glue)
{
    gen_push_text(c, &gen_brand_of(c)->products[gen_below_skewed(&c->rng, GEN_PRODUCTS)], glue);
}

static void push_number(struct gen_composer *c, uint8_t glue)
{
    char text[12];
    uint32_t value =
        gen_percent(&c->rng, 95) ? 2 + gen_below_skewed(&c->rng, 40) : gen_below(&c->rng, 2000);
    push_unknown(c, text, decimal(text, value), glue);
}

static void push_price(struct gen_composer *c, uint8_t glue)
{
    static const char *const signs[] = {"$", "$", "£", "€"};
    static const char *const cents[] = {"", "", ".99", ".50"};
    char text[24]; /* one number after the other: compilers take arguments in any order */
    const char *cent = cents[gen_below(&c->rng, 4)];
    uint32_t value = 3 + gen_below_skewed(&c->rng, 300);
    const char *sign = signs[gen_below(&c->rng, 4)];
    int len = snprintf(text, sizeof text, "%s%u%s", sign, value, cent);
    push_unknown(c, text, (uint32_t)len, glue);
}

static void push_clock(struct gen_composer *c, uint8_t glue)
{
    char text[8];
    uint32_t len = decimal(text, 1 + gen_below(&c->rng, 23));
    uint32_t minute = gen_below(&c->rng, 60);
    text[len++] = ':';
    text[len++] = (char)('0' + minute / 10);
    text[len++] = (char)('0' + minute % 10);
    push_unknown(c, text, len, glue);
}

static void push_order(struct gen_composer *c, uint8_t glue)
{
    char text[16];
    text[0] = (char)('A' + gen_below(&c->rng, 26));
    text[1] = (char)('A' + gen_below(&c->rng, 26));
    uint32_t len = 2 + decimal(text + 2, 1000000 + gen_below(&c->rng, 9000000));
    push_unknown(c, text, len, glue);
}

void gen_push_handle(struct gen_composer *c, uint8_t glue)
{
    const struct gen_brand *brand = gen_brand_of(c);
    bool care = gen_percent(&c->rng, 45);
    c->named = true;
    gen_push_word(c, care ? brand->care_handle : brand->handle,
                  care ? brand->care_word : brand->handle_word,
                  care ? brand->care_len : brand->handle_len, GEN_MENTION, glue);
}

static void fill_hole(struct gen_composer *c, enum gen_hole hole, uint8_t glue)
{
    switch (hole) {
    case GEN_HOLE_BRAND:
        return c->silent ? push_nobody(c, glue) : push_brand(c, glue);
    case GEN_HOLE_HANDLE:
        return c->silent ? push_nobody(c, glue) : gen_push_handle(c, glue);
    case GEN_HOLE_PHRASE:
        if (c->mode == MODE_HIT)
            return gen_push_text(c, phrase_of(c), glue);
        return push_near_miss(c, glue);
    case GEN_HOLE_PRODUCT:
        return push_product(c, glue);
    case GEN_HOLE_TROUBLE:
        return gen_expand(c, c->gen->other[c->draft->language].trouble, glue, 1);
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
