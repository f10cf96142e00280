/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions. Operators of one level become one node with a list, so that a long sum is not a deep tree. */
#include <string.h>

#include "playbook/template/parser.h"

static struct node *parse_or(struct parser *p);

static struct node *wrap(struct parser *p, enum node_kind kind, struct node *a)
{
	struct node *node = a != NULL ? parser_node(p, kind, a->start) : NULL;

	if (node != NULL)
		node->a = a;
	return node;
}

/* b if a else c; several without else nest to the left. */
static struct node *parse_cond(struct parser *p)
{
	struct node *value = parse_or(p);
	size_t depth = p->depth;

	while (value != NULL && parser_is_name(p, "if")) {
		struct node *cond = parser_node(p, N_COND, value->start);
		if (cond == NULL || !parser_deeper(p) || !parser_step(p))
			return NULL;
		cond->b = value;
		cond->a = parse_or(p);
		if (cond->a == NULL)
			return NULL;
		if (parser_is_name(p, "else")) {
			if (!parser_step(p) || (cond->c = parse_cond(p)) == NULL)
				return NULL;
		}
		value = parser_finish(p, cond);
	}
	p->depth = depth;
	return value;
}

struct node *parse_expression(struct parser *p)
{
	if (!parser_deeper(p))
		return NULL;
	struct node *node = parse_cond(p);
	p->depth--;
	return node;
}

static struct node *operand(struct parser *p, enum node_op op, struct node *a)
{
	struct node *node = wrap(p, N_OPERAND, a);

	if (node != NULL) {
		node->op = (uint8_t)op;
		parser_finish(p, node);
	}
	return node;
}

static bool math_op(enum token_kind kind, int level, enum node_op *op)
{
	switch (kind) {
	case T_ADD:
		*op = OP_ADD;
		return level == 0;
	case T_SUB:
		*op = OP_SUB;
		return level == 0;
	case T_MUL:
		*op = OP_MUL;
		return level == 2;
	case T_DIV:
		*op = OP_DIV;
		return level == 2;
	case T_FLOORDIV:
		*op = OP_FLOORDIV;
		return level == 2;
	case T_MOD:
		*op = OP_MOD;
		return level == 2;
	case T_POW:
		*op = OP_POW;
		return level == 3;
	default:
		return false;
	}
}

static struct node *parse_unary(struct parser *p, bool with_filter);

/* Levels of arithmetic: 0 is + and -, 1 is ~, 2 is * / // %, 3 is **; all from left to right. */
static struct node *parse_math(struct parser *p, int level)
{
	struct node *left = level == 3 ? parse_unary(p, true) : parse_math(p, level + 1);
	struct node *math = NULL;
	struct node_list list;
	enum node_op op = OP_ADD;

	while (left != NULL && (level == 1 ? p->cur.kind == T_TILDE : math_op(p->cur.kind, level, &op))) {
		if (math == NULL) {
			math = wrap(p, level == 1 ? N_CONCAT : N_MATH, left);
			list_init(&list);
			if (math == NULL)
				return NULL;
			if (level == 1) {
				math->a = NULL;
				list_add(&list, left);
			}
		}
		if (!parser_step(p))
			return NULL;
		struct node *right = level == 3 ? parse_unary(p, true) : parse_math(p, level + 1);
		if (right != NULL && level != 1)
			right = operand(p, op, right);
		if (right == NULL)
			return NULL;
		list_add(&list, right);
	}
	if (left == NULL || math == NULL)
		return left;
	math->list = list.first;
	math->count = list.n;
	return parser_finish(p, math);
}

/* Is cur a comparison? Steps over the first word of `not in`. */
static bool compare_op(struct parser *p, enum node_op *op, bool *ok)
{
	static const enum node_op map[] = {
	    [T_EQ] = OP_EQ, [T_NE] = OP_NE, [T_LT] = OP_LT, [T_LE] = OP_LE, [T_GT] = OP_GT, [T_GE] = OP_GE};
	enum token_kind kind;

	*ok = true;
	if (p->cur.kind >= T_EQ && p->cur.kind <= T_GE) {
		*op = map[p->cur.kind];
		return true;
	}
	*op = OP_IN;
	if (parser_is_name(p, "in"))
		return true;
	if (!parser_is_name(p, "not") || !parser_look(p, &kind)) {
		*ok = p->error->err == TR_OK;
		return false;
	}
	tr_str ahead = parser_text(p, &p->ahead);
	if (kind != T_NAME || !tr_str_is(ahead, "in"))
		return false;
	*op = OP_NOTIN;
	*ok = parser_step(p);
	return *ok;
}

