/* What is asked of whom, of a WebSocket's URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "net/websocket_url.h"

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *url;
        bool tls;
        uint16_t port;
        const char *address, *host, *path;
    } cases[] = {
        {"ws://x.example/a/b?c=d", false, 80, "x.example", "x.example", "/a/b?c=d"},
        {"WSS://x.example", true, 443, "x.example", "x.example", "/"},
        {"ws://x.example:8080?cursor=5", false, 8080, "x.example", "x.example:8080", "/?cursor=5"},
        {"wss://x.example:443/#top", true, 443, "x.example", "x.example", "/"},
        {"wss://x.example:80//a?b=/c?d#e?f", true, 80, "x.example", "x.example:80", "//a?b=/c?d"},
        {"ws://[::1]:9/a", false, 9, "::1", "[::1]:9", "/a"},
        {"ws://[2001:db8::1]", false, 80, "2001:db8::1", "[2001:db8::1]", "/"}};
    struct hy_websocket_url url;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(hy_websocket_url_parse(&url, cases[i].url));
        assert_int_equal(url.tls, cases[i].tls);
        assert_int_equal(url.port, cases[i].port);
        assert_string_equal(url.address, cases[i].address);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.path, cases[i].path);
    }
}

static void what_cannot_be_asked_is_refused(void **state)
{
    static const char *const bad[] = {
        "http://x/",    "ws://",         "ws:///a",       "wss://?a=b",
        "ws://:80/",    "ws://me:pw@x/", "ws://me@x/",    "ws://x:/",
        "ws://x:0/",    "ws://x:65536/", "ws://x:8a/",    "ws://x:99999999999999/",
        "ws://a]b/",    "ws://[[::1]/",  "ws://[::1/",    "ws://[]/",
        "ws://[::1]9/", "wss://[::1]/",  "wss://[::1]:9/"};
    struct hy_websocket_url url;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(hy_websocket_url_parse(&url, bad[i]));
}

static void nothing_is_cut(void **state)
{
    char text[4096];
    struct hy_websocket_url url;
    snprintf(text, sizeof text, "ws://x/%0*d", HY_WEBSOCKET_PATH_MAX - 1, 7);
    assert_null(hy_websocket_url_parse(&url, text));
    assert_string_equal(url.path, text + strlen("ws://x"));
    snprintf(text, sizeof text, "ws://x?%0*d", HY_WEBSOCKET_PATH_MAX - 2, 7);
    assert_null(hy_websocket_url_parse(&url, text));
    assert_int_equal(strlen(url.path), HY_WEBSOCKET_PATH_MAX);
    snprintf(text, sizeof text, "ws://x/%0*d", HY_WEBSOCKET_PATH_MAX, 7);
    assert_non_null(hy_websocket_url_parse(&url, text));
    snprintf(text, sizeof text, "ws://x?%0*d", HY_WEBSOCKET_PATH_MAX - 1, 7);
    assert_non_null(hy_websocket_url_parse(&url, text));
    snprintf(text, sizeof text, "ws://%094d:65535/", 7);
    assert_null(hy_websocket_url_parse(&url, text));
    assert_int_equal(strlen(url.host), HY_WEBSOCKET_HOST_MAX);
    snprintf(text, sizeof text, "ws://%095d:65535/", 7);
    assert_non_null(hy_websocket_url_parse(&url, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(urls_are_taken_apart),
                                       cmocka_unit_test(what_cannot_be_asked_is_refused),
                                       cmocka_unit_test(nothing_is_cut)};
    return cmocka_run_group_tests_name("websocket url", tests, NULL, NULL);
}
