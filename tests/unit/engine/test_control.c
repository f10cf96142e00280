/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, cancelling, pausing, resuming and listing executions; the catalog. */
#include "tests/unit/engine/control_kit.h"

#include "actors/engine/roll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TWO HEAD "workflow:\n" STEP("one") "  next: [{step: two, args: {n: \"{{ one.n }}\"}}]\n" STEP("two")

static bool status_is(tr_value summary, const char *status)
{
	return kit_text_is(tr_map_get_s(summary, "status"), status);
}

static bool refused(tr_value answer, const char *part)
{
	bool yes =
	    TR_IS_A(tr_array_at(answer, 0), error) && strstr(tr_as_cstr(tr_array_at(answer, 1), ""), part) != NULL;

	tr_drop(answer);
	return yes;
}

static void pause_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	tr_pid pid;
	int64_t id = kit_execute(&k, TWO, tr_map(), &pid);
	tr_value c = kit_command(&k);
	/* Answered when durable; the store's answer is already in hand because it is not held. */
	(void)tr_send(
	    pid, TR_LIST(TR_A(call), tr_ref_value(tr_make_ref()), tr_pid_value(tr_self()), TR_LIST(tr_atom("pause"))));
	kit_step_done(c, 1, tr_nil());
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	CHECK(kit_pool_is_idle());
	tr_value s = kit_call(&k, TR_LIST(tr_atom("summary"), tr_int(id)));
	CHECK(status_is(s, "paused"));
	tr_drop(s);
	(void)tr_send(pid, TR_LIST(TR_A(call), tr_ref_value(tr_make_ref()), tr_pid_value(tr_self()),
				   TR_LIST(tr_atom("unpause"))));
	tr_drop(c);
	c = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(c, "step"), "two"));
	kit_step_done(c, 0, tr_nil());
	s = kit_done(&k);
	CHECK(status_is(s, "success"));
	tr_drop(s);
	tr_drop(c);
	tr_drop(k.log);
}

/* A call of the store to load the log of the execution with this id. Others may come between: an
 * execution that ended before it was watched is looked at again. */
static bool is_load(void *id, tr_value m)
{
	tr_from from;
	tr_value request;

	return tr_is(tr_array_at(m, 0), TR_STRING) && kit_text_is(tr_array_at(m, 0), SUBJECT_STORE) &&
	       tr_is_call(tr_array_at(m, 1), &from, &request) &&
	       tr_as_int(tr_array_at(request, 1), 0) == *(const int64_t *)id;
}

/* The store's part of it. */
static void give(tr_value load, tr_value answer)
{
	tr_from from;
	tr_value request;

	CHECK(tr_is_call(tr_array_at(load, 1), &from, &request));
	CHECK(kit_text_is(tr_array_at(request, 0), "load"));
	tr_drop(load);
	tr_reply(from, answer);
}

static tr_value load_of(int64_t id)
{
	tr_value m = tr_receive_match(is_load, &id, tr_in(60 * TR_SECOND));

	CHECK(tr_is_valid(m));
	return m;
}

/* Ask for something that has a log read; the store's part is played with these events. The answer is what the caller
 * gets. */
static tr_value taken_up(tr_value what, int64_t id, tr_value answer)
{
	tr_ref ref = tr_make_ref();
	tr_value m;

	(void)tr_send(tr_whereis(SUBJECT_EXECUTIONS),
		      TR_LIST(TR_A(call), tr_ref_value(ref), tr_pid_value(tr_self()), what));
	give(load_of(id), answer);
	m = tr_receive_ref(ref, tr_in(60 * TR_SECOND));
	CHECK(tr_is_valid(m));
	answer = tr_keep(tr_array_at(m, 2));
	tr_drop(m);
	return answer;
}

static tr_value resume(int64_t id, tr_value answer)
{
	return taken_up(TR_LIST(TR_A(resume), tr_int(id), tr_pid_value(tr_self())), id, answer);
}

/* `executions` hears of an execution's end in its own time. */
static void wait_until_gone(kit *k)
{
	for (size_t left = 1; left > 0;) {
		tr_value list = kit_call(k, TR_LIST(tr_atom("list")));

		left = tr_array_len(list);
		tr_drop(list);
	}
}

