/*
 * Preparing a mention takes time by the length of its text, whatever the text is: twice as much of
 * each of these shapes takes less than three times as long. What looks behind a word for the rest
 * of something (a host, a link, a handle, a run of letters) is asked again and again here, and
 * never finds it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "dedup/dedup_text.h"
#include "dedup_fixture.h"

enum {
    ROUNDS = 5, /* of which the quickest counts */
    TRIES = 3,  /* on a machine that has other things to do */
    SMALL_BYTES = HY_DEDUP_FOLDED_BYTES / 32,
};

static const struct {
    const char *head, *unit;
} shapes[] = {
    {"acme ", "a."},
    {"acme ", "a-b."},
    {"acme ", "1a.b-"},
    {"", "h."},
    {"", "ww.w"},
    {"", "www."},
    {"", "www.-"},
    {"acme ", "http-"},
    {"acme ", "https:"},
    {"acme ", "http:/"},
    {"acme ", "http."},
    {"acme ", "http'"},
    {"acme ", "a://"},
    {"acme ", "a:/"},
    {"acme ", "a.b/"},
    {"acme ", "a.bc/ "},
    {"acme ", "rt:"},
    {"acme ", "rt "},
    {"rt ", " "},
    {"rt ", ":"},
    {"rt ", " :  "},
    {"", "via : "},
    {"", "rt @ "},
    {"", "@a."},
    {"", "@a@"},
    {"", "a@b.c-"},
    {"", "@"},
    {"", "#a."},
    {"", "#"},
    {"", "#a "},
    {"", "_"},
    {"", "_ "},
    {"", "_a"},
    {"", "a"},
    {"", "aaa "},
    {"", "1,000"},
    {"", "1.1"},
    {"", "1."},
    {"", "1,"},
    {"", "a'a"},
    {"", "'"},
    {"a", "'"},
    {"", ":d"},
    {"", "<3"},
    {"", ":-"},
    {"", "..."},
    {"acme", "."},
    {"acme ", " "},
    {"", "\xD0\xB0"},
    {"aa bb ", "\xD0\xB0"},
    {"aa bb ", "\xD0\xB0 "},
    {"", "\xD0\xB0."},
    {"aa bb ", "a\xD0\xB0"},
    {"", "\xE4\xBD\xA0"},
    {"", "\xE4\xBD\xA0."},
    {"", "\xF0\x9F\x98\xA1"},
    {"a", "\xCC\x81"},
    {"", "\xCC\x81"},
    {"", "\xF0\x9F\x98\xA1\xCC\x81"},
    {"", "a.\xC3\xA9"},
    {"", "http\xC3\xA9"},
};

/* A text of this length, and what a reader may read behind it. */
static char *make_text(const char *head, const char *unit, size_t len)
{
    char *text = calloc(1, len + HY_DEDUP_TEXT_SLACK);
    HY_ASSERT(text);
    size_t at = strlen(head), step = strlen(unit);
    memcpy(text, head, at);
    for (; at + step <= len; at += step)
        memcpy(text + at, unit, step);
    memset(text + at, ' ', len - at);
    return text;
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Of a mention with this text, folded as it is. */
static uint64_t time_of(struct test_lane *lane, const char *text, size_t len)
{
    uint64_t least = UINT64_MAX;
    struct test_post post = POST("1", "ann", "", 1);
    lane_reset(lane);
    lane_add(lane, &post);
    lane->batch->mentions[0].folded = (struct hy_folded){.data = text, .len = (uint32_t)len};
    hy_batch_list_wanted(lane->batch);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t start = cpu_ns();
        hy_dedup_prepare(lane->worker, lane->batch);
        uint64_t took = cpu_ns() - start;
        least = took < least ? took : least;
    }
    return least;
}

static void takes_time_by_the_length_of_the_text(void **state)
{
    struct hy_dedup *dedup;
    struct test_lane lane;
    int bad = 0;
    assert_int_equal(
        hy_dedup_create(&(struct hy_dedup_options){.entries = 100, .seed = 1}, &dedup, NULL),
        HYDRANT_OK);
    lane_open(&lane, dedup);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char *text = make_text(shapes[i].head, shapes[i].unit, 2 * SMALL_BYTES);
        uint64_t small = 0, large = 0;
        for (int tries = 0; tries < TRIES && large >= 3 * small; tries++) {
            small = time_of(&lane, text, SMALL_BYTES);
            large = time_of(&lane, text, 2 * SMALL_BYTES);
        }
        if (large >= 3 * small) {
            print_message("'%s' and '%s' over and over: %llu ns, twice as many %llu ns\n",
                          shapes[i].head, shapes[i].unit, (unsigned long long)small,
                          (unsigned long long)large);
            bad++;
        }
        free(text);
    }
    assert_int_equal(bad, 0);
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_time_by_the_length_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
