/* The evaluator; see program.h. Two walks over the same nodes: truth, and the places that explain
 * it (NEAR needs them too). */
#include "pack/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/error.h"
#include "pack/scratch.h"

/* seq is kept below this: a memo holds seq << 2 | truth. */
enum { SEQ_MAX = 1 << 30 };

static void field_fini(struct hy_eval_field *field)
{
    free(field->folded);
    free(field->map);
}

static bool field_init(struct hy_eval_field *field)
{
    size_t bytes = (size_t)HY_PREDICATE_FIELD_BYTES * HY_FOLD_EXPANSION + 64;
    field->folded = malloc(bytes);
    field->map = malloc((bytes + 1) * sizeof *field->map);
    return field->folded && field->map;
}

hydrant_status hy_eval_scratch_create(const struct hy_pack *pack, struct hy_eval_scratch **out,
                                      hydrant_error *err)
{
    struct hy_eval_scratch *s = calloc(1, sizeof *s);
    *out = s;
    if (!s)
        return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for evaluating rules");
    s->sets_count = pack->matcher->sets_count;
    s->calls_count = pack->matcher->calls_count;
    s->memos_count = s->sets_count + s->calls_count;
    s->memos = calloc((size_t)s->memos_count + 1, sizeof *s->memos);
    s->visits = calloc((size_t)s->calls_count + 1, sizeof *s->visits);
    s->places = malloc(sizeof *s->places * HY_PLACES_TOTAL);
    s->near_marks = malloc(sizeof *s->near_marks * 2 * (HY_PLACES_MAX + 1));
    s->word_start = malloc(sizeof *s->word_start * HY_WORDS_MAX);
    s->word_end = malloc(sizeof *s->word_end * HY_WORDS_MAX);
    bool fields =
        field_init(&s->name) & field_init(&s->handle) & field_init(&s->bio) & field_init(&s->link);
    if (s->memos && s->visits && s->places && s->near_marks && s->word_start && s->word_end &&
        fields)
        return HYDRANT_OK;
    hy_eval_scratch_destroy(out);
    return hy_error_set(err, HYDRANT_ERR_NOMEM, "no memory for evaluating rules");
}

void hy_eval_scratch_destroy(struct hy_eval_scratch **scratch)
{
    struct hy_eval_scratch *s = *scratch;
    *scratch = NULL;
    if (!s)
        return;
    free(s->memos);
    free(s->visits);
    free(s->places);
    free(s->near_marks);
    free(s->word_start);
    free(s->word_end);
    field_fini(&s->name);
    field_fini(&s->handle);
    field_fini(&s->bio);
    field_fini(&s->link);
    free(s);
}

uint32_t hy_eval_brand(const struct hy_pack *pack, const struct hy_mention *mention)
{
    const struct hy_rule_program *rules = pack->matcher->rules;
    if (!mention->matches_count)
        return HY_BRAND_ANY;
    uint32_t brand = rules[mention->matched_rules[0]].brand;
    for (uint32_t i = 1; i < mention->matches_count && brand != HY_BRAND_ANY; i++) {
        uint32_t other = rules[mention->matched_rules[i]].brand;
        if (other != brand && other != HY_BRAND_ANY)
            return HY_BRAND_MATCHED;
    }
    return brand;
}

void hy_eval_begin(struct hy_eval *eval)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    HY_ASSERT_HOT(eval->mention->hits_count <= HY_EVAL_HITS_MAX);
    if (++scratch->seq < SEQ_MAX)
        return;
    memset(scratch->memos, 0, sizeof *scratch->memos * scratch->memos_count);
    scratch->seq = 1;
    scratch->words_seq = scratch->name.seq = scratch->handle.seq = scratch->bio.seq = 0;
    scratch->own_to.seq = 0;
}

static void carry_on(uint32_t *seq, uint32_t from, uint32_t to)
{
    if (*seq == from)
        *seq = to;
}