static void cancel_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	k.hold = true;
	/* The answer comes when the cancelling is durable: until then the test has to play the store. */
	tr_ref ref = tr_make_ref();
	(void)tr_send(tr_whereis(SUBJECT_EXECUTIONS), TR_LIST(TR_A(call), tr_ref_value(ref), tr_pid_value(tr_self()),
							      TR_LIST(TR_A(cancel), tr_int(id), tr_string("enough"))));
	kit_append(&k);
	CHECK(kit_pool_is_idle());
	CHECK(!tr_is_valid(tr_receive_ref(ref, 0)));
	k.hold = false;
	kit_durable(&k);
	tr_value cancel = kit_cancelled(&k), s = kit_done(&k);
	CHECK(kit_text_is(tr_array_at(cancel, 3), "enough"));
	CHECK(status_is(s, "cancelled"));
	kit_step_done(c, 3, tr_nil());
	tr_drop(c);
	tr_drop(cancel);
	tr_drop(s);
	CHECK(refused(kit_call(&k, TR_LIST(tr_string("pause"), tr_int(id + 1))), "no such execution"));
	wait_until_gone(&k);
	/* What does not run is taken up for it, if its log says that it has not ended. */
	CHECK(refused(taken_up(TR_LIST(TR_A(cancel), tr_int(id), tr_string("x")), id,
			       TR_LIST(TR_A(ok), tr_keep(k.log), tr_nil())),
		      REFUSAL_OVER));
	tr_drop(k.log);
}

static void resume_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), &pid);
	tr_value c = kit_command(&k);
	kit_step_done(c, 1, TR_DICT("n", tr_int(5)));
	tr_drop(c);
	c = kit_command(&k);
	kit_report(c, 2, EVENT_TASK_PROCESSED,
		   TR_DICT("label", tr_string("two"), "outcome", TR_DICT("status", tr_string("success")), "directive",
			   tr_string("continue"), "ctx", TR_DICT("seen", tr_bool(true))));
	CHECK(TR_IS_A(kit_verdict(&k, 2), ok));
	CHECK(refused(kit_call(&k, TR_LIST(TR_A(resume), tr_int(id), tr_nil())), "runs already"));
	tr_ref monitor = tr_monitor(pid);
	tr_exit_signal(pid, TR_A(shutdown));
	tr_drop(kit_reason(&k, monitor));
	wait_until_gone(&k);
	tr_value answer = resume(id, TR_LIST(TR_A(ok), tr_keep(k.log), tr_nil()));
	CHECK(TR_IS_A(tr_array_at(answer, 0), ok));
	tr_drop(answer);
	tr_value again = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(again, "step"), "two"));
	CHECK(tr_as_int(tr_map_get_s(again, "attempt"), 0) == 2);
	CHECK(tr_equal(tr_map_get_s(again, "step_run_id"), tr_map_get_s(c, "step_run_id")));
	CHECK(tr_equal(tr_map_get_s(again, "args"), tr_map_get_s(c, "args")));
	CHECK(tr_as_bool(TR_GET(again, "ctx", "seen"), false));
	/* What it had reported comes along, so that the task is not run again. */
	CHECK(tr_array_len(tr_map_get_s(again, "resume")) == 1);
	event e;
	CHECK(event_from_value(tr_array_at(tr_map_get_s(again, "resume"), 0), &e) == TR_OK);
	CHECK(e.type == EVENT_TASK_PROCESSED);
	event_fini(&e);
	kit_step_done(c, 7, tr_nil());
	CHECK(kit_text_is(kit_verdict(&k, 7), "stale"));
	kit_step_done(again, 8, tr_string("bye"));
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "success"));
	CHECK(kit_text_is(tr_map_get_s(s, "result"), "bye"));
	tr_drop(s);
	tr_drop(c);
	tr_drop(again);
	/* Now there is nothing to resume. */
	wait_until_gone(&k);
	CHECK(refused(resume(id, TR_LIST(TR_A(ok), tr_keep(k.log), tr_nil())), "has ended"));
	CHECK(refused(resume(id + 5, TR_LIST(TR_A(error), tr_string("no such log"))), "no such log"));
	CHECK(refused(resume(id + 6, TR_LIST(TR_A(ok), tr_array_slice(k.log, 2, 5), tr_nil())), "does not begin"));
	tr_drop(k.log);
}

