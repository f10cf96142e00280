/* SPDX-License-Identifier: Apache-2.0 */
/* Events in their four forms, and the ids. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/event/event.h"
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/testing.h>

static event sample(event_type t)
{
	event e;

	event_init(&e, t);
	e.event_id = UINT64_C(0x7fffffffffffff01);
	e.seq = 42;
	e.time_us = INT64_C(1767225600123456);
	e.execution_id = INT64_C(330000000000000001);
	e.attempt = 3;
	e.step_run_id = 7;
	e.task_run_id = UINT64_C(5) << 32 | 2;
	e.iteration = 5;
	e.parent_id = 99;
	e.trace_id = UINT64_C(0xfedcba9876543210);
	e.status = "success";
	e.duration_us = 1500;
	e.payload = TR_DICT("label", tr_string("fetch"), "n", tr_int(-1));
	return e;
}

static void assert_same(const event *a, const event *b)
{
	assert_int_equal(a->event_id, b->event_id);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->time_us, b->time_us);
	assert_int_equal(a->execution_id, b->execution_id);
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->attempt, b->attempt);
	assert_int_equal(a->step_run_id, b->step_run_id);
	assert_int_equal(a->task_run_id, b->task_run_id);
	assert_int_equal(a->iteration, b->iteration);
	assert_int_equal(a->parent_id, b->parent_id);
	assert_int_equal(a->trace_id, b->trace_id);
	assert_int_equal(a->duration_us, b->duration_us);
	if (a->status == NULL)
		assert_null(b->status);
	else
		assert_string_equal(a->status, b->status);
	assert_true(tr_equal(a->payload, b->payload));
}

/* A reader of a log finds each event in the document. */
static void every_type_is_in_the_document(void **state)
{
	static char text[1 << 18];
	FILE *f = fopen(TEST_SOURCE_DIR "/docs/playbook.md", "r");

	(void)state;
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof text - 1, f);
	(void)fclose(f);
	assert_in_range(n, 1000, sizeof text - 2);
	text[n] = '\0';
	for (int t = EVENT_NONE + 1; t < EVENT_TYPE_END; t++) {
		char quoted[80];
		(void)snprintf(quoted, sizeof quoted, "`%s`", event_type_text((event_type)t));
		if (strstr(text, quoted) == NULL)
			fail_msg("docs/playbook.md does not tell of %s", quoted);
	}
}

static void every_type_has_both_names(void **state)
{
	(void)state;
	for (int t = EVENT_NONE + 1; t < EVENT_TYPE_END; t++) {
		const char *text = event_type_text((event_type)t);
		const char *alias = event_type_alias((event_type)t);

		assert_true(strlen(text) > 0 && strlen(alias) > 0);
		assert_int_equal(event_type_from_text(tr_s(text)), t);
		assert_int_equal(event_type_from_text(tr_s(alias)), t);
	}
	assert_int_equal(event_type_from_text(tr_s("")), EVENT_NONE);
	assert_int_equal(event_type_from_text(tr_s("step.finished")), EVENT_NONE);
	assert_int_equal(event_type_source(EVENT_STEP_DONE), EVENT_WORKER);
	assert_int_equal(event_type_source(EVENT_STEP_SCHEDULED), EVENT_SERVER);
	assert_string_equal(event_type_text((event_type)10000), "");
}

static void numbers_on_disk_do_not_move(void **state)
{
	(void)state;
	assert_int_equal(EVENT_EXECUTION_REQUESTED, 1);
	assert_int_equal(EVENT_STEP_SCHEDULED, 7);
	assert_int_equal(EVENT_WARNING, 15);
	assert_int_equal(EVENT_STEP_FAILED, 25);
}

static void value_form_round_trips(void **state)
{
	(void)state;
	for (int t = EVENT_NONE + 1; t < EVENT_TYPE_END; t++) {
		event e = sample((event_type)t), back;
		tr_value v = event_to_value(&e);

		assert_true(tr_is(v, TR_ARRAY));
		assert_int_equal(event_from_value(v, &back), TR_OK);
		tr_drop(v);
		assert_same(&e, &back);
		event_fini(&e);
		event_fini(&back);
	}
}

static void msgpack_form_round_trips(void **state)
{
	event e = sample(EVENT_TASK_PROCESSED), back;
	tr_buf b = {0};

	(void)state;
	assert_int_equal(event_encode(&b, &e), TR_OK);
	assert_int_equal(event_decode(tr_buf_str(&b), &back), TR_OK);
	assert_same(&e, &back);
	event_fini(&back);
	/* The same bytes as the array value's, so either reader takes either writer's. */
	tr_value v = event_to_value(&e);
	tr_buf other = {0};
	assert_int_equal(tr_msgpack_write(&other, v), TR_OK);
	assert_int_equal(other.n, b.n);
	assert_memory_equal(other.p, b.p, b.n);
	tr_drop(v);
	tr_buf_fini(&other);
	tr_buf_fini(&b);
	event_fini(&e);
}

