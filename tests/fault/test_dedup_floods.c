/*
 * Floods and prepared input against the window: many times the same, ten times more than fits, one
 * character, 64 KiB, texts made to collide. Memory stays what was reserved at create, no post costs
 * more than a bounded number of looks, and what was remembered honestly is still found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "dedup_fixture.h"

enum { ENTRIES = 2000, FLOOD = 10 * ENTRIES, SLOWER_MAX = 8, TEXT_BYTES = 160 };

static struct hy_dedup *dedup;
static struct test_lane lane;

static void open_window(uint32_t entries, uint64_t seed)
{
    struct hy_dedup_options options = {.entries = entries, .seed = seed};
    assert_int_equal(hy_dedup_create(&options, &dedup, NULL), HYDRANT_OK);
    lane_open(&lane, dedup);
}

static void close_window(void)
{
    lane_close(&lane);
    hy_dedup_destroy(&dedup);
}

static const hydrant_dup *post(const char *kind, unsigned number, const char *author,
                               const char *text)
{
    static char id[32];
    snprintf(id, sizeof id, "%s%u", kind, number);
    return lane_post(&lane, dedup, POST(id, author, text, 1000));
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*u %lu", &pages) != 1)
        fail_msg("no /proc/self/statm");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* A text that shares no words with others. */
static void write_text(char *out, uint64_t number)
{
    size_t len = 0;
    for (int word = 0; word < 8; word++)
        len += (size_t)sprintf(out + len, "w%llx ",
                               (unsigned long long)test_random(&number) & 0xFFFFFFFF);
}

/* Posts FLOOD texts and compares what the second tenth of them cost with what the last did: CPU
 * time, and the better of two halves, so that a loaded machine is no reason. */
static void flood(void (*write)(char *out, uint64_t number), const char *author)
{
    uint64_t tenths[10] = {0};
    char text[TEXT_BYTES];
    for (unsigned i = 0; i < FLOOD; i++) {
        uint64_t start = cpu_ns();
        write(text, i);
        post("f", i, author, text);
        tenths[i / (FLOOD / 10)] += cpu_ns() - start;
    }
    uint64_t late = tenths[8] < tenths[9] ? tenths[8] : tenths[9];
    uint64_t early = tenths[1] > tenths[2] ? tenths[1] : tenths[2];
    if (late > SLOWER_MAX * early)
        fail_msg("a post costs %llu times what it did", (unsigned long long)(late / early));
}

static void ten_times_the_window_of_distinct_posts(void **state)
{
    open_window(ENTRIES, 1);
    char text[TEXT_BYTES];
    flood(write_text, "ann");
    size_t before = resident_bytes();
    flood(write_text, "ann");
    assert_true(resident_bytes() < before + (16 << 20));
    write_text(text, FLOOD - 1);
    assert_int_equal(post("after", 0, "bob", text)->kind, HYDRANT_DUP_EXACT);
    write_text(text, 1);
    assert_int_equal(post("after", 1, "bob", text)->kind, HYDRANT_DUP_NONE);
    close_window();
}

static void write_same(char *out, uint64_t number)
{
    strcpy(out, "the same is told again and again by everybody");
}

static void a_flood_of_the_same_post(void **state)
{
    open_window(ENTRIES, 1);
    flood(write_same, "ann");
    size_t before = resident_bytes();
    flood(write_same, "ann");
    assert_true(resident_bytes() < before + (16 << 20));
    close_window();
}

static void write_character(char *out, uint64_t number)
{
    out[0] = (char)('a' + number % 26);
    out[1] = '\0';
}

static void a_flood_of_single_characters(void **state)
{
    open_window(ENTRIES, 1);
    flood(write_character, "ann");
    assert_int_equal(post("same", 0, "ann", "q")->kind, HYDRANT_DUP_EXACT);
    assert_int_equal(post("other", 0, "bob", "q")->kind, HYDRANT_DUP_NONE);
    assert_int_equal(post("nobody", 0, NULL, "q")->kind, HYDRANT_DUP_NONE);
    close_window();
}

static void a_flood_of_64_kib_posts(void **state)
{
    enum { BYTES = 65535, POSTS = 60 };
    open_window(ENTRIES, 1);
    size_t reserved = hy_dedup_bytes(dedup), before = 0;
    char *text = malloc(BYTES + 1);
    uint64_t random = 1;
    for (unsigned i = 0; i < POSTS; i++) {
        for (size_t at = 0; at < BYTES; at++)
            text[at] = at % 7 == 6 ? ' ' : (char)('a' + test_random(&random) % 26);
        text[BYTES] = '\0';
        assert_int_equal(post("long", i, "ann", text)->kind, HYDRANT_DUP_NONE);
        if (i == 10)
            before = resident_bytes();
    }
    assert_int_equal(post("again", 0, "bob", text)->kind, HYDRANT_DUP_EXACT);
    assert_true(resident_bytes() < before + (16 << 20));
    assert_int_equal(hy_dedup_bytes(dedup), reserved);
    free(text);
    close_window();
}

/*
 * Texts that fall into one bucket under seed 1, as somebody could choose them who knew the seed.
 * With that seed a look-up ends after a bounded number of them and misses the oldest; with another
 * seed, which is drawn from the kernel, they are like any others.
 */
static void prepared_collisions_need_the_seed(void **state)
{
    enum { COLLIDING = 100, KNOWN_SEED = 1 };
    char(*texts)[TEXT_BYTES] = malloc(COLLIDING * sizeof *texts);
    unsigned found = 0;
    for (uint64_t number = 0; found < COLLIDING; number++) {
        char *text = texts[found];
        snprintf(text, TEXT_BYTES, "colliding words of number n%llu are prepared",
                 (unsigned long long)number);
        XXH128_hash_t hash = XXH3_128bits_withSeed(text, strlen(text), KNOWN_SEED);
        found += (hash.high64 >> 32) * ENTRIES >> 32 == 0;
    }
    unsigned missed[2] = {0};
    for (int secret = 0; secret < 2; secret++) {
        open_window(ENTRIES, secret ? 0 : KNOWN_SEED);
        for (unsigned i = 0; i < COLLIDING; i++)
            post("first", i, "ann", texts[i]);
        for (unsigned i = 0; i < COLLIDING; i++)
            missed[secret] += post("again", i, "bob", texts[i])->kind != HYDRANT_DUP_EXACT;
        close_window();
    }
    assert_true(missed[0] > COLLIDING / 4); /* the texts do collide */
    assert_int_equal(missed[1], 0);
    free(texts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_times_the_window_of_distinct_posts),
        cmocka_unit_test(a_flood_of_the_same_post),
        cmocka_unit_test(a_flood_of_single_characters),
        cmocka_unit_test(a_flood_of_64_kib_posts),
        cmocka_unit_test(prepared_collisions_need_the_seed),
    };
    return cmocka_run_group_tests_name("dedup_floods", tests, NULL, NULL);
}
