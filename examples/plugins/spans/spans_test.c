/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of spans: what is exported is read back as JSON. */
#include <stdio.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/plugin_test.h>
#include <unistd.h>

#define FILE_PATH FOLDER "/spans.jsonl"

static tr_value task(const char *label)
{
	tr_value context = TR_DICT("label", tr_string(label), "execution_id", tr_string("42"), "idempotency_key",
				   tr_string(label), "attempt", tr_int(1), "step", tr_string("s"));

	return TR_DICT("kind", tr_string("noop"), "context", context, "input", tr_map());
}

/* The spans of the last line of the file; fresh. */
static tr_value exported(void)
{
	char text[20000];
	FILE *f = fopen(FILE_PATH, "r");

	TR_EXPECT(f != NULL);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	tr_value request = tr_json_read((tr_str){text, strcspn(text, "\n")}, NULL, NULL);
	TR_EXPECT(tr_is(request, TR_MAP));
	tr_value scope =
	    tr_array_at(tr_map_get_s(tr_array_at(tr_map_get_s(request, "resourceSpans"), 0), "scopeSpans"), 0);
	tr_value spans = tr_keep(tr_map_get_s(scope, "spans"));
	tr_drop(request);
	return spans;
}

static void exports_tasks(tr_plugin_world *w)
{
	unlink(FILE_PATH);
	tr_drop(tr_plugin_world_hook(w, "task_execute", task("fetch"), NULL));
	tr_drop(tr_plugin_world_hook(w, "task_execute", task("store"), NULL));
	tr_value o = tr_plugin_world_command(w, "spans", tr_map());
	TR_EXPECT_INT(TR_GET(o, "result", "written"), 2);
	TR_EXPECT_INT(TR_GET(o, "result", "lost"), 0);
	tr_drop(o);
	tr_value spans = exported();
	unlink(FILE_PATH);
	TR_EXPECT(tr_array_len(spans) == 2);
	TR_EXPECT_TEXT(tr_map_get_s(tr_array_at(spans, 0), "name"), "fetch");
	TR_EXPECT(
	    tr_equal(tr_map_get_s(tr_array_at(spans, 0), "traceId"), tr_map_get_s(tr_array_at(spans, 1), "traceId")));
	TR_EXPECT(strcmp(tr_as_cstr(tr_map_get_s(tr_array_at(spans, 0), "startTimeUnixNano"), "z"),
			 tr_as_cstr(tr_map_get_s(tr_array_at(spans, 0), "endTimeUnixNano"), "")) <= 0);
	tr_drop(spans);
}

#define SETTINGS "{\"path\": \"" FILE_PATH "\"}"
TR_PLUGIN_TESTS({.name = "exports tasks", .run = exports_tasks, .config = SETTINGS, .grants = "[\"fs:" FOLDER "\"]"},
		{.name = "exports them from a process of its own",
		 .run = exports_tasks,
		 .config = SETTINGS,
		 .grants = "[\"fs:" FOLDER "\"]",
		 .process = true})
