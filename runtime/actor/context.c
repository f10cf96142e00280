/* SPDX-License-Identifier: Apache-2.0 */
/* First frames of contexts, and the portable switch for machines without one in assembly. */
#include "runtime/actor/context.h"

#include <stdint.h>
#include <string.h>

/* CONTEXT_UCONTEXT forces the portable one, to test it. */
#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(CONTEXT_UCONTEXT)

void context_first(void);

/* The frame that context_switch pops: callee-saved registers, then where to go on. */
void *context_make(void *top, void (*fn)(void *), void *arg)
{
	uint64_t *sp = (uint64_t *)top;
#if defined(__x86_64__)
	*--sp = 0; /* so that the stack is 16-byte aligned at context_first's call */
	*--sp = 0;
	*--sp = (uint64_t)(uintptr_t)context_first;
	*--sp = 0;                        /* rbp */
	*--sp = 0;                        /* rbx */
	*--sp = (uint64_t)(uintptr_t)fn;  /* r12 */
	*--sp = (uint64_t)(uintptr_t)arg; /* r13 */
	*--sp = 0;                        /* r14 */
	*--sp = 0;                        /* r15 */
#else
	sp -= 20;
	memset(sp, 0, 160);
	sp[0] = (uint64_t)(uintptr_t)fn;             /* x19 */
	sp[1] = (uint64_t)(uintptr_t)arg;            /* x20 */
	sp[11] = (uint64_t)(uintptr_t)context_first; /* x30 */
#endif
	return sp;
}

#else

#include <ucontext.h>

/* The saved state lives on the stack that it describes; the context is its address. */
void context_switch(void **from, void *to)
{
	ucontext_t here;
	*from = &here;
	swapcontext(&here, to);
}

static void first(unsigned fh, unsigned fl, unsigned ah, unsigned al)
{
	uintptr_t f = ((uintptr_t)fh << 16 << 16) | fl;
	uintptr_t a = ((uintptr_t)ah << 16 << 16) | al;
	void (*fn)(void *);
	memcpy(&fn, &f, sizeof fn);
	fn((void *)a);
}

void *context_make(void *top, void (*fn)(void *), void *arg)
{
	ucontext_t *c = (ucontext_t *)(((uintptr_t)top - sizeof *c) & ~(uintptr_t)63);
	uintptr_t f = 0, a = (uintptr_t)arg;
	memcpy(&f, &fn, sizeof fn);
	getcontext(c);
	c->uc_stack.ss_sp = (char *)c - 16384;
	c->uc_stack.ss_size = 16384 - 64;
	c->uc_link = NULL;
	makecontext(c, (void (*)(void))first, 4, (unsigned)(f >> 16 >> 16), (unsigned)f, (unsigned)(a >> 16 >> 16),
		    (unsigned)a);
	return c;
}

#endif
