#include "control/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/whole_file.h"
#include "ring/ring_file.h"

static const char first_line[] = "hydrant checkpoint 1\n";
enum { CRC_LINE_BYTES = 13 }; /* "crc 1a2b3c4d\n" */

void hy_checkpoint_fini(struct hy_checkpoint *checkpoint)
{
    for (uint32_t i = 0; i < checkpoint->sources_count; i++)
        free(checkpoint->sources[i].state);
    free(checkpoint->sources);
    free(checkpoint->streams);
    *checkpoint = (struct hy_checkpoint){0};
}

/* ---- what is in it ----------------------------------------------------------------------------
 */

struct hy_checkpoint_stream *hy_checkpoint_stream(const struct hy_checkpoint *checkpoint,
                                                  const char *name)
{
    for (uint32_t i = 0; i < checkpoint->streams_count; i++)
        if (strcmp(checkpoint->streams[i].name, name) == 0)
            return &checkpoint->streams[i];
    return NULL;
}

struct hy_checkpoint_source *hy_checkpoint_source(const struct hy_checkpoint *checkpoint,
                                                  const char *name)
{
    for (uint32_t i = 0; i < checkpoint->sources_count; i++)
        if (strcmp(checkpoint->sources[i].name, name) == 0)
            return &checkpoint->sources[i];
    return NULL;
}

void hy_checkpoint_claim(struct hy_checkpoint *checkpoint, const char *source)
{
    size_t len = strlen(source);
    for (uint32_t i = 0; i < checkpoint->streams_count; i++) {
        struct hy_checkpoint_stream *stream = &checkpoint->streams[i];
        if (strncmp(stream->name, source, len) == 0 &&
            (stream->name[len] == '\0' || stream->name[len] == '/'))
            stream->claimed = true;
    }
    struct hy_checkpoint_source *known = hy_checkpoint_source(checkpoint, source);
    if (known)
        known->claimed = true;
}

/* Forgets the first stream that nobody claims. */
static void forget_stream(struct hy_checkpoint *checkpoint)
{
    struct hy_checkpoint_stream *all = checkpoint->streams;
    for (uint32_t i = 0; i < checkpoint->streams_count; i++) {
        if (all[i].claimed)
            continue;
        memmove(&all[i], &all[i + 1], (--checkpoint->streams_count - i) * sizeof *all);
        return;
    }
}

static void forget_source(struct hy_checkpoint *checkpoint)
{
    struct hy_checkpoint_source *all = checkpoint->sources;
    for (uint32_t i = 0; i < checkpoint->sources_count; i++) {
        if (all[i].claimed)
            continue;
        free(all[i].state);
        memmove(&all[i], &all[i + 1], (--checkpoint->sources_count - i) * sizeof *all);
        return;
    }
}

/* Room for one more in an array that doubles. */
static bool grow(void **array, uint32_t count, size_t size)
{
    if (count & (count - 1)) /* not a power of two: there is room */
        return true;
    void *grown = realloc(*array, (count ? 2 * count : 1) * size);
    if (grown)
        *array = grown;
    return grown;
}

struct hy_checkpoint_stream *hy_checkpoint_add_stream(struct hy_checkpoint *checkpoint,
                                                      const char *name)
{
    struct hy_checkpoint_stream *known = hy_checkpoint_stream(checkpoint, name);
    if (known) {
        known->claimed = true;
        return known;
    }
    if (checkpoint->streams_count == HY_CHECKPOINT_STREAMS_MAX)
        forget_stream(checkpoint);
    if (strlen(name) >= HY_CHECKPOINT_NAME_BYTES ||
        checkpoint->streams_count == HY_CHECKPOINT_STREAMS_MAX ||
        !grow((void **)&checkpoint->streams, checkpoint->streams_count, sizeof *known))
        return NULL;
    struct hy_checkpoint_stream *added = &checkpoint->streams[checkpoint->streams_count++];
    *added = (struct hy_checkpoint_stream){.claimed = true};
    strcpy(added->name, name);
    return added;
}

