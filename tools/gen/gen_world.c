/*
 * Making the world: see gen_world.h. Runs once, on one thread. Memory that runs short sets
 * world.failed, which is looked at when all is done; nothing is used before that.
 */
#include "gen_world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM_BRANDS = 11, STREAM_RULES, STREAM_PHRASES };
enum { PHRASE_TRIES = 64, PHRASE_WORDS_MAX = 3 };

const char *const gen_class_names[GEN_CLASSES] = {
#define CLASS_NAME(NAME, name) name,
    GEN_CLASS_TABLE(CLASS_NAME)
#undef CLASS_NAME
};

static const char *const theme_ids[GEN_THEMES] = {
#define THEME_ID(NAME, id, route, priority) id,
    GEN_THEME_TABLE(THEME_ID)
#undef THEME_ID
};

static void *allocate(struct gen_world *world, size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        world->failed = true;
    return p;
}

/* ---- trie ---- */

static uint32_t trie_place(const struct gen_trie *trie, uint64_t key)
{
    uint32_t at = (uint32_t)gen_mix(key) & trie->mask;
    while (trie->keys[at] && trie->keys[at] != key)
        at = (at + 1) & trie->mask;
    return at;
}

uint32_t gen_trie_child(const struct gen_trie *trie, uint32_t node, uint32_t word)
{
    uint32_t at = trie_place(trie, (uint64_t)node << 32 | word);
    return trie->keys[at] ? trie->children[at] : GEN_NO_NODE;
}

/* Room for every node that the options can ask for: the tables never grow. */
static void trie_init(struct gen_world *world, uint32_t words, uint32_t nodes)
{
    struct gen_trie *trie = &world->trie;
    uint32_t slots = 1024;
    while (slots < nodes * 2)
        slots *= 2;
    trie->mask = slots - 1;
    trie->keys = allocate(world, slots, sizeof *trie->keys);
    trie->children = allocate(world, slots, sizeof *trie->children);
    trie->nodes_cap = words + nodes;
    trie->nodes_count = words;
    trie->terms = allocate(world, trie->nodes_cap, sizeof *trie->terms);
    if (!world->failed)
        memset(trie->terms, 0xFF, trie->nodes_cap * sizeof *trie->terms);
}

static uint32_t trie_add(struct gen_world *world, uint32_t node, uint32_t word)
{
    struct gen_trie *trie = &world->trie;
    uint64_t key = (uint64_t)node << 32 | word;
    uint32_t at = trie_place(trie, key);
    if (trie->keys[at])
        return trie->children[at];
    assert(trie->nodes_count < trie->nodes_cap);
    trie->keys[at] = key;
    return trie->children[at] = trie->nodes_count++;
}

/* The node of a run of words, added where it is new. Sets the words' flags. */
static uint32_t add_words(struct gen_world *world, const struct gen_text *text)
{
    const struct gen_token *tokens = world->tokens + text->tokens;
    uint32_t node = GEN_NO_NODE, last = GEN_WORD_NONE;
    for (uint32_t i = 0; i < text->tokens_count; i++) {
        uint32_t word = tokens[i].word;
        if (word == GEN_WORD_NONE)
            continue;
        if (node == GEN_NO_NODE) {
            node = word;
        } else {
            world->flags[last] |= node == last ? GEN_FLAG_HEAD : GEN_FLAG_PART;
            world->flags[word] |= GEN_FLAG_PART;
            node = trie_add(world, node, word);
        }
        last = word;
    }
    if (node == last)
        world->flags[last] |= GEN_FLAG_SINGLE;
    return node;
}

/* ---- texts ---- */

static struct gen_text add_text(struct gen_world *world, const char *text, size_t len)
{
    enum { NAME_TOKENS_MAX = 8 };
    struct gen_text out = {.len = (uint16_t)len, .tokens = world->tokens_count};
    if (world->tokens_count + NAME_TOKENS_MAX > world->tokens_cap) {
        uint32_t cap = world->tokens_cap ? world->tokens_cap * 2 : 1024;
        struct gen_token *tokens = realloc(world->tokens, cap * sizeof *tokens);
        if (!tokens) {
            world->failed = true;
            return out;
        }
        world->tokens = tokens;
        world->tokens_cap = cap;
    }
    out.text = gen_words_keep(&world->words, text, len);
    out.tokens_count = (uint8_t)gen_tokenize(&world->words, text, len,
                                             world->tokens + world->tokens_count, NAME_TOKENS_MAX);
    world->tokens_count += out.tokens_count;
    world->failed |= world->words.failed;
    return out;
}

