/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots against their logs; the holders of artifacts out of logs. */
#include "actors/store/mend.h"

#include "actors/store/artifact_holders.h"
#include "actors/store/inspect.h"
#include "actors/store/references.h"
#include "actors/store/snapshot_file.h"
#include "actors/store/walk.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- snapshots ------------------------------------------------------------------------------------------------------
 */

struct marks {
	const uint64_t *seqs; /* newest first */
	uint64_t *ids;        /* of those events; 0: the log has none */
	size_t count;
	tr_value hash; /* of the playbook */
};

static void mark(void *arg, const event *e)
{
	struct marks *m = arg;
	if (e->type == EVENT_EXECUTION_REQUESTED)
		tr_assign(&m->hash, tr_keep(TR_GET(e->payload, "playbook", "hash")));
	for (size_t i = 0; i < m->count; i++)
		if (m->seqs[i] == e->seq)
			m->ids[i] = e->event_id;
}

static const char *fault_of(const char *data, const char *folder, int64_t id, const struct marks *m, size_t i,
			    uint64_t last)
{
	snapshot s;
	const char *what = NULL;
	tr_err err = snapshot_read(data, folder, id, m->seqs[i], &s);
	if (err == TR_ENOENT || err == TR_EUNSUPPORTED) /* removed meanwhile; of an earlier version: it is not used */
		what = NULL;
	else if (err != TR_OK)
		what = err == TR_ECORRUPT ? "it is damaged" : tr_err_text(err);
	else if (m->seqs[i] > last)
		what = "the log does not reach so far";
	else if (m->ids[i] != 0 && m->ids[i] != s.event_id)
		what = "it is of another log";
	else if (tr_is_valid(m->hash) && !tr_equal(m->hash, tr_map_get_s(s.playbook, "hash")))
		what = "it is of another playbook";
	snapshot_fini(&s);
	return what;
}

void mend_check_snapshots(const char *data, const char *folder, int64_t id, uint64_t last,
			  void (*each)(void *arg, const char *file, uint64_t seq, const char *what), void *arg)
{
	inspect_result found;
	tr_buf bytes = {0};
	struct marks m = {.hash = tr_absent()};
	uint64_t *seqs = snapshot_list(data, folder, &m.count);
	m.seqs = seqs;
	m.ids = m.count > 0 ? tr_alloc(m.count * sizeof *m.ids) : NULL;
	if (m.ids != NULL)
		(void)inspect_log(data, folder, id, false, mark, &m, &bytes, &found);
	for (size_t i = 0; m.ids != NULL && i < m.count; i++) {
		char file[PATH_MAX + 64];
		const char *what = fault_of(data, folder, id, &m, i, last > found.last_seq ? last : found.last_seq);
		(void)snprintf(file, sizeof file, "executions/%s/%" PRIu64 ".snapshot", folder, m.seqs[i]);
		if (what != NULL)
			each(arg, file, m.seqs[i], what);
	}
	tr_drop(m.hash);
	tr_free(m.ids);
	tr_free(seqs);
	tr_buf_fini(&bytes);
}

struct removing {
	const char *data, *folder;
	const disk *disk;
	tr_buf *report;
	uint64_t count;
};

static void remove_one(void *arg, const char *file, uint64_t seq, const char *what)
{
	struct removing *r = arg;
	int err = snapshot_remove(r->disk, r->data, r->folder, seq);
	r->count += err == 0;
	tr_buf_putf(r->report, "%s: %s; %s\n", file, what, err == 0 ? "removed, the log has it all" : strerror(-err));
}

uint64_t mend_snapshots(const char *data, const disk *d, const char *folder, int64_t id, tr_buf *report)
{
	struct removing r = {data, folder, d, report, 0};
	mend_check_snapshots(data, folder, id, 0, remove_one, &r);
	return r.count;
}

/* ---- holders --------------------------------------------------------------------------------------------------------
 */

struct holding {
	const char *data;
	tr_value unlisted; /* map: key -> map of those who put it */
};

static void note_unlisted(struct holding *h, const char *name)
{
	if (strlen(name) == ARTIFACT_KEY - 1 && !holders_known(h->data, name))
		h->unlisted = tr_map_put_s(h->unlisted, name, tr_map());
}

static void look_for_unlisted(struct holding *h)
{
	layout_path path;
	DIR *top = layout_join(path, h->data, "artifacts") == TR_OK ? opendir(path) : NULL;
	for (struct dirent *part; top != NULL && (part = readdir(top)) != NULL;) {
		if (part->d_name[0] == '.' || layout_join(path, h->data, "artifacts/%s", part->d_name) != TR_OK)
			continue;
		DIR *dir = opendir(path);
		for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
			if (entry->d_name[0] != '.')
				note_unlisted(h, entry->d_name);
		if (dir != NULL)
			closedir(dir);
	}
	if (top != NULL)
		closedir(top);
}

static void note_holder(void *arg, tr_str key, tr_str holder)
{
	struct holding *h = arg;
	tr_value who = tr_map_get_n(h->unlisted, key.p, key.n);
	if (holder.n > 0 && tr_is_valid(who))
		h->unlisted = tr_map_put(h->unlisted, tr_string_n(key.p, key.n),
					 tr_map_put(tr_keep(who), tr_string_n(holder.p, holder.n), tr_bool(true)));
}

static void note_event(void *arg, const event *e)
{
	references_each_holder(e->payload, note_holder, arg);
}

static bool look_at_log(void *arg, const char *folder, int64_t id, bool packed)
{
	struct holding *h = arg;
	tr_buf bytes = {0};
	inspect_result found;
	(void)inspect_log(h->data, folder, id, packed, note_event, h, &bytes, &found);
	tr_buf_fini(&bytes);
	return true;
}

static bool write_down(const struct holding *h, const char *key, tr_value who)
{
	const tr_entry *e = tr_map_entries(who);
	int os_error;
	bool good = tr_map_len(who) > 0;
	for (size_t i = 0; i < tr_map_len(who) && good; i++)
		good = holders_add(h->data, key, tr_as_str(e[i].key), false, &os_error) == TR_OK;
	return good;
}

uint64_t mend_holders(const char *data)
{
	struct holding h = {data, tr_map()};
	uint64_t n = 0;
	look_for_unlisted(&h);
	if (tr_map_len(h.unlisted) > 0)
		walk_executions(data, look_at_log, &h);
	for (size_t i = 0; i < tr_map_len(h.unlisted); i++) {
		const tr_entry *e = &tr_map_entries(h.unlisted)[i];
		n += write_down(&h, tr_as_cstr(e->key, ""), e->value);
	}
	tr_drop(h.unlisted);
	return n;
}
