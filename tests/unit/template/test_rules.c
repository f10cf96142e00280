/* SPDX-License-Identifier: Apache-2.0 */
/* What playbooks rest on (docs/playbook.md, Templates): native values, undefined names, lenient truth, lazy values,
 * scopes, and one template in many threads. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

static tr_template *compiled(const char *text)
{
	tr_template_error error;
	tr_template *t = tr_template_compile(tr_s(text), NULL, &error);

	if (t == NULL)
		fail_msg("%s: %s", text, error.message);
	return t;
}

static void an_expression_gives_its_own_value(void **state)
{
	(void)state;
	check_value("{{ [1, 2] }}", NULL, "[1,2]");
	check_value("{{ 35 }}\n", NULL, "35");
	check_value("{# note #}{{ 'a' }}{# note #}", NULL, "\"a\"");
	check_value("{{ {'a': none} }}", NULL, "{\"a\":null}");
	check_value("{{ '35' }}", NULL, "\"35\"");
	check_value(" {{ 35 }}", NULL, "\" 35\"");
	check_value("{{ 3 }}{{ 5 }}", NULL, "\"35\"");
	check_value("{{ missing }}", NULL, "null");
	check_value("{{ '{{ x }}' }}", NULL, "\"{{ x }}\"");
	/* Nothing that only an evaluation knows gets out. */
	check_value("{{ (1, [2, (3,)]) }}", NULL, "[1,[2,[3]]]");
	check_value("{{ range(3) }}", NULL, "[0,1,2]");
	check_value("{{ {'a': 1}.items() }}", NULL, "[[\"a\",1]]");
	check_value("{{ namespace(a=range(2)) }}", NULL, "{\"a\":[0,1]}");
	check_value("{{ [missing, '<'|e] }}", NULL, "[null,\"&lt;\"]");
	check_value("{{ [{'g': 1}]|groupby('g') }}", NULL, "[[1,[{\"g\":1}]]]");
}

