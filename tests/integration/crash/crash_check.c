/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the last resume: every log is whole and ends well, no acknowledged event and no execution is missing, each
 * execution has completed exactly the tasks that one without a crash completes, none of them twice, every completion
 * was seen by the witness, every further run of the same task came before its completion and from another process, and
 * each child is known to one parent under one key.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/integration/crash/crash_check.h"

#include "actors/event/event.h"
#include "actors/store/reader.h"
#include "tests/integration/crash/crash_child.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const char *folder;
	tr_value witnessed; /* map "key attempt" -> [[process, wall µs] …] */
	tr_value parents;   /* map child's execution id -> key, as parents recorded it */
	tr_value requests;  /* map child's execution id -> key, as the child has it */
	tr_value keys;      /* map key -> true */
	crash_totals *totals;
	char **reference;
};

/* One execution's log. */
struct log {
	int64_t id;
	uint64_t seq;
	tr_value steps;     /* map step run -> step's name */
	tr_value completed; /* map: what was completed -> true */
	tr_value path;      /* of its playbook */
	event_type last;
	bool right;
};

static tr_value number(int64_t n)
{
	return tr_int(n);
}

static void put_new(tr_value *map, tr_value key, tr_value value, const char *what)
{
	if (tr_is_valid(tr_map_get(*map, key))) {
		tr_buf b = {0};

		tr_show(&b, key, 200);
		fail_msg("%s: %s", what, b.p);
	}
	*map = tr_map_put(*map, key, value);
	assert_true(tr_is_valid(*map));
}

static void read_witness(struct check *c)
{
	char path[300], line[400], key[200], dot;
	int64_t attempt, process, wall;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/witness", c->folder);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "%199s %" SCNd64 " %" SCNd64 " %" SCNd64 " %c", key, &attempt, &process, &wall,
			   &dot) != 5)
			continue;
		tr_value at = tr_stringf("%s %" PRId64, key, attempt), runs = tr_keep(tr_map_get(c->witnessed, at));

		if (!tr_is_valid(runs))
			runs = tr_array();
		runs = tr_array_push(runs, TR_LIST(number(process), number(wall)));
		c->witnessed = tr_map_put(c->witnessed, at, runs);
		assert_true(tr_is_valid(c->witnessed));
	}
	(void)fclose(f);
}

/* The key that the task was given: no step of the load enters a task twice in one step run. */
static tr_value witness_key(const event *e)
{
	const char *label = tr_as_cstr(tr_map_get_s(e->payload, "label"), "");

	if (e->iteration >= 0)
		return tr_stringf("%" PRId64 "/%" PRIu64 "/%" PRId64 "/%s/1 %u", e->execution_id, e->step_run_id,
				  e->iteration, label, e->attempt);
	return tr_stringf("%" PRId64 "/%" PRIu64 "/%s/1 %u", e->execution_id, e->step_run_id, label, e->attempt);
}

/* Runs of one task and try: each but the last was lost with its process, before it was complete. */
static void check_runs(struct check *c, const event *e)
{
	tr_value key = witness_key(e), runs = tr_map_get(c->witnessed, key);
	size_t n = tr_array_len(runs);

	for (size_t i = 0; i < n; i++) {
		tr_value run = tr_array_at(runs, i);

		if (tr_as_int(tr_array_at(run, 1), 0) > e->time_us)
			fail_msg("task %s was run again after it was completed", tr_as_cstr(key, ""));
		if (i > 0 && tr_equal(tr_array_at(run, 0), tr_array_at(tr_array_at(runs, i - 1), 0)))
			fail_msg("task %s was run twice by one process", tr_as_cstr(key, ""));
	}
	if (n > 0) {
		c->totals->tasks++;
		c->totals->twice += n - 1;
		/* What is left over at the end was never completed by any log. */
		c->witnessed = tr_map_del(c->witnessed, key);
	}
	tr_drop(key);
}

static bool is_witness(struct check *c, const event *e)
{
	tr_value key = witness_key(e);
	bool yes = tr_is_valid(tr_map_get(c->witnessed, key));

	tr_drop(key);
	return yes;
}

static void completed(struct check *c, struct log *l, const event *e)
{
	tr_value run = number((int64_t)e->step_run_id), what;
	const char *step = tr_as_cstr(tr_map_get(l->steps, run), "?"),
		   *label = tr_as_cstr(tr_map_get_s(e->payload, "label"), "?");

	tr_drop(run);
	/* A step in a circle has a run each time: they are told apart by their order. */
	what = tr_stringf("%s[%" PRId64 "].%s#%u%s", step, e->iteration, label, e->attempt,
			  is_witness(c, e) ? " witnessed" : "");
	for (int again = 2; tr_is_valid(tr_map_get(l->completed, what)) && again < 10; again++) {
		if (strcmp(step, "p") != 0)
			fail_msg("execution %" PRId64 ": event %" PRIu64 " completes a task again: %s", l->id, e->seq,
				 tr_as_cstr(what, ""));
		tr_assign(&what, tr_stringf("%s[%" PRId64 "].%s#%u circle %d%s", step, e->iteration, label, e->attempt,
					    again, is_witness(c, e) ? " witnessed" : ""));
	}
	l->completed = tr_map_put(l->completed, what, tr_bool(true));
	check_runs(c, e);
}

static void requested(struct check *c, struct log *l, const event *e)
{
	tr_value parent = tr_map_get_s(e->payload, "parent");

	tr_assign(&l->path, tr_keep(TR_GET(e->payload, "playbook", "path")));
	c->totals->executions++;
	if (!tr_is(parent, TR_MAP))
		return;
	c->totals->children++;
	put_new(&c->requests, number(l->id), tr_keep(tr_map_get_s(parent, "key")), "an execution was requested twice");
	put_new(&c->keys, tr_keep(tr_map_get_s(parent, "key")), tr_bool(true), "two children have one key");
}

