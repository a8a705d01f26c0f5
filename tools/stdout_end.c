#include "tools/stdout_end.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/commands.h"

static int first_error;

void stdout_failed(int error)
{
    if (!first_error)
        first_error = error;
}

int stdout_error(void)
{
    return first_error;
}

/* For a write that failed long ago, of which nobody kept the errno. */
static bool reader_has_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int stdout_end(const char *command, int code)
{
    static bool told;
    if (code > HY_EXIT_USAGE)
        return code; /* a signal, which may have broken off a write */
    if (fflush(stdout) != 0)
        stdout_failed(errno);
    if (!first_error && !ferror(stdout))
        return code;
    if (first_error == EPIPE || (!first_error && reader_has_left()))
        return code;
    if (!told)
        fprintf(stderr, "%s: cannot write to stdout%s%s\n", command, first_error ? ": " : "",
                first_error ? strerror(first_error) : "");
    told = true;
    return code == HY_EXIT_OK ? HY_EXIT_FAILED : code;
}
