/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of tasks with SQL. */
#include "plugins/shared/sql/task.h"

int64_t sql_deadline(tr_value config, tr_value input, tr_value command)
{
	tr_value given = tr_map_get_s(input, "timeout");
	double seconds = tr_as_float(tr_is_valid(given) ? given : tr_map_get_s(config, "timeout"), 300);
	int64_t own = seconds > 0 && seconds < 1e9 ? tr_in((int64_t)(seconds * 1e9)) : TR_FOREVER;
	int64_t outer = tr_command_deadline(command);

	return own < outer ? own : outer;
}

size_t sql_max_bytes(tr_value config, tr_value input)
{
	tr_value max = tr_map_get_s(input, "max_bytes");
	int64_t bytes = tr_as_int(tr_is_valid(max) ? max : tr_map_get_s(config, "max_bytes"), 0);

	return bytes < 1 ? 1 : (size_t)bytes;
}

tr_value sql_params_fault(tr_value params, const char *kind)
{
	if (!tr_is_valid(params) || tr_is_nil(params) || tr_is(params, TR_MAP) || tr_is(params, TR_ARRAY))
		return tr_absent();
	return tr_outcome_error("input", false, "%s: params must be a list ($1, …) or a mapping (:name), not %s", kind,
				tr_type_name(tr_type_of(params)));
}
