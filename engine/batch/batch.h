/*
 * A batch: the mentions that go through the stages together. Stages never include each other; they
 * meet here. Each field names the stage that writes it; later stages only read.
 *
 *   ingest + frame (ingest thread)         worker
 *   struct hy_parcel: bytes + records ---> struct hy_batch: mentions + arena ---> items out
 *
 * A parcel crosses threads; a batch is a worker's own and is reused, so its tables stay in cache.
 *
 * Invariants: mentions[i] is made from parcel->records[i], same order; a mention whose drop is set
 * (by any stage) is left alone by every later stage except publish; what a mention points to lives
 * in the parcel's block, the batch's arena or the pack, and is valid until the batch is reset.
 */
#ifndef HY_BATCH_BATCH_H
#define HY_BATCH_BATCH_H

#include <hydrant/item.h>

#include "base/arena.h"

struct hy_pack;
struct hy_rule_counts; /* pack/rule_counts.h */

enum {
    HY_BATCH_MENTIONS = 512,        /* most mentions in a batch */
    HY_BATCH_TEXT_BYTES = 64 << 10, /* folded text handed to the matcher in one call, about */
    HY_RECORD_PADDING = 64,         /* readable bytes after every record (SIMD, simdjson) */
    HY_MENTION_NOTICES_MAX = 8,     /* notices of one mention */
};

/* One record inside a block: stage 2 writes it. drop is TOO_LONG for a record that was skipped
 * (len is then its full length, its bytes are gone), DECOMPRESS where the input broke off. */
struct hy_record {
    const char *data;
    uint64_t offset; /* of the record's first byte in its (decompressed) source */
    uint32_t len;
    uint32_t drop; /* hydrant_drop */
};

/* How decode reads a record. FORMAT_AUTO is settled per source by its first records. MAPPED: as a
 * source mapping says (struct hy_parcel); records that none of them knows are read as native. */
enum hy_format {
    HY_FORMAT_AUTO,
    HY_FORMAT_NATIVE,
    HY_FORMAT_CSV,
    HY_FORMAT_TEXT,
    HY_FORMAT_MAPPED
};

/* What a record's source is. Immutable while parcels of it are in flight. */
struct hy_source {
    hydrant_str name;       /* in items and in made-up ids: UTF-8 */
    hydrant_str given;      /* the name's bytes, where they are none; else empty */
    enum hy_format format;  /* settled: never AUTO when it reaches decode */
    hydrant_str csv_header; /* FORMAT_CSV: its first record, raw */
    uint32_t stream;        /* the pushing side's own number for it; 0 unless it gave one */
};

/* Where a parcel stands in a stream whose positions are kept: filled in by the feeding thread when
 * it leaves. published: set by the worker when everything of it is in the ring. */
struct hy_parcel_place {
    bool known;
    bool published;
    uint32_t stream, source; /* number of the stream; of its entry in the ring */
    uint64_t batch, from, to;
    /* Set with published, of its mentions: how many are bad records; when the newest was made. */
    uint32_t bad;
    int64_t newest_us;
};

/* The unit of hand-off from an ingest thread to a worker and back. */
struct hy_parcel {
    uint64_t number; /* input order over all sources of the run, from 0 */
    const struct hy_source *source;
    void *owner; /* ingest's own: the block that the records point into */
    /* Pushed mentions; of records[i] only offset counts: the mention's number in its source. */
    const hydrant_mention *decoded;
    /* NULL: native, CSV or text, as source->format says. Else the name of the source mapping that
     * reads the records, or "": each is told by the mappings of the pack. */
    const char *mapping;
    uint32_t count;
    uint64_t bytes; /* input bytes that this parcel stands for, separators included */
    uint64_t end;   /* offset in the source behind its last record, where the next one begins */
    struct hy_parcel_place place;
    struct hy_record records[HY_BATCH_MENTIONS];
};

/* A text as rules see it; see text/fold.h. */
struct hy_folded {
    const char *data;    /* the folded text */
    const uint16_t *map; /* folded offset -> offset in text; NULL: the same offsets */
    uint32_t len;
    bool odd; /* as in text/fold.h */
};

/* A place where a term of the pack stands in a mention's text. */
struct hy_hit {
    uint32_t term;
    uint32_t start, end; /* in the original text (mention.text) */
};

/*
 * An item beside the mentions' own: what a stage that remembers has to say about an earlier mention
 * (UPDATE), or about the group that this one joined (SPREAD). dedup and triage make them with
 * hy_batch_notice; pipeline/output publishes each right after the mention that caused it, whether
 * that one is published or not, in the order in which they were made, with a number of its own.
 *
 * What is NULL or empty applies to no one, except mention: NULL is the mention that caused it, and
 * then its verdict, matches, emotion, dup and pii go with it. All else lives in the batch's arena.
 */
