/* Any bytes as one record: told by the built-in mappings, mapped, by each of them insisted on. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "decode/mapper.h"
#include "pack/pack.h"
#include "rules/ruleset.h"
#include "text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORD_MAX = 16 << 10, TEXT_MAX = 60, DEPTH_MAX = 16 };

static struct hy_ruleset *rules;
static struct hy_pack pack; /* of mappings alone: nothing else is looked at */
static struct hy_decoder *decoder;
static struct hy_mapper *mapper;
static struct hy_batch batch;

static void set_up(void)
{
    const struct hy_rule_input input = {.query = "word"};
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
    HY_ASSERT(m->id.len > 0);
    HY_ASSERT(m->text.len <= TEXT_MAX);
    HY_ASSERT(mention->drop || hy_utf8_valid(m->text.data, m->text.len));
    HY_ASSERT(mention->drop || m->event == HYDRANT_EVENT_DELETE || m->text.len);
    for (uint32_t i = 0; i < m->hashtags_count; i++)
        HY_ASSERT(hy_utf8_valid(m->hashtags[i].data, m->hashtags[i].len));
}

static void map(const char *record, size_t size, const char *mapping)
{
    static struct hy_source source = {.name = {"fuzz", 4}, .format = HY_FORMAT_MAPPED};
    static struct hy_parcel parcel;
    parcel.source = &source;
    parcel.mapping = mapping;
    parcel.count = 1;
    parcel.records[0] = (struct hy_record){.data = record, .offset = 1, .len = (uint32_t)size};
    uint32_t total = 0;
    batch.pack = &pack;
    hy_mapper_begin(mapper, &parcel);
    for (bool more = true; more;) {
        hy_arena_reset(&batch.arena);
        more = hy_mapper_batch(mapper, &batch);
        HY_ASSERT(batch.count > 0 && batch.count <= HY_BATCH_MENTIONS);
        for (uint32_t i = 0; i < batch.count; i++)
            check(&batch.mentions[i]);
        total += batch.count;
    }
    HY_ASSERT(total > 0);
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
    map(record, size, "");
    for (uint32_t i = 0; i < pack.mappings->count; i++) {
        char name[HY_MAPPING_NAME_BYTES_MAX + 1] = {0};
        memcpy(name, pack.mappings->all[i].name.data, pack.mappings->all[i].name.len);
        map(record, size, name);
    }
    free(record);
    return 0;
}
