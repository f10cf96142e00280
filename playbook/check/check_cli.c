/* SPDX-License-Identifier: Apache-2.0 */
/* One file after another; the answer is the worst of them. */
#include "playbook/check/check_cli.h"
#include <troupe/codec.h>

static void print_text(const char *file, const diagnostics *d, tr_str source, bool ok, bool color, FILE *out, FILE *err)
{
	diagnostics_print(d, source, err, color);
	if (ok && d->warnings == 0)
		fprintf(out, "%s: ok\n", file);
	else if (ok)
		fprintf(out, "%s: ok, %zu warning%s\n", file, d->warnings, d->warnings == 1 ? "" : "s");
	else
		fprintf(err, "%s: %zu error%s, %zu warning%s\n", file, d->errors, d->errors == 1 ? "" : "s",
			d->warnings, d->warnings == 1 ? "" : "s");
}

static tr_value report_of(const char *file, const diagnostics *d, bool ok)
{
	tr_value name = tr_string_lossy(file, tr_s(file).n);
	return TR_DICT("file", name, "ok", tr_bool(ok), "errors", tr_int((int64_t)d->errors), "warnings",
		       tr_int((int64_t)d->warnings), "diagnostics", diagnostics_to_value(d));
}

static int print_json(tr_value reports, FILE *out, FILE *err)
{
	tr_buf text = {0};
	tr_err failed = tr_json_write(&text, reports, TR_JSON_PRETTY);
	tr_drop(reports);
	if (failed == TR_OK && text.err == TR_OK)
		fprintf(out, "%.*s\n", TR_STR(tr_buf_str(&text)));
	else
		fprintf(err, "check: %s\n", tr_err_text(failed != TR_OK ? failed : text.err));
	tr_buf_fini(&text);
	return failed == TR_OK ? 0 : 2;
}

int check_files(const char *const *files, size_t n, const check_how *how, FILE *out, FILE *err)
{
	int status = 0;
	tr_value reports = how->json ? tr_array_with(n) : tr_nil();
	for (size_t i = 0; i < n; i++) {
		diagnostics d;
		tr_buf source = {0};
		diagnostics_init(&d, files[i]);
		playbook *p = playbook_load_file(files[i], how->options, &d, &source);
		if (how->strict)
			diagnostics_strict(&d);
		bool ok = p != NULL && d.errors == 0;
		if (how->json)
			reports = tr_array_push(reports, report_of(files[i], &d, ok));
		else
			print_text(files[i], &d, tr_buf_str(&source), ok, how->color, out, err);
		status = ok ? status : 2;
		playbook_free(&p);
		tr_buf_fini(&source);
		diagnostics_fini(&d);
	}
	if (how->json && print_json(reports, out, err) != 0)
		status = 2;
	return status;
}
