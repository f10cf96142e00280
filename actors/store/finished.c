/* SPDX-License-Identifier: Apache-2.0 */
/* Writing logs beside the store. */
#include "actors/store/finished.h"

#include "actors/store/stranded.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum {
	WAITING,
	WRITING,
	OVER
};

struct finished {
	char *data;
	const disk *disk;
	store_entry *entries;
	_Atomic int state;
	_Atomic bool stop;
};

size_t finished_waiting(const file_store *s)
{
	return s->finished_count;
}

finished *finished_take(file_store *s)
{
	size_t n = strlen(s->data) + 1;
	if (s->finished == NULL || s->out)
		return NULL;
	finished *f = tr_alloc(sizeof *f);
	char *data = tr_alloc(n);
	if (f == NULL || data == NULL) {
		tr_free(f);
		tr_free(data);
		return NULL;
	}
	memcpy(data, s->data, n);
	f->data = data;
	f->disk = s->journal.disk;
	f->entries = s->finished;
	atomic_init(&f->state, WAITING);
	atomic_init(&f->stop, false);
	s->finished = NULL;
	s->finished_count = 0;
	s->out = true;
	for (store_entry *e = f->entries; e != NULL; e = e->next_touched)
		store_entry_unlink(s, e);
	return f;
}

void finished_write(finished *f)
{
	store_entry *left = NULL;
	int waiting = WAITING;
	if (!atomic_compare_exchange_strong(&f->state, &waiting, WRITING))
		return;
	for (store_entry *e = f->entries, *next; e != NULL; e = next) {
		next = e->next_touched;
		bool stop = atomic_load(&f->stop);
		e->failed = stop ? 0 : store_entry_flush(f->data, f->disk, e);
		if (!stop && e->failed == 0) {
			store_entry_end(e);
		} else {
			e->next_touched = left;
			left = e;
		}
	}
	f->entries = left;
	atomic_store(&f->state, OVER);
}

void finished_stop(finished *f)
{
	const struct timespec moment = {.tv_nsec = 100000};
	int waiting = WAITING;
	if (atomic_compare_exchange_strong(&f->state, &waiting, OVER))
		return;
	atomic_store(&f->stop, true);
	while (atomic_load(&f->state) != OVER)
		nanosleep(&moment, NULL);
}

void finished_give_back(finished *f, file_store *s)
{
	for (store_entry *e = f->entries, *next; e != NULL; e = next) {
		next = e->next_touched;
		store_entry_link(s, e);
		if (stranded_is_own(e->failed))
			stranded_note(s, e, e->failed);
	}
	f->entries = NULL;
	s->out = false;
}

static void finished_destroy(void *data)
{
	finished *f = data;
	for (store_entry *e = f->entries, *next; e != NULL; e = next) {
		next = e->next_touched;
		store_entry_end(e);
	}
	tr_free(f->data);
	tr_free(f);
}

static const tr_class finished_class = {"finished logs", finished_destroy};

tr_value finished_value(finished *f)
{
	return tr_object(&finished_class, f);
}

finished *finished_of(tr_value v)
{
	return tr_as_object(v, &finished_class);
}
