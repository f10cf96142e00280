/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Contexts: switching the machine stack. x86-64 and aarch64 in assembly, other machines through ucontext.
 *
 * A switched-out context is one pointer. The floating-point control words are not part of it.
 */
#ifndef TROUPE_ACTOR_CONTEXT_H
#define TROUPE_ACTOR_CONTEXT_H

/** Save the caller into *from and go on in `to`. Returns when somebody switches back. */
void context_switch(void **from, void *to);

/** A context that calls fn(arg) on the stack ending at `top` (16-byte aligned). fn must not return. */
void *context_make(void *top, void (*fn)(void *), void *arg);

#endif
