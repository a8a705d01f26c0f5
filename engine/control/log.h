/*
 * What the daemon says: one line an event, logfmt or JSON, to a descriptor, in one write each.
 *
 *   ts=2026-01-01T00:00:00.123Z level=info msg="ring opened" path=/dev/shm/hydrant/main
 * bytes=33554432
 *
 * Values are others' texts, too: control characters and quotes are escaped, bytes that are no UTF-8
 * become U+FFFD. A line has at most HY_LOG_LINE_BYTES: a text that has no room is cut, what comes
 * behind it is left out, and JSON stays JSON. Any thread. A line that cannot be written is lost.
 */
#ifndef HY_CONTROL_LOG_H
#define HY_CONTROL_LOG_H

#include <hydrant/types.h>

enum { HY_LOG_LINE_BYTES = 4096 };

/* In the order of hydrant.yaml's log.level and log.format. */
enum hy_log_level { HY_LOG_DEBUG, HY_LOG_INFO, HY_LOG_WARNING, HY_LOG_ERROR };

struct hy_log {
    int fd;
    enum hy_log_level level; /* the least that is written */
    bool json;
};

struct hy_log_field {
    const char *key;  /* letters, digits, _ */
    const char *text; /* NULL: number */
    uint64_t number;
};

#define HY_LOG_TEXT(k, value) ((struct hy_log_field){.key = (k), .text = (value)})
#define HY_LOG_NUMBER(k, value) ((struct hy_log_field){.key = (k), .number = (uint64_t)(value)})

void hy_log_write(const struct hy_log *log, enum hy_log_level level, const char *message,
                  const struct hy_log_field *fields, size_t count);

/* hy_log(log, HY_LOG_INFO, "ring opened", HY_LOG_TEXT("path", p), HY_LOG_NUMBER("bytes", n)) */
#define hy_log(log, level, message, ...)                                                \
    hy_log_write((log), (level), (message), (const struct hy_log_field[]){__VA_ARGS__}, \
                 sizeof((const struct hy_log_field[]){__VA_ARGS__}) / sizeof(struct hy_log_field))

/* The line for a moment in microseconds since 1970, with its newline; returns its length. */
size_t hy_log_line(const struct hy_log *log, int64_t now_us, enum hy_log_level level,
                   const char *message, const struct hy_log_field *fields, size_t count,
                   char out[static HY_LOG_LINE_BYTES]);

#endif
