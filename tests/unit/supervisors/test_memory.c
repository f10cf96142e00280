/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation in turn fails while behaviours and supervisors start, work and stop. Nothing may crash, hang or
 * (under LeakSanitizer) leak. One scheduler thread, since failures are asked for by thread.
 */
#include "tests/unit/supervisors/kids.h"

#include <troupe/gen_event.h>
#include <troupe/gen_statem.h>
#include <troupe/log.h>
#include <troupe/metrics.h>
#include <troupe/pool.h>
#include <troupe/sys.h>
#include <troupe/task.h>
#include <troupe/testing.h>

static tr_next echo_init(void *state, tr_value arg)
{
	(void)state;
	(void)arg;
	return tr_noreply();
}

static tr_next echo_call(void *state, tr_value request, tr_from from)
{
	(void)state;
	(void)from;
	return tr_next_reply(TR_LIST(tr_string("echo"), tr_keep(request)));
}

static const tr_gen_server echo = {.name = "echo", .state_size = 100000, .init = echo_init, .handle_call = echo_call};

/* ---- scenarios: each runs in an actor of its own that is killed with all it is linked to
 * ---------------------------------- */

static void servers(void)
{
	tr_spawn_options options = {.name = "echo", .monitor = true};
	tr_started s = tr_gen_server_start_link(&echo, tr_string("arg"), &options, SOON);

	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	tr_drop(tr_call(s.pid, tr_string("hello"), SOON));
	tr_drop(tr_sys_get_status(s.pid, SOON));
	tr_drop(tr_multi_call(&s.pid, 1, tr_string("all"), SOON));
	(void)tr_sys_change_code(s.pid, &echo, SOON);
	(void)tr_stop(s.pid, tr_string("enough"), SOON);
}

static void supervisors(void)
{
	tr_child_spec specs[] = {
	    {.id = "a", .server = &echo, .arg = tr_string("x"), .name = "a"},
	    {.id = "b", .server = &echo, .restart = TR_TRANSIENT, .shutdown_ns = TR_BRUTAL_KILL},
	};
	tr_supervisor_spec spec = {
	    .strategy = TR_ONE_FOR_ALL, .intensity = 100, .children = specs, .child_count = 2, .name = "sup"};
	tr_started s = tr_supervisor_start_link(&spec);

	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	tr_child_spec more = {.id = "c", .server = &echo, .arg = tr_string("y")};
	tr_drop(tr_supervisor_start_child(s.pid, &more, SOON).reason);
	tr_exit_signal(tr_whereis("a"), TR_A(kill));
	tr_drop(tr_supervisor_which_children(s.pid, SOON));
	tr_drop(tr_supervisor_count_children(s.pid, SOON));
	(void)tr_supervisor_terminate_child(s.pid, "c", SOON);
	tr_drop(tr_supervisor_restart_child(s.pid, "c", SOON).reason);
	(void)tr_stop(s.pid, TR_A(shutdown), SOON);
}

static void instances(void)
{
	tr_child_spec template = {.server = &echo};
	tr_supervisor_spec spec = {.strategy = TR_SIMPLE_ONE_FOR_ONE,
				   .intensity = 100,
				   .backoff_ns = 1,
				   .children = &template,
				   .child_count = 1};
	tr_started s = tr_supervisor_start_link(&spec);

	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	for (int i = 0; i < 10; i++) {
		tr_started child = tr_supervisor_start_instance(s.pid, tr_string("extra"), SOON);
		tr_drop(child.reason);
		if (child.pid.bits != 0)
			tr_exit_signal(child.pid, TR_A(kill));
	}
	(void)tr_stop(s.pid, TR_A(shutdown), SOON);
}

static tr_step machine_init(tr_machine *m, void *data, tr_value arg)
{
	(void)data;
	(void)arg;
	tr_state_timeout(m, 0, tr_string("soon"));
	return tr_next_state(tr_string("one"));
}

static tr_step machine_event(tr_machine *m, void *data, tr_value state, const tr_event *event)
{
	(void)data;
	(void)state;
	if (event->type == TR_EVENT_CALL) {
		tr_named_timeout(m, tr_string("name"), 0, tr_string("now"));
		tr_next_event(m, TR_EVENT_INTERNAL, NULL, tr_string("inserted"));
		tr_reply(event->from, tr_string("answer"));
		return tr_next_state(tr_string("two"));
	}
	if (event->type == TR_EVENT_CAST)
		tr_postpone(m);
	return tr_keep_state();
}

static void machines(void)
{
	static const tr_gen_statem machine = {
	    .name = "machine", .data_size = 8, .init = machine_init, .handle_event = machine_event};
	tr_started s = tr_gen_statem_start_link(&machine, tr_string("arg"), NULL, SOON);

	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	(void)tr_cast(s.pid, tr_string("later"));
	tr_drop(tr_call(s.pid, tr_string("go"), SOON));
	(void)tr_stop(s.pid, TR_A(normal), SOON);
}

static tr_value task(tr_value arg)
{
	return TR_LIST(tr_string("done"), tr_keep(arg));
}

