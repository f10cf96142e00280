/* SPDX-License-Identifier: Apache-2.0 */
/* Everything in a data folder against everything else. */
#include "actors/store/verify.h"

#include "actors/store/artifact_file.h"
#include "actors/store/artifact_holders.h"
#include "actors/store/index.h"
#include "actors/store/inspect.h"
#include "actors/store/journal.h"
#include "actors/store/leftovers.h"
#include "actors/store/log_file.h"
#include "actors/store/mend.h"
#include "actors/store/references.h"
#include "actors/store/scan.h"
#include "actors/store/snapshot_file.h"
#include "actors/store/walk.h"

#include <dirent.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST_LISTED 10000

struct verify {
	const char *data;
	verify_result *result;
	tr_value last;        /* map: execution -> seq of the last event in its log */
	tr_value keys;        /* map: artifact -> the execution that refers to it */
	tr_value hashes;      /* map: playbook's hash -> an execution that needs it */
	int64_t execution_id; /* of the log that is looked at */
	index_table real;     /* what the logs and the journal say */
	tr_value snapshots;   /* array: folders of executions that have some, and their ids in turn */
	bool live;            /* somebody writes there */
	tr_err err;
};

static void keep_error(struct verify *v, tr_err err)
{
	v->err = v->err == TR_OK ? err : v->err;
}

static void problem(struct verify *v, tr_value file, const char *text)
{
	if (v->result->problems++ < MOST_LISTED)
		v->result->list = tr_array_push(v->result->list,
						TR_DICT("file", file, "problem", tr_string_lossy(text, strlen(text))));
	else
		tr_drop(file);
}

/* ---- logs -----------------------------------------------------------------------------------------------------------
 */

static void note_key(void *arg, tr_str key)
{
	struct verify *v = arg;
	v->keys = tr_map_put(v->keys, tr_string_n(key.p, key.n), tr_int(v->execution_id));
}

static void note_event(void *arg, const event *e)
{
	struct verify *v = arg;
	v->result->events++;
	references_each(e->payload, note_key, v);
	tr_value hash = tr_map_get_s(tr_map_get_s(e->payload, "playbook"), "hash");
	if (e->type == EVENT_EXECUTION_REQUESTED && tr_is(hash, TR_STRING))
		v->hashes = tr_map_put(v->hashes, tr_keep(hash), tr_int(e->execution_id));
}

static void check_bytes(struct verify *v, const char *folder, bool packed, tr_err read, tr_str bytes)
{
	inspect_result r = {0};
	tr_value key = tr_int(v->execution_id);
	if (read == TR_OK || read == TR_ECORRUPT)
		inspect_bytes(bytes, v->execution_id, note_event, v, &r);
	if (read == TR_ECORRUPT)
		inspect_packed_fault(&r);
	else if (read != TR_OK)
		(void)snprintf(r.fault, sizeof r.fault, "cannot be read: %s", tr_err_text(read));
	if (r.fault[0] != '\0')
		problem(v,
			packed ? tr_stringf("executions/%s" PACKED_SUFFIX, folder)
			       : tr_stringf("executions/%s/events.log", folder),
			r.fault);
	if ((int64_t)r.last_seq > tr_as_int(tr_map_get(v->last, key), 0))
		v->last = tr_map_put(v->last, key, tr_int((int64_t)r.last_seq));
}

/* What it is needed for later is remembered: each log is read once. */
static bool check_log(void *arg, const char *folder, int64_t id, bool packed)
{
	struct verify *v = arg;
	tr_buf bytes = {0};
	size_t snapshots = 0;
	v->execution_id = id;
	if (!tr_is_valid(tr_map_get(v->last, tr_int(id)))) {
		v->result->executions++;
		v->last = tr_map_put(v->last, tr_int(id), tr_int(0));
	}
	tr_err read = packed ? log_read_packed(v->data, folder, &bytes) : log_read_plain(v->data, folder, &bytes);
	if (packed || read != TR_ENOENT)
		check_bytes(v, folder, packed, read, tr_buf_str(&bytes));
	keep_error(v, index_take_log(&v->real, folder, id, packed, tr_buf_str(&bytes)));
	if (!packed)
		tr_free(snapshot_list(v->data, folder, &snapshots));
	if (snapshots > 0)
		v->snapshots =
		    tr_array_push(tr_array_push(v->snapshots, tr_string_lossy(folder, strlen(folder))), tr_int(id));
	tr_buf_fini(&bytes);
	return true;
}

/* ---- journal --------------------------------------------------------------------------------------------------------
 */

struct segment {
	struct verify *v;
	const char *name;
};

