/*
 * hydrant tail: a router in one line. Items of a ring as NDJSON (cards on a terminal); with a group
 * it acknowledges what it has printed.
 */
#include <errno.h>
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <hydrant/ring.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/option_number.h"
#include "tools/stdout_end.h"
#include "tools/terminal.h"

static const char help[] =
    "Prints the items of a ring, one JSON object a line.\n"
    "\n"
    "Usage: hydrant tail RING [options]\n"
    "\n"
    "  -g, --group NAME     as a member of this group: each item goes to one member, and is\n"
    "                       acknowledged when it is printed. Without it an observer, which\n"
    "                       acknowledges nothing and begins with the oldest item that is there\n"
    "  -f, --follow         wait for more instead of ending when everything is printed\n"
    "  -n, --count N        end after N items\n"
    "      --action A,...   only items with one of these actions\n"
    "      --route R,...    only items with one of these routes; what ends a case, a delete or\n"
    "                       an update to ignore, is shown with both\n"
    "      --new            observers: only what comes from now on (with --follow)\n"
    "      --json           NDJSON even on a terminal\n"
    "  -h, --help           this\n"
    "\n"
    "RING is the ring's folder, as /dev/shm/hydrant/main. A group that the configuration declares\n"
    "keeps its place while nobody reads; another one ends with its last member.\n"
    "\n"
    "Exit code: 0 ok; 1 the ring cannot be read, or items were lost to this reader; 2 usage\n"
    "\n"
    "Examples:\n"
    "  $ hydrant tail /dev/shm/hydrant/main -g care -f | jq -c '[.verdict.action, .text]'\n";

enum { LINE_BYTES = 4 << 20, ROUTES_MAX = 64 };

struct tail {
    const char *dir;
    hydrant_ring_options options;
    const char *routes[ROUTES_MAX];
    bool follow, json;
    uint64_t count; /* 0: no end */
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    stopped = number;
}

/* A list without a name would let everything through. */
static bool names_any(const char *option, bool any)
{
    if (!any)
        fprintf(stderr, "hydrant tail: %s: nothing is named\n", option);
    return any;
}

static bool parse_actions(struct tail *tail, char *list)
{
    for (char *save, *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        int action = HYDRANT_ACTION_THANK;
        while (action <= HYDRANT_ACTION_MONITOR &&
               strcmp(name, hydrant_action_name((hydrant_action)action)) != 0)
            action++;
        if (action > HYDRANT_ACTION_MONITOR) {
            fprintf(stderr,
                    "hydrant tail: no action '%s'; there are thank, respond, recover, correct, "
                    "share, monitor\n",
                    name);
            return false;
        }
        tail->options.actions |= 1u << action;
    }
    return names_any("--action", tail->options.actions);
}

static bool parse_routes(struct tail *tail, char *list)
{
    for (char *save, *name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
        if (tail->options.routes_count == ROUTES_MAX) {
            fprintf(stderr, "hydrant tail: more than %d routes\n", ROUTES_MAX);
            return false;
        }
        tail->routes[tail->options.routes_count++] = name;
    }
    tail->options.routes = tail->routes;
    return names_any("--route", tail->options.routes_count > 0);
}

