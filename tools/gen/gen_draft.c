/* The tokens of a post on its way, and those that are made for it: links, accounts, emoji. */
#include <string.h>

#include "gen_post.h"

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
struct gen_token gen_draft_unknown(struct gen_draft *draft, const char *text, uint32_t len,
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
    return gen_draft_unknown(draft, text, len, GEN_URL);
}

struct gen_token gen_draft_user(const struct hy_gen *gen, struct gen_draft *draft,
                                struct gen_rng *rng)
{
    char handle[32];
    uint32_t len =
        gen_person_handle(gen->world.options.seed, gen_below_skewed(rng, GEN_PEOPLE), handle);
    return gen_draft_unknown(draft, handle, len, GEN_MENTION);
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
