/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a run, for programs and for people. */
#include "cli/report.h"

#include "cli/command.h"
#include "cli/escape.h"
#include "cli/fault_text.h"
#include "cli/style.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <troupe/codec.h>

#define WARNINGS_SHOWN 20

static tr_value time_text(int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	char text[40];
	if (gmtime_r(&seconds, &tm) == NULL || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return tr_nil();
	return tr_stringf("%s.%06dZ", text, (int)(us % 1000000));
}

static tr_value or_nil(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

static tr_value or_map(tr_value v)
{
	return tr_is(v, TR_MAP) ? tr_keep(v) : tr_map();
}

static tr_value steps_of(tr_value steps)
{
	tr_value out = tr_map_with(tr_map_len(steps));
	const tr_entry *entries = tr_map_entries(steps);
	for (size_t i = 0; i < tr_map_len(steps); i++) {
		tr_value s = entries[i].value;
		tr_value shown =
		    TR_DICT("status", or_nil(tr_map_get_s(s, "status")), "runs", or_nil(tr_map_get_s(s, "runs")),
			    "result", or_nil(tr_map_get_s(s, "result")), "error", or_nil(tr_map_get_s(s, "error")));
		out = tr_map_put(out, tr_keep(entries[i].key), shown);
	}
	return out;
}

static bool is_before(tr_value a, tr_value b)
{
	int64_t la = tr_as_int(tr_map_get_s(a, "line"), 0), lb = tr_as_int(tr_map_get_s(b, "line"), 0);
	return la != lb ? la < lb : tr_as_int(tr_map_get_s(a, "column"), 0) < tr_as_int(tr_map_get_s(b, "column"), 0);
}

/* `outcome.error.kind` on a success: rules ask for it whether there was an error or not. Its event is in the log. */
static bool is_usual(tr_value warning)
{
	static const char *const asked[] = {"outcome.error", "output.error"};
	tr_str message = tr_as_str(tr_map_get_s(warning, "message"));
	if (!tr_str_is(tr_as_str(tr_map_get_s(warning, "code")), "undefined"))
		return false;
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		size_t n = strlen(asked[i]);
		if (message.n > n && memcmp(message.p, asked[i], n) == 0 &&
		    (message.p[n] == '.' || message.p[n] == ' '))
			return true;
	}
	return false;
}

tr_value report_warnings(tr_value warnings)
{
	tr_value sorted = tr_array(), out = tr_array();
	for (size_t i = 0; i < tr_array_len(warnings); i++) {
		tr_value one = tr_array_at(warnings, i);
		if (is_usual(one))
			continue;
		size_t at = tr_array_len(sorted);
		while (at > 0 && is_before(one, tr_array_at(sorted, at - 1)))
			at--;
		tr_value behind = tr_array_slice(sorted, at, tr_array_len(sorted));
		tr_assign(&sorted, tr_array_slice(sorted, 0, at));
		sorted = tr_array_concat(tr_array_push(sorted, tr_keep(one)), behind);
	}
	for (size_t i = 0; i < tr_array_len(sorted); i++) {
		tr_value w = tr_array_at(sorted, i);
		out = tr_array_push(
		    out, TR_DICT("code", or_nil(tr_map_get_s(w, "code")), "message", or_nil(tr_map_get_s(w, "message")),
				 "file", or_nil(tr_map_get_s(w, "file")), "line", or_nil(tr_map_get_s(w, "line")),
				 "column", or_nil(tr_map_get_s(w, "column"))));
	}
	tr_drop(sorted);
	return out;
}

tr_value report_object(int64_t execution_id, const char *playbook, tr_value summary)
{
	tr_value failures = tr_map_get_s(summary, "failures");
	int64_t started = tr_as_int(tr_map_get_s(summary, "started_at_us"), 0);
	double ms = (double)tr_as_int(tr_map_get_s(summary, "duration_us"), 0) / 1000.0;
	return TR_DICT("execution_id", tr_stringf("%" PRId64, execution_id), "playbook",
		       tr_string_lossy(playbook, strlen(playbook)), "status", or_nil(tr_map_get_s(summary, "status")),
		       "started_at", time_text(started), "duration_ms", tr_float(ms), "result",
		       or_nil(tr_map_get_s(summary, "result")), "ctx", or_map(tr_map_get_s(summary, "ctx")), "steps",
		       steps_of(tr_map_get_s(summary, "steps")), "failures",
		       tr_is(failures, TR_ARRAY) ? tr_keep(failures) : tr_array(), "warnings",
		       report_warnings(tr_map_get_s(summary, "warnings")));
}

static void print_failures(FILE *err, const style *s, tr_value failures)
{
	for (size_t i = 0; i < tr_array_len(failures); i++) {
		tr_value f = tr_array_at(failures, i);
		tr_value error = tr_map_get_s(f, "error");
		tr_value from = tr_is(error, TR_MAP) ? error : f;
		char step[256], message[4000], kind[120];
		(void)escape_into(step, sizeof step, tr_s(tr_as_cstr(tr_map_get_s(f, "step"), "execution")));
		tr_value text = fault_text(from);
		(void)escape_into(message, sizeof message, tr_s(tr_as_cstr(text, "no message")));
		tr_drop(text);
		(void)escape_into(kind, sizeof kind, tr_as_str(tr_map_get_s(from, "kind")));
		fprintf(err, "  %s%s%s: %s", style_bold(s), step, style_off(s), message);
		if (kind[0] != '\0')
			fprintf(err, " (%s)", kind);
		fputc('\n', err);
	}
}

/* A step that failed and was followed by an arc all the same: its guard may have been meant for something else. */
static void print_passed_over(FILE *err, const style *s, tr_value steps, tr_value failures)
{
	for (size_t i = 0; i < tr_map_len(steps); i++) {
		const tr_entry *e = &tr_map_entries(steps)[i];
		tr_value error = tr_map_get_s(e->value, "error");
		bool listed = false;
		char step[256], message[4000];
		for (size_t k = 0; k < tr_array_len(failures); k++)
			listed = listed || tr_equal(tr_map_get_s(tr_array_at(failures, k), "step"), e->key);
		if (listed || !tr_str_is(tr_as_str(tr_map_get_s(e->value, "status")), "failed"))
			continue;
		tr_value text = fault_text(error);
		fprintf(err, "  %s%s%s failed, and an arc went on from it: %s\n", style_bold(s),
			escape_into(step, sizeof step, tr_as_str(e->key)), style_off(s),
			escape_into(message, sizeof message, tr_s(tr_as_cstr(text, "no message"))));
		tr_drop(text);
	}
}

void report_print_warnings(FILE *out, const style *s, tr_value warnings)
{
	for (size_t i = 0; i < tr_array_len(warnings) && i < WARNINGS_SHOWN; i++) {
		tr_value w = tr_array_at(warnings, i);
		char message[1000];
		fprintf(out, "  %swarning%s, line %lld: %s\n", style_yellow(s), style_off(s),
			(long long)tr_as_int(tr_map_get_s(w, "line"), 0),
			escape_into(message, sizeof message, tr_as_str(tr_map_get_s(w, "message"))));
	}
	if (tr_array_len(warnings) > WARNINGS_SHOWN)
		fprintf(out, "  … and %zu more warnings; --json shows all\n", tr_array_len(warnings) - WARNINGS_SHOWN);
}

void report_print(FILE *out, FILE *err, tr_value object)
{
	style s = style_of(err);
	char took[32], name[256];
	const char *status = tr_as_cstr(tr_map_get_s(object, "status"), "unknown");
	bool good = strcmp(status, "success") == 0;
	(void)duration_text(took, sizeof took, (long long)(tr_as_float(tr_map_get_s(object, "duration_ms"), 0) * 1000));
	fprintf(err, "%s%s%s: %s in %s, execution %s\n", good ? style_green(&s) : style_red(&s), status, style_off(&s),
		escape_into(name, sizeof name, tr_as_str(tr_map_get_s(object, "playbook"))), took,
		tr_as_cstr(tr_map_get_s(object, "execution_id"), "?"));
	if (strcmp(status, "stalled") == 0)
		fprintf(err, "  'troupe show %s' tells what waits, and for what\n",
			tr_as_cstr(tr_map_get_s(object, "execution_id"), "last"));
	print_failures(err, &s, tr_map_get_s(object, "failures"));
	print_passed_over(err, &s, tr_map_get_s(object, "steps"), tr_map_get_s(object, "failures"));
	report_print_warnings(err, &s, tr_map_get_s(object, "warnings"));
	fflush(err);
	tr_value result = tr_map_get_s(object, "result");
	tr_buf text = {0};
	if (!tr_is_nil(result) && tr_json_write(&text, result, TR_JSON_PRETTY) == TR_OK)
		fprintf(out, "%s\n", text.p);
	tr_buf_fini(&text);
}

int report_exit_code(tr_value object, bool interrupted)
{
	tr_str status = tr_as_str(tr_map_get_s(object, "status"));
	if (interrupted && tr_str_is(status, "cancelled"))
		return EXIT_INTERRUPTED;
	return tr_str_is(status, "success") ? EXIT_OK : EXIT_FAILED;
}
