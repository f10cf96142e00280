/* SPDX-License-Identifier: Apache-2.0 */
/* What an author of templates can write, statement by statement. */
#include "support.h"

static void variables(void **state)
{
	static const char context[] =
	    "{\"foo\": {\"bar\": \"x\", \"items\": [\"a\"]}, \"l\": [1, 2, 3], \"d\": {\"k\": {\"n\": 5}}}";
	static const struct expectation table[] = {
	    {"{{ foo.bar }}", context, "x"},
	    {"{{ foo['bar'] }}", context, "x"},
	    {"{{ l[0] }}{{ l[-1] }}{{ l.1 }}", context, "132"},
	    {"{{ d.k.n }}", context, "5"},
	    {"{{ d['k']['n'] }}", context, "5"},
	    {"[{{ missing }}]", context, "[]"},
	    {"{{ foo.nothing }}", context, ""},
	    {"{{ 'a' 'b' }}", context, "ab"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void filters_in_a_chain(void **state)
{
	static const char context[] = "{\"name\": \"<b>Ada</b> L\", \"listx\": [\"a\", \"b\"]}";
	static const struct expectation table[] = {
	    {"{{ name|striptags|title }}", context, "Ada L"},      {"{{ listx|join(', ') }}", context, "a, b"},
	    {"{{ listx | join(d='-') | upper }}", context, "A-B"}, {"{{ -1|abs }}", context, "1"},
	    {"{{ (2 + 3)|string + 'x' }}", context, "5x"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void tests_with_is(void **state)
{
	static const char context[] = "{\"loop_index\": 9, \"v\": null}";
	static const struct expectation table[] = {
	    {"{{ loop_index is divisibleby 3 }}", context, "True"},
	    {"{{ loop_index is divisibleby(3) }}", context, "True"},
	    {"{{ x is defined }}{{ v is defined }}", context, "FalseTrue"},
	    {"{{ v is none }}", context, "True"},
	    {"{{ 3 is not even }}", context, "True"},
	    {"{{ 'a' is in ['a'] }}", context, "True"},
	    {"{{ 1 is number and 1.5 is float }}", context, "True"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void comments(void **state)
{
	static const struct expectation table[] = {
	    {"a{# gone #}b", NULL, "ab"},
	    {"{# over\nlines #}x", NULL, "x"},
	    {"a{#- trimmed -#} b", NULL, "ab"},
	    {"{# {{ not }} {% evaluated %} #}", NULL, ""},
	};

	(void)state;
	CHECK_ALL(table);
}

static void if_statement(void **state)
{
	static const char context[] = "{\"kenny\": {\"sick\": false, \"dead\": true}}";
	static const struct expectation table[] = {
	    {"{% if kenny.sick %}sick{% elif kenny.dead %}dead{% else %}fine{% endif %}", context, "dead"},
	    {"{% if missing %}yes{% endif %}", context, ""},
	    {"{% if not kenny.sick and kenny.dead %}both{% endif %}", context, "both"},
	    {"{{ 'yes' if kenny.dead else 'no' }}", context, "yes"},
	    {"{{ 'only' if kenny.sick }}|", context, "|"},
	    {"{% if 1 %}a{% if 0 %}b{% else %}c{% endif %}{% endif %}", context, "ac"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void for_statement(void **state)
{
	static const char context[] = "{\"users\": [{\"name\": \"Ada\", \"age\": 36, \"active\": true}, {\"name\": "
				      "\"bob\", \"age\": 25, \"active\": false}, {\"name\": \"Cy\", \"age\": 36, "
				      "\"active\": true}], \"d\": {\"b\": 2, \"a\": 1}, \"empty\": []}";
	static const struct expectation table[] = {
	    {"{% for u in users %}{{ u.name }};{% endfor %}", context, "Ada;bob;Cy;"},
	    {"{% for k, v in d.items() %}{{ k }}={{ v }} {% endfor %}", context, "b=2 a=1 "},
	    {"{% for k, v in d|dictsort %}{{ k }}={{ v }} {% endfor %}", context, "a=1 b=2 "},
	    {"{% for k in d %}{{ k }}{% endfor %}", context, "ba"},
	    {"{% for x in empty %}{{ x }}{% else %}none{% endfor %}", context, "none"},
	    {"{% for u in users if u.active %}{{ u.name }}{% endfor %}", context, "AdaCy"},
	    {"{% for u in users if u.age > 99 %}x{% else %}nobody{% endfor %}", context, "nobody"},
	    {"{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", context, "123"},
	    {"{% for c in 'abc' %}{{ c }}.{% endfor %}", context, "a.b.c."},
	    {"{% for i in range(3) %}{{ i }}{% endfor %}", context, "012"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void loop_variable(void **state)
{
	static const char context[] =
	    "{\"l\": [\"a\", \"b\", \"c\"], \"users\": [{\"name\": \"Ada\", \"age\": 36, \"active\": true}, {\"name\": "
	    "\"bob\", \"age\": 25, \"active\": false}, {\"name\": \"Cy\", \"age\": 36, \"active\": true}]}";
	static const struct expectation table[] = {
	    {"{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}",
	     context, "1032 2121 3210 "},
	    {"{% for x in l %}{{ loop.first }}/{{ loop.last }} {% endfor %}", context,
	     "True/False False/False False/True "},
	    {"{% for x in l %}{{ loop.length }}{% endfor %}", context, "333"},
	    {"{% for x in l %}{{ loop.cycle('odd', 'even') }} {% endfor %}", context, "odd even odd "},
	    {"{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", context,
	     "<a>b a<b>c b<c> "},
	    {"{% for u in users %}{% if loop.changed(u.age) %}{{ u.age }}:{% endif %}{{ u.name }} {% endfor %}",
	     context, "36:Ada 25:bob 36:Cy "},
	    {"{% for u in users if u.active %}{{ loop.index }}/{{ loop.length }} {% endfor %}", context, "1/2 2/2 "},
	    {"{% for x in l %}{% set outer = loop %}{% for y in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% "
	     "endfor %}",
	     context, "11 12 13 21 22 23 31 32 33 "},
	};

	(void)state;
	CHECK_ALL(table);
}

static void recursive_loop(void **state)
{
	static const char context[] = "{\"tree\": [{\"n\": \"a\", \"c\": [{\"n\": \"b\", \"c\": []}, {\"n\": \"c\", "
				      "\"c\": [{\"n\": \"d\", \"c\": []}]}]}]}";
	static const struct expectation table[] = {
	    {"{% for x in tree recursive %}{{ x.n }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}", context,
	     "a(bc(d))"},
	    {"{% for x in tree recursive %}{{ loop.depth }}{{ loop.depth0 }}{{ loop(x.c) }}{% endfor %}", context,
	     "10212132"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void assignment(void **state)
{
	static const char context[] = "{\"n\": 1}";
	static const struct expectation table[] = {
	    {"{% set x = 2 %}{{ x }}", context, "2"},
	    {"{% set a, b = 1, 2 %}{{ a }}{{ b }}", context, "12"},
	    {"{% set x = 1 %}{% for i in [1, 2] %}{% set x = i %}{% endfor %}{{ x }}", context, "1"},
	    {"{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}", context, "2"},
	    {"{% if false %}{% set n = 2 %}{% endif %}{{ n }}", context, "1"},
	    {"{% set ns = namespace(found=false) %}{% for i in [1, 2] %}{% if i == 2 %}{% set ns.found = true %}{% "
	     "endif %}{% endfor %}{{ ns.found }}",
	     context, "True"},
	    {"{% set nav = [('a', 1), ('b', 2)] %}{{ nav[1][0] }}", context, "b"},
	    {"{% for i in [1, 2, 3] %}{% set last = i %}{% endfor %}[{{ last }}]", context, "[]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void block_assignment(void **state)
{
	static const struct expectation table[] = {
	    {"{% set x %}a{{ 1 + 1 }}b{% endset %}[{{ x }}]", NULL, "[a2b]"},
	    {"{% set x | upper %}text{% endset %}{{ x }}", NULL, "TEXT"},
	    {"{% set x | trim | replace('a', 'b') %}  aa  {% endset %}[{{ x }}]", NULL, "[bb]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void macros(void **state)
{
	static const struct expectation table[] = {
	    {"{% macro input(name, value='', type='text') %}<{{ type }} {{ name }} {{ value }}>{% endmacro %}{{ "
	     "input('u') }}{{ input('p', type='password') }}",
	     NULL, "<text u ><password p >"},
	    {"{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, a=3) }}", NULL, "(1, 2){'a': 3}"},
	    {"{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 2) }}", NULL, "1112"},
	    {"{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}", NULL, "[]"},
	    {"{% macro m(x, y=2) %}{% endmacro %}{{ m.name }} {{ m.arguments }} {{ m.catch_kwargs }}{{ m.catch_varargs "
	     "}}{{ m.caller }}",
	     NULL, "m ('x', 'y') FalseFalseFalse"},
	    {"{% macro f(n) %}{{ n if n < 2 else f(n - 1)|int * n }}{% endmacro %}{{ f(5) }}", NULL, "120"},
	    {"{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", NULL, "2"},
	    {"{% macro a() %}{% macro b() %}in{% endmacro %}{{ b() }}{% endmacro %}{{ a() }}", NULL, "in"},
	    {"{{ m is defined }}{% macro m() %}{% endmacro %}{{ m is defined }}", NULL, "FalseTrue"},
	    {"{% macro m(a) %}{{ a }}{% endmacro %}{{ m(*[1]) }}{{ m(**{'a': 2}) }}", NULL, "12"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void call_blocks(void **state)
{
	static const char context[] =
	    "{\"users\": [{\"name\": \"Ada\", \"age\": 36, \"active\": true}, {\"name\": \"bob\", \"age\": 25, "
	    "\"active\": false}, {\"name\": \"Cy\", \"age\": 36, \"active\": true}]}";
	static const struct expectation table[] = {
	    {"{% macro box(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call box('b') %}inner{% endcall %}",
	     context, "<b>inner</b>"},
	    {"{% macro each(l) %}{% for u in l %}{{ caller(u) }},{% endfor %}{% endmacro %}{% call(user) each(users) "
	     "%}{{ user.name }}{% endcall %}",
	     context, "Ada,bob,Cy,"},
	    {"{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}", context,
	     "FalseTrue"},
	    {"{% macro m() %}{{ caller('x') }}{% endmacro %}{% call(a, b='d') m() %}{{ a }}{{ b }}{% endcall %}",
	     context, "xd"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void filter_blocks(void **state)
{
	static const struct expectation table[] = {
	    {"{% filter upper %}this {{ 'and' }} that{% endfilter %}", NULL, "THIS AND THAT"},
	    {"{% filter replace('a', 'b')|indent(2) %}a\na{% endfilter %}", NULL, "b\n  b"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void with_blocks(void **state)
{
	static const char context[] = "{\"a\": 9}";
	static const struct expectation table[] = {
	    {"{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", context, "129"},
	    {"{% with a = 1, b = a %}{{ b }}{% endwith %}", context, "9"},
	    {"{% with %}{% set x = 1 %}{{ x }}{% endwith %}[{{ x }}]", context, "1[]"},
	    {"{% with (p, q) = (1, 2) %}{{ q }}{{ p }}{% endwith %}", context, "21"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void raw_blocks(void **state)
{
	static const struct expectation table[] = {
	    {"{% raw %}{{ x }}{% if %}{# #}{% endraw %}", NULL, "{{ x }}{% if %}{# #}"},
	    {"a{%- raw -%} x {%- endraw -%} b", NULL, "axb"},
	    {"{% raw %}{% raw %}{% endraw %}", NULL, "{% raw %}"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void literals(void **state)
{
	static const struct expectation table[] = {
	    {"{{ \"Hello\" }}{{ 'World' }}", NULL, "HelloWorld"},
	    {"{{ 42 }}{{ 1_000 }}{{ 0x1F }}{{ 0o17 }}{{ 0b11 }}", NULL, "42100031153"},
	    {"{{ 42.23 }} {{ 4.2e1 }} {{ 123_456.789 }}", NULL, "42.23 42.0 123456.789"},
	    {"{{ ['list', 1, 2.0] }}", NULL, "['list', 1, 2.0]"},
	    {"{{ ('tuple', 1) }}{{ ('one',) }}{{ () }}", NULL, "('tuple', 1)('one',)()"},
	    {"{{ {'dict': 'of', 'key': ['v']} }}", NULL, "{'dict': 'of', 'key': ['v']}"},
	    {"{{ true }}{{ True }}{{ false }}{{ none }}{{ None }}", NULL, "TrueTrueFalseNoneNone"},
	    {"{{ 'esc \\n \\x41 \\u00e9 \\101 \\d' }}", NULL, "esc \n A é A \\d"},
	    {"{{ 'it\\'s' }}{{ [1, 2,] }}{{ {'a': 1,} }}", NULL, "it's[1, 2]{'a': 1}"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void math(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 1 + 1 }}{{ 3 - 2 }}{{ 1 / 2 }}{{ 20 // 7 }}{{ 11 % 7 }}{{ 2 * 3 }}{{ 2**3 }}", NULL, "210.52468"},
	    {"{{ '=' * 10 }}", NULL, "=========="},
	    {"{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ -7.5 // 2 }} {{ -7.5 % 2 }}", NULL, "-4 2 -2 -4.0 0.5"},
	    {"{{ 2 ** -1 }} {{ 2 ** 0.5 }} {{ (-2) ** 2 }} {{ 2 ** 3 ** 2 }}", NULL, "0.5 1.4142135623730951 4 64"},
	    {"{{ 7 / 7 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 1e22 }} {{ 123456789.0 }}", NULL,
	     "1.0 1e+16 1e-05 0.30000000000000004 1e+22 123456789.0"},
	    {"{{ true + 1 }} {{ 1.0 == 1 }} {{ [1] + [2] }} {{ (1,) + (2,) }}", NULL, "2 True [1, 2] (1, 2)"},
	    {"{{ -5|abs }} {{ +3 }} {{ - 3 }} {{ 10 - 2 - 3 }}", NULL, "5 3 -3 5"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void comparisons(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 1 == 1.0 }}{{ 1 != 2 }}{{ 2 > 1 }}{{ 2 >= 2 }}{{ 1 < 2 }}{{ 1 <= 0 }}", NULL,
	     "TrueTrueTrueTrueTrueFalse"},
	    {"{{ 1 < 2 < 3 }}{{ 1 < 3 < 2 }}{{ 3 > 2 >= 2 != 1 }}", NULL, "TrueFalseTrue"},
	    {"{{ 'a' < 'b' }}{{ [1, 2] < [1, 3] }}{{ (1,) == [1] }}", NULL, "TrueTrueFalse"},
	    {"{{ none == false }}{{ '1' == 1 }}{{ true == 1 }}", NULL, "FalseFalseTrue"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void logic(void **state)
{
	static const struct expectation table[] = {
	    {"{{ true and false or true }}", NULL, "True"},
	    {"{{ not true }}{{ not not 1 }}", NULL, "FalseTrue"},
	    {"{{ 0 or 'x' }}{{ 1 and 'y' }}{{ [] or {} }}", NULL, "xy{}"},
	    {"{{ (1 or 2) and 3 }}", NULL, "3"},
	    {"{{ not 1 == 2 }}", NULL, "True"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void other_operators(void **state)
{
	static const char context[] = "{\"l\": [1, 2]}";
	static const struct expectation table[] = {
	    {"{{ 1 in l }}{{ 3 not in l }}{{ 'b' in 'abc' }}{{ 'k' in {'k': 1} }}", context, "TrueTrueTrueTrue"},
	    {"{{ 'a' ~ 1 ~ none ~ [2] }}", context, "a1None[2]"},
	    {"{{ l|length + 1 }}", context, "3"},
	    {"{{ 'x'.upper() }}", context, "X"},
	    {"{{ 'a' if l else 'b' }}{{ ('a' if 0 else 'b') if 1 else 'c' }}", context, "ab"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void subscripts(void **state)
{
	static const char context[] = "{\"s\": \"Grüße\", \"l\": [0, 1, 2, 3, 4]}";
	static const struct expectation table[] = {
	    {"{{ s[1:3] }}{{ s[::-1] }}{{ s[-1] }}{{ s[9:] }}|", context, "rüeßürGe|"},
	    {"{{ l[1:3] }}{{ l[:-1] }}{{ l[::2] }}{{ l[::-1] }}{{ l[3:1:-1] }}{{ l[:] }}", context,
	     "[1, 2][0, 1, 2, 3][0, 2, 4][4, 3, 2, 1, 0][3, 2][0, 1, 2, 3, 4]"},
	    {"{{ l[9] }}|{{ s[9] }}|", context, "||"},
	    {"{{ range(10)[2:5] }}{{ range(10)[-1] }}", context, "range(2, 5)9"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void globals(void **state)
{
	static const struct expectation table[] = {
	    {"{{ range(3)|list }}{{ range(1, 10, 4)|list }}{{ range(5, 0, -2)|list }}", NULL,
	     "[0, 1, 2][1, 5, 9][5, 3, 1]"},
	    {"{{ dict(a=1, b='x') }}{{ dict([('k', 1)]) }}{{ dict({'a': 1}, b=2) }}", NULL,
	     "{'a': 1, 'b': 'x'}{'k': 1}{'a': 1, 'b': 2}"},
	    {"{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ "
	     "c.current }}",
	     NULL, "ababNonea"},
	    {"{% set j = joiner('; ') %}{{ j() }}a{{ j() }}b{{ j() }}c", NULL, "a; b; c"},
	    {"{% set ns = namespace(a=1) %}{% set ns.b = 2 %}{{ ns.a }}{{ ns.b }}{{ ns.c }}", NULL, "12"},
	    {"{{ range(3) }} {{ range(1, 2) }}", NULL, "range(0, 3) range(1, 2)"},
	};

	(void)state;
	CHECK_ALL(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(variables),     cmocka_unit_test(filters_in_a_chain),
	    cmocka_unit_test(tests_with_is), cmocka_unit_test(comments),
	    cmocka_unit_test(if_statement),  cmocka_unit_test(for_statement),
	    cmocka_unit_test(loop_variable), cmocka_unit_test(recursive_loop),
	    cmocka_unit_test(assignment),    cmocka_unit_test(block_assignment),
	    cmocka_unit_test(macros),        cmocka_unit_test(call_blocks),
	    cmocka_unit_test(filter_blocks), cmocka_unit_test(with_blocks),
	    cmocka_unit_test(raw_blocks),    cmocka_unit_test(literals),
	    cmocka_unit_test(math),          cmocka_unit_test(comparisons),
	    cmocka_unit_test(logic),         cmocka_unit_test(other_operators),
	    cmocka_unit_test(subscripts),    cmocka_unit_test(globals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
