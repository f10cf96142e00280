/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bank on two nodes, tested in the simulated world: transfers over a network that loses messages and doubles them
 * must neither make money nor lose it.
 *
 *     simulation                    a thousand seeds
 *     simulation --seeds 1..100000  more, on all cores
 *     simulation --careless         the bank that forgets which transfers it has seen: a seed finds it, and its command
 *                                   is printed
 */
#include <stdio.h>
#include <string.h>

#include <troupe/gen_server.h>
#include <troupe/sim.h>

#define TRANSFERS 20
#define AMOUNT    10

static bool careless; /* set before the first world begins, and never changed */

/* ---- the system: an account on the other node takes deposits, each with a number ------------------------------------
 */

struct account {
	int64_t money;
	bool seen[TRANSFERS];
};

static tr_next account_init(void *state, tr_value arg)
{
	(void)state, (void)arg;
	return tr_noreply();
}

/* [deposit, number] or "balance" */
static tr_next account_call(void *state, tr_value request, tr_from from)
{
	struct account *a = state;
	(void)from;
	if (tr_is(request, TR_STRING))
		return tr_next_reply(tr_int(a->money));
	int64_t number = tr_as_int(tr_array_at(request, 1), 0);
	if (careless || !a->seen[number])
		a->money += AMOUNT;
	a->seen[number] = true;
	return tr_next_reply(TR_A(ok));
}

static const tr_gen_server account = {
    .name = "account", .state_size = sizeof(struct account), .init = account_init, .handle_call = account_call};

/* Starts the account on its node and tells who it is. */
static void branch(tr_value arg)
{
	tr_started s = tr_gen_server_start(&account, tr_nil(), NULL, TR_FOREVER);
	tr_send(tr_as_pid(arg), tr_pid_value(s.pid));
}

/* Try again until it is answered. */
static void transfer(tr_pid to, int64_t number)
{
	while (!TR_IS_A(tr_call(to, TR_LIST(tr_string("deposit"), tr_int(number)), tr_in(20 * TR_MS)), ok))
		tr_sleep_until(tr_in(TR_MS)); /* it may be that there is no connection */
}

/* ---- the test: it runs as an actor of the world ---------------------------------------------------------------------
 */

static void test_bank(tr_value arg)
{
	(void)arg;
	tr_sim_spawn(2, branch, tr_pid_value(tr_self()), NULL);
	tr_pid bank = tr_as_pid(tr_receive(TR_FOREVER));
	tr_sim_faults faults = {.drop = 0.1, .duplicate = 0.05, .partitions = 1, .slow = 0.01};
	tr_sim_set_faults(&faults);
	for (int64_t i = 0; i < TRANSFERS; i++)
		transfer(bank, i);
	tr_sim_calm();
	tr_sleep_until(tr_in(TR_SECOND)); /* what is still under way arrives */
	tr_value balance = tr_call(bank, tr_string("balance"), tr_in(TR_SECOND));
	tr_sim_check(tr_as_int(balance, 0) == TRANSFERS * AMOUNT, "no money is made, none is lost");
}

int main(int argc, char **argv)
{
	tr_sim_options options = {.nodes = 2};
	if (argc > 1 && strcmp(argv[1], "--careless") == 0) {
		careless = true;
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	return tr_sim_main(argc, argv, &options, 1000, careless ? "--careless" : NULL, test_bank, tr_nil());
}
