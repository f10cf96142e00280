/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state that comes from a file may be anything. Each place of real states is replaced by what does not belong there:
 * the state is refused, or it is one that a machine can be in, and then the machine goes on to its end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <string.h>
#include <troupe/codec.h>
#include <troupe/testing.h>

#define HEAD       "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name) "- step: " name "\n  tool: {kind: noop}\n"
#define FORK(name) "- step: " name "\n  spec: {next_mode: inclusive}\n  tool: {kind: noop}\n"

static const char busy[] = HEAD
    "workload: {a: 1}\nworkflow:\n" FORK("split") "  next: [{step: a, args: {x: 1}}, {step: b}, {step: w}, any]\n" STEP(
	"a") "  next: [meet, any]\n" STEP("b") "  next: meet\n" STEP("meet")
	STEP("w") "  when: \"{{ ctx.go }}\"\n"
		  "- step: any\n  spec: {join: any}\n  tool: {kind: noop}\n";

/* Whatever it decides, it does so without harm; it need not end. */
static void go_on(driver *d, machine *m)
{
	machine *live = d->live;
	bool lean = d->lean;

	d->live = m;
	d->lean = true;
	tr_err err = machine_phase_of(m) == MACHINE_FINISHED ? TR_ENOENT : machine_recover(m, &d->world, &d->sink);
	for (uint64_t run = 1; run < 8; run++)
		for (uint32_t attempt = 1; attempt < 5; attempt++)
			if (err == TR_OK || err == TR_ENOENT) /* else it is only to be freed */
				err = driver_report(d, run, attempt, EVENT_STEP_DONE, "{\"result\": 1}");
	d->live = live;
	d->lean = lean;
}

/* The state with one place replaced; the place is counted down in *n, and left when it is below 0. Takes nothing. */
static tr_value changed(tr_value v, int64_t *n, tr_value by)
{
	tr_value out;

	if ((*n)-- == 0)
		return tr_keep(by);
	if (*n < 0 || (!tr_is(v, TR_MAP) && !tr_is(v, TR_ARRAY)))
		return tr_keep(v);
	if (tr_is(v, TR_ARRAY)) {
		out = tr_array();
		for (size_t i = 0; i < tr_array_len(v); i++)
			out = tr_array_push(out, changed(tr_array_at(v, i), n, by));
		return out;
	}
	out = tr_map();
	for (size_t i = 0; i < tr_map_len(v); i++) {
		const tr_entry *e = &tr_map_entries(v)[i];

		out = tr_map_put(out, tr_keep(e->key), changed(e->value, n, by));
	}
	return out;
}

static machine *restored(const driver *d, int64_t id, tr_value state)
{
	tr_buf bytes = {0};

	assert_int_equal(tr_msgpack_write(&bytes, state), TR_OK);
	machine *m = machine_restore(d->routes, id, tr_buf_str(&bytes));
	tr_buf_fini(&bytes);
	return m;
}

static size_t try_all(driver *d, tr_value state, tr_value by)
{
	size_t tried = 0;

	for (int64_t place = 0;; place++) {
		int64_t n = place;
		tr_value bad = changed(state, &n, by);

		if (n >= 0) { /* there are not so many places */
			tr_drop(bad);
			break;
		}
		tried++;
		machine *m = restored(d, 4711, bad);
		if (m != NULL) {
			tr_value again = machine_digest(m);

			assert_true(tr_equal(again, bad)); /* it was believed whole */
			tr_drop(again);
			go_on(d, m);
			machine_free(&m);
		}
		tr_drop(bad);
	}
	tr_drop(by);
	return tried;
}

