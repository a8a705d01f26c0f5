/*
 * The table of fields in docs/rules/reference.md is the one in rules/fields.h. HYDRANT_ACCEPT=1
 * writes it anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hydrant/item.h>

#include "base/str.h"
#include "rules/fields.h"

#define REFERENCE HYDRANT_SOURCE_DIR "/docs/rules/reference.md"

enum { PAGE_BYTES = 64 << 10 };

static char table[PAGE_BYTES];
static size_t table_len;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    table_len += (size_t)vsnprintf(table + table_len, sizeof table - table_len, format, args);
    va_end(args);
    assert_true(table_len < sizeof table);
}

static void add_values(const struct hy_field *field, const char *behind)
{
    for (const char *p = field->values; *p;) {
        size_t len = strcspn(p, "|");
        add("%s`%s:%.*s%s`", p == field->values ? "" : " ", field->name, (int)len, p, behind);
        p += len + (p[len] == '|');
    }
}

static void add_written(const struct hy_field *field)
{
    switch (field->kind) {
    case HY_FIELD_TEXT:
        add("`%s:text`", field->name);
        break;
    case HY_FIELD_HANDLE:
        add("`%s:handle`", field->name);
        break;
    case HY_FIELD_NAME:
        add("`%s:name`", field->name);
        break;
    case HY_FIELD_ID:
        add("`%s:id`", field->name);
        break;
    case HY_FIELD_DOMAIN:
        add("`%s:example.com`", field->name);
        break;
    case HY_FIELD_RULE:
        add("`%s:rule-id`", field->name);
        break;
    case HY_FIELD_BARE:
        add("`%s`", field->name);
        break;
    case HY_FIELD_NUMBER:
        add("`%s:5..9`", field->name);
        break;
    case HY_FIELD_PERCENT:
        add("`%s:10`", field->name);
        break;
    case HY_FIELD_LEVEL:
        add("`%s>0.6`", field->name);
        break;
    case HY_FIELD_SIGNED:
        add("`%s<-0.3`", field->name);
        break;
    case HY_FIELD_COUNT:
        add_values(field, ">5");
        break;
    case HY_FIELD_CHOICE:
    case HY_FIELD_SCORE:
        add_values(field, "");
        break;
    }
    if (field->kind == HY_FIELD_SCORE)
        add(", each also with `>0.6` and the like");
}

static void make_table(void)
{
    static const char *const stages[] = {"nothing yet", "match", "emotion", "dedup", "triage"};
    static const char *const scopes[] = {"everywhere", "policy", "verdict"};
    table_len = 0;
    add("\n| written | means | known after | may stand in |\n|---|---|---|---|\n");
    for (size_t i = 0; i < HY_FIELD_IDS; i++) {
        add("| ");
        add_written(&hy_query_fields[i]);
        add(" | %s | %s | %s |\n", hy_query_fields[i].meaning, stages[hy_query_fields[i].stage],
            scopes[hy_query_fields[i].scope]);
    }
    add("\n");
}

static void reference_has_the_table_of_fields(void **state)
{
    static char page[4 * PAGE_BYTES];
    FILE *file = fopen(REFERENCE, "rb");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    char *begin = strstr(page, "<!-- fields:"), *end = strstr(page, "<!-- /fields -->");
    assert_true(begin && end && begin < end);
    begin = strchr(begin, '\n') + 1;
    make_table();
    if (getenv("HYDRANT_ACCEPT")) {
        file = fopen(REFERENCE, "wb");
        assert_non_null(file);
        fprintf(file, "%.*s%s%s", (int)(begin - page), page, table, end);
        fclose(file);
        return;
    }
    if ((size_t)(end - begin) != table_len || memcmp(begin, table, table_len) != 0)
        fail_msg("%s is not up to date: HYDRANT_ACCEPT=1 writes its table", REFERENCE);
}

static void same_names(const char *values, const char *(*name_of)(unsigned), unsigned count)
{
    unsigned values_count = 1;
    for (const char *p = values; *p; p++)
        values_count += *p == '|';
    assert_int_equal(values_count, count);
    for (unsigned i = 0; i < count; i++)
        assert_true(hy_field_has_value(values, hy_str_cstr(name_of(i)), NULL));
}

static void values_are_the_names_of_items(void **state)
{
    uint32_t index;
    same_names(hy_query_fields[HY_FIELD_ID_EMOTION].values, hydrant_emotion_name, HYDRANT_EMOTIONS);
    same_names(hy_query_fields[HY_FIELD_ID_SENTIMENT].values, hydrant_sentiment_name,
               HYDRANT_SENTIMENTS);
    same_names(hy_query_fields[HY_FIELD_ID_ACT].values, hydrant_speech_act_name,
               HYDRANT_SPEECH_ACTS);
    for (int a = HYDRANT_ACTION_THANK; a <= HYDRANT_ACTION_IGNORE; a++) {
        const char *name = hydrant_action_name((hydrant_action)a);
        assert_true(hy_field_has_value(hy_query_fields[HY_FIELD_ID_ACTION].values,
                                       hy_str_cstr(name), &index));
        assert_int_equal(index, a - HYDRANT_ACTION_THANK);
    }
    for (int k = HYDRANT_DUP_EXACT; k <= HYDRANT_DUP_REDELIVERED; k++)
        assert_true(hy_field_has_value(hy_query_fields[HY_FIELD_ID_DUP].values,
                                       hy_str_cstr(hydrant_dup_kind_name((hydrant_dup_kind)k)),
                                       NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_has_the_table_of_fields),
        cmocka_unit_test(values_are_the_names_of_items),
    };
    return cmocka_run_group_tests_name("rules_docs", tests, NULL, NULL);
}
