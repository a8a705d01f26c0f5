/*
 * The same records whatever way the bytes come in: as a file, compressed, through a pipe or pushed,
 * with io_uring or read, in any pieces, with parcels held back. The answer is the framer's over the
 * whole stream.
 */
#include "feeder_support.h"
#include "frame_support.h"

#include <pthread.h>

enum { ROUNDS = 60, STREAM_BYTES = 3 << 20 };

static uint64_t seed;

/* ---- streams ---- */

static size_t add_text(uint64_t *random, char *out, bool quotes)
{
    static const char letters[] = "abcdefghij klmnop, {}[]:\\\"";
    size_t len = below(random, 20) ? below(random, 300) : below(random, 60000);
    for (size_t i = 0; i < len; i++)
        out[i] = letters[below(random, sizeof letters - 1 - (quotes ? 0 : 2))];
    return len;
}

static size_t make_line(uint64_t *random, int kind, char *out)
{
    char *at = out;
    switch (kind) {
    case 0: /* NDJSON, some of it broken */
        at += sprintf(at, "{\"text\":\"");
        at += add_text(random, at, below(random, 20) == 0);
        at += sprintf(at, "\"}%s", below(random, 30) ? "\n" : "\r\n\n");
        break;
    case 1: /* elements of an array */
        at += sprintf(at, "{\"text\":\"");
        at += add_text(random, at, below(random, 20) == 0);
        at += sprintf(at, "\"}%s", below(random, 3) ? "," : ",\n ");
        break;
    case 2: /* CSV */
        at += sprintf(at, "%zu,\"", below(random, 1000));
        at += add_text(random, at, below(random, 20) == 0);
        at += sprintf(at, below(random, 10) ? "\"\n" : "\n\"\"\r\n");
        break;
    default:
        at += add_text(random, at, true);
        *at++ = '\n';
    }
    return (size_t)(at - out);
}

static size_t make_stream(uint64_t *random, char *out)
{
    static const char *const starts[] = {"{\"text\":\"first\"}\n", "[", "id,text\n", "\n\n"};
    int kind = (int)below(random, 4);
    size_t wanted = below(random, 4) ? below(random, 60000) : below(random, STREAM_BYTES - 200000);
    size_t len = below(random, 5) ? 0 : (size_t)sprintf(out, "\xEF\xBB\xBF");
    len += (size_t)sprintf(out + len, "%s", starts[kind]);
    while (len < wanted)
        len += make_line(random, kind, out + len);
    return len - (below(random, 2) ? 1 : 0);
}

static size_t compress_frames(uint64_t *random, const char *data, size_t len, char *out,
                              size_t room)
{
    size_t at = 0, made = 0;
    ZSTD_CCtx *compressor = ZSTD_createCCtx();
    while (at < len || made == 0) {
        size_t piece = below(random, 4) ? len - at : below(random, len - at + 1);
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, (int)below(random, 2));
        ZSTD_CCtx_setParameter(compressor, ZSTD_c_contentSizeFlag, (int)below(random, 2));
        size_t n = ZSTD_compress2(compressor, out + made, room - made, data + at, piece);
        assert_false(ZSTD_isError(n));
        made += n;
        at += piece;
        if (below(random, 3) == 0) {
            memcpy(out + made, "\x53\x2A\x4D\x18\x02\0\0\0..", 10);
            made += 10;
        }
    }
    ZSTD_freeCCtx(compressor);
    return made;
}

/* ---- ways in ---- */

struct writer {
    int fd;
    const char *data;
    size_t len;
    uint64_t random;
};

static void *write_in_pieces(void *argument)
{
    struct writer *w = argument;
    size_t most = (size_t[]){7, 1000, 70000, 1 << 20}[below(&w->random, 4)];
    if (w->len > 100000 && most < 1000)
        most = 1000;
    for (size_t at = 0; at < w->len;) {
        size_t piece = 1 + below(&w->random, most);
        ssize_t n = write(w->fd, w->data + at, piece < w->len - at ? piece : w->len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    close(w->fd);
    return NULL;
}

static void through_a_file(struct hy_feeder *feeder, const char *data, size_t len, struct got *got,
                           unsigned held)
{
    char path[TEMPORARY_PATH];
    temporary_text(path, "", data, len);
    assert_int_equal(hy_feeder_add_file(feeder, path, NULL), HYDRANT_OK);
    assert_int_equal(got_run(got, feeder, -1, held), HY_FEED_END);
    unlink(path);
}

static void through_a_pipe(struct hy_feeder *feeder, const char *data, size_t len, struct got *got,
                           unsigned held, uint64_t *random)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    if (below(random, 2))
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
    struct writer writer = {fds[1], data, len, next_random(random) | 1};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_in_pieces, &writer), 0);
    assert_int_equal(hy_feeder_add_fd(feeder, fds[0], "pipe", true, NULL), HYDRANT_OK);
    enum hy_feed feed;
    while ((feed = got_run(got, feeder, (int)below(random, 3) - 1, held)) == HY_FEED_IDLE)
        ;
    assert_int_equal(feed, HY_FEED_END);
    pthread_join(thread, NULL);
}

