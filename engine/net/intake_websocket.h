/*
 * A source that reads messages of a WebSocket, through libwebsockets: Bluesky's Jetstream, relays
 * of Nostr, Mastodon's streams. Each message is one record; what is to be sent first (a
 * subscription) is `send`.
 *
 *   libwebsockets' thread: messages -> inbox (mutex) --eventfd--> feeding thread: chunks
 *         ^ reading stops while the inbox is full <-- taken --+
 *
 * Going on, waiting after failures and secrets are as for HTTP (intake_web.h); no redirect is
 * followed, with a secret or without. A connection on which nothing came is asked with a ping after
 * half of `silence` and let go after it.
 *
 * Limits: a message as limits.record says (the rest of a longer one is let go, so that it counts as
 * too_long); the inbox HY_WEBSOCKET_INBOX bytes and what libwebsockets had read by then.
 * Threads: the feeding thread calls; one thread of the source's own, which shares the inbox, the
 * cursor and figures under a mutex.
 */
#ifndef HY_NET_INTAKE_WEBSOCKET_H
#define HY_NET_INTAKE_WEBSOCKET_H

#include "ingest/intake.h"
#include "net/net_options.h"

enum { HY_WEBSOCKET_INBOX = 1 << 20 };

struct hy_intake_websocket_options {
    const char *name, *folder;        /* of the source; of the configuration */
    const struct hy_web_options *web; /* outlives the source */
    uint32_t record_bytes_max;
};

/* As hy_intake_web_create. */
hydrant_status hy_intake_websocket_create(const struct hy_intake_websocket_options *options,
                                          struct hy_intake **out, hydrant_error *err);

/* As hy_web_check. */
const char *hy_websocket_check(const struct hy_web_options *web, const char **key);

#endif
