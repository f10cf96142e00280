/* SPDX-License-Identifier: Apache-2.0 */
/* Reading executions from logs and journal. */
#include "actors/store/reader.h"
#include "actors/store/journal.h"
#include "actors/store/scan.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_DEPTH_MAX 16

/* ---- finding
 * ----------------------------------------------------------------------------------------------------------- */

/* Called for each folder that is named like an execution (digits only); false ends the walk. */
typedef bool found_fn(void *arg, const char *folder, int64_t id);

static bool id_of(const char *name, int64_t *id)
{
	char *end = NULL;
	if (*name < '1' || *name > '9')
		return false;
	errno = 0;
	*id = strtoll(name, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool walk(const char *data, const char *folder, int depth, found_fn *found, void *arg)
{
	layout_path path;
	if (layout_join(path, data, "executions/%s", folder) != TR_OK)
		return true;
	DIR *dir = opendir(path);
	if (dir == NULL)
		return true;
	bool go_on = true;
	for (struct dirent *entry; go_on && (entry = readdir(dir)) != NULL;) {
		char below[PATH_MAX];
		int64_t id;
		if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		int n = snprintf(below, sizeof below, "%s%s%s", folder, *folder != '\0' ? "/" : "", entry->d_name);
		if (n < 0 || n >= (int)sizeof below)
			continue;
		if (id_of(entry->d_name, &id))
			go_on = found(arg, below, id);
		else if (depth < FOLDER_DEPTH_MAX)
			go_on = walk(data, below, depth + 1, found, arg);
	}
	closedir(dir);
	return go_on;
}

/* ---- one execution
 * --------------------------------------------------------------------------------------------------------- */

struct reading {
	int64_t id;
	tr_value events; /* array */
	uint64_t last_seq;
	bool gap;
	tr_buf *notes;
	bool found;
};

struct finding {
	int64_t id;
	char folder[PATH_MAX];
	bool found;
};

static bool is_it(void *arg, const char *folder, int64_t id)
{
	struct finding *f = arg;
	if (id != f->id)
		return true;
	(void)snprintf(f->folder, sizeof f->folder, "%s", folder);
	f->found = true;
	return false;
}

static bool take_frame(void *arg, const frame *f)
{
	struct reading *r = arg;
	if (f->kind != FRAME_EVENT || f->execution_id != r->id)
		return true;
	r->found = true;
	if (f->seq <= r->last_seq)
		return true;
	if (f->seq != r->last_seq + 1) {
		if (!r->gap)
			tr_buf_putf(r->notes,
				    "events %" PRIu64 " to %" PRIu64 " are missing; what follows is not shown\n",
				    r->last_seq + 1, f->seq - 1);
		r->gap = true;
		return true;
	}
	event e;
	tr_err err = event_decode(f->payload, &e);
	if (err != TR_OK) {
		if (!r->gap)
			tr_buf_putf(r->notes, "event %" PRIu64 " has a good checksum but cannot be read: %s\n", f->seq,
				    tr_err_text(err));
		r->gap = true;
		return true;
	}
	r->events = tr_array_push(r->events, event_to_value(&e));
	event_fini(&e);
	r->last_seq = f->seq;
	return tr_is_valid(r->events);
}

static void read_one(struct reading *r, const char *path, const char *shown)
{
	tr_buf bytes = {0};
	if (disk_read_file(path, &bytes) == TR_OK) {
		scan_note note;
		scan_frames(tr_buf_str(&bytes), take_frame, r, &note);
		size_t before = r->notes->n;
		scan_describe(&note, shown, r->notes);
		if (r->notes->n > before)
			tr_buf_putc(r->notes, '\n');
	}
	tr_buf_fini(&bytes);
}

static void read_journal(struct reading *r, const char *data)
{
	uint64_t *numbers;
	size_t count;
	if (journal_segments(data, &numbers, &count) != TR_OK)
		return;
	for (size_t i = 0; i < count; i++) {
		layout_path path;
		char shown[64];
		(void)snprintf(shown, sizeof shown, "journal/%016" PRIu64 ".journal", numbers[i]);
		if (journal_path(path, data, numbers[i]) == TR_OK)
			read_one(r, path, shown);
	}
	tr_free(numbers);
}

tr_value store_read_execution(const char *data, int64_t execution_id, tr_buf *notes)
{
	struct reading r = {.id = execution_id, .events = tr_array(), .notes = notes};
	/* The writer moves records from the journal to the log and then deletes the segment: a reader that meets a gap
	   in between looks again. */
	for (int attempt = 0; attempt < 3; attempt++) {
		struct finding f = {.id = execution_id};
		size_t notes_before = notes->n;
		tr_assign(&r.events, tr_array());
		r.last_seq = 0;
		r.gap = false;
		walk(data, "", 0, is_it, &f);
		layout_path path;
		if (f.found && layout_join(path, data, "executions/%s/events.log", f.folder) == TR_OK) {
			char shown[PATH_MAX + 32];
			(void)snprintf(shown, sizeof shown, "executions/%s/events.log", f.folder);
			r.found = true;
			read_one(&r, path, shown);
		}
		read_journal(&r, data);
		if (!r.gap || attempt == 2)
			break;
		notes->n = notes_before;
	}
	if (!r.found) {
		tr_drop(r.events);
		return tr_invalid(TR_ENOENT);
	}
	return r.events;
}

/* ---- all executions
 * ------------------------------------------------------------------------------------------------------------ */

static bool list_one(void *arg, const char *folder, int64_t id)
{
	tr_value *list = arg;
	const char *slash = strrchr(folder, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - folder);
	*list = tr_array_push(*list, TR_DICT("execution_id", tr_stringf("%" PRId64, id), "workflow",
					     tr_string_lossy(folder, n), "path",
					     tr_string_lossy(folder, strlen(folder)), "id", tr_int(id)));
	return tr_is_valid(*list);
}

static bool list_from_journal(void *arg, const frame *f)
{
	tr_value *list = arg;
	if (f->kind != FRAME_FOLDER || !layout_folder_ok(f->payload) || f->payload.n >= PATH_MAX)
		return true;
	for (size_t i = tr_array_len(*list); i-- > 0;)
		if (tr_as_int(tr_map_get_s(tr_array_at(*list, i), "id"), 0) == f->execution_id)
			return true;
	char folder[PATH_MAX];
	memcpy(folder, f->payload.p, f->payload.n);
	folder[f->payload.n] = '\0';
	return list_one(list, folder, f->execution_id);
}

static int by_id(const void *a, const void *b)
{
	int64_t x = tr_as_int(tr_map_get_s(*(const tr_value *)a, "id"), 0);
	int64_t y = tr_as_int(tr_map_get_s(*(const tr_value *)b, "id"), 0);
	return x < y ? -1 : x > y;
}

tr_value store_list_executions(const char *data)
{
	tr_value list = tr_array();
	walk(data, "", 0, list_one, &list);
	uint64_t *numbers;
	size_t count;
	if (journal_segments(data, &numbers, &count) == TR_OK) {
		for (size_t i = 0; i < count; i++) {
			layout_path path;
			tr_buf bytes = {0};
			scan_note note;
			if (journal_path(path, data, numbers[i]) == TR_OK && disk_read_file(path, &bytes) == TR_OK)
				scan_frames(tr_buf_str(&bytes), list_from_journal, &list, &note);
			tr_buf_fini(&bytes);
		}
		tr_free(numbers);
	}
	size_t n = tr_array_len(list);
	if (n < 2)
		return list;
	tr_value *sorted = tr_alloc(n * sizeof *sorted);
	if (sorted == NULL) {
		tr_drop(list);
		return tr_invalid(TR_ENOMEM);
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = tr_keep(tr_array_at(list, i));
	qsort(sorted, n, sizeof *sorted, by_id);
	tr_drop(list);
	list = tr_array_from(sorted, n);
	tr_free(sorted);
	return list;
}

struct newest {
	int64_t id;
};

static bool newer(void *arg, const char *folder, int64_t id)
{
	struct newest *n = arg;
	(void)folder;
	if (id > n->id)
		n->id = id;
	return true;
}

static bool newer_in_journal(void *arg, const frame *f)
{
	return newer(arg, NULL, f->execution_id);
}

int64_t store_newest_execution(const char *data)
{
	struct newest n = {0};
	walk(data, "", 0, newer, &n);
	uint64_t *numbers;
	size_t count;
	if (journal_segments(data, &numbers, &count) != TR_OK)
		return n.id;
	for (size_t i = 0; i < count; i++) {
		layout_path path;
		tr_buf bytes = {0};
		scan_note note;
		if (journal_path(path, data, numbers[i]) == TR_OK && disk_read_file(path, &bytes) == TR_OK)
			scan_frames(tr_buf_str(&bytes), newer_in_journal, &n, &note);
		tr_buf_fini(&bytes);
	}
	tr_free(numbers);
	return n.id;
}

static bool is_over(const char *data, int64_t id)
{
	tr_buf notes = {0};
	tr_value events = store_read_execution(data, id, &notes);
	event last;
	event_init(&last, EVENT_NONE);
	if (tr_array_len(events) > 0)
		(void)event_from_value(tr_array_at(events, tr_array_len(events) - 1), &last);
	bool over = last.type == EVENT_PLAYBOOK_PROCESSED;
	event_fini(&last);
	tr_drop(events);
	tr_buf_fini(&notes);
	return over;
}

tr_value store_unfinished_executions(const char *data)
{
	tr_value all = store_list_executions(data), out = tr_array();
	for (size_t i = 0; i < tr_array_len(all); i++) {
		int64_t id = tr_as_int(tr_map_get_s(tr_array_at(all, i), "id"), 0);
		if (!is_over(data, id))
			out = tr_array_push(out, tr_int(id));
	}
	tr_drop(all);
	return out;
}
