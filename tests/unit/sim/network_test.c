/* SPDX-License-Identifier: Apache-2.0 */
/* Signals between nodes, in simulated worlds: OTP's rules, and what happens when the network does not keep to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <troupe/gen_server.h>
#include <troupe/sim.h>

#define SEEDS 40

/* The body passes on every seed, on two nodes. */
static tr_sim_result passes(tr_body *body, tr_sim_faults faults)
{
	tr_sim_options o = {.nodes = 2, .faults = faults};
	tr_sim_result r = {0};
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		r = tr_sim_run(seed, &o, body, tr_nil());
		if (r.verdict != TR_SIM_FINISHED)
			print_error("seed %d: %s\n", (int)seed, r.text);
		assert_int_equal(r.verdict, TR_SIM_FINISHED);
	}
	return r;
}

static const tr_sim_faults none;

static bool is_exit(tr_value m, tr_pid from, tr_value reason)
{
	bool is = TR_IS_A(tr_array_at(m, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(m, 1)), from) &&
		  tr_equal(tr_array_at(m, 2), reason);
	tr_drop(m);
	return is;
}

static bool is_down(tr_value m, tr_ref ref, tr_pid from, tr_value reason)
{
	bool is = TR_IS_A(tr_array_at(m, 0), down) && tr_ref_eq(tr_as_ref(tr_array_at(m, 1)), ref) &&
		  tr_pid_eq(tr_as_pid(tr_array_at(m, 3)), from) && tr_equal(tr_array_at(m, 4), reason);
	tr_drop(m);
	return is;
}

/* ---- messages and calls -------------------------------------------------------------------------------------------
 */

static void echo(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_from from;
		tr_value request, m = tr_receive(TR_FOREVER);
		if (tr_is_call(m, &from, &request) && tr_str_is(tr_as_str(request), "end")) {
			tr_drop(m);
			tr_exit(TR_A(shutdown));
		}
		if (tr_is_call(m, &from, &request))
			tr_reply(from, TR_LIST(tr_keep(request), tr_pid_value(tr_self())));
		else
			tr_send(tr_as_pid(tr_array_at(m, 0)), tr_keep(tr_array_at(m, 1)));
		tr_drop(m);
	}
}

static tr_pid there(tr_body *body)
{
	tr_spawned s = tr_sim_spawn(2, body, tr_nil(), &(tr_spawn_options){.label = "there", .name = "there"});
	tr_sim_check(s.err == TR_OK && tr_pid_node(s.pid) == 2, "an actor on the other node");
	return s.pid;
}

static void talk_body(tr_value arg)
{
	(void)arg;
	tr_pid e = there(echo);
	tr_sim_check(!tr_alive(e), "another node's pids are not ours to know");
	for (int i = 0; i < 20; i++)
		tr_send(e, TR_LIST(tr_pid_value(tr_self()), tr_int(i)));
	for (int i = 0; i < 20; i++)
		tr_sim_check(tr_as_int(tr_receive(TR_FOREVER), -1) == i, "in order");
	tr_value request =
	    TR_DICT("atom", tr_atom("an_atom"), "float", tr_float(1.5), "ref", tr_ref_value(tr_make_ref()));
	tr_value reply = tr_call(e, tr_keep(request), TR_FOREVER);
	tr_sim_check(tr_equal(tr_array_at(reply, 0), request), "values arrive as they were");
	tr_sim_check(tr_pid_eq(tr_as_pid(tr_array_at(reply, 1)), e), "from the other node");
	tr_drop(request);
	tr_drop(reply);
	tr_send_name_at(2, "there", TR_LIST(tr_pid_value(tr_self()), tr_int(99)));
	tr_sim_check(tr_as_int(tr_receive(TR_FOREVER), -1) == 99, "by name");
	tr_sim_check(tr_send_name_at(2, "nobody", tr_int(1)) == TR_OK, "nobody is no error");
	tr_sim_check(tr_value_err(tr_call(e, tr_string("end"), TR_FOREVER)) == TR_EDOWN, "it ended meanwhile");
	tr_sim_check(TR_IS_A(tr_call_reason(), shutdown), "with its reason");
	tr_sim_check(tr_value_err(tr_call(e, tr_int(1), TR_FOREVER)) == TR_ENOPROC, "and is gone");
	tr_pid nowhere = {e.bits ^ UINT64_C(9) << 56};
	tr_sim_check(tr_send(nowhere, tr_int(1)) == TR_OK, "a message to a node that is not there is lost");
	tr_sim_check(tr_value_err(tr_call(nowhere, tr_int(1), TR_FOREVER)) == TR_EDOWN, "a call to it fails");
	tr_sim_check(TR_IS_A(tr_call_reason(), noconnection), "as there is no connection");
}

