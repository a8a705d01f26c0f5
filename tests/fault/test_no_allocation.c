/*
 * A worker's path neither allocates nor locks after start: this program's own malloc and mutex
 * functions stand in front of libc's and count calls of threads that are not the main one, once
 * the engine has been created. Not under sanitizers, which bring their own malloc.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "support/firehose.h"
#include "support/run_engine.h"

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

static _Atomic bool counting;
static _Atomic unsigned allocations, locks;
static _Atomic pid_t main_thread;

static void note(_Atomic unsigned *what)
{
    if (atomic_load(&counting) && gettid() != atomic_load(&main_thread))
        atomic_fetch_add(what, 1);
}

void *malloc(size_t size)
{
    note(&allocations);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    note(&allocations);
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    note(&allocations);
    return __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    note(&allocations);
    return __libc_memalign(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    note(&allocations);
    *out = __libc_memalign(align, size);
    return *out ? 0 : 12;
}

void free(void *old)
{
    if (old)
        note(&allocations);
    __libc_free(old);
}

static int (*real_lock)(pthread_mutex_t *);

#include <dlfcn.h>

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    note(&locks);
    if (!real_lock)
        *(void **)&real_lock = dlsym(RTLD_NEXT, "pthread_mutex_lock");
    return real_lock(mutex);
}

struct sink {
    size_t bytes;
};

static bool on_ndjson(void *ctx, const char *data, size_t len)
{
    struct sink *sink = ctx;
    sink->bytes += len;
    return true;
}

static void run_counted(hydrant_parse parse, unsigned expected_minimum)
{
    struct sink sink = {0};
    hydrant_pack *pack = engine_starter_pack();
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = 2;
    options.parse = parse;
    options.emit = HYDRANT_EMIT_ALL;
    options.on_ndjson = on_ndjson;
    options.ctx = &sink;
    hydrant *engine = NULL;
    size_t len;
    char *input = firehose_make(7, 20000, &len);
    assert_int_equal(hydrant_create(&options, pack, &engine, NULL), HYDRANT_OK);
    atomic_store(&allocations, 0);
    atomic_store(&locks, 0);
    atomic_store(&main_thread, gettid());
    atomic_store(&counting, true);
    assert_int_equal(hydrant_push_bytes(engine, "in", input, len, NULL), HYDRANT_OK);
    assert_int_equal(hydrant_drain(engine, NULL), HYDRANT_OK);
    atomic_store(&counting, false);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
    free(input);
    assert_true(sink.bytes > expected_minimum);
    assert_int_equal(atomic_load(&allocations), 0);
    assert_int_equal(atomic_load(&locks), 0);
}

static void strict_workers_do_not_allocate(void **state)
{
    run_counted(HYDRANT_PARSE_STRICT, 1 << 20);
}

static void fast_workers_do_not_allocate(void **state)
{
    run_counted(HYDRANT_PARSE_FAST, 1 << 20);
}

static void *allocate_and_lock(void *arg)
{
    pthread_mutex_t *mutex = arg;
    void *volatile p = malloc(1);
    free(p);
    pthread_mutex_lock(mutex);
    pthread_mutex_unlock(mutex);
    return NULL;
}

/* The counters themselves work: a thread that allocates and locks is seen. */
static void the_counters_count(void **state)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    atomic_store(&allocations, 0);
    atomic_store(&locks, 0);
    atomic_store(&main_thread, gettid());
    atomic_store(&counting, true);
    assert_int_equal(pthread_create(&thread, NULL, allocate_and_lock, &mutex), 0);
    pthread_join(thread, NULL);
    atomic_store(&counting, false);
    assert_true(atomic_load(&allocations) >= 2);
    assert_int_equal(atomic_load(&locks), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_counters_count),
        cmocka_unit_test(strict_workers_do_not_allocate),
        cmocka_unit_test(fast_workers_do_not_allocate),
    };
    return cmocka_run_group_tests_name("no_allocation", tests, NULL, NULL);
}

#endif
