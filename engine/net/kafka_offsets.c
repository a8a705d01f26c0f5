#include "net/kafka_offsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hy_kafka_offsets_fini(struct hy_kafka_offsets *offsets)
{
    free(offsets->all);
    *offsets = (struct hy_kafka_offsets){0};
}

struct hy_kafka_part *hy_kafka_offsets_find(struct hy_kafka_offsets *offsets, const char *topic,
                                            int32_t partition)
{
    for (uint32_t i = 0; i < offsets->count; i++) {
        struct hy_kafka_part *part = &offsets->all[i];
        if (part->assignment && part->partition == partition && strcmp(part->topic, topic) == 0)
            return part;
    }
    return NULL;
}

/* A place that nobody has. */
static struct hy_kafka_part *take_place(struct hy_kafka_offsets *offsets)
{
    for (uint32_t i = 0; i < offsets->count; i++)
        if (!offsets->all[i].assignment)
            return &offsets->all[i];
    if (offsets->count == offsets->capacity) {
        uint32_t capacity = offsets->capacity ? 2 * offsets->capacity : 16;
        struct hy_kafka_part *grown = realloc(offsets->all, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        offsets->all = grown;
        offsets->capacity = capacity;
    }
    return &offsets->all[offsets->count++];
}

bool hy_kafka_offsets_assign(struct hy_kafka_offsets *offsets, const char *topic, int32_t partition)
{
    hy_kafka_offsets_revoke(offsets, topic, partition);
    struct hy_kafka_part *part = take_place(offsets);
    if (!part)
        return false;
    *part = (struct hy_kafka_part){
        .partition = partition, .assignment = ++offsets->assignments, .next = -1, .stored = -1};
    snprintf(part->topic, sizeof part->topic, "%s", topic);
    return true;
}

void hy_kafka_offsets_revoke(struct hy_kafka_offsets *offsets, const char *topic, int32_t partition)
{
    struct hy_kafka_part *part = hy_kafka_offsets_find(offsets, topic, partition);
    if (part)
        part->assignment = 0;
}

static void thin(struct hy_kafka_part *part)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < part->count; i += 2)
        part->marks[kept++] = part->marks[i];
    part->count = kept;
}

void hy_kafka_offsets_delivered(struct hy_kafka_offsets *offsets, const char *topic,
                                int32_t partition, uint64_t assignment, int64_t offset,
                                uint64_t position)
{
    struct hy_kafka_part *part = hy_kafka_offsets_find(offsets, topic, partition);
    if (!part || part->assignment != assignment)
        return;
    if (part->count == HY_KAFKA_MARKS)
        thin(part);
    part->marks[part->count++] = (struct hy_kafka_mark){position, offset};
    part->next = offset;
}

bool hy_kafka_part_safe(struct hy_kafka_part *part, uint64_t position, int64_t *offset)
{
    uint32_t passed = 0;
    while (passed < part->count && part->marks[passed].position <= position)
        passed++;
    if (!part->assignment || passed == 0)
        return false;
    *offset = part->marks[passed - 1].offset;
    part->count -= passed;
    memmove(part->marks, part->marks + passed, part->count * sizeof *part->marks);
    if (*offset == part->stored)
        return false;
    part->stored = *offset;
    return true;
}
