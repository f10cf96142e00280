/* SPDX-License-Identifier: Apache-2.0 */
/* docs/playbook.schema.json is what the checker's tables say. `--write` (or TROUPE_UPDATE=1) writes it anew. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "playbook/check/json_schema.h"
#include "playbook/check/kinds.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

#define SCHEMA_FILE TEST_SOURCE_DIR "/docs/playbook.schema.json"

static void schema_text(tr_buf *to)
{
	tr_value schema = json_schema();
	assert_true(tr_is(schema, TR_MAP));
	assert_int_equal(tr_json_write(to, schema, TR_JSON_PRETTY), TR_OK);
	tr_buf_putc(to, '\n');
	tr_drop(schema);
}

static void write_file(void)
{
	tr_buf text = {0};
	schema_text(&text);
	FILE *f = fopen(SCHEMA_FILE, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	assert_int_equal(fclose(f), 0);
	tr_buf_fini(&text);
}

static void the_file_is_up_to_date(void **state)
{
	(void)state;
	tr_buf text = {0}, found = {0};
	schema_text(&text);
	FILE *f = fopen(SCHEMA_FILE, "rb");
	assert_non_null(f);
	char *at = tr_buf_reserve(&found, 1 << 20);
	assert_non_null(at);
	found.n = fread(at, 1, 1 << 20, f);
	fclose(f);
	assert_true(tr_str_eq(tr_buf_str(&text), tr_buf_str(&found)));
	tr_buf_fini(&text);
	tr_buf_fini(&found);
}

/* Every $ref leads somewhere. */
static void refs_hold(tr_value schema, tr_value v)
{
	const tr_entry *entries = tr_map_entries(v);
	for (size_t i = 0; i < tr_map_len(v); i++) {
		if (strcmp(tr_as_cstr(entries[i].key, ""), "$ref") == 0) {
			const char *to = tr_as_cstr(entries[i].value, "");
			assert_int_equal(strncmp(to, "#/$defs/", 8), 0);
			assert_true(tr_is(TR_GET(schema, "$defs", to + 8), TR_MAP));
		}
		refs_hold(schema, entries[i].value);
	}
	for (size_t i = 0; i < tr_array_len(v); i++)
		refs_hold(schema, tr_array_at(v, i));
}

static void every_reference_is_defined(void **state)
{
	(void)state;
	tr_value schema = json_schema();
	refs_hold(schema, schema);
	tr_drop(schema);
}

static void every_kind_is_described(void **state)
{
	(void)state;
	size_t count;
	const tool_kind *const *kinds = kind_table(&count);
	tr_value schema = json_schema();
	for (size_t i = 0; i < count; i++) {
		char name[64];
		snprintf(name, sizeof name, "kind_%s", kinds[i]->name);
		assert_true(tr_is(TR_GET(schema, "$defs", name, "properties"), TR_MAP));
	}
	tr_drop(schema);
}

/* Of what the tables cannot say: a bound for retry, a label for jump, one source for a loop, at least one step. */
static void what_belongs_together_is_required(void **state)
{
	(void)state;
	tr_value schema = json_schema(), defs = tr_map_get_s(schema, "$defs");
	static const char *const rules[] = {"rule", "directive"};
	for (size_t i = 0; i < 2; i++) {
		tr_value all = TR_GET(defs, rules[i], "allOf");
		assert_int_equal(tr_array_len(all), 2);
		assert_string_equal(tr_as_cstr(TR_GET(tr_array_at(all, 0), "if", "properties", "do", "const"), ""),
				    "retry");
		assert_int_equal(tr_array_len(TR_GET(tr_array_at(all, 0), "then", "anyOf")), 2);
		assert_string_equal(tr_as_cstr(TR_GET(tr_array_at(all, 1), "if", "properties", "do", "const"), ""),
				    "jump");
	}
	assert_int_equal(tr_array_len(TR_GET(defs, "loop", "oneOf")), 2);
	tr_value steps = tr_array_at(TR_GET(schema, "properties", "workflow", "anyOf"), 0);
	assert_int_equal(tr_as_int(tr_map_get_s(steps, "minItems"), 0), 1);
	tr_drop(schema);
}

int main(int argc, char **argv)
{
	if ((argc > 1 && strcmp(argv[1], "--write") == 0) || getenv("TROUPE_UPDATE") != NULL)
		write_file();
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_file_is_up_to_date),
	    cmocka_unit_test(every_reference_is_defined),
	    cmocka_unit_test(every_kind_is_described),
	    cmocka_unit_test(what_belongs_together_is_required),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
