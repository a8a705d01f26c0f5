/*
 * hydrant init: a first configuration and rules for a brand. Writes three files at most, checks the
 * rules before it puts anything in place, and never replaces a file unless told to.
 *
 * Files are made in a folder of their own beside their place and then linked (without --force) or
 * renamed (with it), so that an existing file is never half overwritten. Mode 0600, folders 0700.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <hydrant/hydrant.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init/init_text.h"
#include "tools/commands.h"

static const char help[] =
    "Writes a first hydrant.yaml and rules for a brand, with comments, to be edited.\n"
    "\n"
    "Usage: hydrant init [options]\n"
    "\n"
    "  -b, --brand NAME      what people call the brand (default: Acme)\n"
    "  -a, --handle @NAME    its account; may be repeated (default: made from the brand's name)\n"
    "  -i, --industry NAME   general (default), telecom, airline, retail or saas\n"
    "  -d, --dir DIR         where to write (default: here); made if it is not there\n"
    "      --policy          also write the triage policy, to change what is done with matches\n"
    "      --force           replace files that are there already\n"
    "  -h, --help            this\n"
    "\n"
    "Exit code: 0 ok; 1 files are there already, or cannot be written; 2 usage\n"
    "\n"
    "Examples:\n"
    "  $ hydrant init --brand 'Acme Mobile' --handle @acme --handle @acmehelp -i telecom\n";

struct settings {
    struct init_brand brand;
    const char *industry, *dir;
    bool policy, force;
    char made_handle[INIT_HANDLE_BYTES_MAX + 1];
};

/* A file to be written: its place below the folder, and its text. */
struct file {
    const char *path;
    char *text;
};

enum { FILES_MAX = 3, PATH_BYTES = 4096 };

/* ---- options ---- */

enum { OPT_POLICY = 256, OPT_FORCE };

