/* simdjson's parser and the tape it writes, as C. One parser a thread; never throws. */
#ifndef HY_DECODE_SIMDJSON_TAPE_H
#define HY_DECODE_SIMDJSON_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hy_simdjson;

/* A parsed document, until the parser's next one. Its tape is the caller's to change. */
struct hy_simdjson_document {
    uint64_t *tape;         /* map_tape.h says what is on it */
    const uint8_t *strings; /* what it points to */
    const uint32_t *tokens; /* where each begins: , : { } [ ] a string, a number, a name */
    uint32_t tokens_count;
};

enum hy_simdjson_answer {
    HY_SIMDJSON_OK,
    HY_SIMDJSON_NOT_JSON,
    HY_SIMDJSON_UTF8,   /* bytes that are not UTF-8, or half a surrogate pair */
    HY_SIMDJSON_DEEP,   /* nested deeper than depth_max */
    HY_SIMDJSON_LARGE,  /* more than bytes_max bytes */
    HY_SIMDJSON_NUMBER, /* a number that is broken, or valid but too large for 64 bits */
};

/* Reserves for documents of up to bytes_max bytes and depth_max levels. NULL: no memory. */
struct hy_simdjson *hy_simdjson_create(size_t bytes_max, size_t depth_max);
void hy_simdjson_destroy(struct hy_simdjson *parser); /* NULL is fine */

/* Parses one document, 64 readable bytes behind it; *out is set on OK. Allocates nothing. */
enum hy_simdjson_answer hy_simdjson_parse(struct hy_simdjson *parser, const char *json, size_t len,
                                          struct hy_simdjson_document *out);

#ifdef __cplusplus
}
#endif

#endif
