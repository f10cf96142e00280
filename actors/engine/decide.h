/* SPDX-License-Identifier: Apache-2.0 */
/* What the deciding half of the machine shares: making events, and the scopes in which guards and arguments are
 * evaluated. */
#ifndef TROUPE_ENGINE_DECIDE_H
#define TROUPE_ENGINE_DECIDE_H

#include "actors/engine/machine_state.h"

typedef struct decision {
	machine *m;
	const machine_world *w;
	const machine_sink *out;
} decision;

static inline decision decide_for(machine *m, const machine_world *w, const machine_sink *out)
{
	return (decision){.m = m, .w = w, .out = out};
}

/* ---- emit.c ---- */

/* Sequence, apply and hand out an event. Takes the payload (also on failure), borrows what is in its shape. */
tr_err decide_emit(decision *d, event *e);
/* The same for the common kind. */
tr_err decide_event(decision *d, event_type type, uint64_t step_run_id, uint64_t parent_id, const char *status,
		    tr_value payload);
void decide_effect(decision *d, const machine_effect *x);
/* A token that is to be created. All values are borrowed. */
typedef struct new_token {
	uint32_t step;
	uint64_t run, parent; /* 0: of no step run; the event that caused it */
	int64_t arc;
	tr_value args, sets; /* map; map or absent */
	bool final;
} new_token;
tr_err decide_token(decision *d, const new_token *t);
/* Once a place; `place` names it, code and message say what. */
tr_err decide_warning(decision *d, const char *place, const char *code, pb_pos at, const char *message);

/* ---- scope.c ---- */

/* Names for guards and arguments. The values are borrowed from the state. */
typedef struct scope {
	const machine *m;
	const machine_world *w;
	const pb_expr *const *expr; /* what is evaluated now */
	tr_value args;              /* absent: none */
	tr_value event;             /* the terminal event that led here, or nil */
	bool routing;               /* in the arcs of the step that ended: `outcome` is bound */
	bool before;                /* the workload is being evaluated: `args` is what is known of it so far */
	struct scope_offer {        /* values that load themselves, to be found again in what was rendered */
		tr_value value, shown;
	} * offers;
	size_t offer_count, offer_capacity;
} scope;

void machine_scope_fini(scope *s);
tr_scope machine_scope_names(scope *s);
/* What was rendered, with values that load themselves replaced: a ResultRef as a whole stays a reference. Takes v. */
tr_value machine_scope_unwrap(scope *s, tr_value v);

/* ---- offer.c ---- */

/* A result as its step's name gives it: data, result, a task's label and _ref serve where it has no such key. Fresh. */
tr_value offer_step(const machine_world *w, tr_value result, tr_value labels);
tr_value offer_outcome(const machine_world *w, tr_value outcome);
/* A ResultRef that is loaded when used. */
tr_value offer_ref(const machine_world *w, tr_value ref);
bool offer_is_ref(tr_value v);
/* Arguments for a step, those over the inline limit as references. Takes args, gives them back. */
tr_value offer_args(const decision *d, uint32_t step, tr_value args);
#define REF_DEPTH 6 /* levels below a value at which references are looked for */

/* ---- render.c ---- */

#define RENDER_TEXT 400
typedef struct rendered {
	tr_value value; /* invalid when it failed */
	char error[RENDER_TEXT];
} rendered;

/* Render in a scope; warnings become events. Always returns; an event that could not be made is in *err. */
rendered decide_render(decision *d, scope *s, const pb_expr *e, tr_err *err);
/* As a condition: an error is false, and a warning. */
bool decide_test(decision *d, scope *s, const pb_expr *e, bool otherwise, tr_err *err);
/* Seconds -> µs; 0 when there is none, or it makes no sense (then a warning says so). */
int64_t decide_seconds(decision *d, scope *s, const pb_expr *e, tr_err *err);

/* ---- the parts of settling ---- */

/* request.c: the workload is evaluated, or the execution fails. */
tr_err decide_request(decision *d);
/* consider.c: may the token's group run? Forced: nothing else moves any more, the join is let go. */
tr_err decide_consider(decision *d, token *t, bool forced);
/* A running step run ends as failed. */
tr_err decide_run_failed(decision *d, step_run *r, const char *kind, const char *message, bool tell_worker);
/* The same, by something that happened to it from outside: its worker is told, and the error says where the step is. */
tr_err decide_run_ended(decision *d, step_run *r, const char *kind, const char *message);
/* The same, with the error (borrowed) that a log has of it. */
tr_err decide_run_died(decision *d, step_run *r, tr_value error);
/* route.c: what follows a step run that ended. */
tr_err decide_route(decision *d, step_run *r);
/* finish.c */
tr_err decide_stop(decision *d);
tr_err decide_final(decision *d);
tr_err decide_finish(decision *d);
bool decide_final_wanted(const machine *m);
/* children.c: tell children what they are to be told. */
void decide_children(decision *d);
/* settle.c: decide all that the state leaves to be decided. */
tr_err decide_settle(decision *d);

#endif
