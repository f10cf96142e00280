/* SPDX-License-Identifier: Apache-2.0 */
/** Which executions are performed now, as the owner of their data folder says, and what that makes of their status. */
#ifndef TROUPE_CLI_PERFORMED_H
#define TROUPE_CLI_PERFORMED_H

#include "actors/store/index.h"

typedef struct performed {
	tr_value ids; /* map: id text -> true; absent: nobody can be asked */
	bool owned;
} performed;

performed performed_look(const char *data);
void performed_fini(performed *p);
/** When nobody can be asked, whatever has an owner is taken to be performed. */
bool performed_has(const performed *p, int64_t id);
/** The status of an execution as lists show it: one that has not ended and that nobody performs was interrupted. */
const char *performed_status(const performed *p, const index_entry *e);

#endif
