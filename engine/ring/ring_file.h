/*
 * The ring's files as the operating system sees them: made whole or not at all, mapped, checked,
 * locked, and the futex on which readers sleep. Knows the layout's sizes, nothing of its protocol.
 *
 * Who lives is decided by the kernel alone. An engine or a member holds an open-file-description
 * lock (one byte each) for as long as its process, or a child forked from it, has the descriptor; a
 * child that outlives its parent would keep the lock, so a member also writes its process id and
 * the id's namespace, and counts as dead when that process is gone. Mappings are not inherited.
 *
 * Any thread.
 */
#ifndef HY_RING_FILE_H
#define HY_RING_FILE_H

#include <hydrant/types.h>
#include <sys/types.h>

#include "ring/ring_layout.h"

uint32_t hy_ring_crc(const void *data, size_t len); /* CRC-32C (Castagnoli) */

/* A file and its mapping. */
struct hy_ring_map {
    int fd; /* -1: none */
    void *base;
    size_t bytes;
};

/* Opens DIR for the *at calls. A missing last component is made with mode 0750 unless made, which
 * says whether it was, is NULL. */
hydrant_status hy_ring_dir(const char *dir, bool *made, int *out, hydrant_error *err);

/*
 * Makes dirfd/name of so many bytes, all of them allocated now (a full tmpfs is an error here and
 * no SIGBUS later), lets fill write it, and only then gives it its name. HYDRANT_ERR_STATE when the
 * name is taken; _SYSTEM: ENOSPC comes with a text that says what to do.
 */
hydrant_status hy_ring_make(int dirfd, const char *name, uint64_t bytes, mode_t mode,
                            void (*fill)(void *base, void *ctx), void *ctx, hydrant_error *err);
/* Removes what those that were killed while they made dirfd/name have left. Nobody makes it now. */
void hy_ring_sweep(int dirfd, const char *name);

/* Opens and maps. HYDRANT_ERR_SYSTEM (ENOENT among them). */
hydrant_status hy_ring_map(int dirfd, const char *name, bool write, struct hy_ring_map *out,
                           hydrant_error *err);
void hy_ring_unmap(struct hy_ring_map *map); /* accepts one that was never mapped */

/* Is it a ring that this code can read? HYDRANT_ERR_DATA (damaged, or no ring), _UNSUPPORTED (of
 * another version, or with features that this one does not know). */
hydrant_status hy_ring_check(const struct hy_ring_map *data, hydrant_error *err);
/* Is it a control file of this ring? */
hydrant_status hy_ring_check_ctl(const struct hy_ring_map *ctl, const struct hy_ring_header *header,
                                 hydrant_error *err);

/* Bytes of a control file for so many chunks. */
size_t hy_ring_ctl_bytes(uint32_t chunk_count);
/* "group-NAME.ctl"; false when name is not a name: letters, digits, . _ -, at most 47. */
bool hy_ring_ctl_name(const char *name, char out[static HY_RING_NAME_BYTES + 16]);

/* The lock of one byte, without waiting. False: another has it, or errno is set. */
bool hy_ring_lock(int fd, uint32_t byte);
void hy_ring_unlock(int fd, uint32_t byte);
/* The first bytes, all or none, in one step. */
bool hy_ring_lock_all(int fd, uint32_t count);
void hy_ring_unlock_all(int fd, uint32_t count);
/* Does anybody else hold it? */
bool hy_ring_is_locked(int fd, uint32_t byte);

uint64_t hy_ring_pid_space(void); /* of this process; 0 unknown */
/* Does the member live? fd is its group's control file. */
bool hy_ring_member_lives(int fd, const struct hy_ring_member *member, uint32_t index);
uint32_t hy_ring_members(int fd, const struct hy_ring_ctl *ctl); /* that live */

/* Sleeps while *word is seen, at most timeout_us. */
void hy_ring_futex_wait(_Atomic uint32_t *word, uint32_t seen, int64_t timeout_us);
void hy_ring_futex_wake(_Atomic uint32_t *word);

#endif
