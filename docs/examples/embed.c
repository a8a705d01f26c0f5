/* Embeds hydrant: cc embed.c $(pkg-config --cflags --libs hydrant) && ./a.out < posts.ndjson */
#include <hydrant/hydrant.h>
#include <stdio.h>

static bool on_item(void *ctx, const hydrant_item *item)
{
    /* The delete of a post has no verdict, the end of a post's wait no matches. */
    const hydrant_verdict *verdict = item->verdict;
    hydrant_str rule = item->matches_count > 0 ? item->matches[0].rule : (hydrant_str){"-", 1};
    hydrant_str text = item->mention->text;
    printf("%-8s %3u %.*s: %.*s\n",
           verdict ? hydrant_action_name(verdict->action) : hydrant_item_event_name(item->event),
           verdict ? verdict->priority : 0, (int)rule.len, rule.data, (int)text.len, text.data);
    ++*(unsigned long *)ctx;
    return true; /* false would stop the engine */
}

int main(void)
{
    unsigned long items = 0;
    hydrant_error err = {0};
    hydrant_pack *pack = NULL;
    hydrant *engine = NULL;
    const char *query = "outage OR \"no signal\" OR #fail";
    hydrant_rules rules = {.queries = &query, .queries_count = 1};
    hydrant_options options;
    hydrant_options_init(&options);
    options.on_item = on_item;
    options.ctx = &items;
    hydrant_status status = hydrant_pack_compile(&rules, &pack, &err);
    if (status == HYDRANT_OK)
        status = hydrant_create(&options, pack, &engine, &err);
    char bytes[65536];
    for (size_t len; status == HYDRANT_OK && (len = fread(bytes, 1, sizeof bytes, stdin)) > 0;)
        status = hydrant_push_bytes(engine, "stdin", bytes, len, &err);
    if (status == HYDRANT_OK)
        status = hydrant_drain(engine, &err);
    if (status != HYDRANT_OK)
        fprintf(stderr, "embed: %s\n", err.text);
    hydrant_destroy(&engine);
    hydrant_pack_destroy(&pack);
    return status == HYDRANT_OK && items > 0 ? 0 : 1;
}
