/*
 * What a reader is given of a ring's items: filters by action and route, of its group and its own,
 * what passes all of them, and options that are refused. One process, one thread.
 */
#include <stdlib.h>
#include <string.h>

#include "ring/ring_state.h"
#include "ring_small.h"

/* An item with that event, action and route. */
static void put_event(uint64_t n, hydrant_item_event event, hydrant_action action,
                      const char *route)
{
    struct {
        struct hy_ring_item_head head;
        char route[32];
    } item = {.head = {.record = {.bytes = sizeof item, .kind = HY_RING_ITEM},
                       .head_bytes = sizeof item.head,
                       .item_event = (uint8_t)event,
                       .action = (uint8_t)action,
                       .generation = n,
                       .route_at = sizeof item.head,
                       .route_len = (uint32_t)strlen(route)}};
    uint64_t seq;
    strcpy(item.route, route);
    WORLD_CHECK(hy_ring_put(small_writer, &item, sizeof item, NULL, &seq) == HYDRANT_OK, "put");
}

static void put_routed(uint64_t n, hydrant_action action, const char *route)
{
    put_event(n, HYDRANT_ITEM_MENTION, action, route);
}

static void filters(void)
{
    static const char *const care[] = {"care", "legal"}, *const legal[] = {"legal"};
    const struct hy_ring_group_options groups[] = {
        {.name = "all", .from_oldest = true, .policy = HY_RING_BLOCK},
        {.name = "recover",
         .from_oldest = true,
         .policy = HY_RING_BLOCK,
         .actions = 1u << HYDRANT_ACTION_RECOVER},
        {.name = "routes",
         .from_oldest = true,
         .policy = HY_RING_BLOCK,
         .routes = care,
         .routes_count = 2},
        {.name = "both",
         .from_oldest = true,
         .policy = HY_RING_BLOCK,
         .actions = 1u << HYDRANT_ACTION_RECOVER | 1u << HYDRANT_ACTION_THANK,
         .routes = legal,
         .routes_count = 1}};
    small_begin(groups, 4);
    put_routed(0, HYDRANT_ACTION_RECOVER, "care");
    put_routed(1, HYDRANT_ACTION_THANK, "care");
    put_routed(2, HYDRANT_ACTION_RECOVER, "legal");
    put_routed(3, HYDRANT_ACTION_MONITOR, "legal");
    put_routed(4, HYDRANT_ACTION_THANK, "leg"); /* a beginning is not the name */
    put_routed(5, HYDRANT_ACTION_THANK, "");
    small_show();
    static const uint64_t expected[] = {0x3F, 0x05, 0x0F, 0x04};
    for (uint32_t g = 0; g < 4; g++) {
        hydrant_ring *reader = small_member(groups[g].name);
        uint64_t got = small_numbers(reader);
        WORLD_CHECK(got == expected[g], "group %s got %#llx", groups[g].name,
                    (unsigned long long)got);
        hydrant_ring_detach(&reader);
        WORLD_CHECK(small_stats(g).lag == 0, "group %s: what it does not want is left",
                    groups[g].name); /* skipped is acknowledged: it holds up nobody */
    }
    hydrant_ring_options options; /* a reader's own filter comes on top of the group's */
    hydrant_ring_options_init(&options);
    options.group = "routes";
    options.actions = 1u << HYDRANT_ACTION_THANK;
    hydrant_ring *reader = small_attach(&options);
    for (uint64_t n = 6; n < 12; n++)
        put_routed(n, n % 2 ? HYDRANT_ACTION_THANK : HYDRANT_ACTION_RECOVER,
                   n < 9 ? "care" : "desk");
    small_show();
    uint64_t got = small_numbers(reader);
    WORLD_CHECK(got == 1u << 7, "both filters: %#llx", (unsigned long long)got);
    hydrant_ring_detach(&reader);
    hydrant_ring_options_init(&options); /* and an observer's */
    options.from_oldest = true;
    options.routes = legal;
    options.routes_count = 1;
    reader = small_attach(&options);
    got = small_numbers(reader);
    WORLD_CHECK(got == 0x0C, "an observer's filter: %#llx", (unsigned long long)got);
    hydrant_ring_detach(&reader);
    small_end("filters by action and route");
}

