/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The messages between who wants a tool run and the plugin that runs it.
 *
 *   [command, reply_to pid, ref, command map]   to `command.<id>` or `command.<tool kind>`; a fifth item says on whose
 *                                               behalf it is (behalf.h)
 *   [event, ref, outcome map]                   the answer, exactly one a command
 *   [progress, ref, value]                      any number before it
 *   [cancel, ref]                               ends it; the answer is an outcome with error kind "cancelled"
 *
 * Error kinds the host itself gives: "crash" (an actor of the plugin ended in the middle), "timeout", "cancelled",
 * "busy" (queue full), "denied" (a grant is missing), "plugin" (the plugin answered something that is no outcome).
 */
#ifndef TROUPE_PLUGINS_HOST_COMMAND_H
#define TROUPE_PLUGINS_HOST_COMMAND_H

#include <troupe/plugin.h>

/** [command, reply_to, ref, command]. Takes the command map. */
tr_value command_message(tr_pid reply_to, tr_ref ref, tr_value command);
/** [cancel, ref] */
tr_value command_cancel(tr_ref ref);
/** [event, ref, outcome]. Takes the outcome. */
tr_value command_answer(tr_ref ref, tr_value outcome);

/** Is it a command? Then the parts (command borrowed). */
bool command_parse(tr_value message, tr_pid *reply_to, tr_ref *ref, tr_value *command);
/** On whose behalf a command is (behalf.h): borrowed; absent when it does not say. */
tr_value command_behalf(tr_value message);
bool command_parse_cancel(tr_value message, tr_ref *ref);
/** Is it the answer to `ref`? Then *outcome (borrowed). */
bool command_parse_answer(tr_value message, tr_ref ref, tr_value *outcome);

/** Send a command to whoever performs the kind and wait for its outcome (fresh), in any actor. Takes input, context
 * (absent: an empty one) and on whose behalf it is (absent: the node's). tr_plugin_run is this for plugins, which need
 * a grant. */
tr_value command_perform(const char *kind, tr_value input, tr_value context, tr_value behalf, int64_t deadline);
/** The same at `command.<subject>`, whatever the kind is. */
tr_value command_perform_at(const char *subject, const char *kind, tr_value input, tr_value context, tr_value behalf,
			    int64_t deadline);

/** What a plugin returned, made into a proper outcome: takes v. Anything but a map with a known `status` becomes an
 * error of kind "plugin" that names the plugin. */
tr_value outcome_checked(tr_value v, const char *plugin);

/** Append a reason for people: text as it is, [crash, text] as its text, anything else shown. */
void reason_text(tr_buf *out, tr_value reason);

#endif
