/* Records of a sender's stream, however its bytes were cut: the same records, gathered with length
 * prefixes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame/framer.h"
#include "ingest/stream_cut.h"
#include "support/random.h"

enum { LIMIT = 300, STREAM_BYTES = 20000, ROUNDS = 300 };

/* Lines or prefixed records, some over the limit, some empty, and sometimes just bytes. */
static size_t make_stream(struct random_state *r, enum hy_frame_kind kind, char *out)
{
    size_t len = 0;
    while (len < STREAM_BYTES - 2000) {
        uint32_t size =
            (uint32_t)(random_below(r, 10) ? random_below(r, 120) : random_below(r, 900));
        if (kind == HY_FRAME_PREFIXED) {
            memcpy(out + len, (char[]){0, 0, (char)(size >> 8), (char)size}, 4);
            len += 4;
        }
        for (uint32_t i = 0; i < size; i++)
            out[len++] = (char)('a' + random_below(r, 26));
        if (kind == HY_FRAME_LINES)
            out[len++] = '\n';
    }
    return len;
}

static uint32_t run(struct hy_stream_cut *cut, const char *data, size_t len, bool final,
                    struct hy_gather *gather)
{
    char *copy = calloc(1, len + HY_RECORD_PADDING); /* exactly as much as may be read */
    uint32_t records;
    memcpy(copy, data, len);
    assert_true(hy_stream_cut_run(cut, copy, len, final, gather, &records));
    free(copy);
    return records;
}

static uint32_t cut_whole(enum hy_frame_kind kind, const char *data, size_t len,
                          struct hy_gather *gather)
{
    struct hy_stream_cut cut;
    hy_stream_cut_init(&cut, &hy_frame_framing, kind, LIMIT);
    uint32_t records = run(&cut, data, len, true, gather);
    assert_false(hy_stream_cut_is_inside(&cut) && kind == HY_FRAME_LINES);
    hy_stream_cut_fini(&cut);
    return records;
}

static uint32_t cut_in_pieces(struct random_state *r, enum hy_frame_kind kind, const char *data,
                              size_t len, struct hy_gather *gather)
{
    struct hy_stream_cut cut;
    uint32_t records = 0;
    hy_stream_cut_init(&cut, &hy_frame_framing, kind, LIMIT);
    for (size_t at = 0; at < len;) {
        size_t step = 1 + random_below(r, random_below(r, 4) ? 40 : 4000);
        if (step > len - at)
            step = len - at;
        records += run(&cut, data + at, step, false, gather);
        assert_true(cut.carry_len <= LIMIT + HY_FRAME_SLACK);
        at += step;
    }
    records += run(&cut, "", 0, true, gather);
    hy_stream_cut_fini(&cut);
    return records;
}

static void any_cut_gives_the_same(void **state)
{
    (void)state;
    struct random_state r = {random_seed("stream_cut")};
    static char stream[STREAM_BYTES];
    for (int round = 0; round < ROUNDS; round++) {
        enum hy_frame_kind kind = round % 2 ? HY_FRAME_LINES : HY_FRAME_PREFIXED;
        size_t len = make_stream(&r, kind, stream);
        if (round % 5 == 0)
            len -= random_below(&r, 50); /* ends inside a record */
        struct hy_gather whole = {0}, pieces = {0};
        assert_int_equal(cut_whole(kind, stream, len, &whole),
                         cut_in_pieces(&r, kind, stream, len, &pieces));
        assert_int_equal(whole.len, pieces.len);
        assert_memory_equal(whole.data, pieces.data, whole.len);
        hy_gather_fini(&whole);
        hy_gather_fini(&pieces);
    }
}

static void a_record_over_the_limit_takes_no_more_than_it(void **state)
{
    (void)state;
    char line[1000];
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    struct hy_gather gather = {0};
    assert_int_equal(cut_whole(HY_FRAME_LINES, line, sizeof line, &gather), 1);
    assert_int_equal(gather.len, 4 + LIMIT + 1);
    assert_memory_equal(gather.data, ((char[]){0, 0, (LIMIT + 1) >> 8, (LIMIT + 1) & 0xff}), 4);
    hy_gather_fini(&gather);
}

/* Whatever ends it, and however it is cut. */
static void a_line_may_be_as_long_as_the_limit(void **state)
{
    (void)state;
    struct random_state r = {random_seed("stream_cut")};
    char line[LIMIT + 8];
    for (size_t len = LIMIT - 2; len < LIMIT + 4; len++)
        for (int round = 0; round < 200; round++) {
            bool with_cr = round % 2;
            struct hy_gather gather = {0};
            memset(line, 'x', len);
            memcpy(line + len, with_cr ? "\r\n" : "\n", 2);
            assert_int_equal(cut_in_pieces(&r, HY_FRAME_LINES, line, len + 1 + with_cr, &gather),
                             1);
            assert_int_equal(gather.len, 4 + (len <= LIMIT ? len : LIMIT + 1));
            hy_gather_fini(&gather);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same),
        cmocka_unit_test(a_record_over_the_limit_takes_no_more_than_it),
        cmocka_unit_test(a_line_may_be_as_long_as_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
