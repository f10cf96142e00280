/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: {% … %} and the text and {{ }} between them. */
#include <stdio.h>
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/parser.h"

/* The body of a block, up to one of `ends`; cur is then that end's name. Steps over the tag's own %} first. */
static bool parse_body(struct parser *p, const char *const *ends, struct node **body)
{
	struct node_list list;
	const char *const *wanted = p->wanted;
	tr_str tag = p->open_tag;
	uint32_t at = p->open_at;

	list_init(&list);
	if (p->cur.kind == T_COLON && !parser_step(p))
		return false;
	if (!parser_deeper(p) || !parser_expect(p, T_BLOCK_END))
		return false;
	if (!parse_statements(p, ends, &list))
		return false;
	if (p->cur.kind == T_EOF)
		return parser_fail(p, p->open_at, "'%.*s' is not closed; '{%% %s %%}' is missing", TR_STR(p->open_tag),
				   ends[0]);
	p->depth -= NEST;
	p->wanted = wanted;
	p->open_tag = tag;
	p->open_at = at;
	*body = list.first;
	return true;
}

/* As parse_body with one possible end, which is stepped over. */
static bool parse_block(struct parser *p, const char *end, struct node **body)
{
	const char *const ends[] = {end, NULL};

	return parse_body(p, ends, body) && parser_step(p);
}

/* Mark the names of a target; false when it cannot be assigned to. */
static bool mark_target(struct parser *p, struct node *target, uint8_t flag)
{
	if (target->kind == N_NAME) {
		target->flags |= flag;
		return true;
	}
	if (target->kind == N_TUPLE) {
		for (struct node *item = target->list; item != NULL; item = item->next)
			if (!mark_target(p, item, flag))
				return false;
		return true;
	}
	return parser_fail(p, target->start, "this cannot be assigned to");
}

static struct node *parse_name_target(struct parser *p, uint8_t flag)
{
	struct node *node = p->cur.kind == T_NAME ? parse_primary(p) : NULL;

	if (node == NULL) {
		parser_expect(p, T_NAME);
		return NULL;
	}
	return mark_target(p, node, flag) ? node : NULL;
}

static struct node *parse_target(struct parser *p, const char *end_name, uint8_t flag)
{
	struct node *node = parse_tuple(p, TUPLE_SIMPLE, end_name);

	return node != NULL && mark_target(p, node, flag) ? node : NULL;
}

static struct node *parse_set_target(struct parser *p)
{
	enum token_kind next = T_EOF;

	if (p->cur.kind == T_NAME && !parser_look(p, &next))
		return NULL;
	if (next != T_DOT)
		return parse_target(p, NULL, NODE_STORE);
	struct node *node = parser_node(p, N_NSREF, p->cur.start);
	if (node == NULL || (node->name = tree_name(p->tree, parser_text(p, &p->cur))) == UINT32_MAX)
		return NULL;
	if (!parser_step_over(p, 2))
		return NULL;
	node->name2 = p->cur.kind == T_NAME ? tree_name(p->tree, parser_text(p, &p->cur)) : 0;
	return parser_expect(p, T_NAME) ? parser_finish(p, node) : NULL;
}

static struct node *parse_set(struct parser *p, struct node *node)
{
	bool ok = true;

	node->a = parse_set_target(p);
	if (node->a == NULL)
		return NULL;
	if (p->cur.kind == T_ASSIGN) {
		node->kind = N_SET;
		return parser_step(p) && (node->b = parse_tuple(p, TUPLE_FULL, NULL)) != NULL ? node : NULL;
	}
	node->kind = N_SETBLOCK;
	node->b = parse_filters(p, NULL, false, &ok);
	return ok && parse_block(p, "endset", &node->list) ? node : NULL;
}

static struct node *parse_for(struct parser *p, struct node *node)
{
	static const char *const ends[] = {"endfor", "else", NULL};

	node->kind = N_FOR;
	node->a = parse_target(p, "in", NODE_STORE);
	if (node->a == NULL)
		return NULL;
	if (!parser_is_name(p, "in")) {
		parser_fail(p, p->cur.start, "expected 'in' behind the names of the loop");
		return NULL;
	}
	if (!parser_step(p) || (node->b = parse_tuple(p, TUPLE_NO_COND, "recursive")) == NULL)
		return NULL;
	if (parser_is_name(p, "if") && (!parser_step(p) || (node->c = parse_expression(p)) == NULL))
		return NULL;
	if (parser_is_name(p, "recursive")) {
		node->flags |= NODE_RECURSIVE;
		if (!parser_step(p))
			return NULL;
	}
	if (!parse_body(p, ends, &node->list))
		return NULL;
	bool otherwise = parser_is_name(p, "else");
	if (!parser_step(p) || (otherwise && !parse_block(p, "endfor", &node->list2)))
		return NULL;
	return node;
}

