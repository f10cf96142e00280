/* SPDX-License-Identifier: Apache-2.0 */
/* Topological order by repeated passes: plugins are few, and the given order is kept among equals. */
#include "plugins/host/order.h"
#include <string.h>

typedef struct sorter {
	const manifest *const *want;
	size_t n;
	const manifest *const *have;
	size_t have_count;
	bool *placed;
	tr_value *refused;
} sorter;

static const manifest *find(const manifest *const *list, size_t n, const char *id, size_t *at)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i]->id, id) == 0) {
			if (at != NULL)
				*at = i;
			return list[i];
		}
	return NULL;
}

typedef enum found {
	FOUND_READY,
	FOUND_LATER,
	FOUND_NEVER
} found;

/* One dependency of want[i]; FOUND_NEVER fills refused[i]. */
static found dependency(sorter *s, size_t i, const char *id, const char *range)
{
	size_t at = 0;
	const manifest *dep = find(s->have, s->have_count, id, NULL);
	bool loaded = dep != NULL;

	if (dep == NULL)
		dep = find(s->want, s->n, id, &at);
	if (dep == NULL) {
		s->refused[i] =
		    tr_stringf("%s depends on %s %s, which is not there; load it first", s->want[i]->id, id, range);
		return FOUND_NEVER;
	}
	if (!version_in_range(&dep->version, tr_s(range))) {
		s->refused[i] = tr_stringf("%s depends on %s %s, but version %s is there", s->want[i]->id, id, range,
					   dep->version_text);
		return FOUND_NEVER;
	}
	if (!loaded && tr_is_valid(s->refused[at])) {
		s->refused[i] = tr_stringf("%s depends on %s, which was refused", s->want[i]->id, id);
		return FOUND_NEVER;
	}
	return loaded || s->placed[at] ? FOUND_READY : FOUND_LATER;
}

static found ready(sorter *s, size_t i)
{
	const tr_entry *e = tr_map_entries(s->want[i]->depends_on);
	found worst = FOUND_READY;

	for (size_t k = 0; k < tr_map_len(s->want[i]->depends_on); k++) {
		found f = dependency(s, i, tr_as_cstr(e[k].key, ""), tr_as_cstr(e[k].value, "*"));
		if (f == FOUND_NEVER)
			return f;
		if (f == FOUND_LATER)
			worst = f;
	}
	return worst;
}

/* The first dependency of want[i] that is still waiting. */
static size_t waits_for(const sorter *s, size_t i)
{
	const tr_entry *e = tr_map_entries(s->want[i]->depends_on);

	for (size_t k = 0; k < tr_map_len(s->want[i]->depends_on); k++) {
		size_t at;
		if (find(s->have, s->have_count, tr_as_cstr(e[k].key, ""), NULL) == NULL &&
		    find(s->want, s->n, tr_as_cstr(e[k].key, ""), &at) != NULL && !s->placed[at])
			return at;
	}
	return i;
}

/* What is left waits for itself in the end: walk on from i until a place comes again, and name that circle. */
static void refuse_cycle(sorter *s, size_t i)
{
	tr_buf text = {0};
	size_t at = i;

	for (size_t step = 0; step < s->n; step++)
		at = waits_for(s, at);
	size_t first = at;
	for (size_t next = waits_for(s, at); next != at; next = waits_for(s, next))
		first = next < first ? next : first; /* told alike wherever the walk came in */
	at = first;
	do {
		tr_buf_putf(&text, "%s -> ", s->want[at]->id);
		at = waits_for(s, at);
	} while (at != first);
	tr_buf_puts(&text, s->want[first]->id);
	do {
		s->refused[at] = tr_stringf("%s is in a cycle of dependencies: %s; break it in one of their manifests",
					    s->want[at]->id, text.p == NULL ? "?" : text.p);
		at = waits_for(s, at);
	} while (at != first);
	tr_buf_fini(&text);
}

size_t plugin_order(const manifest *const *want, size_t n, const manifest *const *have, size_t have_count,
		    size_t *order, tr_value *refused)
{
	sorter s = {want, n, have, have_count, NULL, refused};
	size_t count = 0;
	bool moved = true;

	s.placed = tr_alloc(n + 1);
	for (size_t i = 0; i < n; i++)
		refused[i] = s.placed == NULL ? tr_string("out of memory") : tr_absent();
	while (s.placed != NULL && moved) {
		moved = false;
		size_t stuck = n;
		for (size_t i = 0; i < n; i++) {
			if (s.placed[i] || tr_is_valid(refused[i]))
				continue;
			switch (ready(&s, i)) {
			case FOUND_READY:
				s.placed[i] = moved = true;
				order[count++] = i;
				break;
			case FOUND_NEVER:
				moved = true;
				break;
			case FOUND_LATER:
				stuck = i;
				break;
			}
		}
		if (!moved && stuck < n) {
			refuse_cycle(&s, stuck);
			moved = true;
		}
	}
	tr_free(s.placed);
	return count;
}
