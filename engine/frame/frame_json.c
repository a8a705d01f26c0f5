/*
 * JSON that is not one object a line: the elements of an array, pretty-printed or not, and objects
 * one after the other. Between elements white space, commas and square brackets are passed over,
 * so that several arrays in one stream are as good as one. Anything else there that is not an
 * object is given out as a record too: decode drops it and it is counted.
 *
 * Whether an element is valid is decode's business. The framer only follows strings, escapes and
 * brackets, and notices four things that no object can contain, so that a damaged element does not
 * take its neighbours along:
 *
 *   {"a":1, {"b":2}     a brace where a key or a comma belongs: a new element starts there
 *   {"a":1]             the array ends: so does the element
 *   {"a":"x}, {"b":2}   a token right after a string, or a line end in a string: that string was
 *   {"a":"x},           not closed. If it holds "},{" the element ends in there, else the rest up
 *                       to the next "},{", or line that begins with a brace, belongs to it
 *
 * States:  BETWEEN -{-> ELEMENT <-"-> STRING         ELEMENT, STRING -damage-> RESYNC -> BETWEEN
 *          BETWEEN -other-> JUNK <-"-> JUNK_STRING   JUNK* -, ] { [ or line end-> BETWEEN
 *
 * In the framer's state: stack, depth = open levels (deeper than 64 they are only counted); last =
 * the token before; mark = the last string's offset in the element; in RESYNC, last = what has
 * been seen of a boundary.
 */
#include "frame/cut.h"

enum { BETWEEN, ELEMENT, STRING, ESCAPE, RESYNC, JUNK, JUNK_STRING, JUNK_ESCAPE };
enum { NO_TOKEN, AFTER_OPEN, AFTER_COMMA, AFTER_COLON, AFTER_STRING, AFTER_SCALAR, AFTER_CLOSE };
enum { SEEN_NOTHING, SEEN_LINE, SEEN_CLOSE, SEEN_COMMA };
enum { STACK_LEVELS = 64 };

/* What a byte is outside of strings. */
enum {
    SCALAR,
    SPACE,
    QUOTE,
    COMMA,
    COLON,
    OPEN_BRACE,
    CLOSE_BRACE,
    OPEN_BRACKET,
    CLOSE_BRACKET,
    BACKSLASH
};
static const uint8_t classes[256] = {
    [' '] = SPACE,       ['\t'] = SPACE,       ['\r'] = SPACE,        ['\n'] = SPACE,
    ['"'] = QUOTE,       [','] = COMMA,        [':'] = COLON,         ['{'] = OPEN_BRACE,
    ['}'] = CLOSE_BRACE, ['['] = OPEN_BRACKET, [']'] = CLOSE_BRACKET, ['\\'] = BACKSLASH,
};

static inline bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Gives out [begin, end) and goes on behind it. */
static void finish(struct hy_cut *c, size_t end)
{
    hy_cut_give(c, hy_cut_size(c, end));
    c->begin = c->at = end;
    c->f->state = BETWEEN;
    c->f->whole = false;
}

static bool in_object(const struct hy_framer *f)
{
    return f->depth <= STACK_LEVELS && (f->stack >> (f->depth - 1) & 1);
}

static void push_level(struct hy_framer *f, bool object)
{
    if (f->depth < STACK_LEVELS) {
        uint64_t bit = UINT64_C(1) << f->depth;
        f->stack = object ? f->stack | bit : f->stack & ~bit;
    }
    f->depth++;
    f->last = AFTER_OPEN;
}

static void start_element(struct hy_cut *c)
{
    c->begin = c->at;
    c->f->depth = 0;
    push_level(c->f, true);
    c->f->state = ELEMENT;
    c->at++;
}

static void between(struct hy_cut *c)
{
    char byte = c->data[c->at];
    c->begin = c->at;
    if (byte == '{') {
        start_element(c);
    } else if (is_space(byte) || byte == ',' || byte == '[' || byte == ']') {
        c->begin = ++c->at;
    } else {
        c->f->state = byte == '"' ? JUNK_STRING : JUNK;
        c->at++;
    }
}

/* Where "}, {" lies in data[from, to): the offset behind its closing brace, or 0. */
static size_t find_boundary(const char *data, size_t from, size_t to)
{
    size_t close = 0; /* behind the brace that may be the one */
    bool comma = false;
    for (size_t i = from; i < to; i++) {
        if (data[i] == '}') {
            close = i + 1;
            comma = false;
        } else if (data[i] == ',' && close && !comma) {
            comma = true;
        } else if (data[i] == '{' && close && comma) {
            return close;
        } else if (!is_space(data[i])) {
            close = 0;
        }
    }
    return 0;
}

/* The element is damaged; the byte at c->at shows it. seen: what that byte is for RESYNC. */
static void damaged(struct hy_cut *c, uint8_t seen)
{
    struct hy_framer *f = c->f;
    bool kept = hy_cut_size(c, c->at) <= f->record_bytes_max;
    bool string = f->state == STRING || f->last == AFTER_STRING;
    size_t end = kept && string ? find_boundary(c->data, c->begin + f->mark, c->at) : 0;
    if (end) {
        finish(c, end);
        return;
    }
    f->state = RESYNC;
    f->last = seen;
    if (seen)
        c->at++;
}

static void open_brace(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    bool may = f->last == AFTER_COLON ||
               (!in_object(f) && (f->last == AFTER_OPEN || f->last == AFTER_COMMA));
    if (may || f->depth > STACK_LEVELS) {
        push_level(f, true);
        c->at++;
    } else if (f->last == AFTER_STRING) {
        damaged(c, SEEN_NOTHING);
    } else {
        finish(c, c->at);
    }
}

