/*
 * The format does not change by accident: a ring that was written once reads as it did, and rings
 * of another version, with unknown features or damaged, are refused.
 *
 * usage: test_ring_golden                 the test
 *        test_ring_golden --make DIR      writes such a ring (tests/golden/ring: only for a new
 * version) test_ring_golden --serve DIR N   an engine that writes N items, slowly, for readers
 * elsewhere
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "publish/item_bytes.h"
#include "ring/ring_file.h"
#include "ring_world.h"
#include "support/temporary.h"

enum { GOLDEN_ITEMS = 7, LINE_BYTES = 16 << 10 };

#define STR(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }

static void publish(struct hy_ring_writer *writer, const hydrant_item *item)
{
    static _Alignas(8) unsigned char bytes[4096];
    uint64_t seq;
    size_t count = hy_item_bytes(item, bytes, sizeof bytes);
    WORLD_CHECK(count <= sizeof bytes, "an item of %zu bytes", count);
    WORLD_CHECK(hy_ring_put(writer, bytes, (uint32_t)count, NULL, &seq) == HYDRANT_OK, "put");
}

/* Item n: more of it is there the higher n is. */
static void publish_number(struct hy_ring_writer *writer, uint64_t n)
{
    static const hydrant_tag tags[] = {{STR("product"), STR("wireless")}};
    static const hydrant_span spans[] = {{0, 9}, {27, 31}};
    static const hydrant_str skills[] = {STR("wireless"), STR("billing")}, crossed[] = {STR("100")};
    static const hydrant_reason reasons[] = {{STR("complaint"), STR("complaint 0.91")}};
    static const hydrant_pii pii[] = {{STR("phone"), {3, 15}}};
    const hydrant_match match = {STR("outage"), STR("AT&T"), STR("network-ops"), tags, spans, 1, 2};
    char id[32];
    hydrant_mention mention = {.id = {id, (uint32_t)snprintf(id, sizeof id, "post-%d", (int)n)},
                               .created_at_us = 1767225600543000 + (int64_t)n * 1000001,
                               .network = STR("x"),
                               .url = STR("https://x.com/1"),
                               .author = {.id = STR("64"), .handle = STR("tara")},
                               .text =
                                   STR("No signal in \"Austin\" \xE2\x80\xA8 again, caf\xC3\xA9")};
    mention.author.has_followers = n % 2;
    mention.author.followers = 212 + n;
    mention.truncated = n % 5 == 4;
    hydrant_verdict verdict = {.action = (hydrant_action)(1 + n % 6),
                               .obligation = HYDRANT_OBLIGATION_MUST,
                               .actionable = n % 3 > 0,
                               .priority = (uint8_t)(10 * n % 101),
                               .route = STR("network-ops"),
                               .skills = skills,
                               .skills_count = 2,
                               .respond_by_us = 1767232800000000,
                               .hold_until_us = HYDRANT_TIME_NONE,
                               .line = STR("unhappy-customer"),
                               .reasons = reasons,
                               .reasons_count = 1};
    if (n % 2)
        verdict.escalate_to = verdict.private_why = (hydrant_str)STR("legal");
    hydrant_emotion emotion = {.labels = 12,
                               .label = 2,
                               .sentiment = 1,
                               .speech_act = 2,
                               .scored = true,
                               .valence = -0.625f,
                               .intensity = 0.8f,
                               .ekman = {0.81f, 0.005f, 0.0049f, 0.01f, 0.125f, 0.375f, 1.0f}};
    hydrant_dup dup = {.kind = (hydrant_dup_kind)(n % 4),
                       .first_id = STR("post-0"),
                       .count = (uint32_t)n,
                       .first_at_us = 1767225600000000,
                       .near = 3,
                       .authors = 2,
                       .last_5m = 4,
                       .doubling_s = n % 2 ? 90 : HYDRANT_DOUBLING_NONE,
                       .spread = crossed,
                       .spread_count = 1};
    hydrant_item item = {.generation = 7,
                         .pack = STR("9f2c"),
                         .source = STR("stdin"),
                         .mention = &mention,
                         .verdict = n > 0 ? &verdict : NULL,
                         .matches = &match,
                         .matches_count = n > 1,
                         .emotion = n > 2 ? &emotion : NULL,
                         .dup = n > 3 ? &dup : NULL,
                         .pii = pii,
                         .pii_count = n > 4,
                         .event = (hydrant_item_event)(n % 4)};
    publish(writer, &item);
}

