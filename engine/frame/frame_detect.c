/*
 * What a stream is, from its first bytes. After a byte order mark and white space:
 *
 *   {                       native: one JSON object a line. Objects that span lines
 * (pretty-printed) if the line ends there, or ends behind , : [ or { and the next line is indented
 * or begins with a quote, as no line of NDJSON does [ then {                a JSON array of
 * objects, native [ then ] alone          an empty JSON array, native [ then "CAPITALS"       JSON
 * arrays, one a line (frames of Nostr)
 *   <?xml <rss <feed        XML, one record, for mappings
 *   <rdf:RDF <!--
 *   lines as server-sent    events, for mappings: comments, then "event: word" before "data:",
 *   events have them        "id:" or "retry:", or "data: {"
 *   a line with a column    CSV. The line is cut at its first comma, semicolon or tab, and all that
 *   called "text"           are like it; columns may be in quotes and have 1 to 64 bytes, none of
 *                           them a quote; case and outer blanks do not matter
 *   anything else           plain text, one post a line
 *
 * When the caller insists on a format, only the kind of JSON is looked at. The answer is given at
 * the first byte that settles it, and HY_FRAME_DETECT_BYTES at the latest; more bytes never change
 * it.
 */
#include "base/str.h"
#include "batch/csv.h"
#include "frame/cut.h"

#include <string.h>

enum verdict { UNKNOWN, NO, YES };
enum { COLUMN_BYTES_MAX = 64 };

