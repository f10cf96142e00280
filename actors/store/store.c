/* SPDX-License-Identifier: Apache-2.0 */
/* The event store actor: group commit over the file store. */
#include "actors/store/store_actor.h"

#include "actors/protocol.h"
#include "actors/store/compaction.h"
#include "actors/store/file_store.h"
#include "actors/store/finished.h"
#include "actors/store/reader.h"
#include "actors/store/reading.h"
#include "actors/store/rotation.h"

#include <errno.h>
#include <string.h>
#include <troupe/log.h>

/* One commit takes at most so many appends and bytes, so that the first of them does not wait for ever. */
#define GROUP_MAX       4096u
#define GROUP_BYTES_MAX (4u * 1024u * 1024u)
/* Where no sync is to be shared, a commit costs little, and few at a time find what they go on with in the caches. */
#define GROUP_UNSYNCED 64u
/* So many events an execution may act on before they are written, where that is allowed at all. */
#define RUN_AHEAD       256u
#define BATCHED_SYNC_NS (20 * TR_MS)
/* Logs of executions that are over are in the journal already: written some at a time they disturb the syncs less. */
#define LINGER_NS    (50 * TR_MS)
#define LINGER_MAX   256u
#define SLOW_NS      (2 * TR_MS)
#define SLOW_COMMITS 100u
/* An execution that is quiet for so long, twice that at most, is no longer kept in memory; looked at in so many parts.
 */
#define REST_NS    (500 * TR_MS)
#define REST_PARTS 10u
/* So long after the last append, twice that at most, the store says that it lives: who takes executions up after a
 * crash must know what they were doing when it came. */
#define ALIVE_NS       (30 * TR_SECOND)
#define RETRY_FIRST_NS (50 * TR_MS)
#define RETRY_MAX_NS   (2 * TR_SECOND)

struct waiting {
	tr_pid reply_to;
	int64_t execution_id;
	int64_t seq;
};

struct store {
	file_store *files;
	durability durability;
	tr_value append, appended, append_failed, load, has, list, sync, checkpoint, compact, condition, write, rest,
	    alive; /* atoms */
	bool tick_armed, write_armed;
	uint32_t slow;     /* so many commits more are made elsewhere, since the disk holds writers up */
	tr_ref finishing;  /* monitor of whoever writes the logs of finished executions; 0: nobody */
	tr_value finished; /* those logs */
	rotation rotation;
	bool rest_armed;
	bool alive_armed, alive_again; /* since then, more was appended */
	size_t taken;                  /* appends since the last commit; those who want to know of it: */
	size_t waiting_count;
	struct waiting waiting[GROUP_MAX];
};

/* ---- work on the dirty pool ----------------------------------------------------------------------------------------
 */

struct job {
	file_store *files;
	file_store **opened; /* the state's, which is given back also when the actor is killed meanwhile */
	const char *data;
	const disk *disk;
	bool sync, rotate;
	int64_t execution_id;
	int os_error;
	file_store_error error;
	tr_buf notes;
	tr_value result;
	store_reading reading;
};

static void *do_open(void *arg)
{
	struct job *job = arg;
	*job->opened = file_store_open(job->data, job->disk, &job->notes, &job->error);
	return NULL;
}

static void *do_commit(void *arg)
{
	struct job *job = arg;
	job->os_error = file_store_write(job->files, job->sync);
	return NULL;
}

static void *do_sync(void *arg)
{
	struct job *job = arg;
	job->os_error = file_store_sync(job->files);
	return NULL;
}

static void *do_chores(void *arg)
{
	struct job *job = arg;
	file_store_settle(job->files);
	if (job->rotate)
		job->os_error = file_store_rotate(job->files);
	return NULL;
}

static void *do_checkpoint(void *arg)
{
	struct job *job = arg;
	job->os_error = file_store_checkpoint(job->files);
	return NULL;
}

