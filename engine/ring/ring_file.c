#include "ring/ring_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

/* CRC-32C without and with the processor's instruction for it. */
static uint32_t crc_plain(uint32_t crc, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82F63B78u & (0u - (crc & 1)));
    }
    return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc_sse42(uint32_t crc,
                                                            const unsigned char *bytes, size_t len)
{
    uint64_t wide = crc, word;
    for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    return crc_plain((uint32_t)wide, bytes, len);
}
#endif

uint32_t hy_ring_crc(const void *data, size_t len)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("sse4.2"))
        return ~crc_sse42(UINT32_MAX, data, len);
#endif
    return ~crc_plain(UINT32_MAX, data, len);
}

static hydrant_status failed(const char *dir, hydrant_error *err, const char *what)
{
    hydrant_status status = hy_error_system(err, errno, "%s", what);
    hy_error_at(err, dir, 0, 0);
    return status;
}

hydrant_status hy_ring_dir(const char *dir, bool *made, int *out, hydrant_error *err)
{
    if (made) {
        *made = mkdir(dir, 0750) == 0;
        if (!*made && errno != EEXIST)
            return failed(dir, err, "cannot make the ring's folder");
    }
    *out = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*out < 0)
        return failed(dir, err, "cannot open the ring's folder");
    return HYDRANT_OK;
}

static hydrant_status allocate(int fd, uint64_t bytes, hydrant_error *err)
{
    int error = posix_fallocate(fd, 0, (off_t)bytes);
    if (error == ENOSPC)
        return hy_error_system(err, error,
                               "the ring needs %" PRIu64 " bytes and the file system has not so "
                               "many: set ring.bytes lower, or give it more (a container: "
                               "--shm-size; a mount: -o remount,size=)",
                               bytes);
    return error ? hy_error_system(err, error, "cannot allocate the ring") : HYDRANT_OK;
}

static hydrant_status fill_file(int fd, uint64_t bytes, void (*fill)(void *base, void *ctx),
                                void *ctx, hydrant_error *err)
{
    hydrant_status status = allocate(fd, bytes, err);
    if (status != HYDRANT_OK)
        return status;
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED)
        return hy_error_system(err, errno, "cannot map the ring");
    fill(base, ctx);
    munmap(base, bytes);
    return HYDRANT_OK;
}

hydrant_status hy_ring_make(int dirfd, const char *name, uint64_t bytes, mode_t mode,
                            void (*fill)(void *base, void *ctx), void *ctx, hydrant_error *err)
{
    char made[96];
    uint64_t own; /* nobody else's: process ids are not, where namespaces share the folder */
    if (getrandom(&own, sizeof own, 0) != (ssize_t)sizeof own)
        return hy_error_system(err, errno, "no random bytes for a name");
    snprintf(made, sizeof made, ".%s.%016" PRIx64, name, own);
    int fd = openat(dirfd, made, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return hy_error_system(err, errno, "cannot make %s", name);
    hydrant_status status = fill_file(fd, bytes, fill, ctx, err);
    if (status == HYDRANT_OK && fchmod(fd, mode) < 0)
        status = hy_error_system(err, errno, "cannot set the mode of %s", name);
    if (status == HYDRANT_OK && linkat(dirfd, made, dirfd, name, 0) < 0)
        status = errno == EEXIST ? hy_error_set(err, HYDRANT_ERR_STATE, "%s exists", name)
                                 : hy_error_system(err, errno, "cannot name %s", name);
    unlinkat(dirfd, made, 0);
    close(fd);
    return status;
}

void hy_ring_sweep(int dirfd, const char *name)
{
    char prefix[96];
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    snprintf(prefix, sizeof prefix, ".%s.", name);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            unlinkat(dirfd, entry->d_name, 0);
    }
    if (folder)
        closedir(folder);
    else if (fd >= 0)
        close(fd);
}

hydrant_status hy_ring_map(int dirfd, const char *name, bool write, struct hy_ring_map *out,
                           hydrant_error *err)
{
    struct stat stat;
    *out = (struct hy_ring_map){.fd = -1};
    int fd = openat(dirfd, name, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return hy_error_system(err, errno, "cannot open %s", name);
    if (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode) || stat.st_size == 0) {
        close(fd);
        return hy_error_set(err, HYDRANT_ERR_DATA, "%s is not a file of a ring", name);
    }
    int protection = PROT_READ | (write ? PROT_WRITE : 0);
    void *base = mmap(NULL, (size_t)stat.st_size, protection, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        hy_error_system(err, errno, "cannot map %s", name);
        close(fd);
        return HYDRANT_ERR_SYSTEM;
    }
    madvise(base, (size_t)stat.st_size, MADV_DONTFORK);
    *out = (struct hy_ring_map){fd, base, (size_t)stat.st_size};
    return HYDRANT_OK;
}

void hy_ring_unmap(struct hy_ring_map *map)
{
    if (map->base)
        munmap(map->base, map->bytes);
    if (map->base && map->fd >= 0)
        close(map->fd);
    *map = (struct hy_ring_map){.fd = -1};
}

static bool lies_within(uint64_t at, uint64_t bytes, uint64_t file)
{
    return at % HY_RING_LINE == 0 && at <= file && bytes <= file - at;
}

