#include "recording/recording_segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/error.h"
#include "base/file.h"
#include "recording/recording.h"

enum { SKIPPABLE_HEAD = 8, LEVEL = 3 };

/* ---- keys ---- */

bool hy_recording_keys_add(struct hy_recording_keys *keys, uint64_t key)
{
    if (keys->count == keys->room) {
        size_t room = keys->room ? 2 * keys->room : 64;
        uint64_t *grown = realloc(keys->at, room * sizeof *grown);
        if (!grown)
            return false;
        keys->at = grown;
        keys->room = room;
    }
    keys->at[keys->count++] = key;
    return true;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void hy_recording_keys_sort(struct hy_recording_keys *keys)
{
    if (keys->count)
        qsort(keys->at, keys->count, sizeof *keys->at, by_size);
}

bool hy_recording_keys_have(const struct hy_recording_keys *sorted, uint64_t key)
{
    return sorted->count && bsearch(&key, sorted->at, sorted->count, sizeof key, by_size);
}

size_t hy_recording_put_keys(uint32_t magic, const uint64_t *keys, size_t count, void *out)
{
    uint32_t head[2] = {magic, (uint32_t)(count * sizeof *keys)};
    memcpy(out, head, sizeof head);
    memcpy((char *)out + sizeof head, keys, count * sizeof *keys);
    return sizeof head + count * sizeof *keys;
}

/* ---- the folder ---- */

static int is_segment(const struct dirent *entry)
{
    static const char suffix[] = ".ndjson.zst";
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > sizeof suffix && len < HY_RECORDING_NAME_BYTES &&
           strcmp(entry->d_name + len - strlen(suffix), suffix) == 0;
}

hydrant_status hy_recording_segments(int folder_fd, struct hy_recording_segment **out,
                                     uint32_t *count, hydrant_error *err)
{
    struct dirent **entries;
    *out = NULL;
    *count = 0;
    int found = scandirat(folder_fd, ".", &entries, is_segment, hy_file_by_name);
    if (found < 0)
        return hy_error_system(err, errno, "cannot list the recording");
    *out = calloc((size_t)found + 1, sizeof **out);
    for (int i = 0; i < found; i++) {
        struct stat st;
        if (*out && fstatat(folder_fd, entries[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode)) {
            struct hy_recording_segment *segment = &(*out)[(*count)++];
            memcpy(segment->name, entries[i]->d_name, strlen(entries[i]->d_name) + 1);
            segment->bytes = (uint64_t)st.st_size;
            segment->written_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
        }
        free(entries[i]);
    }
    free(entries);
    return *out ? HYDRANT_OK : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the recording");
}

/* ---- walking ---- */

struct view {
    const unsigned char *bytes;
    size_t len;
};

/* A piece of a segment: a frame of lines with the keys behind it, or any other skippable frame. */
struct piece {
    const unsigned char *lines; /* NULL: none */
    size_t lines_len;
    uint32_t magic; /* of the skippable frame */
    const unsigned char *keys;
    size_t keys_count, len; /* of all of it */
};

static hydrant_status map(int folder_fd, const char *name, struct view *out, hydrant_error *err)
{
    struct stat st;
    *out = (struct view){0};
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return hy_error_system(err, error, "cannot open %s of the recording", name);
    }
    void *bytes = MAP_FAILED;
    if (st.st_size)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (st.st_size && bytes == MAP_FAILED)
        return hy_error_system(err, errno, "cannot map %s of the recording", name);
    if (st.st_size)
        *out = (struct view){bytes, (size_t)st.st_size};
    return HYDRANT_OK;
}

static void unmap(struct view *view)
{
    if (view->bytes)
        munmap((void *)view->bytes, view->len);
    *view = (struct view){0};
}

static bool skippable_at(const struct view *view, size_t at, struct piece *piece)
{
    uint32_t head[2];
    if (view->len - at < SKIPPABLE_HEAD)
        return false;
    memcpy(head, view->bytes + at, sizeof head);
    if ((head[0] & ~15u) != ZSTD_MAGIC_SKIPPABLE_START || head[1] > view->len - at - SKIPPABLE_HEAD)
        return false;
    piece->magic = head[0];
    piece->keys = view->bytes + at + SKIPPABLE_HEAD;
    piece->keys_count = head[1] / sizeof(uint64_t);
    piece->len += SKIPPABLE_HEAD + head[1];
    return true;
}

/* False: the end, or no whole piece is there. */
static bool piece_at(const struct view *view, size_t at, struct piece *piece)
{
    *piece = (struct piece){0};
    if (at >= view->len)
        return false;
    if (skippable_at(view, at, piece))
        return true;
    size_t len = ZSTD_findFrameCompressedSize(view->bytes + at, view->len - at);
    if (ZSTD_isError(len))
        return false;
    piece->lines = view->bytes + at;
    piece->lines_len = piece->len = len;
    return skippable_at(view, at + len, piece) && piece->magic == HY_RECORDING_KEYS_MAGIC;
}

static uint64_t key_at(const struct piece *piece, size_t i)
{
    uint64_t key;
    memcpy(&key, piece->keys + i * sizeof key, sizeof key);
    return key;
}

hydrant_status hy_recording_mend(int folder_fd, const char *name, struct hy_recording_keys *deletes,
                                 hydrant_error *err)
{
    struct view view;
    struct piece piece;
    size_t at = 0;
    hydrant_status status = map(folder_fd, name, &view, err);
    for (; status == HYDRANT_OK && piece_at(&view, at, &piece); at += piece.len) {
        for (size_t i = 0; piece.magic == HY_RECORDING_DELETES_MAGIC && i < piece.keys_count; i++)
            if (!hy_recording_keys_add(deletes, key_at(&piece, i)))
                status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the recording");
    }
    size_t whole = view.len;
    unmap(&view);
    if (status != HYDRANT_OK || at == whole)
        return status;
    int fd = openat(folder_fd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || ftruncate(fd, (off_t)at) < 0)
        status = hy_error_system(err, errno, "cannot cut %s of the recording", name);
    if (fd >= 0)
        close(fd);
    return status;
}

/* ---- purging ---- */

struct purge {
    const struct hy_recording_keys *keys;
    int fd;               /* of the new file */
    char *lines, *packed; /* room for a frame */
    uint64_t *left;       /* keys that stay */
    uint64_t gone, kept;
};

static bool has_any(const struct purge *p, const struct piece *piece)
{
    for (size_t i = 0; piece->lines && i < piece->keys_count; i++)
        if (hy_recording_keys_have(p->keys, key_at(piece, i)))
            return true;
    return false;
}

/* Takes the lines out; how many bytes are left. Line i has key i. */
static size_t take_out(struct purge *p, const struct piece *piece, size_t len, size_t *left)
{
    size_t used = 0, i = 0;
    *left = 0;
    for (char *line = p->lines, *end = p->lines + len; line < end && i < piece->keys_count; i++) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        size_t bytes = newline ? (size_t)(newline + 1 - line) : (size_t)(end - line);
        uint64_t key = key_at(piece, i);
        if (hy_recording_keys_have(p->keys, key)) {
            p->gone++;
        } else {
            memmove(p->lines + used, line, bytes);
            used += bytes;
            p->left[(*left)++] = key;
        }
        line += bytes;
    }
    return used;
}

