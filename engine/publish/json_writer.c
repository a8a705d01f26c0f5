#include "publish/json_writer.h"

#include <hydrant/item.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/assert.h"

static void put_slow(struct hy_json_writer *writer, const char *data, size_t len)
{
    while (len > 0) {
        size_t room = writer->cap - writer->used;
        size_t part = len < room ? len : room;
        if (part > 0) /* out may be NULL when there is no room at all */
            memcpy(writer->out + writer->used, data, part);
        writer->used += part;
        data += part;
        len -= part;
        if (writer->used < writer->cap)
            continue;
        if (!writer->flush)
            return;
        writer->flush(writer);
        writer->used = 0;
    }
}

void hy_json_raw_slow(struct hy_json_writer *writer, const char *data, size_t len)
{
    writer->total += len;
    put_slow(writer, data, len);
}

/* ---- strings ---- */

enum {
    ESCAPE_BYTES = 6, /* the most that a byte becomes */
    BLOCK_BYTES = 16, /* copied at once, written beyond what counts */
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

#ifdef __SSE2__

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

/* Copies text up to the first byte that is not plain. Returns how many bytes that is. */
static size_t copy_plain(char *out, const unsigned char *p, size_t len)
{
    for (size_t at = 0; at < len; at += BLOCK_BYTES) {
        size_t left = len - at;
        __m128i block = left >= BLOCK_BYTES ? _mm_loadu_si128((const __m128i *)(p + at))
                                            : load_short(p + at, left);
        uint32_t special = find_special(block);
        _mm_storeu_si128((__m128i *)(out + at), block);
        size_t plain = (size_t)__builtin_ctz(special | 1u << BLOCK_BYTES);
        if (plain < BLOCK_BYTES)
            return at + (plain < left ? plain : left);
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

/* Writes text with what has to be escaped. out has room for ESCAPE_BYTES each and BLOCK_BYTES.
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

/* In parts that end where a character does. */
static void put_text_slow(struct hy_json_writer *writer, const unsigned char *p, size_t len)
{
    char part[PART_BYTES * ESCAPE_BYTES + BLOCK_BYTES];
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
    if (HY_UNLIKELY(writer->cap - writer->used <
                    (size_t)text.len * ESCAPE_BYTES + BLOCK_BYTES + 2)) {
        hy_json_raw(writer, "\"", 1);
        put_text_slow(writer, p, text.len);
        hy_json_raw(writer, "\"", 1);
        return;
    }
    char *start = writer->out + writer->used;
    *start = '"';
    char *end = put_text(start + 1, p, text.len);
    *end++ = '"';
    writer->used += (size_t)(end - start);
    writer->total += (size_t)(end - start);
}

/* ---- numbers and times ---- */

static const char two_digits[201] = "00010203040506070809101112131415161718192021222324"
                                    "25262728293031323334353637383940414243444546474849"
                                    "50515253545556575859606162636465666768697071727374"
                                    "75767778798081828384858687888990919293949596979899";

static void put_two(char *out, uint64_t value)
{
    memcpy(out, two_digits + 2 * value, 2);
}

void hy_json_uint(struct hy_json_writer *writer, uint64_t value)
{
    char text[20], *end = text + sizeof text, *start = end;
    for (; value >= 100; value /= 100)
        put_two(start -= 2, value % 100);
    put_two(start -= 2, value);
    start += value < 10;
    hy_json_raw(writer, start, (size_t)(end - start));
}

void hy_json_score(struct hy_json_writer *writer, float value)
{
    double scaled = (double)(value * 100.0f); /* rounded half away from 0 */
    long hundredths = (long)(scaled + (scaled < 0 ? -0.5 : 0.5));
    uint64_t size = hundredths < 0 ? (uint64_t)-hundredths : (uint64_t)hundredths;
    if (hundredths < 0)
        HY_JSON_LITERAL(writer, "-");
    hy_json_uint(writer, size / 100);
    if (size % 100) {
        char text[3] = ".";
        put_two(text + 1, size % 100);
        hy_json_raw(writer, text, size % 10 ? 3 : 2);
    }
}

/* Days since 1970-01-01 to year, month, day of the proleptic Gregorian calendar (H. Hinnant,
 * "chrono-compatible low-level date algorithms", civil_from_days). */
static void civil_from_days(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    unsigned doe = (unsigned)(days - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int64_t)yoe + era * 400 + (*month <= 2);
}

void hy_json_time(struct hy_json_writer *writer, int64_t us)
{
    enum { DAY_SECONDS = 86400 };
    int64_t seconds = us / 1000000, fraction = us % 1000000;
    if (fraction < 0) {
        fraction += 1000000;
        seconds--;
    }
    int64_t days = seconds / DAY_SECONDS, rest = seconds % DAY_SECONDS;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    int64_t year;
    unsigned month, day;
    civil_from_days(days, &year, &month, &day);
    if (us == HYDRANT_TIME_NONE || year < 0 || year > 9999) {
        HY_JSON_LITERAL(writer, "null");
        return;
    }
    char text[32] = "\"0000-00-00T00:00:00", *p = text + 20;
    put_two(text + 1, (uint64_t)year / 100);
    put_two(text + 3, (uint64_t)year % 100);
    put_two(text + 6, month);
    put_two(text + 9, day);
    put_two(text + 12, (uint64_t)rest / 3600);
    put_two(text + 15, (uint64_t)rest / 60 % 60);
    put_two(text + 18, (uint64_t)rest % 60);
    if (fraction) {
        *p = '.';
        put_two(p + 1, (uint64_t)fraction / 10000);
        put_two(p + 3, (uint64_t)fraction / 100 % 100);
        put_two(p + 5, (uint64_t)fraction % 100);
        p += fraction % 1000 ? 7 : 4;
    }
    *p++ = 'Z';
    *p++ = '"';
    hy_json_raw(writer, text, (size_t)(p - text));
}
