/*
 * The embedder's bytes: every source name is a stream of its own, and all of them share the
 * feeder's window. What a stream has unframed is in the window while it is the current one and in
 * its carry buffer otherwise.
 *
 * Invariant: the window is only taken from a stream after next has cut all its whole records, so
 * that a carry is never more than one unfinished record.
 */
#include "ingest/feeder_state.h"

#include <string.h>

#include "base/str.h"

enum { PUSH_ROOM_MIN = 16 << 10 }; /* records are not cut up for less room in a block */

static struct hy_input *find(const struct hy_feeder *f, const char *name)
{
    for (struct hy_input *input = f->pushes; input; input = input->next)
        if (!input->ended && strcmp(input->name, name) == 0)
            return input;
    return NULL;
}

static struct hy_input *make(struct hy_feeder *f, const char *name)
{
    struct hy_input *input = hy_input_create(HY_INPUT_PUSH, name);
    if (!input)
        return NULL;
    input->probed = true;
    input->next = f->pushes;
    f->pushes = input;
    hy_feeder_adopt(f, input);
    atomic_fetch_add_explicit(&f->sizes_unknown, 1, memory_order_relaxed);
    return input;
}

/* One that is made counts on where the last of its name ended. */
static struct hy_input *find_or_make(struct hy_feeder *f, const char *name)
{
    struct hy_input *input = find(f, name);
    if (input)
        return input;
    struct hy_place *place = hy_places_of(&f->places, name);
    input = place ? make(f, name) : NULL;
    if (!input)
        return NULL;
    input->place = place;
    input->base = place->end;
    return input;
}

hydrant_status hy_feeder_push_begin(struct hy_feeder *f, const char *source_name,
                                    const struct hy_push_options *options)
{
    if (f->queue_head || (f->current && f->current->kind != HY_INPUT_PUSH) || find(f, source_name))
        return HYDRANT_ERR_STATE;
    struct hy_input *input = make(f, source_name);
    if (!input)
        return HYDRANT_ERR_NOMEM;
    input->wanted = options->format;
    input->wanted_mapping = options->mapping;
    input->prefixed = options->prefixed;
    input->base = options->base;
    input->skip_before = options->skip_before;
    input->source.stream = options->stream;
    if (options->shown)
        input->source.name = hy_str_cstr(options->shown);
    return HYDRANT_OK;
}

/* Gives the window to input. AGAIN: next must run, or a block come back, first. */
static hydrant_status switch_to(struct hy_feeder *f, struct hy_input *input)
{
    struct hy_window *w = &f->window;
    if (f->current == input)
        return HYDRANT_OK;
    if (f->current && (f->fresh || f->bytes_ended))
        return HYDRANT_ERR_AGAIN;
    if (f->current) {
        hydrant_status status = hy_input_save_carry(f->current, w->begin, hy_window_pending(w));
        if (status != HYDRANT_OK)
            return status;
    }
    w->begin = w->end;
    hy_feeder_set_current(f, NULL);
    if (input->carry_len && !hy_window_put(w, &f->blocks, input->carry, input->carry_len))
        return HYDRANT_ERR_AGAIN;
    hy_input_drop_carry(input);
    hy_feeder_set_current(f, input);
    f->bytes_ended = input->ended;
    return HYDRANT_OK;
}

hydrant_status hy_feeder_push(struct hy_feeder *f, const char *source_name, const void *data,
                              size_t len, size_t *taken)
{
    *taken = 0;
    if (f->queue_head || (f->current && f->current->kind != HY_INPUT_PUSH))
        return HYDRANT_ERR_STATE;
    if (len == 0)
        return HYDRANT_OK;
    struct hy_input *input = find_or_make(f, source_name);
    if (!input)
        return HYDRANT_ERR_NOMEM;
    hydrant_status status = switch_to(f, input);
    if (status != HYDRANT_OK)
        return status;
    struct hy_window *w = &f->window;
    bool stalled;
    size_t wanted = len < PUSH_ROOM_MIN ? len : PUSH_ROOM_MIN;
    if (!hy_window_make_room(w, &f->blocks, wanted, !f->fresh, &stalled))
        return HYDRANT_ERR_AGAIN;
    size_t room = hy_window_room(w);
    *taken = len < room ? len : room;
    memcpy(w->end, data, *taken);
    w->end += *taken;
    if (input->place)
        input->place->end += *taken;
    f->fresh = true;
    atomic_fetch_add_explicit(&f->bytes_read, *taken, memory_order_relaxed);
    return HYDRANT_OK;
}

void hy_feeder_push_end(struct hy_feeder *f, const char *source_name)
{
    for (struct hy_input *input = f->pushes; input; input = input->next) {
        if (source_name && strcmp(input->name, source_name) != 0)
            continue;
        input->ended = true;
        if (input == f->current)
            f->bytes_ended = true;
    }
}

hydrant_status hy_feeder_take_ended_push(struct hy_feeder *f)
{
    for (struct hy_input *input = f->pushes; input; input = input->next)
        if (input->ended)
            return switch_to(f, input);
    return HYDRANT_OK;
}

void hy_feeder_forget_push(struct hy_feeder *f, struct hy_input *gone)
{
    struct hy_input **at = &f->pushes;
    while (*at != gone)
        at = &(*at)->next;
    *at = gone->next;
}
