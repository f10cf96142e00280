/* SPDX-License-Identifier: Apache-2.0 */
/* A list; there are as many as bodies under way. */
#include "actors/store/spools.h"

#include <string.h>

struct spool_entry {
	struct spool_entry *next;
	uint64_t number;
	tr_ref monitor;
	spool spool;
};

typedef struct work {
	spool *spool;
	const char *data;
	uint64_t number;
	tr_str bytes;
	artifact_info *info;
	int os_error;
	tr_err err;
} work;

static tr_value failure(const char *what, const work *w, tr_err err)
{
	err = err != TR_OK ? err : w->err;
	return TR_LIST(TR_A(error),
		       tr_stringf("%s: %s", what, w->os_error != 0 ? strerror(w->os_error) : tr_err_text(err)));
}

static void *do_open(void *arg)
{
	work *w = arg;
	w->err = spool_open(w->spool, w->data, w->number, &w->os_error);
	return NULL;
}

static void *do_write(void *arg)
{
	work *w = arg;
	w->err = spool_write(w->spool, w->bytes, &w->os_error);
	return NULL;
}

static void *do_store(void *arg)
{
	work *w = arg;
	w->err = spool_store(w->spool, w->data, w->info, &w->os_error);
	return NULL;
}

static struct spool_entry **find(spools *s, int64_t number)
{
	struct spool_entry **at = &s->first;
	while (*at != NULL && (*at)->number != (uint64_t)number)
		at = &(*at)->next;
	return at;
}

static void remove_at(struct spool_entry **at)
{
	struct spool_entry *e = *at;
	*at = e->next;
	spool_end(&e->spool);
	tr_free(e);
}

tr_value spools_open(spools *s, const char *data, tr_pid owner)
{
	struct spool_entry *e = tr_alloc(sizeof *e);
	if (e == NULL)
		return TR_LIST(TR_A(error), tr_string("out of memory"));
	e->number = ++s->numbers;
	work w = {.spool = &e->spool, .data = data, .number = e->number};
	tr_err err;
	e->spool.fd = -1;
	tr_dirty(do_open, &w, &err);
	if (err != TR_OK || w.err != TR_OK) {
		tr_free(e);
		return failure("the artifact cannot be begun", &w, err);
	}
	e->monitor = tr_monitor(owner);
	e->next = s->first;
	s->first = e;
	return TR_LIST(TR_A(ok), tr_int((int64_t)e->number));
}

tr_value spools_write(spools *s, int64_t number, tr_value bytes)
{
	struct spool_entry **at = find(s, number);
	if (*at == NULL)
		return TR_LIST(TR_A(error), tr_string("no such artifact was begun"));
	work w = {.spool = &(*at)->spool, .bytes = tr_as_str(bytes)};
	tr_err err;
	tr_dirty(do_write, &w, &err);
	return err == TR_OK && w.err == TR_OK ? TR_A(ok) : failure("the artifact cannot be written", &w, err);
}

tr_value spools_store(spools *s, const char *data, int64_t number, artifact_info *info)
{
	struct spool_entry **at = find(s, number);
	if (*at == NULL)
		return TR_LIST(TR_A(error), tr_string("no such artifact was begun"));
	work w = {.spool = &(*at)->spool, .data = data, .info = info};
	tr_err err;
	tr_dirty(do_store, &w, &err);
	tr_demonitor((*at)->monitor);
	remove_at(at);
	return err == TR_OK && w.err == TR_OK ? tr_absent() : failure("the artifact cannot be stored", &w, err);
}

void spools_gone(spools *s, tr_ref monitor)
{
	for (struct spool_entry **at = &s->first; *at != NULL; at = &(*at)->next) {
		if (tr_ref_eq((*at)->monitor, monitor)) {
			remove_at(at);
			return;
		}
	}
}

void spools_fini(spools *s)
{
	while (s->first != NULL)
		remove_at(&s->first);
}
