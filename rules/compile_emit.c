/*
 * Writing the matcher: expressions become programs, everything moves from the compiler's growing
 * arrays into one arena of exactly the right size, and triggers become look-up tables.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "rules/compile_state.h"

enum { CALL_MIN = 8 }; /* nodes from which a shared part becomes a program of its own */

/* ---- programs ---- */

static uint32_t node_arg(const struct hy_compiler *c, const struct expr *expr)
{
    return expr->op == HY_OP_TERM ? c->terms.at[expr->arg].number : expr->arg;
}

static bool is_call(const struct expr *expr)
{
    return expr->refs > 1 && expr->nodes >= CALL_MIN;
}

static uint32_t call_of(struct hy_compiler *c, uint32_t number)
{
    struct expr *expr = &c->exprs.at[number];
    if (expr->call == NONE) {
        expr->call = c->call_exprs.count;
        VEC_PUSH(c, &c->call_exprs, number);
    }
    return expr->call;
}

static void emit_node(struct hy_compiler *c, uint32_t number, bool root)
{
    const struct expr *expr = &c->exprs.at[number];
    uint32_t at = c->nodes.count;
    if (!root && is_call(expr)) {
        struct hy_node call = {HY_OP_CALL, 1, call_of(c, number)};
        VEC_PUSH(c, &c->nodes, call);
        return;
    }
    VEC_PUSH(c, &c->nodes, (struct hy_node){expr->op, 1, node_arg(c, expr)});
    for (uint32_t i = 0; i < expr->kids_count && c->status == HYDRANT_OK; i++)
        emit_node(c, c->kids.at[expr->kids + i], false);
    if (c->status == HYDRANT_OK)
        c->nodes.at[at].size = c->nodes.count - at;
}

/* A program whose nodes pointer is, until the arena is there, the offset in c->nodes. */
static struct hy_program emit_program(struct hy_compiler *c, uint32_t expr)
{
    uint32_t at = c->nodes.count;
    emit_node(c, expr, true);
    return (struct hy_program){.nodes = (const struct hy_node *)(uintptr_t)at,
                               .count = c->nodes.count - at,
                               .flags = c->exprs.at[expr].flags & 0xFF};
}

static void emit_programs(struct hy_compiler *c)
{
    for (uint32_t i = 0; i < c->rule_exprs.count; i++) {
        struct hy_program program = {0};
        if (c->rule_exprs.at[i] != NONE)
            program = emit_program(c, c->rule_exprs.at[i]);
        VEC_PUSH(c, &c->rule_programs, program);
    }
    for (uint32_t i = 0; i < c->wanted.count; i++)
        *c->wanted.at[i].program = emit_program(c, c->wanted.at[i].expr);
    for (uint32_t i = 0; i < c->call_exprs.count && c->status == HYDRANT_OK; i++)
        VEC_PUSH(c, &c->calls, emit_program(c, c->call_exprs.at[i]));
}

static void set_nodes(struct hy_program *program, const struct hy_node *nodes)
{
    program->nodes = program->count > 0 ? nodes + (uintptr_t)program->nodes : NULL;
}

static void write_programs(struct hy_compiler *c)
{
    struct hy_node *nodes = MATCHER_NEW(c, struct hy_node, c->nodes.count);
    if (c->nodes.count > 0)
        memcpy(nodes, c->nodes.at, sizeof *nodes * c->nodes.count);
    struct hy_program *calls = MATCHER_NEW(c, struct hy_program, c->calls.count);
    for (uint32_t i = 0; i < c->calls.count; i++) {
        calls[i] = c->calls.at[i];
        set_nodes(&calls[i], nodes);
    }
    c->matcher->calls = calls;
    c->matcher->calls_count = c->calls.count;
    for (uint32_t i = 0; i < c->rule_programs.count; i++)
        set_nodes(&c->rule_programs.at[i], nodes);
    for (uint32_t i = 0; i < c->wanted.count; i++) {
        set_nodes(c->wanted.at[i].program, nodes);
        c->matcher->regexes_policy |= (c->wanted.at[i].program->flags & HY_PROGRAM_REGEX) != 0;
    }
}

/* ---- terms, sets, predicates ---- */

