/* SPDX-License-Identifier: Apache-2.0 */
/* The node seen by threads that are no actors: spawning, sending, calling, waiting, slots. */
#include "runtime/actor/mailbox.h"
#include "runtime/actor/spawn.h"
#include "runtime/sched/step.h"

/* Inside, the thread passes for the stand-in, so that what is called from there (a destructor of a value, an
 * interrupt's function) may enter again. */
struct sched *node_enter(tr_node *node)
{
	struct sched *s = sched_self();
	if (s != NULL && s->node == node) {
		s->entered += s->outside;
		return s;
	}
	spin_lock(&node->outside_lock);
	node->outside->entered = 1;
	node->outside->entered_from = s;
	sched_set_self(node->outside);
	return node->outside;
}

void node_leave(tr_node *node, struct sched *s)
{
	if (!s->outside || --s->entered > 0)
		return;
	sched_set_self(s->entered_from);
	spin_unlock(&node->outside_lock);
}

tr_spawned tr_node_spawn(tr_node *node, tr_body *body, tr_value arg, const tr_spawn_options *options)
{
	struct sched *s = node_enter(node);
	tr_spawned out = spawn(s, &(struct spawn_spec){.body = body, .arg = arg}, options);
	node_leave(node, s);
	return out;
}

tr_spawned tr_node_spawn_behaviour(tr_node *node, const tr_behaviour *behaviour, tr_value arg,
				   const tr_spawn_options *options)
{
	struct spawn_spec spec;
	if (!spawn_state(&spec, behaviour, arg))
		return (tr_spawned){.err = TR_ENOMEM};
	struct sched *s = node_enter(node);
	tr_spawned out = spawn(s, &spec, options);
	node_leave(node, s);
	return out;
}

tr_err tr_node_send(tr_node *node, tr_pid to, tr_value message)
{
	struct sched *s = node_enter(node);
	tr_err err = mailbox_send(s, to, message, false);
	node_leave(node, s);
	return err;
}

tr_pid tr_node_whereis(tr_node *node, const char *name)
{
	return registry_find(node, name);
}

/* ---- waiting for actors
 * ---------------------------------------------------------------------------------------------- */

/* What a thread wants to know; an actor finds out. On the thread's stack: it stays until the actor has ended. */
struct question {
	pthread_mutex_t lock;
	pthread_cond_t over_cond;
	bool over;
	tr_pid to;
	tr_value value; /* the request, or the argument of the body */
	tr_body *body;
	int64_t timeout;
	tr_value answer;
};

static void question_over(void *ptr)
{
	struct question *q = ptr;
	pthread_mutex_lock(&q->lock);
	q->over = true;
	pthread_cond_broadcast(&q->over_cond);
	pthread_mutex_unlock(&q->lock);
}

static struct question *question_of(tr_value arg)
{
	return (struct question *)(intptr_t)tr_as_int(arg, 0);
}

static tr_value take(tr_value *v)
{
	tr_value out = *v;
	*v = tr_absent();
	return out;
}

static void wait_until_over(tr_node *node, struct question *q)
{
	pthread_mutex_lock(&q->lock);
	while (!q->over && node->manual) {
		pthread_mutex_unlock(&q->lock);
		bool moved = sched_step(node, NULL, NULL);
		pthread_mutex_lock(&q->lock);
		/* Nothing can happen until somebody moves the clock: that is a deadline passed. */
		CHECK(moved || q->over || step_advance(node));
	}
	while (!q->over)
		pthread_cond_wait(&q->over_cond, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

/* Have `finder` answer the question as an actor. */
static tr_value ask(tr_node *node, tr_body *finder, struct question *q)
{
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->over_cond, NULL);
	q->answer = tr_invalid(TR_ECLOSED); /* unless it comes to more */
	static const tr_spawn_options options = {.label = "outside", .priority = TR_PRIORITY_HIGH};
	struct sched *s = node_enter(node);
	tr_spawned out =
	    spawn(s,
		  &(struct spawn_spec){
		      .body = finder, .arg = tr_int((int64_t)(intptr_t)q), .own = q, .destructor = question_over},
		  &options);
	node_leave(node, s);
	if (out.err == TR_OK)
		wait_until_over(node, q);
	else
		q->answer = tr_invalid(out.err);
	tr_drop(q->value);
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->over_cond);
	return q->answer;
}

