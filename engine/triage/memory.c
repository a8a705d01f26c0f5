/*
 * Tables of fixed size. Conversations and authors: buckets of eight, the longest quiet entry gives
 * way. Holds: an array with a free list, and a list by the time at which they end. See memory.h.
 */
#include "triage/memory.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/assert.h"
#include "base/error.h"
#include "base/prefetch.h"
#include "base/str.h"
#include "triage/memory_table.h"

enum { LINE_BYTES = 64 };

static uint32_t power_of_two(uint32_t wanted, uint32_t standard)
{
    uint32_t size = HY_MEMORY_BUCKET;
    wanted = wanted ? wanted : standard;
    while (size < wanted && size < 1u << 30)
        size *= 2;
    return size;
}

static void forget_holds(struct hy_memory *memory)
{
    memset(memory->chains, 0xFF, HY_MEMORY_CHAINS * sizeof *memory->chains); /* HY_HOLD_NONE */
    memset(memory->post_chains, 0xFF, HY_MEMORY_CHAINS * sizeof *memory->post_chains);
    memory->first = HY_HOLD_NONE;
    memory->holds_used = memory->holds_top = 0;
    memory->free = HY_HOLD_NONE;
}

static size_t round_up(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) & ~(unit - 1);
}

static void *take(struct hy_arena *arena, size_t bytes)
{
    void *table = hy_arena_alloc(arena, bytes, LINE_BYTES);
    HY_ASSERT(table);
    return table;
}

/* The tables in one piece, zeroed, of the sizes that are set. */
static hydrant_status lay_out(struct hy_memory *memory, hydrant_error *err)
{
    size_t conversations = memory->conversations_count * sizeof *memory->conversations;
    size_t authors = memory->authors_count * sizeof *memory->authors;
    size_t holds = memory->holds_capacity * sizeof *memory->holds;
    size_t chains = HY_MEMORY_CHAINS * sizeof *memory->chains;
    size_t all = conversations + authors + holds + 2 * chains + 5 * LINE_BYTES;
    all = round_up(all, HY_HUGE_PAGE_BYTES);
    hydrant_status status = hy_arena_init_huge(&memory->arena, all, err);
    if (status != HYDRANT_OK)
        return status;
    memory->chains = take(&memory->arena, chains);
    memory->post_chains = take(&memory->arena, chains);
    memory->conversations = take(&memory->arena, conversations);
    memory->authors = take(&memory->arena, authors);
    memory->holds = take(&memory->arena, holds);
    forget_holds(memory);
    return HYDRANT_OK;
}

hydrant_status hy_memory_create(const struct hy_memory_options *options, struct hy_memory **out,
                                hydrant_error *err)
{
    const struct hy_memory_options none = {0};
    options = options ? options : &none;
    struct hy_memory *memory = calloc(1, sizeof *memory);
    *out = memory;
    if (!memory)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for conversations");
    memory->conversations_count = power_of_two(options->conversations, 1 << 16);
    memory->authors_count = power_of_two(options->authors, 1 << 16);
    memory->holds_capacity = options->holds ? options->holds : 4096;
    memory->keep_s = options->keep_s ? options->keep_s : 30 * 86400;
    hydrant_status status = lay_out(memory, err);
    if (status != HYDRANT_OK)
        hy_memory_destroy(out);
    return status;
}

void hy_memory_destroy(struct hy_memory **out)
{
    struct hy_memory *memory = *out;
    *out = NULL;
    if (!memory)
        return;
    hy_arena_fini(&memory->arena);
    free(memory);
}

void hy_memory_clear(struct hy_memory *memory)
{
    memset(memory->conversations, 0, memory->conversations_count * sizeof *memory->conversations);
    memset(memory->authors, 0, memory->authors_count * sizeof *memory->authors);
    forget_holds(memory);
}

/* ---- keys ---- */

static uint64_t key_of(uint64_t network, hydrant_str id)
{
    if (!id.len)
        return 0;
    uint64_t hash = XXH3_64bits_withSeed(id.data, id.len, network);
    return hash ? hash : 1;
}

