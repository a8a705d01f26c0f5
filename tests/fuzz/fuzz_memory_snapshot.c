/*
 * Any bytes as state_dir/conversations. First the input is the file; then it is edits of a good
 * one, whose checksum is put right afterwards.
 *
 * What is refused leaves the memory empty. What is accepted is saved and restored as the same, its
 * holds are found and end in their order, and every place is free again afterwards.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/str.h"
#include "fuzz/edits.h"
#include "triage/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HOLDS = 8, HEADER_BYTES = 48, CHECKSUM_AT = 40, FILE_MAX = 1 << 16 };

#define SECOND INT64_C(1000000)

static struct hy_memory *create(void)
{
    const struct hy_memory_options options = {
        .conversations = 16, .authors = 16, .holds = HOLDS, .keep_s = 1000};
    struct hy_memory *memory;
    HY_ASSERT(hy_memory_create(&options, &memory, NULL) == HYDRANT_OK);
    return memory;
}

/* In memory without a byte to spare. */
static uint8_t *save(const struct hy_memory *memory, size_t *len)
{
    *len = hy_memory_save(memory, NULL, 0);
    uint8_t *bytes = malloc(*len);
    HY_ASSERT(bytes && hy_memory_save(memory, bytes, *len) == *len);
    return bytes;
}

static bool hold(struct hy_memory *memory, const char *id, int64_t until_us)
{
    const hydrant_str skills[] = {HY_STR("apps"), HY_STR("billing")};
    hydrant_mention m = {.id = hy_str_cstr(id),
                         .network = HY_STR("x"),
                         .conversation_id = HY_STR("talk"),
                         .author = {.id = HY_STR("ann")},
                         .created_at_us = SECOND};
    hydrant_verdict verdict = {.action = HYDRANT_ACTION_RECOVER,
                               .hold_until_us = until_us,
                               .priority = 60,
                               .route = HY_STR("care"),
                               .skills = skills,
                               .skills_count = 2,
                               .private_why = HY_STR("personal data"),
                               .line = HY_STR("unhappy")};
    struct hy_memory_keys keys = hy_memory_keys(&m);
    return hy_memory_hold(memory, &keys, &m, &verdict);
}

static uint8_t *make_good(size_t *len)
{
    struct hy_memory *memory = create();
    for (uint64_t key = 1; key <= 12; key++) { /* more than a bucket has places */
        hy_memory_conversation(memory, key, (int64_t)key * SECOND)->talk = HY_TALK_PEER;
        hy_memory_unhappy(memory, key, true, (int64_t)key * SECOND);
    }
    HY_ASSERT(hold(memory, "1", 30 * SECOND) && hold(memory, "2", 20 * SECOND) &&
              hold(memory, "3", 20 * SECOND));
    uint8_t *bytes = save(memory, len);
    hy_memory_destroy(&memory);
    return bytes;
}

static void check_hold(const struct hy_memory *memory, const struct hy_hold *h)
{
    const struct hy_hold *at = NULL;
    uint32_t looked_at = 0;
    do {
        at = hy_memory_hold_in(memory, h->conversation, at);
        HY_ASSERT(at && looked_at++ < HOLDS);
    } while (at != h);
    HY_ASSERT(hy_memory_waits(memory, h->conversation));
    HY_ASSERT(h->skills_count <= HY_VERDICT_SKILLS_MAX);
    for (uint32_t i = 0, end = 0; i < (uint32_t)HY_HOLD_SKILLS + h->skills_count; i++) {
        HY_ASSERT(h->ends[i] >= end && h->ends[i] <= HY_HOLD_BYTES);
        end = h->ends[i];
    }
    HY_ASSERT(hydrant_action_name((hydrant_action)h->action) &&
              hydrant_obligation_name((hydrant_obligation)h->obligation) && h->priority <= 100);
}

/* Ends all holds, the first first, and fills the memory again. */
static void use_up(struct hy_memory *memory)
{
    int64_t before_us = INT64_MIN;
    struct hy_hold *due;
    uint32_t count = hy_memory_holds(memory);
    for (; (due = hy_memory_due(memory, INT64_MAX)); count--) {
        HY_ASSERT(due->until_us >= before_us);
        before_us = due->until_us;
        check_hold(memory, due);
        hy_memory_end_hold(memory, due);
    }
    HY_ASSERT(count == 0 && hy_memory_holds(memory) == 0);
    for (int64_t i = 0; i < HOLDS; i++)
        HY_ASSERT(hold(memory, "4", i % 3 * SECOND));
    HY_ASSERT(!hold(memory, "5", SECOND));
    for (uint64_t key = 1; key <= 20; key++) {
        hy_memory_conversation(memory, key, 500 * SECOND);
        hy_memory_unhappy(memory, key, key % 2, 500 * SECOND);
    }
}

/* Where a hold lies, and who its neighbours are, may change with a restart. */
static void forget_places(uint8_t *saved, size_t len, uint32_t holds)
{
    for (uint8_t *at = saved + len - holds * sizeof(struct hy_hold); at < saved + len;
         at += sizeof(struct hy_hold)) {
        struct hy_hold h;
        memcpy(&h, at, sizeof h);
        h.next = h.before = h.chain = h.post_chain = 0;
        memcpy(at, &h, sizeof h);
    }
}

static void check(struct hy_memory *memory, struct hy_memory *other, const uint8_t *bytes,
                  size_t len)
{
    size_t saved_len, again_len;
    hydrant_status status = hy_memory_restore(memory, bytes, len, NULL);
    HY_ASSERT(status == HYDRANT_OK || status == HYDRANT_ERR_DATA);
    uint8_t *saved = save(memory, &saved_len);
    HY_ASSERT(status == HYDRANT_OK ? saved_len <= len : saved_len == HEADER_BYTES);
    HY_ASSERT(hy_memory_restore(other, saved, saved_len, NULL) == HYDRANT_OK);
    uint8_t *again = save(other, &again_len);
    forget_places(saved, saved_len, hy_memory_holds(memory));
    forget_places(again, again_len, hy_memory_holds(other));
    HY_ASSERT(again_len == saved_len &&
              memcmp(again + HEADER_BYTES, saved + HEADER_BYTES, again_len - HEADER_BYTES) == 0);
    use_up(other);
    free(again);
    free(saved);
}

static void put_right(uint8_t *bytes, size_t len)
{
    uint64_t checksum = XXH3_64bits(bytes + HEADER_BYTES, len - HEADER_BYTES);
    memcpy(bytes + CHECKSUM_AT, &checksum, sizeof checksum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hy_memory *memory, *other;
    static uint8_t *good;
    static size_t good_len;
    if (!good) {
        memory = create();
        other = create();
        good = make_good(&good_len);
    }
    if (size > FILE_MAX)
        return 0;
    check(memory, other, data, size);
    uint8_t *edited = malloc(good_len);
    HY_ASSERT(edited);
    memcpy(edited, good, good_len);
    fuzz_edit(edited, good_len, data, size);
    put_right(edited, good_len);
    check(memory, other, edited, good_len);
    free(edited);
    return 0;
}
