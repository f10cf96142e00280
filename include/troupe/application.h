/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Applications: parts of a node that are started and stopped as a whole, in the order of what they need.
 *
 * Source of the semantics: OTP Design Principles, "Applications", and application(3). An application is a supervision
 * tree with a name, an environment and a list of applications that must run before it. The application controller, an
 * actor registered as "application_controller", keeps them.
 */
#ifndef TROUPE_APPLICATION_H
#define TROUPE_APPLICATION_H

#include <troupe/supervisor.h>

TR_EXTERN_C_BEGIN

/** Everything pointed at must outlive the controller (string literals, static data). */
typedef struct tr_application {
	const char *name;
	const char *description;
	const char *version;
	const char *const *needs;  /* names of applications that must run before; NULL-terminated; may be NULL */
	const char *const *phases; /* start phases, in order; NULL-terminated; may be NULL */
	/** Start the top of the tree, linked to the caller. `env` is the environment (a map, borrowed). */
	tr_started (*start)(tr_value env);
	/** After the top is up, once for each phase. TR_OK, or the start fails. May be NULL without phases. */
	tr_err (*start_phase)(const char *phase, tr_value env);
	/** Before the tree is stopped. May be NULL. */
	void (*prep_stop)(tr_value env);
	/** After the tree has ended, however it ended. May be NULL. */
	void (*stop)(tr_value env);
	/** The default environment: fresh map. May be NULL. */
	tr_value (*env)(void);
} tr_application;

/** What the end of an application that was not asked for means. */
typedef enum tr_application_type {
	TR_APP_TEMPORARY, /* it is reported, nothing else */
	TR_APP_TRANSIENT, /* an end for another reason than normal ends all others */
	TR_APP_PERMANENT  /* any end ends all others */
} tr_application_type;

/** Start the controller. When a permanent application ends it stops all others and ends with that reason. */
TR_API tr_started tr_application_controller_start_link(void);
TR_API tr_started tr_node_application_controller(tr_node *node);

/** The calls below run inside actors, on the node's controller; TR_ENOPROC when there is none. */

/** Make it known. TR_EEXIST when the name is. */
TR_API tr_err tr_application_load(const tr_application *app);
/** TR_EBUSY while it runs, TR_ENOENT. */
TR_API tr_err tr_application_unload(const char *name);
/** Start a loaded application. TR_OK also when it runs already; TR_ENOENT; TR_EBUSY when one it needs does not run
 * (then *why is [not_started, name]); TR_EINVAL when its start failed (then *why tells). why may be NULL; fresh
 * reference. */
TR_API tr_err tr_application_start(const char *name, tr_application_type type, tr_value *why);
/** The same, starting first what it needs, and what that needs. When one fails those started by this call are stopped.
 */
TR_API tr_err tr_application_ensure_all(const char *name, tr_application_type type, tr_value *why);
/** TR_ENOENT when it does not run. */
TR_API tr_err tr_application_stop(const char *name);

/** The value of a key in an application's environment (fresh reference; absent when there is none). Set takes the
 * value. */
TR_API tr_value tr_application_get_env(const char *name, const char *key);
TR_API tr_err tr_application_set_env(const char *name, const char *key, tr_value value);
/** Names of running applications, newest first; array of maps {name, description, version, top, type}. Fresh reference.
 */
TR_API tr_value tr_application_which(void);

TR_EXTERN_C_END

#endif
