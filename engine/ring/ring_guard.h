/*
 * Mappings of files that somebody else may cut. A reader has to be able to write its group's
 * control file, so it can also cut it, and the engine's next look at a page that is gone is a
 * SIGBUS. Under guard that costs the group its control file and nobody anything else: zeros take
 * the mapping's place, and *lost says so.
 *
 * The handler of SIGBUS is the process's: it is set by the first guard and taken back with the
 * last, unless somebody has set another one meanwhile; an address that is not guarded goes to the
 * handler that was there before. Only the engine's side uses it: readers answer for themselves.
 *
 * Any thread.
 */
#ifndef HY_RING_GUARD_H
#define HY_RING_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Guards [base, base + bytes), whole pages. False: there is no room for another (256). */
bool hy_ring_guard_add(void *base, size_t bytes, _Atomic bool *lost);
/* Before the mapping goes. Accepts what is not guarded. */
void hy_ring_guard_remove(void *base);

#endif