static bool is_begun(void *id, tr_value m)
{
	return tr_str_is(tr_as_str(tr_array_at(m, 0)), "child_begun") &&
	       tr_as_int(tr_array_at(m, 1), 0) == *(const int64_t *)id;
}

/* A child that nobody waits for has ended, and somebody takes it up to see that. Its parent, which was interrupted and
 * asks for it at that moment, hears that it has begun all the same. */
static void asked_while_it_ends_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), NULL), parent = id + 1;
	char name[40];
	(void)snprintf(name, sizeof name, "event.%" PRId64, parent);
	CHECK(tr_register(name, tr_self()) == TR_OK);
	for (int64_t token = 1; token <= 2; token++) {
		tr_value c = kit_command(&k);

		kit_step_done(c, token, tr_nil());
		tr_drop(c);
	}
	tr_drop(kit_done(&k));
	wait_until_gone(&k);
	tr_ref ref = tr_make_ref();
	(void)tr_send(tr_whereis(SUBJECT_EXECUTIONS), TR_LIST(TR_A(call), tr_ref_value(ref), tr_pid_value(tr_self()),
							      TR_LIST(TR_A(resume), tr_int(id), tr_nil())));
	tr_value load = load_of(id);
	(void)tr_send(
	    tr_whereis(SUBJECT_EXECUTIONS),
	    TR_LIST(tr_atom("ensure_child"),
		    TR_DICT("execution_id", tr_int(id), "hash", tr_string("forgotten"), "payload", tr_map(), "parent",
			    TR_DICT("execution_id", tr_int(parent), "wait", tr_bool(false)), "fresh", tr_bool(true))));
	tr_drop(kit_call(&k, TR_LIST(tr_atom("list")))); /* `executions` has seen it by then */
	give(load, TR_LIST(TR_A(ok), tr_keep(k.log), tr_nil()));
	tr_value m = tr_receive_ref(ref, tr_in(60 * TR_SECOND));
	CHECK(refused(tr_keep(tr_array_at(m, 2)), "has ended"));
	tr_drop(m);
	give(load_of(id), TR_LIST(TR_A(ok), tr_keep(k.log), tr_nil()));
	m = tr_receive_match(is_begun, &id, tr_in(60 * TR_SECOND));
	CHECK(tr_is_valid(m));
	tr_drop(m);
	tr_drop(k.log);
}

/* The store's part when an execution is taken up by itself. */
static void give_log(kit *k, int64_t id)
{
	give(load_of(id), TR_LIST(TR_A(ok), tr_keep(k->log), tr_nil()));
}

static tr_value told(const char *what)
{
	for (;;) {
		tr_value m = tr_receive(tr_in(60 * TR_SECOND));

		CHECK(tr_is_valid(m));
		if (tr_is(tr_array_at(m, 0), TR_ATOM) && kit_text_is(tr_array_at(m, 0), what))
			return m;
		tr_drop(m);
	}
}

/* A crash is not the end: the execution goes on from its log, and those who watched it are told its new pid. */
static void crash_and_go_on_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), &pid);
	tr_value c = kit_command(&k), again, m;
	kit_step_done(c, 1, TR_DICT("n", tr_int(5)));
	tr_drop(c);
	c = kit_command(&k);
	for (int64_t crash = 1; crash <= 3; crash++) {
		tr_exit_signal(pid, crash == 2 ? TR_A(kill) : tr_atom("struck"));
		give_log(&k, id);
		m = told("restarted");
		CHECK(tr_as_int(tr_array_at(m, 1), 0) == id);
		CHECK(!tr_pid_eq(tr_as_pid(tr_array_at(m, 2)), pid));
		pid = tr_as_pid(tr_array_at(m, 2));
		tr_drop(m);
		again = kit_command(&k);
		CHECK(tr_as_int(tr_map_get_s(again, "attempt"), 0) == crash + 1);
		CHECK(kit_text_is(tr_map_get_s(again, "step"), "two"));
		kit_step_done(c, 7, tr_nil());
		CHECK(kit_text_is(kit_verdict(&k, 7), "stale"));
		tr_drop(c);
		c = again;
	}
	kit_step_done(c, 8, tr_string("bye"));
	tr_value s = kit_done(&k);
	CHECK(status_is(s, "success"));
	tr_drop(s);
	tr_drop(c);
	tr_drop(k.log);
}