static const struct option long_options[] = {
    {"brand", required_argument, NULL, 'b'},    {"handle", required_argument, NULL, 'a'},
    {"industry", required_argument, NULL, 'i'}, {"dir", required_argument, NULL, 'd'},
    {"policy", no_argument, NULL, OPT_POLICY},  {"force", no_argument, NULL, OPT_FORCE},
    {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
};

static bool add_handle(struct settings *settings, const char *handle)
{
    struct init_brand *brand = &settings->brand;
    handle += *handle == '@';
    const char *problem = init_handle_problem(handle);
    if (!problem && brand->handles_count == INIT_HANDLES_MAX)
        problem = "there are too many";
    if (problem) {
        fprintf(stderr, "hydrant init: --handle @%s: %s\n", handle, problem);
        return false;
    }
    brand->handles[brand->handles_count++] = handle;
    return true;
}

/* Defaults and checks that need all options. */
static bool complete(struct settings *settings)
{
    struct init_brand *brand = &settings->brand;
    const char *problem = init_name_problem(brand->name);
    if (problem) {
        fprintf(stderr, "hydrant init: --brand: %s\n", problem);
        return false;
    }
    if (!init_starter(settings->industry)) {
        fprintf(stderr,
                "hydrant init: --industry: '%s' is none of general, telecom, airline, "
                "retail, saas\n",
                settings->industry);
        return false;
    }
    if (brand->handles_count > 0)
        return true;
    if (!init_handle_from_name(brand->name, settings->made_handle)) {
        fputs("hydrant init: no handle can be made from the brand's name: give --handle @NAME\n",
              stderr);
        return false;
    }
    brand->handles[brand->handles_count++] = settings->made_handle;
    return true;
}

/* Returns -1 to go on, or an exit code. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
    for (int c; (c = getopt_long(argc, argv, "b:a:i:d:h", long_options, NULL)) != -1;) {
        switch (c) {
        case 'b':
            settings->brand.name = optarg;
            break;
        case 'a':
            if (!add_handle(settings, optarg))
                return HY_EXIT_USAGE;
            break;
        case 'i':
            settings->industry = optarg;
            break;
        case 'd':
            settings->dir = optarg;
            break;
        case OPT_POLICY:
            settings->policy = true;
            break;
        case OPT_FORCE:
            settings->force = true;
            break;
        case 'h':
            fputs(help, stdout);
            return HY_EXIT_OK;
        default:
            fputs("'hydrant init --help' lists the options\n", stderr);
            return HY_EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "hydrant init: unexpected argument '%s'\n", argv[optind]);
        return HY_EXIT_USAGE;
    }
    return complete(settings) ? -1 : HY_EXIT_USAGE;
}

/* ---- files ---- */

static bool fail(const char *path, const char *what)
{
    fprintf(stderr, "hydrant init: %s: %s\n", path, what);
    return false;
}

static bool join(char *out, const char *dir, const char *name)
{
    return snprintf(out, PATH_BYTES, "%s/%s", dir, name) < PATH_BYTES ||
           fail(dir, "the path is too long");
}

static bool make_folder(const char *path)
{
    struct stat status;
    if (mkdir(path, 0700) == 0)
        return true;
    int why = errno;
    if (why == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    return fail(path, why == EEXIST ? "it is there and no folder" : strerror(why));
}

static bool write_file(const char *path, const char *text)
{
    size_t len = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail(path, strerror(errno));
    bool ok = true;
    for (size_t at = 0; ok && at < len;) {
        ssize_t written = write(fd, text + at, len - at);
        ok = written >= 0 || errno == EINTR;
        at += written > 0 ? (size_t)written : 0;
    }
    ok = ok && fsync(fd) == 0;
    int why = errno;
    if (close(fd) != 0 && ok) {
        why = errno;
        ok = false;
    }
    return ok || fail(path, strerror(why));
}

static bool any_is_there(const struct settings *settings, const struct file *files, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        char path[PATH_BYTES];
        struct stat status;
        if (!join(path, settings->dir, files[i].path))
            return true;
        if (lstat(path, &status) == 0) {
            fail(path, "is there already");
            any = true;
        }
    }
    if (any)
        fputs("hydrant init: nothing was written; --force replaces files\n", stderr);
    return any;
}

static void print_problem(void *ctx, const hydrant_diagnostic *problem)
{
    (void)ctx;
    fwrite(problem->rendered.data, 1, problem->rendered.len, stderr);
}

/* Compiles what is about to be put in place. */
static bool rules_are_valid(const char *folder, uint32_t *rules_count)
{
    hydrant_rules rules = {.paths = &folder, .paths_count = 1, .on_diagnostic = print_problem};
    hydrant_pack *pack = NULL;
    hydrant_error err = {0};
    hydrant_pack_info info = {0};
    if (hydrant_pack_compile(&rules, &pack, &err) != HYDRANT_OK) {
        fprintf(stderr, "hydrant init: the rules do not compile: %s\n", err.text);
        return false;
    }
    hydrant_pack_describe(pack, &info);
    *rules_count = info.rules;
    hydrant_pack_destroy(&pack);
    return true;
}

/* From the temporary folder to its place. */
static bool put_in_place(const struct settings *settings, const char *temporary, const char *name)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    if (!join(from, temporary, name) || !join(to, settings->dir, name))
        return false;
    if (settings->force)
        return rename(from, to) == 0 || fail(to, strerror(errno));
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0) == 0 || fail(to, strerror(errno));
}

static void remove_temporary(const char *temporary, const struct file *files, size_t count)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < count; i++)
        if (join(path, temporary, files[i].path))
            unlink(path);
    if (join(path, temporary, "rules"))
        rmdir(path);
    rmdir(temporary);
}

