/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Rendering of a playbook's expressions in the scope of a step run: undefined names as the playbook has them, warnings
 * as events, each place once, and errors that name file, line and column.
 */
#ifndef TROUPE_WORKER_RENDER_H
#define TROUPE_WORKER_RENDER_H

#include "actors/event/event_list.h"
#include "actors/worker/names.h"

typedef struct renderer {
	names names;
	event_list *events; /* where warnings go */
	int64_t now_us;     /* what now() gives */
	uint64_t seed;      /* of random and uuid() */
	uint64_t *warned;   /* hashes of the places that have been warned of */
	size_t warned_count;
} renderer;

void renderer_fini(renderer *r);
/** The value (fresh), or invalid with *error set to an error map {kind: "template", message, …}. NULL expression:
 * absent. */
tr_value render_value(renderer *r, const pb_expr *e, tr_value *error);
/** As a condition: an error is no match and a warning. NULL: `otherwise`. */
bool render_test(renderer *r, const pb_expr *e, bool otherwise);
/** A number (int or float, or text that is one); NULL or an error gives `otherwise` and a warning. */
double render_number(renderer *r, const pb_expr *e, double otherwise);
/** Is this the first warning of this code and place? Notes it. */
bool render_first_time(renderer *r, const char *code, pb_pos at);
/** Add a warning event for a place of the file, once. */
void render_warn(renderer *r, const char *code, pb_pos at, const char *fmt, ...) TR_PRINTF(4, 5);

#endif