struct hy_notice {
    struct hy_notice *next;
    hydrant_item_event event;
    const hydrant_mention *mention;
    const hydrant_verdict *verdict;
    const hydrant_dup *dup; /* NULL with mention NULL: the mention's */
};

/* What was in a conversation before a mention. NOT_CONTENT is what TURNED turned from: who began it
 * has written without being content. */
enum { HY_TALK_ANSWERED = 1, HY_TALK_PEER = 2, HY_TALK_TURNED = 4, HY_TALK_NOT_CONTENT = 8 };

/* One mention on its way. */
struct hy_mention {
    hydrant_mention m;         /* decode (text: normalize may replace it by its stripped form) */
    hydrant_drop drop;         /* any stage */
    bool reply;                /* decode: to something, or in what another mention began */
    bool complete;             /* decode: every field is filled in; after a fast locate only those
                                  of json_locate.h are */
    bool id_made;              /* decode: m.id is made of its source's name and its place there */
    uint8_t written;           /* decode: enum hy_map_written: how its text is written */
    struct hy_folded folded;   /* normalize */
    const struct hy_hit *hits; /* match: sorted by (term, start) */
    uint32_t hits_count;
    hydrant_match *matches; /* match: rules that are true, in pack order of priority; triage puts
                               the one that decides first */
    uint32_t matches_count;
    uint32_t pending_count;   /* match: rules waiting for scores; 0 after resolve */
    const uint32_t *pending;  /* match: their indices */
    uint32_t *matched_rules;  /* match: index in pack->rules of each of matches */
    bool scored;              /* emotion has looked at it (emotion.scored says covered) */
    hydrant_emotion *emotion; /* emotion: NULL when nobody asked */
    hydrant_dup *dup;         /* dedup: NULL when not matched */
    hydrant_verdict *verdict; /* triage: NULL when not matched */
    const hydrant_pii *pii;   /* triage: personal data in the text */
    uint32_t pii_count;
    bool pii_known;            /* triage: pii is filled in */
    uint8_t facts;             /* triage: HY_FACT_BIT_* (pack/policy.h) */
    uint8_t talk;              /* triage: HY_TALK_*, what the conversation had before */
    uint8_t last;              /* triage: hydrant_action about the one before in it */
    uint32_t unhappy;          /* triage: unhappy mentions of the author, this one included */
    bool known;                /* dedup, triage: an edit or delete of what they remembered */
    uint32_t part;             /* decode: which mention of its record, from 0 */
    struct hy_notice *notices; /* dedup, triage: what is published behind it, linked by next */
};

enum hy_text_format { HY_TEXT_PLAIN, HY_TEXT_ENTITIES, HY_TEXT_HTML };

struct hy_batch {
    const struct hy_parcel *parcel;
    const struct hy_pack *pack;         /* one generation for the whole batch */
    int64_t now_us;                     /* wall clock when the batch was taken up */
    struct hy_rule_counts *rule_counts; /* of this worker and pack; NULL: nobody counts */
    uint32_t count;
    /* normalize: the folded texts of all mentions without a drop, one after the other, each
     * followed by one byte 0xFF, which no UTF-8 text holds. mentions[i].folded points into it. */
    const char *folded;
    uint32_t folded_len;
    /* match: what the stages behind it look at, in order (hy_batch_list_wanted) */
    uint32_t wanted_count;
    uint16_t wanted[HY_BATCH_MENTIONS];
    uint32_t notices_count; /* of all mentions, and ticked */
    struct hy_notice
        *ticked; /* triage: published before mentions[0]: what time alone brought about */
    struct hy_arena arena;
    struct hy_mention mentions[HY_BATCH_MENTIONS];
};

/* Lists the mentions that a rule wants or may want, edits and deletes, and those that ended before:
 * few of many, of which the others need not be looked at again and again. */
void hy_batch_list_wanted(struct hy_batch *batch);

/*
 * Another notice at the end of a mention's list (&mention->notices) or of &batch->ticked, all zero
 * but its event. NULL when the list has max or the arena is full: the bound is a mention's and not
 * a batch's, so that the output does not depend on where batches are cut.
 */
struct hy_notice *hy_batch_notice(struct hy_batch *batch, struct hy_notice **list, uint32_t max,
                                  hydrant_item_event event);

/* What the item of a mention is: an edit or a delete of what was published before, or a mention. */
hydrant_item_event hy_mention_item_event(const struct hy_mention *mention);

#endif