static uint32_t words_in(const char *text)
{
    uint32_t count = 1;
    for (; *text; text++)
        count += *text == ' ';
    return count;
}

static uint32_t list_length(const char *const *list)
{
    uint32_t n = 0;
    while (list[n])
        n++;
    return n;
}

/* ---- brands ---- */

static const char *const name_starts[] = {"nor", "tel",  "ver", "kal", "zen", "bri", "cor", "dal",
                                          "fen", "gal",  "hel", "jun", "lum", "mar", "nex", "ori",
                                          "pel", "quin", "rav", "sol", "tav", "ul",  "vel", "wex",
                                          "yar", "zor",  "cal", "dor", "eri", "fal", "gre", "hal",
                                          "ist", "jov",  "kel", "lor", "mel", "nov", "osk", "pra"};
static const char *const name_middles[] = {"a",  "e",   "i",   "o",   "u",  "an", "el",
                                           "ar", "in",  "or",  "ex",  "al", "ov", "ip",
                                           "em", "ant", "end", "ist", "um", "ash"};
static const char *const name_ends[] = {
    "ra",  "via", "tron", "line", "ne",  "dor", "vo", "lia", "x",  "tis", "qua", "mo",  "lix",
    "nia", "vox", "wave", "rix",  "den", "sio", "ty", "ron", "lo", "mex", "pha", "ster"};
static const char *const product_ends[] = {"ify", "ora", "io",   "max",  "pod", "let",
                                           "ix",  "one", "go",   "lite", "pro", "ino",
                                           "uno", "zy",  "ette", "kit"};

#define PICK(rng, list) (list)[gen_below((rng), sizeof(list) / sizeof *(list))]

