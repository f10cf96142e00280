/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Pools: a fixed number of like workers that are lent out one at a time, with some more in times of need.
 *
 * A worker that ends is replaced. What a borrower holds comes back when it ends. A pool is a server linked to its
 * workers; put it under a supervisor (when a replacement cannot start, the pool ends with that reason).
 */
#ifndef TROUPE_POOL_H
#define TROUPE_POOL_H

#include <troupe/gen_server.h>

TR_EXTERN_C_BEGIN

typedef struct tr_pool_options {
	const tr_gen_server *worker;
	tr_value arg;       /* each worker's init is given this; taken */
	size_t size;        /* workers always there; 0: 1 */
	size_t overflow;    /* workers started beyond that while all are lent, stopped when they come back unneeded */
	size_t max_waiting; /* borrowers that may wait; 0: any number */
	const char *name;   /* registered; may be NULL */
	const tr_via *via;  /* a name in a registry (borrowed for the start); may be NULL */
} tr_pool_options;

TR_API tr_started tr_pool_start_link(const tr_pool_options *options, int64_t deadline);

/** Borrow a worker. TR_ETIMEOUT; TR_EFULL when too many wait. */
TR_API tr_err tr_pool_checkout(tr_pid pool, int64_t deadline, tr_pid *worker);
/** Give it back. */
TR_API void tr_pool_checkin(tr_pid pool, tr_pid worker);
/** Borrow, tr_call with `request` (taken), give back. Invalid with what failed. */
TR_API tr_value tr_pool_call(tr_pid pool, tr_value request, int64_t deadline);
/** A map {size, idle, lent, overflow, waiting}. Fresh reference. */
TR_API tr_value tr_pool_status(tr_pid pool, int64_t deadline);

TR_EXTERN_C_END

#endif
