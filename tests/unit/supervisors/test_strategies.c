/* SPDX-License-Identifier: Apache-2.0 */
/* Every strategy by every restart type by every kind of exit: who is stopped, in which order, and who comes back. */
#include "tests/unit/supervisors/kids.h"

enum exit_kind {
	EXIT_NORMAL,
	EXIT_SHUTDOWN,
	EXIT_SHUTDOWN_PAIR,
	EXIT_CRASH,
	EXIT_KINDS
};

static tr_value exit_reason(enum exit_kind kind)
{
	switch (kind) {
	case EXIT_NORMAL:
		return TR_A(normal);
	case EXIT_SHUTDOWN:
		return TR_A(shutdown);
	case EXIT_SHUTDOWN_PAIR:
		return TR_LIST(TR_A(shutdown), tr_string("done"));
	default:
		return tr_string("crash");
	}
}

static bool comes_back(tr_restart restart, enum exit_kind kind)
{
	return restart == TR_PERMANENT || (restart == TR_TRANSIENT && kind == EXIT_CRASH);
}

struct trio {
	tr_pid sup;
	tr_pid pid[3];
};

static const char *const ids[] = {"a", "b", "c"};

static struct trio trio_start(tr_strategy strategy, tr_restart restart, enum kid_kind kind)
{
	struct trio t;
	tr_child_spec specs[3];

	for (int i = 0; i < 3; i++)
		specs[i] = kid_spec(ids[i], kind, restart);
	t.sup = sup_start_kids(strategy, 10, specs, 3);
	for (int i = 0; i < 3; i++)
		t.pid[i] = kid_up(ids[i]);
	return t;
}

/* What a crash of b does under each strategy when b comes back. */
static void story_of_restart(struct trio *t, tr_strategy strategy)
{
	if (strategy != TR_ONE_FOR_ONE)
		THAT(kid_down("c", TR_A(shutdown)));
	if (strategy == TR_ONE_FOR_ALL) {
		THAT(kid_down("a", TR_A(shutdown)));
		THAT(kid_up("a").bits != t->pid[0].bits);
	}
	THAT(kid_up("b").bits != t->pid[1].bits);
	if (strategy != TR_ONE_FOR_ONE)
		THAT(kid_up("c").bits != t->pid[2].bits);
	THAT(child_becomes(t->sup, "b", "restarts", tr_int(1)));
	THAT(sup_count(t->sup, "active") == 3);
}

static void story_of_leaving(struct trio *t, tr_restart restart)
{
	if (restart == TR_TEMPORARY) {
		THAT(child_becomes(t->sup, "b", "id", tr_absent()));
		THAT(sup_count(t->sup, "specs") == 2);
	} else {
		THAT(child_becomes(t->sup, "b", "pid", tr_nil()));
		THAT(sup_count(t->sup, "specs") == 3);
	}
	THAT(sup_count(t->sup, "active") == 2);
	THAT(tr_alive(t->pid[0]) && tr_alive(t->pid[2]));
}

static void drain(void)
{
	for (tr_value m = tr_receive(0); tr_is_valid(m); m = tr_receive(0))
		tr_drop(m);
}

static void one_cell(tr_strategy strategy, tr_restart restart, enum exit_kind kind)
{
	struct trio t = trio_start(strategy, restart, KID_POLITE);

	kid_end(t.pid[1], exit_reason(kind));
	THAT(kid_down("b", exit_reason(kind)));
	if (comes_back(restart, kind))
		story_of_restart(&t, strategy);
	else
		story_of_leaving(&t, restart);
	THAT(quiet());
	sup_shutdown(t.sup);
	drain();
}

static void every_cell(tr_strategy strategy)
{
	for (int restart = TR_PERMANENT; restart <= TR_TEMPORARY; restart++) {
		for (int kind = 0; kind < EXIT_KINDS; kind++) {
			one_cell(strategy, (tr_restart)restart, (enum exit_kind)kind);
		}
	}
}

ACTOR_CASE(one_for_one)
{
	every_cell(TR_ONE_FOR_ONE);
}

ACTOR_CASE(one_for_all)
{
	every_cell(TR_ONE_FOR_ALL);
}

ACTOR_CASE(rest_for_one)
{
	every_cell(TR_REST_FOR_ONE);
}

