/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of Python's types, as templates call them. */
#include "support.h"

static void str_methods(void **state)
{
	static const char context[] = "{\"s\": \"Hello World\", \"u\": \"éa ßx\"}";
	static const struct expectation table[] = {
	    {"{{ s.upper() }}{{ s.lower() }}{{ s.title() }}{{ 'abc'.capitalize() }}{{ s.swapcase() }}{{ 'ß'.casefold() "
	     "}}{{ u.title() }}",
	     context, "HELLO WORLDhello worldHello WorldAbchELLO wORLDssÉa Ssx"},
	    {"{{ ' x '.strip() }}|{{ ' x '.lstrip() }}|{{ ' x '.rstrip() }}|{{ 'xyx'.strip('x') }}", context,
	     "x|x | x|y"},
	    {"{{ 'a'.center(4, '-') }}{{ 'a'.ljust(3, '.') }}{{ 'a'.rjust(3) }}{{ '-5'.zfill(4) }}{{ '7'.zfill(3) }}",
	     context, "-a--a..  a-005007"},
	    {"{{ s.replace('o', '0') }}{{ s.replace('o', '0', 1) }}{{ 'ab'.replace('', '-') }}", context,
	     "Hell0 W0rldHell0 World-a-b-"},
	    {"{{ s.find('o') }}{{ s.rfind('o') }}{{ s.find('z') }}{{ s.index('W') }}{{ s.count('l') }}{{ s.find('o', "
	     "5) }}{{ s.count('l', 3, 8) }}{{ u.find('ß') }}",
	     context, "47-163713"},
	    {"{{ s.startswith('He') }}{{ s.endswith(('x', 'ld')) }}{{ s.startswith('W', 6) }}", context,
	     "TrueTrueTrue"},
	    {"{{ 'a,b,c'.split(',') }}{{ 'a,b,c'.split(',', 1) }}{{ ' a  b '.split() }}{{ 'a,b,c'.rsplit(',', 1) }}{{ "
	     "'a b c'.split(maxsplit=1) }}{{ 'x\ny\n'.splitlines() }}{{ 'x\ny'.splitlines(true) }}",
	     context, "['a', 'b', 'c']['a', 'b,c']['a', 'b']['a,b', 'c']['a', 'b c']['x', 'y']['x\\n', 'y']"},
	    {"{{ 'k=v=w'.partition('=') }}{{ 'k=v=w'.rpartition('=') }}{{ 'k'.partition('=') }}", context,
	     "('k', '=', 'v=w')('k=v', '=', 'w')('k', '', '')"},
	    {"{{ '-'.join(['a', 'b']) }}{{ ''.join('abc') }}", context, "a-babc"},
	    {"{{ 'abc'.removeprefix('a') }}{{ 'abc'.removesuffix('c') }}{{ 'a\tb'.expandtabs(4) }}", context,
	     "bcaba   b"},
	    {"{{ '1'.isdigit() }}{{ 'a'.isalpha() }}{{ 'a1'.isalnum() }}{{ ' '.isspace() }}{{ 'A'.isupper() }}{{ "
	     "'a'.islower() }}{{ 'Ab Cd'.istitle() }}{{ '½'.isnumeric() }}{{ '5'.isdecimal() }}{{ 'a_1'.isidentifier() "
	     "}}{{ 'é'.isascii() }}{{ 'a\n'.isprintable() }}",
	     context, "TrueTrueTrueTrueTrueTrueTrueTrueTrueTrueFalseFalse"},
	    {"{{ 'é'.encode() }}{{ 'abc'.encode().decode() }}", context, "b'\\xc3\\xa9'abc"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void str_format(void **state)
{
	static const char context[] = "{\"d\": {\"k\": [1, 2]}}";
	static const struct expectation table[] = {
	    {"{{ '{} {}'.format(1, 'x') }}{{ '{1}{0}'.format('a', 'b') }}{{ '{a}'.format(a=3) }}", context, "1 xba3"},
	    {"{{ '{0[k][1]}'.format(d) }}{{ '{:>5}|{:<5}|{:^5}|'.format(1, 2, 3) }}{{ '{:*^7}'.format('x') }}", context,
	     "2    1|2    |  3  |***x***"},
	    {"{{ '{:05d} {:+d} {:,} {:x} {:#b} {:o}'.format(42, 5, 1234567, 255, 5, 8) }}", context,
	     "00042 +5 1,234,567 ff 0b101 10"},
	    {"{{ '{:.2f} {:8.3f}| {:e} {:g} {:%} {:.1%}'.format(3.14159, 2.5, 12345.678, 0.00001, 0.5, 0.123) }}",
	     context, "3.14    2.500| 1.234568e+04 1e-05 50.000000% 12.3%"},
	    {"{{ '{!r} {!s} {{}}'.format('q', 'q') }}{{ '{:{w}}|'.format('a', w=4) }}", context, "'q' q {}a   |"},
	    {"{{ '{:,.2f} {:_} {:010,}'.format(1234567.891, 1000000, 12345) }}", context,
	     "1,234,567.89 1_000_000 00,012,345"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void percent_format(void **state)
{
	static const struct expectation table[] = {
	    {"{{ '%s %r %d' % ('a', 'b', 3.7) }}{{ '%5d|%-5d|%05d|%+d' % (1, 2, 3, 4) }}", NULL,
	     "a 'b' 3    1|2    |00003|+4"},
	    {"{{ '%.2f %e %g %x %o %X %c %%' % (1.005, 12345.678, 0.0001, 255, 8, 255, 'z') }}", NULL,
	     "1.00 1.234568e+04 0.0001 ff 10 FF z %"},
	    {"{{ '%(a)s-%(b)03d' % {'a': 1, 'b': 2} }}{{ '%s' % [1, 2] }}{{ '%.3s|%10s|%-6s|' % ('abcdef', 'x', 'y') "
	     "}}",
	     NULL, "1-002[1, 2]abc|         x|y     |"},
	    {"{{ '%*d|%#x|% d' % (5, 42, 255, 7) }}", NULL, "   42|0xff| 7"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void list_methods(void **state)
{
	static const char context[] = "{\"l\": [3, 1, 2]}";
	static const struct expectation table[] = {
	    {"{% set q = [] %}{% set _ = q.append(1) %}{{ q.extend([2, 3]) }}{{ q }}{{ q.insert(0, 9) }}{{ q }}",
	     context, "None[1, 2, 3]None[9, 1, 2, 3]"},
	    {"{{ l.pop() }}{{ l.pop(0) }}{{ l }}", context, "23[1]"},
	    {"{% set q = [1, 2, 3, 4] %}{{ q.pop() }}{{ q.pop(0) }}{{ q.insert(1, 'x') }}{{ q.insert(9, 'y') }}{{ "
	     "q.insert(-9, 'z') }}{{ q }}{{ q.remove('x') }}{{ q.pop(-2) }}{{ q }}",
	     context, "41NoneNoneNone['z', 2, 'x', 3, 'y']None3['z', 2, 'y']"},
	    {"{% set q = [1, 2] %}{{ q.insert(0, q) }}{{ q|length }}{{ q.pop(0)|length }}{{ q }}", context,
	     "None32[1, 2]"},
	    {"{{ l.sort() }}{{ l }}{{ l.sort(reverse=true) }}{{ l }}{{ l.reverse() }}{{ l }}", context,
	     "None[1, 2, 3]None[3, 2, 1]None[1, 2, 3]"},
	    {"{{ l.index(1) }}{{ l.count(3) }}{{ l.remove(3) }}{{ l }}{{ l.copy() }}{{ l.clear() }}{{ l }}", context,
	     "11None[1, 2][1, 2]None[]"},
	    {"{% set a = [1] %}{% set b = a %}{{ a.append(2) }}{{ b }}{% set c = a[:] %}{{ a.append(3) }}{{ c }}",
	     context, "None[1, 2]None[1, 2]"},
	    {"{% for i in range(2) %}{% set x = [] %}{% set _ = x.append(i) %}{{ x }}{% endfor %}", context, "[0][1]"},
	    {"{% set d = {'l': []} %}{{ d.l.append(1) }}{{ d }}{{ (1, 2, 1).count(1) }}{{ (1, 2).index(2) }}", context,
	     "None{'l': [1]}21"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void dict_methods(void **state)
{
	static const char context[] = "{\"d\": {\"a\": 1, \"b\": 2}}";
	static const struct expectation table[] = {
	    {"{{ d.keys() }}{{ d.values() }}{{ d.items() }}{{ d.keys()|list }}", context,
	     "dict_keys(['a', 'b'])dict_values([1, 2])dict_items([('a', 1), ('b', 2)])['a', 'b']"},
	    {"{{ d.values() == d.values() }}{% set v = d.values() %}{{ v == v }}{{ v in d }}{{ {v: 1}|length }}",
	     context, "FalseTrueFalse1"},
	    {"{{ d.keys() == {'b': 0, 'a': 0}.keys() }}{{ d.items() == {'b': 2, 'a': 1}.items() }}{{ d.keys() == {'a': "
	     "0, 'c': 0}.keys() }}",
	     context, "TrueTrueFalse"},
	    {"{% set e = {1: 'a', 2.0: 3, none: 4, (1, 2): 5} %}{{ e.pop(1.0) }}{{ e.pop(true, 'no') }}{{ e.pop(2) "
	     "}}{{ "
	     "e.pop(none) }}{{ e.pop((1, 2)) }}{{ e }}",
	     context, "ano345{}"},
	    {"{{ ('a', 1) in d.items() }}{{ ['a', 1] in d.items() }}{{ ('a', [1]) in d.items() }}{{ [1] in d.items() "
	     "}}",
	     context, "TrueFalseFalseFalse"},
	    {"{{ d.get('a') }}{{ d.get('z') }}{{ d.get('z', 5) }}", context, "1None5"},
	    {"{{ d.update({'c': 3}) }}{{ d.update(e=4) }}{{ d }}", context, "NoneNone{'a': 1, 'b': 2, 'c': 3, 'e': 4}"},
	    {"{{ d.pop('a') }}{{ d.pop('z', 0) }}{{ d }}{{ d.popitem() }}{{ d }}", context, "10{'b': 2}('b', 2){}"},
	    {"{{ d.setdefault('a', 9) }}{{ d.setdefault('n', 9) }}{{ d }}{{ d.copy() }}{{ d.clear() }}{{ d }}", context,
	     "19{'a': 1, 'b': 2, 'n': 9}{'a': 1, 'b': 2, 'n': 9}None{}"},
	    {"{{ {1: 'int'}[1.0] }}{{ {true: 'b'}[1] }}{{ {1: 'a', 1.0: 'b', true: 'c'} }}{{ {(1, 2): 'x'}[(1, 2)] }}",
	     context, "intb{1: 'c'}x"},
	};

	(void)state;
	CHECK_ALL(table);
	check_error("{{ ([1], 1) in {'a': 1}.items() }}", NULL, "1:5: 'list' cannot be a key");
}

static void number_methods(void **state)
{
	static const struct expectation table[] = {
	    {"{{ (5).bit_length() }}{{ (2.0).is_integer() }}{{ 2.5.is_integer() }}{{ (255).bit_count() }}{{ "
	     "(0.5).as_integer_ratio() }}{{ (3).real }}{{ (3).numerator }}",
	     NULL, "3TrueFalse8(1, 2)33"},
	};

	(void)state;
	CHECK_ALL(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(str_methods),  cmocka_unit_test(str_format),   cmocka_unit_test(percent_format),
	    cmocka_unit_test(list_methods), cmocka_unit_test(dict_methods), cmocka_unit_test(number_methods),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
