/* The window's snapshots; dedup_snapshot.h has the contract and the form of the file. */
#include "dedup/dedup_snapshot.h"

#include "base/error.h"
#include "base/file.h"
#include "dedup/dedup_group.h"
#include "dedup/dedup_lexicon.h"
#include "dedup/dedup_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

enum { BLOCK_BYTES = 64 << 10, PATH_BYTES = 4096, SEALED_BYTES = 120 };

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tables are written as they lie");

static const char magic[8] = {'H', 'Y', 'D', 'E', 'D', 'U', 'P', '\n'};

struct header {
    char magic[8];
    uint32_t version, header_bytes;
    /* The form of the tables: all must be equal to the window's. */
    uint32_t entries, log_units, lines, tallies, entry_bytes, tally_bytes;
    uint64_t seed, seq, log_head, published, run, committed;
    int64_t saved_at_us;
    uint64_t words; /* the word lists that sketches were made with */
    uint64_t spare[2];
    uint64_t check; /* of the SEALED_BYTES before it */
};
_Static_assert(sizeof(struct header) == SEALED_BYTES + sizeof(uint64_t), "no padding");

/* Before each block's bytes, and, with the number of blocks in place of len, at the end. */
struct block {
    uint32_t len; /* of bytes that follow; 0: zeros */
    uint32_t is_end;
    uint64_t check;
};

struct table {
    _Atomic uint64_t *words;
    size_t bytes;
};

enum { TABLES = 7 };

/* The window's tables, in the order of the file; all are of 32- and 64-bit atomics. */
static void list_tables(struct hy_dedup *dedup, struct table tables[TABLES])
{
    struct hy_dedup_window *w = &dedup->window;
    size_t entries = w->entries_count;
    const struct {
        void *at;
        size_t bytes;
    } all[TABLES] = {
        {w->by_id, entries * sizeof *w->by_id},
        {w->by_text, entries * sizeof *w->by_text},
        {w->slots, (size_t)w->lines_count * HY_DEDUP_LINE_SLOTS * sizeof *w->slots},
        {w->entries, entries * sizeof *w->entries},
        {w->log, (size_t)w->log_units * sizeof *w->log},
        {w->tallies.all, (size_t)w->tallies.count * sizeof *w->tallies.all},
        {dedup->marks, sizeof dedup->marks},
    };
    for (int i = 0; i < TABLES; i++)
        tables[i] = (struct table){all[i].at, all[i].bytes};
}

/* Another list gives the same word another form. */
static uint64_t hash_words(void)
{
    return XXH3_64bits(hy_dedup_lexicon_slots,
                       sizeof *hy_dedup_lexicon_slots << HY_DEDUP_LEXICON_BITS);
}

static uint64_t check_header(const struct header *h)
{
    return XXH3_64bits_withSeed(h, SEALED_BYTES, HY_DEDUP_SNAPSHOT_VERSION);
}

/* The check of block number of the file: bytes in another place do not pass. */
static uint64_t check_block(const struct block *b, const void *bytes, uint64_t number)
{
    uint64_t seed = number << 32 | b->len << 1 | b->is_end;
    return XXH3_64bits_withSeed(bytes, b->len && !b->is_end ? b->len : 0, seed);
}

/* ---- saving ---- */

struct writer {
    int fd;
    uint64_t blocks;
    char *buffer; /* BLOCK_BYTES */
};

