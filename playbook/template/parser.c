/* SPDX-License-Identifier: Apache-2.0 */
/* Token handling of the parser, and its entry. */
#include <stdio.h>
#include <string.h>

#include "playbook/template/error.h"
#include "playbook/template/parser.h"

bool parser_step(struct parser *p)
{
	p->last_end = p->cur.end;
	if (p->has_ahead) {
		p->cur = p->ahead;
		p->has_ahead = false;
		return true;
	}
	return lexer_next(&p->lex, &p->cur);
}

bool parser_step_over(struct parser *p, unsigned tokens)
{
	while (tokens-- > 0)
		if (!parser_step(p))
			return false;
	return true;
}

bool parser_look(struct parser *p, enum token_kind *kind)
{
	if (!p->has_ahead && !lexer_next(&p->lex, &p->ahead))
		return false;
	p->has_ahead = true;
	*kind = p->ahead.kind;
	return true;
}

bool parser_is_name(const struct parser *p, const char *text)
{
	return p->cur.kind == T_NAME && tr_str_is(parser_text(p, &p->cur), text);
}

bool parser_fail(struct parser *p, uint32_t at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	error_setv(p->error, TR_ESYNTAX, p->lex.source, at, fmt, args);
	va_end(args);
	return false;
}

/* One that assigns where a comparison was most likely meant. */
static bool unexpected(struct parser *p, const char *wanted)
{
	char what[64];

	token_describe(&p->lex, &p->cur, what, sizeof(what));
	(void)parser_fail(p, p->cur.start, "expected %s, found %s", wanted, what);
	if (p->cur.kind == T_ASSIGN && p->error->hint[0] == '\0')
		(void)snprintf(p->error->hint, sizeof p->error->hint, "to compare, write ==");
	return false;
}

bool parser_expect(struct parser *p, enum token_kind kind)
{
	return p->cur.kind == kind ? parser_step(p) : unexpected(p, token_kind_name(kind));
}

bool parser_deeper(struct parser *p)
{
	if (p->depth + NEST <= p->max_depth) {
		p->depth += NEST;
		return true;
	}
	error_set(p->error, TR_EDEPTH, p->lex.source, p->cur.start, "nested deeper than %zu levels",
		  p->max_depth / NEST);
	return false;
}

struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t start)
{
	struct node *node = tree_node(p->tree, kind, start, p->cur.end);

	if (node == NULL)
		error_memory(p->error);
	return node;
}

struct node *parser_finish(struct parser *p, struct node *node)
{
	node->end = p->last_end;
	return node;
}

static bool parse_bare(struct parser *p)
{
	if (!parser_step(p))
		return false;
	struct node *node = parse_tuple(p, TUPLE_FULL, NULL);
	if (node == NULL)
		return false;
	if (p->cur.kind != T_EOF)
		return unexpected(p, "the end of the expression");
	p->tree->body = parser_node(p, N_OUTPUT, node->start);
	if (p->tree->body == NULL)
		return false;
	p->tree->body->a = node;
	p->tree->single = true;
	return true;
}

static bool parse_whole(struct parser *p)
{
	struct node_list body;

	list_init(&body);
	if (!parser_step(p) || !parse_statements(p, NULL, &body))
		return false;
	p->tree->body = body.first;
	p->tree->single = body.n == 1 && body.first->kind == N_OUTPUT;
	p->tree->constant = !p->lex.had_comment && (body.n == 0 || (body.n == 1 && body.first->kind == N_DATA));
	return true;
}

bool parse_template(struct tree *tree, tr_str source, const tr_template_options *options, bool bare,
		    tr_template_error *error)
{
	struct parser p;

	memset(&p, 0, sizeof(p));
	p.tree = tree;
	p.error = error;
	p.max_depth = options->limits.max_depth;
	lexer_init(&p.lex, source, bare ? LEX_VAR : LEX_TEXT, options, error);
	bool ok = bare ? parse_bare(&p) : parse_whole(&p);
	if (!ok && error->err == TR_OK)
		error_memory(error);
	lexer_fini(&p.lex);
	return ok;
}
