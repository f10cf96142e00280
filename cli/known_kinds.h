/* SPDX-License-Identifier: Apache-2.0 */
/** Which tool kinds there will be where a playbook runs: those of the plugins here, or of the node that owns the data
 * folder. */
#ifndef TROUPE_CLI_KNOWN_KINDS_H
#define TROUPE_CLI_KNOWN_KINDS_H

#include "cli/settings.h"
#include "playbook/model/model.h"

typedef struct known_kinds {
	const survey *survey;
	const settings *settings;
	const char *data; /* NULL: no node is asked */
	/* what the node said, once it was asked */
	bool asked;
	tr_value there;
	struct described_kind **described; /* what it says of inputs, as far as that was wanted */
	size_t described_count;
} known_kinds;

/** How to check with that: the kinds, their inputs, what the operator has set, Python's syntax. `arg` is `k`. */
pb_check_options known_kinds_options(known_kinds *k, bool lenient);
/** What the hooks of the node's plugins have to say of a playbook is added to `out`. */
void known_kinds_validate(const known_kinds *k, const playbook *p, diagnostics *out);
void known_kinds_fini(known_kinds *k);

#endif
