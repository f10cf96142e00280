/* SPDX-License-Identifier: Apache-2.0 */
/* Two tables of hooks behind one. */
#include "runtime/actor/hooks.h"

#define EACH(p, member, ...)                                              \
	do {                                                              \
		if ((p)->below->member != NULL)                           \
			(p)->below->member((p)->below->arg, __VA_ARGS__); \
		if ((p)->above != NULL && (p)->above->member != NULL)     \
			(p)->above->member((p)->above->arg, __VA_ARGS__); \
	} while (0)

static void both_send(void *arg, tr_node *node, tr_pid from, tr_pid to, tr_value message)
{
	struct hook_pair *p = arg;
	EACH(p, on_send, node, from, to, message);
}

static void both_receive(void *arg, tr_node *node, tr_pid self, tr_value message)
{
	struct hook_pair *p = arg;
	EACH(p, on_receive, node, self, message);
}

static void both_spawn(void *arg, tr_node *node, tr_pid parent, tr_pid child, const char *label)
{
	struct hook_pair *p = arg;
	EACH(p, on_spawn, node, parent, child, label);
}

static void both_exit(void *arg, tr_node *node, tr_pid pid, tr_value reason)
{
	struct hook_pair *p = arg;
	EACH(p, on_exit, node, pid, reason);
}

static void above_callback(void *arg, tr_node *node, tr_pid self, const char *module, const char *function,
			   tr_value value, int64_t ns)
{
	struct hook_pair *p = arg;
	p->above->on_callback(p->above->arg, node, self, module, function, value, ns);
}

static bool above_system(void *arg, const tr_behaviour *behaviour, void *state, tr_value message)
{
	struct hook_pair *p = arg;
	return p->above->system(p->above->arg, behaviour, state, message);
}

void hook_pair_init(struct hook_pair *p, const struct kernel_hooks *below)
{
	p->below = below;
	p->above = NULL;
	p->both = (struct kernel_hooks){
	    .arg = p, .on_send = both_send, .on_receive = both_receive, .on_spawn = both_spawn, .on_exit = both_exit};
}

void hook_pair_set(struct hook_pair *p, const struct kernel_hooks *above)
{
	p->above = above;
	p->both.on_callback = above != NULL && above->on_callback != NULL ? above_callback : NULL;
	p->both.system = above != NULL && above->system != NULL ? above_system : NULL;
}