/* One that crashes for ever is left alone after a while; its log is whole. */
static void crash_for_ever_body(tr_value arg)
{
	kit k;
	tr_pid pid;
	tr_value m;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), &pid);
	tr_drop(kit_command(&k));
	for (int crash = 0; crash < 5; crash++) {
		tr_exit_signal(pid, tr_atom("struck"));
		give_log(&k, id);
		m = told("restarted");
		pid = tr_as_pid(tr_array_at(m, 2));
		tr_drop(m);
		tr_drop(kit_command(&k));
	}
	tr_exit_signal(pid, tr_atom("struck"));
	m = told("gone");
	CHECK(tr_as_int(tr_array_at(m, 1), 0) == id);
	CHECK(strstr(tr_as_cstr(tr_array_at(m, 2), ""), "struck") != NULL);
	tr_drop(m);
	wait_until_gone(&k);
	tr_drop(k.log);
}

static void refusals_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	CHECK(refused(kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", tr_string("nothing")))), "catalog"));
	CHECK(refused(kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(&k, TWO), "payload", tr_int(1)))),
		      "mapping"));
	CHECK(refused(kit_call(&k, TR_LIST(tr_atom("dance"))), "know"));
	tr_value answer =
	    kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(&k, TWO), "execution_id", tr_int(77))));
	CHECK(tr_as_int(tr_array_at(answer, 1), 0) == 77);
	tr_drop(answer);
	CHECK(refused(kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(&k, TWO), "execution_id", tr_int(77)))),
		      "taken"));
	CHECK(refused(
	    kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(&k, TWO), "execution_id", tr_int(KIT_TAKEN)))),
	    "taken"));
	CHECK(refused(kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(&k, TWO), "execution_id", tr_int(-1)))),
		      "positive"));
	tr_drop(k.log);
}

static void list_and_shutdown_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	int64_t a = kit_execute(&k, TWO, tr_map(), NULL), b = kit_execute(&k, TWO, tr_map(), NULL);
	CHECK(a < b); /* ids sort by time */
	tr_value list = kit_call(&k, TR_LIST(tr_atom("list")));
	CHECK(tr_array_len(list) == 2);
	CHECK(strtoll(tr_as_cstr(TR_GET(tr_array_at(list, 0), "execution_id"), ""), NULL, 10) == a);
	CHECK(kit_text_is(TR_GET(tr_array_at(list, 1), "playbook"), "tests/test"));
	tr_drop(list);
	CHECK(TR_IS_A(kit_call(&k, TR_LIST(TR_A(shutdown))), ok));
	list = kit_call(&k, TR_LIST(tr_atom("list")));
	CHECK(tr_array_len(list) == 0);
	tr_drop(list);
	CHECK(refused(kit_call(&k, TR_LIST(TR_A(start), TR_DICT("hash", kit_put(&k, TWO)))), "shutting down"));
	tr_drop(k.log);
}

static void crash_of_one_leaves_the_others_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	(void)kit_execute(&k, TWO, tr_map(), &pid);
	tr_value first = kit_command(&k);
	(void)kit_execute(&k, TWO, tr_map(), NULL);
	tr_value c = kit_command(&k);
	/* More crashes than any intensity allows: temporary children do not count. */
	for (int i = 0; i < 10; i++) {
		tr_ref monitor = tr_monitor(pid);

		tr_exit_signal(pid, tr_atom("struck"));
		tr_drop(kit_reason(&k, monitor));
		(void)kit_execute(&k, TWO, tr_map(), &pid);
		tr_drop(kit_command(&k));
	}
	kit_step_done(c, 1, TR_DICT("n", tr_int(1)));
	CHECK(TR_IS_A(kit_verdict(&k, 1), ok));
	CHECK(tr_alive(k.control));
	tr_drop(first);
	tr_drop(c);
	tr_drop(k.log);
}

static void executions_finds_them_again_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	int64_t id = kit_execute(&k, TWO, tr_map(), NULL);
	tr_drop(kit_command(&k));
	tr_pid old = tr_whereis(SUBJECT_EXECUTIONS);
	tr_ref monitor = tr_monitor(old);
	tr_exit_signal(old, TR_A(kill));
	tr_drop(kit_reason(&k, monitor));
	while (tr_whereis(SUBJECT_EXECUTIONS).bits == 0)
		tr_yield();
	tr_value list = kit_call(&k, TR_LIST(tr_atom("list")));
	CHECK(tr_array_len(list) == 1);
	CHECK(strtoll(tr_as_cstr(TR_GET(tr_array_at(list, 0), "execution_id"), ""), NULL, 10) == id);
	tr_drop(list);
	tr_value s = kit_call(&k, TR_LIST(tr_atom("summary"), tr_int(id)));
	CHECK(status_is(s, "running"));
	tr_drop(s);
	tr_drop(k.log);
}

