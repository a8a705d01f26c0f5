#include "net/fill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

struct filling {
    const struct hy_fill *fill;
    char *out;
    size_t len;
    hydrant_error *err;
    hydrant_status status;
};

static void put(struct filling *f, const char *data, size_t len)
{
    if (f->status != HYDRANT_OK)
        return;
    if (len > HY_FILL_BYTES_MAX - f->len) {
        f->status = hy_error_set(f->err, HYDRANT_ERR_LIMIT,
                                 "a text is over %d bytes when filled in", HY_FILL_BYTES_MAX);
        return;
    }
    memcpy(f->out + f->len, data, len);
    f->len += len;
}

static void put_encoded(struct filling *f, hydrant_str text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            put(f, (const char *)&c, 1);
        else
            put(f, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
    }
}

static bool has_control(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)data[i] < 0x20 || data[i] == 0x7F)
            return true;
    return false;
}

/* ---- secrets ----------------------------------------------------------------------------------
 */

static void put_secret(struct filling *f, const char *data, size_t len, const char *place)
{
    if (has_control(data, len))
        f->status = hy_error_set(f->err, HYDRANT_ERR_ARGUMENT, "%s has control characters", place);
    else
        put(f, data, len);
}

static void put_file(struct filling *f, const char *path, const char *place)
{
    char full[4096];
    static const size_t most = HY_FILL_BYTES_MAX + 2;
    bool relative = path[0] != '/' && f->fill->folder && f->fill->folder[0];
    snprintf(full, sizeof full, "%s%s%s", relative ? f->fill->folder : "", relative ? "/" : "",
             path);
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    char *text = fd < 0 ? NULL : malloc(most);
    ssize_t n = text ? hy_file_read_all(fd, text, most) : -1;
    if (n < 0)
        f->status = hy_error_system(f->err, errno, "cannot read %s", place);
    if (fd >= 0)
        close(fd);
    if (f->status == HYDRANT_OK) {
        size_t len = (size_t)n;
        len -= len && text[len - 1] == '\n';
        len -= len && text[len - 1] == '\r';
        put_secret(f, text, len, place);
    }
    if (text)
        explicit_bzero(text, most);
    free(text);
}

/* What stands in ${...}. */
static void put_place(struct filling *f, hydrant_str name)
{
    char text[1024], place[1040];
    if (name.len == 0 || name.len >= sizeof text) {
        f->status = hy_error_set(f->err, HYDRANT_ERR_ARGUMENT, "${...} has no name that can be");
        return;
    }
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    snprintf(place, sizeof place, "${%s}", text);
    if (strncmp(text, "file:", 5) == 0) {
        put_file(f, text + 5, place);
        return;
    }
    const char *value = getenv(text);
    if (!value)
        f->status = hy_error_set(f->err, HYDRANT_ERR_ARGUMENT,
                                 "%s: the environment has no such variable", place);
    else
        put_secret(f, value, strlen(value), place);
}

/* ---- what the source knows --------------------------------------------------------------------
 */

static void put_value(struct filling *f, hydrant_str value, hydrant_str bound)
{
    char number[32] = "";
    if (bound.len && bound.len < sizeof number) {
        memcpy(number, bound.data, bound.len);
        unsigned long long most = strtoull(number, NULL, 10);
        snprintf(number, sizeof number, "%.*s", (int)(value.len < 20 ? value.len : 20), value.data);
        if (strtoull(number, NULL, 10) > most)
            value = bound;
    }
    if (f->fill->in_url)
        put_encoded(f, value);
    else
        put(f, value.data, value.len);
}

/* {name} or {name:most}. False: it is no place. */
static bool put_named(struct filling *f, hydrant_str inside)
{
    const char *colon = memchr(inside.data, ':', inside.len);
    size_t len = colon ? (size_t)(colon - inside.data) : inside.len;
    hydrant_str name = hy_str(inside.data, len);
    hydrant_str bound = colon ? hy_str(colon + 1, inside.len - len - 1) : HY_STR("");
    for (uint32_t i = 0; i < bound.len; i++)
        if (bound.data[i] < '0' || bound.data[i] > '9')
            return false;
    for (const struct hy_fill_value *v = f->fill->values; v && v->name; v++)
        if (hy_str_is(name, v->name)) {
            put_value(f, v->text, bound);
            return true;
        }
    return false;
}

hydrant_status hy_fill_text(const struct hy_fill *fill, const char *text, char **out,
                            hydrant_error *err)
{
    struct filling f = {.fill = fill, .out = malloc(HY_FILL_BYTES_MAX + 1), .err = err};
    *out = NULL;
    if (!f.out)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for a text");
    for (const char *at = text; *at && f.status == HYDRANT_OK;) {
        bool secret = at[0] == '$' && at[1] == '{';
        const char *close = secret || *at == '{' ? strchr(at, '}') : NULL;
        if (secret && !close) {
            f.status = hy_error_set(err, HYDRANT_ERR_ARGUMENT, "${ without its }");
        } else if (secret) {
            put_place(&f, hy_str(at + 2, (size_t)(close - at - 2)));
            at = close + 1;
        } else if (close && put_named(&f, hy_str(at + 1, (size_t)(close - at - 1)))) {
            at = close + 1;
        } else {
            put(&f, at++, 1);
        }
    }
    f.out[f.len] = '\0';
    if (f.status != HYDRANT_OK)
        hy_fill_free(f.out);
    else
        *out = f.out;
    return f.status;
}

void hy_fill_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

bool hy_fill_has_secret(const char *text)
{
    return text && strstr(text, "${") != NULL;
}

void hy_fill_shown(const char *url, char *out, size_t cap)
{
    const char *host = strstr(url, "://");
    size_t scheme = host ? (size_t)(host + 3 - url) : 0;
    size_t authority = strcspn(url + scheme, "/?#");
    const char *user = memrchr(url + scheme, '@', authority);
    const char *from = user ? user + 1 : url + scheme;
    size_t len = strcspn(from, "?#");
    snprintf(out, cap, "%.*s%.*s", (int)scheme, url, (int)len, from);
}
