/* SPDX-License-Identifier: Apache-2.0 */
/** Answers of the controllers. */
#include "actors/worker/controllers.h"

#include "plugins/host/host.h"

tr_value controllers_fault(controller which, const char *what)
{
	const char *capability = controller_capability(which);
	tr_value first = plugin_host_provider(tr_here(), capability);
	tr_value fault = TR_DICT("kind", tr_string("plugin"), "message",
				 tr_stringf("%s gave an answer that cannot be used (plugin %s is asked first): %s",
					    capability, tr_as_cstr(first, "?"), what),
				 "retryable", tr_bool(false));
	tr_drop(first);
	return fault;
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
