#include "bench_limits_json.h"

#include <simdjson.h>

uint32_t bench_json_text_ondemand(const char *data, size_t len)
{
    static simdjson::ondemand::parser parser;
    simdjson::ondemand::document document;
    std::string_view text;
    if (parser.iterate(data, len, len + simdjson::SIMDJSON_PADDING).get(document) ||
        document["text"].get_string().get(text))
        return 0;
    return static_cast<uint32_t>(text.size());
}

uint32_t bench_json_text_dom(const char *data, size_t len)
{
    static simdjson::dom::parser parser;
    simdjson::dom::element element;
    std::string_view text;
    if (parser.parse(data, len, false).get(element) || element["text"].get_string().get(text))
        return 0;
    return static_cast<uint32_t>(text.size());
}
