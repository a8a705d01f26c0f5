/*
 * The subcommands of the program, one file each. argc and argv are the subcommand's own: argv[0] is
 * its name. The result is the exit code: 0 ok, 1 the run failed, 2 usage.
 */
#ifndef HY_TOOLS_COMMANDS_H
#define HY_TOOLS_COMMANDS_H

int cmd_gen(int argc, char **argv);
int cmd_init(int argc, char **argv);

#endif
