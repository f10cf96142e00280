/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a machine without any actor and plays its workers. Every event is also applied to a second machine, and after
 * each input both must be the same: so every test here is a test of replay as well. A third machine is made anew from
 * the bytes of the state after every few events, and must be the same after each.
 */
#ifndef TROUPE_TESTS_ENGINE_DRIVER_H
#define TROUPE_TESTS_ENGINE_DRIVER_H

#include "actors/engine/machine.h"

typedef struct driver {
	playbook *book;
	routes *routes;
	machine *live, *replayed, *restored;
	id_generator ids;
	machine_world world;
	machine_sink sink;
	event *events; /* all of them, in order */
	size_t event_count, event_capacity;
	machine_effect *effects;
	size_t effect_count, effect_capacity;
	size_t effects_seen; /* by driver_next_run */
	bool finished;
	bool lean; /* neither keep events nor compare at each step: for large runs */
	uint64_t event_total;
	tr_value refs; /* map: ref text -> value, for loading */
	size_t loads, puts;
} driver;

/* From YAML text; fails the test when the playbook is refused. `payload` is JSON or NULL. Starts the execution. */
void driver_init(driver *d, const char *yaml, const char *payload);
/* The same without starting. */
void driver_load(driver *d, const char *yaml);
void driver_start(driver *d, const char *payload);
void driver_fini(driver *d);

/* The step run that the newest not yet ended run of the step has; 0 when it has none. */
uint64_t driver_run(driver *d, const char *step);
/* How many step runs of a step are in flight. */
size_t driver_running(driver *d, const char *step);
/* Play the worker of the step's oldest run in flight. JSON results; NULL: null. */
void driver_done(driver *d, const char *step, const char *result);
void driver_done_vars(driver *d, const char *step, const char *result, const char *vars);
void driver_loop_done(driver *d, const char *step, const char *result, const char *stats);
void driver_failed(driver *d, const char *step, const char *kind, const char *message);
/* A task's end that wrote to ctx (JSON). */
void driver_patch(driver *d, const char *step, const char *ctx);
void driver_task(driver *d, const char *step, const char *label, const char *outcome);
/* Report one event with a JSON payload for a run; gives what the machine said. */
tr_err driver_report(driver *d, uint64_t run, uint32_t attempt, event_type type, const char *payload);
/* Finish every step run as it comes with this result until nothing is in flight. */
void driver_run_out(driver *d, const char *result);

/* Events of a type; the n-th of them (borrowed). */
size_t driver_count(driver *d, event_type type);
const event *driver_event(driver *d, event_type type, size_t n);
size_t driver_count_step(driver *d, event_type type, const char *step);
size_t driver_effects(driver *d, machine_effect_kind kind);
/* The command of the oldest run in flight of a step. Fresh reference. */
tr_value driver_command(driver *d, const char *step);
/* machine_summary()'s status. */
const char *driver_status(driver *d);
void assert_status(driver *d, const char *status);
/* Is the value at this place of the step's command this JSON? */
void assert_args(driver *d, const char *step, const char *json);
void assert_json(tr_value v, const char *json);
tr_value json(const char *text);

/* A machine made from the first n events. */
machine *driver_replay(driver *d, size_t n);
void assert_same_state(const machine *a, const machine *b);
/* A machine made from the state of another, by way of its bytes. */
machine *driver_restore(driver *d, const machine *m);

#endif
