#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"

static void refuses_what_does_not_fit(void **state)
{
    struct hy_arena arena;
    assert_int_equal(hy_arena_init(&arena, 4096, NULL), HYDRANT_OK);
    assert_non_null(hy_arena_alloc(&arena, 4096, 1));
    assert_null(hy_arena_alloc(&arena, 1, 1));
    hy_arena_reset(&arena);
    assert_null(hy_arena_alloc(&arena, 4097, 1));
    assert_null(hy_arena_alloc(&arena, SIZE_MAX, 8));
    hy_arena_fini(&arena);
}

static void aligns_and_trims(void **state)
{
    struct hy_arena arena;
    assert_int_equal(hy_arena_init(&arena, 4096, NULL), HYDRANT_OK);
    assert_non_null(hy_arena_alloc(&arena, 1, 1));
    uint64_t *words = HY_ARENA_NEW(&arena, uint64_t, 10);
    assert_int_equal((uintptr_t)words % _Alignof(uint64_t), 0);
    hy_arena_trim(&arena, words, 2 * sizeof *words);
    assert_ptr_equal(HY_ARENA_NEW(&arena, uint64_t, 1), words + 2);
    hy_arena_fini(&arena);
}

static void huge_pages_hold_as_much_and_begin_at_one(void **state)
{
    struct hy_arena arena;
    size_t bytes = HY_HUGE_PAGE_BYTES + 4096;
    assert_int_equal(hy_arena_init_huge(&arena, bytes, NULL), HYDRANT_OK);
    assert_int_equal((uintptr_t)arena.base % HY_HUGE_PAGE_BYTES, 0);
    char *all = hy_arena_alloc(&arena, bytes, 1);
    assert_non_null(all);
    assert_null(hy_arena_alloc(&arena, 1, 1));
    assert_int_equal(all[0] | all[bytes - 1], 0);
    all[0] = all[bytes - 1] = 1;
    hy_arena_fini(&arena);
    assert_int_equal(hy_arena_init_huge(&arena, SIZE_MAX / 2, NULL), HYDRANT_ERR_NOMEM);
    assert_null(arena.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(aligns_and_trims),
        cmocka_unit_test(huge_pages_hold_as_much_and_begin_at_one),
    };
    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