static bool is_zero(const char *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

static bool write_block(struct writer *w, size_t len)
{
    struct block b = {.len = is_zero(w->buffer, len) ? 0 : (uint32_t)len};
    b.check = check_block(&b, w->buffer, w->blocks++);
    return hy_file_write_all(w->fd, &b, sizeof b) && hy_file_write_all(w->fd, w->buffer, b.len);
}

/* Workers may write while this reads: words are whole, and what they are part of is checked when it
 * is used. What is left of a table with an odd number of half words is copied as half a word. */
static void copy_words(const _Atomic uint64_t *words, char *to, size_t len)
{
    size_t at = 0;
    for (; len - at >= sizeof *words; at += sizeof *words) {
        uint64_t word = atomic_load_explicit(&words[at / sizeof *words], memory_order_relaxed);
        memcpy(to + at, &word, sizeof word);
    }
    if (at < len) {
        const _Atomic uint32_t *half = (const _Atomic uint32_t *)&words[at / sizeof *words];
        uint32_t word = atomic_load_explicit(half, memory_order_relaxed);
        memcpy(to + at, &word, sizeof word);
    }
}

static bool write_table(struct writer *w, const struct table *table)
{
    for (size_t at = 0; at < table->bytes; at += BLOCK_BYTES) {
        size_t len = table->bytes - at < BLOCK_BYTES ? table->bytes - at : BLOCK_BYTES;
        copy_words(&table->words[at / 8], w->buffer, len);
        if (!write_block(w, len))
            return false;
    }
    return true;
}

static struct header header_of(const struct hy_dedup *dedup, uint64_t run, uint64_t committed)
{
    const struct hy_dedup_window *w = &dedup->window;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct header h = {
        .version = HY_DEDUP_SNAPSHOT_VERSION,
        .header_bytes = sizeof h,
        .entries = w->entries_count,
        .log_units = w->log_units,
        .lines = w->lines_count,
        .tallies = w->tallies.count,
        .entry_bytes = sizeof(struct hy_dedup_entry),
        .tally_bytes = sizeof(struct hy_dedup_tally),
        .seed = dedup->seed,
        .seq = atomic_load_explicit(&w->seq, memory_order_acquire),
        .log_head = atomic_load_explicit(&w->log_head, memory_order_acquire),
        .published = atomic_load_explicit(&w->published, memory_order_acquire),
        .run = run,
        .committed = committed,
        .saved_at_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
        .words = hash_words(),
    };
    memcpy(h.magic, magic, sizeof magic);
    h.check = check_header(&h);
    return h;
}

static bool write_snapshot(struct writer *w, struct hy_dedup *dedup, const struct header *h)
{
    struct table tables[TABLES];
    list_tables(dedup, tables);
    bool good = hy_file_write_all(w->fd, h, sizeof *h);
    for (int i = 0; i < TABLES && good; i++)
        good = write_table(w, &tables[i]);
    struct block end = {.len = (uint32_t)w->blocks, .is_end = 1};
    end.check = check_block(&end, NULL, w->blocks);
    return good && hy_file_write_all(w->fd, &end, sizeof end) && fsync(w->fd) == 0;
}

/* So that a power cut does not undo the renaming. What cannot be synced is not an error: the file
 * itself is whole. */
static void sync_folder(const char *path)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int len = slash ? (int)(slash - path) + 1 : 1;
    snprintf(folder, sizeof folder, "%.*s", len, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

hydrant_status hy_dedup_save(const struct hy_dedup *dedup, const char *path, uint64_t run,
                             uint64_t committed, hydrant_error *err)
{
    char part[PATH_BYTES];
    if ((size_t)snprintf(part, sizeof part, "%s.part", path) >= sizeof part)
        return hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the snapshot's path is too long");
    struct writer w = {.buffer = malloc(BLOCK_BYTES)};
    if (!w.buffer)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to save the dedup window");
    unlink(part); /* of a save that was interrupted */
    w.fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    struct header h = header_of(dedup, run, committed);
    /* Tables are listed for reading and writing alike; here they are only read. */
    bool good = w.fd >= 0 && write_snapshot(&w, (struct hy_dedup *)(uintptr_t)dedup, &h);
    int error = errno;
    if (w.fd >= 0 && close(w.fd) != 0 && good) {
        error = errno;
        good = false;
    }
    if (good && rename(part, path) != 0) {
        error = errno;
        good = false;
    }
    free(w.buffer);
    if (!good) {
        unlink(part);
        return hy_error_system(err, error, "cannot save the dedup window to %s", path);
    }
    sync_folder(path);
    return HYDRANT_OK;
}

/* ---- loading ---- */

struct loader {
    int fd;
    uint64_t blocks, offset;
    const char *path;
    hydrant_error *err;
};

static hydrant_status refuse(const struct loader *l, const char *why)
{
    hydrant_status status = hy_error_set(l->err, HYDRANT_ERR_DATA,
                                         "the dedup snapshot %s is not used: %s", l->path, why);
    if (l->err)
        l->err->offset = l->offset;
    return status;
}

static hydrant_status read_part(struct loader *l, void *data, size_t len)
{
    ssize_t done = hy_file_read_all(l->fd, data, len);
    if (done < 0)
        return hy_error_system(l->err, errno, "cannot read %s", l->path);
    l->offset += (uint64_t)done;
    return (size_t)done == len ? HYDRANT_OK : refuse(l, "it is cut short");
}

static hydrant_status read_header(struct loader *l, const struct hy_dedup *dedup, struct header *h)
{
    const struct hy_dedup_window *w = &dedup->window;
    hydrant_status status = read_part(l, h, sizeof *h);
    if (status != HYDRANT_OK)
        return status;
    if (memcmp(h->magic, magic, sizeof magic) != 0)
        return refuse(l, "it is no dedup snapshot");
    if (h->version != HY_DEDUP_SNAPSHOT_VERSION || h->header_bytes != sizeof *h)
        return refuse(l, "it is of another version");
    if (h->check != check_header(h))
        return refuse(l, "its header is damaged");
    if (h->entries != w->entries_count)
        return refuse(l, "its window has another number of entries");
    if (h->log_units != w->log_units || h->lines != w->lines_count ||
        h->tallies != w->tallies.count || h->entry_bytes != sizeof(struct hy_dedup_entry) ||
        h->tally_bytes != sizeof(struct hy_dedup_tally))
        return refuse(l, "its tables have another form");
    if (h->words != hash_words())
        return refuse(l, "its texts were read with other word lists");
    return HYDRANT_OK;
}

static hydrant_status read_block(struct loader *l, char *to, size_t len)
{
    struct block b;
    hydrant_status status = read_part(l, &b, sizeof b);
    if (status != HYDRANT_OK)
        return status;
    if (b.is_end || (b.len != 0 && b.len != len))
        return refuse(l, "it is damaged");
    status = read_part(l, to, b.len); /* nobody else is in the window yet */
    if (status != HYDRANT_OK)
        return status;
    return b.check == check_block(&b, to, l->blocks++) ? HYDRANT_OK : refuse(l, "it is damaged");
}

static hydrant_status read_tables(struct loader *l, struct hy_dedup *dedup)
{
    struct table tables[TABLES];
    list_tables(dedup, tables);
    for (int i = 0; i < TABLES; i++) {
        char *to = (char *)tables[i].words;
        for (size_t at = 0; at < tables[i].bytes; at += BLOCK_BYTES) {
            size_t left = tables[i].bytes - at;
            hydrant_status status = read_block(l, to + at, left < BLOCK_BYTES ? left : BLOCK_BYTES);
            if (status != HYDRANT_OK)
                return status;
        }
    }
    struct block end;
    hydrant_status status = read_part(l, &end, sizeof end);
    if (status != HYDRANT_OK)
        return status;
    if (!end.is_end || end.len != (uint32_t)l->blocks ||
        end.check != check_block(&end, NULL, l->blocks))
        return refuse(l, "it is damaged");
    return HYDRANT_OK;
}

/* The full number of the entry in place at, 0 when there is none that belongs there: its state is
 * another's when its place was taken while it was saved. */
static uint64_t seq_of(const struct hy_dedup_window *w, uint32_t at)
{
    uint32_t name = atomic_load_explicit(&w->entries[at].self, memory_order_relaxed);
    uint64_t state = atomic_load_explicit(&w->entries[at].state, memory_order_relaxed);
    uint64_t newest = atomic_load_explicit(&w->seq, memory_order_relaxed);
    uint32_t ago = (uint32_t)newest - name;
    if (name == 0 || ago >= w->entries_count || ago >= newest ||
        hy_dedup_mod(&w->ring, newest - ago) != at || !hy_dedup_is_state_of(state, name))
        return 0;
    return newest - ago;
}

/* A mark that the file has. */
struct mark {
    uint64_t position, seq;
};

static int compare_marks(const void *a, const void *b)
{
    uint64_t x = ((const struct mark *)a)->seq, y = ((const struct mark *)b)->seq;
    return x < y ? -1 : x > y;
}

static uint32_t list_marks(const struct hy_dedup *dedup, struct mark *marks)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < HY_DEDUP_MARKS; i++) {
        uint64_t position = atomic_load_explicit(&dedup->marks[i].position, memory_order_relaxed);
        uint64_t seq = atomic_load_explicit(&dedup->marks[i].seq, memory_order_relaxed);
        if (position != 0)
            marks[count++] = (struct mark){position, seq};
    }
    qsort(marks, count, sizeof *marks, compare_marks);
    return count;
}