static void idler(tr_value arg)
{
	(void)arg;
	tr_drop(tr_receive(TR_FOREVER));
}

static tr_pid named_idler(const char *name)
{
	tr_spawn_options options = {.name = name};

	return tr_spawn_opt(idler, tr_nil(), &options).pid;
}

static void start_roll(void)
{
	tr_child_spec roll = roll_child();
	tr_supervisor_spec spec = {
	    .strategy = TR_ONE_FOR_ONE, .intensity = 1, .children = &roll, .child_count = 1, .name = "rolls"};
	tr_value arg = tr_supervisor_arg(&spec);

	CHECK(tr_supervisor_start(arg, tr_nil()).pid.bits != 0);
	tr_drop(arg);
}

static void kill_executions(kit *k)
{
	tr_pid old = tr_whereis(SUBJECT_EXECUTIONS);
	tr_ref monitor = tr_monitor(old);

	tr_exit_signal(old, TR_A(kill));
	tr_drop(kit_reason(k, monitor));
	while (tr_whereis(SUBJECT_EXECUTIONS).bits == 0)
		tr_yield();
}

/* It stays as it is until its kind of tool is there, also when `executions` has been another since. */
static void a_missing_plugin_is_waited_for_body(tr_value arg)
{
	kit k;
	tr_pid pid;

	(void)arg;
	kit_start(&k, NULL);
	start_roll();
	int64_t id = kit_execute(&k, TWO, tr_map(), &pid);
	tr_drop(kit_command(&k));
	tr_ref monitor = tr_monitor(pid);
	tr_exit_signal(pid, TR_A(shutdown));
	tr_drop(kit_reason(&k, monitor));
	wait_until_gone(&k);
	CHECK(named_idler("plugins").bits != 0);
	tr_value answer = resume(id, TR_LIST(TR_A(ok), tr_keep(k.log), tr_nil()));
	CHECK(refused(tr_keep(answer), REFUSAL_LACKING));
	CHECK(refused(answer, "\"noop\""));
	wait_until_gone(&k);
	kill_executions(&k);
	CHECK(named_idler("command.noop").bits != 0);
	give_log(&k, id);
	tr_value again = kit_command(&k);
	CHECK(kit_text_is(tr_map_get_s(again, "step"), "one"));
	CHECK(tr_as_int(tr_map_get_s(again, "attempt"), 0) == 2);
	tr_drop(again);
	tr_drop(k.log);
}

/* Many executions at once, their workers one actor that is always done. */
#define MANY 300

static void many_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	tr_value hash = kit_put(&k, TWO);
	for (int i = 0; i < MANY; i++) {
		tr_value answer = kit_call(
		    &k, TR_LIST(TR_A(start), TR_DICT("hash", tr_keep(hash), "watch", tr_pid_value(tr_self()))));

		CHECK(TR_IS_A(tr_array_at(answer, 0), ok));
		tr_drop(answer);
	}
	for (int i = 0; i < 2 * MANY; i++) {
		tr_value c = kit_command(&k);

		kit_step_done(c, 0, TR_DICT("n", tr_int(i)));
		tr_drop(c);
	}
	for (int i = 0; i < MANY; i++) {
		tr_value s = kit_done(&k);

		CHECK(status_is(s, "success"));
		tr_drop(s);
	}
	tr_drop(hash);
	tr_drop(k.log);
}

/* ---- catalog -------------------------------------------------------------------------------------------------------
 */

static tr_value catalog(tr_value request)
{
	return tr_call_name(SUBJECT_CATALOG, request, tr_in(60 * TR_SECOND));
}

