/* What decode takes from simdjson, as C. Pure; any thread; never throws. */
#ifndef HY_DECODE_SIMDJSON_GLUE_H
#define HY_DECODE_SIMDJSON_GLUE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* True if the bytes are valid UTF-8 (no surrogates, no overlong forms, <= U+10FFFF). */
bool hy_simdjson_utf8_valid(const char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
