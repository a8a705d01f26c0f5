/*
 * Any bytes as the file of what the guard holds, for rules of which there are two. It is read, or
 * it is damaged and nothing is published; what was held is so after a restart, too.
 */
#include <fcntl.h>
#include <hydrant/manager.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/temporary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[TEMPORARY_PATH];

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void remove_folder(void)
{
    temporary_remove(folder);
}

static void write_state(const uint8_t *data, size_t size)
{
    char path[TEMPORARY_INSIDE];
    if (!folder[0]) {
        temporary_memory_folder(folder);
        atexit(remove_folder);
    }
    snprintf(path, sizeof path, "%s/shadowed", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static void count(void *ctx, hydrant_str rule)
{
    require(rule.len == 7 && memcmp(rule.data, "query-", 6) == 0);
    ++*(unsigned *)ctx;
}

/* How many rules are held; -1: the file is damaged. */
static int held(void)
{
    static const char *const queries[] = {"storm", "rain OR hail"};
    hydrant_manager_options options;
    hydrant_manager *manager;
    hydrant_manager_status status;
    unsigned rules = 0;
    hydrant_manager_options_init(&options);
    options.watch = options.test = false;
    options.state_dir = folder;
    options.rules.queries = queries;
    options.rules.queries_count = 2;
    hydrant_status made = hydrant_manager_create(&options, &manager, NULL);
    require((made == HYDRANT_OK) == (manager != NULL));
    if (made == HYDRANT_ERR_DATA)
        return -1;
    require(made == HYDRANT_OK);
    hydrant_manager_status_read(manager, &status);
    hydrant_manager_shadowed(manager, count, &rules);
    require(rules == status.shadowed && rules <= 2);
    hydrant_manager_destroy(&manager);
    return (int)rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    write_state(data, size);
    int first = held();
    require(first < 0 || !size || !memchr(data, '\0', size));
    require(held() == first);
    return 0;
}
