/* SPDX-License-Identifier: Apache-2.0 */
/* The asking side of system messages. */
#include <troupe/sys.h>

#include "runtime/behaviour/gen_code.h"

static tr_value ask(tr_pid server, const char *what, int64_t deadline)
{
	return tr_call(server, TR_LIST(TR_A(system), tr_atom(what)), deadline);
}

/* The answer (taken) of a request that gives nothing back: ok, or [error, code]. */
static tr_err told(tr_value answer)
{
	tr_err err = tr_value_err(answer);

	if (err == TR_OK && !TR_IS_A(answer, ok))
		err = (tr_err)tr_as_int(tr_array_at(answer, 1), TR_EUNSUPPORTED);
	tr_drop(answer);
	return err;
}

tr_value tr_sys_get_state(tr_pid server, int64_t deadline)
{
	return ask(server, "get_state", deadline);
}

tr_err tr_sys_replace_state(tr_pid server, tr_value state, int64_t deadline)
{
	return told(tr_call(server, TR_LIST(TR_A(system), TR_A(replace_state), state), deadline));
}

tr_err tr_sys_suspend(tr_pid server, int64_t deadline)
{
	return told(ask(server, "suspend", deadline));
}

tr_err tr_sys_resume(tr_pid server, int64_t deadline)
{
	return told(ask(server, "resume", deadline));
}

tr_value tr_sys_get_status(tr_pid server, int64_t deadline)
{
	return ask(server, "get_status", deadline);
}

tr_err tr_sys_change_code(tr_pid server, const tr_gen_server *module, int64_t deadline)
{
	return told(tr_call(server, TR_LIST(TR_A(system), tr_atom("change_code"), gen_code_value(module)), deadline));
}
