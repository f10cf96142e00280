/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: levels, handlers, reports of the kernel, overload, and files. */
#include "tests/unit/behaviour/actor_case.h"

#include <troupe/codec.h>
#include <troupe/log.h>
#include <troupe/metrics.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct seen {
	tr_value records;
	int destroyed;
};

static void see(void *arg, tr_value record)
{
	struct seen *seen = arg;

	seen->records = tr_array_push(seen->records, tr_keep(record));
}

static void forget(void *arg)
{
	struct seen *seen = arg;

	seen->destroyed++;
}

static tr_node *start(const tr_logger_options *options)
{
	/* What is logged here is counted: no remarks of the watch on a slow machine. */
	tr_node_options node_options = {.schedulers = 2, .long_handler_ns = 1000 * TR_SECOND};
	tr_node *node = tr_node_start(&node_options, NULL);

	assert_non_null(node);
	assert_int_equal(tr_logger_start(node, options), TR_OK);
	return node;
}

static tr_value text_at(const struct seen *seen, size_t i)
{
	return tr_map_get_s(tr_array_at(seen->records, i), "text");
}

static void records_pass_by_level(void **state)
{
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	struct seen seen = {tr_array(), 0};
	tr_node *node = start(&options);

	(void)state;
	tr_node_log(node, TR_CRITICAL, tr_absent(), "nobody listens");
	assert_int_equal(tr_log_add_handler(node, "seen", TR_NOTICE, see, &seen, forget), TR_OK);
	assert_int_equal(tr_log_add_handler(node, "seen", TR_NOTICE, see, &seen, NULL), TR_EEXIST);
	for (int level = TR_DEBUG; level <= TR_CRITICAL; level++)
		tr_node_log(node, (tr_level)level, TR_DICT("n", tr_int(level), "text", tr_int(0)), "level %d", level);
	tr_log_flush(node);
	assert_int_equal(tr_array_len(seen.records), 4);
	for (size_t i = 0; i < 4; i++) {
		tr_value r = tr_array_at(seen.records, i);
		char want[16];
		snprintf(want, sizeof(want), "level %zu", i + TR_NOTICE);
		assert_string_equal(tr_as_cstr(text_at(&seen, i), ""), want);
		assert_int_equal(tr_as_int(tr_map_get_s(r, "n"), -1), (int64_t)i + TR_NOTICE);
		assert_true(tr_as_int(tr_map_get_s(r, "time_us"), 0) > INT64_C(1600000000000000));
		assert_true(tr_is_nil(tr_map_get_s(r, "pid")));
	}
	assert_string_equal(tr_as_cstr(tr_map_get_s(tr_array_at(seen.records, 2), "level"), ""), "error");
	assert_int_equal(tr_log_remove_handler(node, "seen"), TR_OK);
	assert_int_equal(seen.destroyed, 1);
	assert_int_equal(tr_log_remove_handler(node, "seen"), TR_ENOENT);
	tr_node_stop(&node);
	tr_drop(seen.records);
}

static void talker(tr_value arg)
{
	(void)arg;
	tr_register("talker", tr_self());
	tr_log(TR_WARNING, TR_DICT("key", tr_string("value")), "hello %s", "world");
	tr_log(TR_DEBUG, TR_DICT("key", tr_string("dropped")), "too low");
}

static void actors_are_named(void **state)
{
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	struct seen seen = {tr_array(), 0};
	tr_node *node = start(&options);

	(void)state;
	assert_int_equal(tr_log_add_handler(node, "seen", TR_INFO, see, &seen, NULL), TR_OK);
	tr_spawned s = tr_node_spawn(node, talker, tr_nil(), NULL);
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	tr_log_flush(node);
	assert_int_equal(tr_array_len(seen.records), 1);
	tr_value r = tr_array_at(seen.records, 0);
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "text"), ""), "hello world");
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "name"), ""), "talker");
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "key"), ""), "value");
	assert_true(tr_as_pid(tr_map_get_s(r, "pid")).bits == s.pid.bits);
	tr_node_stop(&node);
	tr_drop(seen.records);
}

static void crasher(tr_value arg)
{
	tr_exit(TR_LIST(TR_A(crash), tr_keep(arg)));
}

