/*
 * One request of the control socket: a JSON object on one line, whose values are strings, whole
 * numbers or null. Nothing nested, no key twice, no key that is not known, no control character in
 * a string.
 *
 *   {"command":"rollback","generation":7}
 *
 * Pure; any thread.
 */
#ifndef HY_CONTROL_CONTROL_REQUEST_H
#define HY_CONTROL_CONTROL_REQUEST_H

#include <hydrant/types.h>

enum { HY_CONTROL_TEXT_BYTES = 256 };

struct hy_control_request {
    char command[32];
    char rule[HY_CONTROL_TEXT_BYTES]; /* confirm */
    uint64_t generation;              /* rollback; 0: not given */
    uint64_t interval_ms;             /* watch; 0: not given */
};

/* NULL, or what is wrong with it: a sentence that lives for good. */
const char *hy_control_request_parse(const char *line, size_t len, struct hy_control_request *out);

#endif
