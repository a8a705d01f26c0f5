/*
 * Errors of the world: a negative hydrant_status and, if the caller gave one, a filled-in
 * hydrant_error. Every function here accepts err == NULL.
 */
#ifndef HY_BASE_ERROR_H
#define HY_BASE_ERROR_H

#include <hydrant/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sets status and text (printf style) and clears the rest. Returns status. */
__attribute__((format(printf, 3, 4))) hydrant_status
hy_error_set(hydrant_error *err, hydrant_status status, const char *format, ...);

/* As hy_error_set with HYDRANT_ERR_SYSTEM; strerror(sys_errno) is appended to the text. */
__attribute__((format(printf, 3, 4))) hydrant_status
hy_error_system(hydrant_error *err, int sys_errno, const char *format, ...);

/* The two below add to an error already set. They return nothing, so that nobody takes a status out
 * of an error that may not be there. */

/* Names the file (and, unless 0, line and column). */
void hy_error_at(hydrant_error *err, const char *file, uint32_t line, uint32_t column);

/* Puts "prefix: " before the text, for context on the way up. */
__attribute__((format(printf, 2, 3))) void hy_error_context(hydrant_error *err, const char *format,
                                                            ...);

/* "file:line:column: text", as far as these are known; cut where cap ends. */
void hy_error_render(const hydrant_error *err, char *out, size_t cap);

#ifdef __cplusplus
}
#endif

#endif
