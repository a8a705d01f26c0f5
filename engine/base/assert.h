/*
 * Assertions: our own bugs, never the world's. HY_ASSERT is always on; HY_ASSERT_HOT only in debug
 * builds (HY_DEBUG), for checks on the path of every mention.
 */
#ifndef HY_BASE_ASSERT_H
#define HY_BASE_ASSERT_H

#ifdef __cplusplus
extern "C" {
#endif

/* Writes one line to stderr with write(2) and aborts. The only place that does either. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void hy_assert_fail(const char *expr, const char *file, int line, const char *func);

#ifdef __cplusplus
}
#endif

#define HY_LIKELY(x) __builtin_expect(!!(x), 1)
#define HY_UNLIKELY(x) __builtin_expect(!!(x), 0)

#define HY_ASSERT(x)                                          \
    do {                                                      \
        if (HY_UNLIKELY(!(x)))                                \
            hy_assert_fail(#x, __FILE__, __LINE__, __func__); \
    } while (0)

#ifdef HY_DEBUG
#define HY_ASSERT_HOT(x) HY_ASSERT(x)
#else
#define HY_ASSERT_HOT(x) ((void)sizeof(!(x)))
#endif

#define HY_UNREACHABLE() hy_assert_fail("unreachable", __FILE__, __LINE__, __func__)

#endif
