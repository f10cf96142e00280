/* SPDX-License-Identifier: Apache-2.0 */
/* Starting and ending traces, and what the kernel's hooks collect for them. */
#include "runtime/observe/trace.h"

#include <string.h>

#define RATE_DEFAULT 1000

/* ---- collecting: on any scheduler thread, must not block or send
 * ----------------------------------------------------------- */

/* Count the event against the trace's rate. */
static bool within_rate(struct trace *tr, int64_t now_us)
{
	int64_t second = now_us / 1000000;
	int64_t window = atomic_load_explicit(&tr->window, memory_order_relaxed);

	if (window != second && atomic_compare_exchange_strong_explicit(&tr->window, &window, second,
									memory_order_relaxed, memory_order_relaxed))
		atomic_store_explicit(&tr->count, 0, memory_order_relaxed);
	if (atomic_fetch_add_explicit(&tr->count, 1, memory_order_relaxed) < tr->options.rate)
		return true;
	atomic_fetch_add_explicit(&tr->dropped, 1, memory_order_relaxed);
	return false;
}

static bool wants(const struct trace *tr, const struct trace_event *e)
{
	const tr_trace_options *o = &tr->options;
	bool send = e->kind == TR_TRACE_SEND;

	if ((o->events & e->kind) == 0)
		return false;
	if (o->pid.bits != 0 && !tr_pid_eq(o->pid, e->actor) && !(send && tr_pid_eq(o->pid, e->other)))
		return false;
	if (o->to.bits != 0 && (tr_pid_eq(o->to, e->actor) || (send && tr_pid_eq(o->to, e->other))))
		return false; /* a trace of its own destination would feed itself */
	if (e->module != NULL && ((o->module != NULL && strcmp(o->module, e->module) != 0) ||
				  (o->function != NULL && strcmp(o->function, e->function) != 0)))
		return false;
	return o->match == NULL || e->kind == TR_TRACE_SPAWN || e->kind == TR_TRACE_RETURN ||
	       o->match(o->match_arg, e->value);
}

static void offer(struct tracing *t, struct trace_event *e)
{
	tr_pid tracer = {atomic_load_explicit(&t->tracer, memory_order_relaxed)};
	struct trace *takers[TRACES_MAX];

	if (tr_pid_eq(e->actor, tracer) || tr_pid_eq(e->other, tracer))
		return;
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		struct trace *tr = atomic_load_explicit(&t->active[i], memory_order_acquire);
		takers[i] = tr;
		if (tr == NULL || !wants(tr, e))
			continue;
		if (e->time_us == 0)
			e->time_us = tr_wall_us();
		if (within_rate(tr, e->time_us))
			e->traces |= 1u << i;
	}
	if (e->traces == 0)
		return;
	(void)tr_keep(e->value);
	if (trace_ring_put(&t->ring, e))
		return;
	tr_drop(e->value);
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		if (e->traces & (1u << i))
			atomic_fetch_add_explicit(&takers[i]->dropped, 1, memory_order_relaxed);
	}
}

static void on_send(void *arg, tr_node *node, tr_pid from, tr_pid to, tr_value message)
{
	struct trace_event e = {.kind = TR_TRACE_SEND, .actor = from, .other = to, .value = message};

	(void)node;
	offer(arg, &e);
}

static void on_receive(void *arg, tr_node *node, tr_pid self, tr_value message)
{
	struct trace_event e = {.kind = TR_TRACE_RECEIVE, .actor = self, .value = message};

	(void)node;
	offer(arg, &e);
}

static void on_spawn(void *arg, tr_node *node, tr_pid parent, tr_pid child, const char *label)
{
	tr_value name = label != NULL ? tr_string(label) : tr_nil();
	struct trace_event e = {.kind = TR_TRACE_SPAWN, .actor = parent, .other = child, .value = name};

	(void)node;
	offer(arg, &e);
	tr_drop(name);
}

static void on_exit_of(void *arg, tr_node *node, tr_pid pid, tr_value reason)
{
	struct trace_event e = {.kind = TR_TRACE_EXIT, .actor = pid, .value = reason};

	(void)node;
	offer(arg, &e);
}

/* The behaviours are themselves servers, or what the kernel calls: what is wanted are the modules behind them. */
static bool is_behaviours_own(const char *module)
{
	return strcmp(module, "gen_server") == 0 || strcmp(module, "gen_statem") == 0 ||
	       strcmp(module, "gen_event") == 0;
}

