/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay: the driver compares the live state with the replayed one after every event of every test; here a log is cut
 * at every place, taken up from there, and must end as it would have without the cut. Random workflows do the same in
 * bulk.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/testing.h>

#define HEAD       "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name) "- step: " name "\n  tool: {kind: noop}\n"
#define FORK(name) "- step: " name "\n  spec: {next_mode: inclusive}\n  tool: {kind: noop}\n"

/* A worker whose doings depend on the step and the run alone, so that any order of the same runs gives the same. */
struct worker {
	driver *d;
	uint64_t id;
	uint32_t attempt, step;
};

static void any_run(void *arg, uint64_t id, uint32_t attempt, uint32_t step)
{
	struct worker *w = arg;

	if (w->id == 0) {
		w->id = id;
		w->attempt = attempt;
		w->step = step;
	}
}

static bool starts(const driver *d, uint32_t step, const char *with)
{
	return strncmp(d->book->steps[step].name.p, with, strlen(with)) == 0;
}

/* One report of the oldest step run; false when none is in flight. */
static bool work_once(driver *d)
{
	struct worker w = {.d = d};
	char payload[200];

	machine_each_run(d->live, any_run, &w);
	if (w.id == 0)
		return false;
	if (starts(d, w.step, "fail")) {
		assert_int_equal(driver_report(d, w.id, w.attempt, EVENT_STEP_FAILED,
					       "{\"error\": {\"kind\": \"test\", \"message\": \"as asked\"}}"),
				 TR_OK);
		return true;
	}
	if (starts(d, w.step, "write")) {
		(void)snprintf(
		    payload, sizeof payload,
		    "{\"label\": \"t\", \"outcome\": {\"status\": \"success\"}, \"directive\": \"continue\", "
		    "\"ctx\": {\"%.*s\": true}}",
		    (int)d->book->steps[w.step].name.n, d->book->steps[w.step].name.p);
		assert_int_equal(driver_report(d, w.id, w.attempt, EVENT_TASK_PROCESSED, payload), TR_OK);
	}
	(void)snprintf(payload, sizeof payload, "{\"result\": {\"n\": %u}}", w.step);
	assert_int_equal(driver_report(d, w.id, w.attempt, EVENT_STEP_DONE, payload), TR_OK);
	return true;
}

static void work(driver *d)
{
	while (work_once(d))
		continue;
}

/* A driver whose machines have the first n events of another's; the one that decides may have them by way of the state
 * after them. */
static void driver_cut_by(driver *cut, driver *whole, const char *yaml, size_t n, bool by_state)
{
	machine *m = driver_replay(whole, n);

	driver_load(cut, yaml);
	machine_free(&cut->live);
	machine_free(&cut->replayed);
	cut->live = by_state ? driver_restore(whole, m) : driver_replay(whole, n);
	machine_free(&m);
	cut->replayed = driver_replay(whole, n);
	cut->ids = (id_generator){.last = whole->events[n - 1].event_id};
	assert_int_equal(machine_recover(cut->live, &cut->world, &cut->sink), TR_OK);
}

static void driver_cut(driver *cut, driver *whole, const char *yaml, size_t n)
{
	driver_cut_by(cut, whole, yaml, n, false);
}

/* Taken up from the state after n events, the execution goes on to the bit as it does after a replay of them. */
static void assert_same_by_state(driver *cut, driver *whole, const char *yaml, size_t n)
{
	driver other;

	driver_cut_by(&other, whole, yaml, n, true);
	work(&other);
	assert_int_equal(cut->event_count, other.event_count);
	for (size_t i = 0; i < cut->event_count; i++) {
		tr_value a = event_to_value(&cut->events[i]), b = event_to_value(&other.events[i]);

		assert_true(tr_equal(a, b));
		tr_drop(a);
		tr_drop(b);
	}
	driver_fini(&other);
}

