/*
 * hy_fold: ASCII by the kernel, everything else by the table, code point by code point.
 *
 * On a worker's path, in normalize; also under the rule compiler. Most texts are pure ASCII and
 * take only the first call below. A text that is not gets a map while it is written, short runs of
 * ASCII between the other characters included.
 */
#include "text/fold.h"

#include <string.h>

#include "base/assert.h"
#include "text/fold_table.h"
#include "text/utf8.h"

enum {
    HANGUL_FIRST = 0xAC00,
    HANGUL_LEAD = 0x1100,
    HANGUL_VOWEL = 0x1161,
    HANGUL_TRAIL = 0x11A7, /* one before the first: no trailing consonant counts as zero */
    HANGUL_VOWELS = 21,
    HANGUL_TRAILS = 28,
};

static uint32_t put_hangul(uint32_t cp, char *out)
{
    uint32_t index = cp - HANGUL_FIRST;
    uint32_t trail = index % HANGUL_TRAILS;
    uint32_t vowel = index / HANGUL_TRAILS % HANGUL_VOWELS;
    uint32_t len = hy_utf8_encode(HANGUL_LEAD + index / (HANGUL_TRAILS * HANGUL_VOWELS), out);
    len += hy_utf8_encode(HANGUL_VOWEL + vowel, out + len);
    if (trail)
        len += hy_utf8_encode(HANGUL_TRAIL + trail, out + len);
    return len;
}

/* Folds the character at p to out, which has 64 bytes of room; returns the folded length. */
static inline uint32_t put_character(const char *p, uint32_t *char_len, char *out)
{
    uint32_t cp = hy_utf8_decode(p, char_len);
    uint32_t entry = hy_fold_entry(cp);
    uint32_t len = hy_fold_entry_length(entry);
    if (len == HY_FOLD_SAME) {
        len = *char_len;
        for (uint32_t i = 0; i < len; i++)
            out[i] = p[i];
    } else if (len == HY_FOLD_HANGUL) {
        len = put_hangul(cp, out);
    } else {
        const char *string = hy_fold_entry_string(entry);
        memcpy(out, string, 16); /* the strings and out have slack: one move instead of a loop */
        if (HY_UNLIKELY(len > 16))
            memcpy(out + 16, string + 16, 48);
    }
    return len;
}

/* Folds the rest of a text from `in` on, writing the map for it. */
static uint32_t fold_rest(const char *text, uint32_t len, uint32_t in, char *out, uint32_t done,
                          uint16_t *map)
{
    while (in < len) {
        if ((unsigned char)text[in] < 0x80) {
            uint32_t run = hy_fold_ascii_run(text + in, len - in, out + done);
            for (uint32_t i = 0; map && i < run; i++)
                map[done + i] = (uint16_t)(in + i);
            in += run;
            done += run;
            continue;
        }
        uint32_t char_len;
        uint32_t folded = put_character(text + in, &char_len, out + done);
        for (uint32_t i = 0; map && i < folded; i++)
            map[done + i] = (uint16_t)in;
        in += char_len;
        done += folded;
    }
    return done;
}

uint32_t hy_fold(const char *text, uint32_t len, char *out, uint16_t *map, bool *identity)
{
    HY_ASSERT_HOT(len <= UINT16_MAX);
    uint32_t run = hy_fold_ascii_run(text, len, out);
    *identity = run == len;
    if (run == len)
        return len;
    for (uint32_t i = 0; map && i < run; i++)
        map[i] = (uint16_t)i;
    uint32_t folded = fold_rest(text, len, run, out, run, map);
    if (map)
        map[folded] = (uint16_t)len;
    return folded;
}

enum hy_char_class hy_char_class(uint32_t cp)
{
    if (cp >= HY_FOLD_CODE_POINTS)
        return HY_CHAR_OTHER;
    return (enum hy_char_class)hy_fold_entry_class(hy_fold_entry(cp));
}

bool hy_fold_boundary(const char *text, uint32_t len, const char *folded, uint32_t folded_len,
                      const uint16_t *map, uint32_t at)
{
    if (!map)
        return hy_word_boundary(text, len, at);
    if (at > 0 && at < folded_len && map[at] == map[at - 1])
        return hy_word_boundary(folded, folded_len, at);
    return hy_word_boundary(text, len, at == 0 ? 0 : map[at]);
}