static struct hy_checkpoint_source *add_source(struct hy_checkpoint *checkpoint, const char *name)
{
    struct hy_checkpoint_source *known = hy_checkpoint_source(checkpoint, name);
    if (known) {
        known->claimed = true;
        return known;
    }
    if (checkpoint->sources_count == HY_CHECKPOINT_SOURCES_MAX)
        forget_source(checkpoint);
    if (strlen(name) >= HY_CHECKPOINT_NAME_BYTES ||
        checkpoint->sources_count == HY_CHECKPOINT_SOURCES_MAX ||
        !grow((void **)&checkpoint->sources, checkpoint->sources_count, sizeof *known))
        return NULL;
    struct hy_checkpoint_source *added = &checkpoint->sources[checkpoint->sources_count++];
    *added = (struct hy_checkpoint_source){.claimed = true};
    strcpy(added->name, name);
    return added;
}

bool hy_checkpoint_set_state(struct hy_checkpoint *checkpoint, const char *name, const char *state,
                             size_t len)
{
    char *copy = len <= HY_CHECKPOINT_STATE_BYTES_MAX ? malloc(len + 1) : NULL;
    struct hy_checkpoint_source *source = copy ? add_source(checkpoint, name) : NULL;
    if (!source) {
        free(copy);
        return false;
    }
    if (len)
        memcpy(copy, state, len);
    copy[len] = '\0';
    free(source->state);
    source->state = copy;
    source->state_len = len;
    return true;
}

/* ---- as text ----------------------------------------------------------------------------------
 */

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, const char *text)
{
    size_t len = strlen(text);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
        return false;
    c->at += len;
    return true;
}

static bool take_number(struct cursor *c, uint64_t *out)
{
    const char *begin = c->at;
    *out = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        if (__builtin_mul_overflow(*out, 10, out) ||
            __builtin_add_overflow(*out, (uint64_t)(*c->at++ - '0'), out))
            return false;
    return c->at > begin;
}

/* The rest of the line, without its end. */
static bool take_rest(struct cursor *c, char *out, size_t cap)
{
    const char *end = memchr(c->at, '\n', (size_t)(c->end - c->at));
    if (!end || (size_t)(end - c->at) >= cap || end == c->at ||
        memchr(c->at, '\0', (size_t)(end - c->at)))
        return false;
    memcpy(out, c->at, (size_t)(end - c->at));
    out[end - c->at] = '\0';
    c->at = end + 1;
    return true;
}

static bool parse_stream(struct cursor *c, struct hy_checkpoint *out)
{
    char name[HY_CHECKPOINT_NAME_BYTES];
    uint64_t committed, acknowledged;
    if (!take_number(c, &committed) || !take(c, " ") || !take_number(c, &acknowledged) ||
        !take(c, " ") || !take_rest(c, name, sizeof name) || acknowledged > committed ||
        hy_checkpoint_stream(out, name) || out->streams_count == HY_CHECKPOINT_STREAMS_MAX)
        return false;
    struct hy_checkpoint_stream *stream = hy_checkpoint_add_stream(out, name);
    if (!stream)
        return false;
    stream->committed = committed;
    stream->acknowledged = acknowledged;
    return true;
}

static bool parse_state(struct cursor *c, struct hy_checkpoint *out)
{
    char name[HY_CHECKPOINT_NAME_BYTES];
    uint64_t len;
    if (!take_number(c, &len) || !take(c, " ") || !take_rest(c, name, sizeof name) ||
        len > (uint64_t)(c->end - c->at) || hy_checkpoint_source(out, name) ||
        out->sources_count == HY_CHECKPOINT_SOURCES_MAX ||
        !hy_checkpoint_set_state(out, name, c->at, (size_t)len))
        return false;
    c->at += len;
    return take(c, "\n");
}

