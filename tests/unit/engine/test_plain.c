/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step run's command that is called plain is not searched for what loads itself: a reference to a result, a loop's
 * manifest, where a secret is. However such a thing got in, no command from then on may be called so.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/event/step_command.h"
#include "tests/unit/engine/driver.h"

#define HEAD "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define TWO                                                                                                           \
	HEAD "workload: {given: null}\nworkflow:\n- step: one\n  tool: [{big: {kind: noop}}, {last: {kind: noop}}]\n" \
	     "  next: two\n- step: two\n  tool: {kind: noop, x: \"{{ one.big }}\"}\n"

#define SECRET   "{\"kind\": \"secret_ref\", \"input\": {\"name\": \"x\"}}"
#define MANIFEST "{\"kind\": \"manifest\", \"parts\": []}"
#define RESULT   "{\"kind\": \"result_ref\", \"ref\": \"noetl://x\"}"

static bool is_plain(const machine *m, uint64_t run)
{
	step_command c;

	assert_int_equal(machine_command(m, run, &c), TR_OK);
	bool plain = c.plain;
	step_command_fini(&c);
	return plain;
}

static bool plain_at(driver *d, const char *step)
{
	return is_plain(d->live, driver_run(d, step));
}

static void what_is_small_is_plain(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, TWO, "{\"given\": {\"kind\": \"order\", \"lines\": [{\"kind\": \"secret\"}]}}");
	assert_true(plain_at(&d, "one"));
	driver_task(&d, "one", "big", "{\"status\": \"success\", \"result\": {\"kind\": \"book\"}}");
	driver_patch(&d, "one", "{\"seen\": [1, 2]}");
	driver_done_vars(&d, "one", "{\"n\": 1}", "{\"v.w\": 1}");
	assert_true(plain_at(&d, "two"));
	/* What a snapshot was made of is not known any more. */
	machine *restored = driver_restore(&d, d.live);
	assert_false(is_plain(restored, driver_run(&d, "two")));
	machine_free(&restored);
	driver_fini(&d);
}

static void what_loads_itself_is_seen_in_results(void **state)
{
	static const char *const results[] = {SECRET, RESULT, "{\"a\": [1, " MANIFEST "]}",
					      "{\"a\": {\"b\": " SECRET "}}"};

	(void)state;
	for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
		driver d;

		driver_init(&d, TWO, NULL);
		driver_done(&d, "one", results[i]);
		assert_false(plain_at(&d, "two"));
		driver_fini(&d);
	}
}

static void and_in_the_result_of_a_task(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, TWO, NULL);
	driver_task(&d, "one", "big", "{\"status\": \"success\", \"result\": " RESULT "}");
	driver_done(&d, "one", "1");
	assert_false(plain_at(&d, "two"));
	driver_fini(&d);
}

static void and_in_what_is_written(void **state)
{
	static const struct {
		const char *ctx, *vars;
	} writes[] = {{"{\"a\": " SECRET "}", NULL},
		      {NULL, "{\"a\": {\"b\": " RESULT "}}"},
		      {"{\"a.kind\": \"manifest\", \"a.parts\": []}", NULL},
		      {NULL, "{\"a.kind\": \"secret_ref\", \"a.input\": {\"name\": \"x\"}}"}};

	(void)state;
	for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
		driver d;

		driver_init(&d, TWO, NULL);
		if (writes[i].ctx != NULL)
			driver_patch(&d, "one", writes[i].ctx);
		driver_done_vars(&d, "one", "1", writes[i].vars != NULL ? writes[i].vars : "{}");
		assert_false(plain_at(&d, "two"));
		driver_fini(&d);
	}
}

static void and_in_the_payload(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, TWO, "{\"given\": " SECRET "}");
	assert_false(plain_at(&d, "one"));
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_small_is_plain),      cmocka_unit_test(what_loads_itself_is_seen_in_results),
	    cmocka_unit_test(and_in_the_result_of_a_task), cmocka_unit_test(and_in_what_is_written),
	    cmocka_unit_test(and_in_the_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