static void find_reply(tr_value arg)
{
	struct question *q = question_of(arg);
	q->answer = tr_call(q->to, take(&q->value), tr_in(q->timeout));
}

tr_value tr_node_call(tr_node *node, tr_pid to, tr_value request, int64_t timeout_ns)
{
	struct question q = {.to = to, .value = request, .timeout = timeout_ns};
	return ask(node, find_reply, &q);
}

static tr_value reason_of(tr_ref monitor, int64_t timeout)
{
	tr_value down = tr_receive_ref(monitor, tr_in(timeout));
	if (!tr_is_valid(down))
		return down;
	tr_value reason = tr_keep(tr_array_at(down, 4));
	tr_drop(down);
	return reason;
}

static void find_end(tr_value arg)
{
	struct question *q = question_of(arg);
	q->answer = reason_of(tr_monitor(q->to), q->timeout);
}

tr_value tr_node_wait(tr_node *node, tr_pid pid, int64_t timeout_ns)
{
	struct question q = {.to = pid, .value = tr_absent(), .timeout = timeout_ns};
	return ask(node, find_end, &q);
}

static void run_body(tr_value arg)
{
	struct question *q = question_of(arg);
	tr_spawn_options options = {.monitor = true, .label = "main"};
	tr_spawned main_actor = tr_spawn_opt(q->body, take(&q->value), &options);
	q->answer = main_actor.err != TR_OK ? tr_invalid(main_actor.err) : reason_of(main_actor.monitor, TR_FOREVER);
}

tr_value tr_run(const tr_node_options *options, tr_body *body, tr_value arg)
{
	tr_err err;
	tr_node *node = tr_node_start(options, &err);
	if (node == NULL) {
		tr_drop(arg);
		return tr_invalid(err);
	}
	struct question q = {.value = arg, .body = body};
	tr_value answer = ask(node, run_body, &q);
	tr_node_stop(&node);
	return answer;
}

/* ---- slots
 * ----------------------------------------------------------------------------------------------------------- */

tr_err tr_node_set(tr_node *node, tr_node_slot slot, void *ptr, void (*destructor)(void *))
{
	if ((unsigned)slot >= TR_SLOT_COUNT)
		return TR_EINVAL;
	/* Two threads may want to fill an empty slot: the second learns that it is taken. NULL empties it. */
	struct node_slot old;
	pthread_mutex_lock(&node->slot_lock);
	old = node->slots[slot];
	bool taken = old.ptr != NULL && ptr != NULL && old.ptr != ptr;
	if (!taken) {
		node->slots[slot] = (struct node_slot){ptr, destructor, ++node->slot_order};
		atomic_store_explicit(&node->slot_ptr[slot], ptr, memory_order_release);
	}
	pthread_mutex_unlock(&node->slot_lock);
	if (taken)
		return TR_EEXIST;
	if (old.ptr != NULL && old.destructor != NULL && old.ptr != ptr)
		old.destructor(old.ptr);
	return TR_OK;
}

void *tr_node_get(tr_node *node, tr_node_slot slot)
{
	if ((unsigned)slot >= TR_SLOT_COUNT)
		return NULL;
	return atomic_load_explicit(&node->slot_ptr[slot], memory_order_acquire);
}

/* Take the newest out; false when all are empty. */
static bool take_newest(tr_node *node, struct node_slot *out)
{
	struct node_slot *newest = NULL;
	pthread_mutex_lock(&node->slot_lock);
	for (size_t i = 0; i < TR_SLOT_COUNT; i++)
		if (node->slots[i].order > (newest == NULL ? 0 : newest->order))
			newest = &node->slots[i];
	if (newest != NULL) {
		*out = *newest;
		*newest = (struct node_slot){0};
		atomic_store_explicit(&node->slot_ptr[newest - node->slots], NULL, memory_order_release);
	}
	pthread_mutex_unlock(&node->slot_lock);
	return newest != NULL;
}

void node_slots_fini(tr_node *node)
{
	struct node_slot slot;
	while (take_newest(node, &slot))
		if (slot.ptr != NULL && slot.destructor != NULL)
			slot.destructor(slot.ptr);
}
