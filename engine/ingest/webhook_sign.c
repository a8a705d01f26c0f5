#include "ingest/webhook_sign.h"

#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdio.h>
#include <string.h>

void hy_webhook_mac(hydrant_str secret, const char *body, size_t len,
                    uint8_t out[HY_WEBHOOK_MAC_BYTES])
{
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, secret.len, (const uint8_t *)secret.data);
    hmac_sha256_update(&context, len, (const uint8_t *)body);
    hmac_sha256_digest(&context, HY_WEBHOOK_MAC_BYTES, out);
}

void hy_webhook_base64(const uint8_t mac[HY_WEBHOOK_MAC_BYTES], char out[HY_WEBHOOK_BASE64_BYTES])
{
    base64_encode_raw(out, HY_WEBHOOK_MAC_BYTES, mac);
    out[HY_WEBHOOK_BASE64_BYTES - 1] = '\0';
}

static bool same(const char *given, const char *wanted, size_t len)
{
    return strlen(given) == len && memeql_sec(given, wanted, len);
}

bool hy_webhook_mac_is(const char *header, const uint8_t mac[HY_WEBHOOK_MAC_BYTES])
{
    static const char prefix[] = "sha256=";
    char hex[2 * HY_WEBHOOK_MAC_BYTES + 1], upper[sizeof hex], base64[HY_WEBHOOK_BASE64_BYTES];
    if (!header || strncmp(header, prefix, sizeof prefix - 1) != 0)
        return false;
    header += sizeof prefix - 1;
    for (int i = 0; i < HY_WEBHOOK_MAC_BYTES; i++) {
        snprintf(hex + 2 * (size_t)i, 3, "%02x", mac[i]);
        snprintf(upper + 2 * (size_t)i, 3, "%02X", mac[i]);
    }
    hy_webhook_base64(mac, base64);
    return same(header, hex, sizeof hex - 1) || same(header, upper, sizeof upper - 1) ||
           same(header, base64, sizeof base64 - 1);
}

bool hy_webhook_is_challenge(const char *text, size_t len)
{
    static const char others[] = "+/=_-";
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    memchr(others, c, sizeof others - 1);
        if (!good)
            return false;
    }
    return true;
}

bool hy_webhook_token_is(const char *given, const char *wanted)
{
    return given && wanted && same(given, wanted, strlen(wanted));
}
