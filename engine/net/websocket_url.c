#include "net/websocket_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* :port, or nothing. False: it is no port. */
static bool read_port(const char *text, size_t len, struct hy_websocket_url *out)
{
    out->port = out->tls ? 443 : 80;
    if (len == 0)
        return true;
    uint32_t port = 0;
    for (size_t i = 1; i < len && port <= UINT16_MAX; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = 10 * port + (uint32_t)(text[i] - '0');
    }
    if (text[0] != ':' || port == 0 || port > UINT16_MAX)
        return false;
    out->port = (uint16_t)port;
    return true;
}

static const char *read_authority(const char *at, size_t len, struct hy_websocket_url *out)
{
    if (memchr(at, '@', len))
        return "a WebSocket's URL has no user; write an Authorization header";
    bool six = len && at[0] == '[';
    const char *end = memchr(at, six ? ']' : ':', len);
    size_t named = end ? (size_t)(end - at) + six : len, inner = named - 2 * (size_t)six;
    if (six && !end)
        return "an address in brackets has no end";
    if (named <= 2 * (size_t)six)
        return "a URL has a host";
    if (memchr(at + six, '[', inner) || memchr(at + six, ']', inner))
        return "brackets stand around an IPv6 address only";
    if (named > HY_WEBSOCKET_HOST_MAX - 6)
        return "a WebSocket's host is at most 94 bytes long";
    if (!read_port(at + named, len - named, out))
        return "a port is a number from 1 to 65535";
    if (six && out->tls)
        return "wss:// needs a host name or an IPv4 address: no certificate is compared with an "
               "IPv6 address";
    snprintf(out->address, sizeof out->address, "%.*s", (int)inner, at + six);
    int said = snprintf(out->host, sizeof out->host, "%.*s", (int)named, at);
    if (out->port != (out->tls ? 443 : 80))
        snprintf(out->host + said, sizeof out->host - (size_t)said, ":%u", out->port);
    return NULL;
}

const char *hy_websocket_url_parse(struct hy_websocket_url *out, const char *url)
{
    *out = (struct hy_websocket_url){.tls = hy_cstr_begins_nocase(url, "wss://")};
    if (!out->tls && !hy_cstr_begins_nocase(url, "ws://"))
        return "a WebSocket's URL begins with wss:// or ws://";
    const char *at = url + (out->tls ? 6 : 5);
    size_t authority = strcspn(at, "/?#");
    const char *problem = read_authority(at, authority, out);
    if (problem)
        return problem;
    at += authority;
    size_t len = strcspn(at, "#");
    bool bare = at[0] != '/';
    if (len + bare > HY_WEBSOCKET_PATH_MAX)
        return "path and query of a WebSocket's URL are at most 2,000 bytes long";
    snprintf(out->path, sizeof out->path, "%s%.*s", bare ? "/" : "", (int)len, at);
    return NULL;
}
