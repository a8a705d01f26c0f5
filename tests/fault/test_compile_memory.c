/*
 * Compiling rules and making a worker with malloc failing at every point: the call says NOMEM,
 * leaves nothing behind, and succeeds as soon as it can. This program's own malloc stands in front
 * of libc's, and its own hs_compile_* in front of Hyperscan's, which asks for memory thousands of
 * times and does not survive it everywhere. Not under sanitizers, which bring theirs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <hs.h>

#include "match_fixture.h"

#ifdef HY_SANITIZE

int main(void)
{
    return 77;
}

#else

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *old);

/* For Hyperscan too, which is a shared library. */
#pragma GCC visibility push(default)

static int64_t calls_left = INT64_MAX; /* this many calls succeed, then all fail */
static int64_t failures, alive;
static bool spares_hyperscan; /* it gets what it wants, and its calls do not count */

static bool may_allocate(void)
{
    if (calls_left > 0) {
        calls_left--;
        return true;
    }
    failures++;
    return false;
}

static void *counted(void *p)
{
    alive += p != NULL;
    return p;
}

void *malloc(size_t size)
{
    return may_allocate() ? counted(__libc_malloc(size)) : NULL;
}

void *calloc(size_t count, size_t size)
{
    return may_allocate() ? counted(__libc_calloc(count, size)) : NULL;
}

void *realloc(void *old, size_t size)
{
    if (!may_allocate())
        return NULL;
    return old ? __libc_realloc(old, size) : counted(__libc_realloc(old, size));
}

int posix_memalign(void **out, size_t align, size_t size)
{
    *out = may_allocate() ? counted(__libc_memalign(align, size)) : NULL;
    return *out ? 0 : 12;
}

void free(void *old)
{
    alive -= old != NULL;
    __libc_free(old);
}

/* Calls the real function, with memory if it is to be spared. */
#define COMPILE(name, parameters, arguments)                    \
    hs_error_t name parameters                                  \
    {                                                           \
        hs_error_t(*real) parameters = dlsym(RTLD_NEXT, #name); \
        int64_t left = calls_left;                              \
        if (spares_hyperscan)                                   \
            calls_left = INT64_MAX;                             \
        hs_error_t status = real arguments;                     \
        if (spares_hyperscan)                                   \
            calls_left = left;                                  \
        return status;                                          \
    }

COMPILE(hs_compile_lit_multi,
        (const char *const *texts, const unsigned *flags, const unsigned *ids, const size_t *lens,
         unsigned count, unsigned mode, const hs_platform_info_t *platform, hs_database_t **db,
         hs_compile_error_t **error),
        (texts, flags, ids, lens, count, mode, platform, db, error))
COMPILE(hs_compile_multi,
        (const char *const *texts, const unsigned *flags, const unsigned *ids, unsigned count,
         unsigned mode, const hs_platform_info_t *platform, hs_database_t **db,
         hs_compile_error_t **error),
        (texts, flags, ids, count, mode, platform, db, error))
COMPILE(hs_expression_info,
        (const char *text, unsigned flags, hs_expr_info_t **info, hs_compile_error_t **error),
        (text, flags, info, error))

#pragma GCC visibility pop

static const char yaml[] = "version: 1\n"
                           "policy: {actions: [{line: all, when: '*', action: respond}]}\n"
                           "lists: {l: [one, \"two three\", four, five, six]}\n"
                           "rules:\n"
                           "  - {id: a, match: '%l (seven OR /eig[h]t/i) NOT nine', brand: B}\n"
                           "  - {id: b, match: 'ten NEAR/3 {Eleven} followers:5..'}\n"
                           "  - {id: c, match: '2 OF (ten, twelv*, #thirteen) emotion:anger'}\n";

/* Compiles and makes a worker with so many calls; true when both were made. */
static bool compile_with(const struct hy_ruleset *rules, int64_t calls)
{
    struct hy_pack *pack = NULL;
    struct hy_match_worker *worker = NULL;
    hydrant_error err = {0};
    calls_left = calls;
    hydrant_status status = hy_pack_compile(rules, NULL, &pack, &err);
    if (status == HYDRANT_OK)
        status = hy_match_worker_create(pack, &worker, &err);
    calls_left = INT64_MAX;
    if (status != HYDRANT_OK) {
        assert_int_equal(status, HYDRANT_ERR_NOMEM);
        assert_int_equal(err.status, HYDRANT_ERR_NOMEM);
        assert_null(worker);
    }
    hy_match_worker_destroy(&worker);
    hy_pack_destroy(&pack);
    return status == HYDRANT_OK;
}

/* Lets every call but the first `calls` fail, for more and more calls, until none does. */
static void fail_everywhere(const struct hy_ruleset *rules, bool each)
{
    assert_true(compile_with(rules, INT64_MAX)); /* whatever is made once is made now */
    int64_t before = alive, tries = 0, failed = 0;
    for (int64_t calls = 0;; calls += each ? 1 : 1 + calls / 60, tries++) {
        failures = 0;
        bool made = compile_with(rules, calls);
        failed += failures > 0;
        assert_int_equal(alive, before);
        if (made && failures == 0)
            break;
        assert_false(made);
    }
    assert_true(tries > 100);
    assert_int_equal(failed, tries);
}

static void every_failed_allocation_is_survived(void **state)
{
    struct hy_rule_input input = {.name = "test.yaml", .text = hy_str_cstr(yaml)};
    struct hy_ruleset *rules = NULL;
    assert_int_equal(hy_ruleset_load(&input, 1, &rules, NULL), HYDRANT_OK);
    spares_hyperscan = true;
    fail_everywhere(rules, true);
    spares_hyperscan = false;
    fail_everywhere(rules, false); /* the first few hundred calls, then larger and larger steps */
    hy_ruleset_destroy(&rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests_name("compile_memory", tests, NULL, NULL);
}

#endif
