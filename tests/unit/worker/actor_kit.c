/* SPDX-License-Identifier: Apache-2.0 */
/** A node with a data plane and stand-ins for everything around it. */
#include "actor_kit.h"
#include "actors/event/event_batch.h"
#include "actors/protocol.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <troupe/codec.h>

#define PATIENCE_S 300

tr_value world_json(const char *text)
{
	tr_value v = tr_json_read(tr_s(text), NULL, NULL);
	if (!tr_is_valid(v))
		fail_msg("not JSON: %s", text);
	return v;
}

void world_assert_json(tr_value v, const char *json)
{
	tr_value expected = world_json(json);
	if (!tr_equal(v, expected)) {
		tr_buf shown = {0};
		tr_show(&shown, v, 2000);
		fail_msg("%s\n  is not %s", shown.p != NULL ? shown.p : "nothing", json);
	}
	tr_drop(expected);
}

/* ---- stand-ins ---- */

static void pointer_destroy(void *data)
{
	tr_free(data);
}

static const tr_class world_class = {"test world", pointer_destroy};

static tr_value world_value(world *w)
{
	world **slot = tr_alloc(sizeof *slot);
	*slot = w;
	return tr_object(&world_class, slot);
}

typedef struct stand_in {
	world *w;
	plugin_fn *fn;
} stand_in;

static void changed(world *w)
{
	pthread_cond_broadcast(&w->changed);
}

static void answer_ack(world *w, tr_pid to, int64_t token)
{
	tr_value verdict = w->verdict == NULL ? TR_A(ok) : TR_LIST(tr_atom(w->verdict), tr_string("no"));
	w->acked++;
	tr_send(to, TR_LIST(TR_A(ack), tr_int(token), verdict));
}

static void keep_event(world *w, tr_value v)
{
	event e;
	assert_int_equal(event_from_value(v, &e), TR_OK);
	assert_int_equal(e.execution_id, KIT_EXECUTION);
	w->counts[e.type]++;
	w->terminal += e.type == EVENT_STEP_DONE || e.type == EVENT_STEP_FAILED || e.type == EVENT_LOOP_DONE;
	bool mass = e.iteration >= 0;
	if (w->count_only && mass) {
		event_fini(&e);
		return;
	}
	event *own = event_list_add(&w->events, e.type);
	*own = e;
}

/* [event, pid, token, step_run_id, attempt, [events]] */
/* [beat, step run, attempt] or [lost, step run, attempt, text]. */
static void take_word(world *w, tr_value message)
{
	tr_value tag = tr_array_at(message, 0);
	if (!tr_is(tag, TR_ATOM))
		return;
	pthread_mutex_lock(&w->lock);
	if (tr_str_is(tr_as_str(tag), "beat")) {
		w->beats++;
	} else if (tr_str_is(tr_as_str(tag), "lost")) {
		w->lost++;
		w->lost_run = tr_as_int(tr_array_at(message, 1), 0);
		w->lost_attempt = tr_as_int(tr_array_at(message, 2), 0);
		(void)snprintf(w->lost_why, sizeof w->lost_why, "%s", tr_as_cstr(tr_array_at(message, 3), ""));
	}
	changed(w);
	pthread_mutex_unlock(&w->lock);
}

static void execution_handle(void *state, tr_value message)
{
	world *w = ((stand_in *)state)->w;
	if (!TR_IS_A(tr_array_at(message, 0), event)) {
		take_word(w, message);
		return;
	}
	tr_value events = tr_array_at(message, 5);
	int64_t token = tr_as_int(tr_array_at(message, 2), 0);
	tr_pid from = tr_as_pid(tr_array_at(message, 1));
	pthread_mutex_lock(&w->lock);
	w->messages++;
	event_list own = {0}, *list = event_batch_read(events, SIZE_MAX, &own);
	size_t count = list == NULL ? 0 : list->count;
	w->longest = count > w->longest ? count : w->longest;
	for (size_t i = 0; i < count; i++) {
		tr_value event_value = event_to_value(&list->items[i]);
		keep_event(w, event_value);
		tr_drop(event_value);
	}
	event_list_fini(&own);
	if (token != 0 && w->hold_acks)
		w->held_acks = tr_array_push(w->held_acks, TR_LIST(tr_pid_value(from), tr_int(token)));
	else if (token != 0)
		answer_ack(w, from, token);
	changed(w);
	pthread_mutex_unlock(&w->lock);
}

