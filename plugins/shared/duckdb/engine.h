/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The library and what all sessions of a node share: which databases are open (a file that two tasks use at once is one
 * database), and the settings each is opened with. Kept by the plugin `duckdb`; others that want a session ask it.
 */
#ifndef TROUPE_PLUGINS_SHARED_DUCKDB_ENGINE_H
#define TROUPE_PLUGINS_SHARED_DUCKDB_ENGINE_H

#include "plugins/shared/duckdb/api.h"
#include "plugins/shared/duckdb/temp.h"

#include <pthread.h>
#include <troupe/plugin.h>

typedef struct duck_engine {
	duck_api api;
	duckdb_instance_cache cache;
	pthread_mutex_t opening; /* one at a time: the first who opens a database also sets it up */
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

/** Open a database (an absolute path or ":memory:") and connect. NULL with a text in *why. Blocks. */
duckdb_connection duck_engine_connect(duck_engine *e, const char *path, duckdb_database *db, tr_value *why);

#endif
