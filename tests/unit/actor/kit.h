/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the kernel share: checking inside actors, running a body to its end, waiting for a condition. */
#ifndef TROUPE_TEST_ACTOR_KIT_H
#define TROUPE_TEST_ACTOR_KIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <troupe/node.h>

/** Inside actors: a failed check ends the actor with a reason that names it (cmocka's jumps must not cross stacks). */
#define EXPECT(cond) ((cond) ? (void)0 : kit_failed(__FILE__, __LINE__, #cond))
TR_NORETURN void kit_failed(const char *file, int line, const char *what);

/** Inside actors: v (taken) shows as `text`. */
#define EXPECT_SHOWS(v, text) kit_shows(__FILE__, __LINE__, (v), (text))
void kit_shows(const char *file, int line, tr_value v, const char *text);

/** Run the body in a quiet node with so many schedulers (0: all cores); it must end with `normal`. */
void kit_run(tr_body *body, uint32_t schedulers);
/** The same; the reason must show as `text`. */
void kit_run_reason(tr_body *body, const char *text);

/** Options of a quiet node: reports are dropped. */
tr_node_options kit_options(uint32_t schedulers);

/** The atom at `i` of an array message is this. */
bool kit_atom_is(tr_value message, size_t i, const char *name);

/** Let others run until cond holds (in the actor; at most a minute, else the actor fails). */
#define EVENTUALLY(cond)                                \
	do {                                            \
		int64_t until_ = tr_in(60 * TR_SECOND); \
		while (!(cond)) {                       \
			EXPECT(tr_now() < until_);      \
			tr_yield();                     \
		}                                       \
	} while (0)

#endif
