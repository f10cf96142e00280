/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The library and what all sessions of a node share: which databases are open (a file that two tasks use at once is one
 * database), and the settings each is opened with. Kept by the plugin `duckdb`; others that want a session ask it.
 */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_ENGINE_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_ENGINE_H

#include "plugins/shared/duckdb/api.h"
#include "plugins/shared/duckdb/shelf.h"
#include "plugins/shared/duckdb/temp.h"

#include <pthread.h>
#include <troupe/plugin.h>

typedef struct duck_engine {
	duck_api api;
	duckdb_instance_cache cache;
	pthread_mutex_t opening; /* one at a time: the first who opens a database also sets it up */
	duck_shelf shelf;        /* under it */
	_Atomic bool sweeping;   /* somebody closes what is on the shelf when its time has passed */
	tr_value folder;         /* where databases of executions are */
	duck_temp temp;          /* where what does not fit into memory is */
	tr_value memory;         /* such as 1GB */
	int64_t threads;         /* 0: as many as there are processors */
	tr_value folders;        /* array: whose files statements may use */
} duck_engine;

/** Open the library and give the engine as an object; absent with a text in *why. Borrows the plugin's settings and the
 * list of folders. Blocks. */
tr_value duck_engine_open(tr_value config, tr_value folders, tr_value *why);
duck_engine *duck_engine_of(tr_value object);

/** Ask the plugin that keeps it (call:duckdb), in the actor of a command. Fresh object; absent with an outcome in
 * *fault; *keeper is whom sessions report to. */
tr_value duck_engine_ask(int64_t deadline, tr_pid *keeper, tr_value *fault);
/** What the plugin answers, as an engine: takes the reply. */
tr_value duck_engine_reply(tr_value reply, tr_value *fault);

/** Open a database (an absolute path or ":memory:") and connect. *known: what views and macros it has need not be
 * looked at (once more). NULL with a text in *why. Blocks. */
duckdb_connection duck_engine_connect(duck_engine *e, const char *path, duckdb_database *db, bool *known,
				      tr_value *why);

/** What is to become of a database when its task is over. */
typedef struct duck_after {
	int64_t keep_ns; /* it stays open for so long; 0: it is closed */
	bool looked;     /* its views and macros were looked at */
	bool strayed;    /* what was done may show in it as long as it is open: all is closed */
} duck_after;
/** Close it, or keep it. *db becomes NULL. Blocks. */
void duck_engine_release(duck_engine *e, const char *path, duckdb_database *db, duck_after after);
/** Close what is kept and due, or all of it. Blocks. */
void duck_engine_sweep(duck_engine *e, bool all);
/** When the next one is due; TR_FOREVER: nothing is kept. */
int64_t duck_engine_due(duck_engine *e);

#endif
