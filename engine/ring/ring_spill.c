/*
 * Spill segments: what a slow group has not read yet goes to disk, one segment for (the rest of) a
 * chunk, and is read from there before the ring. A segment is written under a temporary name,
 * renamed, and then published by spill_head; its number is its place in the group's table of spill
 * leases. Plain records without compression, so that readers need no library for them.
 *
 * Called under the ring's policy mutex, except for what readers share (paths, headers).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "ring/ring_state.h"

#define MADE ".new" /* behind the name of one that is being written */

static void put_name(const struct hy_ring_group *group, uint64_t number, char *out, size_t cap)
{
    snprintf(out, cap, "%.*s-%016" PRIx64 ".spill", HY_RING_NAME_BYTES - 1, group->name, number);
}

static void put_path(const char *dir, const struct hy_ring_group *group, uint64_t number, char *out,
                     size_t cap)
{
    char name[HY_RING_NAME_BYTES + 32];
    put_name(group, number, name, sizeof name);
    snprintf(out, cap, "%.*s/%s", HY_RING_PATH_BYTES - 1, dir, name);
}

void hy_ring_spill_path(const struct hy_ring_group *group, uint64_t number, char *out, size_t cap)
{
    put_path(group->spill_dir, group, number, out, cap);
}

/* 0, or the errno of what cannot be done. */
static int write_segment(const char *path, const struct hy_ring_spill *header, const void *records)
{
    char made[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 64];
    snprintf(made, sizeof made, "%s" MADE, path);
    int fd = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
    if (fd < 0)
        return errno;
    int problem = 0;
    if (!hy_file_write_all(fd, header, sizeof *header) ||
        !hy_file_write_all(fd, records, header->bytes))
        problem = errno;
    if ((close(fd) != 0 || (!problem && rename(made, path) != 0)) && !problem)
        problem = errno;
    if (problem)
        unlink(made);
    return problem;
}

uint32_t hy_ring_item_offset(const unsigned char *chunk, uint32_t bytes, uint32_t number)
{
    uint32_t at = 0;
    for (uint32_t i = 0; at + sizeof(struct hy_ring_record) <= bytes;) {
        struct hy_ring_record record;
        memcpy(&record, chunk + at, sizeof record);
        if (record.kind == HY_RING_ITEM && i++ == number)
            return at;
        uint32_t step = hy_ring_padded(record.bytes);
        if (step < sizeof record || step > bytes - at)
            return bytes;
        at += step;
    }
    return bytes;
}

static bool has_room(const struct hy_ring_group *g, uint64_t head, uint64_t bytes)
{
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed);
    uint64_t used = atomic_load_explicit(&g->spill_bytes, memory_order_relaxed);
    return g->spill_dir[0] && head - tail < HY_RING_SPILLS - 1 && used <= g->spill_bytes_max &&
           bytes <= g->spill_bytes_max - used;
}

static struct hy_ring_spilled *known(struct hy_ring_served *served, uint64_t number)
{
    return &served->segments[number % HY_RING_SPILLS];
}

static void know(struct hy_ring_served *served, const struct hy_ring_spill *header)
{
    *known(served, header->number) = (struct hy_ring_spilled){
        .items = header->items, .bytes = (uint32_t)sizeof *header + header->bytes};
}

bool hy_ring_spill_write(struct hy_ring *ring, struct hy_ring_served *served, uint64_t chunk,
                         uint32_t first, uint32_t items)
{
    struct hy_ring_group *g = served->group;
    uint64_t commit =
        atomic_load_explicit(&hy_ring_slot_of(ring, chunk)->commit, memory_order_acquire);
    const unsigned char *bytes = hy_ring_chunk_of(ring, chunk);
    uint32_t end = hy_ring_commit_bytes(commit), from = hy_ring_item_offset(bytes, end, first);
    uint64_t number = atomic_load_explicit(&g->spill_head, memory_order_relaxed) + 1;
    struct hy_ring_spill header = {.version = HY_RING_VERSION,
                                   .items = items - first,
                                   .number = number,
                                   .chunk = chunk,
                                   .first = first,
                                   .bytes = end - from};
    header.total = atomic_load_explicit(&g->spilled, memory_order_relaxed) + header.items;
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    if (!has_room(g, number - 1, sizeof header + header.bytes))
        return false;
    memcpy(header.magic, HY_RING_SPILL_MAGIC, sizeof header.magic);
    memcpy(header.uuid, ring->header->uuid, sizeof header.uuid);
    header.crc_records = hy_ring_crc(bytes + from, header.bytes);
    header.crc = hy_ring_crc(&header, offsetof(struct hy_ring_spill, crc));
    hy_ring_spill_path(g, number, path, sizeof path);
    int problem = write_segment(path, &header, bytes + from);
    atomic_store_explicit(&served->spill_errno, problem, memory_order_relaxed); /* to be told */
    if (problem)
        return false;
    hy_ring_lease_reset(&served->ctl->spill_leases[number % HY_RING_SPILLS], number);
    atomic_store_explicit(&g->spill_head, number, memory_order_release); /* S1 */
    HY_RING_STORED("spill_head");
    /* After a kill here hy_ring_spill_mend counts again. */
    atomic_store_explicit(&g->spilled, header.total, memory_order_relaxed);
    atomic_fetch_add_explicit(&g->spill_bytes, sizeof header + header.bytes, memory_order_relaxed);
    know(served, &header);
    return true;
}

