/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting tokens, told. */
#include "cli/waiting.h"

#include "cli/escape.h"

#include <inttypes.h>
#include <stdio.h>

static tr_value guard_of(const routes *r, tr_value step)
{
	int32_t i = routes_step_index(r, step);
	const pb_expr *when = i >= 0 ? r->playbook->steps[i].when : NULL;

	if (when == NULL)
		return tr_nil();
	return when->kind == PB_TEMPLATE ? tr_string_n(when->source.p, when->source.n) : tr_keep(when->constant);
}

tr_value waiting_of(past *p)
{
	char why[600];
	machine *m = past_playbook(p, why, sizeof why) ? past_machine(p, 0, why, sizeof why) : NULL;
	tr_value plain = m != NULL ? machine_waiting(m) : tr_array(), out = tr_array();

	for (size_t i = 0; i < tr_array_len(plain); i++) {
		tr_value one = tr_array_at(plain, i);
		out = tr_array_push(out,
				    tr_map_put_s(tr_keep(one), "when", guard_of(p->routes, tr_map_get_s(one, "step"))));
	}
	tr_drop(plain);
	if (m != NULL)
		machine_free(&m);
	return out;
}

static void print_steps(tr_value steps)
{
	for (size_t i = 0; i < tr_array_len(steps); i++) {
		char name[120];
		printf("%s%s", i == 0 ? "" : ", ", escape_into(name, sizeof name, tr_as_str(tr_array_at(steps, i))));
	}
}

static void print_one(const style *s, tr_value one)
{
	char name[120];
	int64_t tokens = tr_as_int(tr_map_get_s(one, "tokens"), 0);
	tr_str why = tr_as_str(tr_map_get_s(one, "why"));
	printf("%swaiting%s at %s: ", style_yellow(s), style_off(s),
	       escape_into(name, sizeof name, tr_as_str(tr_map_get_s(one, "step"))));
	if (tr_str_is(why, "count")) {
		printf("%" PRId64 " of the %" PRId64 " tokens that it joins", tokens,
		       tr_as_int(tr_map_get_s(one, "needs"), 0));
	} else if (tr_str_is(why, "join")) {
		printf("%" PRId64 " token%s, for those that may still come from ", tokens, tokens == 1 ? "" : "s");
		print_steps(tr_map_get_s(one, "from"));
	} else {
		tr_buf text = {0};
		escape_value(&text, tr_map_get_s(one, "when"), 160);
		printf("%" PRId64 " token%s, its 'when' is false: %.*s", tokens, tokens == 1 ? "" : "s",
		       TR_STR(tr_buf_str(&text)));
		tr_buf_fini(&text);
	}
	putchar('\n');
}

void waiting_print(const style *s, tr_value waiting)
{
	if (tr_array_len(waiting) > 0)
		putchar('\n');
	for (size_t i = 0; i < tr_array_len(waiting); i++)
		print_one(s, tr_array_at(waiting, i));
}
