#include "tools/option_number.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool option_number(const char *command, const char *option, const char *text, uint64_t low,
                   uint64_t high, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && value >= low && value <= high) {
        *out = value;
        return true;
    }
    fprintf(stderr, "%s: %s: '%s' is not a number from %llu ", command, option, text,
            (unsigned long long)low);
    if (high == UINT64_MAX)
        fputs("on\n", stderr);
    else
        fprintf(stderr, "to %llu\n", (unsigned long long)high);
    return false;
}

bool option_number32(const char *command, const char *option, const char *text, uint32_t low,
                     uint32_t high, uint32_t *out)
{
    uint64_t value;
    bool good = option_number(command, option, text, low, high, &value);
    if (good)
        *out = (uint32_t)value;
    return good;
}
