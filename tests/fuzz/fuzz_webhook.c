/*
 * What anybody may post to a webhook: first byte: the format it is configured with; then a line,
 * the header with its signature; then the body. Nothing but the right code, as one of its three
 * texts, is taken for a signature, and records are whole, not empty and within the limit.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "frame/framer.h"
#include "ingest/webhook_body.h"
#include "ingest/webhook_sign.h"
#include "support/gathered.h"

enum { LIMIT = 200, HEADER_MAX = 255 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool fact)
{
    if (!fact)
        abort();
}

static void check_signature(const char *header, const char *body, size_t len)
{
    static const char secret[] = "the secret";
    uint8_t mac[HY_WEBHOOK_MAC_BYTES];
    char hex[8 + 2 * HY_WEBHOOK_MAC_BYTES] = "sha256=", upper[sizeof hex] = "sha256=";
    char base64[7 + HY_WEBHOOK_BASE64_BYTES] = "sha256=";
    hy_webhook_mac(HY_STR(secret), body, len, mac);
    for (size_t i = 0; i < HY_WEBHOOK_MAC_BYTES; i++)
        snprintf(hex + 7 + 2 * i, 3, "%02x", mac[i]);
    hy_webhook_base64(mac, base64 + 7);
    require(hy_webhook_mac_is(hex, mac) && hy_webhook_mac_is(base64, mac));
    for (size_t i = 7; hex[i]; i++)
        upper[i] = (char)toupper((unsigned char)hex[i]);
    bool same =
        strcmp(header, base64) == 0 || strcmp(header, hex) == 0 || strcmp(header, upper) == 0;
    require(hy_webhook_mac_is(header, mac) == same);
    mac[len % HY_WEBHOOK_MAC_BYTES] ^= 1;
    require(!hy_webhook_mac_is(hex, mac) && !hy_webhook_mac_is(base64, mac));
    require(hy_webhook_token_is(header, secret) == (strcmp(header, secret) == 0));
}

static void check_body(enum hy_format format, const uint8_t *data, size_t len)
{
    const struct hy_webhook_form form = {&hy_frame_framing, format, LIMIT};
    struct hy_gather gather = {0};
    uint32_t records;
    char *body = calloc(1, len + HY_RECORD_PADDING);
    require(body != NULL);
    memcpy(body, data, len);
    hydrant_status status = hy_webhook_body_cut(&form, body, len, &gather, &records);
    require(status == HYDRANT_OK || (status == HYDRANT_ERR_DATA && !gather.len && !records));
    require(gathered_right(&gather, records, LIMIT + 1));
    hy_gather_fini(&gather);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum hy_format formats[] = {HY_FORMAT_AUTO, HY_FORMAT_NATIVE, HY_FORMAT_TEXT};
    char header[HEADER_MAX + 1] = "";
    if (size < 2)
        return 0;
    const uint8_t *line = data + 1, *newline = memchr(line, '\n', size - 1);
    size_t header_len = newline ? (size_t)(newline - line) : 0;
    const uint8_t *body = newline ? newline + 1 : line;
    size_t len = size - (size_t)(body - data);
    if (header_len > HEADER_MAX)
        return 0;
    memcpy(header, line, header_len);
    check_signature(header, (const char *)body, len);
    if (len)
        check_body(formats[data[0] % 3], body, len);
    return 0;
}