static void plugin_handle(void *state, tr_value message)
{
	stand_in *s = state;
	world *w = s->w;
	if (TR_IS_A(tr_array_at(message, 0), cancel)) {
		pthread_mutex_lock(&w->lock);
		w->cancels++;
		changed(w);
		pthread_mutex_unlock(&w->lock);
		return;
	}
	if (!TR_IS_A(tr_array_at(message, 0), command))
		return;
	tr_pid to = tr_as_pid(tr_array_at(message, 1));
	tr_ref ref = tr_as_ref(tr_array_at(message, 2));
	tr_value outcome = s->fn(w, tr_array_at(message, 3));
	pthread_mutex_lock(&w->lock);
	w->calls++;
	if (!tr_is_valid(outcome)) {
		w->held = tr_realloc(w->held, (w->held_count + 1) * sizeof *w->held);
		w->held[w->held_count++] = (held){to, ref, true};
		w->running++;
		if (w->running > w->most_running)
			w->most_running = w->running;
	}
	changed(w);
	pthread_mutex_unlock(&w->lock);
	if (tr_is_valid(outcome))
		tr_send(to, TR_LIST(TR_A(event), tr_ref_value(ref), outcome));
}

static void catalog_handle(void *state, tr_value message)
{
	world *w = ((stand_in *)state)->w;
	tr_from from;
	tr_value request;
	if (!tr_is_call(message, &from, &request))
		return;
	if (!tr_str_is(tr_as_str(tr_array_at(request, 1)), "hash")) {
		tr_reply(from, tr_nil());
		return;
	}
	tr_reply(from,
		 TR_DICT("hash", tr_string("hash"), "file", tr_string("world.yaml"), "source", tr_keep(w->source)));
}

/* call [put, value, where] -> ref; [get, ref] -> [ok, value] */
static void artifacts_handle(void *state, tr_value message)
{
	world *w = ((stand_in *)state)->w;
	tr_from from;
	tr_value request;
	if (!tr_is_call(message, &from, &request))
		return;
	pthread_mutex_lock(&w->lock);
	if (tr_str_is(tr_as_str(tr_array_at(request, 0)), "put")) {
		int64_t key = (int64_t)tr_array_len(w->stored);
		w->stored = tr_array_push(w->stored, tr_keep(tr_array_at(request, 1)));
		tr_reply(from, TR_DICT("kind", tr_string("result_ref"), "ref",
				       tr_stringf("noetl://test/%lld", (long long)key), "key", tr_int(key)));
	} else {
		int64_t key = tr_as_int(TR_GET(tr_array_at(request, 1), "key"), -1);
		tr_value v = tr_array_at(w->stored, (size_t)key);
		tr_reply(from,
			 tr_is_valid(v) ? TR_LIST(TR_A(ok), tr_keep(v)) : TR_LIST(TR_A(error), tr_string("gone")));
	}
	pthread_mutex_unlock(&w->lock);
}

static tr_err stand_in_init(void *state, tr_value arg)
{
	stand_in *s = state;
	world **slot = tr_as_object(tr_array_at(arg, 0), &world_class);
	s->w = *slot;
	s->fn = (plugin_fn *)(uintptr_t)tr_as_int(tr_array_at(arg, 1), 0);
	return TR_OK;
}

#define STAND_IN(what)                                                                                        \
	{                                                                                                     \
		.name = #what, .state_size = sizeof(stand_in), .init = stand_in_init, .handle = what##_handle \
	}
static const tr_behaviour execution_behaviour = STAND_IN(execution);
static const tr_behaviour plugin_behaviour = STAND_IN(plugin);
static const tr_behaviour catalog_behaviour = STAND_IN(catalog);
static const tr_behaviour artifacts_behaviour = STAND_IN(artifacts);

static tr_pid stand_in_start(world *w, const tr_behaviour *b, const char *name, plugin_fn *fn)
{
	tr_spawn_options options = {.label = b->name, .name = name};
	tr_spawned s =
	    tr_node_spawn_behaviour(w->node, b, TR_LIST(world_value(w), tr_int((int64_t)(uintptr_t)fn)), &options);
	assert_int_equal(s.err, TR_OK);
	return s.pid;
}