static struct node *parse_compare(struct parser *p)
{
	struct node *left = parse_math(p, 0), *compare = NULL;
	struct node_list list;
	enum node_op op;
	bool ok = true;

	while (left != NULL && compare_op(p, &op, &ok)) {
		if (compare == NULL) {
			compare = wrap(p, N_COMPARE, left);
			list_init(&list);
		}
		if (compare == NULL || !parser_step(p))
			return NULL;
		struct node *right = operand(p, op, parse_math(p, 0));
		if (right == NULL)
			return NULL;
		list_add(&list, right);
	}
	if (!ok || left == NULL || compare == NULL)
		return ok ? left : NULL;
	compare->list = list.first;
	compare->count = list.n;
	return parser_finish(p, compare);
}

static struct node *parse_not(struct parser *p)
{
	uint32_t start = p->cur.start;

	if (!parser_is_name(p, "not"))
		return parse_compare(p);
	if (!parser_deeper(p) || !parser_step(p))
		return NULL;
	struct node *node = wrap(p, N_NOT, parse_not(p));
	p->depth--;
	if (node == NULL)
		return NULL;
	node->start = start;
	return parser_finish(p, node);
}

static struct node *parse_logic(struct parser *p, bool is_or)
{
	struct node *left = is_or ? parse_logic(p, false) : parse_not(p);
	struct node *logic = NULL;
	struct node_list list;

	while (left != NULL && parser_is_name(p, is_or ? "or" : "and")) {
		if (logic == NULL) {
			logic = parser_node(p, is_or ? N_OR : N_AND, left->start);
			list_init(&list);
			list_add(&list, left);
		}
		if (logic == NULL || !parser_step(p))
			return NULL;
		struct node *right = is_or ? parse_logic(p, false) : parse_not(p);
		if (right == NULL)
			return NULL;
		list_add(&list, right);
	}
	if (left == NULL || logic == NULL)
		return left;
	logic->list = list.first;
	logic->count = list.n;
	return parser_finish(p, logic);
}

static struct node *parse_or(struct parser *p)
{
	return parse_logic(p, true);
}

static struct node *parse_sequence(struct parser *p, enum node_kind kind, enum token_kind close)
{
	struct node *node = parser_node(p, kind, p->cur.start);
	struct node_list list;

	list_init(&list);
	if (node == NULL || !parser_step(p))
		return NULL;
	while (p->cur.kind != close) {
		if (list.n > 0 && !parser_expect(p, T_COMMA))
			return NULL;
		if (p->cur.kind == close)
			break;
		struct node *item = parse_expression(p);
		if (item != NULL && kind == N_DICT) {
			struct node *pair = wrap(p, N_PAIR, item);
			if (pair == NULL || !parser_expect(p, T_COLON) || (pair->b = parse_expression(p)) == NULL)
				return NULL;
			item = parser_finish(p, pair);
		}
		if (item == NULL)
			return NULL;
		list_add(&list, item);
	}
	if (!parser_step(p))
		return NULL;
	node->list = list.first;
	node->count = list.n;
	return parser_finish(p, node);
}

static struct node *parse_name(struct parser *p)
{
	tr_str text = parser_text(p, &p->cur);
	struct node *node = parser_node(p, N_NAME, p->cur.start);

	if (node == NULL)
		return NULL;
	node->kind = N_CONST;
	if (tr_str_is(text, "true") || tr_str_is(text, "True"))
		node->value = tr_bool(true);
	else if (tr_str_is(text, "false") || tr_str_is(text, "False"))
		node->value = tr_bool(false);
	else if (tr_str_is(text, "none") || tr_str_is(text, "None"))
		node->value = tr_nil();
	else {
		node->kind = N_NAME;
		node->name = tree_name(p->tree, text);
		if (node->name == UINT32_MAX)
			return NULL;
	}
	return parser_step(p) ? parser_finish(p, node) : NULL;
}

