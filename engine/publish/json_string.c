/*
 * Strings of JSON, of which an item has thirty: a text is copied a block at a time up to the first
 * byte that has to be escaped, that byte escaped, and on. Where all of it is plain, a branch says
 * so, not a count of bytes: branches are foretold, so that the next string does not wait for what
 * is in this one.
 */
#include <hydrant/types.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/assert.h"
#include "publish/json_writer.h"

enum {
    ESCAPE_BYTES = 6, /* the most that a byte becomes */
    BLOCK_BYTES = 16, /* copied at once */
    WIDE_BYTES = 32,
    SLACK_BYTES = 32, /* what may be written beyond what counts */
    PART_BYTES = 64,  /* of a string for which there is not enough room at once */
};

/* 0: as it is; otherwise the letter of its short escape, 'u' for the long one. */
static const char escape_of[256] = {
    ['\b'] = 'b',  ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
    ['\\'] = '\\', [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u', [0x04] = 'u',
    [0x05] = 'u',  [0x06] = 'u', [0x07] = 'u', [0x0B] = 'u', [0x0E] = 'u', [0x0F] = 'u',
    [0x10] = 'u',  [0x11] = 'u', [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u',  [0x17] = 'u', [0x18] = 'u', [0x19] = 'u', [0x1A] = 'u', [0x1B] = 'u',
    [0x1C] = 'u',  [0x1D] = 'u', [0x1E] = 'u', [0x1F] = 'u', [0x7F] = 'u', [0xE2] = '?',
};

/* Writes the byte at p, escaped if it has to be, moves *out behind it and returns how many bytes of
 * the text it stands for. */
static size_t put_escape(char **out, const unsigned char *p, size_t left)
{
    static const char hex[] = "0123456789abcdef";
    char kind = escape_of[*p];
    if (kind == '?') { /* E2 80 A8 and E2 80 A9 are U+2028 and U+2029; other E2 are plain */
        if (left >= 3 && p[1] == 0x80 && (p[2] & 0xFE) == 0xA8) {
            memcpy(*out, p[2] == 0xA8 ? "\\u2028" : "\\u2029", ESCAPE_BYTES);
            *out += ESCAPE_BYTES;
            return 3;
        }
        *(*out)++ = (char)*p;
        return 1;
    }
    const char text[ESCAPE_BYTES] = {'\\', kind, '0', '0', hex[*p >> 4], hex[*p & 15]};
    memcpy(*out, text, ESCAPE_BYTES);
    *out += kind == 'u' ? ESCAPE_BYTES : 2;
    return 1;
}

#if defined(__x86_64__)

/* The bytes of a text shorter than a block, by two looks that overlap; zeros behind. */
static __m128i load_short(const unsigned char *p, size_t len)
{
    uint64_t low = 0, high = 0;
    uint32_t first = 0, last = 0;
    if (len >= 8) {
        memcpy(&low, p, 8);
        memcpy(&high, p + len - 8, 8);
        high = len > 8 ? high >> (8 * (BLOCK_BYTES - len)) : 0;
    } else if (len >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + len - 4, 4);
        low = first | (uint64_t)last << (8 * (len - 4));
    } else if (len > 0) {
        low = p[0] | (uint64_t)p[len / 2] << (8 * (len / 2)) |
              (uint64_t)p[len - 1] << (8 * (len - 1));
    }
    return _mm_set_epi64x((long long)high, (long long)low);
}

/* The bytes that escape_of does not let pass: bit i for byte i. */
static uint32_t find_special(__m128i c)
{
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(c, _mm_set1_epi8(0x1F)), c);
    __m128i quote =
        _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8('"')), _mm_cmpeq_epi8(c, _mm_set1_epi8('\\')));
    __m128i other = _mm_or_si128(_mm_cmpeq_epi8(c, _mm_set1_epi8(0x7F)),
                                 _mm_cmpeq_epi8(c, _mm_set1_epi8((char)0xE2)));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, other)));
}

/* Copies text up to the first byte that is not plain, and what it likes behind it. Returns how many
 * bytes are plain. */
