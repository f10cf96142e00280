/* SPDX-License-Identifier: Apache-2.0 */
/* The driver behind the machine's tests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/engine/driver.h"

#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>

#define RESTORE_EVERY 3

tr_value json(const char *text)
{
	tr_decode_error error;
	tr_value v = text == NULL ? tr_nil() : tr_json_read(tr_s(text), NULL, &error);

	if (!tr_is_valid(v))
		fail_msg("bad JSON in a test: %s: %s", text, error.message);
	return v;
}

static void show(const char *what, tr_value v)
{
	tr_buf b = {0};

	tr_show(&b, v, 4000);
	fprintf(stderr, "%s: %s\n", what, b.p);
	tr_buf_fini(&b);
}

void assert_json(tr_value v, const char *text)
{
	tr_value want = json(text);

	if (!tr_equal(v, want)) {
		show("is", v);
		show("wanted", want);
		fail_msg("values differ");
	}
	tr_drop(want);
}

void assert_same_state(const machine *a, const machine *b)
{
	tr_value x = machine_digest(a), y = machine_digest(b);

	assert_true(tr_is_valid(x));
	if (!tr_equal(x, y)) {
		for (size_t i = 0; i < tr_map_len(x); i++) {
			const tr_entry *e = &tr_map_entries(x)[i];

			if (!tr_equal(e->value, tr_map_get(y, e->key))) {
				show("part", e->key);
				show("one", e->value);
				show("other", tr_map_get(y, e->key));
			}
		}
		fail_msg("the states differ at seq %llu", (unsigned long long)machine_seq(a));
	}
	tr_drop(x);
	tr_drop(y);
}

machine *driver_restore(driver *d, const machine *m)
{
	tr_buf bytes = {0};
	machine *back;

	assert_int_equal(machine_write(m, machine_gather, &bytes), TR_OK);
	back = machine_restore(d->routes, 4711, tr_buf_str(&bytes));
	assert_non_null(back);
	assert_same_state(m, back);
	tr_buf_fini(&bytes);
	return back;
}

static void on_event(void *arg, const event *e)
{
	driver *d = arg;

	d->event_total++;
	if (d->lean)
		return;
	if (d->event_count == d->event_capacity) {
		d->event_capacity = d->event_capacity == 0 ? 64 : d->event_capacity * 2;
		d->events = tr_realloc(d->events, d->event_capacity * sizeof(event));
		assert_non_null(d->events);
	}
	event *kept = &d->events[d->event_count++];
	*kept = *e;
	kept->payload = event_payload(e);
	kept->shaped = false;
	/* The second machine gets it through its bytes, as after a restart. */
	tr_buf b = {0};
	event back;
	assert_int_equal(event_encode(&b, e), TR_OK);
	assert_int_equal(event_decode(tr_buf_str(&b), &back), TR_OK);
	assert_int_equal(machine_apply(d->replayed, &back), TR_OK);
	if (d->restored != NULL)
		assert_int_equal(machine_apply(d->restored, &back), TR_OK);
	event_fini(&back);
	tr_buf_fini(&b);
	assert_same_state(d->live, d->replayed);
	if (d->restored != NULL)
		assert_same_state(d->live, d->restored);
	if (d->restored == NULL || e->seq % RESTORE_EVERY == 0) {
		machine_free(&d->restored);
		d->restored = driver_restore(d, d->live);
	}
}

static void on_effect(void *arg, const machine_effect *x)
{
	driver *d = arg;

	if (d->effect_count == d->effect_capacity) {
		d->effect_capacity = d->effect_capacity == 0 ? 64 : d->effect_capacity * 2;
		d->effects = tr_realloc(d->effects, d->effect_capacity * sizeof(machine_effect));
		assert_non_null(d->effects);
	}
	assert_int_equal(x->seq, machine_seq(d->live));
	d->effects[d->effect_count++] = *x;
	if (x->kind == MACHINE_FINISH)
		d->finished = true;
}

static tr_value load_ref(void *arg, tr_value ref)
{
	driver *d = arg;

	d->loads++;
	return tr_keep(tr_map_get(d->refs, tr_map_get_s(ref, "ref")));
}

