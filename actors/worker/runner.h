/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Drives a pipeline inside an actor: sends its commands to plugins, watches them, waits for what it waits for. The
 * actor hands it messages, acks and the passing of time; between them nothing is parked.
 */
#ifndef TROUPE_WORKER_RUNNER_H
#define TROUPE_WORKER_RUNNER_H

#include "actors/worker/pipeline.h"
#include "actors/worker/plugin_call.h"

#include <troupe/actor.h>

/** A task that runs longer has its start told at once, so that a live view sees it. */
#define RUNNER_TELL_AFTER (5 * TR_MS)

typedef enum runner_state {
	RUNNER_IDLE,
	RUNNER_PERFORMING,
	RUNNER_COMMITTING,
	RUNNER_DONE,
	RUNNER_FAILED
} runner_state;

typedef struct runner {
	pipeline *pipe;
	event_list *events; /* made and not yet told: the owner's */
	runner_state state;
	plugin_call call;
	int64_t deadline, tell_at, not_before;
	bool acked;
	pipeline_clock clock; /* when an outcome came last */
	/** Send the events; with `ack`, call runner_acked when they are appended. */
	void (*tell)(void *owner, bool ack);
	void *owner;
	/** What inspection shows before what is being done: "fetch", "17 of fetch". Fresh. */
	tr_value (*name)(void *owner);
} runner;

/** Make the pipeline (takes the setup's values; the events in it are the owner's, who empties them in `tell`).
 * TR_ENOMEM. */
tr_err runner_init(runner *r, pipeline_setup setup, tr_value (*name)(void *owner), void (*tell)(void *owner, bool ack),
		   void *owner);
/** Drops everything; a command that is out is cancelled. For tr_own: does not block. */
void runner_fini(runner *r);
/** Go: after runner_init and, when there are any, pipeline_resume. */
void runner_start(runner *r, pipeline_clock now);
/** Is the message the runner's? Then it was handled. */
bool runner_message(runner *r, tr_value message);
void runner_acked(runner *r);
/** When runner_tick wants to be called; TR_FOREVER. */
int64_t runner_wake_at(const runner *r);
void runner_tick(runner *r);
/** Ask the plugin to end what it does; its answer is not waited for. */
void runner_cancel(runner *r);
bool runner_ended(const runner *r);
pipeline_clock runner_clock(void);

#endif
