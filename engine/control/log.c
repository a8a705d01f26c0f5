#include "control/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "text/utf8.h"

/* What closes a line always has room: a quote, a brace, a newline, a NUL. */
enum { ROOM = HY_LOG_LINE_BYTES - 4 };

struct line {
    char *out;
    size_t len;
};

/* All of it or, without room, nothing. */
static bool put(struct line *line, const char *text, size_t len)
{
    if (line->len + len > ROOM)
        return false;
    memcpy(line->out + line->len, text, len);
    line->len += len;
    return true;
}

static bool put_cstr(struct line *line, const char *text)
{
    return put(line, text, strlen(text));
}

/* One code point, escaped where it has to be, or U+FFFD for a byte that is none. Returns how many
 * bytes of text it was; 0: it has no room. */
static size_t put_unit(struct line *line, const char *text)
{
    unsigned char c = (unsigned char)*text;
    char escaped[8] = {'\\', (char)c};
    size_t len = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    if (c >= 0x80) {
        bool good = strnlen(text, len) == len && hy_utf8_valid(text, len);
        if (!good)
            len = 1;
        return (good ? put(line, text, len) : put_cstr(line, "\xEF\xBF\xBD")) ? len : 0;
    }
    if (c == '\n')
        escaped[1] = 'n';
    else if (c < 0x20 || c == 0x7F)
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else if (c != '"' && c != '\\')
        return put(line, text, 1);
    return put_cstr(line, escaped);
}

/* As much of it as has room. */
static void put_escaped(struct line *line, const char *text)
{
    for (size_t len = 1; *text && len; text += len)
        len = put_unit(line, text);
}

static bool needs_quotes(const char *text)
{
    bool quotes = *text == '\0';
    for (; *text && !quotes; text++)
        quotes = (unsigned char)*text <= ' ' || strchr("=\"\\\x7F", *text);
    return quotes;
}

/* A field whose key or number has no room is left out; a text that has none is cut. */
static void put_field(struct line *line, bool json, const struct hy_log_field *field)
{
    char number[24] = "";
    size_t begin = line->len;
    bool quotes = field->text && (json || needs_quotes(field->text));
    if (!field->text)
        snprintf(number, sizeof number, "%llu", (unsigned long long)field->number);
    if (!put_cstr(line, json ? ",\"" : " ") || !put_cstr(line, field->key) ||
        !put_cstr(line, json ? "\":" : "=") || !put_cstr(line, quotes ? "\"" : number)) {
        line->len = begin;
        return;
    }
    if (field->text)
        put_escaped(line, field->text);
    if (quotes)
        line->out[line->len++] = '"';
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
    const char *end = log->json ? "}\n" : "\n";
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