static void crashes_are_reported(void **state)
{
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	struct seen seen = {tr_array(), 0};
	tr_node *node = start(&options);

	(void)state;
	assert_int_equal(tr_log_add_handler(node, "seen", TR_ERROR, see, &seen, NULL), TR_OK);
	tr_spawn_options named = {.label = "the crasher"};
	tr_spawned s = tr_node_spawn(node, crasher, tr_string("why"), &named);
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	tr_log_flush(node);
	assert_int_equal(tr_array_len(seen.records), 1);
	tr_value r = tr_array_at(seen.records, 0);
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "report"), ""), "crash");
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "level"), ""), "error");
	assert_string_equal(tr_as_cstr(tr_map_get_s(r, "label"), ""), "the crasher");
	assert_string_equal(tr_as_cstr(tr_array_at(tr_map_get_s(r, "reason"), 1), ""), "why");
	tr_node_stop(&node);
	tr_drop(seen.records);
}

/* ---- overload
 * ------------------------------------------------------------------------------------------------------------ */

struct gate {
	_Atomic int open;
	_Atomic int reached;
	_Atomic long handled;
	_Atomic long dropped;
};

/* The first record holds the logger until the gate opens. */
static void hold(void *arg, tr_value record)
{
	struct gate *gate = arg;

	if (tr_is_valid(tr_map_get_s(record, "report")))
		return; /* the watch remarks that we hold the logger */
	atomic_store(&gate->reached, 1);
	while (!atomic_load(&gate->open))
		usleep(100);
	atomic_fetch_add(&gate->handled, 1);
	atomic_fetch_add(&gate->dropped, (long)tr_as_int(tr_map_get_s(record, "dropped"), 0));
}

static void overload_drops_the_unimportant_and_says_so(void **state)
{
	enum {
		LOGGED = 15000,
		IMPORTANT = 10
	};
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	struct gate gate = {0};
	tr_node *node = start(&options);

	(void)state;
	assert_int_equal(tr_log_add_handler(node, "gate", TR_DEBUG, hold, &gate, NULL), TR_OK);
	tr_node_log(node, TR_INFO, tr_absent(), "first");
	while (!atomic_load(&gate.reached))
		usleep(100);
	for (int i = 0; i < LOGGED; i++)
		tr_node_log(node, TR_INFO, tr_absent(), "record %d", i);
	for (int i = 0; i < IMPORTANT; i++)
		tr_node_log(node, TR_ERROR, tr_absent(), "important %d", i);
	atomic_store(&gate.open, 1);
	tr_log_flush(node);
	/* Everything was handled or counted; what was dropped is told in one record more. */
	assert_int_equal(atomic_load(&gate.dropped), LOGGED - 10000);
	assert_int_equal(atomic_load(&gate.handled), 1 + 10000 + IMPORTANT + 1);
	tr_metric *total = tr_counter(node, "troupe_log_dropped_total", "", NULL, 0);
	assert_true(tr_metric_value(total) == LOGGED - 10000);
	tr_node_stop(&node);
}

/* ---- files
 * --------------------------------------------------------------------------------------------------------------- */

static tr_value file_text(FILE *file)
{
	tr_buf text = {0};
	char part[4096];
	size_t n;

	rewind(file);
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		tr_buf_put(&text, part, n);
	return tr_string_buf(&text);
}

static void text_goes_to_the_file(void **state)
{
	FILE *file = tmpfile();
	tr_logger_options options = {.level = TR_INFO, .fd = fileno(file)};
	tr_node *node = start(&options);

	(void)state;
	for (int i = 0; i < 1000; i++)
		tr_node_log(node, TR_INFO, TR_DICT("i", tr_int(i)), "line");
	tr_node_log(node, TR_DEBUG, tr_absent(), "not this");
	tr_log_flush(node);
	tr_value text = file_text(file);
	const char *p = tr_as_cstr(text, "");
	for (int i = 0; i < 1000; i++) {
		char want[32];
		snprintf(want, sizeof(want), "line i=%d\n", i);
		p = strstr(p, want);
		assert_non_null(p);
	}
	assert_null(strstr(tr_as_cstr(text, ""), "not this"));
	assert_null(strstr(tr_as_cstr(text, ""), "\033"));
	tr_drop(text);
	tr_node_stop(&node);
	fclose(file);
}

