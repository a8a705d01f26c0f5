/*
 * The first pass over a text: a lower-cased copy and one bit a byte for what the tokeniser asks.
 * Everything after it walks bits instead of bytes.
 */
#ifndef HY_EMOTION_CHARMASK_H
#define HY_EMOTION_CHARMASK_H

#include <hydrant/types.h>

#include "emotion/emotion.h"
#include "emotion/isa.h"

enum {
    HY_CHARMASK_BLOCKS = HY_EMOTION_TEXT / 64 + 1, /* one block of zeros always ends a text */
    HY_CHARMASK_FRONT = 64,                        /* zero bytes before lower[] */
};

/*
 * Bit b of block k stands for byte 64 * k + b. Bits past the text are zero, and so are the bytes of
 * lower past the text, up to the end of the last block and 64 more.
 *
 * A text is made of runs: of word characters, of the same ! ? or . , and lone signs (of faces,
 * handles, hashtags and masks). What is in none says nothing.
 */
struct hy_charmask {
    uint64_t word[HY_CHARMASK_BLOCKS];   /* A-Z a-z 0-9 ' and every byte >= 0x80 */
    uint64_t mark[HY_CHARMASK_BLOCKS];   /* visible ASCII that is not word */
    uint64_t upper[HY_CHARMASK_BLOCKS];  /* A-Z */
    uint64_t odd[HY_CHARMASK_BLOCKS];    /* >= 0x80, ' or a letter like the two bytes before it */
    uint64_t begin[HY_CHARMASK_BLOCKS];  /* where a run begins */
    uint64_t inside[HY_CHARMASK_BLOCKS]; /* goes on with the run of the byte before */
    uint64_t picture;                    /* not 0: there are bytes that an emoji may begin with */
    uint32_t len;
    uint32_t blocks; /* that hold text; block [blocks] is zero */
    char front[HY_CHARMASK_FRONT];
    char lower[HY_EMOTION_TEXT + 128]; /* A-Z lower-cased, all else as it is */
};

/* Fills in mask for the first HY_EMOTION_TEXT bytes of text. */
void hy_charmask_make(struct hy_charmask *mask, hydrant_str text);

#endif
