/* SPDX-License-Identifier: Apache-2.0 */
/* Mending logs, index and artifacts. */
#include "actors/store/repair.h"

#include "actors/store/artifact_file.h"
#include "actors/store/index.h"
#include "actors/store/leftovers.h"
#include "actors/store/inspect.h"
#include "actors/store/log_file.h"
#include "actors/store/mend.h"
#include "actors/store/walk.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct repair {
	const char *data;
	const disk *disk;
	tr_buf *report;
	repair_result *result;
	index_table said; /* the index as it was found */
};

/* Keep the bytes as <path>.damaged, behind what an earlier repair may have left there. */
static int put_aside(const struct repair *r, const char *path, tr_str bytes)
{
	char aside[PATH_MAX + 16];
	const disk *d = r->disk;
	(void)snprintf(aside, sizeof aside, "%s.damaged", path);
	int fd = d->open_append(d->arg, aside);
	if (fd < 0)
		return fd;
	int err = d->append(d->arg, fd, bytes.p, bytes.n);
	if (err == 0)
		err = d->sync(d->arg, fd);
	close(fd);
	return err;
}

static int cut(const struct repair *r, const char *path, size_t good)
{
	const disk *d = r->disk;
	int fd = d->open_append(d->arg, path);
	if (fd < 0)
		return fd;
	int err = d->truncate(d->arg, fd, (off_t)good);
	if (err == 0)
		err = d->sync(d->arg, fd);
	close(fd);
	return err;
}

/* What was done after what is missing may be done already: nobody goes on with it but who names it. */
static int hold(const struct repair *r, const char *folder, int64_t id, const inspect_result *found)
{
	layout_path path;
	const disk *d = r->disk;
	tr_buf bytes = {0};
	event e;
	event_init(&e, EVENT_EXECUTION_PAUSED);
	e.execution_id = id;
	e.seq = found->last_seq + 1;
	e.event_id = found->last_event_id + 1;
	e.time_us = found->last_us;
	e.trace_id = (uint64_t)id;
	e.status = "damaged";
	e.payload = TR_DICT("by", tr_string("repair"), "lost", tr_string_lossy(found->fault, strlen(found->fault)));
	tr_err failed = store_frame(&bytes, &e);
	int fd = failed != TR_OK                                  ? -ENOMEM
		 : log_plain_path(path, r->data, folder) != TR_OK ? -ENAMETOOLONG
								  : d->open_append(d->arg, path);
	int err = fd < 0 ? fd : d->append(d->arg, fd, bytes.p, bytes.n);
	if (fd >= 0 && err == 0)
		err = d->sync(d->arg, fd);
	if (fd >= 0)
		close(fd);
	event_fini(&e);
	tr_buf_fini(&bytes);
	return err;
}

/* How the index knew it: NULL when it does not, or says that it has not ended. */
static const char *ended_as(const struct repair *r, int64_t id)
{
	const index_entry *e = index_find(&r->said, id);
	return e != NULL && e->finished ? e->status : NULL;
}

/* Only an unfinished record at the end of what had not ended: a crash leaves that, and nothing was acted on. And where
 * but the last event is missing, nothing is left to be done but to write it. */
static bool may_go_on(const struct repair *r, int64_t id, const inspect_result *found)
{
	return found->finished || found->closing || (found->torn && ended_as(r, id) == NULL);
}

static void tell_end(struct repair *r, int64_t id, const inspect_result *found)
{
	const char *end = ended_as(r, id);
	if (found->closing)
		tr_buf_putf(r->report,
			    "execution %" PRId64 ": only its last event is lost; 'troupe resume' writes it again\n",
			    id);
	if (found->last_seq == 0 || may_go_on(r, id, found))
		return;
	tr_buf_putf(r->report, "execution %" PRId64 ": ", id);
	if (end != NULL)
		tr_buf_putf(r->report, "it had ended (%s), its end is lost", end);
	else
		tr_buf_puts(r->report, "what it did after that is lost");
	tr_buf_putf(r->report,
		    "; it is 'damaged' now, and only 'troupe resume %" PRId64
		    "' goes on with it: that does again what the log does not know any more\n",
		    id);
}