/* Everything but times, attempts and order of failures. */
static void assert_same_end(driver *a, driver *b)
{
	static const char *const keys[] = {"status", "result", "ctx", "vars", "workload"};
	tr_value x = machine_summary(a->live), y = machine_summary(b->live);

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		assert_true(tr_equal(tr_map_get_s(x, keys[i]), tr_map_get_s(y, keys[i])));
	tr_value steps = tr_map_get_s(x, "steps"), other = tr_map_get_s(y, "steps");
	assert_int_equal(tr_map_len(steps), tr_map_len(other));
	for (size_t i = 0; i < tr_map_len(steps); i++) {
		const tr_entry *e = &tr_map_entries(steps)[i];

		assert_true(tr_equal(e->value, tr_map_get(other, e->key)));
	}
	assert_int_equal(tr_array_len(tr_map_get_s(x, "failures")), tr_array_len(tr_map_get_s(y, "failures")));
	tr_drop(x);
	tr_drop(y);
}

static void cut_everywhere(const char *yaml, const char *payload)
{
	driver whole;

	driver_init(&whole, yaml, payload);
	work(&whole);
	assert_true(whole.finished);
	for (size_t n = 1; n < whole.event_count; n++) {
		driver cut;

		driver_cut(&cut, &whole, yaml, n);
		work(&cut);
		assert_int_equal(machine_phase_of(cut.live), MACHINE_FINISHED);
		assert_same_end(&whole, &cut);
		assert_same_by_state(&cut, &whole, yaml, n);
		driver_fini(&cut);
	}
	driver_fini(&whole);
}

static void chain_cut_anywhere_ends_the_same(void **state)
{
	(void)state;
	cut_everywhere(
	    HEAD "workload: {a: 1, b: \"{{ a + 1 }}\"}\nworkflow:\n" STEP(
		"one") "  next: [{step: write_two, args: {n: 1}}]\n" STEP("write_two") "  next: [{step: three, args: "
										       "{x: \"{{ write_two.n "
										       "}}\"}}]\n" STEP("three"),
	    "{\"a\": 5}");
}

static void diamond_cut_anywhere_ends_the_same(void **state)
{
	(void)state;
	cut_everywhere(
	    HEAD "workflow:\n" FORK("split") "  next: [{step: a, args: {x: 1}}, {step: write_b, args: {x: 2}}]\n" STEP(
		"a") "  next: [{step: meet, args: {a: 1}}]\n" STEP("write_b") "  next: [{step: meet, args: {b: "
									      "1}}]\n" STEP("meet") "  when: \"{{ "
												    "ctx.write_b "
												    "}}\"\n",
	    NULL);
}

static void failures_and_the_final_step_cut_anywhere_end_the_same(void **state)
{
	(void)state;
	cut_everywhere(HEAD "executor: {spec: {final_step: last, on_failure: partial}}\nworkflow:\n" FORK(
			   "split") "  next: [a, fail_b, fail_c]\n" STEP("a") STEP("fail_b")
			   STEP("fail_c") "  next: [{step: mend, when: \"{{ event.name == 'step.failed' }}\"}]\n" STEP(
			       "mend") STEP("last"),
		       NULL);
}

static void fail_fast_cut_anywhere_ends_the_same(void **state)
{
	(void)state;
	cut_everywhere(HEAD "executor: {spec: {on_failure: fail_fast}}\nworkflow:\n" FORK(
			   "split") "  next: [fail_b, a]\n" STEP("fail_b") STEP("a") "  next: c\n" STEP("c"),
		       NULL);
}

static void writes_along_arcs_cut_anywhere_end_the_same(void **state)
{
	(void)state;
	cut_everywhere(HEAD "workflow:\n" STEP(
			   "one") "  next:\n    spec: {mode: inclusive}\n    arcs:\n    - {step: two, set: {ctx.n: "
				  "\"{{ one.n + 1 }}\"}}\n    - {step: three, set: {step.v: 2}}\n" STEP("two")
				      STEP("three"),
		       NULL);
}

static void pending_tokens_cut_anywhere_end_the_same(void **state)
{
	(void)state;
	cut_everywhere(
	    HEAD "workflow:\n" FORK("split") "  next: [w, never, write_x]\n" STEP(
		"w") "  when: \"{{ ctx.write_x }}\"\n" STEP("never") "  when: \"{{ ctx.no }}\"\n" STEP("write_x"),
	    NULL);
}

