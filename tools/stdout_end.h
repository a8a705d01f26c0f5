/*
 * stdout, as all commands end with it: was everything written? What a command prints with stdio is
 * lost without a word when the disk is full, unless somebody asks; main does, for every command.
 *
 * Threads: one at a time.
 */
#ifndef HY_TOOLS_STDOUT_END_H
#define HY_TOOLS_STDOUT_END_H

/* A write to stdout failed, with this errno: for commands that stop then, or do without stdio. The
 * first one counts. */
void stdout_failed(int error);

/* What was given to stdout_failed first; 0: nothing. */
int stdout_error(void);

/* The exit code of a command that ends with code, once all of stdout is flushed. A reader who
 * leaves has seen enough: then it is code. Anything else that went wrong is said on stderr, once,
 * and is a failure. */
int stdout_end(const char *command, int code);

#endif
