/* SPDX-License-Identifier: Apache-2.0 */
/* The later dialect's names in the templates of rules: `output` becomes `outcome`, `output.data` becomes
 * `outcome.result`. A template that may bind the name itself stays as it is; both names mean the same there. */
#include "playbook/graph/convert_parts.h"
#include "playbook/template/lexer.h"

typedef struct renaming {
	tr_str source;
	tr_buf *out;
	size_t copied;           /* of the source */
	struct token name;       /* `output`, until the token behind it tells that it is no keyword */
	bool pending, renamed;   /* renamed: the token before this one became `outcome` … */
	bool dotted;             /* … and a dot followed */
	bool statement, binding; /* just behind {%; in a tag that binds names */
	enum token_kind before;
} renaming;

static bool token_is(const renaming *r, const struct token *t, const char *text)
{
	return t->kind == T_NAME && tr_str_is((tr_str){r->source.p + t->start, t->end - t->start}, text);
}

static void replace(renaming *r, const struct token *t, const char *by)
{
	tr_buf_put(r->out, r->source.p + r->copied, t->start - r->copied);
	tr_buf_puts(r->out, by);
	r->copied = t->end;
}

/* False: the name may be the template's own. */
static bool take(renaming *r, const struct token *t)
{
	bool was_renamed = r->renamed, was_dotted = r->dotted;
	r->renamed = r->dotted = false;
	if (r->pending && t->kind != T_ASSIGN) {
		replace(r, &r->name, "outcome");
		was_renamed = true;
	}
	r->pending = false;
	if (was_renamed && t->kind == T_DOT)
		r->dotted = true;
	else if (was_dotted && token_is(r, t, "data"))
		replace(r, t, "result");
	else if (token_is(r, t, "output") && r->before != T_DOT && r->before != T_PIPE) {
		if (r->binding)
			return false;
		r->name = *t;
		r->pending = true;
	}
	if (r->statement)
		r->binding = !token_is(r, t, "if") && !token_is(r, t, "elif") && !token_is(r, t, "print");
	r->statement = t->kind == T_BLOCK_BEGIN;
	r->before = t->kind;
	return true;
}

tr_value convert_names(tr_str source)
{
	const tr_template_options options = {0};
	tr_template_error error = {0};
	tr_buf out = {0};
	renaming r = {.source = source, .out = &out};
	struct lexer lex;
	struct token t = {0};
	bool ok = true;
	lexer_init(&lex, source, tr_template_has_syntax(source) ? LEX_TEXT : LEX_VAR, &options, &error);
	while (ok && (ok = lexer_next(&lex, &t)) && (ok = take(&r, &t)) && t.kind != T_EOF)
		if (t.kind == T_BLOCK_END)
			r.binding = false;
	lexer_fini(&lex);
	if (!ok || r.copied == 0) {
		tr_buf_fini(&out);
		return convert_text(source);
	}
	tr_buf_put(&out, source.p + r.copied, source.n - r.copied);
	return tr_string_buf(&out);
}
