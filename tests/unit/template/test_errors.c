/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of templates: what is said, where, and what was meant. */
#include <string.h>

#include "support.h"

static void syntax(void **state)
{
	static const struct expectation errors[] = {
	    {"{{ 1 + }}", NULL, "1:8: expected an expression, found '}}'"},
	    {"a\nb {{ x y }}", NULL, "2:8: expected '}}', found 'y'"},
	    {"é {{ x", NULL, "1:7: expected '}}', found the end of the template"},
	    {"{{ 'abc }}", NULL, "1:4: this string is not closed"},
	    {"{# never", NULL, "1:1: this comment is not closed"},
	    {"{% raw %} x", NULL, "1:1: this raw block is not closed"},
	    {"{% if x %}", NULL, "1:4: 'if' is not closed; '{% endif %}' is missing"},
	    {"{% for a in b %}{% endif %}", NULL,
	     "1:20: unexpected 'endif'; 'for' is still open and needs '{% endfor %}'"},
	    {"{% fro a in b %}{% endfor %}", NULL, "1:4: unknown statement 'fro' (did you mean 'for'?)"},
	    {"{% extends 'x' %}", NULL, "1:4: 'extends' is not available"},
	    {"{{ x|uper }}", NULL, "1:6: there is no filter 'uper' (did you mean 'upper'?)"},
	    {"{{ x is oddd }}", NULL, "1:4: there is no test 'oddd' (did you mean 'odd'?)"},
	    {"{{ [1, 2 }}", NULL, "1:10: unexpected '}', expected ']'"},
	    {"{{ 9999999999999999999 }}", NULL, "1:4: this integer does not fit 64 bits"},
	    {"{% set 1 = 2 %}", NULL, "1:8: this cannot be assigned to"},
	    {"{% macro m(a=1, b) %}{% endmacro %}", NULL,
	     "1:17: a parameter without default follows one with a default"},
	    {"{{ f(a=1, a=2) }}", NULL, "1:11: keyword argument 'a' is given twice"},
	    {"{{ f(a=1, 2) }}", NULL, "1:11: positional arguments come first"},
	    {"{{ x is defined is none }}", NULL, "1:17: tests cannot be chained"},
	    {"{{ '\\x4' }}", NULL, "1:8: this escape needs 2 hexadecimal digits"},
	    {"{{ a ? b }}", NULL, "1:6: unexpected character '?'"},
	    {"{% for loop in x %}{% endfor %}", NULL, "1:8: 'loop' belongs to the loop itself"},
	    {"{% call x %}{% endcall %}", NULL, "1:9: expected a call"},
	};

	(void)state;
	CHECK_ALL_ERRORS(errors);
}

