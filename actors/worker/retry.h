/* SPDX-License-Identifier: Apache-2.0 */
/** How long to wait before a task is tried again. Pure arithmetic. Source of the semantics: docs/playbook.md,
 * "Pipeline". */
#ifndef TROUPE_WORKER_RETRY_H
#define TROUPE_WORKER_RETRY_H

#include "playbook/model/model.h"

typedef struct retry_terms {
	double delay;     /* seconds */
	double max_delay; /* seconds; <= 0: none */
	double jitter; /* 0..1: the wait is drawn evenly from delay·(1 − jitter) to delay·(1 + jitter), never above
			  max_delay */
	pb_backoff backoff;
} retry_terms;

/** Nanoseconds to wait after run number `failed` (from 1) failed. `random` decides the jitter. */
int64_t retry_delay_ns(const retry_terms *t, uint32_t failed, uint64_t random);

#endif
