/* SPDX-License-Identifier: Apache-2.0 */
/* Trying with fewer schedulers, and with more again. */
#include "runtime/sched/width.h"

#define BUSY     1e-3 /* messages a nanosecond: from here on a load is made of messages */
#define THIN     2u   /* ticks; one alone may be another program that took the core */
#define HOLD_MIN 8u   /* ticks */
#define HOLD_MAX 256u
#define FEWER    0.95 /* so much of the rate must be left for schedulers to stay at rest … */
#define MORE     1.1  /* … and so many times the rate must it be to call them back */
#define CLEAR    1.5  /* so much better, and there is no need to ask again soon */

void width_init(struct width *w, uint32_t all, uint64_t messages, int64_t now)
{
	*w = (struct width){.all = all, .used = all, .best = all, .hold = 1, .messages = messages, .at = now};
}

static void use(struct width *w, uint32_t n)
{
	w->used = n;
	w->tick = 0;
}

static void open_wide(struct width *w)
{
	w->trial = false;
	w->best = w->all;
	w->hold = 1;
	use(w, w->all);
}

/* Half or twice as many: on in the direction that has just helped, else by turns. */
static uint32_t neighbour(struct width *w)
{
	w->up = w->used == 1 || (w->used < w->all && w->up == w->better);
	if (!w->up)
		return (w->used + 1) / 2;
	return w->used * 2 < w->all ? w->used * 2 : w->all;
}

static void begin_trial(struct width *w, double rate)
{
	w->trial = true;
	w->best = w->used;
	w->rate = rate;
	use(w, neighbour(w));
}

static void end_trial(struct width *w, double rate)
{
	w->better = rate >= w->rate * (w->used > w->best ? MORE : FEWER);
	bool clear = w->better ? rate >= w->rate * CLEAR : w->rate >= rate * CLEAR;
	bool edge = w->used == 1 || w->used == w->all;
	w->trial = false;
	w->tick = 0;
	if (w->better) {
		w->best = w->used;
		w->hold = HOLD_MIN;
	} else {
		w->used = w->best;
		w->hold = w->hold < HOLD_MIN ? HOLD_MIN : w->hold * 2;
	}
	if ((clear && (edge || !w->better)) || w->hold > HOLD_MAX)
		w->hold = HOLD_MAX;
}

uint32_t width_tick(struct width *w, uint64_t messages, int64_t now, bool stuck)
{
	double rate = now > w->at ? (double)(messages - w->messages) / (double)(now - w->at) : 0;
	w->messages = messages;
	w->at = now;
	if (w->all < 2)
		return w->all;
	w->thin = rate < BUSY ? w->thin + 1 : 0;
	if (w->thin >= THIN || (stuck && (w->used < w->all || w->best < w->all)))
		open_wide(w);
	if (w->thin > 0)
		return w->used;
	w->tick++;
	if (w->trial && w->tick >= 2)
		end_trial(w, rate);
	else if (!w->trial && w->tick > w->hold && !stuck)
		begin_trial(w, rate);
	return w->used;
}
