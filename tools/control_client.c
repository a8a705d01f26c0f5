#include "tools/control_client.h"

#include <errno.h>
#include <hydrant/daemon.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/option_number.h"

static void print_problem(void *ctx, const hydrant_diagnostic *problem)
{
    fwrite(problem->rendered.data, 1, problem->rendered.len, stderr);
}

bool control_client_interval(const char *command, const char *text, uint32_t *interval_ms)
{
    enum { MIN_MS = 50, MAX_MS = 3600000 }; /* the daemon takes no other */
    return option_number32(command, "--interval", text, MIN_MS, MAX_MS, interval_ms);
}

bool control_client_path(const char *command, const char *named, const char *config,
                         char path[static 256])
{
    hydrant_config_paths paths;
    hydrant_error err = {0};
    if (named) {
        snprintf(path, 256, "%s", named);
        return true;
    }
    if (!config && access("hydrant.yaml", R_OK) == 0)
        config = "hydrant.yaml";
    if (!config) {
        snprintf(path, 256, "/run/hydrant/control.sock");
        return true;
    }
    hydrant_status status = hydrant_config_check(config, false, print_problem, NULL, &paths, &err);
    if (status != HYDRANT_OK && !paths.control[0]) { /* other paths may be too long */
        fprintf(stderr, "%s: %s%s%s\n", command, err.file, err.file[0] ? ": " : "", err.text);
        return false;
    }
    snprintf(path, 256, "%s", paths.control);
    return true;
}

bool control_client_open(struct control_client *client, const char *command, const char *path,
                         const char *config)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    *client = (struct control_client){0};
    if (strlen(path) >= sizeof at.sun_path) {
        fprintf(stderr, "%s: the path of the socket is too long: %s\n", command, path);
        return false;
    }
    strcpy(at.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        client->stream = fdopen(fd, "r+");
    if (client->stream)
        return true;
    int error = errno;
    if (fd >= 0)
        close(fd);
    fprintf(stderr, "%s: no daemon at %s: %s\n", command, path, strerror(error));
    if (error == ENOENT || error == ECONNREFUSED)
        fprintf(stderr, "%sstart one with 'hydrant run -c %s', or name its socket with --socket\n",
                error == ECONNREFUSED ? "the socket of one that has ended: " : "",
                config ? config : "hydrant.yaml");
    return false;
}

void control_client_close(struct control_client *client)
{
    if (client->stream)
        fclose(client->stream);
    free(client->line);
    *client = (struct control_client){0};
}

bool control_client_send(struct control_client *client, const char *request)
{
    return dprintf(fileno(client->stream), "%s\n", request) > 0; /* what cannot go is not kept */
}

const char *control_client_read(struct control_client *client)
{
    ssize_t len = getline(&client->line, &client->cap, client->stream);
    if (len <= 0)
        return NULL;
    if (client->line[len - 1] == '\n')
        client->line[len - 1] = '\0';
    return client->line;
}

bool control_client_good(const char *reply)
{
    return reply && strncmp(reply, "{\"ok\":false", 11) != 0;
}

bool control_client_value(const char *reply, const char *key, char *out, size_t cap)
{
    char wanted[64];
    int len = snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = strstr(reply, wanted);
    if (!at || cap == 0)
        return false;
    at += len;
    bool text = *at == '"';
    if (strncmp(at, "null", 4) == 0)
        return false;
    size_t used = 0;
    for (at += text; *at && (text ? *at != '"' : !strchr(",}]", *at)) && used + 1 < cap; at++) {
        if (text && *at == '\\' && at[1])
            at++;
        out[used++] = *at;
    }
    out[used] = '\0';
    return true;
}

static void print_heading(const char *heading, const char *const *keys)
{
    printf("\n  %-28s", heading);
    for (; *keys; keys++)
        printf(" %16s", *keys);
    putchar('\n');
}

void control_client_rows(const char *reply, const char *array, const char *heading,
                         const char *const *keys)
{
    char wanted[32], name[64], value[64];
    snprintf(wanted, sizeof wanted, "\"%s\":[", array);
    const char *at = strstr(reply, wanted);
    const char *stop = at ? strchr(at, ']') : NULL;
    for (bool first = true; at && (at = strchr(at, '{')) && at < stop; first = false) {
        if (!control_client_value(at, "name", name, sizeof name))
            return;
        if (first)
            print_heading(heading, keys);
        printf("  %-28s", name);
        for (const char *const *key = keys; *key; key++)
            printf(" %16s", control_client_value(at, *key, value, sizeof value) ? value : "");
        putchar('\n');
        at = strchr(at, '}');
    }
}