static void nodes_talk(void **state)
{
	(void)state;
	tr_sim_result r = passes(talk_body, none);
	assert_int_equal(r.sent, r.received + r.dead_letters);
}

/* ---- what cannot travel -------------------------------------------------------------------------------------------
 */

static const tr_class thing = {.name = "thing", .destroy = tr_free};

static void dies_of_a_thing(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
	tr_exit(tr_object(&thing, tr_alloc(1)));
}
static void answers_a_thing(tr_value arg)
{
	(void)arg;
	tr_from from;
	tr_value request, m = tr_receive(TR_FOREVER);
	if (tr_is_call(m, &from, &request))
		tr_reply(from, tr_object(&thing, tr_alloc(1)));
	tr_drop(m);
}
static void objects_body(tr_value arg)
{
	(void)arg;
	tr_pid p = there(dies_of_a_thing);
	tr_sim_check(tr_send(p, tr_object(&thing, tr_alloc(1))) == TR_ETYPE, "an object stays");
	tr_sim_check(tr_value_err(tr_call(p, tr_object(&thing, tr_alloc(1)), TR_FOREVER)) == TR_ETYPE, "in calls too");
	tr_ref ref = tr_monitor(p);
	tr_send(p, tr_nil());
	tr_value down = tr_receive_ref(ref, TR_FOREVER);
	tr_sim_check(tr_str_is(tr_as_str(tr_array_at(tr_array_at(down, 4), 0)), "not_portable"), "a reason is told of");
	tr_drop(down);
	tr_spawned s = tr_sim_spawn(2, answers_a_thing, tr_nil(), NULL);
	tr_sim_check(tr_value_err(tr_call(s.pid, tr_nil(), TR_FOREVER)) == TR_ETYPE, "and in replies");
}
static void objects_do_not_travel(void **state)
{
	(void)state;
	(void)passes(objects_body, none);
}

/* ---- links, monitors, exits ---------------------------------------------------------------------------------------
 */

static void obeys(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER);
		tr_value what = tr_array_at(m, 0);
		if (TR_IS_A(what, stop)) {
			tr_value reason = tr_keep(tr_array_at(m, 1));
			tr_drop(m);
			tr_exit(reason);
		}
		if (TR_IS_A(what, connected)) {
			tr_link(tr_as_pid(tr_array_at(m, 1)));
			tr_send(tr_as_pid(tr_array_at(m, 1)), TR_A(ok));
		}
		tr_drop(m);
	}
}

static void relations_body(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_pid p = there(obeys);
	tr_link(p);
	tr_ref ref = tr_monitor(p);
	tr_ref taken_back = tr_monitor(p);
	tr_demonitor(taken_back);
	tr_send(p, TR_LIST(TR_A(stop), tr_string("because")));
	tr_value why = tr_string("because");
	tr_value first = tr_receive(TR_FOREVER), second = tr_receive(TR_FOREVER);
	bool exit_first = TR_IS_A(tr_array_at(first, 0), exit);
	tr_sim_check(is_exit(exit_first ? first : second, p, why), "a link tells");
	tr_sim_check(is_down(exit_first ? second : first, ref, p, why), "a monitor tells");
	tr_drop(why);
	tr_link(p);
	tr_sim_check(is_exit(tr_receive(TR_FOREVER), p, TR_A(noproc)), "a link to nobody");
	ref = tr_monitor(p);
	tr_sim_check(is_down(tr_receive(TR_FOREVER), ref, p, TR_A(noproc)), "a monitor of nobody");

	p = tr_sim_spawn(2, obeys, tr_nil(), NULL).pid;
	tr_link(p);
	tr_unlink(p);
	ref = tr_monitor(p);
	tr_exit_signal(p, TR_A(kill));
	tr_sim_check(is_down(tr_receive(TR_FOREVER), ref, p, TR_A(killed)), "only the monitor is left");

	p = tr_sim_spawn(2, obeys, tr_nil(), NULL).pid;
	ref = tr_monitor(p);
	tr_send(p, TR_LIST(TR_A(connected), tr_pid_value(tr_self())));
	tr_sim_check(TR_IS_A(tr_receive(TR_FOREVER), ok), "it has linked to us");
	tr_exit_signal(p, tr_string("signal"));
	why = tr_string("signal");
	first = tr_receive(TR_FOREVER);
	second = tr_receive(TR_FOREVER);
	exit_first = TR_IS_A(tr_array_at(first, 0), exit);
	tr_sim_check(is_exit(exit_first ? first : second, p, why), "a link from there");
	tr_sim_check(is_down(exit_first ? second : first, ref, p, why), "a monitor from here");
	tr_drop(why);
	tr_sim_check(!tr_is_valid(tr_receive(tr_in(TR_SECOND))), "nothing else");
}
static void links_and_monitors(void **state)
{
	(void)state;
	(void)passes(relations_body, none);
}

