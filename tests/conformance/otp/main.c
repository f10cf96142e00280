/* SPDX-License-Identifier: Apache-2.0 */
/* Performs every scenario of a file (terms `{name, [operation, …]}.`) on Troupe and prints their traces. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/conformance/otp/script.h"
#include "tests/conformance/otp/term.h"

/* A scenario that is not over by then is given up. */
#define SCENARIO_PATIENCE (90 * TR_SECOND)

static void swallow_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

/* What others do once the last operation of `main` is done is not part of the trace. */
static void main_body(tr_value arg)
{
	script_body(arg);
	world_close(world_here());
}

/* Runs the scenario as an actor of its own, `main`, and notes how it ended. */
static void driver(tr_value ops)
{
	tr_value arg = TR_LIST(tr_atom("main"), tr_keep(ops));
	tr_spawned m = tr_spawn_opt(main_body, arg, &(tr_spawn_options){.monitor = true});
	tr_value down = tr_receive_ref(m.monitor, tr_in(SCENARIO_PATIENCE));

	world_end(world_here(), m.pid, tr_is_valid(down) ? tr_array_at(down, 4) : tr_nil());
	tr_drop(down);
}

static void perform(tr_value scenario, uint32_t schedulers)
{
	tr_node_options options = {.schedulers = schedulers, .stack_size = 256 * 1024, .report = swallow_report};
	tr_node *node = tr_node_start(&options, NULL);
	struct world *w = world_new();

	if (node == NULL || tr_node_set(node, TR_SLOT_APP, w, NULL) != TR_OK)
		abort();
	tr_spawned d = tr_node_spawn(node, driver, tr_keep(tr_array_at(scenario, 1)), NULL);
	tr_drop(tr_node_wait(node, d.pid, TR_FOREVER));
	tr_node_stop(&node); /* first: others may still be at it */
	tr_str trace = world_trace(w);
	printf("# %s\n%.*s", script_text(tr_array_at(scenario, 0)), TR_STR(trace));
	fflush(stdout);
	world_free(w);
}

static char *file_text(const char *path)
{
	tr_buf text = {0};
	FILE *f = fopen(path, "r");
	char chunk[4096];
	size_t n;

	if (f == NULL)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		tr_buf_put(&text, chunk, n);
	fclose(f);
	return text.p;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE [SCHEDULERS]\n", argv[0]);
		return 2;
	}
	char *text = file_text(argv[1]);
	if (text == NULL) {
		fprintf(stderr, "%s cannot be read\n", argv[1]);
		return 2;
	}
	const char *at = text;
	tr_value scenario = term_read(&at);
	for (; tr_is_valid(scenario); scenario = term_read(&at)) {
		perform(scenario, argc > 2 ? (uint32_t)atoi(argv[2]) : 2);
		tr_drop(scenario);
	}
	if (tr_value_err(scenario) != TR_OK)
		fprintf(stderr, "%s: no term before: %.60s\n", argv[1], at);
	tr_free(text);
	return tr_value_err(scenario) == TR_OK ? 0 : 2;
}