/* Do the sizes and offsets of a header describe a file of this size? */
static bool is_laid_out(const struct hy_ring_header *h, uint64_t file)
{
    uint64_t chunks = h->chunk_count;
    return h->file_bytes == file && chunks >= HY_RING_CHUNKS_MIN && chunks <= HY_RING_CHUNKS_MAX &&
           h->chunk_bytes >= HY_RING_CHUNK_BYTES_MIN && h->chunk_bytes <= HY_RING_CHUNK_BYTES_MAX &&
           h->chunk_bytes % HY_RING_LINE == 0 &&
           lies_within(h->groups_at, HY_RING_GROUPS * sizeof(struct hy_ring_group), file) &&
           lies_within(h->sources_at, HY_RING_SOURCES * sizeof(struct hy_ring_source), file) &&
           lies_within(h->history_at, chunks * HY_RING_HISTORY * sizeof(hy_ring_history), file) &&
           lies_within(h->slots_at, chunks * sizeof(struct hy_ring_slot), file) &&
           lies_within(h->chunks_at, chunks * h->chunk_bytes, file);
}

hydrant_status hy_ring_check(const struct hy_ring_map *data, hydrant_error *err)
{
    const struct hy_ring_header *h = data->base;
    if (data->bytes < sizeof *h || memcmp(h->magic, HY_RING_MAGIC, sizeof h->magic) != 0)
        return hy_error_set(err, HYDRANT_ERR_DATA, "not a ring");
    if (h->version != HY_RING_VERSION)
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED,
                            "the ring's layout is version %u, this program reads version %d",
                            h->version, HY_RING_VERSION);
    if (h->crc != hy_ring_crc(h, offsetof(struct hy_ring_header, crc)))
        return hy_error_set(err, HYDRANT_ERR_DATA, "the ring's header is damaged");
    if (h->features_required & ~HY_RING_FEATURES_KNOWN)
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED,
                            "the ring needs features (%#x) that this program does not know",
                            h->features_required & ~HY_RING_FEATURES_KNOWN);
    if (!is_laid_out(h, data->bytes))
        return hy_error_set(err, HYDRANT_ERR_DATA, "the ring's header does not fit its file");
    return HYDRANT_OK;
}

hydrant_status hy_ring_check_ctl(const struct hy_ring_map *ctl, const struct hy_ring_header *header,
                                 hydrant_error *err)
{
    const struct hy_ring_ctl *c = ctl->base;
    if (ctl->bytes != hy_ring_ctl_bytes(header->chunk_count) ||
        memcmp(c->magic, HY_RING_CTL_MAGIC, sizeof c->magic) != 0)
        return hy_error_set(err, HYDRANT_ERR_DATA, "not a control file of this ring");
    if (c->version != HY_RING_VERSION)
        return hy_error_set(err, HYDRANT_ERR_UNSUPPORTED,
                            "the control file is version %u, this program reads version %d",
                            c->version, HY_RING_VERSION);
    if (c->crc != hy_ring_crc(c, offsetof(struct hy_ring_ctl, crc)) ||
        memcmp(c->uuid, header->uuid, sizeof c->uuid) != 0)
        return hy_error_set(err, HYDRANT_ERR_DATA, "a control file of another ring, or damaged");
    return HYDRANT_OK;
}

size_t hy_ring_ctl_bytes(uint32_t chunk_count)
{
    size_t bytes = sizeof(struct hy_ring_ctl) + chunk_count * sizeof(uint64_t);
    return (bytes + HY_RING_LINE - 1) / HY_RING_LINE * HY_RING_LINE;
}

bool hy_ring_ctl_name(const char *name, char out[static HY_RING_NAME_BYTES + 16])
{
    size_t len = strlen(name);
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (len == 0 || len >= HY_RING_NAME_BYTES || strspn(name, allowed) != len || name[0] == '.')
        return false;
    snprintf(out, HY_RING_NAME_BYTES + 16, "group-%s.ctl", name);
    return true;
}

static bool set_lock(int fd, short type, uint32_t from, uint32_t count)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = count};
    errno = 0;
    return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

bool hy_ring_lock(int fd, uint32_t byte)
{
    return set_lock(fd, F_WRLCK, byte, 1);
}

void hy_ring_unlock(int fd, uint32_t byte)
{
    set_lock(fd, F_UNLCK, byte, 1);
}

bool hy_ring_lock_all(int fd, uint32_t count)
{
    return set_lock(fd, F_WRLCK, 0, count);
}

void hy_ring_unlock_all(int fd, uint32_t count)
{
    set_lock(fd, F_UNLCK, 0, count);
}

bool hy_ring_is_locked(int fd, uint32_t byte)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

uint64_t hy_ring_pid_space(void)
{
    struct stat stat_;
    return stat("/proc/self/ns/pid", &stat_) == 0 ? stat_.st_ino : 0;
}

bool hy_ring_member_lives(int fd, const struct hy_ring_member *member, uint32_t index)
{
    if (!hy_ring_is_locked(fd, index))
        return false;
    uint64_t space = atomic_load_explicit(&member->pid_space, memory_order_acquire);
    uint32_t pid = atomic_load_explicit(&member->pid, memory_order_acquire);
    bool comparable = space != 0 && space == hy_ring_pid_space() && pid != 0 && pid <= INT32_MAX;
    return !comparable || kill((pid_t)pid, 0) == 0 || errno != ESRCH;
}

uint32_t hy_ring_members(int fd, const struct hy_ring_ctl *ctl)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < HY_RING_MEMBERS; i++)
        count += hy_ring_member_lives(fd, &ctl->members[i], i);
    return count;
}

void hy_ring_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_us)
{
    struct timespec time = {timeout_us / 1000000, timeout_us % 1000000 * 1000};
    syscall(SYS_futex, word, FUTEX_WAIT, seen, &time, NULL, 0);
}

void hy_ring_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}
