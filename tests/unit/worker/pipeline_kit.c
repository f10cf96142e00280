/* SPDX-License-Identifier: Apache-2.0 */
/** Drives a pipeline by hand. */
#include "pipeline_kit.h"
#include "controllers_kit.h"

#include <stdio.h>
#include <string.h>
#include <troupe/actor.h>
#include <troupe/codec.h>

tr_value kit_json(const char *text)
{
	tr_decode_error error;
	tr_value v = tr_json_read(tr_s(text), NULL, &error);
	if (!tr_is_valid(v))
		fail_msg("not JSON: %s: %s", text, error.message);
	return v;
}

void assert_json(tr_value v, const char *json)
{
	tr_value expected = kit_json(json);
	if (!tr_equal(v, expected)) {
		tr_buf shown = {0};
		tr_show(&shown, v, 2000);
		fail_msg("%s\n  is not %s", shown.p != NULL ? shown.p : "nothing", json);
	}
	tr_drop(expected);
}

static playbook *load(const char *extra, const char *workflow)
{
	tr_buf text = {0};
	tr_buf_putf(
	    &text,
	    "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: test, path: tests/kit }\n%sworkflow:\n%s",
	    extra, workflow);
	diagnostics found;
	diagnostics_init(&found, "kit.yaml");
	playbook *book = playbook_load("kit.yaml", tr_buf_str(&text), NULL, &found);
	if (book == NULL) {
		diagnostics_print(&found, tr_buf_str(&text), stderr, false);
		fail_msg("the playbook does not load");
	}
	diagnostics_fini(&found);
	tr_buf_fini(&text);
	return book;
}

void kit_load(kit *k, const char *extra, const char *workflow, const char *step, const char *command)
{
	memset(k, 0, sizeof *k);
	k->iteration = -1;
	k->clock = (pipeline_clock){.now_ns = 1000 * TR_SECOND, .wall_us = INT64_C(1700000000000000)};
	k->book = load(extra, workflow);
	tr_value c = command[0] != 0 ? kit_json(command) : tr_map();
	c = tr_map_put_s(c, "execution_id", tr_int(77));
	c = tr_map_put_s(c, "step_run_id", tr_int(5));
	c = tr_map_put_s(c, "step", tr_string(step));
	tr_value controllers = controllers_table();
	k->run = run_scope_new(&(run_place){.book = k->book, .pures = controllers}, c);
	tr_drop(controllers);
	tr_drop(c);
	assert_true(tr_is_valid(k->run));
}

static void took(kit *k, pipeline_action action)
{
	k->action = action;
	if (action.what == PIPELINE_PERFORM) {
		tr_assign(&k->inputs, tr_keep(tr_map_get_s(action.command, "input")));
		tr_drop(action.command);
	}
}

void kit_begin(kit *k)
{
	pipeline_setup setup = {.run = tr_keep(k->run),
				.iteration = k->iteration,
				.parallel = k->parallel,
				.iter = tr_keep(k->iter),
				.events = &k->events};
	k->pipe = pipeline_new(&setup);
	assert_non_null(k->pipe);
	took(k, pipeline_next(k->pipe, k->clock));
}

void kit_fini(kit *k)
{
	pipeline_free(&k->pipe);
	event_list_fini(&k->events);
	tr_clear(&k->run);
	tr_clear(&k->inputs);
	tr_clear(&k->iter);
	playbook_free(&k->book);
}

void kit_outcome(kit *k, const char *json)
{
	assert_int_equal(k->action.what, PIPELINE_PERFORM);
	k->clock.now_ns += 3 * TR_MS;
	k->clock.wall_us += 3000;
	took(k, pipeline_outcome(k->pipe, kit_json(json), k->clock));
}

void kit_ok(kit *k, const char *result)
{
	char text[2000];
	snprintf(text, sizeof text, "{\"status\": \"success\", \"result\": %s}", result);
	kit_outcome(k, text);
}

void kit_error(kit *k, const char *kind, bool retryable)
{
	char text[400];
	snprintf(
	    text, sizeof text,
	    "{\"status\": \"error\", \"error\": {\"kind\": \"%s\", \"message\": \"it was %s\", \"retryable\": %s}}",
	    kind, kind, retryable ? "true" : "false");
	kit_outcome(k, text);
}

int64_t kit_go_on(kit *k)
{
	assert_commits(k);
	int64_t wait = k->action.not_before_ns - k->clock.now_ns;
	if (wait > 0)
		k->clock.now_ns += wait;
	took(k, pipeline_next(k->pipe, k->clock));
	return wait / TR_MS;
}

void kit_pass(kit *k, const char *result)
{
	kit_ok(k, result);
	kit_go_on(k);
}

event_list kit_log(kit *k)
{
	event_list log = k->events;
	k->events = (event_list){0};
	for (size_t i = 0; i < log.count; i++)
		assert_int_equal(event_unshape(&log.items[i]), TR_OK);
	return log;
}

const event *kit_event(kit *k, event_type type)
{
	for (size_t i = k->events.count; i > 0; i--) {
		event *e = &k->events.items[i - 1];
		if (e->type != type)
			continue;
		assert_int_equal(event_unshape(e), TR_OK);
		return e;
	}
	fail_msg("there is no event %s", event_type_text(type));
	return NULL;
}

size_t kit_count(const kit *k, event_type type)
{
	size_t n = 0;
	for (size_t i = 0; i < k->events.count; i++)
		n += k->events.items[i].type == type;
	return n;
}
