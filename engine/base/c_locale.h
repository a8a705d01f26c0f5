/*
 * Numbers as text as the "C" locale has them, whatever the program that uses the library has set: a
 * point before the decimals. Any thread; no state.
 */
#ifndef HY_BASE_C_LOCALE_H
#define HY_BASE_C_LOCALE_H

#include <stddef.h>

/* snprintf, for formats with %e, %f or %g; the others are the same in every locale. */
__attribute__((format(printf, 3, 4))) int hy_c_snprintf(char *out, size_t cap, const char *format,
                                                        ...);

/* strtod. */
double hy_c_strtod(const char *text, char **end);

#endif