static uint64_t network_of(const hydrant_mention *m)
{
    return XXH3_64bits(m->network.data, m->network.len);
}

struct hy_memory_keys hy_memory_keys(const hydrant_mention *m)
{
    uint64_t network = network_of(m);
    hydrant_str id = m->conversation_id.len ? m->conversation_id
                     : m->in_reply_to.len   ? m->in_reply_to
                                            : m->id;
    hydrant_str author = m->author.id.len ? m->author.id : m->author.handle;
    return (struct hy_memory_keys){key_of(network, id), key_of(network, author)};
}

/* ---- conversations and authors ---- */

static uint32_t seconds(int64_t us)
{
    int64_t s = us == HYDRANT_TIME_NONE ? 0 : us / 1000000;
    return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static bool is_stale(const struct hy_memory *memory, uint32_t seen_s, uint32_t now_s)
{
    return now_s > seen_s && now_s - seen_s > memory->keep_s;
}

static struct hy_conversation *bucket_of(const struct hy_memory *memory, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 20) & (memory->conversations_count - 1);
    return &memory->conversations[at & ~(uint32_t)(HY_MEMORY_BUCKET - 1)];
}

static struct hy_author *authors_of(const struct hy_memory *memory, uint64_t key)
{
    uint32_t at = (uint32_t)(key >> 20) & (memory->authors_count - 1);
    return &memory->authors[at & ~(uint32_t)(HY_MEMORY_BUCKET - 1)];
}

static void prefetch(const void *start, size_t bytes)
{
    for (const char *at = start; at < (const char *)start + bytes; at += 64)
        hy_prefetch_for_write(at);
}

void hy_memory_prefetch(const struct hy_memory *memory, const struct hy_memory_keys *keys,
                        bool whole)
{
    hy_prefetch(&memory->chains[keys->conversation % HY_MEMORY_CHAINS]);
    if (!whole)
        return;
    prefetch(bucket_of(memory, keys->conversation),
             HY_MEMORY_BUCKET * sizeof *memory->conversations);
    prefetch(authors_of(memory, keys->author), HY_MEMORY_BUCKET * sizeof *memory->authors);
}

struct hy_conversation *hy_memory_find(struct hy_memory *memory, uint64_t key, int64_t now_us)
{
    struct hy_conversation *bucket = bucket_of(memory, key);
    for (uint32_t i = 0; key && i < HY_MEMORY_BUCKET; i++)
        if (bucket[i].key == key && !is_stale(memory, bucket[i].seen_s, seconds(now_us)))
            return &bucket[i];
    return NULL;
}

struct hy_conversation *hy_memory_conversation(struct hy_memory *memory, uint64_t key,
                                               int64_t now_us)
{
    uint32_t now_s = seconds(now_us);
    struct hy_conversation *bucket = bucket_of(memory, key), *place = &bucket[0];
    for (uint32_t i = 0; i < HY_MEMORY_BUCKET; i++) {
        struct hy_conversation *at = &bucket[i];
        if (at->key == key && !is_stale(memory, at->seen_s, now_s)) {
            at->seen_s = now_s > at->seen_s ? now_s : at->seen_s;
            return at;
        }
        if (at->key == key) {
            place = at;
            break;
        }
        if (place->key != 0 && (at->key == 0 || at->seen_s < place->seen_s))
            place = at;
    }
    *place = (struct hy_conversation){.key = key, .seen_s = now_s};
    return place;
}

/* Of an author who says nothing unhappy now. */
static uint32_t unhappy_before(const struct hy_memory *memory, uint64_t author, uint32_t now_s)
{
    const struct hy_author *bucket = authors_of(memory, author);
    for (uint32_t i = 0; author && i < HY_MEMORY_BUCKET; i++)
        if (bucket[i].key == author)
            return is_stale(memory, bucket[i].seen_s, now_s) ? 0 : bucket[i].unhappy;
    return 0;
}

