/*
 * How long a source waits before it tries again.
 *
 *   NET      connection refused, cut, silent      n x first, up to a bound       (250 ms .. 16 s)
 *   HTTP     a status that is no success          first x 2^(n-1), up to a bound (5 s .. 320 s)
 *   LIMITED  429, or 503 with Retry-After         first x 2^(n-1), or what the server asks for
 *
 * Each cause counts its own failures in a row; worked() forgets them all. Up to an eighth is added
 * by chance, so that many sources do not come back at the same moment; never less is waited. What
 * a server asks for is believed up to HY_RETRY_ASKED_US_MAX.
 *
 * Pure but for its own state; one thread.
 */
#ifndef HY_NET_RETRY_H
#define HY_NET_RETRY_H

#include "net/net_options.h"

#define HY_RETRY_ASKED_US_MAX UINT64_C(3600000000)

enum hy_retry_cause { HY_RETRY_NET, HY_RETRY_HTTP, HY_RETRY_LIMITED, HY_RETRY_CAUSES };

struct hy_retry {
    struct hy_retry_options options;
    uint32_t failures[HY_RETRY_CAUSES]; /* in a row */
    uint64_t chance;
};

void hy_retry_init(struct hy_retry *retry, const struct hy_retry_options *options, uint64_t seed);
/* Another failure: microseconds to wait. asked_us: what the server asked for, 0: nothing. */
uint64_t hy_retry_failed(struct hy_retry *retry, enum hy_retry_cause cause, uint64_t asked_us);
void hy_retry_worked(struct hy_retry *retry);

/* What a response's status is; false: a success. has_wait: it says when to come back. */
bool hy_retry_cause_of(long status, bool has_wait, enum hy_retry_cause *cause);

/*
 * When to come back, of a header's value, in microseconds from now_us (wall clock); 0: it makes no
 * sense, or is now. Seconds, seconds since 1970 (numbers over 10^9), an HTTP date, ISO 8601.
 */
uint64_t hy_retry_after(hydrant_str value, int64_t now_us);

#endif
