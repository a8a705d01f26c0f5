/*
 * Stage 2: where records end. The framers behind batch/framing.h: lines, JSON arrays, CSV,
 * server-sent events, length prefixes; and the detection of which one a stream wants.
 *
 * Threads: stateless but for struct hy_framer, which belongs to its caller. Nothing allocates.
 */
#ifndef HY_FRAME_FRAMER_H
#define HY_FRAME_FRAMER_H

#include "batch/framing.h"

/* What a feeder is given: see struct hy_framing for each call. */
extern const struct hy_framing hy_frame_framing;

#endif
