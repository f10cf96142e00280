/* SPDX-License-Identifier: Apache-2.0 */
/* The slow path of the spin lock. */
#include "runtime/actor/lock.h"

#include <sched.h>

_Thread_local uint32_t spin_depth;

void spin_wait(spin *lock)
{
	for (int i = 0; i < 100; i++) {
		if (atomic_load_explicit(lock, memory_order_relaxed) == 0)
			return;
		spin_pause();
	}
	sched_yield();
}
