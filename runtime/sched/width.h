/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many schedulers are worth their cores? Actors that do little but send to each other can be slower on many cores
 * than on one, as each message then takes cache lines across. Whether they are is not guessed but tried: now and then
 * half of the schedulers rest for two ticks of the watch, and if the messages go on as fast they rest for longer.
 *
 *   load without many messages, or a handler that overstays: all schedulers
 *   [hold ────────────] measure │ change │ skip a tick, measure │ keep the better: hold twice as long if it was so
 * before
 *
 * No threads and no clock in here; the watch tells both.
 */
#ifndef TROUPE_SCHED_WIDTH_H
#define TROUPE_SCHED_WIDTH_H

#include <stdbool.h>
#include <stdint.h>

struct width {
	uint32_t all;  /* schedulers there are; 1: nothing to decide */
	uint32_t used; /* … that are at work now */
	uint32_t best; /* … that did best in the last trial */
	uint32_t tick; /* since the last change */
	uint32_t hold; /* ticks until the next trial */
	uint32_t thin; /* ticks in a row with hardly any messages */
	bool up;       /* the last trial was with more */
	bool better;   /* … and did better */
	bool trial;    /* `used` is being tried, `best` gave `rate` */
	double rate;   /* messages a nanosecond */
	uint64_t messages;
	int64_t at;
};

void width_init(struct width *w, uint32_t all, uint64_t messages, int64_t now);
/** A tick of the watch: messages sent and received since the start of the node. `stuck`: a handler overstays somewhere,
 *  so nobody may rest. Returns how many schedulers are to work from now on. */
uint32_t width_tick(struct width *w, uint64_t messages, int64_t now, bool stuck);

#endif