static void on_callback(void *arg, tr_node *node, tr_pid self, const char *module, const char *function, tr_value value,
			int64_t ns)
{
	struct trace_event e = {.kind = ns < 0 ? TR_TRACE_CALL : TR_TRACE_RETURN,
				.actor = self,
				.value = value,
				.module = module,
				.function = function,
				.ns = ns};

	(void)node;
	if (module != NULL && !is_behaviours_own(module))
		offer(arg, &e);
}

/* ---- the record
 * -------------------------------------------------------------------------------------------------------------- */

static void tracing_free(void *ptr)
{
	struct tracing *t = ptr;
	struct trace_event e;

	while (trace_ring_take(&t->ring, &e))
		tr_drop(e.value);
	while (t->all != NULL) {
		struct trace *tr = t->all;
		t->all = tr->next;
		tr_free(tr);
	}
	pthread_mutex_destroy(&t->lock);
	tr_free(t);
}

static struct tracing *tracing_make(tr_node *node)
{
	struct tracing *t = tr_node_get(node, TR_SLOT_TRACE);

	if (t != NULL)
		return t;
	t = tr_alloc(sizeof(*t));
	if (t == NULL)
		return NULL;
	t->node = node;
	t->hooks = (struct kernel_hooks){.arg = t,
					 .on_send = on_send,
					 .on_receive = on_receive,
					 .on_spawn = on_spawn,
					 .on_exit = on_exit_of,
					 .on_callback = on_callback};
	trace_ring_init(&t->ring);
	pthread_mutex_init(&t->lock, NULL);
	if (tr_node_set(node, TR_SLOT_TRACE, t, tracing_free) == TR_OK)
		return t;
	tracing_free(t);
	return tr_node_get(node, TR_SLOT_TRACE); /* another thread was faster, or there is no memory */
}

static bool any_active(struct tracing *t)
{
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		if (atomic_load_explicit(&t->active[i], memory_order_relaxed) != NULL)
			return true;
	}
	return false;
}

void tracing_end(struct tracing *t, uint32_t place)
{
	atomic_store_explicit(&t->active[place], NULL, memory_order_release);
	if (!any_active(t))
		kernel_set_hooks(t->node, NULL);
}

/* Put it where nobody is. */
static tr_err take_place(struct tracing *t, struct trace *tr)
{
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		if (t->known[i] != NULL)
			continue;
		tr->id = ++t->next_id;
		tr->next = t->all;
		t->all = tr;
		t->known[i] = tr;
		atomic_store_explicit(&t->active[i], tr, memory_order_release);
		kernel_set_hooks(t->node, &t->hooks);
		return TR_OK;
	}
	return TR_EFULL;
}

/* ---- the public calls
 * ---------------------------------------------------------------------------------------------------------- */

static bool copy_name(char *to, const char **name)
{
	if (*name == NULL)
		return true;
	if (strlen(*name) >= TRACE_NAME_MAX)
		return false;
	strcpy(to, *name);
	*name = to;
	return true;
}

tr_err tr_trace_start(tr_node *node, const tr_trace_options *options, uint32_t *id)
{
	tr_pid named = options->name != NULL ? tr_node_whereis(node, options->name) : options->pid;

	if ((options->events & TR_TRACE_ALL) == 0)
		return TR_EINVAL;
	if (options->name != NULL && named.bits == 0)
		return TR_ENOPROC;
	struct tracing *t = tracing_make(node);
	struct trace *tr = t != NULL ? tr_alloc(sizeof(*tr)) : NULL;
	if (tr == NULL)
		return TR_ENOMEM;
	tr->options = *options;
	tr->options.pid = named;
	tr->options.name = NULL;
	if (!copy_name(tr->module, &tr->options.module) || !copy_name(tr->function, &tr->options.function)) {
		tr_free(tr);
		return TR_ELIMIT;
	}
	if (tr->options.rate == 0)
		tr->options.rate = RATE_DEFAULT;
	pthread_mutex_lock(&t->lock);
	tr_err err = take_place(t, tr);
	*id = tr->id;
	pthread_mutex_unlock(&t->lock);
	if (err != TR_OK) {
		tr_free(tr);
		return err;
	}
	err = tracer_wake(t);
	if (err != TR_OK)
		(void)tr_trace_stop(node, *id);
	return err;
}

tr_err tr_trace_stop(tr_node *node, uint32_t id)
{
	struct tracing *t = tr_node_get(node, TR_SLOT_TRACE);
	tr_err err = TR_ENOENT;

	if (t == NULL)
		return err;
	pthread_mutex_lock(&t->lock);
	for (uint32_t i = 0; i < TRACES_MAX; i++) {
		struct trace *tr = atomic_load_explicit(&t->active[i], memory_order_relaxed);
		if (tr != NULL && tr->id == id) {
			tracing_end(t, i);
			err = TR_OK;
		}
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}
