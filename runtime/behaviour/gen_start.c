/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a generic server and waiting until its init has returned. */
#include "runtime/behaviour/gen.h"

#include <troupe/node.h>

static void start_destroy(void *data)
{
	struct gen_start *start = data;

	tr_drop(start->arg);
	tr_drop(start->via.name);
	tr_free(start);
}

static const tr_class start_class = {"gen_start", start_destroy};

tr_value gen_start_request(const tr_gen_server *mod, tr_pid parent, tr_value arg, const tr_via *via)
{
	if (!tr_is_valid(arg) && tr_value_err(arg) != TR_OK)
		return arg;
	struct gen_start *start = tr_alloc(sizeof(*start));
	if (start == NULL) {
		tr_drop(arg);
		return tr_invalid(TR_ENOMEM);
	}
	start->mod = mod;
	start->parent = parent;
	start->arg = arg;
	start->via.name = tr_absent();
	if (via != NULL)
		start->via = (tr_via){via->registry, tr_keep(via->name)};
	return tr_object(&start_class, start);
}

const struct gen_start *gen_start_of(tr_value request)
{
	return tr_as_object(request, &start_class);
}

static tr_started refused(tr_value reason)
{
	return (tr_started){{0}, {0}, reason};
}

static tr_value spawn_reason(tr_err err, tr_pid holder)
{
	if (err == TR_EEXIST)
		return TR_LIST(TR_A(already_started), tr_pid_value(holder));
	return gen_err_reason(err);
}

/* Options for the kernel: the module's name as label, the link as asked; the monitor is made once init is through. */
static tr_spawn_options spawn_options(const tr_gen_server *mod, const tr_spawn_options *options, bool link)
{
	tr_spawn_options o = {0};

	if (options != NULL)
		o = *options;
	if (o.label == NULL)
		o.label = mod->name;
	o.link = o.link || link;
	o.monitor = false;
	o.via = NULL;
	return o;
}

static bool is_exit_of(void *arg, tr_value message)
{
	const tr_pid *pid = arg;

	return TR_IS_A(tr_array_at(message, 0), exit) && tr_pid_eq(tr_as_pid(tr_array_at(message, 1)), *pid);
}

/* Wait for the end of an actor that could not start, so that its name is free when the starter goes on. The link's exit
 * signal was taken care of by what the starter returns: if the starter traps exits, its message is removed. */
static void await_end(tr_pid pid, bool linked)
{
	tr_ref end = tr_monitor(pid);
	tr_drop(tr_receive_ref(end, TR_FOREVER));
	if (!linked)
		return;
	tr_unlink(pid);
	tr_value message = tr_receive_match(is_exit_of, &pid, 0);
	tr_drop(message);
}

/* The reason in the answer to a start request (takes it); absent when the server runs. */
static tr_value start_reason(tr_value answer)
{
	tr_value reason;

	if (TR_IS_A(answer, ok))
		return tr_absent();
	if (tr_is_valid(answer))
		reason = tr_keep(tr_array_at(answer, 1));
	else if (tr_value_err(answer) == TR_ETIMEOUT)
		reason = TR_A(timeout);
	else
		reason = tr_absent();
	tr_drop(answer);
	return tr_is_valid(reason) ? reason : TR_A(killed);
}

static tr_started gen_start(const tr_gen_server *mod, tr_value arg, const tr_spawn_options *options, bool link,
			    int64_t deadline)
{
	tr_spawn_options o = spawn_options(mod, options, link);
	const tr_via *via = options != NULL ? options->via : NULL;
	tr_value request = gen_start_request(mod, o.link ? tr_self() : (tr_pid){0}, arg, via);
	if (!tr_is_valid(request))
		return refused(gen_err_reason(tr_value_err(request)));

	tr_value starter = o.link ? tr_nil() : tr_pid_value(tr_self());
	tr_spawned actor = tr_spawn_behaviour(gen_behaviour(mod), starter, &o);
	if (actor.err != TR_OK) {
		tr_value reason = spawn_reason(actor.err, o.name != NULL ? tr_whereis(o.name) : (tr_pid){0});
		tr_drop(request); /* what options point at may live in it */
		return refused(reason);
	}
	tr_value answer = tr_call(actor.pid, request, deadline);
	if (TR_IS_A(answer, ok)) {
		bool monitor = options != NULL && options->monitor;
		return (tr_started){actor.pid, monitor ? tr_monitor(actor.pid) : (tr_ref){0}, tr_absent()};
	}
	tr_err err = tr_value_err(answer);
	tr_value reason = err == TR_EDOWN ? tr_keep(tr_call_reason()) : start_reason(answer);
	if (err != TR_OK && err != TR_EDOWN && err != TR_ENOPROC) {
		tr_unlink(actor.pid);
		tr_exit_signal(actor.pid, TR_A(kill));
	}
	if (!tr_is_valid(reason)) /* there was no memory to keep it */
		reason = TR_A(enomem);
	gen_hold(reason);
	await_end(actor.pid, o.link);
	if (via != NULL) /* so that the name is free when the starter goes on */
		via->registry->unregister_name(via->registry->arg, via->name, actor.pid);
	return refused(gen_release(reason));
}

tr_started tr_gen_server_start(const tr_gen_server *mod, tr_value arg, const tr_spawn_options *options,
			       int64_t deadline)
{
	return gen_start(mod, arg, options, false, deadline);
}

tr_started tr_gen_server_start_link(const tr_gen_server *mod, tr_value arg, const tr_spawn_options *options,
				    int64_t deadline)
{
	return gen_start(mod, arg, options, true, deadline);
}

tr_started tr_node_gen_server(tr_node *node, const tr_gen_server *mod, tr_value arg, const tr_spawn_options *options)
{
	tr_spawn_options o = spawn_options(mod, options, false);
	tr_value request = gen_start_request(mod, (tr_pid){0}, arg, options != NULL ? options->via : NULL);
	if (!tr_is_valid(request))
		return refused(gen_err_reason(tr_value_err(request)));

	tr_spawned actor = tr_node_spawn_behaviour(node, gen_behaviour(mod), tr_nil(), &o);
	if (actor.err != TR_OK) {
		tr_value reason = spawn_reason(actor.err, o.name != NULL ? tr_node_whereis(node, o.name) : (tr_pid){0});
		tr_drop(request);
		return refused(reason);
	}
	tr_value answer = tr_node_call(node, actor.pid, request, TR_FOREVER);
	if (TR_IS_A(answer, ok))
		return (tr_started){actor.pid, {0}, tr_absent()};
	tr_value reason = start_reason(answer);
	tr_drop(tr_node_wait(node, actor.pid, TR_FOREVER));
	return refused(reason);
}
