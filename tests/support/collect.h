/* Collects what an engine calls back, for tests: items, dead letters, log lines. Not for several
 * engines at once. */
#ifndef HY_TESTS_COLLECT_H
#define HY_TESTS_COLLECT_H

#include <hydrant/hydrant.h>
#include <stdlib.h>
#include <string.h>

enum { COLLECT_ITEMS = 4096, COLLECT_TEXT = 96 };

struct collected_item {
    uint64_t seq;
    hydrant_drop drop;
    hydrant_action action;
    int dup; /* hydrant_dup_kind, or -1 without one */
    bool truncated;
    uint32_t text_bytes;
    char id[COLLECT_TEXT], text[COLLECT_TEXT], source[COLLECT_TEXT], rule[COLLECT_TEXT];
};

struct collected_letter {
    hydrant_drop reason;
    uint64_t offset;
    size_t len;
    bool gone; /* data was NULL */
    char source[COLLECT_TEXT], data[COLLECT_TEXT];
};

struct collect {
    unsigned items_count, letters_count, logs_count;
    unsigned stop_after; /* on_item refuses its n-th item; 0: never */
    int64_t clock_us;
    struct collected_item items[COLLECT_ITEMS];
    struct collected_letter letters[64];
    char log[512]; /* the last line */
};

static inline void collect_text(char out[COLLECT_TEXT], const char *data, size_t len)
{
    if (len >= COLLECT_TEXT)
        len = COLLECT_TEXT - 1;
    if (len)
        memcpy(out, data, len);
    out[len] = 0;
}

static inline bool collect_item(void *ctx, const hydrant_item *item)
{
    struct collect *c = ctx;
    if (c->items_count == COLLECT_ITEMS)
        abort();
    struct collected_item *out = &c->items[c->items_count++];
    out->seq = item->seq;
    out->drop = item->drop;
    out->action = item->verdict ? item->verdict->action : HYDRANT_ACTION_NONE;
    out->dup = item->dup ? (int)item->dup->kind : -1;
    out->truncated = item->mention->truncated;
    out->text_bytes = item->mention->text.len;
    collect_text(out->id, item->mention->id.data, item->mention->id.len);
    collect_text(out->text, item->mention->text.data, item->mention->text.len);
    collect_text(out->source, item->source.data, item->source.len);
    out->rule[0] = 0;
    if (item->matches_count)
        collect_text(out->rule, item->matches[0].rule.data, item->matches[0].rule.len);
    return c->items_count != c->stop_after;
}

static inline void collect_letter(void *ctx, hydrant_drop reason, hydrant_str source,
                                  uint64_t offset, const char *data, size_t len)
{
    struct collect *c = ctx;
    if (c->letters_count == sizeof c->letters / sizeof *c->letters)
        abort();
    struct collected_letter *out = &c->letters[c->letters_count++];
    *out = (struct collected_letter){.reason = reason, .offset = offset, .len = len, .gone = !data};
    collect_text(out->source, source.data, source.len);
    collect_text(out->data, data, data ? len : 0);
}

static inline void collect_log(void *ctx, hydrant_log_level level, const char *text)
{
    struct collect *c = ctx;
    if (level != HYDRANT_LOG_WARNING)
        return;
    c->logs_count++;
    collect_text(c->log, text, strlen(text));
}

static inline int64_t collect_clock(void *ctx)
{
    return ((struct collect *)ctx)->clock_us;
}

/* Everything is emitted and collected; event time; the caller changes what it wants. */
static inline hydrant_options collect_options(struct collect *c, uint32_t workers)
{
    hydrant_options options;
    hydrant_options_init(&options);
    options.workers = workers;
    options.emit = HYDRANT_EMIT_ALL;
    options.event_time = true;
    options.on_item = collect_item;
    options.on_dead_letter = collect_letter;
    options.on_log = collect_log;
    options.ctx = c;
    return options;
}

static inline hydrant_pack *collect_pack(const char *query)
{
    hydrant_rules rules = {.queries = &query, .queries_count = 1};
    hydrant_pack *pack = NULL;
    if (hydrant_pack_compile(&rules, &pack, NULL) != HYDRANT_OK)
        abort();
    return pack;
}

#endif
