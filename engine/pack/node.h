/* The nodes of a program; see program.h. For the compiler, the evaluator and explanations. */
#ifndef HY_PACK_NODE_H
#define HY_PACK_NODE_H

#include <stdint.h>

enum hy_op {
    HY_OP_TRUE,
    HY_OP_FALSE,
    HY_OP_AND,       /* children */
    HY_OP_OR,        /* children */
    HY_OP_NOT,       /* one child */
    HY_OP_ATLEAST,   /* children; arg of them */
    HY_OP_NEAR,      /* two children; at most arg words between */
    HY_OP_ONEAR,     /* the same, the first before the second */
    HY_OP_TERM,      /* arg: term */
    HY_OP_SET,       /* arg: set */
    HY_OP_PREDICATE, /* arg: predicate */
    HY_OP_CALL       /* arg: program in matcher->calls */
};

struct hy_node {
    uint32_t op;
    uint32_t size; /* nodes of this subtree, this one included */
    uint32_t arg;
};

#endif
