/* SPDX-License-Identifier: Apache-2.0 */
/* The tool kind witness. */
#include "tests/integration/crash/witness.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char witness_manifest[] = "{\"id\": \"witness\", \"version\": \"1.0.0\", \"capabilities\": [\"tool:witness\"],"
				" \"provides\": {\"node_handler\": \"witness\"}, \"limits\": {\"concurrency\": 1000}}";

static int witness_fd = -1; /* of this test's process */

bool witness_open(const char *path)
{
	witness_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	return witness_fd >= 0;
}

struct line {
	char text[300];
	int n;
	bool written;
};

static void *write_line(void *arg)
{
	struct line *l = arg;

	l->written = write(witness_fd, l->text, (size_t)l->n) == l->n && fdatasync(witness_fd) == 0;
	return NULL;
}

static tr_value witness_run(tr_value config, tr_pid plugin, tr_value command)
{
	tr_value context = tr_map_get_s(command, "context"), result = tr_command_input(command, "gives");
	struct line l = {.written = false};
	tr_err err;

	(void)config;
	(void)plugin;
	l.n = snprintf(l.text, sizeof l.text, "\n%s %" PRId64 " %ld %" PRId64 " .",
		       tr_as_cstr(tr_map_get_s(context, "idempotency_key"), "?"),
		       tr_as_int(tr_map_get_s(context, "attempt"), 0), (long)getpid(), tr_wall_us());
	(void)tr_dirty(write_line, &l, &err);
	if (err != TR_OK || !l.written)
		return tr_outcome_error("witness", false, "the witness cannot write");
	return tr_outcome_ok(tr_is_valid(result) ? tr_keep(result) : tr_nil());
}

const tr_plugin witness_plugin = {TR_PLUGIN_HEAD, .run = witness_run};