static void catalog_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, NULL);
	tr_value a = kit_put(&k, TWO), b = kit_put(&k, TWO), c = kit_put(&k, TWO "# changed\n");
	CHECK(tr_equal(a, b));
	CHECK(!tr_equal(a, c));
	CHECK(tr_as_str(a).n == 64);
	tr_value entry = catalog(TR_LIST(tr_atom("get"), tr_keep(a)));
	CHECK(kit_text_is(tr_map_get_s(entry, "source"), TWO));
	CHECK(kit_text_is(tr_map_get_s(entry, "file"), "test.yaml"));
	CHECK(catalog_model_of(tr_map_get_s(entry, "model")) != NULL);
	CHECK(routes_of_value(tr_map_get_s(entry, "routes")) != NULL);
	tr_drop(entry);
	CHECK(tr_is_nil(catalog(TR_LIST(tr_atom("get"), tr_string("0123")))));
	CHECK(refused(
	    catalog(TR_LIST(tr_atom("put"), tr_string("bad.yaml"), tr_string("kind: Playbook\nvars: 1\n"), tr_nil())),
	    "bad.yaml:"));
	CHECK(refused(catalog(TR_LIST(tr_atom("forget"))), "knows"));
	/* By its path it is the one that came last. */
	tr_value latest = catalog(TR_LIST(tr_atom("load"), tr_string("tests/test"), tr_nil(), tr_nil()));
	CHECK(tr_equal(tr_array_at(latest, 1), c));
	tr_drop(latest);
	tr_drop(a);
	tr_drop(b);
	tr_drop(c);
	tr_drop(k.log);
}

static char folder[64];

static void catalog_keeps_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, folder);
	tr_drop(kit_put(&k, TWO));
	tr_drop(k.log);
}

static void catalog_finds_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, folder);
	/* The hash as another process would know it: from an event. */
	tr_value hash = tr_string(getenv("TEST_HASH"));
	tr_value entry = catalog(TR_LIST(tr_atom("get"), tr_keep(hash), tr_string("again.yaml")));
	CHECK(catalog_model_of(tr_map_get_s(entry, "model")) != NULL);
	CHECK(kit_text_is(tr_map_get_s(entry, "file"), "again.yaml"));
	tr_drop(entry);
	CHECK(tr_is_nil(catalog(TR_LIST(tr_atom("get"), tr_string("../../etc/passwd")))));
	tr_drop(hash);
	tr_drop(k.log);
}

static void catalog_refuses_damage_body(tr_value arg)
{
	kit k;

	(void)arg;
	kit_start(&k, folder);
	CHECK(tr_is_nil(catalog(TR_LIST(tr_atom("get"), tr_string(getenv("TEST_HASH"))))));
	tr_drop(k.log);
}

static void catalog_on_disk(void **state)
{
	char path[200], command[220];

	(void)state;
	(void)snprintf(folder, sizeof folder, "/tmp/troupe-catalog-XXXXXX");
	assert_non_null(mkdtemp(folder));
	kit_run(catalog_keeps_body);
	(void)snprintf(command, sizeof command, "ls %s", folder);
	FILE *ls = popen(command, "r");
	char name[100] = "";
	assert_int_equal(fscanf(ls, "%99s", name), 1);
	(void)pclose(ls);
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	name[64] = '\0';
	assert_int_equal(setenv("TEST_HASH", name, 1), 0);
	kit_run(catalog_finds_body);
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	(void)fputs("# damage\n", f);
	(void)fclose(f);
	kit_run(catalog_refuses_damage_body);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

#define TEST(name)                            \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		kit_run(name##_body);         \
	}

TEST(cancel)
TEST(pause)
TEST(resume)
TEST(asked_while_it_ends)
TEST(a_missing_plugin_is_waited_for)
TEST(refusals)
TEST(list_and_shutdown)
TEST(crash_and_go_on)
TEST(crash_for_ever)
TEST(crash_of_one_leaves_the_others)
TEST(executions_finds_them_again)
TEST(many)

static void catalog_by_hash_and_path(void **state)
{
	(void)state;
	kit_run(catalog_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cancel),
	    cmocka_unit_test(test_pause),
	    cmocka_unit_test(test_resume),
	    cmocka_unit_test(test_asked_while_it_ends),
	    cmocka_unit_test(test_a_missing_plugin_is_waited_for),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_list_and_shutdown),
	    cmocka_unit_test(test_crash_and_go_on),
	    cmocka_unit_test(test_crash_for_ever),
	    cmocka_unit_test(test_crash_of_one_leaves_the_others),
	    cmocka_unit_test(test_executions_finds_them_again),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(catalog_by_hash_and_path),
	    cmocka_unit_test(catalog_on_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
