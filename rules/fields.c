#include "rules/fields.h"

#include <string.h>

#include "base/str.h"
#include "rules/query.h"

const struct hy_field hy_query_fields[HY_FIELD_IDS] = {
#define ROW(NAME, name, KIND, values, STAGE, SCOPE, meaning)                          \
    {HY_FIELD_ID_##NAME,     name,   HY_FIELD_##KIND, values, HY_FIELD_STAGE_##STAGE, \
     HY_FIELD_SCOPE_##SCOPE, meaning},
    HY_FIELD_TABLE(ROW)
#undef ROW
};

const struct hy_field *hy_field_find(hydrant_str name, bool count)
{
    for (size_t i = 0; i < HY_FIELD_IDS; i++)
        if ((hy_query_fields[i].kind == HY_FIELD_COUNT) == count &&
            hy_str_is(name, hy_query_fields[i].name))
            return &hy_query_fields[i];
    return NULL;
}

const struct hy_field *hy_field_of(const struct hy_query *query)
{
    switch (query->kind) {
    case HY_QUERY_FIELD:
    case HY_QUERY_SCORE:
        return hy_field_find(query->field, false);
    case HY_QUERY_NUMBER:
        return hy_field_find(query->field, query->text.len > 0);
    default:
        return NULL;
    }
}

bool hy_field_has_value(const char *values, hydrant_str value, uint32_t *index)
{
    uint32_t at = 0;
    for (const char *p = values; *p; at++) {
        size_t len = strcspn(p, "|");
        if (hy_str_equal(value, hy_str(p, len))) {
            if (index)
                *index = at;
            return true;
        }
        p += len + (p[len] == '|');
    }
    return false;
}

bool hy_field_decided(const struct hy_field *field, hydrant_str value)
{
    (void)value;
    return field->stage != HY_FIELD_STAGE_NONE;
}
