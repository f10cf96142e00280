/* SPDX-License-Identifier: Apache-2.0 */
/* Clients: what was answered must be true, and every call comes to an end. */
#include "tests/simulation/site.h"

#define ROUNDS  10
#define TIMEOUT (30 * TR_MS)

struct client {
	tr_value arg;
	int64_t key;
	int64_t n;                  /* the last number put anywhere */
	int64_t incarnation[SITES]; /* of the store that answered the last put there … */
	int64_t answered[SITES];    /* … with this */
};

static tr_pid host_of(const struct client *c, size_t site)
{
	return tr_as_pid(tr_array_at(c->arg, 1 + site));
}

/* Who has this name on that site just now; {0} when it could not be found out. */
static tr_pid find(const struct client *c, size_t site, const char *name)
{
	tr_value where = patient_call(host_of(c, site), TR_LIST(tr_string("where"), tr_string(name)), TIMEOUT);
	tr_pid pid = tr_as_pid(where);
	tr_drop(where);
	return pid;
}

static bool is_failure_of_the_world(tr_value v)
{
	tr_err e = tr_value_err(v);
	return e == TR_ETIMEOUT || e == TR_ENOPROC || e == TR_EDOWN || e == TR_ENOMEM;
}

static void put(struct client *c, size_t site, tr_pid store)
{
	int64_t n = ++c->n;
	tr_value v = patient_call(store, TR_LIST(tr_string("put"), tr_int(c->key), tr_int(n)), TIMEOUT);
	if (!tr_is_valid(v)) {
		tr_sim_check(is_failure_of_the_world(v), "a put may be lost, no more");
		return;
	}
	if (tr_array_len(v) == 2) {
		tr_sim_check(tr_as_int(tr_array_at(v, 1), -1) == n, "the answer to this put");
		c->incarnation[site] = tr_as_int(tr_array_at(v, 0), 0);
		c->answered[site] = n;
	}
	tr_drop(v);
}

static void get(struct client *c, size_t site, tr_pid store)
{
	tr_value v = patient_call(store, TR_LIST(tr_string("get"), tr_int(c->key)), TIMEOUT);
	if (!tr_is_valid(v)) {
		tr_sim_check(is_failure_of_the_world(v), "a get may be lost, no more");
		return;
	}
	if (tr_array_len(v) == 2 && tr_as_int(tr_array_at(v, 0), 0) == c->incarnation[site])
		tr_sim_check(tr_as_int(tr_array_at(v, 1), -1) >= c->answered[site],
			     "what was put and answered is there for the next to read");
	tr_drop(v);
}

/* Watch somebody for a while, and unlink and demonitor in time. */
static void watch(struct client *c, size_t site)
{
	tr_pid pid = find(c, site, tr_random() % 2 ? "left" : "front");
	if (pid.bits == 0)
		return;
	tr_ref ref = tr_monitor(pid);
	tr_link(pid);
	tr_value down = tr_receive_ref(ref, tr_in((int64_t)(tr_random() % (10 * TR_MS))));
	tr_drop(down);
	tr_unlink(pid);
	tr_demonitor(ref);
	tr_sim_check(!tr_is_valid(tr_receive_ref(ref, 0)), "one DOWN at most, and none after the end of a monitor");
}

static void start_job(struct client *c, size_t site)
{
	tr_pid jobs = find(c, site, "jobs");
	if (jobs.bits == 0)
		return;
	tr_started s = tr_supervisor_start_instance(jobs, tr_int((int64_t)(tr_random() % KEYS)), tr_in(TIMEOUT));
	tr_drop(s.reason);
}

static void talk(struct client *c, size_t site)
{
	tr_pid right = find(c, site, "right");
	int64_t n = (int64_t)(tr_random() % 1000);
	tr_value v = patient_call(right, tr_int(n), TIMEOUT);
	tr_sim_check(tr_is_valid(v) || is_failure_of_the_world(v), "right may be gone, no more");
	tr_sim_check(!tr_is(v, TR_INT) || tr_as_int(v, -1) == n, "an echo");
	tr_drop(v);
}

static void one_round(struct client *c)
{
	size_t site = (size_t)(tr_random() % SITES);
	const char *door = tr_random() % 3 == 0 ? "front" : "store";
	tr_pid store;
	switch (tr_random() % 8) {
	case 0:
		watch(c, site);
		break;
	case 1:
		start_job(c, site);
		break;
	case 2:
		talk(c, site);
		break;
	default:
		store = find(c, site, door);
		if (store.bits == 0)
			break;
		put(c, site, store);
		get(c, site, store);
		break;
	}
}

/* Links may have told of ends; replies of calls that were given up must not be here. */
static void empty_mailbox(void)
{
	tr_value m;
	while (tr_is_valid(m = tr_receive(0))) {
		tr_sim_check(TR_IS_A(tr_array_at(m, 0), exit), "nothing but exits in the mailbox");
		tr_drop(m);
	}
}

void site_client(tr_value arg)
{
	struct client c = {.arg = arg, .key = tr_as_int(tr_array_at(arg, 0), 0)};
	tr_trap_exit(true);
	for (int i = 0; i < ROUNDS; i++) {
		one_round(&c);
		empty_mailbox();
		if (tr_random() % 2 == 0)
			tr_sleep_until(tr_in((int64_t)(tr_random() % (5 * TR_MS))));
	}
}
