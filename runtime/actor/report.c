/* SPDX-License-Identifier: Apache-2.0 */
/* Building and handing out reports. */
#include "runtime/actor/report.h"

#include <stdio.h>
#include <string.h>

#include "runtime/actor/mailbox.h"
#include "runtime/actor/symbol.h"

#define SHOWN_MESSAGES 5u

void report_deliver(tr_node *node, tr_value report)
{
	if (node->report != NULL) {
		node->report(node->report_arg, report);
		return;
	}
	tr_pid logger = registry_find(node, "logger");
	if (logger.bits != 0) {
		struct sched *s = node_enter(node);
		(void)mailbox_send(s, logger, TR_LIST(tr_atom("report"), report), false);
		node_leave(node, s);
		return;
	}
	tr_buf text = {0};
	tr_show(&text, report, 4096);
	if (text.err == TR_OK)
		fprintf(stderr, "%.*s\n", TR_STR(tr_buf_str(&text)));
	tr_buf_fini(&text);
	tr_drop(report);
}

bool report_is_orderly(tr_value reason)
{
	return TR_IS_A(reason, normal) || TR_IS_A(reason, shutdown) ||
	       (tr_is(reason, TR_ARRAY) && TR_IS_A(tr_array_at(reason, 0), shutdown));
}

/* Reports cost more than crashes: a storm of them must not drown the node. */
static bool may_report(tr_node *node, uint32_t *dropped)
{
	int64_t now = node_now(node);
	int64_t since = atomic_load_explicit(&node->report_window, memory_order_relaxed);
	if (now - since >= TR_SECOND &&
	    atomic_compare_exchange_strong_explicit(&node->report_window, &since, now, memory_order_relaxed,
						    memory_order_relaxed))
		atomic_store_explicit(&node->report_count, 0, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&node->report_count, 1, memory_order_relaxed) >= REPORT_RATE) {
		atomic_fetch_add_explicit(&node->report_dropped, 1, memory_order_relaxed);
		return false;
	}
	*dropped = atomic_exchange_explicit(&node->report_dropped, 0, memory_order_relaxed);
	return true;
}

static tr_value text_or_nil(const char *text)
{
	return text == NULL ? tr_nil() : tr_string_lossy(text, strlen(text));
}

static tr_value behaviour_name(struct actor *a, tr_pid pid)
{
	const tr_behaviour *b = actor_behaviour(a, pid);
	return b == NULL ? tr_nil() : text_or_nil(b->name);
}

static tr_value last_messages(struct actor *a)
{
	tr_value out = tr_array();
	if (a->handling != NULL)
		out = tr_array_push(out, tr_keep(a->handling->value));
	for (struct envelope *e = a->head; e != NULL && tr_array_len(out) < SHOWN_MESSAGES; e = e->next)
		out = tr_array_push(out, tr_keep(e->value));
	return out;
}

static tr_value links(struct actor *a)
{
	tr_value out = tr_array();
	struct relation *e;
	for (uint32_t i = 0; (e = relation_next(a->relations, &i)) != NULL;)
		if (e->kind == REL_LINK)
			out = tr_array_push(out, tr_pid_value((tr_pid){e->key}));
	return out;
}

static tr_value pid_or_nil(uint64_t bits)
{
	return bits == 0 ? tr_nil() : tr_pid_value((tr_pid){bits});
}

/* Walk the frame pointers, which all of the runtime keeps; stops at the first frame that leaves the stack. */
void report_trace(struct sched *s)
{
	char *const *frame = __builtin_frame_address(0);
	s->n_trace = 0;
	while (s->n_trace < SCHED_TRACE && (const char *)frame > s->stack->low &&
	       (const char *)(frame + 2) <= s->stack->high && ((uintptr_t)frame & 7) == 0) {
		char *up = frame[0];
		s->trace[s->n_trace++] = frame[1];
		if (up <= (const char *)frame)
			break;
		frame = (char *const *)(void *)up;
	}
}