/* What the shapes' values may be: a list of one is a number too. */
static tr_value example(int which)
{
	static const char long_text[] = "a text that is too long for the short form of texts on disk";

	switch (which % 6) {
	case 0:
		return tr_int(which * 1000);
	case 1:
		return tr_string("short");
	case 2:
		return tr_string(long_text);
	case 3:
		return TR_DICT("status", tr_string("success"), "result", tr_nil());
	case 4:
		return tr_map();
	default:
		return tr_nil();
	}
}

static void assert_same_bytes(const event *shaped, const event *plain)
{
	tr_buf a = {0}, b = {0};

	assert_int_equal(event_encode(&a, shaped), TR_OK);
	assert_int_equal(event_encode(&b, plain), TR_OK);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, b.n);
	tr_buf_fini(&a);
	tr_buf_fini(&b);
}

/* The payload's map is known for each type; the shape says the same in the same bytes, whatever is left out or comes
 * on top. */
static void check_shape(event_type t, const char *const *keys, unsigned left_out, bool more)
{
	event shaped = sample(t), plain = sample(t), view;

	tr_assign(&shaped.payload, tr_nil());
	tr_assign(&plain.payload, tr_map());
	shaped.shaped = true;
	for (int i = 0; keys[i] != NULL; i++) {
		bool list = strcmp(keys[i], "tokens") == 0 || strcmp(keys[i], "arcs") == 0;
		tr_value v = list && i % 2 == 1 ? TR_LIST(tr_int(4), tr_int(5))
			     : list             ? tr_array()
						: example(i + (int)left_out + (int)t);

		if ((left_out & 1u << i) != 0) {
			tr_drop(v);
			continue;
		}
		event_set(&shaped, i, tr_keep(v));
		event_put(&plain, keys[i], v);
	}
	if (more) {
		event_put(&shaped, "vars", TR_DICT("x", tr_int(1)));
		event_put(&plain, "vars", TR_DICT("x", tr_int(1)));
	}
	assert_same_bytes(&shaped, &plain);
	tr_value a = event_payload(&shaped), b = event_payload(&plain);
	assert_true(tr_equal(a, b));
	event_view(&plain, &view);
	for (int i = 0; keys[i] != NULL; i++) {
		assert_true(tr_is_valid(event_get(&shaped, keys[i])) == ((left_out & 1u << i) == 0));
		assert_true((left_out & 1u << i) != 0 || tr_equal(view.field[i], shaped.field[i]));
	}
	assert_true(tr_is_valid(event_get(&shaped, "vars")) == more);
	assert_int_equal(event_unshape(&shaped), TR_OK);
	assert_true(tr_equal(shaped.payload, plain.payload));
	tr_drop(a);
	tr_drop(b);
	event_fini(&shaped);
	event_fini(&plain);
}

