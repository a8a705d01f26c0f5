#include "net/retry.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/c_locale.h"
#include "base/str.h"
#include "decode/mention_time.h"

void hy_retry_init(struct hy_retry *retry, const struct hy_retry_options *options, uint64_t seed)
{
    *retry = (struct hy_retry){.options = *options, .chance = seed | 1};
}

static uint64_t linear(uint64_t first, uint64_t max, uint32_t n)
{
    uint64_t wait;
    return __builtin_mul_overflow(first, n, &wait) || wait > max ? max : wait;
}

static uint64_t doubling(uint64_t first, uint64_t max, uint32_t n)
{
    uint64_t wait = first;
    while (--n && wait < max)
        wait *= 2;
    return wait < max ? wait : max;
}

/* Up to an eighth more. */
static uint64_t spread(struct hy_retry *retry, uint64_t wait)
{
    uint64_t x = retry->chance; /* xorshift */
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    retry->chance = x;
    return wait + (wait / 8 ? x % (wait / 8) : 0);
}

uint64_t hy_retry_failed(struct hy_retry *retry, enum hy_retry_cause cause, uint64_t asked_us)
{
    const struct hy_retry_options *o = &retry->options;
    uint32_t n = retry->failures[cause] < UINT32_MAX ? ++retry->failures[cause] : UINT32_MAX;
    if (asked_us)
        return spread(retry, asked_us < HY_RETRY_ASKED_US_MAX ? asked_us : HY_RETRY_ASKED_US_MAX);
    switch (cause) {
    case HY_RETRY_HTTP:
        return spread(retry, doubling(o->http_us, o->http_us_max, n));
    case HY_RETRY_LIMITED:
        return spread(retry, doubling(o->limited_us, o->limited_us_max, n));
    default:
        return spread(retry, linear(o->net_us, o->net_us_max, n));
    }
}

void hy_retry_worked(struct hy_retry *retry)
{
    for (int i = 0; i < HY_RETRY_CAUSES; i++)
        retry->failures[i] = 0;
}

bool hy_retry_cause_of(long status, bool has_wait, enum hy_retry_cause *cause)
{
    *cause = status == 429 || status == 420 || (status == 503 && has_wait) ? HY_RETRY_LIMITED
                                                                           : HY_RETRY_HTTP;
    return status < 200 || status > 299;
}

static uint64_t until(int64_t then_us, int64_t now_us)
{
    return then_us > now_us ? (uint64_t)(then_us - now_us) : 0;
}

uint64_t hy_retry_after(hydrant_str value, int64_t now_us)
{
    char text[64], *end;
    if (value.len == 0 || value.len >= sizeof text)
        return 0;
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    double seconds = hy_c_strtod(text, &end);
    if (end != text && *end == '\0') {
        if (!(seconds > 0 && seconds < 1e11)) /* nor NaN */
            return 0;
        return seconds > 1e9 ? until((int64_t)(seconds * 1e6), now_us) : (uint64_t)(seconds * 1e6);
    }
    int64_t then_us;
    if (hy_time_parse(value, &then_us))
        return until(then_us, now_us);
    time_t date = curl_getdate(text, NULL);
    return date > 0 && date <= INT64_MAX / 1000000 ? until((int64_t)date * 1000000, now_us) : 0;
}
