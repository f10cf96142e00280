/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test cases like those of actor_case.h, in a world with a virtual clock (troupe/sim.h): what waits takes no time, and
 * no machine is so slow that something comes too late.
 */
#ifndef TROUPE_TESTS_WORLD_CASE_H
#define TROUPE_TESTS_WORLD_CASE_H

#include "tests/unit/behaviour/actor_case.h"

#include <troupe/sim.h>

static inline void case_run_in_world(tr_body *body)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		tr_sim_result r = tr_sim_run(seed, NULL, body, tr_nil());
		if (r.verdict != TR_SIM_FINISHED)
			fail_msg("seed %u: %s", (unsigned)seed, r.text);
	}
}

/* WORLD_CASE(name) { … } defines the cmocka test `name` whose body runs inside an actor of a simulated world. */
#define WORLD_CASE(name)                        \
	static void name##_body(tr_value arg_); \
	static void name(void **state_)         \
	{                                       \
		(void)state_;                   \
		case_run_in_world(name##_body); \
	}                                       \
	static void name##_body(__attribute__((unused)) tr_value arg_)

#endif
