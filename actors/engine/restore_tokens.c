/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens out of a digest. */
#include "actors/engine/machine_state.h"

#include <stdlib.h>

static int64_t number(tr_value v, const char *key)
{
	return tr_as_int(tr_map_get_s(v, key), -1);
}

static bool token_fits(const machine *m, const token *t, tr_value v)
{
	int64_t arc = number(v, "arc"), from = number(v, "from_step");

	return number(v, "id") > 0 && (uint64_t)number(v, "id") < m->next_token &&
	       idmap_get(&m->tokens_by_id, t->id) == NULL && number(v, "step") == t->step && tr_is(t->args, TR_MAP) &&
	       (tr_is(t->cause, TR_MAP) || tr_is_nil(t->cause)) &&
	       (from == NO_STEP || (from >= 0 && (uint64_t)from < m->routes->playbook->step_count && arc >= 0 &&
				    (uint64_t)arc < m->routes->playbook->steps[from].arc_count));
}

static bool restore_token(machine *m, uint32_t step, tr_value v)
{
	token *t = tr_alloc(sizeof *t);

	if (t == NULL)
		return false;
	link_init(&t->at_step);
	link_init(&t->in_pending);
	link_init(&t->in_queue);
	t->id = (uint64_t)number(v, "id");
	t->event_id = (uint64_t)number(v, "event_id");
	t->step = step;
	t->from_step = (uint32_t)number(v, "from_step");
	t->arc = (int32_t)number(v, "arc");
	t->pending = tr_as_bool(tr_map_get_s(v, "pending"), false);
	t->late = tr_as_bool(tr_map_get_s(v, "late"), false);
	t->final = tr_as_bool(tr_map_get_s(v, "final"), false);
	t->args = tr_keep(tr_map_get_s(v, "args"));
	t->cause = tr_keep(tr_map_get_s(v, "cause"));
	if (!token_fits(m, t, v) || idmap_put(&m->tokens_by_id, t->id, t) != TR_OK) {
		token_free(t);
		return false;
	}
	link_push(&m->steps[step].tokens, &t->at_step);
	m->steps[step].waiting++;
	m->steps[step].live++;
	return true;
}

bool restore_tokens(machine *m, uint32_t step, tr_value list)
{
	for (size_t i = 0; i < tr_array_len(list); i++)
		if (!restore_token(m, step, tr_array_at(list, i)))
			return false;
	return tr_is(list, TR_ARRAY);
}

bool restore_pending(machine *m, tr_value list)
{
	size_t pending = 0;
	uint32_t place = 0;
	token *t;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		t = idmap_get(&m->tokens_by_id, (uint64_t)tr_as_int(tr_array_at(list, i), 0));

		if (t == NULL || !t->pending || !link_alone(&t->in_pending))
			return false;
		link_push(&m->pending, &t->in_pending);
	}
	while ((t = idmap_next(&m->tokens_by_id, &place, NULL)) != NULL)
		pending += t->pending;
	return tr_is(list, TR_ARRAY) && pending == tr_array_len(list);
}

static int by_id(const void *a, const void *b)
{
	const token *x = *(token *const *)a, *y = *(token *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* In the order in which they were made, as a replay leaves them. */
bool restore_queue(machine *m)
{
	size_t count = idmap_count(&m->tokens_by_id), n = 0;
	token **all = tr_alloc((count + 1) * sizeof(token *));
	uint32_t place = 0;

	if (all == NULL)
		return false;
	while (n < count)
		all[n++] = idmap_next(&m->tokens_by_id, &place, NULL);
	qsort(all, n, sizeof *all, by_id);
	for (size_t i = 0; i < n; i++)
		token_queue(m, all[i]);
	tr_free(all);
	return true;
}
