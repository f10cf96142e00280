/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ping-pong: two actors throw a number to and fro. The smallest whole program: spawn, send, receive, end.
 *
 *     ping_pong [ROUNDS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <troupe/troupe.h>

/* Throws back whatever comes, to whoever threw it. */
static void pong(tr_value arg)
{
	(void)arg;
	for (;;) {
		tr_value ball = tr_receive(TR_FOREVER); /* [pid, number] */
		tr_send(tr_as_pid(tr_array_at(ball, 0)), tr_keep(tr_array_at(ball, 1)));
		tr_drop(ball);
	}
}

static void ping(tr_value rounds)
{
	tr_pid opponent = tr_spawn_link(pong, tr_nil());
	int64_t began = tr_now(), n = tr_as_int(rounds, 0);

	for (int64_t i = 0; i < n; i++) {
		tr_send(opponent, TR_LIST(tr_pid_value(tr_self()), tr_int(i)));
		tr_value back = tr_receive(tr_in(20 * TR_SECOND));
		if (tr_as_int(back, -1) != i)
			tr_exitf("ball %" PRId64 " was lost", i);
		tr_drop(back);
	}
	printf("%" PRId64 " rounds, %" PRId64 " ns a message\n", n, (tr_now() - began) / (2 * n));
}

int main(int argc, char **argv)
{
	int64_t rounds = argc > 1 ? atoll(argv[1]) : 100000;

	if (rounds <= 0) {
		fprintf(stderr, "usage: ping_pong [ROUNDS]\n");
		return 2;
	}
	/* A node is made for the actor, and taken down when it has ended. */
	tr_value reason = tr_run(NULL, ping, tr_int(rounds));
	bool well = TR_IS_A(reason, normal);
	tr_drop(reason);
	return well ? 0 : 1;
}
