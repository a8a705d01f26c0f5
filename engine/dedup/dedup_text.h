/*
 * What a text says once its decoration is taken off: a line of words with one space between them.
 *
 *   folded   RT @ann: no signal in austin, isn't it?? #fail https://t.co/x 😡
 *   words    no signal in austin isnt it
 *
 * Taken off: handles, with the RT, MT, HT or via before them; links; emoji and emoticons;
 * punctuation; apostrophes inside a word; hashtags before the first and after the last other word
 * (all kept when there is nothing else). Kept: everything else, numbers with their decimal point.
 * A letter that only looks like a Latin one counts as it where the word has Latin letters too, or
 * where the whole word looks Latin and the words before it are.
 *
 * Pure; writes only to the struct and its buffer. Input: text folded by hy_fold.
 */
#ifndef HY_DEDUP_DEDUP_TEXT_H
#define HY_DEDUP_DEDUP_TEXT_H

#include <hydrant/types.h>

#include "text/fold.h"

enum {
    HY_DEDUP_WORDS = 96, /* words that are kept one by one; those after them only in the line */
    /* Longest folded text of a mention; room for a space after every ideograph of it, and slack for
     * readers and writers of whole vectors. */
    HY_DEDUP_TEXT_SLACK = 64, /* bytes behind a folded text that are read and ignored */
    HY_DEDUP_FOLDED_BYTES = 65535 * HY_FOLD_EXPANSION,
    HY_DEDUP_LINE_BYTES = HY_DEDUP_FOLDED_BYTES / 3 * 4 + 64,
    /* Shortest text that means one thing whoever says it, in weights of a word. */
    HY_DEDUP_WORD_WEIGHT = 8,
    HY_DEDUP_IDEOGRAPH_WEIGHT = 5,
    HY_DEDUP_WEIGHT_MIN = 5 * HY_DEDUP_WORD_WEIGHT,
};

enum hy_dedup_word_kind { HY_DEDUP_PLAIN, HY_DEDUP_NUMBER, HY_DEDUP_IDEOGRAPH };

struct hy_dedup_word {
    uint32_t start; /* in buffer */
    uint16_t len;   /* capped at 65535 */
    uint8_t kind;   /* enum hy_dedup_word_kind; NUMBER: holds a digit */
    bool tag;       /* stood behind a # */
};

struct hy_dedup_text {
    char *buffer;                      /* the caller's, HY_DEDUP_LINE_BYTES */
    hydrant_str line;                  /* the words, inside buffer; empty when there are none */
    uint32_t weight;                   /* of the words in line */
    uint32_t words_first, words_count; /* those of words that are in line */
    bool ideographs;                   /* some of words are one */
    bool cut;                          /* the text ends in dots: its last word may be half a word */
    struct hy_dedup_word words[HY_DEDUP_WORDS]; /* the first of the text */
};

enum { HY_DEDUP_EMOJI_BYTES = 64 };

/* The emoji of a text that has no words, each once where it stands several times in a row, without
 * skin tones and what is between them: 64 bytes of them at most, written to out. Returns how many
 * bytes. */
uint32_t hy_dedup_text_emoji(const char *folded, uint32_t len, char *out);

/* Reads folded text (valid UTF-8, readable for HY_DEDUP_TEXT_SLACK bytes more; what lies beyond
 * HY_DEDUP_FOLDED_BYTES is ignored) into out, whose buffer is set. */
void hy_dedup_text_read(const char *folded, uint32_t len, struct hy_dedup_text *out);

#endif
