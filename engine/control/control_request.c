#include "control/control_request.h"

#include <string.h>

#include "base/str.h"
#include "text/utf8.h"

struct cursor {
    const char *at, *end;
};

struct value {
    enum { TEXT, NUMBER, NOTHING } kind;
    char text[HY_CONTROL_TEXT_BYTES];
    uint64_t number;
};

static const char not_json[] = "the request is not a JSON object";

static void skip_space(struct cursor *c)
{
    while (c->at < c->end && *c->at && strchr(" \t\r\n", *c->at))
        c->at++;
}

static bool take(struct cursor *c, char wanted)
{
    skip_space(c);
    if (c->at == c->end || *c->at != wanted)
        return false;
    c->at++;
    return true;
}

static bool take_word(struct cursor *c, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(c->end - c->at) < len || memcmp(c->at, word, len) != 0)
        return false;
    c->at += len;
    return true;
}

static bool take_hex(struct cursor *c, uint32_t *unit)
{
    if (c->end - c->at < 4 || !hy_hex4(c->at, unit))
        return false;
    c->at += 4;
    return true;
}

/* What stands behind \u: four hex digits, or a surrogate pair. */
static bool take_code_point(struct cursor *c, uint32_t *cp)
{
    uint32_t high, low;
    if (!take_hex(c, &high))
        return false;
    *cp = high;
    return !hy_is_surrogate(high) ||
           (take_word(c, "\\u") && take_hex(c, &low) && hy_surrogate_pair(high, low, cp));
}

/* The next byte of a text, or the character that an escape stands for. No rule has a control
 * character in its name. */
static const char *take_character(struct cursor *c, char out[static 4], size_t *len)
{
    static const char control[] = "a text of the request has a control character";
    static const char escape[] = "a text of the request has an escape that is none";
    uint32_t cp = (unsigned char)*c->at++;
    *len = 1;
    out[0] = (char)cp;
    if (cp != '\\')
        return cp < 0x20 ? control : NULL;
    if (take_word(c, "\"") || take_word(c, "\\") || take_word(c, "/")) {
        out[0] = c->at[-1];
        return NULL;
    }
    if (c->at < c->end && *c->at && strchr("bfnrt", *c->at))
        return control;
    if (!take_word(c, "u") || !take_code_point(c, &cp))
        return escape;
    *len = hy_utf8_encode(cp, out);
    return cp < 0x20 ? control : NULL;
}

static const char *take_text(struct cursor *c, char out[static HY_CONTROL_TEXT_BYTES])
{
    size_t len = 0;
    if (!take(c, '"'))
        return not_json;
    while (c->at < c->end && *c->at != '"') {
        char bytes[4];
        size_t more;
        const char *problem = take_character(c, bytes, &more);
        if (problem)
            return problem;
        if (len + more >= HY_CONTROL_TEXT_BYTES)
            return "a text of the request is too long";
        memcpy(out + len, bytes, more);
        len += more;
    }
    out[len] = '\0';
    return take(c, '"') ? NULL : not_json;
}

static const char *take_value(struct cursor *c, struct value *value)
{
    *value = (struct value){.kind = NOTHING};
    skip_space(c);
    if (c->at < c->end && *c->at == '"') {
        value->kind = TEXT;
        return take_text(c, value->text);
    }
    if (take_word(c, "null"))
        return NULL;
    const char *begin = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        if (__builtin_mul_overflow(value->number, 10, &value->number) ||
            __builtin_add_overflow(value->number, (uint64_t)(*c->at++ - '0'), &value->number))
            return "a number of the request is too large";
    value->kind = NUMBER;
    if (c->at == begin || (*begin == '0' && c->at - begin > 1))
        return "a value of the request is neither a text nor a whole number";
    return NULL;
}

static const char *set_text(char *out, size_t cap, const struct value *value)
{
    if (value->kind == NOTHING)
        return NULL;
    if (value->kind != TEXT)
        return "a text was expected";
    size_t len = strlen(value->text);
    if (len >= cap)
        return "a text of the request is too long";
    memcpy(out, value->text, len + 1);
    return NULL;
}

static const char *set_number(uint64_t *out, const struct value *value)
{
    if (value->kind == TEXT)
        return "a number was expected";
    *out = value->number;
    return NULL;
}

static const char *set(struct hy_control_request *out, const char *key, const struct value *value,
                       uint32_t *given)
{
    static const char *const keys[] = {"command", "rule", "generation", "interval_ms"};
    uint32_t i = 0;
    while (i < 4 && strcmp(key, keys[i]) != 0)
        i++;
    if (i == 4)
        return "the request has a key that is not known";
    if (*given & 1u << i)
        return "the request has a key twice";
    *given |= 1u << i;
    switch (i) {
    case 0:
        return set_text(out->command, sizeof out->command, value);
    case 1:
        return set_text(out->rule, sizeof out->rule, value);
    case 2:
        return set_number(&out->generation, value);
    default:
        return set_number(&out->interval_ms, value);
    }
}

const char *hy_control_request_parse(const char *line, size_t len, struct hy_control_request *out)
{
    struct cursor c = {line, line + len};
    uint32_t given = 0;
    *out = (struct hy_control_request){0};
    if (!hy_utf8_valid(line, len) || !take(&c, '{'))
        return not_json;
    for (bool more = !take(&c, '}'); more;) {
        char key[HY_CONTROL_TEXT_BYTES];
        struct value value;
        const char *problem = take_text(&c, key);
        if (!problem && !take(&c, ':'))
            problem = not_json;
        if (!problem)
            problem = take_value(&c, &value);
        if (!problem)
            problem = set(out, key, &value, &given);
        if (problem)
            return problem;
        more = take(&c, ',');
        if (!more && !take(&c, '}'))
            return not_json;
    }
    skip_space(&c);
    if (c.at != c.end)
        return not_json;
    return out->command[0] ? NULL : "the request has no command";
}