static void tasks(void)
{
	tr_task t = tr_task_async_nolink(task, tr_string("one"));

	tr_drop(tr_task_await(&t, SOON, NULL));
	tr_drop(tr_task_map(task, TR_LIST(tr_string("x"), tr_string("y"), tr_string("z")), NULL));
}

static tr_value handler_init(void *state, tr_value arg)
{
	(void)state;
	(void)arg;
	return tr_absent();
}

static tr_handled handler_event(void *state, tr_value event)
{
	(void)state;
	(void)event;
	return tr_handler_ok();
}

static void managers(void)
{
	static const tr_event_handler handler = {
	    .name = "handler", .state_size = 16, .init = handler_init, .handle_event = handler_event};
	tr_started s = tr_gen_event_start_link(NULL, SOON);
	tr_value why;

	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	(void)tr_event_add_sup(s.pid, "a", &handler, tr_string("arg"), SOON, &why);
	tr_drop(why);
	(void)tr_event_sync_notify(s.pid, tr_string("event"), SOON);
	(void)tr_event_swap(s.pid, "a", tr_string("bye"), "b", &handler, tr_string("arg"), SOON, &why);
	tr_drop(why);
	tr_drop(tr_event_delete(s.pid, "b", tr_string("out"), SOON));
	(void)tr_stop(s.pid, TR_A(normal), SOON);
}

static void pools(void)
{
	tr_pool_options options = {.worker = &echo, .arg = tr_string("arg"), .size = 2, .overflow = 1, .name = "pool"};
	tr_started s = tr_pool_start_link(&options, SOON);

	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	tr_drop(tr_pool_call(s.pid, tr_string("work"), SOON));
	tr_drop(tr_pool_status(s.pid, SOON));
	(void)tr_stop(s.pid, TR_A(shutdown), SOON);
}

static void ignore(void *arg, tr_value record)
{
	(void)arg;
	(void)record;
}

static void logs(void)
{
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	tr_value arg = tr_logger_arg(&options);
	tr_started s = tr_logger_start_link(arg, tr_absent());

	tr_drop(arg);
	tr_drop(s.reason);
	if (s.pid.bits == 0)
		return;
	(void)tr_log_add_handler(tr_here(), "memory", TR_INFO, ignore, NULL, NULL);
	tr_log(TR_INFO, TR_DICT("key", tr_string("value")), "some %s", "text");
	(void)tr_log_remove_handler(tr_here(), "memory");
	(void)tr_stop(s.pid, TR_A(shutdown), SOON);
	tr_buf out = {0};
	tr_counter_add(tr_counter(tr_here(), "memory_total", "help", NULL, 0), 1);
	(void)tr_metrics_write(tr_here(), &out);
	tr_buf_fini(&out);
}

static void (*const scenarios[])(void) = {servers, supervisors, instances, machines, tasks, managers, pools, logs};

/* arg: [scenario, n]. Ends with a reason that takes along what is left of the scenario. */
static void run_scenario(tr_value arg)
{
	size_t which = (size_t)tr_as_int(tr_array_at(arg, 0), 0);

	tr_trap_exit(true);
	tr_test_fail_alloc(tr_as_int(tr_array_at(arg, 1), 0));
	scenarios[which]();
	for (;;) { /* what the scenario left in the mailbox */
		tr_value m = tr_receive(0);
		if (!tr_is_valid(m))
			break;
		tr_drop(m);
	}
	tr_exit(TR_A(shutdown));
}

static size_t living(void)
{
	tr_value all = tr_processes(tr_here());
	size_t n = tr_array_len(all);

	tr_drop(all);
	return n;
}

/* Everything that was linked to the scenario ends too. */
static bool as_few_live_as(size_t before)
{
	int64_t deadline = SOON;

	while (living() > before && tr_now() < deadline)
		tr_yield();
	return living() == before;
}

static void every_allocation_fails_once(tr_value which)
{
	size_t before = living();

	for (int64_t n = 0;; n++) {
		tr_spawn_options options = {.monitor = true};
		tr_value arg = TR_LIST(tr_keep(which), tr_int(n));
		tr_spawned s = tr_spawn_opt(run_scenario, arg, &options);
		tr_value down = tr_receive_ref(s.monitor, SOON);
		bool failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		THAT(tr_is_valid(down));
		tr_drop(down);
		if (!as_few_live_as(before))
			tr_exitf("failing allocation %lld left an actor behind", (long long)n);
		if (!failed) {
			THAT(n > 10); /* it did allocate */
			return;
		}
	}
}

static void each_scenario(void **state)
{
	/* The allocation that fails is one of this thread: its queue must not be handed on when the machine is slow. */
	tr_node_options options = {.schedulers = 1, .report = case_swallow_report, .long_handler_ns = 3600 * TR_SECOND};

	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		tr_value reason = tr_run(&options, every_allocation_fails_once, tr_int((int64_t)i));
		if (!TR_IS_A(reason, normal)) {
			tr_buf text = {0};
			tr_show(&text, reason, 2000);
			print_error("scenario %zu ended with %s\n", i, text.p);
			tr_buf_fini(&text);
		}
		assert_true(TR_IS_A(reason, normal));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_scenario)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
