/*
 * The window on disk: what comes back after a restart, what must not because its items were never
 * safe, and files that are refused: damaged anywhere, cut short, of another window, of another run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dedup/dedup_snapshot.h"
#include "dedup_fixture.h"
#include "support/temporary.h"

#define COMPLAINT "no signal in austin again today"
#define NEARLY "no sginal in austin again today"

enum { ENTRIES = 1000, RUN = 7 };

static char folder[TEMPORARY_PATH];
static char path[TEMPORARY_INSIDE];

static int make_folder(void **state)
{
    temporary_folder(folder);
    snprintf(path, sizeof path, "%s/window", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(path);
    return rmdir(folder);
}

struct window {
    struct hy_dedup *dedup;
    struct test_lane lane;
};

/* Each has a seed of its own, as a run's that the kernel draws; of these no two authors below share
 * a register, as two of three do with one seed in 85. */
static struct window open_window(uint32_t entries)
{
    static uint64_t seed;
    struct window w;
    struct hy_dedup_options options = {.entries = entries, .seed = ++seed};
    assert_int_equal(hy_dedup_create(&options, &w.dedup, NULL), HYDRANT_OK);
    lane_open(&w.lane, w.dedup);
    return w;
}

static void close_window(struct window *w)
{
    lane_close(&w->lane);
    hy_dedup_destroy(&w->dedup);
}

static const hydrant_dup *post(struct window *w, const char *id, const char *author,
                               const char *text)
{
    return lane_post(&w->lane, w->dedup, POST(id, author, text, 1000));
}

/* A post in a parcel of its own. */
static const hydrant_dup *parcel(struct window *w, uint64_t number, const char *id,
                                 const char *author, const char *text)
{
    static struct hy_parcel parcel;
    parcel.number = number;
    w->lane.batch->parcel = &parcel;
    const hydrant_dup *dup = post(w, id, author, text);
    w->lane.batch->parcel = NULL;
    return dup;
}

static void save(struct window *w, uint64_t committed)
{
    assert_int_equal(hy_dedup_save(w->dedup, path, RUN, committed, NULL), HYDRANT_OK);
}

static struct hy_dedup_snapshot load(struct window *w, const struct hy_dedup_cut *cut)
{
    struct hy_dedup_snapshot out;
    hydrant_error err = {0};
    if (hy_dedup_load(w->dedup, path, cut, &out, &err) != HYDRANT_OK)
        fail_msg("%s", err.text);
    return out;
}

static void a_restart_forgets_nothing(void **state)
{
    struct window before = open_window(ENTRIES), after = open_window(ENTRIES);
    post(&before, "1", "ann", COMPLAINT);
    post(&before, "2", "bob", NEARLY);
    post(&before, "3", "cid", "an entirely different story for once");
    post(&before, "4", "ann", "thank you so much");
    save(&before, HY_DEDUP_ALL);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    struct hy_dedup_snapshot info = load(&after, NULL);
    assert_int_equal(info.entries, 4);
    assert_int_equal(info.left_out, 0);
    assert_int_equal(info.run, RUN);

    assert_int_equal(post(&after, "2", "bob", NEARLY)->kind, HYDRANT_DUP_REDELIVERED);
    const hydrant_dup *dup = post(&after, "5", "dan", COMPLAINT);
    assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
    assert_int_equal(dup->count, 3);
    assert_int_equal(dup->near, 1);
    assert_int_equal(dup->authors, 3);
    assert_true(hy_str_is(dup->first_id, "1"));
    assert_true(hy_str_is(dup->first_author, "ann"));
    dup = post(&after, "6", "eve", "an entirely different story for onec");
    assert_int_equal(dup->kind, HYDRANT_DUP_NEAR);
    assert_true(hy_str_is(dup->first_id, "3"));
    assert_int_equal(post(&after, "7", "ann", "thank you so much")->kind, HYDRANT_DUP_EXACT);
    assert_int_equal(post(&after, "8", "ann", "something that nobody said yet")->kind,
                     HYDRANT_DUP_NONE);
    close_window(&before);
    close_window(&after);
}

static void what_was_not_committed_is_delivered_again(void **state)
{
    struct window before = open_window(ENTRIES), after = open_window(ENTRIES);
    parcel(&before, 0, "1", "ann", COMPLAINT);
    parcel(&before, 1, "2", "bob", COMPLAINT);
    parcel(&before, 2, "3", "cid", NEARLY);
    parcel(&before, 3, "4", "dan", "an entirely different story for once");
    save(&before, 2); /* parcels 0 and 1 */
    struct hy_dedup_snapshot info = load(&after, NULL);
    assert_int_equal(info.entries, 2);
    assert_int_equal(info.left_out, 2);

    assert_int_equal(post(&after, "2", "bob", COMPLAINT)->kind, HYDRANT_DUP_REDELIVERED);
    const hydrant_dup *dup = post(&after, "3", "cid", NEARLY);
    assert_int_equal(dup->kind, HYDRANT_DUP_NEAR); /* never lost, and never counted twice */
    assert_int_equal(dup->count, 3);
    assert_int_equal(dup->near, 1);
    assert_int_equal(post(&after, "4", "dan", "an entirely different story for once")->kind,
                     HYDRANT_DUP_NONE);
    close_window(&before);
    close_window(&after);
}