uint32_t hy_memory_unhappy(struct hy_memory *memory, uint64_t author, bool unhappy, int64_t now_us)
{
    uint32_t now_s = seconds(now_us);
    if (!unhappy || !author)
        return unhappy_before(memory, author, now_s);
    struct hy_author *bucket = authors_of(memory, author), *place = &bucket[0];
    for (uint32_t i = 0; i < HY_MEMORY_BUCKET; i++) {
        struct hy_author *at = &bucket[i];
        if (at->key == author) {
            place = at;
            break;
        }
        if (place->key != 0 && (at->key == 0 || at->seen_s < place->seen_s))
            place = at;
    }
    bool known = place->key == author && !is_stale(memory, place->seen_s, now_s);
    if (!known)
        *place = (struct hy_author){.key = author};
    place->seen_s = now_s > place->seen_s ? now_s : place->seen_s;
    place->unhappy += place->unhappy < UINT32_MAX;
    return place->unhappy;
}

/* ---- holds ---- */

static uint32_t *chain_of(struct hy_memory *memory, uint64_t conversation)
{
    return &memory->chains[conversation % HY_MEMORY_CHAINS];
}

static uint32_t *post_chain_of(struct hy_memory *memory, uint64_t post)
{
    return &memory->post_chains[post % HY_MEMORY_CHAINS];
}

bool hy_memory_waits(const struct hy_memory *memory, uint64_t conversation)
{
    return memory->holds_used && hy_memory_hold_in(memory, conversation, NULL) != NULL;
}

uint32_t hy_memory_holds(const struct hy_memory *memory)
{
    return memory->holds_used;
}

/* The next of a hold's strings, of which there are `at` already. False: no room. */
static bool keep_string(struct hy_hold *hold, uint32_t at, hydrant_str string)
{
    uint32_t start = at ? hold->ends[at - 1] : 0;
    if (at == HY_HOLD_STRINGS_MAX || string.len > HY_HOLD_BYTES - start)
        return false;
    if (string.len)
        memcpy(hold->bytes + start, string.data, string.len);
    hold->ends[at] = (uint16_t)(start + string.len);
    return true;
}

static bool keep_strings(struct hy_hold *hold, const hydrant_mention *m,
                         const hydrant_verdict *verdict)
{
    const hydrant_str strings[HY_HOLD_SKILLS] = {
        [HY_HOLD_ID] = m->id,
        [HY_HOLD_CONVERSATION] = m->conversation_id,
        [HY_HOLD_AUTHOR] = m->author.id,
        [HY_HOLD_NETWORK] = m->network,
        [HY_HOLD_ROUTE] = verdict->route,
        [HY_HOLD_LINE] = verdict->line,
        [HY_HOLD_ESCALATE_TO] = verdict->escalate_to,
        [HY_HOLD_ESCALATE_WHY] = verdict->escalate_why,
        [HY_HOLD_PRIVATE_WHY] = verdict->private_why,
        [HY_HOLD_PRIVATE_CHANNEL] = verdict->private_channel,
    };
    bool fits = true;
    for (uint32_t i = 0; fits && i < HY_HOLD_SKILLS; i++)
        fits = keep_string(hold, i, strings[i]);
    for (uint32_t i = 0; fits && i < verdict->skills_count; i++)
        fits = keep_string(hold, HY_HOLD_SKILLS + i, verdict->skills[i]);
    hold->skills_count = (uint8_t)verdict->skills_count;
    return fits;
}

static struct hy_hold *take_free(struct hy_memory *memory)
{
    if (memory->free != HY_HOLD_NONE) {
        struct hy_hold *hold = &memory->holds[memory->free];
        memory->free = hold->next;
        return hold;
    }
    return memory->holds_top < memory->holds_capacity ? &memory->holds[memory->holds_top++] : NULL;
}

/* Into the list by end; among equals behind. Held items end in about the order in which they come,
 * so the search begins at the list's end. */
