#include "rules/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "rules/document.h"
#include "text/utf8.h"

hydrant_status hy_rules_files_init(struct hy_rules_files *files, struct hy_arena *keep,
                                   struct hy_arena *scratch, struct hy_diagnostics *diagnostics,
                                   hydrant_error *err)
{
    *files = (struct hy_rules_files){
        .keep = keep, .scratch = scratch, .diagnostics = diagnostics, .hash = XXH3_createState()};
    if (!files->hash)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory to read rules");
    XXH3_64bits_reset(files->hash);
    return HYDRANT_OK;
}

void hy_rules_files_fini(struct hy_rules_files *files)
{
    if (files->hash)
        XXH3_freeState(files->hash);
    free(files->files);
    free(files->read);
    free(files->lists);
    *files = (struct hy_rules_files){0};
}

uint64_t hy_rules_files_hash(const struct hy_rules_files *files)
{
    return XXH3_64bits_digest(files->hash);
}

void hy_rules_files_hash_text(struct hy_rules_files *files, hydrant_str name, hydrant_str bytes)
{
    uint64_t lengths[2] = {name.len, bytes.len};
    XXH3_64bits_update(files->hash, lengths, sizeof lengths);
    XXH3_64bits_update(files->hash, name.data, name.len);
    XXH3_64bits_update(files->hash, bytes.data, bytes.len);
}

static hydrant_str keep_string(struct hy_rules_files *files, const char *text)
{
    size_t len = strlen(text);
    char *copy = hy_arena_alloc(files->keep, len + 1, 1);
    if (!copy) {
        files->diagnostics->out_of_memory = true;
        return HY_STR("");
    }
    memcpy(copy, text, len + 1);
    return hy_str(copy, len);
}

/* Remembers a path, for who wants to watch what the rules are made of. */
static void note_read(struct hy_rules_files *files, const char *path)
{
    if (files->read_count == files->read_capacity) {
        uint32_t capacity = files->read_capacity ? 2 * files->read_capacity : 8;
        const char **grown = realloc(files->read, capacity * sizeof *grown);
        if (!grown) {
            files->diagnostics->out_of_memory = true;
            return;
        }
        files->read = grown;
        files->read_capacity = capacity;
    }
    files->read[files->read_count++] = keep_string(files, path).data;
}

/* A place for problems with a path that nothing in a file points to. */
static struct hy_place whole_path(struct hy_rules_files *files, const char *path)
{
    struct hy_source_text *source = HY_ARENA_NEW(files->scratch, struct hy_source_text, 1);
    if (!source ||
        !hy_source_init(source, files->scratch, keep_string(files, path), HY_STR(""), 0, 0)) {
        files->diagnostics->out_of_memory = true;
        return (struct hy_place){0};
    }
    source->order = files->sources_count++;
    return (struct hy_place){.source = source};
}

static void path_error(struct hy_rules_files *files, const char *path, const char *what)
{
    hy_rules_error(files->diagnostics, whole_path(files, path), NULL, "%s", what);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Reads all of fd into arena. On failure says why in problem[128] and returns false. */
static bool read_bytes(int fd, struct hy_arena *arena, uint32_t max, hydrant_str *bytes,
                       char *problem)
{
    char *data = hy_arena_alloc(arena, (size_t)max + 1, 1);
    if (!data) {
        snprintf(problem, 128, "the rules do not fit into memory");
        return false;
    }
    ssize_t len = hy_file_read_all(fd, data, (size_t)max + 1);
    if (len < 0) {
        snprintf(problem, 128, "cannot be read: %s", strerror(errno));
        return false;
    }
    hy_arena_trim(arena, data, (size_t)len);
    *bytes = hy_str(data, (size_t)len);
    if (len > max)
        snprintf(problem, 128, "larger than the limit of %u MiB", max >> 20);
    return len <= max;
}

/* From 1; no character of UTF-8 has a line's end in it. */
static uint32_t first_invalid_line(hydrant_str bytes)
{
    uint32_t line = 1;
    for (const char *p = bytes.data, *end = p + bytes.len; p < end; line++) {
        const char *next = memchr(p, '\n', (size_t)(end - p));
        size_t len = (size_t)((next ? next : end) - p);
        if (!hy_utf8_valid(p, len))
            break;
        p += len + 1;
    }
    return line;
}

static bool check_encoding(hydrant_str *bytes, char *problem)
{
    if (bytes->len >= 3 && memcmp(bytes->data, "\xEF\xBB\xBF", 3) == 0) {
        bytes->data += 3;
        bytes->len -= 3;
    }
    if (hy_utf8_valid(bytes->data, bytes->len))
        return true;
    bool utf16 = bytes->len >= 2 && (memcmp(bytes->data, "\xFF\xFE", 2) == 0 ||
                                     memcmp(bytes->data, "\xFE\xFF", 2) == 0);
    if (utf16)
        snprintf(problem, 128, "UTF-16 text: save it as UTF-8");
    else
        snprintf(problem, 128, "line %u is not valid UTF-8: save it as UTF-8",
                 first_invalid_line(*bytes));
    return false;
}

/* only_regular refuses pipes and devices, which could keep us waiting. */
static bool read_path(const char *path, struct hy_arena *arena, uint32_t max, bool only_regular,
                      hydrant_str *bytes, char *problem)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (only_regular ? O_NONBLOCK : 0));
    if (fd < 0) {
        snprintf(problem, 128, "cannot be opened: %s", strerror(errno));
        return false;
    }
    bool good = fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || !only_regular);
    if (!good)
        snprintf(problem, 128, "not a regular file");
    good = good && read_bytes(fd, arena, max, bytes, problem) && check_encoding(bytes, problem);
    close(fd);
    return good;
}