static void through_pushes(struct hy_feeder *feeder, const char *data, size_t len, struct got *got,
                           unsigned held, uint64_t *random)
{
    size_t most = (size_t[]){30, 1000, 70000, 1 << 20}[below(random, 4)], taken;
    if (len > 100000 && most < 1000)
        most = 1000;
    for (size_t at = 0; at < len;) {
        size_t piece = 1 + below(random, most);
        piece = piece < len - at ? piece : len - at;
        hydrant_status status = hy_feeder_push(feeder, "main", data + at, piece, &taken);
        at += taken;
        if (status == HYDRANT_ERR_AGAIN || below(random, 8) == 0)
            assert_int_equal(got_run(got, feeder, 0, held), HY_FEED_IDLE);
        if (below(random, 50) == 0) /* another stream in between, all of it empty lines */
            hy_feeder_push(feeder, "other", "\n", 1, &taken);
    }
    hy_feeder_push_end(feeder, NULL);
    assert_int_equal(got_run(got, feeder, 0, held), HY_FEED_END);
}

/* ---- comparing ---- */

static void expect_same(const char *way, const struct got *got, const struct cut_list *wanted,
                        size_t skip)
{
    size_t i = 0;
    for (; i < got->count && i + skip < wanted->count; i++) {
        const struct got_record *a = &got->records[i];
        const struct cut_record *b = &wanted->records[i + skip];
        if (a->offset != b->offset || a->len != b->len || a->drop != b->drop ||
            (a->data && memcmp(a->data, b->data, a->len) != 0))
            break;
    }
    if (i == got->count && i + skip == wanted->count)
        return;
    printf("%s: record %zu of %zu (wanted %zu)\n", way, i, got->count, wanted->count - skip);
    fail();
}

static void one_round(uint64_t *random, enum hy_io io, char *data, char *packed)
{
    size_t len = make_stream(random, data);
    struct hy_feeder_options options = {.io = io, .blocks = 4 + (uint32_t)below(random, 4)};
    options.record_bytes_max = below(random, 2) ? 0 : 1 + (uint32_t)below(random, 2000);
    uint32_t max = options.record_bytes_max ? options.record_bytes_max : 1 << 20;
    struct hy_frame_choice choice;
    assert_true(hy_frame_framing.detect(data, len, true, HY_FORMAT_AUTO, &choice));
    struct cut_list wanted = {0};
    frame_from(choice.kind, max, data + choice.skip, len - choice.skip, choice.skip, &wanted);
    size_t header = choice.format == HY_FORMAT_CSV && wanted.count && !wanted.records[0].drop;
    size_t packed_len = compress_frames(random, data, len, packed, 2 * STREAM_BYTES);
    static const char *const ways[] = {"file", "zstd file", "pipe", "zstd pipe", "push"};
    for (int way = 0; way < 5; way++) {
        struct hy_feeder *feeder = feeder_with(options);
        struct got got = {0};
        unsigned held = (unsigned)below(random, HELD_MAX + 1);
        const char *in = way & 1 ? packed : data;
        size_t in_len = way & 1 ? packed_len : len;
        if (way < 2)
            through_a_file(feeder, in, in_len, &got, held);
        else if (way < 4)
            through_a_pipe(feeder, in, in_len, &got, held, random);
        else
            through_pushes(feeder, in, in_len, &got, held, random);
        expect_same(ways[way], &got, &wanted, header);
        got_free(&got);
        hy_feeder_destroy(&feeder);
    }
    cut_free(&wanted);
}

static void every_way_gives_the_same(void **state)
{
    uint64_t random = seed;
    char *data = malloc(STREAM_BYTES), *packed = malloc(2 * STREAM_BYTES);
    for (int round = 0; round < ROUNDS; round++)
        one_round(&random, *(enum hy_io *)*state, data, packed);
    free(data);
    free(packed);
}

int main(void)
{
    static enum hy_io both[] = {HY_IO_READ, HY_IO_URING};
    seed = test_seed();
    const struct CMUnitTest tests[] = {
        {"every way in gives the same (read)", every_way_gives_the_same, NULL, NULL, &both[0]},
        {"every way in gives the same (io_uring)", every_way_gives_the_same, NULL, NULL, &both[1]},
    };
    return cmocka_run_group_tests_name("feeder_cuts", tests, NULL, NULL);
}
