#include "tools/text_line.h"

bool text_line_read(FILE *in, char *line, size_t cap, size_t *len)
{
    int c = getc(in);
    if (c == EOF)
        return false;
    for (*len = 0; c != EOF && c != '\n'; c = getc(in))
        if (*len < cap)
            line[(*len)++] = (char)c;
    if (c == '\n' && *len > 0 && *len < cap && line[*len - 1] == '\r')
        --*len;
    return true;
}
