/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a compiled template, and the public questions about one. */
#include <string.h>

#include "playbook/template/compiler.h"
#include "playbook/template/error.h"
#include "playbook/template/parser.h"

#define DEFAULT_SOURCE ((size_t)1 << 20)
#define DEFAULT_DEPTH  200

static void program_destroy(tr_template *t)
{
	for (size_t i = 0; i < t->nconsts; i++)
		tr_drop(t->consts[i]);
	for (size_t i = 0; i < t->nprotos; i++)
		tr_free(t->protos[i].slots);
	for (size_t i = 0; i < t->npaths; i++)
		tr_free(t->paths[i].steps);
	for (size_t i = 0; i < t->ncalls; i++)
		tr_free(t->calls[i].kwnames);
	tr_free(t->consts);
	tr_free(t->protos);
	tr_free(t->paths);
	tr_free(t->calls);
	tr_free(t->code);
	tr_free(t->spans);
	tr_free(t->name);
	tr_free(t->source);
	tr_free(t);
}

tr_template *tr_template_hold(tr_template *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void tr_template_free(tr_template **t)
{
	if (t == NULL || *t == NULL)
		return;
	if (atomic_fetch_sub_explicit(&(*t)->refs, 1, memory_order_acq_rel) == 1)
		program_destroy(*t);
	*t = NULL;
}

bool tr_template_is_expression(const tr_template *t)
{
	return t->is_expression;
}
bool tr_template_is_constant(const tr_template *t)
{
	return t->is_constant;
}

bool tr_template_has_syntax(tr_str text)
{
	for (size_t i = 0; i + 1 < text.n; i++) {
		const char *brace = memchr(text.p + i, '{', text.n - i - 1);
		if (brace == NULL)
			return false;
		i = (size_t)(brace - text.p);
		if (brace[1] == '{' || brace[1] == '%' || brace[1] == '#')
			return true;
	}
	return false;
}

static char *copy_text(tr_str s)
{
	char *p = tr_alloc(s.n + 1);

	if (p != NULL && s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

static tr_template *program_new(tr_str text, const tr_template_options *options)
{
	tr_template *t = tr_alloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	atomic_init(&t->refs, 1);
	t->limits = options->limits;
	t->source_n = text.n;
	t->source = copy_text(text);
	t->name = copy_text(tr_s(options->name != NULL ? options->name : "<template>"));
	if (t->source == NULL || t->name == NULL) {
		program_destroy(t);
		return NULL;
	}
	return t;
}

static tr_template *compile(tr_str text, const tr_template_options *given, bool bare, tr_template_error *error)
{
	tr_template_options options = {0};
	tr_template_error own;
	struct tree tree;
	tr_template *t;
	size_t bad = 0;

	error = error != NULL ? error : &own;
	memset(error, 0, sizeof(*error));
	if (given != NULL)
		options = *given;
	if (options.limits.max_source == 0)
		options.limits.max_source = DEFAULT_SOURCE;
	if (options.limits.max_depth == 0)
		options.limits.max_depth = DEFAULT_DEPTH;
	if (text.n > options.limits.max_source || text.n > UINT32_MAX / 2) {
		error_set(error, TR_ELIMIT, text, 0, "the template is longer than %zu bytes",
			  options.limits.max_source);
		return NULL;
	}
	if (!tr_utf8_valid(text, &bad)) {
		tr_str before = {text.p, bad};
		error_set(error, TR_EENCODING, before, bad, "the template is not valid UTF-8");
		return NULL;
	}
	t = program_new(text, &options);
	if (t == NULL) {
		error_memory(error);
		return NULL;
	}
	memset(&tree, 0, sizeof(tree));
	if (!parse_template(&tree, program_source(t), &options, bare, error) || !compile_tree(t, &tree, error)) {
		if (error->err == TR_OK)
			error_memory(error);
		program_destroy(t);
		t = NULL;
	}
	tree_fini(&tree);
	return t;
}

tr_template *tr_template_compile(tr_str text, const tr_template_options *options, tr_template_error *error)
{
	return compile(text, options, false, error);
}

tr_template *tr_template_compile_expr(tr_str text, const tr_template_options *options, tr_template_error *error)
{
	return compile(text, options, true, error);
}
