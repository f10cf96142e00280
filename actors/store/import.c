/* SPDX-License-Identifier: Apache-2.0 */
/* Executions from a stream. Everything in it is checked before it is believed. */
#include "actors/store/export.h"

#include "actors/event/frame.h"
#include "actors/store/artifact_holders.h"
#include "actors/store/file_store_internal.h"
#include "actors/store/index_table.h"
#include "actors/store/inspect.h"
#include "actors/store/log_file.h"
#include "actors/store/reader.h"
#include "actors/store/references.h"
#include "actors/store/snapshot_file.h"
#include "actors/store/walk.h"
#include "runtime/value/escape.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <unistd.h>

#define SHOWN_BYTES    60
#define LINE_MAX_BYTES ((size_t)128 << 20)

struct importing {
	file_store *store;
	const disk *disk;
	tr_buf *report;
	export_counts *counts;
	index_table known;
	/* the execution that is being read */
	int64_t id;
	char folder[PATH_MAX];
	uint64_t expected, got;
	tr_buf log;
	/* the artifact that is being read */
	tr_buf artifact;
	char key[ARTIFACT_KEY];
	int64_t part;
	bool ended;
};

static bool fail(struct importing *m, const char *what, const char *which, const char *why)
{
	m->counts->failed++;
	tr_buf_putf(m->report, "%s %.100s: %s\n", what, which, why);
	return true;
}

static bool plain_hex(const char *s)
{
	return strlen(s) == ARTIFACT_KEY - 1 && strspn(s, "0123456789abcdef") == strlen(s);
}

/* ---- lines; false: the stream is damaged ----------------------------------------------------------------------------
 */

static bool take_playbook(struct importing *m, tr_value v)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	char found[2 * sizeof digest + 1];
	layout_path path;
	const char *hash = tr_as_cstr(tr_map_get_s(v, "playbook"), "");
	tr_str source = tr_as_str(tr_map_get_s(v, "source"));
	(void)crypto_hash_sha256(digest, (const unsigned char *)source.p, source.n);
	(void)sodium_bin2hex(found, sizeof found, digest, sizeof digest);
	if (strcmp(found, hash) != 0)
		return fail(m, "playbook", "of the stream", "its content is not what its hash says");
	if (layout_join(path, m->store->data, "playbooks/%s.yaml", hash) != TR_OK)
		return fail(m, "playbook", hash, "the folder's name is too long");
	int err = access(path, F_OK) == 0 ? 0 : disk_replace(m->disk, path, NULL, source);
	m->counts->playbooks += err == 0;
	return err == 0 || fail(m, "playbook", hash, strerror(-err));
}

static void place_artifact(struct importing *m)
{
	layout_path path, folder;
	const disk *d = m->disk;
	if (layout_join(folder, m->store->data, "artifacts/%.2s", m->key) != TR_OK ||
	    layout_join(path, m->store->data, "artifacts/%.2s/%s", m->key, m->key) != TR_OK) {
		(void)fail(m, "artifact", m->key, "the folder's name is too long");
		return;
	}
	bool there = access(path, F_OK) == 0;
	int err = there ? 0 : d->make_folder(d->arg, folder);
	if (err == 0 && !there)
		err = disk_replace(d, path, NULL, tr_buf_str(&m->artifact));
	tr_value back = err == 0 ? artifact_read(m->store->data, tr_s(m->key)) : tr_nil();
	if (err != 0) {
		(void)fail(m, "artifact", m->key, strerror(-err));
	} else if (!tr_is_valid(back)) {
		if (!there)
			(void)d->remove(d->arg, path);
		(void)fail(m, "artifact", m->key, "its content is not what its name says");
	} else {
		m->counts->artifacts++;
		/* From now on somebody may delete it: those whose events come say that they put it. */
		if (there && !holders_known(m->store->data, m->key))
			(void)holders_add(m->store->data, m->key, tr_s("?"), false, &(int){0});
	}
	tr_drop(back);
}

/* Where it is here, others hold it. */
static bool take_deleted(const struct importing *m, const char *key)
{
	layout_path path;
	size_t dropped, left;
	int os_error;
	if (!plain_hex(key))
		return false;
	if (layout_join(path, m->store->data, "artifacts/%.2s", key) == TR_OK &&
	    m->disk->make_folder(m->disk->arg, path) == 0 && !holders_known(m->store->data, key) &&
	    layout_join(path, m->store->data, "artifacts/%.2s/%s", key, key) == TR_OK && access(path, F_OK) != 0 &&
	    holders_add(m->store->data, key, tr_s("?"), false, &os_error) == TR_OK)
		(void)holders_drop(m->store->data, key, tr_s("?"), false, &dropped, &left);
	return true;
}

