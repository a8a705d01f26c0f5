#include "decode/simdjson_tape.h"

#include <new>

#include <simdjson.h>

struct hy_simdjson {
    simdjson::dom::parser parser;
    simdjson::dom::document document;
    size_t bytes_max;
};

struct hy_simdjson *hy_simdjson_create(size_t bytes_max, size_t depth_max)
{
    auto *p = new (std::nothrow) hy_simdjson;
    if (!p)
        return nullptr;
    p->bytes_max = bytes_max < 64 ? 64 : bytes_max;
    if (p->parser.allocate(p->bytes_max, depth_max) != simdjson::SUCCESS ||
        p->document.allocate(p->bytes_max) != simdjson::SUCCESS) {
        delete p;
        return nullptr;
    }
    return p;
}

void hy_simdjson_destroy(struct hy_simdjson *parser)
{
    delete parser;
}

static enum hy_simdjson_answer answer_of(simdjson::error_code error)
{
    switch (error) {
    case simdjson::SUCCESS:
        return HY_SIMDJSON_OK;
    case simdjson::UTF8_ERROR:
        return HY_SIMDJSON_UTF8;
    case simdjson::DEPTH_ERROR:
        return HY_SIMDJSON_DEEP;
    case simdjson::CAPACITY:
        return HY_SIMDJSON_LARGE;
    case simdjson::NUMBER_ERROR:
        return HY_SIMDJSON_NUMBER;
    default:
        return HY_SIMDJSON_NOT_JSON;
    }
}

enum hy_simdjson_answer hy_simdjson_parse(struct hy_simdjson *p, const char *json, size_t len,
                                          struct hy_simdjson_document *out)
{
    if (len > p->bytes_max)
        return HY_SIMDJSON_LARGE;
    if (len == 0)
        return HY_SIMDJSON_NOT_JSON;
    auto result = p->parser.parse_into_document(p->document, json, len, false);
    if (result.error() == simdjson::SUCCESS)
        *out = {p->document.tape.get(), p->document.string_buf.get(),
                p->parser.implementation->structural_indexes.get(),
                p->parser.implementation->n_structural_indexes};
    return answer_of(result.error());
}