void hy_eval_again(struct hy_eval *eval)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    uint32_t before = scratch->seq;
    hy_eval_begin(eval);
    carry_on(&scratch->name.seq, before, scratch->seq);
    carry_on(&scratch->handle.seq, before, scratch->seq);
    carry_on(&scratch->bio.seq, before, scratch->seq);
    carry_on(&scratch->own_to.seq, before, scratch->seq);
    carry_on(&scratch->words_seq, before, scratch->seq);
}

/* First hit of the mention whose term is >= term. */
static inline uint32_t first_hit(const struct hy_mention *mention, uint32_t term)
{
    enum { FEW = 8 };
    uint32_t low = 0, high = mention->hits_count;
    if (HY_LIKELY(high <= FEW)) {
        while (low < high && mention->hits[low].term < term)
            low++;
        return low;
    }
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (mention->hits[mid].term < term)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static inline bool term_hit(const struct hy_mention *mention, uint32_t term)
{
    uint32_t at = first_hit(mention, term);
    return at < mention->hits_count && mention->hits[at].term == term;
}

/* A list's terms are mostly numbered one after the other: its bounds tell most of them away. */
static bool set_hit(const struct hy_mention *mention, const struct hy_term_set *set)
{
    for (uint32_t i = first_hit(mention, set->first); i < mention->hits_count; i++) {
        uint32_t term = mention->hits[i].term;
        if (term > set->last)
            return false;
        if (hy_term_set_has(set, term))
            return true;
    }
    return false;
}

void hy_eval_set_hit(struct hy_eval *eval, uint32_t set)
{
    eval->scratch->memos[set] = eval->scratch->seq << 2 | HY_TRUE;
}

static inline enum hy_truth set_eval(uint32_t number, struct hy_eval *eval)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    uint32_t *memo = &scratch->memos[number];
    if (*memo >> 2 != scratch->seq) {
        bool hit = set_hit(eval->mention, &eval->pack->matcher->sets[number]);
        *memo = scratch->seq << 2 | (hit ? HY_TRUE : HY_FALSE);
    }
    return (enum hy_truth)(*memo & 3);
}

static enum hy_truth call_eval(uint32_t number, struct hy_eval *eval)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    uint32_t *memo = &scratch->memos[scratch->sets_count + number];
    if (*memo >> 2 != scratch->seq) {
        enum hy_truth truth = hy_node_eval(eval->pack->matcher->calls[number].nodes, eval);
        *memo = scratch->seq << 2 | truth;
    }
    return (enum hy_truth)(*memo & 3);
}

/* hy_node_eval, with the leaves that most nodes are at hand. */
static inline enum hy_truth child_eval(const struct hy_node *node, struct hy_eval *eval)
{
    if (node->op == HY_OP_TERM)
        return term_hit(eval->mention, node->arg) ? HY_TRUE : HY_FALSE;
    if (node->op == HY_OP_SET)
        return set_eval(node->arg, eval);
    if (node->op == HY_OP_PREDICATE)
        return hy_predicate_eval(&eval->pack->matcher->predicates[node->arg], eval);
    return hy_node_eval(node, eval);
}

/* AND and OR differ in the value that decides at once. */
static enum hy_truth all_eval(const struct hy_node *node, struct hy_eval *eval,
                              enum hy_truth deciding, enum hy_truth otherwise)
{
    enum hy_truth truth = otherwise;
    for (uint32_t at = 1; at < node->size; at += node[at].size) {
        enum hy_truth child = child_eval(node + at, eval);
        if (child == deciding)
            return deciding;
        if (child == HY_PENDING)
            truth = HY_PENDING;
    }
    return truth;
}

static enum hy_truth atleast_eval(const struct hy_node *node, struct hy_eval *eval)
{
    uint32_t hold = 0, pending = 0;
    for (uint32_t at = 1; at < node->size && hold < node->arg; at += node[at].size) {
        enum hy_truth child = child_eval(node + at, eval);
        hold += child == HY_TRUE;
        pending += child == HY_PENDING;
    }
    if (hold >= node->arg)
        return HY_TRUE;
    return hold + pending >= node->arg ? HY_PENDING : HY_FALSE;
}

