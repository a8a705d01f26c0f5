/*
 * Expressions: a query as a graph in which equal parts are one part, simplified on the way:
 *
 *   AND, OR      flattened, repeats dropped, * and what can never be true taken out
 *   OR of many terms becomes a set: one node whatever its size
 *
 * And what each needs, how deep it is, and which of its terms wake it up. The trigger of an
 * expression is a group of terms of which at least one must be there for it to be true: the rarest
 * branch of an AND, all branches of an OR, nothing for a NOT or a field.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "rules/compile_state.h"

enum {
    SET_MIN = 4,      /* terms in an OR that make a set */
    FLATTEN_MAX = 64, /* children of a part that moves up into its parent */
};

/* ---- numbering ---- */

static bool same_expr(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    const struct expr *a = &c->exprs.at[number], *b = wanted;
    return a->hash == b->hash && a->op == b->op && a->arg == b->arg &&
           a->kids_count == b->kids_count &&
           (a->kids_count == 0 || memcmp(c->kids.at + a->kids, c->kids.at + b->kids,
                                         sizeof *c->kids.at * a->kids_count) == 0);
}

static uint64_t expr_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->exprs.at[number].hash;
}

static uint32_t add_u32(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

struct rated {
    float rate;
    uint32_t expr;
};

static int compare_rated(const void *a, const void *b)
{
    const struct rated *x = a, *y = b;
    if (x->rate != y->rate)
        return x->rate < y->rate ? -1 : 1;
    return x->expr < y->expr ? -1 : x->expr > y->expr;
}

/* The trigger of ATLEAST n of k: any k - n + 1 of them do, so the rarest. NULL: no memory. */
static struct rated *rarest_kids(struct hy_compiler *c, const struct expr *expr, uint32_t *count)
{
    struct rated *kids = malloc(sizeof *kids * expr->kids_count);
    *count = 0;
    if (!kids) {
        hy_compile_nomem(c);
        return NULL;
    }
    for (uint32_t i = 0; i < expr->kids_count; i++) {
        uint32_t kid = c->kids.at[expr->kids + i];
        kids[i] = (struct rated){c->exprs.at[kid].rate, kid};
    }
    qsort(kids, expr->kids_count, sizeof *kids, compare_rated);
    *count = expr->kids_count - expr->arg + 1;
    return kids;
}

static float sum_rates(const struct rated *kids, uint32_t count)
{
    float total = 0;
    for (uint32_t i = 0; i < count; i++)
        total += kids[i].rate;
    return total;
}

static void rate_atleast(struct hy_compiler *c, struct expr *expr)
{
    uint32_t count;
    struct rated *kids = rarest_kids(c, expr, &count);
    if (!kids)
        return;
    expr->rate = sum_rates(kids, count);
    for (uint32_t i = 0; i < expr->kids_count; i++)
        kids[i].rate = c->exprs.at[kids[i].expr].common;
    qsort(kids, expr->kids_count, sizeof *kids, compare_rated);
    expr->common = sum_rates(kids, count);
    free(kids);
}

/* What an inner node takes over from its children. */
static void sum_up(struct hy_compiler *c, struct expr *expr)
{
    float least = INFINITY, sum = 0, least_common = INFINITY, sum_common = 0;
    for (uint32_t i = 0; i < expr->kids_count; i++) {
        const struct expr *kid = &c->exprs.at[c->kids.at[expr->kids + i]];
        expr->flags |= kid->flags;
        expr->nodes = add_u32(expr->nodes, kid->nodes);
        expr->depth = kid->depth + 1 > expr->depth ? kid->depth + 1 : expr->depth;
        expr->near_depth = kid->near_depth > expr->near_depth ? kid->near_depth : expr->near_depth;
        least = kid->rate < least ? kid->rate : least;
        sum += kid->rate;
        least_common = kid->common < least_common ? kid->common : least_common;
        sum_common += kid->common;
    }
    if (expr->op == HY_OP_NOT) {
        expr->flags &= ~(uint32_t)EXPR_POSITIVE;
        expr->rate = expr->common = INFINITY;
    } else if (expr->op == HY_OP_OR) {
        expr->rate = sum;
        expr->common = sum_common;
    } else if (expr->op == HY_OP_ATLEAST) {
        rate_atleast(c, expr);
    } else {
        expr->rate = least;
        expr->common = least_common;
    }
}

static float common_of_leaf(const struct hy_compiler *c, const struct expr *expr)
{
    if (expr->op == HY_OP_TERM)
        return c->terms.at[expr->arg].common;
    return expr->op == HY_OP_SET ? c->sets.at[expr->arg].common : expr->rate;
}

/* The number of an expression whose children are the last entries of c->kids. */
static uint32_t intern(struct hy_compiler *c, struct expr expr)
{
    if (c->status != HYDRANT_OK)
        return NONE;
    uint32_t head[3] = {expr.op, expr.arg, expr.kids_count};
    expr.hash = XXH3_64bits(head, sizeof head);
    if (expr.kids_count > 0)
        expr.hash = XXH3_64bits_withSeed(c->kids.at + expr.kids,
                                         sizeof *c->kids.at * expr.kids_count, expr.hash);
    uint32_t number = hy_index_find(c, &c->exprs_index, expr.hash, same_expr, &expr);
    if (number != NONE) {
        c->kids.count = expr.kids;
        return number;
    }
    for (uint32_t i = 0; i < expr.kids_count; i++)
        c->exprs.at[c->kids.at[expr.kids + i]].refs++;
    expr.nodes = 1;
    expr.depth = 1;
    expr.call = NONE;
    if (expr.kids_count > 0)
        sum_up(c, &expr);
    else
        expr.common = common_of_leaf(c, &expr);
    number = c->exprs.count;
    VEC_PUSH(c, &c->exprs, expr);
    hy_index_add(c, &c->exprs_index, expr.hash, number, expr_hash);
    return c->status == HYDRANT_OK ? number : NONE;
}

uint32_t hy_expr_leaf(struct hy_compiler *c, enum hy_op op, uint32_t arg, uint32_t flags,
                      float rate)
{
    return intern(
        c,
        (struct expr){.op = op, .arg = arg, .kids = c->kids.count, .flags = flags, .rate = rate});
}

static uint32_t constant(struct hy_compiler *c, bool value)
{
    return hy_expr_leaf(c, value ? HY_OP_TRUE : HY_OP_FALSE, 0, EXPR_FACTS,
                        value ? INFINITY : 0.0f);
}

static uint32_t term_expr(struct hy_compiler *c, const struct hy_query *query)
{
    uint32_t number = hy_compile_term(c, query);
    if (number == NONE)
        return NONE;
    const struct term *term = &c->terms.at[number];
    return hy_expr_leaf(c, HY_OP_TERM, number, EXPR_POSITIVE | (term->regex ? HY_PROGRAM_REGEX : 0),
                        term->rate);
}

/* ---- sets ---- */

static bool same_set(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    const struct set *a = &c->sets.at[number], *b = wanted;
    return a->hash == b->hash && a->count == b->count &&
           memcmp(c->members.at + a->first, c->members.at + b->first,
                  sizeof *c->members.at * a->count) == 0;
}

static uint64_t set_hash(const struct hy_compiler *c, uint32_t number)
{
    return c->sets.at[number].hash;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The expression of a set of terms: the last entries of c->members from first on. */
static uint32_t set_expr(struct hy_compiler *c, uint32_t first)
{
    uint32_t *members = c->members.at + first, count = 0;
    qsort(members, c->members.count - first, sizeof *members, compare_u32);
    struct set set = {.first = first};
    for (uint32_t i = 0; i < c->members.count - first; i++) {
        if (count > 0 && members[count - 1] == members[i])
            continue;
        members[count++] = members[i];
        set.rate += c->terms.at[members[i]].rate;
        set.common += c->terms.at[members[i]].common;
        set.regex |= c->terms.at[members[i]].regex;
    }
    c->members.count = first + count;
    set.count = count;
    set.hash = XXH3_64bits(members, sizeof *members * count);
    uint32_t number = hy_index_find(c, &c->sets_index, set.hash, same_set, &set);
    if (number == NONE) {
        number = c->sets.count;
        VEC_PUSH(c, &c->sets, set);
        hy_index_add(c, &c->sets_index, set.hash, number, set_hash);
    } else {
        c->members.count = first;
    }
    return hy_expr_leaf(c, HY_OP_SET, number, EXPR_POSITIVE | (set.regex ? HY_PROGRAM_REGEX : 0),
                        set.rate);
}

/* ---- AND, OR ---- */

typedef VEC(uint32_t) numbers;

/* Starts a walk that meets each expression once. */
static bool begin_walk(struct hy_compiler *c)
{
    uint32_t from = c->stamps.count;
    if (!VEC_ROOM(c, &c->stamps, c->exprs.count - from))
        return false;
    memset(c->stamps.at + from, 0, sizeof *c->stamps.at * (c->exprs.count - from));
    c->stamps.count = c->exprs.count;
    c->stamp++;
    return true;
}

static bool first_visit(struct hy_compiler *c, uint32_t expr)
{
    bool first = c->stamps.at[expr] != c->stamp;
    c->stamps.at[expr] = c->stamp;
    return first;
}

/* Adds a child of an AND or OR, or, when it is of the same kind and small, its children. */
static void add_operand(struct hy_compiler *c, numbers *to, enum hy_op op, uint32_t number)
{
    const struct expr *expr = &c->exprs.at[number];
    if (expr->op != op || expr->kids_count > FLATTEN_MAX) {
        if (first_visit(c, number))
            VEC_PUSH(c, to, number);
        return;
    }
    for (uint32_t i = 0; i < expr->kids_count; i++)
        if (first_visit(c, c->kids.at[expr->kids + i]))
            VEC_PUSH(c, to, c->kids.at[expr->kids + i]);
}

/* Takes the terms out of the operands of an OR when there are enough of them. */
static void make_set(struct hy_compiler *c, numbers *operands)
{
    uint32_t terms = 0, kept = 0, first = c->members.count;
    for (uint32_t i = 0; i < operands->count; i++)
        terms += c->exprs.at[operands->at[i]].op == HY_OP_TERM;
    if (terms < SET_MIN || !VEC_ROOM(c, &c->members, terms))
        return;
    for (uint32_t i = 0; i < operands->count; i++) {
        const struct expr *expr = &c->exprs.at[operands->at[i]];
        if (expr->op == HY_OP_TERM)
            c->members.at[c->members.count++] = expr->arg;
        else
            operands->at[kept++] = operands->at[i];
    }
    operands->count = kept;
    uint32_t set = set_expr(c, first);
    if (set != NONE)
        VEC_PUSH(c, operands, set);
}

/* What decides soonest goes first; what cannot be rated (NOT, fields) last. Equal groups become the
 * same expression, in whatever order they were written. */
static int compare_rarest_first(const void *a, const void *b, void *context)
{
    const struct hy_compiler *c = context;
    struct rated x = {c->exprs.at[*(const uint32_t *)a].rate, *(const uint32_t *)a};
    struct rated y = {c->exprs.at[*(const uint32_t *)b].rate, *(const uint32_t *)b};
    return compare_rated(&x, &y);
}

static int compare_commonest_first(const void *a, const void *b, void *context)
{
    const struct hy_compiler *c = context;
    float x = c->exprs.at[*(const uint32_t *)a].rate, y = c->exprs.at[*(const uint32_t *)b].rate;
    if (isinf(x) != isinf(y))
        return isinf(x) ? 1 : -1;
    return compare_rarest_first(b, a, context);
}

static uint32_t join_operands(struct hy_compiler *c, enum hy_op op, const numbers *operands)
{
    /* TRUE decides an OR and does not matter in an AND; FALSE the other way round. */
    enum hy_op deciding = op == HY_OP_OR ? HY_OP_TRUE : HY_OP_FALSE;
    enum hy_op idle = op == HY_OP_OR ? HY_OP_FALSE : HY_OP_TRUE;
    uint32_t first = c->kids.count;
    if (!VEC_ROOM(c, &c->kids, operands->count))
        return NONE;
    for (uint32_t i = 0; i < operands->count; i++) {
        uint32_t kid_op = c->exprs.at[operands->at[i]].op;
        if (kid_op == deciding) {
            c->kids.count = first;
            return operands->at[i];
        }
        if (kid_op != idle)
            c->kids.at[c->kids.count++] = operands->at[i];
    }
    uint32_t count = c->kids.count - first;
    qsort_r(c->kids.at + first, count, sizeof *c->kids.at,
            op == HY_OP_AND ? compare_rarest_first : compare_commonest_first, c);
    if (count > 1)
        return intern(c, (struct expr){.op = op, .kids = first, .kids_count = count});
    uint32_t only = count == 1 ? c->kids.at[first] : NONE;
    c->kids.count = first;
    return count == 1 ? only : constant(c, op == HY_OP_AND);
}

static uint32_t join(struct hy_compiler *c, enum hy_op op, const numbers *kids)
{
    numbers operands = {0};
    uint32_t result = NONE;
    if (begin_walk(c)) {
        for (uint32_t i = 0; i < kids->count; i++)
            add_operand(c, &operands, op, kids->at[i]);
        if (op == HY_OP_OR)
            make_set(c, &operands);
        if (c->status == HYDRANT_OK)
            result = join_operands(c, op, &operands);
    }
    free(operands.at);
    return result;
}

/* ---- the other operators ---- */

static uint32_t with_kids(struct hy_compiler *c, enum hy_op op, uint32_t arg, const numbers *kids)
{
    uint32_t first = c->kids.count;
    if (!VEC_ROOM(c, &c->kids, kids->count))
        return NONE;
    memcpy(c->kids.at + first, kids->at, sizeof *kids->at * kids->count);
    c->kids.count += kids->count;
    return intern(c, (struct expr){.op = op, .arg = arg, .kids = first, .kids_count = kids->count});
}

static uint32_t negation(struct hy_compiler *c, const numbers *kids)
{
    uint32_t op = c->exprs.at[kids->at[0]].op;
    if (op == HY_OP_TRUE || op == HY_OP_FALSE)
        return constant(c, op == HY_OP_FALSE);
    return with_kids(c, HY_OP_NOT, 0, kids);
}

static uint32_t at_least(struct hy_compiler *c, const struct hy_query *query, const numbers *kids)
{
    if (query->number == 0 || query->number > kids->count)
        return hy_compile_fail(c, query, "%u OF needs between 1 and %u terms to choose from",
                               query->number, kids->count);
    return with_kids(c, HY_OP_ATLEAST, query->number, kids);
}

static uint32_t proximity(struct hy_compiler *c, const struct hy_query *query, const numbers *kids)
{
    enum hy_op op = query->kind == HY_QUERY_NEAR ? HY_OP_NEAR : HY_OP_ONEAR;
    if (kids->count != 2)
        return hy_compile_fail(c, query, "NEAR needs one operand on each side");
    for (uint32_t i = 0; i < 2; i++) {
        const struct expr *kid = &c->exprs.at[kids->at[i]];
        if (!(kid->flags & EXPR_POSITIVE) || (kid->flags & EXPR_FACTS))
            return hy_compile_fail(c, query,
                                   "both sides of NEAR must be words, phrases, regular "
                                   "expressions or groups of them");
        if (kid->near_depth >= HY_PROGRAM_NEAR_DEPTH_MAX)
            return hy_compile_fail(c, query, "NEAR inside NEAR goes at most %d deep",
                                   HY_PROGRAM_NEAR_DEPTH_MAX);
    }
    uint32_t number = with_kids(c, op, query->number, kids);
    if (number == NONE)
        return NONE;
    struct expr *expr = &c->exprs.at[number];
    uint32_t inner = 0;
    for (uint32_t i = 0; i < 2; i++)
        if (c->exprs.at[kids->at[i]].near_depth > inner)
            inner = c->exprs.at[kids->at[i]].near_depth;
    expr->near_depth = inner + 1;
    if (expr->nodes > HY_PROGRAM_NEAR_NODES_MAX)
        return hy_compile_fail(c, query,
                               "the groups on both sides of a NEAR have more than %d "
                               "parts together",
                               HY_PROGRAM_NEAR_NODES_MAX);
    return number;
}

static uint32_t combine(struct hy_compiler *c, const struct hy_query *query, const numbers *kids)
{
    switch (query->kind) {
    case HY_QUERY_AND:
        return join(c, HY_OP_AND, kids);
    case HY_QUERY_OR:
        return join(c, HY_OP_OR, kids);
    case HY_QUERY_NOT:
        return kids->count == 1 ? negation(c, kids)
                                : hy_compile_fail(c, query, "NOT needs one operand");
    case HY_QUERY_ATLEAST:
        return at_least(c, query, kids);
    case HY_QUERY_NEAR:
    case HY_QUERY_ONEAR:
        return proximity(c, query, kids);
    default:
        return hy_compile_fail(c, query, "a query of an unknown kind");
    }
}

/* ---- the tree ---- */

/* Where a memo has the brand of a rule: its expression is the same for all of them. No index of a
 * brand, nor one of HY_BRAND_*: rules of no brand have HY_BRAND_ANY. */
#define MEMO_OF_ALL (HY_BRAND_MATCHED - 1)

struct memo_key {
    const struct hy_query *query;
    uint32_t brand;
};

static uint64_t memo_hash_of(const struct hy_query *query, uint32_t brand)
{
    return XXH3_64bits_withSeed(&query, sizeof query, brand);
}

static bool same_memo(struct hy_compiler *c, uint32_t number, const void *wanted)
{
    const struct memo_key *key = wanted;
    return c->memos.at[number].query == key->query && c->memos.at[number].brand == key->brand;
}

static uint64_t memo_hash(const struct hy_compiler *c, uint32_t number)
{
    return memo_hash_of(c->memos.at[number].query, c->memos.at[number].brand);
}

/* What a node of the tree was compiled to, when it was met before: for all brands or this one. */
static uint32_t recall(struct hy_compiler *c, const struct hy_query *query)
{
    struct memo_key all = {query, MEMO_OF_ALL}, own = {query, c->brand};
    uint32_t number =
        hy_index_find(c, &c->memo_index, memo_hash_of(query, all.brand), same_memo, &all);
    if (number == NONE)
        number = hy_index_find(c, &c->memo_index, memo_hash_of(query, own.brand), same_memo, &own);
    return number == NONE ? NONE : c->memos.at[number].expr;
}

static void remember(struct hy_compiler *c, const struct hy_query *query, uint32_t expr)
{
    bool own = c->exprs.at[expr].flags & EXPR_BRAND;
    struct memo memo = {query, own ? c->brand : MEMO_OF_ALL, expr};
    VEC_PUSH(c, &c->memos, memo);
    hy_index_add(c, &c->memo_index, memo_hash_of(query, memo.brand), c->memos.count - 1, memo_hash);
}

static uint32_t expr_of(struct hy_compiler *c, const struct hy_query *query, uint32_t depth);

static uint32_t inner_expr(struct hy_compiler *c, const struct hy_query *query, uint32_t depth)
{
    uint32_t known = recall(c, query);
    if (known != NONE)
        return known;
    numbers kids = {0};
    uint32_t result = NONE;
    for (uint32_t i = 0; i < query->children_count && c->status == HYDRANT_OK; i++)
        VEC_PUSH(c, &kids, expr_of(c, query->children[i], depth + 1));
    if (c->status == HYDRANT_OK)
        result = combine(c, query, &kids);
    free(kids.at);
    if (result != NONE)
        remember(c, query, result);
    return result;
}

static uint32_t expr_of(struct hy_compiler *c, const struct hy_query *query, uint32_t depth)
{
    if (depth > HY_PROGRAM_DEPTH_MAX)
        return hy_compile_fail(c, query, "a query may be at most %d levels deep",
                               HY_PROGRAM_DEPTH_MAX);
    switch (query->kind) {
    case HY_QUERY_ALL:
        return constant(c, true);
    case HY_QUERY_TERM:
    case HY_QUERY_REGEX:
        return term_expr(c, query);
    case HY_QUERY_FIELD:
    case HY_QUERY_NUMBER:
    case HY_QUERY_SCORE:
        return hy_compile_field(c, query);
    default:
        return inner_expr(c, query, depth);
    }
}

uint32_t hy_compile_expr(struct hy_compiler *c, const struct hy_query *query)
{
    uint32_t expr = expr_of(c, query, 1);
    if (expr != NONE)
        c->exprs.at[expr].refs++;
    return expr;
}

/* ---- triggers ---- */

static uint32_t cheapest_kid(const struct hy_compiler *c, const struct expr *expr)
{
    uint32_t best = c->kids.at[expr->kids];
    for (uint32_t i = 1; i < expr->kids_count; i++)
        if (c->wakes.at[c->kids.at[expr->kids + i]] < c->wakes.at[best])
            best = c->kids.at[expr->kids + i];
    return best;
}

/*
 * As rate, but of words as rare for all that is known the one that fewer parts of the rules ask for
 * is cheaper: what many rules name is probably what the posts are about (compile_rate.c).
 */
static float wake_of(struct hy_compiler *c, const struct expr *expr)
{
    float least = INFINITY, sum = 0;
    if (isinf(expr->rate))
        return INFINITY;
    if (expr->kids_count == 0)
        return expr->rate * sqrtf((float)(expr->refs ? expr->refs : 1));
    for (uint32_t i = 0; i < expr->kids_count; i++) {
        least = fminf(least, c->wakes.at[c->kids.at[expr->kids + i]]);
        sum += c->wakes.at[c->kids.at[expr->kids + i]];
    }
    if (expr->op == HY_OP_OR)
        return sum;
    return expr->op == HY_OP_ATLEAST ? expr->rate : least;
}

/* Children have lower numbers than their parents. */
void hy_compile_rate_wakes(struct hy_compiler *c)
{
    for (uint32_t i = 0; i < c->exprs.count; i++)
        VEC_PUSH(c, &c->wakes, wake_of(c, &c->exprs.at[i]));
}

static void add_triggers(struct hy_compiler *c, uint32_t rule, uint32_t number);

static void add_atleast_triggers(struct hy_compiler *c, uint32_t rule, const struct expr *expr)
{
    uint32_t count;
    struct rated *kids = rarest_kids(c, expr, &count);
    for (uint32_t i = 0; i < count; i++)
        add_triggers(c, rule, kids[i].expr);
    free(kids);
}

static void add_triggers(struct hy_compiler *c, uint32_t rule, uint32_t number)
{
    if (!first_visit(c, number))
        return;
    const struct expr *expr = &c->exprs.at[number];
    switch ((enum hy_op)expr->op) {
    case HY_OP_TERM:
        VEC_PUSH(c, &c->triggers, (struct trigger){expr->arg, rule});
        return;
    case HY_OP_SET:
        VEC_PUSH(c, &c->triggers, (struct trigger){expr->arg | TRIGGER_SET, rule});
        return;
    case HY_OP_OR:
        for (uint32_t i = 0; i < expr->kids_count; i++)
            add_triggers(c, rule, c->kids.at[expr->kids + i]);
        return;
    case HY_OP_ATLEAST:
        add_atleast_triggers(c, rule, expr);
        return;
    case HY_OP_AND:
    case HY_OP_NEAR:
    case HY_OP_ONEAR:
        add_triggers(c, rule, cheapest_kid(c, expr));
        return;
    case HY_OP_FALSE: /* never true: nothing needs to wake it */
    case HY_OP_TRUE:
    case HY_OP_NOT:
    case HY_OP_PREDICATE:
    case HY_OP_CALL:
        return;
    }
}

void hy_compile_triggers(struct hy_compiler *c, uint32_t rule, uint32_t expr)
{
    if (isinf(c->exprs.at[expr].rate))
        VEC_PUSH(c, &c->always, rule);
    else if (begin_walk(c))
        add_triggers(c, rule, expr);
}