static void shapes_are_their_maps(void **state)
{
	(void)state;
#define KEY(name)  #name
#define LIST(name) #name
#define X(name, ...)                                                      \
	for (unsigned out = 0; out < 1u << EVENT_FIELDS; out++) {         \
		const char *const keys[EVENT_FIELDS + 1] = {__VA_ARGS__}; \
		check_shape(EVENT_##name, keys, out, out % 2 == 1);       \
		check_shape(EVENT_##name, keys, out, out % 2 == 0);       \
		assert_true(event_has_shape(EVENT_##name));               \
	}
	EVENT_SHAPES(X, KEY, LIST)
#undef X
#undef LIST
#undef KEY
	assert_false(event_has_shape(EVENT_WARNING));
	assert_false(event_has_shape(EVENT_TYPE_END));
}

static void a_list_of_one_is_a_number(void **state)
{
	event shaped = sample(EVENT_STEP_SCHEDULED), plain = sample(EVENT_STEP_SCHEDULED), view;

	(void)state;
	tr_assign(&shaped.payload, tr_nil());
	event_set(&shaped, SCHEDULED_TOKENS, tr_int(300));
	tr_assign(&plain.payload, TR_DICT("tokens", TR_LIST(tr_int(300))));
	assert_same_bytes(&shaped, &plain);
	event_view(&plain, &view);
	assert_true(tr_equal(view.field[SCHEDULED_TOKENS], tr_int(300)));
	event_put(&shaped, "tokens", tr_int(7));
	tr_value all = event_payload(&shaped);
	assert_int_equal(tr_as_int(tr_array_at(tr_map_get_s(all, "tokens"), 0), 0), 7);
	tr_drop(all);
	event_fini(&shaped);
	event_fini(&plain);
}

/* What could not be made is not written. */
static void a_value_that_failed_is_refused(void **state)
{
	event e = sample(EVENT_STEP_DONE);
	tr_buf b = {0};

	(void)state;
	tr_assign(&e.payload, tr_nil());
	event_set(&e, DONE_RESULT, tr_invalid(TR_ENOMEM));
	assert_int_equal(event_encode(&b, &e), TR_ENOMEM);
	tr_value all = event_payload(&e);
	assert_int_equal(tr_value_err(all), TR_ENOMEM);
	tr_assign(&e.field[DONE_RESULT], tr_int(1));
	event_put(&e, "vars", tr_invalid(TR_ENOMEM));
	assert_int_equal(event_encode(&b, &e), TR_ENOMEM);
	tr_drop(all);
	tr_buf_fini(&b);
	event_fini(&e);
}

static void integers_have_their_shortest_form(void **state)
{
	static const int64_t values[] = {
	    0,  127, 128, 255,  256,  65535,  65536,  UINT32_MAX, INT64_C(4294967296),  INT64_MAX,
	    -1, -32, -33, -128, -129, -32768, -32769, INT32_MIN,  INT64_C(-2147483649), INT64_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
		event e, back;
		tr_buf b = {0}, other = {0};

		event_init(&e, EVENT_STEP_DONE);
		e.time_us = values[i];
		assert_int_equal(event_encode(&b, &e), TR_OK);
		assert_int_equal(event_decode(tr_buf_str(&b), &back), TR_OK);
		assert_int_equal(back.time_us, values[i]);
		tr_value v = event_to_value(&e);
		assert_int_equal(tr_msgpack_write(&other, v), TR_OK);
		assert_int_equal(other.n, b.n);
		assert_memory_equal(other.p, b.p, b.n);
		tr_drop(v);
		tr_buf_fini(&b);
		tr_buf_fini(&other);
	}
}

static void defaults_survive(void **state)
{
	event e, back;
	tr_buf b = {0};

	(void)state;
	event_init(&e, EVENT_WORKFLOW_STARTED);
	assert_int_equal(e.iteration, -1);
	assert_int_equal(e.duration_us, -1);
	assert_int_equal(event_encode(&b, &e), TR_OK);
	assert_int_equal(event_decode(tr_buf_str(&b), &back), TR_OK);
	assert_same(&e, &back);
	assert_true(tr_is_nil(back.payload));
	tr_buf_fini(&b);
}

static void damage_is_refused(void **state)
{
	event e = sample(EVENT_STEP_DONE), back;
	tr_buf b = {0};

	(void)state;
	assert_int_equal(event_encode(&b, &e), TR_OK);
	for (size_t n = 0; n < b.n; n++) {
		assert_int_equal(event_decode((tr_str){b.p, n}, &back), TR_ECORRUPT);
		assert_true(tr_is_nil(back.payload));
	}
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] = (char)~b.p[i];
		(void)event_decode(tr_buf_str(&b), &back); /* must not crash; may by chance be another event */
		event_fini(&back);
		b.p[i] = (char)~b.p[i];
	}
	tr_buf_putc(&b, 'x');
	assert_int_equal(event_decode(tr_buf_str(&b), &back), TR_ECORRUPT);
	tr_buf_fini(&b);

	tr_value v = event_to_value(&e);
	tr_value bad = tr_array_set(tr_keep(v), 4, tr_int(EVENT_TYPE_END));
	assert_int_equal(event_from_value(bad, &back), TR_ECORRUPT);
	tr_drop(bad);
	bad = tr_array_set(tr_keep(v), 11, tr_int(1000));
	assert_int_equal(event_from_value(bad, &back), TR_ECORRUPT);
	tr_drop(bad);
	bad = tr_array_set(tr_keep(v), 13, tr_int(1));
	assert_int_equal(event_from_value(bad, &back), TR_ECORRUPT);
	tr_drop(bad);
	tr_drop(v);
	assert_int_equal(event_from_value(tr_nil(), &back), TR_ECORRUPT);
	event_fini(&e);
}

static void what_cannot_be_read_back_is_not_written(void **state)
{
	event e;
	tr_buf b = {0};

	(void)state;
	event_init(&e, EVENT_STEP_DONE);
	e.status = "splendid";
	assert_int_equal(event_encode(&b, &e), TR_EINVAL);
	assert_int_equal(tr_value_err(event_to_value(&e)), TR_EINVAL);
	event_init(&e, EVENT_NONE);
	assert_int_equal(event_encode(&b, &e), TR_EINVAL);
	assert_int_equal(b.n, 0);
	tr_buf_fini(&b);
}

static void envelope_is_what_the_document_says(void **state)
{
	event e = sample(EVENT_TASK_PROCESSED);
	tr_value v = event_envelope(&e, false);
	static const char *const keys[] = {"event_id",    "seq",         "event_type", "timestamp", "execution_id",
					   "source",      "entity_type", "entity_id",  "parent_id", "step_run_id",
					   "task_run_id", "iteration",   "attempt",    "status",    "duration_ms",
					   "trace_id",    "payload"};

	(void)state;
	assert_int_equal(tr_map_len(v), sizeof(keys) / sizeof(keys[0]));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(tr_is_valid(tr_map_get_s(v, keys[i])));
	assert_string_equal(tr_as_cstr(TR_GET(v, "event_type"), ""), "task.processed");
	assert_string_equal(tr_as_cstr(TR_GET(v, "timestamp"), ""), "2026-01-01T00:00:00.123456Z");
	assert_string_equal(tr_as_cstr(TR_GET(v, "execution_id"), ""), "330000000000000001");
	assert_string_equal(tr_as_cstr(TR_GET(v, "source"), ""), "worker");
	assert_string_equal(tr_as_cstr(TR_GET(v, "entity_type"), ""), "task_run");
	assert_string_equal(tr_as_cstr(TR_GET(v, "trace_id"), ""), "fedcba9876543210");
	assert_true(tr_as_float(TR_GET(v, "duration_ms"), 0) == 1.5);
	assert_string_equal(tr_as_cstr(TR_GET(v, "payload", "label"), ""), "fetch");
	tr_drop(v);
	v = event_envelope(&e, true);
	assert_string_equal(tr_as_cstr(TR_GET(v, "event_type"), ""), "TaskProcessed");
	tr_drop(v);
	event_fini(&e);

	event_init(&e, EVENT_WORKFLOW_STARTED);
	v = event_envelope(&e, false);
	assert_true(tr_is_nil(TR_GET(v, "iteration")));
	assert_true(tr_is_nil(TR_GET(v, "duration_ms")));
	assert_true(tr_is_nil(TR_GET(v, "status")));
	assert_string_equal(tr_as_cstr(TR_GET(v, "timestamp"), ""), "1970-01-01T00:00:00.000000Z");
	tr_drop(v);
}

static void ids_increase_whatever_the_clock_does(void **state)
{
	id_generator g = {.node = 5};
	int64_t wall = INT64_C(1767225600000000);
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t id = id_next(&g, i % 3 == 0 ? wall - 5000000 : wall);
		assert_true(id > last);
		assert_true(id <= (uint64_t)INT64_MAX);
		assert_int_equal(id >> 12 & 0x3ff, 5);
		last = id;
	}
	assert_true(id_next(&g, wall + 60000000) > last);
	id_generator old = {0};
	assert_int_not_equal(id_next(&old, 0), 0);
	/* One second later sorts behind, for any node. */
	id_generator a = {.node = 1023}, b = {.node = 0};
	assert_true(id_next(&a, wall) < id_next(&b, wall + 1000000));
}

static void nothing_leaks_when_memory_is_short(void **state)
{
	(void)state;
	(void)tr_test_live_blocks();
	for (int64_t n = 0;; n++) {
		int64_t before = tr_test_live_blocks();
		event e = sample(EVENT_STEP_DONE), back;
		tr_buf b = {0};
		bool failed;

		tr_test_fail_alloc(n);
		tr_err err = event_encode(&b, &e);
		if (err == TR_OK)
			err = event_decode(tr_buf_str(&b), &back);
		else
			event_init(&back, EVENT_NONE);
		tr_value v = event_envelope(&e, false);
		failed = tr_test_alloc_failed();
		tr_test_fail_alloc(-1);
		if (failed)
			assert_true(err != TR_OK || !tr_is_valid(v));
		tr_drop(v);
		event_fini(&back);
		event_fini(&e);
		tr_buf_fini(&b);
		assert_int_equal(tr_test_live_blocks(), before);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_type_has_both_names),
	    cmocka_unit_test(every_type_is_in_the_document),
	    cmocka_unit_test(numbers_on_disk_do_not_move),
	    cmocka_unit_test(value_form_round_trips),
	    cmocka_unit_test(msgpack_form_round_trips),
	    cmocka_unit_test(shapes_are_their_maps),
	    cmocka_unit_test(a_list_of_one_is_a_number),
	    cmocka_unit_test(a_value_that_failed_is_refused),
	    cmocka_unit_test(integers_have_their_shortest_form),
	    cmocka_unit_test(defaults_survive),
	    cmocka_unit_test(damage_is_refused),
	    cmocka_unit_test(what_cannot_be_read_back_is_not_written),
	    cmocka_unit_test(envelope_is_what_the_document_says),
	    cmocka_unit_test(ids_increase_whatever_the_clock_does),
	    cmocka_unit_test(nothing_leaks_when_memory_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
