/* SPDX-License-Identifier: Apache-2.0 */
/* Mark and sweep over artifacts. */
#include "actors/store/sweep.h"

#include "actors/store/artifact_file.h"
#include "actors/store/inspect.h"
#include "actors/store/journal.h"
#include "actors/store/log_file.h"
#include "actors/store/references.h"
#include "actors/store/scan.h"
#include "actors/store/walk.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

struct sweep {
	const char *data;
	tr_buf *report;
	tr_value marked; /* map: key -> true */
	tr_value next;   /* array of keys whose own references are to be followed */
	bool unsure;
};

static void mark(void *arg, tr_str key)
{
	struct sweep *s = arg;
	if (tr_is_valid(tr_map_get_n(s->marked, key.p, key.n)))
		return;
	s->marked = tr_map_put(s->marked, tr_string_n(key.p, key.n), tr_bool(true));
	s->next = tr_array_push(s->next, tr_string_n(key.p, key.n));
}

static void mark_event(void *arg, const event *e)
{
	references_each(e->payload, mark, arg);
}

static bool mark_log(void *arg, const char *folder, int64_t id, bool packed)
{
	struct sweep *s = arg;
	tr_buf bytes = {0};
	inspect_result found;
	bool read = inspect_log(s->data, folder, id, packed, mark_event, s, &bytes, &found);
	/* Beside a packed log, the folder only keeps what a repair put aside. */
	if (!packed && !read && log_is_packed(s->data, folder))
		return true;
	if (!read || found.fault[0] != '\0') {
		s->unsure = true;
		tr_buf_putf(s->report, "executions/%s: %s; no artifact is removed, since it may be one of its own\n",
			    folder, found.fault);
	}
	tr_buf_fini(&bytes);
	return !s->unsure;
}

static bool mark_frame(void *arg, const frame *f)
{
	struct sweep *s = arg;
	event e;
	if (f->kind != FRAME_EVENT)
		return true;
	if (event_decode(f->payload, &e) != TR_OK) {
		s->unsure = true;
		return false;
	}
	mark_event(s, &e);
	event_fini(&e);
	return true;
}

static bool mark_segment(struct sweep *s, uint64_t number)
{
	layout_path path;
	tr_buf bytes = {0};
	scan_note note = {0};
	tr_err err = journal_path(path, s->data, number);
	if (err == TR_OK)
		err = disk_read_growing(path, &bytes);
	if (err == TR_OK)
		scan_journal(tr_buf_str(&bytes), mark_frame, s, &note);
	tr_buf_fini(&bytes);
	return err == TR_OK && !note.torn && !note.damaged;
}

/* Executions whose logs cannot be written have their events only there. */
static void mark_journal(struct sweep *s)
{
	uint64_t *numbers;
	size_t count;
	bool good = journal_segments(s->data, &numbers, &count) == TR_OK;
	for (size_t i = 0; good && i < count; i++)
		good = mark_segment(s, numbers[i]);
	tr_free(numbers);
	if (good && !s->unsure)
		return;
	s->unsure = true;
	tr_buf_puts(s->report,
		    "journal: it cannot be read to its end; no artifact is removed, since an execution there "
		    "may have it\n");
}

/* A manifest is an artifact that refers to others. */
static void mark_deep(struct sweep *s)
{
	for (size_t i = 0; i < tr_array_len(s->next); i++) {
		tr_value value = artifact_read(s->data, tr_as_str(tr_array_at(s->next, i)));
		references_each(value, mark, s);
		tr_drop(value);
	}
}

/* The key of an artifact's file, or of the list beside it; empty when the file is neither. */
static tr_str key_of(const char *name)
{
	size_t n = strlen(name);
	bool list = n == ARTIFACT_KEY - 1 + 4 && name[0] == '.' && strcmp(name + n - 3, ".by") == 0;
	return list || n == ARTIFACT_KEY - 1 ? (tr_str){name + list, ARTIFACT_KEY - 1} : (tr_str){"", 0};
}

static uint64_t sweep_part(const struct sweep *s, const char *part)
{
	layout_path path;
	uint64_t removed = 0;
	DIR *dir = layout_join(path, s->data, "artifacts/%s", part) == TR_OK ? opendir(path) : NULL;
	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		tr_str key = key_of(entry->d_name);
		if (key.n > 0 && !tr_is_valid(tr_map_get_n(s->marked, key.p, key.n)) &&
		    layout_join(path, s->data, "artifacts/%s/%s", part, entry->d_name) == TR_OK)
			removed += unlink(path) == 0 && key.p == entry->d_name;
	}
	if (dir != NULL)
		closedir(dir);
	return removed;
}

tr_err sweep_artifacts(const char *data, tr_buf *report, uint64_t *removed)
{
	struct sweep s = {.data = data, .report = report, .marked = tr_map(), .next = tr_array()};
	layout_path path;
	*removed = 0;
	walk_executions(data, mark_log, &s);
	if (!s.unsure)
		mark_journal(&s);
	mark_deep(&s);
	bool good = !s.unsure && tr_is_valid(s.marked) && tr_is_valid(s.next);
	DIR *top = good && layout_join(path, data, "artifacts") == TR_OK ? opendir(path) : NULL;
	for (struct dirent *part; top != NULL && (part = readdir(top)) != NULL;)
		if (part->d_name[0] != '.')
			*removed += sweep_part(&s, part->d_name);
	if (top != NULL)
		closedir(top);
	tr_drop(s.marked);
	tr_drop(s.next);
	return s.unsure || good ? TR_OK : TR_ENOMEM;
}
