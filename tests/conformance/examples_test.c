/* SPDX-License-Identifier: Apache-2.0 */
/* The playbook that docs/playbook.md begins with, and those in examples/playbooks/, are sound and without warnings. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "playbook/model/model.h"
#include <glob.h>
#include <string.h>

static void assert_sound(const char *file, tr_str text, size_t *steps)
{
	diagnostics d;
	diagnostics_init(&d, file);
	playbook *p = playbook_load(file, text, NULL, &d);
	diagnostics_print(&d, text, stderr, false);
	assert_non_null(p);
	assert_int_equal(d.warnings, 0);
	*steps = p->step_count;
	playbook_free(&p);
	diagnostics_fini(&d);
}

static void the_reference_begins_with_a_sound_playbook(void **state)
{
	(void)state;
	tr_buf text = {0};
	FILE *f = fopen(TEST_SOURCE_DIR "/docs/playbook.md", "rb");
	assert_non_null(f);
	char *at = tr_buf_reserve(&text, 1 << 20);
	assert_non_null(at);
	text.n = fread(at, 1, (1 << 20) - 1, f);
	at[text.n] = '\0';
	fclose(f);
	const char *from = strstr(at, "```yaml\napiVersion");
	assert_non_null(from);
	from += strlen("```yaml\n");
	const char *to = strstr(from, "```");
	assert_non_null(to);
	size_t steps;
	assert_sound("docs/playbook.md", (tr_str){from, (size_t)(to - from)}, &steps);
	assert_int_equal(steps, 3);
	tr_buf_fini(&text);
}

static void the_examples_are_sound(void **state)
{
	(void)state;
	glob_t files;
	assert_int_equal(glob(TEST_SOURCE_DIR "/examples/playbooks/*.yaml", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 6);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		diagnostics d;
		tr_buf source = {0};
		diagnostics_init(&d, files.gl_pathv[i]);
		playbook *p = playbook_load_file(files.gl_pathv[i], NULL, &d, &source);
		diagnostics_print(&d, tr_buf_str(&source), stderr, false);
		assert_non_null(p);
		assert_int_equal(d.warnings, 0);
		playbook_free(&p);
		tr_buf_fini(&source);
		diagnostics_fini(&d);
	}
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_reference_begins_with_a_sound_playbook),
	    cmocka_unit_test(the_examples_are_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