/* Literal terms first, each kind in the order in which the rules name them. */
static void number_terms(struct hy_compiler *c)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < c->terms.count; i++)
        if (!c->terms.at[i].regex)
            c->terms.at[i].number = number++;
    c->literal_terms = number;
    for (uint32_t i = 0; i < c->terms.count; i++)
        if (c->terms.at[i].regex)
            c->terms.at[i].number = number++;
}

static struct hy_phrase write_phrase(const struct phrase *phrase, const struct hy_chunk *chunks)
{
    return (struct hy_phrase){chunks + phrase->first, phrase->count,
                              (enum hy_phrase_kind)phrase->kind};
}

static const struct hy_chunk *write_chunks(struct hy_compiler *c, const char *bytes)
{
    struct hy_chunk *chunks = MATCHER_NEW(c, struct hy_chunk, c->chunks.count);
    for (uint32_t i = 0; i < c->chunks.count; i++) {
        const struct chunk *from = &c->chunks.at[i];
        chunks[i] = (struct hy_chunk){.text = bytes + from->text,
                                      .exact = from->exact_len ? bytes + from->exact : NULL,
                                      .len = from->len,
                                      .exact_len = from->exact_len,
                                      .flags = from->flags};
    }
    return chunks;
}

static void write_terms(struct hy_compiler *c, const struct hy_chunk *chunks)
{
    struct hy_term *terms = MATCHER_NEW(c, struct hy_term, c->terms.count);
    for (uint32_t i = 0; i < c->terms.count; i++) {
        const struct term *from = &c->terms.at[i];
        terms[from->number] = (struct hy_term){.flags = from->regex ? HY_TERM_REGEX : 0};
        if (!from->regex)
            terms[from->number].phrase = write_phrase(&from->phrase, chunks);
    }
    for (uint32_t i = 0; i < c->triggers.count; i++) {
        uint32_t ref = c->triggers.at[i].ref;
        const struct set *set = ref & TRIGGER_SET ? &c->sets.at[ref & ~TRIGGER_SET] : NULL;
        for (uint32_t j = 0; j < (set ? set->count : 1); j++) {
            uint32_t term = set ? c->members.at[set->first + j] : ref;
            c->matcher->regexes_always |= c->terms.at[term].regex;
        }
    }
    c->matcher->terms = terms;
    c->matcher->terms_count = c->terms.count;
    c->matcher->literal_terms_count = c->literal_terms;
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void write_sets(struct hy_compiler *c)
{
    uint32_t *members = MATCHER_NEW(c, uint32_t, c->members.count);
    struct hy_term_set *sets = MATCHER_NEW(c, struct hy_term_set, c->sets.count);
    for (uint32_t i = 0; i < c->members.count; i++)
        members[i] = c->terms.at[c->members.at[i]].number;
    for (uint32_t i = 0; i < c->sets.count; i++) {
        const struct set *set = &c->sets.at[i];
        uint32_t *terms = members + set->first;
        if (set->regex) /* their numbers moved behind those of the literals */
            qsort(terms, set->count, sizeof *terms, compare_u32);
        sets[i] = (struct hy_term_set){terms, set->count, terms[0], terms[set->count - 1]};
    }
    c->matcher->sets = sets;
    c->matcher->sets_count = c->sets.count;
}

static void write_predicates(struct hy_compiler *c, const char *bytes,
                             const struct hy_chunk *chunks)
{
    struct hy_predicate *predicates = MATCHER_NEW(c, struct hy_predicate, c->predicates.count);
    for (uint32_t i = 0; i < c->predicates.count; i++) {
        const struct predicate *from = &c->predicates.at[i];
        predicates[i] = from->p;
        predicates[i].text = (hydrant_str){bytes + from->text, from->text_len};
        if (from->phrase.count > 0)
            predicates[i].phrase = write_phrase(&from->phrase, chunks);
    }
    c->matcher->predicates = predicates;
    c->matcher->predicates_count = c->predicates.count;
}

/* ---- triggers ---- */

struct pair {
    uint32_t key, item;
};

/* Groups pairs by key, keeping their order. first has keys + 1 entries. */
static struct hy_csr write_table(struct hy_compiler *c, const struct pair *pairs, uint32_t count,
                                 uint32_t keys)
{
    uint32_t *first = MATCHER_NEW(c, uint32_t, (size_t)keys + 2);
    uint32_t *items = MATCHER_NEW(c, uint32_t, count);
    memset(first, 0, sizeof *first * ((size_t)keys + 2));
    for (uint32_t i = 0; i < count; i++)
        first[pairs[i].key + 2]++;
    for (uint32_t i = 2; i <= keys + 1; i++)
        first[i] += first[i - 1];
    for (uint32_t i = 0; i < count; i++)
        items[first[pairs[i].key + 1]++] = pairs[i].item;
    return (struct hy_csr){first, items};
}

/* Which sets wake rules: their members' table entries are made once, whoever uses them. */
static uint64_t count_set_pairs(struct hy_compiler *c, bool *wakes)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < c->triggers.count; i++) {
        uint32_t set = c->triggers.at[i].ref & ~TRIGGER_SET;
        if (!(c->triggers.at[i].ref & TRIGGER_SET) || wakes[set])
            continue;
        wakes[set] = true;
        count += c->sets.at[set].count;
    }
    return count;
}

