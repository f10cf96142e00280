/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of a built-in kind a second, of so many clients at once. Prints a line of JSON. */
#include "plugins/actions/builtin.h"
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <troupe/codec.h>
#include <troupe/node.h>

#define MOST_AT_ONCE 1024

typedef struct plan {
	const char *kind;
	tr_value input;
	int64_t n, at_once, took;
	_Atomic int64_t failed;
} plan;

static tr_ref ask(const plan *p)
{
	char subject[64];
	tr_ref ref = tr_make_ref();
	tr_value command = TR_DICT("kind", tr_string(p->kind), "input", tr_keep(p->input), "context", tr_map());

	(void)snprintf(subject, sizeof subject, "command.%s", p->kind);
	tr_send_name(subject, TR_LIST(TR_A(command), tr_pid_value(tr_self()), tr_ref_value(ref), command));
	return ref;
}

static void not_ours(void *data)
{
	(void)data;
}

static const tr_class plan_class = {"plan", not_ours};

static void perform(plan *p)
{
	tr_value m = tr_receive_ref(ask(p), tr_in(60 * TR_SECOND));

	if (!tr_str_is(tr_as_str(TR_GET(tr_array_at(m, 2), "status")), "success"))
		atomic_fetch_add(&p->failed, 1);
	tr_drop(m);
}

/* One command after the other, as a client has them. arg: [plan, who counts] */
static void client(tr_value arg)
{
	plan *p = tr_as_object(tr_array_at(arg, 0), &plan_class);
	tr_pid counter = tr_as_pid(tr_array_at(arg, 1));

	perform(p); /* to warm things up */
	tr_send(counter, tr_string("ready"));
	tr_drop(tr_receive(TR_FOREVER));
	for (int64_t i = 0; i < p->n / p->at_once; i++)
		perform(p);
	tr_send(counter, tr_string("done"));
}

static void hear_all(int64_t n)
{
	for (; n > 0; n--)
		tr_drop(tr_receive(TR_FOREVER));
}

static void body(tr_value arg)
{
	static tr_pid clients[MOST_AT_ONCE];
	plan *p = tr_as_object(arg, &plan_class);

	for (int64_t i = 0; i < p->at_once; i++)
		clients[i] = tr_spawn_link(client, TR_LIST(tr_keep(arg), tr_pid_value(tr_self())));
	hear_all(p->at_once);
	p->failed = 0;
	int64_t from = tr_now();
	for (int64_t i = 0; i < p->at_once; i++)
		tr_send(clients[i], tr_string("go"));
	hear_all(p->at_once);
	p->took = tr_now() - from;
}

static tr_node *start(void)
{
	size_t count;
	const builtin *all = plugins_builtin(&count);
	plugin_host_options options = {.builtins = all, .builtin_count = count};
	tr_child_spec child;
	tr_node *node = tr_node_start(NULL, NULL);

	if (node == NULL || plugin_host_child(node, &options, &child) != TR_OK)
		return NULL;
	tr_supervisor_spec top = {
	    .strategy = TR_ONE_FOR_ONE, .intensity = 3, .children = &child, .child_count = 1, .label = "top"};
	return tr_node_supervisor(node, &top).pid.bits != 0 ? node : NULL;
}

int main(int argc, char **argv)
{
	plan p = {.kind = argc == 6 ? argv[2] : NULL};
	tr_node *node = argc == 6 ? start() : NULL;

	if (node == NULL) {
		fprintf(stderr, "usage: %s NAME KIND INPUT-AS-JSON COUNT AT-ONCE\n", argv[0]);
		return 2;
	}
	p.input = tr_json_read(tr_s(argv[3]), NULL, NULL);
	p.n = atoll(argv[4]);
	p.at_once = atoll(argv[5]);
	if (!tr_is(p.input, TR_MAP) || p.n < 1 || p.at_once < 1 || p.at_once > MOST_AT_ONCE)
		return 2;
	tr_spawned s = tr_node_spawn(node, body, tr_object(&plan_class, &p), NULL);
	tr_drop(tr_node_wait(node, s.pid, TR_FOREVER));
	if (p.failed > 0 || p.took == 0) {
		fprintf(stderr, "%s: %lld of %lld commands failed\n", argv[1], (long long)p.failed, (long long)p.n);
		_Exit(1);
	}
	p.n = p.n / p.at_once * p.at_once;
	printf("{\"bench\": \"%s\", \"subject\": \"troupe\", \"value\": %.1f, \"unit\": \"/s\"}\n", argv[1],
	       (double)p.n * 1e9 / (double)p.took);
	tr_node_stop(&node);
	return 0;
}
