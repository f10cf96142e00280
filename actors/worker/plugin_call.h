/* SPDX-License-Identifier: Apache-2.0 */
/** One command that is out at a plugin: sent, watched, answered or cancelled. Source: actors/protocol.h, "plugin
 * command". */
#ifndef TROUPE_WORKER_PLUGIN_CALL_H
#define TROUPE_WORKER_PLUGIN_CALL_H

#include <troupe/actor.h>

typedef struct plugin_call {
	tr_ref command; /* {0}: none is out */
	tr_ref monitor; /* of the plugin that has it */
	tr_pid plugin;
} plugin_call;

/** Where the commands of a tool kind go: the actor at `command.<kind>`; {0} when there is none. */
tr_pid plugin_find(const char *kind);
/** Send the command (taken). Absent when it is on its way, else the outcome that says why not. */
tr_value plugin_call_send(plugin_call *c, tr_value command);
/** Is the message the end of the call? Then the outcome (fresh), and the call is over; else absent. */
tr_value plugin_call_answer(plugin_call *c, tr_value message);
/** Ask the plugin to end it; its answer is not waited for. */
void plugin_call_cancel(plugin_call *c);
/** The same from a destructor of the actor. */
void plugin_call_fini(plugin_call *c);
static inline bool plugin_call_out(const plugin_call *c)
{
	return c->command.bits != 0;
}

/** An outcome {status: "error", error: {kind, message (taken), retryable}}. */
tr_value error_outcome(const char *kind, bool retryable, tr_value message);

#endif
