/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of tools an execution may still come to need. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <stdio.h>

#define HEAD        "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define NOOP(name)  "- step: " name "\n  tool: {kind: noop}\n"
#define SHELL(name) "- step: " name "\n  tool: {kind: shell, cmds: [x]}\n"

static bool all_but(void *arg, tr_str kind)
{
	return !tr_str_is(kind, arg);
}

/* The step and the kind, "" when nothing is missing. */
static void check(driver *d, const char *missing, const char *step)
{
	const machine_kinds kinds = {all_but, (void *)(uintptr_t)missing};
	tr_str at, kind;
	char text[100];

	assert_int_equal(machine_lacks(d->live, &kinds, &at, &kind), TR_OK);
	(void)snprintf(text, sizeof text, "%.*s", TR_STR(at));
	assert_string_equal(text, step);
	(void)snprintf(text, sizeof text, "%.*s", TR_STR(kind));
	assert_string_equal(text, *step == '\0' ? "" : missing);
}

static void what_lies_ahead_is_needed_and_what_lies_behind_is_not(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" NOOP("a") "  next: b\n" SHELL("b") "  next: c\n" NOOP("c"), NULL);
	check(&d, "shell", "b");
	check(&d, "http", "");
	driver_done(&d, "a", NULL);
	check(&d, "shell", "b");
	driver_done(&d, "b", NULL);
	check(&d, "shell", "");
	check(&d, "noop", "c");
	driver_done(&d, "c", NULL);
	check(&d, "noop", "");
	driver_fini(&d);
}

static void before_it_has_begun_all_that_can_be_reached(void **state)
{
	driver d;

	(void)state;
	driver_load(&d, HEAD "workflow:\n" NOOP("a") "  next: b\n" SHELL("b"));
	check(&d, "shell", "b");
	driver_fini(&d);
}

static void a_way_back_leads_there_again(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" SHELL("a") "  next: b\n" NOOP("b") "  next: [{step: a, when: \"{{ no }}\"}]\n",
		    NULL);
	driver_done(&d, "a", NULL);
	check(&d, "shell", "a");
	driver_fini(&d);
}

static void the_final_step_comes_whatever_happens(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "executor: {spec: {final_step: last}}\nworkflow:\n" NOOP("a") SHELL("last"), NULL);
	check(&d, "shell", "last");
	driver_fini(&d);
}

static void a_task_of_the_workbook_may_be_any_entry(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD
		    "workbook:\n- {name: one, kind: noop}\n- {name: two, kind: shell, cmds: [x]}\nworkflow:\n" NOOP(
			"a") "  next: b\n- step: b\n  tool: {kind: workbook, name: \"{{ which }}\"}\n",
		    NULL);
	check(&d, "shell", "b");
	check(&d, "workbook", ""); /* it is the language's own */
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_lies_ahead_is_needed_and_what_lies_behind_is_not),
	    cmocka_unit_test(before_it_has_begun_all_that_can_be_reached),
	    cmocka_unit_test(a_way_back_leads_there_again),
	    cmocka_unit_test(the_final_step_comes_whatever_happens),
	    cmocka_unit_test(a_task_of_the_workbook_may_be_any_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
