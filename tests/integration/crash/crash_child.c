/* SPDX-License-Identifier: Apache-2.0 */
/* The process that is killed. */
#include "tests/integration/crash/crash_child.h"

#include "actors/event/event.h"
#include "actors/protocol.h"
#include "cli/assemble.h"
#include "plugins/actions/builtin.h"
#include "tests/integration/crash/witness.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT (60 * TR_SECOND)

#define HEAD(name, path) "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: " name ", path: " path "}\n"

/* A fan-out with a task that is tried three times, a parallel loop, a pending step, a step in a circle, a sub-playbook,
 * a loop of them, one that nobody waits for, a join, a chain, a final step. */
static const char main_text[] = HEAD(
    "crash",
    CRASH_PATH) "workload: {k: 3}\n"
		"executor: {spec: {final_step: last}}\nworkflow:\n"
		"- step: split\n  spec: {next_mode: inclusive}\n  tool: {kind: witness, gives: 1}\n  next: [a, l, w, "
		"p, s, r, f]\n"
		"- step: a\n  tool:\n"
		"  - t: {kind: witness, gives: 5, eval: [{expr: \"{{ _attempt < 3 }}\", do: retry, attempts: 5, "
		"delay: 0.005},\n"
		"        {else: {do: continue, set_ctx: {a: \"{{ outcome.result }}\"}}}]}\n"
		"  - u: {kind: witness, gives: \"{{ _prev + 1 }}\"}\n"
		"  next: [{step: meet, args: {a: \"{{ a }}\"}}]\n"
		"- step: l\n  loop: {in: \"{{ range(20) | list }}\", iterator: i, spec: {mode: parallel, "
		"max_in_flight: 4}}\n"
		"  tool: {kind: witness, gives: \"{{ iter.i * 2 }}\"}\n"
		"  next: [{step: meet, args: {l: \"{{ l.results | sum }}\"}}]\n"
		"- step: w\n  when: \"{{ ctx.p }}\"\n  tool: {kind: witness, gives: w}\n  next: [meet]\n"
		"- step: p\n  tool: {kind: witness, gives: p, eval: [{else: {do: continue, set_ctx: {p: true,\n"
		"        n: \"{{ (ctx.n or 0) + 1 }}\"}}}]}\n"
		"  next: [{step: p, when: \"{{ ctx.n < workload.k }}\"}, {step: meet}]\n"
		"- step: s\n  tool:\n"
		"  - before: {kind: witness}\n"
		"  - sub: {kind: playbook, path: tests/child, args: {n: 40}, return_step: two}\n"
		"  - after: {kind: witness, gives: \"{{ _prev.sum }}\"}\n"
		"  next: [{step: meet, args: {s: \"{{ s }}\"}}]\n"
		"- step: r\n  loop: {in: [10, 20, 30], iterator: i, spec: {mode: parallel, max_in_flight: 2}}\n"
		"  tool: {kind: playbook, path: tests/middle, args: {n: \"{{ iter.i }}\"}}\n"
		"  next: [{step: meet, args: {r: \"{{ r.results | map(attribute='result') | list }}\"}}]\n"
		"- step: f\n  tool: {kind: playbook, path: tests/child, args: {n: 7}, wait: false}\n  next: [meet]\n"
		"- step: meet\n  tool: {kind: witness, gives: \"{{ args.a + args.l }}\"}\n  next: [c0]\n"
		"- {step: c0, tool: {kind: witness}, next: c1}\n- {step: c1, tool: {kind: witness}, next: c2}\n"
		"- {step: c2, tool: {kind: noop}}\n"
		"- step: last\n  tool: {kind: witness, gives:\n"
		"      \"{{ meet }}-{{ ctx.n }}-{{ ctx.a }}-{{ args.branches.total }}-{{ [s] + r.results | "
		"map(attribute='result') | "
		"list }}\"}\n";

