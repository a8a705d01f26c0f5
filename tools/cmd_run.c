/*
 * hydrant run: the daemon in the foreground. Signals and exit codes here, everything else in the
 * library (hydrant/daemon.h).
 */
#include <getopt.h>
#include <hydrant/daemon.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/terminal.h"

static const char help[] =
    "Reads sources for as long as it runs and writes items to a ring in shared memory.\n"
    "\n"
    "Usage: hydrant run [-c FILE] [--once] [--check] [--schema]\n"
    "\n"
    "  -c, --config FILE  what to run (default: hydrant.yaml)\n"
    "      --once         end when everything that is there now has been read\n"
    "      --check        check the configuration, its rules, secrets and state, run nothing\n"
    "      --schema       print the JSON Schema of the configuration, for editors\n"
    "  -h, --help         this\n"
    "\n"
    "SIGHUP reads the rules again; SIGTERM and SIGINT drain and end: what was taken goes to the\n"
    "ring, then the positions of the sources are saved. A second one does not wait.\n"
    "\n"
    "Exit code: 0 ended as asked; 1 it could not run, the time for the drain was up, or, with\n"
    "--once, nothing of a source could be read; 2 usage\n";

/* Signals are waited for by a thread of their own, which may do whatever a thread may. They are
 * blocked in all others. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static hydrant_daemon *running; /* under the lock; NULL: it has not begun, or is over */
static bool reload_asked;       /* under the lock */

/* Nothing is waited for: what the signal does to a program that does not know it. */
static _Noreturn void end_at_once(int number)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    signal(number, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &one, NULL);
    raise(number);
    _exit(128 + number); /* the first process of a container: no default action ends it */
}

static void on_signal(int number)
{
    static int stops;
    pthread_mutex_lock(&lock);
    if (number == SIGHUP) {
        reload_asked = true;
        if (running)
            hydrant_daemon_reload(running);
    } else if (stops++ > 0 || !running) {
        end_at_once(number);
    } else {
        hydrant_daemon_stop(running);
    }
    pthread_mutex_unlock(&lock);
}

static void *signals_main(void *signals)
{
    for (int number;;)
        if (sigwait(signals, &number) == 0)
            on_signal(number);
    return NULL;
}

/* Before any other thread is started. False: with an error on stderr. */
static bool wait_for_signals(void)
{
    static sigset_t signals;
    pthread_t thread;
    signal(SIGXFSZ, SIG_IGN); /* a file over the limit of its size is an error like a full disk */
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int error = pthread_create(&thread, NULL, signals_main, &signals);
    if (error)
        fprintf(stderr, "hydrant run: cannot start a thread: %s\n", strerror(error));
    else
        pthread_detach(thread);
    return !error;
}

/* Signals are for this daemon from now on; NULL: for none. */
static void set_running(hydrant_daemon *daemon)
{
    pthread_mutex_lock(&lock);
    running = daemon;
    if (daemon && reload_asked) /* while it started, and may have read the rules before */
        hydrant_daemon_reload(daemon);
    pthread_mutex_unlock(&lock);
}

static void on_diagnostic(void *ctx, const hydrant_diagnostic *problem)
{
    fwrite(problem->rendered.data, 1, problem->rendered.len, stderr);
}

static int failed(const hydrant_error *err)
{
    fprintf(stderr, "hydrant run: %s%s%s\n", err->file, err->file[0] ? ": " : "", err->text);
    return HY_EXIT_FAILED;
}

static int check(const hydrant_daemon_options *options)
{
    hydrant_error err = {0};
    if (hydrant_daemon_check(options, &err) != HYDRANT_OK)
        return failed(&err);
    printf("ok: %s\n", options->config);
    return HY_EXIT_OK;
}

static int print_schema(void)
{
    size_t len = hydrant_config_schema(NULL, 0);
    char *schema = malloc(len + 1);
    if (!schema)
        return HY_EXIT_FAILED;
    hydrant_config_schema(schema, len + 1);
    fputs(schema, stdout);
    free(schema);
    return HY_EXIT_OK;
}

static int run(const hydrant_daemon_options *options)
{
    hydrant_daemon *daemon;
    hydrant_error err = {0};
    if (!wait_for_signals()) /* a start may take long, too */
        return HY_EXIT_FAILED;
    if (hydrant_daemon_create(options, &daemon, &err) != HYDRANT_OK)
        return failed(&err);
    set_running(daemon);
    hydrant_status status = hydrant_daemon_run(daemon, &err);
    set_running(NULL);
    hydrant_daemon_destroy(&daemon);
    return status == HYDRANT_OK ? HY_EXIT_OK : failed(&err);
}

int cmd_run(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"config", required_argument, NULL, 'c'}, {"once", no_argument, NULL, 'o'},
        {"check", no_argument, NULL, 'k'},        {"schema", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    hydrant_daemon_options options;
    bool only_check = false;
    hydrant_daemon_options_init(&options);
    options.config = "hydrant.yaml";
    options.compiler = "/proc/self/exe";
    options.on_diagnostic = on_diagnostic;
    options.colour = terminal_wants_colour(stderr);
    for (int c; (c = getopt_long(argc, argv, "c:h", long_options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            options.config = optarg;
            break;
        case 'o':
            options.once = true;
            break;
        case 'k':
            only_check = true;
            break;
        case 's':
            return print_schema();
        case 'h':
            fputs(help, stdout);
            return HY_EXIT_OK;
        default:
            fputs("'hydrant run --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "hydrant run: '%s' is too much; a configuration is named with -c\n",
                argv[optind]);
        return HY_EXIT_USAGE;
    }
    return only_check ? check(&options) : run(&options);
}
