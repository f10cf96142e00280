/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A site is one node's tree, and the host that started it:
 *
 *   host (traps exits; answers ["where", name] and ["check"])
 *   └── top                one_for_one
 *       ├── chain          rest_for_one      store ◀─ cache ◀─ front
 *       ├── pair           one_for_all       left ◀─ right
 *       └── jobs           simple_one_for_one, transient
 */
#ifndef TROUPE_TESTS_SITE_H
#define TROUPE_TESTS_SITE_H

#include <troupe/gen_server.h>
#include <troupe/sim.h>
#include <troupe/supervisor.h>

#define SITES   3
#define CLIENTS 4 /* a site */
#define KEYS    (SITES * CLIENTS)

/** Run a site's host on the node; waits for memory rather than fail. */
tr_pid site_start(uint8_t node);

/* parts.c */
extern const tr_gen_server site_store; /* [put, key, n] and [get, key] give [incarnation, n]; "who" gives it alone */
extern const tr_gen_server site_cache; /* "whose" gives the incarnation of the store that it was started with */
extern const tr_gen_server site_front; /* forwards to the store, and answers later */
extern const tr_gen_server site_left;
extern const tr_gen_server site_right; /* "whose" gives the pid of the left that it was started with */
void site_job(tr_value arg);

/** The seeded bug: a store that answers some puts before they are done. Set before the first world begins. */
extern bool site_planted;

/* client.c */
/** arg: [number, host, host, …]. Ends with `normal` unless something is wrong. */
void site_client(tr_value arg);

/** A call that is tried again while there is no memory for it. */
tr_value patient_call(tr_pid to, tr_value request, int64_t timeout_ns);
/** The same of a registered name. */
tr_value patient_call_name(const char *name, tr_value request, int64_t timeout_ns);

#endif
