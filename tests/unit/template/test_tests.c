/* SPDX-License-Identifier: Apache-2.0 */
/* Each test behind `is`. */
#include "support.h"

static void types(void **state)
{
	static const char context[] = "{\"d\": {}, \"l\": [], \"s\": \"x\"}";
	static const struct expectation table[] = {
	    {"{{ d is mapping }}{{ l is mapping }}{{ s is string }}{{ 1 is string }}{{ l is sequence }}{{ s is "
	     "sequence }}{{ 1 is sequence }}{{ d is iterable }}{{ 1 is iterable }}{{ range(2) is iterable }}",
	     context, "TrueFalseTrueFalseTrueTrueFalseTrueFalseTrue"},
	    {"{{ 1 is number }}{{ true is number }}{{ 1.5 is number }}{{ '1' is number }}{{ 1 is integer }}{{ true is "
	     "integer }}{{ 1.0 is float }}{{ true is boolean }}{{ 1 is boolean }}{{ true is true }}{{ false is false "
	     "}}{{ 1 is true }}",
	     context, "TrueTrueTrueFalseTrueFalseTrueTrueFalseTrueTrueFalse"},
	    {"{{ none is none }}{{ 0 is none }}{{ x is defined }}{{ s is defined }}{{ x is undefined }}{{ range is "
	     "callable }}{{ s is callable }}{{ s.upper is callable }}",
	     context, "TrueFalseFalseTrueTrueTrueFalseTrue"},
	    {"{{ 'a'|e is escaped }}{{ 'a' is escaped }}", context, "TrueFalse"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void values(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 3 is odd }}{{ 3 is even }}{{ 9 is divisibleby 3 }}{{ 'abc' is lower }}{{ 'ABC' is upper }}{{ 'Abc' is "
	     "lower }}",
	     NULL, "TrueFalseTrueTrueTrueFalse"},
	    {"{{ 1 is eq 1 }}{{ 1 is equalto(2) }}{{ 1 is ne 2 }}{{ 2 is gt 1 }}{{ 2 is ge 2 }}{{ 1 is lt 0 }}{{ 1 is "
	     "le 1 }}{{ 3 is greaterthan 2 }}{{ 3 is lessthan 2 }}",
	     NULL, "TrueFalseTrueTrueTrueFalseTrueTrueFalse"},
	    {"{{ 1 is in [1] }}{{ 'a' is in 'abc' }}{{ none is sameas none }}{{ 1 is sameas true }}", NULL,
	     "TrueTrueTrueFalse"},
	    {"{{ 'upper' is filter }}{{ 'nope' is filter }}{{ 'odd' is test }}{{ 'nope' is test }}", NULL,
	     "TrueFalseTrueFalse"},
	    {"{{ [1, 2, 3]|select('==', 2)|list }}{{ [1, 2]|select('!=', 2)|list }}{{ [1, 2]|select('>', 1)|list }}{{ "
	     "[1, 2]|select('<=', 1)|list }}",
	     NULL, "[2][1][2][1]"},
	};

	(void)state;
	CHECK_ALL(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(types),
	    cmocka_unit_test(values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
