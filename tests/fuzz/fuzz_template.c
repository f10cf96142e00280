/* SPDX-License-Identifier: Apache-2.0 */
/* USES: template value */
/* Any bytes as a template: compiled, and when that works evaluated under tight bounds in each undefined mode. The first
 * byte chooses the mode and the options. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <troupe/codec.h>
#include <troupe/template.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char context_json[] =
    "{\"n\": 7, \"f\": 2.5, \"s\": \"Hello W\u00f6rld\", \"e\": \"\", \"t\": true, \"nil\": null, \"xs\": [3, 1, 2],"
    "\"d\": {\"a\": 1, \"b\": [1, {\"c\": \"x\"}]}, \"users\": [{\"name\": \"ann\", \"age\": 31, \"on\": true},"
    "{\"name\": \"Bob\", \"age\": 25, \"on\": false}], \"html\": \"<a href='x'>&amp;</a>\"}";

static void note(void *arg, tr_str expression, uint32_t line, uint32_t column)
{
	/* What is reported must be text of the template, at a place in it. */
	if (line == 0 || column == 0 || !tr_utf8_valid(expression, NULL))
		abort();
	(*(size_t *)arg)++;
}

static void check_error(const tr_template_error *error)
{
	if (error->err == TR_OK || error->message[0] == '\0' || error->line == 0 || error->column == 0)
		abort();
	if (!tr_utf8_valid(tr_s(error->message), NULL) || !tr_utf8_valid(tr_s(error->hint), NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const tr_template_limits limits = {.max_source = 65536,
						  .max_depth = 60,
						  .max_output = 100000,
						  .max_instructions = 20000,
						  .max_memory = 2000000};
	uint8_t choice = size > 0 ? data[0] : 0;
	tr_str text = {(const char *)data + (size > 0), size - (size > 0)};
	tr_template_options options = {.limits = limits,
				       .trim_blocks = (choice & 4) != 0,
				       .lstrip_blocks = (choice & 8) != 0,
				       .keep_trailing_newline = (choice & 16) != 0};
	size_t reports = 0;
	tr_eval_options how = {.undefined = (tr_undefined_mode)((choice & 3) % 3),
			       .limits = limits,
			       .on_undefined = note,
			       .on_undefined_arg = &reports,
			       .now_us = 1,
			       .seed = 1,
			       .native = (choice & 32) != 0};
	tr_template_error error;
	tr_template *t = (choice & 64) ? tr_template_compile_expr(text, &options, &error)
				       : tr_template_compile(text, &options, &error);

	if (t == NULL) {
		check_error(&error);
		return 0;
	}
	tr_value context = tr_json_read(tr_s(context_json), NULL, NULL);
	tr_scope scope = tr_scope_of_map(&context);
	tr_value before = tr_json_string(context, TR_JSON_COMPACT), v = tr_template_eval(t, &scope, &how, &error);
	if (!tr_is_valid(v))
		check_error(&error);
	tr_value after = tr_json_string(context, TR_JSON_COMPACT), shown = tr_python_str(v);
	if (!tr_equal(before, after))
		abort(); /* a template changed its context */
	if (tr_is(v, TR_STRING) && (tr_as_str(v).n > limits.max_output || !tr_utf8_valid(tr_as_str(v), NULL)) &&
	    !how.native)
		abort();
	tr_drop(shown);
	tr_drop(before);
	tr_drop(after);
	tr_drop(v);
	tr_drop(context);
	tr_template_free(&t);
	return 0;
}