static void *do_close(void *arg)
{
	struct job *job = arg;
	file_store_close(&job->files);
	return NULL;
}

static void *do_load(void *arg)
{
	struct job *job = arg;
	job->os_error = file_store_flush(job->files);
	job->error.err = store_read(file_store_data(job->files), job->execution_id, &job->reading);
	return NULL;
}

static void *do_has(void *arg)
{
	struct job *job = arg;
	job->result = tr_bool(file_store_has(job->files, job->execution_id));
	return NULL;
}

static void *do_list(void *arg)
{
	struct job *job = arg;
	job->result = store_list_executions(file_store_data(job->files));
	return NULL;
}

/* ---- logs that cannot be written ---- */

static void tell_stranded(struct store *s)
{
	tr_buf report = {0};
	file_store_stranded(s->files, &report);
	if (report.n > 0)
		tr_log(TR_ERROR, tr_absent(), "%.*s", (int)report.n - 1, report.p);
	tr_buf_fini(&report);
}

/* ---- appends
 * ------------------------------------------------------------------------------------------------------------ */

static bool is_append(void *arg, tr_value message)
{
	const struct store *s = arg;
	return tr_array_len(message) == 8 && tr_equal(tr_array_at(message, 0), s->append);
}

static void refuse(struct store *s, const struct waiting *w, const char *why)
{
	tr_send(w->reply_to, TR_LIST(s->append_failed, tr_int(w->execution_id), tr_int(w->seq), tr_string(why)));
}

/* [append, reply_to, execution_id, last seq, bytes, first, folder, asks]; without bytes only word is wanted of those
 * that were sent before. */
static void take(struct store *s, tr_value message)
{
	const tr_value *item = tr_array_items(message);
	struct waiting w = {tr_as_pid(item[1]), tr_as_int(item[2], 0), tr_as_int(item[3], 0)};
	const char *folder = tr_as_bool(item[5], false) ? tr_as_cstr(item[6], NULL) : NULL;
	tr_err err = tr_as_str(item[4]).n == 0 ? TR_OK : file_store_take(s->files, w.execution_id, item[4], folder);
	if (err == TR_OK) {
		s->taken++;
		if (tr_as_bool(item[7], true))
			s->waiting[s->waiting_count++] = w;
	} else {
		refuse(s, &w,
		       err == TR_ENOENT ? "the store does not know this execution and was given no folder"
					: tr_err_text(err));
	}
}

static bool is_exit(void *arg, tr_value message)
{
	(void)arg;
	return tr_array_len(message) == 3 && TR_IS_A(tr_array_at(message, 0), exit);
}

/* Clients from outside have text where actors have atoms. */
static bool is_request(tr_value what, tr_value atom)
{
	return tr_equal(what, atom) || (tr_is(what, TR_STRING) && tr_str_eq(tr_as_str(what), tr_as_str(atom)));
}

static bool asks_condition(const struct store *s, tr_value message, tr_from *from)
{
	tr_value request;
	return tr_is_call(message, from, &request) && is_request(tr_array_at(request, 0), s->condition);
}

/* What is heard while the disk holds everything up. */
static bool is_urgent(void *arg, tr_value message)
{
	tr_from from;
	return is_exit(NULL, message) || asks_condition(arg, message, &from);
}

/* Wait before trying the disk again; asked to shut down meanwhile, the store ends (nothing was acknowledged). */
static void pause_or_end(struct store *s, int64_t ns, const char *why)
{
	int64_t deadline = tr_in(ns);
	for (tr_value m; tr_is_valid(m = tr_receive_match(is_urgent, s, deadline));) {
		tr_from from;
		if (asks_condition(s, m, &from)) {
			tr_reply(from, tr_string_lossy(why, strlen(why)));
			tr_drop(m);
			continue;
		}
		tr_value reason = tr_keep(tr_array_at(m, 2));
		tr_drop(m);
		tr_exit(reason);
	}
}

