/* hydrant.yaml as a JSON Schema, made from the same tables as the reader. */
#include <stdio.h>
#include <stdlib.h>

#include "control/config_tables.h"

static void put_text(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++)
        fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    putc('"', out);
}

static void put_choice(FILE *out, const char *values)
{
    fputs("\"enum\":[\"", out);
    for (; *values; values++)
        fputs(*values == '|' ? "\",\"" : (char[]){*values, '\0'}, out);
    fputs("\"]", out);
}

static void put_table(FILE *out, const struct hy_config_table *table,
                      const struct hy_config_table *more, const char *type);

static void put_sources(FILE *out)
{
    fputs("\"type\":\"array\",\"items\":{\"oneOf\":[\n", out);
    for (int i = 0; i < HY_SOURCE_TYPES; i++) {
        fputs(i ? ",\n{" : "{", out);
        put_table(out, &hy_config_source, &hy_config_types[i], hy_config_type_names[i]);
        putc('}', out);
    }
    fputs("]}", out);
}

#define TEXT_OR_TEXTS \
    "\"oneOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}}]"
#define SLOW "\"enum\":[\"block\",\"drop-oldest\",\"spill\"]"

static void put_kind(FILE *out, const struct hy_config_key *key)
{
    switch (key->kind) {
    case HY_CONFIG_PATHS:
    case HY_CONFIG_TEXTS:
        fputs(TEXT_OR_TEXTS, out);
        break;
    case HY_CONFIG_BOOL:
        fputs("\"type\":\"boolean\"", out);
        break;
    case HY_CONFIG_COUNT:
        fprintf(out, "\"type\":\"integer\",\"minimum\":%llu,\"maximum\":%llu",
                (unsigned long long)key->low, (unsigned long long)key->high);
        break;
    case HY_CONFIG_WORKERS:
        fprintf(out,
                "\"oneOf\":[{\"const\":\"auto\"},{\"type\":\"integer\",\"minimum\":%llu,"
                "\"maximum\":%llu}]",
                (unsigned long long)key->low, (unsigned long long)key->high);
        break;
    case HY_CONFIG_BYTES:
        fputs("\"type\":[\"string\",\"integer\"],\"pattern\":\"^[0-9]+(B|[KMGT]iB|[KMG]B)?$\"",
              out);
        break;
    case HY_CONFIG_DURATION:
        fputs("\"type\":[\"string\",\"integer\"],\"pattern\":\"^(0|[0-9]+(us|ms|s|m|h|d))$\"", out);
        break;
    case HY_CONFIG_CHOICE:
        put_choice(out, key->values);
        break;
    case HY_CONFIG_SLOW:
        fputs("\"oneOf\":[{" SLOW "},{\"type\":\"object\",\"additionalProperties\":false,"
              "\"required\":[\"block\",\"then\"],\"properties\":{\"block\":{\"type\":\"string\"},"
              "\"then\":{" SLOW "}}}]",
              out);
        break;
    case HY_CONFIG_ACTIONS:
        fputs(
            "\"type\":\"array\",\"items\":{\"enum\":[\"thank\",\"respond\",\"recover\",\"correct\","
            "\"share\",\"monitor\"]}",
            out);
        break;
    case HY_CONFIG_NAME:
        fputs("\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,46}$\"", out);
        break;
    case HY_CONFIG_SOURCES:
        put_sources(out);
        break;
    case HY_CONFIG_SINKS:
        fputs("\"type\":\"array\",\"items\":{", out);
        put_table(out, &hy_config_sink, NULL, NULL);
        putc('}', out);
        break;
    case HY_CONFIG_GROUPS:
        fputs("\"type\":\"object\",\"additionalProperties\":{", out);
        put_table(out, &hy_config_group, NULL, NULL);
        putc('}', out);
        break;
    case HY_CONFIG_FORMAT:
        fputs("\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,46}$\"", out);
        break;
    case HY_CONFIG_LISTEN:
        fputs("\"type\":[\"string\",\"boolean\"]", out);
        break;
    default:
        if (key->kind >= HY_CONFIG_RING)
            put_table(out, hy_config_section(key->kind), NULL, NULL);
        else
            fputs("\"type\":\"string\"", out);
    }
}

static void put_keys(FILE *out, const struct hy_config_table *table, const char *type, bool first)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct hy_config_key *key = &table->keys[i];
        fputs(first && i == 0 ? "\n" : ",\n", out);
        put_text(out, key->name);
        fputs(":{\"description\":", out);
        put_text(out, key->meaning);
        if (key->fallback && key->kind == HY_CONFIG_COUNT)
            fprintf(out, ",\"default\":%s", key->fallback);
        else if (key->fallback) {
            fputs(",\"default\":", out);
            if (key->kind == HY_CONFIG_BOOL)
                fputs(key->fallback, out);
            else
                put_text(out, key->fallback);
        }
        putc(',', out);
        if (key->kind == HY_CONFIG_TYPE)
            fprintf(out, "\"const\":\"%s\"", type);
        else
            put_kind(out, key);
        putc('}', out);
    }
}

/* The members of an object's schema. type: of a source. */
static void put_table(FILE *out, const struct hy_config_table *table,
                      const struct hy_config_table *more, const char *type)
{
    fputs("\"type\":\"object\",\"additionalProperties\":false,", out);
    if (type)
        fputs("\"required\":[\"name\",\"type\"],", out);
    fputs("\"properties\":{", out);
    put_keys(out, table, type, true);
    if (more)
        put_keys(out, more, type, false);
    putc('}', out);
}

char *hy_config_schema(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out)
        return NULL;
    fputs("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n"
          "\"title\":\"hydrant.yaml\",\n",
          out);
    put_table(out, &hy_config_top, NULL, NULL);
    fputs("}\n", out);
    bool whole = !ferror(out);
    if (fclose(out) != 0 || !whole) {
        free(text);
        return NULL;
    }
    return text;
}
