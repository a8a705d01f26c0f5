#include "rules/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "text/utf8.h"

enum { TEXT_BYTES_MAX = 1000 };

struct hy_diagnostics_entry {
    struct hy_diagnostic diagnostic;
    uint32_t order;  /* of its source */
    uint32_t number; /* of its report: keeps the sort stable */
};

void hy_diagnostics_init(struct hy_diagnostics *list, struct hy_arena *arena)
{
    *list = (struct hy_diagnostics){.arena = arena};
}

void hy_diagnostics_fini(struct hy_diagnostics *list)
{
    free(list->entries);
    *list = (struct hy_diagnostics){0};
}

static hydrant_str keep(struct hy_diagnostics *list, const char *text, size_t len)
{
    char *copy = hy_arena_alloc(list->arena, len ? len : 1, 1);
    if (!copy) {
        list->out_of_memory = true;
        return (hydrant_str){0};
    }
    if (len)
        memcpy(copy, text, len);
    return hy_str(copy, len);
}

/* Where the last warning stands; count when there is none. */
static uint32_t last_warning(const struct hy_diagnostics *list)
{
    for (uint32_t i = list->count; i-- > 0;)
        if (list->entries[i].diagnostic.severity == HY_SEVERITY_WARNING)
            return i;
    return list->count;
}

void hy_diagnostics_leave_out(struct hy_diagnostics *list)
{
    uint32_t warning = last_warning(list);
    list->count--;
    if (warning < list->count)
        list->entries[warning] = list->entries[list->count];
    list->left_out++;
}

static struct hy_diagnostics_entry *new_entry(struct hy_diagnostics *list,
                                              enum hy_severity severity)
{
    bool full = list->count == HY_DIAGNOSTICS_MAX;
    if (full && (severity == HY_SEVERITY_WARNING || last_warning(list) == list->count)) {
        list->left_out++;
        return NULL;
    }
    if (full)
        hy_diagnostics_leave_out(list);
    if (list->count == list->capacity) {
        uint32_t capacity = list->capacity ? 2 * list->capacity : 16;
        void *entries = realloc(list->entries, capacity * sizeof *list->entries);
        if (!entries) {
            list->out_of_memory = true;
            return NULL;
        }
        list->entries = entries;
        list->capacity = capacity;
    }
    struct hy_diagnostics_entry *entry = &list->entries[list->count++];
    *entry = (struct hy_diagnostics_entry){.number = list->reported++};
    return entry;
}

/* A window of the line around at, which is d's column, when the line is very long. */
static void set_excerpt(struct hy_diagnostics *list, struct hy_diagnostic *d, hydrant_str line,
                        uint32_t at)
{
    uint32_t start = 0, end = line.len;
    if (line.len > HY_EXCERPT_BYTES_MAX) {
        start = at > HY_EXCERPT_BYTES_MAX / 2 ? at - HY_EXCERPT_BYTES_MAX / 2 : 0;
        start = (uint32_t)hy_utf8_floor(line.data, start);
        if (end - start > HY_EXCERPT_BYTES_MAX)
            end = (uint32_t)hy_utf8_floor(line.data, start + HY_EXCERPT_BYTES_MAX);
    }
    d->excerpt_column = d->column;
    for (uint32_t i = start; i < at; i++)
        d->excerpt_column -= ((unsigned char)line.data[i] & 0xC0) != 0x80;
    /* Problems come in runs on one line: share the excerpt with the one before. */
    if (list->count > 1) {
        const struct hy_diagnostic *before = &list->entries[list->count - 2].diagnostic;
        if (before->line == d->line && before->excerpt_column == d->excerpt_column &&
            hy_str_equal(before->excerpt, hy_str(line.data + start, end - start))) {
            d->excerpt = before->excerpt;
            return;
        }
    }
    d->excerpt = keep(list, line.data + start, end - start);
}

static void set_place(struct hy_diagnostics *list, struct hy_diagnostic *d, struct hy_place place)
{
    struct hy_source_text *source = place.source;
    uint32_t offset = place.offset < source->bytes.len ? place.offset : source->bytes.len;
    hy_source_place(source, offset, &d->line, &d->column);
    hydrant_str line = hy_source_line(source, offset);
    uint32_t at = offset - (uint32_t)(line.data - source->bytes.data);
    uint32_t length = at < line.len && place.length > line.len - at ? line.len - at : place.length;
    for (uint32_t i = at; i < at + length && i < line.len; i++)
        d->length += ((unsigned char)line.data[i] & 0xC0) != 0x80;
    d->file = source->name;
    set_excerpt(list, d, line, at);
}

void hy_diagnostics_add(struct hy_diagnostics *list, enum hy_severity severity,
                        struct hy_place place, const char *fix, const char *format, ...)
{
    if (severity == HY_SEVERITY_ERROR)
        list->errors++;
    struct hy_diagnostics_entry *entry = new_entry(list, severity);
    if (!entry)
        return;
    struct hy_diagnostic *d = &entry->diagnostic;
    d->severity = severity;
    entry->order = UINT32_MAX; /* what stands nowhere comes last */
    if (place.source) {
        entry->order = place.source->order;
        set_place(list, d, place);
    }
    char message[TEXT_BYTES_MAX + 8]; /* room to see whether the cut splits a character */
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len > TEXT_BYTES_MAX)
        len = (int)hy_utf8_floor(message, TEXT_BYTES_MAX);
    d->message = keep(list, message, (size_t)(len > 0 ? len : 0));
    d->fix = fix ? keep(list, fix, strlen(fix)) : (hydrant_str){0};
    d->rule = list->rule;
}

static int compare_entries(const void *left, const void *right)
{
    const struct hy_diagnostics_entry *a = left, *b = right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (a->diagnostic.line != b->diagnostic.line)
        return a->diagnostic.line < b->diagnostic.line ? -1 : 1;
    if (a->diagnostic.column != b->diagnostic.column)
        return a->diagnostic.column < b->diagnostic.column ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

const struct hy_diagnostic *hy_diagnostics_take(struct hy_diagnostics *list, uint32_t *count)
{
    *count = 0;
    if (list->count == 0)
        return NULL;
    qsort(list->entries, list->count, sizeof *list->entries, compare_entries);
    struct hy_diagnostic *out = HY_ARENA_NEW(list->arena, struct hy_diagnostic, list->count);
    if (!out) {
        list->out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < list->count; i++)
        out[i] = list->entries[i].diagnostic;
    *count = list->count;
    return out;
}
