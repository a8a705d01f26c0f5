/*
 * Stage 6, first pass: bytes to bit masks. See charmask.h.
 */
#include "emotion/charmask.h"

#include <string.h>

#include "base/assert.h"
#include "base/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static bool is_letter(unsigned char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

static bool is_word(unsigned char c)
{
    return is_letter(c) || (unsigned char)(c - '0') < 10 || c == '\'' || c >= 0x80;
}

/* lower[] holds the text as it came when a kernel is called, and is lower-cased in place. */
void hy_charmask_scalar(struct hy_charmask *mask)
{
    unsigned char *text = (unsigned char *)mask->lower;
    unsigned char before = 0, before2 = 0;
    for (uint32_t k = 0; k < mask->blocks; k++) {
        uint64_t word = 0, mark = 0, upper = 0, odd = 0;
        for (uint32_t b = 0; b < 64; b++) {
            unsigned char c = text[64 * k + b], low = c;
            if (c >= 'A' && c <= 'Z') {
                upper |= 1ull << b;
                text[64 * k + b] = low = c | 0x20;
            }
            if (is_word(c))
                word |= 1ull << b;
            else if (c > ' ' && c != 0x7F)
                mark |= 1ull << b;
            if (c >= 0x80 || (is_letter(c) && low == before && low == before2))
                odd |= 1ull << b;
            before2 = before;
            before = low;
        }
        mask->word[k] = word;
        mask->mark[k] = mark;
        mask->upper[k] = upper;
        mask->odd[k] = odd;
    }
}

void hy_charmask_make(struct hy_charmask *mask, hydrant_str text)
{
    uint32_t len = text.len < HY_EMOTION_TEXT ? text.len : HY_EMOTION_TEXT;
    mask->len = len;
    mask->blocks = (len + 63) / 64;
    memset(mask->front, 0, sizeof mask->front);
    if (len)
        memcpy(mask->lower, text.data, len);
    memset(mask->lower + len, 0, 64 * mask->blocks - len + 64);
    hy_charmask_scalar(mask);
    mask->word[mask->blocks] = mask->mark[mask->blocks] = 0;
    mask->upper[mask->blocks] = mask->odd[mask->blocks] = 0;
}
