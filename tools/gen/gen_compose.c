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

#include "gen_composer.h"

enum { STREAM_COMPOSE = 61 };

const char gen_language_codes[GEN_LANGUAGES][3] = {"en", "es", "fr", "de", "ru",
                                                   "ar", "ja", "zh", "ko"};
const uint32_t gen_language_weights[GEN_LANGUAGES] = {80, 4, 2, 2, 2, 3, 4, 2, 1};

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
static void draw_rule(struct gen_composer *c, bool burst)
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

static void draw_miss(struct gen_composer *c)
{
    static const uint8_t percent[MISSES] = {30, 22, 10, 14, 12, 12};
    uint32_t draw = gen_below(&c->rng, 100), miss = 0;
    while (draw >= percent[miss])
        draw -= percent[miss++];
    c->miss = (enum gen_miss)miss;
    if (c->miss != MISS_UNMET)
        return;
    const struct gen_rule *rule = gen_rule_of(c);
    bool can_be_silent = rule->need & (GEN_NEED_BRAND | GEN_NEED_CASE | GEN_NEED_TAG);
    c->silent = can_be_silent && (!rule->avoid_groups || gen_percent(&c->rng, 60));
    if (!c->silent && !rule->avoid_groups)
        c->miss = MISS_APART;
}

static void draw_mode(struct gen_composer *c, bool hit, bool burst)
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
        draft->class = class_of_theme(&c->rng, gen_rule_of(c)->theme);
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

static struct gen_token breaker(struct gen_composer *c)
{
    struct gen_token token =
        c->gen->world.grammar.tokens[gen_choose(c, c->gen->slot_breaker)->first];
    token.glue = GEN_SPACE;
    return token;
}

static void clear_doubts(struct gen_composer *c, struct gen_verdict *verdict)
{
    gen_judge(&c->gen->world, c->draft, verdict);
    while (verdict->doubtful < c->draft->count) {
        gen_draft_insert(c->draft, verdict->doubtful, breaker(c));
        gen_judge(&c->gen->world, c->draft, verdict);
    }
}

/* Takes one term out of a post that must not hit: a word between two words of a phrase, or another
 * account instead of the brand's. */
static void take_out(struct gen_composer *c)
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

static void settle(struct gen_composer *c)
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
    struct gen_composer c;
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
        gen_address(&c);
    if (draft->language == GEN_EN)
        gen_say_english(&c);
    else
        gen_say_other(&c);
    gen_decorate(&c);
    if (c.mode == MODE_HIT)
        gen_need_more(&c);
    else if (c.mode == MODE_NEAR && c.miss == MISS_UNMET && draft->language == GEN_EN)
        gen_spoil(&c);
    settle(&c);
}

/* ---- the slots, looked up once ---- */

static uint32_t slot_of(const struct hy_gen *gen, const char *prefix, enum gen_class class)
{
    char name[48];
    int len = snprintf(name, sizeof name, "%s_%s", prefix, gen_class_names[class]);
    return gen_grammar_slot(&gen->world.grammar, name, (size_t)len);
}

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
