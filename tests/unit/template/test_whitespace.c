/* SPDX-License-Identifier: Apache-2.0 */
/* White-space control as Jinja has it by default, and by its signs. */
#include "support.h"

static void defaults(void **state)
{
	static const struct expectation table[] = {
	    {"a\n", NULL, "a"},         {"a\n\n", NULL, "a\n"},
	    {"a\r\n", NULL, "a"},       {"{% if true %}\n  x\n{% endif %}\n", NULL, "\n  x\n"},
	    {"{{ 'x' }}\n", NULL, "x"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void signs(void **state)
{
	static const struct expectation table[] = {
	    {"a  {{- 'x' -}}  b", NULL, "axb"},    {"a {%- if true -%} x {%- endif -%} b", NULL, "axb"},
	    {"a {%- set y = 1 %} b", NULL, "a b"}, {"{% for i in [1, 2] -%}\n  {{ i }}\n{%- endfor %}", NULL, "12"},
	    {"a {#- c -#} b", NULL, "ab"},         {"a\n {{- 1 }}", NULL, "a1"},
	    {"{{ 1 -}}\n\n b", NULL, "1b"},        {"a {%+ if true %}x{% endif %}", NULL, "a x"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void line_ends(void **state)
{
	static const struct expectation table[] = {
	    {"a\r\nb\rc", NULL, "a\nb\nc"},
	    {"{{ 'a\r\nb' }}", NULL, "a\nb"},
	    {"{% raw %}a\r\nb{% endraw %}", NULL, "a\nb"},
	};

	(void)state;
	CHECK_ALL(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(signs),
	    cmocka_unit_test(line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
