/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer: hands collected events on, as long as traces go on. */
#include "runtime/observe/trace.h"

#include <troupe/log.h>

#define LOOK_EVERY (10 * TR_MS)

/* ---- handing on
 * -------------------------------------------------------------------------------------------------------------- */

static tr_value as_map(const struct trace_event *e)
{
	tr_value actor = e->actor.bits != 0 ? tr_pid_value(e->actor) : tr_nil();

	switch ((tr_trace_events)e->kind) {
	case TR_TRACE_SEND:
		return TR_DICT("trace", tr_string("send"), "time_us", tr_int(e->time_us), "from", actor, "to",
			       tr_pid_value(e->other), "message", tr_keep(e->value));
	case TR_TRACE_RECEIVE:
		return TR_DICT("trace", tr_string("receive"), "time_us", tr_int(e->time_us), "pid", actor, "message",
			       tr_keep(e->value));
	case TR_TRACE_SPAWN:
		return TR_DICT("trace", tr_string("spawn"), "time_us", tr_int(e->time_us), "pid", actor, "child",
			       tr_pid_value(e->other), "label", tr_keep(e->value));
	case TR_TRACE_CALL:
		return TR_DICT("trace", tr_string("call"), "time_us", tr_int(e->time_us), "pid", actor, "module",
			       tr_string(e->module), "function", tr_string(e->function), "argument", tr_keep(e->value));
	case TR_TRACE_RETURN:
		return TR_DICT("trace", tr_string("return"), "time_us", tr_int(e->time_us), "pid", actor, "module",
			       tr_string(e->module), "function", tr_string(e->function), "ns", tr_int(e->ns));
	case TR_TRACE_EXIT:
	case TR_TRACE_ALL:
		break;
	}
	return TR_DICT("trace", tr_string("exit"), "time_us", tr_int(e->time_us), "pid", actor, "reason",
		       tr_keep(e->value));
}

/* Takes the map. */
static void hand_on(const struct trace *tr, tr_value map)
{
	if (tr->options.to.bits != 0)
		tr_send(tr->options.to, TR_LIST(tr_atom("trace"), map));
	else
		tr_log(TR_INFO, map, "trace %u", tr->id);
}

static void tell_dropped(struct trace *tr)
{
	uint64_t dropped = atomic_exchange_explicit(&tr->dropped, 0, memory_order_relaxed);

	if (dropped > 0)
		hand_on(tr, TR_DICT("trace", tr_string("dropped"), "count", tr_int((int64_t)dropped)));
}

/* An event may be of a trace that has begun since the places were looked at. */
static struct trace *trace_at(struct tracing *t, struct trace *known[], uint32_t i)
{
	if (known[i] == NULL) {
		pthread_mutex_lock(&t->lock);
		known[i] = t->known[i];
		pthread_mutex_unlock(&t->lock);
	}
	return known[i];
}

static void empty_ring(struct tracing *t, struct trace *known[])
{
	struct trace_event e;

	while (trace_ring_take(&t->ring, &e)) {
		for (uint32_t i = 0; i < TRACES_MAX; i++) {
			struct trace *tr = e.traces & (1u << i) ? trace_at(t, known, i) : NULL;
			if (tr != NULL)
				hand_on(tr, as_map(&e));
		}
		tr_drop(e.value);
		tr_reduce(1);
	}
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		if (known[i] != NULL)
			tell_dropped(known[i]);
	}
}

/* ---- looking
 * ----------------------------------------------------------------------------------------------------------------- */

/* What is known now, and which of it had ended before: that can be forgotten once the ring is empty. */
static uint32_t look_at_places(struct tracing *t, struct trace *known[])
{
	uint32_t ended = 0;

	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		known[i] = t->known[i];
		if (known[i] == NULL)
			continue;
		if (known[i]->options.to.bits != 0 && !tr_alive(known[i]->options.to))
			tracing_end(t, i);
		if (atomic_load_explicit(&t->active[i], memory_order_relaxed) == NULL)
			ended |= 1u << i;
	}
	pthread_mutex_unlock(&t->lock);
	return ended;
}

static bool forget(struct tracing *t, uint32_t ended)
{
	bool left = false;

	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		if (ended & (1u << i))
			t->known[i] = NULL;
		left = left || t->known[i] != NULL;
	}
	pthread_mutex_unlock(&t->lock);
	return left;
}

static tr_next look(struct tracing *t)
{
	struct trace *known[TRACES_MAX];
	uint32_t ended = look_at_places(t, known);
	tr_next next = tr_noreply();

	empty_ring(t, known);
	if (forget(t, ended))
		next.timeout_ns = LOOK_EVERY;
	return next;
}

/* ---- the server
 * ---------------------------------------------------------------------------------------------------------------- */

struct tracer {
	struct tracing *tracing;
};

static void tracer_gone(void *state)
{
	struct tracer *tracer = state;

	atomic_store_explicit(&tracer->tracing->tracer, 0, memory_order_relaxed);
}

static tr_next tracer_init(void *state, tr_value arg)
{
	struct tracer *tracer = state;

	(void)arg;
	tracer->tracing = tr_node_get(tr_here(), TR_SLOT_TRACE);
	if (tracer->tracing == NULL || tr_own(tracer, tracer_gone) != TR_OK)
		return tr_next_stop(TR_A(enomem));
	atomic_store_explicit(&tracer->tracing->tracer, tr_self().bits, memory_order_relaxed);
	return tr_noreply();
}

static tr_next tracer_info(void *state, tr_value message)
{
	(void)message;
	return look(((struct tracer *)state)->tracing);
}

static tr_next tracer_timeout(void *state)
{
	return look(((struct tracer *)state)->tracing);
}

static const tr_gen_server tracer_module = {.name = "tracer",
					    .state_size = sizeof(struct tracer),
					    .init = tracer_init,
					    .handle_info = tracer_info,
					    .handle_timeout = tracer_timeout};

tr_err tracer_wake(struct tracing *t)
{
	static const tr_spawn_options options = {.name = "tracer"};
	bool inside = tr_here() != NULL;
	tr_pid pid = {atomic_load(&t->tracer)};

	if (pid.bits == 0) {
		tr_started s = inside ? tr_gen_server_start(&tracer_module, tr_nil(), &options, TR_FOREVER)
				      : tr_node_gen_server(t->node, &tracer_module, tr_nil(), &options);
		pid = s.pid;
		if (TR_IS_A(tr_array_at(s.reason, 0), already_started))
			pid = tr_as_pid(tr_array_at(s.reason, 1));
		tr_drop(s.reason);
	}
	if (pid.bits == 0)
		return TR_ENOMEM;
	return inside ? tr_send(pid, TR_A(tick)) : tr_node_send(t->node, pid, TR_A(tick));
}
