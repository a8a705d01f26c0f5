/*
 * A pack, its mappings and the summary of its rule set as bytes, and back. image.h draws the
 * layout.
 *
 * A part is made of ranges of memory that are copied one behind the other, each at a multiple of
 * ALIGN; a pointer becomes the offset of what it points to in that row. Map bit i says that word i
 * of the part is such an offset.
 */
#include <hs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/assert.h"
#include "pack/database.h"
#include "pack/mapping.h"
#include "pack/matcher.h"
#include "pack/model.h"
#include "rules/image.h"

#define IMAGE_BYTES_MAX ((size_t)1 << 30)

enum {
    ALIGN = 64,
    WORD = sizeof(uint64_t),
    PAGE = 4096,
    RANGES = 4,
    DATABASES = HY_LITERAL_DBS + HY_REGEX_CLASSES
};

enum part { PACK, MAPPINGS, SET, PARTS };

struct section {
    uint64_t at, len;     /* in the image */
    uint64_t map_at;      /* map_words(len) words */
    uint64_t root, root2; /* offsets in the part: pack and matcher, mappings, set */
};

struct head {
    uint64_t bytes; /* of the whole image */
    uint64_t tested;
    struct section parts[PARTS];
    uint64_t databases_at;
};

struct database_head {
    uint64_t there, count, literal;
    struct hy_database_key key;
    uint64_t bytes, serialised; /* lengths: of the literals, of what Hyperscan wrote */
};

static size_t map_words(uint64_t len)
{
    return (size_t)((len / WORD + 63) / 64);
}

/* ---- writing --------------------------------------------------------------------------------- */

struct range {
    const char *from;
    size_t len;
    uint64_t to; /* offset in the part */
};

struct writer {
    struct hy_arena *out;
    struct range ranges[RANGES]; /* of the part that is being written */
    uint32_t ranges_count;
    char *part;
    uint64_t *map;
    bool good;
};

static void *put(struct writer *w, const void *from, size_t len)
{
    char *to = hy_arena_alloc(w->out, len, ALIGN);
    if (!to) {
        w->good = false;
        return NULL;
    }
    if (len && from)
        memcpy(to, from, len);
    return to;
}

static void add_range(struct writer *w, const void *from, size_t len)
{
    char *to = put(w, from, len);
    if (!to)
        return;
    if (w->ranges_count == 0)
        w->part = to;
    w->ranges[w->ranges_count++] = (struct range){from, len, (uint64_t)(to - w->part)};
}

/* The offset of an address in the part; its end is one, too: of an array that has no entries. */
static bool find(const struct writer *w, const char *p, uint64_t *out)
{
    for (uint32_t i = 0; i < w->ranges_count; i++) {
        const struct range *range = &w->ranges[i];
        if (p < range->from || p > range->from + range->len)
            continue;
        *out = range->to + (uint64_t)(p - range->from);
        return true;
    }
    return false;
}

static void note_pointer(void *ctx, const void *slot, bool empty)
{
    struct writer *w = ctx;
    const char *pointer;
    uint64_t at, value = 0;
    memcpy(&pointer, slot, sizeof pointer);
    if (!pointer || !w->good)
        return;
    w->good = find(w, slot, &at) && at % WORD == 0 && (find(w, pointer, &value) || empty);
    if (!w->good)
        return;
    memcpy(w->part + at, &value, sizeof value);
    w->map[at / WORD / 64] |= UINT64_C(1) << (at / WORD % 64);
}

/* The ranges are there: makes the map. */
static void begin_map(struct writer *w, struct section *section)
{
    if (!w->good)
        return;
    section->at = (uint64_t)(w->part - w->out->base);
    section->len = w->out->used - section->at;
    size_t words = map_words(section->len);
    w->map = put(w, NULL, words * WORD); /* fresh pages: zeros */
    section->map_at = w->map ? (uint64_t)((char *)w->map - w->out->base) : 0;
}

