/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the actors of one scenario share: the names of pids and refs, the trace, saved callers, counters. All functions
 * may be called by any actor.
 */
#ifndef TROUPE_TESTS_OTP_WORLD_H
#define TROUPE_TESTS_OTP_WORLD_H

#include <troupe/node.h>

struct world;

struct world *world_new(void);
void world_free(struct world *w);
/* The world of the calling actor's node (kept in the slot TR_SLOT_APP). */
struct world *world_here(void);

/* Call v (a pid or ref) `name`, and `name.2`, `name.3` … those after it. A value keeps its first name. */
void world_name(struct world *w, const char *name, tr_value v);
/* The newest value with this name; absent. */
tr_value world_find(struct world *w, const char *name);
/* The n-th named value; absent behind the last. */
tr_value world_at(struct world *w, size_t n);

/* v with every [pid, name] and [ref, name] that is known replaced by the value named. Borrows v; fresh reference. */
tr_value world_fill(struct world *w, tr_value v);
/* v as text with names for pids and refs; [do, tag, …] is its tag. */
void world_show(struct world *w, tr_buf *out, tr_value v);

/* Add a line to the trace under the name of the calling actor: the text, and v unless it is absent (borrowed). */
void world_log(struct world *w, const char *text, tr_value v);
/* From now on nothing is added … */
void world_close(struct world *w);
/* … but that the main actor ended for this reason (borrowed). */
void world_end(struct world *w, tr_pid main_actor, tr_value reason);
tr_str world_trace(struct world *w);

/* Whom to answer, under a key. */
void world_save_from(struct world *w, const char *key, tr_from from);
tr_from world_from(struct world *w, const char *key);
/* How often this was asked before. */
size_t world_count(struct world *w, const char *key);

#endif
