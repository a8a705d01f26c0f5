#include "ingest/sockets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/error.h"
#include "ingest/io.h"

static hydrant_status open_backend(struct hy_sockets *s, enum hy_io mode, hydrant_error *err)
{
    hydrant_error why = {0};
    s->backend = mode == HY_IO_READ ? &hy_sockets_epoll_backend : &hy_sockets_uring_backend;
    hydrant_status status = s->backend->open(s, mode == HY_IO_AUTO ? &why : err);
    if (status == HYDRANT_OK || mode != HY_IO_AUTO)
        return status;
    snprintf(s->reason, sizeof s->reason, "%s", why.text);
    s->backend = &hy_sockets_epoll_backend;
    return s->backend->open(s, err);
}

hydrant_status hy_sockets_open(struct hy_sockets *s, enum hy_io mode, uint32_t slots,
                               hydrant_error *err)
{
    HY_ASSERT(slots >= 1 && slots <= HY_SOCKETS_SLOTS_MAX);
    *s = (struct hy_sockets){.listener = -1, .slots_count = slots};
    s->slots = calloc(slots, sizeof *s->slots);
    s->buffers = calloc(HY_SOCKETS_BUFFERS, HY_SOCKETS_BUFFER_BYTES + HY_RECORD_PADDING);
    hydrant_status status = HYDRANT_OK;
    if (!s->slots || !s->buffers)
        status = hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for %u connections", slots);
    for (uint32_t i = 0; i < slots && status == HYDRANT_OK; i++)
        s->slots[i].fd = -1;
    if (status == HYDRANT_OK)
        status = open_backend(s, hy_io_wanted(mode), err);
    if (status != HYDRANT_OK) {
        free(s->slots);
        free(s->buffers);
        *s = (struct hy_sockets){.listener = -1};
    }
    return status;
}

void hy_sockets_close(struct hy_sockets *s)
{
    if (!s->backend)
        return;
    hy_sockets_deafen(s);
    for (uint32_t i = 0; i < s->slots_count; i++)
        if (s->slots[i].fd >= 0)
            hy_sockets_remove(s, i);
    s->backend->close(s);
    free(s->slots);
    free(s->buffers);
    *s = (struct hy_sockets){.listener = -1};
}

void hy_sockets_listen(struct hy_sockets *s, int fd)
{
    HY_ASSERT(s->listener < 0);
    s->listener = fd;
    hy_sockets_accepting(s, true);
}

void hy_sockets_accepting(struct hy_sockets *s, bool on)
{
    if (s->listener < 0 || on == s->accepting)
        return;
    s->accepting = on;
    s->backend->accepting(s, on);
}

void hy_sockets_deafen(struct hy_sockets *s)
{
    hy_sockets_accepting(s, false);
    if (s->listener >= 0)
        close(s->listener);
    s->listener = -1;
}

void hy_sockets_add(struct hy_sockets *s, uint32_t slot, int fd)
{
    HY_ASSERT(slot < s->slots_count && s->slots[slot].fd < 0);
    s->slots[slot].fd = fd;
    s->slots[slot].generation++;
    s->slots[slot].pending = false;
}

void hy_sockets_remove(struct hy_sockets *s, uint32_t slot)
{
    HY_ASSERT(s->slots[slot].fd >= 0);
    s->backend->remove(s, slot);
    close(s->slots[slot].fd);
    s->slots[slot].fd = -1;
    s->slots[slot].pending = false;
}

void hy_sockets_receive(struct hy_sockets *s, uint32_t slot)
{
    HY_ASSERT(s->slots[slot].fd >= 0 && !s->slots[slot].pending);
    s->slots[slot].pending = true;
    s->backend->receive(s, slot);
}
