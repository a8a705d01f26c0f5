/*
 * hydrant ctl: asks a daemon that runs, over its control socket.
 */
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands.h"
#include "tools/control_client.h"
#include "tools/option_number.h"

static const char help[] =
    "Asks a daemon that runs.\n"
    "\n"
    "Usage: hydrant ctl COMMAND [options]\n"
    "\n"
    "  status           what it does and how far it is\n"
    "  reload           read the rules again, now\n"
    "  history          the generations of the rules, the newest first\n"
    "  rollback [N]     the rules of generation N again; without N those before the present ones\n"
    "  shadowed         the rules that the guard keeps from being published\n"
    "  confirm [RULE]   publish what this rule, or every rule, of these finds\n"
    "  drain            take nothing more, finish, end\n"
    "  watch            events as they come, and the status every --interval, a line each\n"
    "\n"
    "  -s, --socket PATH   the control socket\n"
    "  -c, --config FILE   or the configuration that names it (default: hydrant.yaml when it is\n"
    "                      here, else /run/hydrant/control.sock)\n"
    "      --interval MS   of watch, 50 to 3600000 (default 1000)\n"
    "      --json          the reply as it came, one object\n"
    "  -h, --help          this\n"
    "\n"
    "Exit code: 0 done; 1 no daemon, or it refused; 2 usage\n";

struct ctl {
    const char *socket, *config;
    uint32_t interval_ms; /* of watch */
    bool json;
};

static void print_member(const char *reply, const char *key, const char *label)
{
    char value[512];
    if (control_client_value(reply, key, value, sizeof value) && value[0])
        printf("%-13s %s\n", label, value);
}

/* A figure that says something only when it is not 0. */
static void print_if_any(const char *reply, const char *key, const char *label, const char *more)
{
    char value[32];
    if (control_client_value(reply, key, value, sizeof value) && strcmp(value, "0") != 0)
        printf("%-13s %s%s\n", label, value, more);
}

/* Why records became no items: an object of the reply, in one line. */
static void print_dropped(const char *reply)
{
    static const char wanted[] = "\"dropped\":{";
    const char *at = strstr(reply, wanted);
    char reason[32];
    uint64_t count;
    int len = 0;
    if (!at)
        return;
    at += sizeof wanted - 1;
    for (bool first = true; sscanf(at, "\"%31[^\"]\":%" SCNu64 "%n", reason, &count, &len) == 2;
         first = false) {
        printf(first ? "%-13s " : ", ", "dropped");
        printf("%s %" PRIu64, reason, count);
        at += len;
        at += *at == ',';
    }
    if (len)
        putchar('\n');
}

static void print_status(const char *reply)
{
    static const char *const groups[] = {"lag", "members", "dropped", "spilled", NULL};
    static const char *const sources[] = {"records", "bad", "errors", "ended", "paused", NULL};
    char behind[8];
    print_member(reply, "state", "state");
    print_member(reply, "held_up", "held up");
    print_member(reply, "version", "version");
    print_member(reply, "pid", "pid");
    print_member(reply, "uptime_seconds", "up, seconds");
    print_member(reply, "generation", "generation");
    print_member(reply, "rules", "rules");
    if (control_client_value(reply, "behind", behind, sizeof behind) && strcmp(behind, "true") == 0)
        printf("%-13s %s\n", "behind", "the rules in force are not those of the files");
    print_member(reply, "refused", "refused");
    print_if_any(reply, "shadowed", "shadowed", " (hydrant ctl shadowed names them)");
    print_member(reply, "posts", "posts");
    print_member(reply, "matched", "matched");
    print_member(reply, "published", "published");
    print_dropped(reply);
    print_member(reply, "path", "ring");
    print_member(reply, "checkpoint_at", "checkpoint");
    print_if_any(reply, "checkpoint_failures", "", " checkpoints could not be saved");
    control_client_rows(reply, "sources", "source", sources);
    control_client_rows(reply, "groups", "group", groups);
}

/* The texts of an array of the reply, a line each. */
static void print_texts(const char *reply, const char *array)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"%s\":[", array);
    const char *at = strstr(reply, wanted);
    at = at ? at + strlen(wanted) : "";
    if (*at != '"')
        puts("none");
    while (*at == '"') {
        for (at++; *at && *at != '"'; at++) {
            at += *at == '\\' && at[1];
            putchar(*at);
        }
        putchar('\n');
        at += *at == '"';
        at += *at == ',';
    }
}

/* Each object of an array of the reply as one line. */
static void print_objects(const char *reply, const char *array)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\":[", array);
    const char *at = strstr(reply, wanted);
    for (at = at ? strchr(at, '{') : NULL; at; at = strchr(at, '{')) {
        const char *end = strchr(at, '}');
        if (!end)
            return;
        char object[1024], number[32], when[64], cause[32], changes[128], current[8];
        snprintf(object, sizeof object, "%.*s", (int)(end - at), at);
        if (!control_client_value(object, "generation", number, sizeof number) ||
            !control_client_value(object, "live_at", when, sizeof when) ||
            !control_client_value(object, "cause", cause, sizeof cause) ||
            !control_client_value(object, "changes", changes, sizeof changes) ||
            !control_client_value(object, "current", current, sizeof current))
            return;
        printf("%s %6s  %-28s %-9s %s\n", strcmp(current, "true") == 0 ? "*" : " ", number, when,
               cause, changes);
        at = end;
    }
}

