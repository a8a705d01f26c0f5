#include "decode/csv_row.h"

#include "base/assert.h"
#include "base/str.h"
#include "batch/csv.h"
#include "decode/json_number.h"

/* A cell as it stands in its row, the quotes around it left out. */
struct cell {
    hydrant_str raw;
    bool doubled; /* there are doubled quotes in it */
};

/* Finds the closing quote of a quoted cell whose inside begins at p; NULL when there is none. */
static const char *find_quote(const char *p, const char *end, bool *doubled)
{
    while ((p = memchr(p, '"', (size_t)(end - p)))) {
        if (p + 1 == end || p[1] != '"')
            return p;
        *doubled = true;
        p += 2;
    }
    return NULL;
}

/* Takes the cell at *at and moves *at onto the delimiter behind it, or end. False for bad quotes.
 */
static bool take_cell(const char **at, const char *end, char delimiter, struct cell *cell)
{
    const char *p = *at;
    cell->doubled = false;
    if (p < end && *p == '"') {
        const char *close = find_quote(p + 1, end, &cell->doubled);
        if (!close)
            return false;
        cell->raw = hy_str(p + 1, (size_t)(close - p - 1));
        *at = close + 1;
        return *at == end || **at == delimiter;
    }
    const char *behind = p < end ? memchr(p, delimiter, (size_t)(end - p)) : end;
    if (!behind)
        behind = end;
    cell->raw = hy_str(p, (size_t)(behind - p));
    *at = behind;
    return cell->raw.len == 0 || !memchr(p, '"', cell->raw.len);
}

static hydrant_str trim(hydrant_str s)
{
    while (s.len && s.data[0] == ' ')
        s = hy_str(s.data + 1, s.len - 1);
    while (s.len && s.data[s.len - 1] == ' ')
        s.len--;
    return s;
}

static int16_t find_field(hydrant_str name)
{
    for (int16_t i = 0; i < HY_MENTION_FIELDS; i++)
        if (hy_str_equal_nocase(name, hy_str_cstr(hy_mention_fields[i].name)))
            return i;
    return -1;
}

void hy_csv_header(struct hy_csv *csv, hydrant_str header)
{
    if (header.len >= 3 && memcmp(header.data, "\xEF\xBB\xBF", 3) == 0)
        header = hy_str(header.data + 3, header.len - 3);
    const char *at = header.data;
    const char *end = header.data + header.len;
    char delimiter = hy_csv_delimiter(header.data, header.len);
    csv->delimiter = delimiter ? delimiter : ',';
    csv->columns = 0;
    csv->broken = false;
    for (;; at++) {
        struct cell cell;
        if (csv->columns == HY_DECODE_COLUMNS_MAX || !take_cell(&at, end, csv->delimiter, &cell)) {
            csv->broken = true;
            return;
        }
        csv->fields[csv->columns++] = find_field(trim(cell.raw));
        if (at == end)
            return;
    }
}

static hydrant_str undouble(struct hy_arena *arena, hydrant_str raw)
{
    char *out = hy_arena_alloc(arena, raw.len + HY_RECORD_PADDING, 1);
    HY_ASSERT(out);
    uint32_t len = 0;
    for (uint32_t i = 0; i < raw.len; i++) {
        out[len++] = raw.data[i];
        i += raw.data[i] == '"';
    }
    hy_arena_trim(arena, out, len);
    return hy_str(out, len);
}

static bool separates(enum hy_mention_kind kind, char c)
{
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        return true;
    return kind != HY_MENTION_URLS && (c == ',' || c == ';');
}

static void put_list(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str value, hydrant_url *list)
{
    hydrant_str *strings = (hydrant_str *)list;
    uint32_t count = 0;
    for (uint32_t i = 0, start; i < value.len;) {
        for (start = i; i < value.len && !separates(field->kind, value.data[i]); i++)
            ;
        hydrant_str element = hy_mention_unmarked(field, hy_str(value.data + start, i - start));
        i++;
        if (element.len == 0)
            continue;
        if (count == HY_DECODE_LIST_MAX)
            draft->ignored++;
        else if (field->kind == HY_MENTION_URLS)
            list[count++] = (hydrant_url){.url = element};
        else
            strings[count++] = element;
    }
    hy_draft_list(draft, field, list, count);
}

static void put_bool(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str value)
{
    bool yes = hy_str_equal_nocase(value, HY_STR("true")) || hy_str_is(value, "1");
    bool no = hy_str_equal_nocase(value, HY_STR("false")) || hy_str_is(value, "0");
    if (yes || no)
        hy_draft_bool(draft, field, yes);
    else
        hy_draft_wrong(draft, field);
}

static void put_cell(struct hy_draft *draft, const struct hy_mention_field *field,
                     hydrant_str value, hydrant_url *list)
{
    if (value.len == 0)
        hy_draft_null(draft, field);
    else if (field->kind >= HY_MENTION_URLS)
        put_list(draft, field, value, list);
    else if (field->kind == HY_MENTION_BOOL)
        put_bool(draft, field, value);
    else if (field->kind == HY_MENTION_COUNT && hy_number_valid(value))
        hy_draft_number(draft, field, value);
    else
        hy_draft_string(draft, field, value);
}

hydrant_drop hy_csv_row(const struct hy_csv *csv, hydrant_str row, hydrant_url *list,
                        struct hy_draft *draft)
{
    const char *at = row.data;
    const char *end = row.data + row.len;
    if (csv->broken)
        return HYDRANT_DROP_BAD_ROW;
    for (uint32_t column = 0;; column++, at++) {
        struct cell cell;
        if (column == csv->columns || !take_cell(&at, end, csv->delimiter, &cell))
            return HYDRANT_DROP_BAD_ROW;
        if (csv->fields[column] >= 0) {
            hydrant_str value = cell.doubled ? undouble(draft->arena, cell.raw) : cell.raw;
            put_cell(draft, &hy_mention_fields[csv->fields[column]], value, list);
        }
        if (at == end)
            return column + 1 == csv->columns ? HYDRANT_DROP_NONE : HYDRANT_DROP_BAD_ROW;
    }
}