static const char child_text[] =
    HEAD("child", "tests/child") "workload: {n: 0}\nworkflow:\n"
				 "- {step: one, tool: {kind: witness, gives: \"{{ workload.n }}\"}, next: two}\n"
				 "- {step: two, tool: {kind: witness, gives: {sum: \"{{ one + 1 }}\"}}}\n";

/* A child with a child of its own. */
static const char middle_text[] =
    HEAD("middle", "tests/middle") "workload: {n: 0}\nworkflow:\n"
				   "- {step: sub, tool: {kind: playbook, path: tests/child, args: {n: \"{{ workload.n "
				   "}}\"}, return_step: two},\n"
				   "   next: sum}\n"
				   "- {step: sum, tool: {kind: witness, gives: \"{{ sub.sum + workload.n - 1 }}\"}}\n";

struct child {
	int64_t new_ones;
	char finished[300];
	size_t running;
	atomic_uint bad; /* read by the waiting thread */
};

static void not_ours(void *data)
{
	(void)data;
}
static const tr_class child_class = {"crash child", not_ours};

static void complain(struct child *c, const char *what, tr_value v)
{
	tr_buf b = {0};

	tr_show(&b, v, 3000);
	fprintf(stderr, "%s: %s\n", what, b.p == NULL ? "" : b.p);
	tr_buf_fini(&b);
	atomic_fetch_add(&c->bad, 1);
}

static void tell(const char *line, int n)
{
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(9); /* nobody listens any more */
}

static void tell_event(tr_value m)
{
	char line[64];
	event e;
	int n;

	if (event_from_value(tr_array_at(m, 2), &e) != TR_OK)
		return;
	n = snprintf(line, sizeof line, "e %" PRId64 " %" PRIu64 "\n", e.execution_id, e.seq);
	event_fini(&e);
	tell(line, n);
}

static void ended(struct child *c, tr_value m)
{
	tr_value summary = tr_array_at(m, 2), path = TR_GET(summary, "playbook", "path");
	char line[64];

	if (!tr_str_is(tr_as_str(tr_map_get_s(summary, "status")), "success") ||
	    (tr_str_is(tr_as_str(path), CRASH_PATH) &&
	     !tr_str_is(tr_as_str(tr_map_get_s(summary, "result")), CRASH_RESULT)))
		complain(c, "an execution ended otherwise", m);
	tell(line, snprintf(line, sizeof line, "d %" PRId64 "\n", tr_as_int(tr_array_at(m, 1), 0)));
	c->running--;
}

/* The next message; an execution's end is judged. False: nothing came. */
static bool take(struct child *c)
{
	tr_value m = tr_receive(tr_in(WAIT));

	if (!tr_is_valid(m)) {
		complain(c, "nothing moves any more", tr_nil());
		return false;
	}
	if (TR_IS_A(tr_array_at(m, 0), event))
		tell_event(m);
	else if (TR_IS_A(tr_array_at(m, 0), done))
		ended(c, m);
	tr_drop(m);
	return true;
}

static tr_value put(struct child *c, const char *name, const char *text)
{
	tr_value answer = tr_call_name(
	    SUBJECT_CATALOG, TR_LIST(tr_atom("put"), tr_string(name), tr_string(text), tr_nil()), tr_in(WAIT));
	tr_value hash = tr_keep(tr_array_at(answer, 1));

	if (!TR_IS_A(tr_array_at(answer, 0), ok))
		complain(c, "the catalog refuses", answer);
	tr_drop(answer);
	return hash;
}

static void start_one(struct child *c, tr_value hash)
{
	tr_value request = TR_DICT("hash", tr_keep(hash), "watch", tr_pid_value(tr_self()));
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(start), request), tr_in(WAIT));

	if (TR_IS_A(tr_array_at(answer, 0), ok))
		c->running++;
	else
		complain(c, "it cannot be started", answer);
	tr_drop(answer);
}

static bool says(tr_value answer, const char *what)
{
	return strstr(tr_as_cstr(tr_array_at(answer, 1), ""), what) != NULL;
}

