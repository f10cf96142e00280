/* SPDX-License-Identifier: Apache-2.0 */
/* Replay beside the live machine. */
#include "actors/engine/shadow.h"

#include "actors/engine/machine_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RESTORE_EVERY 7

machine *shadow_new(routes *r, int64_t execution_id)
{
	return machine_new(r, execution_id);
}

static TR_NORETURN void differs(const event *e, const char *what, tr_value live, tr_value replayed)
{
	tr_buf a = {0}, b = {0};

	tr_show(&a, live, 1 << 20);
	tr_show(&b, replayed, 1 << 20);
	fprintf(stderr, "replay check: execution %" PRId64 ", event %" PRIu64 " (%s): %s\nlive:     %s\nreplayed: %s\n",
		e->execution_id, e->seq, event_type_text(e->type), what, a.p == NULL ? "" : a.p,
		b.p == NULL ? "" : b.p);
	abort();
}

/* The key whose values differ, so that nobody has to search for it. */
static const char *first_difference(tr_value a, tr_value b)
{
	const tr_entry *e = tr_map_entries(a);

	for (size_t i = 0; i < tr_map_len(a); i++)
		if (!tr_equal(e[i].value, tr_map_get(b, e[i].key)))
			return tr_as_cstr(e[i].key, "?");
	return "?";
}

static tr_err apply_read(machine *m, const event *e)
{
	tr_buf bytes = {0};
	event read;
	tr_err err = event_encode(&bytes, e);

	if (err == TR_OK)
		err = event_decode(tr_buf_str(&bytes), &read);
	if (err == TR_OK) {
		err = machine_apply(m, &read);
		event_fini(&read);
	}
	tr_buf_fini(&bytes);
	return err;
}

static void compare(machine *m, tr_err err, tr_value live, const event *e)
{
	tr_value state = machine_digest(m);

	if (err != TR_OK)
		differs(e, tr_err_text(err), live, state);
	if (!tr_equal(live, state))
		differs(e, first_difference(live, state), live, state);
	tr_drop(state);
}

/* By way of the bytes, as from a snapshot. */
static machine *restore(const machine *live)
{
	tr_buf bytes = {0};
	machine *m = machine_write(live, machine_gather, &bytes) == TR_OK
			 ? machine_restore(live->routes, live->execution_id, tr_buf_str(&bytes))
			 : NULL;

	tr_buf_fini(&bytes);
	return m;
}

void shadow_check(machine *shadow, machine **restored, const machine *live, const event *e)
{
	tr_err err = apply_read(shadow, e);
	tr_value state = machine_digest(live);

	compare(shadow, err, state, e);
	if (*restored != NULL)
		compare(*restored, apply_read(*restored, e), state, e);
	if (*restored == NULL || e->seq % RESTORE_EVERY == 0) {
		machine_free(restored);
		*restored = restore(live);
		if (*restored == NULL)
			differs(e, "the state has no way back", state, state);
	}
	tr_drop(state);
}