/* A name that is no word yet, in lower case. Returns its length. */
static uint32_t invent(struct gen_world *world, struct gen_rng *rng, bool product, char *out,
                       size_t cap)
{
    for (uint32_t tries = 0;; tries++) {
        const char *middle = gen_percent(rng, product ? 40 : 70) ? PICK(rng, name_middles) : "";
        const char *end = product ? PICK(rng, product_ends) : PICK(rng, name_ends);
        const char *more = tries > 20 ? PICK(rng, name_middles) : "";
        uint32_t len =
            (uint32_t)snprintf(out, cap, "%s%s%s%s", PICK(rng, name_starts), middle, more, end);
        if (gen_words_find(&world->words, out, len) == GEN_WORD_NONE)
            return len;
    }
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static void name_products(struct gen_world *world, struct gen_rng *rng, struct gen_brand *brand)
{
    for (uint32_t i = 0; i < GEN_PRODUCTS; i++) {
        char name[48];
        uint32_t len = invent(world, rng, true, name, sizeof name);
        name[0] = upper(name[0]);
        brand->products[i] = add_text(world, name, len);
    }
}

static void name_handles(struct gen_world *world, struct gen_rng *rng, struct gen_brand *brand,
                         const char *base)
{
    static const char *const care[] = {"care", "help", "cares", "support"};
    char text[64];
    brand->handle_len = (uint8_t)strlen(base);
    brand->handle = gen_words_keep(&world->words, base, brand->handle_len);
    brand->handle_word = gen_words_add(&world->words, base, brand->handle_len);
    brand->care_len = (uint8_t)snprintf(text, sizeof text, "%s%s", base, PICK(rng, care));
    brand->care_handle = gen_words_keep(&world->words, text, brand->care_len);
    brand->care_word = gen_words_add(&world->words, text, brand->care_len);
}

/* Three letters that are no word yet; half of the brands go without. */
static void name_acronym(struct gen_world *world, struct gen_rng *rng, struct gen_brand *brand)
{
    static const char letters[] = "bcdfghjklmnpqrstvwxz";
    char text[3];
    for (uint32_t i = 0; i < sizeof text; i++)
        text[i] = letters[gen_below(rng, sizeof letters - 1)];
    if (gen_percent(rng, 50) || gen_words_find(&world->words, text, sizeof text) != GEN_WORD_NONE)
        return;
    brand->acronym_word = gen_words_add(&world->words, text, sizeof text);
    for (uint32_t i = 0; i < sizeof text; i++)
        text[i] = upper(text[i]);
    brand->acronym = gen_words_keep(&world->words, text, sizeof text);
    brand->acronym_len = sizeof text;
}

/* "Norvane", "Norvane Mobile" or "Kelora & Moden". */
static void name_brand(struct gen_world *world, uint32_t index)
{
    struct gen_rng rng = gen_rng_seed(gen_stream(world->options.seed, STREAM_BRANDS), index);
    struct gen_brand *brand = &world->brands[index];
    char name[96], base[64];
    uint32_t len = invent(world, &rng, false, name, 32);
    memcpy(base, name, len + 1);
    name[0] = upper(name[0]);
    brand->industry = (uint8_t)gen_below(&rng, GEN_INDUSTRIES);
    uint32_t form = gen_below(&rng, 100);
    if (form < 20) {
        const char *second = gen_industry_names[brand->industry];
        len += (uint32_t)snprintf(name + len, sizeof name - len, " %s", second);
        snprintf(base + strlen(base), sizeof base - strlen(base), "%s", second);
    } else if (form < 28) {
        char partner[32];
        invent(world, &rng, false, partner, sizeof partner);
        snprintf(base + strlen(base), sizeof base - strlen(base), "%s", partner);
        partner[0] = upper(partner[0]);
        len += (uint32_t)snprintf(name + len, sizeof name - len, " & %s", partner);
        brand->entity = true;
    }
    for (char *p = base; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
    brand->name = add_text(world, name, len);
    name_handles(world, &rng, brand, base);
    name_acronym(world, &rng, brand);
    name_products(world, &rng, brand);
}

/* ---- rules ---- */

static const char *rule_id(struct gen_world *world, const struct gen_brand *brand, uint8_t theme,
                           uint8_t *len)
{
    char id[96];
    *len = (uint8_t)snprintf(id, sizeof id, "%.*s-%s", brand->handle_len, brand->handle,
                             theme_ids[theme]);
    return gen_words_keep(&world->words, id, *len);
}

/* How a phrase rule is put: mostly the brand and the list, sometimes only the list, with words that
 * it must avoid, an acronym in capitals or a hashtag instead of the brand. */
static void choose_form(struct gen_rule *rule, const struct gen_brand *brand, struct gen_rng *rng)
{
    uint32_t form = gen_below(rng, 100);
    rule->need = GEN_NEED_PHRASE;
    if (brand->acronym && form < 12)
        rule->need |= GEN_NEED_CASE;
    else if (form < 20)
        rule->need |= GEN_NEED_TAG;
    else if (form < 70)
        rule->need |= GEN_NEED_BRAND;
    if (gen_percent(rng, 35))
        rule->avoid_groups = (uint8_t)(1u << (GEN_GROUP_AVOID + gen_below(rng, GEN_AVOID_GROUPS)));
}

static void add_rule(struct gen_world *world, uint32_t brand_index, uint8_t theme)
{
    struct gen_brand *brand = &world->brands[brand_index];
    struct gen_rng rng =
        gen_rng_seed(gen_stream(world->options.seed, STREAM_RULES), world->rules_count);
    struct gen_rule *rule = &world->rules[world->rules_count];
    rule->brand = brand_index;
    rule->theme = theme;
    rule->id = rule_id(world, brand, theme, &rule->id_len);
    if (theme < GEN_PHRASE_THEMES) {
        choose_form(rule, brand, &rng);
    } else {
        rule->need = GEN_NEED_BRAND;
        rule->need_groups =
            (uint8_t)(1u << (theme == GEN_THEME_INTL ? GEN_GROUP_TROUBLE : GEN_GROUP_CARE));
    }
    brand->rules[theme] = world->rules_count++;
}

/* With few phrases, few rules: a rule has at least four of them as long as there are that many. */
static void add_rules(struct gen_world *world)
{
    uint32_t brands = world->options.brands;
    uint32_t budget = (world->options.phrases + 3) / 4;
    for (uint32_t b = 0; b < brands; b++)
        for (uint32_t t = 0; t < GEN_THEMES; t++)
            world->brands[b].rules[t] = GEN_NO_RULE;
    for (uint8_t t = 0; t < GEN_PHRASE_THEMES && budget; t++)
        for (uint32_t b = 0; b < brands && budget; b++, budget--)
            add_rule(world, b, t);
    world->phrase_rules_count = world->rules_count;
    for (uint32_t b = 0; b < brands; b++) {
        add_rule(world, b, GEN_THEME_INTL);
        add_rule(world, b, GEN_THEME_CARE);
    }
}

/* ---- phrases ---- */

static const char *noun_for(const struct gen_brand *brand, struct gen_rng *rng)
{
    uint32_t from = gen_below(rng, 100);
    if (from < 35)
        return brand->products[gen_below(rng, GEN_PRODUCTS)].text;
    const char *const *list = from < 85 ? gen_industry_nouns[brand->industry] : gen_common_nouns;
    return list[gen_below(rng, list_length(list))];
}

static uint32_t compose_phrase(const struct gen_world *world, const struct gen_rule *rule,
                               struct gen_rng *rng, uint32_t tries, char *out, size_t cap)
{
    const char *const *tails = gen_theme_tails[rule->theme];
    const char *tail = tails[gen_below(rng, list_length(tails))];
    const char *noun = noun_for(&world->brands[rule->brand], rng);
    uint32_t words = words_in(noun) + words_in(tail);
    bool modified = words < PHRASE_WORDS_MAX && gen_percent(rng, tries > 4 ? 100 : 30);
    if (words > PHRASE_WORDS_MAX)
        return 0;
    const char *modifier = gen_modifiers[gen_below(rng, list_length(gen_modifiers))];
    return (uint32_t)snprintf(out, cap, "%s%s%s %s", modified ? modifier : "", modified ? " " : "",
                              noun, tail);
}

/* A phrase that no rule has yet. When the combinations of common words run out, an invented word in
 * front makes a new one. */
static void add_phrase(struct gen_world *world, struct gen_rule *rule, struct gen_rng *rng)
{
    char text[160];
    for (uint32_t tries = 0;; tries++) {
        uint32_t at = 0;
        if (tries > PHRASE_TRIES) {
            at = invent(world, rng, true, text, 48);
            text[at++] = ' ';
        }
        uint32_t len = compose_phrase(world, rule, rng, tries > PHRASE_TRIES ? 0 : tries, text + at,
                                      sizeof text - at);
        if (len == 0)
            continue;
        uint32_t before = gen_words_find(&world->phrase_words, text, at + len);
        if (before != GEN_WORD_NONE)
            continue;
        gen_words_add(&world->phrase_words, text, at + len);
        for (char *p = text; *p; p++)
            *p = *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
        world->phrases[world->phrases_count++] = add_text(world, text, at + len);
        rule->phrases_count++;
        return;
    }
}

static void add_phrases(struct gen_world *world)
{
    uint32_t rules = world->phrase_rules_count, total = world->options.phrases;
    for (uint32_t r = 0; r < rules && !world->failed; r++) {
        struct gen_rule *rule = &world->rules[r];
        struct gen_rng rng = gen_rng_seed(gen_stream(world->options.seed, STREAM_PHRASES), r);
        uint32_t share = total / rules + (r < total % rules);
        rule->phrases = world->phrases_count;
        while (rule->phrases_count < share && !world->failed)
            add_phrase(world, rule, &rng);
    }
}

/* ---- groups ---- */

static void add_group(struct gen_world *world, uint32_t group, const char *const *list)
{
    uint32_t n = list_length(list), have = world->groups_count[group];
    struct gen_text *texts = realloc(world->groups[group], (have + n) * sizeof *texts);
    if (!texts) {
        world->failed = true;
        return;
    }
    world->groups[group] = texts;
    for (uint32_t i = 0; i < n; i++)
        texts[have + i] = add_text(world, list[i], strlen(list[i]));
    world->groups_count[group] += n;
}

/* The trouble words are the alternatives of each language's XX_trouble slot. */
static void add_trouble(struct gen_world *world)
{
    for (size_t i = 0; i < gen_languages_count && !world->failed; i++) {
        const struct gen_slot_source *source = &gen_languages[i];
        if (!strstr(source->name, "_trouble"))
            continue;
        for (const char *p = source->alternatives; p;) {
            const char *bar = strchr(p, '|');
            char text[96];
            snprintf(text, sizeof text, "%.*s", (int)(bar ? bar - p : (long)strlen(p)), p);
            const char *one[] = {text, NULL};
            add_group(world, GEN_GROUP_TROUBLE, one);
            p = bar ? bar + 1 : NULL;
        }
    }
}

/* ---- terms ---- */

static void add_term(struct gen_world *world, uint32_t node, struct gen_term term)
{
    assert(world->terms_count < world->terms_cap);
    assert(world->trie.terms[node] == GEN_NO_TERM);
    world->trie.terms[node] = world->terms_count;
    world->terms[world->terms_count++] = term;
}

static void add_pseudo_term(struct gen_world *world, uint32_t word, uint32_t pseudo, uint8_t flag,
                            struct gen_term term)
{
    world->flags[word] |= flag;
    add_term(world, trie_add(world, word, pseudo), term);
}

static void add_brand_terms(struct gen_world *world, uint32_t index)
{
    const struct gen_brand *brand = &world->brands[index];
    struct gen_term term = {GEN_TERM_BRAND, index, GEN_NEED_BRAND};
    add_term(world, add_words(world, &brand->name), term);
    add_pseudo_term(world, brand->handle_word, GEN_PSEUDO_MENTION, GEN_FLAG_MENTION, term);
    add_pseudo_term(world, brand->care_word, GEN_PSEUDO_MENTION, GEN_FLAG_MENTION, term);
    term.bits = GEN_NEED_BRAND | GEN_NEED_TAG;
    add_pseudo_term(world, brand->handle_word, GEN_PSEUDO_HASHTAG, GEN_FLAG_HASHTAG, term);
    term.bits = GEN_NEED_CASE;
    if (brand->acronym)
        add_pseudo_term(world, brand->acronym_word, GEN_PSEUDO_EXACT, GEN_FLAG_EXACT, term);
}

static void add_terms(struct gen_world *world)
{
    uint32_t groups = 0;
    for (uint32_t g = 0; g < GEN_GROUPS; g++)
        groups += world->groups_count[g];
    world->terms_cap = world->phrases_count + groups + world->options.brands * 5;
    world->terms = allocate(world, world->terms_cap, sizeof *world->terms);
    world->flags = allocate(world, world->words.count, sizeof *world->flags);
    trie_init(world, world->words.count, world->tokens_count + world->options.brands * 4);
    if (world->failed)
        return;
    for (uint32_t b = 0; b < world->options.brands; b++)
        add_brand_terms(world, b);
    for (uint32_t g = 0; g < GEN_GROUPS; g++)
        for (uint32_t i = 0; i < world->groups_count[g]; i++)
            add_term(world, add_words(world, &world->groups[g][i]),
                     (struct gen_term){GEN_TERM_GROUP, g, 0});
    for (uint32_t r = 0; r < world->phrase_rules_count; r++)
        for (uint32_t i = 0; i < world->rules[r].phrases_count; i++)
            add_term(world, add_words(world, &world->phrases[world->rules[r].phrases + i]),
                     (struct gen_term){GEN_TERM_RULE, r, GEN_NEED_PHRASE});
}

/* ---- Zipf ---- */

uint32_t gen_zipf_draw(const struct gen_zipf *zipf, uint64_t random)
{
    uint32_t at = gen_scale(random, zipf->count);
    return (uint32_t)random < zipf->cut[at] ? at : zipf->alias[at];
}

/* Vose's method in integers: weights scaled so that their mean is 2^32. */
static void zipf_init(struct gen_world *world, struct gen_zipf *zipf, uint32_t count)
{
    zipf->count = count;
    zipf->cut = allocate(world, count, sizeof *zipf->cut);
    zipf->alias = allocate(world, count, sizeof *zipf->alias);
    uint64_t *weight = allocate(world, count, sizeof *weight);
    uint32_t *stack = allocate(world, count, sizeof *stack);
    if (world->failed)
        goto out;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += (1ull << 40) / (i + 1);
    uint32_t small = 0, large = count; /* two stacks in one array */
    for (uint32_t i = 0; i < count; i++) {
        weight[i] =
            (uint64_t)((unsigned __int128)((1ull << 40) / (i + 1)) * count * (1ull << 32) / sum);
        stack[weight[i] < 1ull << 32 ? small++ : --large] = i;
    }
    while (small > 0 && large < count) {
        uint32_t lo = stack[--small], hi = stack[large];
        zipf->cut[lo] = (uint32_t)weight[lo];
        zipf->alias[lo] = hi;
        weight[hi] -= (1ull << 32) - weight[lo];
        if (weight[hi] < 1ull << 32) {
            large++;
            stack[small++] = hi;
        }
    }
    while (small > 0 || large < count) {
        uint32_t rest = small > 0 ? stack[--small] : stack[large++];
        zipf->cut[rest] = UINT32_MAX;
        zipf->alias[rest] = rest;
    }
out:
    free(weight);
    free(stack);
}

/* ---- all of it ---- */

static void pseudo_words(struct gen_world *world)
{
    static const char *const texts[] = {"#", "@", "{}"};
    for (uint32_t i = 0; i < GEN_PSEUDO_WORDS - 1; i++) {
        uint32_t word = gen_words_add(&world->words, texts[i], strlen(texts[i]));
        assert(word == i + 1);
        (void)word;
    }
}

static void build(struct gen_world *world)
{
    uint32_t brands = world->options.brands;
    pseudo_words(world);
    for (uint32_t g = 0; g < GEN_AVOID_GROUPS; g++)
        add_group(world, GEN_GROUP_AVOID + g, gen_avoid_words[g]);
    add_group(world, GEN_GROUP_CARE, gen_care_words);
    add_trouble(world);
    if (!gen_grammar_init(&world->grammar, &world->words))
        world->failed = true;
    world->brands = allocate(world, brands, sizeof *world->brands);
    world->rules = allocate(world, (size_t)brands * GEN_THEMES, sizeof *world->rules);
    world->phrases = allocate(world, world->options.phrases, sizeof *world->phrases);
    for (uint32_t b = 0; b < brands && !world->failed; b++)
        name_brand(world, b);
    if (world->failed)
        return;
    add_rules(world);
    add_phrases(world);
    if (!world->failed)
        add_terms(world);
    zipf_init(world, &world->brand_zipf, brands);
}

hydrant_status gen_world_init(struct gen_world *world, const struct hy_gen_options *options,
                              hydrant_error *err)
{
    memset(world, 0, sizeof *world);
    world->options = *options;
    bool words = gen_words_init(&world->words);
    bool phrases = gen_words_init(&world->phrase_words);
    if (words && phrases)
        build(world);
    world->failed |= !words || !phrases || world->words.failed || world->phrase_words.failed;
    gen_words_fini(&world->phrase_words);
    if (!world->failed)
        return HYDRANT_OK;
    if (err) {
        memset(err, 0, sizeof *err);
        err->status = HYDRANT_ERR_NOMEM;
        snprintf(err->text, sizeof err->text, "no memory for brands and rules");
    }
    return HYDRANT_ERR_NOMEM;
}

void gen_world_fini(struct gen_world *world)
{
    gen_words_fini(&world->words);
    gen_grammar_fini(&world->grammar);
    for (uint32_t g = 0; g < GEN_GROUPS; g++)
        free(world->groups[g]);
    free(world->brands);
    free(world->rules);
    free(world->phrases);
    free(world->tokens);
    free(world->terms);
    free(world->trie.keys);
    free(world->trie.children);
    free(world->trie.terms);
    free(world->flags);
    free(world->brand_zipf.cut);
    free(world->brand_zipf.alias);
    memset(world, 0, sizeof *world);
}
