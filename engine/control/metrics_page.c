#include "control/metrics_page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"

static void put(struct hy_metrics_page *page, const char *text, size_t len)
{
    if (page->len + len + 1 > page->cap) {
        size_t cap = 2 * page->cap + len + 4096;
        char *grown = realloc(page->data, cap);
        page->failed |= !grown;
        if (!grown)
            return;
        page->data = grown;
        page->cap = cap;
    }
    memcpy(page->data + page->len, text, len);
    page->len += len;
    page->data[page->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static void putf(struct hy_metrics_page *page,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put(page, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

void hy_metrics_family(struct hy_metrics_page *page, const char *name, const char *type,
                       const char *help)
{
    page->family = name;
    putf(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_name(struct hy_metrics_page *page, const char *label, const char *is)
{
    putf(page, "%s", page->family);
    if (!label)
        return;
    putf(page, "{%s=\"", label);
    for (; *is; is++) {
        if (*is == '\\' || *is == '"')
            put(page, "\\", 1);
        put(page, *is == '\n' ? "\\n" : is, *is == '\n' ? 2 : 1);
    }
    put(page, "\"}", 2);
}

void hy_metrics_value(struct hy_metrics_page *page, const char *label, const char *is, double value)
{
    char text[32];
    hy_c_snprintf(text, sizeof text, "%.15g", value);
    put_name(page, label, is);
    putf(page, " %s\n", text);
}

void hy_metrics_count(struct hy_metrics_page *page, const char *label, const char *is,
                      uint64_t value)
{
    put_name(page, label, is);
    putf(page, " %llu\n", (unsigned long long)value);
}

void hy_metrics_page_fini(struct hy_metrics_page *page)
{
    free(page->data);
    *page = (struct hy_metrics_page){0};
}
