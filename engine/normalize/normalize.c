/*
 * Stage 4, over a batch. What it leaves in the arena:
 *
 *   | stripped texts | folded texts, 0xFF after each | ... room ... | map | map | ...
 *
 * The folded texts have to stand one after the other for the matcher, while maps are written
 * between them; so the first region is reserved at its worst case (HY_FOLD_EXPANSION) and the maps
 * come behind it, each cut to its size before the next. Room that is not needed is never touched.
 */
#include "normalize/normalize.h"

#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "normalize/html.h"
#include "pack/mapping.h"
#include "pack/pack.h"
#include "text/fold.h"

enum {
    FOLD_SLACK = 64,      /* hy_fold may write so far past its result */
    TEXT_SEPARATOR = 0xFF /* no byte of UTF-8 */
};

static size_t folded_bytes(size_t text_bytes, uint32_t mentions)
{
    return text_bytes * HY_FOLD_EXPANSION + mentions + FOLD_SLACK;
}

static size_t map_bytes(size_t text_bytes)
{
    return sizeof(uint16_t) * (text_bytes * HY_FOLD_EXPANSION + FOLD_SLACK);
}

size_t hy_normalize_arena_bytes(size_t text_bytes, uint32_t mentions)
{
    /* Each map keeps one entry more than its text has bytes, and may be aligned by a byte. */
    size_t maps = map_bytes(text_bytes) + mentions * (sizeof(uint16_t) + 1);
    return text_bytes + folded_bytes(text_bytes, mentions) + maps;
}

static enum hy_text_format text_format(const struct hy_pack *pack, const struct hy_mention *mention)
{
    hydrant_str network = mention->m.network;
    if (mention->written != HY_MAP_WRITTEN_NETWORK)
        return mention->written == HY_MAP_WRITTEN_HTML       ? HY_TEXT_HTML
               : mention->written == HY_MAP_WRITTEN_ENTITIES ? HY_TEXT_ENTITIES
                                                             : HY_TEXT_PLAIN;
    for (uint32_t i = 0; i < pack->networks_count; i++)
        if (hy_str_equal(pack->networks[i].name, network))
            return pack->networks[i].text;
    return HY_TEXT_PLAIN;
}

static bool has_markup(hydrant_str text, enum hy_text_format format)
{
    if (format == HY_TEXT_PLAIN || text.len == 0)
        return false;
    return memchr(text.data, '&', text.len) ||
           (format == HY_TEXT_HTML && memchr(text.data, '<', text.len));
}

static void strip_text(struct hy_arena *arena, hydrant_mention *m, enum hy_text_format format)
{
    char *out = hy_arena_alloc(arena, m->text.len, 1);
    HY_ASSERT(out);
    uint32_t len = format == HY_TEXT_HTML
                       ? hy_html_strip(m->text.data, m->text.len, m->truncated, out)
                       : hy_entities_decode(m->text.data, m->text.len, out);
    hy_arena_trim(arena, out, len);
    m->text = hy_str(out, len);
}

/* Strips what needs it; returns the bytes of text in the batch. */
static size_t strip_texts(struct hy_batch *batch)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct hy_mention *mention = &batch->mentions[i];
        if (mention->drop != HYDRANT_DROP_NONE)
            continue;
        enum hy_text_format format = text_format(batch->pack, mention);
        if (has_markup(mention->m.text, format))
            strip_text(&batch->arena, &mention->m, format);
        bytes += mention->m.text.len;
    }
    return bytes;
}

/* Folds one text to out; its map, if it needs one, goes into the arena. Returns its length. */
static uint32_t fold_text(struct hy_arena *arena, struct hy_mention *mention, char *out)
{
    hydrant_str text = mention->m.text;
    struct hy_fold_traits traits;
    HY_ASSERT(text.len <= UINT16_MAX);
    uint16_t *map = hy_arena_alloc(arena, map_bytes(text.len), sizeof *map);
    HY_ASSERT(map);
    uint32_t len = hy_fold_traits(text.data, text.len, out, map, &traits);
    hy_arena_trim(arena, map, traits.identity ? 0 : (len + 1) * sizeof *map);
    mention->folded = (struct hy_folded){out, traits.identity ? NULL : map, len, traits.odd};
    return len;
}

void hy_normalize_batch(struct hy_batch *batch)
{
    size_t bytes = strip_texts(batch);
    char *folded = hy_arena_alloc(&batch->arena, folded_bytes(bytes, batch->count), 1);
    HY_ASSERT(folded);
    uint32_t done = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct hy_mention *mention = &batch->mentions[i];
        if (mention->drop != HYDRANT_DROP_NONE)
            continue;
        done += fold_text(&batch->arena, mention, folded + done);
        folded[done++] = (char)TEXT_SEPARATOR;
    }
    batch->folded = folded;
    batch->folded_len = done;
}
