/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind python against real interpreters: results, errors, values, ends. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "plugins/actions/python/codec.h"
#include "plugins/actions/python/python.h"
#include "plugins/host/command.h"
#include "world.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>

static world w;

static int start(void **state)
{
	const builtin b = {python_manifest, &python_plugin, true};
	static builtin kept;

	(void)state;
	kept = b;
	plugin_host_options options = {
	    .builtins = &kept, .builtin_count = 1, .config = TR_DICT("python", TR_DICT("workers", tr_int(1)))};
	tr_value reason = world_start(&w, &options);
	tr_drop(options.config);
	assert_false(tr_is_valid(reason));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	world_stop(&w);
	return 0;
}

/* For tests that look for the one interpreter: a world of their own, with a fresh one. */
static world shared;

static int start_alone(void **state)
{
	shared = w;
	return start(state);
}

static int stop_alone(void **state)
{
	stop(state);
	w = shared;
	return 0;
}

/* Run code with inputs (taken). */
static tr_value python(const char *code, tr_value args)
{
	return world_run_in(
	    &w, "python", TR_DICT("code", tr_string(code), "args", args),
	    TR_DICT("execution_id", tr_string("123"), "step", tr_string("s"), "label", tr_string("t"), "scope",
		    TR_DICT("workload", TR_DICT("w", tr_int(9)), "args", TR_DICT("from_step", tr_int(4)))));
}

/* The result of code that must succeed; fresh. */
static tr_value result_of(const char *code, tr_value args)
{
	tr_value o = python(code, args);

	if (!succeeded(o))
		show(code, o);
	assert_true(succeeded(o));
	tr_value r = tr_keep(tr_map_get_s(o, "result"));
	tr_drop(o);
	return r;
}

static void check_int(const char *code, int64_t expected)
{
	tr_value r = result_of(code, TR_DICT("x", tr_int(20), "y", tr_int(1)));

	if (tr_as_int(r, -1) != expected)
		show(code, r);
	assert_int_equal(tr_as_int(r, -1), expected);
	tr_drop(r);
}

static void check_json(const char *code, const char *expected)
{
	tr_value r = result_of(code, TR_DICT("x", tr_int(20)));
	tr_value text = tr_json_string(r, TR_JSON_COMPACT);

	assert_string_equal(tr_as_cstr(text, ""), expected);
	tr_drop(text);
	tr_drop(r);
}

/* ---- results
 * -----------------------------------------------------------------------------------------------------------------------
 */

static void finds_the_result(void **state)
{
	(void)state;
	check_int("return x + y", 21);
	check_int("x = x + 1\nif y:\n    return x\nreturn 0", 21);
	check_int("result = x * 2", 40);
	check_int("def main(x, y, z=5):\n    return x + y + z", 26);
	check_int("def main(*, x):\n    return x", 20);
	check_int("def main(**kw):\n    return kw['x'] + kw['from_step']", 24);
	check_int("def main(inputs):\n    return inputs['x']", 20);
	check_int("async def main(x):\n    import asyncio\n    await asyncio.sleep(0)\n    return x", 20);
	check_int("import asyncio\nawait asyncio.sleep(0)\nreturn 3", 3);
	check_int("def main(workload, execution_id, context):\n    return workload['w'] + int(execution_id)", 132);
	check_int("return input_data['x'] + args['y'] + from_step + context['workload']['w']", 34);
	check_int("class A:\n    n: int = 3\n    def f(self):\n        return self.n\nreturn A().f()", 3);
	check_int("n: int = 0\nfor i in range(4):\n    n += i\ndef f():\n    return n\nreturn f()", 6);
	check_int("if False:\n    return 1\nresult = 8", 8);
	check_int(
	    "return json.loads('[5]')[0] + len(str(uuid.UUID(int=0))) + datetime.date(2020, 1, 2).day + len(os.sep)",
	    44);
	tr_value r = result_of("x = 1", tr_map());
	assert_true(tr_is_nil(r));
	r = result_of("pass", TR_DICT("result", tr_int(3))); /* an input of this name is not the code's doing */
	assert_true(tr_is_nil(r));
}

static void imports_libraries(void **state)
{
	(void)state;
	tr_value o = world_run(
	    &w, "python",
	    TR_DICT("code", tr_string("return [m.sqrt(4), path.basename('/a/b'), collections.__name__]"), "libs",
		    TR_LIST(tr_string("math as m"), tr_string("os.path as path"), tr_string("collections"))));
	if (!succeeded(o))
		show("libs", o);
	assert_true(tr_str_is(tr_as_str(tr_array_at(tr_map_get_s(o, "result"), 1)), "b"));
	tr_drop(o);
}

