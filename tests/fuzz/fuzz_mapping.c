/* Any bytes as one record: told by the built-in mappings and some with envelopes, mapped, by each
 * of them insisted on. Twice, with another record before it: nothing of that may be seen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "base/assert.h"
#include "base/str.h"
#include "decode/mapper.h"
#include "pack/pack.h"
#include "rules/ruleset.h"
#include "support/decode_one.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD_MAX = 16 << 10, TEXT_MAX = 60, DEPTH_MAX = 16 };

static struct hy_ruleset *rules;
static struct hy_pack pack; /* of mappings alone: nothing else is looked at */
static struct hy_decoder *decoder;
static struct hy_mapper *mapper;
static struct hy_batch batch;

/* Beside Mastodon's: one that takes whatever its envelope holds, one whose names are another's. */
static const char yaml[] =
    "version: 1\n"
    "mappings:\n"
    "  boxed:\n"
    "    network: boxed\n"
    "    envelope: {event: type, body: body, default: none}\n"
    "    tell: [{event: [msg], data.t: '*'}]\n"
    "    take: [{when: {event: [msg]}}, {when: {data: '*'}, event: delete}]\n"
    "    fields: {id: [data.i, data], text: data.t, author.id: data.by}\n"
    "  turned:\n"
    "    network: turned\n"
    "    envelope: {event: body, body: type, default: msg}\n"
    "    tell: [{event: '*', data.t: '*'}]\n"
    "    take: [{}]\n"
    "    fields: {id: data.i, text: data.t, author.id: data.by}\n";

static void set_up(void)
{
    const struct hy_rule_input input = {.name = "fuzz.yaml", .text = hy_str(yaml, sizeof yaml - 1)};
    const struct hy_decode_options options = {.text_bytes_max = TEXT_MAX, .depth_max = DEPTH_MAX};
    hydrant_error err;
    HY_ASSERT(hy_ruleset_load(&input, 1, &rules, &err) == HYDRANT_OK);
    pack.mappings = rules->mappings;
    HY_ASSERT(!hy_decoder_create(&options, RECORD_MAX, &decoder, &err));
    HY_ASSERT(!hy_mapper_create(decoder, &options, RECORD_MAX, RECORD_MAX, &mapper, &err));
    HY_ASSERT(!hy_arena_init(&batch.arena, hy_decode_arena_bytes(RECORD_MAX), &err));
}

static void check(const struct hy_mention *mention)
{
    const hydrant_mention *m = &mention->m;
    HY_ASSERT(m->id.len > 0 && hy_utf8_valid(m->id.data, m->id.len));
    HY_ASSERT(m->text.len <= TEXT_MAX);
    HY_ASSERT(mention->drop || hy_utf8_valid(m->text.data, m->text.len));
    HY_ASSERT(mention->drop || m->event == HYDRANT_EVENT_DELETE || m->text.len);
    for (uint32_t i = 0; i < m->hashtags_count; i++)
        HY_ASSERT(hy_utf8_valid(m->hashtags[i].data, m->hashtags[i].len));
}

/* All that is seen of a mention, in a number. */
static uint64_t digest(const struct hy_mention *mention, uint64_t seed)
{
    static char text[1 << 20];
    size_t len = describe_mention(&mention->m, mention->drop, text, sizeof text);
    seed = XXH3_64bits_withSeed(mention->m.id.data, mention->m.id.len, seed);
    return XXH3_64bits_withSeed(text, len, seed);
}

/* Maps a record: the digest of what came out. */
static uint64_t map(const char *record, size_t size, const char *mapping)
{
    static struct hy_source source = {.name = {"fuzz", 4}, .format = HY_FORMAT_MAPPED};
    static struct hy_parcel parcel;
    parcel.source = &source;
    parcel.mapping = mapping;
    parcel.count = 1;
    parcel.records[0] = (struct hy_record){.data = record, .offset = 1, .len = (uint32_t)size};
    uint32_t total = 0;
    uint64_t seen = 0;
    batch.pack = &pack;
    hy_mapper_begin(mapper, &parcel);
    for (bool more = true; more;) {
        hy_arena_reset(&batch.arena);
        more = hy_mapper_batch(mapper, &batch);
        HY_ASSERT(batch.count > 0 && batch.count <= HY_BATCH_MENTIONS);
        for (uint32_t i = 0; i < batch.count; i++) {
            check(&batch.mentions[i]);
            seen = digest(&batch.mentions[i], seen);
        }
        total += batch.count;
    }
    HY_ASSERT(total > 0);
    return seen;
}

/* Maps a long record of strings of that letter and of envelopes of all mappings. */
static void map_another(char letter)
{
    static char record[RECORD_MAX + HY_RECORD_PADDING];
    char word[65] = {0}, *at = record;
    memset(word, letter, sizeof word - 1);
    at += sprintf(at, "{\"event\":\"delete\",\"type\":\"msg\",\"body\":\"{}\",\"payload\":\"[");
    for (int i = 0; i < 100; i++)
        at += sprintf(at, "\\\"%s\\\",", word);
    at += sprintf(at, "0]\"}");
    map(record, (size_t)(at - record), "");
}

static void map_behind_others(const char *record, size_t size, const char *mapping)
{
    map_another('a');
    uint64_t seen = map(record, size, mapping);
    map_another('b');
    HY_ASSERT(map(record, size, mapping) == seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!rules)
        set_up();
    if (size > RECORD_MAX || size == 0)
        return 0;
    char *record = malloc(size + HY_RECORD_PADDING);
    HY_ASSERT(record);
    memcpy(record, data, size);
    memset(record + size, 0, HY_RECORD_PADDING);
    const struct hy_record told = {.data = record, .offset = 1, .len = (uint32_t)size};
    hy_mapper_tell(mapper, pack.mappings, &told);
    map_behind_others(record, size, "");
    for (uint32_t i = 0; i < pack.mappings->count; i++) {
        char name[HY_MAPPING_NAME_BYTES_MAX + 1] = {0};
        memcpy(name, pack.mappings->all[i].name.data, pack.mappings->all[i].name.len);
        map_behind_others(record, size, name);
    }
    free(record);
    return 0;
}
