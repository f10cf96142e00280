/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax tree of one template: nodes from an arena, names as small numbers. Lives only while compiling. */
#ifndef TROUPE_TEMPLATE_AST_H
#define TROUPE_TEMPLATE_AST_H

#include <troupe/template.h>

enum node_kind {
	/* expressions */
	N_CONST,   /* value */
	N_NAME,    /* name */
	N_TUPLE,   /* list */
	N_LIST,    /* list */
	N_DICT,    /* list of N_PAIR */
	N_PAIR,    /* a: b */
	N_AND,     /* list, two or more */
	N_OR,      /* list, two or more */
	N_NOT,     /* a */
	N_NEG,     /* a */
	N_POS,     /* a */
	N_MATH,    /* a, then list of N_OPERAND, from left to right */
	N_COMPARE, /* a, then list of N_OPERAND */
	N_OPERAND, /* op, a */
	N_CONCAT,  /* list */
	N_GETATTR, /* a.name */
	N_GETITEM, /* a[b] */
	N_SLICE,   /* a:b:c, each may be NULL */
	N_CALL,    /* a(list, list2 of N_KEYWORD, *b, **c) */
	N_FILTER,  /* a|name(…), arguments as a call's; a is NULL at the head of a filter block */
	N_TEST,    /* a is name(…) */
	N_KEYWORD, /* name=a */
	N_COND,    /* b if a else c; c may be NULL */
	N_NSREF,   /* name.name2, only as the target of set */
	/* statements */
	N_DATA,        /* value */
	N_OUTPUT,      /* a */
	N_FOR,         /* for a in b if c: list, else list2; flag recursive */
	N_IF,          /* list of N_BRANCH, else list2 */
	N_BRANCH,      /* a: list */
	N_SET,         /* a = b */
	N_SETBLOCK,    /* a, filter b or NULL, list */
	N_MACRO,       /* name, parameters list (N_NAME), defaults list2 (of the last ones), body list3 */
	N_CALLBLOCK,   /* the call a; else as N_MACRO */
	N_FILTERBLOCK, /* filter a, list */
	N_WITH,        /* list of N_PAIR (target, value), body list2 */
	N_PRINT        /* list of N_OUTPUT */
};

enum node_op {
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_FLOORDIV,
	OP_MOD,
	OP_POW,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_IN,
	OP_NOTIN
};

enum node_flag {
	NODE_STORE = 1,
	NODE_PARAM = 2,
	NODE_RECURSIVE = 4,
	NODE_FUSED = 8
};

struct node {
	uint8_t kind, op, flags;
	uint32_t start, end; /* in the source */
	uint32_t name, name2;
	uint32_t count;    /* of list */
	struct node *next; /* in the list it stands in */
	struct node *up;   /* scratch of the compiler, to walk postfix chains without recursion */
	struct node *a, *b, *c;
	struct node *list, *list2, *list3;
	tr_value value; /* owned by the tree */
};

struct name_entry {
	tr_str text;   /* in the source */
	uint32_t next; /* in its hash chain, index + 1 */
};

struct tree {
	struct tree_block *blocks;
	size_t nodes;
	struct node *body; /* statements */
	struct name_entry *names;
	uint32_t nnames, names_cap;
	uint32_t *buckets;
	uint32_t nbuckets;
	bool single;   /* one {{ expr }} and nothing else */
	bool constant; /* no syntax at all */
};

/* A list being built in order. */
struct node_list {
	struct node *first, **tail;
	uint32_t n;
};

void tree_fini(struct tree *tree);
struct node *tree_node(struct tree *tree, enum node_kind kind, uint32_t start, uint32_t end);
/* The number of a name; UINT32_MAX without memory. The text must outlive the tree. */
uint32_t tree_name(struct tree *tree, tr_str text);
static inline tr_str tree_text(const struct tree *tree, uint32_t name)
{
	return tree->names[name].text;
}

void list_init(struct node_list *list);
void list_add(struct node_list *list, struct node *node);

#endif
