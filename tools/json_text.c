#include "tools/json_text.h"

#include "tools/utf8_text.h"

void json_text_put(FILE *out, hydrant_str text)
{
    fputc('"', out);
    for (size_t at = 0, len; at < text.len; at += len) {
        int32_t c = utf8_text_decode(text.data + at, text.len - at, &len);
        if (c < 0)
            fputs("\xEF\xBF\xBD", out); /* U+FFFD */
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fwrite(text.data + at, 1, len, out);
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
