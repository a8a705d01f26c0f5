#include "tools/rules_input.h"

#include <stdio.h>
#include <stdlib.h>

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
    (void)ctx;
    fwrite(diagnostic->rendered.data, 1, diagnostic->rendered.len, stderr);
}

hydrant_rules rules_input_rules(const struct rules_input *input)
{
    return (hydrant_rules){.paths = input->paths,
                           .paths_count = input->paths_count,
                           .queries = input->queries,
                           .queries_count = input->queries_count,
                           .colour = terminal_wants_colour(stderr),
                           .on_diagnostic = print_diagnostic};
}

hydrant_pack *rules_input_compile(const struct rules_input *input, const char *command)
{
    hydrant_rules rules = rules_input_rules(input);
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK)
        fprintf(stderr, "%s: %s%s%s\n", command, err.file, err.file[0] ? ": " : "", err.text);
    return pack;
}
