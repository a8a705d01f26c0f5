/*
 * hydrant: one program, one file a subcommand (commands.h), the public library only.
 */
#include <fcntl.h>
#include <hydrant/hydrant.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"
#include "tools/commit.h"
#include "tools/rules_input.h"
#include "tools/stdout_end.h"

static const struct {
    const char *name;
    const char *help;
    int (*run)(int argc, char **argv);
} commands[] = {
#define ROW(name, help) {#name, help, cmd_##name},
    HY_COMMAND_TABLE(ROW)
#undef ROW
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *out)
{
    fputs("hydrant finds the posts that a person should act on.\n\n"
          "Usage: hydrant COMMAND [options]\n\nCommands:\n",
          out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].help);
    fputs("\n'hydrant COMMAND --help' says more about each.\n"
          "\n"
          "Exit code: 0 ok; 1 the run failed or the thing checked is bad; 2 usage\n"
          "\n"
          "Examples:\n"
          "  $ hydrant gen --posts 1000 | hydrant scan\n",
          out);
}

/* The command's argv[0] is what a person typed, for getopt's messages: "hydrant scan". */
static int run_command(int index, int argc, char **argv)
{
    char full_name[64];
    snprintf(full_name, sizeof full_name, "hydrant %s", commands[index].name);
    argv[0] = full_name;
    return stdout_end(full_name, commands[index].run(argc, argv));
}

/* Where one of the standard streams is closed, the next file that is opened would get its number,
 * and what is printed would go there: to the dead letters, say, or the ring. Something is put in
 * its place that cannot be read, or written. */
static bool keep_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!keep_standard_streams())
        return HY_EXIT_FAILED;
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error of write, handled there */
    if (argc < 2) {
        print_help(stderr);
        return HY_EXIT_USAGE;
    }
    const char *name = argv[1];
    static char help_option[] = "--help"; /* "help scan" is "scan --help" */
    if (strcmp(name, "help") == 0 && argc > 2) {
        name = argv[1] = argv[2];
        argv[2] = help_option;
        argc = 3;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return stdout_end("hydrant", HY_EXIT_OK);
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("hydrant %s" HY_COMMIT "\n", hydrant_version());
        return stdout_end("hydrant", HY_EXIT_OK);
    }
    if (strcmp(name, RULES_INPUT_COMPILER_COMMAND) == 0) /* not for people */
        return hydrant_compile_serve(STDIN_FILENO);
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return run_command(i, argc - 1, argv + 1);
    fprintf(stderr, "hydrant: no command '%s'; 'hydrant --help' lists them\n", name);
    return HY_EXIT_USAGE;
}
