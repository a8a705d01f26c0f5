/*
 * label: medium
 * Properties of the whole path: the output does not depend on the number of workers, nor on how the
 * bytes were cut, nor on how they came in (pushed, file, pipe; io_uring or read), nor, for valid
 * records, on the parse mode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "support/firehose.h"
#include "support/run_engine.h"
#include "support/temporary.h"

enum { RECORDS = 4000 };

static hydrant_pack *pack;
static char *input;
static size_t input_len;
static uint64_t seed;
static struct engine_output reference;

static hydrant *create(struct engine_output *output, uint32_t workers, hydrant_io io)
{
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = workers;
    options.io = io;
    options.event_time = true;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_ndjson = engine_output_append;
    options.ctx = output;
    hydrant *engine = NULL;
    hydrant_error err = {0};
    if (hydrant_create(&options, pack, &engine, &err) == HYDRANT_ERR_UNSUPPORTED)
        return NULL;
    if (!engine)
        fail_msg("%s", err.text);
    return engine;
}

static void assert_same_as_reference(struct engine_output *output)
{
    size_t at = 0, line = 1;
    while (at < output->len && at < reference.len && output->data[at] == reference.data[at])
        line += output->data[at++] == '\n';
    if (at != output->len || at != reference.len)
        fail_msg("differs from the reference at byte %zu, line %zu (lengths %zu and %zu)", at, line,
                 output->len, reference.len);
    free(output->data);
}

/* Pushes the input cut at random places; longest is the longest piece. */
static void push_cut(hydrant *engine, struct random_state *random, uint32_t longest)
{
    for (size_t at = 0; at < input_len;) {
        size_t piece = 1 + random_below(random, longest);
        piece = piece < input_len - at ? piece : input_len - at;
        assert_int_equal(hydrant_push_bytes(engine, "in", input + at, piece, NULL), HYDRANT_OK);
        at += piece;
    }
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
}

static void any_number_of_workers(void **state)
{
    static const uint32_t workers[] = {1, 2, 3, 8};
    struct random_state random = {seed + 1};
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        struct engine_output output = {0};
        hydrant *engine = create(&output, workers[i], HYDRANT_IO_AUTO);
        push_cut(engine, &random, 60000);
        hydrant_destroy(&engine);
        assert_same_as_reference(&output);
    }
}

static void any_cut_of_the_bytes(void **state)
{
    static const uint32_t longest[] = {7, 300, 5000, 1 << 20};
    struct random_state random = {seed + 2};
    for (size_t i = 0; i < sizeof longest / sizeof *longest; i++) {
        struct engine_output output = {0};
        hydrant *engine = create(&output, i % 2 ? 2 : 0, HYDRANT_IO_AUTO);
        push_cut(engine, &random, longest[i]);
        hydrant_destroy(&engine);
        assert_same_as_reference(&output);
    }
}

struct pipe_writer {
    int fd;
    struct random_state random;
};

static void *write_pipe(void *arg)
{
    struct pipe_writer *writer = arg;
    for (size_t at = 0; at < input_len;) {
        size_t piece = 1 + random_below(&writer->random, 70000);
        piece = piece < input_len - at ? piece : input_len - at;
        ssize_t written = write(writer->fd, input + at, piece);
        if (written < 0)
            abort();
        at += (size_t)written;
    }
    close(writer->fd);
    return NULL;
}

static void through_a_pipe(hydrant_io io)
{
    struct engine_output output = {0};
    hydrant *engine = create(&output, 2, io);
    if (!engine)
        skip();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct pipe_writer writer = {ends[1], {seed + 3}};
    pthread_t thread;
    assert_int_equal(hydrant_add_fd(engine, ends[0], "in", true, NULL), HYDRANT_OK);
    assert_int_equal(pthread_create(&thread, NULL, write_pipe, &writer), 0);
    assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
    pthread_join(thread, NULL);
    hydrant_destroy(&engine);
    assert_same_as_reference(&output);
}

static void through_a_pipe_by_io_uring(void **state)
{
    through_a_pipe(HYDRANT_IO_URING);
}

