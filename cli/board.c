/* SPDX-License-Identifier: Apache-2.0 */
/* Events into the board. */
#include "cli/board.h"

#include "cli/fault_text.h"

#include <string.h>

void board_init(board *b)
{
	*b = (board){.index = tr_map(), .runs = tr_map()};
}

void board_fini(board *b)
{
	for (size_t i = 0; i < b->count; i++) {
		tr_drop(b->steps[i].name);
		tr_drop(b->steps[i].note);
		tr_drop(b->steps[i].task);
	}
	tr_free(b->steps);
	tr_drop(b->index);
	tr_drop(b->runs);
}

static board_step *step_named(board *b, tr_value name)
{
	int64_t at = tr_as_int(tr_map_get(b->index, name), -1);
	if (at >= 0)
		return &b->steps[at];
	if (b->count == b->capacity) {
		size_t capacity = b->capacity == 0 ? 16 : b->capacity * 2;
		board_step *more = tr_realloc(b->steps, capacity * sizeof *more);
		if (more == NULL)
			return NULL;
		b->steps = more;
		b->capacity = capacity;
	}
	board_step *s = &b->steps[b->count];
	*s = (board_step){.name = tr_keep(name), .total = -1, .note = tr_absent(), .task = tr_absent()};
	b->index = tr_map_put(b->index, tr_keep(name), tr_int((int64_t)b->count));
	b->count++;
	return s;
}

static board_step *step_of_run(board *b, const event *e)
{
	int64_t at = tr_as_int(tr_map_get(b->runs, tr_int((int64_t)e->step_run_id)), -1);
	return at >= 0 && (size_t)at < b->count ? &b->steps[at] : NULL;
}

static void take_error(board_step *s, tr_value error)
{
	tr_value text = fault_text(error);
	if (tr_is_valid(text))
		tr_assign(&s->note, text);
}

static board_step *scheduled(board *b, const event *e)
{
	tr_value name = tr_map_get_s(e->payload, "step");
	if (!tr_is_valid(name))
		return NULL;
	board_step *s = step_named(b, name);
	if (s == NULL)
		return NULL;
	b->runs = tr_map_put(b->runs, tr_int((int64_t)e->step_run_id), tr_int(s - b->steps));
	if (e->attempt <= 1)
		s->runs++;
	s->status = BOARD_SCHEDULED;
	s->total = -1;
	return s;
}

static void started(board_step *s, const event *e)
{
	s->status = BOARD_RUNNING;
	if (s->started_us == 0)
		s->started_us = e->time_us;
}

static void ended(board *b, board_step *s, const event *e)
{
	s->finished++;
	s->ended_us = e->time_us;
	if (e->type == EVENT_STEP_FAILED) {
		s->failed++;
		take_error(s, tr_map_get_s(e->payload, "error"));
	}
	s->status = s->finished < s->runs ? BOARD_RUNNING : s->failed > 0 ? BOARD_FAILED : BOARD_DONE;
	b->runs = tr_map_del(b->runs, tr_int((int64_t)e->step_run_id));
}

static void iteration_done(board_step *s, const event *e)
{
	tr_str status = tr_as_str(tr_map_get_s(e->payload, "status"));
	s->done++;
	if (tr_str_is(status, "error") || tr_str_is(status, "failed")) {
		s->bad++;
		take_error(s, tr_map_get_s(e->payload, "error"));
	}
}

board_step *board_event(board *b, const event *e)
{
	b->events++;
	b->now_us = e->time_us > b->now_us ? e->time_us : b->now_us;
	if (b->started_us == 0)
		b->started_us = e->time_us;
	if (e->type == EVENT_STEP_SCHEDULED)
		return scheduled(b, e);
	board_step *s = step_of_run(b, e);
	if (s == NULL)
		return NULL;
	switch (e->type) {
	case EVENT_STEP_STARTED:
		started(s, e);
		break;
	case EVENT_TASK_STARTED:
		tr_assign(&s->task, tr_keep(tr_map_get_s(e->payload, "label")));
		break;
	case EVENT_TASK_RETRIED:
		s->retries++;
		take_error(s, tr_map_get_s(e->payload, "error"));
		break;
	case EVENT_LOOP_STARTED:
		s->total = tr_as_int(tr_map_get_s(e->payload, "count"), 0);
		s->done = s->bad = 0;
		break;
	case EVENT_ITERATION_DONE:
		iteration_done(s, e);
		break;
	case EVENT_LOOP_DONE:
	case EVENT_STEP_DONE:
	case EVENT_STEP_FAILED:
		ended(b, s, e);
		break;
	default:
		break;
	}
	return s;
}
