/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of metrics: making and updating them. */
#include "runtime/observe/metrics.h"

#include <math.h>
#include <string.h>

static char *copy_text(const char *z)
{
	size_t n = strlen(z) + 1;
	char *copy = tr_alloc(n);

	if (copy != NULL)
		memcpy(copy, z, n);
	return copy;
}

/* ---- lifetime ------------------------------------------------------------------------------------------------------
 */

static void metric_free(tr_metric *m)
{
	tr_free(m->buckets);
	tr_free(m->labels);
	tr_free(m);
}

static void family_free(struct metric_family *family)
{
	while (family->first != NULL) {
		tr_metric *m = family->first;
		family->first = m->next;
		metric_free(m);
	}
	tr_free(family->name);
	tr_free(family->help);
	tr_free(family->bounds);
	tr_free(family);
}

static void metrics_free(void *ptr)
{
	struct metrics *all = ptr;

	while (all->first != NULL) {
		struct metric_family *family = all->first;
		all->first = family->next;
		family_free(family);
	}
	pthread_mutex_destroy(&all->lock);
	tr_free(all);
}

static struct metrics *metrics_make(tr_node *node)
{
	struct metrics *all = tr_node_get(node, TR_SLOT_METRICS);

	if (all != NULL)
		return all;
	all = tr_alloc(sizeof(*all));
	if (all == NULL)
		return NULL;
	pthread_mutex_init(&all->lock, NULL);
	if (tr_node_set(node, TR_SLOT_METRICS, all, metrics_free) == TR_OK)
		return all;
	metrics_free(all);
	return tr_node_get(node, TR_SLOT_METRICS); /* another thread was faster */
}

/* ---- finding and making --------------------------------------------------------------------------------------------
 */

static const double default_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

struct wanted {
	const char *name;
	const char *help;
	enum metric_kind kind;
	const double *bounds;
	size_t bound_count;
};

static bool bounds_ok(const double *bounds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1]))
			return false;
	}
	return true;
}

static struct metric_family *family_new(const struct wanted *w)
{
	struct metric_family *family = tr_alloc(sizeof(*family));

	if (family == NULL)
		return NULL;
	family->name = copy_text(w->name);
	family->help = copy_text(w->help != NULL ? w->help : "");
	family->kind = w->kind;
	family->bound_count = w->bound_count;
	family->bounds = tr_alloc((w->bound_count + 1) * sizeof(double));
	if (family->name == NULL || family->help == NULL || family->bounds == NULL) {
		family_free(family);
		return NULL;
	}
	if (w->bound_count > 0)
		memcpy(family->bounds, w->bounds, w->bound_count * sizeof(double));
	return family;
}

static struct metric_family *family_find(struct metrics *all, const struct wanted *w)
{
	for (struct metric_family *f = all->first; f != NULL; f = f->next) {
		if (strcmp(f->name, w->name) == 0)
			return f->kind == w->kind ? f : NULL;
	}
	struct metric_family *family = family_new(w);
	if (family == NULL)
		return NULL;
	if (all->last != NULL)
		all->last->next = family;
	else
		all->first = family;
	all->last = family;
	return family;
}

/* Takes labels. */
static tr_metric *metric_new(struct metric_family *family, char *labels)
{
	tr_metric *m = tr_alloc(sizeof(*m));

	if (m == NULL) {
		tr_free(labels);
		return NULL;
	}
	m->family = family;
	m->labels = labels;
	m->buckets =
	    family->kind == METRIC_HISTOGRAM ? tr_alloc((family->bound_count + 1) * sizeof(*m->buckets)) : NULL;
	if (family->kind == METRIC_HISTOGRAM && m->buckets == NULL) {
		metric_free(m);
		return NULL;
	}
	if (family->last != NULL)
		family->last->next = m;
	else
		family->first = m;
	family->last = m;
	return m;
}

static tr_metric *metric_find(struct metric_family *family, const char *labels)
{
	for (tr_metric *m = family->first; m != NULL; m = m->next) {
		if (strcmp(m->labels, labels) == 0)
			return m;
	}
	char *copy = copy_text(labels);
	return copy != NULL ? metric_new(family, copy) : NULL;
}

