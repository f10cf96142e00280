/* SPDX-License-Identifier: Apache-2.0 */
/** Answers of the controllers. */
#include "actors/worker/controllers.h"

tr_value controllers_fault(controller which, const char *what)
{
	return TR_DICT("kind", tr_string("plugin"), "message",
		       tr_stringf("%s gave an answer that cannot be used: %s", controller_capability(which), what),
		       "retryable", tr_bool(false));
}

tr_value controllers_answer(const pure_table *t, controller which, tr_value question, tr_value *error)
{
	tr_value outcome = controller_ask(t, which, question), result, failure;

	if (tr_str_is(tr_as_str(tr_map_get_n(outcome, "status", 6)), "success")) {
		result = tr_map_get_n(outcome, "result", 6);
		result = tr_is_valid(result) ? tr_keep(result) : tr_nil();
		tr_drop(outcome);
		return result;
	}
	failure = tr_map_get_s(outcome, "error");
	tr_assign(error,
		  tr_is(failure, TR_MAP) ? tr_keep(failure) : controllers_fault(which, "an error without a reason"));
	tr_drop(outcome);
	return tr_invalid(TR_EINVAL);
}