struct sample {
    const char *data;
    size_t len;
    bool last; /* nothing is coming, or nothing more is looked at */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t skip_space(const struct sample *s, size_t at)
{
    while (at < s->len && is_space(s->data[at]))
        at++;
    return at;
}

/* Does nothing but white space come up to the line end? */
static enum verdict line_ends(const struct sample *s, size_t at)
{
    while (at < s->len && is_space(s->data[at]))
        if (s->data[at++] == '\n')
            return YES;
    if (at < s->len)
        return NO;
    return s->last ? YES : UNKNOWN;
}

/* Does the object that begins at the brace go on behind its line? */
static enum verdict spans_lines(const struct sample *s, size_t brace)
{
    enum verdict alone = line_ends(s, brace + 1);
    if (alone != NO)
        return alone;
    const char *newline = memchr(s->data + brace, '\n', s->len - brace);
    if (!newline)
        return s->last ? NO : UNKNOWN;
    size_t end = (size_t)(newline - s->data), next = skip_space(s, end);
    while (is_space(s->data[end - 1]))
        end--;
    if (!strchr(",:[{", s->data[end - 1]) || !s->data[end - 1])
        return NO;
    if (next == s->len)
        return s->last ? NO : UNKNOWN;
    return s->data[next] == '"' || s->data[next - 1] == ' ' || s->data[next - 1] == '\t' ? YES : NO;
}

static enum verdict is_json_array(const struct sample *s, size_t bracket)
{
    size_t at = skip_space(s, bracket + 1);
    if (at == s->len)
        return s->last ? NO : UNKNOWN;
    if (s->data[at] == '{')
        return YES;
    return s->data[at] == ']' ? line_ends(s, at + 1) : NO;
}

/* Is the column data[from, to) well formed, and is it the one called text? */
static bool read_column(const char *data, size_t from, size_t to, bool *is_text)
{
    while (from < to && is_space(data[from]))
        from++;
    while (to > from && is_space(data[to - 1]))
        to--;
    if (to - from >= 2 && data[from] == '"' && data[to - 1] == '"') {
        from++;
        to--;
    }
    if (to == from || to - from > COLUMN_BYTES_MAX || memchr(data + from, '"', to - from))
        return false;
    hydrant_str name = {data + from, (uint32_t)(to - from)};
    *is_text |= hy_str_equal_nocase(name, HY_STR("text"));
    return true;
}

static enum verdict is_csv_header(const struct sample *s, size_t line)
{
    const char *newline = memchr(s->data + line, '\n', s->len - line);
    size_t end = newline ? (size_t)(newline - s->data) : s->len;
    char delimiter = hy_csv_delimiter(s->data + line, end - line);
    bool has_text = false;
    for (size_t from = line; from <= end;) {
        const char *next = delimiter ? memchr(s->data + from, delimiter, end - from) : NULL;
        if (!next && !newline && !s->last)
            return UNKNOWN;
        size_t to = next ? (size_t)(next - s->data) : end;
        if (!read_column(s->data, from, to, &has_text))
            return NO;
        from = to + 1;
    }
    return has_text ? YES : NO;
}

/* Does this stand at the place? */
static enum verdict has(const struct sample *s, size_t at, const char *text)
{
    size_t len = strlen(text), there = s->len - at < len ? s->len - at : len;
    if (memcmp(s->data + at, text, there) != 0)
        return NO;
    return there == len ? YES : s->last ? NO : UNKNOWN;
}

static enum verdict has_any(const struct sample *s, size_t at, const char *const *texts)
{
    enum verdict best = NO;
    for (; *texts && best != YES; texts++) {
        enum verdict v = has(s, at, *texts);
        best = v == NO ? best : v;
    }
    return best;
}

static enum verdict is_xml(const struct sample *s, size_t at)
{
    static const char *const starts[] = {"<?xml", "<rss", "<feed", "<rdf:RDF", "<!--", NULL};
    return has_any(s, at, starts);
}

/* ["EVENT", ... */
static enum verdict is_frame(const struct sample *s, size_t at)
{
    if (s->data[at++] != '[')
        return NO;
    if (at == s->len)
        return s->last ? NO : UNKNOWN;
    if (s->data[at++] != '"')
        return NO;
    size_t word = at;
    while (at < s->len && s->data[at] >= 'A' && s->data[at] <= 'Z')
        at++;
    if (at == s->len)
        return s->last ? NO : UNKNOWN;
    return at > word && s->data[at] == '"' ? YES : NO;
}

/* The line at from as one of an event stream: UNKNOWN says that the next line decides. */
static enum verdict event_line(const struct sample *s, size_t from, size_t end)
{
    static const char *const others[] = {"id:", "retry:", NULL};
    struct sample line = {.data = s->data, .len = end, .last = true};
    if (from == end || s->data[from] == ':' || has_any(&line, from, others) == YES)
        return UNKNOWN;
    if (has(&line, from, "data:") == YES) {
        size_t at = skip_space(&line, from + 5);
        return at < end && (s->data[at] == '{' || s->data[at] == '[') ? YES : NO;
    }
    if (has(&line, from, "event:") != YES)
        return NO;
    for (size_t at = from + 6 + (s->data[from + 6] == ' '); at < end; at++)
        if (is_space(s->data[at]) && s->data[at] != '\r')
            return NO;
    return UNKNOWN;
}

static enum verdict is_event_stream(const struct sample *s, size_t at)
{
    static const char *const starts[] = {":", "event:", "data:", "id:", "retry:", NULL};
    static const char *const follow[] = {"data:", "id:", "retry:", NULL};
    enum verdict v = has_any(s, at, starts);
    bool named = false;
    while (v == YES || v == UNKNOWN) {
        const char *newline = memchr(s->data + at, '\n', s->len - at);
        if (named && at < s->len)
            return has_any(s, at, follow);
        if (!newline)
            return s->last ? NO : UNKNOWN;
        size_t end = (size_t)(newline - s->data);
        named = has(s, at, "event:") == YES;
        v = event_line(s, at, end);
        if (v == YES)
            return YES;
        at = end + 1;
    }
    return NO;
}

static bool choose(struct hy_frame_choice *choice, enum hy_format format, enum hy_frame_kind kind)
{
    choice->format = format;
    choice->kind = kind;
    return true;
}

/* NATIVE is wanted, or looks likely: which kind of it is there? at: the first byte that counts. */
static enum verdict json_kind(const struct sample *s, size_t at, enum hy_frame_kind *kind)
{
    enum verdict v = NO;
    if (s->data[at] == '{')
        v = spans_lines(s, at);
    else if (s->data[at] == '[')
        v = is_json_array(s, at);
    *kind = v == YES ? HY_FRAME_JSON : HY_FRAME_LINES;
    return v;
}

static bool detect_native(const struct sample *s, size_t at, struct hy_frame_choice *choice)
{
    enum hy_frame_kind kind = HY_FRAME_LINES;
    if (at == s->len)
        return s->last && choose(choice, HY_FORMAT_NATIVE, kind);
    if (json_kind(s, at, &kind) == UNKNOWN)
        return false;
    return choose(choice, HY_FORMAT_NATIVE, kind);
}

/* A mapping reads it: JSON, XML or events? */
static bool detect_mapped(const struct sample *s, size_t at, struct hy_frame_choice *choice)
{
    enum hy_frame_kind kind = HY_FRAME_LINES;
    if (at == s->len)
        return s->last && choose(choice, HY_FORMAT_MAPPED, kind);
    if (s->data[at] == '<')
        return choose(choice, HY_FORMAT_MAPPED, HY_FRAME_WHOLE);
    if (s->data[at] == ':' || (s->data[at] >= 'a' && s->data[at] <= 'z'))
        return choose(choice, HY_FORMAT_MAPPED, HY_FRAME_EVENTS);
    if (json_kind(s, at, &kind) == UNKNOWN)
        return false;
    return choose(choice, HY_FORMAT_MAPPED, kind);
}

static bool detect_any(const struct sample *s, size_t at, struct hy_frame_choice *choice)
{
    enum hy_frame_kind kind;
    if (at == s->len)
        return s->last && choose(choice, HY_FORMAT_TEXT, HY_FRAME_LINES);
    enum verdict json = json_kind(s, at, &kind);
    if (json == UNKNOWN)
        return false;
    if (json == YES || s->data[at] == '{')
        return choose(choice, HY_FORMAT_NATIVE, kind);
    enum verdict frame = is_frame(s, at), xml = is_xml(s, at), events = is_event_stream(s, at);
    if (frame == UNKNOWN || xml == UNKNOWN || events == UNKNOWN)
        return false;
    if (frame == YES)
        return choose(choice, HY_FORMAT_NATIVE, HY_FRAME_LINES);
    if (xml == YES || events == YES)
        return choose(choice, HY_FORMAT_MAPPED, xml == YES ? HY_FRAME_WHOLE : HY_FRAME_EVENTS);
    enum verdict csv = s->data[at] == '[' ? NO : is_csv_header(s, at);
    if (csv == UNKNOWN)
        return false;
    return csv == YES ? choose(choice, HY_FORMAT_CSV, HY_FRAME_CSV)
                      : choose(choice, HY_FORMAT_TEXT, HY_FRAME_LINES);
}

/* Bytes of the mark at the start; false while it cannot be told. */
static bool skip_mark(const struct sample *s, uint32_t *skip)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t look = s->len < 3 ? s->len : 3;
    bool like = memcmp(s->data, mark, look) == 0;
    *skip = like && look == 3 ? 3 : 0;
    return !like || look == 3 || s->last;
}

bool hy_frame_detect(const char *data, size_t len, bool final, enum hy_format wanted,
                     struct hy_frame_choice *choice)
{
    struct sample s = {.data = data, .len = len, .last = final};
    if (len >= HY_FRAME_DETECT_BYTES) {
        s.len = HY_FRAME_DETECT_BYTES;
        s.last = true;
    }
    if (!skip_mark(&s, &choice->skip))
        return false;
    if (wanted == HY_FORMAT_CSV)
        return choose(choice, wanted, HY_FRAME_CSV);
    if (wanted == HY_FORMAT_TEXT)
        return choose(choice, wanted, HY_FRAME_LINES);
    size_t at = skip_space(&s, choice->skip);
    if (wanted == HY_FORMAT_MAPPED)
        return detect_mapped(&s, at, choice);
    return wanted == HY_FORMAT_NATIVE ? detect_native(&s, at, choice) : detect_any(&s, at, choice);
}
