/*
 * What framing and decoding of CSV share: the delimiter, which the header tells.
 */
#ifndef HY_BATCH_CSV_H
#define HY_BATCH_CSV_H

#include <hydrant/types.h>

static inline bool hy_csv_may_delimit(char c)
{
    return c == ',' || c == ';' || c == '\t';
}

/* The first comma, semicolon or tab of a header behind its first column, which may be in quotes;
 * '\0': there is none. */
static inline char hy_csv_delimiter(const char *header, size_t len)
{
    size_t at = 0;
    if (len && header[0] == '"') {
        bool quoted = true;
        for (at = 1; at < len && quoted; at++) {
            bool doubled = header[at] == '"' && at + 1 < len && header[at + 1] == '"';
            quoted = header[at] != '"' || doubled;
            at += doubled;
        }
    }
    while (at < len && !hy_csv_may_delimit(header[at]))
        at++;
    return at < len ? header[at] : '\0';
}

#endif
