#include "publish/json_writer.h"

#include <hydrant/item.h>
#include <string.h>

#include "base/assert.h"

void hy_json_raw_slow(struct hy_json_writer *writer, const char *data, size_t len)
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
        if (!writer->flush) {
            writer->gone += len;
            return;
        }
        writer->flush(writer);
        writer->gone += writer->used;
        writer->used = 0;
    }
}

/* ---- numbers and times ---- */

/* What is shorter than this is put together where it belongs, or in a spare place where there is
 * not enough room. */
enum { ROOM_BYTES = 40 };

static char *begin(struct hy_json_writer *writer, char spare[ROOM_BYTES])
{
    bool room = HY_LIKELY(writer->cap - writer->used > ROOM_BYTES);
    return room ? writer->out + writer->used : spare;
}

static void finish(struct hy_json_writer *writer, const char *spare, const char *start,
                   const char *end)
{
    if (HY_UNLIKELY(start == spare))
        hy_json_raw(writer, start, (size_t)(end - start));
    else
        writer->used += (size_t)(end - start);
}

/* One byte more: a number of one digit is read, with what is behind it, from the second. */
static const char two_digits[201] = "00010203040506070809101112131415161718192021222324"
                                    "25262728293031323334353637383940414243444546474849"
                                    "50515253545556575859606162636465666768697071727374"
                                    "75767778798081828384858687888990919293949596979899";

static void put_two(char *out, uint64_t value)
{
    memcpy(out, two_digits + 2 * value, 2);
}

/* Below 100, without leading zeros. */
static char *put_small(char *out, uint64_t value)
{
    bool one = value < 10;
    memcpy(out, two_digits + 2 * value + one, 2);
    return out + 2 - one;
}

static char *put_uint(char *out, uint64_t value)
{
    if (value < 100)
        return put_small(out, value);
    uint64_t ten_to = 1000;
    uint32_t digits = 3;
    for (; digits < 20 && value >= ten_to; digits++)
        ten_to *= 10;
    char *end = out + digits, *at = end;
    for (; value >= 100; value /= 100)
        put_two(at -= 2, value % 100);
    if (at - out == 2)
        put_two(out, value);
    else
        *out = (char)('0' + value);
    return end;
}

void hy_json_uint(struct hy_json_writer *writer, uint64_t value)
{
    char spare[ROOM_BYTES], *start = begin(writer, spare);
    finish(writer, spare, start, put_uint(start, value));
}

void hy_json_score(struct hy_json_writer *writer, float value)
{
    char spare[ROOM_BYTES], *start = begin(writer, spare), *out = start;
    double scaled = (double)(value * 100.0f); /* rounded half away from 0 */
    long hundredths = (long)(scaled + (scaled < 0 ? -0.5 : 0.5));
    uint64_t size = hundredths < 0 ? (uint64_t)-hundredths : (uint64_t)hundredths;
    *out = '-';
    out = put_uint(out + (hundredths < 0), size / 100);
    uint64_t rest = size % 100;
    if (rest) {
        *out = '.';
        put_two(out + 1, rest);
        out += rest % 10 ? 3 : 2;
    }
    finish(writer, spare, start, out);
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
    char spare[ROOM_BYTES], *start = begin(writer, spare), *end = start + 20;
    memcpy(start, "\"0000-00-00T00:00:00", 20);
    put_two(start + 1, (uint64_t)year / 100);
    put_two(start + 3, (uint64_t)year % 100);
    put_two(start + 6, month);
    put_two(start + 9, day);
    put_two(start + 12, (uint64_t)rest / 3600);
    put_two(start + 15, (uint64_t)rest / 60 % 60);
    put_two(start + 18, (uint64_t)rest % 60);
    if (fraction) {
        *end = '.';
        put_two(end + 1, (uint64_t)fraction / 10000);
        put_two(end + 3, (uint64_t)fraction / 100 % 100);
        put_two(end + 5, (uint64_t)fraction % 100);
        end += fraction % 1000 ? 7 : 4;
    }
    *end++ = 'Z';
    *end++ = '"';
    finish(writer, spare, start, end);
}
