/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system monitor. Long handlers and busy ports are told by whoever sees them; queues and memory are looked at by an
 * actor registered as "system_monitor", which sleeps when nobody wants to know of them.
 */
#include <troupe/gen_server.h>
#include <troupe/system_monitor.h>

#include <pthread.h>

#include "runtime/actor/hooks.h"

#define LOOK_EVERY (100 * TR_MS)
#define LOOK_SHARE 50 /* of the time at most one part in so many */
#define RATE       1000u

/* One setting. Threads may still be reading an old one, so all are freed with the node. */
struct setting {
	struct setting *next;
	struct kernel_strain strain;
	tr_system_monitor_options options;
	_Atomic int64_t window; /* the present second … */
	_Atomic uint32_t count; /* … and the messages in it */
};

/* Lies in TR_SLOT_MONITOR. */
struct monitoring {
	tr_node *node;
	_Atomic(struct setting *) now;
	pthread_mutex_t lock; /* for writing `now`, and for `all` */
	struct setting *all;
};

/* ---- telling -------------------------------------------------------------------------------------------------------
 */

static bool within_rate(struct setting *set)
{
	int64_t second = tr_now() / TR_SECOND;
	int64_t window = atomic_load_explicit(&set->window, memory_order_relaxed);

	if (window != second && atomic_compare_exchange_strong(&set->window, &window, second))
		atomic_store_explicit(&set->count, 0, memory_order_relaxed);
	return atomic_fetch_add_explicit(&set->count, 1, memory_order_relaxed) < RATE;
}

/* Takes the info. */
static void tell(tr_node *node, struct setting *set, tr_pid pid, const char *kind, tr_value info)
{
	if (tr_pid_eq(pid, set->options.to) || !within_rate(set)) { /* what it does itself must not feed itself */
		tr_drop(info);
		return;
	}
	struct kernel_parcel parcel = {set->options.to,
				       TR_LIST(tr_atom("monitor"), tr_pid_value(pid), tr_atom(kind), info)};
	kernel_send_many(node, &parcel, 1);
}

static void on_long_handler(void *arg, tr_node *node, tr_pid pid, int64_t ns)
{
	tell(node, arg, pid, "long_handler", TR_DICT("running_ns", tr_int(ns)));
}

static void on_busy_port(void *arg, tr_node *node, tr_pid pid, tr_value port)
{
	tell(node, arg, pid, "busy_port", TR_DICT("port", tr_keep(port)));
}

/* ---- looking -------------------------------------------------------------------------------------------------------
 */

enum mark {
	MARK_QUEUE = 1,
	MARK_MEMORY = 2
};

struct looker {
	struct monitoring *monitoring;
	struct setting *set; /* whose marks these are */
	tr_value marks;      /* pid -> what was told of it, of enum mark */
};

static int64_t look_at_queue(struct looker *l, tr_pid pid, int64_t marks, uint32_t queued)
{
	const tr_system_monitor_options *o = &l->set->options;
	bool was = (marks & MARK_QUEUE) != 0;
	bool is = o->queue_high > 0 && (was ? queued > o->queue_low : queued >= o->queue_high);

	if (is != was)
		tell(tr_here(), l->set, pid, "long_message_queue",
		     TR_DICT("long", tr_bool(is), "length", tr_int(queued)));
	return is ? marks | MARK_QUEUE : marks & ~MARK_QUEUE;
}

static int64_t look_at_memory(struct looker *l, tr_pid pid, int64_t marks, size_t bytes)
{
	const tr_system_monitor_options *o = &l->set->options;
	bool was = (marks & MARK_MEMORY) != 0;
	bool is = o->large_state > 0 && bytes >= o->large_state;

	if (is && !was)
		tell(tr_here(), l->set, pid, "large_state", TR_DICT("bytes", tr_int((int64_t)bytes)));
	return is ? marks | MARK_MEMORY : marks & ~MARK_MEMORY;
}

static void look_at(struct looker *l, tr_pid pid, tr_value *marks_now)
{
	tr_value key = tr_pid_value(pid);
	int64_t marks = tr_as_int(tr_map_get(l->marks, key), 0);
	size_t bytes;
	uint32_t queued;

	if (!kernel_load(tr_here(), pid, &bytes, &queued))
		return;
	marks = look_at_queue(l, pid, marks, queued);
	marks = look_at_memory(l, pid, marks, bytes);
	if (marks != 0)
		*marks_now = tr_map_put(*marks_now, key, tr_int(marks));
}

static void forget_marks(struct looker *l, struct setting *set)
{
	tr_drop(l->marks);
	l->marks = tr_map();
	l->set = set;
}

