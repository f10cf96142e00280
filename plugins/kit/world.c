/* SPDX-License-Identifier: Apache-2.0 */
/* A node with plugins, driven by threads or step by step. */
#include "plugins/kit/world.h"

#include "plugins/host/host.h"
#include "plugins/host/inspect.h"
#include "runtime/actor/node.h"
#include "runtime/sched/step.h"
#include <stdio.h>
#include <string.h>
#include <troupe/io.h>

/* ---- the stepped world ---- */

static int64_t clock_now(void *arg)
{
	return ((tr_plugin_world *)arg)->now;
}

static int64_t clock_wall(void *arg)
{
	return INT64_C(1767225600000000) + ((tr_plugin_world *)arg)->now / 1000;
}

static uint64_t next_random(void *arg)
{
	tr_plugin_world *w = arg;

	w->random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = (w->random ^ (w->random >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* One step, or a jump to the next timer, but not beyond `until`. False when nothing will ever happen by then. */
static bool step(tr_plugin_world *w, int64_t until)
{
	if (sched_step(w->node, NULL, NULL))
		return true;
	int64_t at = step_next_timer(w->node);
	if (at > until)
		return false;
	w->now = at > w->now ? at : w->now + 1; /* the wheel names a time that may be a little early */
	return true;
}

/* ---- starting ---- */

static void swallow(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report); /* crashes are part of tests */
}

static tr_node *make_node(tr_plugin_world *w, tr_err *err)
{
	const tr_world world = {.monotonic_ns = clock_now, .wall_us = clock_wall, .random = next_random, .arg = w};
	tr_node_options options = {.name = "test", .schedulers = 2, .report = swallow};
	const struct kernel_options manual = {.manual = true};

	if (w->stepped) {
		w->now = TR_SECOND;
		options.world = &world;
		return node_start(&options, &manual, err);
	}
	tr_node *node = tr_node_start(&options, err);
	if (node != NULL && (*err = tr_reactor_start(node)) != TR_OK)
		tr_node_stop(&node);
	return node;
}

static void reason_into(char *why, size_t n, const char *what, tr_value reason)
{
	tr_buf text = {0};
	tr_value at = reason;

	while (tr_array_len(at) > 0) /* supervisors wrap the reasons of their children */
		at = tr_array_at(at, tr_array_len(at) - 1);
	if (tr_is(at, TR_STRING))
		tr_buf_puts(&text, tr_as_cstr(at, ""));
	else
		tr_show(&text, reason, 400);
	snprintf(why, n, "%s%s", what, text.p == NULL ? "" : text.p);
	tr_buf_fini(&text);
}

static bool start_tree(tr_plugin_world *w, const tr_plugin_world_options *o, char *why, size_t n)
{
	plugin_host_options host = {.config = o->config, .grants = o->grants, .isolation = o->isolation};
	tr_child_spec child;
	tr_err err = plugin_host_child(w->node, &host, &child);

	if (err != TR_OK) {
		snprintf(why, n, "%s", tr_err_text(err));
		return false;
	}
	tr_supervisor_spec top = {
	    .strategy = TR_ONE_FOR_ONE, .intensity = 3, .children = &child, .child_count = 1, .label = "top"};
	tr_started s = tr_node_supervisor(w->node, &top);
	w->top = s.pid;
	if (s.pid.bits == 0)
		reason_into(why, n, "the plugin manager did not start: ", s.reason);
	tr_drop(s.reason);
	return s.pid.bits != 0;
}

static bool load(tr_plugin_world *w, const char *path, char *why, size_t n)
{
	tr_value answer = tr_plugin_world_ask(w, TR_LIST(tr_atom("load"), tr_string(path)));
	bool ok = TR_IS_A(tr_array_at(answer, 0), ok);

	if (!ok)
		reason_into(why, n, "", answer);
	tr_drop(answer);
	return ok;
}

tr_plugin_world *tr_plugin_world_start(const tr_plugin_world_options *options, char *why, size_t n)
{
	const tr_plugin_world_options none = {0};
	const tr_plugin_world_options *o = options == NULL ? &none : options;
	tr_plugin_world *w = tr_alloc(sizeof(*w));
	tr_err err = TR_ENOMEM;

	if (w != NULL) {
		w->stepped = o->stepped;
		w->node = make_node(w, &err);
	}
	if (w == NULL || w->node == NULL) {
		snprintf(why, n, "the node cannot be started: %s", tr_err_text(err));
		tr_free(w);
		return NULL;
	}
	bool ok = start_tree(w, o, why, n);
	for (size_t i = 0; ok && o->paths != NULL && o->paths[i] != NULL; i++)
		ok = load(w, o->paths[i], why, n);
	if (!ok)
		tr_plugin_world_stop(&w);
	return w;
}

static tr_value stop_top(tr_value top)
{
	tr_stop(tr_as_pid(top), TR_A(shutdown), tr_in(KIT_PATIENCE));
	return tr_nil();
}

void tr_plugin_world_stop(tr_plugin_world **world)
{
	tr_plugin_world *w = *world;

	*world = NULL;
	if (w == NULL)
		return;
	if (w->top.bits != 0)
		tr_drop(tr_plugin_world_do(w, stop_top, tr_pid_value(w->top)));
	tr_node_stop(&w->node);
	tr_free(w);
}

tr_node *tr_plugin_world_node(tr_plugin_world *w)
{
	return w->node;
}

/* ---- doing something in an actor ---- */

/* On the asking thread's stack until the actor is done with it. */
typedef struct errand {
	tr_value (*fn)(tr_value arg);
	tr_value arg, answer;
	_Atomic bool over;
} errand;

static const tr_class errand_class = {"errand", NULL};

static void errand_over(void *arg)
{
	atomic_store(&((errand *)arg)->over, true);
}

static void run_errand(tr_value arg)
{
	errand *e = tr_as_object(arg, &errand_class);

	if (tr_own(e, errand_over) == TR_OK)
		e->answer = e->fn(e->arg);
}

tr_value tr_plugin_world_do(tr_plugin_world *w, tr_value (*fn)(tr_value arg), tr_value arg)
{
	errand e = {.fn = fn, .arg = arg, .answer = tr_absent()};
	tr_spawned s = tr_node_spawn(w->node, run_errand, tr_object(&errand_class, &e), NULL);

	if (s.err != TR_OK) {
		tr_drop(arg);
		return tr_invalid(s.err);
	}
	if (w->stepped) {
		while (!atomic_load(&e.over) && step(w, INT64_MAX))
			continue;
	} else {
		tr_drop(tr_node_wait(w->node, s.pid, TR_FOREVER));
	}
	tr_drop(arg);
	return e.answer;
}

static tr_value sleep_for(tr_value ns)
{
	tr_sleep_until(tr_in(tr_as_int(ns, 0)));
	return tr_nil();
}

void tr_plugin_world_pass(tr_plugin_world *w, int64_t ns)
{
	int64_t until = w->now + ns;

	if (!w->stepped) {
		tr_drop(tr_plugin_world_do(w, sleep_for, tr_int(ns)));
		return;
	}
	while (step(w, until))
		continue;
	w->now = until;
	while (sched_step(w->node, NULL, NULL))
		continue;
}
