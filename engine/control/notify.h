/* What systemd is told (sd_notify): a datagram to the socket that NOTIFY_SOCKET names. Any thread.
 */
#ifndef HY_CONTROL_NOTIFY_H
#define HY_CONTROL_NOTIFY_H

#include <hydrant/types.h>

/* state: "READY=1", "STATUS=...", several with newlines. False: nobody asked, or it did not go. */
bool hy_notify(const char *state);

#endif
