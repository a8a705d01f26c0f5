/*
 * One JSON record: strict against simdjson's DOM, fast against strict. Any difference aborts.
 */
#include <stdlib.h>
#include <string.h>

#include "support/decode_one.h"
#include "support/json_reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 50, DEPTH_MAX = 16, RECORD_MAX = 64 << 10, ROOM = 8 * RECORD_MAX };

static char got[ROOM], wanted[ROOM];

static void check(bool good)
{
    if (!good)
        abort();
}

static bool same(size_t got_len, size_t wanted_len)
{
    return got_len == wanted_len && memcmp(got, wanted, got_len) == 0;
}

static bool is_invalid(hydrant_drop drop)
{
    return drop == HYDRANT_DROP_NOT_JSON || drop == HYDRANT_DROP_INVALID_UTF8 ||
           drop == HYDRANT_DROP_TOO_DEEP;
}

static void check_strict(const struct hy_mention *mention, const char *json, size_t size)
{
    hydrant_mention m;
    hydrant_drop drop = HYDRANT_DROP_NONE;
    uint32_t ignored;
    enum reference_answer answer =
        reference_decode(json, size, DEPTH_MAX, TEXT_MAX, "test", 1, &m, &drop, &ignored);
    if (answer == REFERENCE_UNKNOWN)
        return;
    check(is_invalid(mention->drop) == (answer == REFERENCE_INVALID));
    if (answer == REFERENCE_INVALID)
        return;
    size_t wanted_len = describe_mention(&m, drop, wanted, sizeof wanted);
    check(same(describe_mention(&mention->m, mention->drop, got, sizeof got), wanted_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct decode_one *strict, *fast;
    const char *json = (const char *)data;
    if (!strict) {
        struct hy_decode_options options = {.text_bytes_max = TEXT_MAX, .depth_max = DEPTH_MAX};
        strict = decode_one_create(&options);
        options.parse = HY_PARSE_FAST;
        fast = decode_one_create(&options);
    }
    if (size > RECORD_MAX)
        return 0;
    const struct hy_mention *slow = decode_one(strict, json, size, 1, false);
    check_strict(slow, json, size);

    const struct hy_mention *quick = decode_one(fast, json, size, 1, true);
    size_t wanted_len = describe_mention(&slow->m, slow->drop, wanted, sizeof wanted);
    check(same(describe_mention(&quick->m, quick->drop, got, sizeof got), wanted_len));
    return 0;
}