static void told(struct repair *r, const char *file, int64_t id, const inspect_result *found, int err)
{
	if (err == 0)
		r->result->logs++;
	else
		r->result->failed++;
	tr_buf_putf(r->report, "%s: %s; ", file, found->fault);
	if (err == 0)
		tr_buf_putf(r->report, "events 1 to %" PRIu64 " are kept, all of it is in %s.damaged\n",
			    found->last_seq, file);
	else
		tr_buf_putf(r->report, "it could not be mended: %s\n", strerror(-err));
	if (err == 0)
		tell_end(r, id, found);
}

/* An execution of which nothing is left is none; its folder stays beside for whoever wants to look. */
static void remove_empty(struct repair *r, const char *folder, int64_t id)
{
	layout_path from, to;
	const char *end = ended_as(r, id);
	int err = layout_join(from, r->data, "executions/%s", folder) == TR_OK ? EEXIST : ENAMETOOLONG;
	for (unsigned n = 1; err == EEXIST && n < 1000; n++) {
		if (layout_join(to, r->data, "executions/%s.damaged%u", folder, n) != TR_OK)
			err = ENAMETOOLONG;
		else if (access(to, F_OK) != 0)
			err = rename(from, to) == 0 ? 0 : errno;
	}
	r->result->removed += err == 0;
	r->result->failed += err != 0;
	tr_buf_putf(r->report, "execution %" PRId64 "%s%s%s: nothing of its log is left; ", id,
		    end != NULL ? " (it had ended: " : "", end != NULL ? end : "", end != NULL ? ")" : "");
	if (err == 0)
		tr_buf_putf(r->report, "it is removed, its folder is %s\n", to);
	else
		tr_buf_putf(r->report, "it cannot be removed: %s\n", strerror(err));
}

/* No log, or an empty one, and no packed one either. */
static bool empty(const struct repair *r, const char *folder)
{
	layout_path packed, plain;
	struct stat st;
	return log_packed_path(packed, r->data, folder) == TR_OK && access(packed, F_OK) != 0 &&
	       log_plain_path(plain, r->data, folder) == TR_OK &&
	       (stat(plain, &st) == 0 ? st.st_size == 0 : errno == ENOENT);
}

static int mend_plain(const struct repair *r, const char *folder, int64_t id, tr_str bytes, const inspect_result *found)
{
	layout_path path;
	if (log_plain_path(path, r->data, folder) != TR_OK)
		return -ENAMETOOLONG;
	int err = put_aside(r, path, bytes);
	if (err == 0)
		err = cut(r, path, found->good);
	return err == 0 && found->last_seq > 0 && !may_go_on(r, id, found) ? hold(r, folder, id, found) : err;
}

/* What is whole becomes a plain log; the packed file goes aside. */
static int mend_packed(const struct repair *r, const char *folder, int64_t id, tr_str bytes,
		       const inspect_result *found)
{
	layout_path packed, plain, below;
	char aside[PATH_MAX + 16];
	const disk *d = r->disk;
	if (log_packed_path(packed, r->data, folder) != TR_OK || log_plain_path(plain, r->data, folder) != TR_OK ||
	    layout_join(below, r->data, "executions/%s", folder) != TR_OK)
		return -ENAMETOOLONG;
	int err = 0;
	if (access(plain, F_OK) != 0 && found->good > 0) {
		err = d->make_folder(d->arg, below);
		int fd = err == 0 ? d->open_append(d->arg, plain) : err;
		if (err == 0)
			err = fd < 0 ? fd : d->append(d->arg, fd, bytes.p, found->good);
		if (err == 0)
			err = d->sync(d->arg, fd);
		if (fd >= 0)
			close(fd);
		if (err == 0 && found->last_seq > 0 && !may_go_on(r, id, found))
			err = hold(r, folder, id, found);
	}
	(void)snprintf(aside, sizeof aside, "%s.damaged", packed);
	if (err == 0 && rename(packed, aside) != 0)
		err = -errno;
	return err;
}