static int make(const char *dir, uint64_t count, uint64_t bytes, uint64_t pause_us)
{
    const struct hy_ring_group_options groups[] = {
        {.name = "care", .from_oldest = true, .policy = HY_RING_BLOCK},
        {.name = "some", /* a third of what publish_number makes */
         .from_oldest = true,
         .policy = HY_RING_DROP_OLDEST,
         .actions = 1u << HYDRANT_ACTION_THANK | 1u << HYDRANT_ACTION_RESPOND}};
    struct hy_ring_options options = {.dir = dir,
                                      .bytes = bytes,
                                      .chunk_bytes = 16384,
                                      .groups = groups,
                                      .groups_count = pause_us ? 2 : 0};
    struct hy_ring *ring;
    struct hy_ring_writer *writer;
    hydrant_error err = {0};
    WORLD_CHECK(hy_ring_open(&options, &ring, &err) == HYDRANT_OK, "open: %s", err.text);
    WORLD_CHECK(hy_ring_writer_create(ring, &writer, &err) == HYDRANT_OK, "writer");
    uint32_t source = (uint32_t)hy_ring_source(ring, "stdin");
    for (uint64_t n = 0; n < count; n++) {
        publish_number(writer, n);
        hy_ring_put_position(writer, source, n, n, n + 1, NULL);
        hy_ring_commit_all(writer);
        hy_ring_wake(ring);
        if (n == 4)
            hy_ring_writer_rest(writer); /* the next one is in a chunk of its own */
        world_sleep_us(pause_us);
    }
    hy_ring_writer_destroy(&writer);
    hy_ring_close(&ring, true);
    return 0;
}

/* ---- the test ---- */

static void reads_as_it_did(const char *golden)
{
    static char got[LINE_BYTES], expected[LINE_BYTES];
    char path[512];
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_ring_item item;
    hydrant_error err = {0};
    uint64_t items;
    hydrant_ring_options_init(&options);
    options.from_oldest = true;
    snprintf(path, sizeof path, "%s/items.ndjson", golden);
    FILE *lines = fopen(path, "r");
    WORLD_CHECK(lines, "cannot open %s", path);
    WORLD_CHECK(hydrant_ring_attach(golden, &options, &ring, &err) == HYDRANT_OK, "%s", err.text);
    for (int i = 0; i < GOLDEN_ITEMS; i++) {
        WORLD_CHECK(hydrant_ring_next(ring, &item) == HYDRANT_OK, "no item %d", i);
        size_t len = hydrant_ring_item_json(ring, &item, got, sizeof got - 1);
        WORLD_CHECK(len > 0 && len < sizeof got - 1, "item %d does not render", i);
        strcpy(got + len, "\n");
        WORLD_CHECK(fgets(expected, sizeof expected, lines), "item %d is new", i);
        WORLD_CHECK(strcmp(got, expected) == 0, "item %d:\n%s%s", i, got, expected);
    }
    WORLD_CHECK(hydrant_ring_next(ring, &item) == HYDRANT_ERR_CANCELLED, "more than it was");
    hydrant_ring_detach(&ring);
    fclose(lines);
    WORLD_CHECK(hydrant_ring_verify(golden, &items, &err) == HYDRANT_OK && items == GOLDEN_ITEMS,
                "verify: %s", err.text);
}

/* A copy of the golden ring with some bytes of its header changed is refused with this status. */
static void is_refused(const char *golden, size_t at, uint32_t value, bool right_crc,
                       hydrant_status expected, const char *says)
{
    char path[512], dir[TEMPORARY_PATH];
    hydrant_ring *ring;
    hydrant_error err = {0};
    static unsigned char bytes[1 << 20];
    snprintf(path, sizeof path, "%s/data", golden);
    int from = open(path, O_RDONLY);
    ssize_t count = from < 0 ? -1 : read(from, bytes, sizeof bytes);
    WORLD_CHECK(count > 0 && (size_t)count < sizeof bytes, "cannot read %s", path);
    close(from);
    memcpy(bytes + at, &value, sizeof value);
    uint32_t crc = hy_ring_crc(bytes, offsetof(struct hy_ring_header, crc));
    if (right_crc)
        memcpy(bytes + offsetof(struct hy_ring_header, crc), &crc, sizeof crc);
    temporary_memory_folder(dir);
    snprintf(path, sizeof path, "%s/data", dir);
    int to = open(path, O_WRONLY | O_CREAT, 0600);
    WORLD_CHECK(to >= 0 && write(to, bytes, (size_t)count) == count, "cannot write %s", path);
    close(to);
    hydrant_status status = hydrant_ring_attach(dir, NULL, &ring, &err);
    WORLD_CHECK(status == expected && strstr(err.text, says), "byte %zu = %u: %d %s", at, value,
                status, err.text);
    temporary_remove(dir);
}

int main(int argc, char **argv)
{
    const char *golden = HYDRANT_SOURCE_DIR "/tests/golden/ring";
    if (argc == 3 && strcmp(argv[1], "--make") == 0)
        return make(argv[2], GOLDEN_ITEMS, 2 * 16384, 0);
    if (argc == 4 && strcmp(argv[1], "--serve") == 0)
        return make(argv[2], strtoull(argv[3], NULL, 10), 32 * 16384, 500);
    reads_as_it_did(golden);
    is_refused(golden, offsetof(struct hy_ring_header, version), 2, true, HYDRANT_ERR_UNSUPPORTED,
               "version 2");
    is_refused(golden, offsetof(struct hy_ring_header, features_required), 1, true,
               HYDRANT_ERR_UNSUPPORTED, "features");
    is_refused(golden, offsetof(struct hy_ring_header, chunk_count), 3, false, HYDRANT_ERR_DATA,
               "damaged");
    is_refused(golden, offsetof(struct hy_ring_header, chunk_count), 3000, true, HYDRANT_ERR_DATA,
               "does not fit");
    is_refused(golden, 0, 0, true, HYDRANT_ERR_DATA, "not a ring");
    printf("the golden ring reads as it did; five others are refused\n");
    return 0;
}