static void open_bracket(struct hy_cut *c)
{
    if (c->f->last == AFTER_STRING) {
        damaged(c, SEEN_NOTHING);
        return;
    }
    push_level(c->f, false);
    c->at++;
}

/* Closes an object, and arrays in it that were left open. */
static void close_brace(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    if (f->depth <= STACK_LEVELS)
        while (!in_object(f)) /* level 0 is an object */
            f->depth--;
    f->depth--;
    f->last = AFTER_CLOSE;
    c->at++;
    if (f->depth == 0) {
        finish(c, c->at);
        f->whole = true;
    }
}

static void close_bracket(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    if (f->depth <= STACK_LEVELS) {
        uint32_t depth = f->depth;
        while (depth && (f->stack >> (depth - 1) & 1))
            depth--;
        if (depth == 0) { /* none is open in the element: it is the one around it */
            finish(c, c->at);
            return;
        }
        f->depth = depth;
    }
    f->depth--;
    f->last = AFTER_CLOSE;
    c->at++;
}

/* Passes over a string as far as it is plain sailing; leaves the rest to the state STRING. */
static void quote(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    if (f->last >= AFTER_STRING) {
        damaged(c, SEEN_NOTHING);
        return;
    }
    f->mark = hy_cut_size(c, c->at);
    size_t end = hy_scan_near3(c->scan, c->data, c->at + 1, c->len, '"', '\\', '\n');
    if (end < c->len && c->data[end] == '"') {
        f->last = AFTER_STRING;
        c->at = end + 1;
    } else {
        f->state = STRING;
        c->at = end;
    }
}

static void scalar(struct hy_cut *c, uint8_t class)
{
    struct hy_framer *f = c->f;
    if (f->last == AFTER_STRING || f->last == AFTER_CLOSE || class == BACKSLASH) {
        damaged(c, SEEN_NOTHING);
        return;
    }
    f->last = AFTER_SCALAR;
    do
        c->at++;
    while (c->at < c->len && classes[(unsigned char)c->data[c->at]] == SCALAR);
}

static void token(struct hy_cut *c, uint8_t class)
{
    switch (class) {
    case QUOTE:
        quote(c);
        break;
    case OPEN_BRACE:
        open_brace(c);
        break;
    case OPEN_BRACKET:
        open_bracket(c);
        break;
    case CLOSE_BRACE:
        close_brace(c);
        break;
    case CLOSE_BRACKET:
        close_bracket(c);
        break;
    default:
        scalar(c, class);
    }
}

static void element(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    while (c->at < c->len && f->state == ELEMENT) {
        uint8_t class = classes[(unsigned char)c->data[c->at]];
        if (class == COMMA || class == COLON)
            f->last = class == COMMA ? AFTER_COMMA : AFTER_COLON;
        if (class == COMMA || class == COLON || class == SPACE)
            c->at++;
        else
            token(c, class);
    }
}

/* To the end of a string, or to a line end, which no string can hold. */
static void string(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    c->at = c->scan->any3(c->data, c->at, c->len, '"', '\\', '\n');
    if (c->at == c->len)
        return;
    char byte = c->data[c->at];
    if (byte == '\\') {
        f->state = f->state == STRING ? ESCAPE : JUNK_ESCAPE;
        c->at++;
    } else if (byte == '"') {
        f->state = f->state == STRING ? ELEMENT : JUNK;
        f->last = AFTER_STRING;
        c->at++;
    } else if (f->state == STRING) {
        damaged(c, SEEN_LINE);
    } else {
        f->state = JUNK; /* which ends there */
    }
}

static void escape(struct hy_cut *c)
{
    c->f->state = c->f->state == ESCAPE ? STRING : JUNK_STRING;
    if (c->data[c->at] != '\n')
        c->at++;
}

static void resync(struct hy_cut *c)
{
    struct hy_framer *f = c->f;
    char byte = c->data[c->at];
    if (byte == '{' && (f->last == SEEN_LINE || f->last == SEEN_COMMA)) {
        finish(c, c->at);
        return;
    }
    if (byte == '\n')
        f->last = SEEN_LINE;
    else if (byte == '}')
        f->last = SEEN_CLOSE;
    else if (byte == ',')
        f->last = f->last == SEEN_LINE || f->last == SEEN_CLOSE ? SEEN_COMMA : SEEN_NOTHING;
    else if (!is_space(byte))
        f->last = SEEN_NOTHING;
    c->at++;
}

static void junk(struct hy_cut *c)
{
    char byte = c->data[c->at];
    if (byte == ',' || byte == ']' || byte == '[' || byte == '{' || byte == '\n') {
        finish(c, c->at);
        return;
    }
    if (byte == '"')
        c->f->state = JUNK_STRING;
    c->at++;
}

static void step(struct hy_cut *c)
{
    switch (c->f->state) {
    case BETWEEN:
        between(c);
        break;
    case ELEMENT:
        element(c);
        break;
    case STRING:
    case JUNK_STRING:
        string(c);
        break;
    case ESCAPE:
    case JUNK_ESCAPE:
        escape(c);
        break;
    case RESYNC:
        resync(c);
        break;
    default:
        junk(c);
    }
}

size_t hy_frame_json(struct hy_framer *f, char *data, size_t len, bool final,
                     struct hy_frame_out *out)
{
    struct hy_cut c = hy_cut_start(f, data, len, final, out);
    while (!hy_cut_full(&c) && c.at < len)
        step(&c);
    if (c.at == len && !hy_cut_full(&c) && f->state != BETWEEN) {
        if (final)
            finish(&c, len);
        else
            hy_cut_skip(&c, 0);
    }
    return hy_cut_end(&c);
}
