/* hydrant.yaml may hold anything: an error or a configuration, never both, and places that exist.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "control/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hy_config *config = NULL;
    hydrant_error err = {0};
    hydrant_status status = hy_config_read("fuzz", "/etc", (const char *)data, size, &config, &err);
    HY_ASSERT((status == HYDRANT_OK) == (config && config->errors_count == 0));
    for (uint32_t i = 0; config && i < config->diagnostics_count; i++) {
        char text[4096];
        hy_diagnostic_render(&config->diagnostics[i], text, sizeof text, i % 2);
    }
    for (uint32_t i = 0; status == HYDRANT_OK && i < config->sources_count; i++)
        HY_ASSERT(config->sources[i].name[0]);
    for (uint32_t i = 0; status == HYDRANT_OK && i < config->groups_count; i++)
        HY_ASSERT(config->groups[i].name[0] && config->groups[i].spill_bytes >= 1 << 20);
    hy_config_destroy(&config);
    return 0;
}