static void recovered_step_runs_get_the_next_attempt(void **state)
{
	const char *yaml = HEAD "workflow:\n" FORK("split") "  next: [a, b]\n" STEP("a") STEP("b");
	driver whole, cut;

	(void)state;
	driver_init(&whole, yaml, NULL);
	driver_done(&whole, "split", NULL);
	driver_done(&whole, "a", NULL);
	uint64_t run = driver_run(&whole, "b");
	driver_cut(&cut, &whole, yaml, whole.event_count);
	assert_int_equal(driver_effects(&cut, MACHINE_RUN), 1); /* a is done and is not run again */
	assert_int_equal(cut.effects[0].step_run_id, run);
	assert_int_equal(cut.effects[0].attempt, 2);
	/* The old owner is fenced off, the new one is heard. */
	assert_int_equal(driver_report(&cut, run, 1, EVENT_STEP_DONE, "{}"), TR_ENOENT);
	assert_int_equal(driver_report(&cut, run, 2, EVENT_STEP_DONE, "{}"), TR_OK);
	assert_int_equal(machine_phase_of(cut.live), MACHINE_FINISHED);
	driver_fini(&cut);
	driver_fini(&whole);
}

static void loop_positions_and_attempts_are_replayed(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, HEAD "workflow:\n" STEP("one") "  loop: {in: [1, 2, 3], iterator: i}\n", NULL);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_STEP_STARTED, "{\"step\": \"one\", \"worker\": \"w\"}"), TR_OK);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_LOOP_STARTED, "{\"count\": 3, \"mode\": \"sequential\"}"),
			 TR_OK);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_ITERATION_STARTED, "{}"), TR_OK);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_TASK_RETRIED, "{\"label\": \"t\"}"), TR_OK);
	assert_int_equal(driver_report(&d, 1, 1, EVENT_ITERATION_DONE, "{\"status\": \"error\"}"), TR_OK);
	tr_value digest = machine_digest(d.live);
	tr_value run = tr_array_at(tr_map_get_s(digest, "runs"), 0);
	assert_json(tr_map_get_s(run, "loop"), "{\"count\": 3, \"started\": 1, \"done\": 1, \"failed\": 1}");
	assert_json(tr_map_get_s(run, "retries"), "1");
	assert_json(tr_map_get_s(run, "started"), "true");
	tr_drop(digest);
	driver_fini(&d);
}

/* ---- random workflows ------------------------------------------------------------------------------------------ */

