/*
 * The form of an item in the ring: what is rendered from its bytes is what is rendered from the
 * item, byte for byte, for made-up items of every kind; and bytes that were damaged anywhere are
 * refused or read as something, never beyond their end (AddressSanitizer watches).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "publish/item_bytes.h"
#include "publish/item_json.h"
#include "support/sample_item.h"

enum { ITEMS = 1000, DAMAGES = 40, BYTES_MAX = 32 << 10 };

/* A copy without a byte to spare, so that a read beyond its end is seen. */
static unsigned char *exact_copy(const unsigned char *bytes, size_t count)
{
    unsigned char *copy = malloc(count);
    assert_non_null(copy);
    memcpy(copy, bytes, count);
    return copy;
}

static void check_round_trip(const hydrant_item *item, const unsigned char *bytes, uint32_t count)
{
    static char expected[BYTES_MAX], got[BYTES_MAX];
    unsigned char *copy = exact_copy(bytes, count);
    void *scratch = malloc(hy_item_scratch_bytes(count));
    hydrant_item back;
    assert_true(hy_item_from_bytes(copy, count, scratch, &back));
    back.seq = item->seq;
    size_t len = hy_item_json_to(expected, sizeof expected, item);
    assert_true(len < sizeof expected);
    assert_int_equal(hy_item_json_to(got, sizeof got, &back), len);
    assert_string_equal(got, expected);
    free(scratch);
    free(copy);
}

static void check_damage(struct sample_item *m, const unsigned char *bytes, uint32_t count)
{
    static char out[1 << 20];
    for (int i = 0; i < DAMAGES; i++) {
        uint32_t kept = random_below(&m->random, 4) ? count : random_below(&m->random, count);
        unsigned char *copy = exact_copy(bytes, kept + 1);
        void *scratch = malloc(hy_item_scratch_bytes(kept));
        hydrant_item back;
        for (uint32_t hits = 1 + random_below(&m->random, 3); kept && hits > 0; hits--)
            copy[random_below(&m->random, kept)] = (unsigned char)random_next(&m->random);
        unsigned char *exact = exact_copy(copy, kept);
        if (hy_item_from_bytes(exact, kept, scratch, &back))
            hy_item_json_to(out, sizeof out, &back);
        free(exact);
        free(scratch);
        free(copy);
    }
}

static void bytes_render_as_the_item(void **state)
{
    static struct sample_item m;
    static _Alignas(8) unsigned char bytes[BYTES_MAX];
    m.random.state = random_seed("item_bytes");
    for (int i = 0; i < ITEMS; i++) {
        hydrant_item item = sample_item_make(&m);
        size_t count = hy_item_bytes(&item, bytes, sizeof bytes);
        assert_true(count <= sizeof bytes);
        check_round_trip(&item, bytes, (uint32_t)count);
        check_damage(&m, bytes, (uint32_t)count);
        /* too little room is said, and nothing written beyond it */
        unsigned char *small = malloc(count / 2);
        assert_int_equal(hy_item_bytes(&item, small, count / 2), count);
        free(small);
    }
}

static void head_says_what_routers_filter_by(void **state)
{
    static struct sample_item m;
    static _Alignas(8) unsigned char bytes[BYTES_MAX];
    m.random.state = random_seed("item_bytes");
    for (int i = 0; i < 200; i++) {
        hydrant_item item = sample_item_make(&m);
        hydrant_ring_item view;
        size_t count = hy_item_bytes(&item, bytes, sizeof bytes);
        item.verdict = item.verdict ? item.verdict : &(hydrant_verdict){0};
        assert_true(hy_ring_item_view(bytes, (uint32_t)count, &view));
        assert_int_equal(view.action, item.verdict->action);
        assert_int_equal(view.actionable, item.verdict->actionable);
        assert_int_equal(view.priority, item.verdict->priority);
        assert_int_equal(view.item_event, item.event);
        assert_int_equal(view.generation, item.generation);
        assert_int_equal(view.route.len, item.verdict->route.len);
        assert_int_equal(view.id.len, item.mention ? item.mention->id.len : 0);
        assert_memory_equal(view.route.data, item.verdict->route.data, view.route.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_render_as_the_item),
                                       cmocka_unit_test(head_says_what_routers_filter_by)};
    return cmocka_run_group_tests_name("item_bytes", tests, NULL, NULL);
}
