/*
 * The times of networks and feeds, written as mention_time.h has them. Pure.
 *
 *   Wed, 02 Oct 2002 13:00:00 GMT, 2 Oct 02 13:00 +0200   RFC 5322 and its elders (feeds)
 *   Wed Oct 10 20:19:24 +0000 2018                        X v1.1
 *   2018-01-01T00:00:00+0000, 2018-01-01T00:00:00         a zone without a colon; none is UTC
 *   1.53920276E9                                          an epoch with an exponent
 */
#ifndef HY_DECODE_MAP_TIME_H
#define HY_DECODE_MAP_TIME_H

#include <hydrant/types.h>

enum { HY_MAP_TIME_BYTES = 48 };

/* out: as RFC 3339, an epoch without its exponent, in room; or written itself where it is none of
 * these forms. */
hydrant_str hy_map_time(hydrant_str written, char room[HY_MAP_TIME_BYTES]);

#endif
