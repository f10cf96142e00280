/* SPDX-License-Identifier: Apache-2.0 */
/* System messages: state, status, suspending, new code. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/sys.h>

struct counter {
	int64_t n;
};

static tr_next counter_init(void *state, tr_value arg)
{
	((struct counter *)state)->n = tr_as_int(arg, 0);
	return tr_noreply();
}

static tr_next counter_call(void *state, tr_value request, tr_from from)
{
	struct counter *c = state;

	(void)from;
	return tr_next_reply(tr_int(c->n += tr_as_int(request, 0)));
}

static tr_next counter_cast(void *state, tr_value request)
{
	((struct counter *)state)->n += tr_as_int(request, 0);
	return tr_noreply();
}

static tr_value counter_show(void *state)
{
	return tr_int(((struct counter *)state)->n);
}

static tr_err counter_replace(void *state, tr_value shown)
{
	if (!tr_is(shown, TR_INT))
		return TR_ETYPE;
	((struct counter *)state)->n = tr_as_int(shown, 0);
	return TR_OK;
}

static const tr_gen_server counter = {
    .name = "counter",
    .state_size = sizeof(struct counter),
    .init = counter_init,
    .handle_call = counter_call,
    .handle_cast = counter_cast,
    .show = counter_show,
    .replace = counter_replace,
    .version = "1",
};

/* The next version counts in halves and has a larger state. */
struct fine_counter {
	char room[500];
	double n;
};

static tr_next fine_call(void *state, tr_value request, tr_from from)
{
	struct fine_counter *c = state;

	(void)from;
	return tr_next_reply(tr_float(c->n += tr_as_float(request, 0)));
}

static tr_err fine_change(void *state, const void *old_state, const char *old_version)
{
	const struct counter *old = old_state;

	if (old_version == NULL || old_version[0] != '1')
		return TR_EABI;
	((struct fine_counter *)state)->n = (double)old->n;
	return TR_OK;
}

static const tr_gen_server fine_counter = {
    .name = "counter",
    .state_size = sizeof(struct fine_counter),
    .init = counter_init,
    .handle_call = fine_call,
    .code_change = fine_change,
    .version = "2",
};

static tr_pid start(int64_t n)
{
	tr_started s = tr_gen_server_start(&counter, tr_int(n), NULL, SOON);

	THAT(s.pid.bits != 0);
	return s.pid;
}

ACTOR_CASE(state_is_shown_and_replaced)
{
	tr_pid pid = start(3);

	THAT(tr_as_int(tr_sys_get_state(pid, SOON), 0) == 3);
	THAT(tr_sys_replace_state(pid, tr_int(10), SOON) == TR_OK);
	THAT(tr_sys_replace_state(pid, tr_string("ten"), SOON) == TR_ETYPE);
	THAT(tr_as_int(tr_call(pid, tr_int(1), SOON), 0) == 11);
}

ACTOR_CASE(a_suspended_server_keeps_its_messages)
{
	tr_pid pid = start(0);

	THAT(tr_sys_suspend(pid, SOON) == TR_OK);
	THAT(tr_sys_suspend(pid, SOON) == TR_OK);
	tr_cast(pid, tr_int(1));
	tr_value none = tr_call(pid, tr_int(0), tr_in(10 * TR_MS));
	THAT(tr_value_err(none) == TR_ETIMEOUT);
	THAT(tr_as_int(tr_sys_get_state(pid, SOON), -1) == 0); /* system messages pass */
	tr_value status = tr_sys_get_status(pid, SOON);
	THAT(tr_str_is(tr_as_str(tr_map_get_s(status, "status")), "suspended"));
	tr_drop(status);
	THAT(tr_sys_resume(pid, SOON) == TR_OK);
	THAT(tr_as_int(tr_call(pid, tr_int(1), SOON), 0) == 2);
	THAT(tr_stop(pid, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(a_suspended_server_can_be_stopped)
{
	tr_pid pid = start(0);

	THAT(tr_sys_suspend(pid, SOON) == TR_OK);
	THAT(tr_stop(pid, TR_A(shutdown), SOON) == TR_OK);
	THAT(tr_value_err(tr_sys_get_state(pid, SOON)) == TR_ENOPROC);
}

ACTOR_CASE(status_tells_who_and_what)
{
	tr_pid pid = start(5);
	tr_value status = tr_sys_get_status(pid, SOON);

	THAT(tr_str_is(tr_as_str(tr_map_get_s(status, "module")), "counter"));
	THAT(tr_str_is(tr_as_str(tr_map_get_s(status, "version")), "1"));
	THAT(tr_str_is(tr_as_str(tr_map_get_s(status, "status")), "running"));
	THAT(tr_as_int(tr_map_get_s(status, "state"), 0) == 5);
	THAT(tr_as_pid(tr_map_get_s(status, "pid")).bits == pid.bits);
	tr_drop(status);
}

ACTOR_CASE(new_code_takes_the_state_over)
{
	tr_pid pid = start(7);

	THAT(tr_sys_change_code(pid, &fine_counter, SOON) == TR_OK);
	tr_value v = tr_call(pid, tr_float(0.5), SOON);
	THAT(tr_as_float(v, 0) == 7.5);
	/* It refuses to come from version 2; the running code goes on. */
	THAT(tr_sys_change_code(pid, &fine_counter, SOON) == TR_EABI);
	v = tr_call(pid, tr_float(0.5), SOON);
	THAT(tr_as_float(v, 0) == 8.0);
	THAT(tr_sys_change_code(pid, &counter, SOON) == TR_ETYPE); /* no code_change, another size */
	THAT(tr_stop(pid, TR_A(normal), SOON) == TR_OK);
}

ACTOR_CASE(without_the_callbacks_it_is_said)
{
	static const tr_gen_server bare = {.name = "bare", .state_size = sizeof(struct counter), .init = counter_init};
	tr_started s = tr_gen_server_start(&bare, tr_nil(), NULL, SOON);

	THAT(tr_is_nil(tr_sys_get_state(s.pid, SOON)));
	THAT(tr_sys_replace_state(s.pid, tr_int(1), SOON) == TR_EUNSUPPORTED);
	tr_value unknown = tr_call(s.pid, TR_LIST(TR_A(system), tr_string("dance")), SOON);
	THAT(TR_IS_A(tr_array_at(unknown, 0), error));
	tr_drop(unknown);
	tr_send(s.pid, TR_LIST(TR_A(system), tr_string("dance")));
	THAT(tr_stop(s.pid, TR_A(normal), SOON) == TR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(state_is_shown_and_replaced),
	    cmocka_unit_test(a_suspended_server_keeps_its_messages),
	    cmocka_unit_test(a_suspended_server_can_be_stopped),
	    cmocka_unit_test(status_tells_who_and_what),
	    cmocka_unit_test(new_code_takes_the_state_over),
	    cmocka_unit_test(without_the_callbacks_it_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
