#include "triage/priority.h"

#include <math.h>

/* How long it has waited, in points: by the hour, or by the share of its time until the deadline
 * that is gone, whichever is more. Nothing where times are unknown or the clock is behind. */
static float waiting(const struct hy_policy_weights *weights, int64_t created_us,
                     int64_t deadline_us, int64_t now_us)
{
    if (created_us == HYDRANT_TIME_NONE || now_us == HYDRANT_TIME_NONE || now_us <= created_us)
        return 0;
    double age_us = (double)now_us - (double)created_us;
    float points = (float)(age_us / 3600e6) * weights->waiting_per_hour;
    if (deadline_us != HYDRANT_TIME_NONE && deadline_us > created_us) {
        float share = (float)(age_us / ((double)deadline_us - (double)created_us));
        points = fmaxf(points, share * weights->waiting_max);
    }
    return fminf(points, weights->waiting_max);
}

uint8_t hy_priority(const struct hy_policy_weights *weights, const struct hy_mention *mention,
                    const hydrant_verdict *verdict, uint8_t base, bool own_to, int64_t now_us)
{
    float points = base;
    if (own_to)
        points += weights->own_to;
    if (mention->m.author.has_followers)
        points += weights->influence * log10f(1.0f + (float)mention->m.author.followers);
    if (mention->emotion && mention->emotion->scored)
        points += weights->intensity * mention->emotion->intensity;
    if (mention->dup && mention->dup->count > 1)
        points += weights->spread * log10f((float)mention->dup->count);
    points += waiting(weights, mention->m.created_at_us, verdict->respond_by_us, now_us);
    points = fminf(fmaxf(points, 0), 100);
    uint8_t whole = (uint8_t)points; /* halves are rounded up */
    return (uint8_t)(whole + (points - (float)whole >= 0.5f));
}
