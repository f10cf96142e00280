/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own assertion: stays on in release builds, tells where, and ends the process. */
#ifndef TROUPE_ACTOR_CHECK_H
#define TROUPE_ACTOR_CHECK_H

#include <troupe/base.h>

/** Print the story of a broken promise (the running actor included) and abort. */
TR_NORETURN void kernel_panic(const char *file, int line, const char *what);

#define CHECK(cond) ((cond) ? (void)0 : kernel_panic(__FILE__, __LINE__, #cond))

#ifdef NDEBUG
#define CHECK_SLOW(cond) ((void)0)
#else
#define CHECK_SLOW(cond) CHECK(cond)
#endif

#endif
