/*
 * Words by number. Two spellings that differ only in the case of ASCII letters, or in the kind of
 * apostrophe, are one word. Numbers start at 1 in the order of first use; flags say which words the
 * rules care for.
 */
#ifndef HY_TOOLS_GEN_WORDS_H
#define HY_TOOLS_GEN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GEN_WORD_NONE = 0, GEN_WORD_BYTES_MAX = 96 };

enum gen_word_flag {
    GEN_FLAG_HEAD = 1,     /* a term of two or three words begins with it */
    GEN_FLAG_SINGLE = 2,   /* is a term by itself */
    GEN_FLAG_EXACT = 4,    /* is a case-sensitive term */
    GEN_FLAG_HASHTAG = 8,  /* is a term when written with # */
    GEN_FLAG_MENTION = 16, /* is a term when written with @ */
    GEN_FLAG_PART = 32,    /* second or third word of a term */
};

struct gen_word {
    const char *text; /* folded; lives as long as the table */
    uint16_t len;
    uint8_t flags; /* enum gen_word_flag */
};

struct gen_words {
    struct gen_word *words;
    uint32_t count, cap;
    uint32_t *table; /* open addressing, a power of two */
    uint32_t table_mask;
    char **blocks; /* where the texts are */
    uint32_t blocks_count, blocks_cap;
    size_t block_used;
    bool failed; /* memory ran short: what was returned since is not complete */
};

bool gen_words_init(struct gen_words *words);
void gen_words_fini(struct gen_words *words);

/* Folds into out (GEN_WORD_BYTES_MAX bytes) and returns the length, 0 when it is too long. */
uint32_t gen_word_fold(const char *text, size_t len, char *out);

/* The number of a word, or GEN_WORD_NONE. */
uint32_t gen_words_find(const struct gen_words *words, const char *text, size_t len);

/* The same, adding the word when it is new; GEN_WORD_NONE when memory is short. */
uint32_t gen_words_add(struct gen_words *words, const char *text, size_t len);

/* A copy of text that lives as long as the table; NULL when memory is short. */
const char *gen_words_keep(struct gen_words *words, const char *text, size_t len);

#endif
