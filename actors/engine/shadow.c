/* SPDX-License-Identifier: Apache-2.0 */
/* Replay beside the live machine. */
#include "actors/engine/shadow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

void shadow_check(machine *shadow, const machine *live, const event *e)
{
	tr_buf bytes = {0};
	event read;
	tr_err err = event_encode(&bytes, e);
	tr_value a, b;

	if (err == TR_OK)
		err = event_decode(tr_buf_str(&bytes), &read);
	if (err == TR_OK) {
		err = machine_apply(shadow, &read);
		event_fini(&read);
	}
	tr_buf_fini(&bytes);
	a = machine_digest(live);
	b = machine_digest(shadow);
	if (err != TR_OK)
		differs(e, tr_err_text(err), a, b);
	if (!tr_equal(a, b))
		differs(e, first_difference(a, b), a, b);
	tr_drop(a);
	tr_drop(b);
}
