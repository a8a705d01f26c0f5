/*
 * The files that a source has read or is reading, in the order in which their bytes make its
 * stream: see intake_file.h. One thread.
 */
#ifndef HY_INGEST_FILE_LIST_H
#define HY_INGEST_FILE_LIST_H

#include <hydrant/types.h>
#include <sys/stat.h>

enum {
    HY_FILE_HEAD_BYTES = 1024,
    HY_FILE_PATH_BYTES = 4096,
    HY_FILE_LINE_BYTES = 107, /* of a line without its path, at most */
};

#define HY_FILE_SIZE_UNKNOWN UINT64_MAX

struct hy_file_entry {
    uint64_t start; /* position of its first byte */
    uint64_t end;   /* position behind its last one; UINT64_MAX: it is not finished */
    uint64_t inode;
    uint64_t head_hash;  /* of its first head_bytes bytes, as they lie on disk */
    uint32_t head_bytes; /* at most HY_FILE_HEAD_BYTES; 0: it was empty */
    uint64_t disk_end;   /* how large it was on disk when it was finished, or _UNKNOWN */
    bool told;           /* that it grew after it was finished */
    bool replaced;       /* another file took its path: only its inode tells it now */
    char *path;
    uint64_t path_hash; /* the first thing that is compared */
};

struct hy_file_list {
    struct hy_file_entry *entries; /* by start */
    uint32_t count, capacity;
    size_t bytes; /* of its text, at most */
};

void hy_file_list_fini(struct hy_file_list *list);

/* Reads what hy_file_list_print wrote. False: it is something else, or no memory; list is empty. */
bool hy_file_list_parse(struct hy_file_list *list, hydrant_str state);
/* A line a file, into cap bytes; returns the length that it needs. */
size_t hy_file_list_print(const struct hy_file_list *list, char *out, size_t cap);

/* Can a line name this path? Not one with a newline in it, nor one of HY_FILE_PATH_BYTES. */
bool hy_file_list_can_name(const char *path);

/* Adds one at the end, of a path that can be named; it is copied. NULL: no memory. */
struct hy_file_entry *hy_file_list_add(struct hy_file_list *list, const char *path);
/* Takes the last one back. */
void hy_file_list_drop(struct hy_file_list *list);

/* Is the open file that entry's? st is of it. */
bool hy_file_is_entry(const struct hy_file_entry *entry, const char *path, int fd,
                      const struct stat *st);
/* The newest entry that the file is; NULL: none. */
struct hy_file_entry *hy_file_list_find(const struct hy_file_list *list, const char *path, int fd,
                                        const struct stat *st);
/* Fills in inode and head. False: it cannot be read (errno). */
bool hy_file_identify(struct hy_file_entry *entry, int fd, const struct stat *st);

/* More of a file's beginning is there than when it was identified. False: it is another beginning,
 * so the file was cut and written anew. */
bool hy_file_identify_more(struct hy_file_entry *entry, int fd, const struct stat *st);

/* Forgets finished files that are gone, but for the last; called when the list is long. inodes, in
 * order, are of files that may be one of them under another name. Gone is one that none of these
 * is, and at whose path nothing lies, or another file does which took it later. */
void hy_file_list_forget(struct hy_file_list *list, const uint64_t *inodes, size_t count);

/* For qsort. */
int hy_file_order_inodes(const void *a, const void *b);

#endif
