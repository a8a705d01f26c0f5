#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void hy_assert_fail(const char *expr, const char *file, int line, const char *func)
{
    char text[512];
    int len = snprintf(text, sizeof text, "hydrant: assertion failed: %s (%s:%d, %s)\n", expr, file,
                       line, func);
    if (len > (int)sizeof text - 1)
        len = (int)sizeof text - 1;
    ssize_t ignored = write(STDERR_FILENO, text, (size_t)len);
    (void)ignored;
    abort();
}
