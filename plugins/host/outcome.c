/* SPDX-License-Identifier: Apache-2.0 */
/* Outcomes: what a command ends in. The helpers of <troupe/plugin.h>. */
#include "plugins/host/command.h"
#include <stdio.h>

tr_value tr_outcome_ok(tr_value result)
{
	if (!tr_is_valid(result) && tr_value_err(result) == TR_OK)
		result = tr_nil();
	return TR_DICT("status", tr_word("success"), "result", result);
}

/* Text from printf whose arguments may hold bytes that are not UTF-8. */
static tr_value TR_PRINTF(1, 0) message_text(const char *fmt, va_list args)
{
	char small[512];
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(small, sizeof(small), fmt, args);
	tr_value text = tr_absent();
	if (n < 0) {
		text = tr_string(fmt);
	} else if ((size_t)n < sizeof(small)) {
		text = tr_string_lossy(small, (size_t)n);
	} else {
		char *big = tr_alloc((size_t)n + 1);
		if (big == NULL) {
			text = tr_string_lossy(small, sizeof(small) - 1);
		} else {
			vsnprintf(big, (size_t)n + 1, fmt, again);
			text = tr_string_lossy(big, (size_t)n);
			tr_free(big);
		}
	}
	va_end(again);
	return text;
}

tr_value tr_outcome_error(const char *kind, bool retryable, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tr_value text = message_text(fmt, args);
	va_end(args);
	return TR_DICT("status", tr_string("error"), "error",
		       TR_DICT("kind", tr_string(kind), "message", text, "retryable", tr_bool(retryable)));
}

tr_value tr_grant_missing(const char *grant)
{
	return tr_stringf("the grant %s is missing: the operator gives it with --grant %s, or to one plugin in the "
			  "configuration, plugins.each.ID.grants",
			  grant, grant);
}

tr_value tr_outcome_denied(const char *grant, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tr_value what = message_text(fmt, args), missing = tr_grant_missing(grant);
	va_end(args);
	tr_value outcome = tr_outcome_error("denied", false, "%s: %s", tr_as_cstr(what, ""), tr_as_cstr(missing, ""));
	tr_drop(what);
	tr_drop(missing);
	return outcome;
}

tr_value tr_outcome_put(tr_value outcome, const char *key, tr_value value)
{
	return tr_map_put_s(outcome, key, value);
}

tr_value tr_outcome_error_put(tr_value outcome, const char *key, tr_value value)
{
	tr_value error = tr_map_get_s(outcome, "error");

	error = tr_is(error, TR_MAP) ? tr_keep(error) : tr_map();
	return tr_map_put_s(outcome, "error", tr_map_put_s(error, key, value));
}

tr_value tr_command_input(tr_value command, const char *key)
{
	return TR_GET(command, "input", key);
}

int64_t tr_command_deadline(tr_value command)
{
	return tr_as_int(TR_GET(command, "context", "deadline_ns"), TR_FOREVER);
}

tr_value outcome_checked(tr_value v, const char *plugin)
{
	tr_str status = tr_as_str(tr_map_get_s(v, "status"));

	if (tr_str_is(status, "success") || tr_str_is(status, "error"))
		return v;
	tr_value out;
	if (!tr_is_valid(v)) {
		tr_err err = tr_value_err(v);
		out = tr_outcome_error("plugin", err == TR_ENOMEM, "plugin %s gave no outcome: %s", plugin,
				       err == TR_OK ? "nothing was returned" : tr_err_text(err));
	} else {
		out = tr_outcome_error("plugin", false,
				       "plugin %s returned a %s without a known status instead of an outcome", plugin,
				       tr_type_name(tr_type_of(v)));
	}
	tr_drop(v);
	return out;
}

void reason_text(tr_buf *out, tr_value reason)
{
	tr_value text = reason;

	if (tr_array_len(reason) == 2 && TR_IS_A(tr_array_at(reason, 0), crash))
		text = tr_array_at(reason, 1);
	if (tr_is(text, TR_STRING)) {
		tr_str s = tr_as_str(text);
		tr_buf_put(out, s.p, s.n);
	} else {
		tr_show(out, text, 500);
	}
}
