/*
 * Which rules match a post, worked out on its words by number. This is the generator's truth: it
 * knows nothing of the engine. A test compares it with a naive matcher on the written text.
 *
 * Words count as next to each other across spaces and punctuation. Whether they do across an emoji
 * is a matter of taste; such places are reported as doubtful, and the composer removes them.
 */
#include <string.h>

#include "gen_post.h"

enum { TOUCHED_MAX = 256 };

struct touched {
    uint32_t rule;
    uint8_t bits;
};

struct judge {
    const struct gen_world *world;
    struct gen_draft *draft;
    struct touched touched[TOUCHED_MAX];
    uint32_t touched_count;
    uint8_t groups; /* those with a hit, as bits */
};

static void touch(struct judge *judge, uint32_t rule, uint8_t bits)
{
    for (uint32_t i = 0; i < judge->touched_count; i++) {
        if (judge->touched[i].rule == rule) {
            judge->touched[i].bits |= bits;
            return;
        }
    }
    if (judge->touched_count < TOUCHED_MAX)
        judge->touched[judge->touched_count++] = (struct touched){rule, bits};
}

static void hit(struct judge *judge, uint32_t node, uint32_t from, uint32_t to)
{
    uint32_t number = judge->world->trie.terms[node];
    if (number == GEN_NO_TERM)
        return;
    const struct gen_term *term = &judge->world->terms[number];
    for (uint32_t i = from; i <= to; i++)
        judge->draft->tokens[i].marked = true;
    if (term->target == GEN_TERM_RULE) {
        touch(judge, term->index, term->bits);
    } else if (term->target == GEN_TERM_GROUP) {
        judge->groups |= (uint8_t)(1u << term->index);
    } else {
        const struct gen_brand *brand = &judge->world->brands[term->index];
        for (uint32_t t = 0; t < GEN_THEMES; t++)
            if (brand->rules[t] != GEN_NO_RULE)
                touch(judge, brand->rules[t], term->bits);
    }
}

/* Terms that are a single word with something special about it. */
static void hit_special(struct judge *judge, uint32_t at, uint8_t flags)
{
    const struct gen_token *token = &judge->draft->tokens[at];
    const struct gen_trie *trie = &judge->world->trie;
    if ((flags & GEN_FLAG_HASHTAG) && token->kind == GEN_HASHTAG)
        hit(judge, gen_trie_child(trie, token->word, GEN_PSEUDO_HASHTAG), at, at);
    if ((flags & GEN_FLAG_MENTION) && token->kind == GEN_MENTION)
        hit(judge, gen_trie_child(trie, token->word, GEN_PSEUDO_MENTION), at, at);
    if ((flags & GEN_FLAG_EXACT) && token->keep && token->text[0] >= 'A' && token->text[0] <= 'Z')
        hit(judge, gen_trie_child(trie, token->word, GEN_PSEUDO_EXACT), at, at);
}

static bool ends_run(const struct gen_token *token)
{
    return token->kind == GEN_URL || token->word == GEN_WORD_NONE;
}

/* All terms of two words and more that begin at a token. */
static void walk(struct judge *judge, uint32_t from, struct gen_verdict *verdict)
{
    const struct gen_draft *draft = judge->draft;
    const struct gen_trie *trie = &judge->world->trie;
    uint32_t node = draft->tokens[from].word;
    bool emoji = false;
    for (uint32_t at = from + 1; at < draft->count; at++) {
        const struct gen_token *token = &draft->tokens[at];
        if (token->kind == GEN_PUNCT)
            continue;
        if (token->kind == GEN_EMOJI) {
            emoji = true;
            continue;
        }
        if (ends_run(token))
            return;
        node = gen_trie_child(trie, node, token->word);
        if (node == GEN_NO_NODE)
            return;
        if (emoji) {
            verdict->doubtful = at < verdict->doubtful ? at : verdict->doubtful;
            return;
        }
        hit(judge, node, from, at);
    }
}

static bool is_true(const struct judge *judge, const struct touched *touched)
{
    const struct gen_rule *rule = &judge->world->rules[touched->rule];
    return (touched->bits & rule->need) == rule->need &&
           (judge->groups & rule->need_groups) == rule->need_groups &&
           (judge->groups & rule->avoid_groups) == 0;
}

static void add_rule(struct gen_verdict *verdict, uint32_t rule)
{
    if (verdict->count == GEN_MATCHES_MAX)
        return;
    uint32_t at = verdict->count++;
    for (; at > 0 && verdict->rules[at - 1] > rule; at--)
        verdict->rules[at] = verdict->rules[at - 1];
    verdict->rules[at] = rule;
}

void gen_judge(const struct gen_world *world, struct gen_draft *draft, struct gen_verdict *verdict)
{
    struct judge judge;
    judge.world = world;
    judge.draft = draft;
    judge.touched_count = 0;
    judge.groups = 0;
    verdict->count = 0;
    verdict->doubtful = draft->count;
    for (uint32_t i = 0; i < draft->count; i++)
        draft->tokens[i].marked = false;
    for (uint32_t i = 0; i < draft->count; i++) {
        uint8_t flags = world->flags[draft->tokens[i].word];
        if (flags & GEN_FLAG_SINGLE)
            hit(&judge, draft->tokens[i].word, i, i);
        if (flags & (GEN_FLAG_HASHTAG | GEN_FLAG_MENTION | GEN_FLAG_EXACT))
            hit_special(&judge, i, flags);
        if (flags & GEN_FLAG_HEAD)
            walk(&judge, i, verdict);
    }
    for (uint32_t i = 0; i < judge.touched_count; i++)
        if (is_true(&judge, &judge.touched[i]))
            add_rule(verdict, judge.touched[i].rule);
}
