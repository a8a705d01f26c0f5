/*
 * created_at in the forms people send it. Pure.
 *
 *   RFC 3339     2026-01-01T00:00:00.543Z, 2026-01-01 02:00:00+02:00; T, t or a space; any number
 *                of digits in the fraction (beyond microseconds they are cut); a leap second counts
 *                as the first second after it. A time without a zone is not accepted.
 *   epoch        a number, as JSON number or as string: seconds below 1e11, milliseconds below
 *                1e14, microseconds from there on (by magnitude, so negative ones work too);
 *                fractions allowed, no exponent.
 */
#ifndef HY_DECODE_MENTION_TIME_H
#define HY_DECODE_MENTION_TIME_H

#include <hydrant/types.h>

/* Sets *us to microseconds since 1970-01-01 UTC; false when it is neither form or out of range
 * (years 0000 to 9999). */
bool hy_time_parse(hydrant_str written, int64_t *us);

#endif