/* A post whose id decode made of its source's name and its place there. */
static const hydrant_dup *made_up(struct window *w, const char *id, const char *text)
{
    lane_reset(&w->lane);
    lane_add(&w->lane, &POST(id, "ann", text, 1000));
    w->lane.batch->mentions[0].id_made = true;
    lane_run(&w->lane, w->dedup);
    return w->lane.batch->mentions[0].dup;
}

/* The third line of a pipe is another one after a restart; a post that was given an id of the same
 * form (at://..., of a source that is called at) is not. */
static void an_id_that_was_made_up_is_of_one_run(void **state)
{
    static struct hy_source source = {.name = HY_STR("at")};
    static struct hy_parcel pipe = {.source = &source};
    struct window before = open_window(ENTRIES), after = open_window(ENTRIES);
    before.lane.batch->parcel = after.lane.batch->parcel = &pipe;
    made_up(&before, "at:100", COMPLAINT);
    assert_int_equal(made_up(&before, "at:100", COMPLAINT)->kind, HYDRANT_DUP_REDELIVERED);
    post(&before, "at://did:plc:a/app.bsky.feed.post/3k", "ann", "an entirely different story");
    save(&before, HY_DEDUP_ALL);
    load(&after, NULL);
    assert_int_equal(made_up(&after, "at:100", "a mention that nobody has seen before")->kind,
                     HYDRANT_DUP_NONE);
    assert_int_equal(post(&after, "at://did:plc:a/app.bsky.feed.post/3k", "ann", "again")->kind,
                     HYDRANT_DUP_REDELIVERED);
    close_window(&before);
    close_window(&after);
}

static void the_caller_may_cut_earlier(void **state)
{
    struct window before = open_window(ENTRIES), after = open_window(ENTRIES);
    for (uint64_t i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", (int)i);
        parcel(&before, i, id, "ann", COMPLAINT);
    }
    save(&before, HY_DEDUP_ALL);
    struct hy_dedup_snapshot info = load(&after, &(struct hy_dedup_cut){RUN, 3});
    assert_int_equal(info.entries, 3);
    const hydrant_dup *dup = post(&after, "3", "ann", COMPLAINT);
    assert_int_equal(dup->kind, HYDRANT_DUP_EXACT);
    assert_int_equal(dup->count, 4);
    close_window(&before);
    close_window(&after);
}

static void a_position_that_nobody_remembers_brings_nothing_back(void **state)
{
    struct window before = open_window(ENTRIES), after = open_window(ENTRIES);
    for (uint64_t i = 0; i < 5000; i++) {
        char id[8];
        snprintf(id, sizeof id, "%d", (int)i % 100);
        parcel(&before, i, id, "ann", COMPLAINT);
    }
    save(&before, 10);
    assert_int_equal(load(&after, NULL).entries, 0);
    assert_int_equal(post(&after, "1", "ann", COMPLAINT)->kind, HYDRANT_DUP_NONE);
    close_window(&before);
    close_window(&after);
}

static void a_run_after_a_restart_has_positions_of_its_own(void **state)
{
    struct window first = open_window(ENTRIES), second = open_window(ENTRIES),
                  third = open_window(ENTRIES);
    parcel(&first, 9, "1", "ann", COMPLAINT);
    save(&first, HY_DEDUP_ALL);
    load(&second, NULL);
    parcel(&second, 0, "2", "bob", COMPLAINT);
    parcel(&second, 1, "3", "cid", COMPLAINT);
    save(&second, 1);
    assert_int_equal(load(&third, NULL).entries, 2);
    assert_int_equal(post(&third, "3", "cid", COMPLAINT)->count, 3);
    close_window(&first);
    close_window(&second);
    close_window(&third);
}

static void refused(struct window *w, const struct hy_dedup_cut *cut, const char *why)
{
    hydrant_error err = {0};
    assert_int_equal(hy_dedup_load(w->dedup, path, cut, NULL, &err), HYDRANT_ERR_DATA);
    if (why && !strstr(err.text, why))
        fail_msg("\"%s\" is not said: %s", why, err.text);
    assert_non_null(strstr(err.text, path));
}

static char *read_file(size_t *len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *len = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*len);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

