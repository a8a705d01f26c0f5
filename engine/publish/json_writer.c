#include "publish/json_writer.h"

#include <hydrant/item.h>
#include <math.h>
#include <string.h>

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

void hy_json_raw(struct hy_json_writer *writer, const char *data, size_t len)
{
    writer->total += len;
    if (len < writer->cap - writer->used) {
        memcpy(writer->out + writer->used, data, len);
        writer->used += len;
        return;
    }
    put_slow(writer, data, len);
}

/* 0: as it is; otherwise the letter of its short escape, 'u' for the long one. */
static const char escape_of[256] = {
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"',
    ['\\'] = '\\', [0x00] = 'u', [0x01] = 'u', [0x02] = 'u', [0x03] = 'u', [0x04] = 'u',
    [0x05] = 'u', [0x06] = 'u', [0x07] = 'u', [0x0B] = 'u', [0x0E] = 'u', [0x0F] = 'u',
    [0x10] = 'u', [0x11] = 'u', [0x12] = 'u', [0x13] = 'u', [0x14] = 'u', [0x15] = 'u',
    [0x16] = 'u', [0x17] = 'u', [0x18] = 'u', [0x19] = 'u', [0x1A] = 'u', [0x1B] = 'u',
    [0x1C] = 'u', [0x1D] = 'u', [0x1E] = 'u', [0x1F] = 'u', [0x7F] = 'u', [0xE2] = '?',
};

/* Writes the escape of the byte at p and returns how many bytes of the text it stands for. */
static size_t put_escape(struct hy_json_writer *writer, const unsigned char *p, size_t left)
{
    static const char hex[] = "0123456789abcdef";
    char kind = escape_of[*p];
    if (kind == '?') { /* E2 80 A8 and E2 80 A9 are U+2028 and U+2029; other E2 are plain */
        if (left >= 3 && p[1] == 0x80 && (p[2] & 0xFE) == 0xA8) {
            hy_json_raw(writer, p[2] == 0xA8 ? "\\u2028" : "\\u2029", 6);
            return 3;
        }
        hy_json_raw(writer, (const char *)p, 1);
        return 1;
    }
    char text[6] = {'\\', kind, '0', '0', hex[*p >> 4], hex[*p & 15]};
    hy_json_raw(writer, text, kind == 'u' ? 6 : 2);
    return 1;
}

void hy_json_string(struct hy_json_writer *writer, hydrant_str text)
{
    hy_json_raw(writer, "\"", 1);
    const unsigned char *p = (const unsigned char *)text.data;
    size_t start = 0, at = 0;
    while (at < text.len) {
        if (!escape_of[p[at]]) {
            at++;
            continue;
        }
        hy_json_raw(writer, text.data + start, at - start);
        at += put_escape(writer, p + at, text.len - at);
        start = at;
    }
    if (at > start)
        hy_json_raw(writer, text.data + start, at - start);
    hy_json_raw(writer, "\"", 1);
}

/* Decimal digits of value, at least min of them, ending at end; returns where they start. */
static char *format_uint(uint64_t value, unsigned min, char *end)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
        if (min)
            min--;
    } while (value || min);
    return end;
}

void hy_json_uint(struct hy_json_writer *writer, uint64_t value)
{
    char text[20], *end = text + sizeof text;
    char *start = format_uint(value, 1, end);
    hy_json_raw(writer, start, (size_t)(end - start));
}

void hy_json_score(struct hy_json_writer *writer, float value)
{
    long hundredths = lroundf(value * 100.0f);
    char text[24], *end = text + sizeof text, *start = end;
    unsigned long size = hundredths < 0 ? (unsigned long)-hundredths : (unsigned long)hundredths;
    if (size % 100) {
        start = size % 10 ? format_uint(size % 100, 2, start) : format_uint(size % 100 / 10, 1, start);
        *--start = '.';
    }
    start = format_uint(size / 100, 1, start);
    if (hundredths < 0)
        *--start = '-';
    hy_json_raw(writer, start, (size_t)(end - start));
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
    format_uint((uint64_t)year, 4, text + 5);
    format_uint(month, 2, text + 8);
    format_uint(day, 2, text + 11);
    format_uint((uint64_t)rest / 3600, 2, text + 14);
    format_uint((uint64_t)rest / 60 % 60, 2, text + 17);
    format_uint((uint64_t)rest % 60, 2, text + 20);
    if (fraction % 1000) {
        *p = '.';
        format_uint((uint64_t)fraction, 6, p + 7);
        p += 7;
    } else if (fraction) {
        *p = '.';
        format_uint((uint64_t)fraction / 1000, 3, p + 4);
        p += 4;
    }
    *p++ = 'Z';
    *p++ = '"';
    hy_json_raw(writer, text, (size_t)(p - text));
}
