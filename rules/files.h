/*
 * Reads what rules are made of: YAML files, folders of them, and the text files of lists.
 *
 * A list's file is named relative to the YAML file, without "..", and must lie, symbolic links
 * resolved, inside the folder that was given (or the YAML file's own folder when a file was given):
 * a rule file cannot make hydrant read what lies elsewhere. Links inside that folder are followed,
 * as Kubernetes mounts its ConfigMaps with them. In a folder, names that begin with a dot are
 * skipped, and links to folders are not followed.
 *
 * Everything read goes into one hash, names relative to what was given, so that a rule set has the
 * same hash wherever it lies.
 */
#ifndef HY_RULES_FILES_H
#define HY_RULES_FILES_H

#include <xxhash.h>

#include "rules/diagnostic.h"
#include "rules/source.h"

enum {
    HY_RULES_FILES_MAX = 10000,
    HY_RULES_FOLDERS_DEPTH_MAX = 16,
    HY_LIST_FILE_BYTES_MAX = 64 << 20,
};

/* A text that was read. */
struct hy_rules_file {
    uint32_t number; /* in hy_rules_files.files */
    struct hy_source_text source;
    hydrant_str path; /* as it can be opened, NUL-terminated; empty: not from a file */
    hydrant_str root; /* folder that its lists must lie in, links resolved, NUL-terminated */
    bool built_in;
};

struct hy_rules_files {
    struct hy_arena *keep;    /* names and whatever outlives loading */
    struct hy_arena *scratch; /* texts of YAML files */
    struct hy_diagnostics *diagnostics;
    XXH3_state_t *hash;
    struct hy_rules_file **files; /* the YAML texts, in order */
    uint32_t count, capacity;
    uint32_t sources_count; /* YAML texts and list files: the next one's order */
    const char **read;      /* paths that were opened or should have been */
    uint32_t read_count, read_capacity;
    struct hy_list_file *lists; /* files of lists that were read */
    uint32_t lists_count, lists_capacity;
};

hydrant_status hy_rules_files_init(struct hy_rules_files *files, struct hy_arena *keep,
                                   struct hy_arena *scratch, struct hy_diagnostics *diagnostics,
                                   hydrant_error *err);
void hy_rules_files_fini(struct hy_rules_files *files);

/* Adds a file, or the *.yaml and *.yml of a folder, sorted, and of the folders in it. */
void hy_rules_files_add_path(struct hy_rules_files *files, const char *path);

/* Adds a text that is in memory and outlives the rule set. */
struct hy_rules_file *hy_rules_files_add_text(struct hy_rules_files *files, hydrant_str name,
                                              hydrant_str text);

/*
 * Reads a list's file. name is as written in file; place is where. Its text lives in keep. False
 * when something was wrong, which is then in diagnostics.
 */
bool hy_rules_files_read_list(struct hy_rules_files *files, const struct hy_rules_file *file,
                              hydrant_str name, struct hy_place place, struct hy_source_text *list);

/* What was read so far, and any other text that is part of the rules. */
void hy_rules_files_hash_text(struct hy_rules_files *files, hydrant_str name, hydrant_str bytes);
uint64_t hy_rules_files_hash(const struct hy_rules_files *files);

#endif