static void write_file(const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void a_broken_snapshot_is_refused_and_said(void **state)
{
    struct window before = open_window(100), after = open_window(100);
    uint64_t random = 1;
    size_t len;
    for (int i = 0; i < 50; i++) {
        char id[8], text[64];
        snprintf(id, sizeof id, "%d", i);
        snprintf(text, sizeof text, "a story of its own called w%dq told at length", i);
        post(&before, id, "ann", text);
    }
    save(&before, HY_DEDUP_ALL);
    char *bytes = read_file(&len);
    for (int i = 0; i < 400; i++) { /* every byte of the header, then any */
        size_t at = i < 128 ? (size_t)i : test_random(&random) % len;
        bytes[at] ^= 1 << i % 8;
        write_file(bytes, len);
        bytes[at] ^= 1 << i % 8;
        refused(&after, NULL, NULL);
    }
    for (int i = 0; i < 50; i++) {
        write_file(bytes, test_random(&random) % len);
        refused(&after, NULL, "cut short");
    }
    char other[200];
    memset(other, 'x', sizeof other);
    write_file(other, sizeof other);
    refused(&after, NULL, "no dedup snapshot");
    assert_int_equal(post(&after, "1", "ann", COMPLAINT)->kind, HYDRANT_DUP_NONE);
    assert_int_equal(post(&after, "2", "bob", COMPLAINT)->kind, HYDRANT_DUP_EXACT);
    free(bytes);
    close_window(&before);
    close_window(&after);
}

static void another_window_or_run_is_refused(void **state)
{
    struct window before = open_window(ENTRIES), other = open_window(ENTRIES / 2),
                  same = open_window(ENTRIES);
    hydrant_error err = {0};
    parcel(&before, 0, "1", "ann", COMPLAINT);
    save(&before, HY_DEDUP_ALL);
    refused(&other, NULL, "number of entries");
    refused(&same, &(struct hy_dedup_cut){RUN + 1, 5}, "another run");
    load(&same, NULL);
    assert_int_equal(hy_dedup_load(same.dedup, path, NULL, NULL, &err), HYDRANT_ERR_STATE);
    unlink(path);
    assert_int_equal(hy_dedup_load(other.dedup, path, NULL, NULL, &err), HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, ENOENT);
    close_window(&before);
    close_window(&other);
    close_window(&same);
}

static void a_disk_that_is_full_leaves_the_old_snapshot(void **state)
{
    struct window w = open_window(ENTRIES), after = open_window(ENTRIES);
    hydrant_error err = {0};
    post(&w, "1", "ann", COMPLAINT);
    save(&w, HY_DEDUP_ALL);
    post(&w, "2", "bob", COMPLAINT);
    struct rlimit unlimited, limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &unlimited);
    limit = unlimited;
    limit.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &limit);
    hydrant_status status = hy_dedup_save(w.dedup, path, RUN, HY_DEDUP_ALL, &err);
    setrlimit(RLIMIT_FSIZE, &unlimited);
    assert_int_equal(status, HYDRANT_ERR_SYSTEM);
    assert_int_equal(err.sys_errno, EFBIG);
    assert_int_equal(load(&after, NULL).entries, 1);
    assert_int_equal(hy_dedup_save(w.dedup, "/nowhere/window", RUN, HY_DEDUP_ALL, &err),
                     HYDRANT_ERR_SYSTEM);
    close_window(&w);
    close_window(&after);
}

/* ---- saved while a worker goes on ---- */

static _Atomic bool saved;

static void *go_on(void *arg)
{
    struct window *w = arg;
    for (int i = 0; !atomic_load(&saved); i++) {
        char id[16], text[64];
        snprintf(id, sizeof id, "%d", i);
        snprintf(text, sizeof text, "a story of its own called w%dq told at length", i / 3);
        post(w, id, "ann", text);
    }
    return NULL;
}

static void a_window_in_use_can_be_saved(void **state)
{
    struct window w = open_window(ENTRIES);
    pthread_t thread;
    atomic_store(&saved, false);
    assert_int_equal(pthread_create(&thread, NULL, go_on, &w), 0);
    for (int i = 0; i < 10; i++) {
        struct window after = open_window(ENTRIES);
        save(&w, HY_DEDUP_ALL);
        load(&after, NULL);
        for (int k = 0; k < 100; k++) {
            char id[16], text[64];
            snprintf(id, sizeof id, "k%d", k);
            snprintf(text, sizeof text, "a story of its own called w%dq told at length", k);
            assert_non_null(post(&after, id, "bob", text));
        }
        close_window(&after);
    }
    atomic_store(&saved, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_window(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_forgets_nothing),
        cmocka_unit_test(what_was_not_committed_is_delivered_again),
        cmocka_unit_test(an_id_that_was_made_up_is_of_one_run),
        cmocka_unit_test(the_caller_may_cut_earlier),
        cmocka_unit_test(a_position_that_nobody_remembers_brings_nothing_back),
        cmocka_unit_test(a_run_after_a_restart_has_positions_of_its_own),
        cmocka_unit_test(a_broken_snapshot_is_refused_and_said),
        cmocka_unit_test(another_window_or_run_is_refused),
        cmocka_unit_test(a_disk_that_is_full_leaves_the_old_snapshot),
        cmocka_unit_test(a_window_in_use_can_be_saved),
    };
    return cmocka_run_group_tests_name("dedup_snapshot", tests, make_folder, remove_folder);
}