static bool take_artifact(struct importing *m, tr_value v)
{
	const char *key = tr_as_cstr(tr_map_get_s(v, "artifact"), "");
	if (tr_as_bool(tr_map_get_s(v, "deleted"), false))
		return take_deleted(m, key);
	int64_t part = tr_as_int(tr_map_get_s(v, "part"), 0), parts = tr_as_int(tr_map_get_s(v, "parts"), 0);
	if (!plain_hex(key) || part < 1 || part > parts ||
	    (part > 1 && (part != m->part + 1 || strcmp(key, m->key) != 0)))
		return false;
	if (part == 1) {
		tr_buf_clear(&m->artifact);
		m->artifact.max = (size_t)2 << 30;
		memcpy(m->key, key, sizeof m->key);
	}
	m->part = part;
	if (tr_base64_read(&m->artifact, tr_as_str(tr_map_get_s(v, "data"))) != TR_OK || m->artifact.err != TR_OK)
		return false;
	if (part == parts) {
		place_artifact(m);
		tr_buf_fini(&m->artifact);
		m->part = 0;
	}
	return true;
}

/* Is what is here already the same? */
static bool same_log(const struct importing *m)
{
	tr_buf notes = {0}, here = {0};
	tr_value events = store_read_execution(m->store->data, m->id, &notes);
	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;
		if (event_from_value(tr_array_at(events, i), &e) == TR_OK)
			(void)store_frame(&here, &e);
		event_fini(&e);
	}
	bool same = here.n == m->log.n && memcmp(here.p, m->log.p, here.n) == 0;
	tr_buf_fini(&notes);
	tr_buf_fini(&here);
	tr_drop(events);
	return same;
}

/* Who put an artifact that is here may delete it. */
static void note_holder(void *arg, tr_str key, tr_str holder)
{
	const struct importing *m = arg;
	layout_path path;
	char name[ARTIFACT_KEY];
	int os_error;
	(void)snprintf(name, sizeof name, "%.64s", key.p);
	if (holder.n > 0 && plain_hex(name) &&
	    layout_join(path, m->store->data, "artifacts/%.2s/%s", name, name) == TR_OK && access(path, F_OK) == 0)
		(void)holders_add(m->store->data, name, holder, false, &os_error);
}

static bool index_frame(void *arg, const frame *f)
{
	struct importing *m = arg;
	event e;
	if (f->kind == FRAME_EVENT && event_decode(f->payload, &e) == TR_OK) {
		references_each_holder(e.payload, note_holder, m);
		event_fini(&e);
	}
	if (f->kind == FRAME_EVENT && index_wants(f->type))
		index_put(&m->store->index_batch, f, m->folder);
	return true;
}

static int place_log(struct importing *m)
{
	layout_path folder, path, packed;
	const disk *d = m->disk;
	if (layout_join(folder, m->store->data, "executions/%s", m->folder) != TR_OK ||
	    log_plain_path(path, m->store->data, m->folder) != TR_OK ||
	    log_packed_path(packed, m->store->data, m->folder) != TR_OK)
		return -ENAMETOOLONG;
	/* Whatever the index says: a log that is there is not replaced. */
	int err = access(path, F_OK) == 0 || access(packed, F_OK) == 0 ? -EEXIST : d->make_folder(d->arg, folder);
	if (err == 0) /* of another that was here once */
		err = snapshots_remove(d, m->store->data, m->folder);
	if (err == 0)
		err = disk_replace(d, path, NULL, tr_buf_str(&m->log));
	if (err == 0)
		err = d->sync_folder(d->arg, folder);
	return err;
}

/* All events of an execution are there. False: they are not what was announced. */
static bool place_execution(struct importing *m)
{
	char id[24];
	inspect_result found;
	if (m->id == 0)
		return true;
	(void)snprintf(id, sizeof id, "%" PRId64, m->id);
	inspect_bytes(tr_buf_str(&m->log), m->id, NULL, NULL, &found);
	if (m->got != m->expected || found.fault[0] != '\0' || found.last_seq != m->expected)
		return false;
	if (index_find(&m->known, m->id) != NULL) {
		if (same_log(m))
			m->counts->skipped++;
		else
			(void)fail(m, "execution", id, "another of this id is there; it is left as it is");
	} else {
		int err = place_log(m);
		if (err != 0) {
			(void)fail(m, "execution", id, strerror(-err));
		} else {
			scan_note note;
			scan_frames(tr_buf_str(&m->log), index_frame, m, &note);
			m->counts->executions++;
			m->counts->events += m->got;
			(void)index_entry_of(&m->known, m->id);
		}
	}
	m->id = 0;
	tr_buf_fini(&m->log);
	return true;
}