static tr_value instance(const char *id, enum kid_kind kind)
{
	return TR_LIST(tr_pid_value(tr_self()), tr_string(id), tr_int((int64_t)kind));
}

ACTOR_CASE(simple_one_for_one)
{
	for (int restart = TR_PERMANENT; restart <= TR_TEMPORARY; restart++) {
		for (int kind = 0; kind < EXIT_KINDS; kind++) {
			tr_child_spec template = {.server = &kid, .restart = (tr_restart)restart};
			tr_pid sup = sup_start_kids(TR_SIMPLE_ONE_FOR_ONE, 10, &template, 1);
			tr_started a = tr_supervisor_start_instance(sup, instance("a", KID_PLAIN), SOON);
			tr_started b = tr_supervisor_start_instance(sup, instance("b", KID_PLAIN), SOON);
			THAT(kid_up("a").bits == a.pid.bits);
			THAT(kid_up("b").bits == b.pid.bits);
			kid_end(b.pid, exit_reason((enum exit_kind)kind));
			if (comes_back((tr_restart)restart, (enum exit_kind)kind)) {
				THAT(kid_up("b").bits != b.pid.bits);
				THAT(sup_count(sup, "active") == 2);
			} else {
				while (sup_count(sup, "active") != 1)
					tr_yield();
				THAT(sup_count(sup, "workers") == 1);
			}
			THAT(tr_alive(a.pid));
			sup_shutdown(sup);
			THAT(!tr_alive(a.pid));
			THAT(quiet());
		}
	}
}

/* In a group restart a temporary sibling is stopped and not started again. */
ACTOR_CASE(temporary_siblings_do_not_come_back)
{
	tr_child_spec specs[] = {kid_spec("a", KID_POLITE, TR_TEMPORARY), kid_spec("b", KID_POLITE, TR_PERMANENT),
				 kid_spec("c", KID_POLITE, TR_TEMPORARY)};
	tr_pid sup = sup_start_kids(TR_ONE_FOR_ALL, 1, specs, 3);

	kid_up("a");
	tr_pid b = kid_up("b");
	kid_up("c");
	kid_end(b, tr_string("crash"));
	THAT(kid_down("b", tr_string("crash")));
	THAT(kid_down("c", TR_A(shutdown)));
	THAT(kid_down("a", TR_A(shutdown)));
	kid_up("b");
	THAT(sup_count(sup, "specs") == 1);
	THAT(quiet());
	sup_shutdown(sup);
}

/* As in OTP: a group restart also starts children that had been stopped before. */
ACTOR_CASE(group_restarts_start_stopped_siblings)
{
	struct trio t = trio_start(TR_ONE_FOR_ALL, TR_PERMANENT, KID_PLAIN);

	THAT(tr_supervisor_terminate_child(t.sup, "c", SOON) == TR_OK);
	kid_end(t.pid[0], tr_string("crash"));
	kid_up("a");
	kid_up("b");
	kid_up("c");
	THAT(child_becomes(t.sup, "c", "restarts", tr_int(1)));
	THAT(sup_count(t.sup, "active") == 3);
	sup_shutdown(t.sup);
}

ACTOR_CASE(killed_children_come_back)
{
	struct trio t = trio_start(TR_ONE_FOR_ONE, TR_TRANSIENT, KID_DEAF);

	tr_exit_signal(t.pid[1], TR_A(kill));
	tr_pid again = kid_up("b");
	THAT(again.bits != t.pid[1].bits);
	for (int i = 0; i < 3; i++)
		tr_exit_signal(i == 1 ? again : t.pid[i], TR_A(kill));
	for (int i = 0; i < 3; i++) {
		tr_value m = tr_receive(SOON);
		THAT(tr_str_is(tr_as_str(tr_array_at(m, 0)), "up"));
		tr_drop(m);
	}
	tr_unlink(t.sup);
	tr_ref ref = tr_monitor(t.sup);
	tr_exit_signal(t.sup, TR_A(kill));
	THAT(case_answer_is(case_await(ref), TR_A(killed)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_for_one),
	    cmocka_unit_test(one_for_all),
	    cmocka_unit_test(rest_for_one),
	    cmocka_unit_test(simple_one_for_one),
	    cmocka_unit_test(temporary_siblings_do_not_come_back),
	    cmocka_unit_test(group_restarts_start_stopped_siblings),
	    cmocka_unit_test(killed_children_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