/*
 * The first entry that stays out: that of the first mark behind position. If older marks were
 * overwritten, nobody knows where position was, and nothing comes back.
 */
static uint64_t first_left_out(const struct mark *marks, uint32_t count, uint64_t position)
{
    for (uint32_t i = 0; i < count; i++) {
        if (marks[i].position > position)
            return i > 0 || marks[i].position == position + 1 ? marks[i].seq : 0;
    }
    return UINT64_MAX;
}

/* Takes out what must not come back, and whatever is not in its place. */
static void sort_out(struct hy_dedup *dedup, uint64_t position, struct mark *marks,
                     struct hy_dedup_snapshot *out)
{
    struct hy_dedup_window *w = &dedup->window;
    uint64_t from = first_left_out(marks, list_marks(dedup, marks), position);
    for (uint32_t at = 0; at < w->entries_count; at++) {
        uint64_t seq = seq_of(w, at);
        struct hy_dedup_view view;
        if (seq == 0)
            atomic_store_explicit(&w->entries[at].self, 0, memory_order_relaxed);
        else if (seq < from)
            out->entries++;
        else if (hy_dedup_window_view(w, (uint32_t)seq, &view)) {
            hy_dedup_expel(w, &view);
            out->left_out++;
        }
    }
    memset(dedup->marks, 0, sizeof dedup->marks); /* a new run begins */
}

