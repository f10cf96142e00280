/* SPDX-License-Identifier: Apache-2.0 */
/* The children of one supervisor. */
#include "supervisors/family.h"

#include <string.h>

static uint64_t id_key(const char *id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a; ids come from the program, not from strangers */

	for (const unsigned char *p = (const unsigned char *)id; *p != 0; p++)
		h = (h ^ *p) * UINT64_C(0x100000001b3);
	return h;
}

static bool id_matches(const struct child *child, const void *id)
{
	return strcmp(child->plan->id, id) == 0;
}

static void child_free(struct child *child)
{
	tr_drop(child->held);
	tr_free(child);
}

void family_fini(struct family *f)
{
	struct child *child = f->first;

	while (child != NULL) {
		struct child *next = child->next;
		child_free(child);
		child = next;
	}
	table_fini(&f->by_pid);
	table_fini(&f->by_id);
	table_fini(&f->pending);
	memset(f, 0, sizeof(*f));
}

struct child *family_add(struct family *f, const struct plan *plan, tr_value held, bool with_id)
{
	struct child *child = tr_alloc(sizeof(*child));

	if (child == NULL) {
		tr_drop(held);
		return NULL;
	}
	child->plan = plan;
	child->held = held;
	child->state = CHILD_DOWN;
	if (with_id && table_put(&f->by_id, id_key(plan->id), child) != TR_OK) {
		child_free(child);
		return NULL;
	}
	child->prev = f->last;
	if (f->last != NULL)
		f->last->next = child;
	else
		f->first = child;
	f->last = child;
	f->count++;
	return child;
}

/* Leave the present state: out of its table and out of the counts. */
static void leave_state(struct family *f, struct child *child)
{
	if (child->state == CHILD_UP) {
		table_remove(&f->by_pid, child->pid.bits, child);
		f->up--;
	} else if (child->state == CHILD_RESTARTING) {
		table_remove(&f->pending, child->pending, child);
	}
	if (child->state != CHILD_DOWN && child->plan->spec.significant)
		f->significant--;
	child->state = CHILD_DOWN;
}

void family_remove(struct family *f, struct child *child)
{
	leave_state(f, child);
	table_remove(&f->by_id, id_key(child->plan->id), child);
	if (child->prev != NULL)
		child->prev->next = child->next;
	else
		f->first = child->next;
	if (child->next != NULL)
		child->next->prev = child->prev;
	else
		f->last = child->prev;
	f->count--;
	child_free(child);
}

struct child *family_by_id(const struct family *f, const char *id)
{
	return table_find(&f->by_id, id_key(id), id_matches, id);
}

struct child *family_by_pid(const struct family *f, tr_pid pid)
{
	return table_find(&f->by_pid, pid.bits, NULL, NULL);
}

struct child *family_by_pending(const struct family *f, uint64_t number)
{
	return table_find(&f->pending, number, NULL, NULL);
}

tr_err family_reserve(struct family *f)
{
	return table_reserve(&f->by_pid);
}

void child_up(struct family *f, struct child *child, tr_pid pid)
{
	leave_state(f, child);
	child->pid = pid;
	(void)table_put(&f->by_pid, pid.bits, child); /* room was reserved */
	child->state = CHILD_UP;
	f->up++;
	if (child->plan->spec.significant)
		f->significant++;
}

void child_down(struct family *f, struct child *child)
{
	leave_state(f, child);
}

tr_err child_restarting(struct family *f, struct child *child)
{
	uint64_t number = ++f->next_pending;

	leave_state(f, child);
	tr_err err = table_put(&f->pending, number, child);
	if (err != TR_OK)
		return err;
	child->pending = number;
	child->state = CHILD_RESTARTING;
	if (child->plan->spec.significant)
		f->significant++;
	return TR_OK;
}
