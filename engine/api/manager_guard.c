/*
 * The guard: rules that match far more than they did are put in shadow until somebody confirms. A
 * rule that is held is so in every generation, until it is confirmed, changed or gone.
 */
#include <stdlib.h>
#include <string.h>

#include "api/manager_inner.h"
#include "api/pack_handle.h"
#include "base/error.h"
#include "base/str.h"
#include "rules/derive.h"

static bool is_held(const hydrant_manager *m, hydrant_str rule)
{
    for (uint32_t i = 0; i < m->guarded_count; i++)
        if (hy_str_is(rule, m->guarded[i]))
            return true;
    return false;
}

static void let_go(hydrant_manager *m, uint32_t number)
{
    free(m->guarded[number]);
    m->guarded[number] = m->guarded[--m->guarded_count];
}

bool hy_guard_hold(hydrant_manager *m, hydrant_str rule)
{
    char **grown = realloc(m->guarded, (m->guarded_count + 1) * sizeof *grown);
    if (!grown)
        return false;
    m->guarded = grown;
    m->guarded[m->guarded_count] = strndup(rule.data, rule.len);
    m->guarded_count += m->guarded[m->guarded_count] != NULL;
    return true;
}

void hy_guard_forget(hydrant_manager *m, const hydrant_pack *pack, const bool *changed)
{
    for (uint32_t k = m->guarded_count; k-- > 0;) {
        uint32_t i = 0, count = pack->pack->rules_count;
        while (i < count && !hy_str_is(pack->pack->rules[i].id, m->guarded[k]))
            i++;
        if (i == count || changed[i])
            let_go(m, k);
    }
}

hydrant_status hy_guard_confirm(hydrant_manager *m, const char *rule, hydrant_error *err)
{
    uint32_t before = m->guarded_count;
    for (uint32_t k = m->guarded_count; k-- > 0;)
        if (!rule || strcmp(rule, m->guarded[k]) == 0)
            let_go(m, k);
    if (m->guarded_count < before)
        return HYDRANT_OK;
    return rule ? hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the guard holds no rule %s", rule)
                : hy_error_set(err, HYDRANT_ERR_ARGUMENT, "the guard holds no rule");
}

hydrant_status hy_guard_apply(hydrant_manager *m, hydrant_pack *pack, hydrant_pack **out,
                              hydrant_error *err)
{
    const struct hy_pack *from = pack->pack;
    struct hy_pack *derived = NULL;
    *out = NULL;
    if (m->guarded_count == 0) {
        *out = hy_pack_handle_acquire(pack);
        return HYDRANT_OK;
    }
    bool *in_shadow = calloc((size_t)from->rules_count + 1, sizeof *in_shadow);
    if (!in_shadow)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for the rules");
    for (uint32_t i = 0; i < from->rules_count; i++)
        in_shadow[i] = from->rules[i].state == HY_RULE_SHADOW || is_held(m, from->rules[i].id);
    hydrant_status status = hy_pack_derive_shadow(from, in_shadow, &derived, err);
    free(in_shadow);
    return status == HYDRANT_OK ? hy_pack_handle_create(derived, pack, out, err) : status;
}

void hy_guard_free(hydrant_manager *m)
{
    for (uint32_t i = 0; i < m->guarded_count; i++)
        free(m->guarded[i]);
    free(m->guarded);
}
