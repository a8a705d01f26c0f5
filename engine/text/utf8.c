/*
 * UTF-8 validation. ASCII goes by 16 bytes at a time, the rest by the byte ranges of the Unicode
 * standard's table of well-formed sequences:
 *
 *   C2..DF  80..BF                      ED      80..9F  80..BF
 *   E0      A0..BF  80..BF              F0      90..BF  80..BF  80..BF
 *   E1..EC  80..BF  80..BF              F1..F3  80..BF  80..BF  80..BF
 *   EE..EF  80..BF  80..BF              F4      80..8F  80..BF  80..BF
 *
 * Pure; any thread.
 */
#include "text/utf8.h"

#include <string.h>

static inline bool is_continuation(unsigned char c)
{
    return (c & 0xC0) == 0x80;
}

/* Length of the well-formed sequence at p, which is not ASCII; 0 when there is none. */
static uint32_t sequence_length(const unsigned char *p, size_t left)
{
    unsigned char low = 0x80, high = 0xBF;
    uint32_t len;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (left < len)
        return 0;
    if (p[0] == 0xE0)
        low = 0xA0;
    else if (p[0] == 0xED)
        high = 0x9F;
    else if (p[0] == 0xF0)
        low = 0x90;
    else if (p[0] == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (uint32_t i = 2; i < len; i++)
        if (!is_continuation(p[i]))
            return 0;
    return len;
}

bool hy_utf8_valid(const char *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    size_t i = 0;
    while (i < len) {
        uint64_t words[2];
        if (len - i >= sizeof words) {
            memcpy(words, p + i, sizeof words);
            if (((words[0] | words[1]) & 0x8080808080808080u) == 0) {
                i += sizeof words;
                continue;
            }
        }
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        uint32_t sequence = sequence_length(p + i, len - i);
        if (sequence == 0)
            return false;
        i += sequence;
    }
    return true;
}
