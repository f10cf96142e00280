/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for addresses of code, from the symbol tables of the files they were loaded from, so that functions that are
 * not exported have names as well. Uses system calls only (no allocation, no loader lock): may be called from a signal
 * handler.
 */
#ifndef TROUPE_ACTOR_SYMBOL_H
#define TROUPE_ACTOR_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	const void *address;
	bool returns;      /* a return address: the call may have been the last thing in its function */
	char object[48];   /* the file's name without its folder; "" when nothing is known */
	char function[64]; /* "" when the file says nothing */
	size_t offset;     /* from the beginning of the function, else of the file */
	uintptr_t in_file; /* what addr2line wants */
};

/** Fill what can be found for symbols[i].address (and .returns). */
void symbols_find(struct symbol *symbols, size_t n);

#endif
