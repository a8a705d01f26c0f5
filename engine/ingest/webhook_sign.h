/*
 * Who sent a request: signatures over its raw body, and tokens. Comparisons take the same time
 * whatever is wrong. Pure.
 */
#ifndef HY_INGEST_WEBHOOK_SIGN_H
#define HY_INGEST_WEBHOOK_SIGN_H

#include <hydrant/types.h>

enum { HY_WEBHOOK_MAC_BYTES = 32, HY_WEBHOOK_BASE64_BYTES = 45 };

/* HMAC-SHA256. */
void hy_webhook_mac(hydrant_str secret, const char *body, size_t len,
                    uint8_t out[HY_WEBHOOK_MAC_BYTES]);
/* In base 64, NUL-terminated. */
void hy_webhook_base64(const uint8_t mac[HY_WEBHOOK_MAC_BYTES], char out[HY_WEBHOOK_BASE64_BYTES]);

/* Is the text of a header "sha256=" and this code, in hex (either case) or base 64? */
bool hy_webhook_mac_is(const char *header, const uint8_t mac[HY_WEBHOOK_MAC_BYTES]);
/* Is it made of letters, digits and + / = _ - alone, as a challenge that is answered with its code
 * is? Nothing else may be signed for whoever asks, and nothing like it be taken for a post: the
 * answer would be a stranger's signature under a body of his own. */
bool hy_webhook_is_challenge(const char *text, size_t len);
/* Are both texts the same? NULL is no text. */
bool hy_webhook_token_is(const char *given, const char *wanted);

#endif