static bool check_frame(void *arg, const frame *f)
{
	struct segment *s = arg;
	struct verify *v = s->v;
	event e;
	if (f->kind != FRAME_EVENT)
		return true;
	tr_value key = tr_int(f->execution_id), last = tr_map_get(v->last, key);
	uint64_t at = (uint64_t)tr_as_int(last, 0);
	char text[200];
	if (f->seq <= at)
		return true;
	v->result->executions += !tr_is_valid(last);
	if (f->seq != at + 1) {
		(void)snprintf(text, sizeof text, "execution %" PRId64 ": event %" PRIu64 " follows event %" PRIu64,
			       f->execution_id, f->seq, at);
		problem(v, tr_string(s->name), text);
	}
	if (event_decode(f->payload, &e) == TR_OK) {
		v->execution_id = f->execution_id;
		note_event(v, &e);
		event_fini(&e);
	} else {
		(void)snprintf(text, sizeof text, "execution %" PRId64 ": event %" PRIu64 " cannot be read",
			       f->execution_id, f->seq);
		problem(v, tr_string(s->name), text);
	}
	v->last = tr_map_put(v->last, key, tr_int((int64_t)f->seq));
	return true;
}

static void check_journal(struct verify *v)
{
	uint64_t *numbers;
	size_t count;
	if (journal_segments(v->data, &numbers, &count) != TR_OK) {
		problem(v, tr_string("journal"), "cannot be read");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		layout_path path;
		char name[64];
		tr_buf bytes = {0};
		scan_note note = {0};
		(void)snprintf(name, sizeof name, "journal/%016" PRIu64 ".journal", numbers[i]);
		struct segment s = {v, name};
		tr_err err = journal_path(path, v->data, numbers[i]);
		if (err == TR_OK)
			err = disk_read_growing(path, &bytes);
		if (err == TR_OK) {
			scan_journal(tr_buf_str(&bytes), check_frame, &s, &note);
			keep_error(v, index_take_journal(&v->real, tr_buf_str(&bytes)));
		} else if (err != TR_ENOENT) /* a writer may have forgotten it meanwhile */
			problem(v, tr_string(name), tr_err_text(err));
		/* Whoever writes there is in the middle of it. */
		if (note.torn && v->live)
			note.torn = false;
		if (note.torn || note.damaged) {
			tr_buf text = {0};
			scan_describe(&note, "", &text);
			problem(v, tr_string(name), text.n > 2 ? text.p + 2 : "damaged");
			tr_buf_fini(&text);
		}
		tr_buf_fini(&bytes);
	}
	tr_free(numbers);
}

/* ---- snapshots ------------------------------------------------------------------------------------------------------
 */

static void bad_snapshot(void *arg, const char *file, uint64_t seq, const char *what)
{
	char text[200];
	(void)seq;
	(void)snprintf(text, sizeof text, "%s; the log alone is used", what);
	problem(arg, tr_string_lossy(file, strlen(file)), text);
}

static void check_snapshots(struct verify *v)
{
	for (size_t i = 0; i + 1 < tr_array_len(v->snapshots); i += 2) {
		tr_value id = tr_array_at(v->snapshots, i + 1);
		uint64_t last = (uint64_t)tr_as_int(tr_map_get(v->last, id), 0);
		/* Where somebody writes, a log may have gone on since it was looked at. */
		mend_check_snapshots(v->data, tr_as_cstr(tr_array_at(v->snapshots, i), ""), tr_as_int(id, 0),
				     v->live ? UINT64_MAX : last, bad_snapshot, v);
	}
}

/* ---- index ----------------------------------------------------------------------------------------------------------
 */

static bool same_entry(const index_entry *a, const index_entry *b)
{
	const char *x = a->status != NULL ? a->status : "", *y = b->status != NULL ? b->status : "";
	return strcmp(x, y) == 0 && a->finished == b->finished && a->started_us == b->started_us &&
	       a->ended_us == b->ended_us;
}

/* What lists are told by index and journal must be what the logs say. */
static void check_index(struct verify *v)
{
	index_table said = {0};
	tr_buf notes = {0};
	layout_path path;
	if (index_path(path, v->data) == TR_OK && access(path, F_OK) == 0) {
		/* Where somebody writes, an execution may have gone on between the two: not one that had ended. */
		keep_error(v, index_sort(&v->real));
		(void)index_load(&said, v->data, false, &notes);
		if (notes.n > 0) {
			notes.p[notes.n - 1] = '\0';
			problem(v, tr_string("index/executions.idx"), notes.p);
		}
		for (size_t i = 0; i < v->real.count; i++) {
			const index_entry *e = index_find(&said, v->real.entries[i].id);
			char text[200];
			const index_entry *log = &v->real.entries[i];
			if ((e != NULL && same_entry(e, log)) || (v->live && !log->finished))
				continue;
			(void)snprintf(text, sizeof text, "execution %" PRId64 ": the index says %s, the log says %s",
				       log->id, e == NULL || e->status == NULL ? "nothing" : e->status,
				       log->status == NULL ? "nothing" : log->status);
			problem(v, tr_string("index/executions.idx"), text);
		}
	}
	index_fini(&said);
	tr_buf_fini(&notes);
}

/* ---- artifacts and playbooks ----------------------------------------------------------------------------------------
 */

