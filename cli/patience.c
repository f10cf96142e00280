/* SPDX-License-Identifier: Apache-2.0 */
/* One request to end, or two. */
#include "cli/patience.h"

patience_word patience_signal(patience *p, int64_t now_ns)
{
	if (!p->asked) {
		*p = (patience){true, now_ns};
		return PATIENCE_ASKED;
	}
	return now_ns - p->first_ns < PATIENCE_SAME_NS ? PATIENCE_SAME : PATIENCE_OVER;
}
