#include "ingest/input.h"

#include "base/error.h"
#include "batch/source_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CARRY_KEPT_BYTES = 64 << 10, /* a larger carry buffer is given back when it is empty */
    PIPE_BYTES = 1 << 20, /* as much as anybody may ask for by default: a read then fills a block */
};

struct hy_input *hy_input_create(enum hy_input_kind kind, const char *name)
{
    struct hy_input *input = calloc(1, sizeof *input);
    if (!input)
        return NULL;
    size_t len = strlen(name);
    input->name = malloc(len + 1 + HY_UTF8_REPAIRED_BYTES(len));
    if (!input->name) {
        free(input);
        return NULL;
    }
    memcpy(input->name, name, len + 1);
    hy_source_set_name(&input->source, input->name, len, input->name + len + 1);
    input->kind = kind;
    input->fd = -1;
    return input;
}

void hy_input_destroy(struct hy_input *input)
{
    hy_input_close(input);
    free(input->carry);
    free(input->header);
    free(input->name);
    free(input);
}

static hydrant_status path_error(hydrant_error *err, int error, const char *what, const char *path)
{
    hy_error_system(err, error, "%s", what);
    hy_error_at(err, path, 0, 0);
    return HYDRANT_ERR_SYSTEM;
}

hydrant_status hy_input_check_path(const char *path, bool *is_file, uint64_t *size,
                                   hydrant_error *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return path_error(err, errno, "cannot open", path);
    if (S_ISDIR(st.st_mode))
        return path_error(err, EISDIR, "cannot read", path);
    if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        return path_error(err, errno, "cannot open", path);
    *is_file = S_ISREG(st.st_mode);
    *size = *is_file ? (uint64_t)st.st_size : 0;
    return HYDRANT_OK;
}

/* A pipe holds 64 KiB, so that its reader and writer take turns four times a block. Where it cannot
 * be had larger it stays as it is. */
static void widen_pipe(int fd)
{
    int bytes = fcntl(fd, F_GETPIPE_SZ);
    if (bytes >= 0 && bytes < PIPE_BYTES)
        fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

hydrant_status hy_input_attach(struct hy_input *input, int fd, bool close_fd, hydrant_error *err)
{
    input->fd = fd;
    input->close_fd = close_fd;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return path_error(err, errno, "cannot read", input->name);
    if (S_ISDIR(st.st_mode))
        return path_error(err, EISDIR, "cannot read", input->name);
    off_t offset = S_ISREG(st.st_mode) ? lseek(fd, 0, SEEK_CUR) : -1;
    input->kind = offset >= 0 ? HY_INPUT_FILE : HY_INPUT_STREAM;
    input->fifo = S_ISFIFO(st.st_mode);
    if (input->fifo)
        widen_pipe(fd);
    if (offset >= 0) {
        input->offset = (uint64_t)offset;
        input->size = (uint64_t)st.st_size;
        posix_fadvise(fd, offset, 0, POSIX_FADV_SEQUENTIAL);
    }
    return HYDRANT_OK;
}

/* O_NONBLOCK, so that a FIFO without a writer does not hold the thread; only there it stays. */
hydrant_status hy_input_open(struct hy_input *input, hydrant_error *err)
{
    int fd = open(input->name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return path_error(err, errno, "cannot open", input->name);
    hydrant_status status = hy_input_attach(input, fd, true, err);
    if (status == HYDRANT_OK && !input->fifo)
        fcntl(fd, F_SETFL, O_RDONLY);
    return status;
}

void hy_input_close(struct hy_input *input)
{
    if (input->fd >= 0 && input->close_fd)
        close(input->fd);
    input->fd = -1;
}

hydrant_status hy_input_set_header(struct hy_input *input, const char *data, size_t len)
{
    input->header = malloc(len + HY_RECORD_PADDING);
    if (!input->header)
        return HYDRANT_ERR_NOMEM;
    memcpy(input->header, data, len);
    memset(input->header + len, 0, HY_RECORD_PADDING);
    input->source.csv_header = hy_str(input->header, len);
    return HYDRANT_OK;
}

hydrant_status hy_input_save_carry(struct hy_input *input, const char *data, size_t len)
{
    if (len > input->carry_capacity) {
        char *grown = realloc(input->carry, len);
        if (!grown)
            return HYDRANT_ERR_NOMEM;
        input->carry = grown;
        input->carry_capacity = len;
    }
    if (len)
        memcpy(input->carry, data, len);
    input->carry_len = len;
    return HYDRANT_OK;
}

void hy_input_drop_carry(struct hy_input *input)
{
    input->carry_len = 0;
    if (input->carry_capacity > CARRY_KEPT_BYTES) {
        free(input->carry);
        input->carry = NULL;
        input->carry_capacity = 0;
    }
}