static uint64_t rnd(uint64_t *s)
{
	*s += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = *s;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void random_name(tr_buf *b, const uint64_t *kinds, unsigned i)
{
	static const char *const names[] = {"fail", "write", "step", "step", "step"};

	tr_buf_putf(b, "%s_%u", names[kinds[i] % 5], i);
}

/* Arcs lead forward only, so that it ends; guards, joins and policies as they come. */
static void random_workflow(tr_buf *b, uint64_t *s)
{
	static const char *const policies[] = {"finish", "fail_fast", "partial"};
	static const char *const joins[] = {"auto", "auto", "auto", "none", "any", "2"};
	unsigned n = 3 + (unsigned)(rnd(s) % 10);
	uint64_t kinds[16];

	for (unsigned i = 0; i < n; i++)
		kinds[i] = i == 0 ? 2 : rnd(s);
	tr_buf_puts(b, HEAD "executor: {spec: {on_failure: ");
	tr_buf_puts(b, policies[rnd(s) % 3]);
	if (rnd(s) % 3 == 0) {
		tr_buf_puts(b, ", final_step: ");
		random_name(b, kinds, n - 1);
	}
	tr_buf_puts(b, "}}\nworkflow:\n");
	for (unsigned i = 0; i < n; i++) {
		tr_buf_puts(b, "- step: ");
		random_name(b, kinds, i);
		tr_buf_putf(b, "\n  tool: {kind: noop}\n  spec: {next_mode: %s, join: %s}\n",
			    rnd(s) % 3 != 0 ? "inclusive" : "exclusive", joins[rnd(s) % 6]);
		if (i > 0 && rnd(s) % 4 == 0)
			tr_buf_putf(b, "  when: \"{{ ctx.write_%u }}\"\n", (unsigned)(rnd(s) % n));
		unsigned arcs = i + 1 == n ? 0 : (unsigned)(rnd(s) % 4);
		if (arcs > 0)
			tr_buf_puts(b, "  next:\n");
		for (unsigned a = 0; a < arcs; a++) {
			tr_buf_puts(b, "  - {step: ");
			random_name(b, kinds, i + 1 + (unsigned)(rnd(s) % (n - i - 1)));
			tr_buf_putf(b, ", args: {a%u: %u}", a, i);
			if (rnd(s) % 3 == 0)
				tr_buf_puts(b, rnd(s) % 2 ? ", when: \"{{ event.status == 'error' }}\""
							  : ", when: \"{{ result.n > 3 }}\"");
			tr_buf_puts(b, "}\n");
		}
	}
}

static void random_workflows_end_and_replay_exactly(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		uint64_t s = seed;
		tr_buf b = {0};
		driver d;

		random_workflow(&b, &s);
		driver_init(&d, b.p, NULL); /* compares with replay at each event */
		work(&d);
		if (machine_phase_of(d.live) != MACHINE_FINISHED)
			fail_msg("seed %llu does not end:\n%s", (unsigned long long)seed, b.p);
		/* Taken up at a few places it ends too. */
		for (int i = 0; i < 4 && d.event_count > 2; i++) {
			driver cut;

			size_t n = 1 + rnd(&s) % (d.event_count - 2);

			driver_cut(&cut, &d, b.p, n);
			work(&cut);
			assert_same_by_state(&cut, &d, b.p, n);
			if (machine_phase_of(cut.live) != MACHINE_FINISHED)
				fail_msg("seed %llu does not end after a cut:\n%s", (unsigned long long)seed, b.p);
			driver_fini(&cut);
		}
		driver_fini(&d);
		tr_buf_fini(&b);
	}
}

/* ---- logs that cannot be --------------------------------------------------------------------------------------------
 */

static void events_out_of_place_are_refused(void **state)
{
	driver d;

	(void)state;
	driver_init(&d,
		    HEAD "workflow:\n" FORK("split") "  next: [a, write_b]\n" STEP("a") "  next: meet\n" STEP(
			"write_b") "  next: meet\n" STEP("meet"),
		    NULL);
	work(&d);
	/* Any event left out, and any two swapped: never a crash, and what is refused is refused as damage. */
	for (size_t skip = 0; skip < d.event_count; skip++) {
		machine *m = machine_new(d.routes, 4711);
		tr_err err = TR_OK;
		uint64_t seq = 0;

		for (size_t i = 0; i < d.event_count && err == TR_OK; i++) {
			event e = d.events[skip + 1 == i ? skip : i == skip && skip + 1 < d.event_count ? skip + 1 : i];

			e.seq = ++seq;
			err = machine_apply(m, &e);
		}
		assert_true(err == TR_OK || err == TR_ECORRUPT);
		machine_free(&m);
	}
	machine *m = driver_replay(&d, d.event_count);
	assert_int_equal(machine_apply(m, &d.events[0]), TR_ECORRUPT);
	machine_free(&m);
	m = driver_replay(&d, 3);
	assert_int_equal(machine_apply(m, &d.events[2]), TR_ECORRUPT); /* its number again */
	assert_int_equal(machine_apply(m, &d.events[4]), TR_ECORRUPT); /* one left out */
	machine_free(&m);
	driver_fini(&d);
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state)
{
	const char *yaml =
	    HEAD "workload: {a: 1}\nworkflow:\n" FORK("split") "  next: [{step: a, args: {x: 1}}, write_b]\n" STEP(
		"a") "  next: meet\n" STEP("write_b") "  next: meet\n" STEP("meet");
	driver d;

	(void)state;
	driver_init(&d, yaml, NULL);
	work(&d);
	(void)tr_test_live_blocks();
	for (int64_t n = 0;; n++) {
		int64_t before = tr_test_live_blocks();
		machine *m;
		tr_err err = TR_OK;
		bool failed;

		tr_test_fail_alloc(n);
		m = machine_new(d.routes, 4711);
		for (size_t i = 0; m != NULL && i < d.event_count && err == TR_OK; i++)
			err = machine_apply(m, &d.events[i]);
		failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (failed)
			assert_true(m == NULL || err == TR_ENOMEM);
		machine_free(&m);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed)
			break;
	}
	driver_fini(&d);
}