/* A child may be taken up by its parent at the same time: then it runs already, and is watched from there on. */
static void resume_one(struct child *c, int64_t id)
{
	tr_value request = TR_LIST(TR_A(resume), tr_int(id), tr_pid_value(tr_self()));
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, request, tr_in(WAIT)), watched;

	if (TR_IS_A(tr_array_at(answer, 0), ok)) {
		c->running++;
	} else if (says(answer, "runs already")) {
		watched = tr_call_name(SUBJECT_EXECUTIONS,
				       TR_LIST(tr_atom("watch"), tr_int(id), tr_pid_value(tr_self())), tr_in(WAIT));
		c->running += TR_IS_A(watched, ok);
		tr_drop(watched);
	} else if (!says(answer, "has ended")) {
		complain(c, "it cannot be resumed", answer);
	}
	tr_drop(answer);
}

static bool is_finished(const struct child *c, int64_t id)
{
	FILE *f = fopen(c->finished, "r");
	int64_t one;
	bool yes = false;

	while (f != NULL && !yes && fscanf(f, "%" SCNd64, &one) == 1)
		yes = one == id;
	if (f != NULL)
		(void)fclose(f);
	return yes;
}

static void resume_all(struct child *c)
{
	tr_value list = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("list")), tr_in(WAIT));

	for (size_t i = 0; i < tr_array_len(list); i++) {
		int64_t id = strtoll(tr_as_cstr(tr_map_get_s(tr_array_at(list, i), "execution_id"), "0"), NULL, 10);

		if (!is_finished(c, id))
			resume_one(c, id);
	}
	tr_drop(list);
}

static void body(tr_value arg)
{
	struct child *c = tr_as_object(arg, &child_class);
	tr_value hash = put(c, "crash.yaml", main_text);

	tr_drop(put(c, "child.yaml", child_text));
	tr_drop(put(c, "middle.yaml", middle_text));
	resume_all(c);
	for (int64_t i = 0; i < c->new_ones; i++)
		start_one(c, hash);
	tr_drop(hash);
	while (atomic_load(&c->bad) == 0 && c->running > 0 && take(c))
		continue;
	/* What nobody waits for ends too: it was started by those above, and is not watched. */
	for (bool more = true; more && atomic_load(&c->bad) == 0;) {
		tr_value list = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(tr_atom("list")), tr_in(WAIT));

		more = tr_array_len(list) > 0;
		tr_drop(list);
		if (more)
			tr_sleep_until(tr_in(TR_MS));
	}
}

int crash_child(const char *folder, const char *how_many_new)
{
	char data[300], path[300], why[600];
	builtin plugins[32];
	size_t count;
	const builtin *standard = plugins_builtin(&count);
	struct child c = {.new_ones = strtoll(how_many_new, NULL, 10)};
	assemble_options options = {.data = data,
				    .durability = DURABILITY_STRICT,
				    .snapshot_every = 40,
				    .crash_limit = 1000,
				    .log_level = TR_ERROR};
	const tr_spawn_options spawn = {.label = "crash child"};
	tr_node *node;
	tr_spawned s;

	memcpy(plugins, standard, count * sizeof *plugins);
	plugins[count] = (builtin){witness_manifest, &witness_plugin, true};
	options.plugins = plugins;
	options.plugin_count = count + 1;
	(void)snprintf(data, sizeof data, "%s/data", folder);
	(void)snprintf(path, sizeof path, "%s/witness", folder);
	(void)snprintf(c.finished, sizeof c.finished, "%s/finished", folder);
	node = witness_open(path) ? assemble_embedded(&options, why, sizeof why) : NULL;
	if (node == NULL) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	s = tr_node_spawn(node, body, tr_object(&child_class, &c), &spawn);
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	(void)assemble_stop(&node);
	return atomic_load(&c.bad) == 0 ? 0 : 1;
}
