/* SPDX-License-Identifier: Apache-2.0 */
/* Context switch for x86-64, System V ABI: the callee-saved registers go on the stack, the stack pointer is the context. */
#if defined(__x86_64__) && !defined(CONTEXT_UCONTEXT)
	.text
	.globl context_switch
	.hidden context_switch
	.type context_switch, @function
	.p2align 4
context_switch:
	.cfi_startproc
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	/* A plain return: actors mostly block through the same chain of calls, so the processor's return stack predicts
	   this return and all those above it; a jump here would put every one of them off by one. */
	retq
	.cfi_endproc
	.size context_switch, . - context_switch

	.globl context_first
	.hidden context_first
	.type context_first, @function
	.p2align 4
context_first:
	.cfi_startproc
	.cfi_undefined rip
	movq %r13, %rdi
	xorl %ebp, %ebp
	callq *%r12
	ud2
	.cfi_endproc
	.size context_first, . - context_first
#endif
	.section .note.GNU-stack, "", %progbits