static tr_value backtrace_of(struct sched *s)
{
	struct symbol symbols[SCHED_TRACE];
	tr_value out = tr_array();
	uint32_t n = s->n_trace;
	s->n_trace = 0;
	for (uint32_t i = 0; i < n; i++)
		symbols[i] = (struct symbol){.address = s->trace[i], .returns = true};
	symbols_find(symbols, n);
	for (uint32_t i = 0; i < n; i++)
		if (symbols[i].object[0] != 0)
			out = tr_array_push(
			    out, tr_stringf("%s+0x%zx (%s)",
					    symbols[i].function[0] != 0 ? symbols[i].function : symbols[i].object,
					    symbols[i].offset, symbols[i].object));
	return out;
}

void report_dead_letters(tr_node *node, uint64_t count, int64_t interval_ns)
{
	tr_value r = TR_DICT("report", tr_string("dead_letters"), "count", tr_int((int64_t)count), "interval_ns",
			     tr_int(interval_ns), "time_us", tr_int(node->world.wall_us(node->world.arg)));
	if (tr_is_valid(r))
		report_deliver(node, r);
}

void report_crash(struct sched *s, struct actor *a)
{
	uint32_t dropped = 0;
	/* As in OTP, an actor that another one ended did not crash: whoever ended it, or its supervisor, says so. */
	bool ended_by_another = (a->flags & (ACTOR_SIGNALLED | ACTOR_KILLED)) != 0;
	if (ended_by_another || report_is_orderly(a->arg) || !may_report(s->node, &dropped)) {
		s->n_trace = 0;
		return;
	}
	int64_t now = s->node->world.wall_us(s->node->world.arg);
	tr_value note = a->extra != NULL ? tr_keep(a->extra->note) : tr_nil();
	tr_value r = TR_DICT("report", tr_string("crash"), "pid", tr_pid_value(actor_pid(a)), "name",
			     registry_name_of(s->node, actor_pid(a)), "label",
			     text_or_nil(atomic_load_explicit(&a->label, memory_order_relaxed)), "behaviour",
			     behaviour_name(a, actor_pid(a)), "reason", tr_keep(a->arg), "last_messages",
			     last_messages(a), "mailbox_length", tr_int(a->queued), "links", links(a), "supervisor",
			     pid_or_nil(a->supervisor), "note", tr_is_valid(note) ? note : tr_nil(), "time_us",
			     tr_int(now), "backtrace", backtrace_of(s), "dropped", tr_int(dropped));
	if (tr_is_valid(r))
		report_deliver(s->node, r);
}

/* Called by the watch alone. */
static bool may_report_long(tr_node *node, uint32_t *dropped)
{
	int64_t now = node_now(node);
	if (now - node->long_window >= TR_SECOND) {
		node->long_window = now;
		node->long_count = 0;
	}
	if (node->long_count++ >= REPORT_LONG_RATE) {
		node->long_dropped++;
		return false;
	}
	*dropped = node->long_dropped;
	node->long_dropped = 0;
	return true;
}

void report_long_handler(tr_node *node, struct sched *s, tr_pid pid, int64_t ns)
{
	uint32_t dropped;
	if (!may_report_long(node, &dropped))
		return;
	struct actor *a = node_actor(node, pid);
	const char *label = a == NULL ? NULL : atomic_load_explicit(&a->label, memory_order_relaxed);
	tr_value r =
	    TR_DICT("report", tr_string("long_handler"), "pid", tr_pid_value(pid), "name", registry_name_of(node, pid),
		    "label", text_or_nil(label), "behaviour", a == NULL ? tr_nil() : behaviour_name(a, pid),
		    "scheduler", tr_int(s->id), "running_ns", tr_int(ns), "time_us",
		    tr_int(node->world.wall_us(node->world.arg)), "dropped", tr_int(dropped));
	if (tr_is_valid(r))
		report_deliver(node, r);
}
