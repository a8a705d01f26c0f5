/*
 * label: medium
 * A writer that is killed at any moment: every record that it said to be durable is there, in order
 * and whole, and the next writer goes on behind it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/journal_folder.h"
#include "journal/journal_store.h"
#include "support/temporary.h"

enum { ROUNDS = 8 };

static hydrant_str record_of(uint64_t number, char room[600])
{
    size_t len = (size_t)snprintf(room, 600, "%llu:", (unsigned long long)number);
    memset(room + len, 'a' + (int)(number % 26), number % 500);
    return (hydrant_str){room, (uint32_t)(len + number % 500)};
}

/* Never returns: writes for ever and says on the pipe what is durable. */
static void write_for_ever(const char *folder, int pipe_fd, bool no_uring)
{
    struct hy_journal_options options = {
        .folder = folder, .segment_bytes = 20000, .no_uring = no_uring};
    struct hy_journal *journal;
    hydrant_error err;
    char room[600];
    if (hy_journal_open(&options, &journal, NULL, &err) != HYDRANT_OK)
        _exit(1);
    for (uint64_t number = hy_journal_durable(journal);; number++) {
        uint64_t got;
        if (hy_journal_append(journal, record_of(number, room), &got, &err) != HYDRANT_OK ||
            got != number)
            _exit(2);
        if (number % 5)
            continue;
        if (hy_journal_flush(journal, 1, &err) == HYDRANT_ERR_SYSTEM)
            _exit(3);
        if (number % 10 == 0 && hy_journal_poll(journal, true, &err) != HYDRANT_OK)
            _exit(4);
        uint64_t durable = hy_journal_durable(journal);
        if (write(pipe_fd, &durable, sizeof durable) != sizeof durable)
            _exit(5);
    }
}

static uint64_t read_all(const char *folder)
{
    struct hy_journal_reader *reader;
    struct hy_journal_record record;
    hydrant_error err;
    hydrant_status status;
    uint64_t next = 1;
    char room[600];
    assert_int_equal(hy_journal_reader_open(folder, 1, &reader, &err), HYDRANT_OK);
    while ((status = hy_journal_reader_next(reader, &record, &err)) == HYDRANT_OK) {
        hydrant_str wanted = record_of(next, room);
        assert_int_equal(record.number, next++);
        assert_int_equal(record.data.len, wanted.len);
        assert_memory_equal(record.data.data, wanted.data, wanted.len);
    }
    assert_int_equal(status, HYDRANT_ERR_AGAIN);
    hy_journal_reader_close(&reader);
    return next;
}

/* Kills a writer after it has reported some commits; the last number that it reported. */
static uint64_t run_and_kill(const char *folder, unsigned reports, bool no_uring)
{
    int fds[2], status;
    uint64_t durable = 0, said;
    assert_int_equal(pipe(fds), 0);
    pid_t writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        close(fds[0]);
        write_for_ever(folder, fds[1], no_uring);
    }
    close(fds[1]);
    for (unsigned i = 0; i < reports && read(fds[0], &said, sizeof said) == sizeof said; i++)
        durable = said;
    kill(writer, SIGKILL);
    while (read(fds[0], &said, sizeof said) == sizeof said)
        durable = said;
    close(fds[0]);
    assert_int_equal(waitpid(writer, &status, 0), writer);
    assert_true(WIFSIGNALED(status)); /* it did not end by itself */
    return durable;
}

static void killed_at_any_moment(void **state)
{
    char folder[TEMPORARY_PATH];
    uint64_t before = 1;
    (void)state;
    temporary_folder(folder);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t durable = run_and_kill(folder, 1 + round * 7 % 40, round % 2);
        uint64_t next = read_all(folder);
        assert_true(next >= durable);
        assert_true(next > before);
        before = next;
    }
    temporary_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_at_any_moment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
