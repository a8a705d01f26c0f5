/* A WebSocket's URL may be anything: a sentence that says what is wrong, or parts that fit. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "net/websocket_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_websocket_url parts;
    char url[4096];
    if (size >= sizeof url)
        return 0;
    memcpy(url, data, size);
    url[size] = '\0';
    const char *problem = hy_websocket_url_parse(&parts, url);
    HY_ASSERT(!problem || problem[0]);
    if (problem)
        return 0;
    HY_ASSERT(parts.port > 0 && parts.path[0] == '/' && !strchr(parts.path, '#'));
    HY_ASSERT(strlen(parts.path) <= HY_WEBSOCKET_PATH_MAX);
    HY_ASSERT(parts.address[0] && !strpbrk(parts.address, "[]@/?#"));
    HY_ASSERT(strncmp(parts.host + (parts.host[0] == '['), parts.address, strlen(parts.address)) ==
              0);
    return 0;
}