/* Makes the window as it was created. */
static void empty(struct hy_dedup *dedup)
{
    uint32_t entries = dedup->window.entries_count;
    madvise(dedup->memory.base, dedup->memory.capacity, MADV_DONTNEED); /* zeroed pages */
    hy_arena_reset(&dedup->memory);
    hy_dedup_window_init(&dedup->window, &dedup->memory, entries, dedup->window_s);
    memset(dedup->marks, 0, sizeof dedup->marks);
}

static void adopt(struct hy_dedup *dedup, const struct header *h)
{
    struct hy_dedup_window *w = &dedup->window;
    dedup->seed = h->seed;
    atomic_store_explicit(&w->seq, h->seq, memory_order_relaxed);
    atomic_store_explicit(&w->log_head, h->log_head, memory_order_relaxed);
    atomic_store_explicit(&w->published, h->published, memory_order_relaxed);
}

static hydrant_status load(struct loader *l, struct hy_dedup *dedup, const struct hy_dedup_cut *cut,
                           struct hy_dedup_snapshot *out)
{
    struct header h;
    hydrant_status status = read_header(l, dedup, &h);
    if (status != HYDRANT_OK)
        return status;
    if (cut && cut->run != h.run)
        return refuse(l, "it is of another run than the checkpoint");
    struct mark *marks = malloc(HY_DEDUP_MARKS * sizeof *marks);
    if (!marks)
        return hy_error_set(l->err, HYDRANT_ERR_NOMEM, "no memory to load a dedup snapshot");
    status = read_tables(l, dedup);
    if (status == HYDRANT_OK) {
        uint64_t position = cut && cut->position < h.committed ? cut->position : h.committed;
        *out = (struct hy_dedup_snapshot){
            .run = h.run, .committed = h.committed, .saved_at_us = h.saved_at_us};
        adopt(dedup, &h);
        sort_out(dedup, position, marks, out);
    }
    free(marks);
    return status;
}

hydrant_status hy_dedup_load(struct hy_dedup *dedup, const char *path,
                             const struct hy_dedup_cut *cut, struct hy_dedup_snapshot *out,
                             hydrant_error *err)
{
    struct hy_dedup_snapshot ignored;
    if (atomic_load_explicit(&dedup->window.seq, memory_order_relaxed) != 0)
        return hy_error_set(err, HYDRANT_ERR_STATE, "the dedup window is in use already");
    struct loader l = {.path = path, .err = err, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (l.fd < 0)
        return hy_error_system(err, errno, "cannot open the dedup snapshot %s", path);
    hydrant_status status = load(&l, dedup, cut, out ? out : &ignored);
    close(l.fd);
    if (status != HYDRANT_OK)
        empty(dedup);
    return status;
}