static tr_next look(struct looker *l)
{
	struct setting *set = atomic_load(&l->monitoring->now);
	int64_t began = tr_now();
	uint32_t at = 0;

	if (set != NULL && !tr_alive(set->options.to)) {
		(void)tr_system_monitor(tr_here(), NULL);
		set = NULL;
	}
	if (set == NULL || (set->options.queue_high == 0 && set->options.large_state == 0))
		return tr_noreply(); /* until it is told to look again */
	if (set != l->set)
		forget_marks(l, set);
	tr_value marks_now = tr_map(); /* who has ended is not in it */
	for (tr_pid pid; (pid = kernel_next_actor(tr_here(), &at)).bits != 0; tr_reduce(1))
		look_at(l, pid, &marks_now);
	tr_drop(l->marks);
	l->marks = tr_is_valid(marks_now) ? marks_now : tr_map();
	int64_t took = tr_now() - began;
	tr_next next = tr_noreply();
	next.timeout_ns = took * LOOK_SHARE > LOOK_EVERY ? took * LOOK_SHARE : LOOK_EVERY;
	return next;
}

static void looker_gone(void *state)
{
	tr_drop(((struct looker *)state)->marks);
}

static tr_next looker_init(void *state, tr_value arg)
{
	struct looker *l = state;

	(void)arg;
	*l = (struct looker){tr_node_get(tr_here(), TR_SLOT_MONITOR), NULL, tr_map()};
	return tr_own(l, looker_gone) == TR_OK ? tr_noreply() : tr_next_stop(TR_A(enomem));
}

static tr_next looker_info(void *state, tr_value message)
{
	(void)message;
	return look(state);
}

static tr_next looker_timeout(void *state)
{
	return look(state);
}

static const tr_gen_server looker_module = {.name = "system_monitor",
					    .state_size = sizeof(struct looker),
					    .init = looker_init,
					    .handle_info = looker_info,
					    .handle_timeout = looker_timeout};

/* Make sure that the actor runs and looks at the new setting. */
static tr_err wake_looker(tr_node *node)
{
	static const tr_spawn_options options = {.name = "system_monitor", .priority = TR_PRIORITY_HIGH};
	bool inside = tr_here() != NULL;

	for (;;) {
		tr_pid pid = tr_node_whereis(node, options.name);
		if (pid.bits != 0) {
			struct kernel_parcel parcel = {pid, TR_A(tick)};
			kernel_send_many(node, &parcel, 1);
			return TR_OK;
		}
		tr_started s = inside ? tr_gen_server_start(&looker_module, tr_nil(), &options, TR_FOREVER)
				      : tr_node_gen_server(node, &looker_module, tr_nil(), &options);
		bool again = s.pid.bits != 0 || TR_IS_A(tr_array_at(s.reason, 0), already_started);
		tr_drop(s.reason);
		if (!again)
			return TR_ENOMEM;
	}
}

/* ---- setting -------------------------------------------------------------------------------------------------------
 */

static void monitoring_free(void *ptr)
{
	struct monitoring *m = ptr;

	while (m->all != NULL) {
		struct setting *set = m->all;
		m->all = set->next;
		tr_free(set);
	}
	pthread_mutex_destroy(&m->lock);
	tr_free(m);
}

static struct monitoring *monitoring_make(tr_node *node)
{
	struct monitoring *m = tr_node_get(node, TR_SLOT_MONITOR);

	if (m != NULL)
		return m;
	m = tr_alloc(sizeof(*m));
	if (m == NULL)
		return NULL;
	m->node = node;
	pthread_mutex_init(&m->lock, NULL);
	if (tr_node_set(node, TR_SLOT_MONITOR, m, monitoring_free) == TR_OK)
		return m;
	monitoring_free(m);
	return tr_node_get(node, TR_SLOT_MONITOR); /* another thread was faster, or there is no memory */
}

static struct setting *setting_new(const tr_system_monitor_options *o)
{
	struct setting *set = tr_alloc(sizeof(*set));

	if (set == NULL)
		return NULL;
	set->options = *o;
	set->strain = (struct kernel_strain){
	    .arg = set,
	    .long_handler_ns = o->long_handler_ns,
	    .long_handler = on_long_handler,
	    .busy_port = o->busy_port ? on_busy_port : NULL,
	};
	return set;
}

static tr_err check(tr_node *node, const tr_system_monitor_options *o)
{
	if (o->long_handler_ns <= 0 && o->queue_high == 0 && o->large_state == 0 && !o->busy_port)
		return TR_EINVAL;
	if (o->queue_high > 0 && o->queue_low >= o->queue_high)
		return TR_EINVAL;
	size_t bytes;
	uint32_t queued;
	return kernel_load(node, o->to, &bytes, &queued) ? TR_OK : TR_ENOPROC;
}

tr_err tr_system_monitor(tr_node *node, const tr_system_monitor_options *options)
{
	tr_err err = options != NULL ? check(node, options) : TR_OK;
	struct monitoring *m = err == TR_OK ? monitoring_make(node) : NULL;
	struct setting *set = m != NULL && options != NULL ? setting_new(options) : NULL;

	if (err != TR_OK)
		return err;
	if (m == NULL || (options != NULL && set == NULL))
		return TR_ENOMEM;
	pthread_mutex_lock(&m->lock);
	if (set != NULL) {
		set->next = m->all;
		m->all = set;
	}
	atomic_store(&m->now, set);
	kernel_set_strain(node, set != NULL ? &set->strain : NULL);
	pthread_mutex_unlock(&m->lock);
	if (set == NULL || (options->queue_high == 0 && options->large_state == 0))
		return TR_OK;
	return wake_looker(node);
}
