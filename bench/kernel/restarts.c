/* SPDX-License-Identifier: Apache-2.0 */
/* A supervisor whose child crashes as soon as it runs, until the intensity is used up. */
#include <troupe/supervisor.h>

#include "bench/kernel/bench.h"

static void crasher(tr_value arg)
{
	(void)arg;
	tr_exit(TR_A(crash));
}

static void use_up(int64_t crashes)
{
	tr_child_spec child = {.id = "crasher", .body = crasher, .restart = TR_PERMANENT};
	tr_started s = tr_supervisor_start_link(&(tr_supervisor_spec){.strategy = TR_ONE_FOR_ONE,
								      .intensity = (uint32_t)crashes,
								      .period_ns = 3600 * TR_SECOND,
								      .children = &child,
								      .child_count = 1});
	if (s.pid.bits == 0)
		tr_exitf("a supervisor did not start");
	tr_value down = tr_receive(TR_FOREVER);
	if (!TR_IS_A(tr_array_at(down, 0), exit) || !TR_IS_A(tr_array_at(down, 2), shutdown))
		tr_exitf("a supervisor ended otherwise than it should");
	tr_drop(down);
}

static void rounds(const char *name, int64_t crashes, int64_t n)
{
	int64_t t = clock_ns();
	for (int64_t i = 0; i < n; i++)
		use_up(crashes);
	result(name, (double)(crashes * n) * 1e6 / (double)(clock_ns() - t), "k restarts/s");
}

static void restarts(tr_value arg)
{
	(void)arg;
	tr_trap_exit(true);
	/* Fresh supervisors, each for 1,000 crashes; then one whose child never pauses. */
	rounds("restarts_fresh", 1000, scaled(400));
	rounds("restarts_no_pause", scaled(400000), 1);
}
void bench_restarts(void)
{
	with_node(restarts);
}