static size_t copy_plain(char *out, const unsigned char *p, size_t len)
{
    for (size_t at = 0; at < len; at += BLOCK_BYTES) {
        size_t left = len - at;
        uint32_t lanes = left >= BLOCK_BYTES ? 0xFFFF : (1u << left) - 1;
        __m128i block = left >= BLOCK_BYTES ? _mm_loadu_si128((const __m128i *)(p + at))
                                            : load_short(p + at, left);
        uint32_t special = find_special(block) & lanes;
        _mm_storeu_si128((__m128i *)(out + at), block);
        if (special)
            return at + (size_t)__builtin_ctz(special);
    }
    return len;
}

#else

static size_t copy_plain(char *out, const unsigned char *p, size_t len)
{
    size_t at = 0;
    for (; at < len && !escape_of[p[at]]; at++)
        out[at] = (char)p[at];
    return at;
}

#endif

/* Writes text with what has to be escaped. out has room for ESCAPE_BYTES each and SLACK_BYTES.
 * Returns where it ends. */
static char *put_text(char *out, const unsigned char *p, size_t len)
{
    for (size_t at = 0;;) {
        size_t plain = copy_plain(out, p + at, len - at);
        out += plain;
        at += plain;
        if (at == len)
            return out;
        at += put_escape(&out, p + at, len - at);
    }
}

#if defined(__x86_64__)

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,bmi2")))

/* find_special of 32 bytes. */
AVX512 static inline uint32_t find_special_wide(__m256i c)
{
    __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(c, _mm256_set1_epi8(0x1F)), c);
    __m256i quote = _mm256_or_si256(_mm256_cmpeq_epi8(c, _mm256_set1_epi8('"')),
                                    _mm256_cmpeq_epi8(c, _mm256_set1_epi8('\\')));
    __m256i other = _mm256_or_si256(_mm256_cmpeq_epi8(c, _mm256_set1_epi8(0x7F)),
                                    _mm256_cmpeq_epi8(c, _mm256_set1_epi8((char)0xE2)));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(control, _mm256_or_si256(quote, other)));
}

/* put_text with loads that are cut by a mask, not by looks at how much is left, as long as all is
 * plain. */
AVX512 static char *put_text_avx512(char *out, const unsigned char *p, size_t len)
{
    for (size_t at = 0; at < len; at += WIDE_BYTES) {
        size_t left = len - at;
        __mmask32 lanes = left >= WIDE_BYTES ? ~0u : (1u << left) - 1;
        __m256i block = _mm256_maskz_loadu_epi8(lanes, p + at);
        if (HY_UNLIKELY(find_special_wide(block) & lanes))
            return put_text(out + at, p + at, left);
        _mm256_storeu_si256((__m256i *)(out + at), block);
    }
    return out + len;
}

#endif

/* In parts that end where a character does. */
static void put_text_slow(struct hy_json_writer *writer, const unsigned char *p, size_t len)
{
    char part[PART_BYTES * ESCAPE_BYTES + SLACK_BYTES];
    while (len > 0) {
        size_t take = len < PART_BYTES ? len : PART_BYTES;
        while (take < len && take > PART_BYTES - 3 && (p[take] & 0xC0) == 0x80)
            take--;
        hy_json_raw(writer, part, (size_t)(put_text(part, p, take) - part));
        p += take;
        len -= take;
    }
}

void hy_json_string(struct hy_json_writer *writer, hydrant_str text)
{
    const unsigned char *p = (const unsigned char *)(text.data ? text.data : "");
    size_t most = (size_t)text.len * ESCAPE_BYTES + SLACK_BYTES + 2;
    if (HY_UNLIKELY(writer->cap - writer->used < most)) {
        hy_json_raw(writer, "\"", 1);
        put_text_slow(writer, p, text.len);
        hy_json_raw(writer, "\"", 1);
        return;
    }
    char *start = writer->out + writer->used, *end;
    *start = '"';
#if defined(__x86_64__)
    if (writer->level >= HY_CPU_AVX512)
        end = put_text_avx512(start + 1, p, text.len);
    else
#endif
        end = put_text(start + 1, p, text.len);
    *end++ = '"';
    writer->used += (size_t)(end - start);
}
