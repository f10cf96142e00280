/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rate limiter: a gen_server with a bucket of tokens. Who asks for one and finds none is not refused but answered
 * later (tr_noreply now, tr_reply when there is a token), in order; the server itself never waits.
 *
 *     rate_limiter
 */
#include <inttypes.h>
#include <stdio.h>

#include <troupe/troupe.h>

#define PER_SECOND INT64_C(50)
#define BURST      5
#define WAITING    1000

struct limiter {
	int64_t tokens;
	size_t first, waiting; /* a ring of those who wait */
	tr_from queue[WAITING];
};

static tr_next limiter_init(void *state, tr_value arg)
{
	struct limiter *l = state;

	(void)arg;
	l->tokens = BURST;
	tr_send_at(tr_self(), TR_A(tick), tr_in(TR_SECOND / PER_SECOND));
	return tr_noreply();
}

static tr_next limiter_call(void *state, tr_value request, tr_from from)
{
	struct limiter *l = state;

	(void)request;
	if (l->tokens > 0) {
		l->tokens--;
		return tr_next_reply(TR_A(ok));
	}
	if (l->waiting == WAITING)
		return tr_next_reply(TR_A(busy));
	l->queue[(l->first + l->waiting++) % WAITING] = from;
	return tr_noreply();
}

/* A token comes: for whoever waits longest, else into the bucket. A caller that gave up meanwhile gets nothing, and
 * nobody has to know. */
static tr_next limiter_info(void *state, tr_value message)
{
	struct limiter *l = state;

	if (!TR_IS_A(message, tick))
		return tr_noreply();
	tr_send_at(tr_self(), TR_A(tick), tr_in(TR_SECOND / PER_SECOND));
	if (l->waiting > 0) {
		tr_reply(l->queue[l->first], TR_A(ok));
		l->first = (l->first + 1) % WAITING;
		l->waiting--;
	} else if (l->tokens < BURST) {
		l->tokens++;
	}
	return tr_noreply();
}

static tr_value limiter_show(void *state)
{
	const struct limiter *l = state;

	return TR_DICT("tokens", tr_int(l->tokens), "waiting", tr_int((int64_t)l->waiting));
}

static const tr_gen_server limiter = {
    .name = "limiter",
    .state_size = sizeof(struct limiter),
    .init = limiter_init,
    .handle_call = limiter_call,
    .handle_info = limiter_info,
    .show = limiter_show,
};

/* Ten clients with four requests each: forty in all, of which a few go at once and the others at the limiter's pace. */
static void client(tr_value test)
{
	for (int i = 0; i < 4; i++) {
		tr_value answer = tr_call_name("limiter", tr_nil(), tr_in(20 * TR_SECOND));
		tr_send(tr_as_pid(test), answer);
	}
}

static void demo(tr_value arg)
{
	(void)arg;
	tr_started started =
	    tr_gen_server_start_link(&limiter, tr_nil(), &(tr_spawn_options){.name = "limiter"}, TR_FOREVER);
	if (started.pid.bits == 0)
		tr_exit(started.reason);
	int64_t began = tr_now();
	int served = 0;
	for (int i = 0; i < 10; i++)
		tr_spawn_link(client, tr_pid_value(tr_self()));
	while (served < 40) {
		tr_value answer = tr_receive(tr_in(20 * TR_SECOND));
		if (!TR_IS_A(answer, ok))
			tr_exitf("a request was not served");
		tr_drop(answer);
		served++;
	}
	int64_t took = tr_now() - began, least = (40 - BURST - 1) * TR_SECOND / PER_SECOND;
	printf("40 requests in %" PRId64 " ms; at %" PRId64 " a second and a burst of %d at least %" PRId64 " ms\n",
	       took / TR_MS, PER_SECOND, BURST, least / TR_MS);
	tr_value state = tr_sys_get_state(started.pid, tr_in(20 * TR_SECOND));
	tr_buf text = {0};
	tr_show(&text, state, 200);
	printf("the limiter: %s\n", text.p);
	tr_buf_fini(&text);
	tr_drop(state);
	if (took < least)
		tr_exitf("that was too fast");
}

int main(void)
{
	tr_value reason = tr_run(NULL, demo, tr_nil());
	bool well = TR_IS_A(reason, normal);
	tr_drop(reason);
	return well ? 0 : 1;
}