static void what_kind_of_template(void **state)
{
	static const struct {
		const char *text;
		bool expression, constant;
	} table[] = {
	    {"{{ x }}", true, false},
	    {"{{ x }}\n", true, false},
	    {"{{ x }}{# c #}", true, false},
	    {"a{{ x }}", false, false},
	    {"text", false, true},
	    {"", false, true},
	    {"{# c #}", false, false},
	    {"{% if x %}{% endif %}", false, false},
	    {"{% raw %}a{% endraw %}", false, false},
	    {"a { b } %", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tr_template *t = compiled(table[i].text);
		if (tr_template_is_expression(t) != table[i].expression ||
		    tr_template_is_constant(t) != table[i].constant)
			fail_msg("%s", table[i].text);
		assert_true(tr_template_has_syntax(tr_s(table[i].text)) || table[i].constant);
		tr_template_free(&t);
		assert_null(t);
	}
	tr_template_free(NULL);
}

static void a_bare_expression(void **state)
{
	tr_template_error error;
	tr_value map = TR_DICT("ctx", TR_DICT("ok", tr_bool(true)));
	tr_scope scope = tr_scope_of_map(&map);
	tr_eval_options how = {.native = true};
	tr_template *t = tr_template_compile_expr(tr_s("ctx.ok and 2 > 1"), NULL, &error);

	(void)state;
	assert_non_null(t);
	tr_value v = tr_template_eval(t, &scope, &how, &error);
	assert_true(tr_equal(v, tr_bool(true)));
	tr_template_free(&t);
	assert_null(tr_template_compile_expr(tr_s("a b"), NULL, &error));
	assert_int_equal(error.column, 3);
	assert_null(tr_template_compile_expr(tr_s(""), NULL, &error));
	tr_drop(map);
}

static void keys_come_before_methods(void **state)
{
	static const char context[] = "{\"m\": {\"items\": [1], \"keys\": 2}}";

	(void)state;
	check_text("{{ m.items }} {{ m.keys }} {{ m['items'] }}", context, "[1] 2 [1]");
	check_text("{{ m.items() }}", context, "dict_items([('items', [1]), ('keys', 2)])");
	check_text("{% for k, v in m.items() %}{{ k }}{% endfor %}", context, "itemskeys");
}

struct report {
	char text[400];
};

static void note(void *arg, tr_str expression, uint32_t line, uint32_t column)
{
	struct report *report = arg;
	size_t n = strlen(report->text);

	snprintf(report->text + n, sizeof(report->text) - n, "%u:%u %.*s;", line, column, TR_STR(expression));
}

static void chainable(const char *template, const char *want_json, const char *want_reports)
{
	struct report report = {""};
	tr_eval_options how = {
	    .undefined = TR_UNDEFINED_CHAINABLE, .on_undefined = note, .on_undefined_arg = &report, .native = true};
	tr_template_error error = {0};
	tr_value v = give(template, "{\"outcome\": {\"status\": \"success\"}}", NULL, &how, &error), json;

	if (!tr_is_valid(v))
		fail_msg("%s: %s", template, error.message);
	json = tr_json_string(v, TR_JSON_COMPACT);
	assert_string_equal(tr_as_cstr(json, "?"), want_json);
	assert_string_equal(report.text, want_reports);
	tr_drop(json);
	tr_drop(v);
}

static void undefined_that_chains(void **state)
{
	(void)state;
	chainable("{{ outcome.error.retryable }}", "null", "1:4 outcome.error.retryable;");
	chainable("{{ outcome.error.retryable and true }}", "null",
		  "1:4 outcome.error.retryable;1:4 outcome.error.retryable;");
	chainable("{{ 'yes' if outcome.error else 'no' }}", "\"no\"", "1:13 outcome.error;");
	chainable("{{ a.b['c'][0].d is defined }}", "false", "");
	chainable("{{ a.b.c | default('x') }}", "\"x\"", "");
	chainable("[{{ nope }}]", "\"[]\"", "1:5 nope;");
	chainable("{{ outcome.status }}", "\"success\"", "");
	chainable("{{ [x.y] }}", "[null]", "1:5 x.y;");
	chainable("{% for i in x.y %}{% endfor %}", "\"\"", "1:13 x.y;");
	/* A mapping has its keys; methods are what is called. */
	chainable("{{ outcome.values is defined }}{{ outcome.get('status') }}", "\"Falsesuccess\"", "");
}

static void undefined_as_jinja(void **state)
{
	(void)state;
	check_text(
	    "[{{ x }}]{{ x is defined }}{% if x %}a{% else %}b{% endif %}{{ x|default(1) }}{{ x ~ 'y' }}{{ [x] }}",
	    NULL, "[]Falseb1y[Undefined]");
	check_text("{{ x == y }}{{ x == none }}{{ 1 in x }}{{ x|list }}{{ x|length }}{% for i in x %}{% endfor %}",
		   NULL, "TrueFalseFalse[]0");
	check_error("{{ x.y }}", NULL, "1:4: 'x' is undefined");
	check_error("{{ x['y'] }}", NULL, "1:4: 'x' is undefined");
	check_error("{{ x() }}", NULL, "1:4: 'x' is undefined");
	check_error("{{ x + 1 }}", NULL, "1:4: 'x' is undefined");
	check_error("{{ x < 1 }}", NULL, "1:4: 'x' is undefined");
	check_error("{{ -x }}", NULL, "1:5: 'x' is undefined");
}

static void strict(const char *template, bool fails)
{
	tr_eval_options how = {.undefined = TR_UNDEFINED_STRICT};
	tr_template_error error = {0};
	tr_value v = give(template, "{\"d\": {}}", NULL, &how, &error);

	if (tr_is_valid(v) == fails)
		fail_msg("%s: %s", template, fails ? "did not fail" : error.message);
	if (fails)
		assert_int_equal(error.err, TR_EUNDEFINED);
	tr_drop(v);
}

static void undefined_that_is_strict(void **state)
{
	static const char *const bad[] = {
	    "{{ x }}",        "{% if x %}{% endif %}", "{{ d.x }}",     "{{ not x }}",
	    "{{ x == 1 }}",   "{{ x ~ 'a' }}",         "{{ 1 if x }}",  "{% for i in x %}{% endfor %}",
	    "{{ x|length }}", "{{ x|list }}",          "{{ x and 1 }}", "{{ x|join }}",
	    "{{ x|upper }}",  "{{ x in [1] }}",        "{{ 1 in x }}",  "{{ x.y }}"};
	static const char *const good[] = {"{{ x is defined }}", "{{ x|default(1) }}", "{{ d.x is undefined }}",
					   "{{ x|d('a') }}",     "{{ 'a' if false }}", "{% set y = x %}"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		strict(bad[i], true);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		strict(good[i], false);
}

static void truth(void **state)
{
	static const char *const falsy[] = {"", "false", "FALSE", "False", "0", "no", "No", "none", "NONE"};
	tr_value list = TR_LIST(tr_nil()), empty = tr_array(), map = tr_map();

	(void)state;
	for (size_t i = 0; i < sizeof(falsy) / sizeof(falsy[0]); i++) {
		tr_value s = tr_string(falsy[i]);
		assert_false(tr_truth(s, true));
		assert_int_equal(tr_truth(s, false), falsy[i][0] != '\0');
		tr_drop(s);
	}
	tr_value yes = tr_string("nope");
	assert_true(tr_truth(yes, true) && tr_truth(tr_int(-1), true) && tr_truth(list, true) &&
		    tr_truth(tr_float(0.5), true));
	assert_false(tr_truth(tr_nil(), true) || tr_truth(tr_int(0), true) || tr_truth(empty, true) ||
		     tr_truth(map, false) || tr_truth(tr_float(0), true) || tr_truth(tr_bool(false), true) ||
		     tr_truth(tr_absent(), true));
	tr_drop(yes);
	tr_drop(list);
	tr_drop(empty);
	tr_drop(map);
}

static void text_as_python_shows_it(void **state)
{
	tr_value v = TR_LIST(tr_bool(true), tr_nil(), tr_int(1), tr_string("it's"), tr_float(1e16), TR_A(ok),
			     TR_DICT("k", tr_array()));
	tr_value text = tr_python_str(v);

	(void)state;
	assert_string_equal(tr_as_cstr(text, "?"), "[True, None, 1, \"it's\", 1e+16, 'ok', {'k': []}]");
	tr_drop(text);
	tr_drop(v);
}

struct source {
	int loads, destroyed;
};

static tr_value load_rows(void *arg)
{
	((struct source *)arg)->loads++;
	return TR_DICT("rows", TR_LIST(tr_int(1), tr_int(2)));
}

static tr_value load_nothing(void *arg)
{
	(void)arg;
	return tr_invalid(TR_ENOENT);
}

static void destroy_source(void *arg)
{
	((struct source *)arg)->destroyed++;
}

static void lazy_values(void **state)
{
	struct source source = {0, 0};
	tr_lazy lazy = {.load = load_rows, .destroy = destroy_source, .arg = &source};
	tr_value context = TR_DICT("step", tr_lazy_value(&lazy), "n", tr_int(1)), v;
	tr_scope scope = tr_scope_of_map(&context);
	tr_eval_options how = {.native = true};
	tr_template_error error;
	tr_template *t = compiled("{{ n }}");

	(void)state;
	tr_drop(tr_template_eval(t, &scope, &how, &error));
	tr_template_free(&t);
	t = compiled("{{ step }}"); /* passing it on does not load it */
	v = tr_template_eval(t, &scope, &how, &error);
	assert_int_equal(source.loads, 0);
	assert_true(tr_equal(v, tr_map_get_s(context, "step")));
	tr_drop(v);
	tr_template_free(&t);
	t = compiled("{{ step.rows|length + step.rows[0] }}{{ step is mapping }}{{ step }}{% for k in step %}{{ k }}{% "
		     "endfor %}");
	v = tr_template_eval(t, &scope, NULL, &error);
	assert_string_equal(tr_as_cstr(v, error.message), "3True{'rows': [1, 2]}rows");
	assert_int_equal(source.loads, 1);
	tr_drop(v);
	tr_template_free(&t);
	v = tr_lazy_force(tr_map_get_s(context, "step"));
	assert_int_equal(tr_map_len(v), 1);
	tr_drop(v);
	tr_drop(context);
	assert_int_equal(source.destroyed, 1);
	/* What cannot be loaded is an error with a place. */
	lazy.load = load_nothing;
	context = TR_DICT("step", tr_lazy_value(&lazy));
	t = compiled("{{ step.rows }}");
	assert_int_equal(tr_value_err(tr_template_eval(t, &scope, NULL, &error)), TR_ENOENT);
	assert_int_equal(error.column, 4);
	tr_template_free(&t);
	tr_drop(context);
}

static tr_value refuse(void *arg, tr_str name)
{
	(*(int *)arg)++;
	return tr_str_is(name, "a") ? tr_int(5) : tr_invalid(TR_EDENIED);
}

static void a_scope_may_refuse(void **state)
{
	int asked = 0;
	tr_scope scope = {refuse, NULL, &asked};
	tr_template_error error;
	tr_template *t = compiled("{{ a + a }}");
	tr_value v = tr_template_eval(t, &scope, NULL, &error);

	(void)state;
	assert_string_equal(tr_as_cstr(v, "?"), "10");
	assert_int_equal(asked, 1); /* a name is looked up once */
	tr_drop(v);
	tr_template_free(&t);
	t = compiled("x {{ b }}");
	assert_int_equal(tr_value_err(tr_template_eval(t, &scope, NULL, &error)), TR_EDENIED);
	assert_int_equal(error.column, 6);
	tr_template_free(&t);
	/* Names that are not used are not asked for. */
	asked = 0;
	t = compiled("{% if false %}{{ b }}{% endif %}{{ a }}");
	v = tr_template_eval(t, &scope, NULL, &error);
	assert_string_equal(tr_as_cstr(v, "?"), "5");
	assert_int_equal(asked, 1);
	tr_drop(v);
	tr_template_free(&t);
}

/* What a template does to a list is not seen outside of its evaluation. */
static void contexts_do_not_change(void **state)
{
	tr_value context = TR_DICT("l", TR_LIST(tr_int(1)), "d", TR_DICT("k", tr_int(1)));
	tr_value copy = TR_DICT("l", TR_LIST(tr_int(1)), "d", TR_DICT("k", tr_int(1)));
	tr_scope scope = tr_scope_of_map(&context);
	tr_eval_options how = {.native = true};
	tr_template_error error;
	tr_template *t = compiled("{{ [l.append(2), l, d.update(z=1), d, d.pop('k')] }}");

	(void)state;
	for (int i = 0; i < 2; i++) {
		tr_value v = tr_template_eval(t, &scope, &how, &error), json = tr_json_string(v, TR_JSON_COMPACT);
		assert_string_equal(tr_as_cstr(json, error.message), "[null,[1,2],null,{\"z\":1},1]");
		assert_true(tr_equal(context, copy));
		tr_drop(json);
		tr_drop(v);
	}
	tr_template_free(&t);
	tr_drop(context);
	tr_drop(copy);
}

static void *evaluate_often(void *arg)
{
	tr_value context = tr_json_read(tr_s("{\"users\": [{\"x\": 1, \"n\": \"a\"}, {\"n\": \"b\"}]}"), NULL, NULL);
	tr_scope scope = tr_scope_of_map(&context);
	tr_template_error error;
	size_t good = 0;

	for (int i = 0; i < 500; i++) {
		tr_value v = tr_template_eval(arg, &scope, NULL, &error);
		good += strcmp(tr_as_cstr(v, ""), "a;b;ab") == 0;
		tr_drop(v);
	}
	tr_drop(context);
	tr_template *mine = arg;
	tr_template_free(&mine);
	return (void *)good;
}

static void one_template_in_many_threads(void **state)
{
	tr_template *t = compiled("{% for u in users %}{{ u.n }};{% endfor %}{{ users|map(attribute='n')|join }}");
	pthread_t threads[4];
	void *good;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, evaluate_often, tr_template_hold(t)), 0);
	tr_template_free(&t);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], &good);
		assert_int_equal((size_t)good, 500);
	}
}

