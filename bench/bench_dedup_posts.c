/* Posts for the deduplication bench; see bench_dedup_posts.h. */
#include "bench_dedup_posts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 4 };

uint64_t bench_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *random, uint32_t limit)
{
    return (uint32_t)(bench_random(random) % limit);
}

static void *need(void *memory)
{
    if (!memory) {
        fputs("out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

/* ---- files ---- */

typedef void row_fn(char *fields[FIELDS_MAX], void *out);

/* Calls row for every line but the first that has four fields. */
static bool read_rows(const char *folder, const char *name, row_fn *row, void *out)
{
    char path[4096], *line = NULL, *fields[FIELDS_MAX];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    if (!file) {
        perror(path);
        return false;
    }
    for (bool first = true; getline(&line, &size, file) >= 0; first = false) {
        char *rest = line;
        unsigned count = 0;
        line[strcspn(line, "\n")] = 0;
        while (count < FIELDS_MAX && rest)
            fields[count++] = strsep(&rest, "\t");
        if (!first && count == FIELDS_MAX)
            row(fields, out);
    }
    free(line);
    fclose(file);
    return true;
}

static struct bench_pair *new_pair(struct bench_pairs *out)
{
    if ((out->count & (out->count + 1)) == 0)
        out->pairs = need(realloc(out->pairs, sizeof *out->pairs * 2 * (out->count + 1)));
    return &out->pairs[out->count++];
}

static struct bench_post *new_post(struct bench_stream *out)
{
    if ((out->count & (out->count + 1)) == 0)
        out->posts = need(realloc(out->posts, sizeof *out->posts * 2 * (out->count + 1)));
    return &out->posts[out->count++];
}

static void add_pair(struct bench_pairs *out, bool same, const char *kind, const char *a,
                     const char *b)
{
    struct bench_pair *pair = new_pair(out);
    pair->same = same;
    snprintf(pair->kind, sizeof pair->kind, "%s", kind);
    pair->a = need(strdup(a));
    pair->b = need(strdup(b));
}

static void pair_row(char *fields[FIELDS_MAX], void *out)
{
    add_pair(out, atoi(fields[0]) == 1, fields[1], fields[2], fields[3]);
}

static void stream_row(char *fields[FIELDS_MAX], void *out)
{
    struct bench_post *post = new_post(out);
    post->time_ms = atoll(fields[0]);
    post->author = (uint32_t)atoll(fields[1]);
    post->group = atoi(fields[2]);
    post->is_source = false;
    post->text = need(strdup(fields[3]));
}

bool bench_read_pairs(const char *folder, struct bench_pairs *out)
{
    *out = (struct bench_pairs){0};
    return read_rows(folder, "pairs.tsv", pair_row, out);
}

static int by_text(const void *a, const void *b)
{
    const struct bench_post *x = *(struct bench_post *const *)a,
                            *y = *(struct bench_post *const *)b;
    int order = strcmp(x->text, y->text);
    return order ? order : y->group - x->group; /* members of groups first */
}

/* Marks posts of the background that say what a post of a group says, letter for letter. */
static void mark_sources(struct bench_stream *stream)
{
    struct bench_post **sorted = need(malloc((stream->count + 1) * sizeof *sorted));
    for (uint32_t i = 0; i < stream->count; i++)
        sorted[i] = &stream->posts[i];
    qsort(sorted, stream->count, sizeof *sorted, by_text);
    for (uint32_t i = 1; i < stream->count; i++) {
        const struct bench_post *before = sorted[i - 1];
        sorted[i]->is_source =
            (before->group >= 0 || before->is_source) && strcmp(before->text, sorted[i]->text) == 0;
    }
    free(sorted);
}

/* Groups are numbered below the number of posts, and there is background to take pieces from. */
static bool is_stream(const struct bench_stream *stream)
{
    uint32_t background = 0;
    for (uint32_t i = 0; i < stream->count; i++) {
        const struct bench_post *post = &stream->posts[i];
        if (post->group < -1 || post->group >= (int64_t)stream->count)
            return false;
        background += post->group < 0 && !post->is_source;
    }
    return background > 0;
}

bool bench_read_stream(const char *folder, struct bench_stream *out)
{
    *out = (struct bench_stream){0};
    if (!read_rows(folder, "stream.tsv", stream_row, out))
        return false;
    mark_sources(out);
    if (is_stream(out))
        return true;
    fprintf(stderr,
            "%s/stream.tsv: a group is no number below that of posts, or all are in groups\n",
            folder);
    return false;
}

void bench_free_pairs(struct bench_pairs *pairs)
{
    for (uint32_t i = 0; i < pairs->count; i++) {
        free(pairs->pairs[i].a);
        free(pairs->pairs[i].b);
    }
    free(pairs->pairs);
}

void bench_free_stream(struct bench_stream *stream)
{
    for (uint32_t i = 0; i < stream->count; i++)
        free(stream->posts[i].text);
    free(stream->posts);
}

/* ---- made-up posts ---- */

static const char *const places[] = {"Austin", "Boston", "Berlin", "Lisbon", "Nairobi", "Osaka",
                                     "Denver", "Leeds",  "Madrid", "Perth",  "Tampa",   "Turin"};
static const char *const things[] = {"internet", "phone",  "order",   "router", "account", "card",
                                     "delivery", "flight", "booking", "refund", "app",     "bill"};
static const char *const feelings[] = {"so tired of this", "not happy at all",   "this is a joke",
                                       "please fix it",    "what a great team",  "never again",
                                       "still waiting",    "thanks for nothing", "love it"};
static const char *const openers[] = {"Honestly",       "Dear support",     "Well then",
                                      "Third time now", "Just so you know", "Morning all",
                                      "For the record", "Update from me",   "To be fair"};
static const char *const events[] = {
    "went down again right after the last update",   "never arrived and nobody answers my mails",
    "was cancelled without a word from the company", "got charged twice for the same month",
    "works better than anything I had before",       "stopped working in the middle of a meeting",
    "took eleven calls and two visits to sort out",  "came back from repair with another fault",
    "is slower than the one my parents had",         "was replaced within a day by a kind courier"};

#define PICK(random, list) (list)[below(random, sizeof(list) / sizeof *(list))]

struct slots {
    const char *place, *thing;
    uint32_t number;
};

enum { NAME_BYTES = 12 };

/* A name of two syllables or four, a few of 30,000 much more often than the others. Real posts are
 * full of such words; in ten million without any, every sequence of three would be a common one. */
static const char *make_name(char name[NAME_BYTES], uint64_t *random)
{
    static const char consonants[] = "bdfgklmnprstvz", vowels[] = "aeiou";
    uint32_t commonness = below(random, 15), number = below(random, 1u << (commonness + 1));
    uint32_t len = 0;
    for (uint32_t i = 0; i < 2 || (number > 0 && i < 4); i++) {
        name[len++] = consonants[number % 14];
        name[len++] = vowels[number / 14 % 5];
        number /= 70;
    }
    name[len] = 0;
    return name;
}

/* Two sentences with slots; the rest of them is chosen by the shape. */
static void fill(char text[BENCH_POST_BYTES], uint64_t shape, struct slots s)
{
    const char *opener = PICK(&shape, openers), *event = PICK(&shape, events);
    const char *feeling = PICK(&shape, feelings), *second = PICK(&shape, events);
    char name[NAME_BYTES], other[NAME_BYTES];
    snprintf(text, BENCH_POST_BYTES, "%s %s, my %s in %s %s after %u days, %s. The one of %s %s.",
             opener, make_name(name, &shape), s.thing, s.place, event, s.number, feeling,
             make_name(other, &shape), second);
}

static struct slots random_slots(uint64_t *random)
{
    return (struct slots){PICK(random, places), PICK(random, things), 2 + below(random, 90)};
}

/* Exchanges two letters inside a word of text. */
static void misspell(char *text, uint64_t *random)
{
    size_t len = strlen(text);
    for (int tries = 0; tries < 200 && len > 4; tries++) {
        size_t at = 1 + below(random, (uint32_t)len - 3);
        bool letters = true;
        for (size_t i = at - 1; i < at + 3; i++)
            letters &= text[i] >= 'a' && text[i] <= 'z';
        if (letters && text[at] != text[at + 1]) {
            char c = text[at];
            text[at] = text[at + 1];
            text[at + 1] = c;
            return;
        }
    }
}

static const char *edit(const char *text, char out[BENCH_POST_BYTES], uint64_t *random)
{
    size_t len = strlen(text);
    switch (below(random, 7)) {
    case 0:
        snprintf(out, BENCH_POST_BYTES, "RT @user%u: %s", below(random, 1000), text);
        return "repost";
    case 1:
        snprintf(out, BENCH_POST_BYTES, "%s https://t.co/%x", text, below(random, 1 << 30));
        return "link";
    case 2:
        snprintf(out, BENCH_POST_BYTES, "%s #tag%u \xF0\x9F\x98\xA1", text, below(random, 99));
        return "tag";
    case 3:
        snprintf(out, BENCH_POST_BYTES, "%s", text);
        misspell(out, random);
        return "misspelt";
    case 4:
        snprintf(out, BENCH_POST_BYTES, "%.*s...", (int)(len * 3 / 5), text);
        return "cut";
    case 5:
        snprintf(out, BENCH_POST_BYTES, "%s %s", text, PICK(random, feelings));
        return "appended";
    default:
        snprintf(out, BENCH_POST_BYTES, "@user%u %s!!", below(random, 1000), text);
        return "addressed";
    }
}

static void change_slot(struct slots *s, uint64_t *random)
{
    struct slots old = *s, other;
    uint32_t which = below(random, 3);
    do {
        other = random_slots(random);
        *s = old;
        if (which == 0)
            s->place = other.place;
        else if (which == 1)
            s->thing = other.thing;
        else
            s->number = other.number;
    } while (s->place == old.place && s->thing == old.thing && s->number == old.number);
}

void bench_make_pairs(uint64_t seed, uint32_t count, struct bench_pairs *out)
{
    uint64_t random = seed;
    *out = (struct bench_pairs){0};
    for (uint32_t i = 0; i < count; i++) {
        char a[BENCH_POST_BYTES], b[BENCH_POST_BYTES];
        struct slots slots = random_slots(&random);
        uint64_t shape = bench_random(&random);
        fill(a, shape, slots);
        if (i % 2) {
            add_pair(out, true, edit(a, b, &random), a, b);
        } else {
            change_slot(&slots, &random);
            fill(b, shape, slots);
            add_pair(out, false, "tmpl_slot", a, b);
        }
    }
}

void bench_make_stream(uint64_t seed, uint32_t count, struct bench_stream *out)
{
    enum { GROUP_SIZE = 6, GROUPS_EVERY = 60 };
    uint64_t random = seed;
    *out = (struct bench_stream){0};
    for (uint32_t i = 0; i < count; i++) {
        struct bench_post *post = new_post(out);
        char text[BENCH_POST_BYTES], edited[BENCH_POST_BYTES];
        uint32_t place = i % GROUPS_EVERY;
        uint64_t shape = seed + i / GROUPS_EVERY * 7919u, slots_of = shape;
        bool in_group = place % (GROUPS_EVERY / GROUP_SIZE) == 0;
        if (!in_group)
            shape = slots_of = bench_random(&random);
        fill(text, shape, random_slots(&slots_of));
        if (in_group && place > 0)
            edit(text, edited, &random);
        *post = (struct bench_post){.time_ms = i * 100,
                                    .author = below(&random, 100000),
                                    .group = in_group ? (int32_t)(i / GROUPS_EVERY) : -1};
        post->text = need(strdup(in_group && place > 0 ? edited : text));
    }
}

void bench_make_background(const struct bench_stream *stream, uint64_t *random,
                           char text[BENCH_POST_BYTES])
{
    uint32_t words = 8 + below(random, 13), used = 0;
    while (words > 0 && used < BENCH_POST_BYTES / 2) {
        const struct bench_post *post = &stream->posts[below(random, stream->count)];
        const char *from = post->text;
        if (post->group >= 0 || post->is_source)
            continue; /* a piece of a group would be one of its variants */
        uint32_t piece = 2 + below(random, 4), skip = below(random, 12);
        for (; skip > 0 && strchr(from, ' '); skip--)
            from = strchr(from, ' ') + 1;
        for (; piece > 0 && words > 0 && *from; piece--, words--) {
            uint32_t len = (uint32_t)strcspn(from, " ");
            if (used + len + 2 > BENCH_POST_BYTES)
                break;
            memcpy(text + used, from, len);
            used += len;
            text[used++] = ' ';
            from += len + (from[len] == ' ');
        }
    }
    text[used ? used - 1 : 0] = 0;
}
