/* The other end of the daemon's control socket: a line out, a line back. One thread. */
#ifndef HY_TOOLS_CONTROL_CLIENT_H
#define HY_TOOLS_CONTROL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct control_client {
    FILE *stream; /* both ways */
    char *line;   /* the last reply, without its newline */
    size_t cap;
};

/* The interval that text is; false having said that it is none. */
bool control_client_interval(const char *command, const char *text, uint32_t *interval_ms);

/* Which socket: the one that was named, else that of the configuration, else the default. config
 * may be NULL. Writes it to path[256]; false having said why not. */
bool control_client_path(const char *command, const char *socket, const char *config,
                         char path[static 256]);

/* False having said why not, in the name of the command, and how to start a daemon there: with this
 * config, NULL: the default one. */
bool control_client_open(struct control_client *client, const char *command, const char *path,
                         const char *config);
void control_client_close(struct control_client *client);

/* Sends one request (an object). False: the daemon is gone. */
bool control_client_send(struct control_client *client, const char *request);
/* Reads the next line. NULL: the daemon has closed. */
const char *control_client_read(struct control_client *client);

/* Is it there, and no refusal? */
bool control_client_good(const char *reply);

/*
 * A value of a reply: finds the first "key": and copies the value as it stands, without its
 * quotes; false when it is null, or not there. Replies are the daemon's own, so this need not be a
 * whole parser.
 */
bool control_client_value(const char *reply, const char *key, char *out, size_t cap);

/* Prints the objects of an array of the reply below a heading, a row each: the name, and the
 * members that keys names (NULL ends them). Nothing when there are none. */
void control_client_rows(const char *reply, const char *array, const char *heading,
                         const char *const *keys);

#endif