static bool take_execution(struct importing *m, tr_value v)
{
	tr_str folder = tr_as_str(tr_map_get_s(v, "folder"));
	const char *text = tr_as_cstr(tr_map_get_s(v, "execution"), "");
	int64_t expected = tr_as_int(tr_map_get_s(v, "events"), 0);
	if (!place_execution(m) || !walk_id(text, &m->id) || !layout_folder_ok(folder) || expected < 1)
		return false;
	const char *slash = memrchr(folder.p, '/', folder.n);
	size_t before = slash == NULL ? folder.n : (size_t)(slash + 1 - folder.p);
	/* The whole id, not a part of it: else one execution could take another's folder. */
	if (slash == NULL || !tr_str_is((tr_str){slash + 1, folder.n - before}, text))
		return false;
	(void)snprintf(m->folder, sizeof m->folder, "%.*s", TR_STR(folder));
	m->expected = (uint64_t)expected;
	m->got = 0;
	tr_buf_clear(&m->log);
	return true;
}

static bool take_event(struct importing *m, tr_value v)
{
	if (m->id == 0 || m->got == m->expected)
		return false;
	m->got++;
	return tr_base64_read(&m->log, tr_as_str(tr_map_get_s(v, "record"))) == TR_OK && m->log.err == TR_OK;
}

static bool take_line(struct importing *m, tr_value v, uint64_t line)
{
	if (line == 1)
		return tr_as_int(tr_map_get_s(v, "troupe_export"), 0) == EXPORT_VERSION;
	if (m->ended)
		return false;
	if (tr_is_valid(tr_map_get_s(v, "record")))
		return take_event(m, v);
	if (tr_is_valid(tr_map_get_s(v, "execution")))
		return take_execution(m, v);
	if (tr_is_valid(tr_map_get_s(v, "artifact")))
		return place_execution(m) && take_artifact(m, v);
	if (tr_is_valid(tr_map_get_s(v, "playbook")))
		return place_execution(m) && take_playbook(m, v);
	m->ended = tr_as_bool(tr_map_get_s(v, "end"), false);
	return m->ended && place_execution(m);
}

/* The next line; false at the end of the stream, or when it is too long. */
static bool read_line(FILE *in, tr_buf *line)
{
	tr_buf_clear(line);
	line->max = LINE_MAX_BYTES;
	for (int c; (c = getc_unlocked(in)) != EOF;) {
		if (c == '\n')
			return line->err == TR_OK;
		tr_buf_putc(line, (char)c);
		if (line->err != TR_OK)
			return false;
	}
	return line->n > 0;
}

/* The first line is not that of an export: what is it? */
static void no_export(const struct importing *m, tr_str line, tr_value v)
{
	tr_value version = tr_map_get_s(v, "troupe_export");
	if (tr_is(version, TR_INT)) {
		tr_buf_putf(m->report, "it is an export of version %" PRId64 "; this program reads version %d\n",
			    tr_as_int(version, 0), EXPORT_VERSION);
		return;
	}
	if (line.n == 0) {
		tr_buf_puts(m->report, "it is empty");
	} else {
		tr_buf_puts(m->report, "it begins with '");
		escape_put(m->report, (tr_str){line.p, line.n < SHOWN_BYTES ? line.n : SHOWN_BYTES});
		tr_buf_puts(m->report, line.n < SHOWN_BYTES ? "'" : "…'");
	}
	tr_buf_putf(m->report, ", an export with {\"troupe_export\":%d}; 'troupe store export' writes one\n",
		    EXPORT_VERSION);
}

tr_err import_store(file_store *s, const disk *d, FILE *in, tr_buf *report, export_counts *counts, uint64_t *line)
{
	struct importing m = {.store = s, .disk = d, .report = report, .counts = counts};
	tr_buf text = {0}, notes = {0};
	*counts = (export_counts){0};
	*line = 0;
	tr_err err = sodium_init() < 0 ? TR_ESYSTEM : index_load(&m.known, s->data, false, &notes);
	while (err == TR_OK && read_line(in, &text)) {
		++*line;
		tr_value v = tr_json_read(tr_buf_str(&text), NULL, NULL);
		if (!tr_is(v, TR_MAP) || !take_line(&m, v, *line))
			err = *line == 1 ? TR_EINVAL : TR_ECORRUPT;
		if (err == TR_EINVAL)
			no_export(&m, tr_buf_str(&text), v);
		tr_drop(v);
	}
	if (err == TR_OK && *line == 0 && !ferror(in)) {
		no_export(&m, (tr_str){NULL, 0}, tr_nil());
		err = TR_EINVAL;
	}
	if (err == TR_OK && (ferror(in) || text.err != TR_OK))
		err = ferror(in) ? TR_EIO : TR_ECORRUPT;
	if (err == TR_OK && !m.ended) {
		++*line;
		err = TR_ECORRUPT;
	}
	tr_buf_fini(&text);
	tr_buf_fini(&notes);
	tr_buf_fini(&m.log);
	tr_buf_fini(&m.artifact);
	index_fini(&m.known);
	return err;
}
