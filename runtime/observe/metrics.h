/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of metrics: families (one name, one kind) of series (one set of labels). Lies in TR_SLOT_METRICS. */
#ifndef TROUPE_OBSERVE_METRICS_H
#define TROUPE_OBSERVE_METRICS_H

#include <pthread.h>
#include <stdatomic.h>

#include <troupe/metrics.h>

enum metric_kind {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM
};

struct metric_family;

struct tr_metric {
	/* Any thread. Far enough from those of the next series not to share a cache line. */
	_Atomic uint64_t count;    /* counter: value; histogram: observations */
	_Atomic uint64_t bits;     /* gauge: the value; histogram: the sum; a double's bits */
	_Atomic uint64_t *buckets; /* histogram: one a bound, not cumulated */

	/* Constant after creation. */
	struct metric_family *family;
	char *labels; /* `a="b",c="d"`, escaped; "" for none */
	struct tr_metric *next;
	char unused[16];
};

_Static_assert(sizeof(struct tr_metric) >= 64, "two series must not share a cache line");

struct metric_family {
	char *name;
	char *help;
	enum metric_kind kind;
	double *bounds;
	size_t bound_count;
	tr_metric *first;
	tr_metric *last;
	struct metric_family *next;
};

struct metrics {
	pthread_mutex_t lock; /* the lists; what is in them never goes away */
	struct metric_family *first;
	struct metric_family *last;
};

/* metrics_text.c */
bool metric_name_ok(const char *name, bool label);
void metric_labels_write(tr_buf *out, const tr_label *labels, size_t n);
void metric_family_write(tr_buf *out, const struct metric_family *family);
void node_stats_write(tr_buf *out, tr_node *node);

#endif
