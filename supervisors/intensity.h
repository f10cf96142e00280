/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restart intensity: how many restarts lie in the last period. A ring of time stamps that grows to at most `limit`, so
 * counting a restart takes constant time (amortised over its growth) however many restarts are allowed.
 */
#ifndef TROUPE_SUPERVISORS_INTENSITY_H
#define TROUPE_SUPERVISORS_INTENSITY_H

#include <troupe/base.h>

struct intensity {
	int64_t *at;    /* ring of `cap` stamps, `count` of them from `oldest` */
	int64_t period; /* ns; a stamp exactly this old still counts, as in OTP */
	uint32_t limit; /* restarts allowed in a period */
	uint32_t cap;
	uint32_t oldest;
	uint32_t count;
};

enum intensity_verdict {
	INTENSITY_OK,
	INTENSITY_REACHED, /* this restart is one too many */
	INTENSITY_NO_MEMORY
};

void intensity_init(struct intensity *in, uint32_t limit, int64_t period);
void intensity_fini(struct intensity *in);
/* Count a restart at `now`, which never goes back. */
enum intensity_verdict intensity_add(struct intensity *in, int64_t now);

#endif
