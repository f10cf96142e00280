/* SPDX-License-Identifier: Apache-2.0 */
/* The roll of running executions. */
#include "actors/engine/roll.h"

#include <troupe/gen_server.h>

#define CALL_NS (10 * TR_SECOND)

struct roll {
	tr_value all; /* map */
};

static void release(void *ptr)
{
	tr_clear(&((struct roll *)ptr)->all);
}

static tr_next roll_init(void *state, tr_value arg)
{
	struct roll *r = state;

	(void)arg;
	r->all = tr_map();
	return tr_own(r, release) == TR_OK ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_next roll_call(void *state, tr_value request, tr_from from)
{
	(void)request;
	(void)from;
	return tr_next_reply(tr_keep(((struct roll *)state)->all));
}

static tr_next roll_info(void *state, tr_value message)
{
	struct roll *r = state;
	tr_value key = tr_array_at(message, 1);
	tr_str what = tr_as_str(tr_array_at(message, 0));

	if (tr_str_is(what, "keep"))
		r->all = tr_map_put(r->all, tr_keep(key), tr_keep(tr_array_at(message, 2)));
	else if (tr_str_is(what, "drop"))
		r->all = tr_map_del(r->all, key);
	return tr_is_valid(r->all) ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_value roll_show(void *state)
{
	return TR_DICT("running", tr_int((int64_t)tr_map_len(((struct roll *)state)->all)));
}

static const tr_gen_server roll_server = {
    .name = "roll",
    .state_size = sizeof(struct roll),
    .init = roll_init,
    .handle_call = roll_call,
    .handle_info = roll_info,
    .show = roll_show,
};

tr_child_spec roll_child(void)
{
	return (tr_child_spec){.id = "roll",
			       .arg = tr_nil(),
			       .restart = TR_PERMANENT,
			       .server = &roll_server,
			       .name = SUBJECT_ROLL,
			       .label = "roll"};
}

void roll_keep(int64_t id, tr_value watchers, tr_value path, tr_value parent)
{
	if (tr_whereis(SUBJECT_ROLL).bits != 0)
		(void)tr_send_name(SUBJECT_ROLL, TR_LIST(tr_atom("keep"), tr_int(id),
							 TR_DICT("watchers", tr_keep(watchers), "path", tr_keep(path),
								 "parent", tr_keep(parent))));
}

void roll_drop(int64_t id)
{
	if (tr_whereis(SUBJECT_ROLL).bits != 0)
		(void)tr_send_name(SUBJECT_ROLL, TR_LIST(tr_atom("drop"), tr_int(id)));
}

tr_value roll_all(void)
{
	return tr_whereis(SUBJECT_ROLL).bits == 0 ? tr_absent()
						  : tr_call_name(SUBJECT_ROLL, TR_LIST(tr_atom("all")), tr_in(CALL_NS));
}