/* ---- losing the connection ----------------------------------------------------------------------------------------
 */

static void lost_body(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	tr_pid p = there(obeys);
	tr_link(p);
	tr_ref ref = tr_monitor(p);
	tr_sleep_until(tr_in(100 * TR_MS)); /* all of that has arrived */
	tr_ref watch = tr_monitor(tr_sim_spawn(1, obeys, tr_nil(), NULL).pid);
	tr_sim_connect(1, 2, false);
	tr_value first = tr_receive(TR_FOREVER), second = tr_receive(TR_FOREVER);
	bool exit_first = TR_IS_A(tr_array_at(first, 0), exit);
	tr_sim_check(is_exit(exit_first ? first : second, p, TR_A(noconnection)), "the link is cut");
	tr_sim_check(is_down(exit_first ? second : first, ref, p, TR_A(noconnection)), "the monitor too");
	tr_sim_check(tr_value_err(tr_call(p, tr_nil(), TR_FOREVER)) == TR_EDOWN &&
			 TR_IS_A(tr_call_reason(), noconnection),
		     "no calls");
	tr_link(p);
	tr_sim_check(is_exit(tr_receive(TR_FOREVER), p, TR_A(noconnection)), "no new links");
	tr_sim_connect(1, 2, true);
	/* It was linked to us, so it has ended there. */
	ref = tr_monitor(p);
	tr_sim_check(is_down(tr_receive(TR_FOREVER), ref, p, TR_A(noproc)), "the other side was told");
	tr_sim_check(!tr_is_valid(tr_receive_ref(watch, tr_in(TR_SECOND))), "others are not concerned");
}

/* A call under way while the connection goes: it ends, whatever has been lost. */
static void cut_body(tr_value arg)
{
	(void)arg;
	tr_pid e = there(echo);
	tr_sim_connect(1, 2, false);
	tr_sim_connect(1, 2, true);
	tr_sim_check(tr_value_err(tr_call(e, tr_int(1), TR_FOREVER)) == TR_EDOWN, "lost with the connection");
	tr_value reply = tr_call(e, tr_int(2), TR_FOREVER);
	tr_sim_check(tr_as_int(tr_array_at(reply, 0), 0) == 2, "and up again");
	tr_drop(reply);
}

static void a_lost_connection_is_told(void **state)
{
	(void)state;
	(void)passes(lost_body, none);
	tr_sim_result r = passes(cut_body, none);
	assert_int_equal(r.partitions, 1);
}