static struct node *parse_literal(struct parser *p)
{
	struct node *node = parser_node(p, N_CONST, p->cur.start);
	struct token token = p->cur;

	if (node == NULL || !parser_step(p))
		return NULL;
	if (token.kind == T_STRING)
		node->value = literal_string(p, &token);
	else
		node->value = literal_number(p, &token);
	return tr_is_valid(node->value) ? parser_finish(p, node) : NULL;
}

struct node *parse_primary(struct parser *p)
{
	char what[64];

	switch (p->cur.kind) {
	case T_NAME:
		return parse_name(p);
	case T_STRING:
	case T_INTEGER:
	case T_FLOAT:
		return parse_literal(p);
	case T_LPAREN: {
		if (!parser_step(p))
			return NULL;
		struct node *node = parse_tuple(p, TUPLE_PARENS, NULL);
		return node != NULL && parser_expect(p, T_RPAREN) ? node : NULL;
	}
	case T_LBRACKET:
		return parse_sequence(p, N_LIST, T_RBRACKET);
	case T_LBRACE:
		return parse_sequence(p, N_DICT, T_RBRACE);
	default:
		token_describe(&p->lex, &p->cur, what, sizeof(what));
		parser_fail(p, p->cur.start, "expected an expression, found %s", what);
		return NULL;
	}
}

static struct node *parse_item(struct parser *p, unsigned mode)
{
	if (mode & TUPLE_SIMPLE)
		return parse_primary(p);
	if (mode & TUPLE_NO_COND)
		return parse_or(p);
	return parse_expression(p);
}

struct node *parse_tuple(struct parser *p, unsigned mode, const char *end_name)
{
	uint32_t start = p->cur.start;
	struct node_list list;
	bool is_tuple = false;
	char what[64];

	list_init(&list);
	for (;;) {
		if (list.n > 0 && !parser_expect(p, T_COMMA))
			return NULL;
		if (p->cur.kind == T_VAR_END || p->cur.kind == T_BLOCK_END || p->cur.kind == T_RPAREN ||
		    p->cur.kind == T_EOF || (end_name != NULL && parser_is_name(p, end_name)))
			break;
		struct node *item = parse_item(p, mode);
		if (item == NULL)
			return NULL;
		list_add(&list, item);
		if (p->cur.kind != T_COMMA)
			break;
		is_tuple = true;
	}
	if (!is_tuple && list.n > 0)
		return list.first;
	if (!is_tuple && !(mode & TUPLE_PARENS)) {
		token_describe(&p->lex, &p->cur, what, sizeof(what));
		parser_fail(p, p->cur.start, "expected an expression, found %s", what);
		return NULL;
	}
	struct node *tuple = parser_node(p, N_TUPLE, start);
	if (tuple == NULL)
		return NULL;
	tuple->list = list.first;
	tuple->count = list.n;
	return parser_finish(p, tuple);
}

/* -x, +x, or x with its subscripts; filters and tests bind only where a whole operand ends. */
static struct node *parse_filter_chain(struct parser *p, struct node *node);

static struct node *parse_unary(struct parser *p, bool with_filter)
{
	uint32_t start = p->cur.start;
	struct node *node;

	if (p->cur.kind == T_SUB || p->cur.kind == T_ADD) {
		enum node_kind kind = p->cur.kind == T_SUB ? N_NEG : N_POS;
		if (!parser_deeper(p) || !parser_step(p))
			return NULL;
		node = wrap(p, kind, parse_unary(p, false));
		p->depth--;
		if (node != NULL) {
			node->start = start;
			parser_finish(p, node);
		}
	} else {
		node = parse_primary(p);
	}
	node = parse_postfix(p, node);
	return with_filter ? parse_filter_chain(p, node) : node;
}

static struct node *parse_slice_part(struct parser *p, bool *ok)
{
	struct node *part = NULL;

	if (p->cur.kind != T_COLON && p->cur.kind != T_RBRACKET && p->cur.kind != T_COMMA) {
		part = parse_expression(p);
		*ok = *ok && part != NULL;
	}
	return part;
}

static struct node *parse_subscribed(struct parser *p)
{
	uint32_t start = p->cur.start;
	struct node *first = NULL;
	bool ok = true;

