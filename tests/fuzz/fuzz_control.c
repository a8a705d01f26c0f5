/* Any bytes as a request of the control socket, as a checkpoint, and as the state of a source. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/str.h"
#include "control/checkpoint.h"
#include "control/control_request.h"
#include "ingest/file_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct hy_control_request request;
    struct hy_checkpoint checkpoint;
    struct hy_file_list list;
    if (!hy_control_request_parse(text, size, &request))
        HY_ASSERT(request.command[0] && memchr(request.rule, '\0', sizeof request.rule));
    if (hy_checkpoint_parse(text, size, &checkpoint)) {
        size_t len;
        char *again = hy_checkpoint_print(&checkpoint, &len);
        HY_ASSERT(again && len > 0);
        free(again);
        hy_checkpoint_fini(&checkpoint);
    }
    if (hy_file_list_parse(&list, hy_str(text, size))) {
        char out[64];
        hy_file_list_print(&list, out, sizeof out);
        hy_file_list_fini(&list);
    }
    return 0;
}