static void write_pack(struct writer *w, const struct hy_pack *pack, const struct hy_pack *memory,
                       struct section *section)
{
    w->ranges_count = 0;
    add_range(w, pack, sizeof *pack);
    add_range(w, pack->matcher, sizeof *pack->matcher);
    add_range(w, memory->arena.base, memory->arena.used);
    add_range(w, memory->matcher->arena.base, memory->matcher->arena.used);
    begin_map(w, section);
    if (!w->good)
        return;
    section->root2 = w->ranges[1].to;
    hy_image_walk_pack(pack, note_pointer, w);
    struct hy_pack *copy = (struct hy_pack *)w->part;
    struct hy_matcher *matcher = (struct hy_matcher *)(w->part + section->root2);
    copy->arena = matcher->arena = (struct hy_arena){0};
    copy->model = NULL;
    copy->mappings = NULL;
    for (int i = 0; i < HY_LITERAL_DBS; i++)
        matcher->literals[i].db = NULL;
    for (int i = 0; i < HY_REGEX_CLASSES; i++)
        matcher->regexes[i].db = NULL;
}

static void write_mappings(struct writer *w, const struct hy_mappings *mappings,
                           struct section *section)
{
    w->ranges_count = 0;
    add_range(w, mappings->arena.base, mappings->arena.used);
    begin_map(w, section);
    section->root = (uint64_t)((const char *)mappings - mappings->arena.base);
    if (w->good)
        hy_image_walk_mappings(mappings, note_pointer, w);
}

static void write_set(struct writer *w, const struct hy_ruleset *set, struct section *section)
{
    w->ranges_count = 0;
    add_range(w, set->arena.base, set->arena.used);
    begin_map(w, section);
    section->root = (uint64_t)((const char *)set - set->arena.base);
    if (w->good)
        hy_image_walk_set(set, note_pointer, w);
}

static struct hy_database *database_of(const struct hy_matcher *m, int number)
{
    return number < HY_LITERAL_DBS ? m->literals[number].db
                                   : m->regexes[number - HY_LITERAL_DBS].db;
}

static void write_database(struct writer *w, const struct hy_database *db)
{
    struct database_head head = {.there = db != NULL};
    char *bytes = NULL;
    size_t len = 0;
    if (db && hs_serialize_database(db->hs, &bytes, &len) != HS_SUCCESS) {
        w->good = false;
        return;
    }
    if (db) {
        head.count = db->count;
        head.key = db->key;
        head.literal = db->ends != NULL;
        head.bytes = db->ends && db->count ? db->ends[db->count - 1] : 0;
        head.serialised = len;
    }
    put(w, &head, sizeof head);
    if (head.literal) {
        put(w, db->ends, db->count * sizeof *db->ends);
        put(w, db->bytes, head.bytes);
    }
    if (db)
        put(w, bytes, len);
    free(bytes);
}

