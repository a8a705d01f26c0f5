/*
 * Where rules are read from: folders, links as Kubernetes makes them, pipes, and the limits of
 * files from both sides. Works in a folder of its own below the build folder.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/str.h"
#include "rules/document.h"
#include "rules/files.h"
#include "rules/ruleset.h"
#include "support/temporary.h"

static char folder[TEMPORARY_PATH];

static void make_folder(const char *name)
{
    assert_int_equal(mkdir(name, 0700), 0);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* text, then as many of filler as make bytes in all. */
static void write_filled(const char *name, const char *text, size_t bytes)
{
    write_file(name, text);
    FILE *file = fopen(name, "ab");
    char *filler = malloc(bytes);
    assert_true(file && filler);
    memset(filler, 'x', bytes);
    size_t more = bytes - strlen(text);
    assert_int_equal(fwrite(filler, 1, more, file), more);
    assert_int_equal(fclose(file), 0);
    free(filler);
}

/* The first error of loading path, or NULL; the set's hash and count of rules go to the others. */
static const char *load(const char *path, uint64_t *hash, uint32_t *rules)
{
    static char text[512];
    struct hy_rule_input input = {.path = path};
    struct hy_ruleset *set;
    hydrant_error err = {0};
    hydrant_status status = hy_ruleset_load(&input, 1, &set, &err);
    assert_non_null(set);
    if (hash)
        *hash = set->hash;
    if (rules)
        *rules = set->rules_count;
    hy_ruleset_destroy(&set);
    snprintf(text, sizeof text, "%s", err.text);
    return status == HYDRANT_OK ? NULL : text;
}

static void folders_are_read_in_order_without_hidden_files(void **state)
{
    make_folder("order");
    make_folder("order/b");
    make_folder("order/.git");
    write_file("order/z.yml", "version: 1\nrules: [{id: z, match: x}]\n");
    write_file("order/a.yaml", "version: 1\nrules: [{id: a, match: x}]\n");
    write_file("order/b/c.yaml", "version: 1\nrules: [{id: c, match: x}]\n");
    write_file("order/.git/x.yaml", "not rules");
    write_file("order/.hidden.yaml", "not rules");
    write_file("order/notes.txt", "not rules");
    struct hy_rule_input input = {.path = "order/"};
    struct hy_ruleset *set;
    assert_int_equal(hy_ruleset_load(&input, 1, &set, NULL), HYDRANT_OK);
    assert_int_equal(set->rules_count, 3);
    assert_true(hy_str_is(set->rules[0].rule.id, "a"));
    assert_true(hy_str_is(set->rules[1].rule.id, "c"));
    assert_true(hy_str_is(set->rules[2].rule.id, "z"));
    assert_true(hy_str_is(set->rules[1].rule.file, "order/b/c.yaml"));
    hy_ruleset_destroy(&set);
}

static const char with_list[] = "version: 1\nlists: {words: {file: words.txt}}\n"
                                "rules: [{id: a, match: '%words'}]\n";

static void a_config_map_is_read_and_hashes_like_plain_files(void **state)
{
    uint64_t plain, mounted, edited;
    make_folder("plain");
    write_file("plain/rules.yaml", with_list);
    write_file("plain/words.txt", "one\n");
    make_folder("mounted");
    make_folder("mounted/..version-1");
    write_file("mounted/..version-1/rules.yaml", with_list);
    write_file("mounted/..version-1/words.txt", "one\n");
    assert_int_equal(symlink("..version-1", "mounted/..data"), 0);
    assert_int_equal(symlink("..data/rules.yaml", "mounted/rules.yaml"), 0);
    assert_int_equal(symlink("..data/words.txt", "mounted/words.txt"), 0);
    assert_null(load("plain", &plain, NULL));
    assert_null(load("mounted", &mounted, NULL));
    assert_true(plain == mounted);
    assert_null(load("mounted/rules.yaml", NULL, NULL));
    write_file("plain/words.txt", "two\n");
    assert_null(load("plain", &edited, NULL));
    assert_true(plain != edited);
}

