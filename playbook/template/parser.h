/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive descent over the lexer's tokens, bounded in depth. Functions give NULL when they have failed. */
#ifndef TROUPE_TEMPLATE_PARSER_H
#define TROUPE_TEMPLATE_PARSER_H

#include "playbook/template/ast.h"
#include "playbook/template/lexer.h"

struct parser {
	struct lexer lex;
	struct tree *tree;
	struct token cur, ahead;
	bool has_ahead;
	uint32_t last_end; /* where the token before cur ended */
	size_t depth, max_depth;
	tr_template_error *error;
	const char *const *wanted; /* tags that the innermost open block waits for */
	tr_str open_tag;           /* its own tag */
	uint32_t open_at;
};

/* Parse a whole template, or with `bare` one expression; false with *error filled. */
bool parse_template(struct tree *tree, tr_str source, const tr_template_options *options, bool bare,
		    tr_template_error *error);

/* Token handling. */
bool parser_step(struct parser *p); /* to the next token */
bool parser_step_over(struct parser *p, unsigned tokens);
bool parser_look(struct parser *p, enum token_kind *kind); /* the one after cur */
bool parser_is_name(const struct parser *p, const char *text);
bool parser_expect(struct parser *p, enum token_kind kind); /* and step over it */
bool parser_fail(struct parser *p, uint32_t at, const char *fmt, ...) TR_PRINTF(3, 4);
/* One level of nesting, which counts twice: it costs as much stack as two calls. False: too deep; else undo with
 * p->depth -= NEST. */
#define NEST 2
bool parser_deeper(struct parser *p);
static inline tr_str parser_text(const struct parser *p, const struct token *t)
{
	tr_str s = {p->lex.source.p + t->start, t->end - t->start};
	return s;
}
struct node *parser_node(struct parser *p, enum node_kind kind, uint32_t start);
struct node *parser_finish(struct parser *p, struct node *node); /* sets where it ends */

/* Expressions (parse_expr.c). */
enum tuple_mode {
	TUPLE_FULL = 0,
	TUPLE_SIMPLE = 1,
	TUPLE_NO_COND = 2,
	TUPLE_PARENS = 4
};
struct node *parse_expression(struct parser *p);
/* `end_name` (may be NULL) is a name that ends the tuple too. */
struct node *parse_tuple(struct parser *p, unsigned mode, const char *end_name);
struct node *parse_primary(struct parser *p);
struct node *parse_postfix(struct parser *p, struct node *node);
/* The filters behind cur; with `inline_first` cur is the first one's name. NULL with *ok true: there are none. */
struct node *parse_filters(struct parser *p, struct node *node, bool inline_first, bool *ok);

/* Literals (parse_literal.c). */
/* Takes the strings that follow `first` too; cur is behind it. */
tr_value literal_string(struct parser *p, const struct token *first);
tr_value literal_number(struct parser *p, const struct token *token);
tr_value literal_data(tr_str text); /* with \n for every line end */

/* Statements (parse_stmt.c): until one of `ends` (NULL-terminated) or the end of the text. */
bool parse_statements(struct parser *p, const char *const *ends, struct node_list *out);

#endif
