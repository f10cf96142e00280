/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the executions of others. */
#include "cli/others.h"

#include "actors/edge/edge.h"
#include "actors/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <troupe/actor.h>

#define CALL_NS  (30 * TR_SECOND)
#define CLOSE_NS (10 * TR_SECOND)

static tr_value running(void)
{
	return tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(tr_string("list")), tr_in(CALL_NS));
}

/* True: nothing runs, and nothing is begun any more. Nobody who does not answer begins anything either. */
static bool closed(void)
{
	tr_value answer = tr_call_name(SUBJECT_EXECUTIONS, TR_LIST(tr_string("close")), tr_in(CALL_NS));
	bool busy = tr_is(answer, TR_BOOL) && !tr_as_bool(answer, true);

	tr_drop(answer);
	return !busy;
}

/* False: a signal came. */
static bool wait_for(tr_ref monitor)
{
	for (;;) {
		tr_value m = tr_receive(TR_FOREVER), tag = tr_array_at(m, 0);
		bool down = TR_IS_A(tag, down) && tr_ref_eq(tr_as_ref(tr_array_at(m, 1)), monitor);
		bool signal = tr_is(tr_array_at(m, 1), TR_INT) && tr_equal(tag, tr_atom("signal"));

		if (TR_IS_A(tag, info))
			fprintf(stderr, "%.*s", TR_STR(tr_as_str(tr_array_at(m, 1))));
		tr_drop(m);
		if (down || signal)
			return down;
	}
}

static size_t count_others(const others *o, tr_value list)
{
	size_t n = 0;

	for (size_t i = 0; i < tr_array_len(list); i++) {
		const char *id = tr_as_cstr(tr_map_get_s(tr_array_at(list, i), "execution_id"), "0");
		n += !o->is_own(o->arg, strtoll(id, NULL, 10));
	}
	return n;
}

bool others_wait(const others *o)
{
	bool said = false;

	while (!closed()) {
		tr_value list = running();
		size_t count = count_others(o, list);
		tr_pid pid = tr_as_pid(tr_map_get_s(tr_array_at(list, 0), "pid"));

		tr_drop(list);
		if (count > 0 && !said)
			fprintf(stderr,
				"troupe %s: done; waiting for %zu execution%s that others started in this process "
				"(Ctrl-C leaves them to 'troupe resume')\n",
				o->command, count, count == 1 ? "" : "s");
		said = said || count > 0;
		/* One that is just being taken up again has no pid for a moment. */
		if (pid.bits == 0)
			tr_sleep_until(tr_in(10 * TR_MS));
		else if (!wait_for(tr_monitor(pid)))
			return false;
	}
	edge_close(tr_in(CLOSE_NS));
	return true;
}

void others_leave(const others *o)
{
	tr_value list = running();
	size_t count = count_others(o, list);

	tr_drop(list);
	if (count > 0)
		fprintf(stderr,
			"troupe %s: %zu execution%s that others started in this process %s left to 'troupe resume'\n",
			o->command, count, count == 1 ? "" : "s", count == 1 ? "is" : "are");
}
