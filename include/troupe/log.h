/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The logger: structured records through an actor, with handlers and overload protection; crash and supervisor
 * reports arrive here too. Source of the semantics: OTP's logger(3), shortened.
 */
#ifndef TROUPE_LOG_H
#define TROUPE_LOG_H

#include <troupe/gen_server.h>
#include <troupe/node.h>

TR_EXTERN_C_BEGIN

typedef enum tr_level {
	TR_DEBUG,
	TR_INFO,
	TR_NOTICE,
	TR_WARNING,
	TR_ERROR,
	TR_CRITICAL
} tr_level;

/** One record: text plus fields (a map, taken; absent for none). Inside actors; pid, name and time are added. Cheap
 * when the level is off. Never blocks: past 10,000 waiting records debug and info are dropped, past 20,000 everything
 * but critical; the count is logged. */
TR_API void tr_log(tr_level level, tr_value fields, const char *fmt, ...) TR_PRINTF(3, 4);
/** From a thread that is no actor. */
TR_API void tr_node_log(tr_node *node, tr_level level, tr_value fields, const char *fmt, ...) TR_PRINTF(4, 5);

typedef struct tr_logger_options {
	tr_level level;
	int fd;    /* where text goes; -1: nowhere */
	bool json; /* one JSON object a line instead of text */
	bool color;
} tr_logger_options;

/** Start the node's logger (a gen_server registered as "logger"). Each node has at most one. */
TR_API tr_err tr_logger_start(tr_node *node, const tr_logger_options *options);
/** As a child of a supervisor: start function for tr_child_spec with arg from tr_logger_arg. */
TR_API tr_value tr_logger_arg(const tr_logger_options *options);
TR_API tr_started tr_logger_start_link(tr_value arg, tr_value extra);

/** A handler sees each record: map {time_us, level, text, pid, name, fields…, report?}. Runs in the logger's actor.
 * Takes nothing. */
typedef void tr_log_handler(void *arg, tr_value record);
/** Add under a unique name; `destroy` (may be NULL) runs when it is removed. */
TR_API tr_err tr_log_add_handler(tr_node *node, const char *name, tr_level level, tr_log_handler *handler, void *arg,
				 void (*destroy)(void *));
TR_API tr_err tr_log_remove_handler(tr_node *node, const char *name);
/** Append a record as the logger writes it: a line of text, more for reports. For handlers. */
TR_API void tr_log_show(tr_buf *out, tr_value record, bool color);
/** Wait until everything logged so far has been handled. From outside actors. */
TR_API void tr_log_flush(tr_node *node);

/* ---- secrets ---------------------------------------------------------------------------------------------------- */

/** Shorter texts are not hidden: they stand in too many others. */
#define TR_SECRET_MIN 5

/** From now on this text is a secret of the node: the logger hides it, and whoever stores or shows what others said
 * calls tr_redact. So are its forms in JSON and in URLs. `instead` (borrowed; absent: none) takes the place of a text
 * that is the secret and nothing else. TR_EINVAL when it is too short. Any thread. */
TR_API tr_err tr_redact_add(tr_node *node, tr_str secret, tr_value instead);
/** Is a field of this name (password, token, key, …) one that is not shown? */
TR_API bool tr_redact_name(tr_str name);
/** v (taken) with "***" for every secret in its texts, binaries and keys; v itself when there is none, which costs one
 * reading. Any thread. */
TR_API tr_value tr_redact(tr_node *node, tr_value v);

TR_EXTERN_C_END

#endif