static void block_options(void **state)
{
	static const char template[] = "  {% if true %}\n  x\n  {% endif %}\n";
	tr_template_options options = {0};
	tr_template_error error = {0};
	tr_value v = give(template, NULL, &options, NULL, &error);

	(void)state;
	assert_string_equal(tr_as_cstr(v, "?"), "  \n  x\n  ");
	tr_drop(v);
	options.trim_blocks = true;
	v = give(template, NULL, &options, NULL, &error);
	assert_string_equal(tr_as_cstr(v, "?"), "    x\n  ");
	tr_drop(v);
	options.lstrip_blocks = true;
	v = give(template, NULL, &options, NULL, &error);
	assert_string_equal(tr_as_cstr(v, "?"), "  x\n");
	tr_drop(v);
	v = give("  {%+ if true %}a{% endif %} {# c #}\n b", NULL, &options, NULL, &error);
	assert_string_equal(tr_as_cstr(v, "?"), "  a  b");
	tr_drop(v);
	options = (tr_template_options){.keep_trailing_newline = true};
	v = give("x\n", NULL, &options, NULL, &error);
	assert_string_equal(tr_as_cstr(v, "?"), "x\n");
	tr_drop(v);
}

static void note_name(void *arg, tr_str name, tr_str attribute)
{
	char *text = arg;
	size_t n = strlen(text);

	snprintf(text + n, 400 - n, "%.*s.%.*s ", TR_STR(name), TR_STR(attribute));
}

