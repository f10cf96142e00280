/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and places. */
#include "cli/fault_text.h"

#include <string.h>

/* Takes text. A task that was tried again until it might no more has the count, one whose last run went well says so
 * itself. */
static tr_value with_attempts(tr_value error, tr_value text)
{
	long long attempts = tr_as_int(tr_map_get_s(error, "attempts"), 0);

	if (attempts < 1 || !tr_is(text, TR_STRING) ||
	    tr_str_is(tr_as_str(tr_map_get_s(error, "kind")), "retries_spent"))
		return text;
	tr_value out = tr_stringf("%s, %lld of %lld attempts", tr_as_cstr(text, ""), attempts, attempts);
	tr_drop(text);
	return out;
}

static tr_value with_place(tr_value error)
{
	tr_value message = tr_map_get_s(error, "message"), file = tr_map_get_s(error, "file");
	long long line = tr_as_int(tr_map_get_s(error, "line"), 0),
		  column = tr_as_int(tr_map_get_s(error, "column"), 0);

	if (!tr_is(message, TR_STRING))
		return tr_absent();
	if (line < 1 || !tr_is(file, TR_STRING))
		return tr_keep(message);
	tr_value place = tr_stringf("%s:%lld", tr_as_cstr(file, ""), line);
	const char *text = tr_as_cstr(message, "");
	bool said = strstr(text, tr_as_cstr(place, "?")) != NULL;
	tr_value out = said         ? tr_keep(message)
		       : column > 0 ? tr_stringf("%s (%s:%lld)", text, tr_as_cstr(place, ""), column)
				    : tr_stringf("%s (%s)", text, tr_as_cstr(place, ""));
	tr_drop(place);
	return out;
}

tr_value fault_text(tr_value error)
{
	return with_attempts(error, with_place(error));
}
