/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a point: before hooks, around hooks from the outside in, the core or its replacer, after hooks.
 *
 * Before, after and replace hooks run in the plugin's own actor, with its state. An around hook lasts as long as what
 * it goes around, and many of them run at once, so each is an actor of its own with a NULL state; it reaches its
 * plugin's actor by call and cast.
 */
#include "plugins/host/command.h"
#include "plugins/host/instance.h"
#include "plugins/host/names.h"
#include <string.h>
#include <troupe/log.h>

/* One run of a point; owned by the calling actor, so that its end gives everything back. */
typedef struct chain {
	const char *point;
	hook_core *core;
	void *arg;
	tr_value refusal; /* set: the run has ended with it */
	size_t count;
	installed_hook hooks[]; /* records held */
} chain;

bool hooks_any(tr_node *node, hook_point point)
{
	plugin_host *h = host_of(node);

	return h != NULL && atomic_load_explicit(&h->hooks_in[point], memory_order_acquire) > 0;
}

static void chain_free(void *arg)
{
	chain *c = arg;

	for (size_t i = 0; i < c->count; i++)
		record_release(c->hooks[i].record);
	tr_drop(c->refusal);
	tr_free(c);
}

static chain *chain_new(plugin_host *h, hook_point at)
{
	pthread_mutex_lock(&h->lock);
	size_t n = h->hook_count[at];
	chain *c = tr_alloc(sizeof(*c) + n * sizeof(installed_hook));
	for (size_t i = 0; c != NULL && i < n; i++) {
		c->hooks[i] = h->hooks[at][i];
		record_hold(c->hooks[i].record);
		c->count++;
	}
	pthread_mutex_unlock(&h->lock);
	if (c == NULL)
		return NULL;
	c->point = hook_points[at];
	return tr_own(c, chain_free) == TR_OK ? c : NULL;
}

/* Takes message. */
static void refuse(chain *c, const installed_hook *hook, tr_value message)
{
	tr_assign(&c->refusal,
		  TR_DICT("kind", tr_string("hook_error"), "plugin", tr_keep(hook->record->id), "point",
			  tr_string(c->point), "hook", tr_string(hook_type_name(hook->hook.type)), "message", message));
}

/* A hook that crashed or overstayed: the point fails or goes on, as the hook declared. */
static void broken(chain *c, const installed_hook *hook, tr_value reason, bool late)
{
	tr_buf text = {0};

	tr_buf_putf(&text, "the %s hook of plugin %s at %s ", hook_type_name(hook->hook.type), hook->record->m.id,
		    c->point);
	if (late) {
		tr_buf_puts(&text, "did not end in its time");
	} else {
		tr_buf_puts(&text, "crashed: ");
		reason_text(&text, reason);
	}
	tr_log(TR_WARNING, tr_absent(), "%s%s", text.p == NULL ? "a hook crashed" : text.p,
	       hook->hook.fail_on_crash ? "" : "; the point goes on without it");
	if (hook->hook.fail_on_crash)
		refuse(c, hook, tr_string_buf(&text));
	else
		tr_buf_fini(&text);
}

/* A before, after or replace hook in the plugin's actor. What it made of the context (fresh), or absent for unchanged;
 * c->refusal. */
static tr_value ask(chain *c, const installed_hook *hook, tr_value context)
{
	const char *id = hook->record->m.id;
	char name[NAME_SIZE];

	name_instance(name, sizeof(name), id);
	if (tr_pid_eq(tr_whereis(name), tr_self()))
		return tr_absent(); /* the plugin's own doing: it cannot wait for itself */
	tr_value reply =
	    instance_call(id, tr_atom("hook"), tr_string(c->point), tr_keep(context), tr_in(hook->hook.time_ns));
	tr_value out = tr_absent();
	if (!tr_is_valid(reply)) {
		bool late = tr_value_err(reply) == TR_ETIMEOUT;
		if (late && atomic_load(&hook->record->in_hook))
			tr_exit_signal(tr_whereis(name), TR_A(kill)); /* its supervisor starts it anew */
		broken(c, hook, late ? tr_nil() : tr_call_reason(), late);
	} else if (TR_IS_A(tr_array_at(reply, 0), error)) {
		tr_buf text = {0};
		reason_text(&text, tr_array_at(reply, 1));
		refuse(c, hook, tr_string_buf(&text));
	} else if (tr_array_len(reply) == 2) {
		out = tr_keep(tr_array_at(reply, 1));
	}
	tr_drop(reply);
	return out;
}

