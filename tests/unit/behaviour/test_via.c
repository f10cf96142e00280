/* SPDX-License-Identifier: Apache-2.0 */
/* Names in registries of one's own: starting, reaching, failing and ending with {via, registry, name}. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/gen_event.h>
#include <troupe/gen_statem.h>
#include <troupe/pool.h>
#include <troupe/supervisor.h>

/* ---- a server that adds ------------------------------------------------------------------------------------------ */

static tr_next sum_init(void *state, tr_value arg)
{
	*(int64_t *)state = tr_as_int(arg, 0);
	return TR_IS_A(arg, stop) ? tr_next_stop(TR_A(crash)) : tr_noreply();
}

static tr_next sum_call(void *state, tr_value request, tr_from from)
{
	(void)from;
	*(int64_t *)state += tr_as_int(request, 0);
	return tr_next_reply(tr_int(*(int64_t *)state));
}

static tr_next sum_cast(void *state, tr_value request)
{
	*(int64_t *)state += tr_as_int(request, 0);
	return tr_noreply();
}

static tr_next sum_info(void *state, tr_value message)
{
	return sum_cast(state, message);
}

static const tr_gen_server sum = {.name = "sum",
				  .state_size = sizeof(int64_t),
				  .init = sum_init,
				  .handle_call = sum_call,
				  .handle_cast = sum_cast,
				  .handle_info = sum_info};

static tr_registry keeper(const char *name)
{
	tr_registry registry;
	tr_started started = tr_names_start_link(name, &registry);

	THAT(started.pid.bits != 0);
	return registry;
}

static tr_started start_sum(const tr_via *via, tr_value arg)
{
	return tr_gen_server_start(&sum, arg, &(tr_spawn_options){.via = via}, SOON);
}

ACTOR_CASE(a_server_is_reached_by_any_value)
{
	tr_registry names = keeper("names");
	tr_value name = TR_LIST(tr_string("user"), tr_int(42));
	tr_via via = {&names, name};

	THAT(tr_value_err(tr_call_via(&via, tr_int(1), SOON)) == TR_ENOPROC);
	THAT(tr_cast_via(&via, tr_string("x")) == TR_ENOPROC);
	THAT(tr_send_via(&via, tr_string("x")) == TR_ENOPROC);
	THAT(tr_stop_via(&via, TR_A(normal), SOON) == TR_ENOPROC);
	tr_started started = start_sum(&via, tr_int(1));
	THAT(started.pid.bits != 0 && tr_pid_eq(tr_whereis_via(&via), started.pid));
	THAT(tr_cast_via(&via, tr_int(10)) == TR_OK);
	THAT(tr_send_via(&via, tr_int(100)) == TR_OK);
	THAT(case_answer_is(tr_call_via(&via, tr_int(1000), SOON), tr_int(1111)));
	tr_started second = start_sum(&via, tr_int(2));
	THAT(second.pid.bits == 0);
	THAT(case_is_pair(second.reason, TR_A(already_started), tr_pid_value(started.pid)));
	tr_drop(second.reason);
	THAT(tr_stop_via(&via, TR_A(normal), SOON) == TR_OK);
	THAT(tr_whereis_via(&via).bits == 0);
	started = start_sum(&via, tr_int(5)); /* free again at once */
	THAT(started.pid.bits != 0);
	tr_exit_signal(started.pid, TR_A(kill));
	tr_drop(case_await(tr_monitor(started.pid)));
	THAT(tr_whereis_via(&via).bits == 0);
	tr_drop(name);
}

ACTOR_CASE(a_name_is_free_when_the_start_failed)
{
	tr_registry names = keeper("names");
	tr_via via = {&names, tr_int(7)};

	for (int i = 0; i < 50; i++) {
		tr_started refused = start_sum(&via, TR_A(stop));
		THAT(refused.pid.bits == 0 && TR_IS_A(refused.reason, crash));
	}
	tr_started started = start_sum(&via, tr_int(3));
	THAT(started.pid.bits != 0);
	tr_exit_signal(started.pid, TR_A(kill));
	tr_registry nowhere = tr_names("nobody keeps this");
	via.registry = &nowhere;
	tr_started lost = start_sum(&via, tr_int(3));
	THAT(lost.pid.bits == 0 && tr_is(lost.reason, TR_ATOM));
	THAT(tr_spawn_opt(NULL, tr_nil(), &(tr_spawn_options){.via = &via}).err == TR_EUNSUPPORTED);
}

