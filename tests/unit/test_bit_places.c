/* The places of bits: every level lists what looking at each bit lists, within its room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bit_places.h"
#include "base/cpu.h"

enum { ROOM = 64 + HY_BIT_PLACES_SLACK };
#define UNTOUCHED UINT32_C(0xDEADBEEF)

typedef uint32_t places_fn(uint64_t bits, uint32_t base, uint32_t *out);

static uint32_t plain(uint64_t bits, uint32_t base, uint32_t *out)
{
    return hy_bit_places(bits, base, out);
}

#if defined(__x86_64__)
static uint32_t avx2(uint64_t bits, uint32_t base, uint32_t *out)
{
    return hy_bit_places_avx2(bits, base, out);
}

HY_BIT_PLACES_AVX512 static uint32_t avx512(uint64_t bits, uint32_t base, uint32_t *out)
{
    return hy_bit_places_avx512(bits, base, out);
}
#endif

static void check(places_fn *places, uint64_t bits, uint32_t base)
{
    uint32_t out[ROOM + 1], count = 0, found;
    for (uint32_t i = 0; i <= ROOM; i++)
        out[i] = UNTOUCHED;
    found = places(bits, base, out);
    for (uint32_t i = 0; i < 64; i++)
        if (bits >> i & 1)
            assert_int_equal(out[count++], base + i);
    assert_int_equal(found, count);
    assert_int_equal(out[count + HY_BIT_PLACES_SLACK], UNTOUCHED);
}

static void check_all(places_fn *places)
{
    uint64_t random = 1;
    for (uint32_t i = 0; i < 64; i++) {
        check(places, UINT64_C(1) << i, i);
        check(places, UINT64_MAX >> i, 7);
        check(places, UINT64_MAX << i, UINT32_MAX - 63);
    }
    check(places, 0, 5);
    for (uint32_t byte = 0; byte < 256; byte++)
        for (uint32_t at = 0; at < 64; at += 8)
            check(places, (uint64_t)byte << at, 64 * byte);
    for (uint32_t i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t bits = random ^ random >> 29;
        check(places, i % 3 == 0 ? bits : i % 3 == 1 ? bits & bits >> 7 : bits | bits << 9, i);
    }
}

static void every_level_lists_the_same(void **state)
{
    (void)state;
    check_all(plain);
#if defined(__x86_64__)
    if (hy_cpu_level() >= HY_CPU_AVX2)
        check_all(avx2);
    if (hy_cpu_level() >= HY_CPU_AVX512)
        check_all(avx512);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_level_lists_the_same)};
    return cmocka_run_group_tests_name("bit places", tests, NULL, NULL);
}
