/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the node of a data folder. */
#include "cli/owner.h"

#include "actors/edge/wire.h"
#include "actors/protocol.h"
#include "actors/store/file_store.h"
#include "actors/store/layout.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_AGAIN_MS 20
#define PATIENCE      250 /* times */
#define AGAIN_MS      50
#define MOST_TRIES    200

static void pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

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
		pause_ms(LOOK_AGAIN_MS);
	}
	return OWNER_MUTE;
}

static bool is_full(const char *why)
{
	return strstr(why, WIRE_FULL) != NULL;
}

bool owner_is_again(const char *why)
{
	return is_full(why) || strstr(why, REFUSAL_CLOSING) != NULL || strstr(why, FILE_STORE_TAKEN) != NULL;
}

bool owner_again(owner_patience *p, const char *command, const char *why)
{
	if (is_full(why) && !p->said) {
		fprintf(stderr, "troupe %s: %s (Ctrl-C gives up)\n", command, why);
		p->said = true;
	} else if (!is_full(why) && ++p->tries > MOST_TRIES) {
		fprintf(stderr, "troupe %s: the data folder changes hands too often%s%s\n", command,
			why[0] != '\0' ? ": " : "", why);
		return false;
	}
	pause_ms(AGAIN_MS);
	return true;
}
