/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: what travels through a mailbox. Messages and signals share one queue, so they keep their order. */
#ifndef TROUPE_ACTOR_ENVELOPE_H
#define TROUPE_ACTOR_ENVELOPE_H

#include <troupe/value.h>

enum envelope_kind {
	ENV_MESSAGE,
	/* struct signal from here on */
	ENV_CALL,       /* value: the [call, …] message; `from` monitors with `ref` */
	ENV_REPLY,      /* value: the answer to `ref` */
	ENV_LINK,       /* `from` links */
	ENV_UNLINK,     /* `from` unlinks; `id` is to be acknowledged */
	ENV_UNLINK_ACK, /* `from` has done unlink `id` */
	ENV_EXIT,       /* value: reason, sent by tr_exit_signal */
	ENV_LINK_EXIT,  /* value: reason, sent by the end of a linked actor */
	ENV_MONITOR,    /* `from` monitors with `ref` */
	ENV_DEMONITOR,  /* … no longer */
	ENV_DOWN,       /* value: reason; `ref` of a monitor of `from` */
	ENV_INTERRUPT,  /* run `fn(arg)` inside the actor */
	ENV_LOST        /* the connection to node `id` is lost */
};

#define ENV_COUNTED 1 /* counts against the mailbox limit */
#define ENV_CLEARED 2 /* reply: the monitor at the callee is gone already */
#define ENV_REMOTE  4 /* from another node */
#define ENV_BUNDLED 8 /* part of a bundle, see bundle.h */

struct envelope {
	struct envelope *next;
	uint32_t generation; /* of the actor it was sent to: the slot may be another's by now */
	uint8_t kind;
	uint8_t flags;
	uint16_t id;
	tr_value value;
};

struct signal {
	struct envelope env;
	tr_pid from;
	tr_ref ref;
	void (*fn)(void *arg, bool alive);
	void *arg;
};

_Static_assert(sizeof(struct envelope) == 32, "a message envelope is half a cache line");
_Static_assert(sizeof(struct signal) == 64, "a signal is a cache line");

#endif
