/* SPDX-License-Identifier: Apache-2.0 */
/* A one-byte spin lock for the kernel's short critical sections. Never held across a switch of stacks. */
#ifndef TROUPE_ACTOR_LOCK_H
#define TROUPE_ACTOR_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint8_t spin;

/** How many spin locks this thread holds; the fault handler refuses to unwind an actor out of one. Counted where the
 *  compiler sees no thread-local: inlined into a function that blocks between two locks (link-time optimization does
 * that across files) it could keep the address, and count for the thread that the actor came from. */
extern _Thread_local uint32_t spin_depth __attribute__((tls_model("initial-exec")));
void spin_count_slow(uint32_t by);
static inline void spin_count(uint32_t by)
{
#if defined(__x86_64__)
	uint64_t at;
	__asm__ volatile("movq spin_depth@GOTTPOFF(%%rip), %0\n\taddl %1, %%fs:(%0)"
			 : "=&r"(at)
			 : "ri"(by)
			 : "memory", "cc");
#else
	spin_count_slow(by);
#endif
}

/** Wait until the lock looks free: spin a little, then let the holder have the core. */
void spin_wait(spin *lock);

static inline void spin_lock(spin *lock)
{
	spin_count(1);
	while (atomic_exchange_explicit(lock, 1, memory_order_acquire) != 0)
		spin_wait(lock);
}

static inline void spin_unlock(spin *lock)
{
	atomic_store_explicit(lock, 0, memory_order_release);
	spin_count(UINT32_MAX); /* one less */
}

/** One pause of a spinning core. */
static inline void spin_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