/* Reads so many bytes of the segment. */
static enum hy_ring_segment read_segment(const struct hy_ring_group *group, uint64_t number,
                                         void *out, size_t bytes, off_t at)
{
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    hy_ring_spill_path(group, number, path, sizeof path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? HY_RING_SEGMENT_GONE : HY_RING_SEGMENT_LATER;
    ssize_t got = pread(fd, out, bytes, at);
    int problem = errno;
    close(fd);
    errno = problem;
    return got < 0                ? HY_RING_SEGMENT_LATER
           : (size_t)got == bytes ? HY_RING_SEGMENT_GOOD
                                  : HY_RING_SEGMENT_DAMAGED;
}

enum hy_ring_segment hy_ring_spill_read_header(const struct hy_ring_header *ring,
                                               const struct hy_ring_group *group, uint64_t number,
                                               struct hy_ring_spill *out)
{
    enum hy_ring_segment found = read_segment(group, number, out, sizeof *out, 0);
    if (found != HY_RING_SEGMENT_GOOD)
        return found;
    bool ok = memcmp(out->magic, HY_RING_SPILL_MAGIC, sizeof out->magic) == 0 &&
              out->version == HY_RING_VERSION && out->number == number &&
              memcmp(out->uuid, ring->uuid, sizeof out->uuid) == 0 &&
              out->bytes <= ring->chunk_bytes &&
              out->crc == hy_ring_crc(out, offsetof(struct hy_ring_spill, crc));
    return ok ? HY_RING_SEGMENT_GOOD : HY_RING_SEGMENT_DAMAGED;
}

enum hy_ring_segment hy_ring_spill_load(const struct hy_ring_group *group,
                                        const struct hy_ring_spill *header, unsigned char **room)
{
    unsigned char *grown = realloc(*room, header->bytes + 1);
    if (!grown)
        return HY_RING_SEGMENT_LATER;
    *room = grown;
    enum hy_ring_segment found =
        read_segment(group, header->number, grown, header->bytes, sizeof *header);
    if (found == HY_RING_SEGMENT_GOOD && hy_ring_crc(grown, header->bytes) != header->crc_records)
        return HY_RING_SEGMENT_DAMAGED;
    return found;
}

static void remove_segment(const struct hy_ring_group *group, uint64_t number)
{
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    hy_ring_spill_path(group, number, path, sizeof path);
    unlink(path);
}

/* Is the segment done with, or lost? */
static bool is_over(struct hy_ring *ring, struct hy_ring_served *served, uint64_t number,
                    struct hy_ring_lease lease)
{
    struct hy_ring_spill header;
    const struct hy_ring_spilled *segment = known(served, number);
    if (segment->bytes == 0 || hy_ring_lease_done(lease, segment->items))
        return true;
    enum hy_ring_segment found =
        hy_ring_spill_read_header(ring->header, served->group, number, &header);
    return found == HY_RING_SEGMENT_GONE || found == HY_RING_SEGMENT_DAMAGED;
}

void hy_ring_spill_tend(struct hy_ring *ring, struct hy_ring_served *served)
{
    struct hy_ring_group *g = served->group;
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t number = atomic_load_explicit(&g->spill_tail, memory_order_relaxed) + 1;
    for (; number <= head; number++) {
        const struct hy_ring_spilled *segment = known(served, number);
        uint64_t word = atomic_load_explicit(&served->ctl->spill_leases[number % HY_RING_SPILLS],
                                             memory_order_acquire); /* S2 */
        struct hy_ring_lease lease = hy_ring_lease_of(word, number);
        if (!is_over(ring, served, number, lease))
            return;
        /* First: after a kill what is lost is counted twice, not never. */
        uint64_t lost = segment->items > lease.acked ? segment->items - lease.acked : 0;
        if (lost) {
            atomic_fetch_add_explicit(&served->lost_items, lost, memory_order_relaxed);
            atomic_fetch_add_explicit(&g->dropped, lost, memory_order_relaxed);
            HY_RING_STORED("spill lost");
        }
        atomic_store_explicit(&g->spill_tail, number, memory_order_release);
        HY_RING_STORED("spill_tail");
        /* After a kill here hy_ring_spill_mend counts again. */
        atomic_fetch_add_explicit(&g->spilled_done, segment->items, memory_order_relaxed);
        atomic_fetch_sub_explicit(&g->spill_bytes, segment->bytes, memory_order_relaxed);
        remove_segment(g, number);
    }
}

static bool lies_in(const char *dir, const struct hy_ring_group *g, uint64_t number)
{
    char path[HY_RING_PATH_BYTES + HY_RING_NAME_BYTES + 32];
    put_path(dir, g, number, path, sizeof path);
    return access(path, F_OK) == 0 || errno != ENOENT;
}

/* The number of the group's segment that a file is named after, and whether it was being written;
 * 0: it is no such name. */
static uint64_t number_of(const struct hy_ring_group *g, const char *file, bool *made)
{
    char name[HY_RING_NAME_BYTES + 32];
    size_t len = strlen(g->name);
    if (strncmp(file, g->name, len) != 0 || file[len] != '-')
        return 0;
    uint64_t number = strtoull(file + len + 1, NULL, 16);
    put_name(g, number, name, sizeof name);
    len = strlen(name);
    *made = strcmp(file + len, MADE) == 0;
    return strncmp(file, name, len) == 0 && (file[len] == '\0' || *made) ? number : 0;
}

/* Is it a segment that was never published, of a chunk that the group still has in the ring? */
static bool is_unpublished(const struct hy_ring_header *ring, const struct hy_ring_group *g,
                           uint64_t number)
{
    struct hy_ring_spill header;
    return number == atomic_load_explicit(&g->spill_head, memory_order_relaxed) + 1 &&
           hy_ring_spill_read_header(ring, g, number, &header) == HY_RING_SEGMENT_GOOD;
}

/* Removes what is named like a segment of the group, published or not, and is none of those that
 * there are. swept: what nobody has read of it. */
static void sweep(const struct hy_ring_header *ring, const struct hy_ring_group *g, const char *dir,
                  struct hy_ring_left *swept)
{
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed);
    DIR *folder = opendir(dir);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat st;
        bool made;
        uint64_t number = number_of(g, entry->d_name, &made);
        if (number == 0 || (!made && number > tail && number <= head))
            continue;
        if (!made && number > head && !is_unpublished(ring, g, number) &&
            fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            swept->files++;
            swept->bytes += (uint64_t)st.st_size;
        }
        unlinkat(dirfd(folder), entry->d_name, 0);
    }
    closedir(folder);
}

