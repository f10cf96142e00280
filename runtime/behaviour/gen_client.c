/* SPDX-License-Identifier: Apache-2.0 */
/* What clients of a generic server use beside tr_call: casts, stop, and calls to many at once. */
#include <troupe/gen_server.h>

#include "runtime/actor/hooks.h"
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

/* Reply or DOWN of each call; what was answered goes into the map. Ends all calls. */
static tr_value collect(const tr_pid *servers, const tr_ref *refs, size_t n, int64_t deadline)
{
	tr_value replies = tr_map_with(n);

	for (size_t i = 0; i < n; i++) {
		if (refs[i].bits == 0)
			continue;
		gen_hold(replies);
		tr_value message = tr_receive_ref(refs[i], deadline);
		if (tr_is_valid(message))
			kernel_call_end(refs[i]);
		else
			gen_call_abandon(refs[i]);
		replies = gen_release(replies);
		if (TR_IS_A(tr_array_at(message, 0), reply))
			replies = tr_map_put(replies, tr_pid_value(servers[i]), tr_keep(tr_array_at(message, 2)));
		tr_drop(message);
	}
	return replies;
}

tr_value tr_multi_call(const tr_pid *servers, size_t n, tr_value request, int64_t deadline)
{
	if (!tr_is_valid(request))
		return tr_value_err(request) != TR_OK ? request : tr_invalid(TR_EINVAL);
	tr_ref *refs = tr_alloc((n + 1) * sizeof(*refs));
	if (refs == NULL || tr_own(refs, tr_free) != TR_OK) {
		tr_drop(request);
		return tr_invalid(TR_ENOMEM);
	}
	for (size_t i = 0; i < n; i++)
		refs[i] = kernel_call_begin(servers[i], tr_keep(request));
	tr_drop(request);
	tr_value replies = collect(servers, refs, n, deadline);
	tr_disown(refs);
	tr_free(refs);
	return replies;
}