static void write_triggers(struct hy_compiler *c, struct pair *pairs, const bool *wakes)
{
    struct hy_matcher *m = c->matcher;
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->triggers.count; i++)
        if (!(c->triggers.at[i].ref & TRIGGER_SET))
            pairs[count++] =
                (struct pair){c->terms.at[c->triggers.at[i].ref].number, c->triggers.at[i].rule};
    m->term_rules = write_table(c, pairs, count, m->terms_count);
    count = 0;
    for (uint32_t i = 0; i < c->triggers.count; i++)
        if (c->triggers.at[i].ref & TRIGGER_SET)
            pairs[count++] =
                (struct pair){c->triggers.at[i].ref & ~TRIGGER_SET, c->triggers.at[i].rule};
    m->set_rules = write_table(c, pairs, count, m->sets_count);
    count = 0;
    for (uint32_t i = 0; i < c->sets.count; i++)
        for (uint32_t j = 0; wakes[i] && j < m->sets[i].count; j++)
            pairs[count++] = (struct pair){m->sets[i].terms[j], i};
    m->term_sets = write_table(c, pairs, count, m->terms_count);
    uint32_t *always = MATCHER_NEW(c, uint32_t, c->always.count);
    if (c->always.count > 0)
        memcpy(always, c->always.at, sizeof *always * c->always.count);
    m->always = always;
    m->always_count = c->always.count;
}

/* ---- rules ---- */

struct ranked {
    uint32_t priority, rule;
};

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static void write_ranks(struct hy_compiler *c, struct hy_rule_program *rules)
{
    uint32_t count = c->pack->rules_count;
    uint32_t *by_rank = MATCHER_NEW(c, uint32_t, count);
    struct ranked *ranked = malloc(((size_t)count + 1) * sizeof *ranked);
    if (!ranked) {
        hy_compile_nomem(c);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){c->pack->rules[i].priority, i};
    qsort(ranked, count, sizeof *ranked, compare_ranked);
    for (uint32_t i = 0; i < count; i++) {
        rules[ranked[i].rule].rank = i;
        by_rank[i] = ranked[i].rule;
    }
    free(ranked);
    c->matcher->by_rank = by_rank;
}

/* 1 only where no word is needed; words that are together in more than one of a text are in most.
 */
static float share_of(float rate)
{
    return isinf(rate) ? 1 : fminf(rate, 0.99f);
}

static void write_rules(struct hy_compiler *c)
{
    struct hy_rule_program *rules = MATCHER_NEW(c, struct hy_rule_program, c->pack->rules_count);
    for (uint32_t i = 0; i < c->pack->rules_count; i++) {
        const struct hy_rule *rule = &c->pack->rules[i];
        uint32_t expr = c->rule_exprs.at[i];
        rules[i] = (struct hy_rule_program){
            .program = c->rule_programs.at[i],
            .brand = c->brands.at[i],
            .until_us = rule->until_us,
            .share = share_of(expr == NONE ? 0 : c->exprs.at[expr].rate),
            .common = share_of(expr == NONE ? 0 : c->exprs.at[expr].common),
            .shadow = rule->state == HY_RULE_SHADOW};
    }
    write_ranks(c, rules);
    c->matcher->rules = rules;
    for (uint32_t i = 0; i < c->always.count; i++) {
        const struct hy_rule_program *rule = &rules[c->always.at[i]];
        if ((rule->program.flags & HY_PROGRAM_FIELDS) || rule->until_us != HYDRANT_TIME_NONE)
            c->matcher->needs_fields = true;
    }
}