/* ---- YAML files ------------------------------------------------------------------------------ */

static struct hy_rules_file *add_file(struct hy_rules_files *files, hydrant_str name,
                                      hydrant_str bytes)
{
    if (files->count == files->capacity) {
        uint32_t capacity = files->capacity ? 2 * files->capacity : 8;
        void *grown = realloc(files->files, capacity * sizeof *files->files);
        if (!grown) {
            files->diagnostics->out_of_memory = true;
            return NULL;
        }
        files->files = grown;
        files->capacity = capacity;
    }
    struct hy_rules_file *file = HY_ARENA_NEW(files->scratch, struct hy_rules_file, 1);
    if (file)
        *file = (struct hy_rules_file){0};
    if (!file || !hy_source_init(&file->source, files->scratch, name, bytes, 1, 1)) {
        files->diagnostics->out_of_memory = true;
        return NULL;
    }
    file->source.order = files->sources_count++;
    file->number = files->count;
    files->files[files->count++] = file;
    return file;
}

struct hy_rules_file *hy_rules_files_add_text(struct hy_rules_files *files, hydrant_str name,
                                              hydrant_str text)
{
    hy_rules_files_hash_text(files, name, text);
    return add_file(files, name, text);
}

/* relative is the path as it stands below what was given. */
static void add_yaml(struct hy_rules_files *files, const char *path, const char *relative,
                     hydrant_str root, bool only_regular)
{
    char problem[128];
    hydrant_str bytes;
    note_read(files, path);
    if (files->count == HY_RULES_FILES_MAX) {
        snprintf(problem, sizeof problem, "more than %d rule files", HY_RULES_FILES_MAX);
        path_error(files, path, problem);
        return;
    }
    if (!read_path(path, files->scratch, HY_YAML_BYTES_MAX, only_regular, &bytes, problem)) {
        path_error(files, path, problem);
        return;
    }
    hy_rules_files_hash_text(files, hy_str_cstr(relative), bytes);
    hydrant_str name = keep_string(files, path);
    struct hy_rules_file *file = add_file(files, name, bytes);
    if (file) {
        file->path = name;
        file->root = root;
    }
}