/* A damaged frame goes as a whole: nobody can read its lines, and what has to go may be there. */
static void give_up(struct purge *p, const struct piece *piece)
{
    for (size_t i = 0; i < piece->keys_count; i++)
        p->gone += hy_recording_keys_have(p->keys, key_at(piece, i));
}

static bool rewrite(struct purge *p, const struct piece *piece)
{
    size_t left, bound = ZSTD_compressBound(HY_RECORDING_FRAME_BYTES);
    size_t len =
        ZSTD_decompress(p->lines, HY_RECORDING_FRAME_BYTES, piece->lines, piece->lines_len);
    if (ZSTD_isError(len)) {
        give_up(p, piece);
        return true;
    }
    len = take_out(p, piece, len, &left);
    p->kept += left;
    if (left == 0)
        return true;
    size_t packed = ZSTD_compress(p->packed, bound, p->lines, len, LEVEL);
    if (ZSTD_isError(packed) || !hy_file_write_all(p->fd, p->packed, packed))
        return false;
    packed = hy_recording_put_keys(HY_RECORDING_KEYS_MAGIC, p->left, left, p->packed);
    return hy_file_write_all(p->fd, p->packed, packed);
}

static bool purge_all(struct purge *p, const struct view *view)
{
    struct piece piece;
    size_t at = 0;
    for (; piece_at(view, at, &piece); at += piece.len) {
        bool good = has_any(p, &piece) ? rewrite(p, &piece)
                                       : hy_file_write_all(p->fd, view->bytes + at, piece.len);
        if (!good)
            return false;
        p->kept += piece.lines && !has_any(p, &piece) ? piece.keys_count : 0;
    }
    return true;
}

static bool wants_purge(const struct purge *p, const struct view *view)
{
    struct piece piece;
    for (size_t at = 0; piece_at(view, at, &piece); at += piece.len)
        if (has_any(p, &piece))
            return true;
    return false;
}

static hydrant_status purge_into(int folder_fd, const char *name, struct purge *p,
                                 const struct view *view, hydrant_error *err)
{
    static const char made[] = ".rewriting";
    struct stat st;
    p->fd = openat(folder_fd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good =
        p->fd >= 0 && purge_all(p, view) &&
        fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        futimens(p->fd, (struct timespec[]){st.st_atim, st.st_mtim}) == 0 && /* its age stays */
        fsync(p->fd) == 0;
    if (good && p->kept == 0)
        good = unlinkat(folder_fd, name, 0) == 0;
    else if (good)
        good = renameat(folder_fd, made, folder_fd, name) == 0;
    int error = errno;
    if (p->fd >= 0)
        close(p->fd);
    unlinkat(folder_fd, made, 0);
    return good ? HYDRANT_OK
                : hy_error_system(err, error,
                                  "cannot take what was deleted out of %s of the recording", name);
}

hydrant_status hy_recording_purge(int folder_fd, const char *name,
                                  const struct hy_recording_keys *sorted, uint64_t *gone,
                                  hydrant_error *err)
{
    struct view view;
    struct purge p = {.keys = sorted, .fd = -1};
    *gone = 0;
    hydrant_status status = map(folder_fd, name, &view, err);
    if (status == HYDRANT_OK && wants_purge(&p, &view)) {
        size_t bound = ZSTD_compressBound(HY_RECORDING_FRAME_BYTES);
        size_t keys = (size_t)HY_RECORDING_FRAME_BYTES * sizeof *p.left;
        p.lines = malloc(HY_RECORDING_FRAME_BYTES);
        p.packed = malloc((bound > keys ? bound : keys) + SKIPPABLE_HEAD);
        p.left = malloc(keys);
        status = p.lines && p.packed && p.left
                     ? purge_into(folder_fd, name, &p, &view, err)
                     : hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the recording");
        *gone = status == HYDRANT_OK ? p.gone : 0;
        free(p.lines);
        free(p.packed);
        free(p.left);
    }
    unmap(&view);
    return status;
}
