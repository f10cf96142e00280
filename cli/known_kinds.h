/* SPDX-License-Identifier: Apache-2.0 */
/** Which tool kinds there will be where a playbook runs: those of the plugins here, or of the node that owns the data
 * folder. */
#ifndef TROUPE_CLI_KNOWN_KINDS_H
#define TROUPE_CLI_KNOWN_KINDS_H

#include "cli/settings.h"

typedef struct known_kinds {
	const survey *survey;
	const char *data; /* NULL: no node is asked */
	/* what the node said, once it was asked */
	bool asked;
	tr_value there;
} known_kinds;

/** pb_check_options.knows_kind; arg: known_kinds. */
bool known_kinds_has(void *arg, tr_str kind);
void known_kinds_fini(known_kinds *k);

#endif
