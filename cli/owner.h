/* SPDX-License-Identifier: Apache-2.0 */
/** Whose a data folder is: nobody's, or a node's that can be talked to. */
#ifndef TROUPE_CLI_OWNER_H
#define TROUPE_CLI_OWNER_H

#include "cli/remote.h"

/** An exit code of a command's attempts: somebody else owns the data folder by now, or whoever does has no room. */
#define EXIT_BUSY (-1)

typedef enum owner_kind {
	OWNER_NONE,   /* nobody writes there */
	OWNER_REMOTE, /* *r talks to whoever does */
	OWNER_MUTE    /* somebody does, and cannot be talked to; `why` says who */
} owner_kind;

/** Who owns the folder. A process that is just starting or ending is waited for, a few seconds. */
owner_kind owner_find(const char *data, remote **r, char *why, size_t n);

/** What a client hears that asks a process which is ending, or has no room for one that waits; and who would own the
 * folder itself and finds that another was faster: nothing was done, and asking again may help. */
bool owner_is_again(const char *why);

typedef struct owner_patience {
	unsigned tries; /* of the kind that is not waited for without end */
	bool said;
} owner_patience;

/** Wait a moment before the owner is looked for once more; one that has no room is waited for as long as it takes, and
 * the first time that is said. False, and said: it was tried too often. */
bool owner_again(owner_patience *p, const char *command, const char *why);

#endif
