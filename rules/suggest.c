#include "rules/suggest.h"

#include <string.h>

#include "base/str.h"

void hy_suggest_init(struct hy_suggestion *suggestion, hydrant_str wanted)
{
    uint32_t allowed = (wanted.len + 2) / 3;
    *suggestion = (struct hy_suggestion){.wanted = wanted, .distance = allowed + 1};
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment over bytes, three rows at a time. */
static uint32_t edits(hydrant_str a, hydrant_str b)
{
    uint32_t rows[3][HY_SUGGEST_BYTES_MAX + 1];
    for (uint32_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= a.len; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *above = rows[(i - 1) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            unsigned char x = lower(a.data[i - 1]), y = lower(b.data[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.data[j - 2]) && y == lower(a.data[i - 2]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a.len % 3][b.len];
}

void hy_suggest_offer(struct hy_suggestion *suggestion, hydrant_str name)
{
    hydrant_str wanted = suggestion->wanted;
    if (name.len == 0 || name.len > HY_SUGGEST_BYTES_MAX || wanted.len > HY_SUGGEST_BYTES_MAX)
        return;
    uint32_t apart = name.len > wanted.len ? name.len - wanted.len : wanted.len - name.len;
    if (apart >= suggestion->distance)
        return;
    uint32_t distance = edits(wanted, name);
    if (distance < suggestion->distance && distance < name.len) {
        suggestion->distance = distance;
        suggestion->best = name;
    }
}

void hy_suggest_offer_values(struct hy_suggestion *suggestion, const char *values)
{
    for (const char *p = values; *p;) {
        size_t len = strcspn(p, "|");
        hy_suggest_offer(suggestion, hy_str(p, len));
        p += len + (p[len] == '|');
    }
}
