/*
 * hydrant top: what a daemon does, live; on anything but a terminal one line a second.
 */
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/commands.h"
#include "tools/control_client.h"
#include "tools/option_number.h"
#include "tools/terminal.h"

static const char help[] =
    "Shows what a daemon does, once a second, until it ends or you press Ctrl-C.\n"
    "\n"
    "Usage: hydrant top [options]\n"
    "\n"
    "  -s, --socket PATH   the control socket\n"
    "  -c, --config FILE   or the configuration that names it (default: as hydrant ctl)\n"
    "  -n, --count N       end after N views\n"
    "      --interval MS   between two views, 50 to 3600000 (default 1000)\n"
    "      --json          for programs: a view is the status as an object on a line, with\n"
    "                      posts_per_second and published_per_second since the view before (null\n"
    "                      in the first); one view, unless --count or --interval say otherwise\n"
    "  -h, --help          this\n"
    "\n"
    "Where stdout is no terminal each view is one line: state, posts/s, published/s, generation;\n"
    "what happens to the rules meanwhile is told between them, as hydrant ctl watch does.\n"
    "\n"
    "Exit code: 0 ok; 1 no daemon; 2 usage\n";

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    stopped = number;
}

enum { SOURCES_MAX = 64 };

struct view {
    char state[16], generation[24], rules[24], uptime[24], in_flight[24], refused[512],
        held_up[512];
    uint64_t posts, published, actionable;
    uint64_t records[SOURCES_MAX]; /* of each source, in the order of the reply */
    double at;                     /* seconds; 0: there is no view */
};

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t number_of(const char *reply, const char *key)
{
    char text[32];
    return control_client_value(reply, key, text, sizeof text) ? strtoull(text, NULL, 10) : 0;
}

static void read_view(const char *reply, struct view *view)
{
    *view = (struct view){.at = now()};
    control_client_value(reply, "state", view->state, sizeof view->state);
    control_client_value(reply, "generation", view->generation, sizeof view->generation);
    control_client_value(reply, "rules", view->rules, sizeof view->rules);
    control_client_value(reply, "uptime_seconds", view->uptime, sizeof view->uptime);
    control_client_value(reply, "parcels_in_flight", view->in_flight, sizeof view->in_flight);
    control_client_value(reply, "refused", view->refused, sizeof view->refused);
    control_client_value(reply, "held_up", view->held_up, sizeof view->held_up);
    view->posts = number_of(reply, "posts");
    view->published = number_of(reply, "published");
    view->actionable = number_of(reply, "actionable");
}

static uint64_t rate(uint64_t before, uint64_t after, double seconds)
{
    return seconds > 0 && after >= before ? (uint64_t)((double)(after - before) / seconds) : 0;
}

/* 0: there is nothing to compare with. */
static double seconds_between(const struct view *before, const struct view *view)
{
    return before->at > 0 ? view->at - before->at : 0;
}

static const char *rate_text(uint64_t before, uint64_t after, double seconds, char room[32])
{
    return seconds > 0 ? terminal_count(rate(before, after, seconds), room) : "-";
}

/* What each source does: records, their rate since the view before, and how it is. */
static void print_sources(const char *reply, struct view *view, const struct view *before)
{
    const char *at = strstr(reply, "\"sources\":["), *stop = at ? strchr(at, ']') : NULL;
    char name[64], paused[64], newest[40], a[32], b[32];
    double seconds = seconds_between(before, view);
    printf("\n  %-28s %14s %12s %8s %8s %10s  %s\n", "source", "records", "a second", "bad", "open",
           "reconnects", "newest");
    for (int i = 0; at && i < SOURCES_MAX && (at = strchr(at, '{')) && at < stop; i++) {
        if (!control_client_value(at, "name", name, sizeof name))
            return;
        view->records[i] = number_of(at, "records");
        newest[0] = paused[0] = '\0';
        control_client_value(at, "newest_at", newest, sizeof newest);
        control_client_value(at, "paused", paused, sizeof paused);
        printf("  %-28s %14s %12s %8llu %8llu %10llu  %s\n", name,
               terminal_count(view->records[i], a),
               rate_text(before->records[i], view->records[i], seconds, b),
               (unsigned long long)number_of(at, "bad"),
               (unsigned long long)number_of(at, "connections"),
               (unsigned long long)number_of(at, "reconnects"), newest);
        if (paused[0])
            printf("    paused: %s\n", paused);
        at = strchr(at, '}');
    }
}

