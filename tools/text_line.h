/* Lines of text, however long they are. */
#ifndef HY_TOOLS_TEXT_LINE_H
#define HY_TOOLS_TEXT_LINE_H

#include <stdbool.h>
#include <stdio.h>

/* Reads a line without its end; of one that is longer than cap bytes the rest is left out, and *len
 * is cap. False at the end of the stream, or when it cannot be read on (ferror, errno). */
bool text_line_read(FILE *in, char *line, size_t cap, size_t *len);

#endif
