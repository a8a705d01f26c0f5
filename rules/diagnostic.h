/*
 * Collects what is wrong with rules, all of it, in the order of the files. Used by every part of
 * the front end; the strings of a diagnostic live in the arena given at init.
 *
 * Limits: HY_DIAGNOSTICS_MAX are kept, errors sooner than warnings; beyond that they are only
 * counted.
 */
#ifndef HY_RULES_DIAGNOSTIC_H
#define HY_RULES_DIAGNOSTIC_H

#include "rules/ruleset.h"
#include "rules/source.h"

enum { HY_DIAGNOSTICS_MAX = 1000, HY_EXCERPT_BYTES_MAX = 4096 };

struct hy_diagnostics_entry;

struct hy_diagnostics {
    struct hy_arena *arena;
    struct hy_diagnostics_entry *entries;
    uint32_t count, capacity;
    uint32_t errors;   /* errors reported, kept or not */
    uint32_t reported; /* entries made so far */
    uint32_t left_out; /* reported and not kept */
    bool out_of_memory;
    hydrant_str rule; /* the rule being read: put into every diagnostic */
};

/* A run of bytes of a source. source may be NULL for something that stands nowhere. */
struct hy_place {
    struct hy_source_text *source;
    uint32_t offset, length;
};

void hy_diagnostics_init(struct hy_diagnostics *list, struct hy_arena *arena);
void hy_diagnostics_fini(struct hy_diagnostics *list);

/*
 * Adds one. format makes the message; fix says what to write instead and may be NULL. A string
 * longer than 1,000 bytes is cut.
 */
__attribute__((format(printf, 5, 6))) void
hy_diagnostics_add(struct hy_diagnostics *list, enum hy_severity severity, struct hy_place place,
                   const char *fix, const char *format, ...);

#define hy_rules_error(list, place, fix, ...) \
    hy_diagnostics_add((list), HY_SEVERITY_ERROR, (place), (fix), __VA_ARGS__)
#define hy_rules_warning(list, place, fix, ...) \
    hy_diagnostics_add((list), HY_SEVERITY_WARNING, (place), (fix), __VA_ARGS__)

/* Takes out the last warning, or else the last error, to make room. Not for an empty list. */
void hy_diagnostics_leave_out(struct hy_diagnostics *list);

/* Sorts by source, line and column and copies what there is into the arena. */
const struct hy_diagnostic *hy_diagnostics_take(struct hy_diagnostics *list, uint32_t *count);

#endif
