#include "control/config_net.h"

#include "net/intake_web.h"

const char *hy_config_check_net(const struct hy_config_source *source, const char **key)
{
    switch (source->type) {
    case HY_SOURCE_STREAM:
    case HY_SOURCE_POLL:
        return hy_web_check(&source->web, source->type == HY_SOURCE_POLL, key);
    default:
        return NULL;
    }
}
