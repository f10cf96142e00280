/* SPDX-License-Identifier: Apache-2.0 */
/* The decisions of a supervisor that need no actor. */
#include "supervisors/decide.h"

#define BACKOFF_MAX (30 * TR_SECOND)

enum reason_class reason_classify(tr_value reason)
{
	if (TR_IS_A(reason, normal))
		return REASON_NORMAL;
	if (TR_IS_A(reason, shutdown))
		return REASON_SHUTDOWN;
	if (tr_array_len(reason) == 2 && TR_IS_A(tr_array_at(reason, 0), shutdown))
		return REASON_SHUTDOWN;
	return REASON_ABNORMAL;
}

enum verdict decide_exit(tr_restart restart, enum reason_class reason)
{
	static const enum verdict verdicts[][REASON_CLASSES] = {
	    [TR_PERMANENT] = {VERDICT_RESTART, VERDICT_RESTART, VERDICT_RESTART},
	    [TR_TRANSIENT] = {VERDICT_KEEP, VERDICT_KEEP, VERDICT_RESTART},
	    [TR_TEMPORARY] = {VERDICT_FORGET, VERDICT_FORGET, VERDICT_FORGET},
	};

	return verdicts[restart][reason];
}

bool decide_report_exit(tr_restart restart, enum reason_class reason)
{
	return restart == TR_PERMANENT || reason == REASON_ABNORMAL;
}

bool decide_report_stop(tr_restart restart, bool brutal, tr_value reason)
{
	if (brutal ? TR_IS_A(reason, killed) : TR_IS_A(reason, shutdown))
		return false;
	return restart == TR_PERMANENT || reason_classify(reason) == REASON_ABNORMAL;
}

bool decide_auto_shutdown(tr_auto_shutdown mode, bool significant, size_t others)
{
	if (!significant)
		return false;
	return mode == TR_AUTO_ANY_SIGNIFICANT || (mode == TR_AUTO_ALL_SIGNIFICANT && others == 0);
}

int64_t decide_backoff(int64_t base, int64_t max, uint32_t n, uint64_t jitter)
{
	if (base <= 0)
		return 0;
	if (max <= 0)
		max = BACKOFF_MAX;
	int64_t delay = base < max ? base : max;
	for (uint32_t i = 1; i < n && delay < max; i++)
		delay = delay > max / 2 ? max : delay * 2;
	int64_t spread = delay / 4; /* taken away, so that backoff_max stays a bound */
	return delay - (int64_t)(jitter % ((uint64_t)spread + 1));
}