static void print_reply(const char *command, const char *reply)
{
    char generation[32];
    if (strcmp(command, "status") == 0)
        print_status(reply);
    else if (strcmp(command, "history") == 0)
        print_objects(reply, "generations");
    else if (strcmp(command, "shadowed") == 0)
        print_texts(reply, "rules");
    else if (control_client_value(reply, "generation", generation, sizeof generation))
        printf("ok: generation %s\n", generation);
    else
        puts("ok");
}

/* Lines as they come, behind the first one, until the daemon ends or nobody reads them. */
static void watch(struct control_client *client, const char *line)
{
    while (line && puts(line) != EOF && fflush(stdout) == 0)
        line = control_client_read(client);
}

static int ask(const struct ctl *ctl, const char *command, const char *request)
{
    struct control_client client;
    char path[256], problem[600];
    if (!control_client_path("hydrant ctl", ctl->socket, ctl->config, path) ||
        !control_client_open(&client, "hydrant ctl", path, ctl->config))
        return HY_EXIT_FAILED;
    control_client_send(&client, request);
    /* Who is refused may be let go before it has asked, and is told why all the same. */
    const char *reply = control_client_read(&client);
    int code = control_client_good(reply) ? HY_EXIT_OK : HY_EXIT_FAILED;
    if (code == HY_EXIT_OK && strcmp(command, "watch") == 0) {
        watch(&client, reply);
    } else if (code == HY_EXIT_OK && !ctl->json) {
        print_reply(command, reply);
    } else if (reply && !ctl->json) {
        bool why = control_client_value(reply, "error", problem, sizeof problem);
        fprintf(stderr, "hydrant ctl: %s\n", why ? problem : reply);
    } else if (!reply) {
        fprintf(stderr, "hydrant ctl: the daemon at %s has gone\n", path);
    } else {
        puts(reply);
    }
    control_client_close(&client);
    return code;
}

/* The request of a command and its argument (NULL: none). False: they do not go together. */
static bool make_request(const struct ctl *ctl, const char *command, const char *argument,
                         char *out, size_t cap)
{
    static const char *const plain[] = {"status", "reload", "history", "shadowed", "drain"};
    snprintf(out, cap, "{\"command\":\"%s\"}", command);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(command, plain[i]) == 0)
            return !argument;
    if (strcmp(command, "watch") == 0) {
        snprintf(out, cap, "{\"command\":\"watch\",\"interval_ms\":%u}", ctl->interval_ms);
        return !argument;
    }
    if (strcmp(command, "rollback") == 0) {
        uint64_t generation = 0;
        if (argument &&
            !option_number("hydrant ctl", "rollback", argument, 1, INT64_MAX, &generation))
            return false;
        if (argument)
            snprintf(out, cap, "{\"command\":\"rollback\",\"generation\":%" PRIu64 "}", generation);
        return true;
    }
    if (strcmp(command, "confirm") != 0)
        return false;
    if (argument)
        snprintf(out, cap, "{\"command\":\"confirm\",\"rule\":\"%s\"}", argument);
    return !argument || (strlen(argument) < 200 && !strpbrk(argument, "\"\\\n"));
}

int cmd_ctl(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"socket", required_argument, NULL, 's'},   {"config", required_argument, NULL, 'c'},
        {"interval", required_argument, NULL, 'i'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    struct ctl ctl = {.interval_ms = 1000};
    bool good = true;
    for (int c; good && (c = getopt_long(argc, argv, "s:c:h", long_options, NULL)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            return HY_EXIT_OK;
        } else if (c == 's')
            ctl.socket = optarg;
        else if (c == 'c')
            ctl.config = optarg;
        else if (c == 'i')
            good = control_client_interval("hydrant ctl", optarg, &ctl.interval_ms);
        else if (c == 'j')
            ctl.json = true;
        else {
            fputs("'hydrant ctl --help' lists commands and options\n", stderr);
            good = false;
        }
    }
    if (!good)
        return HY_EXIT_USAGE;
    char request[512];
    const char *command = optind < argc ? argv[optind] : "";
    const char *argument = optind + 1 < argc ? argv[optind + 1] : NULL;
    if (optind + 2 < argc || !make_request(&ctl, command, argument, request, sizeof request)) {
        fputs("Usage: hydrant ctl status|reload|history|rollback [N]|shadowed|confirm [RULE]|drain|"
              "watch\n'hydrant ctl --help' says more\n",
              stderr);
        return HY_EXIT_USAGE;
    }
    return ask(&ctl, command, request);
}
