/* SPDX-License-Identifier: Apache-2.0 */
/* An embedded node, as `troupe run` has it, and executions in it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "actors/protocol.h"
#include "bench/engine/bench.h"
#include "cli/assemble.h"

#define CALL_NS (60 * TR_SECOND)

struct job {
	void (*body)(void *context);
	void *context;
};

static folder data; /* of the node: this program has one at a time */

static void not_ours(void *ptr)
{
	(void)ptr;
}

static const tr_class job_class = {"bench job", not_ours};

static void quiet(void *arg, tr_value record)
{
	tr_buf text = {0};

	(void)arg;
	tr_log_show(&text, record, false);
	fprintf(stderr, "%.*s", TR_STR(tr_buf_str(&text)));
	tr_buf_fini(&text);
}

TR_NORETURN static void give_up(const char *what, tr_value why)
{
	tr_buf text = {0};

	tr_show(&text, why, 600);
	fprintf(stderr, "bench_engine: %s: %s\n", what, text.p == NULL ? "?" : text.p);
	_exit(1);
}

static void body(tr_value arg)
{
	struct job *j = tr_as_object(arg, &job_class);

	j->body(j->context);
}

void with_engine(durability how, void (*run)(void *context), void *context)
{
	struct job job = {run, context};
	char why[600];

	folder_make(data);
	assemble_options o = {.data = data, .durability = how, .log_level = TR_ERROR, .log = quiet, .env = tr_absent()};
	tr_node *node = assemble_embedded(&o, why, sizeof why);
	if (node == NULL) {
		fprintf(stderr, "bench_engine: %s\n", why);
		exit(1);
	}
	tr_spawn_options options = {.label = "bench"};
	tr_spawned s = tr_node_spawn(node, body, tr_object(&job_class, &job), &options);
	tr_value reason = tr_node_wait(node, s.pid, TR_FOREVER);
	if (!TR_IS_A(reason, normal))
		give_up("the benchmark's actor ended", reason);
	tr_drop(reason);
	(void)assemble_stop(&node);
	folder_remove(data);
}

TR_NORETURN void host_leave(void)
{
	fflush(stdout);
	folder_remove(data);
	_exit(0);
}

tr_value host_put(tr_buf *text)
{
	tr_value put = TR_LIST(tr_atom("put"), tr_string("bench.yaml"), tr_string_n(text->p, text->n), tr_nil());
	tr_value answer = tr_call_name(SUBJECT_CATALOG, put, tr_in(CALL_NS)), hash;

	tr_buf_fini(text);
	if (!TR_IS_A(tr_array_at(answer, 0), ok))
		give_up("the catalog did not take the playbook", answer);
	hash = tr_keep(tr_array_at(answer, 1));
	tr_drop(answer);
	return hash;
}

int64_t host_start(tr_value hash)
{
	tr_value request =
	    TR_DICT("hash", tr_keep(hash), "watch", tr_pid_value(tr_self()), "watch_events", tr_bool(false));
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(TR_A(start), request), tr_in(CALL_NS));
	int64_t id = tr_as_int(tr_array_at(answer, 1), 0);

	if (!TR_IS_A(tr_array_at(answer, 0), ok))
		give_up("an execution could not be started", answer);
	tr_drop(answer);
	return id;
}

void host_wait(int64_t count)
{
	while (count > 0) {
		tr_value m = tr_receive(tr_in(CALL_NS));

		if (!tr_is_valid(m))
			give_up("an execution does not end", m);
		if (TR_IS_A(tr_array_at(m, 0), done)) {
			tr_value status = tr_map_get_s(tr_array_at(m, 2), "status");

			if (!tr_str_is(tr_as_str(status), "success"))
				give_up("an execution did not end well", m);
			count--;
		}
		tr_drop(m);
	}
}