/* What is not synced goes to the system's memory, which takes less time than waking a thread for it; until it does not.
 */
static tr_err write_once(struct store *s, struct job *job)
{
	tr_err err = TR_OK;
	if (job->sync || s->slow > 0) {
		s->slow -= s->slow > 0;
		tr_dirty(do_commit, job, &err);
		return err;
	}
	int64_t start = tr_now();
	do_commit(job);
	if (tr_now() - start > SLOW_NS)
		s->slow = SLOW_COMMITS;
	return TR_OK;
}

/* Nothing is acknowledged before this returns; a full or failing disk holds everything up until it works again. */
static void commit(struct store *s)
{
	struct job job = {.files = s->files, .sync = s->durability == DURABILITY_STRICT};
	int64_t wait = RETRY_FIRST_NS;
	bool told = false;
	for (;;) {
		tr_err err = write_once(s, &job);
		if (err == TR_OK && job.os_error == 0)
			break;
		const char *why = err != TR_OK ? tr_err_text(err) : strerror(-job.os_error);
		if (!told)
			tr_log(TR_ERROR,
			       TR_DICT("folder",
				       tr_string_lossy(file_store_data(s->files), strlen(file_store_data(s->files)))),
			       "the event store cannot write: %s; executions wait until it can", why);
		told = true;
		pause_or_end(s, wait, why);
		wait = wait * 2 < RETRY_MAX_NS ? wait * 2 : RETRY_MAX_NS;
	}
	if (told)
		tr_log(TR_WARNING, tr_absent(), "the event store writes again"); /* whoever saw the error sees this */
}

static void acknowledge(struct store *s)
{
	int64_t ahead = s->durability == DURABILITY_STRICT ? 0 : RUN_AHEAD;
	for (size_t i = 0; i < s->waiting_count; i++) {
		const struct waiting *w = &s->waiting[i];
		tr_send(w->reply_to, TR_LIST(s->appended, tr_int(w->execution_id), tr_int(w->seq), tr_int(ahead)));
	}
	s->waiting_count = s->taken = 0;
}

/* ---- logs of executions that are over: written by an actor beside the store
 * ------------------------------------------------------------------------------ */

static void *do_finished(void *arg)
{
	finished_write(arg);
	return NULL;
}

static void finished_body(tr_value logs)
{
	tr_err err;
	tr_dirty(do_finished, finished_of(logs), &err);
	if (err != TR_OK)
		tr_exitf("the logs of finished executions could not be written: %s", tr_err_text(err));
}

/* It has ended, and with it what it had to do, well or not. */
static void finished_over(struct store *s)
{
	finished *f = finished_of(s->finished);
	finished_give_back(f, s->files);
	tr_clear(&s->finished);
	s->finishing = (tr_ref){0};
	tell_stranded(s);
}

static bool is_finished_over(void *arg, tr_value message)
{
	const struct store *s = arg;
	return TR_IS_A(tr_array_at(message, 0), down) && tr_ref_eq(tr_as_ref(tr_array_at(message, 1)), s->finishing);
}

/* Before anything that looks at the logs, or forgets the journal. */
static void await_finished(struct store *s)
{
	if (s->finishing.bits == 0)
		return;
	tr_drop(tr_receive_match(is_finished_over, s, TR_FOREVER));
	finished_over(s);
}

static void write_finished(struct store *s)
{
	static const tr_spawn_options options = {.label = "finished logs", .monitor = true};
	finished *f = s->finishing.bits == 0 ? finished_take(s->files) : NULL;
	if (f == NULL)
		return;
	s->finished = finished_value(f);
	tr_spawned spawned = {.err = TR_ENOMEM};
	if (tr_is_valid(s->finished))
		spawned = tr_spawn_opt(finished_body, tr_keep(s->finished), &options);
	if (spawned.err == TR_OK)
		s->finishing = spawned.monitor;
	else if (tr_is_valid(s->finished))
		finished_over(s);
	else
		tr_exit(TR_A(enomem)); /* what was taken is gone from here: the journal has it */
}

