/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine, a generic server whose messages are events. */
#include "runtime/behaviour/statem.h"

#include "runtime/actor/hooks.h"
#include "runtime/behaviour/gen.h"

/* ---- what callbacks ask for
 * ------------------------------------------------------------------------------------------- */

tr_value tr_state_of(const tr_machine *m)
{
	return m->state;
}

void tr_postpone(tr_machine *m)
{
	m->postpone = true;
}

void tr_next_event(tr_machine *m, tr_event_type type, const tr_from *from, tr_value content)
{
	struct queued *event = event_new(type, from, content);

	if (event != NULL)
		events_push(&m->inserted, event);
	else
		m->no_memory = true;
}

void tr_machine_hibernate(tr_machine *m)
{
	m->hibernate = true;
}

/* ---- calling the module
 * ------------------------------------------------------------------------------------------------ */

static const tr_state *state_of(const tr_machine *m, tr_value state)
{
	for (size_t i = 0; i < m->mod->state_count; i++) {
		if (tr_str_is(tr_as_str(state), m->mod->states[i].name))
			return &m->mod->states[i];
	}
	return NULL;
}

static tr_step call(tr_machine *m, const struct queued *queued)
{
	const tr_event event = {queued->type, queued->from, queued->content, queued->name};
	const tr_state *state = m->mod->handle_event == NULL ? state_of(m, m->state) : NULL;
	const char *function = state != NULL ? state->name : "handle_event";

	if (m->mod->handle_event == NULL && state == NULL)
		return tr_stop_machine(TR_LIST(tr_atom("undef"), tr_keep(m->state)));
	int64_t traced = kernel_callback_begin(m->mod->name, function, event.content);
	tr_step step =
	    state != NULL ? state->handle(m, m->data, &event) : m->mod->handle_event(m, m->data, m->state, &event);
	kernel_callback_end(traced, m->mod->name, function);
	return step;
}

/* ---- transitions
 * ------------------------------------------------------------------------------------------------------- */

/* Run the enter call of the present state, again when it repeats the state. Absent, or the reason to stop. */
static tr_value enter(tr_machine *m, tr_value before)
{
	struct queued event = {.type = TR_EVENT_ENTER, .content = before, .name = tr_absent()};
	struct queued *kept = m->inserted.first;

	if (!m->mod->enter_calls)
		return tr_absent();
	for (;;) {
		m->postpone = false;
		tr_step step = call(m, &event);
		if (step.kind == TR_STEP_STOP)
			return step.value;
		bool stays = step.kind != TR_STEP_NEXT || tr_equal(step.value, m->state);
		tr_drop(step.value);
		if (!stays || m->postpone || m->inserted.first != kept)
			return TR_LIST(tr_atom("bad_state_enter_return_from_state_function"), tr_keep(m->state));
		if (step.kind != TR_STEP_REPEAT)
			return tr_absent();
	}
}

/* Take over the state a callback chose (taken). Absent, or the reason to stop. */
static tr_value change_state(tr_machine *m, tr_value next)
{
	tr_value before = m->state;

	if (!tr_is_valid(next))
		return tr_value_err(next) == TR_OK ? TR_LIST(tr_atom("bad_return_from_state_function"), tr_nil())
						   : gen_err_reason(tr_value_err(next));
	if (tr_equal(before, next)) {
		tr_drop(next);
		return tr_absent();
	}
	m->state = next;
	timeouts_cancel(m, TR_EVENT_STATE_TIMEOUT);
	events_prepend(&m->queue, &m->postponed);
	events_prepend(&m->queue, &m->inserted);
	gen_hold(before);
	tr_value stop = enter(m, before);
	tr_drop(gen_release(before));
	return stop;
}

/* The callback for the current event returned. Absent, or the reason to stop. */
static tr_value follow(tr_machine *m, tr_step step)
{
	tr_value stop = tr_absent();

	if (step.kind == TR_STEP_STOP)
		return tr_is_valid(step.value) ? step.value : gen_err_reason(tr_value_err(step.value));
	if (m->postpone && m->current != NULL)
		events_push(&m->postponed, m->current);
	else
		event_free(m->current);
	m->current = NULL;
	if (step.kind == TR_STEP_NEXT)
		stop = change_state(m, step.value);
	events_prepend(&m->queue, &m->inserted);
	if (step.kind == TR_STEP_REPEAT)
		stop = enter(m, m->state);
	timeouts_apply(m);
	if (!tr_is_valid(stop) && m->no_memory)
		stop = TR_A(enomem);
	return stop;
}

static struct queued *next_event(tr_machine *m)
{
	struct queued *event = events_pop(&m->queue);

	return event != NULL ? event : timeouts_due(m);
}

/* Handle events until none is left here. */
static tr_next drain(tr_machine *m)
{
	for (m->current = next_event(m); m->current != NULL; m->current = next_event(m)) {
		if (m->current->type != TR_EVENT_TIMEOUT)
			timeouts_cancel(m, TR_EVENT_TIMEOUT);
		m->postpone = m->hibernate = false;
		tr_value stop = follow(m, call(m, m->current));
		if (tr_is_valid(stop))
			return tr_next_stop(stop);
		tr_reduce(1);
	}
	tr_next next = tr_noreply();
	next.hibernate = m->hibernate;
	return next;
}

