/* SPDX-License-Identifier: Apache-2.0 */
/* The slow path of the spin lock, and the count of those that are held. */
#include "runtime/actor/lock.h"

#include <sched.h>

__attribute__((
    used)) _Thread_local uint32_t spin_depth; /* named in assembler, where link-time optimization does not look */

__attribute__((noinline)) void spin_count_slow(uint32_t by)
{
	__asm__ volatile("");
	spin_depth += by;
}

void spin_wait(spin *lock)
{
	for (int i = 0; i < 100; i++) {
		if (atomic_load_explicit(lock, memory_order_relaxed) == 0)
			return;
		spin_pause();
	}
	sched_yield();
}
