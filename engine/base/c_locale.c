#include "base/c_locale.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The libc's own: nothing is allocated, and there is nothing to free. */
static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

int hy_c_snprintf(char *out, size_t cap, const char *format, ...)
{
    va_list args;
    locale_t before = uselocale(c_locale());
    va_start(args, format);
    int len = vsnprintf(out, cap, format, args);
    va_end(args);
    uselocale(before);
    return len;
}

double hy_c_strtod(const char *text, char **end)
{
    return strtod_l(text, end, c_locale());
}