static tr_value put_value(void *arg, tr_value value, tr_str step)
{
	driver *d = arg;
	tr_value ref = tr_stringf("noetl://put/%.*s/%zu", (int)step.n, step.p, ++d->puts);

	d->refs = tr_map_put(d->refs, tr_keep(ref), tr_keep(value));
	return TR_DICT("kind", tr_string("result_ref"), "ref", ref);
}

void driver_load(driver *d, const char *yaml)
{
	diagnostics found;

	*d = (driver){0};
	diagnostics_init(&found, "test.yaml");
	d->book = playbook_load("test.yaml", tr_s(yaml), NULL, &found);
	if (d->book == NULL)
		diagnostics_print(&found, tr_s(yaml), stderr, false);
	assert_non_null(d->book);
	diagnostics_fini(&found);
	d->routes = routes_new(d->book);
	assert_non_null(d->routes);
	d->live = machine_new(d->routes, 4711);
	d->replayed = machine_new(d->routes, 4711);
	assert_non_null(d->live);
	assert_non_null(d->replayed);
	d->refs = tr_map();
	d->world = (machine_world){.now_us = INT64_C(1767225600000000),
				   .seed = 4711,
				   .ids = &d->ids,
				   .env = TR_DICT("HOME", tr_string("/srv/me")),
				   .load = load_ref,
				   .put = put_value,
				   .arg = d};
	d->sink = (machine_sink){on_event, on_effect, d};
}

void driver_start(driver *d, const char *payload)
{
	tr_value info = TR_DICT("name", tr_string("test"), "path", tr_string("tests/test"), "version", tr_nil(), "hash",
				tr_string("abc"), "file", tr_string("test.yaml"));
	tr_value given = payload == NULL ? tr_map() : json(payload);

	assert_int_equal(machine_start(d->live, &d->world, &d->sink, info, given, tr_nil()), TR_OK);
	tr_drop(info);
	tr_drop(given);
}

void driver_init(driver *d, const char *yaml, const char *payload)
{
	driver_load(d, yaml);
	driver_start(d, payload);
}

void driver_fini(driver *d)
{
	for (size_t i = 0; i < d->event_count; i++)
		event_fini(&d->events[i]);
	tr_free(d->events);
	tr_free(d->effects);
	machine_free(&d->live);
	machine_free(&d->replayed);
	machine_free(&d->restored);
	routes_free(&d->routes);
	playbook_free(&d->book);
	tr_drop(d->world.env);
	tr_drop(d->refs);
}

struct search {
	uint32_t step;
	uint64_t id;
	uint32_t attempt;
	size_t count;
};

static void match_run(void *arg, uint64_t id, uint32_t attempt, uint32_t step)
{
	struct search *s = arg;

	if (step != s->step)
		return;
	s->count++;
	if (s->id == 0) {
		s->id = id;
		s->attempt = attempt;
	}
}

static struct search search(driver *d, const char *step)
{
	int32_t index = playbook_step(d->book, tr_s(step));
	struct search s = {.step = (uint32_t)index};

	assert_true(index >= 0);
	machine_each_run(d->live, match_run, &s);
	return s;
}

uint64_t driver_run(driver *d, const char *step)
{
	return search(d, step).id;
}
size_t driver_running(driver *d, const char *step)
{
	return search(d, step).count;
}

static tr_err report(driver *d, uint64_t run, uint32_t attempt, event_type type, tr_value payload)
{
	event e;
	tr_err err;

	d->world.now_us += 1000;
	event_init(&e, type);
	e.payload = payload;
	err = machine_report(d->live, &d->world, &d->sink, run, attempt, &e, 1);
	event_fini(&e);
	return err;
}

tr_err driver_report(driver *d, uint64_t run, uint32_t attempt, event_type type, const char *payload)
{
	return report(d, run, attempt, type, json(payload));
}

static void report_for(driver *d, const char *step, event_type type, tr_value payload)
{
	struct search s = search(d, step);

	if (s.id == 0)
		fail_msg("no step run of %s is in flight", step);
	assert_int_equal(report(d, s.id, s.attempt, type, payload), TR_OK);
}