static tr_step door(tr_machine *m, void *data, const tr_event *event)
{
	(void)m, (void)data;
	if (event->type == TR_EVENT_CALL)
		tr_reply(event->from, tr_string("closed"));
	return tr_keep_state();
}

static tr_step door_init(tr_machine *m, void *data, tr_value arg)
{
	(void)m, (void)data, (void)arg;
	return tr_next_state(tr_string("closed"));
}

ACTOR_CASE(machines_managers_and_pools_have_names_too)
{
	static const tr_state states[] = {{"closed", door}};
	static const tr_gen_statem machine = {.name = "door", .init = door_init, .states = states, .state_count = 1};
	tr_registry names = keeper("names");
	tr_via door_name = {&names, tr_int(1)}, events = {&names, tr_int(2)}, pool_name = {&names, tr_int(3)};

	THAT(tr_gen_statem_start_link(&machine, tr_nil(), &(tr_spawn_options){.via = &door_name}, SOON).pid.bits != 0);
	THAT(case_answer_is(tr_call_via(&door_name, tr_nil(), SOON), tr_string("closed")));
	THAT(tr_gen_event_start_link(&(tr_spawn_options){.via = &events}, SOON).pid.bits != 0);
	THAT(case_answer_is(tr_event_which(tr_whereis_via(&events), SOON), tr_array()));
	tr_pool_options pool = {.worker = &sum, .arg = tr_int(0), .size = 1, .via = &pool_name};
	THAT(tr_pool_start_link(&pool, SOON).pid.bits != 0);
	THAT(case_answer_is(tr_pool_call(tr_whereis_via(&pool_name), tr_int(4), SOON), tr_int(4)));
}

/* ---- a registry without an actor --------------------------------------------------------------------------------- */

struct board {
	tr_pid pid;
	int sends, registers, unregisters;
};

static tr_err board_register(void *arg, tr_value name, tr_pid pid)
{
	struct board *b = arg;

	THAT(tr_str_is(tr_as_str(name), "the one"));
	b->registers++;
	if (b->pid.bits != 0)
		return TR_EEXIST;
	b->pid = pid;
	return TR_OK;
}

static void board_unregister(void *arg, tr_value name, tr_pid pid)
{
	struct board *b = arg;

	(void)name;
	b->unregisters++;
	if (tr_pid_eq(b->pid, pid))
		b->pid.bits = 0;
}

static tr_pid board_whereis(void *arg, tr_value name)
{
	(void)name;
	return ((struct board *)arg)->pid;
}

static tr_err board_send(void *arg, tr_value name, tr_value message)
{
	struct board *b = arg;

	(void)name;
	b->sends++;
	return tr_send(b->pid, message);
}

ACTOR_CASE(a_registry_is_a_table_of_functions)
{
	static struct board board;
	const tr_registry registry = {"board", &board, board_register, board_unregister, board_whereis, board_send};
	tr_value name = tr_string("the one");
	tr_via via = {&registry, name};

	tr_started refused = start_sum(&via, TR_A(stop));
	THAT(refused.pid.bits == 0 && board.unregisters == 1 && board.pid.bits == 0);
	tr_started started = start_sum(&via, tr_int(0));
	THAT(tr_pid_eq(started.pid, board.pid) && board.registers == 2);
	THAT(tr_send_via(&via, tr_int(1)) == TR_OK && tr_cast_via(&via, tr_int(1)) == TR_OK);
	THAT(board.sends == 2); /* its own way of sending */
	THAT(case_answer_is(tr_call_via(&via, tr_int(1), SOON), tr_int(3)));
	tr_exit_signal(started.pid, TR_A(kill));
	tr_drop(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_is_reached_by_any_value),
	    cmocka_unit_test(a_name_is_free_when_the_start_failed),
	    cmocka_unit_test(machines_managers_and_pools_have_names_too),
	    cmocka_unit_test(a_registry_is_a_table_of_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
