#include "triage/priority.h"

#include <math.h>

/* How long it has waited, in points; nothing where either time is unknown or the clock is behind. */
static float waiting(const struct hy_policy_weights *weights, int64_t created_us, int64_t now_us)
{
    if (created_us == HYDRANT_TIME_NONE || now_us == HYDRANT_TIME_NONE || now_us <= created_us)
        return 0;
    float hours = (float)((double)(now_us - created_us) / 3600e6);
    return fminf(hours * weights->waiting_per_hour, weights->waiting_max);
}

uint8_t hy_priority(const struct hy_policy_weights *weights, const struct hy_mention *mention,
                    uint8_t base, bool own_to, int64_t now_us)
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
    points += waiting(weights, mention->m.created_at_us, now_us);
    return (uint8_t)lroundf(fminf(fmaxf(points, 0), 100));
}