static struct node *parse_if(struct parser *p, struct node *node)
{
	static const char *const ends[] = {"endif", "elif", "else", NULL};
	struct node_list branches;
	bool more = true;

	list_init(&branches);
	node->kind = N_IF;
	while (more) {
		struct node *branch = parser_node(p, N_BRANCH, p->cur.start);
		if (branch == NULL || (branch->a = parse_tuple(p, TUPLE_NO_COND, NULL)) == NULL)
			return NULL;
		if (!parse_body(p, ends, &branch->list))
			return NULL;
		list_add(&branches, parser_finish(p, branch));
		more = parser_is_name(p, "elif");
		bool otherwise = parser_is_name(p, "else");
		if (!parser_step(p) || (otherwise && !parse_block(p, "endif", &node->list2)))
			return NULL;
	}
	node->list = branches.first;
	node->count = branches.n;
	return node;
}

static struct node *parse_with(struct parser *p, struct node *node)
{
	struct node_list pairs;

	list_init(&pairs);
	node->kind = N_WITH;
	while (p->cur.kind != T_BLOCK_END) {
		if (pairs.n > 0 && !parser_expect(p, T_COMMA))
			return NULL;
		struct node *pair = parser_node(p, N_PAIR, p->cur.start);
		if (pair == NULL || (pair->a = parse_target(p, NULL, NODE_PARAM)) == NULL)
			return NULL;
		if (!parser_expect(p, T_ASSIGN) || (pair->b = parse_expression(p)) == NULL)
			return NULL;
		list_add(&pairs, parser_finish(p, pair));
	}
	node->list = pairs.first;
	return parse_block(p, "endwith", &node->list2) ? node : NULL;
}

/* ( a, b=1 ) of a macro or call block. */
static bool parse_signature(struct parser *p, struct node *node)
{
	struct node_list params, defaults;

	list_init(&params);
	list_init(&defaults);
	if (!parser_expect(p, T_LPAREN))
		return false;
	while (p->cur.kind != T_RPAREN) {
		if (params.n > 0 && !parser_expect(p, T_COMMA))
			return false;
		struct node *param = parse_name_target(p, NODE_PARAM);
		if (param == NULL)
			return false;
		for (const struct node *other = params.first; other != NULL; other = other->next)
			if (other->name == param->name)
				return parser_fail(p, param->start, "this parameter is there twice");
		if (p->cur.kind == T_ASSIGN) {
			struct node *value = parser_step(p) ? parse_expression(p) : NULL;
			if (value == NULL)
				return false;
			list_add(&defaults, value);
		} else if (defaults.n > 0) {
			return parser_fail(p, param->start, "a parameter without default follows one with a default");
		}
		list_add(&params, param);
	}
	node->list = params.first;
	node->count = params.n;
	node->list2 = defaults.first;
	return parser_step(p);
}

static struct node *parse_macro(struct parser *p, struct node *node)
{
	node->kind = N_MACRO;
	struct node *name = parse_name_target(p, NODE_STORE);
	if (name == NULL)
		return NULL;
	node->name = name->name;
	return parse_signature(p, node) && parse_block(p, "endmacro", &node->list3) ? node : NULL;
}

static struct node *parse_call_block(struct parser *p, struct node *node)
{
	uint32_t at;

	node->kind = N_CALLBLOCK;
	if (p->cur.kind == T_LPAREN && !parse_signature(p, node))
		return NULL;
	at = p->cur.start;
	if ((node->a = parse_expression(p)) == NULL)
		return NULL;
	if (node->a->kind != N_CALL) {
		parser_fail(p, at, "expected a call");
		return NULL;
	}
	return parse_block(p, "endcall", &node->list3) ? node : NULL;
}

static struct node *parse_filter_block(struct parser *p, struct node *node)
{
	bool ok = true;

	node->kind = N_FILTERBLOCK;
	node->a = parse_filters(p, NULL, true, &ok);
	return ok && parse_block(p, "endfilter", &node->list) ? node : NULL;
}

static struct node *parse_print(struct parser *p, struct node *node)
{
	struct node_list list;

