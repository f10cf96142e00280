/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile text: bombs, depth, size, broken encodings, broken syntax. Each is refused with a place, quickly. */
#include "yaml_kit.h"
#include <stdlib.h>
#include <troupe/testing.h>

static void alias_bombs(void **state)
{
	(void)state;
	tr_buf text = {0};
	tr_buf_puts(&text, "a0: &a0 x\n");
	for (int i = 1; i < 60; i++)
		tr_buf_putf(&text, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	diagnostics d;
	diagnostics_init(&d, NULL);
	assert_null(yaml_parse("t", tr_buf_str(&text), NULL, &d));
	assert_string_equal(d.items[0].code, "too-many-nodes");
	assert_true(d.items[0].line > 15 && d.items[0].line < 25); /* 2^21 is met around the twentieth */
	diagnostics_fini(&d);
	tr_buf_fini(&text);
}

static void bombs_by_merge_keys(void **state)
{
	(void)state;
	tr_buf text = {0};
	tr_buf_puts(&text, "a0: &a0 {");
	for (int i = 0; i < 1000; i++)
		tr_buf_putf(&text, "k%d: 1, ", i);
	tr_buf_puts(&text, "}\n");
	for (int i = 1; i < 3000; i++)
		tr_buf_putf(&text, "b%d: {<<: *a0}\n", i);
	diagnostics d;
	diagnostics_init(&d, NULL);
	assert_null(yaml_parse("t", tr_buf_str(&text), NULL, &d));
	assert_string_equal(d.items[0].code, "too-many-nodes");
	diagnostics_fini(&d);
	tr_buf_fini(&text);
}

static void depth(void **state)
{
	(void)state;
	const yaml_limits limits = {.max_depth = 3};
	assert_reads_as("[[[1]]]", "[[[1]]]");
	assert_refused(tr_s("[[[[1]]]]"), &limits, "too-deep", 1, 4);
	assert_refused(tr_s("- &a [[1]]\n- [[*a]]\n"), &limits, "too-deep", 2, 5);
	char deep[100001];
	memset(deep, '[', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	assert_refused(tr_s(deep), NULL, "too-deep", 1, 101);
	tr_buf steps = {0};
	for (int i = 0; i < 200; i++)
		tr_buf_putf(&steps, "%*s- \n", i, "");
	diagnostics d;
	diagnostics_init(&d, NULL);
	assert_null(yaml_parse("t", tr_buf_str(&steps), NULL, &d));
	assert_string_equal(d.items[0].code, "too-deep");
	diagnostics_fini(&d);
	tr_buf_fini(&steps);
}

static void size(void **state)
{
	(void)state;
	const yaml_limits small = {.max_bytes = 10, .max_nodes = 3};
	assert_refused(tr_s("aaaaaaaaaaaa"), &small, "too-large", 0, 0);
	assert_refused(tr_s("[1,2,3]"), &small, "too-many-nodes", 1, 6);
	size_t n = 17u << 20;
	char *big = malloc(n);
	assert_non_null(big);
	memset(big, 'x', n);
	assert_refused((tr_str){big, n}, NULL, "too-large", 0, 0);
	free(big);
}

static void encodings(void **state)
{
	(void)state;
	assert_refused(tr_s("a: ok\nb: caf\xe9\n"), NULL, "bad-encoding", 2, 7);
	assert_refused(tr_s("\xff\xfe"
			    "a"),
		       NULL, "bad-encoding", 1, 1);
	assert_refused(tr_s("é: \xc0\xaf"), NULL, "bad-encoding", 1, 4);
	assert_refused((tr_str){"a: \0b", 5}, NULL, "bad-character", 1, 4);
	assert_refused(tr_s("a: \x01"), NULL, "bad-character", 1, 4);
	assert_reads_as("\xef\xbb\xbf"
			"a: 1",
			"{\"a\":1}");
	assert_reads_as("a: \"\\x41\\u00e9\\t\"\r\nb: 2\r\n", "{\"a\":\"Aé\\t\",\"b\":2}");
}

static void syntax(void **state)
{
	(void)state;
	assert_refused(tr_s("a: [1, 2\nb: 3\n"), NULL, "yaml-syntax", 2, 2);
	assert_refused(tr_s("a: b: c\n"), NULL, "yaml-syntax", 1, 5);
	assert_refused(tr_s("a: 'open\n"), NULL, "yaml-syntax", 2, 1);
	assert_refused(tr_s("a: @b\n"), NULL, "yaml-syntax", 1, 4);
	assert_refused(tr_s("a: 1\n b: 2\n"), NULL, "yaml-syntax", 2, 3);
	assert_refused(tr_s("a: 1\n---\nb: 1\n"), NULL, "second-document", 2, 1);
	assert_refused(tr_s("{[1]: 2}"), NULL, "bad-key", 1, 2);
	assert_refused(tr_s("a: {{ x }}"), NULL, "bad-key", 1, 5);
	assert_reads_as("a: 1\n...\n", "{\"a\":1}");
	assert_reads_as("--- {a: 1}\n", "{\"a\":1}");
}

static void every_allocation_may_fail(void **state)
{
	(void)state;
	const char *text = "base: &b {a: 1, list: [1, 2.5, text, ~, yes]}\n"
			   "x: {<<: *b, c: \"quoted\"}\n"
			   "y: [*b, *b, !!binary aGk=]\n";
	int64_t before = tr_test_live_blocks();
	bool done = false;
	for (int64_t n = 0; !done; n++) {
		diagnostics d;
		tr_test_fail_alloc(n);
		diagnostics_init(&d, "test.yaml");
		yaml_document *doc = yaml_parse("test.yaml", tr_s(text), NULL, &d);
		done = !tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		assert_true(doc != NULL || d.errors > 0);
		assert_true(!done || doc != NULL);
		yaml_free(&doc);
		diagnostics_fini(&d);
		assert_int_equal(tr_test_live_blocks(), before);
		assert_true(n < 10000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alias_bombs),
	    cmocka_unit_test(bombs_by_merge_keys),
	    cmocka_unit_test(depth),
	    cmocka_unit_test(size),
	    cmocka_unit_test(encodings),
	    cmocka_unit_test(syntax),
	    cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
