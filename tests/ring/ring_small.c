#include "ring_small.h"

#include <sys/resource.h>
#include <unistd.h>

char small_dir[TEMPORARY_PATH], small_spill_dir[TEMPORARY_INSIDE];
uint32_t small_deliveries_max = SMALL_DELIVERIES;
bool small_keeps_undeclared;
struct hy_ring *small_ring;
struct hy_ring_writer *small_writer;

hydrant_status small_try_open(const struct hy_ring_group_options *groups, size_t count,
                              hydrant_error *err)
{
    struct hy_ring_options options = {.dir = small_dir,
                                      .bytes = SMALL_CHUNKS * SMALL_CHUNK_BYTES,
                                      .chunk_bytes = SMALL_CHUNK_BYTES,
                                      .spill_dir = small_spill_dir,
                                      .deliveries_max = small_deliveries_max,
                                      .keeps_undeclared = small_keeps_undeclared,
                                      .groups = groups,
                                      .groups_count = count};
    hydrant_status status = hy_ring_open(&options, &small_ring, err);
    return status == HYDRANT_OK ? hy_ring_writer_create(small_ring, &small_writer, err) : status;
}

void small_open(const struct hy_ring_group_options *groups, size_t count)
{
    hydrant_error err = {0};
    WORLD_CHECK(small_try_open(groups, count, &err) == HYDRANT_OK, "open: %s", err.text);
}

void small_begin(const struct hy_ring_group_options *groups, size_t count)
{
    temporary_memory_folder(small_dir);
    snprintf(small_spill_dir, sizeof small_spill_dir, "%s/spill", small_dir);
    small_open(groups, count);
}

void small_close(void)
{
    hy_ring_writer_destroy(&small_writer);
    hy_ring_close(&small_ring, true);
}

void small_end(const char *what)
{
    small_close();
    temporary_remove(small_dir);
    printf("%s: ok\n", what);
    fflush(stdout);
}

hydrant_ring *small_attach(const hydrant_ring_options *options)
{
    hydrant_ring *reader;
    hydrant_error err = {0};
    WORLD_CHECK(hydrant_ring_attach(small_dir, options, &reader, &err) == HYDRANT_OK, "attach: %s",
                err.text);
    return reader;
}

hydrant_ring *small_member(const char *group)
{
    hydrant_ring_options options;
    hydrant_ring_options_init(&options);
    options.group = group;
    options.lease_items = SMALL_LEASE_ITEMS;
    return small_attach(&options);
}

void small_show(void)
{
    hy_ring_commit_all(small_writer);
    hy_ring_wake(small_ring);
}

void small_put(uint64_t from, uint64_t to)
{
    for (uint64_t n = from; n < to; n++)
        world_put(small_writer, n);
    small_show();
}

struct hy_ring_group_stats small_stats(uint32_t group)
{
    struct hy_ring_group_stats stats;
    WORLD_CHECK(hy_ring_group_stats(small_ring, group, &stats), "no group %u", group);
    return stats;
}

void small_limit_files(int more)
{
    static struct rlimit before;
    if (before.rlim_max == 0)
        WORLD_CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0, "getrlimit");
    struct rlimit limit = before;
    if (more >= 0) {
        int lowest = dup(STDERR_FILENO);
        WORLD_CHECK(lowest >= 0 && close(lowest) == 0, "dup");
        limit.rlim_cur = (rlim_t)(lowest + more);
    }
    WORLD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

uint64_t small_numbers(hydrant_ring *reader)
{
    hydrant_ring_item item;
    hydrant_status status;
    uint64_t bits = 0;
    while ((status = hydrant_ring_next(reader, &item)) == HYDRANT_OK) {
        WORLD_CHECK(!(bits >> item.generation & 1), "item %llu twice",
                    (unsigned long long)item.generation);
        bits |= 1ull << item.generation;
        WORLD_CHECK(hydrant_ring_ack(reader, item.seq) == HYDRANT_OK, "ack");
    }
    WORLD_CHECK(status == HYDRANT_ERR_AGAIN || status == HYDRANT_ERR_CANCELLED, "next: %d", status);
    return bits;
}
