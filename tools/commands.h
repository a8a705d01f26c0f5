/* The subcommands of the program. Each is one file, gets argv[0] = its name, and returns the exit
 * code: 0 ok, 1 the thing checked is bad or the run failed, 2 usage. */
#ifndef HY_TOOLS_COMMANDS_H
#define HY_TOOLS_COMMANDS_H

/* X(name, "one line for --help") in the order of --help */
#define HY_COMMAND_TABLE(X)                                                                \
    X(scan, "judge mentions from files or stdin, print items")                             \
    X(run, "the daemon: sources to a ring, rules kept up to date")                         \
    X(tail, "print the items of a ring as they come")                                      \
    X(ring, "look inside a ring: figures, check, all items")                               \
    X(ctl, "ask a daemon that runs: status, reload, rollback, drain ...")                  \
    X(top, "what a daemon does, live")                                                     \
    X(score, "print the emotion of each mention or line of text")                          \
    X(check, "validate rules")                                                             \
    X(test, "run the tests beside the rules")                                              \
    X(explain, "show why each rule does or does not match, and which policy line decides") \
    X(backtest, "show what a change of rules would have matched on recorded mentions")     \
    X(init, "write a first configuration and rules for a brand")                           \
    X(journal, "look inside a journal: list, print, verify")                               \
    X(gen, "make a synthetic firehose, with its rules and true answers")

#define HY_COMMAND_DECLARE(name, help) int cmd_##name(int argc, char **argv);
HY_COMMAND_TABLE(HY_COMMAND_DECLARE)
#undef HY_COMMAND_DECLARE

enum { HY_EXIT_OK = 0, HY_EXIT_FAILED = 1, HY_EXIT_USAGE = 2 };

#endif