bool hy_image_write(const struct hy_image *image, const struct hy_pack *memory,
                    struct hy_arena *bytes)
{
    if (hy_arena_init(bytes, IMAGE_BYTES_MAX, NULL) != HYDRANT_OK)
        return false;
    struct writer w = {.out = bytes, .good = true};
    struct head *head = put(&w, NULL, sizeof *head);
    head->tested = image->tested;
    write_pack(&w, image->pack, memory, &head->parts[PACK]);
    write_mappings(&w, image->pack->mappings, &head->parts[MAPPINGS]);
    write_set(&w, image->set, &head->parts[SET]);
    struct section *first = put(&w, NULL, 0);
    head->databases_at = first ? (uint64_t)((char *)first - bytes->base) : 0;
    for (int i = 0; i < DATABASES && w.good; i++)
        write_database(&w, database_of(image->pack->matcher, i));
    head->bytes = bytes->used;
    if (!w.good)
        hy_arena_fini(bytes);
    return w.good;
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool section_fits(const struct head *head, const struct section *s)
{
    return s->at % ALIGN == 0 && s->map_at % ALIGN == 0 && s->at <= head->bytes &&
           s->len <= head->bytes - s->at && s->map_at <= head->bytes &&
           map_words(s->len) * WORD <= head->bytes - s->map_at && s->root % WORD == 0 &&
           s->root2 % WORD == 0 && s->root <= s->len && s->root2 <= s->len;
}

/* Offsets become addresses. */
static bool relocate(char *base, uint64_t len, const uint64_t *map)
{
    for (size_t i = 0; i < map_words(len); i++) {
        for (uint64_t bits = map[i]; bits; bits &= bits - 1) {
            uint64_t at = ((uint64_t)i * 64 + (uint64_t)__builtin_ctzll(bits)) * WORD, value;
            if (at > len - WORD)
                return false;
            memcpy(&value, base + at, sizeof value);
            if (value > len)
                return false;
            char *pointer = base + value;
            memcpy(base + at, &pointer, sizeof pointer);
        }
    }
    return true;
}

/* A part of its own: its bytes in an arena that is made for it. */
static bool read_part(const struct hy_arena *image, const struct section *s, size_t root_bytes,
                      struct hy_arena *out)
{
    if (s->len < root_bytes || s->root > s->len - root_bytes ||
        hy_arena_init(out, s->len, NULL) != HYDRANT_OK)
        return false;
    char *base = hy_arena_alloc(out, s->len, ALIGN);
    HY_ASSERT(base == out->base);
    memcpy(base, image->base + s->at, s->len);
    if (relocate(base, s->len, (const uint64_t *)(image->base + s->map_at)))
        return true;
    hy_arena_fini(out);
    return false;
}

static bool read_mappings(const struct hy_arena *image, const struct section *s,
                          struct hy_mappings **out)
{
    struct hy_arena arena;
    if (!read_part(image, s, sizeof **out, &arena))
        return false;
    struct hy_mappings *mappings = (struct hy_mappings *)(arena.base + s->root);
    mappings->arena = arena;
    atomic_init(&mappings->references, 1);
    *out = mappings;
    return true;
}

static bool read_set(const struct hy_arena *image, const struct section *s,
                     struct hy_mappings *mappings, struct hy_ruleset **out)
{
    struct hy_arena arena;
    if (!read_part(image, s, sizeof **out, &arena))
        return false;
    struct hy_ruleset *set = (struct hy_ruleset *)(arena.base + s->root);
    set->arena = arena;
    set->mappings = hy_mappings_acquire(mappings);
    *out = set;
    return true;
}

struct reader {
    const char *base;
    uint64_t at, len;
};

static const void *take(struct reader *r, uint64_t len)
{
    uint64_t at = (r->at + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
    if (at > r->len || len > r->len - at)
        return NULL;
    r->at = at + len;
    return r->base + at;
}

/* Texts and lengths of literals that stand one behind the other. */
static bool split(const char *bytes, const uint32_t *ends, const struct database_head *head,
                  const char **text, size_t *lens)
{
    uint32_t start = 0;
    for (uint64_t i = 0; i < head->count; i++) {
        if (ends[i] < start || ends[i] > head->bytes)
            return false;
        text[i] = bytes + start;
        lens[i] = ends[i] - start;
        start = ends[i];
    }
    return true;
}

static bool make_database(struct reader *r, const struct database_head *head, const char **text,
                          size_t *lens, struct hy_database **out)
{
    hs_database_t *hs = NULL;
    if (head->literal) {
        const uint32_t *ends = take(r, head->count * sizeof *ends);
        const char *bytes = take(r, head->bytes);
        if (!ends || !bytes || !split(bytes, ends, head, text, lens))
            return false;
    }
    const char *serialised = take(r, head->serialised);
    return serialised && hs_deserialize_database(serialised, head->serialised, &hs) == HS_SUCCESS &&
           hy_database_create(hs, head->key, text, head->literal ? lens : NULL,
                              (uint32_t)head->count, out, NULL) == HYDRANT_OK;
}

static bool read_database(struct reader *r, struct hy_database **out)
{
    const struct database_head *head = take(r, sizeof *head);
    *out = NULL;
    if (!head || !head->there)
        return head != NULL;
    if (head->count > r->len)
        return false;
    const char **text = calloc(head->count + 1, sizeof *text);
    size_t *lens = calloc(head->count + 1, sizeof *lens);
    bool good = text && lens && make_database(r, head, text, lens, out);
    free(text);
    free(lens);
    return good;
}

static bool read_databases(const struct hy_arena *image, const struct head *head,
                           struct hy_matcher *m)
{
    struct reader r = {image->base, head->databases_at, head->bytes};
    for (int i = 0; i < HY_LITERAL_DBS; i++)
        if (!read_database(&r, &m->literals[i].db))
            return false;
    for (int i = 0; i < HY_REGEX_CLASSES; i++)
        if (!read_database(&r, &m->regexes[i].db))
            return false;
    return true;
}

/* The pack's part becomes the pack's arena; the pages of what comes behind it are given back. */
static void keep_pack_part(struct hy_pack *pack, struct hy_arena *bytes, const struct section *s)
{
    size_t used = (size_t)(s->at + s->len), whole = (used + PAGE - 1) & ~(size_t)(PAGE - 1);
    if (whole < bytes->capacity)
        madvise(bytes->base + whole, bytes->capacity - whole, MADV_DONTNEED);
    bytes->used = used;
    pack->arena = *bytes;
    *bytes = (struct hy_arena){0};
}

static bool read_pack(struct hy_arena *bytes, const struct head *head, struct hy_mappings *mappings,
                      struct hy_pack **out)
{
    const struct section *s = &head->parts[PACK];
    char *base = bytes->base + s->at;
    if (s->len < sizeof(struct hy_pack) + sizeof(struct hy_matcher) ||
        s->root2 > s->len - sizeof(struct hy_matcher) ||
        !relocate(base, s->len, (const uint64_t *)(bytes->base + s->map_at)))
        return false;
    struct hy_pack *pack = malloc(sizeof *pack);
    struct hy_matcher *matcher = malloc(sizeof *matcher);
    if (!pack || !matcher) {
        free(pack);
        free(matcher);
        return false;
    }
    memcpy(pack, base, sizeof *pack);
    memcpy(matcher, base + s->root2, sizeof *matcher);
    pack->arena = matcher->arena = (struct hy_arena){0};
    for (int i = 0; i < HY_LITERAL_DBS; i++)
        matcher->literals[i].db = NULL;
    for (int i = 0; i < HY_REGEX_CLASSES; i++)
        matcher->regexes[i].db = NULL;
    pack->matcher = matcher;
    pack->mappings = hy_mappings_acquire(mappings);
    *out = pack;
    if (hy_emotion_model_builtin(&pack->model, NULL) != HYDRANT_OK ||
        !read_databases(bytes, head, matcher))
        return false;
    keep_pack_part(pack, bytes, s);
    return true;
}

bool hy_image_read(struct hy_arena *bytes, struct hy_image *out)
{
    struct head head = {0};
    struct hy_mappings *mappings = NULL;
    *out = (struct hy_image){0};
    bool good = bytes->used >= sizeof head;
    if (good)
        memcpy(&head, bytes->base, sizeof head);
    good = good && head.bytes == bytes->used;
    for (int i = 0; i < PARTS; i++)
        good = good && section_fits(&head, &head.parts[i]);
    good = good && read_mappings(bytes, &head.parts[MAPPINGS], &mappings) &&
           read_set(bytes, &head.parts[SET], mappings, &out->set) &&
           read_pack(bytes, &head, mappings, &out->pack);
    out->tested = head.tested != 0;
    hy_mappings_release(&mappings);
    hy_arena_fini(bytes);
    if (good)
        return true;
    hy_ruleset_destroy(&out->set);
    hy_pack_destroy(&out->pack);
    return false;
}