static void json_is_one_object_a_line(void **state)
{
	FILE *file = tmpfile();
	tr_logger_options options = {.level = TR_INFO, .fd = fileno(file), .json = true};
	tr_node *node = start(&options);

	(void)state;
	tr_node_log(node, TR_NOTICE, TR_DICT("a", TR_LIST(tr_int(1), TR_A(ok))), "with \"quotes\"\nand lines");
	tr_node_log(node, TR_ERROR, tr_absent(), "second");
	tr_log_flush(node);
	tr_value text = file_text(file);
	tr_str all = tr_as_str(text);
	const char *end = memchr(all.p, '\n', all.n);
	assert_non_null(end);
	tr_value first = tr_json_read((tr_str){all.p, (size_t)(end - all.p)}, NULL, NULL);
	assert_string_equal(tr_as_cstr(tr_map_get_s(first, "text"), ""), "with \"quotes\"\nand lines");
	assert_string_equal(tr_as_cstr(tr_map_get_s(first, "level"), ""), "notice");
	assert_int_equal(tr_as_int(tr_array_at(tr_map_get_s(first, "a"), 0), 0), 1);
	tr_value second = tr_json_read((tr_str){end + 1, all.n - (size_t)(end - all.p) - 2}, NULL, NULL);
	assert_string_equal(tr_as_cstr(tr_map_get_s(second, "text"), ""), "second");
	assert_int_equal(all.p[all.n - 1], '\n');
	tr_drop(first);
	tr_drop(second);
	tr_drop(text);
	tr_node_stop(&node);
	fclose(file);
}

static void a_node_has_one_logger(void **state)
{
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	tr_node *node = start(&options);

	(void)state;
	assert_int_equal(tr_logger_start(node, &options), TR_EEXIST);
	tr_node_stop(&node);
}

ACTOR_CASE(without_a_logger_nothing_happens)
{
	tr_log(TR_CRITICAL, TR_DICT("a", tr_string("b")), "nobody");
	THAT(tr_log_add_handler(tr_here(), "x", TR_INFO, see, NULL, NULL) == TR_ENOENT);
}

/* Handlers and the rest survive a restart of the logger's actor. */
ACTOR_CASE(handlers_survive_a_restart)
{
	tr_logger_options options = {.level = TR_INFO, .fd = -1};
	tr_value arg = tr_logger_arg(&options);
	struct seen seen = {tr_array(), 0};

	tr_trap_exit(true);
	tr_started first = tr_logger_start_link(arg, tr_absent());
	THAT(tr_log_add_handler(tr_here(), "seen", TR_INFO, see, &seen, forget) == TR_OK);
	tr_log(TR_INFO, tr_absent(), "before");
	THAT(tr_stop(first.pid, TR_A(shutdown), SOON) == TR_OK);
	THAT(tr_array_len(seen.records) == 1); /* what was logged before the end was handled */
	tr_log(TR_INFO, tr_absent(), "between");
	tr_started second = tr_logger_start_link(arg, tr_absent());
	THAT(second.pid.bits != 0);
	tr_log(TR_INFO, tr_absent(), "after");
	THAT(tr_log_remove_handler(tr_here(), "seen") == TR_OK);
	THAT(seen.destroyed == 1);
	THAT(tr_array_len(seen.records) == 2);
	THAT(tr_str_is(tr_as_str(text_at(&seen, 1)), "after"));
	tr_drop(seen.records);
	tr_drop(arg);
	THAT(tr_stop(second.pid, TR_A(normal), SOON) == TR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(records_pass_by_level),      cmocka_unit_test(actors_are_named),
	    cmocka_unit_test(crashes_are_reported),       cmocka_unit_test(overload_drops_the_unimportant_and_says_so),
	    cmocka_unit_test(text_goes_to_the_file),      cmocka_unit_test(json_is_one_object_a_line),
	    cmocka_unit_test(a_node_has_one_logger),      cmocka_unit_test(without_a_logger_nothing_happens),
	    cmocka_unit_test(handlers_survive_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
