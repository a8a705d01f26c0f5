/*
 * An HTTP endpoint that others post to, as a source of the daemon (libmicrohttpd, one thread of its
 * own):
 *
 *   POST /v1/mentions   NDJSON, a JSON array, or one payload of a network's webhook
 *     -> 200 {"accepted":N}   every record is safe: in the ring, or in the journal before it
 *     -> 429, Retry-After     not now: send it again later; nothing of it was kept
 *     -> 400 401 413 415 503  never like that; not JSON, not signed, too large, packed, stopping
 *   GET /v1/mentions    what networks ask before they post (hub.challenge, crc_token)
 *
 *   HTTP thread                                         feeding thread
 *   READING -- body whole, signature holds --> QUEUED --take--> TAKEN --committed--> DONE
 *      ^ refused at any time, with an answer     `--- too long ---> DONE (429) <---'
 *
 * The signature is checked on the body as it came, before anything else looks at it. A request is
 * suspended from QUEUED to DONE; whoever makes it DONE resumes it.
 *
 * Bounds: connections, from one address; bytes of a body; bytes of all bodies that are read or wait
 * (then 429); requests that wait (half of the connections, then 429); time for a request to come
 * in, and to be safe.
 */
#ifndef HY_INGEST_INTAKE_WEBHOOK_H
#define HY_INGEST_INTAKE_WEBHOOK_H

#include "batch/framing.h"
#include "ingest/intake.h"

/* What a POST must prove itself with. */
enum hy_webhook_sign {
    HY_WEBHOOK_NOTHING,
    HY_WEBHOOK_BEARER, /* Authorization: Bearer SECRET */
    HY_WEBHOOK_META,   /* X-Hub-Signature-256: sha256=HEX of the body */
    HY_WEBHOOK_X,      /* X-Twitter-Webhooks-Signature: sha256=BASE64 of the body */
};

struct hy_intake_webhook_options {
    const char *name;    /* of the source; outlives it, as all strings do */
    const char *address; /* numeric */
    uint16_t port;       /* 0: any that is free, and the log says which */
    const struct hy_framing *framing;
    enum hy_format format;
    enum hy_webhook_sign sign;
    const char *secret;       /* NULL with NOTHING; copied, and wiped in the end */
    const char *verify_token; /* META: what GET must name to get its challenge back, copied; NULL:
                                 none */
    uint32_t record_bytes_max;
    uint32_t connections_max, of_address_max;
    uint64_t body_bytes_max, waiting_bytes_max;
    uint64_t wait_us; /* the longest that a request waits to be safe */
};

/* HYDRANT_OK or _NOMEM. Nothing is opened before start. */
hydrant_status hy_intake_webhook_create(const struct hy_intake_webhook_options *options,
                                        struct hy_intake **out, hydrant_error *err);

#endif