/* ---- around
 * ------------------------------------------------------------------------------------------------------------ */

typedef struct around_call {
	tr_pid caller;
	tr_ref ref;
	tr_ref monitor; /* of the caller */
} around_call;

typedef struct two_refs {
	tr_ref a, b;
} two_refs;

static bool either(void *arg, tr_value message)
{
	const two_refs *want = arg;
	tr_ref ref = tr_as_ref(tr_array_at(message, 1));

	return ref.bits != 0 && (tr_ref_eq(ref, want->a) || tr_ref_eq(ref, want->b));
}

/* In the hook's actor: have the rest of the chain run by the caller. */
static tr_value around_next(void *arg, tr_value context)
{
	around_call *call = arg;
	two_refs want = {call->ref, call->monitor};

	tr_send(call->caller, TR_LIST(TR_A(request), tr_ref_value(call->ref), tr_keep(context)));
	tr_value message = tr_receive_match(either, &want, TR_FOREVER);
	if (!TR_IS_A(tr_array_at(message, 0), response)) { /* nobody waits for the result any more */
		tr_drop(message);
		tr_exit(TR_A(normal));
	}
	tr_value result = tr_keep(tr_array_at(message, 2));
	tr_drop(message);
	return tr_is_nil(result) ? tr_absent() : result;
}

/* arg: [record, point, context, caller, ref] */
static void around_body(tr_value arg)
{
	plugin_record *r = record_of(tr_array_at(arg, 0));
	around_call call = {tr_as_pid(tr_array_at(arg, 3)), tr_as_ref(tr_array_at(arg, 4)), {0}};
	tr_value reason = tr_absent();

	callers_enter(r, tr_absent());
	call.monitor = tr_monitor(call.caller);
	tr_value result =
	    r->code.hook(NULL, tr_as_cstr(tr_array_at(arg, 1), ""), tr_array_at(arg, 2), around_next, &call, &reason);
	if (!tr_is_valid(reason))
		reason = tr_is_valid(result) ? tr_nil() : tr_string("the hook gave no result");
	tr_send(call.caller, TR_LIST(TR_A(done), tr_ref_value(call.ref), tr_is_valid(result) ? result : tr_nil(),
				     tr_bool(tr_is_valid(result)), reason));
}

static tr_value run_from(chain *c, size_t at, tr_value context);

/* What came of running the rest of the chain inside an around hook; it is run once, however often the hook calls next.
 */
typedef struct inner {
	bool ran;
	tr_value result;
} inner;

static void give_inner(chain *c, size_t at, inner *in, tr_spawned actor, tr_ref ref, tr_value context)
{
	if (!in->ran) {
		in->result = run_from(c, at + 1, context);
		in->ran = true;
	}
	tr_send(actor.pid,
		TR_LIST(TR_A(response), tr_ref_value(ref), tr_is_valid(in->result) ? tr_keep(in->result) : tr_nil()));
}

/* The hook has ended well: [done, ref, result, has it one?, reason]. */
static tr_value around_done(chain *c, const installed_hook *hook, const inner *in, tr_value message)
{
	if (tr_as_bool(tr_array_at(message, 3), false))
		return tr_keep(tr_array_at(message, 2));
	if (in->ran && !tr_is_valid(in->result))
		return in->result; /* what it went around failed: that stands */
	if (!tr_is_valid(c->refusal))
		refuse(c, hook, tr_keep(tr_array_at(message, 4)));
	return tr_absent();
}

/* The messages of an around hook's actor until it has ended. Gives the result; c->refusal; *in. */
static tr_value around_wait(chain *c, size_t at, tr_spawned actor, tr_ref ref, inner *in)
{
	const installed_hook *hook = &c->hooks[at];
	two_refs want = {ref, actor.monitor};
	tr_value result = tr_absent();
	bool over = false;

	while (!over) {
		tr_value m = tr_receive_match(either, &want, tr_in(hook->hook.time_ns));
		tr_value what = tr_array_at(m, 0);
		over = !TR_IS_A(what, request);
		if (!tr_is_valid(m)) {
			tr_exit_signal(actor.pid, TR_A(kill));
			broken(c, hook, tr_nil(), true);
		} else if (!over) {
			give_inner(c, at, in, actor, ref, tr_array_at(m, 2));
		} else if (TR_IS_A(what, done)) {
			result = around_done(c, hook, in, m);
		} else {
			broken(c, hook, tr_array_at(m, 4), false);
		}
		tr_drop(m);
	}
	tr_demonitor(actor.monitor);
	return result;
}

