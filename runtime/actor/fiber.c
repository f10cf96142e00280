/* SPDX-License-Identifier: Apache-2.0 */
/* Switching between stacks, told to AddressSanitizer and ThreadSanitizer. */
#include <pthread.h>
#include <string.h>

#include "runtime/actor/check.h"
#include "runtime/actor/context.h"
#include "runtime/actor/stack.h"

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

#ifdef FIBER_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
static void asan_leave(struct stack *from, struct stack *to)
{
	__sanitizer_start_switch_fiber(&from->asan, to->low, (size_t)(to->high - to->low));
}
static void asan_arrive(void *fake)
{
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
}
static void asan_forget(struct stack *k)
{
	char *from = k->low + (k->guarded ? STACK_GUARD : 0);
	__asan_unpoison_memory_region(from, (size_t)(k->high - from));
	k->asan = NULL;
}
#else
static void asan_leave(struct stack *from, struct stack *to)
{
	(void)from, (void)to;
}
static void asan_arrive(void *fake)
{
	(void)fake;
}
static void asan_forget(struct stack *k)
{
	(void)k;
}
#endif

#ifdef FIBER_TSAN
#include <sanitizer/tsan_interface.h>
static void tsan_leave(struct stack *to)
{
	__tsan_switch_to_fiber(to->tsan, 0);
}
static void tsan_start(struct stack *k)
{
	k->tsan = __tsan_create_fiber(0);
}
static void tsan_native(struct stack *k)
{
	k->tsan = __tsan_get_current_fiber();
}
static void tsan_forget(struct stack *k)
{
	if (k->tsan != NULL)
		__tsan_destroy_fiber(k->tsan);
	k->tsan = NULL;
}
#else
static void tsan_leave(struct stack *to)
{
	(void)to;
}
static void tsan_start(struct stack *k)
{
	(void)k;
}
static void tsan_native(struct stack *k)
{
	(void)k;
}
static void tsan_forget(struct stack *k)
{
	(void)k;
}
#endif

void stack_start(struct stack *k, void (*fn)(void *))
{
	__atomic_store_n(&k->sp, context_make(k->high, fn, k), __ATOMIC_RELAXED);
	tsan_start(k);
}

void stack_native(struct stack *k)
{
	pthread_attr_t attr;
	void *low = NULL;
	size_t size = 0;
	memset(k, 0, sizeof *k);
	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstack(&attr, &low, &size);
		pthread_attr_destroy(&attr);
	}
	k->low = low;
	k->high = k->low + size;
	k->native = true;
	tsan_native(k);
}

void stack_switch_told(struct stack *from, struct stack *to)
{
	CHECK(stack_intact(from));
	asan_leave(from, to);
	tsan_leave(to);
	context_switch(&from->sp, to->sp);
	/* Another stack switched back here, perhaps on another thread. */
	asan_arrive(from->asan);
	__atomic_store_n(&from->sp, NULL, __ATOMIC_RELAXED);
}

void stack_arrived(struct stack *k)
{
	asan_arrive(k->asan);
	__atomic_store_n(&k->sp, NULL, __ATOMIC_RELAXED);
}

void stack_forget(struct stack *k)
{
	asan_forget(k);
	tsan_forget(k);
	__atomic_store_n(&k->sp, NULL, __ATOMIC_RELAXED);
}
