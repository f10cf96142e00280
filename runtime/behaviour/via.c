/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching whoever has a name in a registry. */
#include <troupe/registry.h>

tr_pid tr_whereis_via(const tr_via *via)
{
	return via->registry->whereis_name(via->registry->arg, via->name);
}

tr_err tr_send_via(const tr_via *via, tr_value message)
{
	if (via->registry->send != NULL)
		return via->registry->send(via->registry->arg, via->name, message);
	tr_pid pid = tr_whereis_via(via);
	if (pid.bits != 0)
		return tr_send(pid, message);
	tr_drop(message);
	return TR_ENOPROC;
}

tr_err tr_cast_via(const tr_via *via, tr_value request)
{
	return tr_send_via(via, TR_LIST(TR_A(cast), request));
}

tr_value tr_call_via(const tr_via *via, tr_value request, int64_t deadline)
{
	tr_pid pid = tr_whereis_via(via);

	if (pid.bits != 0)
		return tr_call(pid, request, deadline);
	tr_drop(request);
	return tr_invalid(TR_ENOPROC);
}

tr_err tr_stop_via(const tr_via *via, tr_value reason, int64_t deadline)
{
	tr_pid pid = tr_whereis_via(via);

	if (pid.bits != 0)
		return tr_stop(pid, reason, deadline);
	tr_drop(reason);
	return TR_ENOPROC;
}
