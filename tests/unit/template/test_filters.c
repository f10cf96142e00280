/* SPDX-License-Identifier: Apache-2.0 */
/* Each filter with its parameters. */
#include "support.h"

static void text_filters(void **state)
{
	static const char context[] = "{\"s\": \"hello world\", \"m\": \"<a>&\\\"'\", \"t\": \"Lorem ipsum dolor sit "
				      "amet, consectetur adipisicing elit\", \"u\": \"straße ÉCOLE\"}";
	static const struct expectation table[] = {
	    {"{{ s|upper }}{{ 'ABC'|lower }}{{ u|upper }}{{ u|lower }}", context,
	     "HELLO WORLDabcSTRASSE ÉCOLEstraße école"},
	    {"{{ s|capitalize }}{{ 'ÉA'|capitalize }}", context, "Hello worldÉa"},
	    {"{{ 'the (big-bad) wolf'|title }}", context, "The (Big-Bad) Wolf"},
	    {"{{ '  x '|trim }}|{{ 'xxaxx'|trim('x') }}", context, "x|a"},
	    {"{{ 'ab'|center(6) }}|{{ 'abc'|center(6) }}|", context, "  ab  | abc  |"},
	    {"{{ m|escape }}{{ m|e|e }}{{ m|e|forceescape }}{{ m|safe|e }}", context,
	     "&lt;a&gt;&amp;&#34;&#39;&lt;a&gt;&amp;&#34;&#39;&amp;lt;a&amp;gt;&amp;amp;&amp;#34;&amp;#39;<a>&\"'"},
	    {"{{ s|replace('l', 'L') }}{{ s|replace('l', 'L', 2) }}{{ 'aaa'|replace(old='a', new='b', count=1) }}",
	     context, "heLLo worLdheLLo worldbaa"},
	    {"{{ t|truncate(20) }}|{{ t|truncate(20, true) }}|{{ t|truncate(20, end='!') }}|{{ t|truncate(50, "
	     "leeway=10) }}|{{ 'abc'|truncate(3, leeway=0) }}",
	     context,
	     "Lorem ipsum...|Lorem ipsum dolor...|Lorem ipsum dolor!|Lorem ipsum dolor sit amet, consectetur "
	     "adipisicing elit|abc"},
	    {"{{ t|wordcount }}{{ 'a-b c'|wordcount }}", context, "83"},
	    {"{{ t|wordwrap(20) }}", context, "Lorem ipsum dolor\nsit amet,\nconsectetur\nadipisicing elit"},
	    {"{{ 'aaaaaaaaaa bb'|wordwrap(4) }}", context, "aaaa\naaaa\naa\nbb"},
	    {"{{ 'aaaaaaaaaa bb'|wordwrap(4, false) }}", context, "aaaaaaaaaa\nbb"},
	    {"{{ 'a b c'|wordwrap(3, wrapstring='|') }}", context, "a b|c"},
	    {"{{ 'one-two-three'|wordwrap(7) }}/{{ 'one-two-three'|wordwrap(7, break_on_hyphens=false) }}", context,
	     "one-\ntwo-\nthree/one-two\n-three"},
	    {"{{ 'a\nb\n\nc'|indent }}", context, "a\n    b\n\n    c"},
	    {"{{ 'a\nb\n\nc'|indent(2, true, true) }}", context, "  a\n  b\n  \n  c"},
	    {"{{ 'a\nb'|indent('>> ', first=true) }}", context, ">> a\n>> b"},
	    {"{{ '%s is %d'|format('x', 5) }}{{ '%(a)s'|format(a=1) }}", context, "x is 51"},
	    {"{{ 5|string ~ none|string }}", context, "5None"},
	    {"{{ '<p>a <b>c</b></p> <!-- x --> &lt;d&gt; &copy; &#65;'|striptags }}", context, "a c <d> © A"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void list_filters(void **state)
{
	static const char context[] =
	    "{\"l\": [3, 1, 2], \"s\": [\"b\", \"A\", \"c\"], \"users\": [{\"name\": \"Ada\", \"age\": 36, \"active\": "
	    "true}, {\"name\": \"bob\", \"age\": 25, \"active\": false}, {\"name\": \"Cy\", \"age\": 36, \"active\": "
	    "true}], \"nest\": [[\"b\", 1], [\"a\", 2]]}";
	static const struct expectation table[] = {
	    {"{{ l|first }}{{ l|last }}{{ l|length }}{{ l|count }}{{ 'abc'|first }}{{ 'abc'|last }}", context,
	     "3233ac"},
	    {"[{{ []|first }}{{ []|last }}]", context, "[]"},
	    {"{{ l|sort }}{{ l|sort(true) }}{{ s|sort }}{{ s|sort(case_sensitive=true) }}{{ s|sort(reverse=true) }}",
	     context, "[1, 2, 3][3, 2, 1]['A', 'b', 'c']['A', 'b', 'c']['c', 'b', 'A']"},
	    {"{{ users|sort(attribute='age')|map(attribute='name')|list }}{{ users|sort(attribute='age,name', "
	     "reverse=true)|map(attribute='name')|list }}",
	     context, "['bob', 'Ada', 'Cy']['Cy', 'Ada', 'bob']"},
	    {"{{ [none, none]|sort }}{{ users|sort(attribute='nothing')|map(attribute='name')|list }}", context,
	     "[None, None]['Ada', 'bob', 'Cy']"},
	    {"{{ nest|sort(attribute='0') }}{{ nest|sort(attribute=1) }}", context,
	     "[['a', 2], ['b', 1]][['b', 1], ['a', 2]]"},
	    {"{{ l|reverse|list }}{{ 'abc'|reverse }}", context, "[2, 1, 3]cba"},
	    {"{{ l|sum }}{{ users|sum(attribute='age') }}{{ l|sum(start=10) }}", context, "69716"},
	    {"{{ l|min }}{{ l|max }}{{ s|min }}{{ s|max }}{{ s|max(true) }}{{ users|max(attribute='age') }}[{{ []|min "
	     "}}]",
	     context, "13Acc{'name': 'Ada', 'age': 36, 'active': True}[]"},
	    {"{{ ['a', 'A', 'b']|unique }}{{ ['a', 'A']|unique(true) }}{{ "
	     "users|unique(attribute='age')|map(attribute='name')|list }}",
	     context, "['a', 'b']['a', 'A']['Ada', 'bob']"},
	    {"{{ [missing, none, missing]|unique }}{% set v = {'a': 1}.values() %}{{ [v, v, {'a': 1}.values()]|unique "
	     "}}",
	     context, "[Undefined, None][dict_values([1]), dict_values([1])]"},
	    {"{{ [1, 2]|batch(0) }}{{ []|batch(0) }}{{ [1, 2]|batch(-1, 'x') }}{{ [1]|batch(3, 'x') }}", context,
	     "[[], [1, 2]][][[1, 2]][[1, 'x', 'x']]"},
	    {"{{ [1, 2, 3, 4, 5]|batch(2) }}{{ [1, 2, 3]|batch(2, 'x') }}", context,
	     "[[1, 2], [3, 4], [5]][[1, 2], [3, 'x']]"},
	    {"{{ [1, 2, 3, 4, 5]|slice(2) }}{{ [1, 2, 3]|slice(2, 'x') }}", context,
	     "[[1, 2, 3], [4, 5]][[1, 2], [3, 'x']]"},
	    {"{{ l|join }}{{ l|join('-') }}{{ users|join(', ', attribute='name') }}", context, "3123-1-2Ada, bob, Cy"},
	    {"{{ 'abc'|list }}{{ {'a': 1}|list }}{{ (1, 2)|list }}", context, "['a', 'b', 'c']['a'][1, 2]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void select_filters(void **state)
{
	static const char context[] =
	    "{\"l\": [0, 1, 2, 3, 4], \"users\": [{\"name\": \"Ada\", \"age\": 36, \"active\": true}, {\"name\": "
	    "\"bob\", \"age\": 25, \"active\": false}, {\"name\": \"Cy\", \"age\": 36, \"active\": true}], \"w\": "
	    "[[\"a\", \"b\"], [\"c\"]]}";
	static const struct expectation table[] = {
	    {"{{ l|select|list }}{{ l|select('odd')|list }}{{ l|reject('odd')|list }}{{ l|reject|list }}", context,
	     "[1, 2, 3, 4][1, 3][0, 2, 4][0]"},
	    {"{{ l|select('gt', 2)|list }}{{ l|select('divisibleby', 2)|list }}{{ l|select('in', [1, 9])|list }}",
	     context, "[3, 4][0, 2, 4][1]"},
	    {"{{ users|selectattr('active')|map(attribute='name')|list }}{{ "
	     "users|rejectattr('active')|map(attribute='name')|list }}",
	     context, "['Ada', 'Cy']['bob']"},
	    {"{{ users|selectattr('age', 'equalto', 36)|map(attribute='name')|join('+') }}", context, "Ada+Cy"},
	    {"{{ l|map('string')|list }}{{ ['a']|map('upper')|list }}{{ w|map('join', '-')|list }}", context,
	     "['0', '1', '2', '3', '4']['A']['a-b', 'c']"},
	    {"{{ users|map(attribute='nope', default='?')|list }}", context, "['?', '?', '?']"},
	    {"{{ users|map(attribute='age')|sum }}{{ users|map(attribute='name')|join('/') }}", context,
	     "97Ada/bob/Cy"},
	    {"{{ none|map(attribute='x')|sum }}[{{ ''|map('upper')|join }}]", context, "0[]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void group_filters(void **state)
{
	static const char context[] = "{\"users\": [{\"name\": \"Ada\", \"age\": 36, \"active\": true}, {\"name\": "
				      "\"bob\", \"age\": 25, \"active\": false}, {\"name\": \"Cy\", \"age\": 36, "
				      "\"active\": true}], \"d\": {\"b\": 1, \"A\": 3, \"c\": 2}}";
	static const struct expectation table[] = {
	    {"{% for g in users|groupby('age') %}{{ g.grouper }}:{{ g.list|map(attribute='name')|join }};{% endfor %}",
	     context, "25:bob;36:AdaCy;"},
	    {"{% for k, l in users|groupby('active') %}{{ k }}{{ l|length }}{% endfor %}", context, "False1True2"},
	    {"{{ [{'a': 'X'}, {'a': 'x'}]|groupby('a')|length }}{{ [{'a': 'X'}, {'a': 'x'}]|groupby('a', "
	     "case_sensitive=true)|length }}",
	     context, "12"},
	    {"{{ [{}, {'a': 1}]|groupby('a', default=0)|map('first')|list }}", context, "[0, 1]"},
	    {"{{ users|groupby('age')|first }}", context, "(25, [{'name': 'bob', 'age': 25, 'active': False}])"},
	    {"{{ d|dictsort }}{{ d|dictsort(true) }}{{ d|dictsort(by='value') }}{{ d|dictsort(reverse=true) }}",
	     context,
	     "[('A', 3), ('b', 1), ('c', 2)][('A', 3), ('b', 1), ('c', 2)][('b', 1), ('c', 2), ('A', 3)][('c', 2), "
	     "('b', 1), ('A', 3)]"},
	    {"{{ d|items|list }}{{ missing|items|list }}", context, "[('b', 1), ('A', 3), ('c', 2)][]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void number_filters(void **state)
{
	static const struct expectation table[] = {
	    {"{{ -3|abs }}{{ -2.5|abs }}", NULL, "32.5"},
	    {"{{ '42'|int }}{{ 'x'|int }}{{ 'x'|int(7) }}{{ '3.9'|int }}{{ '0x1f'|int(base=16) }}{{ '1010'|int(0, 2) "
	     "}}{{ none|int }}{{ ' 5 '|int }}{{ 4.7|int }}{{ '1_0'|int }}",
	     NULL, "42073311005410"},
	    {"{{ '3.5'|float }}{{ 'x'|float }}{{ 'x'|float(1.5) }}{{ 3|float }}{{ 'inf'|float }}", NULL,
	     "3.50.01.53.0inf"},
	    {"{{ 42.55|round }}{{ 42.55|round(1) }}{{ 42.55|round(1, 'floor') }}{{ 42.51|round(0, 'ceil') }}{{ "
	     "2.5|round }}{{ 3.5|round }}{{ 1234|round(-2) }}{{ 2.675|round(2) }}{{ 7|round }}",
	     NULL, "43.042.542.543.02.04.012002.677"},
	    {"{{ 1|filesizeformat }} {{ 999|filesizeformat }} {{ 1000|filesizeformat }} {{ 1500000|filesizeformat }} "
	     "{{ 1024|filesizeformat(true) }} {{ 5e9|filesizeformat(binary=true) }}",
	     NULL, "1 Byte 999 Bytes 1.0 kB 1.5 MB 1.0 KiB 4.7 GiB"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void data_filters(void **state)
{
	static const char context[] = "{\"d\": {\"b\": [1, null, true], \"a\": \"<x> & 'y'\"}}";
	static const struct expectation table[] = {
	    {"{{ missing|default('x') }}{{ ''|default('x') }}{{ ''|default('x', true) }}{{ 0|d('z', boolean=true) }}{{ "
	     "missing.a|default('q') if false }}",
	     context, "xxz"},
	    {"{{ d|tojson }}", context, "{\"a\": \"\\u003cx\\u003e \\u0026 \\u0027y\\u0027\", \"b\": [1, null, true]}"},
	    {"{{ [1, {'z': 1, 'a': 2}]|tojson(2) }}", context, "[\n  1,\n  {\n    \"a\": 2,\n    \"z\": 1\n  }\n]"},
	    {"{{ 'é \"\\\\/'|tojson }}{{ 1.5|tojson }}{{ []|tojson }}{{ {}|tojson(2) }}", context,
	     "\"\\u00e9\\u2028\\\"\\\\/\"1.5[]{}"},
	    {"{{ 'abc'|attr('upper')() }}{{ {'a': 1}|attr('a') }}|", context, "ABC|"},
	    {"{{ {'b': [1, 2], 'a': 'x'}|pprint }}", context, "{'a': 'x', 'b': [1, 2]}"},
	    {"{{ [{'b': 1, 'a': 'x' * 40, 'c': 'y' * 40}]|groupby('b')|pprint }}", context,
	     "[(1, [{'b': 1, 'a': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'c': "
	     "'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'}])]"},
	    {"{{ 'a b&c/d'|urlencode }}{{ {'a b': 'c&d', 'e': 1}|urlencode }}{{ [('x', 'é')]|urlencode }}", context,
	     "a%20b%26c/da+b=c%26d&e=1x=%C3%A9"},
	    {"{{ {'class': 'a b', 'missing': none, 'id': '<1>'}|xmlattr }}|{{ {'a': 1}|xmlattr(false) }}", context,
	     " class=\"a b\" id=\"&lt;1&gt;\"|a=\"1\""},
	    {"{{ 'see http://example.com/x?a=1, www.example.org. (http://a.com/b_(c)) me@example.com'|urlize }}",
	     context,
	     "see <a href=\"http://example.com/x?a=1\" rel=\"noopener\">http://example.com/x?a=1</a>, <a "
	     "href=\"https://www.example.org\" rel=\"noopener\">www.example.org</a>. (<a href=\"http://a.com/b_(c)\" "
	     "rel=\"noopener\">http://a.com/b_(c)</a>) <a href=\"mailto:me@example.com\">me@example.com</a>"},
	    {"{{ 'http://example.com/abcdef'|urlize(15, nofollow=true, target='_blank') }}", context,
	     "<a href=\"http://example.com/abcdef\" rel=\"nofollow noopener\" "
	     "target=\"_blank\">http://example....</a>"},
	    {"{{ 'tel:123 x'|urlize(extra_schemes=['tel:']) }}", context,
	     "<a href=\"tel:123\" rel=\"noopener\">tel:123</a> x"},
	};

	(void)state;
	CHECK_ALL(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_filters),  cmocka_unit_test(list_filters),   cmocka_unit_test(select_filters),
	    cmocka_unit_test(group_filters), cmocka_unit_test(number_filters), cmocka_unit_test(data_filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
