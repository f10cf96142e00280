/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Now and then the state goes beside the log. How often: when so many events have come, and so much log that a state as
 * large as the last one costs a small part of it; so that all snapshots together cost a part of what the log costs,
 * however large the state is.
 */
#include "actors/engine/execution_state.h"
#include "actors/engine/state_pack.h"

#include "actors/protocol.h"

#define NEVER       UINT32_MAX
#define SHARE       16                 /* bytes of log for each byte of a state, at least */
#define MOST_PACKED ((size_t)63 << 20) /* the record takes no more, with what stands before it */

void snapshot_init(execution *x)
{
	int64_t every = tr_as_int(tr_map_get_s(x->arg, "snapshot_every"), 0);

	x->snapshots.every = every == 0 ? SNAPSHOT_EVERY : every > 0 && every < NEVER ? (uint32_t)every : NEVER;
}

static bool is_due(const execution *x)
{
	const snapshot_state *s = &x->snapshots;

	/* Whoever was writing it may have ended. */
	bool free = !s->out || (machine_seq(x->machine) - s->seq) / SHARE >= s->every;

	return free && s->every != NEVER && machine_seq(x->machine) - s->seq >= s->every &&
	       s->log_bytes / SHARE >= s->bytes && machine_phase_of(x->machine) == MACHINE_RUNNING;
}

struct packing {
	const machine *m;
	tr_buf out;
	size_t bytes;
	tr_err err;
};

static void *do_pack(void *arg)
{
	struct packing *p = arg;

	p->err = state_pack(p->m, &p->out, &p->bytes);
	return NULL;
}

/* The state as it is now, packed beside the schedulers: a large one takes its time. Fresh; absent: there is none.
 * Nothing comes between: the execution itself waits. */
static tr_value pack(execution *x)
{
	struct packing p = {.m = x->machine, .out = {.max = MOST_PACKED}};
	tr_value state = tr_absent();
	tr_err err;

	tr_dirty(do_pack, &p, &err);
	if (err == TR_OK && p.err == TR_OK)
		state = tr_binary(p.out.p, p.out.n);
	/* One that is too large is not tried again and again: the next comes when the log has grown by that much. */
	if (p.bytes > 0)
		x->snapshots.bytes = p.bytes;
	tr_buf_fini(&p.out);
	return state;
}

static tr_value described(const execution *x, tr_value state)
{
	const machine *m = x->machine;

	return TR_DICT("seq", tr_int((int64_t)machine_seq(m)), "needed", tr_int((int64_t)machine_needed_seq(m)),
		       "event", tr_int((int64_t)machine_last_event_id(m)), "bytes", tr_int((int64_t)x->snapshots.bytes),
		       "playbook", tr_keep(machine_playbook(m)), "state", state);
}

void snapshot_consider(execution *x)
{
	tr_pid writer = is_due(x) ? tr_whereis(SUBJECT_SNAPSHOTS) : (tr_pid){0};
	tr_value state;

	if (writer.bits == 0)
		return;
	x->snapshots.seq = machine_seq(x->machine);
	x->snapshots.log_bytes = 0;
	state = pack(x);
	if (!tr_is_valid(state))
		return;
	x->snapshots.out = true;
	outlet_send(x, writer,
		    TR_LIST(tr_atom("snapshot"), tr_pid_value(tr_self()), tr_int(x->id), outlet_folder(x),
			    described(x, state)));
}

void snapshot_taken(execution *x)
{
	x->snapshots.out = false;
}

void snapshot_resumed(execution *x, uint64_t seq, size_t bytes)
{
	x->snapshots.seq = seq;
	x->snapshots.bytes = bytes;
}
