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
#include <time.h>
#include <ucontext.h>

#include "runtime/actor/dump.h"
#include "runtime/actor/mailbox.h"
#include "runtime/actor/signal.h"

#define ALT_STACK (64 * 1024)

static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define SIGNALS (sizeof signals / sizeof signals[0])

/* Handlers are the process's, whatever number of nodes it has. Written under the lock. */
static struct sigaction former[SIGNALS];
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;
/* Where code runs that may hold locks of its own (malloc's, stdio's): it cannot be left in the middle. */
static uintptr_t libc_base, loader_base;

/* ---- telling -------------------------------------------------------------------------------------------------------
 */

/* The nodes of the process, for faults on threads that belong to none, and for what a dump tells. Slots are taken and
 * given by compare-and-swap, so that the handler may look at any time. */
#define NODES_MAX 64
static _Atomic(tr_node *) nodes[NODES_MAX];
/* Only the first fault is told: 1 while it is, 2 afterwards. */
static _Atomic int telling;

void fault_add_node(tr_node *node)
{
	for (size_t i = 0; i < NODES_MAX; i++) {
		tr_node *none = NULL;
		if (atomic_compare_exchange_strong(&nodes[i], &none, node))
			return;
	}
}

void fault_remove_node(tr_node *node)
{
	for (size_t i = 0; i < NODES_MAX; i++) {
		tr_node *it = node;
		(void)atomic_compare_exchange_strong(&nodes[i], &it, NULL);
	}
}

/* The node of this thread first. */
static size_t living_nodes(tr_node **all)
{
	struct sched *s = sched_self();
	size_t n = 0;
	if (s != NULL)
		all[n++] = s->node;
	for (size_t i = 0; i < NODES_MAX; i++) {
		tr_node *node = atomic_load(&nodes[i]);
		if (node != NULL && (s == NULL || node != s->node))
			all[n++] = node;
	}
	return n;
}

/* Another thread tells its fault: the process must not end before that is over, but not hang either. */
static void await_teller(void)
{
	static const struct timespec moment = {0, 10000000};
	for (int i = 0; i < 1000 && atomic_load(&telling) == 1; i++)
		(void)nanosleep(&moment, NULL);
}

static void dump(const char *what, const char *where)
{
	void *frames[48];
	tr_node *all[NODES_MAX + 1];
	size_t n = living_nodes(all);
	int nobody = 0;
	if (n == 0) /* not ours */
		return;
	if (!atomic_compare_exchange_strong(&telling, &nobody, 1)) {
		await_teller();
		return;
	}
	int depth = backtrace(frames, 48);
	struct dump_cause cause = {what, where, frames, depth > 0 ? (size_t)depth : 0};
	dump_crash(&cause, all, n, all[0]->crash_dump);
	atomic_store(&telling, 2);
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
	signal(sig, SIG_DFL); /* the fault happens again, or abort goes on, and kills the process */
}

/* strsignal may allocate. */
static const char *signal_name(int sig)
{
	static const char *const names[] = {"segmentation fault (SIGSEGV)", "bus error (SIGBUS)",
					    "arithmetic fault (SIGFPE)", "illegal instruction (SIGILL)",
					    "aborted (SIGABRT)"};
	for (size_t i = 0; i < SIGNALS; i++)
		if (signals[i] == sig)
			return names[i];
	return "a fault";
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	struct sched *s = sched_self();
	const char *at = info->si_addr;
	if (dump_guard() != NULL)
		siglongjmp(*dump_guard(), 1); /* what is dumped is damaged as well */
	if (sig == SIGSEGV && overflow(context, at))
		return;
	char where[64] = "";
	bool guard = sig == SIGSEGV && s != NULL && in_guard(s->stack, at);
	if (sig != SIGABRT)
		(void)snprintf(where, sizeof where, "address %p", (const void *)at);
	dump(guard ? "stack overflow in code that cannot be left" : signal_name(sig), where);
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
		struct sigaction now,
		    act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
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
