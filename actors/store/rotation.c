/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeping and syncing between commits. */
#include "actors/store/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <troupe/log.h>
#include <unistd.h>

/* The logs of so many executions are written between two commits. */
#define SWEEP_EXECUTIONS 100u
#define RETRY_NS         (2 * TR_SECOND)

/* ---- beside the store ---- */

struct order {
	const disk *disk;
	int os_error;
	char data[];
};

static void order_destroy(void *order)
{
	tr_free(order);
}

static const tr_class order_class = {"rotation", order_destroy};

static void *do_sync_all(void *arg)
{
	struct order *o = arg;
	int fd = open(o->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	o->os_error = fd < 0 ? errno : -o->disk->sync_all(o->disk->arg, fd);
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void sync_body(tr_value arg)
{
	struct order *o = tr_as_object(arg, &order_class);
	tr_err err;
	tr_dirty(do_sync_all, o, &err);
	if (err != TR_OK || o->os_error != 0)
		tr_exit(tr_string(err != TR_OK ? tr_err_text(err) : strerror(o->os_error)));
}

/* An actor, monitored, that syncs the file system of the folder and ends: with `normal` when that went well. */
static tr_spawned sync_beside(const char *data, const disk *d)
{
	static const tr_spawn_options options = {.label = "journal rotation", .monitor = true};
	size_t n = strlen(data) + 1;
	struct order *o = tr_alloc(sizeof *o + n);
	if (o == NULL)
		return (tr_spawned){.err = TR_ENOMEM};
	o->disk = d;
	memcpy(o->data, data, n);
	tr_value v = tr_object(&order_class, o);
	return tr_is_valid(v) ? tr_spawn_opt(sync_body, v, &options) : (tr_spawned){.err = tr_value_err(v)};
}

/* ---- in the store ---- */

struct job {
	file_store *files;
	uint64_t full;
	int os_error;
};

static void *do_sweep(void *arg)
{
	struct job *job = arg;
	job->os_error = file_store_sweep(job->files, SWEEP_EXECUTIONS, &job->full);
	return NULL;
}

static void *do_forget(void *arg)
{
	struct job *job = arg;
	job->os_error = file_store_forget(job->files, job->full);
	return NULL;
}

static void failed(const char *why)
{
	tr_log(TR_WARNING, tr_absent(), "the journal could not be rotated: %s", why);
}

/* Behind the appends that wait already. */
static void sweep_in(rotation *r, int64_t ns)
{
	if (r->sweep_sent)
		return;
	r->sweep_sent = true;
	if (ns == 0)
		tr_send(tr_self(), r->sweep);
	else
		tr_send_at(tr_self(), r->sweep, tr_in(ns));
}

void rotation_init(rotation *r)
{
	*r = (rotation){.sweep = tr_atom("sweep")};
}

bool rotation_is_due(const rotation *r, const file_store *files)
{
	return file_store_is_full(files) && !file_store_is_rotating(files) && tr_now() >= r->not_before;
}

void rotation_begun(rotation *r, int os_error)
{
	if (os_error == 0) {
		sweep_in(r, 0);
		return;
	}
	failed(strerror(-os_error));
	r->not_before = tr_in(RETRY_NS);
}

void rotation_go_on(rotation *r, const file_store *files)
{
	if (file_store_is_rotating(files))
		sweep_in(r, 0);
}

static void sync_logs(rotation *r, const file_store *files, uint64_t full)
{
	tr_spawned spawned = sync_beside(file_store_data(files), file_store_disk(files));
	if (spawned.err == TR_OK) {
		r->syncing = spawned.monitor;
		r->full = full;
		return;
	}
	failed(tr_err_text(spawned.err));
	sweep_in(r, RETRY_NS);
}

void rotation_sweep(rotation *r, file_store *files, bool writing)
{
	struct job job = {.files = files};
	tr_err err;
	r->sweep_sent = false;
	if (r->syncing.bits != 0 || !file_store_is_rotating(files))
		return;
	tr_dirty(do_sweep, &job, &err);
	if (err != TR_OK || job.os_error < 0) {
		failed(err != TR_OK ? tr_err_text(err) : strerror(-job.os_error));
		sweep_in(r, RETRY_NS);
	} else if (job.os_error == 1) {
		sync_logs(r, files, job.full);
	} else if (!writing) {
		sweep_in(r, 0);
	}
}

bool rotation_is_synced(const rotation *r, tr_value message)
{
	return r->syncing.bits != 0 && TR_IS_A(tr_array_at(message, 0), down) &&
	       tr_ref_eq(tr_as_ref(tr_array_at(message, 1)), r->syncing);
}

/* [DOWN, ref, process, pid, reason] */
void rotation_synced(rotation *r, file_store *files, tr_value message)
{
	struct job job = {.files = files, .full = r->full};
	tr_value reason = tr_array_at(message, 4);
	tr_err err = TR_OK;
	r->syncing = (tr_ref){0};
	if (TR_IS_A(reason, normal)) {
		tr_dirty(do_forget, &job, &err);
		if (err == TR_OK && job.os_error >= 0) {
			if (job.os_error == 1)
				sweep_in(r, 0);
			return;
		}
		failed(err != TR_OK ? tr_err_text(err) : strerror(-job.os_error));
	} else {
		failed(tr_as_cstr(reason, "the file system could not be synced"));
	}
	sweep_in(r, RETRY_NS);
}
