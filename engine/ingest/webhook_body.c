#include "ingest/webhook_body.h"

#include <string.h>

/* How the records of a body lie. False: it is none that anybody reads. */
static bool choose_framing(const struct hy_webhook_form *form, const char *body, size_t len,
                           enum hy_frame_kind *kind)
{
    struct hy_frame_choice choice;
    form->framing->detect(body, len, true, form->format, &choice);
    *kind = choice.kind;
    if (form->format == HY_FORMAT_AUTO &&
        (choice.format == HY_FORMAT_TEXT || choice.format == HY_FORMAT_CSV))
        return false;
    return choice.kind != HY_FRAME_CSV && choice.kind != HY_FRAME_EVENTS;
}

hydrant_status hy_webhook_body_cut(const struct hy_webhook_form *form, char *body, size_t len,
                                   struct hy_gather *gather, uint32_t *records)
{
    enum hy_frame_kind kind;
    struct hy_stream_cut cut;
    *records = 0;
    if (!choose_framing(form, body, len, &kind))
        return HYDRANT_ERR_DATA;
    hy_stream_cut_init(&cut, form->framing, kind, form->record_bytes_max);
    memset(body + len, 0, HY_RECORD_PADDING);
    bool good = hy_stream_cut_run(&cut, body, len, true, gather, records);
    hy_stream_cut_fini(&cut);
    return good ? HYDRANT_OK : HYDRANT_ERR_NOMEM;
}
