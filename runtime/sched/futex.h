/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping on a word. */
#ifndef TROUPE_SCHED_FUTEX_H
#define TROUPE_SCHED_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/** Sleep while *word == value, at most timeout_ns (INT64_MAX: for ever). May wake early. */
void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t timeout_ns);
void futex_wake(_Atomic uint32_t *word);

#endif
