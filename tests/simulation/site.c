/* SPDX-License-Identifier: Apache-2.0 */
/* The host of a site: starts the tree, tells where its parts are, and looks whether all is as it should be. */
#include "tests/simulation/site.h"

#define SOON   (50 * TR_MS)
#define LATE   (60 * TR_SECOND)
#define FAST   (200 * TR_MS)
#define PERIOD (100 * TR_MS)

struct host {
	tr_pid top;
	bool gave_up; /* the tree ended by itself: too many restarts */
};

tr_value patient_call(tr_pid to, tr_value request, int64_t timeout_ns)
{
	int64_t deadline = tr_in(timeout_ns);
	if (!tr_is_valid(request))
		return request; /* there was no memory for it */
	for (;;) {
		tr_value v = tr_call(to, tr_keep(request), deadline);
		if (tr_value_err(v) != TR_ENOMEM) {
			tr_drop(request);
			return v;
		}
	}
}

tr_value patient_call_name(const char *name, tr_value request, int64_t timeout_ns)
{
	tr_pid to = tr_whereis(name);
	if (to.bits != 0)
		return patient_call(to, request, timeout_ns);
	tr_drop(request);
	return tr_invalid(TR_ENOPROC);
}

/* ---- the tree -----------------------------------------------------------------------------------------------------
 */

static tr_child_spec server(const tr_gen_server *mod)
{
	return (tr_child_spec){.id = mod->name, .server = mod, .name = mod->name, .label = "part", .shutdown_ns = SOON};
}

static tr_child_spec branch(const char *id, const tr_supervisor_spec *spec)
{
	return (tr_child_spec){
	    .id = id, .start = tr_supervisor_start, .arg = tr_supervisor_arg(spec), .type = TR_SUPERVISOR};
}

static tr_started tree_start(void)
{
	tr_child_spec links[] = {server(&site_store), server(&site_cache), server(&site_front)};
	tr_child_spec twins[] = {server(&site_left), server(&site_right)};
	tr_child_spec job = {.body = site_job, .restart = TR_TRANSIENT, .label = "part", .shutdown_ns = TR_BRUTAL_KILL};
	tr_supervisor_spec chain = {.strategy = TR_REST_FOR_ONE,
				    .intensity = 5,
				    .period_ns = PERIOD,
				    .children = links,
				    .child_count = 3,
				    .name = "chain",
				    .label = "part"};
	tr_supervisor_spec pair = {.strategy = TR_ONE_FOR_ALL,
				   .intensity = 5,
				   .period_ns = PERIOD,
				   .backoff_ns = TR_MS,
				   .children = twins,
				   .child_count = 2,
				   .name = "pair",
				   .label = "part"};
	tr_supervisor_spec jobs = {.strategy = TR_SIMPLE_ONE_FOR_ONE,
				   .intensity = 10,
				   .period_ns = PERIOD,
				   .children = &job,
				   .child_count = 1,
				   .name = "jobs",
				   .label = "part"};
	tr_child_spec branches[] = {branch("chain", &chain), branch("pair", &pair), branch("jobs", &jobs)};
	tr_supervisor_spec top = {
	    .intensity = 5, .period_ns = PERIOD, .children = branches, .child_count = 3, .name = "top", .label = "top"};
	return tr_supervisor_start_link(&top);
}

/* ---- what must be true when all is calm ---------------------------------------------------------------------------
 */

/* Every child of the supervisor lives. */
static void check_children(const char *name, size_t n)
{
	tr_value list = tr_supervisor_which_children(tr_whereis(name), tr_in(LATE));
	tr_sim_check(tr_is_valid(list), "the supervisor answers");
	tr_sim_check(tr_array_len(list) == n, "it has all of its children");
	for (size_t i = 0; i < n; i++)
		tr_sim_check(tr_alive(tr_as_pid(tr_map_get_s(tr_array_at(list, i), "pid"))), "and all of them live");
	tr_drop(list);
}

static void check_chain(void)
{
	tr_value store = patient_call_name("store", tr_string("who"), LATE);
	tr_value cache = patient_call_name("cache", tr_string("whose"), LATE);
	tr_value front = patient_call_name("front", TR_LIST(tr_string("get"), tr_int(0)), LATE);
	tr_sim_check(tr_is(store, TR_INT) && tr_is(cache, TR_INT), "store and cache answer");
	tr_sim_check(tr_as_int(store, 0) == tr_as_int(cache, 1), "a store that starts again takes its cache along");
	tr_sim_check(tr_array_len(front) == 2, "the front gives an answer of the store");
	tr_drop(front);
}

static void check_pair(void)
{
	tr_value whose = patient_call_name("right", tr_string("whose"), LATE);
	tr_sim_check(tr_pid_eq(tr_as_pid(whose), tr_whereis("left")), "left and right start together");
	tr_sim_check(tr_as_int(patient_call_name("right", tr_int(7), LATE), 0) == 7, "right reaches left");
}

static void check_jobs(void)
{
	tr_value count = tr_supervisor_count_children(tr_whereis("jobs"), tr_in(LATE));
	tr_sim_check(tr_as_int(tr_map_get_s(count, "active"), -1) == 0, "all jobs have ended");
	tr_drop(count);
}

static void check(const struct host *h)
{
	if (h->gave_up) {
		tr_sim_check(!tr_alive(h->top), "a tree that gave up is gone");
		tr_sim_check(tr_whereis("store").bits == 0 && tr_whereis("left").bits == 0 &&
				 tr_whereis("jobs").bits == 0 && tr_whereis("front").bits == 0,
			     "and nothing of it is left");
		return;
	}
	check_children("top", 3);
	check_children("chain", 3);
	check_children("pair", 2);
	check_chain();
	check_pair();
	check_jobs();
}

/* ---- the host -----------------------------------------------------------------------------------------------------
 */

static tr_value answer(const struct host *h, tr_value request)
{
	if (tr_str_is(tr_as_str(request), "check")) {
		check(h);
		return tr_bool(h->gave_up);
	}
	return tr_pid_value(tr_whereis(tr_as_cstr(tr_array_at(request, 1), "")));
}

static void host(tr_value arg)
{
	struct host h = {.gave_up = false};
	(void)arg;
	tr_trap_exit(true);
	while (h.top.bits == 0) { /* allocations may fail */
		tr_started s = tree_start();
		h.top = s.pid;
		tr_drop(s.reason);
	}
	for (;;) {
		tr_value request, m = tr_receive(TR_FOREVER);
		tr_from from;
		if (tr_is_call(m, &from, &request))
			tr_reply(from, answer(&h, request));
		if (TR_IS_A(tr_array_at(m, 0), exit)) {
			bool ours = tr_pid_eq(tr_as_pid(tr_array_at(m, 1)), h.top);
			if (!ours) { /* main, or the end of the world */
				tr_value reason = tr_keep(tr_array_at(m, 2));
				tr_drop(m);
				tr_exit(reason);
			}
			h.gave_up = true;
		}
		tr_drop(m);
	}
}

tr_pid site_start(uint8_t node)
{
	static const tr_spawn_options options = {.label = "host"};
	tr_spawned s;
	do
		s = tr_sim_spawn(node, host, tr_nil(), &options);
	while (s.err == TR_ENOMEM);
	tr_sim_check(s.err == TR_OK, "the host starts");
	return s.pid;
}