	if (p->cur.kind != T_COLON) {
		first = parse_expression(p);
		if (first == NULL || p->cur.kind != T_COLON)
			return first;
	}
	struct node *slice = parser_node(p, N_SLICE, start);
	if (slice == NULL || !parser_step(p))
		return NULL;
	slice->a = first;
	slice->b = parse_slice_part(p, &ok);
	if (ok && p->cur.kind == T_COLON) {
		if (!parser_step(p))
			return NULL;
		slice->c = parse_slice_part(p, &ok);
	}
	return ok ? parser_finish(p, slice) : NULL;
}

static struct node *parse_brackets(struct parser *p, struct node *base)
{
	struct node *node = wrap(p, N_GETITEM, base);
	uint32_t start = p->cur.start;
	struct node_list list;

	list_init(&list);
	if (node == NULL || !parser_step(p))
		return NULL;
	while (p->cur.kind != T_RBRACKET) {
		if (list.n > 0 && !parser_expect(p, T_COMMA))
			return NULL;
		struct node *arg = parse_subscribed(p);
		if (arg == NULL)
			return NULL;
		list_add(&list, arg);
	}
	if (!parser_step(p))
		return NULL;
	node->b = list.first;
	if (list.n != 1) {
		node->b = parser_node(p, N_TUPLE, start);
		if (node->b == NULL)
			return NULL;
		node->b->list = list.first;
		node->b->count = list.n;
		parser_finish(p, node->b);
	}
	return parser_finish(p, node);
}

static struct node *parse_dot(struct parser *p, struct node *base)
{
	if (!parser_step(p))
		return NULL;
	if (p->cur.kind == T_NAME) {
		struct node *node = wrap(p, N_GETATTR, base);
		if (node == NULL || (node->name = tree_name(p->tree, parser_text(p, &p->cur))) == UINT32_MAX)
			return NULL;
		return parser_step(p) ? parser_finish(p, node) : NULL;
	}
	if (p->cur.kind != T_INTEGER) {
		parser_fail(p, p->cur.start, "expected a name or a number behind '.'");
		return NULL;
	}
	struct node *node = wrap(p, N_GETITEM, base);
	if (node == NULL || (node->b = parse_literal(p)) == NULL)
		return NULL;
	return parser_finish(p, node);
}

static bool parse_keyword(struct parser *p, struct node_list *kwargs)
{
	struct node *kw = parser_node(p, N_KEYWORD, p->cur.start);

	if (kw == NULL || (kw->name = tree_name(p->tree, parser_text(p, &p->cur))) == UINT32_MAX)
		return false;
	for (const struct node *k = kwargs->first; k != NULL; k = k->next)
		if (k->name == kw->name)
			return parser_fail(p, kw->start, "keyword argument '%.*s' is given twice",
					   TR_STR(tree_text(p->tree, kw->name)));
	if (!parser_step(p) || !parser_step(p) || (kw->a = parse_expression(p)) == NULL)
		return false;
	list_add(kwargs, parser_finish(p, kw));
	return true;
}

static bool parse_argument(struct parser *p, struct node *node, struct node_list *args, struct node_list *kwargs)
{
	bool star = p->cur.kind == T_MUL, stars = p->cur.kind == T_POW;
	enum token_kind next = T_EOF;
	uint32_t at = p->cur.start;

	if (p->cur.kind == T_NAME && !parser_look(p, &next))
		return false;
	bool keyword = p->cur.kind == T_NAME && next == T_ASSIGN;
	if (node->c != NULL || (node->b != NULL && !stars && !keyword) ||
	    (!star && !stars && !keyword && kwargs->n > 0))
		return parser_fail(p, at, "positional arguments come first, then keywords, then * and ** arguments");
	if (keyword)
		return parse_keyword(p, kwargs);
	if (star || stars) {
		if (!parser_step(p))
			return false;
		struct node *value = parse_expression(p);
		*(star ? &node->b : &node->c) = value;
		return value != NULL;
	}
	struct node *value = parse_expression(p);
	if (value != NULL)
		list_add(args, value);
	return value != NULL;
}

