/* SPDX-License-Identifier: Apache-2.0 */
/* What is converted means the same, and converting it again changes nothing. */
#include "model_kit.h"
#include "playbook/graph/yaml_write.h"
#include "playbook/yaml/yaml.h"
#include "sample.h"
#include <math.h>
#include <stdio.h>

static char *converted(const char *text)
{
	char *out = NULL;
	size_t n = 0;
	playbook *p = load_with(text, NULL, -1);
	FILE *f = open_memstream(&out, &n);
	assert_non_null(f);
	assert_int_equal(convert_write(p, f), TR_OK);
	fclose(f);
	playbook_free(&p);
	return out;
}

static void the_meaning_stays(void **state)
{
	(void)state;
	char *once = converted(sample), *twice = converted(once);
	assert_same_playbook(sample, once);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
}

static void the_later_dialect_becomes_canonical(void **state)
{
	(void)state;
	char *out = converted(
	    HEAD
	    "workflow:\n  - step: a\n    input: { id: 1 }\n    tool:\n      - name: get\n        kind: http\n"
	    "        url: http://x\n        input: { q: 2 }\n        spec:\n          policy:\n            rules:\n"
	    "              - { when: outcome.ok, then: { do: break, set: { ctx.k: 1 } } }\n"
	    "              - { else: { then: { do: fail } } }\n"
	    "    next: { spec: { mode: inclusive }, arcs: [ { step: a, when: ctx.again } ] }\n");
	assert_string_equal(
	    out, "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: test, path: tests/test }\n"
		 "workflow:\n  - step: a\n    spec: { next_mode: inclusive }\n    args: { id: 1 }\n    tool:\n"
		 "      - get:\n          kind: http\n          url: \"http://x\"\n          args: { q: 2 }\n          "
		 "eval:\n"
		 "            - expr: \"{{ outcome.ok }}\"\n              do: break\n"
		 "              set_ctx: { k: 1 }\n            - else: { do: fail }\n    next:\n"
		 "      - { step: a, when: \"{{ ctx.again }}\" }\n");
	free(out);
}

/* In rules only: elsewhere `output` may be somebody's own name, and so it may where the template binds it. */
static void output_is_called_outcome(void **state)
{
	(void)state;
	char *out = converted(
	    HEAD
	    "workflow:\n  - step: a\n    tool:\n      - get:\n          kind: http\n          url: \"{{ output.x }}\"\n"
	    "          eval:\n"
	    "            - expr: \"{{ output.status == 'output' and f.output and (output | d(output=1)).data }}\"\n"
	    "              do: continue\n"
	    "            - expr: output.data.n > 1\n              do: break\n              set_ctx:\n"
	    "                a: [\"x {{ output.data }} {% if output %}y{% endif %}\", \"{{ outputs }}\"]\n"
	    "                b: \"{% set output = 1 %}{{ output.data }}\"\n"
	    "                c: \"{% for output in [output] %}{{ output }}{% endfor %}\"\n"
	    "            - else: { do: fail, message: \"{{output.error.message}}\" }\n");
	assert_non_null(strstr(out, "url: \"{{ output.x }}\""));
	assert_non_null(strstr(out, "{{ outcome.status == 'output' and f.output and (outcome | d(output=1)).data }}"));
	assert_non_null(strstr(out, "{{ outcome.result.n > 1 }}"));
	assert_non_null(strstr(out, "x {{ outcome.result }} {% if outcome %}y{% endif %}"));
	assert_non_null(strstr(out, "{{ outputs }}"));
	assert_non_null(strstr(out, "{% set output = 1 %}{{ output.data }}"));
	assert_non_null(strstr(out, "{% for output in [output] %}{{ output }}{% endfor %}"));
	assert_non_null(strstr(out, "{{outcome.error.message}}"));
	free(out);
}

static void assert_written_and_read(tr_value v)
{
	tr_buf text = {0};
	diagnostics d;
	assert_int_equal(yaml_write(&text, v), TR_OK);
	diagnostics_init(&d, "written");
	yaml_document *doc = yaml_parse("written", tr_buf_str(&text), NULL, &d);
	if (doc == NULL)
		diagnostics_print(&d, tr_buf_str(&text), stderr, false);
	assert_non_null(doc);
	tr_value again = yaml_to_value(yaml_root(doc));
	if (!tr_equal(v, again))
		print_error("%s\n", text.p);
	assert_true(tr_equal(v, again));
	tr_drop(again);
	tr_drop(v);
	yaml_free(&doc);
	diagnostics_fini(&d);
	tr_buf_fini(&text);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static tr_value random_text(uint64_t *seed)
{
	static const char *const parts[] = {
	    "a",  "yes", "1",  "-",    ":",    " ",   "\n",           "#",    "'",   "\"",
	    "\\", "{{",  "}}", "é",    "\t",   "&",   "\xe2\x80\xa8", "\x01", "0x1", "~",
	    "|",  ">",   "@",  "1:30", "null", "- x", "...",          "---",  "%",   "\xef\xbb\xbf"};
	tr_buf text = {0};
	for (uint64_t n = next_random(seed) % 7; n > 0; n--)
		tr_buf_puts(&text, parts[next_random(seed) % (sizeof parts / sizeof *parts)]);
	tr_value v = tr_string_n(text.p == NULL ? "" : text.p, text.n);
	tr_buf_fini(&text);
	return v;
}

static tr_value random_value(uint64_t *seed, int depth)
{
	tr_value v;
	switch (next_random(seed) % (depth > 4 ? 6 : 9)) {
	case 0:
		return tr_nil();
	case 1:
		return tr_bool(next_random(seed) % 2 == 0);
	case 2:
		return tr_int((int64_t)next_random(seed) >> (next_random(seed) % 64));
	case 3:
		return tr_float((double)(int64_t)next_random(seed) / (double)(1 + next_random(seed) % 1000000));
	case 4:
	case 5:
		return random_text(seed);
	case 6:
		v = tr_array();
		for (uint64_t n = next_random(seed) % 5; n > 0; n--)
			v = tr_array_push(v, random_value(seed, depth + 1));
		return v;
	default:
		v = tr_map();
		for (uint64_t n = next_random(seed) % 5; n > 0; n--)
			v = tr_map_put(v, random_text(seed), random_value(seed, depth + 1));
		return v;
	}
}

static void any_value_is_read_back_as_it_was(void **state)
{
	(void)state;
	uint64_t seed = 20260101;
	for (int i = 0; i < 20000; i++)
		assert_written_and_read(random_value(&seed, 0));
	assert_written_and_read(TR_LIST(tr_float(HUGE_VAL), tr_float(-HUGE_VAL), tr_float((double)NAN),
					tr_float(1e-300), tr_float(1e300), tr_float(0.1), tr_float(-0.0),
					tr_float(5e-324)));
	assert_written_and_read(TR_LIST(tr_binary("\x00\xff", 2), tr_string("<<"), tr_string("="), tr_int(INT64_MIN)));
	assert_written_and_read(TR_DICT("<<", tr_int(1), "", tr_string("\n"), "k", tr_string("\n\nx\n\n")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_meaning_stays),
	    cmocka_unit_test(the_later_dialect_becomes_canonical),
	    cmocka_unit_test(output_is_called_outcome),
	    cmocka_unit_test(any_value_is_read_back_as_it_was),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
