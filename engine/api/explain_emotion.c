/* hydrant explain: which words moved the scores. See explain_emotion.h. */
#include "api/explain_emotion.h"

#include <string.h>

#include "emotion/emotion.h"
#include "emotion/score.h"

/* Blanks out bytes [start, end) of the copy, scores what is left, and puts them back. */
static void score_without(const struct hy_emotion_model *model, hydrant_str copy, hydrant_str text,
                          hydrant_str lang, hydrant_emotion_word *word)
{
    char *gap = (char *)(uintptr_t)copy.data + word->span.start;
    size_t len = word->span.end - word->span.start;
    memset(gap, ' ', len);
    hy_emotion_score(model, copy, lang, &word->without);
    memcpy(gap, text.data + word->span.start, len);
}

/* Of a text whose language is not covered, words are not looked at. */
static bool is_looked_at(const struct hy_tokens *tokens, uint32_t token, bool covered)
{
    uint8_t kind = tokens->kind[token];
    return covered || kind == HY_TOKEN_PUNCT || kind == HY_TOKEN_EMOJI || kind == HY_TOKEN_EMOTICON;
}

bool hy_explain_emotion(const struct hy_emotion_model *model, hydrant_str text, hydrant_str lang,
                        struct hy_arena *arena, hydrant_explanation *explanation)
{
    hydrant_emotion *whole = HY_ARENA_NEW(arena, hydrant_emotion, 1);
    struct hy_tokens *tokens = HY_ARENA_NEW(arena, struct hy_tokens, 1);
    hydrant_emotion_word *words =
        HY_ARENA_NEW(arena, hydrant_emotion_word, HYDRANT_EXPLAINED_WORDS);
    char *copy = hy_arena_alloc(arena, (size_t)text.len + 1, 1);
    if (!whole || !tokens || !words || !copy)
        return false;
    hy_emotion_score(model, text, lang, whole);
    explanation->emotion = whole;
    if (!whole->scored)
        return true;
    memcpy(copy, text.data, text.len);
    hy_score_path()->prepare(model, text, tokens);
    bool covered = hy_score_covers(tokens, lang);
    uint32_t count = 0;
    for (uint32_t i = 0; i < tokens->count && count < HYDRANT_EXPLAINED_WORDS; i++) {
        const struct hy_token *token = &tokens->list[i];
        if (!is_looked_at(tokens, i, covered))
            continue;
        words[count].span = (hydrant_span){token->start, (uint32_t)token->start + token->len};
        score_without(model, (hydrant_str){copy, text.len}, text, lang, &words[count++]);
    }
    explanation->words = words;
    explanation->words_count = count;
    return true;
}