/* ---- life ---- */

static void report_nothing(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

void world_start(world *w, uint32_t concurrency)
{
	world_start_with(w, concurrency, NULL);
}

void world_start_with(world *w, uint32_t concurrency, const builtin *other)
{
	memset(w, 0, sizeof *w);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	w->held_acks = tr_array();
	w->stored = tr_array();
	tr_node_options options = {.name = "test", .schedulers = 2, .report = report_nothing};
	tr_err err;
	w->node = tr_node_start(&options, &err);
	assert_non_null(w->node);
	char subject[40];
	snprintf(subject, sizeof subject, "event.%d", KIT_EXECUTION);
	stand_in_start(w, &execution_behaviour, subject, NULL);
	stand_in_start(w, &catalog_behaviour, SUBJECT_CATALOG, NULL);
	stand_in_start(w, &artifacts_behaviour, SUBJECT_ARTIFACTS, NULL);
	tr_value env = TR_DICT("HOME", tr_string("/nowhere"));
	pool_options pool = {.concurrency = concurrency, .env = env};
	tr_child_spec child = data_plane_child(&pool, 1);
	tr_child_spec children[] = {controllers_child(w->node, w->controllers, other), child};
	tr_supervisor_spec top = {.strategy = TR_ONE_FOR_ONE, .intensity = 3, .children = children, .child_count = 2};
	tr_started started = tr_node_supervisor(w->node, &top);
	assert_true(started.pid.bits != 0);
	tr_drop(env);
}

void world_stop(world *w)
{
	tr_node_stop(&w->node);
	event_list_fini(&w->events);
	tr_drop(w->source);
	tr_drop(w->held_acks);
	tr_drop(w->stored);
	tr_free(w->held);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->changed);
}

void world_playbook_with(world *w, const char *extra, const char *workflow)
{
	tr_assign(&w->source, tr_stringf("apiVersion: noetl.io/v2\nkind: Playbook\n"
					 "metadata: { name: world, path: tests/world }\n%sworkflow:\n%s",
					 extra, workflow));
}

void world_playbook(world *w, const char *workflow)
{
	world_playbook_with(w, "", workflow);
}

tr_pid world_plugin(world *w, const char *kind, plugin_fn *fn)
{
	char subject[80];
	snprintf(subject, sizeof subject, "command.%s", kind);
	return stand_in_start(w, &plugin_behaviour, subject, fn);
}

void world_run_value(world *w, uint64_t step_run_id, uint32_t attempt, const char *step, tr_value values)
{
	char subject[40];
	snprintf(subject, sizeof subject, "event.%d", KIT_EXECUTION);
	values = tr_map_put_s(values, "execution_id", tr_int(KIT_EXECUTION));
	values = tr_map_put_s(values, "step_run_id", tr_int((int64_t)step_run_id));
	values = tr_map_put_s(values, "attempt", tr_int(attempt));
	values = tr_map_put_s(values, "step", tr_string(step));
	values = tr_map_put_s(values, "hash", tr_string("hash"));
	values = tr_map_put_s(values, "reply_to", tr_pid_value(tr_node_whereis(w->node, subject)));
	tr_pid pool = tr_node_whereis(w->node, SUBJECT_POOL);
	assert_true(pool.bits != 0);
	assert_int_equal(tr_node_send(w->node, pool, TR_LIST(TR_A(command), values)), TR_OK);
}

void world_run(world *w, uint64_t step_run_id, uint32_t attempt, const char *step, const char *values)
{
	world_run_value(w, step_run_id, attempt, step, values[0] != 0 ? world_json(values) : tr_map());
}

static void shoot(tr_value arg)
{
	tr_exit_signal(tr_as_pid(tr_array_at(arg, 0)), tr_keep(tr_array_at(arg, 1)));
}

void world_shoot(world *w, tr_pid victim, tr_value reason)
{
	tr_spawned s = tr_node_spawn(w->node, shoot, TR_LIST(tr_pid_value(victim), reason), NULL);
	assert_int_equal(s.err, TR_OK);
}

