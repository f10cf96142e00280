/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A supervision-heavy system on three nodes under faults: supervisors of all strategies, servers, calls with timeouts,
 * links, monitors, restarts, jobs. Each seed draws its own mix of faults. `--planted` puts a bug of ordering into the
 * store.
 */
#include <stdio.h>
#include <string.h>

#include "tests/simulation/site.h"

/* Each fault is there in about every third seed, so that they meet in all combinations. */
static bool sometimes(void)
{
	return tr_sim_draw(3) == 0;
}

static tr_sim_faults draw_faults(void)
{
	tr_sim_faults f = {.crash_only = "part"};
	if (sometimes())
		f.drop = 0.02;
	if (sometimes())
		f.duplicate = 0.05;
	if (sometimes())
		f.reorder = 0.1;
	if (sometimes())
		f.delay_max_ns = 40 * TR_MS;
	if (sometimes())
		f.partitions = 5;
	if (sometimes())
		f.crash = 0.3;
	if (sometimes())
		f.slow = 0.01;
	if (sometimes())
		f.clock_jumps = 10;
	if (sometimes())
		f.alloc = 0.002;
	return f;
}

static void start_clients(const tr_pid *hosts, tr_ref *refs)
{
	static const tr_spawn_options options = {.label = "client"};
	for (int i = 0; i < KEYS; i++) {
		tr_spawned s;
		do
			s = tr_sim_spawn(
			    (uint8_t)(i % SITES + 1), site_client,
			    TR_LIST(tr_int(i), tr_pid_value(hosts[0]), tr_pid_value(hosts[1]), tr_pid_value(hosts[2])),
			    &options);
		while (s.err == TR_ENOMEM);
		tr_sim_check(s.err == TR_OK, "a client starts");
		refs[i] = tr_monitor(s.pid);
	}
}

/* A client that is cut off from us is only lost from sight. */
static void await_clients(const tr_ref *refs)
{
	for (int i = 0; i < KEYS; i++) {
		tr_value down = tr_receive_ref(refs[i], tr_in(120 * TR_SECOND));
		tr_value reason = tr_array_at(down, 4);
		tr_sim_check(TR_IS_A(reason, normal) || TR_IS_A(reason, noconnection) || TR_IS_A(reason, noproc) ||
				 TR_IS_A(reason, enomem),
			     "a client comes to its end");
		tr_drop(down);
	}
}

static void stop_site(tr_pid h)
{
	tr_ref ref = tr_monitor(h);
	tr_exit_signal(h, TR_A(shutdown));
	tr_value down = tr_receive_ref(ref, tr_in(60 * TR_SECOND));
	tr_sim_check(TR_IS_A(tr_array_at(down, 4), shutdown), "a site shuts down");
	tr_drop(down);
}

static void supervision(tr_value arg)
{
	tr_pid hosts[SITES];
	tr_ref refs[KEYS];
	tr_sim_faults faults = draw_faults();
	(void)arg;
	tr_sim_set_faults(&faults);
	for (uint8_t i = 0; i < SITES; i++)
		hosts[i] = site_start((uint8_t)(i + 1));
	start_clients(hosts, refs);
	await_clients(refs);
	tr_sim_calm();
	tr_sleep_until(tr_in(10 * TR_SECOND)); /* connections come up, jobs end, what is restarted starts */
	for (int i = 0; i < SITES; i++) {
		tr_value v = tr_call(hosts[i], tr_string("check"), tr_in(600 * TR_SECOND));
		tr_sim_check(tr_is(v, TR_BOOL), "a host answers when all is calm");
	}
	for (int i = 0; i < SITES; i++)
		stop_site(hosts[i]);
}

int main(int argc, char **argv)
{
	tr_sim_options options = {.nodes = SITES, .max_steps = 300000};
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--planted") != 0)
			continue;
		site_planted = true;
		memmove(&argv[i], &argv[i + 1], (size_t)(argc - i) * sizeof *argv);
		argc--;
		break;
	}
	return tr_sim_main(argc, argv, &options, 100, site_planted ? "--planted" : NULL, supervision, tr_nil());
}
