/* SPDX-License-Identifier: Apache-2.0 */
/** What source and target have in common: a session for the task. */
#ifndef TROUPE_PLUGINS_TRANSFER_DUCKDB_H
#define TROUPE_PLUGINS_TRANSFER_DUCKDB_H

#include "plugins/actions/transfer/job.h"
#include "plugins/shared/duckdb/session.h"

typedef struct duck_place {
	tr_value session;  /* its object */
	duck_lease *lease; /* the actor's */
	tr_value path;
	tr_value attach;
} duck_place;

/** Find the database of a spec (database, attach). Absent or an outcome. */
tr_value duck_place_find(duck_place *p, const transfer *t, tr_value spec);
/** Connect and attach: within work. */
tr_value duck_place_connect(duck_place *p);
void duck_place_fini(duck_place *p);
/** Do work on the session; what it leaves in *fault (an outcome, or absent) is given. */
tr_value duck_place_do(duck_place *p, const transfer *t, void (*work)(void *), void *state, tr_value *fault);
/** The fault of duck_do's error. */
tr_value duck_place_fault(tr_err err);

#endif
