/* SPDX-License-Identifier: Apache-2.0 */
/* Open databases and known files. */
#include "plugins/shared/duckdb/shelf.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void shelf_fini(duck_shelf *s)
{
	for (size_t i = 0; i < SHELF_MARKS; i++)
		tr_drop(s->marks[i].path);
}

/* ---- open ones ---- */

static size_t place_of(const duck_shelf *s, const char *path)
{
	size_t i = 0;

	while (i < s->count && !tr_str_is(tr_as_str(s->open[i].path), path))
		i++;
	return i;
}

static duckdb_database take(duck_shelf *s, size_t i)
{
	duckdb_database db = i < s->count ? s->open[i].db : NULL;

	if (db == NULL)
		return NULL;
	tr_drop(s->open[i].path);
	s->open[i] = s->open[--s->count];
	return db;
}

bool shelf_has(const duck_shelf *s, const char *path)
{
	return place_of(s, path) < s->count;
}

bool shelf_put(duck_shelf *s, const char *path, duckdb_database *db, int64_t until)
{
	size_t i = place_of(s, path);

	if (i < s->count) {
		s->open[i].until = until;
		return true;
	}
	tr_value name = i == SHELF_DATABASES ? tr_absent() : tr_string_lossy(path, strlen(path));
	if (!tr_is_valid(name))
		return false;
	s->open[s->count++] = (shelf_database){name, *db, until};
	*db = NULL;
	return true;
}

duckdb_database shelf_take(duck_shelf *s, const char *path)
{
	return take(s, place_of(s, path));
}

duckdb_database shelf_take_due(duck_shelf *s, int64_t now)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->open[i].until <= now)
			return take(s, i);
	return NULL;
}

int64_t shelf_due(const duck_shelf *s)
{
	int64_t due = TR_FOREVER;

	for (size_t i = 0; i < s->count; i++)
		due = s->open[i].until < due ? s->open[i].until : due;
	return due;
}

/* ---- known files ---- */

static bool read_mark(const char *path, shelf_mark *m)
{
	struct stat st;
	bool good = stat(path, &st) == 0 && S_ISREG(st.st_mode);

	*m = (shelf_mark){.path = tr_absent()};
	if (good) {
		m->device = st.st_dev;
		m->number = st.st_ino;
		m->size = st.st_size;
		m->changed_ns = (int64_t)st.st_ctim.tv_sec * TR_SECOND + st.st_ctim.tv_nsec;
	}
	return good;
}

/* What is in a log beside it is not in the file yet. */
static bool has_log(const char *path)
{
	tr_buf name = {0};

	tr_buf_puts(&name, path);
	tr_buf_puts(&name, ".wal");
	bool has = name.err != TR_OK || access(name.p, F_OK) == 0;
	tr_buf_fini(&name);
	return has;
}

static shelf_mark *mark_of(const duck_shelf *s, const char *path)
{
	for (size_t i = 0; i < SHELF_MARKS; i++)
		if (tr_str_is(tr_as_str(s->marks[i].path), path))
			return (shelf_mark *)(uintptr_t)&s->marks[i];
	return NULL;
}

void shelf_mark_file(duck_shelf *s, const char *path)
{
	shelf_mark m, *slot = mark_of(s, path);

	if (!has_log(path) && read_mark(path, &m)) {
		if (slot == NULL)
			slot = &s->marks[s->next++ % SHELF_MARKS];
		m.path = tr_string_lossy(path, strlen(path));
		tr_drop(slot->path);
		*slot = m;
	} else if (slot != NULL) {
		tr_clear(&slot->path);
	}
}

bool shelf_is_marked(const duck_shelf *s, const char *path)
{
	shelf_mark now;
	const shelf_mark *m = mark_of(s, path);

	return m != NULL && !has_log(path) && read_mark(path, &now) && m->device == now.device &&
	       m->number == now.number && m->size == now.size && m->changed_ns == now.changed_ns;
}
