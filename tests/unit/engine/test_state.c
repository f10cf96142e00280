/* SPDX-License-Identifier: Apache-2.0 */
/* A state as bytes: in pieces, packed and unpacked, and what has no place in it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/engine/state_pack.h"
#include "tests/unit/engine/driver.h"

#include <string.h>
#include <troupe/testing.h>

#define HEAD  "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\nworkflow:\n"
#define STEPS 3000

static void start_chain(driver *d, int steps)
{
	tr_buf text = {0};

	tr_buf_puts(&text, HEAD);
	for (int i = 0; i < steps; i++) {
		tr_buf_putf(&text, "- step: s%d\n  tool: {kind: noop}\n", i);
		if (i + 1 < steps)
			tr_buf_putf(&text, "  next: s%d\n", i + 1);
	}
	driver_load(d, text.p);
	d->lean = true;
	driver_start(d, NULL);
	tr_buf_fini(&text);
}

static void go_through(driver *d, int steps)
{
	char name[32];

	for (int i = 0; i < steps; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		driver_done(d, name, i % 7 == 0 ? "{\"n\": [1, -2, 300, -70000, 5000000000, 1.5, true, null]}" : NULL);
	}
}

struct pieces {
	size_t count, bytes, largest, fail_at;
};

static tr_err take(void *arg, tr_str bytes)
{
	struct pieces *p = arg;

	p->count++;
	p->bytes += bytes.n;
	p->largest = bytes.n > p->largest ? bytes.n : p->largest;
	return p->count == p->fail_at ? TR_EIO : TR_OK;
}

static void no_piece_is_larger_than_it_may_be(void **state)
{
	driver d;
	struct pieces p = {0};
	tr_buf whole = {0};

	(void)state;
	start_chain(&d, STEPS);
	go_through(&d, STEPS - 1);
	assert_int_equal(machine_write(d.live, take, &p), TR_OK);
	assert_int_equal(machine_write(d.live, machine_gather, &whole), TR_OK);
	assert_int_equal(p.bytes, whole.n);
	assert_true(p.count > 1);
	assert_true(p.largest <= MACHINE_PIECE);
	/* A step that is over takes little. */
	assert_true(whole.n / STEPS < 64);
	p = (struct pieces){.fail_at = 1};
	assert_int_equal(machine_write(d.live, take, &p), TR_EIO);
	assert_int_equal(p.count, 1);
	tr_buf_fini(&whole);
	driver_fini(&d);
}

/* A text that is longer than a piece, at the places where one ends, and one of each kind of value. */
static void values_of_any_size_come_back(void **state)
{
	static const size_t sizes[] = {31, 32, 255, 256, 65535, 65536, MACHINE_PIECE - 40, 3 * MACHINE_PIECE + 1};

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		driver d;
		tr_buf text = {0}, result = {0};

		while (text.n < sizes[i])
			tr_buf_putc(&text, (char)('a' + text.n % 26));
		start_chain(&d, 2);
		tr_buf_putf(&result, "{\"long\": \"%s\", \"more\": [[1], {}, \"\", 0.5, -1]}", text.p);
		driver_done(&d, "s0", result.p);
		machine *back = driver_restore(&d, d.live);
		machine_free(&back);
		tr_buf_fini(&text);
		tr_buf_fini(&result);
		driver_fini(&d);
	}
}

static void what_is_packed_is_unpacked(void **state)
{
	driver d;
	tr_buf packed = {0}, whole = {0}, again = {0}, small = {.max = 64};
	size_t bytes = 0;

	(void)state;
	start_chain(&d, STEPS);
	go_through(&d, STEPS / 2);
	assert_int_equal(machine_write(d.live, machine_gather, &whole), TR_OK);
	assert_int_equal(state_pack(d.live, &packed, &bytes), TR_OK);
	assert_int_equal(bytes, whole.n);
	assert_true(packed.n * 4 < whole.n);
	assert_int_equal(state_unpack(tr_buf_str(&packed), bytes, &again), TR_OK);
	assert_int_equal(again.n, whole.n);
	assert_memory_equal(again.p, whole.p, whole.n);
	machine *m = state_restore(d.routes, 4711, tr_buf_str(&packed), bytes);
	assert_non_null(m);
	assert_same_state(d.live, m);
	machine_free(&m);
	assert_null(state_restore(d.routes, 4711, tr_buf_str(&packed), bytes + 1));
	assert_null(state_restore(d.routes, 4711, tr_buf_str(&packed), bytes - 1));
	assert_null(state_restore(d.routes, 4711, tr_buf_str(&packed), 0));
	assert_null(state_restore(d.routes, 4711, tr_buf_str(&packed), SIZE_MAX));
	for (size_t n = 0; n < packed.n; n += 1 + packed.n / 50)
		assert_null(state_restore(d.routes, 4711, (tr_str){packed.p, n}, bytes));
	assert_int_equal(state_pack(d.live, &small, &bytes), TR_ELIMIT);
	tr_buf_fini(&packed);
	tr_buf_fini(&whole);
	tr_buf_fini(&again);
	tr_buf_fini(&small);
	driver_fini(&d);
}

static void what_could_not_be_read_back_is_refused(void **state)
{
	driver d;
	struct pieces p = {0};

	(void)state;
	start_chain(&d, 2);
	for (int depth = 100; depth <= 200; depth += 100) {
		event e;
		tr_value v = tr_int(1);

		for (int i = 0; i < depth; i++)
			v = TR_LIST(v);
		event_init(&e, EVENT_CTX_PATCHED);
		e.seq = machine_seq(d.live) + 1;
		e.execution_id = 4711;
		e.payload = TR_DICT("patch", TR_DICT("deep", v));
		assert_int_equal(machine_apply(d.live, &e), TR_OK);
		assert_int_equal(machine_write(d.live, take, &p), depth < 128 ? TR_OK : TR_ELIMIT);
		event_fini(&e);
	}
	tr_value digest = machine_digest(d.live);
	assert_false(tr_is_valid(digest));
	driver_fini(&d);
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state)
{
	driver d;

	(void)state;
	start_chain(&d, 40);
	go_through(&d, 20);
	for (int64_t n = 0;; n++) {
		int64_t before = tr_test_live_blocks();
		tr_buf packed = {0};
		size_t bytes;

		tr_test_fail_alloc(n);
		tr_err err = state_pack(d.live, &packed, &bytes);
		bool failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		assert_int_equal(err, failed ? TR_ENOMEM : TR_OK);
		tr_buf_fini(&packed);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed)
			break;
	}
	driver_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_piece_is_larger_than_it_may_be),
	    cmocka_unit_test(values_of_any_size_come_back),
	    cmocka_unit_test(what_is_packed_is_unpacked),
	    cmocka_unit_test(what_could_not_be_read_back_is_refused),
	    cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
