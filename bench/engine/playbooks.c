/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the playbooks that are run. */
#include <inttypes.h>

#include "bench/engine/bench.h"

static void head(tr_buf *out)
{
	tr_buf_puts(out, "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: bench, path: bench/engine }\n"
			 "workflow:\n");
}

void playbook_chain(tr_buf *out, int64_t steps)
{
	head(out);
	for (int64_t i = 0; i < steps; i++) {
		tr_buf_putf(out, "  - step: s%" PRId64 "\n    tool: { kind: noop }\n", i);
		if (i + 1 < steps)
			tr_buf_putf(out, "    next: s%" PRId64 "\n", i + 1);
	}
}

void playbook_fan(tr_buf *out, int64_t branches)
{
	head(out);
	tr_buf_puts(out, "  - step: begin\n    tool: { kind: noop }\n    spec: { next_mode: inclusive }\n    next: [");
	for (int64_t i = 0; i < branches; i++)
		tr_buf_putf(out, "%s b%" PRId64, i > 0 ? "," : "", i);
	tr_buf_puts(out, " ]\n");
	for (int64_t i = 0; i < branches; i++)
		tr_buf_putf(out, "  - step: b%" PRId64 "\n    tool: { kind: noop }\n    next: meet\n", i);
	tr_buf_puts(out, "  - step: meet\n    tool: { kind: noop }\n");
}

void playbook_loop(tr_buf *out, int64_t count, const char *mode, int64_t in_flight)
{
	head(out);
	tr_buf_putf(out,
		    "  - step: many\n    loop: { in: \"{{ range(%" PRId64 ") }}\", iterator: i, spec: { mode: %s, "
		    "max_in_flight: %" PRId64 " } }\n    tool: [ { one: { kind: noop } } ]\n",
		    count, mode, in_flight);
}

void playbook_waiting(tr_buf *out)
{
	tr_buf_puts(out, "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: { name: bench, path: bench/engine }\n"
			 "executor: { pool: nobody }\nworkflow:\n"
			 "  - step: s0\n    tool: { kind: noop }\n    next: s1\n"
			 "  - step: s1\n    tool: { kind: noop }\n");
}
