/* SPDX-License-Identifier: Apache-2.0 */
/* Whether all that an interrupted execution may still have to do can be done here. */
#include "actors/engine/machine_state.h"

struct search {
	const playbook *book;
	const machine_kinds *kinds;
	bool *seen;     /* by step */
	uint32_t *todo; /* steps to look at: each comes once */
	size_t count;
};

static void visit(struct search *s, uint32_t step)
{
	if (step < s->book->step_count && !s->seen[step]) {
		s->seen[step] = true;
		s->todo[s->count++] = step;
	}
}

/* Where it may go on: what lives, what is owed, and the step that comes behind all. */
static void visit_starts(struct search *s, const machine *m)
{
	if (m->phase < MACHINE_RUNNING || m->entry_owed)
		visit(s, s->book->entry);
	LINK_EACH(l, &m->live)
	{
		visit(s, (uint32_t)(LINK_OF(l, step_state, in_live) - m->steps));
	}
	if (s->book->final_step >= 0)
		visit(s, (uint32_t)s->book->final_step);
}

static bool has(const struct search *s, tr_str kind)
{
	return tr_str_is(kind, "workbook") || s->kinds->has(s->kinds->arg, kind);
}

/* A task of kind workbook may be any of the entries: which, a template may say. */
static const pb_task *lacking_entry(const struct search *s)
{
	for (size_t i = 0; i < s->book->workbook_count; i++)
		if (!has(s, s->book->workbook[i].task.kind))
			return &s->book->workbook[i].task;
	return NULL;
}

static const pb_task *lacking_task(const struct search *s, const pb_step *step)
{
	for (size_t i = 0; i < step->task_count; i++) {
		const pb_task *t = &step->tasks[i];

		if (!has(s, t->kind))
			return t;
		if (tr_str_is(t->kind, "workbook") && lacking_entry(s) != NULL)
			return lacking_entry(s);
	}
	return NULL;
}

static bool look(struct search *s, tr_str *step, tr_str *kind)
{
	for (size_t at = 0; at < s->count; at++) {
		const pb_step *here = &s->book->steps[s->todo[at]];
		const pb_task *task = lacking_task(s, here);

		if (task != NULL) {
			*step = here->name;
			*kind = task->kind;
			return true;
		}
		for (size_t i = 0; i < here->arc_count; i++)
			visit(s, here->arcs[i].to);
	}
	return false;
}

tr_err machine_lacks(const machine *m, const machine_kinds *kinds, tr_str *step, tr_str *kind)
{
	const playbook *book = m->routes->playbook;
	struct search s = {.book = book,
			   .kinds = kinds,
			   .seen = tr_alloc((book->step_count + 1) * sizeof(bool)),
			   .todo = tr_alloc((book->step_count + 1) * sizeof(uint32_t))};
	tr_err err = s.seen == NULL || s.todo == NULL ? TR_ENOMEM : TR_OK;

	*step = *kind = (tr_str){0};
	if (err == TR_OK && m->phase < MACHINE_CLOSING) {
		visit_starts(&s, m);
		(void)look(&s, step, kind);
	}
	tr_free(s.seen);
	tr_free(s.todo);
	return err;
}
