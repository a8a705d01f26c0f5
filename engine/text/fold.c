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
#include "text/fold_kernels.h"
#include "text/fold_table.h"
#include "text/utf8.h"

enum {
    READ_AHEAD = HY_FOLD_ASCII_STEP,
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

/* Folds the character at p, which is not ASCII and has READ_AHEAD readable bytes, to out, which has
 * as many of room and 48 more; returns the folded length, and its own in *char_len. Adds its entry
 * of the table to *seen. */
static inline uint32_t put_character(const char *p, uint32_t *char_len, char *out, uint32_t *seen)
{
    uint32_t cp = hy_utf8_decode(p, char_len);
    uint32_t entry = hy_fold_entry(cp);
    uint32_t n = hy_fold_entry_length(entry);
    *seen |= entry;
    if (n < HY_FOLD_HANGUL) {
        const char *string = hy_fold_entry_string(entry);
        memcpy(out, string, READ_AHEAD); /* one move instead of a loop: see STRINGS_PADDING */
        if (HY_UNLIKELY(n > READ_AHEAD))
            memcpy(out + READ_AHEAD, string + READ_AHEAD, 48);
        return n;
    }
    if (n == HY_FOLD_HANGUL)
        return put_hangul(cp, out);
    memcpy(out, p, 4);
    return *char_len;
}

/* n folded bytes, mostly 4 or fewer, come from the character at `from`. */
static inline void put_map(uint16_t *map, uint32_t from, uint32_t n)
{
    uint64_t four = from * 0x0001000100010001u;
    memcpy(map, &four, sizeof four);
    for (uint32_t i = 4; HY_UNLIKELY(i < n); i++)
        map[i] = (uint16_t)from;
}

/*
 * Folds from text + *in until *in >= stop, where everything before stop has READ_AHEAD readable
 * bytes and text[stop, stop + READ_AHEAD) holds a byte >= 0x80 unless it is more text. text stands
 * at offset base of the whole. out and map begin at the folded byte `done`; returns how many there
 * are at the end. *seen gets the entries of all characters that are not ASCII, or-ed.
 */
static inline uint32_t fold_until(const char *text, uint32_t *in, uint32_t stop, uint32_t base,
                                  char *out, uint16_t *map, uint32_t done, uint32_t *seen)
{
    uint32_t i = *in, entries = 0;
    while (i < stop) {
        uint32_t used, n;
        if ((unsigned char)text[i] < 0x80) {
            used = n = hy_fold_ascii_step(text + i, out + done);
            if (map)
                hy_fold_map_step(map + done, base + i);
        } else {
            n = put_character(text + i, &used, out + done, &entries);
            if (map)
                put_map(map + done, base + i, n);
        }
        i += used;
        done += n;
    }
    *in = i;
    *seen |= entries;
    return done;
}

/* Folds the rest of a text whose first `in` bytes are done: all but its end in place, the end in a
 * copy with room to read ahead. */
static uint32_t fold_rest(const char *text, uint32_t len, uint32_t in, char *out, uint16_t *map,
                          uint32_t *seen)
{
    char tail[2 * READ_AHEAD];
    uint32_t done = in, tail_in = 0;
    if (len >= READ_AHEAD)
        done = fold_until(text, &in, len - READ_AHEAD + 1, 0, out, map, done, seen);
    memset(tail, 0xFF, sizeof tail);
    memcpy(tail, text + in, len - in);
    return fold_until(tail, &tail_in, len - in, in, out, map, done, seen);
}

uint32_t hy_fold_traits(const char *text, uint32_t len, char *out, uint16_t *map,
                        struct hy_fold_traits *traits)
{
    HY_ASSERT_HOT(len <= UINT16_MAX);
    uint32_t run = hy_fold_ascii_run(text, len, out), seen = 0;
    *traits = (struct hy_fold_traits){.identity = run == len};
    if (run == len)
        return len;
    for (uint32_t i = 0; map && i < run; i++)
        map[i] = (uint16_t)i;
    uint32_t folded = fold_rest(text, len, run, out, map, &seen);
    if (map)
        map[folded] = (uint16_t)len;
    traits->odd = (seen & HY_FOLD_ODD) != 0;
    return folded;
}

uint32_t hy_fold(const char *text, uint32_t len, char *out, uint16_t *map, bool *identity)
{
    struct hy_fold_traits traits;
    uint32_t folded = hy_fold_traits(text, len, out, map, &traits);
    *identity = traits.identity;
    return folded;
}

enum hy_char_class hy_char_class(uint32_t cp)
{
    if (cp >= HY_FOLD_CODE_POINTS)
        return HY_CHAR_OTHER;
    return (enum hy_char_class)hy_fold_entry_class(hy_fold_entry(cp));
}

bool hy_char_completes_letter(uint32_t cp)
{
    return cp < HY_FOLD_CODE_POINTS && (hy_fold_entry(cp) & HY_FOLD_COMPLETES) != 0;
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
