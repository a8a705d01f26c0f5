/*
 * Ctrl-C and SIGTERM where somebody may have stopped reading: they stop an engine, and from a
 * second later on break off a write to stdout that hangs. For one engine in a process.
 *
 * Threads: writes on one at a time; a signal may come to any.
 */
#ifndef HY_TOOLS_STOP_SIGNAL_H
#define HY_TOOLS_STOP_SIGNAL_H

#include <hydrant/hydrant.h>

void stop_signal_install(hydrant *engine); /* until stop_signal_forget, which precedes its end */
void stop_signal_forget(void);

/* The signal that came; 0: none did. */
int stop_signal_number(void);

/* Writes all to stdout. False, after stdout_failed, when that failed or was broken off. */
bool stop_signal_write(const char *data, size_t len);

/* The same around a write by stdio, which was good or not; returns good. */
void stop_signal_begin_write(void);
bool stop_signal_end_write(bool good);

#endif
