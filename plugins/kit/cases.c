/* SPDX-License-Identifier: Apache-2.0 */
/* Running tests and telling what came of them. */
#include "plugins/kit/world.h"

#include "plugins/host/inspect.h"
#include "plugins/host/process/child.h"
#include "plugins/kit/progress.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/testing.h>

/* A test runs on the main thread of its program, one after the other. */
static _Thread_local jmp_buf *failing;

void tr_plugin_test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "    %s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	if (failing == NULL)
		abort(); /* not inside a test */
	longjmp(*failing, 1);
}

static const char *shown(tr_buf *text, tr_value v)
{
	tr_show(text, v, 2000);
	return text->p == NULL ? "?" : text->p;
}

void tr_plugin_test_success(const char *file, int line, tr_value outcome)
{
	tr_buf text = {0};

	if (!tr_str_is(tr_as_str(tr_map_get_s(outcome, "status")), "success"))
		tr_plugin_test_fail(file, line, "no success: %s", shown(&text, outcome));
}

void tr_plugin_test_error(const char *file, int line, tr_value outcome, const char *kind)
{
	tr_buf text = {0};

	if (!tr_str_is(tr_as_str(TR_GET(outcome, "error", "kind")), kind))
		tr_plugin_test_fail(file, line, "no error of kind %s: %s", kind, shown(&text, outcome));
}

void tr_plugin_test_equal(const char *file, int line, tr_value have, tr_value want)
{
	tr_buf a = {0}, b = {0};
	bool same = tr_equal(have, want);

	if (!same) {
		shown(&a, have);
		shown(&b, want);
	}
	tr_drop(want);
	if (!same)
		tr_plugin_test_fail(file, line, "it is %s, not %s", a.p == NULL ? "?" : a.p, b.p == NULL ? "?" : b.p);
}

/* The JSON text of a test, or absent; *good becomes false when it is none. */
static tr_value json_of(const char *what, const char *text, bool *good)
{
	tr_value v = text == NULL ? tr_absent() : tr_json_read(tr_s(text), NULL, NULL);

	if (text != NULL && !tr_is_valid(v)) {
		fprintf(stderr, "    .%s is no JSON: %s\n", what, text);
		*good = false;
	}
	return v;
}

static tr_value id_of(const char *path)
{
	manifest m = {0};
	char why[INSPECT_WHY];
	tr_value id = plugin_inspect(path, &m, NULL, why) ? tr_string(m.id) : tr_absent();

	if (!tr_is_valid(id)) {
		fprintf(stderr, "%s %s\n", path, why);
		exit(2);
	}
	manifest_fini(&m);
	return id;
}

/* {id: value}, absent when there is no value. Takes it. */
static tr_value for_plugin(const char *id, tr_value v)
{
	return tr_is_valid(v) ? TR_DICT(id, v) : tr_absent();
}

/* The world that a test wants; NULL when it cannot be had, which has been told. */
static tr_plugin_world *world_of(const tr_plugin_test *t, char **paths, const char *id)
{
	char why[700];
	bool good = true;
	tr_plugin_world *w = NULL;
	tr_plugin_world_options o = {.paths = (const char *const *)paths,
				     .config = for_plugin(id, json_of("config", t->config, &good)),
				     .grants = for_plugin("*", json_of("grants", t->grants, &good)),
				     .isolation = for_plugin(id, t->process ? tr_string("process") : tr_absent()),
				     .stepped = t->stepped};

	if (t->run == NULL) {
		fprintf(stderr, "    it has no .run, so nothing is tested\n");
		good = false;
	}
	if (good && (w = tr_plugin_world_start(&o, why, sizeof(why))) == NULL)
		fprintf(stderr, "    %s\n", why);
	tr_drop(o.config);
	tr_drop(o.grants);
	tr_drop(o.isolation);
	return w;
}

static bool run_one(const tr_plugin_test *t, char **paths, const char *id)
{
	jmp_buf here;
	tr_plugin_world *volatile w = world_of(t, paths, id);
	volatile bool good = w != NULL;

	if (w == NULL)
		return false;
	failing = &here;
	if (setjmp(here) == 0)
		t->run(w);
	else
		good = false;
	failing = NULL;
	tr_test_fail_alloc(-1);
	tr_plugin_world *end = w;
	tr_plugin_world_stop(&end);
	return good;
}

int tr_plugin_test_main(int argc, char **argv, const tr_plugin_test *tests, size_t n)
{
	if (argc > 1 && strcmp(argv[1], PLUGIN_CHILD_WORD) == 0) /* the process of an isolated plugin */
		return plugin_child_main();
	if (argc < 2) {
		fprintf(stderr, "usage: %s PLUGIN.so [further plugins that it needs, before it]\n", argv[0]);
		return 2;
	}
	if (!progress_begin(n))
		return 2;
	tr_value id = id_of(argv[argc - 1]);
	for (size_t i = 0; i < n; i++) {
		progress_test(tests[i].name != NULL ? tests[i].name : "(a test without .name)");
		progress_result(run_one(&tests[i], argv + 1, tr_as_cstr(id, "")));
	}
	tr_drop(id);
	return progress_end();
}