/* -1: go on; else the exit code. */
static int parse_options(struct tail *tail, int argc, char **argv)
{
    static const struct option long_options[] = {{"group", required_argument, NULL, 'g'},
                                                 {"follow", no_argument, NULL, 'f'},
                                                 {"count", required_argument, NULL, 'n'},
                                                 {"action", required_argument, NULL, 'a'},
                                                 {"route", required_argument, NULL, 'r'},
                                                 {"new", no_argument, NULL, 'w'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    bool good = true;
    for (int c; good && (c = getopt_long(argc, argv, "g:fn:h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        } else if (c == 'g')
            tail->options.group = optarg;
        else if (c == 'f')
            tail->follow = true;
        else if (c == 'w')
            tail->options.from_oldest = false;
        else if (c == 'j')
            tail->json = true;
        else if (c == 'n')
            good = option_number("hydrant tail", "--count", optarg, 1, UINT64_MAX, &tail->count);
        else if (c == 'a')
            good = parse_actions(tail, optarg);
        else if (c == 'r')
            good = parse_routes(tail, optarg);
        else {
            fputs("'hydrant tail --help' lists the options\n", stderr);
            good = false;
        }
    }
    if (!good)
        return HY_EXIT_USAGE;
    if (optind + 1 != argc) {
        fputs("hydrant tail: name one ring, as /dev/shm/hydrant/main\n", stderr);
        return HY_EXIT_USAGE;
    }
    tail->dir = argv[optind];
    return -1;
}

/* HYDRANT_ERR_SYSTEM: it could not be written; _DATA: it could not be read. */
static hydrant_status print_item(const struct tail *tail, hydrant_ring *ring,
                                 const hydrant_ring_item *item, char *line)
{
    hydrant_item full;
    if (!tail->json && terminal_is(stdout)) {
        if (hydrant_ring_item_read(ring, item, &full) != HYDRANT_OK)
            return HYDRANT_ERR_DATA;
        terminal_card(stdout, &full, terminal_wants_colour(stdout));
        return ferror(stdout) ? HYDRANT_ERR_SYSTEM : HYDRANT_OK;
    }
    size_t len = hydrant_ring_item_json(ring, item, line, LINE_BYTES);
    if (len == 0 || len >= LINE_BYTES)
        return HYDRANT_ERR_DATA;
    line[len++] = '\n';
    return fwrite(line, 1, len, stdout) == len ? HYDRANT_OK : HYDRANT_ERR_SYSTEM;
}

/* Prints until there is nothing more to print. */
static hydrant_status print_all(const struct tail *tail, hydrant_ring *ring, char *line)
{
    uint64_t printed = 0;
    hydrant_status status = HYDRANT_OK;
    while (!stopped && (!tail->count || printed < tail->count)) {
        hydrant_ring_item item;
        status = hydrant_ring_next(ring, &item);
        if (status == HYDRANT_OK) {
            status = print_item(tail, ring, &item, line);
            if (status != HYDRANT_OK)
                break; /* not acknowledged: it comes again */
            printed++;
            if (tail->options.group) {
                if (fflush(stdout) != 0)
                    return HYDRANT_ERR_SYSTEM;
                hydrant_ring_ack(ring, item.seq); /* taken away meanwhile: another has it again */
            }
            continue;
        }
        if (status != HYDRANT_ERR_AGAIN)
            break;
        status = HYDRANT_OK;
        if (!tail->follow)
            break;
        if (fflush(stdout) != 0)
            return HYDRANT_ERR_SYSTEM;
        hydrant_ring_wait(ring, 500);
    }
    if (fflush(stdout) != 0)
        return HYDRANT_ERR_SYSTEM;
    return status == HYDRANT_ERR_CANCELLED ? HYDRANT_OK : status; /* the engine has ended */
}

static int run(const struct tail *tail)
{
    hydrant_ring *ring;
    hydrant_error err = {0};
    char *line = malloc(LINE_BYTES + 1);
    if (!line || hydrant_ring_attach(tail->dir, &tail->options, &ring, &err) != HYDRANT_OK) {
        fprintf(stderr, "hydrant tail: %s: %s\n", tail->dir, line ? err.text : "no memory");
        free(line);
        return HY_EXIT_FAILED;
    }
    uint64_t before =
        hydrant_ring_lost(ring); /* a group's, since it was there: no loss of this run */
    hydrant_status status = print_all(tail, ring, line);
    int error = errno;
    uint64_t lost = hydrant_ring_lost(ring) - before;
    hydrant_ring_detach(&ring);
    free(line);
    if (status == HYDRANT_ERR_SYSTEM && error == EPIPE)
        status = HYDRANT_OK; /* the reader has seen enough */
    if (status == HYDRANT_ERR_SYSTEM)
        stdout_failed(error);
    else if (status == HYDRANT_ERR_STATE)
        fprintf(stderr,
                "hydrant tail: %s: the engine changed group %s meanwhile: start again to join it\n",
                tail->dir, tail->options.group);
    else if (status != HYDRANT_OK && status != HYDRANT_ERR_SYSTEM)
        fprintf(stderr, "hydrant tail: %s: an item cannot be read: it is damaged, or too large\n",
                tail->dir);
    char number[32];
    if (lost)
        fprintf(stderr, "hydrant tail: %s items were gone before they were read\n",
                terminal_count(lost, number));
    return status == HYDRANT_OK && !lost ? HY_EXIT_OK : HY_EXIT_FAILED;
}

int cmd_tail(int argc, char **argv)
{
    struct tail tail = {0};
    hydrant_ring_options_init(&tail.options);
    tail.options.from_oldest = true;
    int code = parse_options(&tail, argc, argv);
    if (code >= 0)
        return code;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return run(&tail);
}
