#include "pipeline/progress.h"

#include <stdlib.h>

#include "base/assert.h"
#include "base/error.h"

hydrant_status hy_progress_init(struct hy_progress *progress, uint32_t capacity, uint64_t batch,
                                uint64_t position, hydrant_error *err)
{
    uint32_t slots = 1;
    while (slots < capacity)
        slots *= 2;
    *progress = (struct hy_progress){.first = batch,
                                     .next = batch,
                                     .committed = position,
                                     .handed = position,
                                     .capacity = capacity,
                                     .mask = slots - 1,
                                     .window = calloc(slots, sizeof *progress->window)};
    if (!progress->window)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a window of %u batches",
                            capacity);
    return HYDRANT_OK;
}

void hy_progress_fini(struct hy_progress *progress)
{
    free(progress->window);
    *progress = (struct hy_progress){0};
}

uint64_t hy_progress_leave(struct hy_progress *progress, uint64_t to)
{
    HY_ASSERT(hy_progress_has_room(progress));
    HY_ASSERT(to >= progress->handed);
    progress->handed = to;
    progress->window[progress->next & progress->mask] = (struct hy_progress_batch){.to = to};
    return progress->next++;
}

bool hy_progress_done(struct hy_progress *progress, uint64_t batch)
{
    HY_ASSERT(batch >= progress->first && batch < progress->next);
    progress->window[batch & progress->mask].done = true;
    uint64_t before = progress->first;
    while (progress->first < progress->next &&
           progress->window[progress->first & progress->mask].done)
        progress->committed = progress->window[progress->first++ & progress->mask].to;
    return progress->first != before;
}
