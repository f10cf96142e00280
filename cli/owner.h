/* SPDX-License-Identifier: Apache-2.0 */
/** Whose a data folder is: nobody's, or a node's that can be talked to. */
#ifndef TROUPE_CLI_OWNER_H
#define TROUPE_CLI_OWNER_H

#include "cli/remote.h"

typedef enum owner_kind {
	OWNER_NONE,   /* nobody writes there */
	OWNER_REMOTE, /* *r talks to whoever does */
	OWNER_MUTE    /* somebody does, and cannot be talked to; `why` says who */
} owner_kind;

/** Who owns the folder. A process that is just starting or ending is waited for, a few seconds. */
owner_kind owner_find(const char *data, remote **r, char *why, size_t n);

#endif