static void evaluation(void **state)
{
	static const char context[] = "{\"workload\": {\"region\": \"eu\"}, \"n\": 3}";
	static const struct expectation errors[] = {
	    {"{{ worklaod.region }}", context, "1:4: 'worklaod' is undefined (did you mean 'workload'?)"},
	    {"x\n  {{ workload.regoin.name }}", context,
	     "2:6: 'workload.regoin' is undefined: there is no such key or attribute (did you mean 'region'?)"},
	    {"{{ 1 + 'a' }}", NULL, "1:4: '+' does not work between 'int' and 'str'"},
	    {"{{ n / 0 }}", context, "1:4: division by zero"},
	    {"{{ 9223372036854775807 + 1 }}", NULL, "1:4: the result is an integer beyond 64 bits"},
	    {"{{ [9223372036854775807, 1]|sum }}", NULL, "1:29: the result is an integer beyond 64 bits"},
	    {"{{ 2 ** 64 }}", NULL, "1:4: the result is an integer beyond 64 bits"},
	    {"{{ -9223372036854775807 - 2 }}", NULL, "1:4: the result is an integer beyond 64 bits"},
	    {"{{ n() }}", context, "1:4: 'int' cannot be called"},
	    {"{{ 'x'.nope() }}", NULL, "1:8: 'str' has no method 'nope'"},
	    {"{% for a, b in [[1]] %}{% endfor %}", NULL, "1:8: not enough values to unpack: expected 2, got 1"},
	    {"{% for x in 5 %}{% endfor %}", NULL, "1:13: 'int' cannot be gone through"},
	    {"{{ [1]|sort(attribute='a.b') }}", NULL, "1:8: 'sort(attribute='a.b')' is undefined"},
	    {"{{ [1, 'a']|sort }}", NULL, "1:13: '<' does not work between 'str' and 'int'"},
	    {"{{ {[1]: 2} }}", NULL, "1:4: 'list' cannot be a key"},
	    {"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", NULL, "1:34: macro 'm' takes at most 1 arguments, not 2"},
	    {"{% macro m(a) %}{% endmacro %}{{ m(b=2) }}", NULL, "1:34: macro 'm' has no parameter 'b'"},
	    {"{% set x = 1 %}{% set x.y = 2 %}", NULL, "1:23: only a namespace's attributes can be set"},
	    {"{{ [1][::0] }}", NULL, "1:4: the step of a slice cannot be zero"},
	    {"{{ 'a'|upper(1) }}", NULL, "1:8: wrong arguments for filter 'upper'"},
	    {"{{ '%d' % 'x' }}", NULL, "1:4: %d needs a number, not 'str'"},
	    {"{{ '{'.format(1) }}", NULL, "1:8: single '{' in the format"},
	    {"{% for i in range(3) %}{{ loop(i) }}{% endfor %}", NULL, "1:27: loop can be called only in a loop"},
	    {"{{ range(1, 2, 0) }}", NULL, "1:4: the step of range cannot be zero"},
	    {"{{ cycler() }}", NULL, "1:4: cycler needs the values"},
	    {"{% if true %}{{ 1|nope }}{% endif %}", NULL, "1:19: there is no filter 'nope'"},
	};

	(void)state;
	CHECK_ALL_ERRORS(errors);
	/* An unknown filter in a branch that is not taken is no fault, as in Jinja. */
	check_text("{% if false %}{{ 1|nope }}{% endif %}ok", NULL, "ok");
}

static void the_message_fits(void **state)
{
	char template[2000];
	tr_template_error error = {0};

	(void)state;
	memset(template, 'x', sizeof(template));
	memcpy(template, "{{ é", 5);
	for (size_t i = 5; i + 2 < sizeof(template) - 8; i += 2)
		memcpy(template + i, "é", 2);
	memcpy(template + sizeof(template) - 8, ".a }}\0\0", 8);
	tr_value v = give(template, NULL, NULL, NULL, &error);
	assert_false(tr_is_valid(v));
	assert_int_equal(error.err, TR_EUNDEFINED);
	assert_true(tr_utf8_valid(tr_s(error.message), NULL));
}

static void bytes_that_are_not_text(void **state)
{
	tr_template_error error = {0};
	tr_str bad = {"a {{ \xff }}", 9};

	(void)state;
	assert_null(tr_template_compile(bad, NULL, &error));
	assert_int_equal(error.err, TR_EENCODING);
	assert_int_equal(error.column, 6);
}

static void shown_to_people(void **state)
{
	static const char template[] = "first\n\té {{ worklaod.x }} last\nmore";
	tr_template_error error = {0};
	tr_buf out = {0};

	(void)state;
	assert_false(tr_is_valid(give(template, "{\"workload\": 1}", NULL, NULL, &error)));
	tr_template_error_show(&out, &error, "orders.yaml", tr_s(template));
	assert_string_equal(out.p, "orders.yaml:2:7: 'worklaod' is undefined\n"
				   "  \té {{ worklaod.x }} last\n"
				   "  \t     ^\n"
				   "  did you mean 'workload'?\n");
	tr_buf_fini(&out);
	/* A long line is cut around the place. */
	char longer[600];
	memset(longer, 'a', sizeof(longer));
	memcpy(longer + 400, "{{ 1 + }}", 9);
	longer[sizeof(longer) - 1] = '\0';
	memset(&error, 0, sizeof(error));
	assert_null(tr_template_compile(tr_s(longer), NULL, &error));
	tr_template_error_show(&out, &error, NULL, tr_s(longer));
	assert_int_equal(strncmp(out.p, "<template>:1:408: ", 18), 0);
	const char *line = strchr(out.p, '\n') + 1, *caret = strchr(line, '\n') + 1;
	assert_int_equal(line[strchr(caret, '^') - caret], '}');
	assert_true(strlen(line) < 220);
	tr_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(syntax),           cmocka_unit_test(evaluation),
	    cmocka_unit_test(the_message_fits), cmocka_unit_test(bytes_that_are_not_text),
	    cmocka_unit_test(shown_to_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
