/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The simulated world: a system of actors on one or several nodes, run on one thread with a virtual clock, in an order
 * drawn from a seed, with faults. The same seed gives the same run, to the bit. docs/guide/simulation.md has the tour.
 *
 * What the code under test must keep to: everything that decides comes from the node (tr_now, tr_random, messages), and
 * nothing that changes is shared outside of actors, as several worlds may run at once on different threads. tr_dirty
 * runs its function in place. Sockets, files, processes and signals are not there: a call that wants one fails with
 * TR_EUNSUPPORTED, and the run fails and names the call.
 */
#ifndef TROUPE_SIM_H
#define TROUPE_SIM_H

#include <sys/types.h>

#include <troupe/node.h>

TR_EXTERN_C_BEGIN

#define TR_SIM_NODES_MAX 16

/**
 * What goes wrong by itself. Probabilities are from 0 to 1; 0 is never. `drop`, `duplicate` and `reorder` concern
 * messages, calls and replies between nodes; links, monitors and exits arrive, in order, or the connection is lost.
 */
typedef struct tr_sim_faults {
	double drop;
	double duplicate;
	double reorder;       /* it may be overtaken */
	int64_t delay_min_ns; /* of everything between nodes; both 0: 50 µs to 2 ms */
	int64_t delay_max_ns;
	double partitions;         /* of each pair of nodes, on average in a second */
	int64_t partition_max_ns;  /* 0: 200 ms */
	double crash;              /* an actor is one that will crash, with reason [crash, "simulated"], … */
	uint32_t crash_within;     /* … at one of its first so many messages; 0: 20 */
	const char *crash_only;    /* only actors with this label; NULL: any but `main` */
	double slow;               /* a handler takes a long time … */
	int64_t slow_max_ns;       /* … at most; 0: 50 ms */
	double clock_jumps;        /* of the wall clock, on average in a second … */
	int64_t clock_jump_max_us; /* … at most so far, forth or back; 0: 1 h */
	double alloc;              /* an allocation fails */
	double disk_error;         /* a call of a tr_sim_disk fails … */
	double disk_torn;          /* … an append after a part of it was written */
} tr_sim_faults;

typedef struct tr_sim_options {
	uint32_t nodes; /* 0: 1; numbered from 1 */
	tr_sim_faults faults;
	uint64_t max_steps;   /* slices; 0: 10 million */
	int64_t max_time_ns;  /* virtual; 0: 1 h */
	uint32_t max_actors;  /* a node; 0: 65536 */
	bool trace;           /* tell on stderr what happens */
	bool keep_main_loose; /* `main` may crash of `crash` too */
} tr_sim_options;

typedef enum tr_sim_verdict {
	TR_SIM_FINISHED, /* main ended with `normal` */
	TR_SIM_FAILED,   /* a check failed, main crashed, or real input and output was tried */
	TR_SIM_QUIET,    /* nothing can happen any more, and main has not ended */
	TR_SIM_LIMIT     /* of steps or time */
} tr_sim_verdict;

typedef struct tr_sim_result {
	uint64_t seed;
	tr_sim_verdict verdict;
	char text[400]; /* what failed, and where; empty when finished */
	uint64_t hash;  /* of who got what when, in order */
	uint64_t steps;
	int64_t time_ns; /* virtual, since the start */
	uint64_t sent;   /* = received + dead_letters + dropped - duplicated; always checked */
	uint64_t received;
	uint64_t dead_letters;
	uint64_t dropped; /* by faults, or under way at the end */
	uint64_t duplicated;
	uint64_t spawned;
	uint64_t crashes; /* simulated ones */
	uint64_t partitions;
	uint64_t failed_allocs;
} tr_sim_result;

/** Run `body` with arg (taken) as the actor `main` on node 1 of a world made for it, until it ends. From threads that
 * are no actors. NULL options allowed. */
TR_API tr_sim_result tr_sim_run(uint64_t seed, const tr_sim_options *options, tr_body *body, tr_value arg);

/* ---- inside: from actors of a simulated world only ----------------------------------------------------------------
 */

/** Fail the run with this text, here. Outside of simulated worlds it is a crash of the actor. */
#define tr_sim_check(cond, text) ((cond) ? (void)0 : tr_sim_fail(__FILE__, __LINE__, (text)))
TR_API TR_NORETURN void tr_sim_fail(const char *file, int line, const char *text);

