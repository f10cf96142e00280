/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the writer of an envelope. */
#include "runtime/actor/bundle.h"

#include <sched.h>

#define SPINS 100u

void bundle_await_slow(struct envelope *e)
{
	/* If its thread was put aside between two instructions, let it have the core. */
	for (uint32_t i = 0; __atomic_load_n(&e->generation, __ATOMIC_ACQUIRE) == 0; i++) {
		if (i < SPINS)
			spin_pause();
		else
			sched_yield();
	}
}