static bool is_yaml(const char *name)
{
    size_t len = strlen(name);
    return (len > 5 && strcmp(name + len - 5, ".yaml") == 0) ||
           (len > 4 && strcmp(name + len - 4, ".yml") == 0);
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void add_folder(struct hy_rules_files *files, const char *path, size_t root_len,
                       hydrant_str root, uint32_t depth);

static void add_entry(struct hy_rules_files *files, const char *path, const char *name,
                      size_t root_len, hydrant_str root, uint32_t depth)
{
    struct stat st, link;
    if (lstat(path, &link) != 0 || stat(path, &st) != 0) {
        if (is_yaml(name))
            path_error(files, path, strerror(errno));
        return;
    }
    if (S_ISDIR(st.st_mode) && S_ISLNK(link.st_mode))
        hy_rules_warning(files->diagnostics, whole_path(files, path),
                         "name that folder as a further input",
                         "a symbolic link to a folder is not followed");
    else if (S_ISDIR(st.st_mode))
        add_folder(files, path, root_len, root, depth + 1);
    else if (is_yaml(name))
        add_yaml(files, path, path + root_len + 1, root, true);
}

static void add_folder(struct hy_rules_files *files, const char *path, size_t root_len,
                       hydrant_str root, uint32_t depth)
{
    struct dirent **entries;
    char name[PATH_MAX];
    if (depth > HY_RULES_FOLDERS_DEPTH_MAX) {
        path_error(files, path, "folders nested too deep");
        return;
    }
    int count = scandir(path, &entries, not_hidden, hy_file_by_name);
    if (count < 0) {
        path_error(files, path, strerror(errno));
        return;
    }
    for (int i = 0; i < count; i++) {
        int len = snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (len >= (int)sizeof name)
            path_error(files, path, "a path in this folder is too long");
        else
            add_entry(files, name, entries[i]->d_name, root_len, root, depth);
        free(entries[i]);
    }
    free(entries);
}

static hydrant_str real_folder(struct hy_rules_files *files, const char *path, bool parent)
{
    char folder[PATH_MAX], real[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    if (parent) {
        char *slash = strrchr(folder, '/');
        if (!slash)
            strcpy(folder, ".");
        else if (slash == folder)
            folder[1] = '\0';
        else
            *slash = '\0';
    }
    return realpath(folder, real) ? keep_string(files, real) : HY_STR("");
}

void hy_rules_files_add_path(struct hy_rules_files *files, const char *path)
{
    struct stat st;
    char folder[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof folder || stat(path, &st) != 0) {
        path_error(files, path, len >= sizeof folder ? "the path is too long" : strerror(errno));
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        const char *slash = strrchr(path, '/');
        add_yaml(files, path, slash ? slash + 1 : path, real_folder(files, path, true), false);
        return;
    }
    memcpy(folder, path, len + 1);
    while (len > 1 && folder[len - 1] == '/')
        folder[--len] = '\0';
    uint32_t before = files->count, errors = files->diagnostics->errors;
    add_folder(files, folder, len, real_folder(files, folder, false), 1);
    if (files->count == before && files->diagnostics->errors == errors)
        path_error(files, path, "no *.yaml or *.yml file in this folder");
}

/* ---- list files ------------------------------------------------------------------------------ */

static const char *bad_list_name(hydrant_str name)
{
    if (name.len == 0 || memchr(name.data, '\0', name.len))
        return "a file name is needed here";
    if (name.data[0] == '/')
        return "the file of a list is named relative to this file, not from the root";
    for (const char *p = name.data, *end = p + name.len; p < end;) {
        const char *slash = memchr(p, '/', (size_t)(end - p));
        size_t len = (size_t)((slash ? slash : end) - p);
        if (len == 2 && memcmp(p, "..", 2) == 0)
            return "the file of a list cannot lie above this file's folder";
        p += len + 1;
    }
    return NULL;
}

static bool inside(const char *path, hydrant_str root)
{
    if (root.len == 0 || strncmp(path, root.data, root.len) != 0)
        return false;
    return path[root.len] == '/' || root.data[root.len - 1] == '/';
}

static void note_list(struct hy_rules_files *files, const struct hy_rules_file *file,
                      hydrant_str name)
{
    if (files->lists_count == files->lists_capacity) {
        uint32_t capacity = files->lists_capacity ? 2 * files->lists_capacity : 8;
        void *grown = realloc(files->lists, capacity * sizeof *files->lists);
        if (!grown) {
            files->diagnostics->out_of_memory = true;
            return;
        }
        files->lists = grown;
        files->lists_capacity = capacity;
    }
    files->lists[files->lists_count++] = (struct hy_list_file){file->number, name};
}

bool hy_rules_files_read_list(struct hy_rules_files *files, const struct hy_rules_file *file,
                              hydrant_str name, struct hy_place place, struct hy_source_text *list)
{
    char path[PATH_MAX], real[PATH_MAX], problem[128];
    const char *bad = bad_list_name(name);
    if (!bad && file->path.len == 0)
        bad = "only a rule file on disk can name the file of a list";
    if (bad) {
        hy_rules_error(files->diagnostics, place, NULL, "%s", bad);
        return false;
    }
    const char *slash = strrchr(file->path.data, '/');
    int folder = slash ? (int)(slash - file->path.data) + 1 : 0;
    int len =
        snprintf(path, sizeof path, "%.*s%.*s", folder, file->path.data, (int)name.len, name.data);
    if (len < (int)sizeof path)
        note_read(files, path);
    if (len >= (int)sizeof path || !realpath(path, real)) {
        hy_rules_error(files->diagnostics, place, NULL, "%.*s cannot be opened: %s", (int)name.len,
                       name.data, strerror(len >= (int)sizeof path ? ENAMETOOLONG : errno));
        return false;
    }
    if (!inside(real, file->root)) {
        hy_rules_error(files->diagnostics, place, "put the file beside the rules",
                       "%.*s is a link that leads out of the folder of the rules", (int)name.len,
                       name.data);
        return false;
    }
    hydrant_str bytes;
    if (!read_path(real, files->keep, HY_LIST_FILE_BYTES_MAX, true, &bytes, problem)) {
        hy_rules_error(files->diagnostics, place, NULL, "%.*s: %s", (int)name.len, name.data,
                       problem);
        return false;
    }
    hy_rules_files_hash_text(files, name, bytes);
    note_list(files, file, name);
    if (!hy_source_init(list, files->scratch, keep_string(files, path), bytes, 1, 1)) {
        files->diagnostics->out_of_memory = true;
        return false;
    }
    list->order = files->sources_count++;
    return true;
}
