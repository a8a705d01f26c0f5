#include "support/sample_records.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct out {
    char *data;
    size_t len, room;
};

uint64_t sample_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static unsigned pick(uint64_t *state, unsigned n)
{
    return (unsigned)(sample_random(state) >> 33) % n;
}

__attribute__((format(printf, 2, 3))) static void put(struct out *out, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(out->data + out->len, out->room - out->len, format, args);
    va_end(args);
    if (n < 0 || out->len + (size_t)n >= out->room)
        abort();
    out->len += (size_t)n;
}

static unsigned long long number(uint64_t *state)
{
    return UINT64_C(1900000000000000000) + sample_random(state) % UINT64_C(99999999999999999);
}

static const char *const words[] = {
    "signal", "again",   "the",   "no",    "in",      "Austin", "my",     "bill",  "is",
    "wrong",  "thanks",  "for",   "help",  "love",    "this",   "phone",  "why",   "does",
    "it",     "always",  "take",  "so",    "long",    "to",     "get",    "an",    "answer",
    "refund", "waiting", "since", "store", "delayed", "flight", "please", "never", "really",
};
static const char *const plain[] = {"!", "?", "...", " :)", " #fail", " @att", " $20"};
static const char *const raw[] = {"é", "ñ", "😡", "🎉", "…", "’", "日本", "übel"};
static const char *const escaped[] = {"\\n", "\\\"", "\\u2026", "\\ud83d\\ude00", "\\/"};

static void put_text(struct out *out, uint64_t *state, size_t len)
{
    unsigned style = pick(state, 3);
    size_t end = out->len + len;
    while (out->len < end) {
        put(out, "%s ", words[pick(state, sizeof words / sizeof *words)]);
        if (pick(state, 8))
            continue;
        if (style == 1)
            put(out, "%s ", raw[pick(state, sizeof raw / sizeof *raw)]);
        else if (style == 2)
            put(out, "%s ", escaped[pick(state, sizeof escaped / sizeof *escaped)]);
        else
            put(out, "%s ", plain[pick(state, sizeof plain / sizeof *plain)]);
    }
    out->len--;
}

static void put_author(struct out *out, uint64_t *state)
{
    put(out, "\"author\":{\"id\":\"%llu\",\"handle\":\"%s_%u\",\"name\":\"", number(state),
        words[pick(state, 36)], pick(state, 1000));
    put_text(out, state, 10);
    put(out, "\",\"bio\":\"");
    put_text(out, state, 8 + pick(state, 26));
    put(out, "\",\"followers\":%u,\"following\":%u,\"posts\":%u,\"verified\":%s},",
        pick(state, 10000), pick(state, 1000), pick(state, 50000),
        pick(state, 10) ? "false" : "true");
}

static void put_entities(struct out *out, uint64_t *state)
{
    put(out, "\"urls\":[");
    if (pick(state, 3) == 0)
        put(out, "{\"url\":\"https://t.co/%06x\",\"expanded\":\"https://example.com/%u\"}",
            pick(state, 1 << 24), pick(state, 100000));
    put(out, "],\"hashtags\":[%s],\"mentions\":[\"%s\"],\"media\":[%s],",
        pick(state, 3) ? "" : "\"fail\",\"Austin\"", words[pick(state, 36)],
        pick(state, 4) ? "" : "\"image\"");
}

size_t sample_record(uint64_t *state, char *data, size_t room)
{
    struct out out = {.data = data, .room = room};
    unsigned long long id = number(state);
    put(&out, "{\"id\":\"%llu\",\"event\":\"post\",", id);
    put(&out, "\"created_at\":\"2026-01-%02uT%02u:%02u:%02u.%03uZ\",", 1 + pick(state, 28),
        pick(state, 24), pick(state, 60), pick(state, 60), pick(state, 1000));
    put(&out, "\"network\":\"x\",\"site\":\"x.com\",\"url\":\"https://x.com/i/status/%llu\",", id);
    put(&out, "\"lang\":\"en\",");
    put_author(&out, state);
    put(&out, "\"text\":\"");
    put_text(&out, state, 80 + pick(state, 150));
    put(&out, "\",\"in_reply_to\":%s,\"conversation_id\":\"%llu\",",
        pick(state, 2) ? "null" : "\"1900000000000000001\"", id);
    put(&out, "\"repost_of\":null,\"quote_of\":null,");
    put_entities(&out, state);
    put(&out, "\"visibility\":\"public\",");
    put(&out, "\"metrics\":{\"likes\":%u,\"reposts\":%u,\"replies\":%u,\"views\":%u}}",
        pick(state, 1000), pick(state, 100), pick(state, 100), pick(state, 100000));
    return out.len;
}
