/* SPDX-License-Identifier: Apache-2.0 */
/* The process that is killed. */
#include "tests/integration/crash/crash_child.h"

#include "actors/event/event.h"
#include "actors/protocol.h"
#include "cli/assemble.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT_ONCE 40
#define WAIT    (60 * TR_SECOND)
#define RESULT  "386-3-5-1"

/* A fan-out with a task that is tried three times, a parallel loop, a pending step, a step in a circle, a join, a
 * chain, a final step. */
static const char text[] =
    "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: crash, path: tests/crash}\nworkload: {k: 3}\n"
    "executor: {spec: {final_step: last}}\nworkflow:\n"
    "- step: split\n  spec: {next_mode: inclusive}\n  tool: {kind: noop, result: 1}\n  next: [a, l, w, p]\n"
    "- step: a\n  tool:\n"
    "  - t: {kind: noop, result: 5, eval: [{expr: \"{{ _attempt < 3 }}\", do: retry, attempts: 5, delay: 0.001},\n"
    "        {else: {do: continue, set_ctx: {a: \"{{ outcome.result }}\"}}}]}\n"
    "  - u: {kind: noop, result: \"{{ _prev + 1 }}\"}\n"
    "  next: [{step: meet, args: {a: \"{{ a }}\"}}]\n"
    "- step: l\n  loop: {in: \"{{ range(20) | list }}\", iterator: i, spec: {mode: parallel, max_in_flight: 4}}\n"
    "  tool: {kind: noop, result: \"{{ iter.i * 2 }}\"}\n"
    "  next: [{step: meet, args: {l: \"{{ l.results | sum }}\"}}]\n"
    "- step: w\n  when: \"{{ ctx.p }}\"\n  tool: {kind: noop, result: w}\n  next: [meet]\n"
    "- step: p\n  tool: {kind: noop, result: p, eval: [{else: {do: continue, set_ctx: {p: true, n: \"{{ (ctx.n or 0) + "
    "1 }}\"}}}]}\n"
    "  next: [{step: p, when: \"{{ ctx.n < workload.k }}\"}, {step: meet}]\n"
    "- step: meet\n  tool: {kind: noop, result: \"{{ args.a + args.l }}\"}\n  next: [c0]\n"
    "- {step: c0, tool: {kind: noop}, next: c1}\n- {step: c1, tool: {kind: noop}, next: c2}\n"
    "- {step: c2, tool: {kind: noop}}\n"
    "- step: last\n  tool: {kind: noop, result: \"{{ meet }}-{{ ctx.n }}-{{ ctx.a }}-{{ args.branches.total }}\"}\n";

struct child {
	bool resume;
	size_t done;
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

static void tell_event(tr_value m)
{
	char line[64];
	event e;
	int n;

	if (event_from_value(tr_array_at(m, 2), &e) != TR_OK)
		return;
	n = snprintf(line, sizeof line, "%" PRId64 " %" PRIu64 "\n", e.execution_id, e.seq);
	event_fini(&e);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(9); /* nobody listens any more */
}

/* The next message; an execution's end is judged. False: nothing came. */
static bool take(struct child *c)
{
	tr_value m = tr_receive(tr_in(WAIT)), summary = tr_array_at(m, 2);

	if (!tr_is_valid(m)) {
		complain(c, "nothing moves any more", tr_nil());
		return false;
	}
	if (TR_IS_A(tr_array_at(m, 0), event)) {
		tell_event(m);
	} else if (TR_IS_A(tr_array_at(m, 0), done)) {
		c->done++;
		if (!tr_str_is(tr_as_str(tr_map_get_s(summary, "status")), "success") ||
		    !tr_str_is(tr_as_str(tr_map_get_s(summary, "result")), RESULT))
			complain(c, "an execution ended otherwise", m);
	}
	tr_drop(m);
	return true;
}

static void run_all(struct child *c)
{
	tr_value put = tr_call_name(
	    SUBJECT_CATALOG, TR_LIST(tr_atom("put"), tr_string("crash.yaml"), tr_string(text), tr_nil()), tr_in(WAIT));
	size_t started = 0;

	if (!TR_IS_A(tr_array_at(put, 0), ok))
		complain(c, "the catalog refuses", put);
	while (atomic_load(&c->bad) == 0 && c->done < CRASH_EXECUTIONS) {
		if (started < CRASH_EXECUTIONS && started - c->done < AT_ONCE) {
			tr_value request =
			    TR_DICT("hash", tr_keep(tr_array_at(put, 1)), "watch", tr_pid_value(tr_self()));
			tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(start), request), tr_in(WAIT));

			if (!TR_IS_A(tr_array_at(answer, 0), ok))
				complain(c, "it cannot be started", answer);
			tr_drop(answer);
			started++;
		} else if (!take(c)) {
			break;
		}
	}
	tr_drop(put);
}

/* True when it runs again; one that is finished is left alone. */
static bool resume_one(struct child *c, const char *id)
{
	tr_value request = TR_LIST(TR_A(resume), tr_int(strtoll(id, NULL, 10)), tr_pid_value(tr_self()));
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, request, tr_in(WAIT));
	bool runs = TR_IS_A(tr_array_at(answer, 0), ok);

	if (!runs && strstr(tr_as_cstr(tr_array_at(answer, 1), ""), "is finished") == NULL)
		complain(c, "it cannot be resumed", answer);
	tr_drop(answer);
	return runs;
}

static void resume_all(struct child *c)
{
	tr_value list = tr_call_name(SUBJECT_STORE, TR_LIST(tr_atom("list")), tr_in(WAIT));
	size_t resumed = 0;

	for (size_t i = 0; i < tr_array_len(list); i++)
		resumed += resume_one(c, tr_as_cstr(tr_map_get_s(tr_array_at(list, i), "execution_id"), "0"));
	tr_drop(list);
	while (atomic_load(&c->bad) == 0 && c->done < resumed && take(c))
		continue;
}

static void body(tr_value arg)
{
	struct child *c = tr_as_object(arg, &child_class);

	if (c->resume)
		resume_all(c);
	else
		run_all(c);
}

int crash_child(const char *how, const char *data)
{
	const assemble_options options = {.data = data, .durability = DURABILITY_STRICT, .log_level = TR_ERROR};
	struct child c = {.resume = strcmp(how, "resume") == 0};
	char why[600];
	tr_node *node = assemble_embedded(&options, why, sizeof why);
	const tr_spawn_options spawn = {.label = "crash child"};
	tr_spawned s;

	if (node == NULL) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	s = tr_node_spawn(node, body, tr_object(&child_class, &c), &spawn);
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	assemble_stop(&node);
	return atomic_load(&c.bad) == 0 ? 0 : 1;
}
