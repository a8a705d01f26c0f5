/*
 * hydrant ring: looks inside a ring, read-only: figures, a check of every byte, all items, dead
 * letters.
 */
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <hydrant/ring.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/json_text.h"
#include "tools/terminal.h"

static const char help[] =
    "Looks inside a ring, read-only; whoever writes or reads it goes on.\n"
    "\n"
    "Usage: hydrant ring stat|verify|dump|dead RING [--json]\n"
    "\n"
    "  stat      sizes, items, and how far each group is\n"
    "  verify    walks every committed byte and the spilled items; says what is wrong first\n"
    "  dump      the items that are there, as NDJSON, with where they lie:\n"
    "            {\"chunk\",\"index\",\"bytes\",\"deliveries\",\"item\"}\n"
    "  dead      the items that groups got too often, as NDJSON, oldest first:\n"
    "            {\"group\",\"bytes\",\"item\"}; the seq is null\n"
    "\n"
    "      --json   stat and verify as one object\n"
    "  -h, --help   this\n"
    "\n"
    "Exit code: 0 ok; 1 no ring, or it is damaged; 2 usage\n";

static int failed(const char *dir, const hydrant_error *err)
{
    fprintf(stderr, "hydrant ring: %s: %s\n", dir, err->text);
    return HY_EXIT_FAILED;
}

static hydrant_str str_of(const char *text)
{
    return (hydrant_str){text, (uint32_t)strlen(text)};
}

static void print_stat_json(const hydrant_ring_stat *stat)
{
    printf("{\"uuid\":\"%s\",\"layout\":%u,\"epoch\":%u,\"engine\":%s,\"ended\":%s,"
           "\"file_bytes\":%" PRIu64 ",\"chunk_bytes\":%" PRIu64 ",\"chunks\":%" PRIu64
           ",\"next_chunk\":%" PRIu64 ",\"items\":%" PRIu64 ",\"item_bytes\":%" PRIu64
           ",\"groups\":[",
           stat->uuid, stat->layout, stat->epoch, stat->engine_lives ? "true" : "false",
           stat->ended ? "true" : "false", stat->file_bytes, stat->chunk_bytes, stat->chunks,
           stat->next_chunk, stat->items, stat->item_bytes);
    for (uint32_t i = 0; i < stat->groups_count; i++) {
        const hydrant_ring_group_stat *group = &stat->groups[i];
        fputs(i ? ",{\"name\":" : "{\"name\":", stdout);
        json_text_put(stdout, str_of(group->name));
        printf(",\"when_slow\":\"%s\",\"members\":%u,\"lag\":", group->policy, group->members);
        if (group->lag == UINT64_MAX)
            fputs("null", stdout);
        else
            printf("%" PRIu64, group->lag);
        printf(",\"dropped\":%" PRIu64 ",\"spilled\":%" PRIu64 ",\"spill_bytes\":%" PRIu64 "}",
               group->dropped, group->spilled, group->spill_bytes);
    }
    puts("]}");
}

static void print_stat_text(const hydrant_ring_stat *stat)
{
    char a[32], b[32], c[32], d[32];
    printf("ring %s, layout %u, epoch %u\n", stat->uuid, stat->layout, stat->epoch);
    printf("engine %s\n", stat->engine_lives ? "runs" : stat->ended ? "has ended" : "is not there");
    printf("%s items, %s bytes, in %s chunks of %s bytes\n", terminal_count(stat->items, a),
           terminal_count(stat->item_bytes, b), terminal_count(stat->chunks, c),
           terminal_count(stat->chunk_bytes, d));
    if (stat->groups_count)
        printf("\n%-24s %-12s %7s %12s %12s %12s %14s\n", "group", "when slow", "members", "lag",
               "dropped", "spilled", "spill bytes");
    for (uint32_t i = 0; i < stat->groups_count; i++) {
        const hydrant_ring_group_stat *g = &stat->groups[i];
        printf("%-24s %-12s %7u %12s %12s %12s %14s\n", g->name, g->policy, g->members,
               g->lag == UINT64_MAX ? "?" : terminal_count(g->lag, a),
               terminal_count(g->dropped, b), terminal_count(g->spilled, c),
               terminal_count(g->spill_bytes, d));
    }
}

static int print_stat(const char *dir, bool json)
{
    hydrant_ring_stat *stat = calloc(1, sizeof *stat);
    hydrant_error err = {0};
    if (!stat || hydrant_ring_stat_read(dir, stat, &err) != HYDRANT_OK) {
        free(stat);
        return failed(dir, &err);
    }
    if (json)
        print_stat_json(stat);
    else
        print_stat_text(stat);
    free(stat);
    return HY_EXIT_OK;
}