static void write_soon(struct store *s)
{
	size_t n = finished_waiting(s->files);
	if (n >= LINGER_MAX) {
		write_finished(s);
	} else if (n > 0 && !s->write_armed) {
		tr_send_at(tr_self(), s->write, tr_in(LINGER_NS));
		s->write_armed = true;
	}
}

/* ---- taking appends ---- */

/* What need not be done before those who wait are told. */
static void do_rest(struct store *s)
{
	struct job job = {.files = s->files};
	tr_err err;
	write_soon(s);
	job.rotate = rotation_is_due(&s->rotation, s->files);
	if (file_store_is_settled(s->files) && !job.rotate)
		return;
	tr_dirty(do_chores, &job, &err);
	tell_stranded(s);
	if (job.rotate && err == TR_OK)
		rotation_begun(&s->rotation, job.os_error);
}

/* Nothing is done while nothing comes and all are at rest. */
static void rest_later(struct store *s)
{
	if (s->rest_armed)
		return;
	s->rest_armed = true;
	tr_send_at(tr_self(), s->rest, tr_in(REST_NS / REST_PARTS));
}

static void say_alive_later(struct store *s)
{
	s->alive_again = s->alive_armed;
	if (s->alive_armed)
		return;
	s->alive_armed = true;
	tr_send_at(tr_self(), s->alive, tr_in(ALIVE_NS));
}

static void say_alive(struct store *s)
{
	file_store_alive(s->files);
	s->alive_armed = false;
	if (s->alive_again)
		say_alive_later(s);
}

static void append_group(struct store *s, tr_value first)
{
	size_t most = s->durability == DURABILITY_STRICT ? GROUP_MAX : GROUP_UNSYNCED;
	take(s, first);
	while (s->taken < most && file_store_batch_size(s->files) < GROUP_BYTES_MAX) {
		tr_value m = tr_receive_match(is_append, s, 0);
		if (!tr_is_valid(m))
			break;
		take(s, m);
		tr_drop(m);
	}
	if (s->taken == 0)
		return;
	commit(s);
	acknowledge(s);
	do_rest(s);
	rest_later(s);
	say_alive_later(s);
	if (s->durability == DURABILITY_BATCHED && !s->tick_armed) {
		tr_send_at(tr_self(), TR_A(tick), tr_in(BATCHED_SYNC_NS));
		s->tick_armed = true;
	}
}

static void sync_now(struct store *s)
{
	struct job job = {.files = s->files};
	tr_err err;
	tr_dirty(do_sync, &job, &err);
	if (err == TR_OK && job.os_error != 0)
		tr_log(TR_ERROR, tr_absent(), "the event store cannot sync: %s", strerror(-job.os_error));
}

/* ---- the gen_server
 * ----------------------------------------------------------------------------------------------------------- */

static void close_files(void *ptr)
{
	struct store *s = ptr;
	finished *f = finished_of(s->finished);
	if (f != NULL && s->files != NULL) {
		finished_stop(f);
		finished_give_back(f, s->files);
	}
	tr_clear(&s->finished);
	file_store_close(&s->files);
}