void world_heartbeat(world *w, uint64_t step_run_id, uint32_t attempt)
{
	char subject[40];
	snprintf(subject, sizeof subject, "event.%d", KIT_EXECUTION);
	tr_value execution = tr_pid_value(tr_node_whereis(w->node, subject));
	tr_node_send(w->node, tr_node_whereis(w->node, SUBJECT_POOL),
		     TR_LIST(tr_atom("heartbeat"), execution, tr_int(KIT_EXECUTION), tr_int((int64_t)step_run_id),
			     tr_int(attempt)));
}

void world_cancel(world *w, uint64_t step_run_id)
{
	tr_pid pool = tr_node_whereis(w->node, SUBJECT_POOL);
	tr_value run = step_run_id != 0 ? tr_int((int64_t)step_run_id) : tr_nil();
	tr_node_send(w->node, pool,
		     TR_LIST(TR_A(cancel), tr_int(KIT_EXECUTION), run, tr_string("not wanted any more")));
}

/* ---- waiting ---- */

void world_wait(world *w, const size_t *counter, size_t at_least)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&w->lock);
	int err = 0;
	while (*counter < at_least && err == 0)
		err = pthread_cond_timedwait(&w->changed, &w->lock, &until);
	size_t have = *counter;
	pthread_mutex_unlock(&w->lock);
	if (have < at_least)
		fail_msg("waited for %zu, there are %zu", at_least, have);
}

void world_wait_event(world *w, event_type type, size_t at_least)
{
	world_wait(w, &w->counts[type], at_least);
}

void world_release(world *w, size_t i, const char *outcome)
{
	pthread_mutex_lock(&w->lock);
	assert_true(i < w->held_count && w->held[i].open);
	w->held[i].open = false;
	w->running--;
	held h = w->held[i];
	pthread_mutex_unlock(&w->lock);
	tr_node_send(w->node, h.reply_to, TR_LIST(TR_A(event), tr_ref_value(h.ref), world_json(outcome)));
}

void world_ack(world *w)
{
	pthread_mutex_lock(&w->lock);
	w->hold_acks = false;
	for (size_t i = 0; i < tr_array_len(w->held_acks); i++) {
		tr_value a = tr_array_at(w->held_acks, i);
		w->acked++;
		tr_node_send(w->node, tr_as_pid(tr_array_at(a, 0)),
			     TR_LIST(TR_A(ack), tr_keep(tr_array_at(a, 1)), TR_A(ok)));
	}
	tr_assign(&w->held_acks, tr_array());
	pthread_mutex_unlock(&w->lock);
}

const event *world_event(world *w, event_type type)
{
	for (size_t i = w->events.count; i > 0; i--) {
		if (w->events.items[i - 1].type == type)
			return &w->events.items[i - 1];
	}
	fail_msg("there is no event %s", event_type_text(type));
	return NULL;
}

size_t world_count(world *w, event_type type)
{
	pthread_mutex_lock(&w->lock);
	size_t n = w->counts[type];
	pthread_mutex_unlock(&w->lock);
	return n;
}

/* "step work": an actor labelled "step" whose note begins with "work". */
static bool is_called(tr_value info, const char *name)
{
	tr_str label = tr_as_str(tr_map_get_s(info, "label")), note = tr_as_str(tr_map_get_s(info, "note"));
	size_t rest = strlen(name) - (label.n < strlen(name) ? label.n + 1 : strlen(name));
	return label.n > 0 && strncmp(name, label.p, label.n) == 0 && name[label.n] == ' ' && note.n >= rest &&
	       memcmp(note.p, name + label.n + 1, rest) == 0;
}

static tr_pid find_label(world *w, const char *label)
{
	tr_value pids = tr_processes(w->node);
	tr_pid found = {0};
	for (size_t i = 0; i < tr_array_len(pids) && found.bits == 0; i++) {
		tr_pid pid = tr_as_pid(tr_array_at(pids, i));
		tr_value info = tr_info(w->node, pid);
		if (is_called(info, label))
			found = pid;
		tr_drop(info);
	}
	tr_drop(pids);
	return found;
}

tr_pid world_actor(world *w, const char *label)
{
	for (int i = 0; i < 200000; i++) {
		tr_pid pid = find_label(w, label);
		if (pid.bits != 0)
			return pid;
	}
	fail_msg("no actor is called %s", label);
	return (tr_pid){0};
}
