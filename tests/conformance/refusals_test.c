/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every playbook in tests/conformance/bad/ is loaded; what is said must be exactly what stands in its .diag file, one
 * fault or warning a line: `line:column level code path | message`. With TROUPE_UPDATE=1 the files are written anew.
 * A first line `# lenient` loads it so. Each refusal of docs/playbook.md, "Document", must be met by some file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "playbook/model/model.h"
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER TEST_SOURCE_DIR "/tests/conformance/bad/"

static const char *const must_be_met[] = {
    "unknown-key",
    "step-without-name",
    "duplicate-step",
    "no-such-step",
    "empty-step",
    "loop-without-in",
    "loop-without-iterator",
    "unknown-kind",
    "no-such-label",
    "duplicate-label",
    "template-syntax",
    "bad-value",
    "retry-unbounded",
    "both-forms",
    "unreachable-step",
    "unknown-name",
    "missing-key",
    "deprecated",
    "wrong-type",
    "bad-name",
    "no-kind",
    "no-steps",
    "empty",
    "yaml-syntax",
    "duplicate-key",
    "cyclic-alias",
    "too-many-nodes",
    "too-deep",
    "bad-encoding",
    "second-document",
    "bad-reducer",
    "immutable",
    "step-vars",
    "arc-without-step",
    "unknown-tag",
    "integer-range",
    "bad-key",
    "bad-merge",
    "unknown-alias",
    "bad-character",
    "no-such-entry",
    "duplicate-entry",
    "entry-without-name",
    "never-tried",
    "arc-never-taken",
    "no-label",
    "bad-task",
    "api-version",
    "no-name",
    "bad-condition",
    "bad-scalar",
    "text-condition",
    "loop-over-text",
};

static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	char *text = malloc(1 << 20);
	assert_non_null(text);
	*n = fread(text, 1, (1 << 20) - 1, f);
	text[*n] = '\0';
	fclose(f);
	return text;
}

static void describe(const diagnostics *d, tr_buf *to)
{
	for (size_t i = 0; i < d->count; i++) {
		const diagnostic *x = &d->items[i];
		tr_buf_putf(to, "%u:%u %s %s %s | %s", (unsigned)x->line, (unsigned)x->column,
			    x->level == DIAGNOSTIC_ERROR ? "error" : "warning", x->code,
			    x->path[0] == '\0' ? "-" : x->path, x->message);
		if (x->hint[0] != '\0')
			tr_buf_putf(to, " | %s", x->hint);
		tr_buf_putc(to, '\n');
	}
}

/* "bad/x.yaml" -> "bad/x.diag" */
static void diag_path(const char *file, char *to, size_t size)
{
	snprintf(to, size, "%.*s.diag", (int)(strrchr(file, '.') - file), file);
}

static void update(const char *path, tr_str said)
{
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(said.p, 1, said.n, f), said.n);
	assert_int_equal(fclose(f), 0);
}

static bool check_one(const char *file, bool *met)
{
	char expected_path[512];
	diagnostics d;
	tr_buf said = {0};
	size_t n;
	char *text = slurp(file, &n);
	assert_non_null(text);
	pb_check_options options = {.lenient = strncmp(text, "# lenient", 9) == 0};
	diagnostics_init(&d, strrchr(file, '/') + 1);
	playbook *p = playbook_load(strrchr(file, '/') + 1, (tr_str){text, n}, &options, &d);
	bool same = (p == NULL) == (d.errors > 0);
	describe(&d, &said);
	diag_path(file, expected_path, sizeof expected_path);
	if (getenv("TROUPE_UPDATE") != NULL)
		update(expected_path, tr_buf_str(&said));
	char *expected = slurp(expected_path, &n);
	if (expected == NULL || !tr_str_eq((tr_str){expected, n}, tr_buf_str(&said))) {
		print_error("%s\n--- expected\n%s--- said\n%s", file, expected == NULL ? "" : expected, said.p);
		same = false;
	}
	for (size_t i = 0; i < d.count; i++) {
		for (size_t k = 0; k < sizeof must_be_met / sizeof *must_be_met; k++)
			met[k] = met[k] || strcmp(must_be_met[k], d.items[i].code) == 0;
	}
	playbook_free(&p);
	free(text);
	free(expected);
	tr_buf_fini(&said);
	diagnostics_fini(&d);
	return same;
}

static void every_bad_playbook_is_refused_as_written(void **state)
{
	(void)state;
	glob_t files;
	bool met[sizeof must_be_met / sizeof *must_be_met] = {0};
	size_t failed = 0;
	assert_int_equal(glob(FOLDER "*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		failed += check_one(files.gl_pathv[i], met) ? 0 : 1;
	assert_true(files.gl_pathc >= 50);
	globfree(&files);
	for (size_t k = 0; k < sizeof must_be_met / sizeof *must_be_met; k++) {
		if (!met[k])
			print_error("no playbook shows '%s'\n", must_be_met[k]);
		failed += met[k] ? 0 : 1;
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_bad_playbook_is_refused_as_written)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
