/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Now and then the state goes beside the log. How often: when so many events have come, and so much log that a state as
 * large as the last one costs a small part of it; so that all snapshots together cost a part of what the log costs,
 * however large the state is.
 */
#include "actors/engine/execution_state.h"

#include "actors/protocol.h"

#define NEVER UINT32_MAX
#define SHARE 4 /* bytes of log for each byte of a snapshot, at least */

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

void snapshot_consider(execution *x)
{
	tr_pid writer;
	uint64_t seq, needed;

	if (!is_due(x))
		return;
	writer = tr_whereis(SUBJECT_SNAPSHOTS);
	if (writer.bits == 0)
		return;
	seq = machine_seq(x->machine);
	needed = machine_needed_seq(x->machine);
	x->snapshots.seq = seq;
	x->snapshots.log_bytes = 0;
	x->snapshots.out = true;
	outlet_send(x, writer,
		    TR_LIST(tr_atom("snapshot"), tr_pid_value(tr_self()), tr_int(x->id), outlet_folder(x),
			    TR_DICT("seq", tr_int((int64_t)seq), "needed", tr_int((int64_t)needed), "playbook",
				    tr_keep(tr_map_get_s(machine_playbook(x->machine), "hash")), "state",
				    machine_digest(x->machine))));
}

void snapshot_taken(execution *x, tr_value message)
{
	int64_t bytes = tr_as_int(tr_array_at(message, 3), 0);

	x->snapshots.out = false;
	if (bytes > 0)
		x->snapshots.bytes = (size_t)bytes;
}

void snapshot_resumed(execution *x, uint64_t seq, size_t bytes)
{
	x->snapshots.seq = seq;
	x->snapshots.bytes = bytes;
}