/* What a template asks its scope for is known beforehand. */
static void free_names(void **state)
{
	static const struct {
		const char *template, *names;
	} table[] = {
	    {"{{ a.b.c }} x {{ a }}", "a.b a. "},
	    {"{{ steps.fetch }}", "steps.fetch "},
	    {"text {{ steps.fetch.rows }}", "steps.fetch "},
	    {"{{ steps['fetch'].rows|length }}", "steps.fetch "},
	    {"{{ steps[n] }}", "steps. n. "},
	    {"{% for x in users %}{{ x.n }}{{ y }}{% endfor %}", "users. y. "},
	    {"{% set a = 1 %}{{ a }}{{ b }}", "b. "},
	    {"{% if c %}{% set a = 1 %}{% endif %}{{ a }}", "c. a. "},
	    {"{% for i in l %}{{ a }}{% set a = 1 %}{% endfor %}", "l. a. "},
	    {"{% for k, v in m.items() %}{{ k }}{% endfor %}", "m. "},
	    {"{{ m.get('x') }}{{ a is defined and a.z }}", "m. a. a.z "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		tr_template *t = compiled(table[i].template);
		char names[400] = "";
		tr_template_names(t, note_name, names);
		if (strcmp(names, table[i].names) != 0)
			fail_msg("%s\n  gave: %s\n  want: %s", table[i].template, names, table[i].names);
		tr_template_free(&t);
	}
	/* With macros each name counts, whatever is taken from it. */
	tr_template *t = compiled("{% macro m(p) %}{{ p }}{{ q.r }}{% endmacro %}{{ m(s.t) }}");
	char names[400] = "";
	tr_template_names(t, note_name, names);
	assert_non_null(strstr(names, "q. "));
	assert_non_null(strstr(names, "s. "));
	assert_null(strstr(names, "p. "));
	tr_template_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_expression_gives_its_own_value),
	    cmocka_unit_test(what_kind_of_template),
	    cmocka_unit_test(a_bare_expression),
	    cmocka_unit_test(keys_come_before_methods),
	    cmocka_unit_test(undefined_that_chains),
	    cmocka_unit_test(undefined_as_jinja),
	    cmocka_unit_test(undefined_that_is_strict),
	    cmocka_unit_test(truth),
	    cmocka_unit_test(text_as_python_shows_it),
	    cmocka_unit_test(lazy_values),
	    cmocka_unit_test(a_scope_may_refuse),
	    cmocka_unit_test(contexts_do_not_change),
	    cmocka_unit_test(one_template_in_many_threads),
	    cmocka_unit_test(block_options),
	    cmocka_unit_test(free_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
