/* SPDX-License-Identifier: Apache-2.0 */
/** A state as a snapshot has it: what machine_write gives, as one zstd frame that is made while the pieces come. */
#ifndef TROUPE_ENGINE_STATE_PACK_H
#define TROUPE_ENGINE_STATE_PACK_H

#include "actors/engine/machine.h"

/** Appends to `out`, whose `max` bounds it. *bytes gets how many were packed, also when it failed: so far. What
 * machine_write gives; TR_ELIMIT beyond out->max. May take its time; no actors. */
tr_err state_pack(const machine *m, tr_buf *out, size_t *bytes);
/** The bytes of the state, `bytes` of them, for machine_restore. TR_ECORRUPT: they are no such state. */
tr_err state_unpack(tr_str packed, size_t bytes, tr_buf *out);
/** The machine that a packed state of so many bytes says; NULL when it cannot be, or memory is short. */
machine *state_restore(routes *r, int64_t execution_id, tr_str packed, size_t bytes);

#endif
