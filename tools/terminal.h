/*
 * What a person sees: colours, safe text, items as cards, progress. For programs, not the library.
 */
#ifndef HY_TOOLS_TERMINAL_H
#define HY_TOOLS_TERMINAL_H

#include <hydrant/hydrant.h>
#include <stdio.h>

/* Is the stream a terminal that wants colours (NO_COLOR and TERM=dumb say no)? */
bool terminal_wants_colour(FILE *stream);
bool terminal_is(FILE *stream);

/* Writes text that others wrote: characters that a terminal may not see become spaces. */
void terminal_put(FILE *out, hydrant_str text);

/* Prints an item as a short card: verdict, text with its hits marked, reasons. */
void terminal_card(FILE *out, const hydrant_item *item, bool colour);

/* "1,234,567" into a buffer of at least 32 bytes; returns it. */
const char *terminal_count(uint64_t value, char *buffer);

/* Redraws a line on stderr that shows how far reading is, after so many seconds; and wipes it. */
void terminal_progress_draw(const hydrant_progress *now, double seconds);
void terminal_progress_wipe(void);

/* A line on stderr that shows how far the engine is, redrawn five times a second by a thread. */
struct terminal_progress;
struct terminal_progress *terminal_progress_start(const hydrant *engine);
void terminal_progress_stop(struct terminal_progress **progress); /* wipes the line; NULL is fine */

#endif