static bool parse_lines(struct cursor *c, struct hy_checkpoint *out)
{
    uint64_t saved;
    if (!take(c, first_line))
        return false;
    if (take(c, "ring ") && !take_rest(c, out->ring, sizeof out->ring))
        return false;
    if (!take(c, "saved ") || !take_number(c, &saved) || saved > INT64_MAX || !take(c, "\n"))
        return false;
    out->saved_us = (int64_t)saved;
    while (c->at < c->end) {
        bool good = take(c, "stream ")  ? parse_stream(c, out)
                    : take(c, "state ") ? parse_state(c, out)
                                        : false;
        if (!good)
            return false;
    }
    for (uint32_t i = 0; i < out->streams_count; i++)
        out->streams[i].claimed = false;
    for (uint32_t i = 0; i < out->sources_count; i++)
        out->sources[i].claimed = false;
    return true;
}

static bool crc_holds(const char *text, size_t len)
{
    char line[CRC_LINE_BYTES + 1];
    if (len < CRC_LINE_BYTES)
        return false;
    snprintf(line, sizeof line, "crc %08" PRIx32 "\n", hy_ring_crc(text, len - CRC_LINE_BYTES));
    return memcmp(text + len - CRC_LINE_BYTES, line, CRC_LINE_BYTES) == 0;
}

bool hy_checkpoint_parse(const char *text, size_t len, struct hy_checkpoint *out)
{
    *out = (struct hy_checkpoint){0};
    if (!crc_holds(text, len))
        return false;
    struct cursor c = {text, text + len - CRC_LINE_BYTES};
    if (parse_lines(&c, out))
        return true;
    hy_checkpoint_fini(out);
    return false;
}

char *hy_checkpoint_print(const struct hy_checkpoint *checkpoint, size_t *len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, len);
    if (!out)
        return NULL;
    fputs(first_line, out);
    if (checkpoint->ring[0])
        fprintf(out, "ring %s\n", checkpoint->ring);
    fprintf(out, "saved %" PRId64 "\n", checkpoint->saved_us);
    for (uint32_t i = 0; i < checkpoint->streams_count; i++)
        fprintf(out, "stream %" PRIu64 " %" PRIu64 " %s\n", checkpoint->streams[i].committed,
                checkpoint->streams[i].acknowledged, checkpoint->streams[i].name);
    for (uint32_t i = 0; i < checkpoint->sources_count; i++) {
        const struct hy_checkpoint_source *source = &checkpoint->sources[i];
        fprintf(out, "state %zu %s\n", source->state_len, source->name);
        fwrite(source->state, 1, source->state_len, out);
        putc('\n', out);
    }
    bool whole = fflush(out) == 0 && !ferror(out);
    if (whole)
        fprintf(out, "crc %08" PRIx32 "\n", hy_ring_crc(text, *len));
    whole = fclose(out) == 0 && whole;
    if (!whole) {
        free(text);
        text = NULL;
    }
    return text;
}

/* ---- on disk ----------------------------------------------------------------------------------
 */

hydrant_status hy_checkpoint_load(int dir_fd, struct hy_checkpoint *out, hydrant_error *err)
{
    *out = (struct hy_checkpoint){0};
    char *text;
    size_t len;
    int error = hy_whole_file_read(dir_fd, "checkpoint", HY_CHECKPOINT_BYTES_MAX, &text, &len);
    if (error == ENOENT)
        return HYDRANT_OK;
    if (error == ENOMEM)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the checkpoint");
    if (error && error != EFBIG)
        return hy_error_system(err, error, "cannot read the checkpoint");
    bool good = !error && hy_checkpoint_parse(text, len, out);
    free(text);
    return good ? HYDRANT_OK
                : hy_error_set(err, HYDRANT_ERR_DATA,
                               "the checkpoint is damaged; move it away to read every source from "
                               "its beginning");
}

hydrant_status hy_checkpoint_save(int dir_fd, const struct hy_checkpoint *checkpoint,
                                  hydrant_error *err)
{
    size_t len;
    char *text = hy_checkpoint_print(checkpoint, &len);
    if (!text)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the checkpoint");
    int error = hy_whole_file_write(dir_fd, "checkpoint", text, len);
    free(text);
    return error ? hy_error_system(err, error, "cannot write the checkpoint") : HYDRANT_OK;
}
