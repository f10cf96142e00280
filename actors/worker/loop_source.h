/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What a loop goes over: a list, a mapping as pairs, a number as a range, null as empty. Source of the semantics:
 * docs/playbook.md, "Loop".
 */
#ifndef TROUPE_WORKER_LOOP_SOURCE_H
#define TROUPE_WORKER_LOOP_SOURCE_H

#include <troupe/value.h>

typedef struct loop_source {
	tr_value items; /* array, map, or int for a range */
	int64_t count;
} loop_source;

/** From items (taken). False when they are nothing to go over. */
bool loop_source_init(loop_source *s, tr_value items);
void loop_source_fini(loop_source *s);
/** Item i, 0 <= i < count. Fresh reference. A mapping's is [key, value]. */
tr_value loop_source_at(const loop_source *s, int64_t i);

#endif
