/* SPDX-License-Identifier: Apache-2.0 */
/* Faults collected, sorted, printed for a person, and given as a value. */
#include "yaml_kit.h"
#include <stdlib.h>
#include <stdio.h>

static char *printed(const diagnostics *d, const char *source, bool color)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	assert_non_null(f);
	diagnostics_print(d, tr_s(source), f, color);
	fclose(f);
	return text;
}

static void printed_for_a_person(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, "orders.yaml");
	diagnostics_add(&d, DIAGNOSTIC_WARNING, "w", 3, 1, "", NULL, "later");
	diagnostics_add(&d, DIAGNOSTIC_ERROR, "no-such-step", 2, 7, "workflow[0].next", "did you mean 'fetch'?",
			"no step '%s'", "fecth");
	diagnostics_add(&d, DIAGNOSTIC_ERROR, "whole", 0, 0, "", NULL, "of the file");
	diagnostics_sort(&d);
	char *text = printed(&d, "a: 1\n\tbü: fecth\nlast: x\n", false);
	assert_string_equal(text, "orders.yaml: error: of the file\n"
				  "orders.yaml:2:7: error: no step 'fecth' (workflow[0].next)\n"
				  "     2 |  bü: fecth\n"
				  "       |       ^\n"
				  "       = hint: did you mean 'fetch'?\n"
				  "orders.yaml:3:1: warning: later\n"
				  "     3 | last: x\n"
				  "       | ^\n");
	free(text);
	text = printed(&d, "", false);
	assert_null(strstr(text, "|"));
	free(text);
	text = printed(&d, "", true);
	assert_non_null(strstr(text, "\033[1;31merror"));
	free(text);
	diagnostics_fini(&d);
}

static void nothing_from_the_source_steers_the_terminal(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, "evil\033[2J.yaml");
	diagnostics_add(&d, DIAGNOSTIC_ERROR, "x", 1, 1, "a\033[0m", "h\x07", "key '\033]0;title\x07'");
	char *text = printed(&d, "\033[31mred\x9b\xff\xc2\x9b\n", false);
	for (const char *p = text; *p != '\0'; p++)
		assert_true(*p == '\n' || (unsigned char)*p >= 0x20);
	assert_null(strstr(text, "\xc2\x9b"));
	free(text);
	diagnostics_fini(&d);
}

static void long_lines_are_shown_around_the_place(void **state)
{
	(void)state;
	tr_buf source = {0};
	for (int i = 0; i < 500; i++)
		tr_buf_putf(&source, "%03d ", i);
	diagnostics d;
	diagnostics_init(&d, "long.yaml");
	diagnostics_add(&d, DIAGNOSTIC_ERROR, "x", 1, 1201, "", NULL, "here");
	char *text = printed(&d, source.p, false);
	char *line = strchr(text, '\n') + 1, *caret = strchr(line, '\n') + 1;
	assert_true(strcspn(line, "\n") < 140);
	/* the ellipsis is one column and three bytes */
	size_t column = strcspn(caret, "^");
	assert_memory_equal(line + column + 2, "300", 3);
	free(text);
	diagnostics_fini(&d);
	tr_buf_fini(&source);
}

static void only_so_many_are_kept(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, "many.yaml");
	for (uint32_t i = 0; i < 1000; i++)
		diagnostics_add(&d, DIAGNOSTIC_ERROR, "x", i + 1, 1, "", NULL, "fault %u", (unsigned)i);
	assert_int_equal(d.count, 200);
	assert_int_equal(d.errors, 1000);
	assert_int_equal(d.dropped, 800);
	char *text = printed(&d, "", false);
	assert_non_null(strstr(text, "and 800 more"));
	free(text);
	diagnostics_fini(&d);
}

static void as_a_value(void **state)
{
	(void)state;
	diagnostics d;
	diagnostics_init(&d, "a.yaml");
	diagnostics_add(&d, DIAGNOSTIC_ERROR, "code", 4, 5, "x.y", NULL, "caf\xe9");
	tr_value v = diagnostics_to_value(&d);
	tr_value text = tr_json_string(v, TR_JSON_COMPACT);
	assert_string_equal(tr_as_cstr(text, ""),
			    "[{\"file\":\"a.yaml\",\"line\":4,\"column\":5,\"level\":\"error\",\"code\":\"code\","
			    "\"path\":\"x.y\",\"message\":\"caf\xef\xbf\xbd\",\"hint\":\"\"}]");
	tr_drop(text);
	tr_drop(v);
	diagnostics_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(printed_for_a_person),
	    cmocka_unit_test(nothing_from_the_source_steers_the_terminal),
	    cmocka_unit_test(long_lines_are_shown_around_the_place),
	    cmocka_unit_test(only_so_many_are_kept),
	    cmocka_unit_test(as_a_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
