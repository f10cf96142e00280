/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a desk's commands. */
#include "plugins/host/job.h"
#include "plugins/host/command.h"

static void list_push(job_list *l, job *item)
{
	item->next = NULL;
	item->prev = l->last;
	if (l->last != NULL)
		l->last->next = item;
	else
		l->first = item;
	l->last = item;
	l->count++;
}

static void list_remove(job_list *l, job *item)
{
	if (item->prev != NULL)
		item->prev->next = item->next;
	else
		l->first = item->next;
	if (item->next != NULL)
		item->next->prev = item->prev;
	else
		l->last = item->prev;
	l->count--;
}

static void answer_all(job_list *l)
{
	while (l->first != NULL) {
		job *item = l->first;
		list_remove(l, item);
		if (!item->answered)
			tr_send(item->reply_to,
				command_answer(item->ref,
					       tr_outcome_error("crash", true,
								"the plugin was stopped while the command was out")));
		if (item->timer.bits != 0)
			tr_cancel_timer(item->timer);
		tr_drop(item->command);
		tr_drop(item->behalf);
		tr_free(item);
	}
}

static void jobs_end(void *arg)
{
	jobs *j = arg;

	answer_all(&j->waiting);
	answer_all(&j->running);
	idmap_fini(&j->by_ref);
	idmap_fini(&j->by_runner);
	tr_free(j);
}

jobs *jobs_new(void)
{
	jobs *j = tr_alloc(sizeof(*j));

	return j != NULL && tr_own(j, jobs_end) == TR_OK ? j : NULL;
}

job *jobs_add(jobs *j, tr_pid reply_to, tr_ref ref, tr_value command, int64_t deadline)
{
	if (idmap_get(&j->by_ref, ref.bits) != NULL)
		return NULL;
	job *item = tr_alloc(sizeof(*item));
	if (item == NULL || idmap_put(&j->by_ref, ref.bits, item) != TR_OK) {
		tr_free(item);
		return NULL;
	}
	item->reply_to = reply_to;
	item->ref = ref;
	item->command = tr_keep(command);
	item->behalf = tr_absent();
	item->deadline = deadline;
	list_push(&j->waiting, item);
	return item;
}

tr_err jobs_start(jobs *j, job *item, tr_pid runner, bool own_runner)
{
	tr_err err = own_runner ? idmap_put(&j->by_runner, runner.bits, item) : TR_OK;

	if (err != TR_OK)
		return err;
	item->runner = runner;
	list_remove(&j->waiting, item);
	list_push(&j->running, item);
	return TR_OK;
}

void jobs_answer(jobs *j, job *item, job_end end, tr_value outcome)
{
	if (item->answered) {
		tr_drop(outcome);
		return;
	}
	item->answered = true;
	idmap_del(&j->by_ref, item->ref.bits);
	j->ends[end]++;
	if (item->timer.bits != 0)
		tr_cancel_timer(item->timer);
	if (item->monitor.bits != 0)
		tr_demonitor(item->monitor);
	item->timer.bits = item->monitor.bits = 0;
	tr_send(item->reply_to, command_answer(item->ref, outcome));
}

void jobs_remove(jobs *j, job *item)
{
	list_remove(item->runner.bits == 0 ? &j->waiting : &j->running, item);
	if (item->runner.bits != 0 && jobs_by_runner(j, item->runner) == item)
		idmap_del(&j->by_runner, item->runner.bits);
	tr_drop(item->command);
	tr_drop(item->behalf);
	tr_free(item);
}

job *jobs_by_ref(const jobs *j, tr_ref ref)
{
	return idmap_get(&j->by_ref, ref.bits);
}

job *jobs_by_runner(const jobs *j, tr_pid runner)
{
	return idmap_get(&j->by_runner, runner.bits);
}