static tr_metric *metric_make(tr_node *node, const struct wanted *w, const tr_label *labels, size_t n)
{
	tr_buf text = {0};
	tr_metric *m = NULL;

	if (!metric_name_ok(w->name, false))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (!metric_name_ok(labels[i].name, true))
			return NULL;
	}
	struct metrics *all = metrics_make(node);
	if (all == NULL)
		return NULL;
	metric_labels_write(&text, labels, n);
	if (text.err == TR_OK) {
		pthread_mutex_lock(&all->lock);
		struct metric_family *family = family_find(all, w);
		if (family != NULL)
			m = metric_find(family, text.n > 0 ? text.p : "");
		pthread_mutex_unlock(&all->lock);
	}
	tr_buf_fini(&text);
	return m;
}

tr_metric *tr_counter(tr_node *node, const char *name, const char *help, const tr_label *labels, size_t n)
{
	struct wanted w = {name, help, METRIC_COUNTER, NULL, 0};

	return metric_make(node, &w, labels, n);
}

tr_metric *tr_gauge(tr_node *node, const char *name, const char *help, const tr_label *labels, size_t n)
{
	struct wanted w = {name, help, METRIC_GAUGE, NULL, 0};

	return metric_make(node, &w, labels, n);
}

tr_metric *tr_histogram(tr_node *node, const char *name, const char *help, const tr_label *labels, size_t n,
			const double *bounds, size_t bound_count)
{
	struct wanted w = {name, help, METRIC_HISTOGRAM, bounds, bound_count};

	if (bounds == NULL) {
		w.bounds = default_bounds;
		w.bound_count = sizeof(default_bounds) / sizeof(default_bounds[0]);
	}
	return bounds_ok(w.bounds, w.bound_count) ? metric_make(node, &w, labels, n) : NULL;
}

/* ---- updating ------------------------------------------------------------------------------------------------------
 */

static uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

static void add_double(_Atomic uint64_t *at, double by)
{
	uint64_t old = atomic_load_explicit(at, memory_order_relaxed);

	while (!atomic_compare_exchange_weak_explicit(at, &old, bits_of(double_of(old) + by), memory_order_relaxed,
						      memory_order_relaxed))
		continue;
}

void tr_counter_add(tr_metric *counter, uint64_t n)
{
	if (counter != NULL)
		atomic_fetch_add_explicit(&counter->count, n, memory_order_relaxed);
}

void tr_gauge_set(tr_metric *gauge, double value)
{
	if (gauge != NULL)
		atomic_store_explicit(&gauge->bits, bits_of(value), memory_order_relaxed);
}

void tr_gauge_add(tr_metric *gauge, double by)
{
	if (gauge != NULL)
		add_double(&gauge->bits, by);
}

void tr_histogram_observe(tr_metric *histogram, double value)
{
	if (histogram == NULL)
		return;
	const struct metric_family *family = histogram->family;
	for (size_t i = 0; i < family->bound_count; i++) {
		if (value <= family->bounds[i]) {
			atomic_fetch_add_explicit(&histogram->buckets[i], 1, memory_order_relaxed);
			break;
		}
	}
	add_double(&histogram->bits, value);
	atomic_fetch_add_explicit(&histogram->count, 1, memory_order_relaxed);
}

double tr_metric_value(const tr_metric *metric)
{
	if (metric == NULL)
		return 0;
	if (metric->family->kind == METRIC_GAUGE)
		return double_of(atomic_load_explicit(&metric->bits, memory_order_relaxed));
	return (double)atomic_load_explicit(&metric->count, memory_order_relaxed);
}

tr_err tr_metrics_write(tr_node *node, tr_buf *out)
{
	struct metrics *all = metrics_make(node);

	if (all == NULL)
		return TR_ENOMEM;
	node_stats_write(out, node);
	pthread_mutex_lock(&all->lock);
	for (const struct metric_family *f = all->first; f != NULL; f = f->next)
		metric_family_write(out, f);
	pthread_mutex_unlock(&all->lock);
	return out->err;
}
