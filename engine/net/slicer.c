#include "net/slicer.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/str.h"
#include "ingest/intake.h"

hydrant_status hy_slicer_init(struct hy_slicer *slicer, uint32_t record_bytes_max,
                              hydrant_error *err)
{
    size_t bytes = HY_SLICER_AHEAD + (size_t)record_bytes_max + 2 + 2 * HY_INTAKE_PREFIX_BYTES;
    *slicer = (struct hy_slicer){.record_bytes_max = record_bytes_max, .room_bytes = bytes};
    slicer->room = malloc(bytes + HY_RECORD_PADDING);
    if (!slicer->room)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for records");
    return HYDRANT_OK;
}

void hy_slicer_fini(struct hy_slicer *slicer)
{
    free(slicer->room);
    *slicer = (struct hy_slicer){0};
}

/* The unfinished record begins anew, behind the whole ones. */
static void start_record(struct hy_slicer *s)
{
    s->end = s->line = s->whole + HY_INTAKE_PREFIX_BYTES;
    s->skipping = s->has_field = false;
}

void hy_slicer_begin(struct hy_slicer *s, enum hy_net_records kind)
{
    HY_ASSERT(s->taken == s->whole);
    s->halves += s->end > s->whole + HY_INTAKE_PREFIX_BYTES;
    s->kind = kind;
    s->taken = s->whole = 0;
    s->last_len = 0;
    s->after_cr = s->in_line = false;
    s->id[0] = s->next_id[0] = '\0';
    start_record(s);
}

/* A page of nothing: [] with or without blanks. */
static bool is_empty_page(const char *data, size_t len)
{
    static const char blanks[] = " \t\r\n";
    size_t seen = 0;
    for (size_t i = 0; i < len && seen <= 2; i++)
        if (data[i] && !strchr(blanks, data[i]))
            seen += seen < 2 && data[i] == "[]"[seen] ? 1 : 3;
    return seen == 2;
}

/* Is the unfinished record over the limit? Of what is, the first byte too many is the last kept. */
static bool is_long(const struct hy_slicer *s)
{
    return s->end - s->whole - HY_INTAKE_PREFIX_BYTES > s->record_bytes_max;
}

static void end_record(struct hy_slicer *s)
{
    size_t begin = s->whole + HY_INTAKE_PREFIX_BYTES, len = s->end - begin;
    if (s->kind == HY_NET_WHOLE && is_empty_page(s->room + begin, len))
        len = 0;
    if (len) {
        hy_intake_prefix(s->room + s->whole, (uint32_t)len);
        s->last = begin;
        s->last_len = is_long(s) ? 0 : len;
        s->whole = s->end;
        s->records++;
    }
    start_record(s);
}

static void append(struct hy_slicer *s, const char *data, size_t len)
{
    size_t have = s->end - s->whole - HY_INTAKE_PREFIX_BYTES;
    size_t left = (size_t)s->record_bytes_max + 1 - have;
    if (len > left) {
        s->skipping = true;
        len = left;
    }
    memcpy(s->room + s->end, data, len);
    s->end += len;
}

/* ---- events -----------------------------------------------------------------------------------
 */

static bool is_field(const char *line, size_t len, const char *name, hydrant_str *value)
{
    size_t named = strlen(name);
    if (len < named || memcmp(line, name, named) != 0 || (len > named && line[named] != ':'))
        return false;
    size_t at = len > named ? named + 1 : named;
    at += at < len && line[at] == ' ';
    *value = hy_str(line + at, len - at);
    return true;
}

/* A line of an event has ended. */
static void end_line(struct hy_slicer *s)
{
    const char *line = s->room + s->line;
    size_t len = s->end - s->line;
    hydrant_str value;
    s->in_line = false;
    if (len == 0 && !is_long(s)) { /* an empty line ends the event */
        if (!s->has_field)
            s->end = s->whole + HY_INTAKE_PREFIX_BYTES;
        else /* an id holds until another one comes */
            memcpy(s->id, s->next_id, sizeof s->id);
        end_record(s);
        return;
    }
    if (!is_long(s) && line[0] == ':') { /* a comment */
        s->end = s->line;
        return;
    }
    s->has_field = true;
    if (!is_long(s) && is_field(line, len, "id", &value) && value.len < sizeof s->next_id &&
        !memchr(value.data, '\0', value.len)) {
        memcpy(s->next_id, value.data, value.len);
        s->next_id[value.len] = '\0';
    }
    append(s, "\n", 1);
    s->line = s->end;
}

static size_t find_line_end(const char *data, size_t len)
{
    const char *newline = memchr(data, '\n', len);
    size_t end = newline ? (size_t)(newline - data) : len;
    const char *cr = memchr(data, '\r', end);
    return cr ? (size_t)(cr - data) : end;
}

static size_t run_events(struct hy_slicer *s, const char *data, size_t len)
{
    if (s->after_cr) {
        s->after_cr = false;
        if (data[0] == '\n')
            return 1;
    }
    size_t end = find_line_end(data, len);
    if (end) {
        append(s, data, end);
        s->in_line = true;
    }
    if (end == len)
        return len;
    s->after_cr = data[end] == '\r';
    if (is_long(s) && !s->in_line) { /* the empty line behind an event that is too long */
        s->last_len = 0;
        end_record(s);
    } else {
        end_line(s);
    }
    return end + 1;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

static void drop_cr(struct hy_slicer *s)
{
    if (!s->skipping && s->end > s->whole + HY_INTAKE_PREFIX_BYTES && s->room[s->end - 1] == '\r')
        s->end--;
}

static size_t run_lines(struct hy_slicer *s, const char *data, size_t len)
{
    const char *newline = memchr(data, '\n', len);
    size_t used = newline ? (size_t)(newline - data) : len;
    append(s, data, used);
    if (!newline)
        return used;
    drop_cr(s);
    end_record(s);
    return used + 1;
}

/* ---- all of them ------------------------------------------------------------------------------
 */

size_t hy_slicer_run(struct hy_slicer *s, const char *data, size_t len)
{
    size_t done = 0;
    if (s->taken && s->taken == s->whole) { /* the unfinished record moves to the front */
        memmove(s->room, s->room + s->whole, s->end - s->whole);
        s->end -= s->whole;
        s->line -= s->whole;
        s->taken = s->whole = 0;
        s->last_len = 0;
    }
    while (done < len && s->whole < HY_SLICER_AHEAD) {
        if (s->kind == HY_NET_EVENTS) {
            done += run_events(s, data + done, len - done);
        } else if (s->kind == HY_NET_WHOLE) {
            append(s, data + done, len - done);
            done = len;
        } else {
            done += run_lines(s, data + done, len - done);
        }
    }
    return done;
}

void hy_slicer_finish(struct hy_slicer *s)
{
    if (s->kind == HY_NET_EVENTS && s->in_line)
        end_line(s);
    if (s->kind == HY_NET_EVENTS && !s->has_field && !is_long(s))
        s->end = s->whole + HY_INTAKE_PREFIX_BYTES;
    else if (s->kind == HY_NET_EVENTS)
        memcpy(s->id, s->next_id, sizeof s->id);
    else
        drop_cr(s);
    end_record(s);
}

hydrant_str hy_slicer_take(struct hy_slicer *s, size_t most, bool *all)
{
    size_t len = s->whole - s->taken < most ? s->whole - s->taken : most;
    hydrant_str out = hy_str(s->room + s->taken, len);
    s->taken += len;
    *all = s->taken == s->whole;
    return out;
}
