/* SPDX-License-Identifier: Apache-2.0 */
/* Tracing's inside: the traces that go on, and the actor that hands their events on. Lies in TR_SLOT_TRACE. */
#ifndef TROUPE_OBSERVE_TRACE_H
#define TROUPE_OBSERVE_TRACE_H

#include <pthread.h>

#include <troupe/trace.h>

#include "runtime/actor/hooks.h"
#include "runtime/observe/trace_ring.h"

#define TRACES_MAX     16u
#define TRACE_NAME_MAX 64u

struct trace {
	struct trace *next; /* of all there ever were */
	uint32_t id;
	tr_trace_options options; /* name is not used; module and function point here */
	char module[TRACE_NAME_MAX];
	char function[TRACE_NAME_MAX];
	/* Any thread. */
	_Atomic int64_t window; /* the present second, since 1970 */
	_Atomic uint32_t count; /* events in it */
	_Atomic uint64_t dropped;
};

/*
 * A trace has a place from its start until the tracer has handed its last event on. The hooks look at `active` only; a
 * trace is freed with the node, so one that was just ended may still be looked at.
 */
struct tracing {
	struct kernel_hooks hooks;
	tr_node *node;
	_Atomic uint64_t tracer; /* pid of the actor */
	_Atomic(struct trace *) active[TRACES_MAX];

	pthread_mutex_t lock; /* for what follows, and for writing `active` */
	struct trace *known[TRACES_MAX];
	struct trace *all;
	uint32_t next_id;

	struct trace_ring ring; /* put: any thread; take: the tracer */
};

/* tracer.c: make sure the actor runs and looks at the ring. From anywhere. */
tr_err tracer_wake(struct tracing *t);

/* trace.c: stop collecting for the trace in this place. Under the lock. */
void tracing_end(struct tracing *t, uint32_t place);

#endif
