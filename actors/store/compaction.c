/* SPDX-License-Identifier: Apache-2.0 */
/* The compaction actor. */
#include "actors/store/compaction.h"

#include "actors/protocol.h"
#include "actors/store/compact.h"

#include <troupe/log.h>

#define FLUSH_NS (60 * TR_SECOND)

struct job {
	const char *data;
	compact_policy policy;
	compact_result result;
	tr_buf report;
	tr_err err;
};

static void *do_compact(void *arg)
{
	struct job *job = arg;
	job->err = compact_store(job->data, &disk_real, &job->policy, &job->report, &job->result);
	return NULL;
}

void compaction_body(tr_value arg)
{
	struct job job = {.data = tr_as_cstr(tr_array_at(arg, 0), ""),
			  .policy = compact_policy_of(tr_array_at(arg, 1))};
	tr_from from = {tr_as_pid(tr_array_at(arg, 2)), tr_as_ref(tr_array_at(arg, 3))};
	tr_err err;
	/* Snapshots of what has ended since are written, or never will be. */
	tr_drop(tr_call_name(SUBJECT_SNAPSHOTS, TR_LIST(tr_atom("flush")), tr_in(FLUSH_NS)));
	job.policy.now_us = tr_wall_us();
	(void)tr_dirty(do_compact, &job, &err);
	if (job.report.n > 0)
		tr_log(TR_WARNING, tr_absent(), "compaction: %.*s", (int)(job.report.n - 1), job.report.p);
	tr_buf_fini(&job.report);
	if (err == TR_OK)
		err = job.err;
	tr_reply(from, err == TR_OK ? TR_LIST(TR_A(ok), compact_result_value(&job.result))
				    : TR_LIST(TR_A(error), tr_string(tr_err_text(err))));
}