static bool mend_log(void *arg, const char *folder, int64_t id, bool packed)
{
	struct repair *r = arg;
	tr_buf bytes = {0};
	inspect_result found;
	char file[PATH_MAX + 32];
	(void)snprintf(file, sizeof file, packed ? "executions/%s" PACKED_SUFFIX : "executions/%s/events.log", folder);
	if (inspect_log(r->data, folder, id, packed, NULL, NULL, &bytes, &found) && found.fault[0] != '\0')
		told(r, file, id, &found,
		     packed ? mend_packed(r, folder, id, tr_buf_str(&bytes), &found)
			    : mend_plain(r, folder, id, tr_buf_str(&bytes), &found));
	tr_buf_fini(&bytes);
	if (!packed && empty(r, folder))
		remove_empty(r, folder, id);
	else if (!packed)
		r->result->snapshots += mend_snapshots(r->data, r->disk, folder, id, r->report);
	return true;
}

static void mend_artifact(struct repair *r, const char *part, const char *name)
{
	layout_path path, aside;
	size_t n = strlen(name);
	if (layout_join(path, r->data, "artifacts/%s/%s", part, name) != TR_OK ||
	    layout_join(aside, r->data, "artifacts/%s/.%s.damaged", part, name) != TR_OK)
		return;
	if (leftover_name(name)) /* mend_leftovers */
		return;
	tr_value value = n == ARTIFACT_KEY - 1 ? artifact_read(r->data, tr_s(name)) : tr_nil();
	if (tr_value_err(value) == TR_ECORRUPT) {
		bool done = rename(path, aside) == 0;
		r->result->artifacts += done;
		r->result->failed += !done;
		tr_buf_putf(r->report, "artifacts/%s/%s: its content is not what its name says; %s\n", part, name,
			    done ? "put aside, whoever refers to it is told that it is not there" : strerror(errno));
	}
	tr_drop(value);
}

static void mend_artifacts(struct repair *r)
{
	layout_path path;
	DIR *top = layout_join(path, r->data, "artifacts") == TR_OK ? opendir(path) : NULL;
	for (struct dirent *part; top != NULL && (part = readdir(top)) != NULL;) {
		if (part->d_name[0] == '.' || layout_join(path, r->data, "artifacts/%s", part->d_name) != TR_OK)
			continue;
		DIR *dir = opendir(path);
		for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
			if (entry->d_name[0] != '.')
				mend_artifact(r, part->d_name, entry->d_name);
		if (dir != NULL)
			closedir(dir);
	}
	if (top != NULL)
		closedir(top);
}

static void mend_leftover(void *arg, const char *file)
{
	struct repair *r = arg;
	layout_path path;
	r->result->leftovers += layout_join(path, r->data, "%s", file) == TR_OK && unlink(path) == 0;
}

static void mend_index(struct repair *r)
{
	index_table t = {0};
	tr_buf notes = {0};
	int err = index_load(&t, r->data, true, &notes) == TR_OK ? index_write(&t, r->disk, r->data) : -ENOMEM;
	if (err != 0) {
		r->result->failed++;
		tr_buf_putf(r->report, "index/executions.idx: it could not be made anew: %s\n", strerror(-err));
	}
	index_fini(&t);
	tr_buf_fini(&notes);
}

bool repair_store(const char *data, const disk *d, tr_buf *report, repair_result *result, file_store_error *error)
{
	struct repair r = {.data = data, .disk = d, .report = report, .result = result};
	tr_buf notes = {0};
	*result = (repair_result){0};
	(void)index_read(&r.said, data, &notes);
	tr_buf_fini(&notes);
	/* Opening takes the lock, or says whose it is, and brings what the journal has into the logs. */
	file_store *s = file_store_open(data, d, report, error);
	if (s == NULL) {
		index_fini(&r.said);
		return false;
	}
	walk_executions(data, mend_log, &r);
	mend_artifacts(&r);
	leftovers_each(data, mend_leftover, &r);
	r.result->holders = mend_holders(data);
	mend_index(&r);
	file_store_close(&s);
	index_fini(&r.said);
	return true;
}