static void through_a_pipe_by_read(void **state)
{
    through_a_pipe(HYDRANT_IO_READ);
}

static void from_a_file(hydrant_io io)
{
    char path[TEMPORARY_PATH];
    int fd = temporary_file(path, "");
    assert_int_equal(write(fd, input, input_len), input_len);
    struct engine_output output = {0};
    hydrant *engine = create(&output, 2, io);
    if (engine) {
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_int_equal(hydrant_add_fd(engine, fd, "in", false, NULL), HYDRANT_OK);
        assert_int_equal(hydrant_run(engine, NULL), HYDRANT_OK);
        hydrant_destroy(&engine);
        assert_same_as_reference(&output);
    }
    close(fd);
    unlink(path);
}

static void from_a_file_by_io_uring(void **state)
{
    from_a_file(HYDRANT_IO_URING);
}

static void from_a_file_by_read(void **state)
{
    from_a_file(HYDRANT_IO_READ);
}

static void fast_agrees_with_strict_on_valid_records(void **state)
{
    struct engine_output output = {0};
    hydrant_options options;
    hydrant_options_init(&options);
    options.parse = HYDRANT_PARSE_FAST;
    options.event_time = true;
    options.emit = HYDRANT_EMIT_PUBLISHED;
    options.on_ndjson = engine_output_append;
    options.ctx = &output;
    options.workers = 0;
    struct engine_output strict = {0};
    for (int fast = 0; fast < 2; fast++) {
        hydrant *engine = NULL;
        options.parse = fast ? HYDRANT_PARSE_FAST : HYDRANT_PARSE_STRICT;
        options.ctx = fast ? &output : &strict;
        assert_int_equal(hydrant_create(&options, pack, &engine, NULL), HYDRANT_OK);
        struct random_state random = {seed + 4};
        for (unsigned i = 0; i < RECORDS; i++) {
            char record[1024];
            size_t len = firehose_record(&random, i, record);
            if (record[0] == '{' && record[len - 2] == '}' && strstr(record, "\"id\""))
                assert_int_equal(hydrant_push_bytes(engine, "in", record, len, NULL), HYDRANT_OK);
        }
        assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
        hydrant_destroy(&engine);
    }
    assert_true(strict.len > 0);
    assert_int_equal(output.len, strict.len);
    assert_memory_equal(output.data, strict.data, strict.len);
    free(output.data);
    free(strict.data);
}

/* Of what is said about an earlier record there is a line more: how a wait ended, what spread. */
static bool is_of_a_record(const char *line, size_t len)
{
    bool update = memmem(line, len, "\"event\":\"update\"", 16) != NULL;
    return !memmem(line, len, "\"event\":\"spread\"", 16) &&
           !(update && memmem(line, len, "\"text\":null", 11));
}

static int make_reference(void **state)
{
    seed = random_seed("same_output");
    pack = engine_starter_pack();
    input = firehose_make(seed, RECORDS, &input_len);
    hydrant *engine = create(&reference, 0, HYDRANT_IO_AUTO);
    assert_int_equal(hydrant_push_bytes(engine, "in", input, input_len, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    hydrant_destroy(&engine);
    size_t lines = 0;
    for (size_t at = 0; at < reference.len;) {
        const char *end = memchr(reference.data + at, '\n', reference.len - at);
        assert_non_null(end);
        size_t len = (size_t)(end - reference.data) - at;
        lines += is_of_a_record(reference.data + at, len);
        at += len + 1;
    }
    assert_int_equal(lines, RECORDS); /* every record is accounted for */
    return 0;
}

static int free_reference(void **state)
{
    hydrant_pack_destroy(&pack);
    free(input);
    free(reference.data);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_workers),
        cmocka_unit_test(any_cut_of_the_bytes),
        cmocka_unit_test(through_a_pipe_by_io_uring),
        cmocka_unit_test(through_a_pipe_by_read),
        cmocka_unit_test(from_a_file_by_io_uring),
        cmocka_unit_test(from_a_file_by_read),
        cmocka_unit_test(fast_agrees_with_strict_on_valid_records),
    };
    return cmocka_run_group_tests_name("same_output", tests, make_reference, free_reference);
}
