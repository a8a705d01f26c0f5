/*
 * CSV as RFC 4180 has it: cells between delimiters, a cell in double quotes may hold delimiters,
 * line ends and doubled quotes; no quote in a cell without them.
 *
 * The header names the fields (mention_fields.h), in any order and case; a name that is no field
 * is a column that is skipped. The delimiter is the first of , ; and tab outside of quotes in the
 * header. An empty cell is "not given". A list's cell holds its elements with blanks between them,
 * or commas or semicolons, except in urls, where these are part of the URL.
 *
 * Where on the path: decode, worker threads. Pure but for the arena.
 */
#ifndef HY_DECODE_CSV_ROW_H
#define HY_DECODE_CSV_ROW_H

#include "decode/decode.h"
#include "decode/mention_fields.h"

struct hy_csv {
    char delimiter;
    bool broken; /* bad quotes, or more than HY_DECODE_COLUMNS_MAX columns: every row is BAD_ROW */
    uint32_t columns;
    int16_t fields[HY_DECODE_COLUMNS_MAX]; /* index in hy_mention_fields, or -1 */
};

/* Neither header nor rows include their line end. A byte order mark before the header is skipped.
 */
void hy_csv_header(struct hy_csv *csv, hydrant_str header);

/* Fills in the draft from a row of valid UTF-8. list has room for HY_DECODE_LIST_MAX.
 * HYDRANT_DROP_NONE, or BAD_ROW: another number of cells than the header, or bad quotes. */
hydrant_drop hy_csv_row(const struct hy_csv *csv, hydrant_str row, hydrant_url *list,
                        struct hy_draft *draft);

#endif
