/* The public face of engine/journal: readers. */
#include <hydrant/journal.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "journal/journal_folder.h"
#include "journal/journal_store.h"

hydrant_status hydrant_journal_reader_open(const char *folder, uint64_t first,
                                           hydrant_journal_reader **out, hydrant_error *err)
{
    struct hy_journal_reader *reader;
    hydrant_status status = hy_journal_reader_open(folder, first, &reader, err);
    *out = (hydrant_journal_reader *)reader;
    return status;
}

void hydrant_journal_reader_close(hydrant_journal_reader **reader)
{
    struct hy_journal_reader *inner = (struct hy_journal_reader *)*reader;
    hy_journal_reader_close(&inner);
    *reader = NULL;
}

hydrant_status hydrant_journal_reader_next(hydrant_journal_reader *reader,
                                           hydrant_journal_record *out, hydrant_error *err)
{
    struct hy_journal_record record;
    hydrant_status status =
        hy_journal_reader_next((struct hy_journal_reader *)reader, &record, err);
    if (status == HYDRANT_OK)
        *out = (hydrant_journal_record){record.number, record.time_us, record.data.data,
                                        record.data.len};
    return status;
}

uint64_t hydrant_journal_reader_tail(const hydrant_journal_reader *reader)
{
    return hy_journal_reader_tail((const struct hy_journal_reader *)reader);
}

hydrant_status hydrant_journal_segments(const char *folder,
                                        void (*on_segment)(void *ctx,
                                                           const hydrant_journal_segment *segment),
                                        void *ctx, hydrant_error *err)
{
    struct hy_journal_segment *all;
    uint32_t count;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        hy_error_system(err, errno, "cannot open the journal");
        hy_error_at(err, folder, 0, 0);
        return HYDRANT_ERR_SYSTEM;
    }
    hydrant_status status = hy_journal_segments(fd, &all, &count, err);
    close(fd);
    for (uint32_t i = 0; status == HYDRANT_OK && i < count; i++) {
        hydrant_journal_segment segment = {all[i].first, all[i].bytes, all[i].changed_us};
        on_segment(ctx, &segment);
    }
    free(all);
    return status;
}
