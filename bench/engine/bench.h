/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine's benchmarks share. */
#ifndef TROUPE_BENCH_ENGINE_H
#define TROUPE_BENCH_ENGINE_H

#include "actors/store/file_store.h"
#include "bench/harness.h"
#include <troupe/node.h>

/** Is this durability to be measured? --strict and --batched leave out the other. */
bool durability_wanted(durability d);

/** A fresh folder for data, removed by folder_remove. */
typedef char folder[256];
void folder_make(folder out);
void folder_remove(const folder path);

/** Of a clock that does not jump. */
double wall_seconds(void);

/* ---- host.c: an embedded node, and executions in it ---- */

/** Run `body` in an actor of an embedded node on a folder of its own, with its context, then stop the node. Exits the
 * process when the node cannot be started. */
void with_engine(durability how, void (*body)(void *context), void *context);
/** From inside the body: hand a playbook to the catalog; its hash (fresh). The text is taken. */
tr_value host_put(tr_buf *text);
/** Start an execution that tells this actor its end only; {0} when it cannot be. */
int64_t host_start(tr_value hash);
/** Wait until `count` executions have ended, all of them well; exits the process otherwise. */
void host_wait(int64_t count);

/** End the process here and now, with the node as it is: what it would still write is nobody's. */
TR_NORETURN void host_leave(void);

/* ---- playbooks.c: texts ---- */

void playbook_chain(tr_buf *out, int64_t steps);
void playbook_fan(tr_buf *out, int64_t branches);
void playbook_loop(tr_buf *out, int64_t count, const char *mode, int64_t in_flight);
/** Two steps in a pool that performs none: it waits. */
void playbook_waiting(tr_buf *out);

/* ---- the benchmarks ---- */

void bench_append(void);
void bench_chain(void);
void bench_fan(void);
void bench_concurrent(void);
void bench_latency(void);
void bench_waiting(void);
void bench_linear(void);
#ifdef BENCH_SQLITE
/** Rows a second: `batches` transactions of `rows` blobs of `size` bytes each; `full`: synced at each commit. */
double sqlite_rate(const char *path, int64_t batches, int64_t rows, size_t size, bool full);
#endif

#endif
