/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errno for code that actors run: its place is asked for at each use. The build includes this everywhere (-include).
 *
 * The C library declares where a thread's errno is a constant of the function that asks, so compilers ask once and keep
 * the address. An actor that blocked may go on in another thread, and the kept address is then the errno of the first
 * one. As long as what blocks and what fails are functions of their own nothing happens; inlined into one, as link-time
 * optimization does across files, the second failure is read from the wrong thread. Called through a pointer that the
 * compiler cannot see through, the function is none whose result it may keep.
 */
#ifndef TROUPE_ACTOR_ERRNO_H
#define TROUPE_ACTOR_ERRNO_H

#include <errno.h>

static inline int *errno_here(void)
{
	int *(*place)(void) = __errno_location;

	__asm__ volatile("" : "+r"(place));
	return place();
}

#undef errno
#define errno (*errno_here())

#endif
