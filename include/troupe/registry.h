/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Names of your own: registries beside the node's, as OTP's {via, Module, Name}.
 *
 * A registry is a table of functions. A name in it is any value: "printer", [user, 42], a ref. Whatever takes the
 * options of a start takes a name in a registry (tr_spawn_options.via), and the functions below reach whoever has it.
 * There is one registry ready to use: tr_names_start_link.
 *
 * Source of the semantics: gen_server(3) on server_name() and server_ref(), global(3) on what a registry exports.
 */
#ifndef TROUPE_REGISTRY_H
#define TROUPE_REGISTRY_H

#include <troupe/gen_server.h>

TR_EXTERN_C_BEGIN

/** All run inside actors, borrow what they are given and may block. A registry watches whom it knows (tr_monitor) and
 * forgets those who ended. It must outlive all who use it. */
typedef struct tr_registry {
	const char *name;
	void *arg;
	/** Give the name to the actor. TR_EEXIST when it is taken. Called in the new actor before its init. */
	tr_err (*register_name)(void *arg, tr_value name, tr_pid pid);
	/** Take the name from the actor, if it has it: its init failed. */
	void (*unregister_name)(void *arg, tr_value name, tr_pid pid);
	/** Who has it; {0}: nobody. */
	tr_pid (*whereis_name)(void *arg, tr_value name);
	/** Send (takes the message). NULL: to whereis_name, TR_ENOPROC when nobody has the name. */
	tr_err (*send)(void *arg, tr_value name, tr_value message);
} tr_registry;

/** A name in a registry. Borrowed by what it is given to, unless that says otherwise. */
struct tr_via {
	const tr_registry *registry;
	tr_value name;
};

TR_API tr_pid tr_whereis_via(const tr_via *via);
/** The functions of the same names for pids, for whoever has the name now; TR_ENOPROC when nobody has. They take the
 *  message, request or reason. */
TR_API tr_err tr_send_via(const tr_via *via, tr_value message);
TR_API tr_err tr_cast_via(const tr_via *via, tr_value request);
TR_API tr_value tr_call_via(const tr_via *via, tr_value request, int64_t deadline);
TR_API tr_err tr_stop_via(const tr_via *via, tr_value reason, int64_t deadline);

/**
 * A registry kept by an actor: any value is a name, an actor may have many. Starts the keeper, linked to the caller and
 * registered on the node as `name` (copied), and fills *registry, which then stays valid as long as `name` is. When the
 * keeper ends its names are gone.
 */
TR_API tr_started tr_names_start_link(const char *name, tr_registry *registry);
/** The same for a supervisor's child spec: a start function, with a string as arg: the keeper's name. */
TR_API tr_started tr_names_start(tr_value arg, tr_value extra);
/** The registry whose keeper is (to be) registered as `name`, a string that outlives it. */
TR_API tr_registry tr_names(const char *name);

TR_EXTERN_C_END

#endif
