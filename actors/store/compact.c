/* SPDX-License-Identifier: Apache-2.0 */
/* Packing and removing. */
#include "actors/store/compact.h"

#include "actors/store/index.h"
#include "actors/store/inspect.h"
#include "actors/store/log_file.h"
#include "actors/store/packed.h"
#include "actors/store/snapshot_file.h"
#include "actors/store/sweep.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct compacting {
	const char *data;
	const disk *disk;
	const compact_policy *policy;
	tr_buf *report;
	compact_result *result;
};

static void failed(const struct compacting *c, const char *folder, const char *what)
{
	c->result->failed++;
	tr_buf_putf(c->report, "executions/%s: %s\n", folder, what);
}

/* The folder that holds the execution's. */
static void parent_folder(layout_path out, const struct compacting *c, const char *folder)
{
	const char *slash = strrchr(folder, '/');
	(void)layout_join(out, c->data, "executions/%.*s", slash == NULL ? 0 : (int)(slash - folder), folder);
}

/* What a repair put aside of it: without that, nothing but that would stand for an execution. First of all, so that a
 * crash leaves one that is whole. */
static int remove_damaged(const struct compacting *c, const char *log)
{
	char aside[PATH_MAX + 16];
	(void)snprintf(aside, sizeof aside, "%s.damaged", log);
	return c->disk->remove(c->disk->arg, aside);
}

/* With its snapshots: a packed log is read whole. What else may be there (a .damaged file) keeps the folder alive. */
static int remove_plain(const struct compacting *c, const char *folder)
{
	layout_path log, below;
	if (log_plain_path(log, c->data, folder) != TR_OK ||
	    layout_join(below, c->data, "executions/%s", folder) != TR_OK)
		return -ENAMETOOLONG;
	int err = snapshots_remove(c->disk, c->data, folder);
	if (err == 0)
		err = c->disk->remove(c->disk->arg, log);
	if (err == 0)
		(void)rmdir(below);
	return err;
}

/* The packed file must give back the very bytes before the log goes. */
static bool gives_back(const char *path, tr_str log)
{
	tr_buf back = {0};
	bool same = packed_read(path, &back) == TR_OK && back.n == log.n && memcmp(back.p, log.p, log.n) == 0;
	tr_buf_fini(&back);
	return same;
}

static void pack(const struct compacting *c, const char *folder, int64_t id)
{
	layout_path path, parent;
	tr_buf bytes = {0};
	inspect_result found;
	struct stat st;
	const char *why = NULL;
	bool read = inspect_log(c->data, folder, id, false, NULL, NULL, &bytes, &found);
	if (!read || found.fault[0] != '\0' || !found.finished) {
		why = !read || found.fault[0] != '\0' ? found.fault : "its log has not got its last event";
	} else if (log_packed_path(path, c->data, folder) != TR_OK) {
		why = "its name is too long";
	} else {
		int err = packed_write(c->disk, path, tr_buf_str(&bytes));
		if (err == 0 && !gives_back(path, tr_buf_str(&bytes)))
			err = -EIO;
		parent_folder(parent, c, folder);
		if (err == 0)
			err = c->disk->sync_folder(c->disk->arg, parent);
		if (err == 0)
			err = remove_plain(c, folder);
		why = err != 0 ? strerror(-err) : NULL;
	}
	if (why != NULL) {
		failed(c, folder, why);
	} else {
		c->result->packed++;
		c->result->bytes_before += bytes.n;
		c->result->bytes_after += stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
	}
	tr_buf_fini(&bytes);
}

/* What tasks of the kind duckdb kept of it. */
static void remove_databases(const struct compacting *c, int64_t id)
{
	static const char *const endings[] = {"duckdb", "duckdb.wal"};
	layout_path path;

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (layout_join(path, c->data, "duckdb/%" PRId64 ".%s", id, endings[i]) == TR_OK)
			(void)c->disk->remove(c->disk->arg, path);
}

static uint64_t size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void remove_execution(const struct compacting *c, const index_entry *e)
{
	layout_path packed, plain, parent;
	const char *folder = tr_as_cstr(e->folder, "");
	if (log_packed_path(packed, c->data, folder) != TR_OK || log_plain_path(plain, c->data, folder) != TR_OK)
		return;
	uint64_t size = size_of(packed) + size_of(plain);
	int err = remove_damaged(c, packed);
	if (err == 0)
		err = remove_damaged(c, plain);
	if (err == 0)
		err = c->disk->remove(c->disk->arg, packed);
	if (err == 0)
		err = remove_plain(c, folder);
	parent_folder(parent, c, folder);
	if (err == 0)
		err = c->disk->sync_folder(c->disk->arg, parent);
	if (err != 0) {
		failed(c, folder, strerror(-err));
		return;
	}
	remove_databases(c, e->id);
	c->result->removed++;
	c->result->bytes_removed += size;
}

