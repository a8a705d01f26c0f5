/*
 * The native format a second time, by simdjson's DOM: what decode must agree with. It shares no
 * code with decode but the parsing of times.
 */
#ifndef HY_TESTS_JSON_REFERENCE_H
#define HY_TESTS_JSON_REFERENCE_H

#include <hydrant/item.h>

#ifdef __cplusplus
extern "C" {
#endif

enum reference_answer {
    REFERENCE_MENTION, /* *m is filled in; its strings live until the next call */
    REFERENCE_DROP,    /* *drop says why */
    REFERENCE_INVALID, /* not valid JSON, too deep or not UTF-8 */
    REFERENCE_UNKNOWN, /* holds numbers that a double does not, or whose spelling would be wanted */
};

/* source and offset make up a missing id. *ignored is how many optional fields were of no use. */
enum reference_answer reference_decode(const char *json, size_t len, uint32_t depth_max,
                                       uint32_t text_bytes_max, const char *source, uint64_t offset,
                                       hydrant_mention *m, hydrant_drop *drop, uint32_t *ignored);

#ifdef __cplusplus
}
#endif

#endif
