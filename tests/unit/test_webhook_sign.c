/* Signatures of webhooks: RFC 4231's vectors, and headers that are not quite right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "ingest/webhook_sign.h"

static void hex_of(const uint8_t mac[HY_WEBHOOK_MAC_BYTES], char *out)
{
    for (size_t i = 0; i < HY_WEBHOOK_MAC_BYTES; i++)
        snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

static void codes_are_those_of_the_standard(void **state)
{
    (void)state;
    uint8_t mac[HY_WEBHOOK_MAC_BYTES];
    char hex[65], key[131];
    hy_webhook_mac(HY_STR("Jefe"), "what do ya want for nothing?", 28, mac);
    hex_of(mac, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    const char text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    hy_webhook_mac(hy_str(key, sizeof key), text, sizeof text - 1, mac);
    hex_of(mac, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void what_is_signed_for_anybody_is_no_post(void **state)
{
    (void)state;
    static const char *const challenges[] = {"abc", "NjE2Yz/+_-Y0ZA==", "0"};
    static const char *const others[] = {"{}",  "[1]", "\"a\"", "a b",
                                         "a\n", "a.b", "a%",    "\xc3\xa9"};
    for (size_t i = 0; i < sizeof challenges / sizeof *challenges; i++)
        assert_true(hy_webhook_is_challenge(challenges[i], strlen(challenges[i])));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(hy_webhook_is_challenge(others[i], strlen(others[i])));
    assert_false(hy_webhook_is_challenge("a\0b", 3));
}

static void headers_in_hex_and_base_64(void **state)
{
    (void)state;
    uint8_t mac[HY_WEBHOOK_MAC_BYTES];
    char hex[65], base64[HY_WEBHOOK_BASE64_BYTES], header[128];
    hy_webhook_mac(HY_STR("secret"), "body", 4, mac);
    hex_of(mac, hex);
    hy_webhook_base64(mac, base64);
    assert_int_equal(strlen(base64), 44);
    snprintf(header, sizeof header, "sha256=%s", hex);
    assert_true(hy_webhook_mac_is(header, mac));
    for (size_t i = 0; i < strlen(header); i++) { /* any byte that is another one */
        header[i] ^= 1;
        assert_false(hy_webhook_mac_is(header, mac));
        header[i] ^= 1;
    }
    header[strlen(header) - 1] = '\0';
    assert_false(hy_webhook_mac_is(header, mac));
    snprintf(header, sizeof header, "sha256=%s0", hex);
    assert_false(hy_webhook_mac_is(header, mac));
    snprintf(header, sizeof header, "sha256=%s", base64);
    assert_true(hy_webhook_mac_is(header, mac));
    assert_false(hy_webhook_mac_is("sha256=", mac));
    assert_false(hy_webhook_mac_is("", mac));
    assert_false(hy_webhook_mac_is(NULL, mac));
}

static void tokens(void **state)
{
    (void)state;
    assert_true(hy_webhook_token_is("abc", "abc"));
    assert_false(hy_webhook_token_is("abd", "abc"));
    assert_false(hy_webhook_token_is("ab", "abc"));
    assert_false(hy_webhook_token_is("abcd", "abc"));
    assert_false(hy_webhook_token_is(NULL, "abc"));
    assert_false(hy_webhook_token_is("abc", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_those_of_the_standard),
        cmocka_unit_test(what_is_signed_for_anybody_is_no_post),
        cmocka_unit_test(headers_in_hex_and_base_64),
        cmocka_unit_test(tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