static void choose_folder(struct hy_ring_group *g, const char *dir, bool spills)
{
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t number = atomic_load_explicit(&g->spill_tail, memory_order_relaxed) + 1;
    bool found = false;
    for (; number <= head && !found; number++) {
        if (lies_in(g->spill_dir, g, number))
            return;
        found = dir && lies_in(dir, g, number);
    }
    if (!spills && !found)
        dir = "";
    if (strncmp(g->spill_dir, dir, sizeof g->spill_dir) != 0)
        strncpy(g->spill_dir, dir, sizeof g->spill_dir);
}

void hy_ring_spill_settle(const struct hy_ring_header *ring, struct hy_ring_group *g,
                          const char *dir, bool spills, struct hy_ring_left *swept)
{
    choose_folder(g, dir, spills);
    *swept = (struct hy_ring_left){.files = 0};
    memcpy(swept->group, g->name, sizeof swept->group);
    sweep(ring, g, g->spill_dir, swept);
    if (dir && strcmp(dir, g->spill_dir) != 0)
        sweep(ring, g, dir, swept);
}

/*
 * A header's total says how many items were spilled before it: those that this is more than the
 * segments in front of it have are the lost ones', and count as the first of them.
 */
hydrant_status hy_ring_spill_mend(struct hy_ring *ring, struct hy_ring_served *served,
                                  hydrant_error *err)
{
    struct hy_ring_group *g = served->group;
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&g->spill_tail, memory_order_relaxed);
    uint64_t spilled = atomic_load_explicit(&g->spilled, memory_order_relaxed);
    uint64_t done =
        tail == head ? spilled : atomic_load_explicit(&g->spilled_done, memory_order_relaxed);
    uint64_t total = done, lost = 0, bytes = 0;
    for (uint64_t number = tail + 1; number <= head; number++) {
        struct hy_ring_spill header;
        enum hy_ring_segment found = hy_ring_spill_read_header(ring->header, g, number, &header);
        if (found == HY_RING_SEGMENT_LATER)
            return hy_error_system(err, errno, "cannot read what was spilled for group %s to %s",
                                   g->name, g->spill_dir);
        *known(served, number) = (struct hy_ring_spilled){0};
        if (found != HY_RING_SEGMENT_GOOD) {
            lost = lost ? lost : number;
            continue;
        }
        uint64_t before = header.total - header.items;
        if (number == tail + 1)
            done = before;
        if (lost && before > total)
            known(served, lost)->items = (uint32_t)(before - total);
        lost = 0;
        know(served, &header);
        bytes += known(served, number)->bytes;
        total = header.total;
    }
    if (lost && spilled > total)
        known(served, lost)->items = (uint32_t)(spilled - total);
    if (!lost)
        atomic_store_explicit(&g->spilled, total, memory_order_relaxed);
    atomic_store_explicit(&g->spilled_done, done, memory_order_relaxed);
    atomic_store_explicit(&g->spill_bytes, bytes, memory_order_relaxed);
    HY_RING_STORED("mend spill");
    return HYDRANT_OK;
}