/* Who had a post must learn that it is gone, or nobody's business any more: no filter keeps that
 * from anybody, the group's or a reader's. */
static void filters_pass_ends(void)
{
    static const char *const care[] = {"care"};
    const struct hy_ring_group_options groups[] = {{.name = "recover",
                                                    .from_oldest = true,
                                                    .policy = HY_RING_BLOCK,
                                                    .actions = 1u << HYDRANT_ACTION_RECOVER},
                                                   {.name = "routes",
                                                    .from_oldest = true,
                                                    .policy = HY_RING_BLOCK,
                                                    .routes = care,
                                                    .routes_count = 1}};
    small_begin(groups, 2);
    put_event(0, HYDRANT_ITEM_DELETE, HYDRANT_ACTION_NONE, "");
    put_event(1, HYDRANT_ITEM_UPDATE, HYDRANT_ACTION_IGNORE, "");
    put_event(2, HYDRANT_ITEM_UPDATE, HYDRANT_ACTION_MONITOR, "desk");
    put_event(3, HYDRANT_ITEM_MENTION, HYDRANT_ACTION_IGNORE, "");
    put_event(4, HYDRANT_ITEM_SPREAD, HYDRANT_ACTION_MONITOR, "desk");
    put_event(5, HYDRANT_ITEM_UPDATE, HYDRANT_ACTION_RECOVER, "care");
    small_show();
    hydrant_ring_options options;
    hydrant_ring_options_init(&options);
    options.from_oldest = true;
    options.actions = 1u << HYDRANT_ACTION_RECOVER;
    options.routes = care;
    options.routes_count = 1;
    for (int i = 0; i < 3; i++) {
        hydrant_ring *reader = i < 2 ? small_member(groups[i].name) : small_attach(&options);
        uint64_t got = small_numbers(reader);
        WORLD_CHECK(got == 0x23, "reader %d got %#llx", i, (unsigned long long)got);
        hydrant_ring_detach(&reader);
    }
    small_end("filters pass what ends a case");
}

/* Of another size they are another version's, or nobody has filled them: no member, and no observer
 * in its stead. */
static void options_of_another_version(void)
{
    const size_t size = sizeof(hydrant_ring_options), wrong[] = {0, size - 1, size + 1};
    small_begin(NULL, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        hydrant_ring_options options;
        hydrant_ring *reader;
        hydrant_error err = {0};
        hydrant_ring_options_init(&options);
        options.group = "care";
        options.size = wrong[i];
        hydrant_status status = hydrant_ring_attach(small_dir, &options, &reader, &err);
        WORLD_CHECK(status == HYDRANT_ERR_ARGUMENT && !reader, "size %zu: %d", wrong[i], status);
        WORLD_CHECK(strstr(err.text, "hydrant_ring_options_init"), "it says: %s", err.text);
    }
    small_end("options of another version");
}

/* A name that is empty would hide those behind it, and what they name would be passed over. */
static void routes_without_a_name(void)
{
    static const char *const routes[][2] = {{"", "care"}, {"care", ""}, {"", ""}};
    small_begin(NULL, 0);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        hydrant_ring_options options;
        hydrant_ring *reader;
        hydrant_error err = {0};
        hydrant_ring_options_init(&options);
        options.routes = routes[i];
        options.routes_count = 2;
        hydrant_status status = hydrant_ring_attach(small_dir, &options, &reader, &err);
        WORLD_CHECK(status == HYDRANT_ERR_ARGUMENT && !reader, "%zu: %d", i, status);
        WORLD_CHECK(strstr(err.text, "has no name"), "it says: %s", err.text);
    }
    small_end("routes without a name");
}

int main(void)
{
    world_clock_start();
    filters();
    filters_pass_ends();
    options_of_another_version();
    routes_without_a_name();
    return 0;
}
