/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node with a control plane and nothing else: the test's own actor plays the store, the pool, the artifact store and
 * the watcher, so that it decides when something is durable and what a worker says. Everything below runs inside that
 * actor.
 */
#ifndef TROUPE_TESTS_CONTROL_KIT_H
#define TROUPE_TESTS_CONTROL_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "actors/engine/catalog.h"
#include "actors/engine/control.h"
#include "actors/event/event.h"
#include "actors/protocol.h"

#include <troupe/node.h>

/* An execution id that the store calls taken. */
#define KIT_TAKEN 4712

#define HEAD       "apiVersion: noetl.io/v2\nkind: Playbook\nmetadata: {name: test, path: tests/test}\n"
#define STEP(name) "- step: " name "\n  tool: {kind: noop}\n"

/* An assertion that ends the actor, and with it the test. */
#define CHECK(condition)                                                       \
	do {                                                                   \
		if (!(condition))                                              \
			tr_exitf("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

typedef struct kit {
	bool hold;       /* the store answers only kit_durable */
	bool unwatched;  /* executions are watched for their end only */
	uint64_t ahead;  /* what the store says of running ahead */
	size_t asked;    /* appends that wanted an answer */
	bool loads;      /* it gives its log to whoever wants to load one */
	tr_value log;    /* events that were appended, as arrays */
	uint64_t last;   /* seq of the newest append */
	tr_pid appender; /* who sent it */
	size_t appends;
	tr_pid control, store, pool, artifacts;
} kit;

/* Run the body in a node of its own; the test fails unless it ends normally. */
void kit_run(tr_body *body);

/* Start the stand-ins and the control plane; `playbooks` is the catalog's folder or NULL. */
void kit_start(kit *k, const char *playbooks);
/* Put a playbook; its hash. Fresh. */
tr_value kit_put(kit *k, const char *text);
/* Start an execution of it, watched by the test; its id. *pid may be NULL. */
int64_t kit_execute(kit *k, const char *text, tr_value payload, tr_pid *pid);
/* Call `executions`. Takes the request; fresh answer. */
tr_value kit_call(kit *k, tr_value request);

/* Messages: each waits up to 20 s, and meanwhile the store does its work. Fresh references. */
tr_value kit_command(kit *k);                /* what a pool gets: the command's map */
tr_value kit_cancelled(kit *k);              /* [cancel, execution, run, reason] at the pool */
tr_value kit_done(kit *k);                   /* the summary */
tr_value kit_verdict(kit *k, int64_t token); /* of a report */
tr_value kit_reason(kit *k, tr_ref monitor); /* why it ended */
void kit_append(kit *k);                     /* one append, not acknowledged when held */
/* A call to the stand-in for artifacts: its request, and whom to answer. */
tr_value kit_artifact_call(kit *k, tr_from *from);
/* Is there no message of the pool's in the mailbox? */
bool kit_pool_is_idle(void);
/* Tell the execution that all it sent is durable. */
void kit_durable(kit *k);

/* Report for a command as its step run: one event, or two. Takes the payloads. */
void kit_report(tr_value command, int64_t token, event_type type, tr_value payload);
void kit_step_done(tr_value command, int64_t token, tr_value result);
/* A pool in the place of one that has ended. */
void kit_pool_again(kit *k);
/* [heartbeat, execution, execution_id, run, attempt] at the pool. Fresh reference. */
tr_value kit_heartbeat(kit *k);
/* The same, from another actor: it reports and then waits to be told to end. Its pid. */
tr_pid kit_worker(tr_value command, event_type type, tr_value payload);

bool kit_text_is(tr_value v, const char *text);

#endif
