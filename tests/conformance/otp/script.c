/* SPDX-License-Identifier: Apache-2.0 */
/* Performing scripts. */
#include "tests/conformance/otp/script.h"

#include <string.h>

static const struct script_entry *const tables[] = {ops_actor,  ops_relation, ops_server,
						    ops_statem, ops_event,    ops_supervisor};

struct script script_new(void)
{
	return (struct script){.world = world_here(),
			       .next = tr_noreply(),
			       .on_timeout = tr_absent(),
			       .on_terminate = tr_absent(),
			       .on_enter = tr_absent(),
			       .handled = tr_handler_ok(),
			       .refusal = tr_absent(),
			       .last = tr_absent()};
}

const char *script_text(tr_value v)
{
	return tr_as_cstr(v, "?");
}

int64_t script_ms(tr_value v)
{
	if (tr_is(v, TR_ATOM)) /* infinity */
		return TR_FOREVER;
	return tr_as_int(v, 0) * TR_MS;
}

tr_value script_keep(tr_value v)
{
	return tr_own_value(tr_keep(v));
}

void script_log(const struct script *s, const char *text, tr_value v)
{
	world_log(s->world, text, v);
	tr_drop(v);
}

void script_err(const struct script *s, const char *text, tr_err err)
{
	switch (err) {
	case TR_OK:
		script_log(s, text, TR_A(ok));
		return;
	case TR_ENOENT:
		script_log(s, text, TR_A(not_found));
		return;
	case TR_EUNSUPPORTED:
		script_log(s, text, TR_A(simple_one_for_one));
		return;
	case TR_EBUSY:
		script_log(s, text, tr_atom("running"));
		return;
	case TR_ETIMEOUT:
		script_log(s, text, TR_A(timeout));
		return;
	case TR_ENOPROC:
		script_log(s, text, TR_A(noproc));
		return;
	default:
		script_log(s, text, TR_A(error));
	}
}

tr_pid script_pid(const struct script *s, tr_value who)
{
	if (tr_is(who, TR_PID))
		return tr_as_pid(who);
	if (tr_is(who, TR_ARRAY))
		return tr_whereis(script_text(tr_array_at(who, 1)));
	if (tr_str_is(tr_as_str(who), "self"))
		return tr_self();
	return tr_as_pid(world_find(s->world, script_text(who)));
}

void script_started(const struct script *s, const char *name, tr_started started)
{
	if (started.pid.bits == 0) {
		script_log(s, "start failed", started.reason);
		return;
	}
	world_name(s->world, name, tr_pid_value(started.pid));
	script_log(s, "started", tr_pid_value(started.pid));
}

static const struct script_entry *entry(const char *name, size_t arity)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct script_entry *e = tables[t]; e->name != NULL; e++)
			if (e->arity == arity && strcmp(e->name, name) == 0)
				return e;
	return NULL;
}

static void perform(struct script *s, tr_value op)
{
	bool bare = !tr_is(op, TR_ARRAY);
	tr_value filled = tr_own_value(world_fill(s->world, op));
	size_t arity = bare ? 0 : tr_array_len(filled) - 1;
	const char *name = script_text(bare ? filled : tr_array_at(filled, 0));
	const struct script_entry *e = entry(name, arity);

	if (e == NULL)
		tr_exitf("no operation %s/%zu", name, arity);
	e->op(s, bare ? NULL : tr_array_items(filled) + 1);
}

void script_run(struct script *s, tr_value ops)
{
	for (size_t i = 0; i < tr_array_len(ops); i++)
		perform(s, tr_array_at(ops, i));
}

void script_request(struct script *s, tr_value request)
{
	if (tr_array_len(request) == 3 && tr_str_is(tr_as_str(tr_array_at(request, 0)), "do"))
		script_run(s, tr_array_at(request, 2));
}

void script_body(tr_value arg)
{
	struct script s = script_new();

	world_name(s.world, script_text(tr_array_at(arg, 0)), tr_pid_value(tr_self()));
	script_run(&s, tr_array_at(arg, 1));
}
