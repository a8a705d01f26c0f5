/*
 * A WebSocket's URL, taken apart for libwebsockets, which takes no more of it than fits its own
 * buffers, and says nothing of the rest.
 *
 * Limits: HY_WEBSOCKET_PATH_MAX, HY_WEBSOCKET_HOST_MAX. No user and no password: nobody would send
 * them. wss:// to an IPv6 address is refused: libwebsockets cuts what it compares with the
 * certificate at the first colon.
 *
 * Pure.
 */
#ifndef HY_NET_WEBSOCKET_URL_H
#define HY_NET_WEBSOCKET_URL_H

#include <hydrant/types.h>

enum {
    HY_WEBSOCKET_PATH_MAX = 2000, /* bytes, query included */
    HY_WEBSOCKET_HOST_MAX = 100,  /* bytes, port included */
    HY_WEBSOCKET_CURSOR_ROOM = 64 /* bytes that a URL with resume leaves for a cursor */
};

struct hy_websocket_url {
    bool tls;
    uint16_t port;
    char address[HY_WEBSOCKET_HOST_MAX + 1]; /* a name, or an address without brackets */
    char host[HY_WEBSOCKET_HOST_MAX + 1]; /* of the header: the port where it is none of 80, 443 */
    char path[HY_WEBSOCKET_PATH_MAX + 1]; /* and query: it begins with / and has no fragment */
};

/* Returns NULL, or what is wrong, a sentence. The path may hold secrets: wipe the struct. */
const char *hy_websocket_url_parse(struct hy_websocket_url *out, const char *url);

#endif
