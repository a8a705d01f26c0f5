/*
 * What the parts of the composer share: gen_compose.c chooses what a post says and keeps its truth,
 * gen_sentence.c makes the sentences, gen_fill.c their words. One thread, one post at a time.
 */
#ifndef HY_TOOLS_GEN_COMPOSER_H
#define HY_TOOLS_GEN_COMPOSER_H

#include "gen_post.h"

enum { GEN_SAID_MAX = 16 };

enum gen_mode { MODE_CHAT, MODE_BRAND, MODE_HIT, MODE_NEAR };

/* How a near miss misses. */
enum gen_miss {
    MISS_OTHER_END, /* the beginning of a phrase, then something else */
    MISS_APART,     /* words in between */
    MISS_REVERSED,
    MISS_INSIDE, /* the last word is part of a longer one */
    MISS_PART,   /* one word only */
    MISS_UNMET,  /* the whole phrase, but the rule asks for more */
    MISSES
};

struct gen_composer {
    const struct hy_gen *gen;
    struct gen_draft *draft;
    struct gen_rng rng;
    enum gen_mode mode;
    enum gen_miss miss;
    uint32_t rule;
    uint32_t target_bytes;
    uint32_t said[GEN_SAID_MAX], said_count; /* alternatives of sentences: none comes twice */
    bool silent;                             /* the brand must not be named */
    bool named;                              /* it was */
};

static inline const struct gen_brand *gen_brand_of(const struct gen_composer *c)
{
    return &c->gen->world.brands[c->draft->brand];
}

static inline const struct gen_rule *gen_rule_of(const struct gen_composer *c)
{
    return &c->gen->world.rules[c->rule];
}

/* gen_fill.c: glue is what stands in front of the first token (enum gen_glue) */

/* One of a slot's alternatives, by their weights. */
const struct gen_alternative *gen_choose(struct gen_composer *c, uint32_t number);
/* Puts a slot, or an alternative of one, with all that is in it. */
void gen_expand(struct gen_composer *c, uint32_t slot, uint8_t glue, uint32_t depth);
void gen_expand_alternative(struct gen_composer *c, const struct gen_alternative *pick,
                            uint8_t glue, uint32_t depth);
/* The brand's acronym (exact: in its own case), its handle, a text of the world's, one word. */
void gen_push_acronym(struct gen_composer *c, bool exact, uint8_t glue);
void gen_push_handle(struct gen_composer *c, uint8_t glue);
void gen_push_text(struct gen_composer *c, const struct gen_text *text, uint8_t glue);
void gen_push_word(struct gen_composer *c, const char *text, uint32_t word, uint32_t len,
                   enum gen_kind kind, uint8_t glue);
void gen_push_punct(struct gen_composer *c, const char text[GEN_TOKEN_READ], uint8_t glue);

/* gen_sentence.c */

/* All sentences of a post. */
void gen_say_english(struct gen_composer *c);
void gen_say_other(struct gen_composer *c);
/* Puts in what the rule asks for beside its phrase, or what keeps it from matching. */
void gen_need_more(struct gen_composer *c);
void gen_spoil(struct gen_composer *c);
/* Hashtags, emoji and links; an account in front. */
void gen_decorate(struct gen_composer *c);
void gen_address(struct gen_composer *c);

#endif
