/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of the service `artifacts`: [begin], [more, number, bytes], [end, number, origin]. */
#include "plugins/actions/http/spool.h"

#include <stdlib.h>

#define STORE_NS (120 * TR_SECOND)

/* The answer, owned by the actor. Takes the request. */
static tr_value ask(tr_value request)
{
	return tr_own_value(tr_plugin_call("artifacts", request, tr_in(STORE_NS)));
}

static bool begin(http_transfer *t)
{
	tr_value reply = ask(TR_LIST(tr_atom("begin")));

	t->spool = TR_IS_A(tr_array_at(reply, 0), ok) ? tr_as_int(tr_array_at(reply, 1), 0) : 0;
	return t->spool > 0;
}

static tr_err put(http_transfer *t)
{
	if (t->content.n == 0)
		return TR_OK;
	/* Not owned by the actor, which would keep them all. */
	tr_value bytes = tr_binary(t->content.p, t->content.n);
	tr_buf_clear(&t->content);
	tr_value reply =
	    tr_plugin_call("artifacts", TR_LIST(tr_atom("more"), tr_int(t->spool), bytes), tr_in(STORE_NS));
	tr_err err = TR_IS_A(reply, ok) ? TR_OK : tr_is_valid(reply) ? TR_EIO : tr_value_err(reply);
	tr_drop(reply);
	return err;
}

tr_err http_spool_more(http_transfer *t)
{
	if (t->spool == 0 && !begin(t)) {
		t->by_reference = false;
		return TR_OK;
	}
	return put(t);
}

tr_err http_spool_end(http_transfer *t, tr_value context)
{
	long long id = strtoll(tr_as_cstr(tr_map_get_s(context, "execution_id"), "0"), NULL, 10);
	tr_err err = t->spool > 0 && t->code == CURLE_OK ? put(t) : TR_OK;

	if (t->spool == 0 || t->code != CURLE_OK || err != TR_OK)
		return err;
	tr_value reply = ask(TR_LIST(tr_atom("end"), tr_int(t->spool),
				     TR_DICT("execution_id", tr_int(id), "step",
					     tr_string(tr_as_cstr(tr_map_get_s(context, "step"), "-")), "label",
					     tr_string(tr_as_cstr(tr_map_get_s(context, "label"), "body")))));
	if (!tr_is(reply, TR_MAP))
		return tr_is_valid(reply) ? TR_EIO : tr_value_err(reply);
	t->stored = tr_keep(reply);
	return TR_OK;
}
