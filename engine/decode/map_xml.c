#include "decode/map_xml.h"

#include <expat.h>
#include <string.h>

#include "decode/map_escape.h"

struct xml {
    XML_Parser parser;
    char *out;
    size_t cap, len;
    size_t text; /* where the text of the innermost element begins: out[text, len) */
    uint32_t depth, depth_max;
    uint32_t xhtml;          /* depth of the element whose markup is left out; 0: none */
    uint64_t open_as_object; /* bit d: the element at depth d is an object already */
    uint64_t has_members;    /* bit d: a comma belongs before the next member */
    hydrant_drop drop;
};

static void fail(struct xml *x, hydrant_drop drop)
{
    if (!x->drop)
        x->drop = drop;
    XML_StopParser(x->parser, XML_FALSE);
}

static void put(struct xml *x, const char *data, size_t len)
{
    if (x->cap - x->len < len) {
        fail(x, HYDRANT_DROP_TOO_LONG);
        return;
    }
    memcpy(x->out + x->len, data, len);
    x->len += len;
}

static void put_escaped(struct xml *x, const char *data, size_t len)
{
    char escaped[HY_MAP_ESCAPE_BYTES];
    for (size_t i = 0; i < len && !x->drop; i++)
        put(x, escaped, hy_map_escape(data[i], escaped));
}

static void put_name(struct xml *x, const char *name)
{
    uint64_t bit = UINT64_C(1) << x->depth;
    if (x->has_members & bit)
        put(x, ",", 1);
    x->has_members |= bit;
    put(x, "\"", 1);
    put_escaped(x, name, strlen(name));
    put(x, "\":", 2);
}

/* The element at x->depth has members: it is written as an object. What text it had so far goes. */
static void become_object(struct xml *x)
{
    uint64_t bit = UINT64_C(1) << x->depth;
    x->len = x->text;
    if (x->open_as_object & bit)
        return;
    put(x, "{", 1);
    x->open_as_object |= bit;
    x->has_members &= ~bit;
}

/* Does an element of XHTML stand in lines of its own? */
static bool is_block(const char *name)
{
    static const char *const names[] = {"p",   "div", "br", "li", "tr", "blockquote",
                                        "pre", "h1",  "h2", "h3", "h4", NULL};
    for (const char *const *at = names; *at; at++)
        if (strcmp(name, *at) == 0)
            return true;
    return false;
}

static void start(void *ctx, const char *name, const char **attributes)
{
    struct xml *x = ctx;
    if (x->xhtml) {
        x->depth++;
        if (is_block(name) && x->len > x->text)
            put_escaped(x, "\n", 1);
        return;
    }
    become_object(x);
    put_name(x, name);
    if (x->depth + 2 > x->depth_max || x->depth + 2 > 63) {
        fail(x, HYDRANT_DROP_TOO_DEEP);
        return;
    }
    x->depth++;
    x->open_as_object &= ~(UINT64_C(1) << x->depth);
    x->text = x->len;
    for (; *attributes && !x->drop; attributes += 2) {
        if (strcmp(attributes[0], "type") == 0 && strcmp(attributes[1], "xhtml") == 0)
            x->xhtml = x->depth;
        become_object(x);
        put_name(x, attributes[0]);
        put(x, "\"", 1);
        put_escaped(x, attributes[1], strlen(attributes[1]));
        put(x, "\"", 1);
        x->text = x->len;
    }
}

/* Is the text nothing but blanks (which are escaped where they are controls)? */
static bool is_blank(const struct xml *x)
{
    for (size_t i = x->text; i < x->len; i++) {
        if (x->out[i] == '\\' && x->len - i >= 6 && x->out[i + 1] == 'u')
            i += 5; /* only control characters are written so */
        else if (x->out[i] != ' ')
            return false;
    }
    return true;
}

/* Puts what the text needs around it: the text itself is in place, moved by the length of before.
 */
static void enclose_text(struct xml *x, const char *before)
{
    size_t len = strlen(before), text_len = x->len - x->text;
    if (x->cap - x->len < len + 1) {
        fail(x, HYDRANT_DROP_TOO_LONG);
        return;
    }
    memmove(x->out + x->text + len, x->out + x->text, text_len);
    memcpy(x->out + x->text, before, len);
    x->len += len;
    put(x, "\"", 1);
}

static void end(void *ctx, const char *name)
{
    struct xml *x = ctx;
    (void)name;
    if (x->drop)
        return;
    if (x->xhtml && x->depth != x->xhtml) {
        x->depth--;
        return;
    }
    x->xhtml = 0;
    uint64_t bit = UINT64_C(1) << x->depth;
    if (!(x->open_as_object & bit)) {
        enclose_text(x, "\"");
    } else {
        if (is_blank(x))
            x->len = x->text;
        else
            enclose_text(x, x->has_members & bit ? ",\"#\":\"" : "\"#\":\"");
        put(x, "}", 1);
    }
    x->depth--;
    x->text = x->len;
}

static void characters(void *ctx, const char *data, int len)
{
    struct xml *x = ctx;
    if (!x->drop)
        put_escaped(x, data, (size_t)len);
}

static void doctype(void *ctx, const char *name, const char *system_id, const char *public_id,
                    int has_internal_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    if (has_internal_subset)
        fail(ctx, HYDRANT_DROP_NOT_JSON);
}

hydrant_drop hy_map_xml(hydrant_str xml, uint32_t depth_max, char *out, size_t cap, size_t *len)
{
    struct xml x = {.out = out, .cap = cap, .depth_max = depth_max};
    x.parser = XML_ParserCreate(NULL);
    if (!x.parser)
        return HYDRANT_DROP_TOO_LONG;
    XML_SetUserData(x.parser, &x);
    XML_SetElementHandler(x.parser, start, end);
    XML_SetCharacterDataHandler(x.parser, characters);
    XML_SetStartDoctypeDeclHandler(x.parser, doctype);
    x.open_as_object = 1; /* depth 0: the object around the document's element */
    put(&x, "{", 1);
    x.text = x.len;
    if (XML_Parse(x.parser, xml.data, (int)xml.len, 1) != XML_STATUS_OK && !x.drop)
        x.drop = HYDRANT_DROP_NOT_JSON;
    XML_ParserFree(x.parser);
    if (!x.drop && x.cap - x.len >= 1)
        x.out[x.len++] = '}';
    *len = x.len;
    return x.drop;
}
