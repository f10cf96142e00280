/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks around what lasts. */
#include "plugins/host/hook_span.h"
#include "plugins/host/manifest.h"

/* Messages to the owner: [$span, ref, go | end | refused, value]; to the span: [$span, ref, result]. */
static tr_value tag(void)
{
	return tr_atom("$span");
}

typedef struct around {
	tr_pid owner;
	tr_ref ref, monitor;
} around;

static bool from_owner(void *arg, tr_value message)
{
	const around *a = arg;
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));

	return ref.bits != 0 && (tr_ref_eq(ref, a->ref) || tr_ref_eq(ref, a->monitor));
}

static void tell(const around *a, const char *what, tr_value value)
{
	tr_send(a->owner, TR_LIST(tag(), tr_ref_value(a->ref), tr_atom(what), value));
}

/* The core: the owner does it. */
static tr_value owner_does(void *arg, tr_value context)
{
	around *a = arg;

	tell(a, "go", tr_keep(context));
	tr_value m = tr_receive_match(from_owner, a, TR_FOREVER);
	if (!tr_equal(tr_array_at(m, 0), tag())) { /* the owner has ended */
		tr_drop(m);
		tr_exit(TR_A(normal));
	}
	tr_value result = tr_keep(tr_array_at(m, 2));
	tr_drop(m);
	return result;
}

/* arg: [point, context, owner, ref] */
static void span_body(tr_value arg)
{
	around a = {tr_as_pid(tr_array_at(arg, 2)), tr_as_ref(tr_array_at(arg, 3)), {0}};
	tr_value refusal = tr_absent();

	a.monitor = tr_monitor(a.owner);
	tr_value result = hooks_run((hook_point)tr_as_int(tr_array_at(arg, 0), 0), tr_keep(tr_array_at(arg, 1)),
				    owner_does, &a, &refusal);
	if (tr_is_valid(refusal))
		tell(&a, "refused", refusal);
	else
		tell(&a, "end", tr_is_valid(result) ? result : tr_nil());
}

tr_err hook_span_open(hook_span *s, hook_point point, tr_value context)
{
	tr_spawn_options options = {.label = "hooks", .monitor = true};

	s->ref = tr_make_ref();
	tr_spawned spawned = tr_spawn_opt(
	    span_body, TR_LIST(tr_int(point), context, tr_pid_value(tr_self()), tr_ref_value(s->ref)), &options);
	s->actor = spawned.pid;
	s->monitor = spawned.monitor;
	return spawned.err;
}

static hook_span_news sort(tr_value what)
{
	tr_str name = tr_as_str(what);

	if (tr_str_is(name, "go"))
		return HOOK_SPAN_GO;
	return tr_str_is(name, "end") ? HOOK_SPAN_END : HOOK_SPAN_REFUSED;
}

hook_span_news hook_span_message(hook_span *s, tr_value message, tr_value *value)
{
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));

	if (!hook_span_is_open(s) || ref.bits == 0)
		return HOOK_SPAN_NONE;
	if (tr_ref_eq(ref, s->monitor)) { /* it cannot end before it told the end, unless somebody ended it */
		s->actor.bits = 0;
		*value = tr_nil();
		return HOOK_SPAN_REFUSED;
	}
	if (!tr_ref_eq(ref, s->ref) || !tr_equal(tr_array_at(message, 0), tag()))
		return HOOK_SPAN_NONE;
	hook_span_news news = sort(tr_array_at(message, 2));
	*value = tr_array_at(message, 3);
	if (news != HOOK_SPAN_GO) {
		tr_demonitor(s->monitor);
		s->actor.bits = 0;
	}
	return news;
}

void hook_span_close(const hook_span *s, tr_value result)
{
	tr_send(s->actor, TR_LIST(tag(), tr_ref_value(s->ref), result));
}

void hook_span_drop(hook_span *s)
{
	if (!hook_span_is_open(s))
		return;
	tr_demonitor(s->monitor);
	tr_exit_signal(s->actor, TR_A(kill));
	s->actor.bits = 0;
}