void driver_done(driver *d, const char *step, const char *result)
{
	report_for(d, step, EVENT_STEP_DONE, TR_DICT("result", json(result)));
}

void driver_done_vars(driver *d, const char *step, const char *result, const char *vars)
{
	report_for(d, step, EVENT_STEP_DONE, TR_DICT("result", json(result), "vars", json(vars)));
}

void driver_loop_done(driver *d, const char *step, const char *result, const char *stats)
{
	report_for(d, step, EVENT_LOOP_DONE, TR_DICT("result", json(result), "stats", json(stats)));
}

void driver_failed(driver *d, const char *step, const char *kind, const char *message)
{
	report_for(d, step, EVENT_STEP_FAILED,
		   TR_DICT("error", TR_DICT("kind", tr_string(kind), "message", tr_string(message))));
}

void driver_patch(driver *d, const char *step, const char *ctx)
{
	report_for(d, step, EVENT_TASK_PROCESSED,
		   TR_DICT("label", tr_string("task"), "outcome", TR_DICT("status", tr_string("success")), "directive",
			   tr_string("continue"), "ctx", json(ctx)));
}

void driver_task(driver *d, const char *step, const char *label, const char *outcome)
{
	report_for(d, step, EVENT_TASK_PROCESSED,
		   TR_DICT("label", tr_string(label), "outcome", json(outcome), "directive", tr_string("continue")));
}

static void first_run(void *arg, uint64_t id, uint32_t attempt, uint32_t step)
{
	struct search *s = arg;

	if (s->id == 0)
		*s = (struct search){step, id, attempt, 1};
}

void driver_run_out(driver *d, const char *result)
{
	for (;;) {
		struct search s = {0};

		machine_each_run(d->live, first_run, &s);
		if (s.id == 0)
			return;
		assert_int_equal(report(d, s.id, s.attempt, EVENT_STEP_DONE, TR_DICT("result", json(result))), TR_OK);
	}
}

size_t driver_count(driver *d, event_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < d->event_count; i++)
		n += d->events[i].type == type;
	return n;
}

const event *driver_event(driver *d, event_type type, size_t n)
{
	for (size_t i = 0; i < d->event_count; i++)
		if (d->events[i].type == type && n-- == 0)
			return &d->events[i];
	fail_msg("there is no such %s event", event_type_text(type));
	return NULL;
}

size_t driver_count_step(driver *d, event_type type, const char *step)
{
	size_t n = 0;

	for (size_t i = 0; i < d->event_count; i++)
		n +=
		    d->events[i].type == type && tr_str_is(tr_as_str(tr_map_get_s(d->events[i].payload, "step")), step);
	return n;
}

size_t driver_effects(driver *d, machine_effect_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < d->effect_count; i++)
		n += d->effects[i].kind == kind;
	return n;
}

tr_value driver_command(driver *d, const char *step)
{
	step_command c;

	assert_int_equal(machine_command(d->live, driver_run(d, step), &c), TR_OK);
	tr_value v = step_command_map(&c);
	step_command_fini(&c);
	assert_true(tr_is_valid(v));
	return v;
}

const char *driver_status(driver *d)
{
	tr_value v = machine_summary(d->live);
	const char *status = event_status(tr_as_str(tr_map_get_s(v, "status")));

	tr_drop(v);
	return status == NULL ? "" : status;
}

void assert_status(driver *d, const char *status)
{
	assert_true(d->finished);
	assert_int_equal(machine_phase_of(d->live), MACHINE_FINISHED);
	assert_string_equal(driver_status(d), status);
}

void assert_args(driver *d, const char *step, const char *text)
{
	tr_value command = driver_command(d, step);

	assert_json(tr_map_get_s(command, "args"), text);
	tr_drop(command);
}

machine *driver_replay(driver *d, size_t n)
{
	machine *m = machine_new(d->routes, 4711);

	assert_non_null(m);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(machine_apply(m, &d->events[i]), TR_OK);
	return m;
}
