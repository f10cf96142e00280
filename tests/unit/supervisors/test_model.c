/* SPDX-License-Identifier: Apache-2.0 */
/* Random management calls and crashes against a naive model of what a one_for_one supervisor has to say to each. */
#include "tests/unit/supervisors/kids.h"

#include <string.h>

enum {
	IDS = 5,
	SEEDS = 40,
	STEPS = 60
};

enum model_state {
	NOBODY,
	STOPPED,
	RUNNING
};

struct model {
	tr_pid sup;
	enum model_state state[IDS];
	tr_restart restart[IDS];
	tr_pid pid[IDS];
	uint64_t random;
};

static const char *const ids[IDS] = {"a", "b", "c", "d", "e"};

static uint32_t pick(struct model *m, uint32_t n)
{
	m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(m->random >> 33) % n;
}

static bool reason_is(tr_started s, tr_value reason)
{
	return s.pid.bits == 0 && case_answer_is(s.reason, reason);
}

static void do_start(struct model *m, int i)
{
	tr_restart restart = m->state[i] == NOBODY ? (tr_restart)pick(m, 3) : m->restart[i];
	tr_child_spec spec = kid_spec(ids[i], KID_PLAIN, restart);
	tr_started s = tr_supervisor_start_child(m->sup, &spec, SOON);

	switch (m->state[i]) {
	case NOBODY:
		m->pid[i] = kid_up(ids[i]);
		THAT(s.pid.bits == m->pid[i].bits);
		m->state[i] = RUNNING;
		m->restart[i] = restart;
		break;
	case STOPPED:
		THAT(reason_is(s, tr_atom("already_present")));
		break;
	case RUNNING:
		THAT(reason_is(s, TR_LIST(TR_A(already_started), tr_pid_value(m->pid[i]))));
		break;
	}
}

static void do_terminate(struct model *m, int i)
{
	tr_err err = tr_supervisor_terminate_child(m->sup, ids[i], SOON);

	THAT(err == (m->state[i] == NOBODY ? TR_ENOENT : TR_OK));
	if (m->state[i] == RUNNING) {
		THAT(!tr_alive(m->pid[i]));
		m->state[i] = m->restart[i] == TR_TEMPORARY ? NOBODY : STOPPED;
	}
}

static void do_restart(struct model *m, int i)
{
	tr_started s = tr_supervisor_restart_child(m->sup, ids[i], SOON);

	if (m->state[i] == NOBODY) {
		THAT(reason_is(s, TR_A(not_found)));
	} else if (m->state[i] == RUNNING) {
		THAT(reason_is(s, tr_atom("running")));
	} else {
		m->pid[i] = kid_up(ids[i]);
		THAT(s.pid.bits == m->pid[i].bits);
		m->state[i] = RUNNING;
	}
}

static void do_delete(struct model *m, int i)
{
	static const tr_err want[] = {[NOBODY] = TR_ENOENT, [STOPPED] = TR_OK, [RUNNING] = TR_EBUSY};

	THAT(tr_supervisor_delete_child(m->sup, ids[i], SOON) == want[m->state[i]]);
	if (m->state[i] == STOPPED)
		m->state[i] = NOBODY;
}

static void do_end(struct model *m, int i)
{
	bool crash = pick(m, 2) == 0;

	if (m->state[i] != RUNNING)
		return;
	kid_end(m->pid[i], crash ? tr_string("crash") : TR_A(normal));
	if (m->restart[i] == TR_PERMANENT || (m->restart[i] == TR_TRANSIENT && crash)) {
		tr_pid before = m->pid[i];
		m->pid[i] = kid_up(ids[i]);
		THAT(m->pid[i].bits != before.bits);
	} else if (m->restart[i] == TR_TEMPORARY) {
		THAT(child_becomes(m->sup, ids[i], "id", tr_absent()));
		m->state[i] = NOBODY;
	} else {
		THAT(child_becomes(m->sup, ids[i], "pid", tr_nil()));
		m->state[i] = STOPPED;
	}
}

/* The supervisor says of every child what the model says. */
static void compare(const struct model *m)
{
	int64_t specs = 0, active = 0;

	for (int i = 0; i < IDS; i++) {
		tr_value pid = child_field(m->sup, ids[i], "pid");
		THAT(tr_is_valid(pid) == (m->state[i] != NOBODY));
		if (m->state[i] == RUNNING)
			THAT(tr_as_pid(pid).bits == m->pid[i].bits && tr_alive(m->pid[i]));
		else
			THAT(!tr_is(pid, TR_PID));
		specs += m->state[i] != NOBODY;
		active += m->state[i] == RUNNING;
	}
	THAT(sup_count(m->sup, "specs") == specs);
	THAT(sup_count(m->sup, "active") == active);
}

static void (*const steps[])(struct model *m, int i) = {do_start,   do_start,  do_terminate,
							do_restart, do_delete, do_end};

ACTOR_CASE(any_sequence_of_calls)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct model m = {.random = seed};
		m.sup = sup_start_kids(TR_ONE_FOR_ONE, 1000000, NULL, 0);
		for (int step = 0; step < STEPS; step++) {
			steps[pick(&m, sizeof(steps) / sizeof(steps[0]))](&m, (int)pick(&m, IDS));
			compare(&m);
		}
		sup_shutdown(m.sup);
		for (int i = 0; i < IDS; i++)
			THAT(!tr_alive(m.pid[i]));
		THAT(quiet());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(any_sequence_of_calls)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