static void no_event(void *arg, const event *e)
{
	(void)arg;
	(void)e;
}

static void no_effect(void *arg, const machine_effect *x)
{
	(void)arg;
	(void)x;
}

/* Start, and the first two steps: everything that is decided on the way, each allocation failing once. */
static tr_err decide_a_while(driver *d, tr_value info, tr_value payload)
{
	static const machine_sink sink = {no_event, no_effect, NULL};
	machine *m = machine_new(d->routes, 4711);
	tr_err err = m == NULL ? TR_ENOMEM : machine_start(m, &d->world, &sink, info, payload, tr_nil());

	for (uint64_t run = 1; run <= 3 && err == TR_OK; run++) {
		event e;

		event_init(&e, EVENT_STEP_DONE);
		e.payload = TR_DICT("result", TR_DICT("n", tr_int((int64_t)run)));
		err = tr_is_valid(e.payload) ? machine_report(m, &d->world, &sink, run, 1, &e, 1) : TR_ENOMEM;
		event_fini(&e);
	}
	machine_free(&m);
	return err;
}

static void every_failed_allocation_while_deciding_is_told(void **state)
{
	driver d;
	tr_value info = TR_DICT("name", tr_string("test"), "path", tr_string("tests/test"), "hash", tr_string("abc"));
	tr_value payload = TR_DICT("a", tr_int(2));

	(void)state;
	driver_load(&d,
		    HEAD "workload: {a: 1, b: \"{{ a + 1 }}\"}\nworkflow:\n" FORK(
			"split") "  next: [{step: a, args: {x: \"{{ split.n }}\"}}, {step: b, when: \"{{ nobody.x is "
				 "not defined }}\"}]\n" STEP("a") "  args: {y: \"{{ workload.b }}\"}\n  next: "
								  "meet\n" STEP("b") "  next: meet\n" STEP("meet"));
	(void)tr_test_live_blocks();
	for (int64_t n = 0; n < 100000; n++) {
		int64_t before = tr_test_live_blocks();
		tr_err err;
		bool failed;

		tr_test_fail_alloc(n);
		err = decide_a_while(&d, info, payload);
		failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed) {
			assert_int_equal(err, TR_OK);
			assert_true(n > 20);
			break;
		}
		/* Told, or it did not matter (a hint, a warning's text). */
		assert_true(err == TR_ENOMEM || err == TR_OK || err == TR_ENOENT);
	}
	tr_drop(info);
	tr_drop(payload);
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chain_cut_anywhere_ends_the_same),
	    cmocka_unit_test(diamond_cut_anywhere_ends_the_same),
	    cmocka_unit_test(failures_and_the_final_step_cut_anywhere_end_the_same),
	    cmocka_unit_test(fail_fast_cut_anywhere_ends_the_same),
	    cmocka_unit_test(writes_along_arcs_cut_anywhere_end_the_same),
	    cmocka_unit_test(pending_tokens_cut_anywhere_end_the_same),
	    cmocka_unit_test(recovered_step_runs_get_the_next_attempt),
	    cmocka_unit_test(loop_positions_and_attempts_are_replayed),
	    cmocka_unit_test(random_workflows_end_and_replay_exactly),
	    cmocka_unit_test(events_out_of_place_are_refused),
	    cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
	    cmocka_unit_test(every_failed_allocation_while_deciding_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