/* Everything goes into a folder of its own, is checked there, and is moved when all is well. */
static bool write_all(const struct settings *settings, const struct file *files, size_t count,
                      uint32_t *rules_count)
{
    char temporary[PATH_BYTES], path[PATH_BYTES];
    if (!make_folder(settings->dir) || !join(temporary, settings->dir, ".hydrant-init-XXXXXX"))
        return false;
    if (!mkdtemp(temporary))
        return fail(temporary, strerror(errno));
    bool ok = join(path, temporary, "rules") && make_folder(path);
    for (size_t i = 0; ok && i < count; i++)
        ok = join(path, temporary, files[i].path) && write_file(path, files[i].text);
    ok = ok && join(path, temporary, "rules") && rules_are_valid(path, rules_count);
    ok = ok && join(path, settings->dir, "rules") && make_folder(path);
    for (size_t i = 0; ok && i < count; i++)
        ok = put_in_place(settings, temporary, files[i].path);
    remove_temporary(temporary, files, count);
    return ok;
}

/* ---- what comes next ---- */

/* A path as a shell takes it. */
static void put_quoted(const char *path)
{
    static const char safe[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+,:@%";
    if (path[strspn(path, safe)] == 0) {
        fputs(path, stdout);
        return;
    }
    putchar('\'');
    for (; *path; path++) {
        if (*path == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*path);
    }
    putchar('\'');
}

static void put_path(const struct settings *settings, const char *name)
{
    char path[PATH_BYTES];
    bool here = strcmp(settings->dir, ".") == 0;
    snprintf(path, sizeof path, "%s%s%s", here ? "" : settings->dir, here ? "" : "/", name);
    put_quoted(path);
}

static void say_what_is_next(const struct settings *settings, const struct file *files,
                             size_t count, uint32_t rules_count)
{
    for (size_t i = 0; i < count; i++) {
        fputs("wrote ", stdout);
        put_path(settings, files[i].path);
        putchar('\n');
    }
    printf("\n%u rules for %s, checked. Posts about it say \"%s\" or @%s;\nthe macro \"us\" in ",
           rules_count, settings->brand.name, settings->brand.name, settings->brand.handles[0]);
    put_path(settings, "rules/brand.yaml");
    fputs(" says so. Next:\n\n  # the posts that a person should act on\n  hydrant scan --rules ",
          stdout);
    put_path(settings, "rules");
    fputs(" posts.ndjson\n\n  # after each change\n  hydrant check ", stdout);
    put_path(settings, "rules");
    fputs(
        "\n\n  # all the time, as a daemon: items of posts.ndjson, and of what is appended to it\n"
        "  hydrant run -c ",
        stdout);
    put_path(settings, "hydrant.yaml");
    fputs(" &\n  hydrant tail --follow /dev/shm/hydrant/main\n", stdout);
}

/* ---- all of it ---- */

static int init(const struct settings *settings)
{
    struct file files[FILES_MAX] = {
        {"hydrant.yaml", init_config_text(&settings->brand)},
        {"rules/brand.yaml", init_rules_text(init_starter(settings->industry), &settings->brand)},
        {"rules/policy.yaml", init_policy_text()},
    };
    size_t count = settings->policy ? 3 : 2;
    uint32_t rules_count = 0;
    int code = HY_EXIT_FAILED;
    if (!files[0].text || !files[1].text || !files[2].text)
        fputs("hydrant init: out of memory\n", stderr);
    else if ((settings->force || !any_is_there(settings, files, count)) &&
             write_all(settings, files, count, &rules_count))
        code = HY_EXIT_OK;
    if (code == HY_EXIT_OK)
        say_what_is_next(settings, files, count, rules_count);
    for (size_t i = 0; i < FILES_MAX; i++)
        free(files[i].text);
    return code;
}

int cmd_init(int argc, char **argv)
{
    struct settings settings = {.brand = {.name = "Acme"}, .industry = "general", .dir = "."};
    int code = parse_options(&settings, argc, argv);
    return code < 0 ? init(&settings) : code;
}
