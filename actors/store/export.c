/* SPDX-License-Identifier: Apache-2.0 */
/* Executions into a stream. */
#include "actors/store/export.h"

#include "actors/event/frame.h"
#include "actors/store/artifact_holders.h"
#include "actors/store/index.h"
#include "actors/store/reader.h"
#include "actors/store/references.h"

#include <inttypes.h>
#include <string.h>
#include <troupe/codec.h>

#define PART_MAX ((size_t)3 << 20) /* bytes of an artifact in one line */

struct exporting {
	const char *data;
	FILE *out;
	tr_buf *report;
	export_counts *counts;
	tr_value written; /* map: keys and hashes that are in the stream already */
	bool failed;      /* the stream cannot be written */
};

/* Takes v. */
static void put_line(struct exporting *x, tr_value v)
{
	tr_buf line = {0};
	if (tr_json_write(&line, v, TR_JSON_COMPACT) != TR_OK || line.err != TR_OK)
		x->failed = true;
	else if (fwrite(line.p, 1, line.n, x->out) != line.n || fputc('\n', x->out) == EOF)
		x->failed = true;
	tr_buf_fini(&line);
	tr_drop(v);
}

static tr_value base64(const char *p, size_t n)
{
	tr_buf text = {0};
	tr_base64_write(&text, (tr_str){p, n});
	if (text.n == 0)
		return tr_string("");
	return tr_string_buf(&text);
}

/* True the first time. */
static bool first_time(struct exporting *x, tr_str what)
{
	if (tr_is_valid(tr_map_get_n(x->written, what.p, what.n)))
		return false;
	x->written = tr_map_put(x->written, tr_string_n(what.p, what.n), tr_bool(true));
	return true;
}

static void put_playbook(struct exporting *x, tr_value hash)
{
	layout_path path;
	tr_buf source = {0};
	const char *name = tr_as_cstr(hash, "");
	if (!first_time(x, tr_as_str(hash)) || strspn(name, "0123456789abcdef") != strlen(name))
		return;
	tr_err err = layout_join(path, x->data, "playbooks/%s.yaml", name);
	if (err == TR_OK)
		err = disk_read_file(path, &source);
	if (err == TR_OK) {
		put_line(x, TR_DICT("playbook", tr_keep(hash), "source", tr_string_n(source.p, source.n)));
		x->counts->playbooks++;
	} else {
		tr_buf_putf(x->report, "playbooks/%s.yaml: %s\n", name, tr_err_text(err));
		x->counts->failed++;
	}
	tr_buf_fini(&source);
}

static void put_artifact(void *arg, tr_str key)
{
	struct exporting *x = arg;
	layout_path path;
	tr_buf bytes = {0};
	char name[ARTIFACT_KEY];
	if (!first_time(x, key))
		return;
	(void)snprintf(name, sizeof name, "%.64s", key.p);
	tr_err err = layout_join(path, x->data, "artifacts/%.2s/%.64s", key.p, key.p);
	if (err == TR_OK)
		err = disk_read_file(path, &bytes);
	size_t parts = (bytes.n + PART_MAX - 1) / PART_MAX;
	for (size_t i = 0; err == TR_OK && i < parts; i++) {
		size_t n = bytes.n - i * PART_MAX < PART_MAX ? bytes.n - i * PART_MAX : PART_MAX;
		put_line(x, TR_DICT("artifact", tr_string_n(key.p, key.n), "part", tr_int((int64_t)i + 1), "parts",
				    tr_int((int64_t)parts), "data", base64(bytes.p + i * PART_MAX, n)));
	}
	if (err == TR_OK) {
		x->counts->artifacts++;
	} else if (err == TR_ENOENT && holders_deleted(x->data, name)) {
		put_line(x, TR_DICT("artifact", tr_string(name), "deleted", tr_bool(true)));
	} else {
		tr_buf_putf(x->report, "artifacts/%.2s/%.64s: %s\n", key.p, key.p, tr_err_text(err));
		x->counts->failed++;
	}
	tr_buf_fini(&bytes);
}

static void put_needed(struct exporting *x, tr_value events)
{
	for (size_t i = 0; i < tr_array_len(events) && !x->failed; i++) {
		event e;
		if (event_from_value(tr_array_at(events, i), &e) == TR_OK) {
			tr_value hash = tr_map_get_s(tr_map_get_s(e.payload, "playbook"), "hash");
			if (e.type == EVENT_EXECUTION_REQUESTED && tr_is(hash, TR_STRING))
				put_playbook(x, hash);
			references_each(e.payload, put_artifact, x);
		}
		event_fini(&e);
	}
}

static void put_events(struct exporting *x, tr_value events)
{
	tr_buf record = {0};
	for (size_t i = 0; i < tr_array_len(events) && !x->failed; i++) {
		event e;
		tr_buf_clear(&record);
		tr_err err = event_from_value(tr_array_at(events, i), &e);
		if (err == TR_OK)
			err = store_frame(&record, &e);
		if (err == TR_OK)
			put_line(x, TR_DICT("seq", tr_int((int64_t)e.seq), "event", tr_string(event_type_text(e.type)),
					    "record", base64(record.p, record.n)));
		else
			x->failed = true;
		event_fini(&e);
		x->counts->events++;
	}
	tr_buf_fini(&record);
}

static void put_execution(struct exporting *x, const index_entry *e)
{
	tr_buf notes = {0};
	tr_value events = store_read_execution(x->data, e->id, &notes);
	if (!tr_is_valid(events) || tr_array_len(events) == 0) {
		tr_buf_putf(x->report, "execution %" PRId64 ": nothing of its log can be read\n", e->id);
		x->counts->failed++;
	} else {
		put_needed(x, events);
		put_line(x, TR_DICT("execution", tr_stringf("%" PRId64, e->id), "folder", tr_keep(e->folder), "events",
				    tr_int((int64_t)tr_array_len(events))));
		put_events(x, events);
		x->counts->executions++;
	}
	if (notes.n > 0) {
		tr_buf_put(x->report, notes.p, notes.n);
		x->counts->failed++;
	}
	tr_buf_fini(&notes);
	tr_drop(events);
}

static bool chosen(const int64_t *ids, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return ids == NULL;
}

tr_err export_store(const char *data, const int64_t *ids, size_t count, FILE *out, tr_buf *report,
		    export_counts *counts)
{
	struct exporting x = {data, out, report, counts, tr_map(), false};
	index_table t = {0};
	tr_buf notes = {0};
	*counts = (export_counts){0};
	tr_err err = index_load(&t, data, false, &notes);
	if (err == TR_OK)
		put_line(&x, TR_DICT("troupe_export", tr_int(EXPORT_VERSION)));
	for (size_t i = 0; err == TR_OK && i < t.count && !x.failed; i++)
		if (chosen(ids, count, t.entries[i].id) && tr_is_valid(t.entries[i].folder))
			put_execution(&x, &t.entries[i]);
	if (err == TR_OK)
		put_line(&x, TR_DICT("end", tr_bool(true), "executions", tr_int((int64_t)counts->executions), "events",
				     tr_int((int64_t)counts->events), "artifacts", tr_int((int64_t)counts->artifacts),
				     "playbooks", tr_int((int64_t)counts->playbooks)));
	if (fflush(out) != 0)
		x.failed = true;
	tr_drop(x.written);
	tr_buf_fini(&notes);
	index_fini(&t);
	return err != TR_OK ? err : x.failed ? TR_EIO : TR_OK;
}
