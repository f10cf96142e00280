/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: making, updating from many threads, and the text for Prometheus. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <pthread.h>
#include <string.h>

#include <troupe/metrics.h>

static tr_node *node;

static int start(void **state)
{
	tr_node_options options = {.schedulers = 1};

	(void)state;
	node = tr_node_start(&options, NULL);
	return node != NULL ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	tr_node_stop(&node);
	return 0;
}

/* The text of our own metrics, without those of the node. */
static char *own_text(tr_buf *out)
{
	assert_int_equal(tr_metrics_write(node, out), TR_OK);
	char *at = strstr(out->p, "# HELP my_");
	return at != NULL ? at : out->p + out->n;
}

static void the_text_is_exact(void **state)
{
	static const double bounds[] = {0.5, 1};
	tr_label get[] = {{"method", "GET"}, {"path", "a\"b\\c\nd"}};
	tr_label post[] = {{"method", "POST"}};
	tr_buf out = {0};

	(void)state;
	tr_counter_add(tr_counter(node, "my_requests_total", "Requests\nseen.", get, 2), 3);
	tr_counter_add(tr_counter(node, "my_requests_total", "ignored", post, 1), 1);
	tr_counter_add(tr_counter(node, "my_requests_total", NULL, get, 2), 4);
	tr_gauge_set(tr_gauge(node, "my_heat", "", NULL, 0), 1.5);
	tr_gauge_add(tr_gauge(node, "my_heat", "", NULL, 0), -4);
	tr_metric *h = tr_histogram(node, "my_seconds", "Time.", post, 1, bounds, 2);
	tr_histogram_observe(h, 0.25);
	tr_histogram_observe(h, 0.5);
	tr_histogram_observe(h, 0.75);
	tr_histogram_observe(h, 10);
	assert_string_equal(own_text(&out), "# HELP my_requests_total Requests\\nseen.\n"
					    "# TYPE my_requests_total counter\n"
					    "my_requests_total{method=\"GET\",path=\"a\\\"b\\\\c\\nd\"} 7\n"
					    "my_requests_total{method=\"POST\"} 1\n"
					    "# TYPE my_heat gauge\n"
					    "my_heat -2.5\n"
					    "# HELP my_seconds Time.\n"
					    "# TYPE my_seconds histogram\n"
					    "my_seconds_bucket{method=\"POST\",le=\"0.5\"} 2\n"
					    "my_seconds_bucket{method=\"POST\",le=\"1\"} 3\n"
					    "my_seconds_bucket{method=\"POST\",le=\"+Inf\"} 4\n"
					    "my_seconds_sum{method=\"POST\"} 11.5\n"
					    "my_seconds_count{method=\"POST\"} 4\n");
	tr_buf_fini(&out);
}

static void what_is_not_allowed_is_null(void **state)
{
	static const double falling[] = {2, 1};
	static const double infinite[] = {1, INFINITY};
	tr_label bad[] = {{"__name__", "x"}};
	tr_label colon[] = {{"a:b", "x"}};

	(void)state;
	assert_null(tr_counter(node, "", NULL, NULL, 0));
	assert_null(tr_counter(node, "1st", NULL, NULL, 0));
	assert_null(tr_counter(node, "a-b", NULL, NULL, 0));
	assert_null(tr_counter(node, NULL, NULL, NULL, 0));
	assert_null(tr_counter(node, "x_total", NULL, bad, 1));
	assert_null(tr_counter(node, "x_total", NULL, colon, 1));
	assert_non_null(tr_counter(node, "ns:x_total", NULL, NULL, 0));
	assert_null(tr_gauge(node, "ns:x_total", NULL, NULL, 0)); /* another kind has the name */
	assert_null(tr_histogram(node, "h", NULL, NULL, 0, falling, 2));
	assert_null(tr_histogram(node, "h", NULL, NULL, 0, infinite, 2));
	tr_counter_add(NULL, 1);
	tr_gauge_set(NULL, 1);
	tr_gauge_add(NULL, 1);
	tr_histogram_observe(NULL, 1);
	assert_true(tr_metric_value(NULL) == 0);
}

enum {
	THREADS = 4,
	ROUNDS = 20000
};

static void *hammer(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		tr_counter_add(tr_counter(node, "my_hits_total", NULL, NULL, 0), 1);
		tr_gauge_add(tr_gauge(node, "my_level", NULL, NULL, 0), 0.5);
		tr_histogram_observe(tr_histogram(node, "my_time_seconds", NULL, NULL, 0, NULL, 0), 0.004);
	}
	return NULL;
}

static void no_update_is_lost(void **state)
{
	pthread_t threads[THREADS];
	tr_buf out = {0};

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hammer, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_true(tr_metric_value(tr_counter(node, "my_hits_total", NULL, NULL, 0)) == THREADS * ROUNDS);
	assert_true(tr_metric_value(tr_gauge(node, "my_level", NULL, NULL, 0)) == THREADS * ROUNDS / 2);
	assert_true(tr_metric_value(tr_histogram(node, "my_time_seconds", NULL, NULL, 0, NULL, 0)) == THREADS * ROUNDS);
	own_text(&out);
	assert_non_null(strstr(out.p, "my_time_seconds_bucket{le=\"0.0025\"} 0\n"));
	assert_non_null(strstr(out.p, "my_time_seconds_bucket{le=\"0.005\"} 80000\n"));
	tr_buf_fini(&out);
}

static void the_node_tells_of_itself(void **state)
{
	tr_buf out = {0};

	(void)state;
	assert_int_equal(tr_metrics_write(node, &out), TR_OK);
	assert_non_null(strstr(out.p, "# TYPE troupe_actors gauge\ntroupe_actors 0\n"));
	assert_non_null(strstr(out.p, "# TYPE troupe_messages_total counter\ntroupe_messages_total "));
	assert_non_null(strstr(out.p, "troupe_run_queue_length{scheduler=\"0\"} 0\n"));
	tr_buf_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(the_text_is_exact, start, stop),
	    cmocka_unit_test_setup_teardown(what_is_not_allowed_is_null, start, stop),
	    cmocka_unit_test_setup_teardown(no_update_is_lost, start, stop),
	    cmocka_unit_test_setup_teardown(the_node_tells_of_itself, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
