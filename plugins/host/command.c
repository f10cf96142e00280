/* SPDX-License-Identifier: Apache-2.0 */
/* Building and taking apart the command messages. */
#include "plugins/host/command.h"

tr_value command_message(tr_pid reply_to, tr_ref ref, tr_value command)
{
	return TR_LIST(TR_A(command), tr_pid_value(reply_to), tr_ref_value(ref), command);
}

tr_value command_cancel(tr_ref ref)
{
	return TR_LIST(TR_A(cancel), tr_ref_value(ref));
}

tr_value command_answer(tr_ref ref, tr_value outcome)
{
	return TR_LIST(TR_A(event), tr_ref_value(ref), outcome);
}

bool command_parse(tr_value message, tr_pid *reply_to, tr_ref *ref, tr_value *command)
{
	const tr_value *items = tr_array_items(message);

	if (tr_array_len(message) < 4 || tr_array_len(message) > 5 || !TR_IS_A(items[0], command) ||
	    !tr_is(items[1], TR_PID) || !tr_is(items[2], TR_REF) || !tr_is(items[3], TR_MAP))
		return false;
	*reply_to = tr_as_pid(items[1]);
	*ref = tr_as_ref(items[2]);
	*command = items[3];
	return true;
}

tr_value command_behalf(tr_value message)
{
	return tr_array_at(message, 4);
}

bool command_parse_cancel(tr_value message, tr_ref *ref)
{
	const tr_value *items = tr_array_items(message);

	if (tr_array_len(message) != 2 || !TR_IS_A(items[0], cancel) || !tr_is(items[1], TR_REF))
		return false;
	*ref = tr_as_ref(items[1]);
	return true;
}

bool command_parse_answer(tr_value message, tr_ref ref, tr_value *outcome)
{
	const tr_value *items = tr_array_items(message);

	if (tr_array_len(message) != 3 || !TR_IS_A(items[0], event) || !tr_ref_eq(tr_as_ref(items[1]), ref))
		return false;
	*outcome = items[2];
	return true;
}
