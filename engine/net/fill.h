/*
 * Texts of the configuration with places to be filled in: URLs, headers, queries, bodies.
 *
 *   ${NAME}        from the environment
 *   ${file:PATH}   from a file, its last newline left out: read anew each time, so that a secret
 *                  can be changed while the daemon runs; PATH is relative to the configuration
 *   {cursor} ...   what the source knows; {minutes:5} is bounded by the number. Braces around
 *                  anything else stay as they are.
 *
 * What comes from the environment and from files is a secret: it is in no message, and the memory
 * it was put together in is wiped. A value with control characters is refused, so that none can
 * add a header. Limit: HY_FILL_BYTES_MAX for the whole text.
 *
 * Threads: any; nothing is shared.
 */
#ifndef HY_NET_FILL_H
#define HY_NET_FILL_H

#include <hydrant/types.h>

enum { HY_FILL_BYTES_MAX = 64 << 10 };

struct hy_fill_value {
    const char *name;
    hydrant_str text;
};

struct hy_fill {
    const char *folder;                 /* that paths are relative to */
    const struct hy_fill_value *values; /* the last one has no name; NULL: none */
    bool in_url;                        /* values are percent-encoded (secrets are not) */
};

/* *out: malloc'd, NUL-terminated, for hy_fill_free. HYDRANT_ERR_ARGUMENT (an unset variable, a
 * place without an end, a control character), _SYSTEM (a file), _LIMIT, _NOMEM; the message names
 * the place and never what was in it. */
hydrant_status hy_fill_text(const struct hy_fill *fill, const char *text, char **out,
                            hydrant_error *err);
void hy_fill_free(char *text); /* wipes it; NULL is fine */

/* Does the text have a secret? */
bool hy_fill_has_secret(const char *text);

/* scheme://host[:port]/path of a URL: no user, query or fragment. Always NUL-terminated. */
void hy_fill_shown(const char *url, char *out, size_t cap);

#endif
