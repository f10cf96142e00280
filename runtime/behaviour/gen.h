/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the generic server share: the server's own record, and the protocol that starts it.
 *
 * Start protocol. The starter spawns the actor and calls it at once with a start request; the actor runs the module's
 * init when that call is its turn and answers `ok` or [error, reason]. Being a call it has a deadline, needs no scan of
 * the starter's mailbox, and a starter that gave up gets no late answer.
 *
 * System messages. A call whose request is [system, what, …] and the message [system, terminate, reason] belong to the
 * runtime, in every phase of the server; see gen_system.c.
 */
#ifndef TROUPE_RUNTIME_BEHAVIOUR_GEN_H
#define TROUPE_RUNTIME_BEHAVIOUR_GEN_H

#include <troupe/registry.h>

/* Where a server is in its life. Only the server's actor reads or writes it. */
enum gen_phase {
	GEN_WAITING,  /* spawned, the start request has not come */
	GEN_STARTING, /* the module's init runs */
	GEN_RUNNING,
	GEN_ENDING /* terminate has been called, or must not be called any more */
};

struct gen {
	const tr_gen_server *mod; /* NULL while GEN_WAITING */
	void *state;              /* inside this block, or owned memory when it is larger than any size class */
	tr_pid parent;            /* whose exit ends a server that traps exits; 0 when started without a link */
	tr_from starter;          /* GEN_STARTING: who is told how init ended */
	uint8_t phase;
	bool suspended;
	_Alignas(max_align_t) unsigned char inline_state[];
};

/* What the start request carries; the request is an object of this class. */
struct gen_start {
	const tr_gen_server *mod;
	tr_pid parent;
	tr_value arg;
	tr_via via; /* registry NULL: none. Holds the name */
};

/* The start request; takes arg, copies via (may be NULL). Invalid when there is no memory. */
tr_value gen_start_request(const tr_gen_server *mod, tr_pid parent, tr_value arg, const tr_via *via);
/* What the request carries (borrowed), NULL when it is none. */
const struct gen_start *gen_start_of(tr_value request);

/* The kernel behaviour whose state has room for this module's. */
const tr_behaviour *gen_behaviour(const tr_gen_server *mod);

/* Let the server handle one message that is no start request (borrowed). */
void gen_message(struct gen *g, tr_value message);
/* Run terminate and end the actor. Takes reason. */
TR_NORETURN void gen_stop(struct gen *g, tr_value reason);

/* Zeroed memory for a state, freed when the actor ends or by gen_state_free. NULL when there is none. */
void *gen_state_alloc(size_t size);
/* Free what gen_state_alloc gave; harmless for a state inside the block. */
void gen_state_free(void *state);

/* gen_system.c */
bool gen_is_system(tr_value message);
/* Handle a system message (borrowed). */
void gen_system(struct gen *g, tr_value message);

/* Have v dropped should the actor end before gen_release. For values on the C stack while others' code runs. */
void gen_hold(tr_value v);
/* End the hold; v is the caller's again. */
tr_value gen_release(tr_value v);

/* Give a call up that kernel_call_begin began: what was or is to be answered is gone. */
void gen_call_abandon(tr_ref ref);

/* An atom for an error, as it stands in exit reasons: enomem, efull, … */
tr_value gen_err_reason(tr_err err);

#endif
