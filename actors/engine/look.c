/* SPDX-License-Identifier: Apache-2.0 */
/* Looking in: commands for workers, the summary, small questions. Nothing here changes the state. */
#include "actors/engine/machine_state.h"

#include <string.h>

#include "runtime/value/map.h"

machine_phase machine_phase_of(const machine *m)
{
	return m->phase;
}
bool machine_paused(const machine *m)
{
	return m->paused;
}
const char *machine_refusal(const machine *m)
{
	if (m->phase == MACHINE_NEW)
		return "it has not begun";
	if (m->phase >= MACHINE_CLOSING)
		return "it has ended";
	switch (m->stop) {
	case STOP_CANCELLED:
		return "it is being cancelled already";
	case STOP_EXPIRED:
		return "its time is over and it is ending";
	case STOP_FAILED:
		return "a step of it failed and it is ending";
	case STOP_NONE:
		break;
	}
	return m->paused ? "it is paused already" : "it is not paused";
}

/* The steps that live and can still bring the join a token. */
static tr_value blockers_of(const machine *m, uint32_t join)
{
	tr_value from = tr_array();

	LINK_EACH(l, &m->live)
	{
		uint32_t step = (uint32_t)(LINK_OF(l, step_state, in_live) - m->steps);

		if (step != join && routes_reaches(m->routes, step, join))
			from = tr_array_push(from, tr_keep(m->routes->names[step]));
	}
	return from;
}

static bool guard_was_false(const step_state *s)
{
	LINK_EACH(l, &s->tokens)
	{
		if (LINK_OF(l, token, at_step)->pending)
			return true;
	}
	return false;
}

tr_value machine_waiting(const machine *m)
{
	tr_value out = tr_array();

	for (uint32_t i = 0; i < m->routes->playbook->step_count; i++) {
		const step_state *s = &m->steps[i];
		const routes_step *r = &m->routes->steps[i];
		bool count = r->join == ROUTES_COUNT && s->waiting < r->count;
		const char *why = guard_was_false(s)                                             ? "guard"
				  : count                                                        ? "count"
				  : step_is_open(s) && s->blockers > 0 && r->join == ROUTES_AUTO ? "join"
												 : NULL;

		if (s->waiting == 0 || why == NULL)
			continue;
		out = tr_array_push(out,
				    TR_DICT("step", tr_keep(m->routes->names[i]), "tokens", tr_int(s->waiting), "why",
					    tr_string(why), "from", step_is_open(s) ? blockers_of(m, i) : tr_array(),
					    "needs", count ? tr_int(r->count) : tr_nil()));
	}
	return out;
}

uint64_t machine_seq(const machine *m)
{
	return m->seq;
}
uint64_t machine_last_event_id(const machine *m)
{
	return m->last_event_id;
}

uint64_t machine_run_seq(const machine *m, uint64_t step_run_id)
{
	const step_run *r = run_of(m, step_run_id);

	return r != NULL && r->phase == RUN_RUNNING ? r->scheduled_seq : 0;
}

uint64_t machine_needed_seq(const machine *m)
{
	uint64_t first = m->seq + 1;

	LINK_EACH(l, &m->runs)
	{
		const step_run *r = LINK_OF(l, step_run, in_runs);

		if (r->phase == RUN_RUNNING && r->scheduled_seq < first)
			first = r->scheduled_seq;
	}
	return first;
}

int64_t machine_execution_id(const machine *m)
{
	return m->execution_id;
}
int64_t machine_started_us(const machine *m)
{
	return m->started_us;
}
int64_t machine_deadline_us(const machine *m)
{
	return m->deadline_us;
}
tr_value machine_playbook(const machine *m)
{
	return m->info;
}
tr_value machine_parent(const machine *m)
{
	return m->parent;
}

tr_value machine_report_up(const machine *m)
{
	tr_value name = tr_map_get_s(m->parent, "return_step"), result = m->result;
	int32_t step = tr_is(name, TR_STRING) ? routes_step_index(m->routes, name) : -1;

	if (step >= 0)
		result = tr_is_valid(m->steps[step].result) ? m->steps[step].result : tr_nil();
	return TR_DICT("execution_id", tr_int(m->execution_id), "status",
		       tr_string(m->status != NULL ? m->status : "running"), "result", tr_keep(result), "failures",
		       tr_keep(m->failures));
}

size_t machine_run_count(const machine *m)
{
	return idmap_count(&m->runs_by_id);
}
size_t machine_token_count(const machine *m)
{
	return idmap_count(&m->tokens_by_id);
}

void machine_each_run(const machine *m, void (*each)(void *arg, uint64_t step_run_id, uint32_t attempt, uint32_t step),
		      void *arg)
{
	LINK_EACH(l, &m->runs)
	{
		const step_run *r = LINK_OF(l, step_run, in_runs);

		if (r->phase == RUN_RUNNING)
			each(arg, r->id, r->attempt, r->step);
	}
}

const char *machine_pool(const machine *m, uint32_t step)
{
	return tr_as_cstr(routes_pool(m->routes, step), "default");
}

