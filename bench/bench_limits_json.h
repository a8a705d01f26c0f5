/* simdjson alone, as C: the fastest that the text of a record can be had by parsing. */
#ifndef HY_BENCH_LIMITS_JSON_H
#define HY_BENCH_LIMITS_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A record: length bytes with 64 readable bytes behind it. Each returns the length of "text",
 * unescaped, or 0 when there is none. One thread. */
uint32_t bench_json_text_ondemand(const char *data, size_t len);
uint32_t bench_json_text_dom(const char *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
