// The library from C++17, as a consumer of the installed package: mentions pushed decoded, items
// taken by a captureless lambda. Prints one line for each item of the lines on stdin.
#include <hydrant/hydrant.h>

#include <iostream>
#include <string>
#include <string_view>

static std::string_view view(hydrant_str text)
{
    return {text.data, text.len};
}

int main()
{
    hydrant_error err{};
    const char *query = "outage OR \"no signal\" OR #fail";
    hydrant_rules rules{};
    rules.queries = &query;
    rules.queries_count = 1;
    hydrant_pack *pack = nullptr;
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK) {
        std::cerr << err.text << '\n';
        return 1;
    }
    hydrant_options options;
    hydrant_options_init(&options);
    options.on_item = [](void *, const hydrant_item *item) {
        std::cout << hydrant_action_name(item->verdict->action) << ' ' << view(item->mention->id)
                  << ' ' << view(item->mention->text) << '\n';
        return true;
    };
    hydrant *engine = nullptr;
    hydrant_status status = hydrant_create(&options, pack, &engine, &err);
    hydrant_pack_destroy(&pack);
    for (std::string line; status == HYDRANT_OK && std::getline(std::cin, line);) {
        hydrant_mention mention{};
        mention.text = {line.data(), static_cast<uint32_t>(line.size())};
        status = hydrant_push_mentions(engine, "stdin", &mention, 1, &err);
    }
    if (status == HYDRANT_OK)
        status = hydrant_drain(engine, &err);
    hydrant_destroy(&engine);
    if (status != HYDRANT_OK)
        std::cerr << err.text << '\n';
    return status == HYDRANT_OK ? 0 : 1;
}
