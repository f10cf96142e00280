/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots on disk. */
#include "actors/store/snapshot_file.h"

#include "actors/event/frame.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

#define SUFFIX ".snapshot"

static tr_err place_of(layout_path path, const char *data, const char *folder, uint64_t seq)
{
	return layout_join(path, data, "executions/%s/%" PRIu64 SUFFIX, folder, seq);
}

static tr_err encode(tr_buf *out, int64_t id, const snapshot *s)
{
	tr_buf payload = {.max = FRAME_MAX};
	tr_value v = TR_DICT("format", tr_int(SNAPSHOT_FORMAT), "playbook", tr_keep(s->playbook), "needed",
			     tr_int((int64_t)s->needed), "event", tr_int((int64_t)s->event_id), "bytes",
			     tr_int((int64_t)s->bytes), "state", tr_keep(s->state));
	tr_err err = tr_is_valid(v) ? tr_msgpack_write(&payload, v) : tr_value_err(v);

	if (err == TR_OK)
		err = payload.err;
	if (err == TR_OK) {
		frame_put(out, FRAME_SNAPSHOT, EVENT_NONE, id, s->seq, tr_buf_str(&payload));
		err = out->err;
	}
	tr_buf_fini(&payload);
	tr_drop(v);
	return err;
}

tr_err snapshot_write(const disk *d, const char *data, const char *folder, int64_t id, const snapshot *s, int *os_error)
{
	layout_path path, below;
	tr_buf file = {0};
	tr_err err = encode(&file, id, s);

	*os_error = 0;
	if (err == TR_OK && (place_of(path, data, folder, s->seq) != TR_OK ||
			     layout_join(below, data, "executions/%s", folder) != TR_OK))
		err = TR_ELIMIT;
	if (err == TR_OK) {
		int os = d->make_folder(d->arg, below);
		if (os == 0)
			os = disk_replace(d, path, NULL, tr_buf_str(&file));
		if (os == 0)
			os = d->sync_folder(d->arg, below);
		*os_error = -os;
		err = os == 0 ? TR_OK : TR_EIO;
	}
	tr_buf_fini(&file);
	return err;
}

static uint64_t number(tr_value v, const char *key)
{
	return (uint64_t)tr_as_int(tr_map_get_s(v, key), 0);
}

static tr_err decode(tr_str bytes, int64_t id, uint64_t seq, snapshot *out)
{
	frame f;
	size_t used = 0;
	tr_value v;
	tr_err err = TR_ECORRUPT;

	if (frame_get(bytes, &f, &used) != FRAME_OK || used != bytes.n || f.kind != FRAME_SNAPSHOT ||
	    f.execution_id != id || f.seq != seq)
		return TR_ECORRUPT;
	v = tr_msgpack_read(f.payload, NULL, NULL, NULL);
	out->seq = seq;
	out->needed = number(v, "needed");
	out->event_id = number(v, "event");
	out->bytes = (size_t)number(v, "bytes");
	out->playbook = tr_keep(tr_map_get_s(v, "playbook"));
	out->state = tr_keep(tr_map_get_s(v, "state"));
	if (number(v, "format") != 0 && number(v, "format") != SNAPSHOT_FORMAT)
		err = TR_EUNSUPPORTED;
	else if (number(v, "format") != 0 && tr_is(out->state, TR_BINARY) && tr_is(out->playbook, TR_MAP) &&
		 out->needed > 0 && out->needed <= seq + 1)
		err = TR_OK;
	tr_drop(v);
	return err;
}

tr_err snapshot_read(const char *data, const char *folder, int64_t id, uint64_t seq, snapshot *out)
{
	layout_path path;
	tr_buf bytes = {.max = FRAME_HEAD + FRAME_MAX + 65536};
	tr_err err = place_of(path, data, folder, seq);

	*out = (snapshot){.playbook = tr_absent(), .state = tr_absent()};
	if (err == TR_OK)
		err = disk_read_file(path, &bytes);
	if (err == TR_ELIMIT)
		err = TR_ECORRUPT;
	if (err == TR_OK)
		err = decode(tr_buf_str(&bytes), id, seq, out);
	tr_buf_fini(&bytes);
	return err;
}

void snapshot_fini(snapshot *s)
{
	tr_drop(s->playbook);
	tr_drop(s->state);
	*s = (snapshot){.playbook = tr_absent(), .state = tr_absent()};
}

/* "<seq>.snapshot" */
static bool seq_of(const char *name, uint64_t *seq)
{
	char *end = NULL;

	if (*name < '1' || *name > '9')
		return false;
	errno = 0;
	*seq = strtoull(name, &end, 10);
	return errno == 0 && strcmp(end, SUFFIX) == 0;
}

static int newest_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x > y ? -1 : x < y;
}

uint64_t *snapshot_list(const char *data, const char *folder, size_t *count)
{
	layout_path path;
	uint64_t *all = NULL, seq;
	DIR *dir = layout_join(path, data, "executions/%s", folder) == TR_OK ? opendir(path) : NULL;

	*count = 0;
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		uint64_t *more = seq_of(entry->d_name, &seq) ? tr_realloc(all, (*count + 1) * sizeof *all) : NULL;
		if (more != NULL) {
			all = more;
			all[(*count)++] = seq;
		}
	}
	if (dir != NULL)
		closedir(dir);
	if (all != NULL)
		qsort(all, *count, sizeof *all, newest_first);
	return all;
}

int snapshot_remove(const disk *d, const char *data, const char *folder, uint64_t seq)
{
	layout_path path;

	return place_of(path, data, folder, seq) == TR_OK ? d->remove(d->arg, path) : -ENAMETOOLONG;
}

/* What a crash left of one that was being written goes, too. */
int snapshots_remove(const disk *d, const char *data, const char *folder)
{
	layout_path path, file;
	int err = 0;
	DIR *dir = layout_join(path, data, "executions/%s", folder) == TR_OK ? opendir(path) : NULL;

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		const char *at = strstr(entry->d_name, SUFFIX);
		if (at == NULL || (at[sizeof SUFFIX - 1] != '\0' && strcmp(at, SUFFIX ".new") != 0) ||
		    layout_join(file, path, "%s", entry->d_name) != TR_OK)
			continue;
		int one = d->remove(d->arg, file);
		err = err == 0 ? one : err;
	}
	if (dir != NULL)
		closedir(dir);
	return err;
}