/* Nothing that waits for an answer waits for ever, however often the network is cut. */
static void patient(tr_value arg)
{
	tr_pid e = tr_as_pid(arg);
	int answered = 0;
	while (answered < 30) {
		tr_value reply = tr_call(e, tr_int(answered), TR_FOREVER);
		if (tr_is_valid(reply))
			tr_sim_check(tr_as_int(tr_array_at(reply, 0), -1) == answered++, "the answer to this");
		else
			tr_sim_check(tr_value_err(reply) == TR_EDOWN && TR_IS_A(tr_call_reason(), noconnection),
				     "no other error");
		tr_drop(reply);
		tr_sleep_until(tr_in((int64_t)(tr_random() % (50 * TR_MS))));
	}
}
static void stormy_body(tr_value arg)
{
	(void)arg;
	tr_pid e = there(echo);
	tr_ref refs[5];
	for (int i = 0; i < 5; i++)
		refs[i] = tr_spawn_opt(patient, tr_pid_value(e), &(tr_spawn_options){.monitor = true}).monitor;
	for (int i = 0; i < 5; i++) {
		tr_value down = tr_receive_ref(refs[i], TR_FOREVER);
		tr_sim_check(TR_IS_A(tr_array_at(down, 4), normal), "all are done");
		tr_drop(down);
	}
}
static void calls_end_whatever_the_network_does(void **state)
{
	(void)state;
	tr_sim_result r = passes(stormy_body, (tr_sim_faults){.partitions = 5, .delay_max_ns = 30 * TR_MS});
	assert_true(r.partitions > 0);
}

/* ---- a network that breaks the rules ------------------------------------------------------------------------------
 */

static void counting_body(tr_value arg)
{
	(void)arg;
	tr_pid e = there(echo);
	int64_t seen[200] = {0}, late = 0, last = -1;
	for (int i = 0; i < 200; i++)
		tr_send(e, TR_LIST(tr_pid_value(tr_self()), tr_int(i)));
	for (;;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));
		if (!tr_is_valid(m))
			break;
		int64_t i = tr_as_int(m, 0);
		late += i < last;
		last = i;
		seen[i]++;
	}
	int64_t lost = 0, twice = 0;
	for (int i = 0; i < 200; i++) {
		lost += seen[i] == 0;
		twice += seen[i] > 1;
	}
	tr_value found = TR_LIST(tr_int(lost), tr_int(twice), tr_int(late));
	tr_exit(found);
}

/* What main found, from the text of its end. */
static void found(tr_sim_faults faults, int *lost, int *twice, int *late)
{
	tr_sim_options o = {.nodes = 2, .faults = faults};
	tr_sim_result r = tr_sim_run(1, &o, counting_body, tr_nil());
	assert_int_equal(sscanf(r.text, "main ended with {%d, %d, %d}", lost, twice, late), 3);
	assert_int_equal(r.sent + r.duplicated, r.received + r.dead_letters + r.dropped);
}

static void drops_doubles_and_overtakes(void **state)
{
	(void)state;
	int lost, twice, late;
	found(none, &lost, &twice, &late);
	assert_true(lost == 0 && twice == 0 && late == 0);
	found((tr_sim_faults){.drop = 0.2}, &lost, &twice, &late);
	assert_true(lost > 20 && lost < 150 && twice == 0 && late == 0);
	found((tr_sim_faults){.duplicate = 0.2}, &lost, &twice, &late);
	assert_true(lost == 0 && twice > 20 && twice < 150);
	found((tr_sim_faults){.reorder = 0.2}, &lost, &twice, &late);
	assert_true(lost == 0 && twice == 0 && late > 10);
}

/* Doubled calls: one answer, and the callee keeps nothing. */
static void doubled_body(tr_value arg)
{
	(void)arg;
	tr_pid e = there(echo);
	for (int i = 0; i < 50; i++) {
		tr_value reply = tr_call(e, tr_int(i), TR_FOREVER);
		tr_sim_check(tr_as_int(tr_array_at(reply, 0), -1) == i, "each call its answer");
		tr_drop(reply);
	}
	tr_sim_check(!tr_is_valid(tr_receive(tr_in(TR_SECOND))), "no late ones");
	tr_value info = tr_info(tr_sim_node(2), e);
	tr_sim_check(tr_array_len(tr_map_get_s(info, "monitored_by")) == 0, "no monitor is left");
	tr_drop(info);
}
static void doubled_calls(void **state)
{
	(void)state;
	(void)passes(doubled_body, (tr_sim_faults){.duplicate = 0.5});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nodes_talk),
	    cmocka_unit_test(objects_do_not_travel),
	    cmocka_unit_test(links_and_monitors),
	    cmocka_unit_test(a_lost_connection_is_told),
	    cmocka_unit_test(calls_end_whatever_the_network_does),
	    cmocka_unit_test(drops_doubles_and_overtakes),
	    cmocka_unit_test(doubled_calls),
	};
	return cmocka_run_group_tests_name("sim.network", tests, NULL, NULL);
}
