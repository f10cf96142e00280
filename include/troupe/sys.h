/* SPDX-License-Identifier: Apache-2.0 */
/**
 * System messages: look into a running server, stop the world for it, give it another state or new code.
 *
 * Source of the semantics: OTP's sys(3). They work for every server built on tr_gen_server (also gen_statem, gen_event,
 * pools and supervisors), in whatever phase it is; requests that begin with the atom `system` belong to them. All
 * functions run inside an actor and wait until `deadline`; they fail with TR_ETIMEOUT, TR_ENOPROC or TR_EDOWN as
 * tr_call does.
 */
#ifndef TROUPE_SYS_H
#define TROUPE_SYS_H

#include <troupe/gen_server.h>

TR_EXTERN_C_BEGIN

/** What the module's `show` says of the state, nil when it has none. Fresh reference. */
TR_API tr_value tr_sys_get_state(tr_pid server, int64_t deadline);
/** Hand `state` (taken) to the module's `replace`. TR_EUNSUPPORTED when it has none, else what it returned. */
TR_API tr_err tr_sys_replace_state(tr_pid server, tr_value state, int64_t deadline);
/** The server handles nothing but system messages and the exit of its parent until it is resumed; messages wait in
 * order. */
TR_API tr_err tr_sys_suspend(tr_pid server, int64_t deadline);
TR_API tr_err tr_sys_resume(tr_pid server, int64_t deadline);
/** A map {behaviour, module, version, pid, parent, status: "running" or "suspended", state}. Fresh reference. */
TR_API tr_value tr_sys_get_status(tr_pid server, int64_t deadline);
/** Go on with the code of `module` (must outlive the server): its code_change moves the state. Without a code_change
 * the states must have the same size and form (TR_ETYPE for another size). On failure the old code goes on. */
TR_API tr_err tr_sys_change_code(tr_pid server, const tr_gen_server *module, int64_t deadline);

TR_EXTERN_C_END

#endif