/* The walk for places. Filled places lie at scratch->places[base .. places_used). */
struct collection {
    struct hy_eval *eval;
    uint32_t base;
    bool near; /* below a NEAR: shared parts must be collected each time they are met */
};

static void collect(struct collection *to, const struct hy_node *node);

static void add_place(struct collection *to, hy_place place)
{
    struct hy_eval_scratch *scratch = to->eval->scratch;
    if (scratch->places_used - to->base == 2 * HY_PLACES_MAX) {
        hy_place *places = scratch->places + to->base;
        scratch->places_used = to->base + hy_sort_unique(places, 2 * HY_PLACES_MAX);
    }
    HY_ASSERT_HOT(scratch->places_used < HY_PLACES_TOTAL);
    scratch->places[scratch->places_used++] = place;
}

static void collect_term(struct collection *to, uint32_t term)
{
    const struct hy_mention *mention = to->eval->mention;
    for (uint32_t i = first_hit(mention, term);
         i < mention->hits_count && mention->hits[i].term == term; i++)
        add_place(to, hy_place_make(mention->hits[i].start, mention->hits[i].end));
}

static void collect_set(struct collection *to, const struct hy_term_set *set)
{
    const struct hy_mention *mention = to->eval->mention;
    for (uint32_t i = 0; i < mention->hits_count; i++)
        if ((i == 0 || mention->hits[i].term != mention->hits[i - 1].term) &&
            hy_term_set_has(set, mention->hits[i].term))
            collect_term(to, mention->hits[i].term);
}

static struct hy_places collect_operand(struct hy_eval *eval, const struct hy_node *node)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    struct collection to = {eval, scratch->places_used, true};
    collect(&to, node);
    hy_place *places = scratch->places + to.base;
    uint32_t count = hy_sort_unique(places, scratch->places_used - to.base);
    scratch->places_used = to.base + count;
    return (struct hy_places){places, count};
}

static bool near_places(struct hy_eval *eval, const struct hy_node *node, struct hy_places *a,
                        struct hy_places *b)
{
    *a = collect_operand(eval, node + 1);
    *b = collect_operand(eval, node + 1 + node[1].size);
    return hy_near_pairs(eval, a, b, node->arg, node->op == HY_OP_ONEAR);
}

static void collect_near(struct collection *to, const struct hy_node *node)
{
    struct hy_eval_scratch *scratch = to->eval->scratch;
    uint32_t used = scratch->places_used;
    struct hy_places a, b;
    near_places(to->eval, node, &a, &b);
    /* What is kept moves down to the end of what the caller has, which is where a began. */
    scratch->places_used = used;
    for (uint32_t i = 0; i < a.count; i++)
        add_place(to, a.at[i]);
    for (uint32_t i = 0; i < b.count; i++)
        add_place(to, b.at[i]);
}

static void collect_true(struct collection *to, const struct hy_node *node);

static void collect_call(struct collection *to, uint32_t number)
{
    struct hy_eval_scratch *scratch = to->eval->scratch;
    if (!to->near && scratch->visits[number] == scratch->visit)
        return;
    if (!to->near)
        scratch->visits[number] = scratch->visit;
    collect_true(to, to->eval->pack->matcher->calls[number].nodes);
}

/* Of a node that is known to be true. */
static void collect_true(struct collection *to, const struct hy_node *node)
{
    switch ((enum hy_op)node->op) {
    case HY_OP_AND:
        for (uint32_t at = 1; at < node->size; at += node[at].size)
            collect_true(to, node + at);
        return;
    case HY_OP_OR:
    case HY_OP_ATLEAST:
        for (uint32_t at = 1; at < node->size; at += node[at].size)
            collect(to, node + at);
        return;
    case HY_OP_NEAR:
    case HY_OP_ONEAR:
        collect_near(to, node);
        return;
    case HY_OP_TERM:
        collect_term(to, node->arg);
        return;
    case HY_OP_SET:
        collect_set(to, &to->eval->pack->matcher->sets[node->arg]);
        return;
    case HY_OP_CALL:
        collect_call(to, node->arg);
        return;
    case HY_OP_TRUE:
    case HY_OP_FALSE:
    case HY_OP_NOT:
    case HY_OP_PREDICATE:
        return;
    }
}

