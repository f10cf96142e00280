/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Checking a data folder: journal, logs, packed logs, index, artifacts, playbooks. Changes nothing. Blocking; no
 * actors.
 */
#ifndef TROUPE_ACTORS_STORE_VERIFY_H
#define TROUPE_ACTORS_STORE_VERIFY_H

#include "actors/store/layout.h"

typedef struct verify_result {
	uint64_t executions, events, artifacts, playbooks;
	uint64_t problems;
	uint64_t leftovers; /* that a crash left of what was being written: no problems */
	tr_value left;      /* array of their files; not all when there are very many */
	tr_value list;      /* array of maps {file, problem}; not all when there are very many */
} verify_result;

/** TR_ENOMEM, or TR_ENOENT: there is no such folder. */
tr_err verify_store(const char *data, verify_result *result);
void verify_fini(verify_result *result);

#endif
