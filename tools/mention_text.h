/*
 * Mentions out of a file that a person points at: JSON, one object a line, spread over lines or in
 * an array; or texts, one a line.
 */
#ifndef HY_TOOLS_MENTION_TEXT_H
#define HY_TOOLS_MENTION_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct mention_text {
    FILE *in;
    char *bytes; /* of the mention that was read last, without a byte order mark */
    size_t cap, len;
    bool json; /* it is an object, else a text */
};

/* Reads the next one; of one that is longer than cap bytes the rest is left out, and len is cap.
 * False at the end of the stream, or when it cannot be read on (ferror, errno). */
bool mention_text_read(struct mention_text *m);

#endif