static void any_state_is_refused_or_harmless(void **state)
{
	driver d;
	size_t tried = 0;

	(void)state;
	driver_init(&d, busy, NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", "{\"r\": [1, {\"s\": 2}]}");
	size_t whole = d.event_count;
	driver_done(&d, "b", NULL);
	for (size_t n = 2; n <= d.event_count; n += n + 3 > whole ? 1 : 5) {
		machine *m = driver_replay(&d, n);
		tr_value digest = machine_digest(m);

		tried += try_all(&d, digest, tr_nil());
		tried += try_all(&d, digest, tr_int(0));
		tried += try_all(&d, digest, tr_int(3));
		tried += try_all(&d, digest, tr_int(INT64_MAX));
		tried += try_all(&d, digest, tr_int(-1));
		tried += try_all(&d, digest, tr_bool(true));
		tried += try_all(&d, digest, tr_string("running"));
		tried += try_all(&d, digest, tr_array());
		tried += try_all(&d, digest, TR_LIST(tr_int(1), tr_int(1)));
		tried += try_all(&d, digest, tr_map());
		tr_drop(digest);
		machine_free(&m);
	}
	assert_true(tried > 5000);
	driver_fini(&d);
}

/* What a key is missing in, or has one too many, is no state of this machine. */
static void keys_are_neither_left_out_nor_added(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, busy, NULL);
	driver_done(&d, "split", NULL);
	tr_value digest = machine_digest(d.live);
	for (size_t i = 0; i < tr_map_len(digest); i++) {
		tr_value less = tr_map_del(tr_keep(digest), tr_map_entries(digest)[i].key);

		assert_null(restored(&d, 4711, less));
		tr_drop(less);
	}
	tr_value more = tr_map_put_s(tr_keep(digest), "more", tr_nil());
	assert_null(restored(&d, 4711, more));
	assert_null(restored(&d, 4712, digest)); /* another's */
	tr_drop(more);
	tr_drop(digest);
	driver_fini(&d);
}

/* Of another playbook, with fewer steps and other arcs. */
static void a_state_of_another_playbook_is_refused(void **state)
{
	driver d, other;

	(void)state;
	driver_init(&d, busy, NULL);
	driver_done(&d, "split", NULL);
	driver_init(&other, HEAD "workflow:\n" STEP("one") "  next: two\n" STEP("two"), NULL);
	tr_value digest = machine_digest(d.live);
	assert_null(restored(&other, 4711, digest));
	tr_drop(digest);
	driver_fini(&other);
	driver_fini(&d);
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, busy, NULL);
	driver_done(&d, "split", NULL);
	driver_done(&d, "a", NULL);
	tr_buf state_bytes = {0};
	assert_int_equal(machine_write(d.live, machine_gather, &state_bytes), TR_OK);
	for (int64_t n = 0;; n++) {
		int64_t before = tr_test_live_blocks();

		tr_test_fail_alloc(n);
		machine *m = machine_restore(d.routes, 4711, tr_buf_str(&state_bytes));
		bool failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (!failed)
			assert_non_null(m);
		machine_free(&m);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed)
			break;
	}
	tr_buf_fini(&state_bytes);
	driver_fini(&d);
}

/* What of its past a step run needs that is taken up by another worker. */
static void the_first_needed_event_is_that_of_the_oldest_step_run(void **state)
{
	driver d;

	(void)state;
	driver_init(&d, busy, NULL);
	assert_int_equal(machine_needed_seq(d.live), driver_event(&d, EVENT_STEP_SCHEDULED, 0)->seq);
	driver_done(&d, "split", NULL);
	uint64_t run = driver_run(&d, "a");
	const event *first = driver_event(&d, EVENT_STEP_SCHEDULED, 1);
	assert_int_equal(first->step_run_id, run);
	assert_int_equal(machine_run_seq(d.live, run), first->seq);
	assert_int_equal(machine_lose_run(d.live, &d.world, &d.sink, run, 1, "a test"), TR_OK);
	assert_int_equal(machine_run_seq(d.live, run), driver_event(&d, EVENT_STEP_SCHEDULED, 1)->seq);
	assert_int_equal(machine_needed_seq(d.live), driver_event(&d, EVENT_STEP_SCHEDULED, 1)->seq);
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_state_is_refused_or_harmless),
	    cmocka_unit_test(keys_are_neither_left_out_nor_added),
	    cmocka_unit_test(a_state_of_another_playbook_is_refused),
	    cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
	    cmocka_unit_test(the_first_needed_event_is_that_of_the_oldest_step_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
