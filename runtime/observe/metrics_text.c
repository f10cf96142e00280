/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics as text for Prometheus. */
#include "runtime/observe/metrics.h"

#include <math.h>
#include <string.h>

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool metric_name_ok(const char *name, bool label)
{
	if (name == NULL || !(letter(name[0]) || (!label && name[0] == ':')))
		return false;
	for (const char *p = name + 1; *p != '\0'; p++) {
		if (!letter(*p) && !(*p >= '0' && *p <= '9') && (label || *p != ':'))
			return false;
	}
	return !label || strncmp(name, "__", 2) != 0;
}

static void put_escaped(tr_buf *out, const char *z, bool quotes)
{
	for (; *z != '\0'; z++) {
		if (*z == '\\')
			tr_buf_puts(out, "\\\\");
		else if (*z == '\n')
			tr_buf_puts(out, "\\n");
		else if (*z == '"' && quotes)
			tr_buf_puts(out, "\\\"");
		else
			tr_buf_putc(out, *z);
	}
}

void metric_labels_write(tr_buf *out, const tr_label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		tr_buf_putf(out, "%s%s=\"", i > 0 ? "," : "", labels[i].name);
		put_escaped(out, labels[i].value, true);
		tr_buf_putc(out, '"');
	}
}

static void put_number(tr_buf *out, double v)
{
	if (isnan(v))
		tr_buf_puts(out, "NaN");
	else if (isinf(v))
		tr_buf_puts(out, v > 0 ? "+Inf" : "-Inf");
	else
		tr_buf_putf(out, "%.15g", v);
}

static void put_head(tr_buf *out, const char *name, const char *help, const char *kind)
{
	if (help[0] != '\0') {
		tr_buf_putf(out, "# HELP %s ", name);
		put_escaped(out, help, false);
		tr_buf_putc(out, '\n');
	}
	tr_buf_putf(out, "# TYPE %s %s\n", name, kind);
}

/* `name{labels} ` or `name{labels,le="bound"} `. */
static void put_series(tr_buf *out, const tr_metric *m, const char *suffix, const double *bound)
{
	tr_buf_putf(out, "%s%s", m->family->name, suffix);
	if (m->labels[0] != '\0' || bound != NULL) {
		tr_buf_putf(out, "{%s", m->labels);
		if (bound != NULL) {
			tr_buf_puts(out, m->labels[0] != '\0' ? ",le=\"" : "le=\"");
			put_number(out, *bound);
			tr_buf_putc(out, '"');
		}
		tr_buf_putc(out, '}');
	}
	tr_buf_putc(out, ' ');
}

static void put_count(tr_buf *out, uint64_t n)
{
	tr_buf_putf(out, "%llu\n", (unsigned long long)n);
}

static double sum_of(const tr_metric *m)
{
	uint64_t bits = atomic_load_explicit(&m->bits, memory_order_relaxed);
	double sum;

	memcpy(&sum, &bits, sizeof(sum));
	return sum;
}

/* The count is read first: buckets may be ahead of it by what is observed meanwhile, so +Inf takes the larger. */
static void histogram_write(tr_buf *out, const tr_metric *m)
{
	const struct metric_family *family = m->family;
	const double infinite = INFINITY;
	uint64_t total = atomic_load_explicit(&m->count, memory_order_relaxed);
	uint64_t below = 0;

	for (size_t i = 0; i < family->bound_count; i++) {
		below += atomic_load_explicit(&m->buckets[i], memory_order_relaxed);
		put_series(out, m, "_bucket", &family->bounds[i]);
		put_count(out, below);
	}
	if (total < below)
		total = below;
	put_series(out, m, "_bucket", &infinite);
	put_count(out, total);
	put_series(out, m, "_sum", NULL);
	put_number(out, sum_of(m));
	tr_buf_putc(out, '\n');
	put_series(out, m, "_count", NULL);
	put_count(out, total);
}

void metric_family_write(tr_buf *out, const struct metric_family *family)
{
	static const char *const kinds[] = {
	    [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};

	put_head(out, family->name, family->help, kinds[family->kind]);
	for (const tr_metric *m = family->first; m != NULL; m = m->next) {
		if (family->kind == METRIC_HISTOGRAM) {
			histogram_write(out, m);
		} else if (family->kind == METRIC_COUNTER) {
			put_series(out, m, "", NULL);
			put_count(out, atomic_load_explicit(&m->count, memory_order_relaxed));
		} else {
			put_series(out, m, "", NULL);
			put_number(out, sum_of(m));
			tr_buf_putc(out, '\n');
		}
	}
}

/* ---- the node's own numbers ----------------------------------------------------------------------------------------
 */

static const struct node_stat {
	const char *key;    /* in tr_node_stats */
	const char *metric; /* what Prometheus sees */
	const char *kind;
	const char *help;
	double scale;
} node_stats[] = {
    {"actors", "troupe_actors", "gauge", "Actors alive.", 1},
    {"actors_peak", "troupe_actors_peak", "gauge", "Most actors alive at once.", 1},
    {"spawned", "troupe_actors_spawned_total", "counter", "Actors spawned.", 1},
    {"exited", "troupe_actors_exited_total", "counter", "Actors ended.", 1},
    {"messages", "troupe_messages_total", "counter", "Messages sent.", 1},
    {"dead_letters", "troupe_dead_letters_total", "counter", "Messages that found nobody.", 1},
    {"timers", "troupe_timers", "gauge", "Timers armed.", 1},
    {"run_queue", "troupe_run_queue_length", "gauge", "Ready actors, by scheduler.", 1},
    {"steals", "troupe_scheduler_steals_total", "counter", "Actors taken from another scheduler.", 1},
    {"parks", "troupe_scheduler_parks_total", "counter", "Times a scheduler went to sleep.", 1},
    {"busy_ns", "troupe_scheduler_busy_seconds_total", "counter", "Time spent running actors.", 1e-9},
    {"dirty_running", "troupe_dirty_running", "gauge", "Threads of the dirty pool at work.", 1},
    {"memory", "troupe_memory_bytes", "gauge", "Memory of actors and messages.", 1},
};

static void put_stat(tr_buf *out, const struct node_stat *stat, tr_value v)
{
	put_head(out, stat->metric, stat->help, stat->kind);
	if (tr_is(v, TR_ARRAY)) {
		for (size_t i = 0; i < tr_array_len(v); i++) {
			tr_buf_putf(out, "%s{scheduler=\"%zu\"} ", stat->metric, i);
			put_number(out, tr_as_float(tr_array_at(v, i), 0) * stat->scale);
			tr_buf_putc(out, '\n');
		}
		return;
	}
	tr_buf_putf(out, "%s ", stat->metric);
	put_number(out, tr_as_float(v, 0) * stat->scale);
	tr_buf_putc(out, '\n');
}

void node_stats_write(tr_buf *out, tr_node *node)
{
	tr_value stats = tr_node_stats(node);

	for (size_t i = 0; i < sizeof(node_stats) / sizeof(node_stats[0]); i++) {
		tr_value v = tr_map_get_s(stats, node_stats[i].key);
		if (tr_is_valid(v))
			put_stat(out, &node_stats[i], v);
	}
	tr_drop(stats);
}
