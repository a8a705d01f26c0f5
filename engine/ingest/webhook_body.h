/*
 * The body of a webhook's request as records: JSON objects, on lines of their own or not, an array,
 * XML; whatever a network sends. A line of NDJSON that is broken costs itself only. A body that is
 * nothing of the kind is told to its sender at once.
 *
 * Bytes of anybody who can connect. Pure; any thread.
 */
#ifndef HY_INGEST_WEBHOOK_BODY_H
#define HY_INGEST_WEBHOOK_BODY_H

#include "ingest/stream_cut.h"

struct hy_webhook_form {
    const struct hy_framing *framing;
    enum hy_format format; /* AUTO: words and tables are none of it, a mistake rather */
    uint32_t record_bytes_max;
};

/*
 * Appends the records of body[0, len) to gather; *records gets how many. HY_RECORD_PADDING bytes
 * behind the body must be there; they and the body may be rewritten. HYDRANT_OK;
 * HYDRANT_ERR_DATA: nobody reads such a body, nothing is appended; NOMEM: gather is of no use.
 */
hydrant_status hy_webhook_body_cut(const struct hy_webhook_form *form, char *body, size_t len,
                                   struct hy_gather *gather, uint32_t *records);

#endif
