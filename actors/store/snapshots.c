/* SPDX-License-Identifier: Apache-2.0 */
/* Writing snapshots, one after the other. */
#include "actors/store/snapshots.h"

#include "actors/store/log_file.h"
#include "actors/store/snapshot_file.h"
#include "actors/store/store_actor.h"

#include <inttypes.h>
#include <string.h>
#include <troupe/log.h>
#include <unistd.h>

struct snapshots {
	tr_value data; /* text */
	const disk *disk;
	tr_value flush, snapshot, snapshotted; /* atoms */
	bool told;                             /* that it cannot be written */
};

struct job {
	const struct snapshots *s;
	int64_t id;
	const char *folder;
	snapshot snapshot;
	int os_error;
	tr_err err;
};

static void *do_write(void *arg)
{
	struct job *job = arg;
	layout_path packed;
	const char *data = tr_as_cstr(job->s->data, "");

	/* It has ended meanwhile, and is packed: nothing comes beside it any more. */
	if (log_packed_path(packed, data, job->folder) == TR_OK && access(packed, F_OK) == 0)
		return NULL;
	job->err = snapshot_write(job->s->disk, data, job->folder, job->id, &job->snapshot, &job->os_error);
	return NULL;
}

static uint64_t number(tr_value body, const char *key)
{
	return (uint64_t)tr_as_int(tr_map_get_s(body, key), 0);
}

/* [snapshot, reply_to, execution_id, folder, {seq, needed, event, bytes, playbook, state}] */
static void take(struct snapshots *s, tr_value m)
{
	tr_value body = tr_array_at(m, 4), folder = tr_array_at(m, 3);
	struct job job = {.s = s,
			  .id = tr_as_int(tr_array_at(m, 2), 0),
			  .folder = tr_as_cstr(folder, ""),
			  .snapshot = {.seq = number(body, "seq"),
				       .needed = number(body, "needed"),
				       .event_id = number(body, "event"),
				       .bytes = (size_t)number(body, "bytes"),
				       .playbook = tr_map_get_s(body, "playbook"),
				       .state = tr_map_get_s(body, "state")}};
	tr_err err = TR_EINVAL;

	if (layout_folder_ok(tr_as_str(folder)))
		tr_dirty(do_write, &job, &err);
	if (err == TR_OK)
		err = job.err;
	tr_send(tr_as_pid(tr_array_at(m, 1)),
		TR_LIST(s->snapshotted, tr_int(job.id), tr_int((int64_t)job.snapshot.seq)));
	if (err != TR_OK && err != TR_ELIMIT && !s->told)
		tr_log(TR_WARNING, tr_absent(), "a snapshot of execution %" PRId64 " cannot be written: %s", job.id,
		       job.os_error != 0 ? strerror(job.os_error) : tr_err_text(err));
	s->told = err != TR_OK && err != TR_ELIMIT;
}

static void release(void *ptr)
{
	tr_clear(&((struct snapshots *)ptr)->data);
}

static tr_next snapshots_init(void *state, tr_value arg)
{
	struct snapshots *s = state;
	const disk *given = tr_as_object(tr_map_get_s(arg, "disk"), &store_disk_class);

	s->data = tr_keep(tr_map_get_s(arg, "data"));
	s->disk = given != NULL ? given : &disk_real;
	s->flush = tr_atom("flush");
	s->snapshot = tr_atom("snapshot");
	s->snapshotted = tr_atom("snapshotted");
	return tr_own(s, release) == TR_OK ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_next snapshots_call(void *state, tr_value request, tr_from from)
{
	const struct snapshots *s = state;

	(void)from;
	if (tr_equal(tr_array_at(request, 0), s->flush))
		return tr_next_reply(TR_A(ok)); /* what came before it is written */
	return tr_next_reply(TR_LIST(TR_A(error), tr_string("snapshots know flush")));
}

static tr_next snapshots_info(void *state, tr_value message)
{
	struct snapshots *s = state;

	if (tr_array_len(message) == 5 && tr_equal(tr_array_at(message, 0), s->snapshot))
		take(s, message);
	return tr_noreply();
}

const tr_gen_server snapshots_server = {
    .name = "snapshots",
    .state_size = sizeof(struct snapshots),
    .init = snapshots_init,
    .handle_call = snapshots_call,
    .handle_info = snapshots_info,
};