/* ---- what goes ------------------------------------------------------------------------------------------------------
 */

#define DEEPEST 1000 /* far beyond what the engine allows a child */

static const index_entry *parent_of(const index_table *t, const index_entry *e)
{
	return index_find(t, tr_as_int(tr_map_get_s(e->parent, "execution_id"), 0));
}

/* The execution that somebody started and that this one is a part of; itself, when its parent is gone. */
static const index_entry *root_of(const index_table *t, const index_entry *e)
{
	for (int depth = 0; depth < DEEPEST; depth++) {
		const index_entry *parent = parent_of(t, e);
		if (parent == NULL)
			break;
		e = parent;
	}
	return e;
}

static bool goes(const compact_policy *p, const index_entry *e, uint64_t newer)
{
	return e->finished && ((p->keep_us > 0 && e->ended_us < p->now_us - p->keep_us) ||
			       (p->keep_count > 0 && newer >= p->keep_count));
}

/* One for each entry: does it go? The policy is about executions that somebody started, their children go with them.
 * What is left of one whose parent is gone counts for no place. NULL: no memory. */
static bool *decide(const index_table *t, const compact_policy *p)
{
	bool *gone = tr_alloc((t->count + 1) * sizeof *gone);
	uint64_t newer = 0; /* finished ones that are newer than this one */
	for (size_t i = t->count; gone != NULL && i-- > 0;) {
		const index_entry *e = &t->entries[i];
		if (parent_of(t, e) != NULL)
			continue;
		gone[i] = goes(p, e, newer);
		newer += e->finished && !tr_is(e->parent, TR_MAP) ? 1 : 0;
	}
	for (size_t i = 0; gone != NULL && i < t->count; i++)
		if (parent_of(t, &t->entries[i]) != NULL)
			gone[i] = gone[root_of(t, &t->entries[i]) - t->entries];
	return gone;
}

tr_err compact_store(const char *data, const disk *d, const compact_policy *policy, tr_buf *report,
		     compact_result *result)
{
	struct compacting c = {data, d, policy, report, result};
	index_table t = {0};
	tr_buf notes = {0};
	*result = (compact_result){0};
	tr_err err = index_load(&t, data, false, &notes);
	bool *gone = err == TR_OK ? decide(&t, policy) : NULL;
	if (err == TR_OK && gone == NULL)
		err = TR_ENOMEM;
	for (size_t i = t.count; err == TR_OK && i-- > 0;) {
		index_entry *e = &t.entries[i];
		if (!e->finished || !tr_is_valid(e->folder))
			continue;
		if (gone[i])
			remove_execution(&c, e);
		else if (policy->pack && !e->packed && e->ended_us <= policy->now_us - policy->pack_older_us)
			pack(&c, tr_as_cstr(e->folder, ""), e->id);
	}
	tr_free(gone);
	index_fini(&t);
	tr_buf_fini(&notes);
	if (err == TR_OK && policy->artifacts)
		err = sweep_artifacts(data, report, &result->artifacts);
	return err;
}

/* ---- as messages ----------------------------------------------------------------------------------------------------
 */

tr_value compact_policy_value(const compact_policy *p)
{
	return TR_DICT("pack", tr_bool(p->pack), "pack_older_us", tr_int(p->pack_older_us), "keep_us",
		       tr_int(p->keep_us), "keep_count", tr_int((int64_t)p->keep_count));
}

/* Artifacts are not for a running node: an execution may be about to refer to one. */
compact_policy compact_policy_of(tr_value v)
{
	int64_t older = tr_as_int(tr_map_get_s(v, "pack_older_us"), 0), keep = tr_as_int(tr_map_get_s(v, "keep_us"), 0);
	int64_t count = tr_as_int(tr_map_get_s(v, "keep_count"), 0);
	return (compact_policy){.pack = tr_as_bool(tr_map_get_s(v, "pack"), false),
				.pack_older_us = older > 0 ? older : 0,
				.keep_us = keep > 0 ? keep : 0,
				.keep_count = count > 0 ? (uint64_t)count : 0};
}

tr_value compact_result_value(const compact_result *r)
{
	return TR_DICT("packed", tr_int((int64_t)r->packed), "removed", tr_int((int64_t)r->removed), "artifacts",
		       tr_int((int64_t)r->artifacts), "failed", tr_int((int64_t)r->failed), "bytes_before",
		       tr_int((int64_t)r->bytes_before), "bytes_after", tr_int((int64_t)r->bytes_after),
		       "bytes_removed", tr_int((int64_t)r->bytes_removed));
}
