/* JSON as the commands print it. */
#ifndef HY_TOOLS_JSON_TEXT_H
#define HY_TOOLS_JSON_TEXT_H

#include <hydrant/hydrant.h>
#include <stdio.h>

/* Writes the string with its quotes, everything escaped that JSON asks for; bytes that are no UTF-8
 * (in the name of a file, say) as U+FFFD. */
void json_text_put(FILE *out, hydrant_str text);

/* Writes "name":"text" with a comma before it unless first. */
void json_text_put_member(FILE *out, const char *name, hydrant_str text, bool first);

/* {"severity","file","line","column","rule","message"} */
void json_text_put_problem(FILE *out, const hydrant_diagnostic *problem);

#endif
