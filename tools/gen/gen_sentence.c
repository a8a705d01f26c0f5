/*
 * The sentences of a post, class by class, then what its rule still asks for and decorations:
 * hashtags, emoji, links, whom it is addressed to.
 */

#include "gen_composer.h"

/* ---- sentences ---- */

/* How a sentence of a class ends; nothing after a question mark that is there already. */
static void end_sentence(struct gen_composer *c, bool last)
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
            gen_push_punct(c, stop, GEN_JOIN);
        return;
    }
    bool excited = draft->class == GEN_CLASS_RANT || draft->class == GEN_CLASS_JOY ||
                   draft->class == GEN_CLASS_PRAISE || draft->class == GEN_CLASS_WORRY;
    const char *mark = (excited ? loud : calm)[gen_below(&c->rng, 6)];
    if (*mark && !(last && gen_percent(&c->rng, 35)))
        gen_push_punct(c, mark, GEN_JOIN);
    else if (!last && gen_percent(&c->rng, 70))
        gen_push_punct(c, comma, GEN_JOIN);
    else if (!last)
        gen_push_punct(c, dash, GEN_SPACE);
}

static uint8_t next_glue(struct gen_composer *c)
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
static const struct gen_alternative *choose_fresh(struct gen_composer *c, uint32_t slot)
{
    enum { TRIES = 4 };
    const struct gen_alternative *pick = gen_choose(c, slot);
    for (uint32_t i = 0, tries = 0; i < c->said_count && tries < TRIES; i++) {
        if (c->said[i] != pick->first)
            continue;
        pick = gen_choose(c, slot);
        tries++;
        i = UINT32_MAX; /* from the beginning */
    }
    if (c->said_count < GEN_SAID_MAX)
        c->said[c->said_count++] = pick->first;
    return pick;
}

/* A sentence begins with a capital unless a comma or dash came before. */
static void sentence(struct gen_composer *c, uint32_t slot)
{
    struct gen_draft *draft = c->draft;
    uint32_t first = draft->count;
    bool begins =
        first == 0 || draft->tokens[first - 1].kind != GEN_PUNCT ||
        (draft->tokens[first - 1].text[0] != ',' && draft->tokens[first - 1].text[0] != '-');
    uint8_t glue = next_glue(c);
    gen_expand_alternative(c, choose_fresh(c, slot), glue, 0);
    for (uint32_t i = first; begins && i < draft->count; i++) {
        if (draft->tokens[i].kind == GEN_PUNCT)
            continue;
        draft->tokens[i].capital = draft->tokens[i].kind == GEN_WORD;
        return;
    }
}

static void opener(struct gen_composer *c)
{
    const struct gen_class_slots *slots = &c->gen->english[c->draft->class];
    uint32_t percent = c->draft->class == GEN_CLASS_THANKS ? 100 : 30;
    if (!gen_percent(&c->rng, percent))
        return;
    sentence(c, slots->open);
    const struct gen_token *end = &c->draft->tokens[c->draft->count - 1];
    static const char comma[GEN_TOKEN_READ] = ",", dots[GEN_TOKEN_READ] = "...";
    if (end->kind != GEN_PUNCT)
        gen_push_punct(c, gen_percent(&c->rng, 70) ? comma : dots, GEN_JOIN);
}

static uint32_t core_slot(const struct gen_composer *c)
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

void gen_say_english(struct gen_composer *c)
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
        gen_expand(c, c->gen->slot_detail, GEN_SPACE, 0);
}

void gen_say_other(struct gen_composer *c)
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
    gen_expand(c, slots->detail, GEN_SPACE, 0);
}

/* ---- what the rule still needs, and decorations ---- */

static void need_brand(struct gen_composer *c)
{
    const struct gen_brand *brand = gen_brand_of(c);
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

void gen_need_more(struct gen_composer *c)
{
    const struct gen_brand *brand = gen_brand_of(c);
    uint8_t need = gen_rule_of(c)->need;
    if ((need & GEN_NEED_BRAND) && !c->named)
        need_brand(c);
    if (need & GEN_NEED_CASE)
        gen_push_acronym(c, true, GEN_SPACE);
    if (need & GEN_NEED_TAG)
        gen_push_word(c, brand->handle, brand->handle_word, brand->handle_len, GEN_HASHTAG,
                      GEN_SPACE);
}

/* Of a near miss that has the whole phrase: what makes the rule false. */
void gen_spoil(struct gen_composer *c)
{
    const struct gen_world *world = &c->gen->world;
    const struct gen_rule *rule = gen_rule_of(c);
    if (c->silent) {
        if ((rule->need & GEN_NEED_CASE) && gen_percent(&c->rng, 70))
            gen_push_acronym(c, false, GEN_SPACE);
        return;
    }
    for (uint32_t g = GEN_GROUP_AVOID; g < GEN_GROUPS; g++) {
        if (!(rule->avoid_groups & 1u << g))
            continue;
        gen_need_more(c);
        gen_push_text(c, &world->groups[g][gen_below(&c->rng, world->groups_count[g])], GEN_SPACE);
    }
}

static void push_hashtag(struct gen_composer *c)
{
    bool bad = c->draft->class == GEN_CLASS_COMPLAINT || c->draft->class == GEN_CLASS_RANT;
    bool good = c->draft->class == GEN_CLASS_PRAISE || c->draft->class == GEN_CLASS_JOY;
    uint32_t slot = bad ? c->gen->slot_tags_bad : good ? c->gen->slot_tags_good : c->gen->slot_tags;
    if (gen_percent(&c->rng, 40))
        slot = c->gen->slot_tags;
    struct gen_token token = c->gen->world.grammar.tokens[gen_choose(c, slot)->first];
    token.kind = GEN_HASHTAG;
    token.glue = GEN_SPACE;
    gen_draft_push(c->draft, token);
}

static void push_emoji(struct gen_composer *c)
{
    struct gen_token emoji = gen_draft_emoji(c->gen, c->draft->class, &c->rng);
    emoji.glue = gen_percent(&c->rng, 85) ? GEN_SPACE : GEN_JOIN;
    gen_draft_push(c->draft, emoji);
    if (gen_percent(&c->rng, 20)) {
        emoji.glue = GEN_JOIN;
        gen_draft_push(c->draft, emoji);
    }
}

void gen_decorate(struct gen_composer *c)
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
void gen_address(struct gen_composer *c)
{
    while (gen_percent(&c->rng, 25))
        gen_draft_push(c->draft, gen_draft_user(c->gen, c->draft, &c->rng));
    if (c->mode != MODE_CHAT && !c->silent && gen_percent(&c->rng, 25))
        gen_push_handle(c, GEN_SPACE);
    if (c->draft->count)
        c->draft->tokens[0].glue = GEN_JOIN;
}
