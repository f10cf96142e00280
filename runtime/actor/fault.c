/* SPDX-License-Identifier: Apache-2.0 */
/* The fault handler, and the kernel's panic. */
#include "runtime/actor/fault.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"

#define ALT_STACK (64 * 1024)

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
#define SIGNALS (sizeof signals / sizeof signals[0])

/* Handlers are the process's, whatever number of nodes it has. Written under the lock. */
static struct sigaction former[SIGNALS];
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
/* Where code runs that may hold locks of its own (malloc's, stdio's): it cannot be left in the middle. */
static uintptr_t libc_base, loader_base;

/* ---- telling -------------------------------------------------------------------------------------------------------
 */

static void say(const char *fmt, ...) TR_PRINTF(1, 2);
static void say(const char *fmt, ...)
{
	char line[512];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	if (n > 0)
		(void)!write(STDERR_FILENO, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void dump(const char *what, const char *where)
{
	void *frames[48];
	struct sched *s = sched_self();
	struct actor *a = s == NULL ? NULL : s->current;
	say("troupe: crash dump: %s%s%s\n", what, where[0] == 0 ? "" : " at ", where);
	if (s != NULL)
		say("  node %s, scheduler %u, actors %u\n", s->node->name, s->id, atomic_load(&s->node->actors_live));
	if (a != NULL) {
		const char *label = atomic_load_explicit(&a->label, memory_order_relaxed);
		const char *behaviour = a->flags & ACTOR_BODY ? NULL : a->code.behaviour->name;
		say("  actor %llx, label %s, behaviour %s, name %s, mailbox %u, messages received %llu\n",
		    (unsigned long long)actor_pid(a).bits, label != NULL ? label : "-",
		    behaviour != NULL ? behaviour : "-",
		    a->extra != NULL && a->extra->name != NULL ? a->extra->name : "-", a->queued,
		    (unsigned long long)a->messages_in);
	}
	backtrace_symbols_fd(frames, backtrace(frames, 48), STDERR_FILENO);
}

void kernel_panic(const char *file, int line, const char *what)
{
	char where[256];
	(void)snprintf(where, sizeof where, "%s:%d", file, line);
	dump(what, where);
	abort();
}

/* ---- stack overflow -------------------------------------------------------------------------------------------------
 */

/* On the middle of the overflown stack, whose upper frames are intact. */
static void landing(void)
{
	struct sched *s = sched_self();
	actor_doom(s->current, TR_A(stack_overflow));
	sched_abandon(s);
}

static uintptr_t *register_of(ucontext_t *c, bool stack_pointer)
{
#if defined(__x86_64__)
	return (uintptr_t *)&c->uc_mcontext.gregs[stack_pointer ? REG_RSP : REG_RIP];
#elif defined(__aarch64__)
	return (uintptr_t *)(stack_pointer ? &c->uc_mcontext.sp : &c->uc_mcontext.pc);
#else
	(void)c, (void)stack_pointer;
	return NULL;
#endif
}

static bool in_guard(const struct stack *k, const char *at)
{
	return k != NULL && !k->native && k->guarded && at >= k->low && at < k->low + STACK_GUARD;
}

/* May the code at pc be left? Not the C library's, and not the kernel's while it holds a lock. */
static bool may_leave(uintptr_t pc)
{
	Dl_info info;
	if (spin_depth != 0 || dladdr((void *)pc, &info) == 0)
		return false;
	uintptr_t base = (uintptr_t)info.dli_fbase;
	return base != libc_base && base != loader_base;
}

/* Let the actor end instead of the process: go on in landing() when the handler returns. */
static bool overflow(ucontext_t *c, const char *at)
{
	struct sched *s = sched_self();
	uintptr_t *pc = register_of(c, false), *sp = register_of(c, true);
	if (s == NULL || pc == NULL || s->current == NULL || !in_guard(s->stack, at))
		return false;
	if (s->current->phase != PHASE_LIVE || !may_leave(*pc))
		return false;
	uintptr_t middle = (uintptr_t)(s->stack->low + (s->stack->high - s->stack->low) / 2);
	*sp = (middle & ~(uintptr_t)63) - 8;
	*pc = (uintptr_t)landing;
	return true;
}

/* ---- the handler ---------------------------------------------------------------------------------------------------
 */

static void pass_on(int sig, siginfo_t *info, void *context)
{
	for (size_t i = 0; i < SIGNALS; i++) {
		if (signals[i] != sig)
			continue;
		if (former[i].sa_flags & SA_SIGINFO) {
			former[i].sa_sigaction(sig, info, context);
			return;
		}
		if (former[i].sa_handler != SIG_DFL && former[i].sa_handler != SIG_IGN) {
			former[i].sa_handler(sig);
			return;
		}
	}
	signal(sig, SIG_DFL); /* the fault happens again and kills the process */
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct sched *s = sched_self();
	const char *at = info->si_addr;
	if (sig == SIGSEGV && overflow(context, at))
		return;
	if (s != NULL) {
		char where[64];
		bool guard = sig == SIGSEGV && in_guard(s->stack, at);
		(void)snprintf(where, sizeof where, "address %p", (const void *)at);
		dump(guard ? "stack overflow in code that cannot be left" : strsignal(sig), where);
	}
	pass_on(sig, info, context);
}

static void find_libraries(void)
{
	Dl_info info;
	void *frames[1];
	(void)backtrace(frames, 1); /* loads what it needs now, not in the handler */
	if (dladdr((void *)(uintptr_t)malloc, &info) != 0)
		libc_base = (uintptr_t)info.dli_fbase;
	void *loader = dlsym(RTLD_DEFAULT, "__tls_get_addr");
	if (loader != NULL && dladdr(loader, &info) != 0)
		loader_base = (uintptr_t)info.dli_fbase;
}

void fault_install(void)
{
	pthread_mutex_lock(&install_lock);
	if (libc_base == 0)
		find_libraries();
	for (size_t i = 0; i < SIGNALS; i++) {
		struct sigaction now, act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
		sigemptyset(&act.sa_mask);
		/* Again with every node: somebody may have replaced ours meanwhile. */
		if (sigaction(signals[i], NULL, &now) != 0 || now.sa_sigaction == on_fault)
			continue;
		former[i] = now;
		sigaction(signals[i], &act, NULL);
	}
	pthread_mutex_unlock(&install_lock);
}

bool fault_thread_enter(struct sched *s)
{
	s->alt_stack = tr_alloc(ALT_STACK);
	if (s->alt_stack == NULL)
		return false;
	stack_t alt = {.ss_sp = s->alt_stack, .ss_size = ALT_STACK};
	return sigaltstack(&alt, NULL) == 0;
}

void fault_thread_leave(struct sched *s)
{
	stack_t none = {.ss_flags = SS_DISABLE};
	sigaltstack(&none, NULL);
	tr_free(s->alt_stack);
	s->alt_stack = NULL;
}
