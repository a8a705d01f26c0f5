#include "control/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { ROOM_AT_END = 8 }; /* for what closes a line that is cut */

struct line {
    char *out;
    size_t len;
};

static void put(struct line *line, const char *text, size_t len)
{
    size_t room = HY_LOG_LINE_BYTES - ROOM_AT_END - line->len;
    if (len > room)
        len = room;
    memcpy(line->out + line->len, text, len);
    line->len += len;
}

static void put_cstr(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_escaped(struct line *line, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        char escaped[8];
        if (c == '"' || c == '\\')
            snprintf(escaped, sizeof escaped, "\\%c", c);
        else if (c == '\n')
            snprintf(escaped, sizeof escaped, "\\n");
        else if (c < 0x20 || c == 0x7F)
            snprintf(escaped, sizeof escaped, "\\u%04x", c);
        else
            snprintf(escaped, sizeof escaped, "%c", c);
        put_cstr(line, escaped);
    }
}

static bool needs_quotes(const char *text)
{
    bool quotes = *text == '\0';
    for (; *text && !quotes; text++)
        quotes = (unsigned char)*text <= ' ' || strchr("=\"\\\x7F", *text);
    return quotes;
}

static void put_field(struct line *line, bool json, const struct hy_log_field *field)
{
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)field->number);
    put_cstr(line, json ? ",\"" : " ");
    put_cstr(line, field->key);
    put_cstr(line, json ? "\":" : "=");
    bool quotes = field->text && (json || needs_quotes(field->text));
    if (quotes)
        put_cstr(line, "\"");
    if (field->text)
        put_escaped(line, field->text);
    else
        put_cstr(line, number);
    if (quotes)
        put_cstr(line, "\"");
}

size_t hy_log_line(const struct hy_log *log, int64_t now_us, enum hy_log_level level,
                   const char *message, const struct hy_log_field *fields, size_t count,
                   char out[static HY_LOG_LINE_BYTES])
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    struct line line = {.out = out};
    time_t seconds = (time_t)(now_us / 1000000);
    struct tm tm;
    char stamp[40], text[80];
    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof text,
             log->json ? "{\"ts\":\"%s.%03dZ\",\"level\":\"%s\"" : "ts=%s.%03dZ level=%s", stamp,
             (int)(now_us / 1000 % 1000), levels[level]);
    put_cstr(&line, text);
    put_field(&line, log->json, &HY_LOG_TEXT("msg", message));
    for (size_t i = 0; i < count; i++)
        put_field(&line, log->json, &fields[i]);
    line.out[line.len] = '\0';
    bool cut = line.len == HY_LOG_LINE_BYTES - ROOM_AT_END;
    const char *end = log->json ? (cut ? "\"}\n" : "}\n") : "\n";
    memcpy(out + line.len, end, strlen(end) + 1);
    return line.len + strlen(end);
}

void hy_log_write(const struct hy_log *log, enum hy_log_level level, const char *message,
                  const struct hy_log_field *fields, size_t count)
{
    char out[HY_LOG_LINE_BYTES];
    if (level < log->level)
        return;
    size_t len = hy_log_line(log, hy_clock_wall_us(), level, message, fields, count, out);
    ssize_t written;
    do
        written = write(log->fd, out, len);
    while (written < 0 && errno == EINTR);
}