static int verify(const char *dir, bool json)
{
    uint64_t items = 0;
    hydrant_error err = {0};
    hydrant_status status = hydrant_ring_verify(dir, &items, &err);
    if (status != HYDRANT_OK && status != HYDRANT_ERR_DATA)
        return failed(dir, &err);
    char number[32];
    if (json) {
        printf("{\"ok\":%s,\"items\":%" PRIu64 ",\"problem\":",
               status == HYDRANT_OK ? "true" : "false", items);
        if (status == HYDRANT_OK)
            fputs("null", stdout);
        else
            json_text_put(stdout, str_of(err.text));
        puts("}");
    } else if (status == HYDRANT_OK) {
        printf("ok: %s items\n", terminal_count(items, number));
    } else {
        printf("damaged: %s (%s items before it are good)\n", err.text,
               terminal_count(items, number));
    }
    return status == HYDRANT_OK ? HY_EXIT_OK : HY_EXIT_FAILED;
}

enum { LINE_BYTES = 4 << 20 };

static int dump(const char *dir)
{
    hydrant_ring_options options;
    hydrant_ring *ring;
    hydrant_ring_item item;
    hydrant_error err = {0};
    char *line = malloc(LINE_BYTES);
    hydrant_ring_options_init(&options);
    options.from_oldest = true;
    if (!line || hydrant_ring_attach(dir, &options, &ring, &err) != HYDRANT_OK) {
        free(line);
        return failed(dir, &err);
    }
    hydrant_status status;
    while ((status = hydrant_ring_next(ring, &item)) == HYDRANT_OK) {
        size_t len = hydrant_ring_item_json(ring, &item, line, LINE_BYTES);
        if (printf("{\"chunk\":%" PRIu64 ",\"index\":%" PRIu64
                   ",\"bytes\":%u,\"deliveries\":%u,\"item\":%.*s}\n",
                   item.seq >> 16, item.seq & 0xFFFF, item.bytes_count, item.deliveries,
                   (int)(len ? len : 4), len ? line : "null") < 0)
            break;
    }
    bool good =
        status == HYDRANT_ERR_AGAIN || status == HYDRANT_ERR_CANCELLED || status == HYDRANT_OK;
    if (!good)
        fprintf(stderr, "hydrant ring: %s: it cannot be read on: 'hydrant ring verify' says why\n",
                dir);
    hydrant_ring_detach(&ring);
    free(line);
    return good ? HY_EXIT_OK : HY_EXIT_FAILED;
}

struct dead_letters {
    hydrant_ring *ring;
    const char *group;
    char *line;
};

static bool print_letter(void *ctx, const hydrant_ring_item *item)
{
    struct dead_letters *dead = ctx;
    size_t len = hydrant_ring_item_json(dead->ring, item, dead->line, LINE_BYTES);
    fputs("{\"group\":", stdout);
    json_text_put(stdout, str_of(dead->group));
    return printf(",\"bytes\":%u,\"item\":%.*s}\n", item->bytes_count, (int)(len ? len : 4),
                  len ? dead->line : "null") > 0;
}

/* Of every durable group. One whose letters cannot be read does not keep the others from it. */
static int print_dead(const char *dir)
{
    hydrant_ring_options options;
    hydrant_ring_stat *stat = malloc(sizeof *stat);
    hydrant_error err = {0};
    struct dead_letters dead = {.line = malloc(LINE_BYTES)};
    int code = HY_EXIT_FAILED;
    hydrant_ring_options_init(&options);
    if (!stat || !dead.line || hydrant_ring_stat_read(dir, stat, &err) != HYDRANT_OK ||
        hydrant_ring_attach(dir, &options, &dead.ring, &err) != HYDRANT_OK) {
        failed(dir, &err);
        goto end;
    }
    code = HY_EXIT_OK;
    for (uint32_t i = 0; i < stat->groups_count; i++) {
        dead.group = stat->groups[i].name;
        if (strcmp(stat->groups[i].policy, "none") != 0 &&
            hydrant_ring_dead_letters(dead.ring, dead.group, print_letter, &dead, &err) !=
                HYDRANT_OK) {
            fprintf(stderr, "hydrant ring: %s: %s: %s\n", dir, dead.group, err.text);
            code = HY_EXIT_FAILED;
        }
    }
end:
    hydrant_ring_detach(&dead.ring);
    free(dead.line);
    free(stat);
    return code;
}

int cmd_ring(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    for (int c; (c = getopt_long(argc, argv, "h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        }
        if (c != 'j') {
            fputs("'hydrant ring --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
        json = true;
    }
    const char *what = optind < argc ? argv[optind] : "";
    if (optind + 2 == argc && strcmp(what, "stat") == 0)
        return print_stat(argv[optind + 1], json);
    if (optind + 2 == argc && strcmp(what, "verify") == 0)
        return verify(argv[optind + 1], json);
    if (optind + 2 == argc && strcmp(what, "dump") == 0)
        return dump(argv[optind + 1]);
    if (optind + 2 == argc && strcmp(what, "dead") == 0)
        return print_dead(argv[optind + 1]);
    fputs("Usage: hydrant ring stat|verify|dump|dead RING; 'hydrant ring --help' says more\n",
          stderr);
    return HY_EXIT_USAGE;
}
