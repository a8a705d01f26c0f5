/* Stage 4 over a batch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "normalize/normalize.h"
#include "pack/pack.h"

static const struct hy_network networks[] = {
    {{"mastodon", 8}, HY_TEXT_HTML},
    {{"x", 1}, HY_TEXT_ENTITIES},
};
static const struct hy_pack pack = {.networks = networks, .networks_count = 2};

static struct hy_batch *new_batch(size_t arena_bytes)
{
    struct hy_batch *batch = calloc(1, sizeof *batch);
    assert_non_null(batch);
    assert_int_equal(hy_arena_init(&batch->arena, arena_bytes, NULL), HYDRANT_OK);
    batch->pack = &pack;
    return batch;
}

static void free_batch(struct hy_batch *batch)
{
    hy_arena_fini(&batch->arena);
    free(batch);
}

static struct hy_mention *add(struct hy_batch *batch, const char *network, const char *text)
{
    struct hy_mention *mention = &batch->mentions[batch->count++];
    mention->m.network = hy_str_cstr(network);
    mention->m.text = hy_str_cstr(text);
    return mention;
}

static void assert_str(const char *data, uint32_t len, const char *expected)
{
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(data, expected, len);
}

static void strips_by_network_and_folds_in_order(void **state)
{
    struct hy_batch *batch = new_batch(1 << 20);
    struct hy_mention *html = add(batch, "mastodon", "<p>Caf\u00E9 &amp; Bar</p>");
    struct hy_mention *entities = add(batch, "x", "1 &lt; 2 <B>");
    struct hy_mention *plain = add(batch, "reddit", "AT&amp;T <B>");
    struct hy_mention *dropped = add(batch, "x", "GONE");
    struct hy_mention *empty = add(batch, "x", "");
    dropped->drop = HYDRANT_DROP_NOT_JSON;
    hy_normalize_batch(batch);

    assert_str(html->m.text.data, html->m.text.len, "Caf\u00E9 & Bar");
    assert_str(entities->m.text.data, entities->m.text.len, "1 < 2 <B>");
    assert_str(plain->m.text.data, plain->m.text.len, "AT&amp;T <B>");
    assert_str(batch->folded, batch->folded_len,
               "cafe & bar\xFF"
               "1 < 2 <b>\xFF"
               "at&amp;t <b>\xFF"
               "\xFF");
    assert_ptr_equal(html->folded.data, batch->folded);
    assert_int_equal(html->folded.len, 10);
    assert_int_equal(html->folded.map[4], 5);
    assert_int_equal(html->folded.map[10], html->m.text.len);
    assert_ptr_equal(entities->folded.data, batch->folded + 11);
    assert_null(entities->folded.map);
    assert_null(dropped->folded.data);
    assert_str(dropped->m.text.data, dropped->m.text.len, "GONE");
    assert_int_equal(empty->folded.len, 0);
    free_batch(batch);
}

static void a_batch_of_the_worst_text_fits(void **state)
{
    enum { TEXT_BYTES = 1 + 3 * 5461, MENTIONS = 40 };
    char *text = malloc(TEXT_BYTES);
    assert_non_null(text);
    memcpy(text, "&", 1);
    for (int i = 1; i + 3 <= TEXT_BYTES; i += 3)
        memcpy(text + i, "\uFDFA", 3);
    struct hy_batch *batch =
        new_batch(hy_normalize_arena_bytes((size_t)TEXT_BYTES * MENTIONS, MENTIONS));
    for (int i = 0; i < MENTIONS; i++)
        add(batch, "mastodon", "")->m.text = hy_str(text, TEXT_BYTES);
    hy_normalize_batch(batch);
    assert_int_equal(batch->folded_len, MENTIONS * (1 + (TEXT_BYTES - 1) * 11 + 1));
    assert_int_equal(batch->mentions[MENTIONS - 1].folded.map[1], 1);
    free_batch(batch);
    free(text);
}

static void an_empty_batch_has_no_text(void **state)
{
    struct hy_batch *batch = new_batch(hy_normalize_arena_bytes(0, 0));
    hy_normalize_batch(batch);
    assert_int_equal(batch->folded_len, 0);
    free_batch(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strips_by_network_and_folds_in_order),
        cmocka_unit_test(a_batch_of_the_worst_text_fits),
        cmocka_unit_test(an_empty_batch_has_no_text),
    };
    return cmocka_run_group_tests_name("normalize", tests, NULL, NULL);
}