void hy_memory_enlist(struct hy_memory *memory, struct hy_hold *hold)
{
    uint32_t index = (uint32_t)(hold - memory->holds), at = memory->last;
    if (memory->first == HY_HOLD_NONE)
        at = HY_HOLD_NONE;
    while (at != HY_HOLD_NONE && memory->holds[at].until_us > hold->until_us)
        at = memory->holds[at].before;
    hold->before = at;
    hold->next = at == HY_HOLD_NONE ? memory->first : memory->holds[at].next;
    if (at == HY_HOLD_NONE)
        memory->first = index;
    else
        memory->holds[at].next = index;
    if (hold->next == HY_HOLD_NONE)
        memory->last = index;
    else
        memory->holds[hold->next].before = index;
    memory->holds_used++;
    hold->chain = *chain_of(memory, hold->conversation);
    *chain_of(memory, hold->conversation) = index;
    hold->post_chain = *post_chain_of(memory, hold->post);
    *post_chain_of(memory, hold->post) = index;
}

bool hy_memory_hold(struct hy_memory *memory, const struct hy_memory_keys *keys,
                    const hydrant_mention *m, const hydrant_verdict *verdict)
{
    struct hy_hold *hold = keys->conversation ? take_free(memory) : NULL;
    if (!hold)
        return false;
    *hold = (struct hy_hold){.conversation = keys->conversation,
                             .post = key_of(network_of(m), m->id),
                             .author = keys->author,
                             .until_us = verdict->hold_until_us,
                             .created_us = m->created_at_us,
                             .respond_by_us = verdict->respond_by_us,
                             .action = (uint8_t)verdict->action,
                             .obligation = (uint8_t)verdict->obligation,
                             .priority = verdict->priority,
                             .moderate = verdict->moderate};
    if (!keep_strings(hold, m, verdict)) {
        hold->conversation = 0;
        hold->next = memory->free;
        memory->free = (uint32_t)(hold - memory->holds);
        return false;
    }
    hy_memory_enlist(memory, hold);
    return true;
}

struct hy_hold *hy_memory_due(struct hy_memory *memory, int64_t now_us)
{
    if (memory->first == HY_HOLD_NONE || now_us == HYDRANT_TIME_NONE ||
        memory->holds[memory->first].until_us > now_us)
        return NULL;
    return &memory->holds[memory->first];
}

struct hy_hold *hy_memory_hold_in(const struct hy_memory *memory, uint64_t conversation,
                                  const struct hy_hold *after)
{
    uint32_t at = after ? after->chain : memory->chains[conversation % HY_MEMORY_CHAINS];
    while (at != HY_HOLD_NONE && memory->holds[at].conversation != conversation)
        at = memory->holds[at].chain;
    return at == HY_HOLD_NONE ? NULL : &memory->holds[at];
}

struct hy_hold *hy_memory_hold_of(struct hy_memory *memory, const hydrant_mention *m)
{
    uint64_t post = key_of(network_of(m), m->id);
    uint32_t at = *post_chain_of(memory, post);
    while (at != HY_HOLD_NONE && memory->holds[at].post != post)
        at = memory->holds[at].post_chain;
    return at == HY_HOLD_NONE ? NULL : &memory->holds[at];
}

void hy_memory_end_hold(struct hy_memory *memory, struct hy_hold *hold)
{
    uint32_t index = (uint32_t)(hold - memory->holds);
    if (hold->before == HY_HOLD_NONE)
        memory->first = hold->next;
    else
        memory->holds[hold->before].next = hold->next;
    if (hold->next == HY_HOLD_NONE)
        memory->last = hold->before;
    else
        memory->holds[hold->next].before = hold->before;
    uint32_t *link = chain_of(memory, hold->conversation);
    while (*link != index)
        link = &memory->holds[*link].chain;
    *link = hold->chain;
    link = post_chain_of(memory, hold->post);
    while (*link != index)
        link = &memory->holds[*link].post_chain;
    *link = hold->post_chain;
    memory->holds_used--;
    hold->conversation = 0;
    hold->next = memory->free;
    memory->free = index;
}