static void finished(struct log *l, const event *e)
{
	tr_value result = tr_map_get_s(e->payload, "result");

	l->right = e->status != NULL && strcmp(e->status, "success") == 0;
	if (tr_str_is(tr_as_str(l->path), CRASH_PATH))
		l->right = l->right && tr_str_is(tr_as_str(result), CRASH_RESULT);
}

static void take_event(struct check *c, struct log *l, const event *e)
{
	assert_int_equal(e->seq, ++l->seq);
	c->totals->events++;
	l->last = e->type;
	switch (e->type) {
	case EVENT_EXECUTION_REQUESTED:
		requested(c, l, e);
		break;
	case EVENT_STEP_SCHEDULED:
		l->steps =
		    tr_map_put(l->steps, number((int64_t)e->step_run_id), tr_keep(tr_map_get_s(e->payload, "step")));
		break;
	case EVENT_TASK_PROCESSED:
	case EVENT_TASK_RETRIED:
		completed(c, l, e);
		break;
	case EVENT_CHILD_STARTED:
		put_new(&c->parents, tr_keep(tr_map_get_s(e->payload, "execution_id")),
			tr_keep(tr_map_get_s(e->payload, "key")), "two parents have one child");
		break;
	case EVENT_WORKFLOW_FINISHED:
		finished(l, e);
		break;
	default:
		break;
	}
}

static int by_text(const void *a, const void *b)
{
	return tr_compare(*(const tr_value *)a, *(const tr_value *)b);
}

/* All that was completed, in one text that does not depend on the order. Of the heap. */
static char *completed_text(const struct log *l)
{
	size_t n = tr_map_len(l->completed);
	tr_value *all = malloc((n + 1) * sizeof *all);
	tr_buf b = {0};
	char *text;

	assert_non_null(all);
	for (size_t i = 0; i < n; i++)
		all[i] = tr_map_entries(l->completed)[i].key;
	qsort(all, n, sizeof *all, by_text);
	for (size_t i = 0; i < n; i++)
		tr_buf_putf(&b, "%s\n", tr_as_cstr(all[i], ""));
	free(all);
	text = strdup(b.p == NULL ? "" : b.p);
	assert_non_null(text);
	tr_buf_fini(&b);
	return text;
}

static void check_against_reference(struct check *c, const struct log *l)
{
	char *text;

	if (!tr_str_is(tr_as_str(l->path), CRASH_PATH))
		return;
	text = completed_text(l);
	if (*c->reference == NULL) {
		*c->reference = text;
		return;
	}
	if (strcmp(text, *c->reference) != 0)
		fail_msg("execution %" PRId64 " did not do what one without a crash does. It did:\n%s\ninstead of:\n%s",
			 l->id, text, *c->reference);
	free(text);
}

static void check_log(struct check *c, const char *data, int64_t id)
{
	tr_buf notes = {0};
	tr_value events = store_read_execution(data, id, &notes);
	struct log l = {.id = id, .steps = tr_map(), .completed = tr_map(), .path = tr_nil()};

	assert_true(tr_is_valid(events));
	for (size_t i = 0; i < tr_array_len(events); i++) {
		event e;

		assert_int_equal(event_from_value(tr_array_at(events, i), &e), TR_OK);
		take_event(c, &l, &e);
		event_fini(&e);
	}
	if (l.last != EVENT_PLAYBOOK_PROCESSED || !l.right)
		fail_msg("execution %" PRId64 " did not end as it should: its last event is %s", id,
			 event_type_text(l.last));
	check_against_reference(c, &l);
	tr_drop(l.steps);
	tr_drop(l.completed);
	tr_drop(l.path);
	tr_drop(events);
	tr_buf_fini(&notes);
}

static uint64_t last_seq(const char *data, int64_t id)
{
	tr_buf notes = {0};
	tr_value events = store_read_execution(data, id, &notes);
	uint64_t n = tr_array_len(events);

	tr_drop(events);
	tr_buf_fini(&notes);
	return n;
}

static void check_children(const struct check *c)
{
	assert_int_equal(tr_map_len(c->parents), tr_map_len(c->requests));
	for (size_t i = 0; i < tr_map_len(c->parents); i++) {
		const tr_entry *e = &tr_map_entries(c->parents)[i];

		assert_true(tr_equal(tr_map_get(c->requests, e->key), e->value));
	}
}

void crash_check(const char *folder, const acknowledged *seen, size_t count, char **reference, crash_totals *totals)
{
	struct check c = {.folder = folder,
			  .witnessed = tr_map(),
			  .parents = tr_map(),
			  .requests = tr_map(),
			  .keys = tr_map(),
			  .totals = totals,
			  .reference = reference};
	char data[300];
	tr_value list;

	(void)snprintf(data, sizeof data, "%s/data", folder);
	read_witness(&c);
	list = store_list_executions(data);
	assert_true(tr_array_len(list) > 0);
	for (size_t i = 0; i < tr_array_len(list); i++)
		check_log(&c, data,
			  strtoll(tr_as_cstr(tr_map_get_s(tr_array_at(list, i), "execution_id"), "0"), NULL, 10));
	for (size_t i = 0; i < count; i++)
		assert_true(last_seq(data, seen[i].id) >= seen[i].seq);
	check_children(&c);
	/* Nothing was run that no log completes. */
	assert_int_equal(tr_map_len(c.witnessed), 0);
	tr_drop(list);
	tr_drop(c.witnessed);
	tr_drop(c.parents);
	tr_drop(c.requests);
	tr_drop(c.keys);
}
