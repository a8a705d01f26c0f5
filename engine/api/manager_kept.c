/*
 * What the guard holds, over a restart: the file `shadowed` in the folder of the options.
 *
 *   hydrant shadowed 1
 *   9f2c6d1e00a4b37c outage        what the rule asked of a mention, its id; a line a rule
 *
 * A rule of that id that asks something else now was edited meanwhile: it is not held, but a
 * suspect, as it would be after a reload. What it did before is not known, so it counts as new.
 * There is no file while nothing is held.
 *
 * Under the manager's lock, and by nobody else before there are threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "base/error.h"
#include "base/str.h"
#include "base/whole_file.h"

static const char name[] = "shadowed", first_line[] = "hydrant shadowed 1\n";
enum { BYTES_MAX = 64 << 20, HASH_CHARS = 16 };

static uint32_t rule_of(const hydrant_pack *pack, hydrant_str id)
{
    uint32_t i = 0;
    while (i < pack->pack->rules_count && !hy_str_equal(pack->pack->rules[i].id, id))
        i++;
    return i;
}

/* ---- at the start -----------------------------------------------------------------------------
 */

static bool recall_rule(hydrant_manager *m, const hydrant_pack *pack, const struct hy_parts *parts,
                        uint64_t matches, hydrant_str id)
{
    uint32_t i = rule_of(pack, id), count = pack->pack->rules_count;
    if (i == count || pack->pack->rules[i].state != HY_RULE_LIVE)
        return true;
    if (parts->at[i].matches != matches)
        return hy_guard_suspect(m, i, count);
    hy_guard_note_again(m, id);
    return hy_guard_hold(m, id);
}

/* False: it is no file of ours, or there is no memory. */
static bool recall_lines(hydrant_manager *m, const hydrant_pack *pack, const struct hy_parts *parts,
                         const char *at, size_t len)
{
    if (strlen(at) != len || strncmp(at, first_line, sizeof first_line - 1) != 0)
        return false;
    for (at += sizeof first_line - 1; *at;) {
        char *end;
        uint64_t matches = strtoull(at, &end, 16);
        const char *line_end = strchr(at, '\n');
        if (end != at + HASH_CHARS || *end != ' ' || !line_end)
            return false;
        if (!recall_rule(m, pack, parts, matches, hy_str(end + 1, (size_t)(line_end - end - 1))))
            return false;
        at = line_end + 1;
    }
    return true;
}

hydrant_status hy_guard_recall(hydrant_manager *m, const hydrant_pack *pack,
                               const struct hy_parts *parts, hydrant_error *err)
{
    char *text = NULL;
    size_t len;
    if (!m->state_dir || m->options.flood_factor <= 0)
        return HYDRANT_OK;
    int folder = open(m->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = folder < 0 ? errno : hy_whole_file_read(folder, name, BYTES_MAX, &text, &len);
    if (folder >= 0)
        close(folder);
    if (error == ENOENT)
        return HYDRANT_OK;
    if (error && error != EFBIG)
        return hy_error_system(err, error, "cannot read %s/%s", m->state_dir, name);
    bool good = !error && recall_lines(m, pack, parts, text, len);
    m->kept = text;
    return good ? HYDRANT_OK
                : hy_error_set(err, HYDRANT_ERR_DATA,
                               "%s/%s is damaged; move it away to publish what the guard held",
                               m->state_dir, name);
}

/* ---- from then on -----------------------------------------------------------------------------
 */

/* The file as it should be; empty: there should be none. NULL: no memory. */
static char *write_text(hydrant_manager *m)
{
    const struct hy_version *current = hy_manager_current(m);
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    if (m->guard.held.count)
        fputs(first_line, out);
    for (uint32_t k = 0; k < m->guard.held.count; k++) {
        uint32_t i = rule_of(current->pack, hy_str_cstr(m->guard.held.at[k]));
        if (i < current->pack->pack->rules_count)
            fprintf(out, "%016" PRIx64 " %s\n", current->parts.at[i].matches, m->guard.held.at[k]);
    }
    bool whole = !ferror(out);
    if (fclose(out) == 0 && whole)
        return text;
    free(text);
    return NULL;
}

static int write_file(const char *state_dir, const char *text)
{
    int folder = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
    if (folder < 0)
        return errno;
    if (*text)
        error = hy_whole_file_write(folder, name, text, strlen(text));
    else if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
        error = errno;
    close(folder);
    return error;
}

static void tell_not_kept(hydrant_manager *m, int error)
{
    hydrant_error why = {0};
    hy_error_system(&why, error, "a restart will not know what the guard holds: cannot write %s/%s",
                    m->state_dir, name);
    hydrant_rules_event event = {.kind = HYDRANT_RULES_EVENT_FAILED,
                                 .cause = HY_STR("guard"),
                                 .text = hy_str_cstr(why.text)};
    hy_manager_tell(m, &event);
}

void hy_guard_keep(hydrant_manager *m)
{
    if (!m->state_dir)
        return;
    char *text = write_text(m);
    if (text && strcmp(text, m->kept ? m->kept : "") == 0) {
        free(text);
        return;
    }
    int error = text ? write_file(m->state_dir, text) : ENOMEM;
    if (error) { /* tried again with the next change */
        free(text);
        tell_not_kept(m, error);
        return;
    }
    free(m->kept);
    m->kept = text;
}