static void collect(struct collection *to, const struct hy_node *node)
{
    bool leaf = node->op == HY_OP_TERM || node->op == HY_OP_PREDICATE;
    if (leaf || child_eval(node, to->eval) == HY_TRUE)
        collect_true(to, node); /* a leaf adds nothing where it is false */
}

static enum hy_truth near_eval(const struct hy_node *node, struct hy_eval *eval)
{
    enum hy_truth truth = all_eval(node, eval, HY_FALSE, HY_TRUE);
    if (truth != HY_TRUE)
        return truth;
    struct hy_places a, b;
    uint32_t used = eval->scratch->places_used;
    bool near = near_places(eval, node, &a, &b);
    eval->scratch->places_used = used;
    return near ? HY_TRUE : HY_FALSE;
}

enum hy_truth hy_node_eval(const struct hy_node *node, struct hy_eval *eval)
{
    switch ((enum hy_op)node->op) {
    case HY_OP_TRUE:
        return HY_TRUE;
    case HY_OP_FALSE:
        return HY_FALSE;
    case HY_OP_AND:
        return all_eval(node, eval, HY_FALSE, HY_TRUE);
    case HY_OP_OR:
        return all_eval(node, eval, HY_TRUE, HY_FALSE);
    case HY_OP_NOT: {
        enum hy_truth truth = child_eval(node + 1, eval);
        return truth == HY_PENDING ? HY_PENDING : truth == HY_TRUE ? HY_FALSE : HY_TRUE;
    }
    case HY_OP_ATLEAST:
        return atleast_eval(node, eval);
    case HY_OP_NEAR:
    case HY_OP_ONEAR:
        return near_eval(node, eval);
    case HY_OP_TERM:
        return term_hit(eval->mention, node->arg) ? HY_TRUE : HY_FALSE;
    case HY_OP_SET:
        return set_eval(node->arg, eval);
    case HY_OP_PREDICATE:
        return hy_predicate_eval(&eval->pack->matcher->predicates[node->arg], eval);
    case HY_OP_CALL:
        return call_eval(node->arg, eval);
    }
    HY_UNREACHABLE();
}

enum hy_truth hy_program_eval(const struct hy_program *program, struct hy_eval *eval)
{
    return child_eval(program->nodes, eval);
}

bool hy_node_gap(const struct hy_node *root, struct hy_eval *eval, struct hy_gap *out)
{
    while (root->op == HY_OP_CALL)
        root = eval->pack->matcher->calls[root->arg].nodes;
    if (root->op != HY_OP_NEAR && root->op != HY_OP_ONEAR)
        return false;
    uint32_t used = eval->scratch->places_used;
    struct hy_places a = collect_operand(eval, root + 1);
    struct hy_places b = collect_operand(eval, root + 1 + root[1].size);
    *out = (struct hy_gap){hy_near_gap(eval, a, b), hy_near_gap(eval, b, a)};
    eval->scratch->places_used = used;
    return true;
}

uint32_t hy_program_spans(const struct hy_program *program, struct hy_eval *eval,
                          hydrant_span *spans, uint32_t max)
{
    struct hy_eval_scratch *scratch = eval->scratch;
    if (++scratch->visit == 0) {
        memset(scratch->visits, 0, sizeof *scratch->visits * scratch->calls_count);
        scratch->visit = 1;
    }
    struct collection to = {eval, 0, false};
    scratch->places_used = 0;
    collect_true(&to, program->nodes);
    uint32_t found = hy_sort_unique(scratch->places, scratch->places_used), count = 0;
    scratch->places_used = 0;
    for (uint32_t i = 0; i < found; i++) {
        hydrant_span span = {hy_place_start(scratch->places[i]), hy_place_end(scratch->places[i])};
        if (count > 0 && spans[count - 1].start == span.start)
            spans[count - 1].end = span.end; /* sorted: the longer one comes later */
        else if (count > 0 && spans[count - 1].end > span.start)
            continue;
        else if (count == max)
            break;
        else
            spans[count++] = span;
    }
    return count;
}
