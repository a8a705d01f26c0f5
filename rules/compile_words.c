/*
 * The table of anchors that are words; see pack/word_table.h.
 *
 * Bits: 64 to 128 for each word, 32 to 64 for each pair. So at most one in 64 of the words of a
 * text that are nobody's gets past the filter, and ten thousand phrases, which share a thousand
 * words, take 8 KiB of filter and 64 KiB of pairs: both stay in a core's own cache.
 */
#include <string.h>

#include "base/assert.h"
#include "pack/word_table.h"
#include "rules/compile_state.h"

enum { BITS_PER_WORD = 64, BITS_PER_PAIR = 32, SLOTS_PER_WORD = 2 };

_Static_assert((int)HY_COMPILE_ANCHOR_BYTES <= (int)HY_WORD_BYTES_MAX,
               "every anchor fits in the table");
_Static_assert(HY_WORD_BYTES_MAX <= HY_WORD_LEN, "lengths fit beside the flag");

bool hy_compile_is_word(const char *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (!hy_is_run_byte((unsigned char)text[i]))
            return false;
    return len > 0 && len <= HY_WORD_BYTES_MAX;
}

/* The least power of two that is not less. */
static uint64_t power_of_two(uint64_t least)
{
    uint64_t power = 1;
    while (power < least)
        power *= 2;
    return power;
}

static uint64_t slots_for(const struct hy_compiler *c)
{
    return power_of_two((uint64_t)c->words.count * SLOTS_PER_WORD);
}

static uint64_t filter_bits(const struct hy_compiler *c)
{
    return power_of_two((uint64_t)c->words.count * BITS_PER_WORD);
}

static uint64_t pairs_bits(const struct hy_compiler *c) /* at most one pair a term */
{
    uint64_t bits = power_of_two((uint64_t)c->terms.count * BITS_PER_PAIR);
    return bits < 64 ? 64 : bits;
}

static size_t texts_bytes(const struct hy_compiler *c)
{
    size_t bytes = HY_WORD_SLACK;
    for (uint32_t i = 0; i < c->words.count; i++)
        bytes += 1 + (size_t)c->words.at[i].len;
    return bytes;
}

size_t hy_compile_words_bytes(const struct hy_compiler *c)
{
    if (c->words.count == 0)
        return 0;
    return slots_for(c) * sizeof(struct hy_word_slot) + filter_bits(c) / 8 + pairs_bits(c) / 8 +
           texts_bytes(c);
}

static uint64_t *new_bits(struct hy_compiler *c, struct hy_bit_table *table, uint64_t bits)
{
    uint64_t *words = MATCHER_NEW(c, uint64_t, bits / 64);
    memset(words, 0, bits / 8);
    *table = (struct hy_bit_table){words, 64 - (uint32_t)__builtin_ctzll(bits)};
    return words;
}

static void set_bit(uint64_t *words, const struct hy_bit_table *table, uint64_t hash)
{
    uint64_t bit = hash >> table->shift;
    words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

static uint64_t hash_of(const char *text, uint32_t len)
{
    char word[HY_WORD_BYTES_MAX + HY_WORD_SLACK] = {0};
    HY_ASSERT(len <= HY_WORD_BYTES_MAX);
    memcpy(word, text, len);
    return hy_word_hash(word, len);
}

/* The chunk beside a term's anchor, if it, too, stands only where a text has it as a whole run. */
static const struct hy_chunk *run_beside(const struct hy_matcher *m,
                                         const struct hy_neighbour *entry, bool left)
{
    const struct hy_phrase *phrase = &m->terms[entry->term].phrase;
    const struct hy_chunk *chunk = &phrase->chunks[left ? entry->anchor - 1 : entry->anchor + 1];
    bool whole = (chunk->flags & HY_CHUNK_WORD_START) && (chunk->flags & HY_CHUNK_WORD_END);
    return whole && hy_compile_is_word(chunk->text, chunk->len) ? chunk : NULL;
}

/* Enters the pairs of a group of neighbours. False: pairs say nothing of one of them. */
static bool add_pairs(const struct hy_matcher *m, uint64_t *pairs, uint64_t anchor, uint32_t first,
                      uint32_t count, bool left)
{
    bool all = true;
    for (uint32_t i = first; i < first + count; i++) {
        const struct hy_chunk *chunk = run_beside(m, &m->neighbours[i], left);
        if (!chunk) {
            all = false;
            continue;
        }
        uint64_t beside = hash_of(chunk->text, chunk->len);
        set_bit(pairs, &m->words.pairs,
                left ? hy_word_pair(beside, anchor) : hy_word_pair(anchor, beside));
    }
    return all;
}

static void add_slot(struct hy_word_slot *slots, uint32_t mask, struct hy_word_slot slot)
{
    uint32_t at = (uint32_t)slot.hash & mask;
    while (slots[at].anchor != HY_WORD_NONE)
        at = (at + 1) & mask;
    slots[at] = slot;
}

void hy_compile_write_words(struct hy_compiler *c)
{
    struct hy_matcher *m = c->matcher;
    if (c->status != HYDRANT_OK || c->words.count == 0)
        return; /* without memory there are no anchors to name */
    m->words.count = c->words.count;
    uint64_t slots_count = slots_for(c);
    struct hy_word_slot *slots = MATCHER_NEW(c, struct hy_word_slot, slots_count);
    uint64_t *filter = new_bits(c, &m->words.filter, filter_bits(c));
    uint64_t *pairs = new_bits(c, &m->words.pairs, pairs_bits(c));
    unsigned char *texts = MATCHER_NEW(c, unsigned char, texts_bytes(c));
    memset(texts, 0, texts_bytes(c));
    memset(slots, 0xFF, slots_count * sizeof *slots); /* anchor: HY_WORD_NONE */
    m->words.mask = (uint32_t)(slots_count - 1);
    m->words.slots = slots;
    m->words.texts = texts;
    for (uint32_t i = 0, text = 0; i < c->words.count; i++) {
        uint32_t number = c->anchors.count + i, len = c->words.at[i].len;
        const struct hy_anchor *anchor = &m->anchors[number];
        const char *word = c->bytes.at + c->words.at[i].text;
        uint64_t hash = hash_of(word, len);
        bool right = add_pairs(m, pairs, hash, anchor->right, anchor->right_count, false);
        bool left = add_pairs(m, pairs, hash, anchor->left, anchor->left_count, true);
        set_bit(filter, &m->words.filter, hash);
        m->words.lengths |= UINT64_C(1) << len;
        add_slot(slots, m->words.mask, (struct hy_word_slot){hash, number, text});
        texts[text] = (unsigned char)(len | (anchor->singles_count > 0 ? HY_WORD_SINGLES : 0) |
                                      (right && left ? 0 : HY_WORD_LOOSE));
        memcpy(texts + text + 1, word, len);
        text += 1 + len;
    }
}
