/* SPDX-License-Identifier: Apache-2.0 */
/* What the actors of one scenario share. */
#include "tests/conformance/otp/world.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SIZE 48

struct entry {
	char base[NAME_SIZE];
	char name[NAME_SIZE + 16];
	tr_value value;
};

struct saved {
	char key[NAME_SIZE];
	tr_from from;
	size_t count;
};

struct world {
	pthread_mutex_t lock;
	struct entry *entries;
	size_t entry_count;
	struct saved *saved;
	size_t saved_count;
	tr_buf trace;
	bool closed;
};

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	pthread_mutex_init(&w->lock, NULL);
	return w;
}

void world_free(struct world *w)
{
	free(w->entries);
	free(w->saved);
	tr_buf_fini(&w->trace);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct world *world_here(void)
{
	return tr_node_get(tr_here(), TR_SLOT_APP);
}

/* ---- names ---------------------------------------------------------------------------------------------------------
 */

static const struct entry *entry_of(const struct world *w, tr_value v)
{
	for (size_t i = 0; i < w->entry_count; i++)
		if (tr_equal(w->entries[i].value, v))
			return &w->entries[i];
	return NULL;
}

static void entry_add(struct world *w, const char *base, tr_value v)
{
	size_t before = 0;

	for (size_t i = 0; i < w->entry_count; i++)
		before += strcmp(w->entries[i].base, base) == 0;
	struct entry *all = realloc(w->entries, (w->entry_count + 1) * sizeof(*all));
	if (all == NULL)
		abort();
	w->entries = all;
	struct entry *e = &all[w->entry_count++];
	*e = (struct entry){.value = v};
	snprintf(e->base, sizeof(e->base), "%s", base);
	if (before == 0)
		snprintf(e->name, sizeof(e->name), "%s", base);
	else
		snprintf(e->name, sizeof(e->name), "%s.%zu", base, before + 1);
}

void world_name(struct world *w, const char *name, tr_value v)
{
	pthread_mutex_lock(&w->lock);
	if (entry_of(w, v) == NULL)
		entry_add(w, name, v);
	pthread_mutex_unlock(&w->lock);
}

tr_value world_find(struct world *w, const char *name)
{
	tr_value found = tr_absent();

	pthread_mutex_lock(&w->lock);
	for (size_t i = w->entry_count; i > 0 && !tr_is_valid(found); i--)
		if (strcmp(w->entries[i - 1].base, name) == 0 || strcmp(w->entries[i - 1].name, name) == 0)
			found = w->entries[i - 1].value;
	pthread_mutex_unlock(&w->lock);
	return found;
}

tr_value world_at(struct world *w, size_t n)
{
	pthread_mutex_lock(&w->lock);
	tr_value v = n < w->entry_count ? w->entries[n].value : tr_absent();
	pthread_mutex_unlock(&w->lock);
	return v;
}

/* ---- values --------------------------------------------------------------------------------------------------------
 */

static tr_value named(struct world *w, tr_value v)
{
	const char *head = tr_as_cstr(tr_array_at(v, 0), "");

	if (tr_array_len(v) != 2 || !tr_is(tr_array_at(v, 1), TR_ATOM))
		return tr_absent();
	if (strcmp(head, "pid") != 0 && strcmp(head, "ref") != 0)
		return tr_absent();
	return world_find(w, tr_as_cstr(tr_array_at(v, 1), ""));
}

tr_value world_fill(struct world *w, tr_value v)
{
	if (!tr_is(v, TR_ARRAY))
		return tr_keep(v);
	tr_value known = named(w, v);
	if (tr_is_valid(known))
		return known;
	tr_value out = tr_array_with(tr_array_len(v));
	for (size_t i = 0; i < tr_array_len(v); i++)
		out = tr_array_push(out, world_fill(w, tr_array_at(v, i)));
	return out;
}

static void show_named(struct world *w, tr_buf *out, tr_value v)
{
	pthread_mutex_lock(&w->lock);
	const struct entry *e = entry_of(w, v);
	tr_buf_puts(out, e != NULL ? e->name : tr_is(v, TR_PID) ? "pid" : "ref");
	pthread_mutex_unlock(&w->lock);
}

static void show_array(struct world *w, tr_buf *out, tr_value v)
{
	if (tr_array_len(v) == 3 && tr_str_is(tr_as_str(tr_array_at(v, 0)), "do")) {
		world_show(w, out, tr_array_at(v, 1));
		return;
	}
	tr_buf_putc(out, '{');
	for (size_t i = 0; i < tr_array_len(v); i++) {
		if (i > 0)
			tr_buf_putc(out, ',');
		world_show(w, out, tr_array_at(v, i));
	}
	tr_buf_putc(out, '}');
}

void world_show(struct world *w, tr_buf *out, tr_value v)
{
	if (tr_is(v, TR_ARRAY))
		show_array(w, out, v);
	else if (tr_is(v, TR_PID) || tr_is(v, TR_REF))
		show_named(w, out, v);
	else if (tr_is(v, TR_INT))
		tr_buf_putf(out, "%lld", (long long)tr_as_int(v, 0));
	else if (tr_is(v, TR_BOOL))
		tr_buf_puts(out, tr_as_bool(v, false) ? "true" : "false");
	else if (tr_is_nil(v))
		tr_buf_puts(out, "undefined");
	else
		tr_buf_putf(out, "%s", tr_as_cstr(v, "?"));
}

/* ---- the trace -----------------------------------------------------------------------------------------------------
 */

static void add(struct world *w, tr_pid who, const char *text, tr_value v, bool last)
{
	tr_buf line = {0};

	show_named(w, &line, tr_pid_value(who));
	tr_buf_putf(&line, ": %s", text);
	if (tr_is_valid(v)) {
		tr_buf_putc(&line, ' ');
		world_show(w, &line, v);
	}
	tr_buf_putc(&line, '\n');
	pthread_mutex_lock(&w->lock);
	if (!w->closed || last)
		tr_buf_put(&w->trace, line.p, line.n);
	w->closed = w->closed || last;
	pthread_mutex_unlock(&w->lock);
	tr_buf_fini(&line);
}

void world_log(struct world *w, const char *text, tr_value v)
{
	add(w, tr_self(), text, v, false);
}

void world_close(struct world *w)
{
	pthread_mutex_lock(&w->lock);
	w->closed = true;
	pthread_mutex_unlock(&w->lock);
}

void world_end(struct world *w, tr_pid main_actor, tr_value reason)
{
	add(w, main_actor, "end", reason, true);
}

tr_str world_trace(struct world *w)
{
	return tr_buf_str(&w->trace);
}

/* ---- saved callers and counters ------------------------------------------------------------------------------------
 */

/* Called with the lock held. */
static struct saved *saved_at(struct world *w, const char *key)
{
	for (size_t i = 0; i < w->saved_count; i++)
		if (strcmp(w->saved[i].key, key) == 0)
			return &w->saved[i];
	struct saved *all = realloc(w->saved, (w->saved_count + 1) * sizeof(*all));
	if (all == NULL)
		abort();
	w->saved = all;
	all[w->saved_count] = (struct saved){.count = 0};
	snprintf(all[w->saved_count].key, NAME_SIZE, "%s", key);
	return &all[w->saved_count++];
}

void world_save_from(struct world *w, const char *key, tr_from from)
{
	pthread_mutex_lock(&w->lock);
	saved_at(w, key)->from = from;
	pthread_mutex_unlock(&w->lock);
}

tr_from world_from(struct world *w, const char *key)
{
	pthread_mutex_lock(&w->lock);
	tr_from from = saved_at(w, key)->from;
	pthread_mutex_unlock(&w->lock);
	return from;
}

size_t world_count(struct world *w, const char *key)
{
	pthread_mutex_lock(&w->lock);
	size_t n = saved_at(w, key)->count++;
	pthread_mutex_unlock(&w->lock);
	return n;
}
