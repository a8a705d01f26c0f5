/*
 * Masking in a record of JSON. What its escapes stand for is looked through, in a copy; finds are
 * carried back by walking over both at once. Nobody has parsed the record: it may be broken, what
 * looks like an escape is taken for one wherever it stands, and any other \ for itself.
 */
#include "base/code_point.h"
#include "base/str.h"
#include "pii/pii_scan.h"

enum { ESCAPE_U = 6 }; /* bytes of \u0040 */

/* A byte or an escape of the record, and what it stands for. */
struct piece {
    uint32_t len, stands_len;
    char stands_for[4];
};

static bool is_unicode(hydrant_str left, uint32_t *value)
{
    return left.len >= ESCAPE_U && left.data[0] == '\\' && left.data[1] == 'u' &&
           hy_hex4(left.data + 2, value);
}

/* Two escapes where they are a surrogate pair; a surrogate alone is U+FFFD. */
static bool read_unicode(hydrant_str left, struct piece *piece)
{
    uint32_t cp, unit, low;
    if (!is_unicode(left, &unit))
        return false;
    piece->len = ESCAPE_U;
    cp = unit;
    if (hy_is_surrogate(unit)) {
        hydrant_str next = hy_str(left.data + ESCAPE_U, left.len - ESCAPE_U);
        bool pair = is_unicode(next, &low) && hy_surrogate_pair(unit, low, &cp);
        cp = pair ? cp : 0xFFFD;
        piece->len += pair ? ESCAPE_U : 0;
    }
    piece->stands_len = hy_utf8_encode(cp, piece->stands_for);
    return true;
}

static struct piece read_piece(hydrant_str left)
{
    static const char escapes[] = "\"\\/bfnrt", stand_for[] = "\"\\/\b\f\n\r\t";
    struct piece piece = {.len = 1, .stands_len = 1, .stands_for = {left.data[0]}};
    if (left.data[0] != '\\' || left.len < 2 || read_unicode(left, &piece))
        return piece;
    const char *escape = left.data[1] ? strchr(escapes, left.data[1]) : NULL;
    if (escape) {
        piece.len = 2;
        piece.stands_for[0] = stand_for[escape - escapes];
    }
    return piece;
}

static uint32_t unescape(hydrant_str json, char *out)
{
    uint32_t len = 0;
    for (uint32_t at = 0; at < json.len;) {
        struct piece piece = read_piece(hy_str(json.data + at, json.len - at));
        memcpy(out + len, piece.stands_for, piece.stands_len);
        len += piece.stands_len;
        at += piece.len;
    }
    return len;
}

/* A letter or digit that is written as an escape stays one: of the *. */
static void mask_piece(char *at, const struct piece *piece)
{
    if (!hy_pii_masked(piece->stands_for[0]))
        return;
    if (piece->len == 1)
        *at = '*';
    for (uint32_t i = 0; i + ESCAPE_U <= piece->len; i += ESCAPE_U)
        memcpy(at + i, "\\u002a", ESCAPE_U);
}

/* How far the record and its copy have been walked over. */
struct walk {
    char *json;
    uint32_t len, at, copy_at;
};

/* To the end of the span of the copy; what of the record stands for bytes of it is masked. */
static void mask_span(struct walk *walk, hydrant_span span)
{
    while (walk->copy_at < span.end) {
        struct piece piece = read_piece(hy_str(walk->json + walk->at, walk->len - walk->at));
        if (walk->copy_at + piece.stands_len > span.start)
            mask_piece(walk->json + walk->at, &piece);
        walk->at += piece.len;
        walk->copy_at += piece.stands_len;
    }
}

uint32_t hy_pii_mask_json(char *json, uint32_t len, char *room,
                          const struct hy_pii_patterns *patterns)
{
    if (!len || !memchr(json, '\\', len))
        return hy_pii_mask(json, len, patterns);
    struct walk walk = {.json = json, .len = len};
    struct hy_pii_text t = {.s = room, .len = unescape(hy_str(json, len), room)};
    hydrant_pii finds[HY_PII_MAX];
    uint32_t at = 0, all = 0;
    for (uint32_t count; (count = hy_pii_more(&t, patterns, &at, finds, HY_PII_MAX)) > 0;
         all += count)
        for (uint32_t i = 0; i < count; i++)
            mask_span(&walk, finds[i].span);
    return all;
}
