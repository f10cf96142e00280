/* SPDX-License-Identifier: Apache-2.0 */
/** Step run commands. */
#include "actors/event/step_command.h"

void step_command_fini(step_command *c)
{
	tr_value *values[] = {&c->step, &c->hash,  &c->playbook, &c->args,  &c->workload, &c->ctx,
			      &c->vars, &c->steps, &c->result,   &c->event, &c->resume};
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		tr_clear(values[i]);
}

static void command_destroy(void *data)
{
	step_command_fini(data);
}

static const tr_class command_class = {"step_command", command_destroy};

tr_value step_command_object(step_command *c)
{
	void *own;
	tr_value object = tr_object_with(&command_class, sizeof *c, &own);
	if (!tr_is_valid(object))
		step_command_fini(c);
	else
		*(step_command *)own = *c;
	*c = (step_command){0};
	return object;
}

const step_command *step_command_of(tr_value object)
{
	return tr_as_object(object, &command_class);
}

static tr_value kept(tr_value v)
{
	return tr_is_valid(v) ? tr_keep(v) : tr_nil();
}

tr_value step_command_map(const step_command *c)
{
	tr_value map = TR_DICT("execution_id", tr_int(c->execution_id), "step_run_id", tr_int((int64_t)c->step_run_id),
			       "attempt", tr_int(c->attempt), "step", kept(c->step), "hash", kept(c->hash), "playbook",
			       kept(c->playbook), "args", kept(c->args), "workload", kept(c->workload), "ctx",
			       kept(c->ctx), "vars", kept(c->vars), "steps", kept(c->steps), "result", kept(c->result),
			       "event", kept(c->event), "trace_id", tr_int((int64_t)c->trace_id), "reply_to",
			       c->reply_to.bits != 0 ? tr_pid_value(c->reply_to) : tr_nil());
	return tr_is(c->resume, TR_ARRAY) ? tr_map_put_s(map, "resume", tr_keep(c->resume)) : map;
}

static tr_value taken(tr_value map, const char *key)
{
	return tr_keep(tr_map_get_s(map, key));
}

tr_value step_command_read(tr_value v)
{
	if (step_command_of(v) != NULL)
		return tr_keep(v);
	if (!tr_is(v, TR_MAP))
		return tr_invalid(TR_EINVAL);
	step_command c = {.execution_id = tr_as_int(tr_map_get_s(v, "execution_id"), 0),
			  .step_run_id = (uint64_t)tr_as_int(tr_map_get_s(v, "step_run_id"), 0),
			  .trace_id = (uint64_t)tr_as_int(tr_map_get_s(v, "trace_id"), 0),
			  .attempt = (uint32_t)tr_as_int(tr_map_get_s(v, "attempt"), 1),
			  .index = UINT32_MAX,
			  .reply_to = tr_as_pid(tr_map_get_s(v, "reply_to")),
			  .step = taken(v, "step"),
			  .hash = taken(v, "hash"),
			  .playbook = taken(v, "playbook"),
			  .args = taken(v, "args"),
			  .workload = taken(v, "workload"),
			  .ctx = taken(v, "ctx"),
			  .vars = taken(v, "vars"),
			  .steps = taken(v, "steps"),
			  .result = taken(v, "result"),
			  .event = taken(v, "event"),
			  .resume = taken(v, "resume")};
	return step_command_object(&c);
}