/* ---- all of it ---- */

enum { LINE_BYTES = 64 };

static size_t arena_bytes(const struct hy_compiler *c, uint64_t set_pairs)
{
    enum { ALLOCATIONS = 32, PADDING = 64 };
    size_t terms = c->terms.count, rules = c->pack->rules_count;
    size_t bytes = (size_t)c->bytes.count + PADDING;
    bytes += sizeof(struct hy_node) * c->nodes.count;
    bytes += sizeof(struct hy_program) * c->calls.count;
    bytes += sizeof(struct hy_chunk) * c->chunks.count;
    bytes += sizeof(struct hy_term) * terms;
    bytes += sizeof(struct hy_anchor) * ((size_t)c->anchors.count + c->words.count);
    bytes += hy_compile_words_bytes(c);
    bytes += (sizeof(struct hy_single) + sizeof(struct hy_neighbour) + sizeof(uint64_t) +
              sizeof(uint8_t)) *
             terms;
    bytes += sizeof(uint32_t) * c->members.count;
    bytes += sizeof(struct hy_term_set) * c->sets.count;
    bytes += sizeof(struct hy_predicate) * c->predicates.count;
    bytes += sizeof(struct hy_rule_program) * rules + sizeof(uint32_t) * rules;
    bytes += sizeof(uint32_t) * (2 * (terms + 2) + c->sets.count + 2); /* the tables' first */
    bytes += sizeof(uint32_t) * (c->triggers.count + set_pairs + c->always.count);
    bytes += sizeof(uint32_t) * terms; /* of the regex databases */
    const struct hy_database *base = hy_compile_base(c);
    if (base)
        bytes += sizeof(uint32_t) * ((size_t)base->count + c->anchors.count);
    return bytes + (size_t)ALLOCATIONS * LINE_BYTES;
}

/* Tables begin on cache lines, so that no entry whose size divides a line is in two of them. */
void *hy_compile_alloc(struct hy_compiler *c, size_t count, size_t size)
{
    void *p = hy_arena_alloc(&c->matcher->arena, count * size, LINE_BYTES);
    HY_ASSERT(p); /* arena_bytes forgot something */
    return p;
}

static void write_matcher(struct hy_compiler *c, struct pair *pairs, const bool *wakes)
{
    char *bytes = hy_compile_alloc(c, (size_t)c->bytes.count + 1, 1);
    if (c->bytes.count > 0)
        memcpy(bytes, c->bytes.at, c->bytes.count);
    const struct hy_chunk *chunks = write_chunks(c, bytes);
    write_programs(c);
    write_terms(c, chunks);
    write_sets(c);
    write_predicates(c, bytes, chunks);
    write_triggers(c, pairs, wakes);
    write_rules(c);
    hy_compile_write_anchors(c);
    hy_compile_write_words(c);
}

void hy_compile_emit(struct hy_compiler *c)
{
    number_terms(c);
    emit_programs(c);
    bool *wakes = calloc((size_t)c->sets.count + 1, sizeof *wakes);
    uint64_t set_pairs = wakes ? count_set_pairs(c, wakes) : 0;
    struct pair *pairs = malloc((c->triggers.count + set_pairs + 1) * sizeof *pairs);
    if (!wakes || !pairs || set_pairs > UINT32_MAX)
        hy_compile_nomem(c);
    if (c->status == HYDRANT_OK)
        c->status = hy_arena_init(&c->matcher->arena, arena_bytes(c, set_pairs), c->err);
    if (c->status == HYDRANT_OK)
        write_matcher(c, pairs, wakes);
    free(wakes);
    free(pairs);
}
