/* SPDX-License-Identifier: Apache-2.0 */
/* The roll of running executions. */
#include "actors/engine/roll.h"

#include <troupe/gen_server.h>

#include "runtime/value/idmap.h"

#define CALL_NS (10 * TR_SECOND)

/* Many come and go: a map would move all that stand behind the one that goes. */
struct roll {
	idmap entries; /* execution id -> tr_value */
};

static void forget(tr_value *entry)
{
	if (entry == NULL)
		return;
	tr_drop(*entry);
	tr_free(entry);
}

static void release(void *ptr)
{
	struct roll *r = ptr;

	uint32_t place = 0;
	tr_value *entry;

	while ((entry = idmap_next(&r->entries, &place, NULL)) != NULL)
		forget(entry);
	idmap_fini(&r->entries);
}

static tr_next roll_init(void *state, tr_value arg)
{
	(void)arg;
	return tr_own(state, release) == TR_OK ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_next roll_call(void *state, tr_value request, tr_from from)
{
	const struct roll *r = state;
	tr_value all = tr_map_with(idmap_count(&r->entries));
	const tr_value *entry;
	uint32_t place = 0;
	uint64_t id = 0;

	(void)request;
	(void)from;
	while ((entry = idmap_next(&r->entries, &place, &id)) != NULL)
		all = tr_map_put(all, tr_int((int64_t)id), tr_keep(*entry));
	return tr_next_reply(all);
}

static bool keep(struct roll *r, uint64_t id, tr_value what)
{
	tr_value *entry = idmap_get(&r->entries, id);

	if (entry != NULL) {
		tr_assign(entry, tr_keep(what));
		return true;
	}
	entry = tr_alloc(sizeof *entry);
	if (entry == NULL)
		return false;
	*entry = tr_keep(what);
	if (idmap_put(&r->entries, id, entry) == TR_OK)
		return true;
	forget(entry);
	return false;
}

static tr_next roll_info(void *state, tr_value message)
{
	struct roll *r = state;
	uint64_t id = (uint64_t)tr_as_int(tr_array_at(message, 1), 0);
	tr_str what = tr_as_str(tr_array_at(message, 0));

	if (id == 0)
		return tr_noreply();
	if (tr_str_is(what, "keep") && !keep(r, id, tr_array_at(message, 2)))
		return tr_next_stop(TR_A(enomem));
	if (tr_str_is(what, "drop"))
		forget(idmap_del(&r->entries, id));
	return tr_noreply();
}

static tr_value roll_show(void *state)
{
	return TR_DICT("running", tr_int(idmap_count(&((const struct roll *)state)->entries)));
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

void roll_keep(int64_t id, tr_value what)
{
	if (tr_whereis(SUBJECT_ROLL).bits != 0)
		(void)tr_send_name(SUBJECT_ROLL, TR_LIST(tr_atom("keep"), tr_int(id), tr_keep(what)));
}

void roll_keep_lacking(tr_value lacking)
{
	if (tr_whereis(SUBJECT_ROLL).bits != 0)
		(void)tr_send_name(SUBJECT_ROLL, TR_LIST(tr_atom("keep"), tr_int(ROLL_LACKING), tr_keep(lacking)));
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