/* ( … ) with cur at the parenthesis, into node. */
static bool parse_arguments(struct parser *p, struct node *node)
{
	struct node_list args, kwargs;
	bool comma = false;

	list_init(&args);
	list_init(&kwargs);
	if (!parser_expect(p, T_LPAREN))
		return false;
	while (p->cur.kind != T_RPAREN) {
		if (comma) {
			if (!parser_expect(p, T_COMMA))
				return false;
			if (p->cur.kind == T_RPAREN)
				break;
		}
		if (!parse_argument(p, node, &args, &kwargs))
			return false;
		comma = true;
	}
	node->list = args.first;
	node->count = args.n;
	node->list2 = kwargs.first;
	return parser_step(p);
}

static struct node *parse_call(struct parser *p, struct node *callee)
{
	struct node *node = wrap(p, N_CALL, callee);

	return node != NULL && parse_arguments(p, node) ? parser_finish(p, node) : NULL;
}

struct node *parse_postfix(struct parser *p, struct node *node)
{
	while (node != NULL) {
		if (p->cur.kind == T_DOT)
			node = parse_dot(p, node);
		else if (p->cur.kind == T_LBRACKET)
			node = parse_brackets(p, node);
		else if (p->cur.kind == T_LPAREN)
			node = parse_call(p, node);
		else
			break;
	}
	return node;
}

/* A filter's or test's name, which may have dots. */
static bool parse_dotted(struct parser *p, struct node *node)
{
	uint32_t start = p->cur.start, end = p->cur.end;

	if (!parser_expect(p, T_NAME))
		return false;
	while (p->cur.kind == T_DOT) {
		if (!parser_step(p))
			return false;
		end = p->cur.end;
		if (!parser_expect(p, T_NAME))
			return false;
	}
	tr_str name = {p->lex.source.p + start, end - start};
	node->name = tree_name(p->tree, name);
	return node->name != UINT32_MAX;
}

struct node *parse_filters(struct parser *p, struct node *node, bool inline_first, bool *ok)
{
	*ok = false;
	while (p->cur.kind == T_PIPE || inline_first) {
		if (!inline_first && !parser_step(p))
			return NULL;
		struct node *filter = parser_node(p, N_FILTER, p->cur.start);
		if (filter == NULL)
			return NULL;
		filter->a = node;
		if (!parse_dotted(p, filter))
			return NULL;
		if (p->cur.kind == T_LPAREN && !parse_arguments(p, filter))
			return NULL;
		node = parser_finish(p, filter);
		inline_first = false;
	}
	*ok = true;
	return node;
}

/* May cur begin the one argument that a test takes without parentheses? */
static bool test_argument(struct parser *p)
{
	switch (p->cur.kind) {
	case T_NAME:
		return !parser_is_name(p, "else") && !parser_is_name(p, "or") && !parser_is_name(p, "and");
	case T_STRING:
	case T_INTEGER:
	case T_FLOAT:
	case T_LBRACKET:
	case T_LBRACE:
		return true;
	default:
		return false;
	}
}

static struct node *parse_test(struct parser *p, struct node *node)
{
	struct node *test, *not = NULL;

	if (!parser_step(p))
		return NULL;
	if (parser_is_name(p, "not")) {
		not = parser_node(p, N_NOT, node->start);
		if (not == NULL || !parser_step(p))
			return NULL;
	}
	test = wrap(p, N_TEST, node);
	if (test == NULL)
		return NULL;
	test->end = p->cur.start;
	if (!parse_dotted(p, test))
		return NULL;
	if (p->cur.kind == T_LPAREN) {
		if (!parse_arguments(p, test))
			return NULL;
	} else if (test_argument(p)) {
		if (parser_is_name(p, "is")) {
			parser_fail(p, p->cur.start, "tests cannot be chained with 'is'");
			return NULL;
		}
		test->list = parse_postfix(p, parse_primary(p));
		if (test->list == NULL)
			return NULL;
		test->count = 1;
	}
	parser_finish(p, test);
	if (not == NULL)
		return test;
	not ->a = test;
	return parser_finish(p, not );
}

static struct node *parse_filter_chain(struct parser *p, struct node *node)
{
	bool ok = true;

	while (node != NULL && ok) {
		if (p->cur.kind == T_PIPE)
			node = parse_filters(p, node, false, &ok);
		else if (parser_is_name(p, "is"))
			node = parse_test(p, node);
		else if (p->cur.kind == T_LPAREN)
			node = parse_call(p, node);
		else
			break;
	}
	return node;
}