/* An around hook. One that broke and may be skipped is as if it were not there, unless the core has run already: then
   that result stands for the point, and nothing is run twice. */
static tr_value around(chain *c, size_t at, tr_value context)
{
	plugin_record *r = c->hooks[at].record;
	tr_ref ref = tr_make_ref();
	tr_spawn_options options = {.label = "plugin hook", .monitor = true};

	if (r->code.hook == NULL)
		return run_from(c, at + 1, context);
	tr_spawned actor = tr_spawn_opt(
	    around_body,
	    TR_LIST(record_value(r), tr_string(c->point), tr_keep(context), tr_pid_value(tr_self()), tr_ref_value(ref)),
	    &options);
	if (actor.err != TR_OK)
		return tr_invalid(actor.err);
	inner in = {false, tr_absent()};
	tr_value result = around_wait(c, at, actor, ref, &in);
	if (tr_is_valid(result) || tr_value_err(result) != TR_OK || tr_is_valid(c->refusal)) {
		tr_drop(in.result);
		return result;
	}
	return in.ran ? in.result : run_from(c, at + 1, context);
}

/* ---- the chain
 * ---------------------------------------------------------------------------------------------------------- */

static tr_value core(chain *c, tr_value context)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->hooks[i].hook.type != HOOK_REPLACE)
			continue;
		tr_value result = ask(c, &c->hooks[i], context);
		if (tr_is_valid(result) || tr_is_valid(c->refusal))
			return result;
		break;
	}
	return c->core == NULL ? tr_keep(context) : c->core(c->arg, context);
}

/* The around hooks from `at` on, and what is inside them. */
static tr_value run_from(chain *c, size_t at, tr_value context)
{
	while (at < c->count && c->hooks[at].hook.type != HOOK_AROUND)
		at++;
	return at < c->count ? around(c, at, context) : core(c, context);
}

static tr_value run_before(chain *c, tr_value context)
{
	for (size_t i = 0; i < c->count && !tr_is_valid(c->refusal); i++) {
		if (c->hooks[i].hook.type != HOOK_BEFORE)
			continue;
		tr_value changed = ask(c, &c->hooks[i], context);
		if (tr_is_valid(changed))
			tr_assign(&context, changed);
	}
	return context;
}

static void run_after(chain *c, tr_value context, tr_value result)
{
	tr_value seen = tr_absent();

	for (size_t i = 0; i < c->count && !tr_is_valid(c->refusal); i++) {
		if (c->hooks[i].hook.type != HOOK_AFTER)
			continue;
		if (!tr_is_valid(seen))
			seen = tr_map_put_s(tr_keep(context), "result", tr_keep(result));
		tr_drop(ask(c, &c->hooks[i], seen));
	}
	tr_drop(seen);
}

tr_value hooks_run(hook_point point, tr_value context, hook_core *fn, void *arg, tr_value *refusal)
{
	plugin_host *h = host_of(tr_here());
	tr_value result;

	*refusal = tr_absent();
	if (h == NULL || !hooks_any(h->node, point)) {
		result = fn == NULL ? tr_keep(context) : fn(arg, context);
		tr_drop(context);
		return result;
	}
	chain *c = chain_new(h, point);
	if (c == NULL) {
		tr_drop(context);
		return tr_invalid(TR_ENOMEM);
	}
	c->core = fn;
	c->arg = arg;
	context = run_before(c, context);
	result = tr_is_valid(c->refusal) ? tr_absent() : run_from(c, 0, context);
	if (tr_is_valid(result) && !tr_is_valid(c->refusal))
		run_after(c, context, result);
	tr_drop(context);
	if (tr_is_valid(c->refusal)) {
		tr_drop(result);
		result = tr_invalid(TR_EDENIED);
		*refusal = c->refusal;
		c->refusal = tr_absent();
	}
	tr_disown(c);
	chain_free(c);
	return result;
}

tr_value hook_error(tr_value refusal)
{
	const char *plugin = tr_as_cstr(tr_map_get_s(refusal, "plugin"), NULL);
	const char *said = tr_as_cstr(tr_map_get_s(refusal, "message"), "no reason given");
	tr_value message = plugin == NULL ? tr_string("the actor that ran the hooks was ended")
					  : tr_stringf("plugin %s refused: %s", plugin, said);

	return TR_DICT("kind", tr_string("hook_error"), "message", message, "retryable", tr_bool(false), "details",
		       refusal);
}
