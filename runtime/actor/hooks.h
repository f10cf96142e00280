/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rooms above the kernel may use beyond the public headers: tracing, system messages, interrupts, waiting for
 * a flag that another thread sets, calls in several steps.
 */
#ifndef TROUPE_ACTOR_HOOKS_H
#define TROUPE_ACTOR_HOOKS_H

#include <stdatomic.h>

#include <troupe/node.h>

/* ---- tracing and system messages ----------------------------------------------------------------------------------
 */

/**
 * Functions the kernel calls on the way. Any member may be NULL. They run on scheduler threads, inside the acting
 * actor if there is one; the on_… ones must not block, send or receive. What they are given is borrowed.
 */
struct kernel_hooks {
	void *arg;
	void (*on_send)(void *arg, tr_node *node, tr_pid from, tr_pid to, tr_value message);
	void (*on_receive)(void *arg, tr_node *node, tr_pid self, tr_value message);
	void (*on_spawn)(void *arg, tr_node *node, tr_pid parent, tr_pid child, const char *label);
	void (*on_exit)(void *arg, tr_node *node, tr_pid pid, tr_value reason);
	/** A callback of a module begins (ns < 0; value is its argument), or has returned after ns (value is nil). */
	void (*on_callback)(void *arg, tr_node *node, tr_pid self, const char *module, const char *function,
			    tr_value value, int64_t ns);
	/** A behaviour is about to handle [system, …] or a call of it; true: the hook has dealt with it. May block. */
	bool (*system)(void *arg, const tr_behaviour *behaviour, void *state, tr_value message);
};

/** Install (NULL: remove). The table must live until the node has stopped. */
void kernel_set_hooks(tr_node *node, const struct kernel_hooks *hooks);

/** A second table, called before that one, for the world that drives a manual node. */
void kernel_set_world_hooks(tr_node *node, const struct kernel_hooks *hooks);

/** Two tables behind one. */
struct hook_pair {
	struct kernel_hooks both;
	const struct kernel_hooks *below;
	const struct kernel_hooks *above; /* NULL: none */
};
void hook_pair_init(struct hook_pair *p, const struct kernel_hooks *below);
void hook_pair_set(struct hook_pair *p, const struct kernel_hooks *above);

/** Around a module's callback: begin tells those who trace and gives the token for end. Cheap when nobody does. A
 * callback that exits has no end. */
int64_t kernel_callback_begin(const char *module, const char *function, tr_value argument);
void kernel_callback_end(int64_t token, const char *module, const char *function);

/** Who is told of what strains the node. Called on any thread; must not block. */
struct kernel_strain {
	void *arg;
	int64_t long_handler_ns; /* tell of handlers that run longer, once each; 0: of none */
	void (*long_handler)(void *arg, tr_node *node, tr_pid pid, int64_t ns);
	void (*busy_port)(void *arg, tr_node *node, tr_pid pid, tr_value port);
};
/** As kernel_set_hooks. */
void kernel_set_strain(tr_node *node, const struct kernel_strain *strain);
/** The calling actor has to wait because this port (borrowed) takes no more. */
void kernel_busy_port(tr_value port);

/** How much memory an actor is known to have, and how many messages wait; false: it is not there. From any thread. */
bool kernel_load(tr_node *node, tr_pid pid, size_t *memory, uint32_t *queued);
/** The next actor in slot *at or after it; *at goes on to the slot behind. 0: there are no more. From any thread. */
tr_pid kernel_next_actor(tr_node *node, uint32_t *at);

/** Hold back the calling behaviour: until resumed it is handed only messages that the system hook takes. */
void kernel_suspend_self(void);
void kernel_resume_self(void);

/* ---- from other threads -------------------------------------------------------------------------------------------
 */

/** Run fn(arg, true) inside the actor, between its steps, as a signal in order with messages from this thread; it may
 *  not block. fn(arg, false) runs on some thread when the actor is not there. TR_ENOMEM: fn was not and will not be
 * called. */
tr_err kernel_interrupt(tr_node *node, tr_pid to, void (*fn)(void *arg, bool alive), void *arg);

struct kernel_parcel {
	tr_pid to;
	tr_value message;
};
/** Send many messages (taken) for the price of one entry. From any thread. */
void kernel_send_many(tr_node *node, const struct kernel_parcel *parcels, size_t n);

/** Make the actor look again at what it waits for. From any thread. */
void kernel_wake(tr_node *node, tr_pid pid);

/* ---- inside actors ------------------------------------------------------------------------------------------------
 */

/** Park until *flag is not 0 (set it, then kernel_wake) or the deadline. `unkillable`: exits are put off until then,
 * for when another thread uses memory on this stack. */
tr_err kernel_wait_flag(_Atomic int *flag, int64_t deadline, bool unkillable);

/** Begin a call as tr_call does, without waiting. The reply arrives as [reply, ref, value], or a DOWN with the ref;
 * wait with tr_receive_ref. kernel_call_end stops the monitor and makes a late reply vanish. Takes the request. */
tr_ref kernel_call_begin(tr_pid to, tr_value request);
void kernel_call_end(tr_ref ref);

/** In a terminate callback: did an exit signal end the actor, and not its own code? */
bool kernel_exit_was_signal(void);

/** errno of the calling actor's last failed input or output; outside actors set does nothing and get gives 0. */
void kernel_set_errno(int value);
int kernel_get_errno(void);

#endif