/** The node with this number (from 1), for tr_node_spawn, tr_node_spawn_behaviour and tr_node_send there; NULL when
 * there is none. */
TR_API tr_node *tr_sim_node(uint8_t number);
/** Spawn on another node. Takes arg; `link` and `monitor` are refused (tr_link and tr_monitor reach there). */
TR_API tr_spawned tr_sim_spawn(uint8_t node, tr_body *body, tr_value arg, const tr_spawn_options *options);
/** Other faults from now on, say a mix of its own for each seed. */
TR_API void tr_sim_set_faults(const tr_sim_faults *faults);
/** From now on nothing goes wrong by itself, and all connections come up again. */
TR_API void tr_sim_calm(void);
/** Cut or restore the connection of two nodes. What is under way is lost, and both sides learn of it a little later
 * (`noconnection`); a restored one is up again after that. */
TR_API void tr_sim_connect(uint8_t a, uint8_t b, bool up);
/** Crash the actor at its n-th message from now on (1: the next). */
TR_API tr_err tr_sim_crash_at(tr_pid pid, uint32_t n);
/** Let the wall clock jump. */
TR_API void tr_sim_clock_jump(int64_t by_us);
/** The n-th allocation from now on (0: the next) by actors fails, once. */
TR_API void tr_sim_fail_alloc(int64_t n);
/** A number from 0 to n - 1 out of the seed. */
TR_API uint64_t tr_sim_draw(uint64_t n);

/* ---- a disk in memory ------------------------------------------------------------------------------------------- */

/**
 * Files that forget what was not synced. Calls give 0 or a negative errno, as a table of disk operations has them: the
 * first argument is the tr_sim_disk. Inside a world faults follow its options and seed; outside, tr_sim_disk_faults. A
 * disk belongs to one thread.
 */
typedef struct tr_sim_disk tr_sim_disk;
TR_API tr_sim_disk *tr_sim_disk_new(uint64_t seed);
TR_API void tr_sim_disk_free(tr_sim_disk **disk);
TR_API void tr_sim_disk_faults(tr_sim_disk *disk, double error, double torn);
/** The n-th call from now on (0: the next) fails with this errno, once; an append after half of it was written. */
TR_API void tr_sim_disk_fail_nth(tr_sim_disk *disk, int64_t n, int os_error);
/** The machine loses power: of each file what was synced stays, and of the rest a random part of its beginning; names
 * that were not synced are gone or not. Descriptors are closed. */
TR_API void tr_sim_disk_crash(tr_sim_disk *disk);
/** Bytes of the file; false when there is none. Borrowed until the next change. */
TR_API bool tr_sim_disk_read(tr_sim_disk *disk, const char *path, tr_str *bytes);
/** The i-th path in order of making; NULL beyond the last. */
TR_API const char *tr_sim_disk_path(tr_sim_disk *disk, size_t i);
/** Calls so far. */
TR_API uint64_t tr_sim_disk_calls(const tr_sim_disk *disk);
TR_API int tr_sim_disk_open_append(void *disk, const char *path);
TR_API int tr_sim_disk_append(void *disk, int fd, const void *p, size_t n);
TR_API int tr_sim_disk_sync(void *disk, int fd);
TR_API int tr_sim_disk_truncate(void *disk, int fd, off_t size);
TR_API int tr_sim_disk_make_folder(void *disk, const char *path);
TR_API int tr_sim_disk_sync_folder(void *disk, const char *path);
TR_API int tr_sim_disk_sync_all(void *disk, int fd);
TR_API int tr_sim_disk_remove(void *disk, const char *path);

/* ---- programs -----------------------------------------------------------------------------------------------------
 */

/**
 * A main() for simulations: `--seed N` runs one, `--seeds A..B` many on all cores (`--jobs N`: so many threads),
 * `--trace` tells what happens, `--keep-going` does not stop at the first that fails. Without any of these it runs
 * seeds 1 to `seeds`. Of a failing seed it prints what failed and the one command that replays it. Takes arg. `replay`
 * (may be NULL) is put into that command: options of the program's own, which it has taken out of argv. Returns the
 * exit status.
 */
TR_API int tr_sim_main(int argc, char **argv, const tr_sim_options *options, uint64_t seeds, const char *replay,
		       tr_body *body, tr_value arg);

TR_EXTERN_C_END

#endif
