/*
 * Repeats: the draft of an earlier post, changed as people change what they pass on. No change
 * touches a word that belongs to a term, so the rules that match stay the same.
 */
#include <string.h>

#include "gen_post.h"

enum { STREAM_EDIT = 81 };

static void put_in_front(struct gen_draft *draft, struct gen_token token)
{
    if (draft->count)
        draft->tokens[0].glue = GEN_SPACE;
    token.glue = GEN_JOIN;
    gen_draft_insert(draft, 0, token);
}

/* RT @somebody: */
static void retweet(struct gen_draft *draft, const struct gen_person *first_author)
{
    static const char colon[GEN_TOKEN_READ] = ":", rt[GEN_TOKEN_READ] = "RT";
    char *handle = gen_draft_keep(draft, first_author->handle, first_author->handle_len);
    if (!handle)
        return;
    put_in_front(draft, (struct gen_token){.text = colon, .len = 1, .kind = GEN_PUNCT});
    put_in_front(draft, (struct gen_token){.text = handle,
                                           .len = (uint16_t)first_author->handle_len,
                                           .kind = GEN_MENTION});
    draft->tokens[1].glue = GEN_JOIN;
    put_in_front(draft, (struct gen_token){.text = rt, .len = 2, .kind = GEN_WORD, .keep = true});
}

static bool is_ascii(const struct gen_token *token)
{
    for (uint32_t i = 0; i < token->len; i++)
        if ((unsigned char)token->text[i] >= 0x80 || token->text[i] == '\'')
            return false;
    return true;
}

/* Swaps, drops or doubles a letter inside a word. Returns the new length. */
static uint32_t misspell(char *out, const struct gen_token *token, struct gen_rng *rng)
{
    uint32_t len = token->len, at = 1 + gen_below(rng, len - 2);
    memcpy(out, token->text, len);
    switch (gen_below(rng, 3)) {
    case 0:
        out[at] = token->text[at + 1];
        out[at + 1] = token->text[at];
        return len;
    case 1:
        memmove(out + at, out + at + 1, len - at - 1);
        return len - 1;
    default:
        memmove(out + at + 1, out + at, len - at);
        return len + 1;
    }
}

/* False when no word is long enough. A misspelling that is a word itself is not taken. */
static bool typo(const struct hy_gen *gen, struct gen_draft *draft, struct gen_rng *rng)
{
    for (uint32_t i = 0; i < 16; i++) {
        struct gen_token *token = &draft->tokens[gen_below(rng, draft->count)];
        char text[GEN_WORD_BYTES_MAX + 1];
        if (token->kind != GEN_WORD || token->marked || token->keep || token->len < 5 ||
            token->len >= GEN_WORD_BYTES_MAX || !is_ascii(token))
            continue;
        uint32_t len = misspell(text, token, rng);
        if (gen_words_find(&gen->world.words, text, len) != GEN_WORD_NONE)
            continue;
        char *kept = gen_draft_keep(draft, text, len);
        if (!kept)
            return false;
        token->text = kept;
        token->len = (uint16_t)len;
        token->word = GEN_WORD_NONE;
        gen_token_look(token);
        return true;
    }
    return false;
}

static void other_url(struct gen_draft *draft, struct gen_rng *rng)
{
    struct gen_token url = gen_draft_url(draft, rng);
    for (uint32_t i = 0; i < draft->count; i++) {
        if (draft->tokens[i].kind != GEN_URL)
            continue;
        url.glue = draft->tokens[i].glue;
        draft->tokens[i] = url;
        return;
    }
    gen_draft_push(draft, url);
}

static void add_emoji(const struct hy_gen *gen, struct gen_draft *draft, struct gen_rng *rng)
{
    struct gen_token emoji = gen_draft_emoji(gen, draft->class, rng);
    if (gen_percent(rng, 30)) {
        put_in_front(draft, emoji);
        return;
    }
    emoji.glue = GEN_SPACE;
    gen_draft_push(draft, emoji);
}

static void add_mention(const struct hy_gen *gen, struct gen_draft *draft, struct gen_rng *rng)
{
    if (gen_percent(rng, 60)) {
        put_in_front(draft, gen_draft_user(gen, draft, rng));
        return;
    }
    const struct gen_grammar *grammar = &gen->world.grammar;
    const struct gen_slot *tags = &grammar->slots[gen->slot_tags];
    struct gen_token tag =
        grammar->tokens[grammar->alternatives[tags->first + gen_below(rng, tags->count)].first];
    tag.kind = GEN_HASHTAG;
    tag.glue = GEN_SPACE;
    gen_draft_push(draft, tag);
}

/* Cuts between words, behind the last term. False when nothing is left to cut. */
static bool truncate(struct gen_draft *draft, struct gen_rng *rng)
{
    uint32_t least = 3;
    for (uint32_t i = 0; i < draft->count; i++)
        if (draft->tokens[i].marked && i + 1 > least)
            least = i + 1;
    if (draft->count < least + 3)
        return false;
    draft->count = least + (draft->count - least) / 2 + gen_below(rng, (draft->count - least) / 2);
    static const char ellipsis[GEN_TOKEN_READ] = "…";
    gen_draft_push(draft, (struct gen_token){.text = ellipsis, .len = 3, .kind = GEN_PUNCT});
    return true;
}

enum gen_repeat gen_repeat_apply(const struct hy_gen *gen, const struct gen_plan *plan,
                                 const struct gen_person *first_author, struct gen_draft *draft)
{
    struct gen_rng rng =
        gen_rng_seed(gen_stream(gen->world.options.seed, STREAM_EDIT), plan->index);
    enum gen_repeat repeat = plan->repeat;
    if (repeat == GEN_REPEAT_TYPO && !typo(gen, draft, &rng))
        repeat = GEN_REPEAT_EMOJI;
    if (repeat == GEN_REPEAT_TRUNCATED && !truncate(draft, &rng))
        repeat = GEN_REPEAT_URL;
    if (repeat == GEN_REPEAT_RT && draft->own)
        repeat = GEN_REPEAT_REPOST;
    if (repeat == GEN_REPEAT_RT)
        retweet(draft, first_author);
    else if (repeat == GEN_REPEAT_URL)
        other_url(draft, &rng);
    else if (repeat == GEN_REPEAT_EMOJI)
        add_emoji(gen, draft, &rng);
    else if (repeat == GEN_REPEAT_MENTION)
        add_mention(gen, draft, &rng);
    return repeat;
}
