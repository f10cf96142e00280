/* SPDX-License-Identifier: Apache-2.0 */
/** Places of errors. */
#include "actors/worker/place.h"

tr_value fault_place(const playbook *book, tr_value error, pb_pos at)
{
	bool known = tr_as_int(tr_map_get_s(error, "line"), 0) > 0;
	if (!tr_is(error, TR_MAP) || (!known && at.line == 0))
		return error;
	if (!tr_is(tr_map_get_s(error, "file"), TR_STRING))
		error = tr_map_put_s(error, "file", tr_string(book->file != NULL ? book->file : "<playbook>"));
	if (known)
		return error;
	error = tr_map_put_s(error, "line", tr_int(at.line));
	return tr_map_put_s(error, "column", tr_int(at.column));
}

tr_value fault_place_of(tr_value error, tr_value other)
{
	static const char *const keys[] = {"file", "line", "column"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		tr_value v = tr_map_get_s(other, keys[i]);
		if (tr_is_valid(v))
			error = tr_map_put_s(error, keys[i], tr_keep(v));
	}
	return error;
}

pb_pos task_place(const pb_task *task)
{
	return task->input.line > 0 ? task->input : task->pos;
}
