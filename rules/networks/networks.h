/*
 * The source mappings that are built into the library, byte for byte the YAML files of this folder:
 * each *.yaml here is one, and nothing else names them. Immutable; any thread.
 */
#ifndef HY_RULES_NETWORKS_NETWORKS_H
#define HY_RULES_NETWORKS_NETWORKS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct hy_network_text {
    const char *name; /* as messages call it; NULL ends the table */
    const char *yaml;
    const size_t *len;
};

extern const struct hy_network_text hy_network_texts[];

#ifdef __cplusplus
}
#endif

#endif