static void keeps_what_is_printed(void **state)
{
	(void)state;
	tr_value o = python("import sys\nprint('hello')\nsys.stderr.write('oops')\nresult = 1", tr_map());
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "py", "stdout")), "hello\n"));
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "py", "stderr")), "oops"));
	tr_drop(o);
	o = python("print('x' * 1000000)\nresult = 1", tr_map());
	assert_true(succeeded(o));
	assert_int_equal(tr_as_str(TR_GET(o, "py", "stdout")).n, 65536);
	assert_int_equal(tr_as_int(TR_GET(o, "py", "stdout_cut"), 0), 1000001 - 65536);
	tr_drop(o);
}

static void tasks_do_not_see_each_other(void **state)
{
	(void)state;
	check_int(
	    "leak = 1\nos.environ['LEAK'] = 'x'\nos.chdir('/')\nimport sys\nsys.path.insert(0, '/leak')\nreturn 1", 1);
	check_int("import sys\nreturn int('leak' in globals()) + int('LEAK' in os.environ) + int(os.getcwd() == '/')"
		  " + int('/leak' in sys.path)",
		  0);
}

static void hides_the_environment(void **state)
{
	(void)state;
	setenv("TROUPE_TEST_SECRET", "hush", 1);
	tr_value r =
	    result_of("return os.environ.get('TROUPE_TEST_SECRET', 'hidden') + str('PATH' in os.environ)", tr_map());
	assert_true(tr_str_is(tr_as_str(r), "hiddenTrue"));
	tr_drop(r);
	unsetenv("TROUPE_TEST_SECRET");
}

/* ---- values
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void converts_results(void **state)
{
	(void)state;
	check_json("return [None, True, 1.5, (1, 2), {3, 1, 2}]", "[null,true,1.5,[1,2],[1,2,3]]");
	check_json("return [2**63 - 1, -2**63]", "[9223372036854775807,-9223372036854775808]");
	check_json("return [2**63]", "[\"9223372036854775808\"]");
	check_json("return [datetime.datetime(2020, 1, 2, 3, 4, 5), datetime.date(2020, 1, 2), "
		   "datetime.timedelta(seconds=90)]",
		   "[\"2020-01-02T03:04:05\",\"2020-01-02\",90.0]");
	check_json("import decimal, enum, dataclasses\nclass E(enum.Enum):\n    A = 5\n@dataclasses.dataclass\nclass "
		   "D:\n    n: int\n"
		   "return [decimal.Decimal('1.10'), E.A, D(3), uuid.UUID(int=1), range(3), {1: 2}.keys()]",
		   "[\"1.10\",5,{\"n\":3},\"00000000-0000-0000-0000-000000000001\",[0,1,2],[1]]");
	check_json("return '\\u00e9\\U0001F600'", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
	check_json("return '\\ud800!'", "\"?!\"");
}

/* What goes in comes out the same, whatever JSON thinks of it. */
static void round_trips_values(void **state)
{
	tr_value v =
	    TR_LIST(tr_nil(), tr_bool(true), tr_int(INT64_MIN), tr_float(0.1), tr_float((double)INFINITY),
		    tr_float((double)NAN), tr_string("a\"\\\n\xc3\xa9"), tr_binary("\0\xff", 2),
		    tr_map_put(tr_map(), tr_int(1), tr_string("one")),
		    TR_DICT("$troupe", TR_LIST(tr_string("bytes"), tr_string("no tag"))), tr_array(), tr_map());

	(void)state;
	tr_value r = result_of("return x", TR_DICT("x", tr_keep(v)));
	if (!tr_equal(r, v))
		show("came back", r);
	assert_true(tr_equal(r, v));
	tr_drop(r);
	tr_drop(v);
	r = result_of("return [type(x).__name__, len(x)]", TR_DICT("x", tr_binary("abc", 3)));
	assert_true(tr_str_is(tr_as_str(tr_array_at(r, 0)), "bytes"));
	tr_drop(r);
}

static void refuses_damaged_frames(void **state)
{
	static const char *const frames[] = {"",
					     "x{}",
					     "p",
					     "p{",
					     "t{\"$troupe\": [\"what\", 1]}",
					     "t{\"$troupe\": [\"map\", [1]]}",
					     "t{\"$troupe\": [\"bytes\", \"!!\"]}"};
	char why[200];

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		tr_value v = python_read(tr_s(frames[i]), why, sizeof(why));
		if (tr_is_valid(v))
			fail_msg("%s was read", frames[i]);
	}
}

/* ---- errors
 * -------------------------------------------------------------------------------------------------------------------------
 */