	list_init(&list);
	node->kind = N_PRINT;
	while (p->cur.kind != T_BLOCK_END) {
		if (list.n > 0 && !parser_expect(p, T_COMMA))
			return NULL;
		struct node *out = parser_node(p, N_OUTPUT, p->cur.start);
		if (out == NULL || (out->a = parse_expression(p)) == NULL)
			return NULL;
		list_add(&list, parser_finish(p, out));
	}
	node->list = list.first;
	return node;
}

static const struct statement {
	const char *tag;
	struct node *(*parse)(struct parser *p, struct node *node);
} statements[] = {
    {"if", parse_if},
    {"for", parse_for},
    {"set", parse_set},
    {"with", parse_with},
    {"macro", parse_macro},
    {"call", parse_call_block},
    {"filter", parse_filter_block},
    {"print", parse_print},
};

static void unknown_tag(struct parser *p, tr_str name)
{
	static const char *const refused[] = {"include", "import", "from", "extends", "block", "autoescape", NULL};
	struct suggestion s;

	for (const char *const *r = refused; *r != NULL; r++) {
		if (!tr_str_is(name, *r))
			continue;
		parser_fail(p, p->cur.start, "'%s' is not available: a template stands alone here", *r);
		return;
	}
	if (p->wanted != NULL && name.n > 3 && memcmp(name.p, "end", 3) == 0)
		parser_fail(p, p->cur.start, "unexpected '%.*s'; '%.*s' is still open and needs '{%% %s %%}'",
			    TR_STR(name), TR_STR(p->open_tag), p->wanted[0]);
	else
		parser_fail(p, p->cur.start, "unknown statement '%.*s'", TR_STR(name));
	suggest_init(&s, name);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
		suggest_try(&s, tr_s(statements[i].tag));
	for (const char *const *w = p->wanted; w != NULL && *w != NULL; w++)
		suggest_try(&s, tr_s(*w));
	suggest_hint(&s, p->error->hint, sizeof(p->error->hint));
}

static struct node *no_statement(struct parser *p)
{
	char what[64];

	token_describe(&p->lex, &p->cur, what, sizeof(what));
	parser_fail(p, p->cur.start, "expected the name of a statement, found %s", what);
	return NULL;
}

static struct node *parse_statement(struct parser *p)
{
	if (p->cur.kind != T_NAME)
		return no_statement(p);
	tr_str name = parser_text(p, &p->cur);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (!tr_str_is(name, statements[i].tag))
			continue;
		struct node *node = parser_node(p, N_PRINT, p->cur.start);
		if (node == NULL)
			return NULL;
		p->open_tag = name;
		p->open_at = p->cur.start;
		if (!parser_step(p))
			return NULL;
		node = statements[i].parse(p, node);
		return node != NULL ? parser_finish(p, node) : NULL;
	}
	unknown_tag(p, name);
	return NULL;
}

static bool is_end(const struct parser *p, const char *const *ends)
{
	for (; ends != NULL && *ends != NULL; ends++)
		if (parser_is_name(p, *ends))
			return true;
	return false;
}

static struct node *parse_data(struct parser *p)
{
	struct node *node = parser_node(p, N_DATA, p->cur.start);

	if (node == NULL)
		return NULL;
	node->value = literal_data(parser_text(p, &p->cur));
	if (!tr_is_valid(node->value)) {
		error_memory(p->error);
		return NULL;
	}
	return parser_step(p) ? node : NULL;
}

static struct node *parse_output(struct parser *p)
{
	struct node *node = parser_node(p, N_OUTPUT, p->cur.start);

	if (node == NULL || !parser_step(p) || (node->a = parse_tuple(p, TUPLE_FULL, NULL)) == NULL)
		return NULL;
	return parser_expect(p, T_VAR_END) ? parser_finish(p, node) : NULL;
}

bool parse_statements(struct parser *p, const char *const *ends, struct node_list *out)
{
	p->wanted = ends;
	while (p->cur.kind != T_EOF) {
		struct node *node = NULL;
		if (p->cur.kind == T_DATA) {
			node = parse_data(p);
		} else if (p->cur.kind == T_VAR_BEGIN) {
			node = parse_output(p);
		} else {
			if (!parser_step(p))
				return false;
			if (is_end(p, ends))
				return true;
			node = parse_statement(p);
			p->wanted = ends;
			if (node != NULL && !parser_expect(p, T_BLOCK_END))
				return false;
		}
		if (node == NULL)
			return false;
		list_add(out, node);
	}
	return true;
}