static void add_result(const machine *m, uint32_t step, tr_value *results, tr_value *labels)
{
	const step_state *s = &m->steps[step];

	if (!tr_is_valid(s->result))
		return;
	*results = tr_map_put(*results, tr_keep(m->routes->names[step]), tr_keep(s->result));
	if (tr_is_valid(s->labels))
		*labels = tr_map_put(*labels, tr_keep(m->routes->names[step]), tr_keep(s->labels));
}

/* The results that the step may read; `__labels__` has those of single tasks. */
static tr_value results_for(const machine *m, const pb_step *step)
{
	tr_value results = tr_map(), labels = tr_map();

	for (size_t i = 0; step->uses_all && i < m->routes->playbook->step_count; i++)
		add_result(m, (uint32_t)i, &results, &labels);
	for (size_t i = 0; !step->uses_all && i < step->uses_count; i++)
		add_result(m, step->uses[i], &results, &labels);
	if (tr_map_len(labels) > 0)
		return tr_map_put_s(results, "__labels__", labels);
	tr_drop(labels);
	return results;
}

bool machine_runs(const machine *m, uint64_t step_run_id)
{
	const step_run *r = run_of(m, step_run_id);

	return r != NULL && r->phase == RUN_RUNNING;
}

tr_err machine_command(const machine *m, uint64_t step_run_id, step_command *out)
{
	const step_run *r = run_of(m, step_run_id);

	if (r == NULL || r->phase != RUN_RUNNING)
		return TR_ENOENT;
	tr_value result = tr_map_get_s(r->cause, "result");
	*out = (step_command){.execution_id = m->execution_id,
			      .step_run_id = r->id,
			      .trace_id = m->trace_id,
			      .attempt = r->attempt,
			      .plain = m->plain,
			      .index = r->step,
			      .step = tr_keep(m->routes->names[r->step]),
			      .hash = tr_keep(tr_map_get_s(m->info, "hash")),
			      .playbook = tr_keep(m->info),
			      .args = tr_keep(r->args),
			      .workload = tr_keep(m->workload),
			      .ctx = tr_keep(m->ctx),
			      .vars = tr_keep(m->vars),
			      .steps = results_for(m, &m->routes->playbook->steps[r->step]),
			      .result = tr_keep(result),
			      .event = tr_keep(r->cause)};
	if (tr_is_valid(out->steps))
		return TR_OK;
	tr_err err = tr_value_err(out->steps);
	step_command_fini(out);
	return err;
}

static tr_value step_summary(const machine *m, const step_state *s)
{
	const tr_value values[] = {tr_word(s->status),
				   tr_int(s->runs),
				   tr_int(s->done),
				   tr_int(s->failed),
				   tr_is_valid(s->result) ? tr_keep(s->result) : tr_nil(),
				   tr_is_valid(s->error) ? tr_keep(s->error) : tr_nil()};

	return map_like(m->routes->summary_keys, values);
}

static bool says_nothing(tr_value v)
{
	return tr_is_nil(v) || !tr_is_valid(v);
}

/* Did both end in the same way, and leave nothing behind? */
static bool ended_alike(const step_state *a, const step_state *b)
{
	return a->runs == b->runs && a->done == b->done && a->failed == b->failed &&
	       strcmp(a->status, b->status) == 0 && says_nothing(a->result) && says_nothing(b->result) &&
	       says_nothing(a->error) && says_nothing(b->error);
}

/* Most steps of a long workflow end alike: those have one value together. */
static tr_value steps_summary(const machine *m)
{
	const step_state *last = NULL;
	tr_value steps = tr_map(), one = tr_absent();

	for (size_t i = 0; i < m->routes->playbook->step_count; i++) {
		const step_state *s = &m->steps[i];

		if (s->runs > 0) {
			if (last == NULL || !ended_alike(last, s))
				tr_assign(&one, step_summary(m, s));
			last = s;
			steps = tr_map_put(steps, tr_keep(m->routes->names[i]), tr_keep(one));
		} else if (s->waiting > 0) {
			steps = tr_map_put(steps, tr_keep(m->routes->names[i]),
					   TR_DICT("status", tr_string("pending"), "runs", tr_int(0), "result",
						   tr_nil(), "error", tr_nil()));
		}
	}
	tr_drop(one);
	return steps;
}

static tr_value warnings(const machine *m)
{
	tr_value out = tr_array();

	for (size_t i = 0; i < tr_map_len(m->warned); i++)
		if (tr_is(tr_map_entries(m->warned)[i].value, TR_MAP))
			out = tr_array_push(out, tr_keep(tr_map_entries(m->warned)[i].value));
	return out;
}

tr_value machine_summary(const machine *m)
{
	const char *status = m->status != NULL ? m->status : m->paused ? "paused" : "running";

	return TR_DICT("execution_id", tr_int(m->execution_id), "playbook", tr_keep(m->info), "status",
		       tr_string(status), "result", tr_keep(m->result), "ctx", tr_keep(m->ctx), "vars",
		       tr_keep(m->vars), "workload", tr_keep(m->workload), "steps", steps_summary(m), "failures",
		       tr_keep(m->failures), "warnings", warnings(m), "started_at_us", tr_int(m->started_us),
		       "duration_us", tr_int(m->finished_us > m->started_us ? m->finished_us - m->started_us : 0));
}
