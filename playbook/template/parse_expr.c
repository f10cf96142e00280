/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions. Operators of one level become one node with a list, so that a long sum is not a deep tree. */
#include <string.h>

#include "playbook/template/parser.h"

/* How tightly operators bind, from the loosest. */
enum level {
	L_OR,
	L_AND,
	L_NOT,
	L_COMPARE,
	L_ADD,
	L_CONCAT,
	L_MUL,
	L_POW
};

static struct node *parse_level(struct parser *p, enum level level);

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
	struct node *value = parse_level(p, L_OR);
	size_t depth = p->depth;

	while (value != NULL && parser_is_name(p, "if")) {
		struct node *cond = parser_node(p, N_COND, value->start);
		if (cond == NULL || !parser_deeper(p) || !parser_step(p))
			return NULL;
		cond->b = value;
		cond->a = parse_level(p, L_OR);
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
	p->depth -= NEST;
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

static struct node *parse_unary(struct parser *p, bool with_filter);

/* The operator that an ordinary token is; false when it is none. */
static bool sign_operator(enum token_kind kind, enum level *level, enum node_op *op)
{
	static const struct {
		uint8_t known, level, op;
	} table[] = {
	    [T_ADD] = {1, L_ADD, OP_ADD},   [T_SUB] = {1, L_ADD, OP_SUB},   [T_TILDE] = {1, L_CONCAT, 0},
	    [T_MUL] = {1, L_MUL, OP_MUL},   [T_DIV] = {1, L_MUL, OP_DIV},   [T_FLOORDIV] = {1, L_MUL, OP_FLOORDIV},
	    [T_MOD] = {1, L_MUL, OP_MOD},   [T_POW] = {1, L_POW, OP_POW},   [T_EQ] = {1, L_COMPARE, OP_EQ},
	    [T_NE] = {1, L_COMPARE, OP_NE}, [T_LT] = {1, L_COMPARE, OP_LT}, [T_LE] = {1, L_COMPARE, OP_LE},
	    [T_GT] = {1, L_COMPARE, OP_GT}, [T_GE] = {1, L_COMPARE, OP_GE},
	};

	if ((size_t)kind >= sizeof(table) / sizeof(table[0]) || !table[kind].known)
		return false;
	*level = (enum level)table[kind].level;
	*op = (enum node_op)table[kind].op;
	return true;
}

/* The operator that cur is or, as `not in`, begins. Steps over all of it but its last word. */
static bool find_operator(struct parser *p, enum level least, enum level *level, enum node_op *op)
{
	enum token_kind ahead = T_EOF;

	*op = OP_IN;
	*level = L_COMPARE;
	if (p->cur.kind != T_NAME)
		return sign_operator(p->cur.kind, level, op) && *level >= least;
	if (parser_is_name(p, "or") || parser_is_name(p, "and")) {
		*level = parser_is_name(p, "or") ? L_OR : L_AND;
		return *level >= least;
	}
	if (least > L_COMPARE)
		return false;
	if (parser_is_name(p, "in"))
		return true;
	if (!parser_is_name(p, "not") || !parser_look(p, &ahead) || ahead != T_NAME ||
	    !tr_str_is(parser_text(p, &p->ahead), "in"))
		return false;
	*op = OP_NOTIN;
	return parser_step(p);
}

/* A node for all operators of one level that follow each other. */
static struct node *level_node(struct parser *p, enum level level, struct node *left, struct node_list *list)
{
	static const uint8_t kinds[] = {
	    [L_OR] = N_OR,    [L_AND] = N_AND,       [L_NOT] = N_NOT,  [L_COMPARE] = N_COMPARE,
	    [L_ADD] = N_MATH, [L_CONCAT] = N_CONCAT, [L_MUL] = N_MATH, [L_POW] = N_MATH};
	struct node *node = wrap(p, (enum node_kind)kinds[level], left);

	list_init(list);
	if (node != NULL && (level <= L_AND || level == L_CONCAT)) {
		node->a = NULL; /* these have all their operands in the list */
		list_add(list, left);
	}
	return node;
}

static struct node *parse_right(struct parser *p, enum level level, enum node_op op)
{
	struct node *right;

	if (!parser_step(p))
		return NULL;
	right = level == L_POW ? parse_unary(p, true) : parse_level(p, (enum level)(level + 1));
	return right == NULL || level <= L_AND || level == L_CONCAT ? right : operand(p, op, right);
}

static struct node *parse_not(struct parser *p)
{
	uint32_t start = p->cur.start;

	if (!parser_deeper(p) || !parser_step(p))
		return NULL;
	struct node *node = wrap(p, N_NOT, parse_level(p, L_NOT));
	p->depth -= NEST;
	if (node == NULL)
		return NULL;
	node->start = start;
	return parser_finish(p, node);
}

/* An operand, and the operators behind it that bind at least as tightly as `least`. */
static struct node *parse_level(struct parser *p, enum level least)
{
	struct node *left = least <= L_NOT && parser_is_name(p, "not") ? parse_not(p) : parse_unary(p, true);
	enum level level, next;
	enum node_op op;
	bool more = left != NULL && find_operator(p, least, &level, &op);

	while (more) {
		struct node_list list;
		struct node *node = level_node(p, level, left, &list);
		do {
			struct node *right = node != NULL ? parse_right(p, level, op) : NULL;
			if (right == NULL)
				return NULL;
			list_add(&list, right);
			more = find_operator(p, least, &next, &op);
		} while (more && next == level);
		node->list = list.first;
		node->count = list.n;
		left = parser_finish(p, node);
		level = next;
	}
	return p->error->err == TR_OK ? left : NULL;
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

static struct node *no_expression(struct parser *p)
{
	char what[64];

	token_describe(&p->lex, &p->cur, what, sizeof(what));
	parser_fail(p, p->cur.start, "expected an expression, found %s", what);
	return NULL;
}

struct node *parse_primary(struct parser *p)
{
	switch (p->cur.kind) {
	case T_NAME:
		return parse_name(p);
	case T_STRING:
	case T_INTEGER:
	case T_FLOAT:
		return parse_literal(p);
	case T_LPAREN: {
		/* A tuple and its items: two levels. */
		if (!parser_deeper(p) || !parser_step(p))
			return NULL;
		struct node *node = parse_tuple(p, TUPLE_PARENS, NULL);
		p->depth -= NEST;
		return node != NULL && parser_expect(p, T_RPAREN) ? node : NULL;
	}
	case T_LBRACKET:
		return parse_sequence(p, N_LIST, T_RBRACKET);
	case T_LBRACE:
		return parse_sequence(p, N_DICT, T_RBRACE);
	default:
		return no_expression(p);
	}
}

static struct node *parse_item(struct parser *p, unsigned mode)
{
	if (mode & TUPLE_SIMPLE)
		return parse_primary(p);
	if (mode & TUPLE_NO_COND)
		return parse_level(p, L_OR);
	return parse_expression(p);
}

struct node *parse_tuple(struct parser *p, unsigned mode, const char *end_name)
{
	uint32_t start = p->cur.start;
	struct node_list list;
	bool is_tuple = false;

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
	if (!is_tuple && !(mode & TUPLE_PARENS))
		return no_expression(p);
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
		p->depth -= NEST;
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
	if (!parser_step_over(p, 2) || (kw->a = parse_expression(p)) == NULL)
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
	if (!parser_deeper(p) || !parser_expect(p, T_LPAREN))
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
	p->depth -= NEST;
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
