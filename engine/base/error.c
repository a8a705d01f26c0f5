#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

hydrant_status hy_error_set(hydrant_error *err, hydrant_status status, const char *format, ...)
{
    if (!err)
        return status;
    memset(err, 0, sizeof *err);
    err->status = status;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    return status;
}

hydrant_status hy_error_system(hydrant_error *err, int sys_errno, const char *format, ...)
{
    if (!err)
        return HYDRANT_ERR_SYSTEM;
    memset(err, 0, sizeof *err);
    err->status = HYDRANT_ERR_SYSTEM;
    err->sys_errno = sys_errno;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof err->text) {
        char reason[128];
        snprintf(err->text + len, sizeof err->text - (size_t)len, ": %s",
                 strerror_r(sys_errno, reason, sizeof reason));
    }
    return HYDRANT_ERR_SYSTEM;
}

void hy_error_at(hydrant_error *err, const char *file, uint32_t line, uint32_t column)
{
    if (!err)
        return;
    snprintf(err->file, sizeof err->file, "%s", file ? file : "");
    err->line = line;
    err->column = column;
}

void hy_error_context(hydrant_error *err, const char *format, ...)
{
    if (!err)
        return;
    char prefix[sizeof err->text], old[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(old, err->text, sizeof old);
    int len = snprintf(err->text, sizeof err->text, "%s: ", prefix);
    if (len >= 0 && (size_t)len < sizeof err->text)
        snprintf(err->text + len, sizeof err->text - (size_t)len, "%s", old);
}

void hy_error_render(const hydrant_error *err, char *out, size_t cap)
{
    if (err->line)
        snprintf(out, cap, "%s:%u:%u: %s", err->file, err->line, err->column, err->text);
    else
        snprintf(out, cap, "%s%s%s", err->file, err->file[0] ? ": " : "", err->text);
}
