/* SPDX-License-Identifier: Apache-2.0 */
/* `troupe eval`: one template, and batches of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "playbook/template/eval_cli.h"
#include "support.h"

static void once(const char *template, const char *context, int want_code, const char *want_out, const char *want_err)
{
	char *out = NULL, *err = NULL;
	size_t n, m;
	FILE *o = open_memstream(&out, &n), *e = open_memstream(&err, &m);
	int code = template_eval_once(tr_s(template), tr_s(context), o, e);

	fclose(o);
	fclose(e);
	assert_int_equal(code, want_code);
	assert_string_equal(out, want_out);
	assert_string_equal(err, want_err);
	free(out);
	free(err);
}

static void one_template(void **state)
{
	(void)state;
	once("{{ a + 1 }}", "{\"a\": 2}", 0, "3\n", "");
	once("hello {{ name }}", "{\"name\": \"x\"}", 0, "\"hello x\"\n", "");
	once("{{ [1, none] }}", "", 0, "[1,null]\n", "");
	once("{{ nmae.x }}", "{\"name\": 1}", 2, "", "1:4: 'nmae' is undefined; did you mean 'name'?\n");
	once("{{ ", "", 2, "", "1:4: expected an expression, found the end of the template\n");
	once("x", "[1]", 2, "", "1:1: the context must be a JSON object\n");
	/* One line, and nothing in it that moves a terminal's cursor. */
	once("{{ {'a\\n\xc2\x9b\xe2\x80\xae': 1}['b'].c }}", "", 2, "",
	     "1:4: '{'a\\n\\x9b\\u{202e}': 1}['b']' is undefined: there is no such key or attribute\n");
}

static void a_batch(void **state)
{
	static const char in[] = "{\"template\": \"{{ x * 2 }}\", \"context\": {\"x\": 4}}\n"
				 "{\"template\": \"{{ 1 / 0 }}\"}\n"
				 "not json\n"
				 "{\"template\": \"{{ [1] }}\", \"text\": true}\n"
				 "{\"template\": \"a\\u00e9{{ y }}\", \"context\": {}}";
	static const char want[] =
	    "{\"value\":8}\n"
	    "{\"error\":\"1:4: division by zero\"}\n"
	    "{\"error\":\"1:1: a line must be {\\\"template\\\": text, \\\"context\\\": object}\"}\n"
	    "{\"value\":\"[1]\"}\n"
	    "{\"value\":\"aé\"}\n";
	char *out = NULL;
	size_t n;
	FILE *i = fmemopen((void *)(uintptr_t)in, strlen(in), "r"), *o = open_memstream(&out, &n);

	(void)state;
	assert_int_equal(template_eval_batch(i, o), 0);
	fclose(i);
	fclose(o);
	assert_string_equal(out, want);
	free(out);
}

/* As /dev/zero would be: it is not kept until it ends. */
static void a_line_without_end(void **state)
{
	const size_t size = (size_t)17 << 20;
	char *in = tr_alloc(size), *out = NULL;
	size_t n;

	(void)state;
	assert_non_null(in);
	FILE *i = fmemopen(in, size, "r"), *o = open_memstream(&out, &n);
	assert_int_equal(template_eval_batch(i, o), 2);
	assert_true(ftell(i) < (long)size);
	fclose(i);
	fclose(o);
	assert_non_null(strstr(out, "16 MiB"));
	assert_ptr_equal(strchr(out, '\n'), out + n - 1); /* one answer, not one for each piece */
	free(out);
	tr_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_template),
	    cmocka_unit_test(a_batch),
	    cmocka_unit_test(a_line_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
