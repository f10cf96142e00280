/* SPDX-License-Identifier: Apache-2.0 */
/* Filters and functions beyond Jinja's own. */
#include <string.h>

#include "support.h"

static void data(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 'héllo'|b64encode }}", NULL, "aMOpbGxv"},
	    {"{{ 'aMOpbGxv'|b64decode }}", NULL, "héllo"},
	    {"{{ '/w=='|b64decode }}", NULL, "b'\\xff'"},
	    {"{{ ''|b64encode }}|{{ ''|b64decode }}", NULL, "|"},
	    {"{{ ('{\"a\": [1, 2.5, null]}'|fromjson).a }}", NULL, "[1, 2.5, None]"},
	    {"{{ 'abc'|sha256 }}", NULL, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};
	static const struct expectation errors[] = {
	    {"{{ 'a*b'|b64decode }}", NULL, "1:10: the text is not base64"},
	    {"{{ '{'|fromjson }}", NULL, "1:8: the text is not JSON, line 1"},
	    {"{{ 5|fromjson }}", NULL, "1:6: fromjson works on text"},
	};

	(void)state;
	CHECK_ALL(table);
	CHECK_ALL_ERRORS(errors);
}

static void regular_expressions(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 'order-123-x'|regex_search('[0-9]+') }}", NULL, "123"},
	    {"{{ 'none here'|regex_search('[0-9]+') }}", NULL, "None"},
	    {"{{ 'k=v'|regex_search('(\\\\w)=(?P<val>\\\\w)', '\\\\1', '\\\\g<val>') }}", NULL, "['k', 'v']"},
	    {"{{ 'ABC'|regex_search('b', ignorecase=true) }}", NULL, "B"},
	    {"{{ 'a\\nb'|regex_search('^b', multiline=true) }}", NULL, "b"},
	    {"{{ 'a1b22'|regex_replace('[0-9]+', '#') }}", NULL, "a#b#"},
	    {"{{ 'a1b2'|regex_replace('([0-9])', '<\\\\1>', count=1) }}", NULL, "a<1>b2"},
	    {"{{ 'John Smith'|regex_replace('(?P<f>\\\\w+) (?P<l>\\\\w+)', '\\\\g<l>, \\\\g<f>') }}", NULL,
	     "Smith, John"},
	    {"{{ 'abc'|regex_replace('', '-') }}", NULL, "-a-b-c-"},
	    {"{{ 'größe'|regex_replace('\\\\w', 'x') }}", NULL, "xxxxx"},
	    {"{{ 'a1b22'|regex_findall('[0-9]+') }}{{ 'k=v x=y'|regex_findall('(\\\\w)=(\\\\w)') }}", NULL,
	     "['1', '22'][['k', 'v'], ['x', 'y']]"},
	    {"{{ 'x\\n'|regex_search('x\\\\Z') }}", NULL, "None"},
	    {"{{ 'é'|regex_search('\\\\u00e9') }}", NULL, "é"},
	};
	static const struct expectation errors[] = {
	    {"{{ 'a'|regex_search('(') }}", NULL, "1:8: regular expression, at 1: missing closing parenthesis"},
	    {"{{ 'a'|regex_replace('a', '\\\\9') }}", NULL, "1:8: the replacement names a group"},
	    {"{{ ('a' * 40 ~ '!')|regex_search('(a+)+$') }}", NULL,
	     "1:21: the regular expression takes too many steps"},
	};

	(void)state;
	CHECK_ALL(table);
	CHECK_ALL_ERRORS(errors);
}

static void clock_and_chance(void **state)
{
	tr_eval_options how = {.now_us = 1700000000123456, .seed = 7};
	tr_template_error error = {0};
	tr_value a = give("{{ now() }} {{ now('%Y-%m-%d') }}", NULL, NULL, &how, &error), b, c;

	(void)state;
	assert_string_equal(tr_as_cstr(a, "?"), "2023-11-14T22:13:20.123456Z 2023-11-14");
	tr_drop(a);

	/* The same seed gives the same choices; two of one evaluation differ. */
	const char *template = "{{ uuid() }} {{ uuid() }} {{ range(1000)|random }}";
	a = give(template, NULL, NULL, &how, &error);
	b = give(template, NULL, NULL, &how, &error);
	how.seed = 8;
	c = give(template, NULL, NULL, &how, &error);
	assert_string_equal(tr_as_cstr(a, "?"), tr_as_cstr(b, "!"));
	assert_string_not_equal(tr_as_cstr(a, "?"), tr_as_cstr(c, "?"));
	const char *text = tr_as_cstr(a, "");
	assert_int_equal(text[14], '4');
	assert_int_equal(text[36], ' ');
	assert_int_not_equal(strncmp(text, text + 37, 36), 0);
	tr_drop(a);
	tr_drop(b);
	tr_drop(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(data),
	    cmocka_unit_test(regular_expressions),
	    cmocka_unit_test(clock_and_chance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
