/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.md, "Scopes": a name that no scope can have is warned of, one that some scope has is not. */
#include "model_kit.h"

/* The number of unknown-name warnings; `first` gets the first one's message. */
static size_t unknown_names(const char *value, tr_buf *first)
{
	tr_buf text = {0};
	tr_buf_putf(
	    &text,
	    HEAD "workload: { items: [1], limit: 3 }\nworkflow:\n"
		 "  - step: fetch\n    args: { page: 1 }\n    loop: { in: [1], iterator: row }\n    tool:\n"
		 "      - get: { kind: noop, result: %s, eval: [ { else: { set_ctx: { total: 1 }, set_vars: { v: 1 }, "
		 "set_iter: { i: 1 }, set_shared: { s: { add: 1 } }, set: { deep.path: 1 } } } ] }\n"
		 "    next: [ { step: fetch, args: { token: 1 } } ]\n",
	    value);
	diagnostics d;
	diagnostics_init(&d, "t");
	playbook *p = playbook_load("t", tr_buf_str(&text), NULL, &d);
	if (p == NULL)
		diagnostics_print(&d, tr_buf_str(&text), stderr, false);
	assert_non_null(p);
	size_t count = 0;
	for (size_t i = 0; i < d.count; i++) {
		if (strcmp(d.items[i].code, "unknown-name") != 0)
			continue;
		if (count++ == 0 && first != NULL)
			tr_buf_putf(first, "%s %s", d.items[i].message, d.items[i].hint);
	}
	playbook_free(&p);
	diagnostics_fini(&d);
	tr_buf_fini(&text);
	return count;
}

static void assert_known(const char *value)
{
	tr_buf first = {0};
	size_t n = unknown_names(value, &first);
	if (n > 0)
		print_error("%s: %s\n", value, first.p);
	assert_int_equal(n, 0);
	tr_buf_fini(&first);
}

static void what_scopes_have(void **state)
{
	(void)state;
	assert_known("\"{{ workload.anything.at.all + ctx.x + vars.y + iter.z + args.q }}\"");
	assert_known(
	    "\"{{ items }}{{ limit }}{{ page }}{{ token }}{{ row }}{{ total }}{{ v }}{{ i }}{{ s }}{{ path }}\"");
	assert_known("\"{{ fetch.rows }}{{ steps.fetch }}{{ outcome.data }}{{ output }}{{ event.name }}{{ result }}\"");
	assert_known(
	    "\"{{ _prev }}{{ _task }}{{ _attempt }}{{ execution_id }}{{ env.HOME }}{{ keychain.api.token }}\"");
	assert_known("\"{{ range(3) }}{{ dict(a=1) }}{{ namespace(x=1) }}{{ now() }}{{ uuid() }}\"");
}

static void what_is_no_name_of_a_scope(void **state)
{
	(void)state;
	assert_known("\"{{ items | map(attribute='x') | join(',') }}\"");
	assert_known("\"{{ items is defined and items is not none and not items is odd }}\"");
	assert_known("\"{{ 'quoted words' ~ \\\"more\\\" }}{{ {'key': 1}.key }}\"");
	assert_known("\"{% for x, y in items %}{{ x }}{{ y }}{{ loop.index }}{% endfor %}\"");
	assert_known("\"{% set a = 1 %}{% set b %}t{% endset %}{{ a }}{{ b }}\"");
	assert_known("\"{% macro m(p, q=1) %}{{ p }}{{ q }}{{ caller() }}{% endmacro %}{% call(z) m(1) %}{{ z }}{% "
		     "endcall %}\"");
	assert_known("\"{% with w = 1 %}{{ w }}{% endwith %}{% filter upper %}x{% endfilter %}\"");
	assert_known("\"{# nowhere.to.be.seen #}{% raw %}{{ nor_here }}{% endraw %}\"");
	assert_known("\"{{ 1 if true else none }}\"");
	assert_known("\"plain text about nothing\"");
}

static void what_no_scope_can_have(void **state)
{
	(void)state;
	tr_buf first = {0};
	assert_int_equal(unknown_names("\"{{ itmes + wrkload.x + itmes }}\"", &first), 2);
	assert_string_equal(first.p, "no scope can have the name 'itmes' did you mean 'items'?");
	tr_buf_fini(&first);
	assert_int_equal(
	    unknown_names("\"{% for x in nothing1 %}{{ x }}{{ nothing2 | default(nothing3) }}{% endfor %}\"", NULL), 3);
	assert_int_equal(unknown_names("\"{{ f(nothing) }}\"", NULL), 2);
}

/* The same text in two places has the same fault in both; one without a fault has none in either. */
static void a_text_that_stands_twice(void **state)
{
	(void)state;
	assert_int_equal(unknown_names("[\"{{ totl }}\", \"{{ totl }}\", \"{{ total }}\", \"{{ total }}\"]", NULL), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_scopes_have),
	    cmocka_unit_test(what_is_no_name_of_a_scope),
	    cmocka_unit_test(what_no_scope_can_have),
	    cmocka_unit_test(a_text_that_stands_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
