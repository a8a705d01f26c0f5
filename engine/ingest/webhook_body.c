/*
 * A body that begins with a brace is cut value by value, since all of it is there: an object may
 * lie on a line of its own, on several, or beside others, and commas and square brackets between
 * objects are passed over. Anything else between them is a record up to its line's end.
 *
 * A broken line of NDJSON may leave a bracket open, and what follows then looks like a part of it:
 *
 *   {"id":"1","replies":[        begins here, and takes in the next line, but
 *   {"id":"2"}
 *   {"id":"3"}                   no object may stand here: the first one is not whole
 *
 * So where an object turns out not to be whole, it ends before the first line in it that begins
 * with a brace (which is not indented, as in what is pretty-printed), and such lines are looked at
 * one by one up to where the damage was seen. No byte is cut more than twice, whatever the body.
 */
#include "ingest/webhook_body.h"

#include <string.h>

/* A body that is being cut: what lies before `at` is done with. */
struct values {
    const struct hy_webhook_form *form;
    struct hy_gather *gather;
    char *body;
    size_t len, at;
    size_t doubtful; /* up to here each line that begins with a brace is looked at alone */
    size_t next;     /* such a line behind `at`, or doubtful */
    uint32_t records;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* How the records of a body lie. False: it is none that anybody reads. */
static bool choose_framing(const struct hy_webhook_form *form, const char *body, size_t len,
                           struct hy_frame_choice *choice)
{
    form->framing->detect(body, len, true, form->format, choice);
    if (form->format == HY_FORMAT_AUTO &&
        (choice->format == HY_FORMAT_TEXT || choice->format == HY_FORMAT_CSV))
        return false;
    return choice->kind != HY_FRAME_CSV && choice->kind != HY_FRAME_EVENTS;
}

static bool begins_with_object(const struct hy_frame_choice *choice, const char *body, size_t len)
{
    size_t at = choice->skip;
    while (at < len && is_space(body[at]))
        at++;
    return choice->format != HY_FORMAT_TEXT && at < len && body[at] == '{';
}

/* [at, end) is a record; blanks at its end are none of it. */
static bool give(struct values *v, size_t end)
{
    size_t len = end - v->at;
    while (is_space(v->body[v->at + len - 1]))
        len--;
    bool good = len > v->form->record_bytes_max
                    ? hy_gather_too_long(v->gather, v->form->record_bytes_max)
                    : hy_gather_record(v->gather, v->body + v->at, (uint32_t)len);
    v->records += good;
    v->at = end;
    return good;
}

/* Where the first line behind `at` that begins with a brace does, or to. */
static size_t find_brace_line(const struct values *v, size_t to)
{
    const char *at = v->body + v->at, *end = v->body + to;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))))
        if (++at < end && *at == '{')
            return (size_t)(at - v->body);
    return to;
}

/* How far the object at `at` may reach. */
static size_t reach(struct values *v)
{
    if (v->at >= v->doubtful)
        return v->len;
    if (v->at >= v->next)
        v->next = find_brace_line(v, v->doubtful);
    return v->next;
}

static bool give_object(struct values *v)
{
    struct hy_framer framer;
    struct hy_record found;
    struct hy_frame_out out = {.records = &found, .capacity = 1};
    const struct hy_framing *framing = v->form->framing;
    framing->begin(&framer, HY_FRAME_JSON, v->form->record_bytes_max, 0);
    size_t end = v->at + framing->run(&framer, v->body + v->at, reach(v) - v->at, true, &out);
    if (framer.whole)
        return give(v, end);
    size_t line = find_brace_line(v, end);
    if (line < end)
        v->doubtful = end;
    return give(v, line);
}

static bool give_line(struct values *v)
{
    const char *newline = memchr(v->body + v->at, '\n', v->len - v->at);
    return give(v, newline ? (size_t)(newline - v->body) : v->len);
}

static bool cut_values(struct values *v)
{
    bool good = true;
    while (good && v->at < v->len) {
        char byte = v->body[v->at];
        if (byte == '{')
            good = give_object(v);
        else if (is_space(byte) || byte == ',' || byte == '[' || byte == ']')
            v->at++;
        else
            good = give_line(v);
    }
    return good;
}

static bool cut_as(const struct hy_webhook_form *form, enum hy_frame_kind kind, char *body,
                   size_t len, struct hy_gather *gather, uint32_t *records)
{
    struct hy_stream_cut cut;
    hy_stream_cut_init(&cut, form->framing, kind, form->record_bytes_max);
    bool good = hy_stream_cut_run(&cut, body, len, true, gather, records);
    hy_stream_cut_fini(&cut);
    return good;
}

hydrant_status hy_webhook_body_cut(const struct hy_webhook_form *form, char *body, size_t len,
                                   struct hy_gather *gather, uint32_t *records)
{
    struct hy_frame_choice choice;
    *records = 0;
    if (!choose_framing(form, body, len, &choice))
        return HYDRANT_ERR_DATA;
    memset(body + len, 0, HY_RECORD_PADDING);
    if (!begins_with_object(&choice, body, len))
        return cut_as(form, choice.kind, body + choice.skip, len - choice.skip, gather, records)
                   ? HYDRANT_OK
                   : HYDRANT_ERR_NOMEM;
    struct values v = {.form = form, .gather = gather, .body = body, .len = len, .at = choice.skip};
    bool good = cut_values(&v);
    *records = v.records;
    return good ? HYDRANT_OK : HYDRANT_ERR_NOMEM;
}
