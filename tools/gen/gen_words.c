/*
 * Words by number: see gen_words.h. Used while the generator is made; later only read, by any
 * number of threads. Texts live in 64 KiB blocks, so that pointers to them stay good. Each text has
 * 32 readable bytes after it: renderers copy short ones 16 bytes at a time.
 */
#include "gen_words.h"

#include <stdlib.h>
#include <string.h>

#include "gen_rng.h"

enum { BLOCK_BYTES = 64 << 10, TEXT_SLACK = 32 };

bool gen_words_init(struct gen_words *words)
{
    memset(words, 0, sizeof *words);
    words->cap = 16 << 10;
    words->table_mask = (64 << 10) - 1;
    words->words = calloc(words->cap, sizeof *words->words);
    words->table = calloc(words->table_mask + 1, sizeof *words->table);
    words->count = 1;
    return words->words && words->table;
}

void gen_words_fini(struct gen_words *words)
{
    for (uint32_t i = 0; i < words->blocks_count; i++)
        free(words->blocks[i]);
    free(words->blocks);
    free(words->words);
    free(words->table);
    memset(words, 0, sizeof *words);
}

uint32_t gen_word_fold(const char *text, size_t len, char *out)
{
    if (len > GEN_WORD_BYTES_MAX)
        return 0;
    uint32_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (i + 2 < len && memcmp(text + i, "\u2019", 3) == 0) {
            out[n++] = '\'';
            i += 2;
        } else {
            char c = text[i];
            out[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
        }
    }
    return n;
}

static uint64_t hash_bytes(const char *text, size_t len)
{
    uint64_t h = len;
    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)text[i]) * 0x100000001B3u;
    return gen_mix(h);
}

/* The place in the table where a folded word is, or would be. */
static uint32_t place(const struct gen_words *words, const char *folded, uint32_t len)
{
    uint32_t at = (uint32_t)hash_bytes(folded, len) & words->table_mask;
    for (;; at = (at + 1) & words->table_mask) {
        uint32_t id = words->table[at];
        if (id == GEN_WORD_NONE)
            return at;
        const struct gen_word *word = &words->words[id];
        if (word->len == len && memcmp(word->text, folded, len) == 0)
            return at;
    }
}

uint32_t gen_words_find(const struct gen_words *words, const char *text, size_t len)
{
    char folded[GEN_WORD_BYTES_MAX];
    uint32_t n = gen_word_fold(text, len, folded);
    return n ? words->table[place(words, folded, n)] : GEN_WORD_NONE;
}

static bool new_block(struct gen_words *words)
{
    if (words->blocks_count == words->blocks_cap) {
        uint32_t cap = words->blocks_cap ? words->blocks_cap * 2 : 16;
        char **blocks = realloc(words->blocks, cap * sizeof *blocks);
        if (!blocks)
            return false;
        words->blocks = blocks;
        words->blocks_cap = cap;
    }
    char *block = calloc(1, BLOCK_BYTES);
    if (!block)
        return false;
    words->blocks[words->blocks_count++] = block;
    words->block_used = 0;
    return true;
}

const char *gen_words_keep(struct gen_words *words, const char *text, size_t len)
{
    if (len > BLOCK_BYTES - TEXT_SLACK)
        return NULL;
    if ((words->blocks_count == 0 || words->block_used + len + TEXT_SLACK > BLOCK_BYTES) &&
        !new_block(words)) {
        words->failed = true;
        return NULL;
    }
    char *copy = words->blocks[words->blocks_count - 1] + words->block_used;
    memcpy(copy, text, len);
    words->block_used += len + 1;
    return copy;
}

static bool grow(struct gen_words *words)
{
    uint32_t cap = words->cap * 2, mask = words->table_mask * 2 + 1;
    struct gen_word *list = realloc(words->words, cap * sizeof *list);
    if (!list)
        return false;
    words->words = list;
    words->cap = cap;
    uint32_t *table = calloc((size_t)mask + 1, sizeof *table);
    if (!table)
        return false;
    free(words->table);
    words->table = table;
    words->table_mask = mask;
    for (uint32_t id = 1; id < words->count; id++)
        table[place(words, list[id].text, list[id].len)] = id;
    return true;
}

uint32_t gen_words_add(struct gen_words *words, const char *text, size_t len)
{
    char folded[GEN_WORD_BYTES_MAX];
    uint32_t n = gen_word_fold(text, len, folded);
    if (n == 0)
        return GEN_WORD_NONE;
    if (words->count == words->cap && !grow(words)) {
        words->failed = true;
        return GEN_WORD_NONE;
    }
    uint32_t at = place(words, folded, n);
    if (words->table[at] != GEN_WORD_NONE)
        return words->table[at];
    const char *copy = gen_words_keep(words, folded, n);
    if (!copy)
        return GEN_WORD_NONE;
    uint32_t id = words->count++;
    words->words[id] = (struct gen_word){copy, (uint16_t)n, 0};
    words->table[at] = id;
    return id;
}