bool hy_ring_spill_is_left(const struct hy_ring_group *g)
{
    uint64_t head = atomic_load_explicit(&g->spill_head, memory_order_relaxed);
    uint64_t number = atomic_load_explicit(&g->spill_tail, memory_order_relaxed) + 1;
    while (number <= head && !lies_in(g->spill_dir, g, number))
        number++;
    return number <= head;
}

/* ---- what lies in a folder, whoever left it there ---------------------------------------------
 */

/* The length of the group's name in that of a file, as put_name writes it; 0: it is no such file.
 */
static size_t group_name_len(const char *file)
{
    static const char digits[] = "0123456789abcdef", end[] = ".spill";
    enum { DIGITS = 16, TAIL = 1 + DIGITS + sizeof end - 1 };
    size_t len = strlen(file);
    if (len > strlen(MADE) && strcmp(file + len - strlen(MADE), MADE) == 0)
        len -= strlen(MADE);
    if (len <= TAIL || len - TAIL >= HY_RING_NAME_BYTES)
        return 0;
    const char *tail = file + len - TAIL;
    bool good = tail[0] == '-' && strspn(tail + 1, digits) == DIGITS &&
                strncmp(tail + 1 + DIGITS, end, sizeof end - 1) == 0;
    return good ? len - TAIL : 0;
}

/* The entry of that name, made where there is room; NULL: there is none. */
static struct hy_ring_left *left_by(struct hy_ring_left *all, size_t cap, size_t *count,
                                    const char *name, size_t len)
{
    for (size_t i = 0; i < *count; i++)
        if (strlen(all[i].group) == len && memcmp(all[i].group, name, len) == 0)
            return &all[i];
    if (*count == cap)
        return NULL;
    all[*count] = (struct hy_ring_left){.files = 0};
    memcpy(all[*count].group, name, len);
    return &all[(*count)++];
}

size_t hy_ring_spill_list(const char *dir, struct hy_ring_left *out, size_t cap)
{
    DIR *folder = opendir(dir);
    size_t count = 0;
    if (!folder)
        return 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct stat st;
        size_t len = group_name_len(entry->d_name);
        if (!len || fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        struct hy_ring_left *left = left_by(out, cap, &count, entry->d_name, len);
        if (!left)
            continue;
        left->files++;
        left->bytes += (uint64_t)st.st_size;
    }
    closedir(folder);
    return count;
}
