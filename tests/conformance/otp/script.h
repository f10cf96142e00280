/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts: the scenario language, performed on Troupe. An operation is a name or [name, argument, …]; README.md lists
 * them. otp_*.erl perform the same on OTP.
 */
#ifndef TROUPE_TESTS_OTP_SCRIPT_H
#define TROUPE_TESTS_OTP_SCRIPT_H

#include <troupe/gen_event.h>
#include <troupe/gen_statem.h>

#include "tests/conformance/otp/world.h"

/* How long anything that must come is waited for. */
#define SCRIPT_PATIENCE (25 * TR_SECOND)
/* What is logged when it did not come. A trace with this in it fails. */
#define SCRIPT_IN_VAIN "waited in vain"

/* What the operations of a callback see, and what they decide. A plain actor uses only `world`. */
struct script {
	struct world *world;
	/* gen_server */
	tr_next next;
	tr_from from; /* of the call that is handled */
	tr_value on_timeout;
	tr_value on_terminate;
	/* gen_statem */
	tr_machine *machine;
	tr_step step;
	tr_value on_enter; /* array of [state, operations] */
	/* gen_event */
	tr_handled handled;
	tr_value refusal;
	tr_value last; /* what terminate returns */
};

/* An operation: `a` are its arguments, known to be `arity`. They live until the actor ends. */
typedef void script_op(struct script *s, const tr_value *a);

struct script_entry {
	const char *name;
	size_t arity;
	script_op *op;
};

/* The tables, each ended by a NULL name. */
extern const struct script_entry ops_actor[];
extern const struct script_entry ops_relation[];
extern const struct script_entry ops_server[];
extern const struct script_entry ops_statem[];
extern const struct script_entry ops_event[];
extern const struct script_entry ops_supervisor[];

struct script script_new(void);
/* Perform operations (borrowed array). */
void script_run(struct script *s, tr_value ops);
/* Perform those of a request [do, tag, operations]; others do nothing. */
void script_request(struct script *s, tr_value request);
/* A plain actor: arg is [name, operations]. */
tr_body script_body;

/* The actor meant by a name, by [reg, name] or by a pid; {0} when there is none. */
tr_pid script_pid(const struct script *s, tr_value who);
const char *script_text(tr_value v);
/* Milliseconds as nanoseconds; negative stays so. */
int64_t script_ms(tr_value v);
tr_value script_keep(tr_value v);                                      /* borrowed v, kept until the actor ends */
void script_log(const struct script *s, const char *text, tr_value v); /* takes v */
/* Log what a start gave and name the pid. */
void script_started(const struct script *s, const char *name, tr_started started);
void script_err(const struct script *s, const char *text, tr_err err);

#endif
