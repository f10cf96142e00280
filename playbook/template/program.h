/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled template: instructions for a stack machine, constants, functions. Immutable once made. */
#ifndef TROUPE_TEMPLATE_PROGRAM_H
#define TROUPE_TEMPLATE_PROGRAM_H

#include <stdatomic.h>

#include <troupe/template.h>

/* What an instruction does, and with which operands a and b. "Push" and "pop" mean the value stack. */
/* clang-format off */
#define OPCODES(X) \
	X(CONST)   /* push constant b */ \
	X(LOAD)    /* push variable b of this function; undefined when it has no value */ \
	X(LOADUP)  /* push variable b of the function a levels out */ \
	X(LOADRAW) /* as LOADUP, but "no value" is pushed as it is */ \
	X(STORE)   /* pop into variable b */ \
	X(CLEAR)   /* variable b has no value */ \
	X(RESET)   /* variable b is to be looked up in the context */ \
	X(POP)     /* drop the top */ \
	X(DUP)     /* push the top again */ \
	X(PATH)    /* push what path b leads to */ \
	X(OUTPATH) /* append the text of what path b leads to */ \
	X(ATTR)    /* top.constant b */ \
	X(ITEM)    /* pop key; top[key] */ \
	X(SLICE)   /* pop the parts that bits 1, 2, 4 of a name; top[from:to:step] */ \
	X(LIST)    /* pop b items, push a list */ \
	X(TUPLE)   /* pop b items, push a tuple */ \
	X(MAP)     /* pop b pairs, push a mapping */ \
	X(NOT) \
	X(NEG) \
	X(POS) \
	X(ADD) \
	X(SUB) \
	X(MUL) \
	X(DIV) \
	X(FLOORDIV) \
	X(MOD) \
	X(POW) \
	X(EQ) \
	X(NE) \
	X(LT) \
	X(LE) \
	X(GT) \
	X(GE) X(IN) X(NOTIN) \
	X(CHAIN)      /* x op y, more follow: false: pop both, push false, jump to b; true: drop x. a: operator */ \
	X(JUMP)       /* to b */ \
	X(JFALSE)     /* pop; to b when it is false */ \
	X(JTRUE)      /* pop; to b when it is true */ \
	X(AND)        /* top false: to b; else pop */ \
	X(OR)         /* top true: to b; else pop */ \
	X(JVALUE)     /* pop; to b when it is a value at all */ \
	X(CONCAT)     /* pop b values, push their texts joined */ \
	X(FILTER)     /* pop the value and arguments of call b, push the result */ \
	X(TEST)       /* the same for a test */ \
	X(DEFINED)    /* top is defined */ \
	X(UNDEFINED)  /* top is undefined */ \
	X(CALL)       /* pop callee and arguments of call b, push the result */ \
	X(METHOD)     /* pop object and arguments of call b, push what its method gives */ \
	X(OUT)        /* pop, append its text to the output */ \
	X(DATA)       /* append constant b to the output */ \
	X(ITER)       /* pop, begin a loop over it; a: 1 when the loop object goes into variable b */ \
	X(ITEMS)      /* pop, begin a loop over its items() as pairs */ \
	X(NEXT)       /* push the next item; to b when there is none */ \
	X(NEXTPAIR)   /* push value and key of the next item; to b when there is none */ \
	X(RAN)        /* the innermost loop had a round */ \
	X(ENDITER)    /* end the innermost loop; a: push whether it had a round */ \
	X(COLLECT)    /* pop an item, append it to the list below it */ \
	X(UNPACK)     /* pop a sequence, push its b items, the first on top */ \
	X(FUNC)       /* push a macro made of function b */ \
	X(LOOPCALL)   /* pop an iterable, run the recursive loop of function b, push its text */ \
	X(CAPTURE)    /* push where the output stands; what follows is captured */ \
	X(ENDCAPTURE) /* pop that place, push the text since then */ \
	X(NSSET)      /* pop namespace, pop value, set attribute constant b */ \
	X(NOPARAM)    /* push the undefined of a parameter that was not given; b: its name */ \
	X(NOELSE)     /* push the undefined of an inline if without else */ \
	X(RETURN)     /* give the function's text to the caller */ \
	X(RESULT)     /* pop: the value of an expression template */ \
	X(END)        /* the text is complete */ \
	X(FAIL)       /* an error known at compile time: constant b */
/* clang-format on */

enum opcode {
#define X(name) I_##name,
	OPCODES(X)
#undef X
	OPCODE_COUNT
};

struct ins {
	uint16_t op, a;
	uint32_t b;
};

/* Where an instruction comes from: what it evaluates, and the point to show. */
struct span {
	uint32_t start, end, at;
};

#define NO_NAME UINT32_MAX

struct slot_info {
	uint32_t name; /* constant, for messages and for the context; NO_NAME */
	bool resolve;  /* looked up in the context when first read */
	bool reset;    /* the same, but anew in each round of a loop, which assigns it too */
};

enum proto_flag {
	PROTO_KWARGS = 1,
	PROTO_VARARGS = 2,
	PROTO_CALLER = 4,
	PROTO_EXPLICIT_CALLER = 8,
	PROTO_LOOP = 16
};

struct proto {
	uint32_t entry; /* instruction */
	uint32_t nslots, max_stack, max_iters;
	uint32_t nparams, flags;
	uint32_t name;           /* constant, or NO_NAME */
	struct slot_info *slots; /* parameters first, then caller, kwargs, varargs as the flags say */
	bool captured;           /* functions inside use its variables */
};

/* What a loop object knows of itself, told apart when the template is compiled. */
enum loop_attribute {
	LOOP_NONE,
	LOOP_INDEX,
	LOOP_INDEX0,
	LOOP_FIRST,
	LOOP_LAST,
	LOOP_LENGTH,
	LOOP_REVINDEX,
	LOOP_REVINDEX0,
	LOOP_DEPTH,
	LOOP_DEPTH0,
	LOOP_PREVITEM,
	LOOP_NEXTITEM
};

struct path_step {
	uint32_t key;           /* constant */
	uint32_t start, end;    /* of the name in the source */
	uint32_t loop;          /* enum loop_attribute */
	_Atomic(uint32_t) hint; /* where the key was found the last time; any thread may overwrite it */
};

/* variable, then attribute after attribute */
struct path {
	uint32_t slot, hops;
	uint32_t n;
	struct path_step *steps;
};

struct native;

/* The shape of one call. Arguments lie on the stack in this order: positional, values of keywords, *args, **kwargs. */
struct call {
	const struct native *native; /* filters and tests; bound: npos is then the number of its parameters */
	uint32_t name;               /* constant: method, filter or test */
	uint32_t npos, nkw;
	bool bound; /* each parameter has its place on the stack, absent when not given */
	bool star, stars;
	uint32_t *kwnames; /* constants */
};

struct tr_template {
	_Atomic(uint32_t) refs;
	char *name;
	char *source;
	size_t source_n;
	tr_template_limits limits;
	bool is_expression, is_constant;
	bool mutates; /* may call methods that change lists or mappings */
	struct ins *code;
	struct span *spans;
	size_t ncode, code_cap;
	tr_value *consts;
	size_t nconsts, consts_cap;
	struct proto *protos;
	size_t nprotos, protos_cap;
	struct path *paths;
	size_t npaths, paths_cap;
	struct call *calls;
	size_t ncalls, calls_cap;
	size_t data_size; /* bytes of plain text, to size the output */
};

static inline tr_str program_source(const tr_template *t)
{
	tr_str s = {t->source, t->source_n};
	return s;
}

#endif
