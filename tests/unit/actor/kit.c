/* SPDX-License-Identifier: Apache-2.0 */
/* The kit of the kernel's tests. */
#include "tests/unit/actor/kit.h"

#include <stdio.h>

TR_NORETURN void kit_failed(const char *file, int line, const char *what)
{
	tr_exitf("%s:%d: %s", file, line, what);
}

void kit_shows(const char *file, int line, tr_value v, const char *text)
{
	tr_buf b = {0};
	tr_show(&b, v, 4096);
	bool same = tr_str_is(tr_buf_str(&b), text);
	tr_value got = tr_string_buf(&b);
	tr_drop(v);
	if (!same)
		tr_exitf("%s:%d: %s is not %s", file, line, tr_as_cstr(got, "?"), text);
	tr_drop(got);
}

static void drop_report(void *arg, tr_value report)
{
	(void)arg;
	tr_drop(report);
}

tr_node_options kit_options(uint32_t schedulers)
{
	return (tr_node_options){.schedulers = schedulers, .report = drop_report};
}

static void run(tr_body *body, uint32_t schedulers, const char *text)
{
	tr_node_options o = kit_options(schedulers);
	tr_value reason = tr_run(&o, body, tr_nil());
	tr_buf b = {0};
	tr_show(&b, reason, 4096);
	assert_string_equal(b.p, text);
	tr_buf_fini(&b);
	tr_drop(reason);
}

void kit_run(tr_body *body, uint32_t schedulers)
{
	run(body, schedulers, "normal");
}

void kit_run_reason(tr_body *body, const char *text)
{
	run(body, 0, text);
}

bool kit_atom_is(tr_value message, size_t i, const char *name)
{
	tr_value v = tr_array_at(message, i);
	return tr_is(v, TR_ATOM) && tr_str_is(tr_as_str(v), name);
}
