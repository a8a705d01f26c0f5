#include "tools/rules_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/terminal.h"

static bool append(const char ***list, size_t *count, const char *value)
{
    const char **grown = realloc(*list, (*count + 1) * sizeof *grown);
    if (!grown) {
        perror("hydrant");
        return false;
    }
    grown[(*count)++] = value;
    *list = grown;
    return true;
}

bool rules_input_add_path(struct rules_input *input, const char *path)
{
    return append(&input->paths, &input->paths_count, path);
}

bool rules_input_add_query(struct rules_input *input, const char *query)
{
    return append(&input->queries, &input->queries_count, query);
}

void rules_input_free(struct rules_input *input)
{
    free(input->paths);
    free(input->queries);
    *input = (struct rules_input){0};
}

static void print_diagnostic(void *ctx, const hydrant_diagnostic *diagnostic)
{
    struct rules_input *input = ctx;
    input->errors += diagnostic->severity == HYDRANT_SEVERITY_ERROR;
    fwrite(diagnostic->rendered.data, 1, diagnostic->rendered.len, stderr);
}

const char *rules_input_compiler(void)
{
    return "/proc/self/exe";
}

const char *rules_input_cache(struct rules_input *input)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int len = 0;
    if (input->no_cache || input->cache_dir)
        return input->no_cache ? NULL : input->cache_dir;
    if (base && base[0] == '/')
        len = snprintf(input->cache_room, sizeof input->cache_room, "%s/hydrant", base);
    else if (home && home[0] == '/')
        len = snprintf(input->cache_room, sizeof input->cache_room, "%s/.cache/hydrant", home);
    return len > 0 && len < (int)sizeof input->cache_room ? input->cache_room : NULL;
}

/* Those above path. */
static void make_folders(const char *path)
{
    char part[4096];
    for (size_t at = 1; path[0] && path[at] && at < sizeof part; at++) {
        memcpy(part, path, at);
        part[at] = '\0';
        if (path[at] == '/')
            mkdir(part, 0700);
    }
}

void rules_input_set_cache(struct rules_input *input, const char *command, const char *dir)
{
    struct stat st;
    const char *why = NULL;
    input->cache_dir = dir;
    make_folders(dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        why = strerror(errno);
    else if (stat(dir, &st) != 0)
        why = strerror(errno);
    else if (!S_ISDIR(st.st_mode))
        why = "it is no folder";
    else if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        why = "it must be your own and nobody else's (mode 0700)";
    if (why)
        fprintf(stderr, "%s: warning: --cache %s is not used: %s\n", command, dir, why);
}

hydrant_rules rules_input_rules(struct rules_input *input)
{
    return (hydrant_rules){.paths = input->paths,
                           .paths_count = input->paths_count,
                           .queries = input->queries,
                           .queries_count = input->queries_count,
                           .colour = terminal_wants_colour(stderr),
                           .on_diagnostic = print_diagnostic,
                           .ctx = input,
                           .cache_dir = rules_input_cache(input),
                           .compiler = rules_input_compiler()};
}

void rules_input_failed(const char *command, unsigned errors, const hydrant_error *err)
{
    if (err->status == HYDRANT_ERR_RULES && errors)
        fprintf(stderr, "%s: %u error%s in the rules\n", command, errors, errors == 1 ? "" : "s");
    else
        fprintf(stderr, "%s: %s%s%s\n", command, err->file, err->file[0] ? ": " : "", err->text);
}

hydrant_pack *rules_input_compile(struct rules_input *input, const char *command)
{
    hydrant_rules rules = rules_input_rules(input);
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK)
        rules_input_failed(command, input->errors, &err);
    return pack;
}
