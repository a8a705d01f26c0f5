/* Sizes and durations as people write them. */
#include "control/config.h"

#include "base/str.h"

struct unit {
    const char *name;
    uint64_t factor;
};

/* A number without a sign, then a unit of the table. */
static const char *number(hydrant_str text, const struct unit *units, const char *hint,
                          uint64_t *out)
{
    uint64_t value = 0;
    uint32_t at = 0;
    while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9') {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.data[at] - '0'), &value))
            return "the number is too large";
        at++;
    }
    hydrant_str unit = hy_str(text.data + at, text.len - at);
    if (at == 0)
        return hint;
    for (; units->name; units++) {
        if (!hy_str_is(unit, units->name))
            continue;
        return __builtin_mul_overflow(value, units->factor, out) ? "the number is too large" : NULL;
    }
    return hint;
}

const char *hy_config_bytes(hydrant_str text, uint64_t *out)
{
    static const struct unit units[] = {{"", 1},
                                        {"B", 1},
                                        {"KiB", UINT64_C(1) << 10},
                                        {"MiB", UINT64_C(1) << 20},
                                        {"GiB", UINT64_C(1) << 30},
                                        {"TiB", UINT64_C(1) << 40},
                                        {"KB", 1000},
                                        {"MB", 1000000},
                                        {"GB", 1000000000},
                                        {NULL, 0}};
    return number(text, units, "write a size as 65536, 64KiB, 32MiB or 1GiB", out);
}

const char *hy_config_duration(hydrant_str text, uint64_t *out)
{
    static const struct unit units[] = {
        {"us", 1},
        {"ms", 1000},
        {"s", HY_CONFIG_SECOND},
        {"m", 60 * HY_CONFIG_SECOND},
        {"h", HY_CONFIG_HOUR},
        {"d", HY_CONFIG_DAY},
        {NULL, 0},
    };
    if (hy_str_is(text, "0")) {
        *out = 0;
        return NULL;
    }
    return number(text, units, "write a duration as 200ms, 30s, 5m, 24h or 7d", out);
}
