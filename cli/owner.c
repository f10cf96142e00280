/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the node of a data folder. */
#include "cli/owner.h"

#include "actors/store/layout.h"

#include <time.h>

#define LOOK_AGAIN_MS 20
#define PATIENCE      250 /* times */

owner_kind owner_find(const char *data, remote **r, char *why, size_t n)
{
	*r = NULL;
	for (int i = 0; i < PATIENCE; i++) {
		if (layout_lock_owner(data) == 0)
			return OWNER_NONE;
		*r = remote_open(data, why, n);
		if (*r != NULL)
			return OWNER_REMOTE;
		/* Between lock and socket, at a node's start and at its end, there is a moment. */
		(void)nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_MS * 1000000L}, NULL);
	}
	return OWNER_MUTE;
}
