/* SPDX-License-Identifier: Apache-2.0 */
/* What clients of a generic server use beside tr_call: casts, stop, and calls to many at once. */
#include <troupe/gen_server.h>

#include "runtime/behaviour/gen.h"

tr_err tr_cast(tr_pid to, tr_value request)
{
	return tr_send(to, TR_LIST(TR_A(cast), request));
}

tr_err tr_cast_name(const char *name, tr_value request)
{
	return tr_send_name(name, TR_LIST(TR_A(cast), request));
}

tr_err tr_stop(tr_pid server, tr_value reason, int64_t deadline)
{
	if (!tr_is_valid(reason))
		return tr_value_err(reason) != TR_OK ? tr_value_err(reason) : TR_EINVAL;
	tr_ref end = tr_monitor(server);
	if (end.bits == 0) {
		tr_drop(reason);
		return TR_ENOMEM;
	}
	gen_hold(reason);
	tr_err err = tr_send(server, TR_LIST(TR_A(system), TR_A(terminate), tr_keep(reason)));
	tr_value down = err == TR_OK ? tr_receive_ref(end, deadline) : tr_invalid(err);
	(void)gen_release(reason);
	if (!tr_is_valid(down)) {
		tr_demonitor(end);
		tr_drop(reason);
		return tr_value_err(down);
	}
	tr_value why = tr_array_at(down, 4);
	if (tr_equal(why, reason))
		err = TR_OK;
	else
		err = TR_IS_A(why, noproc) ? TR_ENOPROC : TR_EDOWN;
	tr_drop(down);
	tr_drop(reason);
	return err;
}
