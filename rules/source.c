#include "rules/source.h"

#include <string.h>

static uint32_t count_lines(hydrant_str bytes)
{
    uint32_t lines = 1;
    for (uint32_t i = 0; i < bytes.len; i++)
        lines += bytes.data[i] == '\n';
    return lines;
}

bool hy_source_init(struct hy_source_text *source, struct hy_arena *arena, hydrant_str name,
                    hydrant_str bytes, uint32_t first_line, uint32_t first_column)
{
    uint32_t lines = count_lines(bytes);
    uint32_t *starts = HY_ARENA_NEW(arena, uint32_t, lines);
    if (!starts)
        return false;
    starts[0] = 0;
    for (uint32_t i = 0, n = 1; i < bytes.len; i++)
        if (bytes.data[i] == '\n')
            starts[n++] = i + 1;
    *source = (struct hy_source_text){.name = name,
                                      .bytes = bytes,
                                      .first_line = first_line,
                                      .first_column = first_column,
                                      .line_starts = starts,
                                      .lines_count = lines};
    source->last.column = first_column;
    return true;
}

static uint32_t line_index(const struct hy_source_text *source, uint32_t offset)
{
    uint32_t low = 0, high = source->lines_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line_starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static uint32_t line_end(const struct hy_source_text *source, uint32_t index)
{
    return index + 1 < source->lines_count ? source->line_starts[index + 1] - 1 : source->bytes.len;
}

uint32_t hy_source_characters(const struct hy_source_text *source, uint32_t from, uint32_t to)
{
    uint32_t count = 0;
    for (uint32_t i = from; i < to; i++)
        count += ((unsigned char)source->bytes.data[i] & 0xC0) != 0x80;
    return count;
}

void hy_source_place(struct hy_source_text *source, uint32_t offset, uint32_t *line,
                     uint32_t *column)
{
    if (offset > source->bytes.len)
        offset = source->bytes.len;
    uint32_t index = source->last.line_index, start = source->line_starts[index];
    bool nearer = 2 * (uint64_t)offset < (uint64_t)start + source->last.offset;
    if (offset < start || offset > line_end(source, index) || nearer) {
        index = line_index(source, offset);
        source->last.line_index = index;
        source->last.offset = source->line_starts[index];
        source->last.column = index == 0 ? source->first_column : 1;
    }
    if (offset < source->last.offset)
        source->last.column -= hy_source_characters(source, offset, source->last.offset);
    else
        source->last.column += hy_source_characters(source, source->last.offset, offset);
    source->last.offset = offset;
    *line = source->first_line + index;
    *column = source->last.column;
}

uint32_t hy_source_line_number(const struct hy_source_text *source, uint32_t offset)
{
    return source->first_line + line_index(source, offset);
}

hydrant_str hy_source_line(const struct hy_source_text *source, uint32_t offset)
{
    if (offset > source->bytes.len)
        offset = source->bytes.len;
    uint32_t index = line_index(source, offset);
    uint32_t start = source->line_starts[index], end = line_end(source, index);
    if (end > start && source->bytes.data[end - 1] == '\r')
        end--;
    return (hydrant_str){source->bytes.data + start, end - start};
}

uint32_t hy_source_extent(const struct hy_source_text *source, uint32_t offset, uint32_t count)
{
    uint32_t end = line_end(source, line_index(source, offset)), at = offset;
    while (at < end && count > 0) {
        do
            at++;
        while (at < end && ((unsigned char)source->bytes.data[at] & 0xC0) == 0x80);
        count--;
    }
    return at - offset;
}
