#include "decode/json_number.h"

static bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

size_t hy_number_span(hydrant_str s)
{
    size_t len = 0;
    while (len < s.len && (is_digit(s.data[len]) || s.data[len] == '-' || s.data[len] == '+' ||
                           s.data[len] == '.' || s.data[len] == 'e' || s.data[len] == 'E'))
        len++;
    return len;
}

bool hy_number_valid(hydrant_str written)
{
    const char *p = written.data;
    const char *end = p + written.len;
    if (p < end && *p == '-')
        p++;
    const char *whole = p;
    p = skip_digits(p, end);
    if (p == whole || (*whole == '0' && p - whole > 1))
        return false;
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = skip_digits(p, end);
        if (p == fraction)
            return false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        const char *exponent = p;
        p = skip_digits(p, end);
        if (p == exponent)
            return false;
    }
    return p == end;
}

/* The exponent behind e or E; what is out of any sensible range is kept at its edge. */
static int64_t read_exponent(const char *p, const char *end)
{
    const int64_t edge = INT64_C(1) << 40; /* above any number of digits a record can hold */
    bool negative = p < end && *p == '-';
    int64_t value = 0;
    for (; p < end; p++)
        if (is_digit(*p) && value < edge)
            value = value * 10 + (*p - '0');
    return negative ? -value : value;
}

static uint64_t shift_in(uint64_t value, unsigned digit)
{
    uint64_t ten, sum;
    if (__builtin_mul_overflow(value, 10, &ten) || __builtin_add_overflow(ten, digit, &sum))
        return UINT64_MAX;
    return sum;
}

/* A valid number, taken apart. */
struct number {
    const char *digits, *point, *digits_end; /* point: behind the digits where there is none */
    int64_t before; /* how many digits stand before the point once the exponent is applied */
    bool negative, has_exponent;
};

static struct number take_apart(hydrant_str written)
{
    const char *end = written.data + written.len;
    struct number n = {.digits = written.data, .negative = written.data[0] == '-'};
    n.digits += n.negative;
    n.point = skip_digits(n.digits, end);
    n.digits_end = n.point < end && *n.point == '.' ? skip_digits(n.point + 1, end) : n.point;
    n.has_exponent = n.digits_end < end;
    n.before = n.point - n.digits;
    if (n.has_exponent)
        n.before += read_exponent(n.digits_end + 1, end);
    return n;
}

bool hy_number_count(hydrant_str written, uint64_t *count)
{
    if (hy_number_short(written, count))
        return true;
    struct number n = take_apart(written);
    uint64_t value = 0;
    for (const char *p = n.digits; p < n.digits_end; p++) {
        if (p == n.point)
            continue;
        unsigned digit = (unsigned)(*p - '0');
        if (n.before-- > 0)
            value = shift_in(value, digit);
        else if (digit)
            return false;
    }
    for (; value && value < UINT64_MAX && n.before > 0; n.before--)
        value = shift_in(value, 0);
    if (n.negative && value)
        return false;
    *count = value;
    return true;
}

hydrant_str hy_number_plain(hydrant_str written, char *room, size_t room_bytes)
{
    struct number n = take_apart(written);
    int64_t digits = n.digits_end - n.digits - (n.point < n.digits_end);
    int64_t most = (int64_t)room_bytes - 3; /* a sign, a point and a 0 before it are more */
    if (!n.has_exponent || digits > most || n.before > most || digits - n.before > most)
        return written;
    char *out = room;
    if (n.negative)
        *out++ = '-';
    for (int64_t i = n.before > 0 ? 0 : n.before - 1; i < n.before || i < digits; i++) {
        if (i == n.before)
            *out++ = '.';
        *out++ = i >= 0 && i < digits ? n.digits[i + (i >= n.point - n.digits)] : '0';
    }
    return (hydrant_str){.data = room, .len = (uint32_t)(out - room)};
}
