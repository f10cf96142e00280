/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of Jinja's documentation for template designers, in their order, each with what it shows, in our own
 * words; the texts on the right are what Jinja gives. What a template cannot do here is refused by its name. */
#include "support.h"

static void synopsis(void **state)
{
	static const struct expectation table[] = {
	    {"<ul>\n{% for link in links %}\n  <a href=\"{{ link.to }}\">{{ link.text }}</a>\n{% endfor "
	     "%}\n</ul>\n<h1>{{ heading }}</h1>\n{# nobody sees this #}\n",
	     "{\"links\": [{\"to\": \"/a\", \"text\": \"A\"}, {\"to\": \"/b\", \"text\": \"B\"}], \"heading\": "
	     "\"Links\"}",
	     "<ul>\n\n  <a href=\"/a\">A</a>\n\n  <a href=\"/b\">B</a>\n\n</ul>\n<h1>Links</h1>\n"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void dots_and_brackets(void **state)
{
	static const struct expectation table[] = {
	    {"{{ order.id }} {{ order['id'] }} [{{ order.nothing }}] [{{ nothing }}]{% for x in nothing %}x{% endfor "
	     "%}",
	     "{\"order\": {\"id\": 7}}", "7 7 [] []"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void chained_filters(void **state)
{
	static const struct expectation table[] = {
	    {"{{ title|striptags|title }}: {{ names|join(', ') }}",
	     "{\"title\": \"<i>hello</i> there\", \"names\": [\"x\", \"y\"]}", "Hello There: x, y"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void tests_with_and_without_parentheses(void **state)
{
	static const struct expectation table[] = {
	    {"{% for n in [1, 2, 3] %}{% if loop.index is divisibleby 3 %}a{% endif %}{% if loop.index is "
	     "divisibleby(3) %}b{% endif %}{% endfor %}{{ n is defined }}{{ n is not defined }}",
	     NULL, "abFalseTrue"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void comments_over_statements(void **state)
{
	static const struct expectation table[] = {
	    {"a{# off for now\n  {% for u in users %}\n    ...\n  {% endfor %}\n#}b", NULL, "ab"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void whitespace(void **state)
{
	static const struct expectation table[] = {
	    {"<div>\n    {% if true %}\n        yes\n    {% endif %}\n</div>\n", NULL,
	     "<div>\n    \n        yes\n    \n</div>"},
	    {"<div>\n    {%+ if something %}yes{% endif %}\n</div>", "{\"something\": 1}", "<div>\n    yes\n</div>"},
	    {"<div>\n    {% if something +%}\n        yes\n    {% endif %}\n</div>", "{\"something\": 1}",
	     "<div>\n    \n        yes\n    \n</div>"},
	    {"{% for n in numbers -%}\n    {{ n }}\n{%- endfor %}", "{\"numbers\": [1, 2, 3, 4, 5, 6, 7, 8, 9]}",
	     "123456789"},
	    {"a\n\n{{ 1 }}\n\n", NULL, "a\n\n1\n"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void escaping_the_delimiters(void **state)
{
	static const struct expectation table[] = {
	    {"{{ '{{' }} {{ '{%' }} {{ '#}' }}", NULL, "{{ {% #}"},
	    {"{% raw %}\n<ul>\n{% for item in seq %}\n  <li>{{ item }}</li>\n{% endfor %}\n</ul>\n{% endraw %}", NULL,
	     "\n<ul>\n{% for item in seq %}\n  <li>{{ item }}</li>\n{% endfor %}\n</ul>\n"},
	    {"{% raw -%}\n\n   {{ x }}{% endraw %}", NULL, "{{ x }}"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void escaping_by_hand(void **state)
{
	static const struct expectation table[] = {
	    {"{{ name|e }} {{ name }} {{ name|safe|e }} {{ name|e|e }} {{ '<' ~ (name|e) }}",
	     "{\"name\": \"<a & \\\"b\\\">\"}",
	     "&lt;a &amp; &#34;b&#34;&gt; <a & \"b\"> <a & \"b\"> &lt;a &amp; &#34;b&#34;&gt; <&lt;a &amp; "
	     "&#34;b&#34;&gt;"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void for_over_a_list(void **state)
{
	static const struct expectation table[] = {
	    {"<h1>Members</h1>\n<ul>\n{% for user in users %}\n  <li>{{ user.username|e }}</li>\n{% endfor %}\n</ul>",
	     "{\"users\": [{\"username\": \"ada\", \"hidden\": false, \"realname\": \"Ada L.\", \"description\": "
	     "\"first\"}, {\"username\": \"b<b\", \"hidden\": true, \"realname\": \"Bob\", \"description\": \"\"}, "
	     "{\"username\": \"cy\", \"hidden\": false, \"realname\": \"Cy\", \"description\": \"third\"}]}",
	     "<h1>Members</h1>\n<ul>\n\n  <li>ada</li>\n\n  <li>b&lt;b</li>\n\n  <li>cy</li>\n\n</ul>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void for_over_a_mapping(void **state)
{
	static const struct expectation table[] = {
	    {"{% for k, v in stock.items() %}<dt>{{ k|e }}</dt><dd>{{ v|e }}</dd>{% endfor %}",
	     "{\"stock\": {\"pears\": 3, \"apples\": 1}}", "<dt>pears</dt><dd>3</dd><dt>apples</dt><dd>1</dd>"},
	    {"{% for k, v in stock | dictsort %}{{ k }}={{ v }};{% endfor %}",
	     "{\"stock\": {\"pears\": 3, \"apples\": 1}}", "apples=1;pears=3;"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void every_variable_of_a_loop(void **state)
{
	static const struct expectation table[] = {
	    {"{% for x in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ "
	     "loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.previtem }}{{ "
	     "loop.nextitem }}{{ loop.changed(x == 'c') }} {% endfor %}",
	     NULL, "1032TrueFalse310bTrue 2121FalseFalse310acFalse 3210FalseTrue310bTrue "},
	};

	(void)state;
	CHECK_ALL(table);
}

static void cycling_through_rows(void **state)
{
	static const struct expectation table[] = {
	    {"{% for row in rows %}<li class=\"{{ loop.cycle('odd', 'even') }}\">{{ row }}</li>{% endfor %}",
	     "{\"rows\": [1, 2, 3]}", "<li class=\"odd\">1</li><li class=\"even\">2</li><li class=\"odd\">3</li>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void filtered_loop(void **state)
{
	static const struct expectation table[] = {
	    {"{% for u in users if not u.hidden %}{{ loop.index }}/{{ loop.length }} {{ u.username|e }};{% endfor %}",
	     "{\"users\": [{\"username\": \"ada\", \"hidden\": false, \"realname\": \"Ada L.\", \"description\": "
	     "\"first\"}, {\"username\": \"b<b\", \"hidden\": true, \"realname\": \"Bob\", \"description\": \"\"}, "
	     "{\"username\": \"cy\", \"hidden\": false, \"realname\": \"Cy\", \"description\": \"third\"}]}",
	     "1/2 ada;2/2 cy;"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void loop_with_else(void **state)
{
	static const struct expectation table[] = {
	    {"<ul>{% for u in users %}<li>{{ u.username|e }}</li>{% else %}<li><em>nobody</em></li>{% endfor %}</ul>",
	     "{\"users\": []}", "<ul><li><em>nobody</em></li></ul>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void sitemap(void **state)
{
	static const struct expectation table[] = {
	    {"<ul>\n{%- for item in map recursive %}\n  <li><a href=\"{{ item.to|e }}\">{{ item.name }}</a>\n  {%- if "
	     "item.below -%}\n    <ul>{{ loop(item.below) }}</ul>\n  {%- endif %}</li>\n{%- endfor %}\n</ul>",
	     "{\"map\": [{\"to\": \"/\", \"name\": \"home\", \"below\": [{\"to\": \"/a\", \"name\": \"A\", \"below\": "
	     "[]}, {\"to\": \"/b?x=1&y\", \"name\": \"B\"}]}, {\"to\": \"/z\", \"name\": \"Z\"}]}",
	     "<ul>\n  <li><a href=\"/\">home</a><ul>\n  <li><a href=\"/a\">A</a></li>\n  <li><a "
	     "href=\"/b?x=1&amp;y\">B</a></li></ul></li>\n  <li><a href=\"/z\">Z</a></li>\n</ul>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void outer_loop_called_from_within(void **state)
{
	static const struct expectation table[] = {
	    {"{% for item in tree recursive %}{% set outer = loop %}{{ item.n }}{% for part in item.parts %}<{{ "
	     "outer(part) }}>{% endfor %}{% endfor %}",
	     "{\"tree\": [{\"n\": 1, \"parts\": [[{\"n\": 2, \"parts\": []}], [{\"n\": 3, \"parts\": []}, {\"n\": 4, "
	     "\"parts\": []}]]}]}",
	     "1<2><34>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void neighbours_in_a_loop(void **state)
{
	static const struct expectation table[] = {
	    {"{% for v in values %}{% if loop.previtem is defined and v > loop.previtem %}up {% endif %}{{ v }}{% if "
	     "loop.nextitem is defined and loop.nextitem > v %} more{% endif %};{% endfor %}",
	     "{\"values\": [1, 3, 2, 5]}", "1 more;up 3;2 more;up 5;"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void changed_entries(void **state)
{
	static const struct expectation table[] = {
	    {"{% for e in entries %}{% if loop.changed(e.kind) %}[{{ e.kind }}]{% endif %}{{ e.text }} {% endfor %}",
	     "{\"entries\": [{\"kind\": \"x\", \"text\": 1}, {\"kind\": \"x\", \"text\": 2}, {\"kind\": \"y\", "
	     "\"text\": 3}]}",
	     "[x]1 2 [y]3 "},
	};

	(void)state;
	CHECK_ALL(table);
}

static void if_and_its_branches(void **state)
{
	static const struct expectation table[] = {
	    {"{% if users %}{{ users|length }} of them{% endif %}{% if nobody %}!{% endif %}",
	     "{\"users\": [{\"username\": \"ada\", \"hidden\": false, \"realname\": \"Ada L.\", \"description\": "
	     "\"first\"}, {\"username\": \"b<b\", \"hidden\": true, \"realname\": \"Bob\", \"description\": \"\"}, "
	     "{\"username\": \"cy\", \"hidden\": false, \"realname\": \"Cy\", \"description\": \"third\"}]}",
	     "3 of them"},
	    {"{% if door.open %}open{% elif door.ajar %}ajar{% else %}shut{% endif %}",
	     "{\"door\": {\"open\": false, \"ajar\": true}}", "ajar"},
	    {"{% if door.open %}open{% elif door.ajar %}ajar{% else %}shut{% endif %}", "{\"door\": {}}", "shut"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void macro_with_defaults(void **state)
{
	static const struct expectation table[] = {
	    {"{% macro field(name, value='', type='text', size=20) -%}\n  <input type=\"{{ type }}\" name=\"{{ name "
	     "}}\" value=\"{{\n    value|e }}\" size=\"{{ size }}\">\n{%- endmacro %}<p>{{ field('user') }}</p><p>{{ "
	     "field('key', type='password', value='<') }}</p>",
	     NULL,
	     "<p><input type=\"text\" name=\"user\" value=\"\" size=\"20\"></p><p><input type=\"password\" "
	     "name=\"key\" value=\"&lt;\" size=\"20\"></p>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void what_a_macro_knows(void **state)
{
	static const struct expectation table[] = {
	    {"{% macro m(a, b=1) %}{{ varargs }}{{ kwargs }}{{ caller is defined }}{% endmacro %}{{ m.name }} {{ "
	     "m.arguments }} {{ m.catch_kwargs }} {{ m.catch_varargs }} {{ m.caller }} {{ m(1, 2, 3, c=4) }}",
	     NULL, "m ('a', 'b') True True True (3,){'c': 4}False"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void call_block(void **state)
{
	static const struct expectation table[] = {
	    {"{% macro dialog(title, class='box') -%}\n<div class=\"{{ class }}\"><h2>{{ title }}</h2>{{ caller() "
	     "}}</div>\n{%- endmacro %}{% call dialog('Hello') %}Some words{% endcall %}",
	     NULL, "<div class=\"box\"><h2>Hello</h2>Some words</div>"},
	    {"{% macro each(users) -%}<ul>\n{%- for u in users %}<li>{{ u.username|e }}: {{ caller(u) }}</li>{%- "
	     "endfor %}</ul>{%- endmacro %}{% call(u) each(all) %}{{ u.realname|e }} ({{ u.description }}){% endcall "
	     "%}",
	     "{\"all\": [{\"username\": \"ada\", \"hidden\": false, \"realname\": \"Ada L.\", \"description\": "
	     "\"first\"}, {\"username\": \"b<b\", \"hidden\": true, \"realname\": \"Bob\", \"description\": \"\"}, "
	     "{\"username\": \"cy\", \"hidden\": false, \"realname\": \"Cy\", \"description\": \"third\"}]}",
	     "<ul><li>ada: Ada L. (first)</li><li>b&lt;b: Bob ()</li><li>cy: Cy (third)</li></ul>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void filter_section(void **state)
{
	static const struct expectation table[] = {
	    {"{% filter upper %}This becomes large {{ 'too' }}{% endfilter %}", NULL, "THIS BECOMES LARGE TOO"},
	    {"[{% filter center(20) %}middle{% endfilter %}]", NULL, "[       middle       ]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void assignments(void **state)
{
	static const struct expectation table[] = {
	    {"{% set menu = [('/a', 'A'), ('/b', 'B')] %}{% set key, value = menu[1] %}{{ key }}={{ value }} {{ "
	     "menu|length }}",
	     NULL, "/b=B 2"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void what_is_set_in_a_loop_stays_there(void **state)
{
	static const struct expectation table[] = {
	    {"{% set done = false %}{% for x in [1, 2] %}{{ x }}{% set done = true %}{% endfor %}{% if not done %} "
	     "none{% endif %}",
	     NULL, "12 none"},
	    {"{% set ns = namespace(found=false) %}{% for x in items %}{% if x.ok %}{% set ns.found = true %}{% endif "
	     "%}* {{ x.t }}\n{% endfor %}found: {{ ns.found }}",
	     "{\"items\": [{\"t\": 1}, {\"t\": 2, \"ok\": true}, {\"t\": 3}]}", "* 1\n* 2\n* 3\nfound: True"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void block_assignment_section(void **state)
{
	static const struct expectation table[] = {
	    {"{% set menu %}<li>{{ a }}</li>{% endset %}{{ menu }}{{ menu }}", "{\"a\": 1}", "<li>1</li><li>1</li>"},
	    {"{% set reply | wordwrap(12) %}You wrote: {{ text }}{% endset %}{{ reply }}",
	     "{\"text\": \"a few words more\"}", "You wrote: a\nfew words\nmore"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void literals_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ \"Hello World\" }} {{ 42 }} {{ 123_456 }} {{ 42.23 }} {{ 42.1e2 }} {{ 123_456.789 }} {{ 1E3 }}", NULL,
	     "Hello World 42 123456 42.23 4210.0 123456.789 1000.0"},
	    {"{% for to, name in [('index', 'Index'), ('about', 'About'),\n   ('down', 'Downloads')] %}<a href=\"{{ to "
	     "}}\">{{ name }}</a>{% endfor %}",
	     NULL, "<a href=\"index\">Index</a><a href=\"about\">About</a><a href=\"down\">Downloads</a>"},
	    {"{{ ('one',) }} {{ {'a': 'of', 'b': 'pairs'}.b }} {{ true }} {{ True }} {{ false }} {{ none is none and "
	     "None is none }}",
	     NULL, "('one',) pairs True True False True"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void math_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 1 + 1 }} {{ 3 - 2 }} {{ 1 / 2 }} {{ 20 // 7 }} {{ 11 % 7 }} {{ 2 * 2 }} {{ 2**3 }} {{ 3**3**3 }} {{ "
	     "'=' * 8 }} {{ 'a' + 'b' }} {{ [1] + [2] }}",
	     NULL, "2 1 0.5 2 4 4 8 19683 ======== ab [1, 2]"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void comparisons_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 1 == 1 }}{{ 1 != 1 }}{{ 2 > 1 }}{{ 2 >= 3 }}{{ 1 < 2 }}{{ 2 <= 2 }}", NULL,
	     "TrueFalseTrueFalseTrueTrue"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void logic_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ true and 0 }} {{ 0 or 'b' }} {{ not 0 }} {{ (1 and 0) or 2 }} {{ 3 is not odd }} {{ 4 not in [1] }} "
	     "{{ not (1 and 1) }}",
	     NULL, "0 b True 2 False True False"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void other_operators_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 1 in [1, 2, 3] }} {{ 5 is odd }} {{ 'x'|upper }} {{ 'Hello ' ~ name ~ '!' }} {{ post.title.upper() }} "
	     "{{ post['title'] }}",
	     "{\"name\": \"John\", \"post\": {\"title\": \"t\"}}", "True True X Hello John! T t"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void inline_if(void **state)
{
	static const struct expectation table[] = {
	    {"{{ 'given.html' if layout is defined else 'default.html' }} {{ '[{}]'.format(page.title) if page.title "
	     "}}|{{ '[{}]'.format(page.none) if page.none }}|",
	     "{\"page\": {\"title\": \"T\"}}", "default.html [T]||"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void methods_of_python(void **state)
{
	static const struct expectation table[] = {
	    {"{{ page.title.capitalize() }} {{ 'Hello, %s!' % name }} {{ 'Hello, {}!'.format(name) }} {{ "
	     "'a-b'.split('-') }} {{ d.get('x', 0) }}",
	     "{\"page\": {\"title\": \"some words\"}, \"name\": \"World\", \"d\": {}}",
	     "Some words Hello, World! Hello, World! ['a', 'b'] 0"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void range_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ range(4)|list }} {{ range(0, 4, 1)|list }}{% for u in users %}<{{ u }}>{% endfor %}{% for n in "
	     "range(5 - users|count) %}<empty>{% endfor %}",
	     "{\"users\": [\"a\", \"b\"]}", "[0, 1, 2, 3] [0, 1, 2, 3]<a><b><empty><empty><empty>"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void dict_section(void **state)
{
	static const struct expectation table[] = {
	    {"{{ dict(foo='bar') == {'foo': 'bar'} }}", NULL, "True"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void cycler_section(void **state)
{
	static const struct expectation table[] = {
	    {"{% set c = cycler('odd', 'even') %}{% for f in folders %}{{ c.next() }} {{ f }};{% endfor %}{% for f in "
	     "files %}{{ c.next() }} {{ f }};{% endfor %}{{ c.current }}{% set _ = c.reset() %}{{ c.current }}",
	     "{\"folders\": [\"a\"], \"files\": [\"b\", \"c\"]}", "odd a;even b;odd c;evenodd"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void joiner_section(void **state)
{
	static const struct expectation table[] = {
	    {"{% set pipe = joiner('|') %}{% if kinds %}{{ pipe() }}Kinds: {{ kinds|join(', ') }}{% endif %}{% if "
	     "author %}{{ pipe() }}By {{ author }}{% endif %}{% if may_edit %}{{ pipe() }}Edit{% endif %}",
	     "{\"kinds\": [\"x\", \"y\"], \"may_edit\": true}", "Kinds: x, y|Edit"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void namespace_section(void **state)
{
	static const struct expectation table[] = {
	    {"{% set ns = namespace() %}{% set ns.foo = 'bar' %}{{ ns.foo }}{% set n2 = namespace({'a': 1}, b=2) %}{{ "
	     "n2.a }}{{ n2.b }}",
	     NULL, "bar12"},
	};

	(void)state;
	CHECK_ALL(table);
}

static void with_section(void **state)
{
	static const struct expectation table[] = {
	    {"{% with %}{% set foo = 42 %}{{ foo }}{% endwith %}[{{ foo }}]", NULL, "42[]"},
	    {"{% with foo = 42 %}{{ foo }}{% endwith %}[{{ foo }}]", NULL, "42[]"},
	    {"{% with a={}, b=a.attribute %}[{{ b }}]{% endwith %}{% with a={'attribute': 1} %}{% set b = a.attribute "
	     "%}[{{ b }}]{% endwith %}",
	     "{\"a\": {\"attribute\": 9}}", "[9][1]"},
	};

	(void)state;
	CHECK_ALL(table);
}

/* Line statements, inheritance, include and import, and the extensions are not part of the language. */
static void what_is_left_out(void **state)
{
	static const struct expectation table[] = {
	    {"{% extends 'x' %}", NULL, "1:4: 'extends' is not available"},
	    {"{% block b %}{% endblock %}", NULL, "1:4: 'block' is not available"},
	    {"{% include 'x' %}", NULL, "1:4: 'include' is not available"},
	    {"{% import 'x' as y %}", NULL, "1:4: 'import' is not available"},
	    {"{% from 'x' import y %}", NULL, "1:4: 'from' is not available"},
	    {"{% autoescape true %}{% endautoescape %}", NULL, "1:4: 'autoescape' is not available"},
	    {"{% trans %}a{% endtrans %}", NULL, "1:4: unknown statement 'trans'"},
	    {"{% do l.append(1) %}", NULL, "1:4: unknown statement 'do'"},
	    {"{% for x in [1] %}{% break %}{% endfor %}", NULL, "1:22: unknown statement 'break'"},
	    {"{% debug %}", NULL, "1:4: unknown statement 'debug'"},
	    {"{% - if 1 %}{% endif %}", NULL, "1:4: expected the name of a statement, found '-'"},
	    {"{% set x = 1 %}{% set x.y = 2 %}", NULL, "1:23: only a namespace's attributes can be set"},
	};

	(void)state;
	CHECK_ALL_ERRORS(table);
	check_text("# for x in [1]", NULL, "# for x in [1]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(synopsis),
	    cmocka_unit_test(dots_and_brackets),
	    cmocka_unit_test(chained_filters),
	    cmocka_unit_test(tests_with_and_without_parentheses),
	    cmocka_unit_test(comments_over_statements),
	    cmocka_unit_test(whitespace),
	    cmocka_unit_test(escaping_the_delimiters),
	    cmocka_unit_test(escaping_by_hand),
	    cmocka_unit_test(for_over_a_list),
	    cmocka_unit_test(for_over_a_mapping),
	    cmocka_unit_test(every_variable_of_a_loop),
	    cmocka_unit_test(cycling_through_rows),
	    cmocka_unit_test(filtered_loop),
	    cmocka_unit_test(loop_with_else),
	    cmocka_unit_test(sitemap),
	    cmocka_unit_test(outer_loop_called_from_within),
	    cmocka_unit_test(neighbours_in_a_loop),
	    cmocka_unit_test(changed_entries),
	    cmocka_unit_test(if_and_its_branches),
	    cmocka_unit_test(macro_with_defaults),
	    cmocka_unit_test(what_a_macro_knows),
	    cmocka_unit_test(call_block),
	    cmocka_unit_test(filter_section),
	    cmocka_unit_test(assignments),
	    cmocka_unit_test(what_is_set_in_a_loop_stays_there),
	    cmocka_unit_test(block_assignment_section),
	    cmocka_unit_test(literals_section),
	    cmocka_unit_test(math_section),
	    cmocka_unit_test(comparisons_section),
	    cmocka_unit_test(logic_section),
	    cmocka_unit_test(other_operators_section),
	    cmocka_unit_test(inline_if),
	    cmocka_unit_test(methods_of_python),
	    cmocka_unit_test(range_section),
	    cmocka_unit_test(dict_section),
	    cmocka_unit_test(cycler_section),
	    cmocka_unit_test(joiner_section),
	    cmocka_unit_test(namespace_section),
	    cmocka_unit_test(with_section),
	    cmocka_unit_test(what_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
