/* SPDX-License-Identifier: Apache-2.0 */
/* The drawings: every step and every arc is in each, and nothing in a name or guard breaks out of its quotes. */
#include "model_kit.h"
#include "playbook/graph/graph.h"
#include "runtime/value/escape.h"
#include "runtime/value/utf8.h"
#include "sample.h"
#include <stdio.h>

static char *drawn(const char *text, graph_format format, bool color)
{
	char *out = NULL;
	size_t n = 0;
	playbook *p = load_with(text, NULL, -1);
	FILE *f = open_memstream(&out, &n);
	assert_non_null(f);
	assert_int_equal(graph_write(p, format, color, f), TR_OK);
	fclose(f);
	playbook_free(&p);
	return out;
}

static const char *const small =
    HEAD "workflow:\n  - step: start\n    spec: { next_mode: inclusive }\n    tool:\n      - get: { kind: http, url: "
	 "http://x }\n"
	 "      - put: { kind: noop }\n    next:\n      - { step: each, when: \"{{ ctx.total > 1 }}\" }\n      - end\n"
	 "  - step: each\n    when: ctx.ok\n    loop: { in: \"{{ workload.items }}\", iterator: item, spec: { mode: "
	 "parallel, "
	 "max_in_flight: 4 } }\n    tool: { kind: noop }\n    next: end\n"
	 "  - step: end\n    spec: { join: any }\n    tool: { kind: noop }\n";

static void as_text(void **state)
{
	(void)state;
	char *out = drawn(small, GRAPH_TEXT, false);
	assert_string_equal(out, "test  tests/test\n\n● start\n│   tool  get: http → put: noop\n│   spec  inclusive\n"
				 "├─▶ each  when ctx.total > 1\n└─▶ end\n\n○ each\n│   when  ctx.ok\n"
				 "│   loop  parallel, 4 at once: item in workload.items\n│   tool  noop\n└─▶ end\n\n"
				 "◎ end  joins 2\n    tool  noop\n    spec  join any\n");
	free(out);
	out = drawn(small, GRAPH_TEXT, true);
	assert_non_null(strstr(out, "\033[1mstart\033[0m"));
	free(out);
}

static void as_dot(void **state)
{
	(void)state;
	char *out = drawn(small, GRAPH_DOT, false);
	assert_non_null(strstr(out, "digraph \"test\" {"));
	assert_non_null(strstr(out, "s0 [label=\"start\\nget: http → put: noop\"]"));
	assert_non_null(strstr(out, "begin -> s0;"));
	assert_non_null(strstr(out, "s0 -> s1 [label=\"ctx.total > 1\"];"));
	assert_non_null(strstr(out, "s0 -> s2;"));
	assert_non_null(strstr(out, "s1 -> s2;"));
	free(out);
}

static void as_mermaid(void **state)
{
	(void)state;
	char *out = drawn(small, GRAPH_MERMAID, false);
	assert_int_equal(strncmp(out, "flowchart TD\n", 13), 0);
	assert_non_null(strstr(out, "s0 -->|\"ctx.total #62; 1\"| s1\n"));
	assert_non_null(strstr(out, "s1[[\"each<br/>"));
	free(out);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;
	for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part))
		n++;
	return n;
}

static void as_svg(void **state)
{
	(void)state;
	char *out = drawn(sample, GRAPH_SVG, false);
	assert_int_equal(strncmp(out, "<svg xmlns=\"http://www.w3.org/2000/svg\"", 39), 0);
	assert_int_equal(count(out, "class=\"name\""), 4);
	assert_int_equal(count(out, "marker-end"), 6); /* five arcs and the token's */
	assert_int_equal(count(out, "class=\"arc back\""), 1);
	assert_int_equal(count(out, "<g>"), count(out, "</g>"));
	assert_int_equal(count(out, "<text"), count(out, "</text>"));
	assert_int_equal(strcmp(out + strlen(out) - 7, "</svg>\n"), 0);
	free(out);
}

static void names_cannot_break_out(void **state)
{
	(void)state;
	const char *evil = HEAD "workflow:\n  - step: \"a\\\"]; b <script>&\\\\\"\n    tool: { kind: noop }\n"
				"    next: [ { step: \"a\\\"]; b <script>&\\\\\", when: \"{{ '\\\"|<b>' }}\" } ]\n";
	char *dot = drawn(evil, GRAPH_DOT, false), *svg = drawn(evil, GRAPH_SVG, false);
	char *mermaid = drawn(evil, GRAPH_MERMAID, false);
	assert_non_null(strstr(dot, "s0 [label=\"a\\\"]; b <script>&\\\\"));
	assert_null(strstr(svg, "<script>"));
	assert_non_null(strstr(svg, "a&quot;]; b &lt;script&gt;&amp;"));
	assert_null(strstr(mermaid, "<script>"));
	free(dot);
	free(svg);
	free(mermaid);
}

/* Whatever stands in names, guards, labels and constants: no byte of a drawing moves a terminal's cursor or turns the
 * direction of writing. */
static void nothing_moves_the_cursor(void **state)
{
	static const char evil[] =
	    "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: \"n\\x9b1m\\u202e\", path: \"p\\e[2J\\u2066\" "
	    "}\n"
	    "workflow:\n  - step: \"a\\e[31m\\x85\\u202eb\\nc\"\n    desc: \"d\\u2067\\x9b\"\n    when: \"{{ "
	    "'\\u202d\\x90' }}\"\n"
	    "    loop: { in: [\"\\x9b\", \"\\u200f\"], iterator: item }\n"
	    "    tool:\n      - \"l\\x9d\\u2069\": { kind: noop }\n"
	    "    next: [ { step: \"a\\e[31m\\x85\\u202eb\\nc\", when: \"{{ '\\x1b]0;x\\a\\u2028' }}\" } ]\n";
	static const graph_format formats[] = {GRAPH_TEXT, GRAPH_DOT, GRAPH_MERMAID, GRAPH_SVG};

	(void)state;
	for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
		char *out = drawn(evil, formats[f], false);
		tr_str s = tr_s(out);
		assert_non_null(strstr(out, "u{202e}") != NULL ? out : strstr(out, "u#123;202e#125;"));
		for (size_t i = 0, len; i < s.n; i += len) {
			uint32_t code = 0;
			len = utf8_next(s.p + i, s.n - i, &code);
			assert_true(len > 0);
			if (code != '\n' && escape_wanted(code))
				fail_msg("format %zu has U+%04X: %s", f, (unsigned)code, s.p + i);
		}
		free(out);
	}
}

static void large_graphs_are_drawn(void **state)
{
	(void)state;
	tr_buf text = {0};
	tr_buf_puts(&text, HEAD "workflow:\n");
	for (int i = 0; i < 3000; i++)
		tr_buf_putf(&text, "  - { step: s%d, tool: { kind: noop }, next: [ s%d, s%d ] }\n", i,
			    (i * 7 + 1) % 3000, (i + 1) % 3000);
	char *out = drawn(text.p, GRAPH_SVG, false);
	assert_int_equal(count(out, "class=\"name\""), 3000);
	free(out);
	tr_buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_text),
	    cmocka_unit_test(as_dot),
	    cmocka_unit_test(as_mermaid),
	    cmocka_unit_test(as_svg),
	    cmocka_unit_test(names_cannot_break_out),
	    cmocka_unit_test(nothing_moves_the_cursor),
	    cmocka_unit_test(large_graphs_are_drawn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