static void an_exception_is_an_error(void **state)
{
	(void)state;
	tr_value o = python("def f():\n    raise ValueError('bad')\n\nf()", tr_map());
	assert_string_equal(error_kind(o), "exception");
	assert_string_equal(error_message(o), "ValueError: bad (line 2)");
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "error", "code")), "ValueError"));
	const char *trace = tr_as_cstr(TR_GET(o, "py", "traceback"), "");
	assert_non_null(strstr(trace, "File \"s/t\", line 4"));
	assert_non_null(strstr(trace, "raise ValueError('bad')"));
	assert_null(strstr(trace, "<troupe>")); /* the driver's own frames are nobody's business */
	assert_true(tr_str_is(tr_as_str(TR_GET(o, "py", "exception")), "ValueError"));
	tr_drop(o);
	o = python("x = 1\nreturn 1 / 0", tr_map()); /* lines stay right when the code is wrapped for its return */
	assert_int_equal(tr_as_int(TR_GET(o, "py", "line"), 0), 2);
	tr_drop(o);
}

static void names_other_errors(void **state)
{
	static const struct {
		const char *code, *kind, *says;
	} cases[] = {
	    {"x = (", "syntax", "line 1"},
	    {"x = 1\nyield x", "syntax", "'yield' outside function"},
	    {"return object()", "result", "class object"},
	    {"a = []\na.append(a)\nreturn a", "result", "holds itself"},
	    {"def main(p, q):\n    return 1", "exception", "main() needs p, q"},
	    {"import sys\nsys.exit(3)", "exception", "SystemExit: 3"},
	    {"import not_a_module_at_all", "exception", "ModuleNotFoundError"},
	    {"def f():\n    return f()\nf()", "exception", "RecursionError"},
	    {"return {'status': 'error', 'message': 'said so'}", "python", "said so"},
	    {"return {'status': 'error', 'error': {'kind': 'mine', 'message': 'm'}}", "mine", "m"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tr_value o = python(cases[i].code, tr_map());
		if (strcmp(error_kind(o), cases[i].kind) != 0 || strstr(error_message(o), cases[i].says) == NULL)
			show(cases[i].code, o);
		assert_string_equal(error_kind(o), cases[i].kind);
		assert_non_null(strstr(error_message(o), cases[i].says));
		tr_drop(o);
	}
	tr_value o = world_run(&w, "python", TR_DICT("args", tr_map()));
	assert_string_equal(error_kind(o), "input");
	tr_drop(o);
	o = world_run(&w, "python", TR_DICT("file", tr_string("/does/not/exist.py")));
	assert_string_equal(error_kind(o), "input");
	assert_non_null(strstr(error_message(o), "/does/not/exist.py"));
	tr_drop(o);
}

/* ---- ends
 * ---------------------------------------------------------------------------------------------------------------------------
 */

static void a_killed_interpreter_is_replaced(void **state)
{
	(void)state;
	tr_value first = result_of("return os.getpid()", tr_map());
	tr_value o = python("import signal\nos.kill(os.getpid(), signal.SIGKILL)", tr_map());
	assert_string_equal(error_kind(o), "crash");
	assert_true(tr_as_bool(TR_GET(o, "error", "retryable"), false));
	assert_non_null(strstr(error_message(o), "killed by signal 9"));
	tr_drop(o);
	tr_value second = result_of("return os.getpid()", tr_map());
	assert_true(tr_as_int(first, 0) != tr_as_int(second, 0));
	o = python("os._exit(7)", tr_map());
	assert_non_null(strstr(error_message(o), "status 7"));
	tr_drop(o);
	check_int("return 5", 5);
}

/* [reply_to] */
static void wait_and_tell(tr_value arg)
{
	tr_ref ref = command_send("python", TR_DICT("code", tr_string("import time\ntime.sleep(60)")));

	tr_send(tr_as_pid(arg), TR_LIST(tr_atom("outcome"), command_wait(ref)));
}

/* The interpreter that a worker of this pool notes, as soon as there is one. */
static int64_t find_interpreter(void)
{
	for (;;) {
		tr_value all = tr_processes(tr_here());
		int64_t os_pid = 0;
		for (size_t i = 0; os_pid == 0 && i < tr_array_len(all); i++) {
			tr_value info = tr_info(tr_here(), tr_as_pid(tr_array_at(all, i)));
			os_pid = tr_as_int(TR_GET(info, "note", "interpreter"), 0);
			tr_drop(info);
		}
		tr_drop(all);
		if (os_pid != 0)
			return os_pid;
		tr_yield();
	}
}

/* Killed from outside while its task sleeps. */
static tr_value kill_from_outside(tr_value arg)
{
	(void)arg;
	tr_spawn(wait_and_tell, tr_pid_value(tr_self()));
	kill((pid_t)find_interpreter(), SIGKILL);
	tr_value m = tr_receive(tr_in(30 * TR_SECOND)), outcome = tr_keep(tr_array_at(m, 1));
	tr_drop(m);
	return outcome;
}

static void a_kill_in_the_middle_is_told(void **state)
{
	(void)state;
	tr_value o = world_do(&w, kill_from_outside, tr_nil());
	assert_string_equal(error_kind(o), "crash");
	assert_non_null(strstr(error_message(o), "killed by signal 9"));
	tr_drop(o);
	check_int("return 5", 5);
}

static void ends_a_task_past_its_time(void **state)
{
	(void)state;
	tr_value o = world_run(&w, "python", TR_DICT("code", tr_string("while True: pass"), "timeout", tr_float(0.1)));
	assert_string_equal(error_kind(o), "timeout");
	tr_drop(o);
	check_int("return 5", 5);
}

/* Cancelled: the interpreter is really gone. */
static tr_value cancel_and_look(tr_value arg)
{
	(void)arg;
	tr_ref ref = command_send("python", TR_DICT("code", tr_string("import time\ntime.sleep(60)")));
	int64_t os_pid = find_interpreter();
	tr_send_name("command.python", command_cancel(ref));
	tr_value outcome = command_wait(ref);
	int64_t end = tr_in(60 * TR_SECOND);
	while (kill((pid_t)os_pid, 0) == 0 && tr_now() < end)
		tr_yield();
	return TR_LIST(outcome, tr_bool(kill((pid_t)os_pid, 0) != 0));
}

static void cancel_reaches_the_interpreter(void **state)
{
	(void)state;
	tr_value v = world_do(&w, cancel_and_look, tr_nil());
	assert_string_equal(error_kind(tr_array_at(v, 0)), "cancelled");
	assert_true(tr_as_bool(tr_array_at(v, 1), false));
	tr_drop(v);
	check_int("return 5", 5);
}

static void limits_memory(void **state)
{
	(void)state;
	tr_value o = world_run(
	    &w, "python", TR_DICT("code", tr_string("x = bytearray(1 << 30)"), "memory", tr_int((int64_t)400 << 20)));
	assert_string_equal(error_kind(o), "memory");
	tr_drop(o);
	check_int("return 5", 5);
}

/* Many tasks at once over one interpreter: all are answered. */
static tr_value many(tr_value arg)
{
	enum {
		N = 200
	};
	static tr_ref refs[N];
	int64_t sum = 0;

	(void)arg;
	for (int i = 0; i < N; i++)
		refs[i] =
		    command_send("python", TR_DICT("code", tr_string("return x"), "args", TR_DICT("x", tr_int(i))));
	for (int i = 0; i < N; i++) {
		tr_value o = command_wait(refs[i]);
		sum += tr_as_int(tr_map_get_s(o, "result"), 1000000);
		tr_drop(o);
	}
	return tr_int(sum);
}

static void queues_tasks(void **state)
{
	(void)state;
	tr_value v = world_do(&w, many, tr_nil());
	assert_int_equal(tr_as_int(v, 0), 199 * 200 / 2);
	tr_drop(v);
}

static void says_when_there_is_no_python(void **state)
{
	static const builtin b = {python_manifest, &python_plugin, true};
	world other;
	plugin_host_options options = {.builtins = &b,
				       .builtin_count = 1,
				       .config = TR_DICT("python", TR_DICT("python", tr_string("no-such-python")))};

	(void)state;
	assert_false(tr_is_valid(world_start(&other, &options)));
	tr_drop(options.config);
	tr_value o = world_run(&other, "python", TR_DICT("code", tr_string("return 1")));
	assert_false(succeeded(o));
	assert_non_null(strstr(error_message(o), "no-such-python"));
	tr_drop(o);
	world_stop(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_the_result),
	    cmocka_unit_test(imports_libraries),
	    cmocka_unit_test(keeps_what_is_printed),
	    cmocka_unit_test(tasks_do_not_see_each_other),
	    cmocka_unit_test(hides_the_environment),
	    cmocka_unit_test(converts_results),
	    cmocka_unit_test(round_trips_values),
	    cmocka_unit_test(refuses_damaged_frames),
	    cmocka_unit_test(an_exception_is_an_error),
	    cmocka_unit_test(names_other_errors),
	    cmocka_unit_test(a_killed_interpreter_is_replaced),
	    cmocka_unit_test(ends_a_task_past_its_time),
	    cmocka_unit_test(limits_memory),
	    cmocka_unit_test(queues_tasks),
	    cmocka_unit_test(says_when_there_is_no_python),
	    cmocka_unit_test_setup_teardown(a_kill_in_the_middle_is_told, start_alone, stop_alone),
	    cmocka_unit_test_setup_teardown(cancel_reaches_the_interpreter, start_alone, stop_alone),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
