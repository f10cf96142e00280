/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks for contexts: pooled, guarded, and annotated for the sanitizers.
 *
 *   low                                                              high
 *   [guard page or red zone | … frames grow down … | struct stack | colour]
 *
 * Where the kernel has no markers for guard pages they cost two mappings each; when the budget of the process is used
 * up a stack gets a red zone instead: zeros that are checked whenever the stack is switched away from.
 */
#ifndef TROUPE_ACTOR_STACK_H
#define TROUPE_ACTOR_STACK_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/actor/check.h"
#include "runtime/actor/context.h"
#include "runtime/actor/lock.h"

#define STACK_CLASSES 11 /* default size << 0 … << 10 */
#define STACK_GUARD   ((size_t)4096)

struct stack {
	void *sp; /* while switched out */
	struct stack *next;
	char *low;  /* lowest byte of the slot (the guard) */
	char *high; /* frames start below this */
	uint8_t size_class;
	bool guarded;
	bool native; /* a thread's own */
	void *tsan;
	void *asan;
	jmp_buf top; /* where an exiting actor goes: the loop at the bottom of this stack */
};

struct stack_pool {
	spin lock;
	size_t size; /* of class 0, guard included */
	struct stack *free[STACK_CLASSES];
	_Atomic uint32_t n_free; /* written under `lock`, like mapped; read without */
	struct stack_region *regions;
	uint32_t guards_left;
	uint32_t n_stacks;
	_Atomic size_t mapped;
	uint32_t colour;
};

/** `size`: bytes that code on a stack of class 0 may use. */
void stack_pool_init(struct stack_pool *pool, size_t size);
/** Unmap all; no stack may be in use. */
void stack_pool_fini(struct stack_pool *pool);
/** The class whose stacks offer `size` bytes; STACK_CLASSES when none does. */
uint8_t stack_class(const struct stack_pool *pool, size_t size);

/** A stack, from the pool or fresh; NULL when there is no memory. */
struct stack *stack_new(struct stack_pool *pool, uint8_t size_class);
/** Back to the pool. The frames that may still be on it are forgotten. Not the running stack. */
void stack_free(struct stack_pool *pool, struct stack *k);
/** Forget the frames of a stack that is kept elsewhere than in the pool. */
void stack_forget(struct stack *k);

/** Make a context that calls fn(k) at the top of the stack. */
void stack_start(struct stack *k, void (*fn)(void *));
/** Describe the calling thread's own stack. */
void stack_native(struct stack *k);
/** First thing on a fresh stack. */
void stack_arrived(struct stack *k);
/** Is the red zone intact? True for guarded stacks. */
bool stack_intact(const struct stack *k);
/** stack_switch for the sanitizers. */
void stack_switch_told(struct stack *from, struct stack *to);
/** Bytes between the saved stack pointer and the top; 0 while it runs. */
size_t stack_used(const struct stack *k);

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_TOLD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STACK_TOLD 1
#endif
#endif

/** Leave `from` (the running stack) and go on at `to`. */
static inline __attribute__((always_inline)) void stack_switch(struct stack *from, struct stack *to)
{
#ifdef STACK_TOLD
	stack_switch_told(from, to);
#else
	if (!from->guarded)
		CHECK(stack_intact(from));
	context_switch(&from->sp, to->sp);
	/* Another stack switched back here, perhaps on another thread. */
	__atomic_store_n(&from->sp, NULL, __ATOMIC_RELAXED);
#endif
}

#endif