static void draw(const char *reply, struct view *view, const struct view *before)
{
    static const char *const stream_keys[] = {"committed", "acknowledged", NULL};
    static const char *const group_keys[] = {"lag", "members", "dropped", NULL};
    char a[32], b[32], c[32], d[32];
    double seconds = seconds_between(before, view);
    printf("\033[H\033[Jhydrant %s, up %s s, generation %s, %s rules\n", view->state, view->uptime,
           view->generation, view->rules);
    if (view->refused[0])
        printf("the last change of the rules was refused: %s\n", view->refused);
    if (view->held_up[0])
        printf("%s\n", view->held_up);
    printf("\n  posts      %14s   %10s/s\n  published  %14s   %10s/s\n  in flight  %14s parcels\n",
           terminal_count(view->posts, a), rate_text(before->posts, view->posts, seconds, b),
           terminal_count(view->published, c),
           rate_text(before->published, view->published, seconds, d), view->in_flight);
    print_sources(reply, view, before);
    control_client_rows(reply, "streams", "stream", stream_keys);
    control_client_rows(reply, "groups", "group", group_keys);
}

/* The reply, an object, with the rates in front. */
static void print_json(const char *reply, const struct view *view, const struct view *before)
{
    double seconds = seconds_between(before, view);
    if (seconds > 0)
        printf("{\"posts_per_second\":%llu,\"published_per_second\":%llu,%s\n",
               (unsigned long long)rate(before->posts, view->posts, seconds),
               (unsigned long long)rate(before->published, view->published, seconds), reply + 1);
    else
        printf("{\"posts_per_second\":null,\"published_per_second\":null,%s\n", reply + 1);
}

enum form { FORM_SCREEN, FORM_LINE, FORM_JSON };

static bool show(const char *reply, struct view *before, enum form form)
{
    struct view view;
    read_view(reply, &view);
    double seconds = seconds_between(before, &view);
    if (form == FORM_SCREEN)
        draw(reply, &view, before);
    else if (form == FORM_JSON)
        print_json(reply, &view, before);
    else
        printf("%s posts=%llu posts_per_second=%llu published=%llu published_per_second=%llu "
               "generation=%s\n",
               view.state, (unsigned long long)view.posts,
               (unsigned long long)rate(before->posts, view.posts, seconds),
               (unsigned long long)view.published,
               (unsigned long long)rate(before->published, view.published, seconds),
               view.generation);
    *before = view;
    return fflush(stdout) == 0;
}

static int run(const char *socket, const char *config, uint32_t interval_ms, uint64_t count,
               bool json)
{
    struct control_client client;
    char path[256], request[128];
    if (!control_client_path("hydrant top", socket, config, path) ||
        !control_client_open(&client, "hydrant top", path, config))
        return HY_EXIT_FAILED;
    snprintf(request, sizeof request, "{\"command\":\"watch\",\"interval_ms\":%u}", interval_ms);
    enum form form = json ? FORM_JSON : terminal_is(stdout) ? FORM_SCREEN : FORM_LINE;
    struct view before = {0};
    uint64_t shown = 0;
    /* One view at once, with nothing to compare it to. Who is refused may be let go before it has
     * asked, and is told why all the same. */
    control_client_send(&client, "{\"command\":\"status\"}");
    const char *reply = control_client_read(&client);
    int code = control_client_good(reply) ? HY_EXIT_OK : HY_EXIT_FAILED;
    if (code != HY_EXIT_OK)
        fprintf(stderr, "hydrant top: %s\n", reply ? reply : "the daemon has gone");
    bool going = code == HY_EXIT_OK && show(reply, &before, form) && ++shown != count &&
                 control_client_send(&client, request);
    while (going && !stopped && (reply = control_client_read(&client)))
        if (strncmp(reply, "{\"ok\":true", 10) == 0)
            going = show(reply, &before, form) && ++shown != count;
        else if (form != FORM_SCREEN)
            going = puts(reply) != EOF && fflush(stdout) == 0; /* an event */
    control_client_close(&client);
    return code;
}

int cmd_top(int argc, char **argv)
{
    static const struct option long_options[] = {{"socket", required_argument, NULL, 's'},
                                                 {"config", required_argument, NULL, 'c'},
                                                 {"count", required_argument, NULL, 'n'},
                                                 {"interval", required_argument, NULL, 'i'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    const char *socket = NULL, *config = NULL;
    uint32_t interval_ms = 0;
    uint64_t count = 0; /* without end */
    bool good = true, json = false;
    for (int c; good && (c = getopt_long(argc, argv, "s:c:n:h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        } else if (c == 's')
            socket = optarg;
        else if (c == 'c')
            config = optarg;
        else if (c == 'n')
            good = option_number("hydrant top", "--count", optarg, 1, UINT64_MAX, &count);
        else if (c == 'j')
            json = true;
        else if (c == 'i')
            good = control_client_interval("hydrant top", optarg, &interval_ms);
        else {
            fputs("'hydrant top --help' lists the options\n", stderr);
            good = false;
        }
    }
    if (good && optind < argc)
        fprintf(stderr, "hydrant top: unexpected argument '%s'\n", argv[optind]);
    if (!good || optind < argc)
        return HY_EXIT_USAGE;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    if (json && !count && !interval_ms)
        count = 1;
    return run(socket, config, interval_ms ? interval_ms : 1000, count, json);
}