static tr_next event(tr_machine *m, struct queued *queued)
{
	if (queued == NULL)
		return tr_next_stop(TR_A(enomem));
	events_push(&m->queue, queued);
	return drain(m);
}

/* ---- the server
 * ---------------------------------------------------------------------------------------------------------- */

static tr_next machine_call(void *state, tr_value request, tr_from from)
{
	return event(state, event_new(TR_EVENT_CALL, &from, tr_keep(request)));
}

static tr_next machine_cast(void *state, tr_value request)
{
	return event(state, event_new(TR_EVENT_CAST, NULL, tr_keep(request)));
}

static tr_next machine_info(void *state, tr_value message)
{
	bool stale;
	struct queued *over = timeouts_over(state, message, &stale);

	if (stale)
		return tr_noreply();
	return event(state, over != NULL ? over : event_new(TR_EVENT_INFO, NULL, tr_keep(message)));
}

struct machine_start {
	const tr_gen_statem *mod;
	tr_value arg;
};

static void start_free(void *data)
{
	tr_drop(((struct machine_start *)data)->arg);
	tr_free(data);
}

static const tr_class start_class = {"gen_statem", start_free};

static void machine_free(void *ptr)
{
	tr_machine *m = ptr;

	events_free(&m->queue);
	events_free(&m->postponed);
	events_free(&m->inserted);
	event_free(m->current);
	timeouts_free(m);
	tr_drop(m->state);
	tr_free(m->data);
}

static tr_next machine_init(void *state, tr_value arg)
{
	tr_machine *m = state;
	const struct machine_start *start = tr_as_object(arg, &start_class);

	m->state = tr_absent();
	m->mod = start->mod;
	m->data = tr_alloc(m->mod->data_size + 1);
	if (m->data == NULL || tr_own(m, machine_free) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	int64_t traced = kernel_callback_begin(m->mod->name, "init", start->arg);
	tr_step step = m->mod->init(m, m->data, start->arg);
	kernel_callback_end(traced, m->mod->name, "init");
	if (step.kind == TR_STEP_STOP)
		return tr_next_stop(step.value);
	if (step.kind != TR_STEP_NEXT || !tr_is_valid(step.value))
		return tr_next_stop(TR_LIST(tr_atom("bad_return_from_init"), step.value));
	m->state = step.value;
	m->running = true;
	return tr_next_then(TR_A(start));
}

/* After the starter was told: the first enter call (from the first state to itself, as in OTP), then what init asked
 * for. */
static tr_next machine_continue(void *state, tr_value arg)
{
	tr_machine *m = state;

	(void)arg;
	tr_value stop = m->postpone ? TR_LIST(tr_atom("bad_action_from_init"), tr_atom("postpone")) : tr_absent();
	if (!tr_is_valid(stop)) {
		events_prepend(&m->queue, &m->inserted);
		stop = enter(m, m->state);
	}
	timeouts_apply(m);
	return tr_is_valid(stop) ? tr_next_stop(stop) : drain(m);
}

static void machine_terminate(void *state, tr_value reason)
{
	tr_machine *m = state;

	if (m->mod->terminate == NULL)
		return;
	int64_t traced = kernel_callback_begin(m->mod->name, "terminate", reason);
	m->mod->terminate(m->data, m->state, reason);
	kernel_callback_end(traced, m->mod->name, "terminate");
}

static tr_value machine_show(void *state)
{
	tr_machine *m = state;
	tr_value data = m->mod->show != NULL ? m->mod->show(m->data, m->state) : tr_nil();

	return TR_DICT("state", tr_keep(m->state), "data", data);
}

static const tr_gen_server machine_module = {
    .name = "gen_statem",
    .state_size = sizeof(tr_machine),
    .init = machine_init,
    .handle_call = machine_call,
    .handle_cast = machine_cast,
    .handle_info = machine_info,
    .handle_continue = machine_continue,
    .terminate = machine_terminate,
    .show = machine_show,
};

static tr_started start(const tr_gen_statem *mod, tr_value arg, const tr_spawn_options *options, bool link,
			int64_t deadline)
{
	tr_spawn_options o = options != NULL ? *options : (tr_spawn_options){0};
	struct machine_start *what = tr_alloc(sizeof(*what));

	if (what == NULL) {
		tr_drop(arg);
		return (tr_started){{0}, {0}, TR_A(enomem)};
	}
	*what = (struct machine_start){mod, arg};
	tr_value v = tr_object(&start_class, what);
	if (!tr_is_valid(v))
		return (tr_started){{0}, {0}, TR_A(enomem)};
	if (o.label == NULL)
		o.label = mod->name;
	return link ? tr_gen_server_start_link(&machine_module, v, &o, deadline)
		    : tr_gen_server_start(&machine_module, v, &o, deadline);
}

tr_started tr_gen_statem_start(const tr_gen_statem *mod, tr_value arg, const tr_spawn_options *options,
			       int64_t deadline)
{
	return start(mod, arg, options, false, deadline);
}

tr_started tr_gen_statem_start_link(const tr_gen_statem *mod, tr_value arg, const tr_spawn_options *options,
				    int64_t deadline)
{
	return start(mod, arg, options, true, deadline);
}
