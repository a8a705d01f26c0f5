/*
 * A piece of text that rules are read from, and where a byte of it stands for a person: line and
 * column, both from 1, columns in characters. Files, queries from the command line and built-in
 * rules all look alike here.
 *
 * A map says where each byte of a value came from when the value is not a plain slice of its
 * source: a quoted or folded YAML scalar.
 *
 * One thread at a time: a source remembers the last place that was asked for, so that asking in
 * ascending order costs one pass over the text, and going back in a line what lies in between, or
 * before.
 */
#ifndef HY_RULES_SOURCE_H
#define HY_RULES_SOURCE_H

#include "base/arena.h"

struct hy_source_text {
    hydrant_str name;  /* as shown in messages */
    hydrant_str bytes; /* the whole text; outlives every place and excerpt taken from it */
    uint32_t first_line, first_column; /* where bytes[0] stands: 1, 1 for a whole file */
    uint32_t order;        /* in which sources were read: diagnostics are sorted by it */
    uint32_t *line_starts; /* offsets; line_starts[0] = 0 */
    uint32_t lines_count;
    struct {
        uint32_t offset, line_index, column;
    } last;
};

/* Finds the lines of bytes. False when the arena is full. */
bool hy_source_init(struct hy_source_text *source, struct hy_arena *arena, hydrant_str name,
                    hydrant_str bytes, uint32_t first_line, uint32_t first_column);

/* Line and column of the byte at offset; offsets past the end stand at the end. */
void hy_source_place(struct hy_source_text *source, uint32_t offset, uint32_t *line,
                     uint32_t *column);

/* The line alone, which costs no pass. */
uint32_t hy_source_line_number(const struct hy_source_text *source, uint32_t offset);

/* How many characters stand in bytes[from, to). */
uint32_t hy_source_characters(const struct hy_source_text *source, uint32_t from, uint32_t to);

/* Bytes that the next count characters from offset take, not beyond the end of its line. */
uint32_t hy_source_extent(const struct hy_source_text *source, uint32_t offset, uint32_t count);

/* The line that offset stands in, without its end. */
hydrant_str hy_source_line(const struct hy_source_text *source, uint32_t offset);

/* value[i] came from source->bytes[offsets ? offsets[i] : base + i]; offsets has len + 1 entries.
 */
struct hy_source_map {
    struct hy_source_text *source;
    uint32_t base;
    const uint32_t *offsets;
};

static inline uint32_t hy_source_offset(const struct hy_source_map *map, uint32_t at)
{
    return map->offsets ? map->offsets[at] : map->base + at;
}

#endif
