/* SPDX-License-Identifier: Apache-2.0 */
/* The first and the last thing that hooks see of a node. */
#include "plugins/host/lifetime.h"
#include "plugins/host/state.h"
#include <troupe/gen_server.h>
#include <troupe/log.h>

#define STOP_TIME (15 * TR_SECOND) /* for all hooks at node_stop together */

typedef struct lifetime {
	tr_value context; /* owned by the actor */
} lifetime;

static tr_value refusal_text(tr_value refusal)
{
	return tr_stringf("plugin %s refused to let the node start: %s",
			  tr_as_cstr(tr_map_get_s(refusal, "plugin"), "?"),
			  tr_as_cstr(tr_map_get_s(refusal, "message"), "no reason given"));
}

/* Run a point; absent, or the text of a refusal. */
static tr_value run(hook_point point, tr_value context)
{
	tr_value refusal = tr_absent(), text = tr_absent();

	tr_drop(hooks_run(point, tr_keep(context), NULL, NULL, &refusal));
	if (tr_is_valid(refusal))
		text = refusal_text(refusal);
	tr_drop(refusal);
	return text;
}

static tr_next lifetime_init(void *state, tr_value arg)
{
	lifetime *l = state;
	plugin_host *h = host_of(tr_here());

	tr_trap_exit(true); /* so that terminate runs when the tree is stopped */
	l->context = tr_own_value(tr_keep(arg));
	if (h == NULL || !tr_is_valid(l->context))
		return tr_next_stop(tr_string("there are no plugins on this node"));
	if (atomic_exchange(&h->node_started, true) || !hooks_any(tr_here(), HOOK_NODE_START))
		return tr_noreply();
	tr_value refused = run(HOOK_NODE_START, l->context);
	return tr_is_valid(refused) ? tr_next_stop(refused) : tr_noreply();
}

static void lifetime_terminate(void *state, tr_value reason)
{
	const lifetime *l = state;

	(void)reason;
	if (!hooks_any(tr_here(), HOOK_NODE_STOP))
		return;
	tr_value refused = run(HOOK_NODE_STOP, l->context);
	if (tr_is_valid(refused))
		tr_log(TR_WARNING, tr_absent(), "a hook refused at node_stop; the node stops all the same");
	tr_drop(refused);
}

static const tr_gen_server lifetime_server = {
    .name = "lifetime",
    .state_size = sizeof(lifetime),
    .init = lifetime_init,
    .terminate = lifetime_terminate,
};

tr_child_spec plugin_lifetime_child(tr_value context)
{
	return (tr_child_spec){.id = "lifetime",
			       .server = &lifetime_server,
			       .arg = context,
			       .restart = TR_PERMANENT,
			       .shutdown_ns = STOP_TIME,
			       .label = "lifetime"};
}
