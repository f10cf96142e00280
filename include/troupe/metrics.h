/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Metrics of a node: counters, gauges and histograms with labels, and their text for Prometheus (exposition format
 * 0.0.4). Making a metric takes a lock; updating one is an atomic operation and may be done from any thread.
 */
#ifndef TROUPE_METRICS_H
#define TROUPE_METRICS_H

#include <troupe/node.h>

TR_EXTERN_C_BEGIN

/** One time series. Lives until its node stops. Updating NULL does nothing, so a failed creation needs no care. */
typedef struct tr_metric tr_metric;

typedef struct tr_label {
	const char *name;
	const char *value;
} tr_label;

/**
 * Find or make the series of this name and these labels (all copied; help is that of the first). By Prometheus' rules a
 * counter's name ends in _total, a unit is part of the name and basic (seconds, bytes). NULL when a name is not
 * allowed, when the name belongs to another kind of metric, or without memory.
 */
TR_API tr_metric *tr_counter(tr_node *node, const char *name, const char *help, const tr_label *labels, size_t n);
TR_API tr_metric *tr_gauge(tr_node *node, const char *name, const char *help, const tr_label *labels, size_t n);
/** `bounds`: upper bounds of the buckets, rising, without +Inf; NULL: 1 ms to 10 s in twelve steps. */
TR_API tr_metric *tr_histogram(tr_node *node, const char *name, const char *help, const tr_label *labels, size_t n,
			       const double *bounds, size_t bound_count);

TR_API void tr_counter_add(tr_metric *counter, uint64_t n);
TR_API void tr_gauge_set(tr_metric *gauge, double value);
TR_API void tr_gauge_add(tr_metric *gauge, double by);
TR_API void tr_histogram_observe(tr_metric *histogram, double value);

/** What a counter or gauge stands at, or how many observations a histogram has. For tests and inspection. */
TR_API double tr_metric_value(const tr_metric *metric);

/** Append everything: the node's own statistics (troupe_…) and all metrics, in order of creation. From any thread. */
TR_API tr_err tr_metrics_write(tr_node *node, tr_buf *out);

TR_EXTERN_C_END

#endif