static tr_next store_init(void *state, tr_value arg)
{
	struct store *s = state;
	struct job job = {.data = tr_as_cstr(tr_map_get_s(arg, "data"), ""), .disk = &disk_real, .opened = &s->files};
	const disk *given = tr_as_object(tr_map_get_s(arg, "disk"), &store_disk_class);
	if (given != NULL)
		job.disk = given;
	s->durability = (durability)tr_as_int(tr_map_get_s(arg, "durability"), DURABILITY_STRICT);
	s->append = tr_atom("append");
	s->appended = tr_atom("appended");
	s->append_failed = tr_atom("append_failed");
	s->load = tr_atom("load");
	s->has = tr_atom("has");
	s->list = tr_atom("list");
	s->sync = tr_atom("sync");
	s->checkpoint = tr_atom("checkpoint");
	s->compact = tr_atom("compact");
	s->condition = tr_atom("condition");
	s->write = tr_atom("write");
	rotation_init(&s->rotation);
	s->rest = tr_atom("rest");
	s->alive = tr_atom("alive");
	tr_trap_exit(true);
	/* First of all: one that is killed while the folder is opened must not keep its lock. */
	if (tr_own(s, close_files) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	tr_err err;
	tr_dirty(do_open, &job, &err);
	if (job.notes.n > 0)
		tr_log(TR_WARNING, tr_absent(), "recovered after a crash: %.*s", (int)job.notes.n, job.notes.p);
	tr_buf_fini(&job.notes);
	/* A folder that cannot be used is no crash: whoever starts the store is told. */
	if (err != TR_OK || s->files == NULL)
		return tr_next_stop(TR_LIST(TR_A(shutdown), tr_string_lossy(job.error.text, strlen(job.error.text))));
	return tr_noreply();
}

/* Notes on the log, and on snapshots that could not be used. */
static tr_value load_notes(store_reading *r)
{
	tr_buf_put(&r->notes, r->remarks.p, r->remarks.n);
	return r->notes.n > 0 ? tr_string_lossy(r->notes.p, r->notes.n) : tr_nil();
}

/* [load, id], [load, id, from: int], [load, id, true: by a snapshot when there is one that fits] */
static tr_value answer_load(struct store *s, tr_value id, tr_value how)
{
	await_finished(s);
	struct job job = {.files = s->files, .execution_id = tr_as_int(id, 0)};
	store_reading *r = &job.reading;
	tr_value answer;
	tr_err err;
	r->by_snapshot = tr_as_bool(how, false);
	r->from = (uint64_t)tr_as_int(how, 0);
	tr_dirty(do_load, &job, &err);
	if (err == TR_OK)
		err = job.error.err;
	if (err != TR_OK) {
		answer = TR_LIST(TR_A(error), tr_string(tr_err_text(err)));
		answer = err == TR_ENOENT ? tr_array_push(answer, TR_A(not_found)) : answer;
	} else {
		bool by = tr_is_valid(r->snapshot.state);
		answer = TR_LIST(TR_A(ok), tr_keep(r->events), load_notes(r),
				 by ? TR_DICT("seq", tr_int((int64_t)r->snapshot.seq), "bytes",
					      tr_int((int64_t)r->snapshot.bytes), "playbook",
					      tr_keep(r->snapshot.playbook), "state", tr_keep(r->snapshot.state))
				    : tr_nil(),
				 tr_int(file_store_died(s->files)));
	}
	store_reading_fini(r);
	return answer;
}

static tr_value answer_has(struct store *s, tr_value id)
{
	await_finished(s);
	struct job job = {.files = s->files, .execution_id = tr_as_int(id, 0), .result = tr_absent()};
	tr_err err;
	tr_dirty(do_has, &job, &err);
	return err == TR_OK ? job.result : TR_LIST(TR_A(error), tr_string(tr_err_text(err)));
}

/* Everything that is over stands in the logs alone from here on. */
static int make_checkpoint(struct store *s)
{
	await_finished(s);
	struct job job = {.files = s->files};
	tr_err err;
	tr_dirty(do_checkpoint, &job, &err);
	tell_stranded(s);
	return err != TR_OK ? -ENOMEM : job.os_error;
}

static tr_value answer_checkpoint(struct store *s)
{
	int err = make_checkpoint(s);
	return err == 0 ? TR_A(ok) : TR_LIST(TR_A(error), tr_string(strerror(-err)));
}

/* Beside the store, which goes on taking appends: only executions that are over are touched, and the checkpoint has
 * made the journal forget them. */
static tr_next start_compacting(struct store *s, tr_value policy, tr_from from)
{
	static const tr_spawn_options options = {.label = "compaction"};
	int err = make_checkpoint(s);
	if (err != 0)
		return tr_next_reply(TR_LIST(TR_A(error), tr_string(strerror(-err))));
	const char *data = file_store_data(s->files);
	tr_value arg = TR_LIST(tr_string_lossy(data, strlen(data)), tr_is(policy, TR_MAP) ? tr_keep(policy) : tr_map(),
			       tr_pid_value(from.pid), tr_ref_value(from.ref));
	if (tr_spawn_opt(compaction_body, arg, &options).err != TR_OK)
		return tr_next_reply(TR_LIST(TR_A(error), tr_string("out of memory")));
	return tr_noreply();
}

static tr_next store_call(void *state, tr_value request, tr_from from)
{
	struct store *s = state;
	tr_value what = tr_array_at(request, 0);
	if (is_request(what, s->compact))
		return start_compacting(s, tr_array_at(request, 1), from);
	if (is_request(what, s->checkpoint))
		return tr_next_reply(answer_checkpoint(s));
	if (is_request(what, s->load))
		return tr_next_reply(answer_load(s, tr_array_at(request, 1), tr_array_at(request, 2)));
	if (is_request(what, s->has))
		return tr_next_reply(answer_has(s, tr_array_at(request, 1)));
	if (is_request(what, s->list)) {
		await_finished(s);
		struct job job = {.files = s->files, .result = tr_absent()};
		tr_err err;
		tr_dirty(do_list, &job, &err);
		return tr_next_reply(tr_is_valid(job.result) ? job.result : TR_A(error));
	}
	if (is_request(what, s->sync)) {
		sync_now(s);
		return tr_next_reply(TR_A(ok));
	}
	if (is_request(what, s->condition))
		return tr_next_reply(tr_nil());
	return tr_next_reply(TR_LIST(
	    TR_A(error), tr_string("the store knows load, has, list, sync, checkpoint, compact and condition")));
}

static tr_next store_info(void *state, tr_value message)
{
	struct store *s = state;
	if (is_append(s, message)) {
		append_group(s, message);
	} else if (TR_IS_A(message, tick)) {
		s->tick_armed = false;
		sync_now(s);
	} else if (s->finishing.bits != 0 && is_finished_over(s, message)) {
		finished_over(s);
		write_soon(s); /* those that came meanwhile */
		rotation_go_on(&s->rotation, s->files);
	} else if (rotation_is_synced(&s->rotation, message)) {
		rotation_synced(&s->rotation, s->files, message);
	} else if (tr_equal(message, s->rest)) {
		s->rest_armed = false;
		if (file_store_rest(s->files, REST_PARTS))
			rest_later(s);
	} else if (tr_equal(message, s->rotation.sweep)) {
		rotation_sweep(&s->rotation, s->files, s->finishing.bits != 0);
		tell_stranded(s);
	} else if (tr_equal(message, s->alive)) {
		say_alive(s);
	} else if (tr_equal(message, s->write)) {
		s->write_armed = false;
		write_finished(s);
	} else if (is_exit(NULL, message)) {
		return tr_next_stop(tr_keep(tr_array_at(message, 2)));
	}
	return tr_noreply();
}

static void store_terminate(void *state, tr_value reason)
{
	struct store *s = state;
	struct job job = {.files = s->files};
	(void)reason;
	if (s->files == NULL)
		return;
	await_finished(s);
	s->files = NULL;
	tr_err err;
	tr_dirty(do_close, &job, &err);
	if (err != TR_OK)
		file_store_close(&job.files);
}

const tr_gen_server store_server = {
    .name = "event store",
    .state_size = sizeof(struct store),
    .init = store_init,
    .handle_call = store_call,
    .handle_info = store_info,
    .terminate = store_terminate,
};
