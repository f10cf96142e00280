/* SPDX-License-Identifier: Apache-2.0 */
/* Restart intensity: the ring of time stamps. */
#include "supervisors/intensity.h"

#include <string.h>

#define INTENSITY_FIRST_CAP 8

void intensity_init(struct intensity *in, uint32_t limit, int64_t period)
{
	memset(in, 0, sizeof(*in));
	in->limit = limit;
	in->period = period;
}

void intensity_fini(struct intensity *in)
{
	tr_free(in->at);
	in->at = NULL;
	in->cap = in->count = 0;
}

static void forget_expired(struct intensity *in, int64_t now)
{
	while (in->count > 0 && now - in->at[in->oldest] > in->period) {
		in->oldest = (in->oldest + 1) % in->cap;
		in->count--;
	}
}

static bool grow(struct intensity *in)
{
	uint32_t cap = in->cap == 0 ? INTENSITY_FIRST_CAP : in->cap > UINT32_MAX / 2 ? UINT32_MAX : in->cap * 2;

	if (cap > in->limit)
		cap = in->limit;
	int64_t *at = tr_alloc(cap * sizeof(*at));
	if (at == NULL)
		return false;
	for (uint32_t i = 0; i < in->count; i++)
		at[i] = in->at[(in->oldest + i) % in->cap];
	tr_free(in->at);
	in->at = at;
	in->cap = cap;
	in->oldest = 0;
	return true;
}

enum intensity_verdict intensity_add(struct intensity *in, int64_t now)
{
	forget_expired(in, now);
	if (in->count >= in->limit)
		return INTENSITY_REACHED;
	if (in->count == in->cap && !grow(in))
		return INTENSITY_NO_MEMORY;
	in->at[((uint64_t)in->oldest + in->count) % in->cap] = now;
	in->count++;
	return INTENSITY_OK;
}
