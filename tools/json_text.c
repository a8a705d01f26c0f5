#include "tools/json_text.h"

void json_text_put(FILE *out, hydrant_str text)
{
    fputc('"', out);
    for (uint32_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

void json_text_put_member(FILE *out, const char *name, hydrant_str text, bool first)
{
    fprintf(out, "%s\"%s\":", first ? "" : ",", name);
    json_text_put(out, text);
}

void json_text_put_problem(FILE *out, const hydrant_diagnostic *problem)
{
    fprintf(out, "{\"severity\":\"%s\"",
            problem->severity == HYDRANT_SEVERITY_ERROR ? "error" : "warning");
    json_text_put_member(out, "file", problem->file, false);
    fprintf(out, ",\"line\":%u,\"column\":%u", problem->line, problem->column);
    json_text_put_member(out, "rule", problem->rule, false);
    json_text_put_member(out, "message", problem->message, false);
    fputc('}', out);
}