static void check_artifact(struct verify *v, const char *name, const char *part)
{
	tr_value file = tr_stringf("artifacts/%s/%s", part, name);
	size_t n = strlen(name);
	if (n != ARTIFACT_KEY - 1) {
		if (leftover_name(name))
			tr_drop(file);
		else
			problem(v, file, "this is no artifact's name");
		return;
	}
	tr_value value = artifact_read(v->data, tr_s(name));
	v->result->artifacts++;
	if (!tr_is_valid(value))
		problem(v, file,
			tr_value_err(value) == TR_ECORRUPT ? "its content is not what its name says"
							   : tr_err_text(tr_value_err(value)));
	else
		tr_drop(file);
	tr_drop(value);
}

static void check_artifacts(struct verify *v)
{
	layout_path path;
	DIR *top = layout_join(path, v->data, "artifacts") == TR_OK ? opendir(path) : NULL;
	for (struct dirent *part; top != NULL && (part = readdir(top)) != NULL;) {
		if (part->d_name[0] == '.' || layout_join(path, v->data, "artifacts/%s", part->d_name) != TR_OK)
			continue;
		DIR *dir = opendir(path);
		for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
			if (entry->d_name[0] != '.')
				check_artifact(v, entry->d_name, part->d_name);
		if (dir != NULL)
			closedir(dir);
	}
	if (top != NULL)
		closedir(top);
	const tr_entry *entries = tr_map_entries(v->keys);
	for (size_t i = 0; i < tr_map_len(v->keys); i++) {
		const char *key = tr_as_cstr(entries[i].key, "");
		char text[120];
		if (layout_join(path, v->data, "artifacts/%.2s/%s", key, key) == TR_OK && access(path, F_OK) == 0)
			continue;
		if (holders_deleted(v->data, key)) /* as its execution wanted it */
			continue;
		(void)snprintf(text, sizeof text, "it is not there, and execution %" PRId64 " refers to it",
			       tr_as_int(entries[i].value, 0));
		problem(v, tr_stringf("artifacts/%.2s/%s", key, key), text);
	}
}

static void check_playbooks(struct verify *v)
{
	const tr_entry *entries = tr_map_entries(v->hashes);
	for (size_t i = 0; i < tr_map_len(v->hashes); i++) {
		const char *hash = tr_as_cstr(entries[i].key, "");
		unsigned char digest[crypto_hash_sha256_BYTES];
		char found[2 * sizeof digest + 1] = "", text[160];
		layout_path path;
		tr_buf source = {0};
		if (strspn(hash, "0123456789abcdef") != strlen(hash) ||
		    layout_join(path, v->data, "playbooks/%s.yaml", hash) != TR_OK)
			continue;
		tr_err err = disk_read_file(path, &source);
		if (err == TR_OK) {
			(void)crypto_hash_sha256(digest, (const unsigned char *)source.p, source.n);
			(void)sodium_bin2hex(found, sizeof found, digest, sizeof digest);
		}
		v->result->playbooks++;
		(void)snprintf(text, sizeof text, "%s; execution %" PRId64 " needs it",
			       err != TR_OK ? tr_err_text(err) : "its content is not what its name says",
			       tr_as_int(entries[i].value, 0));
		if (err != TR_OK || strcmp(found, hash) != 0)
			problem(v, tr_stringf("playbooks/%s.yaml", hash), text);
		tr_buf_fini(&source);
	}
}

/* Where somebody writes, they are under way. */
static void note_leftover(void *arg, const char *file)
{
	struct verify *v = arg;
	if (v->result->leftovers++ < MOST_LISTED)
		v->result->left = tr_array_push(v->result->left, tr_string_lossy(file, strlen(file)));
}

tr_err verify_store(const char *data, verify_result *result)
{
	struct verify v = {.data = data,
			   .result = result,
			   .last = tr_map(),
			   .keys = tr_map(),
			   .hashes = tr_map(),
			   .snapshots = tr_array()};
	layout_path path;
	*result = (verify_result){.list = tr_array(), .left = tr_array()};
	if (layout_join(path, data, "executions") != TR_OK || access(path, F_OK) != 0 || sodium_init() < 0) {
		tr_drop(v.last);
		tr_drop(v.keys);
		tr_drop(v.hashes);
		tr_drop(v.snapshots);
		return TR_ENOENT;
	}
	v.live = layout_lock_owner(data) != 0;
	walk_executions(data, check_log, &v);
	check_journal(&v);
	check_snapshots(&v);
	check_index(&v);
	check_artifacts(&v);
	check_playbooks(&v);
	if (!v.live)
		leftovers_each(data, note_leftover, &v);
	tr_err err = v.err == TR_OK ? tr_value_err(result->list) : v.err;
	if (err == TR_OK)
		err = tr_value_err(result->left);
	if (err == TR_OK && (!tr_is_valid(v.last) || !tr_is_valid(v.keys) || !tr_is_valid(v.hashes)))
		err = TR_ENOMEM;
	tr_drop(v.last);
	tr_drop(v.keys);
	tr_drop(v.hashes);
	tr_drop(v.snapshots);
	index_fini(&v.real);
	return err;
}

void verify_fini(verify_result *result)
{
	tr_clear(&result->list);
	tr_clear(&result->left);
}
