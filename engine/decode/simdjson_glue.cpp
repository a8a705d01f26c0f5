#include "decode/simdjson_glue.h"

#include <simdjson.h>

bool hy_simdjson_utf8_valid(const char *data, size_t len)
{
    return simdjson::validate_utf8(data, len);
}