static void pipes_and_damaged_links_do_not_hold_up(void **state)
{
    make_folder("pipe");
    assert_int_equal(mkfifo("pipe/a.yaml", 0600), 0);
    assert_string_equal(load("pipe", NULL, NULL), "not a regular file");
    make_folder("pipe-list");
    write_file("pipe-list/rules.yaml", with_list);
    assert_int_equal(mkfifo("pipe-list/words.txt", 0600), 0);
    assert_string_equal(load("pipe-list", NULL, NULL), "words.txt: not a regular file");
    make_folder("link");
    assert_int_equal(symlink("nowhere.yaml", "link/a.yaml"), 0);
    assert_non_null(load("link", NULL, NULL));
}

static void size_of_a_yaml_file(void **state)
{
    static const char text[] = "version: 1\nrules: [{id: a, match: x}]\n# ";
    write_filled("size.yaml", text, HY_YAML_BYTES_MAX);
    assert_null(load("size.yaml", NULL, NULL));
    write_filled("size.yaml", text, HY_YAML_BYTES_MAX + 1);
    assert_string_equal(load("size.yaml", NULL, NULL), "larger than the limit of 16 MiB");
}

static void size_of_a_list_file(void **state)
{
    make_folder("list-size");
    write_file("list-size/rules.yaml", with_list);
    write_filled("list-size/words.txt", "one\n# ", HY_LIST_FILE_BYTES_MAX);
    assert_null(load("list-size", NULL, NULL));
    write_filled("list-size/words.txt", "one\n# ", HY_LIST_FILE_BYTES_MAX + 1);
    assert_string_equal(load("list-size", NULL, NULL),
                        "words.txt: larger than the limit of 64 MiB");
}

static void count_of_files(void **state)
{
    char name[64], text[64];
    uint32_t rules;
    make_folder("many");
    for (int i = 0; i <= HY_RULES_FILES_MAX; i++) {
        snprintf(name, sizeof name, "many/%05d.yaml", i);
        snprintf(text, sizeof text, "version: 1\nrules: [{id: r%d, match: x}]\n", i);
        write_file(name, text);
    }
    assert_string_equal(load("many", NULL, &rules), "more than 10000 rule files");
    assert_int_equal(rules, HY_RULES_FILES_MAX);
    assert_int_equal(unlink("many/00000.yaml"), 0);
    assert_null(load("many", NULL, &rules));
    assert_int_equal(rules, HY_RULES_FILES_MAX);
}

static void depth_of_folders(void **state)
{
    char name[128] = "deep";
    make_folder(name);
    for (int i = 1; i < HY_RULES_FOLDERS_DEPTH_MAX; i++) {
        strcat(name, "/d");
        make_folder(name);
    }
    char file[160];
    snprintf(file, sizeof file, "%s/a.yaml", name);
    write_file(file, "version: 1\nrules: [{id: a, match: x}]\n");
    assert_null(load("deep", NULL, NULL));
    strcat(name, "/d");
    make_folder(name);
    assert_string_equal(load("deep", NULL, NULL), "folders nested too deep");
}

static int set_up(void **state)
{
    temporary_folder(folder);
    return chdir(folder);
}

static int tear_down(void **state)
{
    int left = chdir("/");
    temporary_remove(folder);
    return left;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_read_in_order_without_hidden_files),
        cmocka_unit_test(a_config_map_is_read_and_hashes_like_plain_files),
        cmocka_unit_test(pipes_and_damaged_links_do_not_hold_up),
        cmocka_unit_test(size_of_a_yaml_file),
        cmocka_unit_test(size_of_a_list_file),
        cmocka_unit_test(count_of_files),
        cmocka_unit_test(depth_of_folders),
    };
    return cmocka_run_group_tests_name("rules_files", tests, set_up, tear_down);
}
