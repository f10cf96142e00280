/* SPDX-License-Identifier: Apache-2.0 */
/* Starting children. */
#include "supervisors/sup.h"

#include "runtime/behaviour/gen.h"

/* The argument of a server or body: the spec's, the instance's, or [spec's, instance's] when both are given. */
static tr_value start_arg(const tr_child_spec *spec, tr_value extra)
{
	if (tr_is_valid(spec->arg) && tr_is_valid(extra))
		return TR_LIST(tr_keep(spec->arg), tr_keep(extra));
	if (tr_is_valid(extra))
		return tr_keep(extra);
	return tr_is_valid(spec->arg) ? tr_keep(spec->arg) : tr_nil();
}

static tr_started start_body(const tr_child_spec *spec, tr_value arg, const tr_spawn_options *options)
{
	tr_spawned actor = tr_spawn_opt(spec->body, arg, options);

	if (actor.err == TR_OK)
		return (tr_started){actor.pid, {0}, tr_absent()};
	if (actor.err == TR_EEXIST)
		return (tr_started){{0}, {0}, TR_LIST(TR_A(already_started), tr_pid_value(tr_whereis(spec->name)))};
	return (tr_started){{0}, {0}, gen_err_reason(actor.err)};
}

tr_started sup_start(struct sup *s, const struct plan *plan, tr_value extra)
{
	const tr_child_spec *spec = &plan->spec;
	tr_spawn_options options = {.label = spec->label, .name = spec->name, .link = true, .via = spec->via};

	(void)s;
	if (spec->start != NULL)
		return spec->start(spec->arg, extra);
	tr_value arg = start_arg(spec, extra);
	if (spec->server != NULL)
		return tr_gen_server_start_link(spec->server, arg, &options, TR_FOREVER);
	return start_body(spec, arg, &options);
}

tr_value sup_reason(tr_value reason)
{
	return tr_value_err(reason) == TR_OK ? reason : gen_err_reason(tr_value_err(reason));
}

tr_started sup_start_child(struct sup *s, struct child *child)
{
	tr_err err = family_reserve(&s->family);

	if (err != TR_OK)
		return (tr_started){{0}, {0}, gen_err_reason(err)};
	tr_started started = sup_start(s, child->plan, sup_is_simple(s) ? child->held : tr_absent());
	started.reason = sup_reason(started.reason);
	if (started.pid.bits == 0)
		return started;
	child_up(&s->family, child, started.pid);
	/* It is never started again, so what it was started with is its own affair now. */
	if (sup_is_simple(s) && child->plan->spec.restart == TR_TEMPORARY)
		tr_clear(&child->held);
	return started;
}
