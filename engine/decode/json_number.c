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

bool hy_number_count(hydrant_str written, uint64_t *count)
{
    if (hy_number_short(written, count))
        return true;
    const char *p = written.data;
    const char *end = p + written.len;
    bool negative = *p == '-';
    p += negative;
    const char *point = skip_digits(p, end);
    const char *digits_end = point < end && *point == '.' ? skip_digits(point + 1, end) : point;
    /* How many of the digits stand before the point once the exponent is applied. */
    int64_t before = point - p;
    if (digits_end < end)
        before += read_exponent(digits_end + 1, end);

    uint64_t value = 0;
    for (; p < digits_end; p++) {
        if (p == point)
            continue;
        unsigned digit = (unsigned)(*p - '0');
        if (before-- > 0)
            value = shift_in(value, digit);
        else if (digit)
            return false;
    }
    for (; value && value < UINT64_MAX && before > 0; before--)
        value = shift_in(value, 0);
    if (negative && value)
        return false;
    *count = value;
    return true;
}
