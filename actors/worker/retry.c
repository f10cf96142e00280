/* SPDX-License-Identifier: Apache-2.0 */
/** How long to wait before a task is tried again. */
#include "actors/worker/retry.h"

#include <math.h>

#define LONGEST_S (365.0 * 86400.0)

int64_t retry_delay_ns(const retry_terms *t, uint32_t failed, uint64_t random)
{
	double n = failed < 1 ? 1 : (double)failed;
	double s = isfinite(t->delay) && t->delay > 0 ? t->delay : 0;
	if (t->backoff == PB_BACKOFF_LINEAR)
		s *= n;
	else if (t->backoff == PB_BACKOFF_EXPONENTIAL)
		s *= exp2(fmin(n - 1, 64));
	double most = t->max_delay > 0 && t->max_delay < LONGEST_S ? t->max_delay : LONGEST_S;
	s = fmin(s, most);
	if (t->jitter > 0) {
		double even = (double)(random >> 11) / 9007199254740992.0; /* [0, 1) of 53 bits */
		s *= 1 + fmin(t->jitter, 1) * (2 * even - 1);
	}
	return (int64_t)(fmin(s, most) * 1e9);
}
