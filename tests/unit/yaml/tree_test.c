/* SPDX-License-Identifier: Apache-2.0 */
/* Positions, merge keys, anchors and duplicate keys. */
#include "yaml_kit.h"

static yaml_document *parse(const char *text)
{
	diagnostics d;
	diagnostics_init(&d, "test.yaml");
	yaml_document *doc = yaml_parse("test.yaml", tr_s(text), NULL, &d);
	assert_non_null(doc);
	diagnostics_fini(&d);
	return doc;
}

static void assert_at(const yaml_node *n, uint32_t line, uint32_t column)
{
	assert_non_null(n);
	assert_int_equal(n->line, line);
	assert_int_equal(n->column, column);
}

static void positions(void **state)
{
	(void)state;
	yaml_document *doc = parse("# comment\n"
				   "name: \"é\"   # two bytes, one character\n"
				   "list:\n"
				   "  - {a: 'ü', b: 2}\n"
				   "  - |\n"
				   "    text\n"
				   "    more\n"
				   "last: x\n");
	const yaml_node *root = yaml_root(doc), *list = yaml_get(root, "list");
	assert_at(root, 2, 1);
	assert_at(yaml_get(root, "name"), 2, 7);
	assert_at(yaml_key(root, "list"), 3, 1);
	assert_at(list->items[0], 4, 5);
	assert_at(yaml_get(list->items[0], "b"), 4, 17);
	assert_at(yaml_key(list->items[0], "b"), 4, 14);
	assert_at(list->items[1], 5, 5);
	assert_true(list->items[1]->block);
	assert_true(list->items[1]->quoted);
	assert_false(yaml_get(root, "last")->quoted);
	assert_true(yaml_get(root, "name")->quoted);
	assert_true(list->end_line >= 7);
	assert_null(yaml_get(root, "nothing"));
	assert_null(yaml_get(list, "a"));
	assert_null(yaml_get(NULL, "a"));
	assert_null(yaml_key(root, "nothing"));
	yaml_free(&doc);
	yaml_free(&doc);
}

static void merge_keys(void **state)
{
	(void)state;
	assert_reads_as("base: &b {a: 1, b: 2}\nx: {<<: *b, b: 3, c: 4}\n",
			"{\"base\":{\"a\":1,\"b\":2},\"x\":{\"a\":1,\"b\":3,\"c\":4}}");
	/* of a list the earlier mapping wins, and own keys win over all */
	assert_reads_as("- &p {a: 1}\n- &q {a: 2, b: 2}\n- {c: 3, <<: [*p, *q]}\n",
			"[{\"a\":1},{\"a\":2,\"b\":2},{\"a\":1,\"b\":2,\"c\":3}]");
	assert_reads_as("{'<<': 1}", "{\"<<\":1}");
	assert_reads_as("{<<: [], a: 1}", "{\"a\":1}");
	assert_refused(tr_s("a: {<<: text}"), NULL, "bad-merge", 1, 9);
	assert_refused(tr_s("a: {<<: [{b: 1}, 2]}"), NULL, "bad-merge", 1, 9);
	assert_refused(tr_s("x: &x {b: 1}\na: {<<: *x, b: 2, b: 3}"), NULL, "duplicate-key", 2, 19);
}

static void anchors(void **state)
{
	(void)state;
	assert_reads_as("- &a 1\n- *a\n- &a 2\n- *a\n", "[1,1,2,2]");
	assert_reads_as("- &l [1, {x: 2}]\n- *l\n", "[[1,{\"x\":2}],[1,{\"x\":2}]]");
	assert_reads_as("{&k key: 1, other: *k}", "{\"key\":1,\"other\":\"key\"}");
	assert_refused(tr_s("- *a\n- &a 1\n"), NULL, "unknown-alias", 1, 3);
	assert_refused(tr_s("- &a [1, *a]\n"), NULL, "cyclic-alias", 1, 10);
	assert_refused(tr_s("a: &a\n  b: {c: *a}\n"), NULL, "cyclic-alias", 2, 10);
}

static void duplicate_keys_name_both_lines(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, "test.yaml");
	assert_null(yaml_parse("t", tr_s("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n"), NULL, &d));
	assert_int_equal(d.errors, 2);
	assert_string_equal(d.items[0].message, "the key 'c' stands here and on line 3");
	assert_string_equal(d.items[1].message, "the key 'a' stands here and on line 1");
	assert_int_equal(d.items[1].line, 5);
	diagnostics_fini(&d);
	assert_refused(tr_s("{1: a, 1: b}"), NULL, "duplicate-key", 1, 8);
	assert_refused(tr_s("{yes: a, true: b}"), NULL, "duplicate-key", 1, 10);
	assert_refused(tr_s("{1.5: a, 1.50: b}"), NULL, "duplicate-key", 1, 10);
	assert_reads_as("{1: a, '1': b, true: c, 'true': d}",
			"{\"1\":\"a\",\"1\":\"b\",\"true\":\"c\",\"true\":\"d\"}");
}

static void large_mappings_find_duplicates_too(void **state)
{
	(void)state;
	tr_buf text = {0};
	for (int i = 0; i < 5000; i++)
		tr_buf_putf(&text, "key%d: %d\n", i, i);
	size_t sound = text.n;
	tr_buf_puts(&text, "key17: again\n");
	assert_refused(tr_buf_str(&text), NULL, "duplicate-key", 5001, 1);
	diagnostics d;
	diagnostics_init(&d, NULL);
	yaml_document *doc = yaml_parse("t", (tr_str){text.p, sound}, NULL, &d);
	assert_non_null(doc);
	assert_int_equal(yaml_root(doc)->count, 5000);
	assert_int_equal(tr_as_int(yaml_get(yaml_root(doc), "key4999")->value, 0), 4999);
	yaml_free(&doc);
	diagnostics_fini(&d);
	tr_buf_fini(&text);
}

static void an_empty_document_has_no_root(void **state)
{
	(void)state;
	yaml_document *doc = parse("");
	assert_null(yaml_root(doc));
	yaml_free(&doc);
	doc = parse("# nothing\n---\n");
	assert_true(yaml_root(doc) == NULL || tr_is_nil(yaml_root(doc)->value));
	yaml_free(&doc);
}

static void faulty_documents_can_be_kept(void **state)
{
	(void)state;
	const yaml_limits limits = {.keep_faulty = true};
	diagnostics d;
	diagnostics_init(&d, NULL);
	yaml_document *doc = yaml_parse("t", tr_s("a: 1\na: 2\nb: 3\n"), &limits, &d);
	assert_non_null(doc);
	assert_int_equal(d.errors, 1);
	assert_int_equal(tr_as_int(yaml_get(yaml_root(doc), "a")->value, 0), 1);
	assert_int_equal(tr_as_int(yaml_get(yaml_root(doc), "b")->value, 0), 3);
	yaml_free(&doc);
	diagnostics_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(positions),
	    cmocka_unit_test(merge_keys),
	    cmocka_unit_test(anchors),
	    cmocka_unit_test(duplicate_keys_name_both_lines),
	    cmocka_unit_test(large_mappings_find_duplicates_too),
	    cmocka_unit_test(an_empty_document_has_no_root),
	    cmocka_unit_test(faulty_documents_can_be_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
